"""One run of a value stream: its state, its random numbers, and the kernel that drives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt import jit
from jitopt.errors import InputError
from jitopt.problems.variates import source
from jitopt.simulation._kernels import plant_calendar, plant_flow, plant_stations
from jitopt.simulation._kernels.plant_calendar import State

if TYPE_CHECKING:
    from collections.abc import Callable

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

    layout: of the stream. seed, number: fix its random numbers. trace: events of which a trace is kept.
    """

    def __init__(self, layout: Layout, seed: int, number: int, compiled: bool = True, trace: int = 0) -> None:
        self.layout = layout
        self.seed, self.number, self.compiled, self.traced = seed, number, compiled, trace
        self.kernel = jit.compiled(KERNEL) if compiled else jit.plain(KERNEL)
        self.block = max(256, min(4096, VARIATES // max(1, len(layout.sources))))
        self.unused = 256 + 2 * len(layout.numbers) + sum(layout.stream.loops.cards)
        self.marks: list[float] = []
        self.sampling = 0.0
        self._start()

    def _start(self) -> None:
        """Build the state at time 0."""
        import numpy as np

        layout = self.layout
        n, x = layout.tables()
        rows = len(n)
        self.now = 0.0
        state = State(
            n=np.zeros((rows, f.WIDTH), dtype=np.int64),
            x=np.zeros((rows, f.BREADTH)),
            heap=np.zeros(rows, dtype=np.int64),
            key=np.zeros(rows),
            todo=np.zeros(len(layout.loops) + 1, dtype=np.int64),
            feed=np.zeros(len(layout.stations) + 1, dtype=np.int64),
            link=np.array([*layout.links, 0], dtype=np.int64),
            share=np.array([*layout.shares, 0.0]),
            variates=np.zeros((len(layout.sources), self.block)),
            cursor=np.full(len(layout.sources), self.block, dtype=np.int64),
            bars=np.zeros(layout.bars),
            trace=np.zeros((self.traced, 3)),
        )
        state.n[:], state.x[:] = n, x
        self.state = state
        self.generators = [source(self.seed, self.number, *origin.path) for origin in layout.sources]
        self._grow(self.unused)
        self._refill()
        self._first_events()

    def _first_events(self) -> None:
        n, x, heap, key = self.state.n, self.state.x, self.state.heap, self.state.key
        layout = self.layout
        for row, origin, mean in layout.lives:
            x[row, f.LIFE] = mean if origin < 0 else self._take(origin)
        for row, origin, start in layout.first:
            moment = start + (self._take(origin) if origin >= 0 else 0.0)
            if row in layout.closed:
                x[row, f.LEFT] = moment
            else:
                plant_calendar.schedule(n, heap, key, row, moment)
        for row in layout.loops:
            if n[row, f.SINK] and n[row, f.LEVEL]:
                plant_flow.withdraw(self.state, row, n[row, f.LEVEL], 0.0)
            plant_calendar.touch(n, self.state.todo, row)

    def _take(self, origin: int) -> float:
        return float(plant_calendar.take(self.state.n, self.state.variates, self.state.cursor, origin))

    def _grow(self, more: int) -> None:
        """Add unused rows."""
        import numpy as np

        state = self.state
        rows = len(state.n)
        n = np.concatenate([state.n, np.zeros((more, f.WIDTH), dtype=np.int64)])
        n[rows:, f.KIND] = f.IDLE_ROW
        n[rows:, f.PLACE] = -1
        n[rows:, f.NEXT] = np.arange(rows + 1, rows + more + 1)
        n[rows + more - 1, f.NEXT] = n[0, f.SPARE] if n[0, f.SPARES] else -1
        n[0, f.SPARE] = rows
        n[0, f.SPARES] += more
        self.state = state._replace(
            n=n,
            x=np.concatenate([state.x, np.zeros((more, f.BREADTH))]),
            heap=np.concatenate([state.heap, np.zeros(more, dtype=np.int64)]),
            key=np.concatenate([state.key, np.zeros(more)]),
        )

    def _refill(self) -> None:
        """Draw new numbers for the sources of which at least half are taken."""
        began = time.perf_counter()
        variates, cursor = self.state.variates, self.state.cursor
        for row, origin in enumerate(self.layout.sources):
            used = int(cursor[row])
            if 2 * used >= self.block:
                variates[row, : self.block - used] = variates[row, used:].copy()
                variates[row, self.block - used :] = origin.sample(self.generators[row], used)
                cursor[row] = 0
        self.state.n[0, f.HUNGRY] = 0
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
            why = self.kernel.run(self.state, until, most, self.layout.margin)
            if why == f.DRY:
                self._again()
            elif why == f.HUNGER:
                self._refill()
            elif why == f.CROWDED:
                self._grow(len(self.state.n))
            elif why == f.STUCK:
                raise InputError(
                    "time must pass: a million things happen at one moment",
                    place="/operations/time",
                    value=float(self.state.key[0]),
                    remedy="give operations, conveyances or customers a time above 0",
                )
            elif why != f.MORE:
                self.now = until
                return
            if why == f.MORE:
                self.now = float(self.state.x[0, f.CLOCK])
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
        self.flush()
        n, x = self.state.n, self.state.x
        loops, customers = self.layout.loops, self.layout.customers
        x[0, f.START] = self.now
        self.marks.append(self.now)
        n[loops, f.LOOP_COUNTS :] = 0
        n[loops, f.PEAK] = n[loops, f.SHELF]
        for place in (f.AREA, f.WIP_AREA, f.LEAD, f.LEAD_SQUARED, f.STAYED):
            x[loops, place] = 0.0
        n[customers, f.CUSTOMER_COUNTS : f.ORDERS_AT_ONCE + 1] = 0
        for place in (f.BACKLOG_AREA, f.STOCK_OUT, f.WAITED):
            x[customers, place] = 0.0
        for servers in self.layout.servers.values():
            x[servers, f.SPENT : f.SPENT + 6] = 0.0
        self.state.bars[:] = 0.0
        self.opening = n[:, f.LEVEL].copy()

    def flush(self) -> None:
        """Count everything up to now."""
        n, x, bars = self.state.n, self.state.x, self.state.bars
        for loop in self.layout.loops:
            plant_flow.measure_stock(n, x, bars, loop, self.now)
            plant_flow.measure_wip(n, x, bars, loop, self.now)
        for customer in self.layout.customers:
            plant_flow.measure_backlog(n, x, customer, self.now)
        for servers in self.layout.servers.values():
            for server in servers:
                plant_stations.account(n, x, server, self.now)
