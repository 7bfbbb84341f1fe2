"""Windows of a saturated line: some stations in a row, run as if nothing outside ever held them up.

Outside of a window there is always work, and always room for what is finished. So no event of the window is
later than in the whole line, on the same times: what a window makes at most, the line makes at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.problems.estimates import ratio
from jitopt.problems.kanban.line import Lags, lags
from jitopt.problems.kanban.line_sample import Streams
from jitopt.simulation._kernels.line import LANES
from jitopt.simulation._line_flat import flattened
from jitopt.simulation.line_paths import PORTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from jitopt.simulation._line_flat import Flat
    from jitopt.simulation.line_paths import Paths

__all__ = ["Windows", "started"]

SLACK = 1e-12
"""Part of a throughput that is added for rounding."""

SHARES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""Prices of a place or card, in parts at the start, that are tried for the most stock behind a window."""


class Windows:
    """Runs windows of a line with buffers or kanban cards on the sample of its paths.

    A window is told by its first and last place (buffer, or stage with cards); places outside are as many as
    can be. behind: for each last place, parts that stand behind the window at the start at most; the window
    need only finish the others.
    """

    paths: Paths
    behind: Sequence[int]

    def __init__(self, paths: Paths, behind: Sequence[int]) -> None:
        self.paths, self.behind = paths, behind
        self._more = 1 if paths.line.word == "place" else 0

    def throughput(self, first: int, last: int, design: Sequence[int], blocks: int | None = None) -> float:
        """Return what no design of the line exceeds that has these places or fewer in the window.

        blocks: of replications that are looked at [None: all, which alone is a bound].
        """
        line, size = self.paths.line, self.paths.size
        length = size.length - self.behind[last]
        if length < 1:
            return float("inf")
        whole = list(line.lows)
        whole[first : last + 1] = design
        found, stations = lags(line, whole), range(first, last + 1 + self._more)
        cut = Lags(found.material[first : last + 1 + self._more + (1 - self._more)], found.room[first : last + 1])
        if self._more:
            cut = Lags(cut.material, (*cut.room, 0))
        flat = flattened(line.blocking, len(stations), [cut], length)
        looked = len(self.paths.blocks) if blocks is None else min(blocks, len(self.paths.blocks))

        def one(block: int) -> NDArray[np.float64]:
            return self._run(flat, block, stations, length)[: len(self.paths.blocks[block])]

        ends = np.concatenate(self.paths.each(one, looked))
        return float(ratio([size.length] * len(ends), list(ends)).mean) * (1 + SLACK)

    def _run(self, flat: Flat, block: int, stations: range, length: int) -> NDArray[np.float64]:
        """Return when the window has finished what it must, of each replication of a block."""
        rings, late = flat.rings(), np.zeros((1, LANES), dtype=np.int64)
        buffers = self.paths.line.blocking == "after_service"
        for first, times in self._portions(block, stations, length):
            if buffers:
                self.paths.kernels.buffers(times, first, *flat[:5], rings)
            else:
                ordered = np.zeros((times.shape[1], LANES))
                self.paths.kernels.cards(times, ordered, first, length, *flat[:5], rings, late)
        row = len(stations) - 1 if buffers else 2 * len(stations)
        ends: NDArray[np.float64] = rings[0, (length - 1) & (flat.width - 1), row]
        return ends

    def _portions(self, block: int, stations: range, length: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield the times of the window's stations up to job `length`; only these are drawn."""
        if self.paths.keeps:
            for first, times, _ in self.paths.portions(block):
                if first < length:
                    yield first, np.ascontiguousarray(times[stations.start : stations.stop, : length - first])
            return
        streams = Streams(self.paths.line, self.paths.size.seed, block, stations)
        for first in range(0, length, PORTION):
            self.paths.ask()
            # Whole portions are drawn: what a stream gives must not hang on how much is taken.
            times = np.empty((len(stations), min(PORTION, self.paths.size.length - first), LANES))
            streams.service(times)
            yield first, np.ascontiguousarray(times[:, : length - first])


def started(paths: Paths, low: Sequence[int], cap: Sequence[int], cost: Sequence[float], spare: float) -> list[int]:
    """Return, for each place, parts that stand behind it at the start at most, in places after it.

    low, cap: fewest and most places or cards. spare: cost of a design above that of the fewest, at most. It
    is a Lagrangian bound: any price of what is spent gives one, the least of some is taken.
    """
    count = len(low)
    most = max(cap)
    level = np.array([lags(paths.line, [number] * count).material[1 : count + 1] for number in range(most + 1)])
    # The last stage of cards has nothing finished at the start; places have a station behind them.
    level = level.reshape(most + 1, -1)
    cheapest = min((price for price in cost if price > 0), default=1.0)
    found = []
    for place in range(count):
        best = float("inf")
        for share in SHARES:
            price = share / cheapest
            worth = price * spare
            for p in range(place + 1, count):
                numbers = np.arange(low[p], cap[p] + 1)
                worth += float(np.max(level[numbers, p] - price * cost[p] * (numbers - low[p])))
            best = min(best, worth)
        found.append(int(best + 1e-9) + 1 if place + 1 < count else 0)
    return found
