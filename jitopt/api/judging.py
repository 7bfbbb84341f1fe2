"""Hold a plan or a result against its instance: judge it, run it against chance, audit it."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from jitopt.arguments import check_instance, check_simulate, not_a_plan, plan_of
from jitopt.engine.audit import audit as _audit
from jitopt.engine.result import Result
from jitopt.problems.base import Evaluation, Instance, Plan, PlanT

if TYPE_CHECKING:
    from jitopt.simulation.result import Simulation
    from jitopt.simulation.stream import ValueStream

__all__ = ["audit", "check", "simulate"]


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
