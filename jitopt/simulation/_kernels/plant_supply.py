"""Kernels: what happens to a plant by the clock: trucks, shifts, collections, audits, MRP, schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Matrix, Table

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
_stations: Any = twin("jitopt.simulation._kernels.plant_stations", __name__)
append, cancel, note, pop = _calendar.append, _calendar.cancel, _calendar.note, _calendar.pop
schedule, touch = _calendar.schedule, _calendar.touch
born, depart, send_cards = _flow.born, _flow.depart, _flow.send_cards
draw, halt, proceed = _stations.draw, _stations.halt, _stations.proceed


@in_place
def truck(n: Table, x: Matrix, m: Ints, y: Floats, supplier: int, now: float) -> None:
    """A delivery: what is due comes, cards are handed over, the next trip is planned."""
    note(n, m, y, now, f.DELIVERY, supplier)
    delay = n[supplier, f.DELAY]
    trip = n[supplier, f.TRIP]
    n[supplier, f.TRIP] = trip + 1
    for k in range(n[supplier, f.LOADS], n[supplier, f.LOADS_END]):
        loop = m[k]
        place = n[loop, f.DUE_DELIVERIES] + trip % delay
        due = m[place]
        cards = n[loop, f.AUTHORISED]  # Handed over before what comes is looked at.
        m[place] = cards
        n[loop, f.AUTHORISED] = 0
        for _ in range(due):
            depart(n, x, m, y, pop(n, loop, f.ON_ORDER), now)
        for _ in range(cards):
            append(n, loop, f.ON_ORDER, f.ON_ORDER_LAST, born(n, x, m, y, loop, now))
    x[supplier, f.SCHEDULED] += x[supplier, f.EVERY]
    late = draw(n, y, n[supplier, f.LATE_SOURCE], 0.0)
    schedule(n, m, y, supplier, max(now, x[supplier, f.SCHEDULED] + late))


@in_place
def shut(n: Table, x: Matrix, m: Ints, y: Floats, row: int, column: int, now: float) -> None:
    """Make a server stand still, or a customer wait with the next order."""
    if n[row, f.KIND] == f.SERVER:
        halt(n, x, m, y, row, column, now)
    elif n[row, f.PLACE] >= 0:
        x[row, f.LEFT] = y[n[0, f.HEAP] + n[row, f.PLACE]] - now
        cancel(n, m, y, row)


@in_place
def open_again(n: Table, x: Matrix, m: Ints, y: Floats, row: int, column: int, now: float) -> None:
    """Let a server or a customer go on."""
    if n[row, f.KIND] == f.SERVER:
        proceed(n, x, m, y, row, column, now)
    else:
        schedule(n, m, y, row, now + x[row, f.LEFT])


@in_place
def switch(n: Table, x: Matrix, m: Ints, y: Floats, row: int, now: float) -> None:
    """A shift ends or begins, planned maintenance or a breakdown by the clock begins or ends."""
    closing = n[row, f.CLOSED] == 0
    n[row, f.CLOSED] = 1 if closing else 0
    note(n, m, y, now, f.CLOSE if closing else f.OPENED, row)
    for k in range(n[row, f.MEMBERS], n[row, f.MEMBERS_END]):
        if closing:
            shut(n, x, m, y, m[k], n[row, f.COLUMN], now)
        else:
            open_again(n, x, m, y, m[k], n[row, f.COLUMN], now)
    if n[row, f.PATTERN_LENGTH] == 0:
        if closing:
            time = now + draw(n, y, n[row, f.DOWN_SOURCE], x[row, f.DOWN_TIME])
        else:
            time = now + draw(n, y, n[row, f.UP_SOURCE], x[row, f.UP])
    else:
        position = n[row, f.POSITION] + 1
        if position == n[row, f.PATTERN_LENGTH]:
            position = 0
            x[row, f.BASE] += x[row, f.CYCLE]
        n[row, f.POSITION] = position
        time = x[row, f.BASE] + y[n[row, f.PATTERN] + position]
    schedule(n, m, y, row, time)


@in_place
def line_goes_on(n: Table, x: Matrix, m: Ints, y: Floats, row: int, now: float) -> None:
    """The stop of a line ends."""
    station = n[row, f.STATION]
    for k in range(n[station, f.LINE], n[station, f.LINE_END]):
        proceed(n, x, m, y, m[k], f.DOWN, now)


@in_place
def repeat(n: Table, x: Matrix, m: Ints, y: Floats, row: int, now: float) -> None:
    """A collection, an audit of cards, an MRP run, or a release by a schedule."""
    kind = n[row, f.KIND]
    loop = n[row, f.OF]
    if kind == f.COLLECTION:
        cards = n[loop, f.POSTED]
        n[loop, f.POSTED] = 0
        send_cards(n, x, m, y, loop, cards, now)
    elif kind == f.AUDIT:
        cards = n[loop, f.LOST]
        n[loop, f.LOST] = 0
        send_cards(n, x, m, y, loop, cards, now)
    elif kind == f.MRP:
        plan_material(n, x, m, y)
    else:
        n[loop, f.AUTHORISED] += n[row, f.AMOUNT]
        touch(n, m, loop)
    schedule(n, m, y, row, now + draw(n, y, n[row, f.REPEAT_SOURCE], x[row, f.REPEAT]))


@in_place
def plan_material(n: Table, x: Matrix, m: Ints, y: Floats) -> None:
    """An MRP run: from the customers back, every loop is ordered up to what its target lacks.

    The echelon stock of a loop is what of it is in its supermarket, under way, and in what is made
    of it, less the backlog.
    """
    for k in range(n[0, f.PLAN_FIRST], n[0, f.PLAN_LAST]):
        loop = m[k]
        size = n[loop, f.SIZE]
        stock = x[loop, f.ECHELON] + float(n[loop, f.LEVEL] + n[loop, f.WIP] * size)
        row = n[loop, f.WAITING]
        while row >= 0:
            stock -= float(n[row, f.OWED])
            row = n[row, f.NEXT]
        x[loop, f.ECHELON] = 0.0
        for i in range(n[loop, f.INPUTS], n[loop, f.INPUTS_END], 2):
            x[m[i], f.ECHELON] += stock * y[i]
        if x[loop, f.TARGET] >= 0.0:
            short = x[loop, f.TARGET] - stock - float(n[loop, f.AUTHORISED] * size)
            lot = n[loop, f.LOT] * size
            if short > 1e-6:
                lots = int((short - 1e-6) / lot) + 1
                n[loop, f.AUTHORISED] += lots * n[loop, f.LOT]
                touch(n, m, loop)
