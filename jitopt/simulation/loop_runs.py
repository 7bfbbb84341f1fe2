"""Many loops of cards, many replications: variates drawn, kernels run, on several threads.

A loop's numbers depend on the seed, its place in the list and the replication only, so that
threads, limits and other loops change nothing, and another number of cards meets the same fate.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import JitoptError
from jitopt.problems.variates import source
from jitopt.simulation._kernels import loops as measures
from jitopt.simulation.loop_samples import needs_of, sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from jitopt.simulation.card_loops import CardLoop

__all__ = ["LoopRuns", "OutOfTimeError", "run_loops", "settling"]

KERNELS = "jitopt.simulation._kernels.loops"

SUPPLY = {"shared": measures.SHARED, "independent": measures.INDEPENDENT, "server": measures.SERVER}
SHORTAGE = {
    "backorder": measures.BACKORDER, "lost": measures.LOST, "stop": measures.STOP, "order": measures.ORDER,
}  # fmt: skip

CELLS = 1 << 20
"""Containers that one call of the kernel follows, about: a few hundredths of a second."""

SMALL = 40_000
"""Containers that plain Python follows in the time it takes to load machine code."""

MAKING = 20.0
"""Seconds that making machine code may take on a busy machine."""

LEVELS = 1000
"""Levels of stock told apart, at most."""


class OutOfTimeError(JitoptError):
    """The time limit of a simulation ended before its run."""


@dataclass(frozen=True)
class LoopRuns:
    """What the kernels measured: sums[loop, step, replication, measure]; see `_kernels/loops.py`.

    steps: cards more than planned (0, -1); of others than 0 only COVERED, CYCLES and TIME are told where
    needs do not depend on cards. levels: time at each stock level, of each loop, all
    replications together, as planned. widths: containers in a level. compiled: which twin ran.
    """

    loops: tuple[CardLoop, ...]
    steps: tuple[int, ...]
    sums: NDArray[np.float64]
    levels: tuple[NDArray[np.float64], ...]
    widths: tuple[int, ...]
    compiled: bool
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Desk:
    """What a thread works with: arrays that grow as they are needed, and its watch."""

    size: int = 0
    arrays: tuple[Any, ...] = ()
    sample: float = 0.0
    run: float = 0.0

    def room(self, size: int, lost: bool) -> tuple[Any, ...]:
        """Return the arrays of a path of a size."""
        if size > self.size:
            self.arrays = tuple(np.empty(size + 2) for _ in range(4))
            self.size = size
        return (*self.arrays, np.empty((size if lost else 1, 2)))


def settling(loops: Sequence[CardLoop]) -> float:
    """Return the days after which full stores at the start are forgotten: three times what it takes to refill one."""
    longest = max((loop.interval + loop.delay.mean + loop.late_by * (loop.late > 0) for loop in loops), default=0.0)
    return float(math.ceil(3 * longest))


def run_loops(
    loops: Sequence[CardLoop],
    *,
    replications: int,
    seed: int,
    days: float,
    warm_up: float,
    steps: tuple[int, ...] = (0,),
    threads: int | None = None,
    compiled: bool | None = None,
    time_limit: float | None = None,
    numbers: Sequence[int] | None = None,
) -> LoopRuns:
    """Run loops; each with its cards and with `steps` more of them.

    days: measured, after those of warm_up. numbers: places of the loops that fix their random numbers
    [default: their order]. time_limit: for the whole run [s]. compiled: which twin of the kernel runs;
    None: the one that is sooner done. The numbers are those of the other, to the last bit.

    Raises
    ------
    OutOfTimeError
        If the time is over before the run.
    InputError
        For a loop that turns over too many containers.
    """
    began = time.perf_counter()
    if compiled is None:
        compiled = is_worth_compiling(loops, replications * (days + warm_up), time_limit)
    if compiled:
        jit.making(KERNELS)
    kernels = jit.compiled(KERNELS) if compiled else jit.plain(KERNELS)
    fresh = compiled and not jit.is_cached(KERNELS)
    if compiled and loops:
        _touch(kernels)
        jit.mark_cached(KERNELS)
    ready = time.perf_counter()
    job = _Job(tuple(loops), steps, replications, seed, float(days + warm_up), float(warm_up), kernels)
    job.until = math.inf if time_limit is None else began + time_limit
    job.numbers = range(len(loops)) if numbers is None else numbers
    workers = min(threads or available(), len(loops)) or 1 if compiled else 1
    with ThreadPoolExecutor(workers) as pool:
        try:
            list(pool.map(job.block, job.blocks(workers)))
        finally:
            job.stopped = True
    seconds = {"sample": job.sample, "run": job.run, "compile": ready - began if fresh else 0.0}
    seconds["total"] = time.perf_counter() - began
    ran_compiled = compiled and kernels is not jit.plain(KERNELS)
    return LoopRuns(tuple(loops), steps, job.sums, tuple(job.levels), tuple(job.widths), ran_compiled, seconds)


def is_worth_compiling(loops: Sequence[CardLoop], days: float, time_limit: float | None) -> bool:
    """Tell whether machine code, made or loaded, is sooner done than plain Python."""
    if KERNELS + jit.SUFFIX in sys.modules:
        return True
    containers = days * sum(1 / loop.lasts.mean for loop in loops if loop.lasts.mean)
    if containers <= SMALL:
        return False
    return jit.is_cached(KERNELS) or time_limit is None or time_limit > MAKING


def available() -> int:
    """Return the processors this process may use, at most 8."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)


def _touch(kernels: Any) -> None:
    """Have the machine code made, or loaded, before threads ask for it together."""
    row = np.ones((1, 1))
    arrays = [np.zeros(3) for _ in range(4)]
    kernels.run_loop(
        row, row[0], row, row[0], 0.0, 0.0, 0, 1, False, 0, 0.0, 1.0, 1,
        np.zeros((1, measures.MEASURES)), np.zeros((1, 2)), *arrays, np.empty((1, 2)),
    )  # fmt: skip
    kernels.run_cover(row, row[0], row, row[0], 0.0, 1, 0.0, 1.0, np.zeros((1, measures.MEASURES)), arrays[0])


class _Job:
    """The run of a list of loops."""

    def __init__(
        self,
        loops: tuple[CardLoop, ...],
        steps: tuple[int, ...],
        replications: int,
        seed: int,
        end: float,
        warm_up: float,
        kernels: Any,
    ) -> None:
        self.loops, self.steps, self.replications, self.seed = loops, steps, replications, seed
        self.end, self.warm_up, self.kernels, self.until = end, warm_up, kernels, math.inf
        self.numbers: Sequence[int] = ()
        self.sums = np.zeros((len(loops), len(steps), replications, measures.MEASURES))
        most = [max(0, loop.cards + max(steps)) for loop in loops]
        self.widths = [1 + cards // LEVELS for cards in most]
        self.levels = [np.zeros(cards // width + 1) for cards, width in zip(most, self.widths, strict=True)]
        self.lock = threading.Lock()
        self.stopped = False  # Set when one thread fails, or the user interrupts: the others end soon.
        self.sample = self.run = 0.0

    def blocks(self, workers: int) -> list[range]:
        """Return the loops in pieces, a few for every thread."""
        size = max(1, -(-len(self.loops) // (workers * 8)))
        return [range(at, min(at + size, len(self.loops))) for at in range(0, len(self.loops), size)]

    def block(self, places: range) -> None:
        """Run the loops of a block."""
        desk = Desk()
        for place in places:
            self._loop(place, desk)
        with self.lock:
            self.sample += desk.sample
            self.run += desk.run

    def _loop(self, place: int, desk: Desk) -> None:
        loop = self.loops[place]
        lasts = needs_of(loop, self.end)
        streams = [source(self.seed, self.numbers[place], kind) for kind in range(4)]
        rows = max(1, CELLS // lasts)
        for at in range(0, self.replications, rows):
            if self.stopped or time.perf_counter() > self.until:
                raise OutOfTimeError("the time is over before the run: ask for fewer replications or days")
            count = min(rows, self.replications - at)
            began = time.perf_counter()
            drawn = sample(loop, streams, count, lasts, self.end)
            ready = time.perf_counter()
            for number, step in enumerate(self.steps):
                self._call(place, desk, drawn, number, step, slice(at, at + count))
            desk.sample += ready - began
            desk.run += time.perf_counter() - ready

    def _call(self, place: int, desk: Desk, drawn: tuple[Any, ...], number: int, step: int, rows: slice) -> None:
        loop = self.loops[place]
        empty = loop.signal == "empty"
        cards = loop.cards + step
        out = self.sums[place, number, rows]
        if cards < (1 if empty else 0):
            out[:, (measures.TIME, measures.CYCLES)] = 1.0
            out[:, measures.SHORT] = 1.0
            return
        size = drawn[0].shape[1]
        if step and loop.supply == "shared" and loop.shortage in ("backorder", "order"):
            self.kernels.run_cover(
                *drawn, loop.interval, cards - empty, self.warm_up, self.end, out, desk.room(size, False)[0]
            )
            return
        levels = np.zeros((len(out), len(self.levels[place])))
        often = 1.0 / loop.interval if loop.interval else 0.0
        self.kernels.run_loop(
            *drawn, loop.interval, often, SUPPLY[loop.supply], cards, empty, SHORTAGE[loop.shortage],
            self.warm_up, self.end, self.widths[place], out, levels, *desk.room(size, loop.shortage == "lost"),
        )  # fmt: skip
        if step == 0:
            self.levels[place] += levels.sum(axis=0)
