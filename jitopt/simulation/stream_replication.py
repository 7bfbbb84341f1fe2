"""One run of a value stream: its state, its random numbers, and the kernel that drives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt import jit
from jitopt.errors import InputError
from jitopt.problems.variates import source
from jitopt.simulation._kernels import plant_calendar, plant_flow, plant_stations

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from jitopt.simulation.stream_layout import Layout

__all__ = ["Replication", "TooLate"]

KERNEL = "jitopt.simulation._kernels.plant"
VARIATES = 2_000_000
"""Numbers drawn ahead for all sources together, at most."""
AT_ONCE = {True: 100_000, False: 1_000}
"""Events between two looks at the clock, compiled and plain."""


class TooLate(Exception):
    """The time is over, or the caller was interrupted."""


class Replication:
    """A plant on its way.

    layout: of the stream. seed, number: fix its random numbers. trace: events of which a trace is kept. n, x: its
    memory. now: time it has reached [minutes]. sampling: seconds spent on random numbers.
    """

    def __init__(self, layout: Layout, seed: int, number: int, compiled: bool = True, trace: int = 0) -> None:
        self.layout = layout
        self.seed, self.number, self.compiled, self.traced = seed, number, compiled, trace
        self.kernel = jit.compiled(KERNEL) if compiled else jit.plain(KERNEL)
        self.block = max(256, min(4096, VARIATES // max(1, len(layout.sources))))
        self.unused = 256 + 2 * layout.rows + sum(layout.stream.loops.cards)
        self.marks: list[float] = []
        self.sampling = 0.0
        self._start()

    def _start(self) -> None:
        """Build the memory at time 0."""
        import numpy as np

        layout = self.layout
        self.now = 0.0
        self.places = layout.rows
        self.regions: list[NDArray[np.int64]] = []
        self.n, self.x = np.array(layout.n, dtype=np.int64), np.array(layout.x)
        self.generators = {row: source(self.seed, self.number, *layout.sources[row].path) for row in layout.sources}
        numbers = self._extend(self.block * len(layout.sources))
        for place, row in enumerate(layout.sources):
            end = numbers + self.block * (place + 1)
            self.n[row + f.NEXT_NUMBER], self.n[row + f.NUMBERS_END] = end, end
            self.n[row + f.LOW] = end - self.block // 4
        self.n[f.TRACED] = self._extend(2 * self.traced)
        self.n[f.TRACE_END] = self.n[f.TRACED] + 2 * self.traced
        self._grow(self.unused)
        self._refill()
        self._first_events()
        self.opening = self.n[np.array(layout.loops) + f.LEVEL]

    def _extend(self, length: int) -> int:
        """Return the address of new memory."""
        import numpy as np

        address = len(self.n)
        self.n = np.concatenate([self.n, np.zeros(length, dtype=np.int64)])
        self.x = np.concatenate([self.x, np.zeros(length)])
        return address

    def _grow(self, more: int) -> None:
        """Add unused rows, and room for their events."""
        import numpy as np

        first = self._extend(more * f.NARROW)
        n = self.n
        rows = first + f.NARROW * np.arange(more)
        n[rows + f.KIND] = f.IDLE_ROW
        n[rows + f.PLACE] = -1
        n[rows + f.NEXT] = rows + f.NARROW
        n[rows[-1] + f.NEXT] = n[f.SPARE]
        n[f.SPARE] = first
        n[f.SPARES] += more
        due = int(n[f.DUE_EVENTS])
        self.places += more
        self.regions.append(rows)
        heap, old = self._extend(self.places), int(n[f.HEAP])
        self.n[heap : heap + due] = self.n[old : old + due]
        self.x[heap : heap + due] = self.x[old : old + due]
        self.n[f.HEAP] = heap

    def _first_events(self) -> None:
        n, x, layout = self.n, self.x, self.layout
        for row, origin, mean in layout.lives:
            x[row + f.LIFE] = mean if origin < 0 else plant_calendar.take(n, x, origin)
        for row, origin, start in layout.first:
            moment = start + (plant_calendar.take(n, x, origin) if origin >= 0 else 0.0)
            if row in layout.closed:
                x[row + f.LEFT] = moment
            else:
                plant_calendar.schedule(n, x, row, moment)
        for row in layout.loops:
            if n[row + f.SINK] and n[row + f.LEVEL]:
                plant_flow.withdraw(n, x, row, n[row + f.LEVEL], 0.0)
            plant_calendar.touch(n, row)

    def _refill(self) -> None:
        """Draw new numbers for the sources of which at least half are taken."""
        began = time.perf_counter()
        n, x = self.n, self.x
        for row, origin in self.layout.sources.items():
            end = int(n[row + f.NUMBERS_END])
            first, at = end - self.block, int(n[row + f.NEXT_NUMBER])
            if 2 * (at - first) >= self.block:
                x[first : first + end - at] = x[at:end].copy()
                x[first + end - at : end] = origin.sample(self.generators[row], at - first)
                n[row + f.NEXT_NUMBER] = first
        n[f.HUNGRY] = 0
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
            why = self.kernel.run(self.n, self.x, until, most, self.layout.margin)
            if why == f.DRY:
                self._again()
            elif why == f.HUNGER:
                self._refill()
            elif why == f.CROWDED:
                self._grow(self.places)
            elif why == f.STUCK:
                raise InputError(
                    "time must pass: a million things happen at one moment",
                    place="/operations/time",
                    value=float(self.x[f.CLOCK]),
                    remedy="give operations, conveyances or customers a time above 0",
                )
            elif why != f.MORE:
                self.now = until
                return
            if why == f.MORE:
                self.now = float(self.x[f.CLOCK])
                if stop():
                    raise TooLate

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
        x[f.START] = self.now
        self.marks.append(self.now)
        for place in range(f.LOOP_COUNTS, f.WIDTHS[f.LOOP_ROW]):
            n[loops + place] = 0
        n[loops + f.PEAK] = n[loops + f.SHELF]
        for place in (f.AREA, f.WIP_AREA, f.LEAD, f.LEAD_SQUARED, f.STAYED):
            x[loops + place] = 0.0
        for place in range(f.CUSTOMER_COUNTS, f.ORDERS_AT_ONCE + 1):
            n[customers + place] = 0
        for place in (f.BACKLOG_AREA, f.STOCK_OUT, f.WAITED):
            x[customers + place] = 0.0
        for servers in self.layout.servers.values():
            for server in servers:
                x[server + f.SPENT : server + f.SPENT + 6] = 0.0
        for loop in self.layout.loops:
            for first, count in ((f.STOCK_BARS, f.STOCK_BARS_COUNT), (f.WIP_BARS, f.WIP_BARS_COUNT)):
                x[n[loop + first] : n[loop + first] + n[loop + count]] = 0.0
        self.opening = n[loops + f.LEVEL]

    @property
    def measured(self) -> float:
        """Minutes since the counts began."""
        return float(self.now - self.x[f.START])

    def load(self) -> float:
        """Return the containers under way and the units customers wait for, now."""
        import numpy as np

        loops, customers = np.array(self.layout.loops), np.array(self.layout.customers, dtype=np.int64)
        return float(self.n[loops + f.WIP].sum() + self.n[customers + f.BACKLOG].sum())

    def stays(self, loop: int) -> float:
        """Return how long the containers of a loop that are under way have been so, since the counts began."""
        import numpy as np

        rows = np.concatenate(self.regions)
        rows = rows[(self.n[rows + f.KIND] == f.MOVE) & (self.n[rows + f.LOOP] == loop)]
        return float((self.now - np.maximum(self.x[rows + f.BORN], self.x[f.START])).sum())

    def events(self) -> list[tuple[float, int, int]]:
        """Return the trace: time, what happened (`plant_fields`), address of its row."""
        end = int(self.n[f.TRACED])
        first = int(self.n[f.TRACE_END]) - 2 * self.traced
        places = range(first, end, 2)
        return [(float(self.x[at]), int(self.n[at]), int(self.n[at + 1])) for at in places]

    def flush(self) -> None:
        """Count everything up to now."""
        n, x = self.n, self.x
        for loop in self.layout.loops:
            plant_flow.measure_stock(n, x, loop, self.now)
            plant_flow.measure_wip(n, x, loop, self.now)
        for customer in self.layout.customers:
            plant_flow.measure_backlog(n, x, customer, self.now)
        for servers in self.layout.servers.values():
            for server in servers:
                plant_stations.account(n, x, server, self.now)
