"""Fast heuristic for sequences whose ratio rules alone are priced (car sequencing): compiled annealing in threads."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._heijunka_cars import cars_of, products_of, walk_of
from jitopt.heuristics._heijunka_cars_bound import PAIRS, least, load, raised
from jitopt.heuristics._heijunka_rates import require
from jitopt.heuristics._kernels.heijunka_cars import BEST, LENGTH, MOST, PRICE
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
    "summary": "Ratio rules alone (car sequencing): exchanges priced a row at a time, reflections; bounds of two rules",
    "source": "Estellon, Gardi & Nouioua 2008; Gottlieb, Puchta & Solnon 2003",
    "page": "docs/methods/heijunka_cars.md",
    "patience": 200.0,
    "share": 1.0,
}

KERNELS = "jitopt.heuristics._kernels.heijunka_cars_walk"
TABLES = "jitopt.heuristics._kernels.heijunka_cars"

HOT, COLD = 0.17, 0.09
"""Warmth at the begin and the end of a cycle, in prices of the cheapest rule."""

CYCLE, LONGER = 2_000, 2
"""Steps of the first cycle per slot, and how many times longer each is than the one before."""

PAUSE = 0.02
"""Seconds between two looks at the clock."""

ASIDE, EFFORT = 0.5, 0.25
"""Seconds after which a bound is computed beside the search, and the share of the time left that it may compute."""

MAKING = 8.0
"""Seconds that must be left for machine code of the bound to be made."""


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
    search = _Search(instance, cars, context, bound)
    if context.work is not None:
        search.alone(context.work)
    else:
        search.together()


class _Walker:
    """A walk that is annealed in cycles, each longer than the one before."""

    def __init__(self, cars: Cars, walk: Walk) -> None:
        self.cars: Cars = cars
        self.walk: Walk = walk
        self.unit = float(min((p for p in cars.rules[:, PRICE].tolist() if p), default=1))
        self.cycle = self.left = CYCLE * len(cars.free)
        self.warmth = HOT * self.unit

    def advance(self, kernels: Any, steps: int) -> int:
        """Do so many steps, or those that the cycle has left; return how many."""
        steps = min(steps, self.left)
        cars, cooling = self.cars, (COLD / HOT) ** (kernels.ROUND / max(kernels.ROUND, self.cycle))
        world = (cars.rules, cars.carry, cars.free, cars.last, cars.waits, cars.bar)
        self.warmth = kernels.anneal(*world, *self.walk, self.warmth, cooling, steps)
        self.left -= steps
        if self.left == 0:
            self.cycle = self.left = LONGER * self.cycle
            self.warmth = HOT * self.unit
        return steps


class _Search:
    """Walks that anneal side by side, and the best sequence of all."""

    def __init__(self, instance: Heijunka, cars: Cars, context: Context, bound: int) -> None:
        self.instance, self.cars, self.context, self.bound = instance, cars, context, bound
        self.best: int | None = None
        self.told = bound
        self.over = False
        self.found: list[tuple[int, Ints]] = []
        count = 1 if context.work is not None else max(1, context.threads)
        self.walkers = [_Walker(cars, self._walk(number)) for number in range(count)]
        for walker in self.walkers:
            self._note(walker)
        self._take()
        self.over = self.done() or len(cars.free) < 2

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
        jit.plain(TABLES).begin(self.cars.rules, self.cars.carry, *walk.tables(), walk.sequence, walk.best, walk.state)
        return walk

    def alone(self, work: int) -> None:
        """Anneal one walk for so many steps: the same seed gives the same sequence."""
        kernels: Any = None if self.over else self.context.kernels(KERNELS)
        while work > 0 and not self.over and not self.context.stopped():
            work -= self.walkers[0].advance(kernels, min(work, 4096))
            self._note(self.walkers[0])
            self._take()

    def together(self) -> None:
        """Anneal every walk in a thread of its own until the bound is reached or the time is over."""
        if self.over:
            return
        # Machine code is made or loaded by the first call, between two looks at the clock.
        kernels: Any = self.context.kernels(KERNELS)
        if self.context.stopped():
            return
        self.walkers[0].advance(kernels, 1)
        began = time.perf_counter()
        aside: Future[None] | None = None
        with ThreadPoolExecutor(len(self.walkers) + 1) as pool:
            calls = [pool.submit(self._keep_on, kernels, walker) for walker in self.walkers]
            while not self.over and not self.context.stopped():
                wait(calls, PAUSE, FIRST_COMPLETED)
                self.over = self.over or any(call.done() for call in calls)
                self._take()
                if aside is None and time.perf_counter() > began + ASIDE and self._has_time():
                    aside = pool.submit(self._raise_bound, kernels)
                elif aside is not None:
                    self._tell()
            self.over = True
        for call in (*calls, *([aside] if aside else [])):
            call.result()
        self._take()
        self._tell()

    def _has_time(self) -> bool:
        """Tell whether a bound can be looked for: a plan is known, and machine code there or time to make it."""
        return self.best is not None and (jit.is_cached(PAIRS) or self.context.remaining() > MAKING)

    def _raise_bound(self, search: Any) -> None:
        """Look for a better bound, as long as there is time for it and it is not reached."""
        kernels: Any = jit.twin(PAIRS, search.__name__)
        load(kernels)
        if kernels.__name__ != PAIRS:
            with contextlib.suppress(OSError):
                jit.mark_cached(PAIRS)
        began, most = time.thread_time(), EFFORT * self.context.remaining()

        def cost() -> int:
            assert self.best is not None
            return self.best

        def over() -> bool:
            return self.over or time.thread_time() > began + most

        for bound in raised(self.cars, self.instance.products.demand, kernels, cost, over):
            self.bound = max(self.bound, bound)

    def _tell(self) -> None:
        """Report the bound where it is better than before; end where it is reached."""
        if self.bound > self.told:
            self.told = self.bound
            self.context.bound(float(self.bound * self.cars.unit))
        self.over = self.over or self.done()

    def _keep_on(self, kernels: Any, walker: _Walker) -> None:
        """Anneal a walk until the search is over."""
        chunk = 256
        while not self.over:
            began = time.perf_counter()
            walker.advance(kernels, chunk)
            self._note(walker)
            seconds = time.perf_counter() - began
            if seconds < PAUSE / 2:
                chunk *= 2
            elif seconds > 2 * PAUSE:
                chunk = max(64, chunk // 2)

    def _note(self, walker: _Walker) -> None:
        """Keep the best sequence of a walk to be reported, where it is better than all before."""
        value = int(walker.walk.state[BEST])
        if all(value < other for other, _ in self.found) and (self.best is None or value < self.best):
            self.found.append((value, walker.walk.best.copy()))

    def done(self) -> bool:
        """Tell whether nothing better can be found."""
        return self.best is not None and self.best <= self.bound

    def _take(self) -> None:
        """Report the best sequence noted that keeps the hard rules, if it is better than before."""
        noted, self.found = self.found, []
        for value, classes in sorted(noted, key=lambda pair: pair[0]):
            if (self.best is None or value < self.best) and self._keeps(classes):
                self.best = value
                ids = self.instance.products.product
                rows = products_of(self.cars, classes, self.instance.products.demand)
                plan = HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in rows.tolist()))
                self.context.report(plan, float(value * self.cars.unit))
        self.over = self.over or self.done()

    def _keeps(self, classes: Ints) -> bool:
        """Tell whether a sequence keeps every hard rule."""
        for r in self.cars.hard:
            before = np.concatenate([[0], np.cumsum(self.cars.carry[classes, r])])
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
