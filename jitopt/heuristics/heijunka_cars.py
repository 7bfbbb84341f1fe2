"""Fast heuristic for sequences whose ratio rules alone are priced (car sequencing): compiled annealing in threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._heijunka_cars import cars_of, least, walk_of
from jitopt.heuristics._heijunka_rates import require
from jitopt.heuristics._kernels.heijunka_cars import BEST, LENGTH, MOST, PRICE, ROUND
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import RATIO_ALONE

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_cars import Cars, Ints, Walk
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_cars",
    "problem": "heijunka",
    "technology": "numba",
    "form": "ratio_alone",
    "summary": "Ratio rules alone (car sequencing): exchanges, reflections and insertions, annealed in threads",
    "source": "Estellon, Gardi & Nouioua 2008; Gottlieb, Puchta & Solnon 2003",
    "page": "docs/methods/heijunka_cars.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_cars"

HOT, COLD = 0.17, 0.1
"""Warmth at the begin and the end of a cycle, in prices of the cheapest rule."""

CYCLE = 20_000
"""Steps of a cycle per slot."""

PAUSE = 0.04
"""Seconds between two looks at the clock."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context`, until it says stop or the bound is reached."""
    require(instance, RATIO_ALONE)
    if context.start is not None:
        context.report(context.start)
    cars = cars_of(instance)
    if cars is None:
        return
    bound = least(cars, instance.products.demand)
    context.bound(float(bound * cars.unit))
    _Search(instance, cars, context, bound).improve()


class _Search:
    """Walks that anneal side by side, and the best sequence of all."""

    def __init__(self, instance: Heijunka, cars: Cars, context: Context, bound: int) -> None:
        self.instance, self.cars, self.context, self.bound = instance, cars, context, bound
        self.kernels: Any = jit.plain(KERNELS)
        self.best: int | None = None
        count = 1 if context.work is not None else max(1, context.threads)
        self.walks = [self._walk(number) for number in range(count)]
        self.chunk, self.left = 256, context.work

    def _walk(self, number: int) -> Walk:
        """Return a walk from the start, or from units spread evenly, or, beside another, from any sequence."""
        first = spread(self.instance, self.cars)
        if number == 0 and self.context.start is not None:
            first = np.array([self.instance.index[p] for p in self.context.start.sequence or ()], dtype=np.int64)
        dice = np.random.default_rng([self.context.seed, number])
        if number:
            free = self.cars.free
            first[free] = dice.permutation(first[free])
        walk = walk_of(self.cars, first, int(dice.integers(1, 2**31 - 2)), self.bound)
        self.kernels.begin(self.cars.rules, self.cars.carry, *walk)
        return walk

    def improve(self) -> None:
        """Anneal in cycles until the bound is reached or the time is over."""
        self._take()
        free = len(self.cars.free)
        if self.done() or free < 2:
            return
        self.kernels = self.context.kernels(KERNELS)
        while self._cycle(CYCLE * free):
            pass

    def done(self) -> bool:
        """Tell whether nothing better can be found."""
        return self.best is not None and self.best <= self.bound

    def _cycle(self, steps: int) -> bool:
        """Cool every walk down once; tell whether to go on."""
        unit = float(min((p for p in self.cars.rules[:, PRICE].tolist() if p), default=1))
        cooling = (COLD / HOT) ** (ROUND / max(ROUND, steps))
        warmth = [HOT * unit] * len(self.walks)
        done = 0
        with ThreadPoolExecutor(len(self.walks)) as pool:
            while done < steps:
                if self.context.stopped() or self.left == 0:
                    return False
                size = min(self.chunk, steps - done, *(() if self.left is None else (self.left,)))
                began = time.perf_counter()
                cars = self.cars
                anneal: Any = self.kernels.anneal
                world = (cars.rules, cars.carry, cars.free, cars.last, cars.waits)
                calls = [
                    pool.submit(anneal, *(*world, *walk, warm, cooling, size))
                    for walk, warm in zip(self.walks, warmth, strict=True)
                ]
                warmth = [call.result() for call in calls]
                self._pace(size, time.perf_counter() - began)
                done += size
                self._take()
                if self.done():
                    return False
        return True

    def _pace(self, size: int, seconds: float) -> None:
        if self.left is not None:
            self.left -= size
        elif seconds < PAUSE / 2:
            self.chunk *= 2
        elif seconds > 2 * PAUSE:
            self.chunk = max(64, self.chunk // 2)

    def _take(self) -> None:
        """Keep and report the best sequence of the walks if it keeps the hard rules and is better than before."""
        walk = min(self.walks, key=lambda walk: int(walk.state[BEST]))
        found = int(walk.state[BEST])
        if (self.best is None or found < self.best) and self._keeps(walk.best):
            self.best = found
            ids = self.instance.products.product
            plan = HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in walk.best.tolist()))
            self.context.report(plan, float(found * self.cars.unit))

    def _keeps(self, sequence: Ints) -> bool:
        """Tell whether a sequence keeps every hard rule."""
        for r in self.cars.hard:
            before = np.concatenate([[0], np.cumsum(self.cars.carry[sequence, r])])
            q = int(self.cars.rules[r, LENGTH])
            if int((before[q:] - before[:-q]).max()) > self.cars.rules[r, MOST]:
                return False
        return True


def spread(instance: Heijunka, cars: Cars) -> Ints:
    """Return a sequence that keeps the locks, the free units of each product spread evenly (Inman & Bulfin 1991)."""
    locked = cars.locked
    demand = np.array(instance.products.demand) - np.bincount(
        locked[locked >= 0], minlength=len(instance.products.product)
    )
    rows = np.repeat(np.arange(len(demand)), demand)
    place = np.concatenate([(np.arange(d) + 0.5) / d for d in demand.tolist() if d] or [np.zeros(0)])
    found = locked.copy()
    found[locked < 0] = rows[np.argsort(place, kind="stable")]
    return found
