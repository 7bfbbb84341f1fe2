"""The term epei in the bound of a box: for how long each product may be missing, against what that saves.

A product that may be missing for no more than some buckets in a row has a cheapest plan of its own; the fewer,
the dearer. The bound takes the cheapest limit, of each product for a sum and of all together for a largest value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._kernels import heijunka_box_bound as at
from jitopt.problems.base import exact
from jitopt.problems.heijunka.box import least_gap

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_box_lanes import Traffic
    from jitopt.heuristics._kernels.heijunka_box_state import Ints
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["Gaps"]

LIMITS = 12
"""So many limits are tried, at most; for those beyond products may be missing for as long as they like."""

Choice = tuple[int, dict[int, int]]
"""A cost, and the limits of lanes [buckets] under which it arises."""


class Gaps:
    """Costs of gaps, and the cheapest plans under them.

    packs, starts (lanes x S): the plans behind the last sum that was charged.
    """

    packs: Ints
    starts: Ints

    def __init__(self, instance: Heijunka, found: Traffic, term: Objective | None, kernels: Any) -> None:
        self.found, self.term, self.kernels = found, term, kernels
        self.slots, self.weights = instance.slots, [instance.weights[row] for row in found.rows]
        demand, packs = instance.products.demand, instance.box_data.packs
        self.least = [least_gap(self.slots, demand[row], packs[row]) for row in found.rows]
        self.packs, self.starts = np.zeros((2, *found.lanes.bucket.shape[1:]), dtype=np.int64)

    def cost(self, lane: int, gap: int) -> int:
        """Return what a longest gap of a product costs [steps]."""
        assert self.term is not None
        size = gap**2 if self.term.measure.endswith("squared") else gap
        return self.found.steps(exact(self.term.weight) * self.weights[lane] * size)

    def charged(self) -> int:
        """Return the least cost of all lanes with their gaps, from the plans that were found without a limit."""
        lanes = self.found.lanes
        self.free: list[int] = lanes.row[at.VALUE].tolist()
        self.gap: list[int] = lanes.row[at.GAP].tolist()
        self.packs[:], self.starts[:] = lanes.bucket[at.PACKS], lanes.bucket[at.STARTS]
        self.tried: dict[tuple[int, int], tuple[int, Ints, Ints]] = {}
        if self.term is None:
            return sum(self.free)
        if self.term.measure.startswith("max"):
            total, limits = self._largest()
        else:
            each = [self._single(lane) for lane in range(len(self.free))]
            total = sum(cost for cost, _ in each)
            limits = {lane: limit for _, chosen in each for lane, limit in chosen.items()}
        for lane, limit in limits.items():
            if limit < self.gap[lane]:
                _, self.packs[lane], self.starts[lane] = self.tried[lane, limit]
        return total

    def _limited(self, lane: int, limit: int) -> int:
        """Return the least cost of a lane that is missing for no longer than a limit."""
        if limit >= self.gap[lane]:
            return self.free[lane]
        if (lane, limit) not in self.tried:
            lanes = self.found.lanes
            self.kernels.cheapest(lanes, lane, lane + 1, limit)
            packs, starts = lanes.bucket[at.PACKS, lane].copy(), lanes.bucket[at.STARTS, lane].copy()
            self.tried[lane, limit] = int(lanes.row[at.VALUE, lane]), packs, starts
        return self.tried[lane, limit][0]

    def _single(self, lane: int) -> Choice:
        """Return the cheapest limit of a product, for sums of gaps."""
        best: Choice = at.HUGE, {}
        for limit in range(self.least[lane], self.slots + 1):
            cost = self.cost(lane, limit)
            if cost + self.free[lane] >= best[0]:
                break
            if limit >= self.least[lane] + LIMITS or limit >= self.gap[lane]:
                return cost + self.free[lane], {}
            value = cost + self._limited(lane, limit)
            if value < best[0]:
                best = value, {lane: limit}
        return best

    def _largest(self) -> Choice:
        """Return the cheapest value of the largest weighted gap.

        A plan of some largest value keeps the limits of the last level that is not above it: the next level is
        where the first product that is held back may be missing for one bucket more.
        """
        limits, free = list(self.least), sum(self.free)
        level = max((self.cost(lane, limit) for lane, limit in enumerate(limits)), default=0)
        best: Choice = at.HUGE * max(1, len(limits)), {}
        for _ in range(LIMITS):
            held = self._raise(limits, level)
            value = level + free + sum(self._limited(lane, limits[lane]) - self.free[lane] for lane in held)
            if value < best[0]:
                best = value, {lane: limits[lane] for lane in held}
            if not held:
                return best
            level = min(self.cost(lane, limits[lane] + 1) for lane in held)
            if level + free >= best[0]:
                return best
        return min(best, (level + free, {}), key=lambda choice: choice[0])

    def _raise(self, limits: list[int], level: int) -> list[int]:
        """Raise the limits as far as a level lets them; return the lanes that are still held back."""
        for lane, gap in enumerate(self.gap):
            while limits[lane] < gap and self.cost(lane, limits[lane] + 1) <= level:
                limits[lane] += 1
        return [lane for lane, gap in enumerate(self.gap) if limits[lane] < gap]
