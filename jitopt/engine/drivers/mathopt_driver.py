"""MathOpt formulations solved by GSCIP: starts as hints, streamed solutions and bounds."""

from __future__ import annotations

import datetime
import math
import os
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from jitopt.engine.drivers.limits import LARGEST, LARGEST_ACTIVITY, SMALLEST
from jitopt.errors import JitoptError, NotApplicableError

if TYPE_CHECKING:
    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["lowered", "run"]

NODES_PER_WORK = 2_000
"""Branch-and-bound nodes of one unit of work (deterministic mode)."""

TOLERANCE = 1e-9
"""Feasibility tolerance asked of the solver, relative to the size of a row."""

LARGEST_COST = 1e9
"""The largest coefficient of an objective."""

INTERRUPTS = (0.0, 0.05, 0.1)
"""Seconds before each of the signals that interrupt a solve."""

BOUND_COLUMN = "dualbound"
"""Heading of the bound in the table that SCIP logs."""

LOOSER = 1e-6
"""Tolerance of the second run, where the first finds no solution to exist.

SCIP's own. At 1e-9, the SCIP of OR-Tools 9.15 called 19 of 3428 small feasible programmes
infeasible, at 1e-6 none; but there it passed 63 solutions that break a row.
"""

_BOUNDED = (
    mathopt.TerminationReason.OPTIMAL,
    mathopt.TerminationReason.FEASIBLE,
    mathopt.TerminationReason.NO_SOLUTION_FOUND,
)
"""Ends after which the dual bound is one of the whole tree."""


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Build, check, hint and solve; stream plans and bounds; return the outcome."""
    job.phase("build")
    formulation = method.load()
    model = formulation.build(instance, job.elastic or None)
    _check_numbers(model)
    hints = formulation.start(instance, model, start) if start is not None else None
    if job.stop.is_set():
        return "stopped"
    watcher = _Watcher(job, model, lambda value: formulation.extract(instance, model, value), hints is not None)
    interrupter = SolveInterrupter()
    over = threading.Event()
    job.on_stop(lambda: _interrupt(interrupter, over))
    job.phase("solve")
    try:
        result = _solve_twice(model, job, hints, watcher, interrupter)
    finally:
        over.set()
    return watcher.finish(result)


def _interrupt(interrupter: Any, over: threading.Event) -> None:
    """Stop the solve: by the interrupter, which GSCIP hears between nodes, and by its own Ctrl-C handler.

    The handler is heard within a node too (0.13 s against 8 to 15 s, OR-Tools 9.15). Outside a solve
    this process ignores the signal. SCIP ends the process at the fifth one: at most three are sent.
    """
    interrupter.interrupt()
    for wait in INTERRUPTS:
        if over.wait(wait):
            return
        os.kill(os.getpid(), signal.SIGINT)


def _solve_twice(
    model: Any, job: Job, hints: list[tuple[Any, float]] | None, watcher: _Watcher, interrupter: Any
) -> Any:
    """Solve; where no solution is said to exist, ask again with SCIP's own tolerance."""
    began = time.perf_counter()
    result = _solve(model, job, hints, watcher, interrupter, TOLERANCE)
    if result.termination.reason == mathopt.TerminationReason.INFEASIBLE and not job.stopped():
        seconds = max(1.0, time.perf_counter() - began)
        again = _solve(model, job, hints, watcher, interrupter, LOOSER, seconds)
        result = again if again.has_primal_feasible_solution() else result
    return result


def _solve(
    model: Any,
    job: Job,
    hints: list[tuple[Any, float]] | None,
    watcher: _Watcher,
    interrupter: Any,
    tolerance: float,
    seconds: float = math.inf,
) -> Any:
    try:
        return mathopt.solve(
            model,
            mathopt.SolverType.GSCIP,
            params=_parameters(job, tolerance, seconds),
            model_params=_hinted(hints),
            msg_cb=watcher.log,
            callback_reg=mathopt.CallbackRegistration(events={mathopt.Event.MIP_SOLUTION}),
            cb=watcher.event,
            interrupter=interrupter,
        )
    except (AttributeError, RuntimeError, ValueError) as error:
        # The binding's own status error is itself broken and surfaces as one of these.
        raise JitoptError(f"GSCIP failed ({type(error).__name__}: {error})") from error


def _check_numbers(model: Any) -> None:
    """Refuse numbers that are not finite or lie too far apart: the solver would take them as they are."""
    reach = {v.id: max(abs(v.lower_bound), abs(v.upper_bound)) for v in model.variables()}
    if not all(math.isfinite(value) for value in reach.values()):
        raise NotApplicableError("a variable of the model has no finite bounds")
    costs = [model.objective.offset, *(term.coefficient for term in model.objective.linear_terms())]
    sides = [side for row in model.linear_constraints() for side in (row.lower_bound, row.upper_bound)]
    rows: dict[int, list[tuple[float, float]]] = {}
    for entry in model.linear_constraint_matrix_entries():
        if entry.coefficient != 0:
            row = rows.setdefault(entry.linear_constraint.id, [])
            row.append((abs(entry.coefficient), reach[entry.variable.id]))
    finite = all(math.isfinite(size) for row in rows.values() for size, _ in row)
    if not finite or not all(map(math.isfinite, costs)) or any(map(math.isnan, sides)):
        raise NotApplicableError("the model holds a number that is not finite")
    if max(map(abs, costs)) > LARGEST_COST:
        raise NotApplicableError("the objective holds a coefficient too large for the solver's tolerances")
    for row in rows.values():
        _check_row(row)


def _check_row(row: list[tuple[float, float]]) -> None:
    """Check the sizes in one row: (coefficient, reach of its variable), scaled if far from 1."""
    sizes = [size for size, _ in row]
    largest = max(sizes)
    scale = 1 / largest if largest > 1e3 or largest < 1e-2 else 1.0
    if min(sizes) * scale < SMALLEST or largest * scale > LARGEST:
        raise NotApplicableError(
            f"coefficients from {min(sizes):.3g} to {largest:.3g} stand in one row: too far apart for floating point"
        )
    activity = scale * sum(size * reach for size, reach in row)
    if activity > LARGEST_ACTIVITY:
        raise NotApplicableError(f"a row can reach {activity:.3g}: too large for the solver's tolerances")


def _parameters(job: Job, tolerance: float, seconds: float) -> Any:
    parameters = mathopt.SolveParameters(
        threads=job.threads,
        random_seed=job.seed % 2_147_483_647,
        relative_gap_tolerance=job.gap,
        absolute_gap_tolerance=0.0,
        enable_output=False,
    )
    if job.work is None:
        parameters.time_limit = datetime.timedelta(seconds=max(0.05, min(seconds, job.remaining())))
    else:
        parameters.node_limit = max(1, int(job.work * NODES_PER_WORK))
    parameters.gscip.real_params["numerics/feastol"] = tolerance
    parameters.gscip.bool_params["misc/catchctrlc"] = True
    for name, value in job.options.items():
        if str(value).upper() not in mathopt.Emphasis.__members__:
            raise JitoptError(f"GSCIP refuses the option {name}={value!r}")
        setattr(parameters, name, mathopt.Emphasis[str(value).upper()])
    return parameters


def _hinted(hints: list[tuple[Any, float]] | None) -> Any:
    if hints is None:
        return mathopt.ModelSolveParameters()
    return mathopt.ModelSolveParameters(solution_hints=[mathopt.SolutionHint(variable_values=dict(hints))])


def lowered(text: str) -> float | None:
    """Return the number in a cell of the log, lowered by half a unit of its last digit; None if it is none."""
    found = re.fullmatch(r"[+-]?\d+\.(\d+)e([+-]?\d+)", text.strip())
    if found is None:
        return None
    return float(text) - 0.5000001 * 10.0 ** (int(found[2]) - len(found[1]))


class _Watcher:
    """Hands solutions, bounds and the fate of the start to the job."""

    def __init__(self, job: Job, model: Any, extract: Any, hinted: bool) -> None:
        self._job, self._extract = job, extract
        self._unit = float(getattr(model, "unit", 1))
        self._hinted = hinted
        self._next_plan = 0.0
        self._column = 0

    def log(self, lines: list[str]) -> None:
        """Read the fate of the start and the bound from the log: no field or event gives them in time."""
        for line in lines:
            if self._hinted and "feasible solution given by solution candidate" in line:
                self._hinted = False
                self._job.tell("start", accepted=True)
            cells = line.split("|")
            if BOUND_COLUMN in (cell.strip() for cell in cells):
                self._column = [cell.strip() for cell in cells].index(BOUND_COLUMN)
            elif 0 < self._column < len(cells) and (value := lowered(cells[self._column])) is not None:
                self._tell_bound(value)

    def event(self, data: Any) -> Any:
        """Send a new solution, at most a fifth of the time going into it."""
        now = time.monotonic()
        if data.solution and now >= self._next_plan:
            self._send(data.solution)
            self._next_plan = time.monotonic() + 4 * (time.monotonic() - now)
        return mathopt.CallbackResult(terminate=self._job.stopped())

    def finish(self, result: Any) -> str:
        """Send the last solution and bound; return the outcome."""
        if self._hinted:
            self._job.tell("start", accepted=False)
        reason, limit = result.termination.reason, result.termination.limit
        if reason == mathopt.TerminationReason.INFEASIBLE:
            return "infeasible"
        if result.has_primal_feasible_solution():
            self._send(result.variable_values())
        if reason in _BOUNDED:
            self._tell_bound(result.termination.objective_bounds.dual_bound)
        if reason == mathopt.TerminationReason.OPTIMAL:
            return "optimal"
        if reason in (mathopt.TerminationReason.FEASIBLE, mathopt.TerminationReason.NO_SOLUTION_FOUND):
            return "work_limit" if limit == mathopt.Limit.NODE else "time_limit"
        raise JitoptError(f"GSCIP ended with {reason.name} ({result.termination.detail})")

    def _send(self, values: Any) -> None:
        self._job.plan(self._extract(lambda variable: float(values[variable])))

    def _tell_bound(self, value: float) -> None:
        if math.isfinite(value) and abs(value) < 1e20:
            self._job.bound(self._unit * value)
