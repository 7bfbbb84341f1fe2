"""CP-SAT formulations: exact integers, hints, streamed solutions and bounds."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.errors import JitoptError

if TYPE_CHECKING:
    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["run"]


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Build, validate, hint and solve; stream plans and bounds; return the outcome."""
    job.phase("build")
    formulation = method.load()
    model = formulation.build(instance, job.elastic or None)
    wrong = model.validate()
    if wrong:
        raise JitoptError(f"CP-SAT refuses the model: {wrong}")
    if start is not None:
        for variable, value in formulation.start(instance, model, start):
            model.add_hint(variable, round(value))
    if job.stop.is_set():
        return "stopped"
    solver = cp_model.CpSolver()
    _set_parameters(solver, job)
    value_of_start = None if start is None else instance.evaluate(start).objective
    if value_of_start is not None:
        value_of_start *= instance.sense  # A formulation minimises.
    watcher = _Watcher(job, model, lambda value: formulation.extract(instance, model, value), value_of_start)
    solver.best_bound_callback = watcher.bound
    job.on_stop(solver.stop_search)
    job.phase("solve")
    status = solver.solve(model, watcher)
    watcher.finish(solver)
    return _finish(solver, status, job, watcher)


def _set_parameters(solver: Any, job: Job) -> None:
    parameters = solver.parameters
    parameters.random_seed = job.seed % 2_147_483_647
    parameters.num_workers = job.threads
    parameters.relative_gap_limit = job.gap
    # Its own Ctrl-C handler would leave the worker with the system's, which ends the process at the next signal.
    parameters.catch_sigint_signal = False
    if job.work is None:
        parameters.max_time_in_seconds = max(0.05, job.remaining())
    else:
        parameters.max_deterministic_time = job.work
        parameters.num_workers = 1
    for name, value in job.options.items():
        try:
            _set_option(parameters, name, value)
        except (TypeError, ValueError) as error:
            raise JitoptError(f"CP-SAT refuses the option {name}={value!r}") from error


def _set_option(parameters: Any, name: str, value: Any) -> None:
    before = getattr(parameters, name)
    if name == "ignore_subsolvers":
        before.extend(value)
    elif isinstance(before, bool | int | float):
        setattr(parameters, name, value)
    else:
        # A choice is an object of its own type; one made from a number out of range aborts the process.
        choices = {int(choice): choice for choice in type(before).__members__.values()}
        if value not in choices:
            raise ValueError(value)
        setattr(parameters, name, choices[value])


class _Watcher(cp_model.CpSolverSolutionCallback):
    """Hands solutions and bounds to the job."""

    def __init__(self, job: Job, model: Any, extract: Any, start_objective: float | None) -> None:
        super().__init__()
        self._job, self._extract = job, extract
        self._unit = Fraction(getattr(model, "unit", 1))
        self._start_objective = start_objective
        self._hinted = start_objective is not None
        self._next = 0.0
        self.pending = False

    def on_solution_callback(self) -> None:
        """Extract and send a solution; during the solve at most a fifth of the time goes into it."""
        claimed = float(self._unit) * self.objective_value
        if self._hinted:
            self._hinted = False
            self._job.tell("start", accepted=self._is_start(claimed))
        began = time.monotonic()
        self.pending = began < self._next
        if not self.pending:
            self._job.plan(self._extract(lambda variable: float(self.value(variable))), claimed)
            self._next = time.monotonic() + 4 * (time.monotonic() - began)

    def _is_start(self, claimed: float) -> bool:
        """Tell whether the first solution is the hint, or better: CP-SAT has no field for it."""
        return self._start_objective is not None and claimed <= self._start_objective * (1 + 1e-9) + 1e-9

    def finish(self, solver: Any) -> None:
        """Send the last solution if it was held back, and the fate of the hint if it is still open."""
        if self.pending:
            claimed = float(self._unit) * solver.objective_value
            self._job.plan(self._extract(lambda variable: float(solver.value(variable))), claimed)
        if self._hinted:
            self._job.tell("start", accepted=False)

    def bound(self, value: float) -> None:
        """Send a bound."""
        self._job.bound(float(self._unit) * value)


def _finish(solver: Any, status: Any, job: Job, watcher: _Watcher) -> str:
    if status == cp_model.INFEASIBLE:
        return "infeasible"
    if status == cp_model.MODEL_INVALID:
        raise JitoptError("CP-SAT calls the model invalid")
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        watcher.bound(solver.best_objective_bound)
    if status == cp_model.OPTIMAL:
        return "optimal"
    return "time_limit" if job.work is None else "work_limit"
