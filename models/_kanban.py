"""What the kanban formulations share: for each loop what it may choose, at what cost and load.

An entry is a container of a loop with a range of cards, or an option, whose cards are fixed.
Ranges hold no more cards than can be useful: above the need, the least cards, the cards in force
and what a shortage cost asks for, a card more never lowers cost, load or changes.

Part of `kanban_cards_pyomo` and `kanban_options_cpsat`.
Holds: the bounds of the cards (needed, minimum, maximum), the costs of the objective, the loads of the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, erfc, gcd, lcm, sqrt
from typing import TYPE_CHECKING, Any

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact
from jitopt.problems.kanban.instance import ENOUGH, KanbanPlan, LoopCards
from jitopt.problems.kanban.normal import loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jitopt.problems.kanban.instance import Kanban

    RuleKey = tuple[str, tuple[str, ...]]

__all__ = ["Data", "Entry", "plan_of", "prepare", "read_plan", "scale_of"]

ZERO = Fraction(0)

MOST_CELLS = 2_000_000
"""No more entries times cards than this."""

TAIL = 40
"""Standard deviations above which an expected shortage is 0 in floating point."""


@dataclass
class Entry:
    """What a loop may choose.

    loop: row of the loop. low, high: cards. cost: of low, low + 1, .., high cards (empty in an
    elastic model). fixed, each: load of a limit for the entry, and for each of its cards.
    have: cards in force if it is the container in force; gone: cards in force of another. needed,
    least, most: what the rules ask. single: it is one number of cards of a container that has several.
    """

    loop: int
    container: str
    low: int
    high: int
    cost: list[Fraction]
    fixed: dict[int, Fraction]
    each: dict[int, Fraction]
    have: int = 0
    gone: int = 0
    needed: int = 0
    least: int = 0
    most: int | None = None
    single: bool = False

    def changed(self, cards: int) -> int:
        """Return the cards put in and taken out."""
        return abs(cards - self.have) + self.gone

    def load(self, limit: int, cards: int) -> Fraction:
        """Return what is taken of a limit."""
        return self.fixed.get(limit, ZERO) + self.each.get(limit, ZERO) * cards


@dataclass
class Data:
    """An instance made ready.

    limits: names and capacities. cap: most changed cards. relaxed: rules with a price. listed: the
    entries are options, of which a container can have several.
    """

    names: tuple[str, ...]
    entries: list[Entry]
    limits: list[tuple[str, Fraction]]
    cap: int | None
    relaxed: Mapping[RuleKey, float] | None
    listed: bool

    def of_loop(self) -> list[list[int]]:
        """Return the entries of each loop."""
        found: list[list[int]] = [[] for _ in self.names]
        for row, entry in enumerate(self.entries):
            found[entry.loop].append(row)
        return found


def prepare(instance: Kanban, elastic: Mapping[RuleKey, float] | None) -> Data:
    """Return the entries of every loop; one whose rules leave no number of cards is left out.

    Raises
    ------
    NotApplicableError
        If there are too many numbers of cards to look at, or the instance is a line.
    """
    if instance.line is not None:
        raise NotApplicableError("a line has no loops to choose for: use a method of lines")
    place = {name: row for row, name in enumerate(instance.capacity)}
    cap = instance.current.at_most if instance.current else None
    data = Data(instance.names, [], list(instance.capacity.items()), cap, elastic, instance.options is not None)
    if instance.options is not None:
        table, index = instance.options, {name: row for row, name in enumerate(instance.names)}
        for row, name in enumerate(table.loop):
            taken: dict[int, Fraction] = {place[limit]: amount for limit, amount in instance.option_uses[row]}
            cards = table.cards[row]
            cost = [exact(table.cost[row])]
            data.entries.append(Entry(index[name], table.container[row], cards, cards, cost, taken, {}))
        return data
    assert instance.containers is not None
    cells = 0
    for row, name in enumerate(instance.names):
        for k in instance.rows_of[name]:
            entry = _entry(instance, data, row, instance.containers.container[k], place)
            if entry.low <= entry.high:
                data.entries.append(entry)
                cells += entry.high - entry.low + 1
                if cells > MOST_CELLS:
                    raise NotApplicableError(f"more than {MOST_CELLS} numbers of cards to choose from")
    return data


def _entry(instance: Kanban, data: Data, row: int, container: str, place: Mapping[str, int]) -> Entry:
    name = data.names[row]
    loop, pair = instance.loop_data[name], instance.pairs[name, container]
    used, cards = instance.present.get(name, (container, 0))
    have, gone = (cards, 0) if used == container else (0, cards)
    each: dict[int, Fraction] = {}
    for limit, amount in pair.uses:
        each[place[limit]] = each.get(place[limit], ZERO) + amount
    relaxed = data.relaxed or {}
    needed = instance.needed(name, container)
    low = 0 if ("cards_needed", (name,)) in relaxed else needed
    low = low if ("minimum", (name,)) in relaxed else max(low, loop.minimum)
    most = None if ("maximum", (name,)) in relaxed else loop.maximum
    useful = max(needed, loop.minimum, have)
    if data.relaxed is None:
        useful = max(useful, _against_shortage(instance, name, container))
    high = useful if most is None else min(useful, most)
    entry = Entry(row, container, low, high, [], {}, each, have, gone, needed, loop.minimum, loop.maximum)
    if data.relaxed is None and low <= high:
        if high - low > MOST_CELLS:
            raise NotApplicableError(f"more than {MOST_CELLS} numbers of cards to choose from")
        _price(instance, entry, name, data.cap)
    return entry


def _against_shortage(instance: Kanban, name: str, container: str) -> int:
    """Return the cards above which one more saves less shortage than it costs (newsvendor)."""
    loop, pair = instance.loop_data[name], instance.pairs[name, container]
    if not loop.shortage:
        return 0
    size, mean, sd = float(pair.quantity), float(loop.mean), sqrt(loop.variance)
    cards, last = ceil(mean / size), ceil((mean + (ENOUGH if instance.serves else TAIL) * sd) / size)
    price = float(pair.card_cost + loop.holding * pair.quantity)
    while cards < last and float(loop.shortage) * size * erfc((cards * size - mean) / sd / sqrt(2)) / 2 > price:
        cards += 1
    return min(cards, last) + 1 + loop.extra


def _price(instance: Kanban, entry: Entry, name: str, cap: int | None) -> None:
    """Price every number of cards up to the last that lowers the cost, or the changes where they are capped."""
    loop, pair = instance.loop_data[name], instance.pairs[name, entry.container]
    switch = instance.change_price
    moved = pair.handling_cost * loop.demand / pair.quantity
    last = entry.low
    for cards in range(entry.low, entry.high + 1):
        units = instance.stock(name, entry.container, cards)
        cost = moved + pair.card_cost * cards + switch * entry.changed(cards)
        if units > loop.during:
            cost += loop.holding * (units - loop.during)
        if loop.shortage:
            cost += loop.shortage * loss(units, loop.mean, loop.variance)
        entry.cost.append(cost)
        cheaper = cost < entry.cost[last - entry.low]
        if cheaper or (cap is not None and entry.changed(cards) < entry.changed(last)):
            last = cards
        elif cards > max(last, entry.have) and not loop.shortage:
            break
    entry.high = last
    del entry.cost[last - entry.low + 1 :]


def scale_of(values: Iterable[Fraction], most: int) -> Fraction:
    """Return what to multiply the values by so that they are whole and small; 1 where that takes more than `most`."""
    kept = [value for value in values if value]
    denominator = lcm(*(value.denominator for value in kept)) if kept else 1
    shared = gcd(*(int(value * denominator) for value in kept)) or 1
    return Fraction(denominator, shared) if denominator <= most else Fraction(1)


def plan_of(data: Data, chosen: Iterable[tuple[int, int]]) -> KanbanPlan:
    """Return the plan of the entry and cards chosen for each loop, in the order of the loops."""
    return KanbanPlan(
        loops=tuple(
            LoopCards(loop=data.names[data.entries[row].loop], container=data.entries[row].container, cards=cards)
            for row, cards in chosen
        )
    )


def read_plan(data: Data, plan: Any) -> dict[int, tuple[int, int]]:
    """Return entry and cards of each loop under a plan; cards that are of no use are left out."""
    found = {}
    wanted = {row.loop: (row.container, row.cards) for row in plan.loops}
    for row, entry in enumerate(data.entries):
        container, cards = wanted[data.names[entry.loop]]
        if entry.container == container and (not (data.listed or entry.single) or entry.low == cards):
            found[entry.loop] = (row, min(max(cards, entry.low), entry.high))
    return found
