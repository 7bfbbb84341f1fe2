"""A kanban instance as flat arrays: columns of the loops, with costs and what they take of the limits.

A column is an option, or a container with a number of cards that can be useful. Loads are whole
numbers, so that sums are exact; where they have no handy common unit they are rounded up, and the
room down: what fits here fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, erfc, exp, floor, lcm, pi, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.heuristics._kanban_listed import listed
from jitopt.problems.kanban import KanbanPlan
from jitopt.problems.kanban.instance import ENOUGH

if TYPE_CHECKING:
    from jitopt.problems.kanban import Kanban, KanbanPlan

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

    def plan(self, choice: Array) -> dict[str, Any]:
        """Return the plan of a choice of columns, as plain data."""
        container, cards = self.container, self.cards
        return {
            "loops": [
                {"loop": name, "container": container[column], "cards": cards[column]}
                for name, column in zip(self.names, choice.tolist(), strict=True)
            ]
        }

    def choice(self, plan: KanbanPlan) -> Array | None:
        """Return the columns of a plan, None where it has cards of no use."""
        at = {(self.names[self.loop[c]], self.container[c], self.cards[c]): c for c in range(len(self.cards))}
        chosen = {row.loop: at.get((row.loop, row.container, row.cards)) for row in plan.loops}
        found = [chosen[name] for name in self.names]
        return None if None in found else np.array(found, dtype=np.int64)


class _Facts(NamedTuple):
    """Numbers of a loop as floats; a fraction is slow to make one of, and every container asks."""

    demand: float
    holding: float
    during: float
    mean: float
    sd: float
    shortage: float


@dataclass
class _Block:
    """The columns of one container of a loop, or one option.

    uses: limit and what one card takes of it (`times` cards; 1 for an option). changed: cards
    changed, where they are capped.
    """

    loop: int
    container: str
    cards: list[int]
    cost: list[float]
    times: list[int]
    uses: list[tuple[Any, Fraction]]
    changed: list[int] | None = None


def flatten(instance: Kanban) -> World | None:
    """Return the arrays, None where a loop has nothing to choose.

    Raises
    ------
    NotApplicableError
        For a line, which has no loops.
    """
    if instance.line is not None:
        raise NotApplicableError("a line has no loops to choose for: use a method of lines")
    rooms: dict[Any, Fraction] = {("limit", name): room for name, room in instance.capacity.items()}
    if instance.options is not None:
        return World(**listed(instance))
    blocks: list[_Block] = []
    assert instance.containers is not None
    if instance.current and instance.current.at_most is not None:
        rooms[CHANGES] = Fraction(instance.current.at_most)
    for row, name in enumerate(instance.names):
        loop = instance.loop_data[name]
        short = float(loop.shortage or 0)
        demand, holding, during, mean = map(float, (loop.demand, loop.holding, loop.during, loop.mean))
        facts = _Facts(demand, holding, during, mean, sqrt(loop.variance), short)
        for k in instance.rows_of[name]:
            block = _block(instance, row, instance.containers.container[k], facts)
            if len(block.cards):
                blocks.append(block)
    return _arrays(instance.names, blocks, rooms)


def _block(instance: Kanban, row: int, container: str, facts: _Facts) -> _Block:
    """Return the useful numbers of cards of one container."""
    name = instance.names[row]
    loop, pair = instance.loop_data[name], instance.pairs[name, container]
    used, have = instance.present.get(name, (container, 0))
    mine = have if used == container else 0
    low = max(instance.needed(name, container), loop.minimum)
    high = max(low, mine)
    if loop.shortage:
        worth = facts.shortage, float(pair.card_cost + loop.holding * pair.quantity)
        reach = ENOUGH if instance.serves else TAIL
        most = _newsvendor(*worth, float(pair.quantity), facts.mean, facts.sd, reach)
        high = max(high, most + loop.extra)
    if loop.maximum is not None:
        high = min(high, loop.maximum)
    price = float(instance.change_price)
    capped = instance.current is not None and instance.current.at_most is not None
    uses: list[tuple[Any, Fraction]] = [(("limit", limit), amount) for limit, amount in pair.uses]
    cards = list(range(low, high + 1))
    cost = _costs(loop, pair, facts, low, high)
    moves = [abs(n - mine) + have - mine for n in cards]
    if price:
        cost = [value + price * n for value, n in zip(cost, moves, strict=True)]
    if len(cards) > 1:
        kept = _falls(cost)
        if capped:
            kept = sorted({*kept, *_falls(moves)})
        cards, cost, moves = [cards[k] for k in kept], [cost[k] for k in kept], [moves[k] for k in kept]
    return _Block(row, container, cards, cost, cards, uses, moves if capped else None)


def _falls(numbers: list[Any]) -> list[int]:
    """Return the places of the numbers that are below all before them."""
    found, least = [0], numbers[0]
    for place, number in enumerate(numbers):
        if number < least:
            found.append(place)
            least = number
    return found


def _costs(loop: Any, pair: Any, facts: _Facts, low: int, high: int) -> list[float]:
    """Return the cost of low..high cards, without changes."""
    size = float(pair.quantity)
    moved = float(pair.handling_cost) * facts.demand / size if pair.handling_cost else 0.0
    each, holding, during = float(pair.card_cost), facts.holding, facts.during
    if not loop.shortage:
        return [moved + each * n + holding * max(0.0, (n - loop.extra) * size - during) for n in range(low, high + 1)]
    mean, sd, weight = facts.mean, facts.sd, facts.shortage
    found = []
    for cards in range(low, high + 1):
        stock = (cards - loop.extra) * size
        found.append(moved + each * cards + holding * max(0.0, stock - during) + weight * _short(stock - mean, sd))
    return found


def _short(surplus: float, sd: float) -> float:
    """Return the expected shortage where the need exceeds its mean by `surplus` before anything is short."""
    if not sd:
        return max(0.0, -surplus)
    k = surplus / sd
    return max(0.0, sd * (exp(-k * k / 2) / sqrt(2 * pi) - k * erfc(k / sqrt(2)) / 2))


def _newsvendor(shortage: float, price: float, size: float, mean: float, sd: float, reach: int) -> int:
    """Return the cards above which one more saves less shortage than it costs, or one more."""
    low, high = ceil(mean / size), ceil((mean + reach * sd) / size)
    while low < high:
        middle = (low + high) // 2
        if shortage * size * erfc((middle * size - mean) / sd / sqrt(2)) / 2 > price:
            low = middle + 1
        else:
            high = middle
    return low + 1


def _arrays(names: tuple[str, ...], blocks: list[_Block], rooms: dict[Any, Fraction]) -> World | None:
    lengths = np.array([len(block.cards) for block in blocks], dtype=np.int64)
    loop = np.repeat(np.array([block.loop for block in blocks], dtype=np.int64), lengths)
    first = np.searchsorted(loop, np.arange(len(names) + 1))
    if (np.diff(first) == 0).any():
        return None
    place = {key: k for k, key in enumerate(rooms)}
    units, rounded = _units(blocks, rooms)
    limit: list[int] = []
    amount: list[int] = []
    taken: list[float] = []
    for block in blocks:
        keys = [place[key] for key, _ in block.uses]
        true = [float(part) for _, part in block.uses]
        whole = [_whole(part, units[key], rounded) for key, part in block.uses]
        for k, times in enumerate(block.times):
            limit += keys
            amount += [part * times for part in whole]
            taken += [part * times for part in true]
            if block.changed is not None:
                limit.append(place[CHANGES])
                amount.append(block.changed[k])
                taken.append(block.changed[k])
    counts = [len(block.uses) + (block.changed is not None) for block in blocks]
    per_column = np.repeat(np.array(counts, dtype=np.int64), lengths)
    return World(
        names,
        [block.container for block in blocks for _ in range(len(block.cards))],
        [cards for block in blocks for cards in block.cards],
        first,
        loop,
        np.array([cost for block in blocks for cost in block.cost], dtype=float),
        np.concatenate([[0], np.cumsum(per_column)]).astype(np.int64),
        np.array(limit, dtype=np.int64),
        np.array(amount, dtype=np.int64),
        np.array([min(floor(room * units[key]), 2 * FINE) for key, room in rooms.items()], dtype=np.int64),
        np.array(taken, dtype=float),
        np.array([float(room) for room in rooms.values()]),
    )


def _whole(part: Fraction, unit: Fraction, rounded: bool) -> int:
    if part.denominator == unit.denominator == 1:
        return part.numerator * unit.numerator
    return ceil(part * unit) if rounded else int(part * unit)


def _units(blocks: list[_Block], rooms: dict[Any, Fraction]) -> tuple[dict[Any, Fraction], bool]:
    """Return the unit of each limit, and whether loads must be rounded to it."""
    denominators: dict[Any, set[int]] = {key: {1} for key in rooms}
    sums: dict[Any, float] = dict.fromkeys(rooms, 1.0)
    for block in blocks:
        most = float(block.times[-1])
        for key, part in block.uses:
            denominators[key].add(part.denominator)
            sums[key] += float(part) * most
        if block.changed is not None:
            sums[CHANGES] += max(block.changed)
    found, rounded = {}, False
    for key in rooms:
        common = lcm(*denominators[key]) if max(denominators[key]) <= FINE else FINE + 1
        if common * sums[key] <= FINE:
            found[key] = Fraction(common)
        else:
            found[key], rounded = Fraction(FINE) / Fraction(sums[key]), True
    return found, rounded
