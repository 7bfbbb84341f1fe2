"""Kernels of `heijunka_cars`: annealing, many exchanges of one unit looked at together.

A step picks a slot i and draws what a change may cost; then either a segment that begins at i is turned round, or the
unit at i is exchanged for one nearby, or for one of a row of neighbouring slots. For the row the costs of all its
exchanges come from whole rows of tables, rule by rule: loops that a processor does several at a time. Among those that
are cheap enough one is drawn. What was drawn once holds for the whole row; that alone tells it from looking at
its exchanges one by one (Metropolis et al. 1953).
"""

from __future__ import annotations

from typing import Any

from jitopt import jit
from jitopt.jit import in_place

tables: Any = jit.twin("jitopt.heuristics._kernels.heijunka_cars", __name__)
BEST, DICE, STEP, TARGET, VALUE = tables.BEST, tables.DICE, tables.STEP, tables.TARGET, tables.VALUE
HAS, LENGTH = tables.HAS, tables.LENGTH
keep, reflect, reflect_cost = tables.keep, tables.reflect, tables.reflect_cost
swap, swap_cost = tables.swap, tables.swap_cost

FAR, LIMIT = range(2)
"""Entries of `few`: a cost that is never taken, the largest that is."""

WAYS = 100
"""A proposal is drawn from so many, of which those below the next two are of their kind."""

REFLECT, NEARBY = 55, 60
"""Below the first a reflection, below the second an exchange with a slot nearby, the rest look at a row of slots."""

NEAR = 48
"""Longest segment that is turned round, less 1."""

ROW = 128
"""Slots that are looked at together."""

GUIDED = 50
"""Of 100 proposals so many begin in a window above its rule."""

ROUND = 256
"""Steps between two changes of the warmth."""


@in_place
def draw(state: Any, among: int) -> int:
    """Return a whole number below `among` (Marsaglia 2003, 32 bits)."""
    dice = state[DICE]
    dice ^= (dice << 13) & 0xFFFFFFFF
    dice ^= dice >> 17
    dice ^= (dice << 5) & 0xFFFFFFFF
    state[DICE] = dice
    return int((dice * among) >> 32)


@in_place
def pick(rules: Any, hot: Any, free: Any, last: Any, state: Any) -> int:
    """Return a slot to change: often one in a window above its rule, else any."""
    if hot[0] > 0 and draw(state, 100) < GUIDED:
        n, window = len(last), hot[1 + draw(state, hot[0])]
        slot = window % n + draw(state, rules[window // n, LENGTH])
        if last[slot] >= 0:
            return int(slot)
    return int(free[draw(state, len(free))])


@in_place
def look(carry: Any, held: Any, turn: Any, sequence: Any, bar: Any, row: Any, few: Any, i: int, s: int, z: int) -> int:
    """Compute what exchanges of i with the slots s to before z cost; return how many are cheap enough."""
    unit, base, far, limit = sequence[i], turn[0, 0, i], few[FAR], few[LIMIT]
    there, closed = sequence[s:z], bar[s:z]
    for r in range(1, len(turn)):
        base += turn[r, 0, i]
    for k in range(z - s):
        row[k] = far if there[k] == unit else base + closed[k]
    for r in range(len(turn)):
        swing = turn[r, 1, i] - turn[r, 0, i]
        has, cost = held[HAS, r, s:z], turn[r, carry[unit, r], s:z]
        for k in range(z - s):
            row[k] += (has[k] & swing) + cost[k]
    found = 0
    for k in range(z - s):
        found += row[k] <= limit
    return int(found)


@in_place
def among(row: Any, few: Any, which: int) -> int:
    """Return which of the row is the one that is cheap enough after `which` others."""
    k = 0
    while row[k] > few[LIMIT] or which > 0:
        which -= row[k] <= few[LIMIT]
        k += 1
    return k


@in_place
def partner(
    carry: Any,
    held: Any,
    turn: Any,
    sequence: Any,
    bar: Any,
    row: Any,
    few: Any,
    state: Any,
    reach: int,
    i: int,
) -> int:
    """Return a slot more than `reach` from i with which the exchange is cheap enough, -1 for none in the row."""
    n = len(sequence)
    s = draw(state, max(1, n - ROW + 1))
    z = min(n, s + ROW)
    if look(carry, held, turn, sequence, bar, row, few, i, s, z) == 0:
        return -1
    # The tables hold for slots that share no window with i.
    found = 0
    for k in range(max(0, i - reach - s), min(z, i + reach + 1) - s):
        row[k] = few[FAR]
    for k in range(z - s):
        found += row[k] <= few[LIMIT]
    return s + among(row, few, draw(state, found)) if found else -1


@in_place
def turned(
    rules: Any,
    carry: Any,
    last: Any,
    held: Any,
    turn: Any,
    hot: Any,
    place: Any,
    few: Any,
    sequence: Any,
    state: Any,
    i: int,
) -> int:
    """Turn a segment that begins at i round if that is cheap enough; return what it changed."""
    j = i + 1 + draw(state, NEAR)
    if j > last[i]:
        return 0
    change = reflect_cost(rules, held, i, j)
    if change > few[LIMIT]:
        return 0
    reflect(rules, carry, held, turn, hot, place, sequence, i, j)
    return int(change)


@in_place
def swapped(
    rules: Any,
    carry: Any,
    last: Any,
    bar: Any,
    held: Any,
    turn: Any,
    hot: Any,
    place: Any,
    row: Any,
    few: Any,
    sequence: Any,
    state: Any,
    reach: int,
    i: int,
    nearby: bool,
) -> int:
    """Exchange the unit at i for one nearby or of a row of slots if that is cheap enough; return what it changed."""
    if nearby:
        j = i + 1 + draw(state, 2 * reach + 1)
        if j >= len(last) or last[j] < 0 or sequence[i] == sequence[j]:
            return 0
    else:
        j = partner(carry, held, turn, sequence, bar, row, few, state, reach, i)
        if j < 0:
            return 0
    change = swap_cost(rules, carry, held, turn, sequence, min(i, j), max(i, j))
    if change > few[LIMIT]:
        return 0
    swap(rules, carry, held, turn, hot, place, sequence, i, j)
    return int(change)


@in_place
def anneal(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    bar: Any,
    held: Any,
    turn: Any,
    hot: Any,
    place: Any,
    row: Any,
    few: Any,
    sequence: Any,
    best: Any,
    state: Any,
    warmth: float,
    cooling: float,
    steps: int,
) -> float:
    """Do some steps, or fewer if the target is reached; return the warmth at the end."""
    reach, dearest = 0, few[FAR] / 2
    for r in range(len(rules)):
        reach = max(reach, rules[r, LENGTH] - 1)
    for _ in range(steps):
        state[STEP] += 1
        if state[STEP] % ROUND == 0:
            warmth *= cooling
        kind = draw(state, WAYS)
        i = pick(rules, hot, free, last, state)
        few[LIMIT] = int(min(dearest, warmth * waits[draw(state, len(waits))]))
        if kind < REFLECT:
            state[VALUE] += turned(rules, carry, last, held, turn, hot, place, few, sequence, state, i)
        else:
            world = (rules, carry, last, bar, held, turn, hot, place, row, few, sequence, state)
            state[VALUE] += swapped(*world, reach, i, kind < NEARBY)
        if state[VALUE] < state[BEST]:
            state[BEST] = state[VALUE]
            keep(sequence, best)
            if state[BEST] <= state[TARGET]:
                break
    return warmth
