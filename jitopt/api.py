"""The Python face of jitopt: read, solve, check, explain, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

from jitopt import registry
from jitopt.arguments import (
    check_instance,
    check_prices,
    check_progress,
    check_simulate,
    check_solve,
    exportable,
    not_a_plan,
    plan_of,
)
from jitopt.engine import solve as engine
from jitopt.engine.audit import audit as _audit
from jitopt.engine.explain import Explanation
from jitopt.engine.explain import explain as _explain
from jitopt.engine.export import export as _export
from jitopt.engine.limit_values import LimitValue
from jitopt.engine.limit_values import limit_values as _limit_values
from jitopt.engine.process import shut_down
from jitopt.engine.result import Progress, Result
from jitopt.engine.why_not import Comparison, compare
from jitopt.errors import InputError
from jitopt.problems.base import Evaluation, Instance, Plan, PlanT

if TYPE_CHECKING:
    from pathlib import Path

    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.slot_changes import SlotChanges
    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.changes import Changes
    from jitopt.simulation.result import Simulation
    from jitopt.simulation.stream import ValueStream

__all__ = [
    "audit", "changes", "check", "explain", "export", "limit_values", "resize", "shut_down", "simulate", "solve",
    "why_not",
]  # fmt: skip

EXPLAIN_LEAST = 0.3
"""Seconds that must be left of a limit for an infeasible solve to look for its reasons."""


def solve(
    instance: Instance[PlanT],
    *,
    method: str = "auto",
    time_limit: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
    threads: int | None = None,
    start: Plan | Mapping[str, Any] | Result[Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
    deterministic: bool = False,
    work_limit: float | None = None,
    solver_options: Mapping[str, Any] | None = None,
) -> Result[PlanT]:
    """Solve an instance; return the best judged plan with the best standing bound.

    Parameters
    ----------
    instance
        What is asked.
    method
        "auto", or a name listed by `jitopt.methods(problem)`.
    time_limit
        Wall-clock promise for the whole call [s]: it returns within this plus max(1 s, 5 %).
    gap
        Relative gap at which the search may stop [1]: 0.05 is 5 %.
    seed
        Of every random number.
    threads
        Budget over all workers; None: the processors this process may use, at most 8.
    start
        A plan to start from. The result is never worse than it.
    progress
        Called with a `Progress` whenever plan or bound improve.
    deterministic
        Same instance, seed and versions give the same plan: work limits instead of the clock.
    work_limit
        Units of work of each road when deterministic (about seconds of one processor); None: 10.
    solver_options
        {solver: {option: value}} from an allow-list; "memory_limit_mb" limits each worker.

    Returns
    -------
    Result
        Legal outcomes are statuses: "optimal", "feasible", "infeasible", "no_plan". An interrupt
        (Ctrl-C) returns the best plan with `stopped_by` "interrupted".

    Raises
    ------
    InputError
        For a keyword that cannot be.
    UnknownMethodError
        For a method that is not registered.
    """
    began = time.monotonic()
    check_instance("solve", instance)
    check_solve(method, start, progress, deterministic, work_limit)
    request = engine.Request(
        method=method,
        time_limit=time_limit,
        gap=gap,
        seed=seed,
        threads=threads,
        start=dict(start) if isinstance(start, Mapping) else start,
        progress=progress,
        deterministic=deterministic,
        work_limit=work_limit,
        solver_options=solver_options,
    )
    result = engine.solve(instance, request, began)
    left = began + time_limit - time.monotonic()
    if result.status == "infeasible" and left > EXPLAIN_LEAST:
        found = _explain(instance, time_limit=left, threads=1)
        seconds = result.seconds | {"total": time.monotonic() - began}
        result = replace(result, reasons=found.reasons, seconds=seconds)
    return result


def check(instance: Instance[PlanT], plan: Plan | Mapping[str, Any] | Result[Any]) -> Evaluation:
    """Judge a plan: objective and terms recomputed in exact arithmetic, every broken rule named.

    Shares no code with any model.

    Raises
    ------
    InputError
        If the plan has not the form of the problem's plan.
    """
    check_instance("check", instance)
    return instance.evaluate(plan_of(instance, plan, "check"))


def simulate(
    subject: Instance[Any] | ValueStream | Any,
    plan: Any = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    days: float | None = None,
    warm_up: float | None = None,
    level: float = 0.95,
    threads: int | None = None,
    time_limit: float | None = None,
) -> Simulation:
    """Run a plan against chance: service, throughput, stock, each with its interval (docs/simulate.md).

    Parameters
    ----------
    subject
        A kanban instance (loops or a line), a `ValueStream`, a plant or the plan of one.
    plan
        Of the instance: a plan, a result, or the data of either; of the plant: the data of plan.json.
        None where the subject holds all there is to know.
    replications
        Independent runs; None: the default of the kind (30 for loops).
    seed
        Of every random number: the same seed gives the same numbers to the last digit. None: 0, for a
        line that of its sample.
    days
        Measured in each run; None: 250. Not for a line, whose sample says how many parts it runs.
    warm_up
        Days before them that do not count; None: found by the kind's rule. Not for a line.
    level
        Confidence level of the intervals.
    threads
        That run at a time; None: the processors this process may use, at most 8.
    time_limit
        For the whole run [s]; None: none.

    Returns
    -------
    Simulation
        measures of the whole, tables row by row, evidence of how it was run.

    Raises
    ------
    InputError
        For a keyword that cannot be, a subject that cannot be simulated, or a plan that does not fit it.
    JitoptError
        If the time limit ends before the run.
    """
    from jitopt.simulation.simulate import simulate_subject

    check_simulate(replications, seed, days, warm_up, level, threads, time_limit)
    if isinstance(subject, str | PathLike):
        check_instance("simulate", subject)
    if isinstance(subject, Instance):
        plan = plan_of(subject, plan, "simulate")
    elif hasattr(subject, "value_stream"):
        subject, plan = subject.value_stream(plan), None
    return simulate_subject(
        subject, plan, replications=replications, seed=seed, days=days, warm_up=warm_up, level=level,
        threads=threads, time_limit=time_limit,
    )  # fmt: skip


def audit(instance: Instance[Any], result: Mapping[str, Any] | Result[Any] | Plan) -> list[str]:
    """Return every breach of a result, one line each; an empty list when all is well.

    Parameters
    ----------
    instance
        The question.
    result
        The data of a result file, a `Result`, or a plan (then only its rules are judged).

    Raises
    ------
    InputError
        If the arguments are of another kind.
    """
    check_instance("audit", instance)
    data = result.to_dict() if isinstance(result, Result | Plan) else result
    if not isinstance(data, Mapping):
        raise not_a_plan("audit", data)
    return _audit(instance, data)


def explain(
    instance: Instance[PlanT],
    *,
    time_limit: float = 60.0,
    prices: Mapping[Any, float] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Explanation[PlanT]:
    """Say why there is no plan: the rules that clash, by how much, and the cheapest repair.

    Parameters
    ----------
    instance
        What is asked.
    time_limit
        For the whole call [s].
    prices
        Price of one unit of relaxation, by rule name or by (name, members). Rules without a price
        cost 1 per cent of their limit; a part's demand ten times that.
    progress
        Not called yet while explaining.

    Returns
    -------
    Explanation
        status "feasible", "infeasible" or "unknown"; reasons, clash, repair.
    """
    check_instance("explain", instance)
    check_prices(instance, prices)
    check_progress(progress)
    return _explain(instance, time_limit=time_limit, prices=prices, progress=progress)


def why_not(
    instance: Instance[PlanT],
    result: Result[PlanT] | PlanT | Mapping[str, Any],
    choice: Mapping[str, str] | None = None,
    *,
    time_limit: float = 60.0,
    **more: str,
) -> Comparison[PlanT]:
    """Say what a choice that was not taken would cost, term by term.

    Parameters
    ----------
    instance, result
        The question and the answer in hand (a result, a plan, or a result file's data).
    choice
        What to force, by key and value, also as keywords: delivery `supplier="S2",
        frequency="1-4"` or `part="p7", every="2"`; heijunka `position=3, product="A"`; kanban
        `loop="L1"` with `container`, `cards` or both; sourcing `supplier="S2"`, with `part` and
        `quantity` if wanted.
    time_limit
        For the new solve [s].

    Returns
    -------
    Comparison
        status "worse", "same", "better", "impossible" or "unknown".
    """
    check_instance("why_not", instance)
    found = plan_of(instance, result, "why_not")
    if choice is not None and not isinstance(choice, Mapping):
        raise InputError(
            "a choice is given by key and value", value=choice, remedy='write {"supplier": "S2"} or supplier="S2"'
        )
    asked = {key: str(value) for key, value in {**(choice or {}), **more}.items()}
    return compare(instance, found, asked, lambda changed: solve(changed, time_limit=time_limit, start=None))


@overload
def changes(
    instance: Kanban,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Kanban | Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> Changes: ...


@overload
def changes(
    instance: Heijunka,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> SlotChanges: ...


def changes(
    instance: Kanban | Heijunka,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Kanban | Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> Changes | SlotChanges:
    """List what a plan changes of the one in force, with the reasons: loops of a kanban, slots of a heijunka.

    Of a kanban, loops that are kept though they should change are listed too.

    Parameters
    ----------
    instance, result
        The question (a kanban in the form of loops), and the answer in hand (a result, a plan, or a
        result file's data).
    before
        The result or plan that is in force, for an instance that does not tell it (`resize` and
        `relevel` put a price or a cap on changes as well). Of a kanban also the instance for which
        the cards in force were decided: then the inputs that changed are among the reasons.

    Raises
    ------
    InputError
        If no plan in force is told, or the plan is not one of the instance.
    """
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.slot_changes import slot_changes
    from jitopt.problems.kanban.changes import changes as compared

    if isinstance(instance, Heijunka):
        old = None if before is None else plan_of(instance, before, "compare with")
        return slot_changes(instance, plan_of(instance, result, "compare"), old)
    _check_kanban("changes", instance)
    found: Any = plan_of(instance, result, "compare")
    if before is not None and not isinstance(before, Instance):
        present: Any = plan_of(instance, before, "compare with")
        return compared(_resized(instance, present, 0.0, None), found)
    if before is not None:
        _check_kanban("changes", before)
    return compared(instance, found, before)


def resize(
    instance: Kanban,
    result: Result[Any] | Plan | Mapping[str, Any],
    *,
    price: float = 0.0,
    at_most: int | None = None,
) -> Kanban:
    """Return a kanban instance with the cards of an earlier plan as those in force, for the next solve.

    Parameters
    ----------
    instance
        What is asked now, in the form of loops.
    result
        The plan in force (a result, a plan, or a result file's data). Loops that the instance no
        longer has are left out.
    price
        Of a card put in or taken out [money, in the objective of a day].
    at_most
        Cards put in or taken out; None: no cap.

    Raises
    ------
    InputError
        For another problem or form, or a price or cap that cannot be.
    """
    _check_kanban("resize", instance)
    return _resized(instance, plan_of(instance, result, "resize"), price, at_most)


def _resized(instance: Kanban, plan: Any, price: float, at_most: int | None) -> Kanban:
    from jitopt.problems.kanban.changes import resize as resized

    return resized(instance, plan, price, at_most)


def _form(instance: Kanban) -> str:
    return "options" if instance.options is not None else "a line"


def _check_kanban(call: str, instance: Any) -> None:
    check_instance(call, instance)
    if instance.problem != "kanban" or instance.loops is None:
        raise InputError(
            f"{call} takes a kanban instance in the form of loops",
            value=instance.problem if instance.problem != "kanban" else f"the form of {_form(instance)}",
            remedy="describe `loops` with `containers` (docs/problems/kanban.md, the three forms)",
        )


def limit_values(
    instance: Instance[PlanT],
    result: Result[PlanT] | PlanT | Mapping[str, Any],
    *,
    step: float = 1.0,
    days: float | None = None,
    time_limit: float = 60.0,
) -> list[LimitValue]:
    """Say what each shared limit is worth: what one more of it saves, and what one less costs.

    No prices of a relaxation: the instance is solved again with the limit changed.

    Parameters
    ----------
    instance, result
        The question and the answer in hand (a result, a plan, or a result file's data).
    step
        By how much a limit is changed [unit of the limit]; a cap on changed cards by whole cards.
    days
        Working days of a year, to tell amounts by year; None tells them by day.
    time_limit
        For all solves together [s].

    Returns
    -------
    list of LimitValue
        One for each limit: intervals where a solve ended without a proof, and the words.

    Raises
    ------
    InputError
        If the instance has no shared limit, or the plan breaks a rule.
    """
    began = time.monotonic()
    check_instance("limit_values", instance)
    for name, value in (("step", step), ("days", 1.0 if days is None else days), ("time_limit", time_limit)):
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise InputError(f"{name} must be a number above 0", value=value, remedy="correct it")
    plan = plan_of(instance, result, "limit_values")
    return _limit_values(
        instance,
        plan,
        lambda changed, seconds, start: solve(changed, time_limit=seconds, start=start),
        step=step,
        days=days,
        time_limit=began + time_limit - time.monotonic(),
    )


def formulation(name: str) -> registry.Formulation:
    """Return a formulation: its `build(instance)` gives the model object, to read, change or export."""
    return registry.formulation(name)


def export(instance: Instance[Any], method: str, path: str | Path) -> None:
    """Write the model of a formulation for `instance` to `path`; the ending decides the format.

    Parameters
    ----------
    instance
        What is asked.
    method
        A formulation of the instance's problem.
    path
        File to write: .lp or .mps for Pyomo, .pbtxt or .pb for CP-SAT, .pbtxt for MathOpt.

    Raises
    ------
    InputError
        If there is no such formulation, or it cannot be written under this ending.
    JitoptError
        If the model cannot be built.
    """
    check_instance("export", instance)
    _export(instance, exportable(instance, method, path), path)


def read_result(path: str | Path, instance: Instance[PlanT]) -> Result[PlanT]:
    """Read a result file of this instance's problem.

    Parameters
    ----------
    path
        Path, "-" for standard input, or an open file.
    instance
        The instance it answers.

    Raises
    ------
    InputError
        If the file is no result of this problem, or holds a bare plan only.
    """
    from jitopt.formats.results import read_result as read

    check_instance("read_result", instance)
    data = read(path, instance.problem)
    missing = [key for key in ("instance", "method", "status", "proof", "bound") if key not in data]
    if missing:
        raise InputError(
            f'the file holds a plan, but no result: it has no "{missing[0]}"',
            source=str(path),
            remedy='take its plan: jitopt.formats.read_result(path)["plan"]',
        )
    plan_of(instance, data, "read_result") if data["plan"] is not None else None
    return Result.from_dict(data, instance.plan_type)
