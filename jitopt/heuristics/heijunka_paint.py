"""Fast heuristic for painted sequences (ROADEF 2005): compiled annealing in threads, dearest objective first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._heijunka_paint import first_order, keeps, least, paint_of, tiers_of, walk_of, Walk
from jitopt.heuristics._heijunka_rates import require
from jitopt.heuristics._kernels.heijunka_paint_moves import BEST
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import PAINT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.heuristics._heijunka_paint import Ints, Paint, Walk
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_paint",
    "problem": "heijunka",
    "technology": "numba",
    "form": "paint",
    "summary": "Ratio rules and colours (ROADEF 2005): exchanges, reflections and rotations, annealed in threads",
    "source": "Estellon, Gardi & Nouioua 2008; Solnon, Cung, Nguyen & Artigues 2008",
    "page": "docs/methods/heijunka_paint.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_paint"

HOT, COLD = 0.35, 0.08
"""Warmth at the begin and the end of a cycle, in prices of the term at which it begins and of the cheapest."""

SCHEDULES = (
    ((0.05, 0), (0.5, 0), (1.0, 0)),
    ((0.05, 0), (0.45, 0), (0.85, 0), (1.0, 1)),
    ((0.05, 0), (0.3, 0), (0.55, 0), (0.85, 1), (1.0, 2)),
)
"""Cycles one after the other where one, two, or more terms are above their bounds: the share of the time at which each
ends, and how many terms behind the first of these it begins."""

STAGES = (4.0, 2.0, 1.0)
"""Shares of a cycle that the terms have, in the order in which they are cooled down; later ones have the last."""

KEPT = 1e4
"""How many times dearer a term is in the search while it is only to be kept."""

PAUSE = 0.04
"""Seconds between two looks at the clock."""

MIX = (90, 150, 130, 110, 0, 90, 70, 170, 80, 50, 60)
"""Of 1000 proposals so many are of each kind; see the kernels."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context`, until it says stop or the bound is reached."""
    require(instance, PAINT)
    paint = paint_of(instance)
    bounds = least(paint)
    context.bound(float(sum(bounds) * paint.unit))
    starts = list(_starts(instance, paint, context))
    if starts:
        _Search(instance, paint, context, bounds, starts).improve()


def _starts(instance: Heijunka, paint: Paint, context: Context) -> Iterator[Ints]:
    """Yield the orders to begin with that keep every rule: the start, the plan in force, one built up."""
    given = [context.start.sequence] if context.start is not None else []
    if instance.current is not None and instance.current.sequence is not None:
        given.append(instance.current.sequence)
    for sequence in given:
        order = paint.classes[[instance.index[product] for product in sequence or ()]]
        if np.array_equal(np.bincount(order, minlength=len(paint.demand)), paint.demand) and keeps(paint, order):
            yield order
    built = first_order(paint)
    if built is not None:
        yield built


class _Search:
    """Walks that anneal side by side, and the best sequence of all."""

    def __init__(
        self, instance: Heijunka, paint: Paint, context: Context, bounds: list[int], starts: list[Ints]
    ) -> None:
        self.instance, self.paint, self.context, self.bounds = instance, paint, context, bounds
        self.bound = sum(bounds)
        self.best: int | None = None
        lines = [np.concatenate([paint.before, order]) for order in starts]
        for line in lines:
            self._offer(line, sum(tiers_of(paint, line)))
        self.first = min(lines, key=lambda line: tiers_of(paint, line))
        self.walks: list[Walk] = []
        self.chunk, self.steps = 256 if context.work is None else max(64, min(20_000, context.work // 500)), 0
        self.mix = np.cumsum(MIX)

    def improve(self) -> None:
        """Anneal by the schedule until the bound is reached or the time is over."""
        if self.done() or self.paint.slots - len(self.paint.frozen) < 2:
            return
        self._prepare()
        with ThreadPoolExecutor(len(self.walks)) as pool:
            begin = 0.0
            above = len(self.paint.tiers) - self._tier(0)
            for end, later in SCHEDULES[min(above, len(SCHEDULES)) - 1]:
                if not self._cycle(pool, begin, end, later):
                    return
                self._gather()
                begin = end

    def _prepare(self) -> None:
        """Load the kernels, which may take seconds at the first time, and only then start the clock."""
        paint, context = self.paint, self.context
        self.kernels: Any = context.kernels(KERNELS)
        context.stopped()
        cells = partial(jit.cells, module=self.kernels)
        ends = np.searchsorted(paint.tier[:-1], np.arange(len(paint.tiers) + 1)).astype(np.int64)
        self.table = (
            cells(paint.rules.reshape(-1)),
            cells(ends),
            cells(paint.carry.astype(np.int8).reshape(-1)),
            cells(paint.shade.astype(np.int32)),
        )
        dice = np.random.default_rng(context.seed)
        for _ in range(1 if context.work is not None else max(1, context.threads)):
            order = self.first[len(paint.before) :]
            walk = walk_of(paint, order, int(dice.integers(1, 2**31 - 2)), self.bound)
            self.walks.append(Walk(*map(cells, walk)))
            self._begin(self.walks[-1])
        self.kernels.anneal(*self._world(0), *self.walks[0], 0.0, 0)
        self.began, self.budget = time.monotonic(), max(1e-3, context.remaining())

    def _begin(self, walk: Walk) -> None:
        """Fill what is carried along with a sequence."""
        rules, _, carry, shade = self.table
        self.kernels.begin(rules, carry, shade, *walk)

    def _world(self, tier: int) -> tuple[Any, ...]:
        """Return what the kernels are to know in a cycle that begins at a tier: those before it are kept."""
        paint = self.paint
        prices = paint.prices * np.where(np.array(paint.tier) < tier, KEPT, 1.0)
        return *self.table, *map(partial(jit.cells, module=self.kernels), (paint.kind.astype(np.int32), prices, self.mix, paint.waits))

    def spent(self) -> float:
        """Return the share of the time, or of the work, that is used up."""
        if self.context.work is not None:
            return self.steps / max(1, self.context.work)
        return (time.monotonic() - self.began) / self.budget

    def done(self) -> bool:
        """Tell whether nothing better can be found."""
        return self.best is not None and self.best <= self.bound

    def _gather(self) -> None:
        """Let every walk go on from the best sequence of all."""
        best = min(self.walks, key=lambda walk: int(walk.state[BEST]))
        for walk in self.walks:
            walk.sequence[:] = best.best
            self._begin(walk)

    def _tier(self, later: int) -> int:
        """Return the tier to begin with: so many behind the first that is above its bound."""
        found = tiers_of(self.paint, self.walks[0].sequence)
        above = (k for k, (value, bound) in enumerate(zip(found, self.bounds, strict=True)) if value > bound)
        return min(next(above, 0) + later, len(found) - 1)

    def _cycle(self, pool: ThreadPoolExecutor, begin: float, end: float, later: int) -> bool:
        """Cool every walk down while the share spent goes from begin to end; tell whether to go on."""
        paint, tier = self.paint, self._tier(later)
        stages = paint.tiers[tier:]
        world = self._world(tier)
        while (spent := self.spent()) < end:
            if self.context.stopped():
                return False
            stage, done = _stage(max(0.0, (spent - begin) / (end - begin)), len(stages))
            warmth = stages[stage] * HOT * (COLD / HOT) ** done
            size = self.chunk if self.context.work is None else min(self.chunk, self.context.work - self.steps)
            began = time.perf_counter()
            anneal: Any = self.kernels.anneal
            calls = [pool.submit(partial(anneal, *world, *walk, warmth, size)) for walk in self.walks]
            for call in calls:
                call.result()
            self.steps += size
            if self.context.work is None:
                self._pace(time.perf_counter() - began)
            for walk in self.walks:
                self._take(walk)
            if self.done():
                return False
        return True

    def _pace(self, seconds: float) -> None:
        if seconds < PAUSE / 2:
            self.chunk *= 2
        elif seconds > 2 * PAUSE:
            self.chunk = max(64, self.chunk // 2)

    def _take(self, walk: Walk) -> None:
        """Keep and report the best sequence of a walk if it is better than before."""
        self._offer(walk.best, int(walk.state[BEST]))

    def _offer(self, line: Ints, value: int) -> None:
        if self.best is None or value < self.best:
            self.best = value
            plan = _plan(self.instance, self.paint, line[len(self.paint.before) :])
            self.context.report(plan, float(value * self.paint.unit))


def _stage(done: float, stages: int) -> tuple[int, float]:
    """Return the stage of a cycle of which a share is done, and the share of the stage that is done."""
    shares = [STAGES[min(stage, len(STAGES) - 1)] for stage in range(stages)]
    begin = 0.0
    for stage, share in enumerate(shares):
        if done * sum(shares) < begin + share or stage == stages - 1:
            return stage, (done * sum(shares) - begin) / share
        begin += share
    return 0, 0.0


def _plan(instance: Heijunka, paint: Paint, order: Ints) -> HeijunkaPlan:
    """Return the plan that an order of classes stands for: within a class, units as the products are listed."""
    ids = instance.products.product
    frozen = (instance.current.sequence or ())[: instance.frozen] if instance.current else ()
    left = list(instance.products.demand)
    for product in frozen:
        left[instance.index[product]] -= 1
    units: list[list[str]] = [[] for _ in paint.demand]
    for row in range(len(ids) - 1, -1, -1):
        units[paint.classes[row]] += [ids[row]] * left[row]
    rest = [units[c].pop() for c in order[len(paint.frozen) :].tolist()]
    return HeijunkaPlan.model_construct(sequence=(*frozen, *rest))
