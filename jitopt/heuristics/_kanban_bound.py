"""A lower bound on the cost of a kanban plan: Lagrangian relaxation of the shared limits.

With a price on every unit taken of a limit, each loop takes its cheapest column by itself; any
prices >= 0 give a valid bound (Geoffrion 1974). Steps along the excess (Held, Wolfe & Crowder
1974) raise it. A column whose priced cost lies above its loop's least by more than the distance
of bound and best plan is in no better plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from jitopt.heuristics._kanban_world import World

__all__ = ["Relaxation", "loads_of"]

Array = Any

MARGIN = 1e-10
"""Relative margin taken off the bound, against rounding."""

AHEAD = 0.02
"""Part of the bound by which it is taken to be too low, at least, where no plan is known."""

PATIENCE = 12
"""Steps in vain after which steps become shorter."""


class Relaxation:
    """Prices of the limits and the best bound they gave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.size = np.where(world.capacity > 0, world.capacity, 1.0)
        self.share = world.taken / self.size[world.limit]
        self.shares = csr_matrix((self.share, world.limit, world.start), shape=(len(world.cost), len(self.size)))
        self.goal = world.capacity / self.size
        self.prices = np.zeros(len(world.capacity))
        self.best_prices = self.prices
        self.best_choice = world.first[:-1]
        self.bound = -np.inf
        self.theta = 1.0
        self.stalled = 0
        self.open = True
        self.reach, self.before = 0.0, 0.0
        self.choice = self.evaluate()

    def begin(self, loops: int, steps: int) -> None:
        """Find first prices on a sample of the loops: with many, those of all are hardly different."""
        world = self.world
        chosen = np.arange(0, len(world.names), max(1, len(world.names) // loops))
        columns = np.flatnonzero(np.isin(world.loop, chosen))
        uses = uses_of(world, columns)
        counts = world.start[columns + 1] - world.start[columns]
        part = np.bincount(world.limit[uses], weights=self.share[uses], minlength=len(self.size))
        whole = np.bincount(world.limit, weights=self.share, minlength=len(self.size))
        loop = np.searchsorted(chosen, world.loop[columns])
        sample = replace(
            world,
            first=np.searchsorted(loop, np.arange(len(chosen) + 1)),
            loop=loop,
            cost=world.cost[columns],
            start=np.concatenate([[0], np.cumsum(counts)]),
            limit=world.limit[uses],
            taken=world.taken[uses],
            capacity=world.capacity * np.divide(part, whole, out=np.ones_like(part), where=whole > 0),
        )
        found = Relaxation(sample)
        for _ in range(steps):
            if found.open:
                found.step(None)
        self.prices = found.best_prices / found.size * self.size
        self.theta = 0.25
        self.choice = self.evaluate()

    def reduced(self, prices: Array) -> Array:
        """Return the priced cost of every column."""
        return self.world.cost + self.shares @ prices

    def evaluate(self) -> Array:
        """Note the bound at the present prices; return the columns taken there."""
        least, choice = self._least(self.prices)
        due = float(self.prices @ self.goal)
        value = float(least.sum()) - due
        value -= MARGIN * (float(np.abs(least).sum()) + due)
        self.stalled += 1
        if value > self.bound:
            self.stalled = 0 if value > self.bound + 1e-7 * abs(self.bound) else self.stalled
            self.bound, self.best_prices, self.best_choice = value, self.prices, choice
        return choice

    def cheapest(self, prices: Array) -> Array:
        """Return the column of least priced cost of each loop."""
        return self._least(prices)[1]

    def _least(self, prices: Array) -> tuple[Array, Array]:
        """Return the least priced cost of each loop, and the first column that has it."""
        reduced = self.reduced(prices)
        least = np.minimum.reduceat(reduced, self.world.first[:-1])
        hits = np.flatnonzero(reduced <= least[self.world.loop])
        loop = self.world.loop[hits]
        return least, hits[np.concatenate([[True], loop[1:] != loop[:-1]])]

    def taken(self, choice: Array) -> Array:
        """Return what a choice takes of the limits, in parts of their capacities."""
        uses = uses_of(self.world, choice)
        return np.bincount(self.world.limit[uses], weights=self.share[uses], minlength=len(self.goal))

    def step(self, target: float | None) -> None:
        """Move the prices towards a bound of `target`; None where no plan tells how high it can come."""
        if target is None:
            target = self.bound + self._unknown()
        excess = self.taken(self.choice) - self.goal
        excess = np.where((self.prices <= 0) & (excess < 0), 0.0, excess)
        length = float(excess @ excess)
        if length <= 1e-18 or self.theta < 1e-4:
            self.open = False
            return
        self.prices = np.maximum(0.0, self.prices + self.theta * max(target - self.bound, 1e-9) / length * excess)
        self.choice = self.evaluate()
        if self.stalled >= PATIENCE:
            self.stalled, self.theta = 0, self.theta / 2
            self.prices = self.best_prices

    def _unknown(self) -> float:
        """Return by how much the bound may be too low: more, the faster it rises."""
        if self.reach <= 0 or self.bound > self.before + self.reach:
            self.reach = max(2 * self.reach, AHEAD * abs(self.bound) + 1e-6)
            self.before = self.bound
        return self.reach

    def reopen(self) -> None:
        """Let steps begin again at the best prices where they had become too short."""
        if self.theta < 0.01:
            self.theta, self.stalled, self.open = 0.25, 0, True
            self.prices = self.best_prices

    def weights(self) -> Array:
        """Return the best prices per whole unit of load, at least a little."""
        cost = self.world.cost
        spread = float((np.maximum.reduceat(cost, self.world.first[:-1])
                        - np.minimum.reduceat(cost, self.world.first[:-1])).mean())  # fmt: skip
        unit = np.maximum(self.world.room, 1) / self.size
        typical = np.bincount(self.world.limit, minlength=len(self.goal)) / np.maximum(
            np.bincount(self.world.limit, weights=self.share, minlength=len(self.goal)), 1e-12
        )
        return (self.best_prices + 0.05 * max(spread, 1e-6) * typical) / self.size / np.maximum(unit, 1e-300)

    def above(self, prices: Array | None = None) -> Array:
        """Return by how much the priced cost of each column lies above the least of its loop.

        prices: None: the best. A column that lies above by more than the distance of bound and best plan is in
        no better plan.
        """
        reduced = self.reduced(self.best_prices if prices is None else prices)
        return reduced - np.minimum.reduceat(reduced, self.world.first[:-1])[self.world.loop]


def uses_of(world: World, choice: Array) -> Array:
    """Return the uses of the columns of a choice."""
    counts = world.start[choice + 1] - world.start[choice]
    ends = np.cumsum(counts)
    found: Array = np.arange(ends[-1] if len(ends) else 0) + np.repeat(world.start[choice] - ends + counts, counts)
    return found


def loads_of(world: World, choice: Array) -> Array:
    """Return the whole loads of the limits."""
    uses = uses_of(world, choice)
    load = np.zeros(len(world.room), dtype=np.int64)
    np.add.at(load, world.limit[uses], world.amount[uses])
    return load
