"""Local search over sequences whose usage deviations are priced: exchanges, insertions, blocks that change places.

With z_k = S x_k - k d after slot k, its squares cost z_k' G z_k. The tables of a walk, by which moves are priced:
`pull` (S, n): G z_k after each slot; `sums` (S + 1, n): their prefix sums, so that an exchange takes a few look-ups
however far apart its units are; `off` (S, parts): A z_k; `paid` (S + 1): what absolute deviations cost after each slot,
from the first on; `change` (n): room to count in.

`form`: metric G, drift G d, amounts A, totals A d, prices r, S as a float. `free`: slots that may change; `last`: of
the block of free slots that a slot lies in; `waits`: waiting times. Costs are whole numbers in floats, as far as these
are large enough.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

__all__ = ["anneal", "begin", "refresh", "rotate_cost", "swap_cost"]

VALUE, BEST = 0, 1
"""Entries of `worth`: cost of the sequence, and of the best one."""

MODULUS = 2147483647
NEAR, LONGEST, WINDOW = 16, 24, 8
"""Distance of near exchanges, longest way of an insertion, longest block [slots]."""

ROUND = 256
"""Steps between two changes of the warmth."""


@in_place
def draw(dice: Any, among: int) -> int:
    """Return a whole number below `among` (Lehmer's generator, Park and Miller 1988)."""
    dice[0] = (dice[0] * 48271) % MODULUS
    return int(dice[0] % among)


@in_place
def refresh(form: Any, walk: Any, first: int, last: int) -> None:
    """Compute the tables anew from slot `first` on, where the sequence has changed up to before `last`."""
    metric, drift, amounts, totals, prices, slots = form
    sequence, _, pull, sums, off, paid, _ = walk
    n = metric.shape[0]
    for k in range(first, last):
        row = sequence[k]
        for i in range(n):
            before = pull[k - 1, i] if k else 0.0
            pull[k, i] = before + slots * metric[row, i] - drift[i]
        cost = 0.0
        for part in range(len(prices)):
            before = off[k - 1, part] if k else 0.0
            off[k, part] = before + slots * amounts[part, row] - totals[part]
            cost += prices[part] * abs(off[k, part])
        paid[k + 1] = cost
    for k in range(first, len(sequence)):
        for i in range(n):
            sums[k + 1, i] = sums[k, i] + pull[k, i]


@in_place
def begin(form: Any, walk: Any, demand: Any, worth: Any) -> None:
    """Fill the tables, and price the sequence."""
    sequence, best, pull, _, _, paid, count = walk
    refresh(form, walk, 0, len(sequence))
    cost = 0.0
    for i in range(len(demand)):
        count[i] = 0.0
    for k in range(len(sequence)):
        best[k] = sequence[k]
        count[sequence[k]] += form[5]
        cost += paid[k + 1]
        for i in range(len(demand)):
            cost += (count[i] - (k + 1) * demand[i]) * pull[k, i]
    worth[VALUE] = worth[BEST] = cost


@in_place
def swap_cost(form: Any, walk: Any, i: int, j: int) -> float:
    """Return what the squares change by if the units of slots i < j change places."""
    metric, slots, sequence, sums = form[0], form[5], walk[0], walk[3]
    a, b = sequence[i], sequence[j]
    bend = metric[a, a] + metric[b, b] - 2.0 * metric[a, b]
    slope = (sums[j, b] - sums[i, b]) - (sums[j, a] - sums[i, a])
    return float(slots * ((j - i) * slots * bend + 2.0 * slope))


@in_place
def insert_cost(form: Any, walk: Any, i: int, j: int) -> float:
    """Return what the squares change by if the unit of slot i moves to slot j and those between close up."""
    metric, slots, sequence, pull = form[0], form[5], walk[0], walk[2]
    row = sequence[i]
    cost = 0.0
    ahead = i < j
    for k in range(i if ahead else j, j if ahead else i):
        # Until its new slot the unit is missing, and the next one is there already; or the other way round.
        other = sequence[k + 1] if ahead else sequence[k]
        bend = metric[row, row] + metric[other, other] - 2.0 * metric[row, other]
        slope = pull[k, other] - pull[k, row]
        cost += slots * bend + 2.0 * (slope if ahead else -slope)
    return float(slots * cost)


@in_place
def rotate_cost(form: Any, walk: Any, i: int, m: int, j: int) -> float:
    """Return what the squares change by if the blocks from i to before m and from m to before j change places."""
    metric, slots, sequence, pull, change = form[0], form[5], walk[0], walk[2], walk[6]
    n = metric.shape[0]
    for row in range(n):
        change[row] = 0.0
    cost = 0.0
    for k in range(i, j):
        new = sequence[m + k - i] if k - i < j - m else sequence[k - (j - m)]
        change[new] += 1.0
        change[sequence[k]] -= 1.0
        for a in range(n):
            if change[a] != 0.0:
                cost += 2.0 * change[a] * pull[k, a]
                for b in range(n):
                    cost += slots * change[a] * metric[a, b] * change[b]
    return float(slots * cost)


@in_place
def lines_cost(form: Any, walk: Any, i: int, j: int) -> float:
    """Return what the absolute deviations of slots i to before j change by, the sequence being changed already."""
    _, _, amounts, totals, prices, slots = form
    sequence, _, _, _, off, paid, _ = walk
    cost = 0.0
    for part in range(len(prices)):
        y = off[i - 1, part] if i else 0.0
        for k in range(i, j):
            y += slots * amounts[part, sequence[k]] - totals[part]
            cost += prices[part] * abs(y)
    for k in range(i, j):
        cost -= paid[k + 1]
    return float(cost)


@in_place
def turn(sequence: Any, i: int, j: int) -> None:
    """Turn the slots from i to before j round."""
    j -= 1
    while i < j:
        sequence[i], sequence[j] = sequence[j], sequence[i]
        i += 1
        j -= 1


@in_place
def rotate(sequence: Any, i: int, m: int, j: int) -> None:
    """Let the blocks from i to before m and from m to before j change places."""
    turn(sequence, i, m)
    turn(sequence, m, j)
    turn(sequence, i, j)


@in_place
def take(form: Any, walk: Any, worth: Any, i: int, j: int, change: float) -> None:
    """Bring the tables up to date after a change of the slots i to before j."""
    sequence, best = walk[0], walk[1]
    refresh(form, walk, i, j)
    worth[VALUE] += change
    if worth[VALUE] < worth[BEST]:
        worth[BEST] = worth[VALUE]
        for k in range(len(sequence)):
            best[k] = sequence[k]


@in_place
def exchange(form: Any, walk: Any, worth: Any, free: Any, dice: Any, room: float) -> None:
    """Try to let two units change places, near ones or any; `room`: what it may cost."""
    sequence = walk[0]
    at = draw(dice, len(free))
    to = draw(dice, len(free)) if draw(dice, 2) else at + 1 + draw(dice, NEAR)
    if to >= len(free) or sequence[free[at]] == sequence[free[to]]:
        return
    i, j = min(free[at], free[to]), max(free[at], free[to])
    change = swap_cost(form, walk, i, j)
    if len(form[4]) == 0 and change >= room:
        return
    sequence[i], sequence[j] = sequence[j], sequence[i]
    if len(form[4]):
        change += lines_cost(form, walk, i, j)
        if change >= room:
            sequence[i], sequence[j] = sequence[j], sequence[i]
            return
    take(form, walk, worth, i, j, change)


@in_place
def shift(form: Any, walk: Any, worth: Any, free: Any, last: Any, dice: Any, room: float) -> None:
    """Try to insert a unit, or to let two neighbouring blocks change places, within a block of free slots."""
    sequence = walk[0]
    i = free[draw(dice, len(free))]
    kind = draw(dice, 3)
    if kind == 0:
        m = i + 1
        j = m + 1 + draw(dice, LONGEST)
    elif kind == 1:
        m = i + 1 + draw(dice, LONGEST)
        j = m + 1
    else:
        m = i + 1 + draw(dice, WINDOW)
        j = m + 1 + draw(dice, WINDOW)
    if j - 1 > last[i]:
        return
    if kind == 0:
        change = insert_cost(form, walk, i, j - 1)
    elif kind == 1:
        change = insert_cost(form, walk, m, i)
    else:
        change = rotate_cost(form, walk, i, m, j)
    if len(form[4]) == 0 and change >= room:
        return
    rotate(sequence, i, m, j)
    if len(form[4]):
        change += lines_cost(form, walk, i, j)
        if change >= room:
            rotate(sequence, i, i + j - m, j)
            return
    take(form, walk, worth, i, j, change)


@in_place
def anneal(
    form: Any,
    free: Any,
    last: Any,
    waits: Any,
    walk: Any,
    worth: Any,
    dice: Any,
    warmth: float,
    cooling: float,
    steps: int,
) -> float:
    """Try `steps` changes, the warmth falling by the factor `cooling` every round; return the warmth at the end."""
    for step in range(steps):
        if step % ROUND == 0:
            warmth *= cooling
        room = warmth * waits[draw(dice, len(waits))]
        if draw(dice, 2):
            exchange(form, walk, worth, free, dice, room)
        else:
            shift(form, walk, worth, free, last, dice, room)
    return warmth
