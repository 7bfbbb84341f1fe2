"""Walks of the local search for part usage: their arrays, their warmth, and how they anneal side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._heijunka_usage import value_of
from jitopt.heuristics._kernels.heijunka_usage import BEST, ROUND

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_usage import Floats, Ints, Usage
    from jitopt.heuristics.context import Context

__all__ = ["KERNELS", "Walks"]

KERNELS = "jitopt.heuristics._kernels.heijunka_usage"

HOT, COLD = 0.02, 0.001
"""Warmth at the begin and the end of a cycle, in mean costs of a slot."""

CHUNK = 20_000
"""Steps between two questions whether to stop."""

WAITS = 1 << 12
"""Exponential waiting times to draw from."""


class Walks:
    """Walks that anneal side by side."""

    def __init__(self, usage: Usage, context: Context, count: int) -> None:
        self.usage: Usage = usage
        self.context: Context = context
        self.kernels: Any = context.kernels(KERNELS)
        priced = usage.prices > 0
        self.form: tuple[Any, ...] = (
            usage.metric,
            usage.metric @ usage.demand.astype(float),
            np.ascontiguousarray(usage.amounts[priced]),
            usage.amounts[priced] @ usage.demand.astype(float),
            usage.prices[priced],
            float(usage.slots),
        )
        self.free: Ints = np.flatnonzero(usage.locked < 0)
        self.last: Ints = blocks(usage.locked)
        self.waits: Floats = np.random.default_rng(0).exponential(size=WAITS)
        rng = np.random.default_rng([context.seed, 7])
        self.dice: list[Ints] = [rng.integers(1, 2**31 - 2, 1) for _ in range(count)]
        self.walks: list[tuple[Any, ...]] = [self._walk() for _ in range(count)]

    def _walk(self) -> tuple[Any, ...]:
        slots, n = self.usage.slots, self.usage.products
        parts = int((self.usage.prices > 0).sum())
        sequence = np.zeros(slots, dtype=np.int64)
        tables = (np.zeros((slots, n)), np.zeros((slots + 1, n)), np.zeros((slots, parts)), np.zeros(slots + 1))
        return (sequence, sequence.copy(), *tables, np.zeros(n))

    def cycle(self, rows: Ints, cost: float, steps: int) -> tuple[Ints, float]:
        """Cool every walk down once from a sequence; return the best sequence and its cost."""
        if len(self.free) < 2:
            return rows, cost
        mean = cost / self.usage.slots
        cooling = (COLD / HOT) ** (ROUND / max(ROUND, steps))
        warmth = [HOT * mean * 2.0**-number for number in range(len(self.walks))]
        worths = [np.zeros(2) for _ in self.walks]
        for walk, worth in zip(self.walks, worths, strict=True):
            walk[0][:] = rows
            self.kernels.begin(self.form, walk, self.usage.demand, worth)
        done = 0
        with ThreadPoolExecutor(len(self.walks)) as pool:
            while done < steps and not self.context.stopped():
                size = min(CHUNK, steps - done)
                parts = zip(self.walks, worths, self.dice, warmth, strict=True)
                calls = [pool.submit(self._anneal, *part, cooling, size) for part in parts]
                warmth = [call.result() for call in calls]
                done += size
        at = min(range(len(worths)), key=lambda number: float(worths[number][BEST]))
        best = self.walks[at][1].copy()
        return best, value_of(self.usage, best)

    def _anneal(self, walk: Any, worth: Any, dice: Any, warmth: float, cooling: float, size: int) -> float:
        found: float = self.kernels.anneal(
            self.form, self.free, self.last, self.waits, walk, worth, dice, warmth, cooling, size
        )
        return found


def blocks(locked: Ints) -> Ints:
    """Return the last slot of the block of free slots that each slot lies in; -1 for locked ones."""
    last = np.full(len(locked), -1, dtype=np.int64)
    end = -1
    for slot in range(len(locked) - 1, -1, -1):
        if locked[slot] >= 0:
            end = -1
        else:
            end = slot if end < 0 else end
            last[slot] = end
    return last
