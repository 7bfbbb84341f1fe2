"""Who waits for machine code is told so, once, and nobody else."""

from __future__ import annotations

import json
import sys

import pytest

from jitopt import jit
from jitopt.cli import main
from jitopt.cli.progress import MAKING

LOOPS = {
    "problem": "kanban", "version": 1, "name": "one part",
    "loops": {"loop": ["arm"], "demand": [240], "demand_sd": [30], "lead_time": [0.5], "service": [0.95]},
    "containers": {"loop": ["arm"], "container": ["box"], "quantity": [20]},
}  # fmt: skip
CARDS = {"loops": [{"loop": "arm", "container": "box", "cards": 8}]}
LINE = {
    "problem": "kanban", "version": 1, "name": "three stations", "objective": "throughput",
    "line": {
        "rate": [1, 1, 1], "blocking": "after_service", "total_buffer": 4,
        "sample": {"parts": 8000, "replications": 4},
    },
}  # fmt: skip
BUFFERS = {"buffers": [2, 2]}
KINDS = {"loops": (LOOPS, CARDS, "loops"), "line": (LINE, BUFFERS, "line_paths")}


def run(kind: str, folder, capsys) -> tuple[str, str]:
    """Simulate a plan on the command line, and return what it says."""
    instance, plan, _ = KINDS[kind]
    file, result = folder / "instance.json", folder / "plan.json"
    file.write_text(json.dumps(instance))
    result.write_text(json.dumps({"problem": "kanban", "plan": plan}))
    assert main(["simulate", str(file), str(result), "--replications", "30" if kind == "loops" else "4"]) == 0
    return capsys.readouterr()


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_who_waits_for_machine_code_is_told_so(kind, ready, tmp_path, capsys, monkeypatch):
    """The kernels are said to be made or not; the plain ones run, so that no test waits for a compiler."""
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setattr(jit, "is_cached", lambda module: ready)
    monkeypatch.setattr(jit, "is_loaded", lambda module: False)
    monkeypatch.setattr(jit, "mark_cached", lambda module: None)
    monkeypatch.setattr(jit, "compiled", jit.plain)
    for module in [name for name in sys.modules if name.endswith("_kernels.loops" + jit.SUFFIX)]:
        monkeypatch.delitem(sys.modules, module)
    out, err = run(kind, tmp_path, capsys)
    assert "intervals" in out
    assert err.count(MAKING) == (not ready)


def test_nobody_is_told_where_nothing_is_compiled(monkeypatch):
    told: list[int] = []
    jit.on_making(lambda: told.append(1))
    monkeypatch.setattr(jit, "is_cached", lambda module: False)
    monkeypatch.setattr(jit, "is_loaded", lambda module: False)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    jit.making("jitopt.simulation._kernels.loops")
    assert not told
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    jit.making("jitopt.simulation._kernels.loops")
    assert told == [1]
    jit.on_making(None)
    jit.making("jitopt.simulation._kernels.loops")
    assert told == [1]
