"""A value that no plan of a sourcing instance can be below, for optima known by construction."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.sourcing import Sourcing

__all__ = ["lower_bound"]


def lower_bound(instance: Sourcing) -> Fraction:
    """Return a value that no plan can be below.

    Every unit needed beyond the initial stock costs at least the part's lowest price after the
    deepest discount with its quality costs, and the initial stock is held until it is used up.
    """
    cheapest: dict[str, Fraction] = {}
    factors: dict[tuple[str, str | None], Fraction] = {
        (ladder.supplier, ladder.part): min(factor for _, factor in ladder.breaks) for ladder in instance.ladders
    }
    for (supplier, part), link in instance.links.items():
        factor = factors.get((supplier, part), factors.get((supplier, None), Fraction(1)))
        unit = link.price * factor
        unit += exact(instance.defect_cost) * link.defects + exact(instance.late_cost) * link.late
        cheapest[part] = min(unit, cheapest.get(part, unit))
    bound = Fraction(0)
    for part, demand in instance.demand.items():
        stock = instance.initial[part]
        for need in demand:
            stock -= need
            bound += instance.holding_cost[part] * max(stock, Fraction(0))
        bound += max(-stock, Fraction(0)) * cheapest.get(part, Fraction(0))
    return bound
