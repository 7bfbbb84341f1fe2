"""Sample paths of a line: times drawn once, on which any number of plans is run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitopt import jit
from jitopt.problems.estimates import LEVEL, Estimate, estimate, ratio
from jitopt.problems.kanban.line_sample import Streams
from jitopt.simulation._kernels.line import LANES
from jitopt.simulation._line_flat import Flat, flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Line, Size

    Floats = NDArray[np.float64]

__all__ = ["KERNELS", "Paths", "Runs"]

KERNELS = "jitopt.simulation._kernels.line"

PORTION = 500
"""Jobs that a kernel runs at once: their times stay near the processor, and a stop is heard soon."""

KEPT = 2**25
"""Times that are kept for the next plans (8 bytes each); of larger samples they are drawn again."""

SIDE_BY_SIDE = 2**23
"""Bytes of rings of plans that are run side by side."""


class Runs(NamedTuple):
    """What plans gave, [plan, replication].

    ends: time at which the last station has finished the last job. late: counted orders that found no
    finished part.
    """

    ends: Floats
    late: NDArray[np.int64]


class Portion(NamedTuple):
    """Some jobs in some replications. first: their number. times: [station, job, lane]. ordered: [job, lane]."""

    first: int
    times: Floats
    ordered: Floats


class Paths:
    """The sample of a line, replication by replication; plans meet the same times (common random numbers).

    line, size: what is sampled. threads: that draw and run. compiled: whether by machine code. keep:
    whether times are kept for the next plans (as long as they are few, see KEPT). stopped: asked between
    portions, of 0.1 s at most; once it says True, `run` raises InterruptedError.
    """

    line: Line
    size: Size
    threads: int
    kernels: Any
    blocks: list[range]
    keeps: bool

    def __init__(
        self,
        line: Line,
        size: Size,
        *,
        threads: int = 1,
        compiled: bool = True,
        keep: bool = True,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.line, self.size, self.threads = line, size, threads
        if compiled:
            jit.making(KERNELS)
        self.kernels = jit.compiled(KERNELS) if compiled else jit.plain(KERNELS)
        self.blocks = [range(r, min(r + LANES, size.replications)) for r in range(0, size.replications, LANES)]
        self._stopped = stopped or (lambda: False)
        self.keeps = keep and size.length * size.replications * (line.stations + 1) <= KEPT
        self._kept: dict[int, list[Portion]] = {}

    def portions(self, block: int) -> Iterator[Portion]:
        """Yield the times of a block of replications, portion by portion; unused lanes are 0."""
        if block in self._kept:
            yield from self._kept[block]
            return
        kept: list[Portion] = []
        for portion in self._drawn(block):
            self.ask()
            if self.keeps:
                kept.append(portion)
            yield portion
        if self.keeps:
            self._kept[block] = kept

    def ask(self) -> None:
        """Raise InterruptedError where it is time to stop."""
        if self._stopped():
            raise InterruptedError

    def _drawn(self, block: int) -> Iterator[Portion]:
        streams, last = Streams(self.line, self.size.seed, block), np.zeros(LANES)
        for first in range(0, self.size.length, PORTION):
            jobs = min(PORTION, self.size.length - first)
            times, ordered = np.empty((self.line.stations, jobs, LANES)), np.zeros((jobs, LANES))
            streams.service(times)
            if self.line.demand is not None:
                streams.between(ordered)
                self.kernels.accumulate(ordered, last)
            yield Portion(first, times, ordered)

    def run(self, plans: Sequence[Sequence[int]]) -> Runs:
        """Run plans (places or cards of each) on every replication."""
        ends = np.zeros((len(plans), self.size.replications))
        late = np.zeros((len(plans), self.size.replications), dtype=np.int64)
        ring = flatten(self.line, plans[:1], self.size.length).rings().nbytes if plans else 1
        step = max(1, SIDE_BY_SIDE // ring)
        for first in range(0, len(plans), step):
            flat = flatten(self.line, plans[first : first + step], self.size.length)

            def one(block: int, flat: Flat = flat, first: int = first) -> None:
                lanes = self.blocks[block]
                found = self._run_block(flat, block)
                ends[first : first + step, lanes.start : lanes.stop] = found.ends[:, : len(lanes)]
                late[first : first + step, lanes.start : lanes.stop] = found.late[:, : len(lanes)]

            self.each(one)
        return Runs(ends, late)

    def each(self, work: Callable[[int], Any], count: int | None = None) -> list[Any]:
        """Call `work` for every block of replications (the first `count`), in threads; return what it returned."""
        blocks = range(len(self.blocks) if count is None else count)
        if self.threads < 2 or len(blocks) < 2:
            return [work(block) for block in blocks]
        with ThreadPoolExecutor(min(self.threads, len(self.blocks))) as pool:
            return list(pool.map(work, blocks))

    def _run_block(self, flat: Flat, block: int) -> Runs:
        rings, late = flat.rings(), np.zeros((len(flat.order), LANES), dtype=np.int64)
        material, room, source, other, order = flat[:5]
        row = self.line.stations - 1
        if self.line.blocking == "after_service":
            for first, times, _ in self.portions(block):
                self.kernels.buffers(times, first, material, room, source, other, order, rings)
        else:
            row += self.line.stations
            counted = self.size.warm_up if self.line.demand is not None else self.size.length
            for first, times, ordered in self.portions(block):
                self.kernels.cards(times, ordered, first, counted, material, room, source, other, order, rings, late)
        return Runs(rings[:, (self.size.length - 1) & (flat.width - 1), row], late)

    def throughput(self, plans: Sequence[Sequence[int]], level: float = LEVEL) -> list[Estimate]:
        """Return the throughput of each plan, in parts per unit of time."""
        parts = [self.size.parts] * self.size.replications
        return [ratio(parts, ends, level) for ends in self.run(plans).ends]

    def fill_rate(self, plans: Sequence[Sequence[int]], level: float = LEVEL) -> list[Estimate]:
        """Return the share of orders that each plan serves at once."""
        parts = self.size.parts
        return [estimate([(parts - int(each)) / parts for each in late], level) for late in self.run(plans).late]
