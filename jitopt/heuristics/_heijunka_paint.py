"""A painted sequence as flat arrays: classes of units, the line with what was built before, prices, a first plan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.heuristics._kernels.heijunka_paint_moves import HIGH, LENGTH, LOW, MOST, PRICE, WAITS
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import RatioRule

__all__ = ["Paint", "Walk", "first_order", "keeps", "least", "paint_of", "tiers_of", "walk_of"]

Ints = NDArray[np.int64]

LARGEST = 1 << 40
"""Largest price of an excess, in whole multiples of the unit."""

STEPS = 60.0
"""How many times dearer a tier is in the search than the next cheaper one."""

APART = 30
"""A term so many times dearer than the next cheaper one begins a tier of its own: it goes before."""


class Walk(NamedTuple):
    """A search's own arrays: see the kernels. best: the best sequence."""

    before: Any
    load: Any
    near: Any
    sequence: Any
    best: Any
    state: Any


@dataclass(frozen=True)
class Paint:
    """The arrays of an instance; units with the same colour and options are a class.

    rules, carry, shade, kind, prices, waits: for the kernels. before: classes of what was built before, as far as a
    window reaches back. demand: units of each class. classes: class of each product row. first: first slot of the
    line that may change. frozen: classes of the frozen slots. limit: longest run of a colour. paint: price of a colour
    change. unit: what a cost of 1 stands for [objective]. prices: in the search, within a tier. tiers: how many
    there are, dearest first. tier: of each rule, and of the colour changes at the end.
    """

    rules: Any
    carry: Any
    shade: Any
    kind: Any
    prices: Any
    waits: Any
    before: Ints
    demand: Ints
    classes: Ints
    first: int
    frozen: Ints
    limit: int
    paint: int
    unit: Fraction
    tiers: int
    tier: tuple[int, ...]

    @property
    def slots(self) -> int:
        """Slots of the plan."""
        return int(self.demand.sum())


def paint_of(instance: Heijunka) -> Paint:
    """Return the arrays of an instance of the form "paint"."""
    weights: dict[str, Fraction] = {term.term: exact(term.weight) for term in instance.objective if term.weight > 0}
    rules = [rule for rule in instance.ratio_rules if _weight(weights, rule) and _binds(instance, rule)]
    rules.sort(key=lambda rule: -weights_of(weights, rule))
    costs = [_weight(weights, rule) for rule in rules] + [weights.get("colour_changes", Fraction(0))]
    unit = Fraction(1, lcm(*(cost.denominator for cost in costs)))
    whole = [int(cost / unit) for cost in costs]
    if max(whole) > LARGEST:
        raise NotApplicableError("the weights of its terms have no common unit that is coarse enough")
    marks = np.zeros((len(instance.products.product), len(rules)), dtype=np.int64)
    for r, rule in enumerate(rules):
        marks[list(rule.products), r] = 1
    table = np.column_stack([marks, np.array(instance.colours, dtype=np.int64)])
    kinds, classes = np.unique(table, axis=0, return_inverse=True)
    classes = classes.reshape(-1)
    reach = max([1, *(rule.in_any - 1 for rule in rules)])
    before = classes[list(instance.previous_rows[-reach:])] if instance.previous else np.zeros(0, dtype=np.int64)
    frozen = _frozen(instance, classes)
    terms = [weights_of(weights, rule) for rule in rules]
    levels = _levels(sorted({weight for weight in (*terms, costs[-1]) if weight}, reverse=True)) or {Fraction(1): 0}
    cheapest = {tier: weight for weight, tier in levels.items()}
    prices = [float(weight / cheapest[levels[weight]] * rule.weight) for weight, rule in zip(terms, rules, strict=True)]
    painted = levels.get(costs[-1], 0)
    prices.append(float(costs[-1] / cheapest[painted]))
    dear = [r for r, weight in enumerate(terms) if weight == _dearest(weights)]
    return Paint(
        rules=_rules(instance, rules, whole, len(before)),
        carry=np.ascontiguousarray(kinds[:, :-1], dtype=np.int8),
        shade=np.ascontiguousarray(kinds[:, -1], dtype=np.int32),
        kind=np.unique(kinds[:, dear], axis=0, return_inverse=True)[1].reshape(-1).astype(np.int32),
        prices=np.array(prices),
        waits=np.random.default_rng(0).exponential(size=WAITS),
        before=before,
        demand=np.bincount(classes, weights=instance.products.demand, minlength=len(kinds)).astype(np.int64),
        classes=classes,
        first=len(before) + len(frozen),
        frozen=frozen,
        limit=min(instance.longest_colour_run or instance.slots, instance.slots),
        paint=whole[-1],
        unit=unit,
        tiers=len(cheapest),
        tier=(*(levels[weight] for weight in terms), painted),
    )


def weights_of(weights: dict[str, Fraction], rule: RatioRule) -> Fraction:
    """Return the summed weight of the terms that price a rule."""
    return sum((weight for term, weight in weights.items() if rule.priced_by(term)), Fraction(0))


def _weight(weights: dict[str, Fraction], rule: RatioRule) -> Fraction:
    return Fraction(0) if rule.hard else weights_of(weights, rule) * rule.weight


def _dearest(weights: dict[str, Fraction]) -> Fraction:
    """Return the weight of the dearest term of ratio rules."""
    return max((weight for term, weight in weights.items() if term.endswith("ratio")), default=Fraction(0))


def _binds(instance: Heijunka, rule: RatioRule) -> bool:
    """Tell whether a rule can cost anything."""
    reach = instance.slots + len(instance.previous or ()) if rule.open else instance.slots
    return rule.at_most < min(rule.in_any, reach) and (rule.open or rule.in_any <= reach) and bool(rule.products)


def _levels(weights: list[Fraction]) -> dict[Fraction, int]:
    """Return the tier of each weight, dearest first; what is not far apart is one tier."""
    found: dict[Fraction, int] = {}
    above: Fraction | None = None
    for weight in weights:
        found[weight] = 0 if above is None else found[above] + (above >= APART * weight)
        above = weight
    return found


def _rules(instance: Heijunka, rules: list[RatioRule], whole: list[int], before: int) -> Ints:
    table = np.zeros((len(rules), 5), dtype=np.int64)
    slots = before + instance.slots
    for r, rule in enumerate(rules):
        length = min(rule.in_any, slots)
        table[r, MOST], table[r, LENGTH], table[r, PRICE] = rule.at_most, length, whole[r]
        table[r, LOW] = max(0, before - rule.in_any + 1) if rule.open else before
        table[r, HIGH] = slots - 1 if rule.open else slots - length
    return table


def _frozen(instance: Heijunka, classes: Ints) -> Ints:
    if not instance.frozen or instance.current is None or instance.current.sequence is None:
        return np.zeros(0, dtype=np.int64)
    rows = [instance.index[product] for product in instance.current.sequence[: instance.frozen]]
    return classes[rows]


def walk_of(paint: Paint, order: Ints, seed: int, target: int) -> Walk:
    """Return a walk that begins at an order of classes."""
    line = np.concatenate([paint.before, order]).astype(np.int32)
    many, longest = len(paint.rules), int(paint.rules[:, LENGTH].max(initial=1))
    width = len(line) + longest + 1
    small = np.int16 if longest < 1 << 15 else np.int32
    tiers, painted = paint.tiers, paint.tier[-1]
    entries = [0, 0, seed % 2147483562 + 1, 0, target, 0, paint.first, paint.limit, paint.paint, len(paint.before)]
    entries += [many, width, len(line), tiers, painted, 0]
    return Walk(
        before=np.zeros(many * width, dtype=np.int32),
        load=np.zeros(many * width, dtype=np.int32),
        near=np.zeros(2 * many * len(line), dtype=small),
        sequence=line,
        best=line.copy(),
        state=np.array(entries, dtype=np.int64),
    )


def keeps(paint: Paint, order: Ints) -> bool:
    """Tell whether no run of a colour is too long and the frozen slots are kept."""
    ends = np.flatnonzero(np.diff(paint.shade[order]))
    runs = np.diff(np.concatenate([[-1], ends, [len(order) - 1]]))
    return bool(runs.max() <= paint.limit and (order[: len(paint.frozen)] == paint.frozen).all())


def first_order(paint: Paint) -> Ints | None:
    """Return an order with long runs of a colour, none too long; None if there is none.

    The colour goes on as long as it may and all others can still be kept apart by what is left; else the one with
    most units left follows. Within a colour the classes take turns.
    """
    left = paint.demand - np.bincount(paint.frozen, minlength=len(paint.demand))
    if (left < 0).any():
        return None
    colours = np.bincount(paint.shade, weights=left).astype(np.int64)
    queues = [_turns(paint, left, colour) for colour in range(len(colours))]
    found = paint.frozen.tolist()
    shades = paint.shade[found].tolist()
    now = int(shades[-1]) if shades else int(paint.shade[paint.before[-1]]) if len(paint.before) else -1
    run = next((k for k, shade in enumerate(reversed(shades)) if shade != now), len(shades))
    while len(found) < paint.slots:
        following = _next_colour(colours, now, run, paint.limit)
        if following < 0:
            return None
        run = run + 1 if following == now else 1
        now = following
        colours[now] -= 1
        found.append(queues[now].pop())
    return np.array(found, dtype=np.int64)


def _next_colour(left: Ints, now: int, run: int, limit: int) -> int:
    """Return the colour to go on with, -1 if none leaves a way to the end."""
    total = int(left.sum()) - 1
    for colour in ([now] if now >= 0 else []) + np.argsort(-left, kind="stable").tolist():
        length = run + 1 if colour == now else 1
        if left[colour] == 0 or length > limit:
            continue
        rest = left.copy()
        rest[colour] -= 1
        room = limit * (total - rest + 1)
        room[colour] -= length
        if bool((rest <= room).all()):
            return int(colour)
    return -1


def _turns(paint: Paint, left: Ints, colour: int) -> list[int]:
    """Return the units of a colour, the classes spread evenly."""
    members = np.flatnonzero((paint.shade == colour) & (left > 0))
    units = np.repeat(members, left[members])
    place = np.concatenate([(np.arange(d) + 0.5) / d for d in left[members].tolist()] or [np.zeros(0)])
    order: list[int] = units[np.argsort(place, kind="stable")].tolist()
    return order


def least(paint: Paint) -> list[int]:
    """Return for each tier what all orders cost in it at least, in units: colours and rules, each alone."""
    found = [0] * paint.tiers
    colours = np.bincount(paint.shade, weights=paint.demand).astype(np.int64)
    runs = int((-(-colours // paint.limit)).sum())
    last = int(paint.shade[paint.before[-1]]) if len(paint.before) else -1
    free = 1 if last < 0 or colours[last] > 0 else 0
    if paint.paint:
        found[paint.tier[-1]] += (runs - free) * paint.paint
    for r, rule in enumerate(paint.rules.tolist()):
        units = int((paint.demand * paint.carry[:, r]).sum())
        found[paint.tier[r]] += rule[PRICE] * _excess(len(paint.before), paint.slots, units, *rule[:PRICE])
    return found


def _excess(before: int, slots: int, units: int, most: int, length: int, low: int, high: int) -> int:
    """Return the least excess of all windows when so many units count: windows side by side, from every offset.

    What windows that do not overlap cannot hold is above their limits; windows of different offsets are different.
    """
    found = 0
    for offset in range(length):
        room = 0
        for begin in range(before - offset, before + slots, length):
            inside = min(begin + length, before + slots) - max(begin, before)
            room += min(most, inside) if low <= begin <= high else inside
        found += max(0, units - room)
    return found


def tiers_of(paint: Paint, line: Ints) -> list[int]:
    """Return what a line costs in each tier, in units."""
    found = [0] * paint.tiers
    shades = paint.shade[line[max(0, len(paint.before) - 1) :]]
    found[paint.tier[-1]] += int((np.diff(shades) != 0).sum()) * paint.paint
    for r, (most, length, low, high, price) in enumerate(paint.rules.tolist()):
        sums = np.concatenate([[0], np.cumsum(paint.carry[line, r]), np.zeros(length, dtype=np.int64)])
        sums[len(line) + 1 :] = sums[len(line)]
        loads = sums[low + length : high + length + 1] - sums[low : high + 1]
        found[paint.tier[r]] += int(np.maximum(0, loads - most).sum()) * price
    return found
