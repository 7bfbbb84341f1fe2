"""Where work is done, laid out in memory: operations, stations and their servers, families and set-ups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream_clocks import switch
from jitopt.simulation.stream_network import column
from jitopt.simulation.stream_sources import bad_units, chances, times_of

if TYPE_CHECKING:
    from jitopt.simulation.stream_layout import Layout

__all__ = ["add_operations", "add_stations"]

RULES = {"fifo": f.FIFO, "family": f.SAME_FAMILY, "priority": f.BY_PRIORITY}


def add_operations(layout: Layout) -> None:
    """Lay out the operations, in the order of their steps."""
    table = layout.stream.operations
    if table is None:
        return
    layout.operations = [layout.add_row(f.OPERATION_ROW) for _ in table.loop]
    ranked = sorted(range(table.rows()), key=lambda place: table.step[place])
    for place in ranked:
        layout.steps.setdefault(table.loop[place], []).append(layout.operations[place])
        layout.at_station.setdefault(table.station[place], []).append(layout.operations[place])
    for rows in layout.steps.values():
        for row, following in zip(rows, [*rows[1:], -1], strict=True):
            layout.n[row][f.NEXT_OPERATION] = following
    for place, row in enumerate(layout.operations):
        _operation(layout, table, place, row)


def _operation(layout: Layout, table: Any, place: int, row: int) -> None:
    loop = table.loop[place]
    layout.write(row, {f.LOOP: layout.loops[layout.network.index[loop]], f.FIRST: -1, f.LAST: -1})
    layout.n[row][f.FAMILY] = -1
    layout.x[row][f.MEAN] = table.time[place]
    layout.x[row][f.PRIORITY] = column(table, "priority", 0.0)[place]
    layout.x[row][f.REWORK] = column(table, "rework", 0.0)[place]
    layout.x[row][f.STOP] = column(table, "stop", 0.0)[place]
    layout.x[row][f.STOP_TIME] = column(table, "stop_time", 0.0)[place]
    bad = column(table, "scrap", 0.0)[place]
    stops = times_of(table, place, "stop", layout.x[row][f.STOP_TIME], "exponential")
    layout.add_source(row, f.TIME_SOURCE, (1, place), times_of(table, place, "", layout.x[row][f.MEAN]))
    units = layout.network.units(loop)
    layout.add_source(row, f.OP_SCRAP_SOURCE, (2, place), bad_units(units, bad) if bad > 0 else None)
    layout.add_source(row, f.REWORK_SOURCE, (3, place), chances() if layout.x[row][f.REWORK] > 0 else None)
    layout.add_source(row, f.STOP_SOURCE, (4, place), chances() if layout.x[row][f.STOP] > 0 else None)
    layout.add_source(row, f.STOP_TIME_SOURCE, (5, place), stops if layout.x[row][f.STOP] > 0 else None)
    layout.n[row][f.PLAIN_WORK] = int(bad == layout.x[row][f.REWORK] == layout.x[row][f.STOP] == 0)


def add_stations(layout: Layout) -> None:
    """Lay out the stations: servers, queues, what is worked on there, and the lines that stop together."""
    table = layout.stream.stations
    if table is None:
        return
    layout.stations = [layout.add_row(f.STATION_ROW) for _ in table.station]
    for place, (row, name) in enumerate(zip(layout.stations, table.station, strict=True)):
        count = column(table, "servers", 1)[place]
        layout.servers[name] = [_server(layout, table, place, row, i) for i in range(count)]
        buffer = column(table, "buffer", None)[place]
        layout.add_list(row, f.SERVERS, layout.servers[name])
        layout.n[row][f.ONLY] = layout.servers[name][0] if count == 1 else -1
        layout.write(row, {f.BUFFER: -1 if buffer is None else buffer, f.BLOCKED_FIRST: -1, f.BLOCKED_LAST: -1})
        layout.n[row][f.RULE] = RULES[column(table, "queue", "fifo")[place]]
        operations = layout.at_station.get(name, [])
        layout.add_list(row, f.OPERATIONS, operations)
        sole = count == 1 and len(operations) == 1 and buffer is None
        for operation in operations:
            layout.n[operation][f.STATION] = row
            layout.n[operation][f.SOLE] = layout.servers[name][0] if sole else -1
        begun_here = [loop for loop, steps in layout.steps.items() if steps[0] in operations]
        layout.add_list(row, f.RELEASES, [layout.loops[layout.network.index[loop]] for loop in begun_here])
        _families(layout, row, name)
    lines = column(table, "line", None)
    for place, row in enumerate(layout.stations):
        name, line = table.station[place], lines[place]
        pairs = zip(table.station, lines, strict=True)
        together = [other for other, its in pairs if other == name or (line is not None and its == line)]
        layout.add_list(row, f.LINE, [server for other in together for server in layout.servers[other]])


def _server(layout: Layout, table: Any, place: int, station: int, i: int) -> int:
    row = layout.add_row(f.SERVER)
    layout.write(row, {f.AT: station, f.SETTING: -1, f.OPERATION: -1, f.CONTAINER: -1})
    layout.write(row, {f.LIFE_SOURCE: -1, f.REPAIR_SOURCE: -1})
    layout.x[row][f.LIFE] = math.inf
    mtbf = column(table, "mtbf", None)[place]
    if mtbf is None:
        return row
    mttr = column(table, "mttr", 0.0)[place]
    up = times_of(table, place, "mtbf", mtbf, "exponential")
    down = times_of(table, place, "mttr", mttr, "exponential")
    if column(table, "breakdown", "work")[place] == "work":
        layout.write(row, {}, {f.LIFE_MEAN: mtbf, f.REPAIR: mttr})
        layout.lives.append((row, layout.add_source(row, f.LIFE_SOURCE, (6, place, i), up), mtbf))
        layout.add_source(row, f.REPAIR_SOURCE, (7, place, i), down)
        return row
    clock = switch(layout, [row], f.DOWN)
    layout.write(clock, {}, {f.UP: mtbf, f.DOWN_TIME: mttr})
    source = layout.add_source(clock, f.UP_SOURCE, (6, place, i), up)
    layout.add_source(clock, f.DOWN_SOURCE, (7, place, i), down)
    layout.first.append((clock, source, 0.0 if source >= 0 else mtbf))
    return row


def _families(layout: Layout, row: int, name: str) -> None:
    """Write the matrix of set-up times of a station; its first row is for a server not set up."""
    table, setups = layout.stream.operations, layout.stream.setups
    if table is None:
        return
    here = [place for place in range(table.rows()) if table.station[place] == name]
    families = column(table, "family", None)
    names = sorted({families[place] for place in here if families[place] is not None})
    layout.n[row][f.FAMILIES] = len(names)
    times_to = dict.fromkeys(names, 0.0)
    for place in here:
        if families[place] is not None:
            layout.n[layout.operations[place]][f.FAMILY] = names.index(families[place])
            times_to[families[place]] = max(times_to[families[place]], column(table, "setup", 0.0)[place])
    special: dict[tuple[str, str], float] = {}
    if setups is not None:
        rows = zip(setups.station, setups.before, setups.after, setups.time, strict=True)
        special = {(before, after): time for station, before, after, time in rows if station == name}
    matrix = [special.get((before, after), times_to[after]) for before in ["", *names] for after in names]
    layout.n[row][f.SETUPS] = layout.add_entries([0] * len(matrix), matrix)
