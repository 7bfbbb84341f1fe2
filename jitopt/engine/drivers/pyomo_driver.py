"""Pyomo formulations solved by HiGHS: arrays passed directly, every return code read.

Pyomo's own HiGHS interfaces drop rows silently, cannot be given a MIP start in the current
interface, and raise on legal outcomes; so they are not used. Where HiGHS finds no solution to
exist, or fails, it is asked once more without presolve.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from pyomo.common.errors import InfeasibleConstraintException

from jitopt.engine.drivers.standard_form import StandardForm, compile_model
from jitopt.errors import JitoptError, NotApplicableError

if TYPE_CHECKING:
    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["run"]

NODES_PER_WORK = 2_000
"""Branch-and-bound nodes of one unit of work (deterministic mode)."""

WORK_PER_LOOK = 5e-6
"""Work of the search between two looks of HiGHS at its limits, per coefficient of the model.

HiGHS tells its callbacks neither iterations nor work, but in one thread it looks at its limits at
the same places of the search in every run: after rounds of cuts, candidates of strong branching,
nodes. On instances of the collection a look took 1e-6 to 26e-6 s per coefficient, mostly 6e-6.
"""

WORK_PER_ITERATION = 5e-9
"""Work of an iteration of the simplex method on a model without integers, per coefficient."""

TOLERANCE = 1e-6
"""Feasibility tolerance asked of the solver: its own default.

Not less: at 1e-9 HiGHS 1.15.1 called 33 of 3288 small feasible programmes infeasible and proved 5
optima that were none, for its own rounding errors exceed such a tolerance; at 1e-6 it never did
(random integer programmes of up to 4 variables, against exact answers).
"""


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Build, check, hand over and solve; stream plans and bounds; return the outcome."""
    job.phase("build")
    formulation = method.load()
    model = formulation.build(instance, job.elastic or None)
    try:
        form = compile_model(model)
    except InfeasibleConstraintException:
        return "infeasible"
    if (form.column_lower > form.column_upper).any():
        return "infeasible"
    highs = _pass_model(form, job)
    if job.stop.is_set():
        return "stopped"

    def extract(value: Any) -> Any:
        return formulation.extract(instance, model, value)

    watcher = _Watcher(highs, form, job, extract)
    if start is not None:
        watcher.offer(formulation.start(instance, model, start))
    job.phase("solve")
    began = time.perf_counter()
    outcome = watcher.solve()
    if outcome in ("infeasible", "failed"):
        outcome = _ask_again(watcher, outcome, time.perf_counter() - began, extract)
    return outcome


def _ask_again(first: _Watcher, outcome: str, took: float, extract: Any) -> str:
    """Solve once more without presolve, from which most false answers come; return what stands.

    A claim that there is no solution stands unless one is found; the second run has as long for
    it as the first took, at least a second.
    """
    form, job = first.form, first.job
    seconds = max(1.0, took) if outcome == "infeasible" else job.remaining()
    if not job.stopped():
        second = _Watcher(_pass_model(form, job, presolve="off", seconds=seconds), form, job, extract)
        answer = second.solve()
        if second.found or (outcome, answer) == ("failed", "infeasible"):
            return answer
    if outcome == "failed":
        raise JitoptError(f"HiGHS failed ({first.status})")
    return outcome


def _ok(status: Any, what: str) -> None:
    """Raise unless HiGHS returned kOk (a warning is let through only where named)."""
    if status != highspy.HighsStatus.kOk:
        raise JitoptError(f"HiGHS refused to {what} ({status})")


def _pass_model(form: StandardForm, job: Job, presolve: str | None = None, seconds: float | None = None) -> Any:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options = _options(job, seconds)
    if presolve is not None:
        options["presolve"] = presolve
    for name, value in options.items():
        _ok(highs.setOptionValue(name, value), f"set the option {name}={value!r}")
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(form.columns), form.rows
    lp.col_cost_, lp.offset_ = form.cost, form.offset
    lp.col_lower_, lp.col_upper_ = form.column_lower, form.column_upper
    lp.row_lower_, lp.row_upper_ = form.lower, form.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = form.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = form.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = form.matrix.data.astype(float)
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[int(flag)] for flag in form.integer]
    _ok(highs.passModel(lp), "take the model")
    if (highs.getNumRow(), highs.getNumCol()) != (form.rows, len(form.columns)):
        raise JitoptError("HiGHS dropped rows or columns of the model")
    if highs.getNumNz() != int(np.count_nonzero(form.matrix.data)):
        raise NotApplicableError("HiGHS dropped coefficients of the model as too small")
    return highs


def _options(job: Job, seconds: float | None = None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "output_flag": True,
        "log_to_console": False,
        "threads": job.threads,
        "parallel": "on" if job.threads > 1 else "off",
        "random_seed": job.seed % 2_147_483_647,
        "mip_rel_gap": job.gap,
        "mip_abs_gap": 0.0 if job.gap == 0 else 1e-6,
        "primal_feasibility_tolerance": TOLERANCE,
        "mip_feasibility_tolerance": TOLERANCE,
    }
    if job.work is None:
        limit = job.remaining() if seconds is None else min(seconds, job.remaining())
        options["time_limit"] = max(0.05, limit)
    else:
        options["mip_max_nodes"] = max(1, int(job.work * NODES_PER_WORK))
    for name, value in job.options.items():
        options[name] = value
    return options


class _Watcher:
    """Runs HiGHS and hands what it finds to the job: plans, bounds, the fate of the start."""

    def __init__(self, highs: Any, form: StandardForm, job: Job, extract: Any) -> None:
        self._highs, self.form, self.job, self._extract = highs, form, job, extract
        self._pending: np.ndarray[Any, Any] | None = None
        self._next_extract = 0.0
        self._bound = -np.inf
        self._started: bool | None = None
        """None without a start, True once its fate has been told."""
        self._work = 0.0
        self._coefficients = max(1, form.matrix.nnz)
        self.found = False
        self.status = ""

    def offer(self, values: list[tuple[Any, float]]) -> None:
        """Hand a start over: the values given, the rest is completed by the solver."""
        found = {self.form.index[id(variable)]: value for variable, value in values if id(variable) in self.form.index}
        missing = [i for i in np.flatnonzero(self.form.integer) if int(i) not in found]
        if missing:
            raise JitoptError(f"the start leaves {len(missing)} integer variables open")
        order = sorted(found)
        status = self._highs.setSolution(
            len(order), np.array(order, dtype=np.int32), np.array([found[i] for i in order], dtype=float)
        )
        self._started = False
        if status == highspy.HighsStatus.kError:
            self._started = True
            self.job.tell("start", accepted=False)

    def solve(self) -> str:
        """Solve to the end, a limit or a stop; return the outcome, "failed" when HiGHS gives none."""
        highs, job = self._highs, self.job
        highs.cbMipImprovingSolution.subscribe(self._improved)
        highs.cbMipInterrupt.subscribe(self._tick)
        highs.cbSimplexInterrupt.subscribe(self._simplex_tick)
        highs.cbIpmInterrupt.subscribe(self._simplex_tick)
        highs.cbLogging.subscribe(self._log)
        status = highs.run()
        model_status = highs.getModelStatus()
        self._flush()
        if self._started is False and model_status != highspy.HighsModelStatus.kOptimal:
            job.tell("start", accepted=False)
        self.status = highs.modelStatusToString(model_status)
        return "failed" if status == highspy.HighsStatus.kError else self._finish(model_status)

    def _finish(self, model_status: Any) -> str:
        names = highspy.HighsModelStatus
        info = self._highs.getInfo()
        if model_status == names.kInfeasible:
            return "infeasible"
        if model_status in (names.kUnboundedOrInfeasible, names.kUnbounded):
            raise JitoptError("HiGHS calls the model unbounded, which no formulation is")
        if info.primal_solution_status == highspy.kSolutionStatusFeasible:
            self._send(np.array(self._highs.getSolution().col_value))
        elif model_status == names.kOptimal:
            return "failed"
        integral = bool(self.form.integer.any())
        if model_status == names.kOptimal:
            self._tell_bound(info.mip_dual_bound if integral else info.objective_function_value)
            return "optimal"
        if integral:
            self._tell_bound(info.mip_dual_bound)
        if model_status == names.kMemoryLimit:
            return "memory_limit"
        if model_status in (names.kSolutionLimit, names.kIterationLimit) or self._spent:
            return "work_limit"
        return "time_limit"

    def _improved(self, event: Any) -> None:
        self._pending = np.array(event.data_out.mip_solution)
        self._flush(time.monotonic() if self.job.work is None else None)

    def _tick(self, event: Any) -> None:
        self._flush(time.monotonic())
        self._tell_bound(event.data_out.mip_dual_bound)
        self._charge(event, WORK_PER_LOOK)

    def _simplex_tick(self, event: Any) -> None:
        self._charge(event, WORK_PER_ITERATION)

    def _charge(self, event: Any, work: float) -> None:
        """Count the work since the last look; interrupt when it is spent or the job is to stop."""
        self._work += work * self._coefficients
        if self._spent or self.job.stopped():
            event.interrupt()

    @property
    def _spent(self) -> bool:
        """True once the work limit is reached; never where the clock counts."""
        return self.job.work is not None and self._work >= self.job.work

    def _log(self, event: Any) -> None:
        """Read the fate of the start; where presolve alone solves the model, nothing is said of it."""
        if self._started is False and "MIP start solution is " in event.message:
            self._started = True
            self.job.tell("start", accepted="MIP start solution is feasible" in event.message)

    def _flush(self, now: float | None = None) -> None:
        """Send the newest solution; with `now`, at most a fifth of the time goes into it."""
        if self._pending is None or (now is not None and now < self._next_extract):
            return
        values, self._pending = self._pending, None
        began = time.monotonic()
        self._send(values)
        self._next_extract = time.monotonic() + 4 * (time.monotonic() - began)

    def _send(self, values: np.ndarray[Any, Any]) -> None:
        index, fixed = self.form.index, self._value_of_fixed
        plan = self._extract(
            lambda variable: float(values[index[id(variable)]]) if id(variable) in index else fixed(variable)
        )
        claimed = self.form.unit * (float(self.form.cost @ values) + self.form.offset)
        self.found = True
        self.job.plan(plan, claimed)

    @staticmethod
    def _value_of_fixed(variable: Any) -> float:
        """Return the value of a variable that appears in no row: fixed, or at its lower bound."""
        if isinstance(variable, int | float):
            return float(variable)
        if variable.fixed:
            return float(variable.value)
        return float(variable.lb) if variable.lb is not None else 0.0

    def _tell_bound(self, value: float) -> None:
        if np.isfinite(value) and value > self._bound + 1e-12 * max(1.0, abs(value)):
            self._bound = value
            self.job.bound(self.form.unit * value)
