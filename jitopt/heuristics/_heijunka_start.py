"""First plans for heijunka, in plain numpy: even spread, and goal chasing with look-ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._heijunka_work import Workers
from jitopt.heuristics._kernels import heijunka_state as at

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_flat import Flat
    from jitopt.heuristics._kernels.heijunka_state import Floats, Ints

__all__ = ["chase", "possible", "spread"]


def possible(flat: Flat) -> bool:
    """Tell whether demand, capacity and locks leave room for a plan at all."""
    return bool(
        flat.demand.sum() <= flat.slots * flat.capacity
        and np.all(_held(flat).sum(axis=1) <= flat.demand)
        and np.all(_room(flat) >= 0)
        and _room(flat).sum() >= flat.demand.sum() - _held(flat).sum()
    )


def _held(flat: Flat) -> Ints:
    """Return the units that are locked into each slot (n, S)."""
    if flat.box:
        return flat.fixed
    held = np.zeros((flat.products, flat.slots), dtype=np.int64)
    slots = np.flatnonzero(flat.locked >= 0)
    held[flat.locked[slots], slots] = 1
    return held


def _room(flat: Flat) -> Ints:
    """Return the units that each slot can take besides those locked into it."""
    load = _held(flat).sum(axis=0)
    room = flat.capacity - load
    closed = room[: flat.frozen]
    closed[closed > 0] = 0
    return room


def spread(flat: Flat) -> Ints:
    """Spread the copies of each product evenly: earliest ideal position first (Inman and Bulfin 1991).

    Copy j of d has its ideal at (2j-1) S / (2d). In that order each takes the first free place not
    before its ideal, unless the places behind are needed for those that follow.
    """
    held, room = _held(flat), _room(flat)
    products, ideals = _free_copies(flat, held)
    order = np.argsort(ideals, kind="stable")
    products, ideals = products[order], ideals[order]
    count, rank = len(order), np.arange(len(order))
    end = np.cumsum(room)
    bucket = np.clip(np.ceil(ideals - 1e-9).astype(np.int64) - 1, 0, flat.slots - 1)
    seat = rank + np.maximum.accumulate((end - room)[bucket] - rank) if count else rank
    seat = np.minimum(seat, end[-1] - count + rank)
    slot = np.searchsorted(end, seat, side="right")
    if not flat.box:
        plan = flat.locked.copy()
        plan[slot] = products
        return plan
    counts = held.copy()
    np.add.at(counts, (products, slot), 1)
    return counts


def _free_copies(flat: Flat, held: Ints) -> tuple[Ints, Floats]:
    """Return product and ideal position of each copy; a locked unit takes the copy nearest to it."""
    products, ideals = [], []
    for row, demand in enumerate(flat.demand):
        ideal = (2 * np.arange(1, demand + 1) - 1) * (flat.slots / (2 * max(1, demand)))
        for s in np.repeat(np.arange(flat.slots), held[row]) if held[row].any() else ():
            ideal = np.delete(ideal, np.argmin(np.abs(ideal - s - 0.5)))
        products.append(np.full(len(ideal), row))
        ideals.append(ideal)
    return np.concatenate(products), np.concatenate(ideals)


def chase(flat: Flat, ahead: bool, stopped: Callable[[], bool]) -> Ints | None:
    """Build a sequence slot by slot, each time with the product that costs least; None if stopped.

    Level terms are chased as squares (Monden's goal chasing) through incremental inner products.
    Broken hard rules come before cost. Ties, or with `ahead` every choice that breaks nothing more
    than it must, go to the product with the largest sum of dynamic utilisation rates of its options
    (Gottlieb, Puchta and Solnon 2003).
    """
    chaser = _Chaser(flat, ahead)
    for s in range(flat.slots):
        if s % 1024 == 1023 and stopped():
            return None
        chaser.place(s, int(flat.locked[s]) if flat.locked[s] >= 0 else chaser.choose(s))
    return chaser.plan


class _Chaser:
    """The state of goal chasing: what is built so far, and what each product would cost next."""

    def __init__(self, flat: Flat, ahead: bool) -> None:
        n, arrays = flat.products, flat.arrays
        self.flat, self.ahead = flat, ahead
        self.plan = np.full(flat.slots, -1, dtype=np.int64)
        self.left = flat.demand - np.bincount(flat.locked[flat.locked >= 0], minlength=n)
        self.pull = np.zeros(n)
        self.drift = flat.guide @ (flat.demand / flat.slots)
        self.norms = np.diagonal(flat.guide).copy()
        self.levels = bool(flat.guide.any())
        self.rule, self.run, self.current = arrays[at.RULE], arrays[at.RUN][:-1], arrays[at.CURRENT]
        self.carry = arrays[at.CARRY][:-1].astype(float)
        self.recent = np.zeros(len(self.rule))
        self.unbuilt = self.carry.T @ flat.demand
        self.hard_rule = self.rule[:, 2] == 1
        self.price = np.where(self.hard_rule, 0.0, arrays[at.RULE_PRICE].sum(axis=1))
        self.last = np.full(n, -flat.slots - 1, dtype=np.int64)
        self.length = 0
        self.kind = int(arrays.ints[at.KIND])
        self.ruled = bool(self.run[:, 3].any())
        self.workers = Workers(flat) if len(arrays[at.ROOM]) else None

    def choose(self, s: int) -> int:
        """Return the product for slot s."""
        candidates = np.flatnonzero(self.left > 0)
        broken, cost = np.zeros(self.flat.products), self._cost(s)
        urgency = np.zeros(self.flat.products)
        if len(self.recent):
            full = self.recent >= self.rule[:, 0]
            broken = self.carry @ (full & self.hard_rule)
            priced = self.carry @ (full * self.price)
            cost = (0.0 if self.ahead else cost) + priced
            rate = self.unbuilt * self.rule[:, 1] / (np.maximum(self.rule[:, 0], 0.5) * (self.flat.slots - s))
            urgency = self.carry @ rate
        if self.ruled:
            broken = broken + self._run_breaches(s)
        if self.workers:
            cost = cost + self.workers.cost()
        for score in (broken, cost, -urgency):
            values = score[candidates]
            candidates = candidates[values <= values.min() + 1e-9]
        return int(candidates[0])

    def place(self, s: int, row: int) -> None:
        """Build product `row` in slot s."""
        flat = self.flat
        if flat.locked[s] < 0:
            self.left[row] -= 1
        self.length = self.length + 1 if s and self.plan[s - 1] == row else 1
        self.plan[s] = row
        self.last[row] = s
        if self.workers:
            self.workers.place(row)
        if self.levels:
            self.pull += flat.guide[row] - self.drift
        if len(self.recent):
            self.recent += self.carry[row]
            self.unbuilt -= self.carry[row]
            leaving = s + 1 - self.rule[:, 1]
            for r in np.flatnonzero(leaving >= 0):
                self.recent[r] -= self.carry[self.plan[leaving[r]], r]

    def _cost(self, s: int) -> Floats:
        """Return the priced cost of each product in slot s, up to a common constant."""
        arrays = self.flat.arrays
        cost = 2.0 * (self.pull - self.drift) + self.norms if self.levels else np.zeros(self.flat.products)
        before = self.plan[s - 1] if s else arrays.ints[at.PRIOR]
        if self.kind and before >= 0:
            if self.kind == 2:
                cost = cost + arrays[at.COST][0][arrays[at.ROW][before], arrays[at.COLUMN][:-1]]
            else:
                cost[before] -= arrays[at.COST][0, 0, 0]
        if not self.flat.box and self.current[s] >= 0:
            cost[self.current[s]] -= arrays.reals[at.MOVE]
        return cost

    def _run_breaches(self, s: int) -> Floats:
        """Return by how much each product in slot s would break spacing and run lengths."""
        spacing, longest, shortest = self.run[:, 0], self.run[:, 1], self.run[:, 2]
        broken = np.maximum(0, spacing - (s - self.last)).astype(float)
        broken += np.maximum(0, shortest - self.left)
        if s:
            before = self.plan[s - 1]
            rest = self.left[before]
            switch = max(0, shortest[before] - self.length)
            if 0 < rest < shortest[before]:
                switch += shortest[before] - rest
            broken += switch
            broken[before] = max(0, spacing[before] - 1) + max(0, self.length + 1 - longest[before])
        return broken
