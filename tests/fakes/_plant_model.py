"""A small model of a plant in SimPy, the independent reference for the plant kernel.

It is written from the text of docs/simulation.md with processes and a list of waiting loops, not from the
kernel: containers are objects, cards are counters, servers are processes. It knows production, withdrawal and supplier
loops (by lead time or on a cycle), lots, collections, card and conveyance times, bills, co-products, shared
stations with set-ups and several servers, breakdowns by work, rework, scrap, stops of the line, lost cards, shifts
and backorders. Random numbers are drawn from the streams the kernel uses, one by one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import simpy

from jitopt.simulation.stream_layout import Layout
from jitopt.simulation.stream_network import column


class Numbers:
    """The random numbers of a layout, by what they are for: the path of the source."""

    def __init__(self, layout: Layout, seed: int, number: int) -> None:
        from jitopt.problems.variates import source

        self.samplers = {origin.path: origin.sample for origin in layout.sources.values()}
        self.generators = {path: source(seed, number, *path) for path in self.samplers}

    def __call__(self, path: tuple[int, ...], default: float) -> float:
        return float(self.samplers[path](self.generators[path], 1)[0]) if path in self.samplers else default


class PlantModel:
    """A plant in SimPy. events: (time, what, name)."""

    def __init__(self, stream: Any, seed: int = 0, number: int = 0) -> None:
        self.stream, self.layout = stream, Layout(stream)
        self.draw = Numbers(self.layout, seed, number)
        self.env = simpy.Environment()
        self.events: list[tuple[float, str, str]] = []
        self.network = self.layout.network
        self.names = stream.loops.loop
        self.level = dict(self.network.start)
        self.used = {name: -self.level[name] % self.network.size[name] for name in self.names}
        self.cards = {}
        self.board = dict.fromkeys(self.names, 0)
        self.posted = dict.fromkeys(self.names, 0)
        self.lost = dict.fromkeys(self.names, 0)
        self.since: dict[str, int] = {}
        self.turn = 0
        self.orders: dict[str, deque[list[Any]]] = {name: deque() for name in self.names}
        self.backlog_area = 0.0
        self.delivered = 0
        self.halts: dict[str, Any] = {}
        for i, name in enumerate(self.names):
            on_stock = self.level[name] // self.network.size[name]
            self.cards[name] = 0
            self.lay(i, stream.loops.cards[i] - on_stock, start=True)
        self._stations()
        self._clockwork()
        self.settle()

    def loop(self, i: int, name: str, default: Any = 0.0) -> Any:
        return column(self.stream.loops, name, default)[i]

    def note(self, what: str, name: str) -> None:
        self.events.append((self.env.now, what, name))

    # Cards.

    def free(self, i: int, grains: int) -> None:
        name, size = self.names[i], self.network.size[self.names[i]]
        before, self.used[name] = self.used[name], self.used[name] + grains
        first = self.loop(i, "signal", "first_piece") == "first_piece"
        count = -(-self.used[name] // size) + (-before // size) if first else self.used[name] // size - before // size
        for _ in range(count):
            share = self.loop(i, "lost_cards")
            if share and self.draw((13, i), 0.0) < share:
                self.lost[name] += 1
            elif self.loop(i, "collection"):
                self.posted[name] += 1
            else:
                self.send(i, 1)

    def send(self, i: int, count: int) -> None:
        time = self.loop(i, "card_time")
        if time and count:
            self.env.process(self._later(time, lambda: self.lay(i, count)))
        else:
            self.lay(i, count)

    def lay(self, i: int, count: int, start: bool = False) -> None:
        name, lot = self.names[i], self.loop(i, "lot", 1)
        self.board[name] += count
        self.cards[name] += self.board[name] // lot * lot
        self.board[name] %= lot

    def _later(self, time: float, action: Any) -> Any:
        yield self.env.timeout(time)
        action()
        self.settle()

    # Releases.

    def settle(self) -> None:
        """Release what can be released; who has waited longest for material goes first."""
        moved = True
        while moved:
            moved = False
            waiting = sorted(range(len(self.names)), key=lambda i: self.since.get(self.names[i], 1 << 60))
            for i in waiting:
                while self._release(i):
                    moved = True

    def _release(self, i: int) -> bool:
        name = self.names[i]
        if not self.cards[name] or self.loop(i, "supplier", None) is not None:
            return False
        needs = self.network.needs[name]
        if any(self.level[source] < need for source, need in needs):
            if name not in self.since:
                self.turn += 1
                self.since[name] = self.turn
            return False
        self.since.pop(name, None)
        self.cards[name] -= 1
        for source, need in needs:
            self.take(source, need)
        self.note("release", name)
        container = {"loop": i, "bad": 0}
        if name in self.steps:
            self.queue(container, 0)
        else:
            self.env.process(self._convey(container))
        return True

    def take(self, name: str, grains: int) -> None:
        self.level[name] -= grains
        self.free(self.network.index[name], grains)

    # Stations.

    def _stations(self) -> None:
        stream = self.stream
        self.steps: dict[str, list[int]] = {}
        self.queues: dict[str, list[Any]] = {}
        self.wake: dict[str, Any] = {}
        self.running: dict[str, list[Any]] = {}
        self.standing: dict[str, int] = {}
        if stream.operations is None:
            return
        for place in sorted(range(stream.operations.rows()), key=lambda place: stream.operations.step[place]):
            self.steps.setdefault(stream.operations.loop[place], []).append(place)
        for place, station in enumerate(stream.stations.station):
            self.queues[station] = []
            self.standing[station] = 0
            self.wake[station] = self.env.event()
            for k in range(column(stream.stations, "servers", 1)[place]):
                self.env.process(self._server(place, k))

    def op(self, place: int, name: str, default: Any = 0.0) -> Any:
        return column(self.stream.operations, name, default)[place]

    def queue(self, container: Any, step: int) -> None:
        place = self.steps[self.names[container["loop"]]][step]
        station = self.stream.operations.station[place]
        self.queues[station].append((container, step, place))
        self._ring(station)

    def _ring(self, station: str) -> None:
        event, self.wake[station] = self.wake[station], self.env.event()
        event.succeed()

    def _work(self, station: str, place: int, k: int, life: list[float], time: float) -> Any:
        """Work for a time; breakdowns, stops and closed hours come in between."""
        stations = self.stream.stations
        while True:
            while self.standing[station]:
                yield self.wake[station]
            began = self.env.now
            span = min(time, life[0])
            done = self.env.timeout(span)
            halted = self.halts.setdefault(station, self.env.event())
            yield done | halted
            worked = span if done.processed else self.env.now - began
            time -= worked
            life[0] -= worked
            if time <= 1e-12 and done.processed and span - 1e-12 <= worked:
                return
            if life[0] <= 1e-12 and done.processed:
                self.note("breakdown", station)
                mttr = column(stations, "mttr", 0.0)[place]
                yield self.env.timeout(self.draw((7, place, k), mttr))
                self.note("repaired", station)
                life[0] = self.draw((6, place, k), column(stations, "mtbf", 0.0)[place])

    def _server(self, place: int, k: int) -> Any:
        stations = self.stream.stations
        station = stations.station[place]
        mtbf = column(stations, "mtbf", None)[place]
        life = [float("inf") if mtbf is None else self.draw((6, place, k), mtbf)]
        family = None
        while True:
            while self.standing[station] or not self.queues[station]:
                yield self.wake[station]
            rule = column(stations, "queue", "fifo")[place]
            waiting = self.queues[station]
            chosen = waiting[0]
            if rule == "family":
                chosen = next((job for job in waiting if self.op(job[2], "family", None) == family), chosen)
            elif rule == "priority":
                chosen = min(waiting, key=lambda job: self.op(job[2], "priority"))
            waiting.remove(chosen)
            container, step, op = chosen
            to = self.op(op, "family", None)
            if to is not None and to != family:
                time = self.op(op, "setup")
                table = self.stream.setups
                if table is not None:
                    special = zip(table.station, table.before, table.after, table.time, strict=True)
                    time = next((t for s, b, a, t in special if (s, b, a) == (station, family, to)), time)
                family = to
                if time:
                    self.note("setup", self.names[container["loop"]])
                    yield from self._work(station, place, k, life, time)
            self.note("start", self.names[container["loop"]])
            yield from self._work(station, place, k, life, self.draw((1, op), self.op(op, "time")))
            self._finish(container, step, op, station)
            self.settle()

    def _finish(self, container: Any, step: int, op: int, station: str) -> None:
        i = container["loop"]
        name = self.names[i]
        self.note("finish", name)
        if self.op(op, "stop") and self.draw((4, op), 0.0) < self.op(op, "stop"):
            self.note("stop", name)
            self.stop(station, self.draw((5, op), self.op(op, "stop_time")))
        if self.op(op, "rework") and self.draw((3, op), 0.0) < self.op(op, "rework"):
            self.queue(container, step)
            return
        size = self.network.size[name]
        if self.op(op, "scrap"):
            container["bad"] += int(self.draw((2, op), 0.0)) * self.network.grains[name]
            container["bad"] = min(container["bad"], size)
            if container["bad"] == size:
                self.note("ruin", name)
                self.free(i, size)
                return
        if step + 1 < len(self.steps[name]):
            self.queue(container, step + 1)
        else:
            self.env.process(self._convey(container))

    def stop(self, station: str, time: float) -> None:
        lines = column(self.stream.stations, "line", None)
        line = lines[self.stream.stations.station.index(station)]
        members = [
            other
            for other, its in zip(self.stream.stations.station, lines, strict=True)
            if other == station or (line is not None and its == line)
        ]
        for member in members:
            self.halt(member)
        self.env.process(self._later(time, lambda: [*map(self.proceed, members)]))

    def halt(self, station: str) -> None:
        self.standing[station] += 1
        if self.standing[station] == 1:
            event = self.halts.pop(station, None)
            if event is not None:
                event.succeed()

    def proceed(self, station: str) -> None:
        self.standing[station] -= 1
        if not self.standing[station]:
            self._ring(station)

    # Moves and supermarkets.

    def _convey(self, container: Any) -> Any:
        i = container["loop"]
        every = self.loop(i, "departure")
        wait = -self.env.now % every if every else 0.0
        yield self.env.timeout(wait + self.draw((11, i), self.loop(i, "conveyance")))
        self.arrive(container)
        self.settle()

    def arrive(self, container: Any) -> None:
        i = container["loop"]
        name, size = self.names[i], self.network.size[self.names[i]]
        self.note("arrival", name)
        bad = container["bad"]
        if self.loop(i, "scrap"):
            bad = min(size, bad + int(self.draw((12, i), 0.0)) * self.network.grains[name])
        self.put(name, size - bad)
        for other, amount in self.network.gives[name]:
            self.put(other, amount * (size - bad) // size)
        if bad:
            self.free(i, bad)

    def put(self, name: str, grains: int) -> None:
        self.level[name] += grains
        waiting = self.orders[name]
        while waiting and self.level[name]:
            order = waiting[0]
            given = min(order[1], self.level[name])
            order[1] -= given
            self.delivered += given
            self.backlog_area += given * (self.env.now - order[2])
            if not order[1]:
                self.note("served", order[0])
                waiting.popleft()
            self.take(name, given)

    # What happens by the clock.

    def _clockwork(self) -> None:
        stream = self.stream
        for i in range(len(self.names)):
            if self.loop(i, "collection"):
                self.env.process(self._collect(i, self.loop(i, "collection")))
            if self.loop(i, "audit", None) is not None:
                self.env.process(self._audit(i, self.loop(i, "audit", None)))
        if stream.suppliers is not None:
            for place in range(stream.suppliers.rows()):
                self.env.process(self._supplier(place))
        if stream.demand is not None:
            for place in range(stream.demand.rows()):
                self.env.process(self._customer(place))
        if stream.shifts is not None:
            for name, spans in self.network.calendars.items():
                stations = [one for one, its in self._calendars() if its == name]
                self.env.process(self._shifts(stations, sorted(spans)))

    def _calendars(self) -> Any:
        return zip(self.stream.stations.station, column(self.stream.stations, "calendar", None), strict=True)

    def _shifts(self, stations: list[str], spans: list[tuple[float, float]]) -> Any:
        start = 0.0
        while True:
            for begin, end in spans:
                if start + begin > self.env.now or (self.env.now == 0 and begin > 0):
                    if self.env.now == 0:
                        for station in stations:
                            self.halt(station)
                    yield self.env.timeout(start + begin - self.env.now)
                    for station in stations:
                        self.proceed(station)
                yield self.env.timeout(start + end - self.env.now)
                for station in stations:
                    self.halt(station)
            start += self.network.cycle

    def _collect(self, i: int, every: float) -> Any:
        while True:
            yield self.env.timeout(every)
            count, self.posted[self.names[i]] = self.posted[self.names[i]], 0
            self.send(i, count)
            self.settle()

    def _audit(self, i: int, every: float) -> Any:
        while True:
            yield self.env.timeout(every)
            count, self.lost[self.names[i]] = self.lost[self.names[i]], 0
            self.send(i, count)
            self.settle()

    def _supplier(self, place: int) -> Any:
        table = self.stream.suppliers
        name = table.supplier[place]
        every = table.days[place] * self.stream.day / table.deliveries[place]
        loads = [i for i in range(len(self.names)) if self.loop(i, "supplier", None) == name]
        due: deque[dict[int, int]] = deque({i: 0 for i in loads} for _ in range(table.delay[place]))
        planned = every
        while True:
            yield self.env.timeout(max(0.0, planned + self.draw((10, place), 0.0) - self.env.now))
            self.note("delivery", name)
            coming, taken = due.popleft(), {}
            for i in loads:
                taken[i], self.cards[self.names[i]] = self.cards[self.names[i]], 0
                for _ in range(coming[i]):
                    self.env.process(self._convey({"loop": i, "bad": 0}))
                for _ in range(taken[i]):
                    self.note("release", self.names[i])
            due.append(taken)
            planned += every
            self.settle()

    def _customer(self, place: int) -> Any:
        table = self.stream.demand
        name = table.loop[place]
        grains = self.network.grains[name]
        while True:
            yield self.env.timeout(self.draw((8, place), table.interval[place]))
            self.note("order", table.demand[place])
            asked = round(self.draw((9, place), table.quantity[place]) * grains)
            there = min(asked, self.level[name]) if not self.orders[name] else 0
            if there:
                self.delivered += there
                self.take(name, there)
            if there < asked:
                self.orders[name].append([table.demand[place], asked - there, self.env.now])
            self.settle()
