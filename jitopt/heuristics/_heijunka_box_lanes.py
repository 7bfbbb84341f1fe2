"""A heijunka box product by product, as whole costs for `_kernels.heijunka_box_bound`.

A lane is a product by itself: what it may have built by the end of each bucket, and what that costs in rates. Costs are
counted in a step that is a power of two, and rounded down to it, so that a least cost is at most the true one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._heijunka_rounding import rounded, rounding_bound
from jitopt.heuristics._kernels import heijunka_box_bound as bound
from jitopt.heuristics._kernels import heijunka_box_state as at
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.heuristics._kernels.heijunka_box_state import Box, Floats, Ints
    from jitopt.problems.heijunka import Heijunka

__all__ = ["Traffic", "is_summed", "traffic"]

STATES, STEPS = 4_000_000, 200_000_000
"""No lanes with more states, or with more packs to try in all of them."""
BITS, DUAL_BITS = 52, 57
"""Costs of a lane add up to less than two to this power; what duals make of units, and of minutes, to less than two to
the other."""
CLOCK = 1_000_000
"""Sums of work and changeovers are looked at one by one where a bucket has no more steps of time."""
ROUNDING = 1e-13
"""Relative error of a cost in floating point, at most."""


@dataclass(frozen=True)
class Traffic:
    """The lanes of the products with demand, and what binds them to each other.

    rows: of the products. exponent: costs are counted in steps of 2 ** -exponent. change: of a changeover, in steps.
    units: of a pack. minutes, setups: whole steps of time, of a pack and of a changeover; available: of a bucket, where
    limited. free: lanes whose first bucket needs no changeover. price_most, minute_most: largest duals of a unit and of
    a step of time.
    """

    lanes: bound.Lanes
    rows: tuple[int, ...]
    exponent: int
    change: int
    units: Ints
    minutes: Ints
    setups: Ints
    available: int
    limited: bool
    free: Ints
    price_most: int
    minute_most: int

    def steps(self, cost: Fraction) -> int:
        """Return a cost in whole steps, rounded down."""
        return math.floor(cost * Fraction(2) ** self.exponent)


def is_summed(measure: str) -> bool:
    """Tell whether a term of this measure is a sum over cells."""
    return measure in ("sum_squared", "sum_absolute")


def traffic(instance: Heijunka, box: Box, upper: float, dearest: float) -> Traffic | None:
    """Return the lanes, None where there are too many states, or none at some bucket.

    Left out are states that no plan better than `upper` has [objective; infinite without a plan]: their deviation, and
    the least that everything else costs, are more than that.
    dearest: largest cost that is to be told in steps, beside those of the lanes [objective].
    """
    slots, packs = instance.slots, instance.box_data.packs
    rows = tuple(row for row, demand in enumerate(instance.products.demand) if demand)
    spare = (upper - rounding_bound(instance)) * (1 + 1e-9) + 1e-9
    ranges = [_reach(instance, box, row) for row in rows]
    low, high = np.zeros((2, len(rows), slots + 1), dtype=np.int64)
    for lane, (row, (_, _, lowest, highest)) in enumerate(zip(rows, ranges, strict=True)):
        near = _near(instance, row, spare)
        low[lane], high[lane] = np.maximum(lowest, near[0]), np.minimum(highest, near[1])
    most = np.array([each[1] for each in ranges]).reshape(-1, slots)
    width = high - low + 1
    if (width <= 0).any() or width.sum() > STATES:
        return None
    if (width[:, 1:] * np.minimum(most, width.max(axis=1, initial=1)[:, None])).sum() > STEPS:
        return None
    costs = [_rates(instance, row, low[lane], high[lane]) for lane, row in enumerate(rows)]
    change = sum(term.weight for term in instance.objective if term.term == "changeover" and is_summed(term.measure))
    largest = max(change + max((float(cost.max()) for cost in costs), default=0.0), dearest, 1e-6)
    exponent = BITS - math.ceil(math.log2(largest * (slots + 1)))
    ends = np.cumsum(width.ravel())
    first = np.concatenate(([0], ends[:-1])).reshape(width.shape)
    available, minutes, setups, _ = instance.box_data.whole_minutes()
    size = np.array([packs[row] for row in rows], dtype=np.int64)
    available = _usable(available, [packs[row] * minutes[row] for row in rows], [setups[row] for row in rows])
    busiest = [minutes[row] * instance.products.demand[row] + setups[row] * slots for row in rows]
    bucket = np.zeros((6, len(rows), slots), dtype=np.int64)
    bucket[bound.LEAST], bucket[bound.MOST] = np.array([each[0] for each in ranges]).reshape(-1, slots), most
    lanes = bound.Lanes(
        state=np.array((first, low, high)),
        bucket=bucket,
        row=np.zeros((2, len(rows)), dtype=np.int64),
        cost=np.floor(np.concatenate([*costs, np.zeros(1)]) * (1 - ROUNDING) * 2.0**exponent).astype(np.int64),
        reached=np.zeros((2, int(width.sum(axis=1).max(initial=1))), dtype=np.int64),
    )
    return Traffic(
        lanes=lanes,
        rows=rows,
        exponent=exponent,
        change=math.floor(exact(change) * Fraction(2) ** exponent),
        units=size,
        minutes=np.array([minutes[row] for row in rows], dtype=np.int64) * size,
        setups=np.array([setups[row] for row in rows], dtype=np.int64),
        available=available,
        limited=instance.box_data.available is not None,
        free=np.array([not instance.box_data.changes_first(row) for row in rows]).nonzero()[0],
        price_most=2**DUAL_BITS // max(instance.units, slots * min(instance.capacity, instance.units)),
        minute_most=2**DUAL_BITS // max(slots, available * slots, *busiest),
    )


def _usable(available: int, packs: list[int], setups: list[int]) -> int:
    """Return the most time, at most `available`, that some packs and changeovers can take together [steps].

    packs, setups: steps of a pack, of which a bucket may hold any number, and of a changeover, of each product.
    """
    if available > CLOCK:
        step = gcd(*packs, *setups)
        return available // step * step if step else available
    within = (1 << (available + 1)) - 1
    sums = 1  # bit t: t steps can be taken
    for setup in setups:
        sums |= sums << setup & within
    for pack in packs:
        span = pack
        while 0 < span <= available:
            sums |= sums << span & within
            span *= 2
    return sums.bit_length() - 1


def _reach(instance: Heijunka, box: Box, row: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return least and most packs of a product in each bucket, and least and most built by the end of s = 0..S."""
    slots, frozen = instance.slots, instance.frozen
    pack = instance.box_data.packs[row]
    total = instance.products.demand[row] // pack
    least = box.grid[at.LEAST, row]
    most = np.full(slots, min(total, instance.capacity // pack))
    most[:frozen] = least[:frozen]
    due = -(-np.maximum.accumulate(box.grid[at.DUE_BY, row]) // pack)
    built_least, built_most = np.cumsum(least), np.cumsum(most)
    low = np.maximum(np.maximum(due, built_least), total - (built_most[-1] - built_most))
    high = np.minimum(np.minimum(built_most, total), total - (built_least[-1] - built_least))
    low[-1] = max(low[-1], total)
    return least, most, np.concatenate(([0], low)), np.concatenate(([0], high))


def _near(instance: Heijunka, row: int, spare: float) -> tuple[Ints, Ints]:
    """Return the range of packs by the end of s = 0..S whose rate deviations a plan can afford.

    spare: what a plan may cost above the sum of all least costs.
    """
    slots, pack, demand = instance.slots, instance.box_data.packs[row], instance.products.demand[row]
    ideal = np.arange(slots + 1) * (demand / slots)
    reach = np.full(slots + 1, 2.0 * demand)
    for term in instance.objective:
        weight = term.weight * float(instance.weights[row])
        if term.term != "rate" or not weight:
            continue
        power = 2 if term.measure.endswith("squared") else 1
        own = np.full(slots + 1, rounded(instance, term))
        if is_summed(term.measure):
            own = weight * np.abs(ideal - np.round(ideal / pack) * pack) ** power
        reach = np.minimum(reach, ((max(0.0, spare) + own) / weight) ** (1 / power))
    least = np.ceil((ideal - reach) / pack - 1e-6).astype(np.int64)
    most = np.floor((ideal + reach) / pack + 1e-6).astype(np.int64)
    return least, most


def _rates(instance: Heijunka, row: int, low: Ints, high: Ints) -> Floats:
    """Return the cost of the rate deviation in each state of a product [objective]."""
    slots, width = instance.slots, high - low + 1
    bucket = np.repeat(np.arange(slots + 1), width)
    built = np.arange(len(bucket)) - np.repeat(np.cumsum(width) - width - low, width)
    pack, demand = instance.box_data.packs[row], instance.products.demand[row]
    deviation = np.abs(built * (pack * slots) - bucket * demand) / slots
    cost = np.zeros(len(bucket))
    for term in instance.objective:
        if term.term == "rate" and is_summed(term.measure):
            power = 2 if term.measure.endswith("squared") else 1
            cost += term.weight * float(instance.weights[row]) * deviation**power
    return cost
