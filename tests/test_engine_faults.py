"""The engine with solvers that hang, crash, leak, lie and vanish: status, plan, time, no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import jitopt
from jitopt.engine import process

FAKES = Path(__file__).parent / "fakes"
LIMIT = 2.0
GRACE = max(1.0, 0.05 * LIMIT)
BLOCK = 36.1
"""Objective of the plan that builds A A B B B C C C C C, by the closed sums of the definition."""


def solve_with(name: str, instance: jitopt.Heijunka, **keywords: Any) -> tuple[jitopt.Result, float]:
    """Solve with a fake and return the result with the seconds the caller waited."""
    method = jitopt.register(name)
    began = time.monotonic()
    keywords.setdefault("time_limit", LIMIT)
    result = jitopt.solve(instance, method=method.name, **keywords)
    return result, time.monotonic() - began


def running_workers() -> list[int]:
    """Return the worker processes below this one that serve fakes."""
    found = []
    for child in psutil.Process().children(recursive=True):
        if "plugin:" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
            found.append(child.pid)
    return found


@pytest.mark.parametrize(
    ("fake", "stopped_by"),
    [
        ("fake_hangs", "time_limit"),
        ("fake_holds_interpreter", "time_limit"),
        ("fake_crashes", "error"),
        ("fake_leaks", "memory_limit"),
    ],
)
def test_bad_solver_leaves_the_caller_in_time_with_its_plan(small, fake, stopped_by):
    before = running_workers()
    limit = 20.0 if stopped_by == "memory_limit" else LIMIT
    result, waited = solve_with(fake, small, time_limit=limit, solver_options={"memory_limit_mb": 600})
    assert waited <= limit + GRACE
    assert (result.status, result.stopped_by) == ("feasible", stopped_by)
    assert result.objective == pytest.approx(BLOCK)
    assert jitopt.check(small, result).feasible
    assert result.bound is None and result.proof == "none"
    assert set(running_workers()) <= set(before)


def test_lies_are_refused_and_named(small):
    result, _ = solve_with("fake_lies", small)
    assert result.objective == pytest.approx(BLOCK)
    assert result.bound is None, "a bound that the plan in hand refutes must not be told"
    text = "\n".join(result.warnings)
    assert "refuted" in text and "refused by the check" in text
    assert jitopt.audit(small, result.to_dict()) == []


@pytest.mark.parametrize("fake", ["fake_ends", "fake_garbage"])
def test_a_solver_without_an_answer_is_a_status(small, fake):
    result, waited = solve_with(fake, small)
    assert waited <= LIMIT + GRACE
    assert (result.status, result.plan, result.objective) == ("no_plan", None, None)
    assert result.warnings


def test_a_start_survives_every_fault(small):
    """The result is never worse than the start, whatever the solver does."""
    start = jitopt.HeijunkaPlan(sequence=tuple("CBACBCCABC"))
    for fake in ("fake_crashes", "fake_lies", "fake_ends"):
        result, _ = solve_with(fake, small, start=start)
        assert result.objective == pytest.approx(2.9)
        assert result.start is not None and result.start.checked


def test_infeasibility_is_not_told_on_one_proof(small):
    """A method that denies a plan that exists is contradicted by the second road."""
    method = jitopt.register("fake_denies")
    result = jitopt.solve(small, method=method.name, time_limit=30)
    assert result.status != "infeasible"
    assert result.plan is not None and result.objective == pytest.approx(2.9)


def test_every_fault_beside_healthy_calls(small):
    """After each fault the next ordinary solve works."""
    for fake in ("fake_crashes", "fake_ends", "fake_garbage"):
        solve_with(fake, small)
        assert jitopt.solve(small, time_limit=20).status == "optimal"


SCRIPT = """
import sys
sys.path.insert(0, {fakes!r})
import jitopt
instance = jitopt.Heijunka.parse({{"problem": "heijunka", "version": 1, "name": "x",
    "products": {{"product": ["A", "B", "C"], "demand": [2, 3, 5]}}, "objective": [{{"term": "rate"}}]}})
method = jitopt.register({fake!r})
print("ready", flush=True)
result = jitopt.solve(instance, method=method.name, time_limit={limit}, progress=lambda p: print("moment", flush=True))
print(result.status, result.stopped_by, result.objective, flush=True)
"""


def start_script(fake: str, limit: float) -> subprocess.Popen[str]:
    """Run a solve with a fake in a process of its own, from standard input, unguarded."""
    code = textwrap.dedent(SCRIPT).format(fakes=str(FAKES), fake=fake, limit=limit)
    process = subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(code)
    process.stdin.close()
    assert process.stdout.readline().strip() == "ready"
    return process


def wait_for_children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until the script has a worker."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        children = psutil.Process(process.pid).children(recursive=True)
        if children:
            time.sleep(1.0)
            return children
        time.sleep(0.05)
    raise AssertionError("no worker was started")


@pytest.mark.parametrize("fake", ["fake_hangs", "fake_holds_interpreter"])
def test_killed_caller_leaves_no_worker(fake):
    with start_script(fake, 60.0) as process:
        children = wait_for_children(process)
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive, "workers outlive a caller that was killed"


def test_interrupt_returns_the_best_plan():
    with start_script("fake_hangs", 60.0) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "moment", "a plan is in hand"
        began = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        line = next(line for line in process.stdout if line.strip() != "moment").split()
        assert time.monotonic() - began < 2.0
        assert line[:2] == ["feasible", "interrupted"] and float(line[2]) == pytest.approx(BLOCK)
        assert process.wait(10) == 0


SLOW_LIBRARY = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "jitopt.heuristics.heijunka_level":
            time.sleep(3.0)

sys.meta_path.insert(0, Slow())
"""


def test_a_road_that_starts_slowly_is_warm_for_the_next_call(small, tmp_path, monkeypatch):
    """Loading the libraries may take longer than a short limit: ended for it, a worker would never get ready."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_LIBRARY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    process.shut_down()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        result = jitopt.solve(small, method="heijunka_level", time_limit=1.0)
        assert not result.warnings, "it is neither ended nor accused of not stopping"
        if result.plan is not None:
            return
    raise AssertionError("its worker never got ready")


def test_a_plan_told_at_the_end_is_checked_within_the_limit(small, monkeypatch):
    """A check that takes long is allowed for: roads are stopped so much earlier."""
    evaluate = jitopt.Heijunka.evaluate

    def slow(self: jitopt.Heijunka, plan: jitopt.HeijunkaPlan) -> Any:
        time.sleep(0.6)
        return evaluate(self, plan)

    monkeypatch.setattr(jitopt.Heijunka, "evaluate", slow)
    result, _waited = solve_with("fake_keeps_the_best", small, time_limit=3.0)
    told = [point for point in result.trajectory if point[1] is not None]
    assert [value for _, value, _ in told] == [pytest.approx(BLOCK), result.objective]
    assert result.objective is not None and result.objective < BLOCK
    assert told[-1][0] < 3.0 + 0.3
