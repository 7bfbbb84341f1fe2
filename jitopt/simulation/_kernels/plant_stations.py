"""Kernels: stations, their servers, and what makes these stand still.

A server sets up, runs, or holds a container that finds no room (blocked). Breakdowns, stops of the
line and closed hours interrupt the work; it goes on where it was. `s` is a `State`.
"""

from __future__ import annotations

from typing import Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
_flow: Any = twin("jitopt.simulation._kernels.plant_flow", __name__)
append, pop, new_row = _calendar.append, _calendar.pop, _calendar.new_row
call, cancel, note, schedule = _calendar.call, _calendar.cancel, _calendar.note, _calendar.schedule
take, touch = _calendar.take, _calendar.touch
depart, may_release, release, ruin = _flow.depart, _flow.may_release, _flow.release, _flow.ruin


@in_place
def account(n: Any, x: Any, server: int, now: float) -> None:
    """Count the time that a server has been in its condition."""
    condition = n[server, f.STATE]
    if n[server, f.SHUT] > 0:
        condition = f.SHUT_DOWN
    elif n[server, f.DOWN] > 0:
        condition = f.STANDING
    x[server, f.SPENT + condition] += now - x[server, f.MARK]
    x[server, f.MARK] = now


@in_place
def draw(s: Any, source: int, mean: float) -> float:
    """Return the next number of a source, the mean where nothing is drawn."""
    return take(s.n, s.variates, s.cursor, source) if source >= 0 else mean


@in_place
def go_on(s: Any, server: int, now: float) -> None:
    """Let a server work on what is left of its set-up or run, until it is done or breaks down."""
    x = s.x
    x[server, f.BEGUN] = now
    schedule(s.n, s.heap, s.key, server, now + min(x[server, f.LEFT], x[server, f.LIFE]))


@in_place
def halt(s: Any, server: int, column: int, now: float) -> None:
    """Make a server stand still, for one reason more."""
    n, x = s.n, s.x
    account(n, x, server, now)
    stood = n[server, f.SHUT] + n[server, f.DOWN] > 0
    n[server, column] += 1
    if not stood and n[server, f.PLACE] >= 0:
        worked = now - x[server, f.BEGUN]
        x[server, f.LEFT] -= worked
        x[server, f.LIFE] -= worked
        cancel(n, s.heap, s.key, server)


@in_place
def proceed(s: Any, server: int, column: int, now: float) -> None:
    """Take one reason to stand still from a server; without any it works again."""
    n = s.n
    account(n, s.x, server, now)
    n[server, column] -= 1
    if n[server, f.SHUT] + n[server, f.DOWN] == 0:
        if n[server, f.STATE] == f.SETTING_UP or n[server, f.STATE] == f.RUNNING:
            go_on(s, server, now)
        elif n[server, f.STATE] == f.IDLE:
            call(n, s.feed, n[server, f.AT])


@in_place
def ready(n: Any, server: int) -> bool:
    """Tell whether a server can take a container."""
    return n[server, f.STATE] == f.IDLE and n[server, f.SHUT] + n[server, f.DOWN] == 0


@in_place
def has_room(n: Any, station: int) -> bool:
    """Tell whether a container may come to a station: to its buffer or to a server that is free."""
    room = n[station, f.BUFFER]
    if room < 0 or n[station, f.QUEUED] < room:
        return True
    for server in range(n[station, f.SERVERS], n[station, f.SERVERS_END]):
        if ready(n, server):
            room += 1
    return n[station, f.QUEUED] < room


@in_place
def enter(s: Any, operation: int, container: int) -> None:
    """Put a container into the queue of an operation."""
    n = s.n
    station = n[operation, f.STATION]
    n[container, f.STEP] = operation
    n[0, f.SEQUENCE] += 1
    n[container, f.RANK] = n[0, f.SEQUENCE]
    append(n, operation, f.FIRST, f.LAST, container)
    n[station, f.QUEUED] += 1
    call(n, s.feed, station)


@in_place
def try_loop(s: Any, loop: int, now: float) -> None:
    """Release what a loop may release."""
    n = s.n
    operation = n[loop, f.FIRST_OPERATION]
    if n[loop, f.TRUCK] >= 0:
        return  # Its cards wait for the supplier.
    while may_release(s, loop):
        if operation < 0:
            depart(s, release(s, loop, now), now)
        elif has_room(n, n[operation, f.STATION]):
            enter(s, operation, release(s, loop, now))
        else:
            return


@in_place
def better(s: Any, rule: int, family: int, one: int, other: int) -> bool:
    """Tell whether a station takes the head of operation `one` rather than that of `other`."""
    n, x = s.n, s.x
    if rule == f.SAME_FAMILY:
        fits = n[one, f.FAMILY] == family
        if fits != (n[other, f.FAMILY] == family):
            return fits
    elif rule == f.BY_PRIORITY and x[one, f.PRIORITY] != x[other, f.PRIORITY]:
        return x[one, f.PRIORITY] < x[other, f.PRIORITY]
    return n[n[one, f.FIRST], f.RANK] < n[n[other, f.FIRST], f.RANK]


@in_place
def choose(s: Any, station: int, family: int) -> int:
    """Return the operation whose first container a server set up for `family` takes next."""
    n = s.n
    first = n[station, f.OPERATIONS]
    chosen = s.link[first]
    for k in range(first + 1, n[station, f.OPERATIONS_END]):
        operation = s.link[k]
        if n[operation, f.FIRST] >= 0 and (
            n[chosen, f.FIRST] < 0 or better(s, n[station, f.RULE], family, operation, chosen)
        ):
            chosen = operation
    return chosen


@in_place
def prefer(n: Any, station: int, free: int, operation: int) -> int:
    """Return the free server that is set up for an operation, `free` if there is none."""
    if n[operation, f.FAMILY] >= 0 and n[free, f.FAMILY] != n[operation, f.FAMILY]:
        for server in range(free + 1, n[station, f.SERVERS_END]):
            if ready(n, server) and n[server, f.FAMILY] == n[operation, f.FAMILY]:
                return server
    return free


@in_place
def feed_station(s: Any, station: int, now: float) -> None:
    """Let free servers of a station take containers, and let others come to where there is room."""
    n = s.n
    for server in range(n[station, f.SERVERS], n[station, f.SERVERS_END]):
        while n[station, f.QUEUED] > 0 and ready(n, server):
            operation = choose(s, station, n[server, f.FAMILY])
            container = pop(n, operation, f.FIRST)
            n[station, f.QUEUED] -= 1
            begin(s, prefer(n, station, server, operation), operation, container, now)
    if n[station, f.BUFFER] >= 0:
        admit(s, station, now)


@in_place
def admit(s: Any, station: int, now: float) -> None:
    """Let blocked containers come as far as there is room, then loops release."""
    n = s.n
    while n[station, f.BLOCKED_FIRST] >= 0 and has_room(n, station):
        server = pop(n, station, f.BLOCKED_FIRST)
        account(n, s.x, server, now)
        n[server, f.STATE] = f.IDLE
        enter(s, n[n[server, f.OPERATION], f.NEXT_OPERATION], n[server, f.CONTAINER])
        call(n, s.feed, n[server, f.AT])
    if has_room(n, station):
        for k in range(n[station, f.RELEASES], n[station, f.RELEASES_END]):
            touch(n, s.todo, s.link[k])


@in_place
def begin(s: Any, server: int, operation: int, container: int, now: float) -> None:
    """Let a server take a container: set up first where the family changes, then run."""
    n, x = s.n, s.x
    account(n, x, server, now)
    n[server, f.OPERATION] = operation
    n[server, f.CONTAINER] = container
    family = n[operation, f.FAMILY]
    before = n[server, f.FAMILY]
    if family >= 0 and family != before:
        n[server, f.FAMILY] = family
        station = n[server, f.AT]
        time = s.share[n[station, f.SETUPS] + (before + 1) * n[station, f.FAMILIES] + family]
        if time > 0.0:
            n[server, f.STATE] = f.SETTING_UP
            x[server, f.LEFT] = time
            note(n, s.trace, now, f.SET_UP, operation)
            go_on(s, server, now)
            return
    run(s, server, now)


@in_place
def run(s: Any, server: int, now: float) -> None:
    """Let a server that is set up run its container."""
    n, x = s.n, s.x
    operation = n[server, f.OPERATION]
    n[server, f.STATE] = f.RUNNING
    x[server, f.LEFT] = draw(s, n[operation, f.TIME_SOURCE], x[operation, f.MEAN])
    note(n, s.trace, now, f.START, operation)
    go_on(s, server, now)


@in_place
def server_event(s: Any, server: int, now: float) -> None:
    """A repair ends, a server breaks down, a set-up or a run is done."""
    n, x = s.n, s.x
    if n[server, f.BROKEN] == 1:
        n[server, f.BROKEN] = 0
        x[server, f.LIFE] = draw(s, n[server, f.LIFE_SOURCE], x[server, f.LIFE_MEAN])
        note(n, s.trace, now, f.REPAIRED, server)
        proceed(s, server, f.DOWN, now)
        return
    account(n, x, server, now)
    if x[server, f.LIFE] < x[server, f.LEFT]:
        x[server, f.LEFT] -= x[server, f.LIFE]
        n[server, f.BROKEN] = 1
        n[server, f.DOWN] += 1
        note(n, s.trace, now, f.BREAKDOWN, server)
        schedule(n, s.heap, s.key, server, now + draw(s, n[server, f.REPAIR_SOURCE], x[server, f.REPAIR]))
        return
    x[server, f.LIFE] -= x[server, f.LEFT]
    if n[server, f.STATE] == f.SETTING_UP:
        run(s, server, now)
    else:
        finish(s, server, now)


@in_place
def finish(s: Any, server: int, now: float) -> None:
    """A container is done: it goes on, again, or away; the line may stop."""
    n, x = s.n, s.x
    operation = n[server, f.OPERATION]
    container = n[server, f.CONTAINER]
    n[server, f.STATE] = f.IDLE
    call(n, s.feed, n[server, f.AT])
    note(n, s.trace, now, f.FINISH, operation)
    if n[operation, f.STOP_SOURCE] >= 0:
        if take(n, s.variates, s.cursor, n[operation, f.STOP_SOURCE]) < x[operation, f.STOP]:
            stop_line(s, operation, now)
    if n[operation, f.REWORK_SOURCE] >= 0:
        if take(n, s.variates, s.cursor, n[operation, f.REWORK_SOURCE]) < x[operation, f.REWORK]:
            note(n, s.trace, now, f.REWORKED, operation)
            enter(s, operation, container)
            return
    if n[operation, f.OP_SCRAP_SOURCE] >= 0:
        loop = n[operation, f.LOOP]
        found = int(take(n, s.variates, s.cursor, n[operation, f.OP_SCRAP_SOURCE])) * n[loop, f.GRAINS]
        n[container, f.BAD] = min(n[container, f.BAD] + found, n[loop, f.SIZE])
        if n[container, f.BAD] == n[loop, f.SIZE]:
            ruin(s, container, now)
            return
    pass_on(s, server, operation, container, now)


@in_place
def pass_on(s: Any, server: int, operation: int, container: int, now: float) -> None:
    """Send a container to its next step; without room there, it stays and blocks its server."""
    n = s.n
    following = n[operation, f.NEXT_OPERATION]
    if following < 0:
        depart(s, container, now)
    elif n[n[following, f.STATION], f.BLOCKED_FIRST] < 0 and has_room(n, n[following, f.STATION]):
        enter(s, following, container)
    else:
        n[server, f.STATE] = f.BLOCKED
        note(n, s.trace, now, f.BLOCK, server)
        append(n, n[following, f.STATION], f.BLOCKED_FIRST, f.BLOCKED_LAST, server)


@in_place
def stop_line(s: Any, operation: int, now: float) -> None:
    """Stop every server of a line for a while."""
    n = s.n
    station = n[operation, f.STATION]
    row = new_row(n, f.STOPPAGE)
    n[row, f.STATION] = station
    note(n, s.trace, now, f.LINE_STOP, operation)
    for k in range(n[station, f.LINE], n[station, f.LINE_END]):
        halt(s, s.link[k], f.DOWN, now)
    time = draw(s, n[operation, f.STOP_TIME_SOURCE], s.x[operation, f.STOP_TIME])
    schedule(n, s.heap, s.key, row, now + time)
