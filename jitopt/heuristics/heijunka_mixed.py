"""Local search for painted sequences with anything else: exchanges, reversals and insertions, annealed in cycles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_mixed import starts, world_of
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._kernels import heijunka_mixed as at
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import MIXED, reason_against

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_mixed import Ints
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_mixed",
    "problem": "heijunka",
    "technology": "numba",
    "form": "mixed",
    "patience": 60.0,
    "summary": "Painted sequences with rates, work, fixed slots, moves or rules beside: local search, annealed",
    "source": "Kirkpatrick, Gelatt & Vecchi 1983; Solnon, Cung, Nguyen & Artigues 2008",
    "page": "docs/methods/heijunka_mixed.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_mixed"

HOT, COLD = 0.5, 0.01
"""Warmth at the begin and the end of a cycle: in medians of the changes that proposals make."""
CYCLE, GROWTH = 200, 2.0
"""Steps of the first cycle per free slot; each later cycle is so many times longer."""
STALE_SQUARE, STALE_FACTOR, STALE_LEAST = 200, 10, 20_000
"""Stop after `STALE_SQUARE` x free slots squared, `STALE_FACTOR` x the steps to the best plan and `STALE_LEAST`
without a gain."""

SOON = 100_000
"""Up to so many cells the first sequences are scored and told before the compiled kernels are loaded."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context`, until it says stop or nothing can be gained."""
    reason = reason_against(instance, MIXED)
    if reason is not None:
        raise NotApplicableError(reason)
    lower = rounding_bound(instance)
    orders = starts(instance, context.start)
    world = world_of(instance, context.seed)
    context.bound(lower)
    if orders:
        _Search(instance, world, context, lower).improve(orders)


class _Search:
    """The annealing cycles around the compiled steps."""

    def __init__(self, instance: Heijunka, world: at.World, context: Context, lower: float) -> None:
        self.instance, self.world, self.context = instance, world, context
        self.target: float = lower + 2e-9 * max(1.0, lower)
        self.told: float = np.inf
        self.chunk, self.spent = 16, 0.0
        self.kernels: Any = jit.plain(KERNELS)

    def improve(self, orders: list[Ints]) -> None:
        """Anneal from the best of the first sequences, in cycles of growing length."""
        world, many = self.world, len(self.world.free)
        if world.reached.size + world.carry.shape[0] * len(world.line) > SOON:
            self.kernels = self.context.kernels(KERNELS)
        for order in orders:
            world.line[world.entry[at.BEFORE] :] = order
            self.kernels.begin(world)
            self._tell()
        if many < 2:
            return
        self.kernels = self.context.kernels(KERNELS)
        middle = self._probe()
        length = float(CYCLE * many)
        while self._cycle(middle, min(length, max(1000.0, 0.9 * self._affordable()))):
            length *= GROWTH

    def _load(self) -> None:
        self.world.line[:] = self.world.best
        self.kernels.begin(self.world)

    def _probe(self) -> float:
        """Return the median of the changes of the objective that proposals make."""
        world = self.world
        world.entry[at.PROBE], world.level[at.WARMTH], world.level[at.PENALTY] = 0, 0.0, 1e6
        self._advance(1000)
        seen = world.sample[: int(world.entry[at.PROBE])]
        world.entry[at.PROBE] = -1
        return float(np.median(seen)) if len(seen) else 1.0

    def _cycle(self, middle: float, length: float) -> bool:
        """Cool down from the best sequence; tell whether to go on."""
        self._load()
        level = self.world.level
        level[at.WARMTH], level[at.COOLING] = HOT * middle, (COLD / HOT) ** (1 / max(1.0, length))
        # As long as no sequence keeps every rule, what is broken is dearer than any gain.
        level[at.PENALTY] = (10 if level[at.BEST_BROKEN] == 0 else 100) * middle
        return self._advance(int(length))

    def _advance(self, steps: int) -> bool:
        """Do some steps; tell whether to go on."""
        world = self.world
        end = int(world.entry[at.STEP]) + steps
        while world.entry[at.STEP] < end:
            count = min(end - int(world.entry[at.STEP]), self.chunk, self._left())
            if count <= 0 or self.context.stopped():
                return False
            began = time.perf_counter()
            self.kernels.improve(world, count)
            seconds = time.perf_counter() - began
            self.spent += seconds
            self.chunk = max(16, self.chunk // 2) if seconds > 0.05 else self.chunk * (2 if seconds < 0.02 else 1)
            self.kernels.begin(world)
            self._tell()
            if world.level[at.BEST_BROKEN] == 0 and world.level[at.BEST] <= self.target:
                return False
        return True

    def _tell(self) -> None:
        """Hand over the best sequence if it keeps every rule and is better than the last one handed over."""
        world, level = self.world, self.world.level
        if level[at.BEST_BROKEN] == 0 and level[at.BEST] < self.told:
            self.told = float(level[at.BEST])
            ids = self.instance.products.product
            rows = world.best[world.entry[at.BEFORE] :].tolist()
            self.context.report(HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in rows)), self.told)

    def _affordable(self) -> float:
        """Return the steps that the work, or the clock at the speed so far, still allows."""
        done = int(self.world.entry[at.STEP])
        if self.context.work is not None:
            return float(self.context.work - done)
        return self.context.remaining() * done / max(1e-3, self.spent)

    def _left(self) -> int:
        """Steps left until the work or the patience is used up."""
        free = len(self.world.free)
        patience = STALE_LEAST + STALE_SQUARE * free**2 + (1 + STALE_FACTOR) * int(self.world.entry[at.BEST_STEP])
        limit = patience if self.context.work is None else min(patience, self.context.work)
        return limit - int(self.world.entry[at.STEP])
