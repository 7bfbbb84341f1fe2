"""A line under search: its sample held ready, and what designs give on it, decided as the judge decides."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitopt.heuristics._kernels.line_path import NEVER
from jitopt.problems.base import exact
from jitopt.problems.estimates import ratio
from jitopt.problems.kanban.line import lags
from jitopt.problems.kanban.line_sample import SIDE, Streams
from jitopt.simulation.line_paths import Paths as SideBySide

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Line, Size

__all__ = ["Design", "Late", "Paths", "Stopped"]

Design = tuple[int, ...]
"""Places or cards, as many as a plan has."""

HELD = 256 * 1024**2
"""Bytes of times that are held; what is more is drawn again each time."""

STEPS = 2_000_000
"""Operations in one call of a compiled kernel: some hundredths of a second."""

PLAIN_STEPS = 20_000
"""The same in plain Python."""


class Stopped(Exception):
    """The search was told to stop in the middle of a sample."""


class Late(NamedTuple):
    """Late orders of a design. exceeded: the count was broken off above what was asked for."""

    orders: int
    exceeded: bool


class Paths:
    """Sample paths of a line.

    stopped: asked between calls of kernels; where it says so, `Stopped` is raised. steps: operations
    simulated so far.
    """

    line: Line
    size: Size
    kernels: Any
    compiled: bool
    stopped: Callable[[], bool]
    threads: int
    steps: int

    def __init__(self, line: Line, kernels: Any, compiled: bool, stopped: Callable[[], bool], threads: int = 1) -> None:
        self.line, self.size = line, line.size()
        self.kernels, self.compiled, self.stopped, self.threads = kernels, compiled, stopped, threads
        self.steps = 0
        per_job = line.stations
        self._portion = max(1, (STEPS if compiled else PLAIN_STEPS) // per_job)
        length = self.size.length
        self._left = np.zeros((line.stations, length))
        self._released = np.zeros((line.stations, length)) if line.word == "card" else self._left[:0]
        self._served = np.zeros(length if line.word == "card" else 0)
        self._held: dict[int, tuple[Any, Any]] = {}
        self._bytes = 0

    # --- the sample ------------------------------------------------------------------------

    def times(self, replication: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the times of a replication, [station, job], and the moments of its orders."""
        block, lane = divmod(replication, SIDE)
        if block not in self._held:
            drawn = self._drawn(block)
            if self._bytes and self._bytes + drawn[0].nbytes > HELD:
                self._held.clear()
                self._bytes = 0
            self._held[block] = drawn
            self._bytes += drawn[0].nbytes
        times, orders = self._held[block]
        return times[lane], orders[lane] if self.line.demand is not None else orders

    def _drawn(self, block: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw the times of a block of replications, [replication, station, job], and the moments of its orders."""
        length, streams = self.size.length, Streams(self.line, self.size.seed, block)
        times = np.zeros((self.line.stations, length, SIDE))
        streams.service(times)
        orders = np.zeros((length, SIDE) if self.line.demand is not None else (0, 0))
        if self.line.demand is not None:
            streams.between(orders)
            # Added one after another, as the judge does.
            np.cumsum(orders, axis=0, out=orders)
            orders = np.ascontiguousarray(orders.T)
        return np.ascontiguousarray(times.transpose(2, 0, 1)), orders if orders.size else np.zeros(0)

    # --- saturated lines -------------------------------------------------------------------

    def throughput(
        self, design: Design, replications: int | None = None, crossed: Any = None, jobs: int | None = None
    ) -> float:
        """Return the throughput on the sample, or on its first replications and their first jobs.

        crossed: [decided], to which is added how often each place or card held up the last part.
        """
        if replications is None and crossed is None:
            return self._measured(design)
        count = replications or self.size.replications
        lagged, jobs = self._lagged(design), jobs or self.size.length
        ends = [self._end(lagged, replication, crossed, jobs) for replication in range(count)]
        return float(ratio([jobs] * count, ends).mean)

    def _measured(self, design: Design) -> float:
        """Run the whole sample by the kernels of the simulation: replications side by side, no trace kept."""
        self.ask(self.size.length * self.size.replications)
        try:
            return float(self.side_by_side.throughput([design])[0].mean)
        except InterruptedError:
            raise Stopped from None

    @cached_property
    def side_by_side(self) -> SideBySide:
        """The same sample as the simulation runs it."""
        return SideBySide(self.line, self.size, threads=self.threads, compiled=self.compiled, stopped=self.stopped)

    def reaches(self, design: Design) -> bool:
        """Tell whether the design reaches the target on the sample."""
        target = self.line.target
        assert target is not None
        if target.fill_rate is not None:
            return not self.late(design, self.allowed).exceeded
        assert target.throughput is not None
        return Fraction(self.throughput(design)) >= exact(target.throughput)

    def _end(self, lagged: Any, replication: int, crossed: Any, jobs: int) -> float:
        if self.line.word == "card":
            self._cards(lagged, replication, 1 << 60, crossed, jobs)
            return float(self._left[-1, jobs - 1])
        material, room, order = lagged
        times, _ = self.times(replication)
        end = 0.0
        for first in range(0, jobs, self._portion):
            last = min(first + self._portion, jobs)
            self.ask(last - first)
            end = self.kernels.buffers(times, material, room, order, self._left, first, last)
        if crossed is not None:
            self._critical_buffers(material, room, crossed, jobs)
        return float(end)

    def _critical_buffers(self, material: Any, room: Any, crossed: Any, jobs: int) -> None:
        counts = np.zeros(self.line.stations, dtype=np.int64)
        self.kernels.buffers_critical(material, room, self._left, counts, jobs)
        crossed += counts[:-1]

    def _buffers(self, design: Design) -> tuple[Any, Any, Any]:
        material, room = lags(self.line, design)
        last = self.line.stations - 1
        before: dict[int, set[int]] = {j: set() for j in range(last + 1)}
        for j in range(last):
            before[j + 1] |= {j} if material[j + 1] == 0 else set()
            before[j] |= {j + 1} if room[j] == 0 else set()
        return (
            np.array([NEVER, *material[1:]], dtype=np.int64),
            np.array([*room[:-1], NEVER], dtype=np.int64),
            np.array(list(TopologicalSorter(before).static_order()), dtype=np.int64),
        )

    # --- lines with cards ------------------------------------------------------------------

    @cached_property
    def allowed(self) -> int:
        """Late orders that a sample may have at most."""
        assert self.line.target is not None and self.line.target.fill_rate is not None
        orders = self.size.parts * self.size.replications
        return int(orders * (1 - exact(self.line.target.fill_rate)))

    def late(self, design: Design, most: int = 1 << 60, replications: int | None = None, held: Any = None) -> Late:
        """Return the late orders of a design, broken off where they exceed `most`.

        held: [decided], to which is added how often want of each stage's cards held late orders up.
        """
        count, stages = 0, self._stages(design)
        for replication in range(replications or self.size.replications):
            count += self._cards(stages, replication, most - count, held)
            if count > most:
                return Late(count, True)
        return Late(count, False)

    def _cards(self, stages: Any, replication: int, most: int, held: Any, jobs: int | None = None) -> int:
        material, shipped, room, caller, order = stages
        times, orders = self.times(replication)
        late, jobs = 0, jobs or self.size.length
        for first in range(0, jobs, self._portion):
            last = min(first + self._portion, jobs)
            self.ask(last - first)
            late += self.kernels.cards(
                times, orders, material, shipped, room, caller, order,
                self._released, self._left, self._served, self.size.warm_up, first, last, most - late,
            )  # fmt: skip
            if late > most:
                return late
        if held is not None:
            self._critical_cards(orders, material, shipped, room, caller, order, held, jobs)
        return late

    def _critical_cards(
        self, orders: Any, material: Any, shipped: int, room: Any, caller: Any, order: Any, held: Any, jobs: int
    ) -> None:
        counts = np.zeros(self.line.stations)
        waits = np.zeros_like(self._left), np.zeros_like(self._left), np.zeros_like(self._served)
        self.kernels.cards_critical(
            orders, material, shipped, room, caller, order,
            self._released, self._left, self._served, self.size.warm_up, *waits, counts, jobs,
        )  # fmt: skip
        held += counts[: len(held)]

    def _lagged(self, design: Design) -> Any:
        return self._stages(design) if self.line.word == "card" else self._buffers(design)

    def ends(self, design: Design) -> list[float]:
        """Return when the last station has finished all, of each replication."""
        lagged = self._lagged(design)
        return [self._end(lagged, replication, None, self.size.length) for replication in range(self.size.replications)]

    def _stages(self, design: Design) -> tuple[Any, int, Any, Any, Any]:
        """Return the lags of material, of what is shipped, of cards; who frees the cards; the order of a job."""
        line, count = self.line, self.line.stations
        material, room = lags(line, design)
        callers = {
            "kanban": list(range(1, count + 1)),
            "conwip": [count],
            "base_stock": [count + 1] * count,
        }[line.blocking]
        back = [*room, *[NEVER] * (count - len(room))]
        caller = [*callers, *[count] * (count - len(callers))]
        before: dict[int, set[int]] = {j: set() for j in range(count + 1)}
        for j in range(count):
            before[j] |= {j - 1} if j and material[j] == 0 else set()
            before[j] |= {caller[j]} if back[j] == 0 and caller[j] <= count else set()
        before[count] |= {count - 1} if material[count] == 0 else set()
        order = list(TopologicalSorter(before).static_order())
        return (
            np.array([NEVER, *material[1:count]], dtype=np.int64),
            int(material[count]),
            np.array(back, dtype=np.int64),
            np.array(caller, dtype=np.int64),
            np.array(order, dtype=np.int64),
        )

    def ask(self, jobs: int) -> None:
        """Count the operations of so many jobs, or raise `Stopped`."""
        if self.stopped():
            raise Stopped
        self.steps += jobs * self.line.stations
