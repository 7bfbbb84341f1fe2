"""Least cost of one product of a heijunka box by itself, by dynamic programming over what is built so far.

A state is a bucket s = 0..S, the packs built until its end, and whether the bucket holds the product. Costs
are whole numbers, so that the least cost is exact, and the plain and the compiled twin agree to the last digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jitopt.jit import in_place

__all__ = ["ABSENT", "CHANGE", "FIRST", "GAP", "HIGH", "HUGE", "INFINITE", "LEAST", "LOW", "MOST", "NO_LIMIT", "PACK"]
__all__ += ["PACKS", "PRESENT", "STARTS", "VALUE", "Lanes"]

Ints = NDArray[np.int64]

INFINITE, HUGE = 2**62, 2**61
"""Cost of what cannot be; every cost that can be is below `HUGE`, half of it, and above its negative."""
NO_LIMIT = -1
"""Stands for any number of buckets without the product."""

FIRST, LOW, HIGH = range(3)
"""Layers of `state`: where the states of a bucket begin in `cost`; packs built in the first and the last of them."""
LEAST, MOST, PACK, CHANGE, PACKS, STARTS = range(6)
"""Layers of `bucket`: packs that it must and may hold; price of a pack, and of a changeover; of the cheapest plan its
packs, and whether it has a changeover."""
ABSENT, PRESENT = range(2)
"""Layers of `reached`: least cost of a state, the bucket without and with the product."""
VALUE, GAP = range(2)
"""Layers of `row`: cost of the cheapest plan, and its most buckets in a row without the product."""


class Lanes(NamedTuple):
    """The products (rows) of a box with their states, and a cheapest plan of each.

    state (3 x n x S + 1), bucket (6 x n x S), row (2 x n): see the layers. cost: of having built so many packs by
    the end of a bucket, state by state. reached (2 x the states of the row with most): room for a row.
    """

    state: Ints
    bucket: Ints
    row: Ints
    cost: Ints
    reached: Ints


@in_place
def cheapest(lanes: Lanes, begin: int, end: int, limit: int) -> None:
    """Find a cheapest plan of each product begin..end - 1 that is never missing for more than `limit` buckets."""
    slots, state = lanes.bucket.shape[2], lanes.state
    for row in range(begin, end):
        base = state[FIRST, row, 0]
        lanes.reached[ABSENT, 0], lanes.reached[PRESENT, 0] = 0, INFINITE
        for s in range(1, slots + 1):
            for built in range(state[LOW, row, s], state[HIGH, row, s] + 1):
                at = state[FIRST, row, s] - base + built - state[LOW, row, s]
                lanes.reached[ABSENT, at] = without(lanes, row, s, built, limit)[0]
                lanes.reached[PRESENT, at] = within(lanes, row, s, built)[0]
        last = state[FIRST, row, slots] - base
        lanes.row[VALUE, row] = min(lanes.reached[ABSENT, last], lanes.reached[PRESENT, last])
        if lanes.row[VALUE, row] < HUGE:
            follow(lanes, row, limit)


@in_place
def without(lanes: Lanes, row: int, s: int, built: int, limit: int) -> tuple[int, int]:
    """Return the least cost with nothing in bucket s, and the last bucket before it that holds something.

    Without a limit it is only told to be s - 1 or before.
    """
    state, reached, base = lanes.state, lanes.reached, lanes.state[FIRST, row, 0]
    best, holds = INFINITE, 0
    if lanes.bucket[LEAST, row, s - 1] > 0:
        return best, holds
    cost = lanes.cost[state[FIRST, row, s] + built - state[LOW, row, s]]
    if limit == NO_LIMIT:
        if state[LOW, row, s - 1] <= built <= state[HIGH, row, s - 1]:
            at = state[FIRST, row, s - 1] - base + built - state[LOW, row, s - 1]
            best = min(reached[ABSENT, at], reached[PRESENT, at]) + cost
        return (best if best < HUGE else INFINITE), s - 1
    for r in range(s - 1, max(-1, s - 1 - limit), -1):
        if built < state[LOW, row, r] or built > state[HIGH, row, r]:
            break
        at = state[FIRST, row, r] - base + built - state[LOW, row, r]
        before = reached[ABSENT if r == 0 else PRESENT, at]
        if before + cost < best:
            best, holds = before + cost, r
        if r == 0 or lanes.bucket[LEAST, row, r - 1] > 0:
            break
        cost += lanes.cost[state[FIRST, row, r] + built - state[LOW, row, r]]
    return (best if best < HUGE else INFINITE), holds


@in_place
def within(lanes: Lanes, row: int, s: int, built: int) -> tuple[int, int]:
    """Return the least cost with packs in bucket s, and their number; negative if no changeover is needed."""
    state, bucket, reached = lanes.state, lanes.bucket, lanes.reached
    before, low = state[FIRST, row, s - 1] - state[FIRST, row, 0], state[LOW, row, s - 1]
    best, found = INFINITE, 0
    fewest = max(1, bucket[LEAST, row, s - 1], built - state[HIGH, row, s - 1])
    for packs in range(fewest, min(bucket[MOST, row, s - 1], built - low) + 1):
        at = before + built - packs - low
        price = packs * bucket[PACK, row, s - 1]
        if reached[PRESENT, at] + price < best:
            best, found = reached[PRESENT, at] + price, -packs
        price += bucket[CHANGE, row, s - 1]
        if reached[ABSENT, at] + price < best:
            best, found = reached[ABSENT, at] + price, packs
    if best < HUGE:
        best += lanes.cost[state[FIRST, row, s] + built - state[LOW, row, s]]
    return (best if best < HUGE else INFINITE), found


@in_place
def follow(lanes: Lanes, row: int, limit: int) -> None:
    """Write down the plan that ends in the cheaper one of the last two states."""
    state, reached, base = lanes.state, lanes.reached, lanes.state[FIRST, row, 0]
    s = lanes.bucket.shape[2]
    lanes.row[GAP, row] = 0
    for bucket in range(s):
        lanes.bucket[PACKS, row, bucket], lanes.bucket[STARTS, row, bucket] = 0, 0
    built, last = state[LOW, row, s], state[FIRST, row, s] - base
    holds, missing = reached[PRESENT, last] < reached[ABSENT, last], 0
    while s > 0:
        if holds:
            packs = within(lanes, row, s, built)[1]
            lanes.bucket[PACKS, row, s - 1], lanes.bucket[STARTS, row, s - 1] = abs(packs), int(packs > 0)
            s, built, holds, missing = s - 1, built - abs(packs), packs < 0, 0
            continue
        before = without(lanes, row, s, built, limit)[1]
        missing += s - before
        lanes.row[GAP, row] = max(lanes.row[GAP, row], missing)
        s, holds = before, limit != NO_LIMIT
        if limit == NO_LIMIT:
            at = state[FIRST, row, s] - base + built - state[LOW, row, s]
            holds = reached[PRESENT, at] < reached[ABSENT, at]
