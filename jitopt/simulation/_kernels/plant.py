"""Kernels: the main loop of a plant.

An event is taken off the calendar and dealt with; then loops release and stations start what they
can, in the order in which they were touched, until nothing moves; then the next event. It returns
often, so that variates can be drawn and the caller can look at the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints

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
def settle(n: Ints, x: Floats, now: float) -> None:
    """Let loops release and stations start what they can, until nothing moves."""
    while True:
        first = n[f.TODO_FIRST]
        if first != n[f.TODO_LAST]:
            loop = n[first]
            n[f.TODO_FIRST] = first + 1 if first + 1 < n[f.TODO_END] else n[f.TODO]
            n[loop + f.LISTED] = 0
            try_loop(n, x, loop, now)
            continue
        first = n[f.FEED_FIRST]
        if first == n[f.FEED_LAST]:
            return
        station = n[first]
        n[f.FEED_FIRST] = first + 1 if first + 1 < n[f.FEED_END] else n[f.FEED]
        n[station + f.FEEDING] = 0
        feed_station(n, x, station, now)


@in_place
def handle(n: Ints, x: Floats, row: int, now: float) -> None:
    """Deal with the event of a row."""
    kind = n[row + f.KIND]
    if kind == f.SERVER:
        server_event(n, x, row, now)
    elif kind == f.CUSTOMER:
        order(n, x, row, now)
    elif kind == f.MOVE:
        arrive(n, x, row, now)
    elif kind == f.CARD_MOVE:
        loop = n[row + f.LOOP]
        n[loop + f.MOVING] -= n[row + f.CARDS]
        authorise(n, loop, n[row + f.CARDS])
        drop_row(n, row)
    elif kind == f.TRUCKS:
        truck(n, x, row, now)
    elif kind == f.SWITCH:
        switch(n, x, row, now)
    elif kind == f.STOPPAGE:
        line_goes_on(n, x, row, now)
        drop_row(n, row)
    else:
        repeat(n, x, row, now)


@in_place
def run(n: Ints, x: Floats, until: float, most: int, margin: int) -> int:
    """Run a plant up to a time; return why it stopped (`plant_fields.REACHED` and following).

    until: events at this time or later are left. most: events dealt with before it returns.
    margin: unused rows there must be.
    """
    last = x[f.CLOCK]
    settle(n, x, last)
    for _ in range(most):
        if n[f.HUNGRY] > 0:
            return f.DRY if n[f.HUNGRY] == 2 else f.HUNGER
        if n[f.SPARES] < margin:
            return f.CROWDED
        if n[f.DUE_EVENTS] == 0:
            return f.NOTHING_DUE
        now = x[n[f.HEAP]]
        if now >= until:
            return f.REACHED
        row = n[n[f.HEAP]]
        if now > last:
            n[f.SAME_TIME] = 0
            last = now
            x[f.CLOCK] = now
        else:
            n[f.SAME_TIME] += 1
            if n[f.SAME_TIME] > MOST_AT_ONCE:
                return f.STUCK
        cancel(n, x, row)
        handle(n, x, row, now)
        settle(n, x, now)
        n[f.EVENTS] += 1
    return f.MORE
