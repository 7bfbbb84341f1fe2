"""From the tables of a value stream to the memory a plant is held in while it runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.problems.base import exact
from jitopt.problems.variates import Distribution
from jitopt.simulation.stream_network import Network, column
from jitopt.simulation.stream_sources import Source, bad_units, chances, counts, lateness, times

if TYPE_CHECKING:
    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_sources import Sampler

__all__ = ["Layout"]

RULES = {"fifo": f.FIFO, "family": f.SAME_FAMILY, "priority": f.BY_PRIORITY}
OPEN_ENDED = 1024
"""Bars of a distribution of containers that no cards bound; the last stands for all above."""


class Layout:
    """A stream as the memory that every replication starts from.

    n, x, m, y: of `plant_fields`, as lists. sources: of random numbers, by their rows. first: (row,
    source or -1, time) of the first events; with a source its first number is added to the time.
    lives: (server, source or -1, mean) of the first breakdowns. closed: customers who do not order from
    the start on. margin: unused rows there must be when an event begins. network: stocks and flows
    between the loops.
    """

    network: Network
    loops: list[int]
    margin: int
    operations: list[int]

    def __init__(self, stream: ValueStream) -> None:
        self.stream = stream
        self.network = Network(stream)
        self.n: list[list[int]] = []
        self.x: list[list[float]] = []
        self.m: list[int] = []
        self.y: list[float] = []
        self.sources: dict[int, Source] = {}
        self.first: list[tuple[int, int, float]] = []
        self.lives: list[tuple[int, int, float]] = []
        self.closed: set[int] = set()
        self._row(f.HEAD)
        self.loops = [self._row(f.LOOP_ROW) for _ in stream.loops.loop]
        self._operations()
        self._stations()
        self._customers()
        self._calendars()
        self._suppliers()
        self._loops()
        self._repeats()
        self._controls()
        self._links()
        self._plain()
        self._rings()
        self.margin = 64 + len(self.n)

    def _row(self, kind: int) -> int:
        """Return a new row."""
        row = len(self.n)
        self.n.append([0] * f.WIDTH)
        self.x.append([0.0] * f.BREADTH)
        self._set(row, {f.KIND: kind, f.PLACE: -1, f.ORDER: (kind << 40) + row, f.NEXT: -1})
        return row

    def _set(self, row: int, numbers: dict[int, int], amounts: dict[int, float] | None = None) -> None:
        for place, number in numbers.items():
            self.n[row][place] = number
        for place, amount in (amounts or {}).items():
            self.x[row][place] = amount

    def _room(self, length: int) -> int:
        """Return the address of new entries."""
        return self._entries([0] * length)

    def _entries(self, numbers: list[int], amounts: list[float] | None = None) -> int:
        """Write entries side by side, and return the address of the first."""
        address = len(self.m)
        self.m += numbers
        self.y += amounts or [0.0] * len(numbers)
        return address

    def _list(self, row: int, column: int, entries: list[int], amounts: list[float] | None = None) -> None:
        """Write a list of a row: its addresses stand in `column` and the column after it."""
        first = self._entries(entries, amounts)
        self._set(row, {column: first, column + 1: first + len(entries)})

    def _source(self, row: int, column: int, path: tuple[int, ...], sample: Sampler | None) -> int:
        """Write the source of a row, -1 where nothing is drawn."""
        found = -1
        if sample is not None:
            found = self._row(f.SOURCE_ROW)
            self.sources[found] = Source(path, sample)
        self.n[row][column] = found
        return found

    def _times(self, table: Any, place: int, name: str, mean: float, default: str = "deterministic") -> Sampler | None:
        """Return what draws a time; None where it is always its mean."""
        before = "" if name == "" else name + "_"
        kind = column(table, before + "distribution", default)[place]
        cv = column(table, before + "cv", 1.0)[place]
        if kind == "deterministic" or mean == 0 or (cv == 0 and kind not in ("exponential", "poisson")):
            return None
        return times(Distribution(kind, mean, cv))

    def _operations(self) -> None:
        """Lay out the operations, in the order of their steps."""
        self.steps: dict[str, list[int]] = {}
        self.at_station: dict[str, list[int]] = {}
        table = self.stream.operations
        self.operations = [] if table is None else [self._row(f.OPERATION_ROW) for _ in table.loop]
        if table is None:
            return
        ranked = sorted(range(table.rows()), key=lambda place: table.step[place])
        for place in ranked:
            self.steps.setdefault(table.loop[place], []).append(self.operations[place])
            self.at_station.setdefault(table.station[place], []).append(self.operations[place])
        for rows in self.steps.values():
            for row, following in zip(rows, [*rows[1:], -1], strict=True):
                self.n[row][f.NEXT_OPERATION] = following
        for place, row in enumerate(self.operations):
            self._operation(table, place, row)

    def _operation(self, table: Any, place: int, row: int) -> None:
        loop = table.loop[place]
        self._set(row, {f.LOOP: self.loops[self.network.index[loop]], f.FIRST: -1, f.LAST: -1})
        self.n[row][f.FAMILY] = -1
        self.x[row][f.MEAN] = table.time[place]
        self.x[row][f.PRIORITY] = column(table, "priority", 0.0)[place]
        self.x[row][f.REWORK] = column(table, "rework", 0.0)[place]
        self.x[row][f.STOP] = column(table, "stop", 0.0)[place]
        self.x[row][f.STOP_TIME] = column(table, "stop_time", 0.0)[place]
        bad = column(table, "scrap", 0.0)[place]
        stops = self._times(table, place, "stop", self.x[row][f.STOP_TIME], "exponential")
        self._source(row, f.TIME_SOURCE, (1, place), self._times(table, place, "", self.x[row][f.MEAN]))
        units = self.network.units(loop)
        self._source(row, f.OP_SCRAP_SOURCE, (2, place), bad_units(units, bad) if bad > 0 else None)
        self._source(row, f.REWORK_SOURCE, (3, place), chances() if self.x[row][f.REWORK] > 0 else None)
        self._source(row, f.STOP_SOURCE, (4, place), chances() if self.x[row][f.STOP] > 0 else None)
        self._source(row, f.STOP_TIME_SOURCE, (5, place), stops if self.x[row][f.STOP] > 0 else None)
        self.n[row][f.PLAIN_WORK] = int(bad == self.x[row][f.REWORK] == self.x[row][f.STOP] == 0)

    def _stations(self) -> None:
        table = self.stream.stations
        self.stations: list[int] = []
        self.servers: dict[str, list[int]] = {}
        if table is None:
            return
        self.stations = [self._row(f.STATION_ROW) for _ in table.station]
        for place, (row, name) in enumerate(zip(self.stations, table.station, strict=True)):
            count = column(table, "servers", 1)[place]
            self.servers[name] = [self._server(table, place, row, i) for i in range(count)]
            buffer = column(table, "buffer", None)[place]
            self._list(row, f.SERVERS, self.servers[name])
            self.n[row][f.ONLY] = self.servers[name][0] if count == 1 else -1
            self._set(row, {f.BUFFER: -1 if buffer is None else buffer, f.BLOCKED_FIRST: -1, f.BLOCKED_LAST: -1})
            self.n[row][f.RULE] = RULES[column(table, "queue", "fifo")[place]]
            operations = self.at_station.get(name, [])
            self._list(row, f.OPERATIONS, operations)
            sole = count == 1 and len(operations) == 1 and buffer is None
            for operation in operations:
                self.n[operation][f.STATION] = row
                self.n[operation][f.SOLE] = self.servers[name][0] if sole else -1
            begun_here = [loop for loop, steps in self.steps.items() if steps[0] in operations]
            self._list(row, f.RELEASES, [self.loops[self.network.index[loop]] for loop in begun_here])
            self._families(row, name)
        lines = column(table, "line", None)
        for place, row in enumerate(self.stations):
            name, line = table.station[place], lines[place]
            pairs = zip(table.station, lines, strict=True)
            together = [other for other, its in pairs if other == name or (line is not None and its == line)]
            self._list(row, f.LINE, [server for other in together for server in self.servers[other]])

    def _server(self, table: Any, place: int, station: int, i: int) -> int:
        row = self._row(f.SERVER)
        self._set(row, {f.AT: station, f.SETTING: -1, f.OPERATION: -1, f.CONTAINER: -1})
        self._set(row, {f.LIFE_SOURCE: -1, f.REPAIR_SOURCE: -1})
        self.x[row][f.LIFE] = math.inf
        mtbf = column(table, "mtbf", None)[place]
        if mtbf is None:
            return row
        mttr = column(table, "mttr", 0.0)[place]
        up = self._times(table, place, "mtbf", mtbf, "exponential")
        down = self._times(table, place, "mttr", mttr, "exponential")
        if column(table, "breakdown", "work")[place] == "work":
            self._set(row, {}, {f.LIFE_MEAN: mtbf, f.REPAIR: mttr})
            self.lives.append((row, self._source(row, f.LIFE_SOURCE, (6, place, i), up), mtbf))
            self._source(row, f.REPAIR_SOURCE, (7, place, i), down)
            return row
        clock = self._switch([row], f.DOWN)
        self._set(clock, {}, {f.UP: mtbf, f.DOWN_TIME: mttr})
        source = self._source(clock, f.UP_SOURCE, (6, place, i), up)
        self._source(clock, f.DOWN_SOURCE, (7, place, i), down)
        self.first.append((clock, source, 0.0 if source >= 0 else mtbf))
        return row

    def _families(self, row: int, name: str) -> None:
        """Write the matrix of set-up times of a station; its first row is for a server not set up."""
        table, setups = self.stream.operations, self.stream.setups
        if table is None:
            return
        here = [place for place in range(table.rows()) if table.station[place] == name]
        families = column(table, "family", None)
        names = sorted({families[place] for place in here if families[place] is not None})
        self.n[row][f.FAMILIES] = len(names)
        times_to = dict.fromkeys(names, 0.0)
        for place in here:
            if families[place] is not None:
                self.n[self.operations[place]][f.FAMILY] = names.index(families[place])
                times_to[families[place]] = max(times_to[families[place]], column(table, "setup", 0.0)[place])
        special: dict[tuple[str, str], float] = {}
        if setups is not None:
            rows = zip(setups.station, setups.before, setups.after, setups.time, strict=True)
            special = {(before, after): time for station, before, after, time in rows if station == name}
        matrix = [special.get((before, after), times_to[after]) for before in ["", *names] for after in names]
        self.n[row][f.SETUPS] = self._entries([0] * len(matrix), matrix)

    def _switch(self, members: list[int], which: int) -> int:
        row = self._row(f.SWITCH)
        self._set(row, {f.COLUMN: which, f.UP_SOURCE: -1, f.DOWN_SOURCE: -1})
        self._list(row, f.MEMBERS, members)
        return row

    def _pattern(self, members: list[int], moments: list[float], cycle: float, closed: bool) -> None:
        """Lay out a switch that is thrown at these moments of every cycle, from a state at the start."""
        row = self._switch(members, f.SHUT)
        self._set(row, {f.PATTERN_LENGTH: len(moments), f.CLOSED: int(closed)})
        self.n[row][f.PATTERN] = self._entries([0] * len(moments), moments)
        self.x[row][f.CYCLE] = cycle
        self.first.append((row, -1, moments[0]))
        if closed:
            for member in members:
                if self.n[member][f.KIND] == f.SERVER:
                    self.n[member][f.SHUT] = 1
                else:
                    self.closed.add(member)

    def _calendars(self) -> None:
        """Lay out the shifts, and planned maintenance."""
        stream = self.stream
        for calendar, spans in self.network.calendars.items():
            members = [
                server
                for station, name in stations_with_calendar(stream)
                if name == calendar
                for server in self.servers[station]
            ]
            if stream.demand is not None:
                names = column(stream.demand, "calendar", None)
                members += [row for row, name in zip(self.customers, names, strict=True) if name == calendar]
            moments, closed = thrown(spans, self.network.cycle)
            if moments and members:
                self._pattern(members, moments, self.network.cycle, closed)
        table = stream.maintenance
        if table is not None:
            offsets = column(table, "offset", None)
            for place, station in enumerate(table.station):
                start = table.every[place] if offsets[place] is None else offsets[place]
                self._pattern(self.servers[station], [start, start + table.duration[place]], table.every[place], False)

    def _customers(self) -> None:
        table = self.stream.demand
        self.customers: list[int] = []
        if table is None:
            return
        self.customers = [self._row(f.CUSTOMER) for _ in table.loop]
        for place, row in enumerate(self.customers):
            loop = table.loop[place]
            grains = self.network.grains[loop]
            self.n[row][f.TAKES] = self.loops[self.network.index[loop]]
            self.n[row][f.UNMET_LOST] = int(column(table, "unmet", "backorder")[place] == "lost")
            kind = column(table, "quantity_distribution", "deterministic")[place]
            cv = column(table, "quantity_cv", 1.0)[place]
            varies = kind != "deterministic"
            self.n[row][f.ORDER_SIZE] = grains if varies else int(exact(table.quantity[place]) * grains)
            sizes = counts(Distribution(kind, table.quantity[place], cv)) if varies else None
            self._source(row, f.SIZE_SOURCE, (9, place), sizes)
            interval = table.interval[place]
            self.x[row][f.INTERVAL] = interval
            source = self._source(row, f.INTERVAL_SOURCE, (8, place), self._times(table, place, "", interval))
            offset = column(table, "offset", None)[place]
            if interval == 0:
                self.n[self.n[row][f.TAKES]][f.SINK] = 1
            elif offset is not None:
                self.first.append((row, -1, offset))
            else:
                self.first.append((row, source, 0.0 if source >= 0 else interval))

    def _suppliers(self) -> None:
        table = self.stream.suppliers
        self.trucks: dict[str, int] = {}
        if table is None:
            return
        for place, name in enumerate(table.supplier):
            row = self.trucks[name] = self._row(f.TRUCKS)
            every = table.days[place] * self.stream.day / table.deliveries[place]
            self.n[row][f.DELAY] = table.delay[place]
            suppliers = column(self.stream.loops, "supplier", None)
            self._list(row, f.LOADS, [self.loops[i] for i, other in enumerate(suppliers) if other == name])
            share, mean = column(table, "late", 0.0)[place], column(table, "late_time", 0.0)[place]
            shape = Distribution(
                column(table, "late_distribution", "exponential")[place], mean, column(table, "late_cv", 1.0)[place]
            )
            sample = lateness(share, shape) if share > 0 and mean > 0 else None
            source = self._source(row, f.LATE_SOURCE, (10, place), sample)
            offset = column(table, "offset", None)[place]
            start = every if offset is None else offset
            self._set(row, {}, {f.EVERY: every, f.SCHEDULED: start})
            self.first.append((row, source, start))

    def _loops(self) -> None:
        """Lay out the loops: sizes, cards and stock at the start, what they do on the way."""
        table, network = self.stream.loops, self.network
        for i, row in enumerate(self.loops):
            name = table.loop[i]
            steps = self.steps.get(name, [])
            supplier = column(table, "supplier", None)[i]
            self._set(row, {f.SIZE: network.size[name], f.GRAINS: network.grains[name], f.LEVEL: network.start[name]})
            self._set(
                row, {f.FIRST_OPERATION: steps[0] if steps else -1, f.WAITING: -1, f.WAITING_LAST: -1, f.MISSED: -1}
            )
            self._set(row, {f.ON_ORDER: -1, f.ON_ORDER_LAST: -1, f.CARDED: int(name in network.carded)})
            self._set(row, {f.OPEN: int(name in network.free), f.LOT: column(table, "lot", 1)[i]})
            self._set(row, {f.TRUCK: -1 if supplier is None else self.trucks[supplier]})
            self.n[row][f.FIRST_PIECE] = int(column(table, "signal", "first_piece")[i] == "first_piece")
            self.n[row][f.USED] = -self.n[row][f.LEVEL] % self.n[row][f.SIZE]
            self.n[row][f.SHELF] = self.n[row][f.PEAK] = -(-self.n[row][f.LEVEL] // self.n[row][f.SIZE])
            if name in network.carded:
                on_stock = (
                    self.n[row][f.LEVEL] // self.n[row][f.SIZE] if self.n[row][f.FIRST_PIECE] else self.n[row][f.SHELF]
                )
                cards = table.cards[i] - on_stock
                self.n[row][f.AUTHORISED] = cards - cards % self.n[row][f.LOT]
                self.n[row][f.BOARD] = cards % self.n[row][f.LOT]
            bounded = max(table.cards[i], self.n[row][f.SHELF]) + 2
            count = bounded if name in network.carded else max(bounded, OPEN_ENDED)
            self._set(row, {f.STOCK_BARS: self._room(count), f.STOCK_BARS_COUNT: count})
            self._set(row, {f.WIP_BARS: self._room(count), f.WIP_BARS_COUNT: count})
            self.x[row][f.UNIT] = 1.0 / network.grains[name]
            self._conveyance(i, row)

    def _conveyance(self, i: int, row: int) -> None:
        table = self.stream.loops
        self.x[row][f.CONVEYANCE] = column(table, "conveyance", 0.0)[i]
        self.x[row][f.DEPARTURE] = column(table, "departure", 0.0)[i]
        self.x[row][f.CARD_TIME] = column(table, "card_time", 0.0)[i]
        self.x[row][f.LOST_SHARE] = column(table, "lost_cards", 0.0)[i]
        self.x[row][f.TARGET] = -1.0
        bad = column(table, "scrap", 0.0)[i]
        self._source(row, f.CONVEYANCE_SOURCE, (11, i), self._times(table, i, "conveyance", self.x[row][f.CONVEYANCE]))
        units = self.network.units(table.loop[i])
        self._source(row, f.SCRAP_SOURCE, (12, i), bad_units(units, bad) if bad > 0 else None)
        self._source(row, f.LOST_SOURCE, (13, i), chances() if self.x[row][f.LOST_SHARE] > 0 else None)

    def _repeats(self) -> None:
        """Lay out collections, audits, schedules and MRP runs."""
        stream = self.stream
        for i, row in enumerate(self.loops):
            collection = column(stream.loops, "collection", 0.0)[i]
            if collection > 0:
                self.n[row][f.COLLECTED] = 1
                self._repeat(f.COLLECTION, row, collection)
            audit = column(stream.loops, "audit", None)[i]
            if audit is not None:
                self._repeat(f.AUDIT, row, audit)
        if stream.release != "push":
            return
        if stream.planning is not None:
            for name, target in self.network.targets.items():
                self.x[self.loops[self.network.index[name]]][f.TARGET] = target
            every = stream.planning_interval or stream.day
            self._repeat(f.MRP, -1, every, first=0.0)
        table = stream.schedule
        for place, name in enumerate(table.loop if table is not None else ()):
            assert table is not None
            sample = self._times(table, place, "", table.interval[place])
            row = self._repeat(
                f.TIMETABLE,
                self.loops[self.network.index[name]],
                table.interval[place],
                first=column(table, "offset", None)[place],
                source=None if sample is None else Source((14, place), sample),
            )
            self.n[row][f.AMOUNT] = column(table, "containers", 1)[place]

    def _repeat(
        self, kind: int, loop: int, every: float, first: float | None = None, source: Source | None = None
    ) -> int:
        row = self._row(kind)
        self.n[row][f.OF] = loop
        self.x[row][f.REPEAT] = every
        found = self._source(row, f.REPEAT_SOURCE, source.path if source else (), source.sample if source else None)
        start = every if first is None else first
        self.first.append((row, found if first is None else -1, 0.0 if first is None and found >= 0 else start))
        return row

    def _controls(self) -> None:
        """Lay out the cards that go over several loops."""
        self.controls: list[int] = []
        entries: dict[str, list[int]] = {}
        exits: dict[str, list[int]] = {}
        spans: dict[str, list[tuple[int, float]]] = {}
        for control in self.network.controls:
            row = self._row(f.CONTROL_ROW)
            self.controls.append(row)
            self._set(row, {f.FREE: control.free, f.ENTRY: self.loops[self.network.index[control.entry]]})
            entries.setdefault(control.entry, []).append(row)
            exits.setdefault(control.exit, []).append(row)
            for name, share in control.weights.items():
                spans.setdefault(name, []).append((row, share / self.network.grains[name]))
        for name, row in zip(self.stream.loops.loop, self.loops, strict=True):
            self._list(row, f.ENTRIES, entries.get(name, []))
            self._list(row, f.EXITS, exits.get(name, []))
            found = spans.get(name, [])
            self._list(row, f.SPANS, [control for control, _ in found], [share for _, share in found])

    def _links(self) -> None:
        """Lay out who draws from whom, and the order of an MRP run."""
        network = self.network
        for name, row in zip(self.stream.loops.loop, self.loops, strict=True):
            entries: list[int] = []
            amounts: list[float] = []
            for other, need in network.needs[name]:
                entries += [self.loops[network.index[other]], need]
                amounts += [need / network.size[name], 0.0]
            self._list(row, f.INPUTS, entries, amounts)
            self._list(row, f.USERS, [self.loops[network.index[user]] for user in network.users[name]])
            given = [(self.loops[network.index[other]], amount) for other, amount in network.gives[name]]
            self._list(row, f.OUTPUTS, [value for pair in given for value in pair])
            truck = self.n[row][f.TRUCK]
            if truck >= 0:
                self.n[row][f.DUE_DELIVERIES] = self._room(self.n[truck][f.DELAY])
        order = [self.loops[network.index[name]] for name in network.order]
        self._list(0, f.PLAN_FIRST, order)

    def _plain(self) -> None:
        """Mark the loops whose cards and containers do nothing out of the ordinary, for the short ways."""
        for row in self.loops:
            n, x = self.n[row], self.x[row]
            own = n[f.CARDED] == 1 and n[f.EXITS] == n[f.EXITS_END] and n[f.COLLECTED] == 0 and n[f.LOT] == 1
            n[f.PLAIN_CARDS] = int(own and x[f.LOST_SHARE] == x[f.CARD_TIME] == 0)
            n[f.PLAIN_MOVE] = int(n[f.CONVEYANCE_SOURCE] < 0 and x[f.CONVEYANCE] == x[f.DEPARTURE] == 0)

    def _rings(self) -> None:
        """Lay out the lists of what is to be looked at before time passes."""
        for first, rows in ((f.TODO, len(self.loops)), (f.FEED, len(self.stations))):
            address = self._room(rows + 1)
            self._set(0, {first: address, first + 1: address + rows + 1, first + 2: address, first + 3: address})


def stations_with_calendar(stream: ValueStream) -> list[tuple[str, str]]:
    """Return the stations that have a calendar, with its name."""
    table = stream.stations
    if table is None:
        return []
    names = column(table, "calendar", None)
    return [(station, name) for station, name in zip(table.station, names, strict=True) if name is not None]


def thrown(spans: list[tuple[float, float]], cycle: float) -> tuple[list[float], bool]:
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
