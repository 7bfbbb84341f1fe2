"""Kernels of lines in series: the moments of every job by a recursion, without a calendar of events.

`LANES` replications run side by side, and one plan after another on the same times, so that what the
processor does at once is many of the same. Moments live in rings: slot n modulo the width holds those
of job n; the width is a power of two above every lag, and what was never written is 0, the start. The
last row of a slot is never written: who waits for nothing looks there. `order` lists the stations so
that within a job each comes after what it waits for.

Only + and comparisons are made, in the order of the definition: plain and compiled give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.jit import in_place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Times = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["LANES", "accumulate", "buffers", "cards", "measure_buffers", "measure_cards"]

LANES = 8
"""Replications side by side, the blocks of a sample."""


@in_place
def buffers(
    times: Times,
    first: int,
    material: Whole,
    room: Whole,
    fed: Whole,
    freed: Whole,
    order: Whole,
    rings: Times,
) -> None:
    """Run jobs through lines with buffers; a finished part stays in its server until there is room.

    times: of job first + i at station j in lane l, [j, i, l]. material, room, order: [plan, station]. fed,
    freed: row that a station's part and its room come from, [plan, station]. rings: moments of leaving,
    [plan, slot, station, lane].
    """
    mask = rings.shape[1] - 1
    stations = times.shape[0]
    for plan in range(rings.shape[0]):
        for i in range(times.shape[1]):
            n = first + i
            at, before = n & mask, (n - 1) & mask
            for k in range(stations):
                j = order[plan, k]
                left, empty, work = rings[plan, at, j], rings[plan, before, j], times[j, i]
                arrived = rings[plan, (n - material[plan, j]) & mask, fed[plan, j]]
                freeing = rings[plan, (n - room[plan, j]) & mask, freed[plan, j]]
                for lane in range(LANES):
                    a, b = empty[lane], arrived[lane]
                    done = (a if a > b else b) + work[lane]
                    c = freeing[lane]
                    left[lane] = done if done > c else c


@in_place
def cards(
    times: Times,
    ordered: Times,
    first: int,
    counted: int,
    material: Whole,
    room: Whole,
    fed: Whole,
    called: Whole,
    order: Whole,
    rings: Times,
    late: Whole,
) -> None:
    """Run jobs through lines with cards; finished parts wait in the store of their stage.

    As `buffers`; rows of a slot: releases into the M stages, their ends, services of customers, orders,
    nothing. The customer is station M in `order`, `material` and `fed`. ordered: moment of order
    first + i, [i, lane], all 0 in a saturated line. counted: orders before it do not count. late: orders
    that found no finished part, [plan, lane].
    """
    mask = rings.shape[1] - 1
    stations = times.shape[0]
    for plan in range(rings.shape[0]):
        for i in range(times.shape[1]):
            n = first + i
            at, before = n & mask, (n - 1) & mask
            _write(ordered[i], rings[plan, at, 2 * stations + 1])
            for k in range(stations + 1):
                j = order[plan, k]
                arrived = rings[plan, (n - material[plan, j]) & mask, fed[plan, j]]
                if j == stations:
                    _serve(arrived, ordered[i], rings[plan, at, 2 * stations], late[plan], n >= counted)
                    continue
                card = rings[plan, (n - room[plan, j]) & mask, called[plan, j]]
                released, ended = rings[plan, at, j], rings[plan, at, stations + j]
                empty, work = rings[plan, before, stations + j], times[j, i]
                for lane in range(LANES):
                    a, b, c = arrived[lane], card[lane], empty[lane]
                    moment = a if a > b else b
                    released[lane] = moment
                    ended[lane] = (moment if moment > c else c) + work[lane]


@in_place
def accumulate(between: Times, last: Times) -> None:
    """Turn times between orders into their moments. last: moments of the orders before, which it moves on."""
    for i in range(between.shape[0]):
        for lane in range(LANES):
            last[lane] += between[i, lane]
            between[i, lane] = last[lane]


@in_place
def _write(moments: Times, row: Times) -> None:
    """Write the moments of an event into its row."""
    for lane in range(LANES):
        row[lane] = moments[lane]


@in_place
def _serve(arrived: Times, asked: Times, served: Times, late: Whole, counts: bool) -> None:
    """Serve an order from what is finished, and note whether it was late."""
    for lane in range(LANES):
        a, b = arrived[lane], asked[lane]
        served[lane] = a if a > b else b
        late[lane] += 1 if counts and a > b else 0


@in_place
def measure_buffers(
    times: Times,
    first: int,
    material: Whole,
    room: Whole,
    fed: Whole,
    freed: Whole,
    order: Whole,
    ring: Times,
    sums: Times,
) -> None:
    """Run one plan as `buffers` does, and add up where the time goes.

    sums: [station, kind, lane]; kinds: part waited in front, worked, blocked, starved.
    """
    mask = ring.shape[0] - 1
    stations = times.shape[0]
    for i in range(times.shape[1]):
        n = first + i
        at, before = n & mask, (n - 1) & mask
        for k in range(stations):
            j = order[k]
            arrived = ring[(n - material[j]) & mask, fed[j]]
            freeing = ring[(n - room[j]) & mask, freed[j]]
            for lane in range(LANES):
                empty = ring[before, j, lane]
                start = max(empty, arrived[lane])
                done = start + times[j, i, lane]
                left = max(done, freeing[lane])
                ring[at, j, lane] = left
                sums[j, 0, lane] += start - arrived[lane]
                sums[j, 1, lane] += times[j, i, lane]
                sums[j, 2, lane] += left - done
                sums[j, 3, lane] += start - empty


@in_place
def measure_cards(
    times: Times,
    ordered: Times,
    first: int,
    counted: int,
    material: Whole,
    room: Whole,
    fed: Whole,
    called: Whole,
    order: Whole,
    ring: Times,
    sums: Times,
) -> None:
    """Run one plan as `cards` does, and add up where the time of counted jobs goes.

    sums: [stage, kind, lane]; kinds: part waited for its release, released part waited, worked, card
    waited. The last row is the customer's: finished part waited, order waited, orders late, orders.
    """
    mask = ring.shape[0] - 1
    stations = times.shape[0]
    for i in range(times.shape[1]):
        n = first + i
        at, before = n & mask, (n - 1) & mask
        _write(ordered[i], ring[at, 2 * stations + 1])
        for k in range(stations + 1):
            j = order[k]
            arrived = ring[(n - material[j]) & mask, fed[j]]
            if j == stations:
                _count(arrived, ordered[i], ring[at, 2 * stations], sums[j], n >= counted)
                continue
            card = ring[(n - room[j]) & mask, called[j]]
            for lane in range(LANES):
                released = max(arrived[lane], card[lane])
                start = max(released, ring[before, stations + j, lane])
                ring[at, j, lane] = released
                ring[at, stations + j, lane] = start + times[j, i, lane]
                if n >= counted:
                    sums[j, 0, lane] += released - arrived[lane]
                    sums[j, 1, lane] += start - released
                    sums[j, 2, lane] += times[j, i, lane]
                    sums[j, 3, lane] += released - card[lane]


@in_place
def _count(arrived: Times, asked: Times, served: Times, sums: Times, counts: bool) -> None:
    """Serve an order as `_serve` does, and add up what it and its part waited."""
    for lane in range(LANES):
        served[lane] = max(arrived[lane], asked[lane])
        if counts:
            sums[0, lane] += served[lane] - arrived[lane]
            sums[1, lane] += served[lane] - asked[lane]
            sums[2, lane] += 1.0 if arrived[lane] > asked[lane] else 0.0
            sums[3, lane] += 1.0
