"""Models on which solvers are known to err, run through workers and drivers as any model is."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

import jitopt
from jitopt.engine.canaries import SETTINGS, Answer, fault, fits
from jitopt.engine.canary_models import CANARIES, Canary
from jitopt.engine.ledger import Ledger
from jitopt.engine.race import Race, Settings
from jitopt.errors import InputError, JitoptError, NotApplicableError, UnknownMethodError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOLVERS = {"pyomo": "highs", "cpsat": "cpsat", "mathopt": "gscip"}
BY_NAME = {canary.name: canary for canary in CANARIES}


@pytest.fixture(scope="module")
def methods() -> Iterator[dict[str, Any]]:
    """The canaries as one formulation for each technology, known to fresh workers."""
    jitopt.shut_down()
    yield {technology: jitopt.register(f"canary_{technology}") for technology in SOLVERS}
    jitopt.shut_down()


def question(name: str) -> jitopt.Heijunka:
    return jitopt.Heijunka.parse(
        {
            "problem": "heijunka",
            "version": 1,
            "name": name,
            "products": {"product": ["A"], "demand": [1]},
            "objective": [{"term": "rate"}],
        }
    )


class Recorder(Ledger[Any]):
    """Takes what roads tell as it comes: values of a canary are no plan of the instance."""

    def __init__(self, name: str) -> None:
        super().__init__(question(name), time.monotonic())
        self.points: list[list[float]] = []
        self.told: list[float] = []

    def offer(self, data: Any, source: str) -> bool:
        self.points.append([float(word) for word in data["sequence"]])
        return False

    def tell_bound(self, value: float, source: str) -> None:
        self.told.append(value)


@dataclass
class Ride:
    """A canary's way through the engine."""

    answer: Answer
    accepted: bool | None
    waited: float
    warnings: list[str] = field(default_factory=list)


def ride(
    method: Any,
    name: str,
    options: dict[str, Any] | None = None,
    *,
    limit: float = 20.0,
    threads: int = 1,
    start: Sequence[float] | None = None,
) -> Ride:
    """Send a canary through a worker, as the engine does with any road."""
    began = time.monotonic()
    ledger = Recorder(name)
    settings = Settings(
        deadline=began + limit,
        gap=0.0,
        seed=0,
        threads=threads,
        work=None,
        options={method.solver: options or {}},
        memory_limit=2 << 30,
    )
    race = Race(ledger, settings)
    plan = None if start is None else jitopt.HeijunkaPlan(sequence=tuple(map(repr, start)))
    try:
        attempt = race.launch(method, threads=threads, start=plan)
        race.run_until(lambda: False)
        race.stop()
    finally:
        race.close()
    values = ledger.points[-1] if ledger.points else None
    answer = Answer(str(attempt.outcome), attempt.message, values, max(ledger.told, default=None))
    return Ride(answer, attempt.started, time.monotonic() - began, ledger.warnings)


# --- every canary, every solver, presolve on and off ------------------------------------------

RUNS = [
    pytest.param(technology, canary.name, options, id=f"{technology}-{canary.name}-{options or 'default'}")
    for technologies in SETTINGS.values()
    for technology, settings in technologies.items()
    for canary in CANARIES
    for options in settings
    if fits(canary, technology)
]


@pytest.mark.parametrize(("technology", "name", "options"), RUNS)
def test_canary(methods, technology, name, options):
    assert fault(BY_NAME[name], ride(methods[technology], name, options).answer) == ""


@pytest.mark.parametrize("name", [canary.name for canary in CANARIES if canary.refusal == "must"])
def test_what_must_be_refused_is_told_in_the_result(methods, name):
    result = jitopt.solve(question(name), method=methods["pyomo"].name, time_limit=20)
    assert (result.status, result.stopped_by, result.bound, result.proof) == ("no_plan", "error", None, "none")
    assert any("finite" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Answer("optimal", "", [13.0, 8.0], 29.0), "objective"),
        (Answer("optimal", "", [12.0, 8.1], 29.0), "bound"),
        (Answer("optimal", "", [12.0, 8.1], None), "bound"),
        (Answer("optimal", "", [12.05, 8.05], 28.15), "whole"),
        (Answer("optimal", "", [12.0, 8.0], 28.0), "breaks"),
        (Answer("optimal", "", None, 28.2), "answer"),
        (Answer("infeasible"), "answer"),
        (Answer("error", "HiGHS failed"), "no answer"),
        (Answer("time_limit", "", [12.0, 8.1], 28.2), "answer"),
    ],
)
def test_wrong_answers_are_seen(answer, word):
    assert word in fault(BY_NAME["HiGHS#2957"], answer)
    assert fault(BY_NAME["HiGHS#2957"], Answer("optimal", "", [12.0, 8.1], 28.2)) == ""


FALSE_CLAIM = """
import sys
from jitopt.engine.canaries import ask, fault
from jitopt.engine.canary_models import CANARIES
from jitopt.engine.drivers import {technology}_driver as driver
{change}
canary = next(canary for canary in CANARIES if canary.name == {name!r})
answer = ask(canary, {technology!r})
print(answer.outcome, fault(canary, answer) or "right")
"""


@pytest.mark.parametrize(
    ("technology", "name", "change"),
    [
        ("pyomo", "tolerance, no solution", "driver.TOLERANCE = 1e-9"),
        ("mathopt", "tolerance, no solution by SCIP", ""),
    ],
)
def test_a_claim_of_no_solution_is_put_to_the_solver_again(technology, name, change):
    """In their first run HiGHS 1.15.1 and the SCIP of OR-Tools 9.15 answer these wrongly."""
    code = FALSE_CLAIM.format(technology=technology, name=name, change=change)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["optimal", "right"]


# --- time ----------------------------------------------------------------------------------------


def test_free_whole_numbers_are_refused_at_once(methods):
    """The model of HiGHS#2226, which without presolve runs on for many times its limit."""
    found = ride(methods["pyomo"], "HiGHS#2226", {"presolve": "off"}, limit=10)
    assert found.answer.outcome == "not_applicable" and "no finite bounds" in found.answer.message
    assert found.waited < 8.0


def test_a_solver_that_looks_at_no_clock_is_ended_in_time(methods):
    """CP-SAT 9.15 overruns a limit of 2 s by far here, and hears no stop."""
    ride(methods["cpsat"], "or-tools#1361")
    limit = 2.0
    found = ride(methods["cpsat"], "overrun", {"cp_model_presolve": False}, limit=limit)
    assert found.waited <= limit + max(1.0, 0.05 * limit)
    assert found.answer.outcome in ("killed", "time_limit", "infeasible")
    assert ride(methods["cpsat"], "or-tools#1361").answer.outcome == "optimal"


# --- options, names, threads ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"nosuchsolver": {}},
        {"./evil": {"presolve": "on"}},
        {"highs": {"nosuchoption": 1}},
        {"highs": {"log_file": "stolen.txt"}},
        {"highs": {"write_model_file": "stolen.mps"}},
        {"highs": {"mip_rel_gap": "abc"}},
        {"highs": {"time_limit": -5}},
        {"highs": {"presolve": 1}},
        {"highs": {"mip_detect_symmetry": 1}},
        {"cpsat": {"num_workers": 64}},
        {"cpsat": {"linearization_level": True}},
        {"cpsat": {"cp_model_presolve": "off"}},
        {"gscip": {"nosuchoption": "off"}},
        {"highs": "presolve=off"},
        {"memory_limit_mb": -1},
        {"memory_limit_mb": "much"},
    ],
)
def test_unknown_and_ill_typed_options_are_refused(options):
    with pytest.raises(InputError, match="solver_options"):
        jitopt.solve(question("options"), solver_options=options, time_limit=5)


@pytest.mark.parametrize(
    ("technology", "options"),
    [
        ("pyomo", {"presolve": "abc"}),
        ("pyomo", {"simplex_strategy": 99}),
        ("pyomo", {"mip_heuristic_effort": 7.0}),
        ("cpsat", {"search_branching": 999}),
        ("cpsat", {"linearization_level": -5}),
        ("cpsat", {"ignore_subsolvers": [1]}),
        ("mathopt", {"presolve": "abc"}),
    ],
)
def test_values_the_solver_does_not_know_are_told_not_dropped(methods, technology, options):
    found = ride(methods[technology], "HiGHS#3271", options)
    assert found.answer.outcome == "error" and found.answer.values is None
    assert found.warnings


@pytest.mark.parametrize(
    ("technology", "options"),
    [
        ("pyomo", {"mip_heuristic_effort": 1}),
        ("pyomo", {"presolve": "off", "mip_detect_symmetry": False}),
        ("cpsat", {"search_branching": 2, "linearization_level": 2}),
        ("cpsat", {"ignore_subsolvers": ["variables_shaving"]}),
        ("mathopt", {"presolve": "off", "heuristics": "low"}),
    ],
)
def test_options_that_may_be_set_are_taken(methods, technology, options):
    assert fault(BY_NAME["HiGHS#3271"], ride(methods[technology], "HiGHS#3271", options).answer) == ""


def test_a_path_is_no_solver_and_nothing_is_run(tmp_path):
    evil = tmp_path / "evil.py"
    mark = tmp_path / "ran"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    evil.chmod(0o755)
    for name in (str(evil), "./evil.py", "../evil"):
        with pytest.raises(UnknownMethodError):
            jitopt.solve(question("path"), method=name, time_limit=5)
        with pytest.raises(InputError):
            jitopt.solve(question("path"), solver_options={name: {}}, time_limit=5)
        with pytest.raises(JitoptError):
            jitopt.register(name)
    assert not mark.exists()


def test_thread_counts_may_change_from_call_to_call(methods):
    for threads in (1, 2, 1):
        found = ride(methods["pyomo"], "HiGHS#3094", threads=threads)
        assert fault(BY_NAME["HiGHS#3094"], found.answer) == ""


def test_a_second_thread_count_in_one_process_is_an_error_not_an_answer():
    """HiGHS keeps the threads of its first run and then gives no answer; the driver must say so."""
    code = """
from jitopt.engine.canaries import ask
from jitopt.engine.canary_models import CANARIES
for threads in (1, 2):
    answer = ask(CANARIES[0], "pyomo", threads=threads)
    print(answer.outcome, answer.values)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("optimal")
    assert second in ("error None", first)


@pytest.mark.parametrize("technology", ["pyomo", "cpsat", "mathopt"])
def test_a_solver_leaves_the_worker_deaf_to_an_interrupt(technology):
    """CP-SAT with a handler of its own leaves the system's behind: the next signal, a stop of GSCIP, is the end."""
    code = f"""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from jitopt.engine.canaries import ask
from jitopt.engine.canary_models import CANARIES
canary = next(canary for canary in CANARIES if canary.name == "or-tools#1361")
print(ask(canary, {technology!r}).outcome, flush=True)
os.kill(os.getpid(), signal.SIGINT)
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["optimal", "alive"]


# --- starts ----------------------------------------------------------------------------------------

PACKED = "or-tools#2295"
GOOD, BAD = (8.0, 7.0, 1.0, 1.0, 1.0, 1.0), (8.0, 8.0, 8.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("technology", ["pyomo", "cpsat", "mathopt"])
def test_a_start_that_breaks_rows_changes_nothing(methods, technology):
    found = ride(methods[technology], PACKED, start=BAD)
    assert fault(BY_NAME[PACKED], found.answer) == ""
    assert not found.accepted


@pytest.mark.parametrize("technology", ["pyomo", "mathopt"])
def test_a_good_start_is_taken(methods, technology):
    found = ride(methods[technology], PACKED, start=GOOD)
    assert fault(BY_NAME[PACKED], found.answer) == ""
    assert found.accepted


# --- the numbers of a Pyomo model --------------------------------------------------------------------


def compiled(canary: Canary) -> Any:
    from jitopt.engine.canaries import Road
    from jitopt.engine.drivers.standard_form import compile_model

    return compile_model(Road(canary, "pyomo").build())


def test_bounds_of_whole_numbers_are_whole():
    assert compiled(BY_NAME["HiGHS#3271"]).column_upper[0] == 4.0
    noise = replace(BY_NAME["HiGHS#2957"], lower=(3 + 1e-12, 8), upper=(5 - 1e-12, 20))
    assert (compiled(noise).column_lower[0], compiled(noise).column_upper[0]) == (3.0, 5.0)


def test_no_whole_number_between_the_bounds_is_infeasible(methods):
    assert ride(methods["pyomo"], "half").answer.outcome == "infeasible"


def test_rows_are_scaled_by_powers_of_two_only():
    form = compiled(BY_NAME["row of 1e+16"])
    factor = form.matrix.data[0] / 1e16
    assert math.frexp(factor)[0] == 0.5
    assert form.upper[0] == 3e16 * factor


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"rows": ((-math.inf, (1e15, 1), 3),)}, "too far apart"),
        ({"rows": ((-math.inf, (1, 1e-8), 3),)}, "too far apart"),
        ({"rows": ((-math.inf, (math.inf, 1), 3),)}, "not finite"),
        ({"rows": ((-math.inf, (math.nan, 1), 3),)}, "not finite"),
        ({"cost": (math.nan, 1)}, "not finite"),
        ({"cost": (math.inf, 1)}, "not finite"),
        ({"upper": (math.inf, 20)}, "no finite bounds"),
        ({"upper": (1e12, 20)}, "too large"),
    ],
)
def test_numbers_that_cannot_be_trusted_are_refused(changes, word):
    with pytest.raises(NotApplicableError, match=word):
        compiled(replace(BY_NAME["HiGHS#2957"], **changes))


def test_a_constraint_without_variables_does_not_vanish():
    """Pyomo settles such a constraint while compiling; the driver takes it for what it says."""
    import pyomo.environ as pyo
    from pyomo.common.errors import InfeasibleConstraintException

    from jitopt.engine.drivers.standard_form import compile_model

    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))
    model.o = pyo.Objective(expr=model.x)
    model.c = pyo.Constraint(expr=model.x - model.x >= 1)
    with pytest.raises(InfeasibleConstraintException):
        compile_model(model)


# --- the command line of the canaries ------------------------------------------------------------------


def test_canary_modules_import_no_solver():
    code = """
import json, sys
import jitopt.doctor, jitopt.engine.canaries
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stdout)) & {"highspy", "ortools", "pyomo", "numba", "scipy"}


def test_command_line_refuses_an_unknown_family():
    done = subprocess.run(
        [sys.executable, "-m", "jitopt.engine.canaries", "./evil"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "highs" in done.stderr
