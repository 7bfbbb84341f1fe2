"""Kernels: stations, their servers, and what makes these stand still.

A server sets up, runs, or holds a container that finds no room (blocked). Breakdowns, stops of the
line and closed hours interrupt the work; it goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
append, pop, new_row = _calendar.append, _calendar.pop, _calendar.new_row
call, cancel, note, schedule = _calendar.call, _calendar.cancel, _calendar.note, _calendar.schedule
take, touch = _calendar.take, _calendar.touch
depart, may_release, release, ruin = _flow.depart, _flow.may_release, _flow.release, _flow.ruin


@in_place
def account(n: Ints, x: Floats, server: int, now: float) -> None:
    """Count the time that a server has been in its condition."""
    condition = n[server + f.STATE]
    if n[server + f.SHUT] > 0:
        condition = f.SHUT_DOWN
    elif n[server + f.DOWN] > 0:
        condition = f.STANDING
    x[server + f.SPENT + condition] += now - x[server + f.MARK]
    x[server + f.MARK] = now


@in_place
def draw(n: Ints, x: Floats, source: int, mean: float) -> float:
    """Return the next number of a source, the mean where nothing is drawn."""
    return take(n, x, source) if source >= 0 else mean


@in_place
def happens(n: Ints, x: Floats, source: int, share: float) -> bool:
    """Tell whether something happens that does in a share of the cases; never without a source."""
    return source >= 0 and take(n, x, source) < share


@in_place
def go_on(n: Ints, x: Floats, server: int, now: float) -> None:
    """Let a server work on what is left of its set-up or run, until it is done or breaks down."""
    x[server + f.BEGUN] = now
    schedule(n, x, server, now + min(x[server + f.LEFT], x[server + f.LIFE]))


@in_place
def halt(n: Ints, x: Floats, server: int, column: int, now: float) -> None:
    """Make a server stand still, for one reason more."""
    account(n, x, server, now)
    stood = n[server + f.SHUT] + n[server + f.DOWN] > 0
    n[server + column] += 1
    if not stood and n[server + f.PLACE] >= 0:
        worked = now - x[server + f.BEGUN]
        x[server + f.LEFT] -= worked
        x[server + f.LIFE] -= worked
        cancel(n, x, server)


@in_place
def proceed(n: Ints, x: Floats, server: int, column: int, now: float) -> None:
    """Take one reason to stand still from a server; without any it works again."""
    account(n, x, server, now)
    n[server + column] -= 1
    if n[server + f.SHUT] + n[server + f.DOWN] == 0:
        if n[server + f.STATE] == f.SETTING_UP or n[server + f.STATE] == f.RUNNING:
            go_on(n, x, server, now)
        elif n[server + f.STATE] == f.IDLE:
            call(n, n[server + f.AT])


@in_place
def ready(n: Ints, server: int) -> bool:
    """Tell whether a server can take a container."""
    return n[server + f.STATE] == f.IDLE and n[server + f.SHUT] + n[server + f.DOWN] == 0


@in_place
def has_room(n: Ints, station: int) -> bool:
    """Tell whether a container may come to a station: to its buffer or to a server that is free."""
    room = n[station + f.BUFFER]
    if room < 0 or n[station + f.QUEUED] < room:
        return True
    for k in range(n[station + f.SERVERS], n[station + f.SERVERS_END]):
        if ready(n, n[k]):
            room += 1
    return n[station + f.QUEUED] < room


@in_place
def enter(n: Ints, x: Floats, operation: int, container: int) -> None:
    """Put a container into the queue of an operation."""
    station = n[operation + f.STATION]
    n[container + f.STEP] = operation
    n[f.SEQUENCE] += 1
    n[container + f.RANK] = n[f.SEQUENCE]
    append(n, operation, f.FIRST, f.LAST, container)
    n[station + f.QUEUED] += 1
    call(n, station)


@in_place
def try_loop(n: Ints, x: Floats, loop: int, now: float) -> None:
    """Release what a loop may release."""
    operation = n[loop + f.FIRST_OPERATION]
    if n[loop + f.TRUCK] >= 0:
        return  # Its cards wait for the supplier.
    while may_release(n, x, loop):
        if operation < 0:
            depart(n, x, release(n, x, loop, now), now)
        elif has_room(n, n[operation + f.STATION]):
            enter(n, x, operation, release(n, x, loop, now))
        else:
            return


@in_place
def better(n: Ints, x: Floats, rule: int, family: int, one: int, other: int) -> bool:
    """Tell whether a station takes the head of operation `one` rather than that of `other`."""
    if rule == f.SAME_FAMILY:
        fits = n[one + f.FAMILY] == family
        if fits != (n[other + f.FAMILY] == family):
            return fits
    elif rule == f.BY_PRIORITY and x[one + f.PRIORITY] != x[other + f.PRIORITY]:
        return x[one + f.PRIORITY] < x[other + f.PRIORITY]
    return n[n[one + f.FIRST] + f.RANK] < n[n[other + f.FIRST] + f.RANK]


@in_place
def choose(n: Ints, x: Floats, station: int, family: int) -> int:
    """Return the operation whose first container a server set up for `family` takes next."""
    first = n[station + f.OPERATIONS]
    chosen = n[first]
    for k in range(first + 1, n[station + f.OPERATIONS_END]):
        operation = n[k]
        if n[operation + f.FIRST] >= 0 and (
            n[chosen + f.FIRST] < 0 or better(n, x, n[station + f.RULE], family, operation, chosen)
        ):
            chosen = operation
    return chosen


@in_place
def prefer(n: Ints, station: int, free: int, operation: int) -> int:
    """Return the free server that is set up for an operation, `free` if there is none."""
    if n[operation + f.FAMILY] >= 0 and n[free + f.FAMILY] != n[operation + f.FAMILY]:
        for k in range(n[station + f.SERVERS], n[station + f.SERVERS_END]):
            if ready(n, n[k]) and n[n[k] + f.FAMILY] == n[operation + f.FAMILY]:
                return n[k]
    return free


@in_place
def feed_station(n: Ints, x: Floats, station: int, now: float) -> None:
    """Let free servers of a station take containers, and let others come to where there is room."""
    for k in range(n[station + f.SERVERS], n[station + f.SERVERS_END]):
        server = n[k]
        while n[station + f.QUEUED] > 0 and ready(n, server):
            operation = choose(n, x, station, n[server + f.FAMILY])
            container = pop(n, operation, f.FIRST)
            n[station + f.QUEUED] -= 1
            begin(n, x, prefer(n, station, server, operation), operation, container, now)
    if n[station + f.BUFFER] >= 0:
        admit(n, x, station, now)


@in_place
def admit(n: Ints, x: Floats, station: int, now: float) -> None:
    """Let blocked containers come as far as there is room, then loops release."""
    while n[station + f.BLOCKED_FIRST] >= 0 and has_room(n, station):
        server = pop(n, station, f.BLOCKED_FIRST)
        account(n, x, server, now)
        n[server + f.STATE] = f.IDLE
        enter(n, x, n[n[server + f.OPERATION] + f.NEXT_OPERATION], n[server + f.CONTAINER])
        call(n, n[server + f.AT])
    if has_room(n, station):
        for k in range(n[station + f.RELEASES], n[station + f.RELEASES_END]):
            touch(n, n[k])


@in_place
def begin(n: Ints, x: Floats, server: int, operation: int, container: int, now: float) -> None:
    """Let a server take a container: set up first where the family changes, then run."""
    account(n, x, server, now)
    n[server + f.OPERATION] = operation
    n[server + f.CONTAINER] = container
    family = n[operation + f.FAMILY]
    before = n[server + f.FAMILY]
    if family >= 0 and family != before:
        n[server + f.FAMILY] = family
        station = n[server + f.AT]
        time = x[n[station + f.SETUPS] + (before + 1) * n[station + f.FAMILIES] + family]
        if time > 0.0:
            n[server + f.STATE] = f.SETTING_UP
            x[server + f.LEFT] = time
            note(n, x, now, f.SET_UP, operation)
            go_on(n, x, server, now)
            return
    run(n, x, server, now)


@in_place
def run(n: Ints, x: Floats, server: int, now: float) -> None:
    """Let a server that is set up run its container."""
    operation = n[server + f.OPERATION]
    n[server + f.STATE] = f.RUNNING
    x[server + f.LEFT] = draw(n, x, n[operation + f.TIME_SOURCE], x[operation + f.MEAN])
    note(n, x, now, f.START, operation)
    go_on(n, x, server, now)


@in_place
def server_event(n: Ints, x: Floats, server: int, now: float) -> None:
    """A repair ends, a server breaks down, a set-up or a run is done."""
    if n[server + f.BROKEN] == 1:
        n[server + f.BROKEN] = 0
        x[server + f.LIFE] = draw(n, x, n[server + f.LIFE_SOURCE], x[server + f.LIFE_MEAN])
        note(n, x, now, f.REPAIRED, server)
        proceed(n, x, server, f.DOWN, now)
        return
    account(n, x, server, now)
    if x[server + f.LIFE] < x[server + f.LEFT]:
        x[server + f.LEFT] -= x[server + f.LIFE]
        n[server + f.BROKEN] = 1
        n[server + f.DOWN] += 1
        note(n, x, now, f.BREAKDOWN, server)
        schedule(n, x, server, now + draw(n, x, n[server + f.REPAIR_SOURCE], x[server + f.REPAIR]))
        return
    x[server + f.LIFE] -= x[server + f.LEFT]
    if n[server + f.STATE] == f.SETTING_UP:
        run(n, x, server, now)
    else:
        finish(n, x, server, now)


@in_place
def finish(n: Ints, x: Floats, server: int, now: float) -> None:
    """A container is done: it goes on, again, or away; the line may stop."""
    operation = n[server + f.OPERATION]
    container = n[server + f.CONTAINER]
    n[server + f.STATE] = f.IDLE
    call(n, n[server + f.AT])
    note(n, x, now, f.FINISH, operation)
    if happens(n, x, n[operation + f.STOP_SOURCE], x[operation + f.STOP]):
        stop_line(n, x, operation, now)
    if happens(n, x, n[operation + f.REWORK_SOURCE], x[operation + f.REWORK]):
        note(n, x, now, f.REWORKED, operation)
        enter(n, x, operation, container)
        return
    if n[operation + f.OP_SCRAP_SOURCE] >= 0:
        loop = n[operation + f.LOOP]
        found = int(take(n, x, n[operation + f.OP_SCRAP_SOURCE])) * n[loop + f.GRAINS]
        n[container + f.BAD] = min(n[container + f.BAD] + found, n[loop + f.SIZE])
        if n[container + f.BAD] == n[loop + f.SIZE]:
            ruin(n, x, container, now)
            return
    pass_on(n, x, server, operation, container, now)


@in_place
def pass_on(n: Ints, x: Floats, server: int, operation: int, container: int, now: float) -> None:
    """Send a container to its next step; without room there, it stays and blocks its server."""
    following = n[operation + f.NEXT_OPERATION]
    if following < 0:
        depart(n, x, container, now)
    elif n[n[following + f.STATION] + f.BLOCKED_FIRST] < 0 and has_room(n, n[following + f.STATION]):
        enter(n, x, following, container)
    else:
        n[server + f.STATE] = f.BLOCKED
        note(n, x, now, f.BLOCK, server)
        append(n, n[following + f.STATION], f.BLOCKED_FIRST, f.BLOCKED_LAST, server)


@in_place
def stop_line(n: Ints, x: Floats, operation: int, now: float) -> None:
    """Stop every server of a line for a while."""
    station = n[operation + f.STATION]
    row = new_row(n, f.STOPPAGE)
    n[row + f.STATION] = station
    note(n, x, now, f.LINE_STOP, operation)
    for k in range(n[station + f.LINE], n[station + f.LINE_END]):
        halt(n, x, n[k], f.DOWN, now)
    time = draw(n, x, n[operation + f.STOP_TIME_SOURCE], x[operation + f.STOP_TIME])
    schedule(n, x, row, now + time)
