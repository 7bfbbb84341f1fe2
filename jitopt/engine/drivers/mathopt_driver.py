"""MathOpt formulations solved by GSCIP: starts as hints, streamed solutions and bounds."""

from __future__ import annotations

import datetime
import math
import time
from typing import TYPE_CHECKING, Any

from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from jitopt.errors import JitoptError, NotApplicableError

if TYPE_CHECKING:
    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["run"]

NODES_PER_WORK = 2_000
"""Branch-and-bound nodes of one unit of work (deterministic mode)."""

TOLERANCE = 1e-9
"""Feasibility tolerance asked of the solver."""

LARGEST = 1e9
"""Largest coefficient or bound let through (a message names it)."""


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Build, check, hint and solve; stream plans and bounds; return the outcome."""
    began = time.perf_counter()
    formulation = method.load()
    model = formulation.build(instance, job.elastic or None)
    _check_numbers(model)
    hints = formulation.start(instance, model, start) if start is not None else None
    job.phase("build", time.perf_counter() - began)
    if job.stop.is_set():
        return "stopped"
    watcher = _Watcher(job, model, lambda value: formulation.extract(instance, model, value), hints is not None)
    interrupter = SolveInterrupter()
    job.on_stop(interrupter.interrupt)
    began = time.perf_counter()
    try:
        result = mathopt.solve(
            model,
            mathopt.SolverType.GSCIP,
            params=_parameters(job),
            model_params=_hinted(hints),
            msg_cb=watcher.log,
            callback_reg=mathopt.CallbackRegistration(events={mathopt.Event.MIP_SOLUTION, mathopt.Event.MIP_NODE}),
            cb=watcher.event,
            interrupter=interrupter,
        )
    except (AttributeError, RuntimeError, ValueError) as error:
        # The binding's own status error is itself broken and surfaces as one of these.
        raise JitoptError(f"GSCIP failed ({type(error).__name__}: {error})") from error
    job.phase("solve", time.perf_counter() - began)
    return watcher.finish(result)


def _check_numbers(model: Any) -> None:
    """Refuse numbers that are not finite or absurdly large: the solver would take them as they are."""
    for variable in model.variables():
        if not (math.isfinite(variable.lower_bound) and math.isfinite(variable.upper_bound)):
            raise NotApplicableError("a variable of the model has no finite bounds")
    numbers = [entry.coefficient for entry in model.linear_constraint_matrix_entries()]
    numbers += [term.coefficient for term in model.objective.linear_terms()]
    numbers.append(model.objective.offset)
    if not all(math.isfinite(number) for number in numbers):
        raise NotApplicableError("the model holds a number that is not finite")
    if max(map(abs, numbers), default=0.0) > LARGEST:
        raise NotApplicableError("the model holds a coefficient too large for the solver's tolerances")


def _parameters(job: Job) -> Any:
    parameters = mathopt.SolveParameters(
        threads=job.threads,
        random_seed=job.seed % 2_147_483_647,
        relative_gap_tolerance=job.gap,
        absolute_gap_tolerance=0.0,
        enable_output=False,
    )
    if job.work is None:
        parameters.time_limit = datetime.timedelta(seconds=max(0.05, job.remaining()))
    else:
        parameters.node_limit = max(1, int(job.work * NODES_PER_WORK))
    parameters.gscip.real_params["numerics/feastol"] = TOLERANCE
    for name, value in job.options.items():
        setattr(parameters, name, mathopt.Emphasis[str(value).upper()])
    return parameters


def _hinted(hints: list[tuple[Any, float]] | None) -> Any:
    if hints is None:
        return mathopt.ModelSolveParameters()
    return mathopt.ModelSolveParameters(solution_hints=[mathopt.SolutionHint(variable_values=dict(hints))])


class _Watcher:
    """Hands solutions, bounds and the fate of the start to the job."""

    def __init__(self, job: Job, model: Any, extract: Any, hinted: bool) -> None:
        self._job, self._extract = job, extract
        self._unit = float(getattr(model, "unit", 1))
        self._hinted = hinted
        self._next_plan = 0.0
        self._next_bound = 0.0

    def log(self, lines: list[str]) -> None:
        """Read the fate of the start from the log: there is no field for it."""
        if self._hinted and any("feasible solution given by solution candidate" in line for line in lines):
            self._hinted = False
            self._job.tell("start", accepted=True)

    def event(self, data: Any) -> Any:
        """Send a new solution, at most a fifth of the time going into it, and now and then the bound."""
        now = time.monotonic()
        if data.event == mathopt.Event.MIP_SOLUTION and data.solution and now >= self._next_plan:
            self._send(data.solution)
            self._next_plan = time.monotonic() + 4 * (time.monotonic() - now)
        statistics = data.mip_stats
        if statistics is not None and statistics.explored_nodes > 0 and now >= self._next_bound:
            self._next_bound = now + 0.1
            self._tell_bound(statistics.dual_bound)
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
        if reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE):
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
