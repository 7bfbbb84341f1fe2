"""Kernels of the bound of `heijunka_cars`: what two ratio rules together cost at least, exactly.

Two rules tell four kinds of units apart: those that count for neither, the first, the second, or both. A dynamic
programme goes from slot to slot; it knows how many units of each kind are built (those of the first kind follow), and
which of the last slots count for either rule. `layer[both, first, second, window]` is the least cost so far; what
costs as much as a known plan, or can only end so, is left out. The other rules cost nothing, so this bounds every plan.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

MOST, LENGTH, PRICE, EXCESS = range(4)
"""Columns of `rules` (two rows): units allowed, window, price, 1 if units above count."""

NEITHER, FIRST, SECOND, BOTH = range(4)
"""Entries of `kinds`: how many units count for which rule."""


@in_place
def room(rules: Any, r: int, slots: int) -> int:
    """Return how many units that count some slots hold without a breach."""
    return int(slots // rules[r, LENGTH] * rules[r, MOST] + min(slots % rules[r, LENGTH], rules[r, MOST]))


@in_place
def beyond(rules: Any, r: int, cut: int) -> int:
    """Return how many units more slots can hold in a plan that costs less than `cut`.

    Windows side by side share no unit, and what they hold above the rule is at most what the plan pays for.
    """
    breaches = (cut - 1) // rules[r, PRICE]
    return int(breaches if rules[r, EXCESS] else breaches * (rules[r, LENGTH] - rules[r, MOST]))


@in_place
def least(rules: Any, r: int, units: int, slots: int, done: int, cut: int) -> int:
    """Return how many of the units that count must at least be built once `done` slots are."""
    return int(max(0, units - room(rules, r, slots - done) - beyond(rules, r, cut)))


@in_place
def most(rules: Any, r: int, units: int, done: int, cut: int) -> int:
    """Return how many of the units that count can at most be built once `done` slots are."""
    return int(min(units, room(rules, r, done) + beyond(rules, r, cut)))


@in_place
def ones(mask: int) -> int:
    """Return how many bits are set."""
    found = 0
    while mask:
        found += mask & 1
        mask >>= 1
    return found


@in_place
def cost(rules: Any, r: int, window: int, more: int, slot: int) -> int:
    """Return what the window that ends with this slot costs; `window` are the slots of it before."""
    over = ones(window) + more - rules[r, MOST]
    if over <= 0 or slot + 1 < rules[r, LENGTH]:
        return 0
    return int((over if rules[r, EXCESS] else 1) * rules[r, PRICE])


@in_place
def spread(rules: Any, prices: Any, counts: Any, now: Any, after: Any, cut: int, built: Any, window: int) -> None:
    """Hand the cost of a state, as far as it is below `cut`, to those that follow; see `prepare`."""
    value = now[built[BOTH], built[FIRST], built[SECOND], window]
    second = 1 << (rules[1, LENGTH] - 1)
    left, right = window // second, window % second
    for kind in range(4):
        if built[kind] == counts[kind]:
            continue
        one, two = kind & 1, kind >> 1
        total = value + prices[0, one, left] + prices[1, two, right]
        if total >= cut:
            continue
        built[kind] += 1
        first_units, second_units = built[FIRST] + built[BOTH], built[SECOND] + built[BOTH]
        if built[4] <= first_units <= built[5] and built[6] <= second_units <= built[7]:
            mask = (1 << (rules[0, LENGTH] - 1)) - 1
            state = ((left << 1 | one) & mask) * second + ((right << 1 | two) & (second - 1))
            if total < after[built[BOTH], built[FIRST], built[SECOND], state]:
                after[built[BOTH], built[FIRST], built[SECOND], state] = total
        built[kind] -= 1


@in_place
def prepare(rules: Any, counts: Any, prices: Any, built: Any, slot: int, cut: int) -> None:
    """Compute what `advance` needs for a slot.

    prices: what a window costs, [rule, unit counts or not, slots before]. built: room for the units built of each kind,
    then for each rule how many units that count are at least and at most built after the slot, then before it.
    """
    slots = counts[NEITHER] + counts[FIRST] + counts[SECOND] + counts[BOTH]
    for r in range(2):
        for more in range(2):
            for window in range(1 << (rules[r, LENGTH] - 1)):
                prices[r, more, window] = cost(rules, r, window, more, slot)
        units = counts[BOTH] + counts[FIRST + r]
        for before in range(2):
            built[4 + 4 * before + 2 * r] = least(rules, r, units, slots, slot + 1 - before, cut)
            built[5 + 4 * before + 2 * r] = most(rules, r, units, slot + 1 - before, cut)


@in_place
def advance(
    rules: Any, counts: Any, prices: Any, built: Any, now: Any, after: Any, far: int, slot: int, cut: int, both: int
) -> int:
    """Go on by one slot from the states of layer `now` with `both` units that count for both rules, to `after`.

    These states are emptied. Returns how many there were.
    """
    looked = 0
    for first in range(max(0, built[8] - both), min(counts[FIRST], built[9] - both, slot - both) + 1):
        begin = max(0, built[10] - both, slot - both - first - counts[NEITHER])
        for second in range(begin, min(counts[SECOND], built[11] - both, slot - both - first) + 1):
            built[BOTH], built[FIRST], built[SECOND] = both, first, second
            built[NEITHER] = slot - both - first - second
            for window in range(now.shape[3]):
                if now[both, first, second, window] < far:
                    looked += 1
                    spread(rules, prices, counts, now, after, cut, built, window)
                    now[both, first, second, window] = far
    return looked
