"""A lower bound on the cost of a sourcing plan: Lagrangian relaxation of the demands.

Whatever a plan orders of part p, a part u_l <= q_l of it can be told off in proportion so that
exactly the need n_p (demand less initial stock) is covered. Each u_l costs at least the price at
the best factor in reach, plus its part of the fixed costs, each spread over the largest quantity
it can serve. Pricing the needs by multipliers lambda_p leaves one continuous knapsack per
supplier, with its fixed cost, capacity and price breaks; any lambda >= 0 gives a valid bound
(Geoffrion 1974; for facility location Cornuejols, Fisher and Nemhauser 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from jitopt.problems.base import exact
from jitopt.problems.sourcing import Sourcing
from jitopt.problems.sourcing.instance import Ladder, Link

__all__ = ["Relaxation", "relax"]

Array = Any

SLACK = 2e-9
"""Twice the tolerance within which the judge takes a rule as kept."""

MARGIN = 1e-8
"""Relative margin taken off the bound, against rounding."""


@dataclass
class Relaxation:
    """The relaxation: links sorted by supplier, and the present multipliers.

    need: n_p. supplier, part: of each link. price: c_l, with tiers to be multiplied. extra: all
    other cost per unit. least, most: limits on u_l. start: first link of each supplier with links.
    owner: that supplier. fixed, capacity, forced: of it. break_at, factor: its tiers, a column each.
    cheapest: its lowest price. pick_least, pick_most: how many of them are used. constant: cost
    that no plan avoids. multipliers: lambda_p. bound: best found.
    """

    need: Array
    part: Array
    price: Array
    extra: Array
    least: Array
    most: Array
    start: Array
    owner: Array
    fixed: Array
    capacity: Array
    forced: Array
    break_at: Array
    factor: Array
    cheapest: Array
    pick_least: int
    pick_most: int
    constant: float
    multipliers: Array
    bound: float = 0.0
    theta: float = 1.5
    stalled: int = 0

    def evaluate(self) -> tuple[float, Array]:
        """Return the bound at the present multipliers and the uncovered need of each part there."""
        values = np.full(len(self.fixed), np.inf)
        taken = np.zeros(len(self.price))
        for column in range(self.factor.shape[1]):
            value, amount = self._tier(column)
            wins = value < values
            values = np.where(wins, value, values)
            taken = np.where(wins[self.owner], amount, taken)
        chosen = self._chosen(values + self.fixed)
        total = float(self.multipliers @ self.need) + float((values + self.fixed)[chosen].sum()) + self.constant
        covered = np.bincount(self.part, weights=taken * chosen[self.owner], minlength=len(self.need))
        return total, self.need - covered

    def _tier(self, column: int) -> tuple[Array, Array]:
        """Solve the knapsack of every supplier in one of its tiers: value and quantities."""
        factor, target = self.factor[:, column], self.break_at[:, column]
        reduced = self.price * factor[self.owner] + self.extra - self.multipliers[self.part]
        order = np.lexsort((reduced, self.owner))
        cost, width = reduced[order], (self.most - self.least)[order]
        base = np.add.reduceat(self.least, self.start)
        before = np.cumsum(width) - width
        before -= before[self.start][self.owner]
        filler = factor * self.cheapest
        limit = np.where(cost < 0.0, (self.capacity - base)[self.owner], -np.inf)
        fills = (cost >= 0.0) & (cost < filler[self.owner])
        limit = np.where(fills, (np.minimum(target, self.capacity) - base)[self.owner], limit)
        amount = np.empty_like(width)
        amount[order] = np.clip(limit - before, 0.0, width)
        amount += self.least
        bought = np.add.reduceat(amount, self.start)
        value = np.add.reduceat(reduced * amount, self.start) + filler * np.maximum(0.0, target - bought)
        return np.where(np.isfinite(target), value, np.inf), amount

    def _chosen(self, values: Array) -> Array:
        """Choose the suppliers of least value: those forced, those below 0, as many as the counts ask."""
        chosen = self.forced.copy()
        free = np.flatnonzero(~self.forced)
        ranked = free[np.argsort(values[free], kind="stable")]
        count = len(values) - len(free)
        least = min(len(ranked), max(0, self.pick_least - count))
        most = max(least, min(len(ranked), self.pick_most - count))
        negative = int((values[ranked] < 0.0).sum())
        chosen[ranked[: min(most, max(least, negative))]] = True
        return chosen

    def improve(self, target: float) -> bool:
        """Do a subgradient step towards `target` (Held, Wolfe and Crowder 1974); tell whether to go on."""
        total, gap = self.evaluate()
        if total > self.bound + 1e-6 * abs(self.bound):
            self.stalled = 0
        else:
            self.stalled += 1
        self.bound = max(self.bound, total - MARGIN * abs(total))
        if self.stalled >= 8:
            self.theta, self.stalled = self.theta / 2, 0
        norm = float(gap @ gap)
        if norm <= 1e-18 * float(self.need @ self.need) or self.theta < 0.02:
            return False
        step = self.theta * max(target - total, 1e-6 * abs(target)) / norm
        self.multipliers = np.maximum(0.0, self.multipliers + step * gap)
        return True


def relax(instance: Sourcing) -> Relaxation | None:
    """Return the relaxation of an instance at its first multipliers; None if nothing must be ordered."""
    needs = {part: _need(instance, part) for part in instance.demand}
    links = sorted(
        (link for link in instance.links.values()), key=lambda link: instance.suppliers.supplier.index(link.supplier)
    )
    raise NotImplementedError
