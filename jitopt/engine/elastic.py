"""Elastic solves: the listed rules may be broken at a price, all others are kept."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.engine import solve as solving
from jitopt.engine import strategy
from jitopt.engine.ledger import Ledger
from jitopt.engine.race import Race
from jitopt.errors import UnknownMethodError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.engine.result import Result
    from jitopt.problems.base import Evaluation, Instance, PlanT
    from jitopt.registry import Method, RuleKey

__all__ = ["priced", "solve_elastic"]


def priced(evaluation: Evaluation, prices: Mapping[RuleKey, float]) -> float | None:
    """Return what the broken rules of a plan cost, None when a rule that is not listed is broken."""
    cost = 0.0
    for violation in evaluation.violations:
        price = prices.get((violation.rule, violation.members))
        if price is None:
            return None
        cost += price * violation.short_by
    return cost


def solve_elastic(
    instance: Instance[PlanT],
    prices: Mapping[RuleKey, float],
    *,
    method: str | None = None,
    time_limit: float = 20.0,
    threads: int = 1,
) -> Result[PlanT]:
    """Find the plan whose broken rules cost least.

    prices: price per unit short of each rule that may be broken; the others are kept. Returns a
    result whose objective is that cost by the judge's measure (0: the rules can all be kept).
    Status "infeasible" means that one exact method found the rules that are kept to clash; with
    `method` None every exact method is asked until one proves its answer.
    """
    began = time.monotonic()
    settings = solving.Request(time_limit=time_limit, threads=threads).settings(began)
    ledger: Ledger[PlanT] = Ledger(instance, began, pricing=lambda e: priced(e, prices))
    race = Race(ledger, settings)
    try:
        for road in _roads(instance, method):
            attempt = race.launch(road, threads=threads, elastic=prices)
            race.run_until(lambda: ledger.objective == 0)
            race.stop()
            if ledger.objective == 0 or attempt.outcome in ("optimal", "infeasible") or race.remaining() < 0.1:
                break
    finally:
        race.close()
    result = solving.conclude(race, solving.Request(method=method or "auto", threads=threads), None, False, began)
    proven = ledger.objective == 0 or (attempt.outcome == "optimal" and ledger.objective is not None)
    status: Any = "optimal" if proven else "feasible" if ledger.objective is not None else "no_plan"
    if ledger.plan is None and strategy.claims(race):
        status = "infeasible"
    return replace(result, status=status, bound=attempt.bound, proof="single" if proven else "none")


def _roads(instance: Instance[Any], method: str | None) -> list[Method]:
    if method is not None:
        return [registry.method(method, instance.problem)]
    found = [m for m in registry.methods(instance.problem) if m.exact and m.module.startswith("jitopt.")]
    if not found:
        raise UnknownMethodError(f"There is no exact method for {instance.problem} to explain with.")
    return found
