"""A bound that holds for every plan of heijunka: counts are whole, the ideal is not.

After slot s a product has been built in a whole number of packs (units, without packs), and a part been used a whole
multiple of the greatest common divisor of what packs use of it; the deviation is at least the distance from the
ideal to the nearest such value. In a sequence, every product but the first, or but the one that was built
before it, needs a changeover. Workers have no more time than the line gives them. In a box volumes are whole
multiples of the packs' greatest common divisor, and a product's longest gap is at least what its packs, spread evenly,
leave.
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
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["rounded", "rounding_bound", "volume_step"]

MARGIN = 1e-12
"""Relative amount by which the bound is lowered, for rounding."""

Floats = NDArray[np.float64]


def rounding_bound(instance: Heijunka) -> float:
    """Return a value that the objective of no plan goes below [objective]."""
    total = sum(rounded(instance, term) for term in instance.objective)
    return max(0.0, total * (1 - MARGIN) - 1e-12)


def rounded(instance: Heijunka, term: Objective) -> float:
    """Return a value that a term goes below in no plan, but for rounding [objective]."""
    least = 0.0
    if term.term in ("rate", "usage", "volume", "epei"):
        flows = _rates(instance) if term.term == "rate" else _usages(instance)
        if term.term in ("volume", "epei"):
            flows = _of_box(instance, term.term)
        values = [_measured(weight, distance, term.measure) for weight, distance in flows]
        least = max(values, default=0.0) if term.measure.startswith("max") else sum(values)
    elif term.term == "changeover" and instance.box is None and instance.changeovers is None:
        built = {row for row, demand in enumerate(instance.products.demand) if demand}
        changes = len(built | set(instance.previous_rows[-1:])) - 1
        least = float(min(changes, 1) if term.measure.startswith("max") else changes)
    elif term.term in ("overload", "idle"):
        least = float(work_bound(instance, term))
    return term.weight * least


def _rates(instance: Heijunka) -> Iterator[tuple[float, Floats]]:
    """Yield weight and least deviation after every slot of each product."""
    for weight, demand, pack in zip(instance.weights, instance.products.demand, instance.box_data.packs, strict=True):
        yield float(weight), _distance(demand // pack, instance.slots) * pack


def _usages(instance: Heijunka) -> Iterator[tuple[float, Floats]]:
    """Yield weight and least deviation after every slot of each part."""
    packs = instance.box_data.packs
    for weight, users in instance.usage.values():
        scale = lcm(*(quantity.denominator for _, quantity in users))
        amounts = [int(quantity * scale) for _, quantity in users]
        step = gcd(*(amount * packs[row] for (row, _), amount in zip(users, amounts, strict=True)))
        if step == 0:
            continue
        total = sum(instance.products.demand[row] * amount for (row, _), amount in zip(users, amounts, strict=True))
        yield float(weight), _distance(total // step, instance.slots) * float(Fraction(step, scale))


def _of_box(instance: Heijunka, term: str) -> Iterator[tuple[float, Floats]]:
    """Yield weights and least deviations: of the volumes D/S of the buckets, or of each product's longest gap.

    Volumes are multiples of g, the greatest common divisor of the packs: r = D/g mod S buckets hold D/S rounded
    up to one, the others rounded down; no other such volumes are nearer.
    """
    slots, packs = instance.slots, instance.box_data.packs
    if term == "volume":
        step = volume_step(instance)
        high = instance.units // step % slots
        yield 1.0, np.array([(slots - high) / slots] * high + [high / slots] * (slots - high)) * step
        return
    for weight, demand, pack in zip(instance.weights, instance.products.demand, packs, strict=True):
        if demand:
            yield float(weight), np.array([float(least_gap(slots, demand, pack))])


def volume_step(instance: Heijunka) -> int:
    """Return the units of which the volume of every bucket is a multiple: the greatest common divisor of the packs."""
    used = zip(instance.products.demand, instance.box_data.packs, strict=True)
    return gcd(*(pack for demand, pack in used if demand))


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
