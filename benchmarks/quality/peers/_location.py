"""Sourcing in one period as plain data: demand, and every quote with its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.sourcing import Order, SourcingPlan

if TYPE_CHECKING:
    from jitopt.problems.sourcing import Sourcing

__all__ = ["demand_of", "plan_of_shares", "quotes_of", "single"]

LEAST_SHARE = 1e-7
"""Shares below this are what a solver leaves behind."""


def demand_of(instance: Sourcing) -> dict[str, float]:
    """Return the demand of each part that has some."""
    return {part: d for part, d in zip(instance.parts.part, instance.parts.demand, strict=True) if d}


def quotes_of(instance: Sourcing) -> list[tuple[str, str, float]]:
    """Return supplier, part and price of every quote."""
    table = instance.quotes
    return list(zip(table.supplier, table.part, table.price, strict=True))


def single(instance: Sourcing) -> bool:
    """Tell whether every part has one supplier."""
    limits = instance.part_limits
    return limits is not None and set(limits.suppliers_at_most or ()) == {1}


def plan_of_shares(instance: Sourcing, shares: list[float]) -> SourcingPlan:
    """Return the orders by the share that each quote has of its part's demand."""
    demand = demand_of(instance)
    total: dict[str, float] = {}
    kept = [
        (s, p, share)
        for (s, p, _), share in zip(quotes_of(instance), shares, strict=True)
        if share > LEAST_SHARE and p in demand
    ]
    for _, part, share in kept:
        total[part] = total.get(part, 0.0) + share
    return SourcingPlan(
        orders=tuple(Order(supplier=s, part=p, period=1, quantity=demand[p] * share / total[p]) for s, p, share in kept)
    )
