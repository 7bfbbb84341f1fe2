"""Optima of tiny instances by enumeration: the oracle that every method is held against.

Nothing here is shared with a formulation or a heuristic. Plans are scored by the judge of the
problem; the judge itself is held against `jitopt.testing.naive`.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product as cartesian
from math import comb, factorial, prod
from typing import TYPE_CHECKING, Any

from jitopt.problems.delivery import Delivery
from jitopt.problems.heijunka import Bucket, Heijunka, HeijunkaPlan
from jitopt.problems.kanban import Kanban
from jitopt.problems.sourcing import Order, Sourcing, SourcingPlan
from jitopt.testing import _delivery_search
from jitopt.testing._kanban_choices import card_choices, card_plans
from jitopt.testing._line_plans import line_plans
from jitopt.testing._optimum import Optimum
from jitopt.testing._sourcing_search import largest_order, search

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.problems.base import Instance, Plan

__all__ = ["Optimum", "best_of", "count", "optimum", "plans"]

MOST_PLANS = 1_000_000
"""No more plans than this are enumerated."""


def optimum(instance: Instance[Any]) -> Optimum | None:
    """Return the optimum of a tiny instance, None when no plan keeps every rule.

    Heijunka: every distinct sequence, or every filling of the buckets, is judged. Kanban: every
    combination of what the loops may choose; of a line, of its places or cards. Sourcing: every
    combination of orders when all quotes have multiples and the combinations are few; otherwise every
    structure (orders used, price break reached, number of packs) is priced by a linear programme, branches
    that cannot be better left out (`jitopt.testing._sourcing_search`). Delivery: every choice of
    frequencies, or all multiples up to a bound, each with its best base period
    (`jitopt.testing._delivery_search`).

    Parameters
    ----------
    instance
        An instance small enough to be enumerated.

    Raises
    ------
    ValueError
        If the instance is too large, or the judge refuses the plan of its optimum.
    """
    if isinstance(instance, Delivery):
        return _delivery_search.search(instance)
    if isinstance(instance, Sourcing) and (_has_fractions(instance) or count(instance) > 500):
        return search(instance)
    return best_of(instance, plans(instance))


def best_of(instance: Instance[Any], candidates: Iterator[Any]) -> Optimum | None:
    """Return the best of some plans by the judge, None when none keeps every rule."""
    best: Optimum | None = None
    for plan in candidates:
        found = instance.evaluate(plan)
        if found.violations or found.exact is None:
            continue
        if best is None or instance.sense * found.exact < instance.sense * best.value:
            best = Optimum(found.exact, plan)
    return best


def count(instance: Instance[Any]) -> int:
    """Return the number of plans that `plans` enumerates."""
    if isinstance(instance, Delivery):
        return _delivery_search.count(instance)
    if isinstance(instance, Heijunka):
        demand = instance.products.demand
        if instance.box:
            return prod(comb(units + instance.slots - 1, units) for units in demand)
        return factorial(instance.units) // prod(factorial(units) for units in demand)
    if isinstance(instance, Kanban):
        if instance.line is not None:
            return sum(1 for _ in line_plans(instance))
        return prod(len(choices) for choices in card_choices(instance))
    assert isinstance(instance, Sourcing)
    return prod(len(quantities) for _, quantities in _choices(instance))


def plans(instance: Instance[Any]) -> Iterator[Any]:
    """Enumerate the plans of a tiny instance.

    Heijunka: all that meet the demand, whatever other rule they break. Kanban: all whose single
    loops have the cards they need, and no useless ones. Sourcing (all quotes with
    multiples): all whose single orders keep minimum, multiple, capacity and the largest size.

    Raises
    ------
    ValueError
        If there are too many, or a quote allows any quantity.
    """
    if isinstance(instance, Delivery):
        return _delivery_search.plans(instance)
    if isinstance(instance, Sourcing) and _has_fractions(instance):
        raise ValueError("A quote without multiple has endlessly many orders.")
    if count(instance) > MOST_PLANS:
        raise ValueError(f"{count(instance)} plans are too many to enumerate.")
    if isinstance(instance, Sourcing):
        return _order_plans(instance)
    if isinstance(instance, Kanban):
        return card_plans(instance) if instance.line is None else line_plans(instance)
    assert isinstance(instance, Heijunka)
    return _fillings(instance) if instance.box else _sequences(instance)


# --- heijunka ------------------------------------------------------------------------------


def _sequences(instance: Heijunka) -> Iterator[Plan]:
    left = Counter(dict(zip(instance.products.product, instance.products.demand, strict=True)))
    for sequence in _permutations(left, instance.units):
        yield HeijunkaPlan(sequence=tuple(sequence))


def _permutations(left: Counter[str], length: int) -> Iterator[list[str]]:
    """Yield the distinct orders of a multiset."""
    if not length:
        yield []
        return
    for product in left:
        if left[product]:
            left[product] -= 1
            for rest in _permutations(left, length - 1):
                yield [product, *rest]
            left[product] += 1


def _fillings(instance: Heijunka) -> Iterator[Plan]:
    ways = [list(_compositions(units, instance.slots)) for units in instance.products.demand]
    for filling in cartesian(*ways):
        yield HeijunkaPlan(
            buckets=tuple(
                Bucket(bucket=bucket, product=product, quantity=units)
                for product, row in zip(instance.products.product, filling, strict=True)
                for bucket, units in enumerate(row, 1)
                if units
            )
        )


def _compositions(units: int, slots: int) -> Iterator[tuple[int, ...]]:
    """Yield the ways to spread identical units over slots."""
    if slots == 1:
        yield (units,)
        return
    for first in range(units + 1):
        for rest in _compositions(units - first, slots - 1):
            yield (first, *rest)


# --- sourcing ------------------------------------------------------------------------------


def _has_fractions(instance: Sourcing) -> bool:
    return any(link.multiple is None for link in instance.links.values())


def _choices(instance: Sourcing) -> list[tuple[tuple[str, str, int], Sequence[Fraction]]]:
    """Return for each (supplier, part, period) the quantities of an order, 0 first."""
    found: list[tuple[tuple[str, str, int], Sequence[Fraction]]] = []
    for (supplier, part), link in instance.links.items():
        assert link.multiple is not None
        most = largest_order(instance, part)
        if link.maximum is not None:
            most = min(most, link.maximum)
        if link.capacity is not None:
            most = min(most, link.capacity)
        packs = range(1, int(most // link.multiple) + 1)
        sizes = [n * link.multiple for n in packs if n * link.multiple >= link.minimum]
        found += (((supplier, part, period), [Fraction(0), *sizes]) for period in instance.periods)
    return found


def _order_plans(instance: Sourcing) -> Iterator[Plan]:
    choices = _choices(instance)
    for quantities in cartesian(*(sizes for _, sizes in choices)):
        yield SourcingPlan(
            orders=tuple(
                Order(supplier=supplier, part=part, period=period, quantity=float(quantity))
                for ((supplier, part, period), _), quantity in zip(choices, quantities, strict=True)
                if quantity
            )
        )
