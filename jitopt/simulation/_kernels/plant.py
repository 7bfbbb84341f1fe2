"""Kernels: the main loop of a plant.

An event is taken off the calendar and dealt with; then loops release and stations start what they
can, in the order in which they were touched, until nothing moves; then the next event. It returns
often, so that variates can be drawn and the caller can look at the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, merged, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Matrix, Table

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
_stations: Any = twin("jitopt.simulation._kernels.plant_stations", __name__)
_supply: Any = twin("jitopt.simulation._kernels.plant_supply", __name__)
drop_row, fill_hole = _calendar.drop_row, _calendar.fill_hole
authorise, end_move, order = _flow.authorise, _flow.end_move, _flow.order
feed_station, server_event, try_loop = _stations.feed_station, _stations.server_event, _stations.try_loop
line_goes_on, repeat, switch, truck = _supply.line_goes_on, _supply.repeat, _supply.switch, _supply.truck


@merged
def settle(n: Table, x: Matrix, m: Ints, y: Floats, now: float) -> None:
    """Let loops release and stations start what they can, until nothing moves."""
    while True:
        first = n[0, f.TODO_FIRST]
        if first != n[0, f.TODO_LAST]:
            loop = m[first]
            n[0, f.TODO_FIRST] = first + 1 if first + 1 < n[0, f.TODO_END] else n[0, f.TODO]
            n[loop, f.LISTED] = 0
            try_loop(n, x, m, y, loop, now)
            continue
        first = n[0, f.FEED_FIRST]
        if first == n[0, f.FEED_LAST]:
            return
        station = m[first]
        n[0, f.FEED_FIRST] = first + 1 if first + 1 < n[0, f.FEED_END] else n[0, f.FEED]
        n[station, f.FEEDING] = 0
        feed_station(n, x, m, y, station, now)


@merged
def handle(n: Table, x: Matrix, m: Ints, y: Floats, row: int, now: float) -> None:
    """Deal with the event of a row."""
    kind = n[row, f.KIND]
    if kind == f.SERVER:
        server_event(n, x, m, y, row, now)
    elif kind == f.CUSTOMER:
        order(n, x, m, y, row, now)
    elif kind == f.MOVE:
        end_move(n, x, m, y, row, now)
    elif kind == f.CARD_MOVE:
        loop = n[row, f.LOOP]
        n[loop, f.MOVING] -= n[row, f.CARDS]
        authorise(n, m, loop, n[row, f.CARDS])
        drop_row(n, row)
    elif kind == f.TRUCKS:
        truck(n, x, m, y, row, now)
    elif kind == f.SWITCH:
        switch(n, x, m, y, row, now)
    elif kind == f.STOPPAGE:
        line_goes_on(n, x, m, y, row, now)
        drop_row(n, row)
    else:
        repeat(n, x, m, y, row, now)


@in_place
def run(n: Table, x: Matrix, m: Ints, y: Floats, until: float, most: int, margin: int) -> int:
    """Run a plant up to a time; return why it stopped (`plant_fields.REACHED` and following).

    until: events at this time or later are left. most: events dealt with before it returns.
    margin: unused rows there must be.
    """
    for _ in range(most):
        settle(n, x, m, y, x[0, f.CLOCK])
        if n[0, f.HOLE] == 1:
            fill_hole(n, m, y)
        if n[0, f.HUNGRY] > 0:
            return f.DRY if n[0, f.HUNGRY] == 2 else f.HUNGER
        if n[0, f.SPARES] < margin:
            return f.CROWDED
        if n[0, f.DUE_EVENTS] == 0:
            return f.NOTHING_DUE
        now = y[n[0, f.HEAP]]
        if now >= until:
            return f.REACHED
        row = m[n[0, f.HEAP]]
        x[0, f.CLOCK] = now
        n[row, f.PLACE] = -1
        n[0, f.HOLE] = 1
        handle(n, x, m, y, row, now)
        n[0, f.EVENTS] += 1
    return f.MORE
