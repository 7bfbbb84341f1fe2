"""Say why there is no plan, what a choice would cost, and what a limit is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jitopt.api.solving import solve
from jitopt.arguments import check_instance, check_prices, check_progress, plan_of
from jitopt.engine.explain import Explanation
from jitopt.engine.explain import explain as _explain
from jitopt.engine.limit_values import LimitValue
from jitopt.engine.limit_values import limit_values as _limit_values
from jitopt.engine.why_not import Comparison, compare
from jitopt.errors import InputError

if TYPE_CHECKING:
    from jitopt.engine.result import Progress, Result
    from jitopt.problems.base import Instance, PlanT

__all__ = ["explain", "limit_values", "why_not"]


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
