"""Kernels: the main loop of a plant.

`s` is a `State`. An event is taken off the calendar and dealt with; then loops release and stations
start what they can, in the order in which they were touched, until nothing moves; then the next
event. It returns often, so that variates can be drawn and the caller can look at the clock.
"""

from __future__ import annotations

from typing import Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
_stations: Any = twin("jitopt.simulation._kernels.plant_stations", __name__)
_supply: Any = twin("jitopt.simulation._kernels.plant_supply", __name__)
cancel, drop_row = _calendar.cancel, _calendar.drop_row
arrive, authorise, order = _flow.arrive, _flow.authorise, _flow.order
feed_station, server_event, try_loop = _stations.feed_station, _stations.server_event, _stations.try_loop
line_goes_on, repeat, switch, truck = _supply.line_goes_on, _supply.repeat, _supply.switch, _supply.truck

MOST_AT_ONCE = 1_000_000
"""So many events without time passing between them mean that it never will."""


@in_place
def settle(s: Any, now: float) -> None:
    """Let loops release and stations start what they can, until nothing moves."""
    n, todo, feed = s.n, s.todo, s.feed
    while True:
        first = n[0, f.TODO_FIRST]
        if first != n[0, f.TODO_LAST]:
            loop = todo[first]
            first += 1
            n[0, f.TODO_FIRST] = first if first < todo.shape[0] else 0
            n[loop, f.LISTED] = 0
            try_loop(s, loop, now)
            continue
        first = n[0, f.FEED_FIRST]
        if first == n[0, f.FEED_LAST]:
            return
        station = feed[first]
        first += 1
        n[0, f.FEED_FIRST] = first if first < feed.shape[0] else 0
        n[station, f.FEEDING] = 0
        feed_station(s, station, now)


@in_place
def handle(s: Any, row: int, now: float) -> None:
    """Deal with the event of a row."""
    n = s.n
    kind = n[row, f.KIND]
    if kind == f.SERVER:
        server_event(s, row, now)
    elif kind == f.CUSTOMER:
        order(s, row, now)
    elif kind == f.MOVE:
        arrive(s, row, now)
    elif kind == f.CARD_MOVE:
        loop = n[row, f.LOOP]
        n[loop, f.MOVING] -= n[row, f.CARDS]
        authorise(n, s.todo, loop, n[row, f.CARDS])
        drop_row(n, row)
    elif kind == f.TRUCKS:
        truck(s, row, now)
    elif kind == f.SWITCH:
        switch(s, row, now)
    elif kind == f.STOPPAGE:
        line_goes_on(s, row, now)
        drop_row(n, row)
    else:
        repeat(s, row, now)


@in_place
def run(s: Any, until: float, most: int, margin: int) -> int:
    """Run a plant up to a time; return why it stopped (`plant_fields.REACHED` and following).

    until: events at this time or later are left. most: events dealt with before it returns.
    margin: unused rows there must be.
    """
    n, x = s.n, s.x
    last = x[0, f.CLOCK]
    settle(s, last)
    for _ in range(most):
        if n[0, f.HUNGRY] > 0:
            return f.DRY if n[0, f.HUNGRY] == 2 else f.HUNGER
        if n[0, f.SPARES] < margin:
            return f.CROWDED
        if n[0, f.DUE_EVENTS] == 0:
            return f.NOTHING_DUE
        now = s.key[0]
        if now >= until:
            return f.REACHED
        row = s.heap[0]
        if now > last:
            n[0, f.SAME_TIME] = 0
            last = now
            x[0, f.CLOCK] = now
        else:
            n[0, f.SAME_TIME] += 1
            if n[0, f.SAME_TIME] > MOST_AT_ONCE:
                return f.STUCK
        cancel(n, s.heap, s.key, row)
        handle(s, row, now)
        settle(s, now)
        n[0, f.EVENTS] += 1
    return f.MORE
