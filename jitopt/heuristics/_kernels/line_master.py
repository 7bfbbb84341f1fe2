"""Kernel of the master of monotone cuts: designs of at most a certain cost that every cut allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.jit import in_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[Any]
    Floats = NDArray[Any]

NONE, FOUND, UNDER_WAY = 0, 1, 2

NEVER = 1e300
"""Cost of what cannot be."""


@in_place
def dearest(low: Ints, high: Ints, cuts: Ints, count: int, cost: Floats, state: Floats) -> int:
    """Return the cut not yet kept that costs most to keep, -1 where all are; its least price goes to state[2].

    A cut is kept by a design that has more than the cut at some place.
    """
    places = len(low)
    chosen = -1
    state[2] = 0.0
    for row in range(count):
        price = NEVER
        for j in range(places):
            if low[j] > cuts[row, j]:
                price = -1.0
                break
            if cuts[row, j] < high[j]:
                price = min(price, cost[j] * float(cuts[row, j] + 1 - low[j]))
        if price > state[2] or (price == 0.0 and chosen < 0):
            state[2] = price
            chosen = row
            if price == NEVER:
                break
    return chosen


@in_place
def below(low: Ints, high: Ints, depth: int, j: int, cut: Ints) -> None:
    """Make the node below in which the cut is kept by place `j`, and not by one before it."""
    for k in range(low.shape[1]):
        low[depth + 1, k] = low[depth, k]
        high[depth + 1, k] = high[depth, k]
        if k < j:
            high[depth + 1, k] = min(high[depth, k], cut[k])
    low[depth + 1, j] = cut[j] + 1


@in_place
def descend(
    low: Ints,
    high: Ints,
    cut: Ints,
    branch: Ints,
    cuts: Ints,
    count: int,
    cost: Floats,
    total: int,
    state: Floats,
    nodes: int,
) -> int:
    """Search for a design of cost at most state[0] that keeps all cuts, depth first; at most so many nodes.

    low, high: [depth, place], the least and the most of a node; cut, branch: [depth]. state: the cost
    allowed; the least cost above it that was met; a price; the depth, -1 where the search is over.
    The least numbers of the last node are the design that was found.
    """
    places = low.shape[1]
    for _ in range(nodes):
        depth = int(state[3])
        if depth < 0:
            return NONE
        spent, have = 0.0, 0
        for j in range(places):
            spent += cost[j] * float(low[depth, j])
            have += low[depth, j]
        if branch[depth] < 0:
            if have > total:
                state[3] -= 1.0
                continue
            cut[depth] = dearest(low[depth], high[depth], cuts, count, cost, state)
            if cut[depth] < 0:
                return FOUND
            if spent + state[2] > state[0]:
                state[1] = min(state[1], spent + state[2])
                state[3] -= 1.0
                continue
            branch[depth] = 0
        j = branch[depth]
        if j == places:
            state[3] -= 1.0
            continue
        branch[depth] += 1
        needed = cuts[cut[depth], j] + 1
        if needed > high[depth, j]:
            continue
        spent += cost[j] * float(needed - low[depth, j])
        if spent > state[0]:
            state[1] = min(state[1], spent)
            continue
        below(low, high, depth, j, cuts[cut[depth]])
        branch[depth + 1] = -1
        state[3] += 1.0
    return UNDER_WAY
