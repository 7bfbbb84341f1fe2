"""Kernels of `heijunka_box`, what a plan is worth: rows scored anew after a move, and put back where it is refused.

Symbols as in `heijunka_box_state`. A move touches the rows of its products, parts, rules and buckets; each of
these is scored from the counts in one pass over the buckets, so that every term and rule is priced alike.
"""

from __future__ import annotations

from typing import Any

from jitopt.heuristics._kernels.heijunka_box_state import (
    AT_MOST,
    AVAILABLE,
    BEGIN,
    BROKEN,
    CAP,
    CAPACITY,
    CARRY,
    CHANGEOVER,
    COVERED,
    CURRENT,
    DEMAND,
    DUE,
    DUE_BY,
    EPEI,
    FIRST,
    HARD,
    HARD_BUCKET,
    HARD_PRODUCT,
    HARD_RULE,
    IN_ANY,
    LOAD,
    LONGEST,
    MAX_ABSOLUTE,
    MAX_SQUARED,
    MINUTE,
    MINUTES,
    MOVE_PRICE,
    MOVES,
    OBJECTIVE,
    PACK,
    PACKS,
    PARTS,
    PRICE,
    PRICED,
    PRODUCTS,
    RATE,
    RATIO,
    RULED,
    RULES,
    SETUP,
    SHORTEST,
    SLOTS,
    SPACING,
    TOTAL,
    UNDOS,
    UNITS,
    USAGE,
    USED,
    VOLUME,
    WEIGHT,
)  # fmt: skip
from jitopt.jit import in_place, inlined

__all__ = ["begin", "change", "judge", "rescore", "take_back"]


@inlined
def put(box: Any, family: int, place: int, squares: float, sizes: float, most: float, violated: float) -> None:
    """Set a row by its unweighted values, and remember what it was."""
    row = box.entry[BEGIN + family] + place
    weight = box.row[row, WEIGHT]
    k = box.entry[UNDOS]
    box.entry[UNDOS] = k + 1
    box.undo_row[k, 0], box.undo_row[k, 1] = family, row
    for c in range(5):
        old = box.row[row, c]
        box.undo[k, c] = old
        if c == 0:
            new = squares * weight
        elif c == 1:
            new = sizes * weight
        elif c == 2:
            new = most * most * weight
        elif c == 3:
            new = most * weight
        else:
            new = violated * weight
        box.row[row, c] = new
        box.sums[TOTAL + family, c] += new - old


@inlined
def late(box: Any, i: int) -> int:
    """Return the units of product i that come after the days on which they are due."""
    built, broken = 0, 0
    for s in range(box.entry[SLOTS]):
        built += box.grid[PACKS, i, s] * box.product[i, PACK]
        broken += max(0, box.grid[DUE_BY, i, s] - built)
    return int(broken)


@inlined
def misplaced(box: Any, i: int) -> int:
    """Return by how much product i breaks spacing and run lengths."""
    longest, shortest = box.product[i, LONGEST], box.product[i, SHORTEST]
    last, run, broken = -box.product[i, SPACING], 0, 0
    for s in range(box.entry[SLOTS]):
        if box.grid[PACKS, i, s]:
            broken += max(0, box.product[i, SPACING] - (s - last))
            last = s
            run += 1
            broken += run > longest
        elif run:
            broken += max(0, shortest - run)
            run = 0
    return int(broken + (max(0, shortest - run) if run else 0))


@inlined
def moved(box: Any, i: int) -> int:
    """Return the units of product i that stand where the plan in force does not have them."""
    if not box.entry[COVERED]:
        return 0
    found = 0
    for s in range(box.entry[SLOTS]):
        found += max(0, box.grid[PACKS, i, s] * box.product[i, PACK] - box.grid[CURRENT, i, s])
    return int(found)


@in_place
def score_product(box: Any, i: int) -> None:
    """Score rates, changeovers, gaps, moves and the rules of product i."""
    slots, pack, demand = box.entry[SLOTS], box.product[i, PACK], box.product[i, DEMAND]
    built, last, begins, gap = 0, -1, 0, 0
    squares, sizes, most = 0.0, 0.0, 0.0
    for s in range(slots):
        units = box.grid[PACKS, i, s] * pack
        built += units
        away = float(abs(built * slots - demand * (s + 1)))
        squares += away * away
        sizes += away
        most = max(most, away)
        if units:
            begins += last < s - 1 or s == 0
            gap = max(gap, s - last - 1)
            last = s
    gap = max(gap, slots - last - 1)
    if box.grid[PACKS, i, 0] and not box.product[i, FIRST]:
        begins -= 1
    if box.entry[PRICED + RATE]:
        put(box, RATE, i, squares / slots / slots, sizes / slots, most / slots, 0.0)
    if box.entry[PRICED + CHANGEOVER]:
        put(box, CHANGEOVER, i, begins, begins, min(1, begins), 0.0)
    if box.entry[PRICED + EPEI]:
        put(box, EPEI, i, gap * gap, gap, gap, 0.0)
    broken = late(box, i) if box.product[i, DUE] else 0
    if box.product[i, RULED]:
        broken += misplaced(box, i)
    put(box, HARD_PRODUCT, i, broken, 0.0, 0.0, 0.0)
    put(box, MOVES, i, moved(box, i), 0.0, 0.0, 0.0)


@inlined
def score_part(box: Any, part: int) -> None:
    """Score the use of a part."""
    slots = box.entry[SLOTS]
    used, squares, sizes, most = 0.0, 0.0, 0.0, 0.0
    slope = box.bill[part, box.entry[PRODUCTS]] / slots
    for s in range(slots):
        used += box.use[part, s]
        away = abs(used - slope * (s + 1))
        squares += away * away
        sizes += away
        most = max(most, away)
    put(box, USAGE, part, squares, sizes, most, 0.0)


@inlined
def score_rule(box: Any, k: int) -> None:
    """Score the full windows of a ratio rule."""
    slots, window, limit = box.entry[SLOTS], box.rule[k, IN_ANY], box.rule[k, AT_MOST]
    load, squares, sizes, most, violated = 0, 0.0, 0.0, 0.0, 0.0
    for s in range(slots):
        load += box.held[k, s]
        if s >= window:
            load -= box.held[k, s - window]
        if s >= window - 1 and load > limit:
            excess = float(load - limit)
            squares += excess * excess
            sizes += excess
            most = max(most, excess)
            violated += 1.0
    if box.rule[k, HARD]:
        put(box, HARD_RULE, k, sizes, 0.0, 0.0, 0.0)
    else:
        put(box, RATIO, k, squares, sizes, most, violated)


@in_place
def score_bucket(box: Any, s: int) -> None:
    """Score volume, capacity and minutes of a bucket."""
    slots = box.entry[SLOTS]
    if box.entry[PRICED + VOLUME]:
        away = abs(box.bucket[LOAD, s] * slots - box.entry[UNITS]) / slots
        put(box, VOLUME, s, away * away, away, away, 0.0)
    broken = float(max(0, box.bucket[LOAD, s] - box.entry[CAPACITY]))
    if box.entry[AVAILABLE] >= 0:
        broken += max(0, box.bucket[USED, s] - box.entry[AVAILABLE]) * box.level[MINUTE]
    put(box, HARD_BUCKET, s, broken, 0.0, 0.0, 0.0)


@inlined
def judge(box: Any) -> None:
    """Set objective and broken amount of the plan from the rows."""
    value = box.level[MOVE_PRICE] * box.sums[TOTAL + MOVES, 0]
    for f in range(HARD_PRODUCT):
        for c in range(5):
            price = box.sums[PRICE + f, c]
            if price == 0.0:
                continue
            if c in (MAX_SQUARED, MAX_ABSOLUTE):
                top = 0.0
                for row in range(box.entry[BEGIN + f], box.entry[BEGIN + f + 1]):
                    top = max(top, box.row[row, c])
                value += price * top
            else:
                value += price * box.sums[TOTAL + f, c]
    box.level[OBJECTIVE] = value
    broken = box.sums[TOTAL + HARD_PRODUCT, 0] + box.sums[TOTAL + HARD_BUCKET, 0] + box.sums[TOTAL + HARD_RULE, 0]
    if box.entry[CAP] >= 0:
        broken += max(0.0, box.sums[TOTAL + MOVES, 0] - box.entry[CAP])
    box.level[BROKEN] = broken


@inlined
def changeover(box: Any, i: int, s: int) -> int:
    """Return the steps of time that product i takes in bucket s to be changed over to."""
    if s >= box.entry[SLOTS] or box.grid[PACKS, i, s] == 0:
        return 0
    if s == 0:
        return int(box.product[i, SETUP] * box.product[i, FIRST])
    return 0 if box.grid[PACKS, i, s - 1] else int(box.product[i, SETUP])


@in_place
def change(box: Any, i: int, s: int, t: int, packs: int) -> None:
    """Move packs of product i from bucket s to bucket t."""
    units = packs * box.product[i, PACK]
    for sign in (-1, 1):
        box.bucket[USED, s] += sign * changeover(box, i, s)
        box.bucket[USED, t] += sign * changeover(box, i, t)
        # The buckets behind them, unless they are t and s themselves.
        if s + 1 < box.entry[SLOTS] and s + 1 != t:
            box.bucket[USED, s + 1] += sign * changeover(box, i, s + 1)
        if t + 1 < box.entry[SLOTS] and t + 1 != s:
            box.bucket[USED, t + 1] += sign * changeover(box, i, t + 1)
        if sign < 0:
            box.grid[PACKS, i, s] -= packs
            box.grid[PACKS, i, t] += packs
    box.bucket[LOAD, s] -= units
    box.bucket[LOAD, t] += units
    box.bucket[USED, s] -= units * box.product[i, MINUTES]
    box.bucket[USED, t] += units * box.product[i, MINUTES]
    for part in range(box.entry[PARTS]):
        box.use[part, s] -= units * box.bill[part, i]
        box.use[part, t] += units * box.bill[part, i]
    for k in range(box.entry[RULES]):
        if box.rule[k, CARRY + i]:
            box.held[k, s] -= units
            box.held[k, t] += units


@in_place
def rescore(box: Any, i: int, j: int, s: int, t: int) -> None:
    """Score what a move of product i between buckets s and t, and of j back (-1: none), has touched."""
    box.entry[UNDOS] = 0
    slots = box.entry[SLOTS]
    score_product(box, i)
    if j >= 0:
        score_product(box, j)
    for part in range(box.entry[PARTS]):
        if box.bill[part, i] != 0.0 or (j >= 0 and box.bill[part, j] != 0.0):
            score_part(box, part)
    for k in range(box.entry[RULES]):
        if box.rule[k, CARRY + i] or (j >= 0 and box.rule[k, CARRY + j]):
            score_rule(box, k)
    score_bucket(box, s)
    score_bucket(box, t)
    if box.entry[AVAILABLE] >= 0:
        if s + 1 < slots and s + 1 != t:
            score_bucket(box, s + 1)
        if t + 1 < slots and t + 1 != s:
            score_bucket(box, t + 1)
    judge(box)


@in_place
def take_back(box: Any) -> None:
    """Put the rows back as they were before the last move."""
    for k in range(box.entry[UNDOS] - 1, -1, -1):
        family, row = box.undo_row[k, 0], box.undo_row[k, 1]
        for c in range(5):
            box.sums[TOTAL + family, c] += box.undo[k, c] - box.row[row, c]
            box.row[row, c] = box.undo[k, c]


@in_place
def begin(box: Any) -> None:
    """Score the plan in `packs` from nothing."""
    slots, products = box.entry[SLOTS], box.entry[PRODUCTS]
    box.row[:, :5] = 0.0
    box.sums[TOTAL:, :] = 0.0
    box.bucket[:, :] = 0
    box.use[:, :] = 0.0
    box.held[:, :] = 0
    for s in range(slots):
        for i in range(products):
            units = box.grid[PACKS, i, s] * box.product[i, PACK]
            if units == 0:
                continue
            box.bucket[LOAD, s] += units
            box.bucket[USED, s] += units * box.product[i, MINUTES] + changeover(box, i, s)
            for part in range(box.entry[PARTS]):
                box.use[part, s] += units * box.bill[part, i]
            for k in range(box.entry[RULES]):
                box.held[k, s] += units * box.rule[k, CARRY + i]
    for i in range(products):
        box.entry[UNDOS] = 0
        score_product(box, i)
    for part in range(box.entry[PARTS]):
        box.entry[UNDOS] = 0
        score_part(box, part)
    for k in range(box.entry[RULES]):
        box.entry[UNDOS] = 0
        score_rule(box, k)
    for s in range(slots):
        box.entry[UNDOS] = 0
        score_bucket(box, s)
    box.entry[UNDOS] = 0
    judge(box)
