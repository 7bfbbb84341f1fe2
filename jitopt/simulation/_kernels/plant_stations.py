"""Kernels: stations, their servers, and what makes these stand still.

A server sets up, runs, or holds a container that finds no room (blocked). Breakdowns, stops of the
line and closed hours interrupt the work; it goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, inlined, merged, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Matrix, Table

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
append, pop, new_row = _calendar.append, _calendar.pop, _calendar.new_row
call, cancel, note = _calendar.call, _calendar.cancel, _calendar.note
schedule, schedule_new = _calendar.schedule, _calendar.schedule_new
take, touch = _calendar.take, _calendar.touch
arrive, depart, may_release = _flow.arrive, _flow.depart, _flow.may_release
release, ruin = _flow.release, _flow.ruin


@inlined
def account(n: Table, x: Matrix, server: int, now: float) -> None:
    """Count the time that a server has been in its condition."""
    condition = n[server, f.STATE]
    if n[server, f.SHUT] > 0:
        condition = f.SHUT_DOWN
    elif n[server, f.DOWN] > 0:
        condition = f.STANDING
    x[server, f.SPENT + condition] += now - x[server, f.MARK]
    x[server, f.MARK] = now


@inlined
def draw(n: Table, y: Floats, source: int, mean: float) -> float:
    """Return the next number of a source, the mean where nothing is drawn."""
    return take(n, y, source) if source >= 0 else mean


@inlined
def happens(n: Table, y: Floats, source: int, share: float) -> bool:
    """Tell whether something happens that does in a share of the cases; never without a source."""
    return source >= 0 and take(n, y, source) < share


@inlined
def go_on(n: Table, x: Matrix, m: Ints, y: Floats, server: int, now: float) -> None:
    """Let a server work on what is left of its set-up or run, until it is done or breaks down."""
    x[server, f.BEGUN] = now
    schedule(n, m, y, server, now + min(x[server, f.LEFT], x[server, f.LIFE]))


@in_place
def halt(n: Table, x: Matrix, m: Ints, y: Floats, server: int, column: int, now: float) -> None:
    """Make a server stand still, for one reason more."""
    account(n, x, server, now)
    stood = n[server, f.SHUT] + n[server, f.DOWN] > 0
    n[server, column] += 1
    if not stood and n[server, f.PLACE] >= 0:
        worked = now - x[server, f.BEGUN]
        x[server, f.LEFT] -= worked
        x[server, f.LIFE] -= worked
        cancel(n, m, y, server)


@in_place
def proceed(n: Table, x: Matrix, m: Ints, y: Floats, server: int, column: int, now: float) -> None:
    """Take one reason to stand still from a server; without any it works again."""
    account(n, x, server, now)
    n[server, column] -= 1
    if n[server, f.SHUT] + n[server, f.DOWN] == 0:
        if n[server, f.STATE] == f.SETTING_UP or n[server, f.STATE] == f.RUNNING:
            go_on(n, x, m, y, server, now)
        elif n[server, f.STATE] == f.IDLE:
            call(n, m, n[server, f.AT])


@inlined
def ready(n: Table, server: int) -> bool:
    """Tell whether a server can take a container."""
    return n[server, f.STATE] == f.IDLE and n[server, f.SHUT] + n[server, f.DOWN] == 0


@inlined
def has_room(n: Table, m: Ints, station: int) -> bool:
    """Tell whether a container may come to a station: to its buffer or to a server that is free."""
    room = n[station, f.BUFFER]
    if room < 0 or n[station, f.QUEUED] < room:
        return True
    for k in range(n[station, f.SERVERS], n[station, f.SERVERS_END]):
        if ready(n, m[k]):
            room += 1
    return n[station, f.QUEUED] < room


@inlined
def enter(n: Table, m: Ints, operation: int, container: int) -> None:
    """Put a container into the queue of an operation."""
    station = n[operation, f.STATION]
    n[container, f.STEP] = operation
    n[0, f.SEQUENCE] += 1
    n[container, f.RANK] = n[0, f.SEQUENCE]
    append(n, operation, f.FIRST, f.LAST, container)
    n[station, f.QUEUED] += 1
    only = n[station, f.ONLY]
    if only < 0 or ready(n, only):
        call(n, m, station)


@in_place
def better(n: Table, x: Matrix, rule: int, family: int, one: int, other: int) -> bool:
    """Tell whether a station takes the head of operation `one` rather than that of `other`."""
    if rule == f.SAME_FAMILY:
        fits = n[one, f.FAMILY] == family
        if fits != (n[other, f.FAMILY] == family):
            return fits
    elif rule == f.BY_PRIORITY and x[one, f.PRIORITY] != x[other, f.PRIORITY]:
        return x[one, f.PRIORITY] < x[other, f.PRIORITY]
    return n[n[one, f.FIRST], f.RANK] < n[n[other, f.FIRST], f.RANK]


@merged
def choose(n: Table, x: Matrix, m: Ints, station: int, family: int) -> int:
    """Return the operation whose first container a server set up for `family` takes next."""
    first = n[station, f.OPERATIONS]
    chosen = m[first]
    for k in range(first + 1, n[station, f.OPERATIONS_END]):
        operation = m[k]
        if n[operation, f.FIRST] >= 0 and (
            n[chosen, f.FIRST] < 0 or better(n, x, n[station, f.RULE], family, operation, chosen)
        ):
            chosen = operation
    return chosen


@merged
def prefer(n: Table, m: Ints, station: int, free: int, operation: int) -> int:
    """Return the free server that is set up for an operation, `free` if there is none."""
    if n[operation, f.FAMILY] >= 0 and n[free, f.SETTING] != n[operation, f.FAMILY]:
        for k in range(n[station, f.SERVERS], n[station, f.SERVERS_END]):
            if ready(n, m[k]) and n[m[k], f.SETTING] == n[operation, f.FAMILY]:
                return m[k]
    return free


@merged
def feed_station(n: Table, x: Matrix, m: Ints, y: Floats, station: int, now: float) -> None:
    """Let free servers of a station take containers, and let others come to where there is room."""
    for k in range(n[station, f.SERVERS], n[station, f.SERVERS_END]):
        server = m[k]
        while n[station, f.QUEUED] > 0 and ready(n, server):
            operation = choose(n, x, m, station, n[server, f.SETTING])
            container = pop(n, operation, f.FIRST)
            n[station, f.QUEUED] -= 1
            begin(n, x, m, y, prefer(n, m, station, server, operation), operation, container, now)
    if n[station, f.BUFFER] >= 0:
        admit(n, x, m, y, station, now)


@in_place
def admit(n: Table, x: Matrix, m: Ints, y: Floats, station: int, now: float) -> None:
    """Let blocked containers come as far as there is room, then loops release."""
    while n[station, f.BLOCKED_FIRST] >= 0 and has_room(n, m, station):
        server = pop(n, station, f.BLOCKED_FIRST)
        account(n, x, server, now)
        n[server, f.STATE] = f.IDLE
        enter(n, m, n[n[server, f.OPERATION], f.NEXT_OPERATION], n[server, f.CONTAINER])
        call(n, m, n[server, f.AT])
    if has_room(n, m, station):
        for k in range(n[station, f.RELEASES], n[station, f.RELEASES_END]):
            touch(n, m, m[k])


@merged
def begin(n: Table, x: Matrix, m: Ints, y: Floats, server: int, operation: int, container: int, now: float) -> None:
    """Let a server take a container: set up first where the family changes, then run."""
    x[server, f.MARK] = now  # Its idle time is what is left when all other is known.
    n[server, f.OPERATION] = operation
    n[server, f.CONTAINER] = container
    family = n[operation, f.FAMILY]
    before = n[server, f.SETTING]
    if family >= 0 and family != before:
        n[server, f.SETTING] = family
        station = n[server, f.AT]
        time = y[n[station, f.SETUPS] + (before + 1) * n[station, f.FAMILIES] + family]
        if time > 0.0:
            n[server, f.STATE] = f.SETTING_UP
            x[server, f.LEFT] = time
            note(n, m, y, now, f.SET_UP, operation)
            go_on(n, x, m, y, server, now)
            return
    run(n, x, m, y, server, now)


@merged
def run(n: Table, x: Matrix, m: Ints, y: Floats, server: int, now: float) -> None:
    """Let a server that is set up run its container."""
    operation = n[server, f.OPERATION]
    n[server, f.STATE] = f.RUNNING
    x[server, f.LEFT] = draw(n, y, n[operation, f.TIME_SOURCE], x[operation, f.MEAN])
    note(n, m, y, now, f.START, operation)
    go_on(n, x, m, y, server, now)


@merged
def try_loop(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, now: float) -> None:
    """Release what a loop may release."""
    operation = n[loop, f.FIRST_OPERATION]
    if n[loop, f.TRUCK] >= 0:
        return  # Its cards wait for the supplier.
    while may_release(n, m, loop) and (operation < 0 or has_room(n, m, n[operation, f.STATION])):
        container = release(n, x, m, y, loop, now)
        if operation < 0:
            depart(n, x, m, y, container, now)
        elif n[operation, f.SOLE] >= 0 and ready(n, n[operation, f.SOLE]) and n[operation, f.FIRST] < 0:
            begin(n, x, m, y, n[operation, f.SOLE], operation, container, now)
        else:
            enter(n, m, operation, container)


@in_place
def set_up(n: Table, x: Matrix, m: Ints, y: Floats, server: int, now: float) -> None:
    """A set-up is done: the server runs."""
    run(n, x, m, y, server, now)


@merged
def server_event(n: Table, x: Matrix, m: Ints, y: Floats, server: int, now: float) -> None:
    """A repair ends, a server breaks down, a set-up or a run is done."""
    if n[server, f.BROKEN] == 1:
        n[server, f.BROKEN] = 0
        x[server, f.LIFE] = draw(n, y, n[server, f.LIFE_SOURCE], x[server, f.LIFE_MEAN])
        note(n, m, y, now, f.REPAIRED, server)
        proceed(n, x, m, y, server, f.DOWN, now)
        return
    account(n, x, server, now)
    if x[server, f.LIFE] < x[server, f.LEFT]:
        x[server, f.LEFT] -= x[server, f.LIFE]
        n[server, f.BROKEN] = 1
        n[server, f.DOWN] += 1
        note(n, m, y, now, f.BREAKDOWN, server)
        schedule(n, m, y, server, now + draw(n, y, n[server, f.REPAIR_SOURCE], x[server, f.REPAIR]))
        return
    x[server, f.LIFE] -= x[server, f.LEFT]
    if n[server, f.STATE] == f.SETTING_UP:
        set_up(n, x, m, y, server, now)
    else:
        finish(n, x, m, y, server, now)


@merged
def finish(n: Table, x: Matrix, m: Ints, y: Floats, server: int, now: float) -> None:
    """A container is done: it goes on, again, or away; the line may stop."""
    operation = n[server, f.OPERATION]
    container = n[server, f.CONTAINER]
    station = n[operation, f.STATION]
    n[server, f.STATE] = f.IDLE
    if n[station, f.QUEUED] > 0 or n[station, f.BUFFER] >= 0:
        call(n, m, station)
    note(n, m, y, now, f.FINISH, operation)
    if n[operation, f.PLAIN_WORK] == 1 or inspect(n, x, m, y, operation, container, now):
        pass_on(n, x, m, y, server, operation, container, now)


@in_place
def inspect(n: Table, x: Matrix, m: Ints, y: Floats, operation: int, container: int, now: float) -> bool:
    """Look at a container that is done: the line may stop; tell whether it need not repeat the step or leave."""
    if happens(n, y, n[operation, f.STOP_SOURCE], x[operation, f.STOP]):
        stop_line(n, x, m, y, operation, now)
    if happens(n, y, n[operation, f.REWORK_SOURCE], x[operation, f.REWORK]):
        note(n, m, y, now, f.REWORKED, operation)
        enter(n, m, operation, container)
        return False
    if n[operation, f.OP_SCRAP_SOURCE] >= 0:
        loop = n[operation, f.LOOP]
        found = int(take(n, y, n[operation, f.OP_SCRAP_SOURCE])) * n[loop, f.GRAINS]
        n[container, f.BAD] = min(n[container, f.BAD] + found, n[loop, f.SIZE])
        if n[container, f.BAD] == n[loop, f.SIZE]:
            ruin(n, x, m, y, container, now)
            return False
    return True


@merged
def pass_on(n: Table, x: Matrix, m: Ints, y: Floats, server: int, operation: int, container: int, now: float) -> None:
    """Send a container to its next step; without room there, it stays and blocks its server."""
    following = n[operation, f.NEXT_OPERATION]
    if following < 0:
        if n[n[container, f.LOOP], f.PLAIN_MOVE] == 1:
            arrive(n, x, m, y, container, now)
        else:
            depart(n, x, m, y, container, now)
    elif n[n[following, f.STATION], f.BLOCKED_FIRST] < 0 and has_room(n, m, n[following, f.STATION]):
        enter(n, m, following, container)
    else:
        n[server, f.STATE] = f.BLOCKED
        note(n, m, y, now, f.BLOCK, server)
        append(n, n[following, f.STATION], f.BLOCKED_FIRST, f.BLOCKED_LAST, server)


@in_place
def stop_line(n: Table, x: Matrix, m: Ints, y: Floats, operation: int, now: float) -> None:
    """Stop every server of a line for a while."""
    station = n[operation, f.STATION]
    row = new_row(n, f.STOPPAGE)
    n[row, f.STATION] = station
    note(n, m, y, now, f.LINE_STOP, operation)
    for k in range(n[station, f.LINE], n[station, f.LINE_END]):
        halt(n, x, m, y, m[k], f.DOWN, now)
    time = draw(n, y, n[operation, f.STOP_TIME_SOURCE], x[operation, f.STOP_TIME])
    schedule_new(n, m, y, row, now + time)
