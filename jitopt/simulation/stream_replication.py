"""One run of a value stream: its state, its random numbers, and the kernel that drives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt import jit
from jitopt.errors import InputError
from jitopt.problems.variates import source
from jitopt.simulation._kernels import plant_calendar, plant_flow, plant_stations

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.simulation.stream_layout import Layout

__all__ = ["Replication", "TooLate"]

KERNEL = "jitopt.simulation._kernels.plant"
VARIATES = 2_000_000
"""Numbers drawn ahead for all sources together, at most."""
AT_ONCE = {True: 100_000, False: 1_000}
"""Events between two looks at the clock, compiled and plain."""
MOST_AT_ONCE = 1_000_000
"""So many events without time passing between them mean that it never will."""


class TooLate(Exception):
    """The time is over, or the caller was interrupted."""


class Replication:
    """A plant on its way.

    layout: of the stream. seed, number: fix its random numbers. trace: events of which a trace is kept.
    n, x, m, y: its memory. opening, before: stock, and minutes that containers had been under way, when the
    counts began, by loop. now: time it has reached [minutes]. sampling: seconds spent on random numbers.
    """

    seed: int
    number: int
    compiled: bool
    traced: int
    kernel: Any
    block: int
    unused: int
    sampling: float
    now: float
    still: int
    n: Any
    x: Any
    m: Any
    y: Any
    generators: Any
    opening: Any
    before: Any

    def __init__(self, layout: Layout, seed: int, number: int, compiled: bool = True, trace: int = 0) -> None:
        self.layout = layout
        self.seed, self.number, self.compiled, self.traced = seed, number, compiled, trace
        self.kernel = jit.compiled(KERNEL) if compiled else jit.plain(KERNEL)
        self.block = max(256, min(4096, VARIATES // max(1, len(layout.sources))))
        self.unused = 256 + 2 * len(layout.n) + sum(layout.stream.loops.cards)
        self.marks: list[float] = []
        self.sampling = 0.0
        self._start()

    def _start(self) -> None:
        """Build the memory at time 0."""
        import numpy as np

        layout = self.layout
        self.now, self.still = 0.0, 0
        self.n, self.x = np.array(layout.n, dtype=np.int64), np.array(layout.x)
        self.m, self.y = np.array(layout.m, dtype=np.int64), np.array(layout.y)
        self.generators = {row: source(self.seed, self.number, *layout.sources[row].path) for row in layout.sources}
        numbers = self._extend(self.block * len(layout.sources))
        for place, row in enumerate(layout.sources):
            end = numbers + self.block * (place + 1)
            self.n[row, f.NEXT_NUMBER], self.n[row, f.NUMBERS_END] = end, end
            self.n[row, f.LOW] = end - self.block // 4
        self.n[0, f.TRACED] = self._extend(2 * self.traced)
        self.n[0, f.TRACE_END] = self.n[0, f.TRACED] + 2 * self.traced
        self._grow(self.unused)
        self._refill()
        self._first_events()
        loops = np.array(layout.loops)
        self.opening = self.n[loops, f.LEVEL]
        self.before = np.zeros(len(loops))

    def _extend(self, length: int) -> int:
        """Return the address of new entries."""
        import numpy as np

        address = len(self.m)
        self.m = np.concatenate([self.m, np.zeros(length, dtype=np.int64)])
        self.y = np.concatenate([self.y, np.zeros(length)])
        return address

    def _grow(self, more: int) -> None:
        """Add unused rows, and room for their events."""
        import numpy as np

        first = len(self.n)
        self.n = np.concatenate([self.n, np.zeros((more, f.WIDTH), dtype=np.int64)])
        self.x = np.concatenate([self.x, np.zeros((more, f.BREADTH))])
        n = self.n
        n[first:, f.KIND] = f.IDLE_ROW
        n[first:, f.PLACE] = -1
        n[first:, f.NEXT] = np.arange(first + 1, first + more + 1)
        n[-1, f.NEXT] = n[0, f.SPARE]
        n[0, f.SPARE] = first
        n[0, f.SPARES] += more
        due, old = int(n[0, f.DUE_EVENTS]), int(n[0, f.HEAP])
        heap = self._extend(len(n))
        self.m[heap : heap + due] = self.m[old : old + due]
        self.y[heap : heap + due] = self.y[old : old + due]
        n[0, f.HEAP] = heap

    def _first_events(self) -> None:
        n, x, m, y, layout = self.n, self.x, self.m, self.y, self.layout
        for row, origin, mean in layout.lives:
            x[row, f.LIFE] = mean if origin < 0 else plant_calendar.take(n, y, origin)
        for row, origin, start in layout.first:
            moment = start + (plant_calendar.take(n, y, origin) if origin >= 0 else 0.0)
            if row in layout.closed:
                x[row, f.LEFT] = moment
            else:
                plant_calendar.schedule(n, m, y, row, moment)
        for row in layout.loops:
            if n[row, f.SINK] and n[row, f.LEVEL]:
                plant_flow.withdraw(n, x, m, y, row, n[row, f.LEVEL], 0.0)
            plant_calendar.touch(n, m, row)

    def _refill(self) -> None:
        """Draw new numbers for the sources of which at least half are taken."""
        began = time.perf_counter()
        n, y = self.n, self.y
        for row, origin in self.layout.sources.items():
            end = int(n[row, f.NUMBERS_END])
            first, at = end - self.block, int(n[row, f.NEXT_NUMBER])
            if 2 * (at - first) >= self.block:
                y[first : first + end - at] = y[at:end].copy()
                y[first + end - at : end] = origin.sample(self.generators[row], at - first)
                n[row, f.NEXT_NUMBER] = first
        n[0, f.HUNGRY] = 0
        self.sampling += time.perf_counter() - began

    def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Run up to a time [minutes].

        Raises
        ------
        TooLate
            When `stop` says so.
        InputError
            When time does not pass any more.
        """
        most = AT_ONCE[self.compiled]
        while True:
            memory = (jit.cells(array, self.kernel) for array in (self.n, self.x, self.m, self.y))
            why = self.kernel.run(*memory, until, most, self.layout.margin)
            if why == f.DRY:
                self._again()
            elif why == f.HUNGER:
                self._refill()
            elif why == f.CROWDED:
                self._grow(len(self.n))
            elif why != f.MORE:
                self.now = until
                return
            else:
                self._pass(most)
                if stop():
                    raise TooLate

    def _pass(self, events: int) -> None:
        """See to it that time passes: so many events have been dealt with."""
        clock = float(self.x[0, f.CLOCK])
        self.still = self.still + events if clock == self.now else 0
        self.now = clock
        if self.still > MOST_AT_ONCE:
            raise InputError(
                "time must pass: a million things happen at one moment",
                place="/operations/time",
                value=clock,
                remedy="give operations, conveyances or customers a time above 0",
            )

    def _again(self) -> None:
        """Begin anew with more numbers and rows at hand; the numbers are the same."""
        self.block *= 8
        self.unused *= 4
        marks = self.marks
        self.marks = []
        self._start()
        for mark in marks:
            self.run(mark)
            self.reset()

    def reset(self) -> None:
        """Let all counts begin now (the end of the warm-up)."""
        import numpy as np

        self.flush()
        n, x = self.n, self.x
        loops, customers = np.array(self.layout.loops), np.array(self.layout.customers, dtype=np.int64)
        x[0, f.START] = self.now
        self.marks.append(self.now)
        n[loops, f.LOOP_COUNTS :] = 0
        n[loops, f.PEAK] = n[loops, f.SHELF]
        for place in (f.AREA, f.WIP_AREA, f.STAYED):
            x[loops, place] = 0.0
        for place in range(f.CUSTOMER_COUNTS, f.ORDERS_AT_ONCE + 1):
            n[customers, place] = 0
        for place in (f.BACKLOG_AREA, f.STOCK_OUT, f.WAITED):
            x[customers, place] = 0.0
        for servers in self.layout.servers.values():
            for server in servers:
                x[server, f.SPENT : f.SPENT + 6] = 0.0
        for loop in self.layout.loops:
            for first, count in ((f.STOCK_BARS, f.STOCK_BARS_COUNT), (f.WIP_BARS, f.WIP_BARS_COUNT)):
                self.y[n[loop, first] : n[loop, first] + n[loop, count]] = 0.0
        self.opening = n[loops, f.LEVEL]
        self.before = np.array([-self.stays(loop) for loop in self.layout.loops])

    @property
    def measured(self) -> float:
        """Minutes since the counts began."""
        return float(self.now - self.x[0, f.START])

    def load(self) -> float:
        """Return the containers under way and the units customers wait for, now."""
        import numpy as np

        loops, customers = np.array(self.layout.loops), np.array(self.layout.customers, dtype=np.int64)
        return float(self.n[loops, f.WIP].sum() + self.n[customers, f.BACKLOG].sum())

    def stays(self, loop: int) -> float:
        """Return how long the containers of a loop that are under way have been so, together."""
        rows = (
            len(self.layout.n)
            + ((self.n[len(self.layout.n) :, [f.KIND, f.LOOP]] == (f.MOVE, loop)).all(axis=1)).nonzero()[0]
        )
        return float((self.now - self.x[rows, f.BORN]).sum())

    def events(self) -> list[tuple[float, int, int]]:
        """Return the trace: time, what happened (`plant_fields`), address of its row."""
        end = int(self.n[0, f.TRACED])
        first = int(self.n[0, f.TRACE_END]) - 2 * self.traced
        places = range(first, end, 2)
        return [(float(self.y[at]), int(self.m[at]), int(self.m[at + 1])) for at in places]

    def flush(self) -> None:
        """Count everything up to now."""
        n, x = self.n, self.x
        for loop in self.layout.loops:
            plant_flow.measure_stock(n, x, self.y, loop, self.now)
            plant_flow.measure_wip(n, x, self.y, loop, self.now)
        for customer in self.layout.customers:
            plant_flow.measure_backlog(n, x, customer, self.now)
        for servers in self.layout.servers.values():
            for server in servers:
                plant_stations.account(n, x, server, self.now)
