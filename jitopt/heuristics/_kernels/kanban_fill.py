"""Kernels of `kanban_fill`: repair, polish and threshold search over the columns of the loops.

A column is a container with a number of cards (or an option) of a loop. Arrays: `first` columns of
the loops, `cost` of the columns; uses of a column from `start[c]` to `start[c + 1]`, each an
`amount` of a `limit`, both whole; `room` of the limits; `weight` of a unit too much. State:
`choice` the column of each loop, `load` of the limits. Results depend on the state and the number
of iterations only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitopt.jit import kernel

NONE = 1e300
"""Cost of no plan."""

MODULUS = 2147483647

WINDOW = 400
"""Iterations between two adaptations of the weights."""


@kernel
def chance(dice: Any) -> float:
    """Return a random number between 0 and 1 (Lehmer's generator, Park and Miller 1988)."""
    dice[0] = (dice[0] * 48271) % MODULUS
    return float(dice[0] / 2147483647.0)


@kernel
def shift(start: Any, limit: Any, amount: Any, room: Any, weight: Any, load: Any, old: int, new: int) -> float:
    """Put column `new` in the place of `old`; return by how much the weighted excess rises."""
    rise = 0.0
    for u in range(start[old], start[old + 1]):
        k = limit[u]
        before = load[k] - room[k]
        load[k] -= amount[u]
        if before > 0:
            rise -= weight[k] * min(before, amount[u])
    for u in range(start[new], start[new + 1]):
        k = limit[u]
        load[k] += amount[u]
        after = load[k] - room[k]
        if after > 0:
            rise += weight[k] * min(after, amount[u])
    return rise


@kernel
def fits(room: Any, load: Any) -> bool:
    """Tell whether no limit is overfull."""
    k = 0
    while k < len(room) and load[k] <= room[k]:
        k += 1
    return k == len(room)


@kernel
def fill(start: Any, limit: Any, amount: Any, choice: Any, load: Any) -> None:
    """Compute the loads of a choice."""
    load[:] = 0
    for loop in range(len(choice)):
        column = choice[loop]
        for u in range(start[column], start[column + 1]):
            load[limit[u]] += amount[u]


@kernel
def relief(
    first: Any,
    cost: Any,
    start: Any,
    limit: Any,
    amount: Any,
    room: Any,
    weight: Any,
    choice: Any,
    load: Any,
    score: Any,
    target: Any,
) -> None:
    """Find for each loop the column that takes most excess away for its cost."""
    for loop in range(len(choice)):
        old = choice[loop]
        score[loop] = NONE
        target[loop] = old
        touched = False
        for u in range(start[old], start[old + 1]):
            if amount[u] > 0 and load[limit[u]] > room[limit[u]]:
                touched = True
        if not touched:
            continue
        for new in range(first[loop], first[loop + 1]):
            if new == old:
                continue
            rise = shift(start, limit, amount, room, weight, load, old, new)
            shift(start, limit, amount, room, weight, load, new, old)
            if rise < 0.0:
                ratio = (cost[new] - cost[old]) / -rise
                if ratio < score[loop]:
                    score[loop] = ratio
                    target[loop] = new


@kernel
def repair(
    first: Any,
    cost: Any,
    start: Any,
    limit: Any,
    amount: Any,
    room: Any,
    weight: Any,
    choice: Any,
    load: Any,
    passes: int,
) -> bool:
    """Take columns that relieve overfull limits, cheapest relief first; tell whether none is left."""
    loops = len(choice)
    score = np.empty(loops, np.float64)
    target = np.empty(loops, np.int64)
    for _ in range(passes):
        if fits(room, load):
            return True
        relief(first, cost, start, limit, amount, room, weight, choice, load, score, target)
        moved = False
        order = np.argsort(score, kind="mergesort")
        for rank in range(loops):
            loop = order[rank]
            if score[loop] >= NONE:
                break
            old, new = choice[loop], target[loop]
            rise = shift(start, limit, amount, room, weight, load, old, new)
            if rise < 0.0:
                choice[loop] = new
                moved = True
                if fits(room, load):
                    return True
            else:
                shift(start, limit, amount, room, weight, load, new, old)
        if not moved:
            break
    return fits(room, load)


@kernel
def polish(
    first: Any,
    cost: Any,
    start: Any,
    limit: Any,
    amount: Any,
    room: Any,
    weight: Any,
    choice: Any,
    load: Any,
    passes: int,
) -> None:
    """Take the cheapest column that fits, loop by loop, as long as that gains something."""
    for _ in range(passes):
        gained = False
        for loop in range(len(choice)):
            best = choice[loop]
            for new in range(first[loop], first[loop + 1]):
                old = choice[loop]
                if cost[new] < cost[best] and new != old:
                    shift(start, limit, amount, room, weight, load, old, new)
                    if fits(room, load):
                        best = new
                    shift(start, limit, amount, room, weight, load, new, old)
            if best != choice[loop]:
                shift(start, limit, amount, room, weight, load, choice[loop], best)
                choice[loop] = best
                gained = True
        if not gained:
            break


@kernel
def pick(open_first: Any, columns: Any, i: int, dice: Any) -> int:
    """Return a random open column of the i-th open loop, the first ones more often."""
    first = open_first[i]
    draw = chance(dice)
    return int(columns[first + int(draw * draw * (open_first[i + 1] - first))])


@kernel
def adapt(weight: Any, base: Any, clean: float) -> None:
    """Raise the weights where no iteration of the window kept the limits, lower them where all did."""
    for k in range(len(weight)):
        if clean == 0:
            weight[k] = min(weight[k] * 1.5, 1e6 * base[k])
        elif clean == WINDOW:
            weight[k] = max(weight[k] * 0.8, base[k])


@kernel
def search(
    cost: Any,
    start: Any,
    limit: Any,
    amount: Any,
    room: Any,
    weight: Any,
    base: Any,
    choice: Any,
    load: Any,
    loops: Any,
    open_first: Any,
    columns: Any,
    best: Any,
    state: Any,
    dice: Any,
    rounds: int,
) -> None:
    """Do threshold accepting over the open columns: one loop, or two loops, changed at a time.

    loops: those with several open columns; their columns lie from open_first[i] to open_first[i +
    1] in `columns`. base: least weights. state: threshold, its factor, least cost found, cost now,
    iterations, and those of the window that kept the limits.
    """
    count = len(loops)
    for _ in range(rounds):
        i = int(chance(dice) * count)
        # The second loop is the first again where only one is changed.
        j = int(chance(dice) * count) if chance(dice) < 0.6 else i
        one, two = loops[i], loops[j]
        one_old, two_old = choice[one], choice[two]
        one_new, two_new = pick(open_first, columns, i, dice), pick(open_first, columns, j, dice)
        rise = shift(start, limit, amount, room, weight, load, one_old, one_new)
        gain = cost[one_new] - cost[one_old]
        if j != i:
            rise += shift(start, limit, amount, room, weight, load, two_old, two_new)
            gain += cost[two_new] - cost[two_old]
        taken = rise + gain <= state[0] * chance(dice)
        if taken:
            choice[one] = one_new
            if j != i:
                choice[two] = two_new
            state[3] += gain
        else:
            if j != i:
                shift(start, limit, amount, room, weight, load, two_new, two_old)
            shift(start, limit, amount, room, weight, load, one_new, one_old)
        if fits(room, load):
            state[5] += 1
            if taken and state[3] < state[2] - 1e-9 * max(1.0, abs(state[2])):
                state[2] = state[3]
                best[:] = choice
        state[0] *= state[1]
        state[4] += 1
        if state[4] % WINDOW == 0:
            adapt(weight, base, state[5])
            state[5] = 0
