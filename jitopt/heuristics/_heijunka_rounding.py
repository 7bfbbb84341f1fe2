"""A bound that holds for every plan of heijunka: counts are whole, the ideal is not.

After slot s a product has been built a whole number of times, and a part been used a whole multiple
of the greatest common divisor of its quantities; the deviation is at least the distance from the
ideal to the nearest such value. In a sequence, every product but the first, or but the one that was built
before it, needs a changeover. Workers have no more time than the line gives them. In a box volumes are whole,
and a product's longest gap is at least what its packs, spread evenly, leave.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jitopt.heuristics._heijunka_work import work_bound
from jitopt.problems.heijunka.box import least_gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.problems.heijunka import Heijunka

__all__ = ["rounding_bound"]

MARGIN = 1e-12
"""Relative amount by which the bound is lowered, for rounding."""

Floats = NDArray[np.float64]


def rounding_bound(instance: Heijunka) -> float:
    """Return a value that the objective of no plan goes below [objective]."""
    total = 0.0
    for term in instance.objective:
        least = 0.0
        if term.term in ("rate", "usage"):
            flows = _rates(instance) if term.term == "rate" else _usages(instance)
            values = [_measured(weight, distance, term.measure) for weight, distance in flows]
            least = max(values, default=0.0) if term.measure.startswith("max") else sum(values)
        elif term.term == "changeover" and instance.box is None and instance.changeovers is None:
            built = {row for row, demand in enumerate(instance.products.demand) if demand}
            changes = len(built | set(instance.previous_rows[-1:])) - 1
            least = float(min(changes, 1) if term.measure.startswith("max") else changes)
        elif term.term in ("overload", "idle"):
            least = float(work_bound(instance, term))
        elif term.term in ("volume", "epei"):
            values = [_measured(*value, term.measure) for value in _of_box(instance, term.term)]
            least = max(values, default=0.0) if term.measure.startswith("max") else sum(values)
        total += term.weight * least
    return max(0.0, total * (1 - MARGIN) - 1e-12)


def _rates(instance: Heijunka) -> Iterator[tuple[float, Floats]]:
    """Yield weight and least deviation after every slot of each product."""
    for weight, demand in zip(instance.weights, instance.products.demand, strict=True):
        yield float(weight), _distance(demand, instance.slots)


def _usages(instance: Heijunka) -> Iterator[tuple[float, Floats]]:
    """Yield weight and least deviation after every slot of each part."""
    for weight, users in instance.usage.values():
        scale = lcm(*(quantity.denominator for _, quantity in users))
        amounts = [int(quantity * scale) for _, quantity in users]
        step = gcd(*amounts)
        if step == 0:
            continue
        total = sum(instance.products.demand[row] * amount for (row, _), amount in zip(users, amounts, strict=True))
        yield float(weight), _distance(total // step, instance.slots) * float(Fraction(step, scale))


def _of_box(instance: Heijunka, term: str) -> Iterator[tuple[float, Floats]]:
    """Yield weights and least deviations: of the volumes D/S of the buckets, or of each product's longest gap.

    r = D mod S buckets at least D/S rounded up, the others rounded down: no other whole volumes are nearer.
    """
    slots, units = instance.slots, instance.units
    if term == "volume":
        high = units % slots
        yield 1.0, np.array([(slots - high) / slots] * high + [high / slots] * (slots - high))
        return
    for weight, demand, pack in zip(instance.weights, instance.products.demand, instance.box_data.packs, strict=True):
        if demand:
            yield float(weight), np.array([float(least_gap(slots, demand, pack))])


def _distance(total: int, slots: int) -> Floats:
    """Return the distance from total * s / slots to the nearest whole number, for s = 1..slots."""
    if total * slots >= 2**62:
        return np.zeros(slots)
    rest = np.arange(1, slots + 1, dtype=np.int64) * np.int64(total) % slots
    distance: Floats = np.minimum(rest, slots - rest) / slots
    return distance


def _measured(weight: float, distance: Floats, measure: str) -> float:
    values = distance**2 if measure.endswith("squared") else distance
    return weight * float(values.max() if measure.startswith("max") else values.sum())
