"""Kernels: the calendar of events, a binary heap by time and, at equal times, order; lists; random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints


@in_place
def sift_up(n: Ints, x: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or above."""
    heap = n[f.HEAP]
    while place > 0:
        above = (place - 1) >> 1
        other = n[heap + above]
        due = x[heap + above]
        if due < time or (due == time and n[other + f.ORDER] <= n[row + f.ORDER]):
            break
        n[heap + place] = other
        x[heap + place] = due
        n[other + f.PLACE] = place
        place = above
    n[heap + place] = row
    x[heap + place] = time
    n[row + f.PLACE] = place


@in_place
def sift_down(n: Ints, x: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or below."""
    heap = n[f.HEAP]
    size = n[f.DUE_EVENTS]
    while 2 * place + 1 < size:
        below = 2 * place + 1
        other = n[heap + below]
        due = x[heap + below]
        if below + 1 < size:
            right = n[heap + below + 1]
            if x[heap + below + 1] < due or (x[heap + below + 1] == due and n[right + f.ORDER] < n[other + f.ORDER]):
                below += 1
                other = right
                due = x[heap + below]
        if time < due or (time == due and n[row + f.ORDER] <= n[other + f.ORDER]):
            break
        n[heap + place] = other
        x[heap + place] = due
        n[other + f.PLACE] = place
        place = below
    n[heap + place] = row
    x[heap + place] = time
    n[row + f.PLACE] = place


@in_place
def schedule(n: Ints, x: Floats, row: int, time: float) -> None:
    """Let the event of a row be due at `time`; it has none so far."""
    place = n[f.DUE_EVENTS]
    n[f.DUE_EVENTS] = place + 1
    sift_up(n, x, place, row, time)


@in_place
def cancel(n: Ints, x: Floats, row: int) -> None:
    """Take the event of a row out of the calendar."""
    heap = n[f.HEAP]
    place = n[row + f.PLACE]
    n[row + f.PLACE] = -1
    size = n[f.DUE_EVENTS] - 1
    n[f.DUE_EVENTS] = size
    if place == size:
        return
    moved = n[heap + size]
    time = x[heap + size]
    above = (place - 1) >> 1
    if place > 0 and (
        time < x[heap + above] or (time == x[heap + above] and n[moved + f.ORDER] < n[n[heap + above] + f.ORDER])
    ):
        sift_up(n, x, place, moved, time)
    else:
        sift_down(n, x, place, moved, time)


@in_place
def take(n: Ints, x: Floats, source: int) -> float:
    """Return the next number of a source."""
    at = n[source + f.NEXT_NUMBER]
    if at >= n[source + f.LOW]:
        if at >= n[source + f.NUMBERS_END]:
            n[f.HUNGRY] = 2
            return 0.0
        if n[f.HUNGRY] == 0:
            n[f.HUNGRY] = 1
    n[source + f.NEXT_NUMBER] = at + 1
    return x[at]


@in_place
def new_row(n: Ints, kind: int) -> int:
    """Return an unused row; the main loop sees to it that there are some."""
    row = n[f.SPARE]
    if n[f.SPARES] > 1:
        n[f.SPARE] = n[row + f.NEXT]
        n[f.SPARES] -= 1
    else:
        n[f.HUNGRY] = 2  # What follows is worth nothing: the run begins anew with more.
    n[f.SEQUENCE] += 1
    n[row + f.KIND] = kind
    n[row + f.ORDER] = (kind << 40) + n[f.SEQUENCE]
    n[row + f.NEXT] = -1
    return row


@in_place
def drop_row(n: Ints, row: int) -> None:
    """Return a row to the unused ones."""
    n[row + f.KIND] = f.IDLE_ROW
    n[row + f.NEXT] = n[f.SPARE]
    n[f.SPARE] = row
    n[f.SPARES] += 1


@in_place
def append(n: Ints, owner: int, first: int, last: int, row: int) -> None:
    """Put a row at the end of the list that begins and ends in these columns of its owner."""
    n[row + f.NEXT] = -1
    if n[owner + first] < 0:
        n[owner + first] = row
    else:
        n[n[owner + last] + f.NEXT] = row
    n[owner + last] = row


@in_place
def pop(n: Ints, owner: int, first: int) -> int:
    """Take the first row off a list that is not empty."""
    row = n[owner + first]
    n[owner + first] = n[row + f.NEXT]
    return row


@in_place
def touch(n: Ints, loop: int) -> None:
    """Let a loop be tried before time passes."""
    if n[loop + f.LISTED] == 0:
        n[loop + f.LISTED] = 1
        n[n[f.TODO_LAST]] = loop
        last = n[f.TODO_LAST] + 1
        n[f.TODO_LAST] = last if last < n[f.TODO_END] else n[f.TODO]


@in_place
def call(n: Ints, station: int) -> None:
    """Let a station look for work before time passes."""
    if n[station + f.FEEDING] == 0:
        n[station + f.FEEDING] = 1
        n[n[f.FEED_LAST]] = station
        last = n[f.FEED_LAST] + 1
        n[f.FEED_LAST] = last if last < n[f.FEED_END] else n[f.FEED]


@in_place
def note(n: Ints, x: Floats, time: float, what: int, row: int) -> None:
    """Write an event into the trace, where one is kept."""
    at = n[f.TRACED]
    if at < n[f.TRACE_END]:
        n[at] = what
        n[at + 1] = row
        x[at] = time
        n[f.TRACED] = at + 2
