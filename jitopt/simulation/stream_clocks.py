"""What the clock does, laid out in memory: shifts, maintenance, and what comes again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream_network import column
from jitopt.simulation.stream_sources import Source, times_of

if TYPE_CHECKING:
    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_layout import Layout

__all__ = ["add_calendars", "add_repeats", "switch"]


def switch(layout: Layout, members: list[int], which: int) -> int:
    """Return a new switch that throws a column of its members."""
    row = layout.add_row(f.SWITCH)
    layout.write(row, {f.COLUMN: which, f.UP_SOURCE: -1, f.DOWN_SOURCE: -1})
    layout.add_list(row, f.MEMBERS, members)
    return row


def _pattern(layout: Layout, members: list[int], moments: list[float], cycle: float, closed: bool) -> None:
    """Lay out a switch that is thrown at these moments of every cycle, from a state at the start."""
    row = switch(layout, members, f.SHUT)
    layout.write(row, {f.PATTERN_LENGTH: len(moments), f.CLOSED: int(closed)})
    layout.n[row][f.PATTERN] = layout.add_entries([0] * len(moments), moments)
    layout.x[row][f.CYCLE] = cycle
    layout.first.append((row, -1, moments[0]))
    if closed:
        for member in members:
            if layout.n[member][f.KIND] == f.SERVER:
                layout.n[member][f.SHUT] = 1
            else:
                layout.closed.add(member)


def add_calendars(layout: Layout) -> None:
    """Lay out the shifts, and planned maintenance."""
    stream = layout.stream
    for calendar, spans in layout.network.calendars.items():
        members = [
            server for station, name in _with_calendar(stream) if name == calendar for server in layout.servers[station]
        ]
        if stream.demand is not None:
            names = column(stream.demand, "calendar", None)
            members += [row for row, name in zip(layout.customers, names, strict=True) if name == calendar]
        moments, closed = _thrown(spans, layout.network.cycle)
        if moments and members:
            _pattern(layout, members, moments, layout.network.cycle, closed)
    table = stream.maintenance
    if table is not None:
        offsets = column(table, "offset", None)
        for place, station in enumerate(table.station):
            start = table.every[place] if offsets[place] is None else offsets[place]
            _pattern(layout, layout.servers[station], [start, start + table.duration[place]], table.every[place], False)


def add_repeats(layout: Layout) -> None:
    """Lay out collections, audits, schedules and MRP runs."""
    stream = layout.stream
    for i, row in enumerate(layout.loops):
        collection = column(stream.loops, "collection", 0.0)[i]
        if collection > 0:
            layout.n[row][f.COLLECTED] = 1
            _repeat(layout, f.COLLECTION, row, collection)
        audit = column(stream.loops, "audit", None)[i]
        if audit is not None:
            _repeat(layout, f.AUDIT, row, audit)
    if stream.release != "push":
        return
    if stream.planning is not None:
        for name, target in layout.network.targets.items():
            layout.x[layout.loops[layout.network.index[name]]][f.TARGET] = target
        every = stream.planning_interval or stream.day
        _repeat(layout, f.MRP, -1, every, first=0.0)
    table = stream.schedule
    for place, name in enumerate(table.loop if table is not None else ()):
        assert table is not None
        sample = times_of(table, place, "", table.interval[place])
        row = _repeat(
            layout,
            f.TIMETABLE,
            layout.loops[layout.network.index[name]],
            table.interval[place],
            first=column(table, "offset", None)[place],
            source=None if sample is None else Source((14, place), sample),
        )
        layout.n[row][f.AMOUNT] = column(table, "containers", 1)[place]


def _repeat(
    layout: Layout, kind: int, loop: int, every: float, first: float | None = None, source: Source | None = None
) -> int:
    row = layout.add_row(kind)
    layout.n[row][f.OF] = loop
    layout.x[row][f.REPEAT] = every
    found = layout.add_source(row, f.REPEAT_SOURCE, source.path if source else (), source.sample if source else None)
    start = every if first is None else first
    layout.first.append((row, found if first is None else -1, 0.0 if first is None and found >= 0 else start))
    return row


def _with_calendar(stream: ValueStream) -> list[tuple[str, str]]:
    """Return the stations that have a calendar, with its name."""
    table = stream.stations
    if table is None:
        return []
    names = column(table, "calendar", None)
    return [(station, name) for station, name in zip(table.station, names, strict=True) if name is not None]


def _thrown(spans: list[tuple[float, float]], cycle: float) -> tuple[list[float], bool]:
    """Return when a calendar closes and opens within its cycle, and whether it is closed at the start."""
    joined: list[list[float]] = []
    for start, end in sorted(spans):
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    moments = [moment for span in joined for moment in span]
    closed = joined[0][0] > 0
    if joined[0][0] == 0:
        moments = moments[1:]
        # Open at the start: what is open up to the end of the cycle goes on over it.
        moments = moments[:-1] if joined[-1][1] == cycle else [*moments, cycle]
    return moments, closed
