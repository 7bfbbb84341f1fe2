"""Kernels: the calendar of events, lists of rows, random numbers, the trace.

The calendar is a binary heap by time and, at equal times, order. The event that is being dealt
with leaves a hole at its top, which the next event that is scheduled falls into: most often that of
the same row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, inlined

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Table


@inlined
def sift_up(n: Table, m: Ints, y: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or above."""
    heap = n[0, f.HEAP]
    while place > 0:
        above = (place - 1) >> 1
        other = m[heap + above]
        due = y[heap + above]
        if due < time or (due == time and n[other, f.ORDER] <= n[row, f.ORDER]):
            break
        m[heap + place] = other
        y[heap + place] = due
        n[other, f.PLACE] = place
        place = above
    m[heap + place] = row
    y[heap + place] = time
    n[row, f.PLACE] = place


@inlined
def sift_down(n: Table, m: Ints, y: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or below."""
    heap = n[0, f.HEAP]
    size = n[0, f.DUE_EVENTS]
    while 2 * place + 1 < size:
        below = 2 * place + 1
        due = y[heap + below]
        if below + 1 < size:
            right = y[heap + below + 1]
            if right == due and n[m[heap + below + 1], f.ORDER] < n[m[heap + below], f.ORDER]:
                below += 1
            below += int(right < due)  # Added, not branched on: which is smaller cannot be foreseen.
            due = min(right, due)
        other = m[heap + below]
        if time < due or (time == due and n[row, f.ORDER] <= n[other, f.ORDER]):
            break
        m[heap + place] = other
        y[heap + place] = due
        n[other, f.PLACE] = place
        place = below
    m[heap + place] = row
    y[heap + place] = time
    n[row, f.PLACE] = place


@inlined
def schedule(n: Table, m: Ints, y: Floats, row: int, time: float) -> None:
    """Let the event of a row be due at `time`; it has none so far."""
    if n[0, f.HOLE] == 1:
        n[0, f.HOLE] = 0
        sift_down(n, m, y, 0, row, time)
    else:
        place = n[0, f.DUE_EVENTS]
        n[0, f.DUE_EVENTS] = place + 1
        sift_up(n, m, y, place, row, time)


@in_place
def fill_hole(n: Table, m: Ints, y: Floats) -> None:
    """Close the hole that the event dealt with has left."""
    n[0, f.HOLE] = 0
    size = n[0, f.DUE_EVENTS] - 1
    n[0, f.DUE_EVENTS] = size
    if size > 0:
        heap = n[0, f.HEAP]
        sift_down(n, m, y, 0, m[heap + size], y[heap + size])


@in_place
def cancel(n: Table, m: Ints, y: Floats, row: int) -> None:
    """Take the event of a row out of the calendar."""
    if n[0, f.HOLE] == 1:
        fill_hole(n, m, y)
    heap = n[0, f.HEAP]
    place = n[row, f.PLACE]
    n[row, f.PLACE] = -1
    size = n[0, f.DUE_EVENTS] - 1
    n[0, f.DUE_EVENTS] = size
    if place == size:
        return
    moved = m[heap + size]
    time = y[heap + size]
    above = (place - 1) >> 1
    if place > 0 and (
        time < y[heap + above] or (time == y[heap + above] and n[moved, f.ORDER] < n[m[heap + above], f.ORDER])
    ):
        sift_up(n, m, y, place, moved, time)
    else:
        sift_down(n, m, y, place, moved, time)


@inlined
def take(n: Table, y: Floats, source: int) -> float:
    """Return the next number of a source."""
    at = n[source, f.NEXT_NUMBER]
    if at >= n[source, f.LOW]:
        if at >= n[source, f.NUMBERS_END]:
            n[0, f.HUNGRY] = 2
            return 0.0
        if n[0, f.HUNGRY] == 0:
            n[0, f.HUNGRY] = 1
    n[source, f.NEXT_NUMBER] = at + 1
    return y[at]


@inlined
def new_row(n: Table, kind: int) -> int:
    """Return an unused row; the main loop sees to it that there are some."""
    row = n[0, f.SPARE]
    if n[0, f.SPARES] > 1:
        n[0, f.SPARE] = n[row, f.NEXT]
        n[0, f.SPARES] -= 1
    else:
        n[0, f.HUNGRY] = 2  # What follows is worth nothing: the run begins anew with more.
    n[row, f.KIND] = kind
    return row


@in_place
def schedule_new(n: Table, m: Ints, y: Floats, row: int, time: float) -> None:
    """Schedule the event of a row that is not there for ever; at equal times who was first stays first."""
    n[0, f.SEQUENCE] += 1
    n[row, f.ORDER] = (n[row, f.KIND] << 40) + n[0, f.SEQUENCE]
    schedule(n, m, y, row, time)


@inlined
def drop_row(n: Table, row: int) -> None:
    """Return a row to the unused ones."""
    n[row, f.KIND] = f.IDLE_ROW
    n[row, f.NEXT] = n[0, f.SPARE]
    n[0, f.SPARE] = row
    n[0, f.SPARES] += 1


@inlined
def append(n: Table, owner: int, first: int, last: int, row: int) -> None:
    """Put a row at the end of the list that begins and ends in these columns of its owner."""
    n[row, f.NEXT] = -1
    if n[owner, first] < 0:
        n[owner, first] = row
    else:
        n[n[owner, last], f.NEXT] = row
    n[owner, last] = row


@inlined
def pop(n: Table, owner: int, first: int) -> int:
    """Take the first row off a list that is not empty."""
    row = n[owner, first]
    n[owner, first] = n[row, f.NEXT]
    return row


@inlined
def touch(n: Table, m: Ints, loop: int) -> None:
    """Let a loop be tried before time passes."""
    if n[loop, f.LISTED] == 0:
        n[loop, f.LISTED] = 1
        last = n[0, f.TODO_LAST]
        m[last] = loop
        last += 1
        n[0, f.TODO_LAST] = last if last < n[0, f.TODO_END] else n[0, f.TODO]


@inlined
def call(n: Table, m: Ints, station: int) -> None:
    """Let a station look for work before time passes."""
    if n[station, f.FEEDING] == 0:
        n[station, f.FEEDING] = 1
        last = n[0, f.FEED_LAST]
        m[last] = station
        last += 1
        n[0, f.FEED_LAST] = last if last < n[0, f.FEED_END] else n[0, f.FEED]


@inlined
def note(n: Table, m: Ints, y: Floats, time: float, what: int, row: int) -> None:
    """Write an event into the trace, where one is kept."""
    at = n[0, f.TRACED]
    if at < n[0, f.TRACE_END]:
        m[at] = what
        m[at + 1] = row
        y[at] = time
        n[0, f.TRACED] = at + 2
