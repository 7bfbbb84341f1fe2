"""Exact change of every term of the heijunka objective by one move, and its booking.

A move takes one unit of `lose` from slot a and builds it in slot b > a, and one unit of `gain` the
other way; either may be nobody. `evaluate` must come right before `commit` of the same move. The
arrays are explained in `heijunka_state`.
"""

from __future__ import annotations

import math

from jitopt.heuristics._kernels.heijunka_state import (
    AMOUNT,
    CAP,
    CARRY,
    CHANGE,
    DEVIATION,
    FAMILY,
    FIRST,
    GROUPS,
    HOT,
    HOT_LIST,
    ITEM,
    ITEMS,
    METRIC,
    MOVE,
    MOVED,
    PEAKS,
    PLACE,
    PRICE,
    PRODUCTS,
    RULE,
    RULE_PRICE,
    RULES,
    SCALE,
    SHIFT,
    SLOPE,
    SLOTS,
    SQUARES,
    STALE,
    STATIONS,
    TOP,
    TOTAL,
    WEIGHT,
    WHERE_ROW,
    WHERE_SLOT,
    WINDOW,
    Floats,
    Ints,
)
from jitopt.jit import in_place, twin

__all__ = ["commit", "evaluate", "peak_cost", "power"]

_line = twin("jitopt.heuristics._kernels.heijunka_line", __name__)
board_commit = _line.board_commit
line_delta = _line.line_delta
work_delta = twin("jitopt.heuristics._kernels.heijunka_work", __name__).work_delta


@in_place
def power(value: float) -> float:
    """Return the 16th power, the weight of a cell in the smooth stand-in of a maximum."""
    square = value * value
    fourth = square * square
    eighth = fourth * fourth
    return eighth * eighth


@in_place
def peak_cost(reals: Floats, group: int, total: float) -> float:
    """Price a maximum by the 16-norm of its cells."""
    root = math.sqrt(math.sqrt(math.sqrt(math.sqrt(max(total, 0.0)))))
    value = root * reals[SCALE + group]
    return float(reals[WEIGHT + group] * (value * value if group % 2 == 1 else value))


@in_place
def cell_delta(ints: Ints, reals: Floats, item: int, step: float, a: int, b: int) -> float:
    """Change of an item's absolute and maximum measures when its level rises by `step` in [a, b)."""
    row = ints[DEVIATION] + item * ints[SLOTS]
    cell = ints[PRICE] + 3 * item
    price = reals[cell]
    value = 0.0
    if price > 0.0:
        for s in range(row + a, row + b):
            value += abs(reals[s] + step) - abs(reals[s])
        value *= price
    if ints[PEAKS] == 1:
        for odd in range(2):
            group = 2 * ints[ints[FAMILY] + item] + odd
            if reals[WEIGHT + group] > 0.0:
                scale = reals[cell + 1 + odd] / reals[SCALE + group]
                shift = 0.0
                for s in range(row + a, row + b):
                    shift += power(scale * (reals[s] + step)) - power(scale * reals[s])
                reals[SHIFT + group] += shift
    return value


@in_place
def cell_commit(ints: Ints, reals: Floats, item: int, step: float, a: int, b: int) -> None:
    """Book the rise of an item's level; keep the maximum, or mark it stale when it may have fallen."""
    row = ints[DEVIATION] + item * ints[SLOTS]
    for s in range(row + a, row + b):
        reals[s] += step
    if ints[PEAKS] == 1:
        for odd in range(2):
            group = 2 * ints[ints[FAMILY] + item] + odd
            if reals[WEIGHT + group] > 0.0:
                scale = reals[ints[PRICE] + 3 * item + 1 + odd]
                if ints[WHERE_ROW + group] == item and a <= ints[WHERE_SLOT + group] < b:
                    ints[STALE + group] = 1
                for s in range(a, b):
                    height = scale * abs(reals[row + s])
                    if height > reals[TOP + group]:
                        reals[TOP + group] = height
                        ints[WHERE_ROW + group] = item
                        ints[WHERE_SLOT + group] = s
                        ints[STALE + group] = 0


@in_place
def level_items(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int, book: bool) -> float:
    """Run over the items whose level changes, merging the bills of `lose` and `gain`."""
    item_at, amount_at = ints[ITEM], ints[AMOUNT]
    i, i_end = ints[ints[FIRST] + lose], ints[ints[FIRST] + lose + 1]
    j, j_end = ints[ints[FIRST] + gain], ints[ints[FIRST] + gain + 1]
    value = 0.0
    while i < i_end or j < j_end:
        step = 0.0
        item = ints[item_at + (i if i < i_end else j)]
        if j < j_end and ints[item_at + j] < item:
            item = ints[item_at + j]
        if i < i_end and ints[item_at + i] == item:
            step -= reals[amount_at + i]
            i += 1
        if j < j_end and ints[item_at + j] == item:
            step += reals[amount_at + j]
            j += 1
        if step != 0.0:
            if book:
                cell_commit(ints, reals, item, step, a, b)
            else:
                value += cell_delta(ints, reals, item, step, a, b)
    return value


@in_place
def level_delta(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> float:
    """Change of the rate and usage terms: squares by the stored slope, the rest by items."""
    value = 0.0
    if ints[SQUARES] == 1:
        slots, side = ints[SLOTS], ints[PRODUCTS] + 1
        up, down = ints[SLOPE] + gain * slots, ints[SLOPE] + lose * slots
        rise, fall = 0.0, 0.0
        for s in range(a, b):
            rise += reals[up + s]
            fall += reals[down + s]
        to_gain, to_lose = ints[METRIC] + gain * side, ints[METRIC] + lose * side
        norm = reals[to_gain + gain] + reals[to_lose + lose] - 2.0 * reals[to_gain + lose]
        value = 2.0 * (rise - fall) + (b - a) * norm
    if ints[ITEMS] > 0:
        value += level_items(ints, reals, lose, gain, a, b, False)
    return value


@in_place
def level_commit(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> None:
    """Book a move in the slopes and deviations."""
    if ints[SQUARES] == 1:
        products = ints[PRODUCTS]
        up, down = ints[METRIC] + gain * (products + 1), ints[METRIC] + lose * (products + 1)
        row = ints[SLOPE]
        for i in range(products):
            step = reals[up + i] - reals[down + i]
            if step != 0.0:
                for s in range(row + a, row + b):
                    reals[s] += step
            row += ints[SLOTS]
    if ints[ITEMS] > 0:
        level_items(ints, reals, lose, gain, a, b, True)


@in_place
def window_delta(ints: Ints, reals: Floats, r: int, low: int, high: int, step: int) -> tuple[int, float]:
    """Change of rule r when the windows that start in low..high gain (+1) or lose (-1) a unit."""
    limit, hard = ints[ints[RULE] + 3 * r], ints[ints[RULE] + 3 * r + 2]
    row = ints[WINDOW] + r * ints[SLOTS]
    price = ints[RULE_PRICE] + 5 * r
    broken, over, square = 0, 0, 0
    for s in range(row + low, row + high + 1):
        excess = ints[s] - limit
        if step > 0 and excess >= 0:
            over += 1
            square += 2 * excess + 1
            if excess == 0:
                broken += 1
        elif step < 0 and excess > 0:
            over -= 1
            square -= 2 * excess - 1
            if excess == 1:
                broken -= 1
    if hard == 1:
        return over, 0.0
    if ints[PEAKS] == 1 and over != 0:
        for group in range(4, 6):
            if reals[WEIGHT + group] > 0.0:
                scale = reals[price + group - 1] / reals[SCALE + group]
                for s in range(row + low, row + high + 1):
                    before, after = max(0, ints[s] - limit), max(0, ints[s] + step - limit)
                    reals[SHIFT + group] += power(scale * after) - power(scale * before)
    return 0, reals[price] * broken + reals[price + 1] * over + reals[price + 2] * square


@in_place
def window_commit(ints: Ints, r: int, low: int, high: int, step: int) -> None:
    """Book a unit more or less in the windows that start in low..high; keep the list of broken ones."""
    limit = ints[ints[RULE] + 3 * r]
    row = r * ints[SLOTS]
    window, place, hot = ints[WINDOW], ints[PLACE], ints[HOT_LIST]
    for at in range(row + low, row + high + 1):
        load = ints[window + at] + step
        ints[window + at] = load
        if step > 0 and load == limit + 1:
            ints[hot + ints[HOT]] = at
            ints[place + at] = ints[HOT]
            ints[HOT] += 1
        elif step < 0 and load == limit:
            ints[HOT] -= 1
            hole, last = ints[place + at], ints[hot + ints[HOT]]
            ints[hot + hole] = last
            ints[place + last] = hole
            ints[place + at] = -1


@in_place
def ratio_delta(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int, book: bool) -> tuple[int, float]:
    """Change of the ratio rules (units above hard rules, priced change), or its booking.

    Only windows with exactly one of the two slots count, of rules that count one of the products.
    """
    hard, value = 0, 0.0
    rules = ints[RULES]
    with_gain, with_lose = ints[CARRY] + gain * rules, ints[CARRY] + lose * rules
    for r in range(rules):
        step = ints[with_gain + r] - ints[with_lose + r]
        if step != 0:
            span = ints[ints[RULE] + 3 * r + 1]
            last = ints[SLOTS] - span
            low, high = max(0, a - span + 1), min(a, b - span, last)
            for _ in range(2):
                if book:
                    window_commit(ints, r, low, high, step)
                else:
                    over, change = window_delta(ints, reals, r, low, high, step)
                    hard += over
                    value += change
                low, high, step = max(a + 1, b - span + 1, 0), min(b, last), -step
    return hard, value


@in_place
def evaluate(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> tuple[int, float]:
    """Return the change of (amount by which hard rules are broken, objective of the search)."""
    peaks = ints[PEAKS] == 1
    if peaks:
        for group in range(GROUPS):
            reals[SHIFT + group] = 0.0
    value = level_delta(ints, reals, lose, gain, a, b)
    hard, change = ratio_delta(ints, reals, lose, gain, a, b, False)
    value += change
    if ints[STATIONS] > 0:
        value += work_delta(ints, reals, lose, gain, a, b, False)
    if ints[CAP] >= 0:
        more, change = line_delta(ints, reals, lose, gain, a, b)
        moved, cap = ints[MOVED], ints[CAP]
        hard += more + max(0, moved + ints[CHANGE] - cap) - max(0, moved - cap)
        value += change + reals[MOVE] * ints[CHANGE]
    if peaks:
        for group in range(GROUPS):
            if reals[WEIGHT + group] > 0.0:
                total = reals[TOTAL + group]
                value += peak_cost(reals, group, total + reals[SHIFT + group]) - peak_cost(reals, group, total)
    return hard, value


@in_place
def commit(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> None:
    """Book a move that `evaluate` has just looked at."""
    level_commit(ints, reals, lose, gain, a, b)
    ratio_delta(ints, reals, lose, gain, a, b, True)
    if ints[STATIONS] > 0:
        work_delta(ints, reals, lose, gain, a, b, True)
    board_commit(ints, lose, gain, a, b)
    ints[MOVED] += ints[CHANGE]
    if ints[PEAKS] == 1:
        for group in range(GROUPS):
            reals[TOTAL + group] += reals[SHIFT + group]
        for group in range(4, GROUPS):
            ints[STALE + group] = 1
