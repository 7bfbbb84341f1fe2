"""The calendar of events: an indexed binary heap by time, at equal times by order; lists and variates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Matrix, Table


class State(NamedTuple):
    """A plant in the middle of a run.

    n, x: tables of `plant_fields`. heap, key: rows and times of the calendar. todo, feed: lists of loops and
    stations to look at, rings. link, share: lists of rows, and a number to each entry. variates,
    cursor: drawn numbers by source, and how many were taken. bars: time by number of containers.
    trace: time, what, row.
    """

    n: Table
    x: Matrix
    heap: Ints
    key: Floats
    todo: Ints
    feed: Ints
    link: Ints
    share: Floats
    variates: Matrix
    cursor: Ints
    bars: Floats
    trace: Matrix


@in_place
def sift_up(n: Table, heap: Ints, key: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or above."""
    while place > 0:
        above = (place - 1) >> 1
        other = heap[above]
        if key[above] < time or (key[above] == time and n[other, f.ORDER] <= n[row, f.ORDER]):
            break
        heap[place] = other
        key[place] = key[above]
        n[other, f.PLACE] = place
        place = above
    heap[place] = row
    key[place] = time
    n[row, f.PLACE] = place


@in_place
def sift_down(n: Table, heap: Ints, key: Floats, place: int, row: int, time: float) -> None:
    """Put a row into its place at `place` or below."""
    size = n[0, f.DUE_EVENTS]
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        right = below + 1
        if right < size and (
            key[right] < key[below] or (key[right] == key[below] and n[heap[right], f.ORDER] < n[heap[below], f.ORDER])
        ):
            below = right
        other = heap[below]
        if time < key[below] or (time == key[below] and n[row, f.ORDER] <= n[other, f.ORDER]):
            break
        heap[place] = other
        key[place] = key[below]
        n[other, f.PLACE] = place
        place = below
    heap[place] = row
    key[place] = time
    n[row, f.PLACE] = place


@in_place
def schedule(n: Table, heap: Ints, key: Floats, row: int, time: float) -> None:
    """Let the event of a row be due at `time`; it has none so far."""
    place = n[0, f.DUE_EVENTS]
    n[0, f.DUE_EVENTS] = place + 1
    sift_up(n, heap, key, place, row, time)


@in_place
def cancel(n: Table, heap: Ints, key: Floats, row: int) -> None:
    """Take the event of a row out of the calendar."""
    place = n[row, f.PLACE]
    n[row, f.PLACE] = -1
    size = n[0, f.DUE_EVENTS] - 1
    n[0, f.DUE_EVENTS] = size
    if place == size:
        return
    moved = heap[size]
    time = key[size]
    above = (place - 1) >> 1
    if place > 0 and (time < key[above] or (time == key[above] and n[moved, f.ORDER] < n[heap[above], f.ORDER])):
        sift_up(n, heap, key, place, moved, time)
    else:
        sift_down(n, heap, key, place, moved, time)


@in_place
def take(n: Table, variates: Matrix, cursor: Ints, source: int) -> float:
    """Return the next number of a source."""
    block = variates.shape[1]
    at = cursor[source]
    if at >= block:
        n[0, f.HUNGRY] = 2
        return variates[source, block - 1]
    cursor[source] = at + 1
    if 4 * (at + 1) >= 3 * block and n[0, f.HUNGRY] == 0:
        n[0, f.HUNGRY] = 1
    return variates[source, at]


@in_place
def new_row(n: Table, kind: int) -> int:
    """Return an unused row; the main loop sees to it that there are some."""
    row = n[0, f.SPARE]
    if n[0, f.SPARES] > 1:
        n[0, f.SPARE] = n[row, f.NEXT]
        n[0, f.SPARES] -= 1
    else:
        n[0, f.HUNGRY] = 2  # What follows is worth nothing: the run begins anew with more.
    n[0, f.SEQUENCE] += 1
    n[row, f.KIND] = kind
    n[row, f.ORDER] = (kind << 40) + n[0, f.SEQUENCE]
    n[row, f.NEXT] = -1
    return row


@in_place
def drop_row(n: Table, row: int) -> None:
    """Return a row to the unused ones."""
    n[row, f.KIND] = f.IDLE_ROW
    n[row, f.NEXT] = n[0, f.SPARE]
    n[0, f.SPARE] = row
    n[0, f.SPARES] += 1


@in_place
def append(n: Table, owner: int, first: int, last: int, row: int) -> None:
    """Put a row at the end of the list that begins and ends in these columns of its owner."""
    n[row, f.NEXT] = -1
    if n[owner, first] < 0:
        n[owner, first] = row
    else:
        n[n[owner, last], f.NEXT] = row
    n[owner, last] = row


@in_place
def pop(n: Table, owner: int, first: int) -> int:
    """Take the first row off a list that is not empty."""
    row = n[owner, first]
    n[owner, first] = n[row, f.NEXT]
    return row


@in_place
def touch(n: Table, todo: Ints, loop: int) -> None:
    """Let a loop be tried before time passes."""
    if n[loop, f.LISTED] == 0:
        n[loop, f.LISTED] = 1
        last = n[0, f.TODO_LAST]
        todo[last] = loop
        last += 1
        n[0, f.TODO_LAST] = last if last < todo.shape[0] else 0


@in_place
def call(n: Table, feed: Ints, station: int) -> None:
    """Let a station look for work before time passes."""
    if n[station, f.FEEDING] == 0:
        n[station, f.FEEDING] = 1
        last = n[0, f.FEED_LAST]
        feed[last] = station
        last += 1
        n[0, f.FEED_LAST] = last if last < feed.shape[0] else 0


@in_place
def note(n: Table, trace: Matrix, time: float, what: int, row: int) -> None:
    """Write an event into the trace, where one is kept."""
    at = n[0, f.TRACED]
    if at < trace.shape[0]:
        trace[at, 0] = time
        trace[at, 1] = what
        trace[at, 2] = row
        n[0, f.TRACED] = at + 1
