"""Fast heuristic for painted sequences (ROADEF 2005): compiled annealing in threads, dearest objective first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._heijunka_paint import STEPS, Walk, first_order, keeps, least, paint_of, tiers_of, walk_of
from jitopt.heuristics._heijunka_rates import require
from jitopt.heuristics._kernels.heijunka_paint_moves import BEST, FOCUS
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import PAINT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.heuristics._heijunka_paint import Ints, Paint
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

HOT, COLD = 0.5, 0.09
"""Warmth at the begin and the end of a cycle: in dearest and cheapest prices of the tier that is searched in."""

HOT_PAINT, COLD_PAINT = 0.3, 0.06
"""The same where the tier has nothing but colour changes: a move changes fewer of them at once."""

PROBES = (0.03, 0.09)
"""Shares of the time of two cycles over the first tier above its bound. Where the longer finds nothing better than the
shorter, the search goes on with the next tier."""

MAIN = (1.0, 0.8, 0.55)
"""Share of the time left of the cycle over a tier with so many tiers behind it; with more of them the last."""

KEPT = 1e4
"""How many times dearer a tier is in the search while it is only to be kept."""

MIX_KEPT = (20, 450, 30, 30, 0, 100, 100, 50, 100, 50, 70)
"""The same while colour changes are to be kept: mostly units of one colour, and whole runs."""

PAUSE = 0.05
"""Seconds between two looks at the clock."""

MIX = (90, 150, 130, 110, 0, 90, 70, 170, 80, 50, 60)
"""Of 1000 proposals so many are of each kind; see the kernels."""

MIX_DEAREST = (260, 50, 0, 130, 200, 90, 40, 150, 10, 50, 20)
"""The same while the dearest tier is searched in: units of one kind are all one to it."""


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

    def improve(self) -> None:
        """Search in the tiers, dearest first, until the bound is reached or the time is over."""
        if self.done() or self.paint.slots - len(self.paint.frozen) < 2:
            return
        self._prepare()
        with ThreadPoolExecutor(len(self.walks)) as pool:
            while all(self._cycle(pool, tier, end) for tier, end in self._schedule()):
                pass

    def _schedule(self) -> Iterator[tuple[int, float]]:
        """Yield the cycles: the tier to search in, and the share of the time at which the cycle ends."""
        probed = False
        for tier in range(self.paint.tiers):
            if self._tiers()[tier] <= self.bounds[tier]:
                continue
            found: list[int] = []
            for share in () if probed else PROBES:
                yield tier, self.spent() + share * (1 - self.spent())
                found.append(self._tiers()[tier])
            behind, probed = self.paint.tiers - 1 - tier, True
            if behind and found and (found[-1] == found[0] or found[-1] <= self.bounds[tier]):
                continue
            yield tier, self.spent() + MAIN[min(behind, len(MAIN) - 1)] * (1 - self.spent())

    def _prepare(self) -> None:
        """Load the kernels, which may take seconds at the first time, and only then start the clock."""
        paint, context = self.paint, self.context
        self.kernels: Any = context.kernels(KERNELS)
        context.stopped()
        self.cells = cells = partial(jit.cells, module=self.kernels)
        ends = np.searchsorted(paint.tier[:-1], np.arange(paint.tiers + 1)).astype(np.int64)
        self.table = (
            cells(paint.rules.reshape(-1)),
            cells(ends),
            cells(paint.carry.reshape(-1)),
            cells(paint.shade),
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
        apart = np.array(paint.tier) - tier
        prices = paint.prices * np.where(apart < 0, KEPT, STEPS ** -np.maximum(0.0, apart))
        kept = paint.paint > 0 and paint.tier[-1] < tier
        mix = np.cumsum(MIX_KEPT if kept else MIX if tier else MIX_DEAREST)
        return *self.table, *map(self.cells, (paint.kind, prices, mix, paint.waits))

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

    def _tiers(self) -> list[int]:
        """Return what the best sequence costs in each tier."""
        return tiers_of(self.paint, self.line)

    def _cycle(self, pool: ThreadPoolExecutor, tier: int, end: float) -> bool:
        """Cool every walk down in a tier until a share of the time is spent; tell whether to go on."""
        begin = self.spent()
        hot, cold = self._warmths(tier)
        world = self._world(tier)
        for walk in self.walks:
            walk.state[FOCUS] = tier
        while (spent := self.spent()) < end:
            if self.context.stopped():
                return False
            warmth = hot * (cold / hot) ** ((spent - begin) / (end - begin))
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
                self._offer(walk.best, int(walk.state[BEST]))
            if self.done():
                return False
            if self._at_bound(tier):
                break
        self._gather()
        return self.spent() < 1.0

    def _warmths(self, tier: int) -> tuple[float, float]:
        """Return the warmth at the begin and the end of a cycle over a tier."""
        paint = self.paint
        own = [price for price, of in zip(paint.prices, paint.tier, strict=True) if of == tier and price > 0]
        painted = tier not in paint.tier[:-1]
        hot, cold = (HOT_PAINT, COLD_PAINT) if painted else (HOT, COLD)
        return hot * max(own), cold * min(own)

    def _at_bound(self, tier: int) -> bool:
        """Tell whether this tier and all dearer ones are at their bounds."""
        return all(a <= b for a, b in zip(self._tiers()[: tier + 1], self.bounds, strict=False))

    def _pace(self, seconds: float) -> None:
        if seconds < PAUSE / 2:
            self.chunk *= 2
        elif seconds > 2 * PAUSE:
            self.chunk = max(64, self.chunk // 2)

    def _offer(self, line: Ints, value: int) -> None:
        if self.best is None or value < self.best:
            self.best, self.line = value, line.copy()
            plan = _plan(self.instance, self.paint, line[len(self.paint.before) :])
            self.context.report(plan, float(value * self.paint.unit))


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
