"""The same call from wherever users call: scripts, standard input, threads, asyncio, beside solvers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import pytest

import jitopt

CALL = """
import jitopt
instance = jitopt.Heijunka.parse({"problem": "heijunka", "version": 1, "name": "x",
    "products": {"product": ["A", "B", "C"], "demand": [2, 3, 5]}, "objective": [{"term": "rate"}]})
result = jitopt.solve(instance, time_limit=30)
print(result.status, result.objective)
"""


def run(code: str, *, standard_input: bool = False, path=None) -> str:
    """Run code in a fresh process, as a file or from standard input."""
    if standard_input:
        done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=False)
    else:
        file = path / "script.py"
        file.write_text(code, encoding="utf-8")
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_unguarded_script(tmp_path):
    assert run(CALL, path=tmp_path).split() == ["optimal", "2.9"]


def test_standard_input():
    assert run(CALL, standard_input=True).split() == ["optimal", "2.9"]


def test_running_asyncio_loop(small):
    async def main() -> jitopt.Result:
        return jitopt.solve(small, time_limit=30)

    assert asyncio.run(main()).status == "optimal"


@pytest.mark.parametrize("imports", [["highspy"], ["ortools.sat.python.cp_model"], ["pyomo.environ"], ["numba"]])
def test_caller_that_has_imported_a_solver(imports):
    code = "".join(f"import {name}\n" for name in imports) + CALL
    assert run(code, standard_input=True).split() == ["optimal", "2.9"]


@pytest.mark.parametrize(
    "order", [("highspy", "ortools.sat.python.cp_model"), ("ortools.sat.python.cp_model", "highspy")]
)
def test_caller_that_has_tried_both_solvers(order):
    """Both in one process clash in the loader; what the caller could import keeps working, and so do we."""
    code = "".join(f"try:\n    import {name}\nexcept ImportError:\n    pass\n" for name in order) + CALL
    assert run(code, standard_input=True).split() == ["optimal", "2.9"]


def test_eight_threads_at_once(small):
    results: list[jitopt.Result] = []

    def call(seed: int) -> None:
        results.append(jitopt.solve(small, time_limit=60, seed=seed, threads=1))

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.objective for result in results] == [pytest.approx(2.9)] * 8


def test_import_is_light():
    """Importing jitopt loads no solver, no numba, no pandas (and nothing else that is heavy)."""
    code = "import jitopt, sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run(code, standard_input=True)))
    heavy = {"highspy", "ortools", "pyomo", "numba", "pandas", "scipy", "numpy", "networkx", "polars", "pydantic"}
    assert not loaded & heavy


def test_solving_keeps_the_solvers_out_of_the_caller(small):
    code = CALL + "import sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run(code, standard_input=True).splitlines()[-1]))
    assert not loaded & {"highspy", "ortools", "pyomo", "numba", "pandas"}
