"""A bound for heijunka boxes: every product by itself, held together by prices of units and minutes.

Without the rules that bind products to each other, a cheapest plan of each product is found exactly. A price on the
units, and one on the minutes, of every bucket (Lagrangian duals) makes them pay for what they take of it. Whatever the
prices are, the sum is a bound; the ascent looks for good ones.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._heijunka_box_gaps import Gaps
from jitopt.heuristics._heijunka_box_lanes import is_summed, traffic
from jitopt.heuristics._heijunka_rounding import MARGIN, rounded, rounding_bound, volume_step
from jitopt.heuristics._kernels import heijunka_box_bound as at
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_box_lanes import Traffic
    from jitopt.heuristics._kernels.heijunka_box_state import Box, Floats, Ints
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["BoxBound"]

SHRINK, PATIENCE, LEAST_STEP = 0.5, 12, 1e-3
"""The step of the ascent shrinks by this factor after so many evaluations without a gain; it ends with the least."""
INERTIA = 0.8
"""Share of the last direction in the next one."""
VOLUMES = 20_000
"""Volumes of a bucket that are told apart, at most; with more the term is rounded."""


class BoxBound:
    """The bound of a box, which `ascend` betters.

    value: the best bound so far [objective].

    Parameters
    ----------
    instance
        A box.
    box
        Its arrays, with locks and due dates.
    kernels
        `_kernels.heijunka_box_bound`, plain or compiled.
    upper
        Objective of a plan that keeps every rule; infinite without one.
    prices
        Those to begin with: of a unit, and of a minute, in each bucket.
    """

    value: float

    def __init__(self, instance: Heijunka, box: Box, kernels: Any, upper: float, prices: Floats | None = None) -> None:
        self.instance, self.kernels, self.upper = instance, kernels, upper
        self.value = rounding_bound(instance)
        self.best_prices: Floats = np.zeros((2, instance.slots))
        self.buckets = _Buckets(instance, upper)
        gaps = next((term for term in instance.objective if term.term == "epei" and term.weight), None)
        self.rest = sum(rounded(instance, term) for term in instance.objective if not self._inside(term, gaps))
        found = traffic(instance, box, upper, self.buckets.dearest)
        self.traffic: Traffic | None = found
        if found is None:
            return
        self.buckets.count(found)
        self.gaps = Gaps(instance, found, gaps, kernels)
        self.scale = 2.0**found.exponent
        packs = np.array([instance.products.demand[row] for row in found.rows]) / found.units
        self.minute = max(1.0, float((found.minutes * packs).sum()) / instance.units)
        self.prices: Floats = np.zeros((2, instance.slots)) if prices is None else prices.copy()
        self.best_prices[:], self.direction = self.prices, np.zeros((2, instance.slots))
        self.step, self.waited, self.reached = 1.0, 0, -math.inf

    def _inside(self, term: Objective, gaps: Objective | None) -> bool:
        """Tell whether a term is priced by the lanes and buckets, rather than rounded."""
        if term.term == "volume":
            return self.buckets.priced and is_summed(term.measure)
        return term is gaps or (term.term in ("rate", "changeover") and is_summed(term.measure))

    def ascend(self, count: int, stopped: Callable[[], bool]) -> bool:
        """Evaluate so many prices at most; tell whether more may help."""
        if self.traffic is None:
            return False
        for _ in range(count):
            if self.step < LEAST_STEP or self.value >= self.upper * (1 - 1e-9) or stopped():
                return False
            self._climb()
        return True

    def plan(self) -> Ints | None:
        """Return the packs (products x buckets) of the cheapest plans of single products at the best prices.

        Together they keep what binds single products, but neither capacity nor minutes. None where there are none.
        """
        if self.traffic is None or not math.isfinite(self.reached):
            return None
        self.prices[:] = self.best_prices
        self._evaluate()
        packs = np.zeros((len(self.instance.products.product), self.instance.slots), dtype=np.int64)
        packs[list(self.traffic.rows)] = self.gaps.packs
        return packs

    def _climb(self) -> None:
        """Evaluate the prices, then take a step along the excess of units and minutes (Polyak 1969)."""
        value, excess = self._evaluate()
        if math.isinf(min(value, self.upper)):
            self.step = 0.0  # No plan, however it is bound to others, keeps the rules of some product.
            return
        if not math.isfinite(self.reached) or value > self.reached + 1e-7 * abs(self.reached):
            self.reached, self.waited = value, 0
            self.best_prices[:] = self.prices
            # A plan that was left out costs `upper` at least.
            self.value = max(self.value, min(value, self.upper) * (1 - MARGIN) - 1e-12)
        else:
            self.waited += 1
            if self.waited >= PATIENCE:
                self.step, self.waited = self.step * SHRINK, 0
                self.prices[:] = self.best_prices
        self.direction = INERTIA * self.direction + excess
        useful = self.direction.copy()
        useful[1] = np.where((self.prices[1] <= 0) & (useful[1] < 0), 0.0, useful[1])
        length = float((useful**2).sum())
        if not length or not math.isfinite(value):
            self.step = 0.0
            return
        goal = self.upper if math.isfinite(self.upper) else value + 0.1 * abs(value) + 1.0
        self.prices += self.step * max(goal - value, 1e-6 * abs(goal)) / length * useful
        np.maximum(self.prices[1], 0.0, out=self.prices[1])

    def _evaluate(self) -> tuple[float, Floats]:
        """Return the bound of the prices, and by how much the plans behind it overstep what was priced."""
        found = self.traffic
        assert found is not None
        unit, minute = self._whole()
        lanes = found.lanes
        lanes.bucket[at.PACK] = found.units[:, None] * unit + found.minutes[:, None] * minute
        lanes.bucket[at.CHANGE] = found.change + found.setups[:, None] * minute
        lanes.bucket[at.CHANGE, found.free, 0] = 0
        self.kernels.cheapest(lanes, 0, len(found.rows), at.NO_LIMIT)
        if (lanes.row[at.VALUE] >= at.HUGE).any():
            return math.inf, self.direction
        total = self.gaps.charged()
        volumes, saved = self.buckets.cheapest(unit)
        total += saved - found.available * int(minute.sum())
        excess = np.zeros((2, len(unit)))
        excess[0] = (self.gaps.packs * found.units[:, None]).sum(axis=0) - volumes
        starts = self.gaps.starts.copy()
        starts[found.free, 0] = 0
        taken = (self.gaps.packs * found.minutes[:, None] + starts * found.setups[:, None]).sum(axis=0)
        excess[1] = (taken - found.available) / self.minute if found.limited else 0.0
        return float(Fraction(total) / Fraction(2) ** found.exponent) + self.rest, excess

    def _whole(self) -> tuple[Ints, Ints]:
        """Return the prices of a unit and of a step of time in whole steps."""
        found = self.traffic
        assert found is not None
        unit = np.clip(np.rint(self.prices[0] * self.scale), -found.price_most, found.price_most)
        minute = np.clip(np.rint(self.prices[1] * self.scale / self.minute), 0, found.minute_most)
        return unit.astype(np.int64), minute.astype(np.int64)


class _Buckets:
    """What buckets cost by their volumes: convex, so that the rises of the cost decide.

    priced: whether the term volume is told exactly. dearest: the largest cost [objective].
    """

    def __init__(self, instance: Heijunka, upper: float) -> None:
        self.step, slots = volume_step(instance), instance.slots
        self.terms = [t for t in instance.objective if t.term == "volume" and is_summed(t.measure) and t.weight]
        self.first, self.last = 0, min(instance.capacity, instance.units) // self.step
        self.mean = Fraction(instance.units, slots)
        self.priced = bool(self.terms) and self.last < VOLUMES
        if self.priced and math.isfinite(upper):
            middle = min(self.last, int(self.mean / self.step))
            while self.first < middle and self._cost(self.first) > exact(upper):
                self.first += 1
            while self.last > middle + 1 and self._cost(self.last) > exact(upper):
                self.last -= 1
        ends = (self._cost(self.first), self._cost(self.last)) if self.priced else (Fraction(0),)
        self.dearest = float(max(ends)) * 1.01

    def _cost(self, number: int) -> Fraction:
        deviation = abs(number * self.step - self.mean)
        powers = ((term.weight, 2 if term.measure == "sum_squared" else 1) for term in self.terms)
        return sum((exact(weight) * deviation**power for weight, power in powers), Fraction(0))

    def count(self, found: Traffic) -> None:
        """Tell costs in whole steps: the first one and every rise rounded down, so that they stay convex."""
        self.rises: Ints = np.zeros(0, dtype=np.int64)
        self.costs: Ints = np.zeros(1, dtype=np.int64)
        if self.priced:
            costs = [self._cost(number) for number in range(self.first, self.last + 1)]
            rises = [found.steps(after - before) for before, after in pairwise(costs)]
            self.rises = np.array(rises, dtype=np.int64)
            self.costs = np.cumsum([found.steps(costs[0]), *rises])

    def cheapest(self, unit: Ints) -> tuple[Ints, int]:
        """Return the volumes that cost least, the price of their units taken off, and that cost in all."""
        if self.priced:
            number = np.searchsorted(self.rises, unit * self.step)
        else:
            number = np.where(unit > 0, self.last - self.first, 0)
        volume = (self.first + number) * self.step
        cost = self.costs[number if self.priced else np.zeros_like(number)]
        return volume, sum((cost - unit * volume).tolist())
