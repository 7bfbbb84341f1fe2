"""Kernels of the product-rate assignment: shortest augmenting paths over positions, and their certificate.

A *kind* is a copy (the j-th unit) of every product that has the same costs; it has as many units as there
are such products. Position k (from 0) goes to a unit of some kind; the cost grows with the distance of k
from the kind's ideal position and has a closed form, so that no matrix is made. Positions are placed one
after another, from coarse to fine: while they lie far apart most find a unit at once, and only what does
not come out even in the end takes long paths. A search from a new position runs over kinds and the
positions they hold, to the nearest kind that has a unit left. Prices of kinds never rise above 0, so a kind
is out of reach as soon as its cost alone exceeds the length of a path in hand: the reach of a search is a
band that fits itself.

Kinds are kept in *shelves* of similar curvature, sorted by ideal position, so that a search looks only at
kinds that are near.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jitopt.jit import in_place

__all__ = ["Kinds", "Work", "certify", "cost", "insert"]

FAR = 1 << 60
"""Cost of a position beyond a kind's `reach`: no shortest path that matters is as long."""

NONE = 1 << 62
"""No path yet."""

STAMP, PLACED, LOST = 0, 1, 2
"""Cells of `Work.state`: number of the last search, positions placed, whether a position found no kind."""


class Kinds(NamedTuple):
    """The kinds and their shelves, as flat arrays of whole numbers.

    ideal: cheapest position. tilt, bend: the cost of squares at distance e is e (tilt + bend e). Where
    absolute deviations are priced (`kinked`): tilt_2, bend_2 the same up to `left` and `right` positions
    from the ideal, and `slope` per position beyond. reach: farthest distance that is priced, the same for a
    shelf. product: row
    that a locked or current position names. units: how many. first: where each shelf begins. low_bend,
    low_bend_2, low_end, low_slope: what no kind of the shelf is cheaper than. near: for each shelf and
    position the first kind at or behind it.
    """

    ideal: Any
    tilt: Any
    bend: Any
    tilt_2: Any
    bend_2: Any
    left: Any
    right: Any
    slope: Any
    reach: Any
    product: Any
    units: Any
    first: Any
    low_bend: Any
    low_bend_2: Any
    low_end: Any
    low_slope: Any
    near: Any
    kinked: bool


class Work(NamedTuple):
    """What a search changes: owner of each position, price of each kind, and its own notes.

    order: the positions in the order in which they are placed. owner: kind of each position, -1 while it has
    none. price: of each kind, never above 0. left: units that are not placed yet. ahead, behind: a kind nearer
    to the next one with units left, for kinds without. head, after, before: the
    positions of each kind as linked lists. distance, seen, closed, came: of each kind in the search under way.
    heap, where: kinds to look at, nearest first. passed: kinds that were looked at. state: see `STAMP`.
    """

    order: Any
    owner: Any
    price: Any
    left: Any
    ahead: Any
    behind: Any
    head: Any
    after: Any
    before: Any
    distance: Any
    seen: Any
    closed: Any
    came: Any
    heap: Any
    where: Any
    passed: Any
    state: Any


@in_place
def cost(kinds: Any, kind: int, e: int) -> int:
    """Return the cost of a kind at distance e from its ideal position, FAR beyond its reach."""
    return FAR if e > kinds.reach[kind] or -e > kinds.reach[kind] else priced(kinds, kind, e)


@in_place
def priced(kinds: Any, kind: int, e: int) -> int:
    """Return the cost of a kind at distance e within its reach."""
    found = e * (kinds.tilt[kind] + kinds.bend[kind] * e)
    if kinds.kinked:
        near = min(max(e, -kinds.left[kind]), kinds.right[kind])
        found += near * (kinds.tilt_2[kind] + kinds.bend_2[kind] * near) + abs(e - near) * kinds.slope[kind]
    return found


@in_place
def least(kinds: Any, shelf: int, e: int) -> int:
    """Return what no kind of a shelf costs less than at distance e >= 0, growing with e."""
    found = kinds.low_bend[shelf] * e * (e - 1)
    if kinds.kinked:
        near = min(e, kinds.low_end[shelf])
        found += kinds.low_bend_2[shelf] * near * (near - 1) + (e - near) * kinds.low_slope[shelf]
    return found


@in_place
def lift(work: Any, kind: int, place: int) -> None:
    """Move a kind up the heap from a place to where it belongs."""
    heap, where, distance = work.heap, work.where, work.distance
    key = distance[kind]
    while place > 0:
        above = (place - 1) >> 1
        other = heap[above]
        if distance[other] <= key:
            break
        heap[place] = other
        where[other] = place
        place = above
    heap[place] = kind
    where[kind] = place


@in_place
def sink(work: Any, kind: int, size: int) -> None:
    """Put a kind at the top of the heap and move it down to where it belongs."""
    heap, where, distance = work.heap, work.where, work.distance
    key, place = distance[kind], 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and distance[heap[below + 1]] < distance[heap[below]]:
            below += 1
        other = heap[below]
        if distance[other] >= key:
            break
        heap[place] = other
        where[other] = place
        place = below
    heap[place] = kind
    where[kind] = place


@in_place
def extra(kinds: Any, sites: Any, move: int, kind: int, k: int) -> int:
    """Return what a kind costs at position k because of the plan in force: `move`, or FAR where k is locked."""
    site = sites[k]
    if site == -1 or site == kinds.product[kind] or site == -2 - kinds.product[kind]:
        return 0
    return FAR if site < -1 else move


@in_place
def free(left: Any, link: Any, kind: int) -> int:
    """Follow the links from a kind to the next that has units left, shortening them; -1 or their number if none has."""
    while 0 <= kind < len(left) and left[kind] == 0:
        step = link[kind]
        if 0 <= step < len(left) and left[step] == 0:
            link[kind] = link[step]
        kind = step
    return kind


@in_place
def nearest(kinds: Any, work: Any, sites: Any, move: int, k: int) -> Any:
    """Return cost and kind of the cheapest among the nearest kinds with units left: a bound to begin a search with."""
    best, target = NONE, -1
    for shelf in range(len(kinds.first) - 1):
        middle = kinds.near[shelf * len(work.owner) + k]
        for side in range(2):
            link, kind = (work.ahead, middle) if side == 0 else (work.behind, middle - 1)
            kind = free(work.left, link, kind)
            if kinds.first[shelf] <= kind < kinds.first[shelf + 1]:
                length = cost(kinds, kind, k - kinds.ideal[kind])
                if len(sites) > 0:
                    length += extra(kinds, sites, move, kind, k)
                if length < best:
                    best, target = length, kind
    return best, target


@in_place
def look(kinds: Any, work: Any, sites: Any, move: int, k: int, base: int, best: int, target: int, size: int) -> Any:
    """Go from position k, at distance `base` less its own price, to every kind within reach.

    best, target: length and end of the shortest path to a kind with a unit left. size: of the heap.
    Returns the three anew.
    """
    stamp, told, positions = work.state[STAMP], len(sites) > 0, len(work.owner)
    ideal, price, left, closed, seen = kinds.ideal, work.price, work.left, work.closed, work.seen
    for shelf in range(len(kinds.first) - 1):
        start, stop = kinds.first[shelf], kinds.first[shelf + 1]
        reach = kinds.reach[start]
        middle = kinds.near[shelf * positions + k]
        for side in range(2):
            kind = middle if side == 0 else middle - 1
            while start <= kind < stop:
                e = k - ideal[kind]
                if abs(e) > reach or base + least(kinds, shelf, abs(e)) >= best:
                    break
                length = base + priced(kinds, kind, e) - price[kind]
                if told:
                    length += extra(kinds, sites, move, kind, k)
                if length < best:
                    if left[kind] > 0:
                        best, target = length, kind
                        work.came[kind] = k
                    elif closed[kind] != stamp and (seen[kind] != stamp or length < work.distance[kind]):
                        place = work.where[kind]
                        if seen[kind] != stamp:
                            seen[kind] = stamp
                            place = size
                            size += 1
                        work.distance[kind] = length
                        work.came[kind] = k
                        lift(work, kind, place)
                kind += 1 if side == 0 else -1
    return best, target, size


@in_place
def shift(work: Any, last: int, kind: int) -> None:
    """Give positions along the path that ended at `kind` their new kinds, back to the new position `last`."""
    owner, head, after, before = work.owner, work.head, work.after, work.before
    work.left[kind] -= 1
    while True:
        k = work.came[kind]
        old = owner[k]
        if old >= 0:
            if before[k] >= 0:
                after[before[k]] = after[k]
            else:
                head[old] = after[k]
            if after[k] >= 0:
                before[after[k]] = before[k]
        owner[k] = kind
        after[k], before[k] = head[kind], -1
        if head[kind] >= 0:
            before[head[kind]] = k
        head[kind] = k
        if k == last:
            return
        kind = old


@in_place
def insert(kinds: Any, work: Any, sites: Any, move: int, looks: int) -> int:
    """Place positions in their order until all are placed or `looks` positions were looked at.

    sites: what the plan in force says of each position: -1 nothing, p >= 0 product p, -2 - p locked for
    product p; empty where it says nothing at all. move: cost of another product than it says. Returns the
    positions that were looked at.
    """
    state, distance, price = work.state, work.distance, work.price
    looked = 0
    while state[PLACED] < len(work.order) and looked < looks:
        k = work.order[state[PLACED]]
        state[STAMP] += 1
        stamp = state[STAMP]
        passed = 0
        best, target = nearest(kinds, work, sites, move, k)
        if target >= 0:
            work.came[target] = k
        best, target, size = look(kinds, work, sites, move, k, 0, best, target, 0)
        looked += 1
        while size > 0:
            kind = work.heap[0]
            if distance[kind] >= best:
                break
            size -= 1
            if size > 0:
                sink(work, work.heap[size], size)
            work.closed[kind] = stamp
            work.passed[passed] = kind
            passed += 1
            at = work.head[kind]
            while at >= 0 and distance[kind] < best:
                held = cost(kinds, kind, at - kinds.ideal[kind]) - price[kind]
                if len(sites) > 0:
                    held += extra(kinds, sites, move, kind, at)
                best, target, size = look(kinds, work, sites, move, at, distance[kind] - held, best, target, size)
                looked += 1
                at = work.after[at]
        if target < 0 or best >= FAR >> 2:
            state[LOST] = 1
            return looked
        for i in range(passed):
            kind = work.passed[i]
            if distance[kind] < best:
                price[kind] += distance[kind] - best
        shift(work, k, target)
        state[PLACED] += 1
    return looked


@in_place
def certify(kinds: Any, work: Any, sites: Any, move: int, begin: int, value: Any, front: Any, back: Any) -> Any:
    """Hold every position from `begin` on against every kind; return the cells looked at and the worst breach.

    value: what a position brings: its kind's cost there less the kind's price (filled here, as are front
    and back: the largest value up to and from each position). A pair of kind and position breaks the
    certificate by price + value - cost > 0. Away from its ideal position a kind's cost only grows, so
    where cost - price is at least the largest value on that side, nothing behind can break it.
    """
    owner, price = work.owner, work.price
    for k in range(begin, len(owner)):
        kind = owner[k]
        held = cost(kinds, kind, k - kinds.ideal[kind]) - price[kind]
        if len(sites) > 0:
            held += extra(kinds, sites, move, kind, k)
        value[k] = held
    for k in range(begin, len(owner)):
        front[k] = value[k] if k == begin else max(value[k], front[k - 1])
    for k in range(len(owner) - 1, begin - 1, -1):
        back[k] = value[k] if k == len(owner) - 1 else max(value[k], back[k + 1])
    worst, cells = 0, 0
    for kind in range(len(price)):
        middle = max(kinds.ideal[kind], begin)
        for side in range(2):
            k = middle if side == 0 else middle - 1
            while begin <= k < len(owner):
                least_here = cost(kinds, kind, k - kinds.ideal[kind]) - price[kind]
                cells += 1
                if least_here >= (back[k] if side == 0 else front[k]):
                    break
                if len(sites) > 0:
                    least_here += extra(kinds, sites, move, kind, k)
                worst = max(worst, value[k] - least_here)
                k += 1 if side == 0 else -1
    return cells, worst
