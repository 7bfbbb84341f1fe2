"""A kanban instance as flat arrays: columns of the loops, with costs and what they take of the limits.

A column is an option, or a container with a number of cards that can be useful. Loads are whole
numbers, so that sums are exact; where they have no handy common unit they are rounded up, and the
room down: what fits here fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from jitopt.problems.kanban import KanbanPlan, LoopCards

if TYPE_CHECKING:
    from jitopt.problems.kanban import Kanban

__all__ = ["World", "flatten"]

Array = Any

FINE = 2**50
"""Whole units that the loads of a limit add up to, at most."""

TAIL = 40
"""Standard deviations above which an expected shortage is 0 in floating point."""

CHANGES = "changes"
"""Index, among the limits, of the cap on changed cards; no user's word, which are (limit, name) pairs."""


@dataclass
class World:
    """The arrays.

    names: of the loops. container, cards: of the columns. first: columns of each loop. loop: of
    each column. cost: of each column. start, limit: uses of the columns; amount, room: whole loads;
    taken, capacity: the same as they are.
    """

    names: tuple[str, ...]
    container: list[str]
    cards: list[int]
    first: Array
    loop: Array
    cost: Array
    start: Array
    limit: Array
    amount: Array
    room: Array
    taken: Array
    capacity: Array

    def plan(self, choice: Array) -> KanbanPlan:
        """Return the plan of a choice of columns."""
        return KanbanPlan(
            loops=tuple(
                LoopCards(loop=name, container=self.container[column], cards=self.cards[column])
                for name, column in zip(self.names, choice.tolist(), strict=True)
            )
        )

    def choice(self, plan: KanbanPlan) -> Array | None:
        """Return the columns of a plan, None where it has cards of no use."""
        at = {(self.names[self.loop[c]], self.container[c], self.cards[c]): c for c in range(len(self.cards))}
        chosen = {row.loop: at.get((row.loop, row.container, row.cards)) for row in plan.loops}
        found = [chosen[name] for name in self.names]
        return None if None in found else np.array(found, dtype=np.int64)


Use = tuple[Any, Fraction]


class _Columns:
    """The columns while they are gathered."""

    def __init__(self) -> None:
        self.container: list[str] = []
        self.cards: list[int] = []
        self.loop: list[int] = []
        self.cost: list[float] = []
        self.uses: list[list[Use]] = []

    def add(self, loop: int, container: str, cards: int, cost: float, uses: list[Use]) -> None:
        self.loop.append(loop)
        self.container.append(container)
        self.cards.append(cards)
        self.cost.append(cost)
        self.uses.append(uses)


def flatten(instance: Kanban) -> World | None:
    """Return the arrays, None where a loop has nothing to choose."""
    columns = _Columns()
    rooms: dict[Any, Fraction] = {("limit", name): room for name, room in instance.capacity.items()}
    if instance.options is not None:
        table = instance.options
        for row, name in enumerate(instance.names):
            for k in instance.rows_of[name]:
                uses = [(("limit", limit), amount) for limit, amount in instance.option_uses[k]]
                columns.add(row, table.container[k], table.cards[k], table.cost[k], uses)
        return _arrays(instance.names, columns, rooms)
    assert instance.containers is not None
    if instance.current and instance.current.at_most is not None:
        rooms[CHANGES] = Fraction(instance.current.at_most)
    for row, name in enumerate(instance.names):
        for k in instance.rows_of[name]:
            _add(columns, instance, row, instance.containers.container[k])
    return _arrays(instance.names, columns, rooms)


def _add(columns: _Columns, instance: Kanban, row: int, container: str) -> None:
    """Add the useful numbers of cards of one container."""
    name = instance.names[row]
    loop, pair = instance.loop_data[name], instance.pairs[name, container]
    used, have = instance.present.get(name, (container, 0))
    low = max(instance.needed(name, container), loop.minimum)
    high = max(low, have if used == container else 0)
    size, mean, sd = float(pair.quantity), float(loop.mean), sqrt(loop.variance)
    if loop.shortage:
        high = max(high, _newsvendor(float(loop.shortage), float(pair.card_cost + loop.holding * pair.quantity), size,
                                     mean, sd))  # fmt: skip
    if loop.maximum is not None:
        high = min(high, loop.maximum)
    price = instance.current.price if instance.current else 0.0
    capped = instance.current is not None and instance.current.at_most is not None
    best, fewest = np.inf, np.inf
    for cards, cost in zip(range(low, high + 1), _costs(loop, pair, low, high), strict=True):
        changed = instance.changed(name, container, cards)
        cost += price * changed
        if cost < best or (capped and changed < fewest):
            uses: list[Use] = [(("limit", limit), amount * cards) for limit, amount in pair.uses]
            if capped:
                uses.append((CHANGES, Fraction(changed)))
            columns.add(row, container, cards, cost, uses)
        best, fewest = min(best, cost), min(fewest, changed)


def _costs(loop: Any, pair: Any, low: int, high: int) -> list[float]:
    """Return the cost of low..high cards, without changes."""
    size, moved = float(pair.quantity), float(pair.handling_cost * loop.demand / pair.quantity)
    each, holding, during = float(pair.card_cost), float(loop.holding), float(loop.during)
    if not loop.shortage:
        return [moved + each * n + holding * max(0.0, n * size - during) for n in range(low, high + 1)]
    cards = np.arange(low, high + 1, dtype=float)
    cost = moved + each * cards + holding * np.maximum(0.0, cards * size - during)
    surplus, sd = cards * size - float(loop.mean), sqrt(loop.variance)
    if sd:
        k = surplus / sd
        short = sd * (np.exp(-k * k / 2) / sqrt(2 * np.pi) - k * ndtr(-k))
    else:
        short = np.maximum(0.0, -surplus)
    found: list[float] = (cost + float(loop.shortage) * short).tolist()
    return found


def _newsvendor(shortage: float, price: float, size: float, mean: float, sd: float) -> int:
    """Return the cards above which one more saves less shortage than it costs, or one more."""
    low, high = ceil(mean / size), ceil((mean + TAIL * sd) / size)
    while low < high:
        middle = (low + high) // 2
        if shortage * size * ndtr(-(middle * size - mean) / sd) > price:
            low = middle + 1
        else:
            high = middle
    return low + 1


def _arrays(names: tuple[str, ...], columns: _Columns, rooms: dict[Any, Fraction]) -> World | None:
    loop = np.array(columns.loop, dtype=np.int64)
    first = np.searchsorted(loop, np.arange(len(names) + 1))
    if (np.diff(first) == 0).any():
        return None
    place = {key: k for k, key in enumerate(rooms)}
    scale, rounded = _scales(columns, rooms)
    counts = [len(uses) for uses in columns.uses]
    every = [(place[key], amount, scale[key]) for uses in columns.uses for key, amount in uses]
    up = ceil if rounded else int
    return World(
        names,
        columns.container,
        columns.cards,
        first,
        loop,
        np.array(columns.cost),
        np.concatenate([[0], np.cumsum(np.array(counts, dtype=np.int64))]).astype(np.int64),
        np.array([k for k, _, _ in every], dtype=np.int64),
        np.array([up(amount * unit) for _, amount, unit in every], dtype=np.int64),
        np.array([min(floor(room * scale[key]), 2 * FINE) for key, room in rooms.items()], dtype=np.int64),
        np.array([float(amount) for _, amount, _ in every]),
        np.array([float(room) for room in rooms.values()]),
    )


def _scales(columns: _Columns, rooms: dict[Any, Fraction]) -> tuple[dict[Any, Fraction], bool]:
    """Return the unit of each limit, and whether loads must be rounded to it."""
    denominators: dict[Any, set[int]] = {key: {1} for key in rooms}
    sums: dict[Any, float] = dict.fromkeys(rooms, 1.0)
    for uses in columns.uses:
        for key, amount in uses:
            denominators[key].add(amount.denominator)
            sums[key] += float(amount)
    found, rounded = {}, False
    for key in rooms:
        common = lcm(*denominators[key]) if max(denominators[key]) <= FINE else FINE + 1
        if common * sums[key] <= FINE:
            found[key] = Fraction(common)
        else:
            found[key], rounded = Fraction(FINE) / Fraction(sums[key]), True
    return found, rounded
