"""Large-neighbourhood search for sequences whose ratio rules alone are priced: a few slots at a time by CP-SAT."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_cars import cars_of, products_of
from jitopt.heuristics._heijunka_cars_bound import least
from jitopt.heuristics._heijunka_cars_count import breaks, cost, greedy
from jitopt.heuristics._heijunka_rates import require
from jitopt.heuristics._kernels.heijunka_cars import LENGTH, PRICE
from jitopt.heuristics.heijunka_cars import spread
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import RATIO_ALONE

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_cars import Cars, Ints
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_cars_neighbourhood",
    "problem": "heijunka",
    "technology": "cpsat",
    "form": "ratio_alone",
    "auto": False,
    "summary": "Ratio rules alone (car sequencing): neighbourhoods of many slots searched by CP-SAT",
    "source": "Artigues and others 2014; Estellon, Gardi & Nouioua 2006; Shaw 1998",
    "page": "docs/methods/heijunka_cars_neighbourhood.md",
}

WAYS = ("windows", "break", "segment", "segments", "scattered", "classes")
"""How the free slots are chosen; see `_Walker.choose`."""

FIRST, FEWEST = 24, 6
"""Free slots of the first neighbourhoods, and of the smallest."""

MORE, LESS = 1.03, 0.85
"""Factor on the free slots after one that was searched to its end in vain, and after one that was not."""

CELLS, COUNTERS = 10_000, 8_000
"""Most literals [slot builds class], and [at least so many units up to a slot], of a neighbourhood."""

EFFORT = 0.1
"""Deterministic time of CP-SAT for a neighbourhood, about seconds."""

OVERHEAD, CELL = 0.002, 2e-5
"""Deterministic time that the making of a model counts for, and for each literal."""

PER_WORK = 1_000_000
"""Work for one unit of deterministic time."""

BOUNDED, GREEDY = 1_000, 10_000
"""Most slots for which a bound is computed, and for which the start is greedy instead of spread evenly."""

PAUSE = 0.02
"""Seconds between two looks at the clock."""

MOST = 250_000
"""Most slots times rules: every step goes through all of them, and must be soon over."""

LARGEST = 2**53
"""Largest total of a model: beyond it sums may overflow."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context`, until it says stop or the bound is reached."""
    require(instance, RATIO_ALONE)
    if context.start is not None:
        context.report(context.start)
    cars = cars_of(instance)
    if cars is None:
        return
    if instance.slots * len(cars.rules) > MOST:
        raise NotApplicableError(f"its slots times its ratio rules are more than {MOST:,}; use heijunka_cars")
    if int((cars.rules[:, PRICE] * cars.rules[:, LENGTH]).sum()) * instance.slots > LARGEST:
        raise NotApplicableError("the weights of its ratio rules have no common unit that is coarse enough")
    bound = least(cars, instance.products.demand) if instance.slots <= BOUNDED else 0
    context.bound(float(bound * cars.unit))
    first = _first(instance, cars, context)
    if first is not None:
        _Search(instance, cars, context, bound, first).run()


def _first(instance: Heijunka, cars: Cars, context: Context) -> Ints | None:
    """Return the classes of the start, or of a sequence made here; None where the time is over before."""
    if context.start is not None:
        rows = [instance.index[product] for product in context.start.sequence or ()]
        return cars.kinds[np.array(rows, dtype=np.int64)]
    if instance.slots > GREEDY:
        return cars.kinds[spread(instance, cars)]
    return greedy(cars, instance.products.demand, context.stopped)


class _Search:
    """Walks side by side, each solving neighbourhoods of its own sequence, and the best sequence of all."""

    def __init__(self, instance: Heijunka, cars: Cars, context: Context, bound: int, first: Ints) -> None:
        self.instance, self.cars, self.context, self.bound = instance, cars, context, bound
        self.over = False
        self.found: deque[tuple[int, Ints]] = deque()
        self.best: int | None = None
        self.lead: tuple[int, Ints] = cost(cars, first)[0], first
        count = 1 if context.work is not None else max(1, context.threads)
        self.walkers = [_Walker(self, number) for number in range(count)]
        self.offer(first)

    def offer(self, classes: Ints) -> int:
        """Take note of a sequence; return its cost."""
        value, keeps = cost(self.cars, classes)
        if value < self.lead[0]:
            self.lead = value, classes
        if keeps and (self.best is None or value < self.best):
            self.best = value
            self.found.append((value, classes))
        self.over = self.over or (self.best is not None and self.best <= self.bound)
        return value

    def run(self) -> None:
        """Let every walk have a thread until the bound is reached, the work done or the time over."""
        self._report()
        if self.over or len(self.cars.free) < 2:
            return
        with ThreadPoolExecutor(len(self.walkers)) as pool:
            calls = [pool.submit(walker.keep_on) for walker in self.walkers]
            left: set[Any] = set(calls)
            while len(left) == len(calls) and not self.over and not self.context.stopped():
                left = wait(left, PAUSE, FIRST_COMPLETED).not_done
                self._report()
            self.over = True
            while left:  # A model may begin to be solved after it was told to end.
                for walker in self.walkers:
                    walker.solver.stop_search()
                left = wait(left, PAUSE, FIRST_COMPLETED).not_done
        for call in calls:
            call.result()
        self._report()

    def _report(self) -> None:
        """Report the sequences found, in their order."""
        while self.found:
            value, classes = self.found.popleft()
            rows = products_of(self.cars, classes, self.instance.products.demand)
            ids = self.instance.products.product
            plan = HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in rows.tolist()))
            self.context.report(plan, float(value * self.cars.unit))


class _Walker:
    """A sequence that is changed a neighbourhood at a time, with a size for each way of choosing one."""

    def __init__(self, search: _Search, number: int) -> None:
        from ortools.sat.python import cp_model

        self.search, self.cars = search, search.cars
        self.value, self.classes = search.lead
        self.dice = np.random.default_rng([search.context.seed, number])
        self.work = None if search.context.work is None else search.context.work / PER_WORK
        classes, rules = len(self.cars.carry), len(self.cars.rules)
        self.most = max(FEWEST, min(CELLS // classes, isqrt(4 * COUNTERS // max(1, rules))))
        self.sizes = dict.fromkeys(WAYS, float(FIRST))
        self.solver: Any = cp_model.CpSolver()
        parameters = self.solver.parameters
        parameters.num_workers = 1
        parameters.max_deterministic_time = EFFORT
        parameters.catch_sigint_signal = False
        # Of small models of clauses the search itself takes least: presolving and relaxing them took twice as long.
        parameters.cp_model_presolve = False
        parameters.symmetry_level = 0
        parameters.linearization_level = 0
        parameters.optimize_with_core = True

    def keep_on(self) -> None:
        """Solve neighbourhood after neighbourhood until the search is over or the work done."""
        while not self.search.over and (self.work is None or self.work > 0):
            if self.search.lead[0] < self.value:
                self.value, self.classes = self.search.lead
            self.step()

    def step(self) -> None:
        """Solve one neighbourhood: go to the cheapest other sequence, where none is cheaper to one of the same cost."""
        from jitopt.heuristics._heijunka_cars_region import INFEASIBLE, OPTIMAL, Region

        way = WAYS[int(self.dice.integers(len(WAYS)))]
        slots = self.choose(way, min(round(self.sizes[way]), self.most, len(self.cars.free)))
        region = Region(self.cars, self.classes, slots, lambda: self.search.over)
        if self.search.over:
            return
        self._spend(OVERHEAD + CELL * region.cells)
        self.solver.parameters.random_seed = int(self.dice.integers(1 << 30))
        status, found = region.solve(self.solver)
        self._spend(self.solver.response_proto.deterministic_time)
        gain = False
        if found is not None:
            before = self.value
            self.value, self.classes = self.search.offer(found), found
            gain = self.value < before
        ended = status in (INFEASIBLE, OPTIMAL)
        if ended and len(slots) == len(self.cars.free):
            self.search.over = True  # all of it was searched: nothing is better
        factor = LESS if not ended else 1.0 if gain else MORE
        self.sizes[way] = min(max(FEWEST, factor * self.sizes[way]), float(self.most))

    def _spend(self, time: float) -> None:
        """Count deterministic time."""
        if self.work is not None:
            self.work -= time

    def choose(self, way: str, size: int) -> Ints:
        """Return so many free slots, rising.

        windows: those around a few windows above their rule. break: half around one such window, half anywhere.
        segment, segments: one row of slots, or four. scattered: anywhere. classes: those of a few classes.
        """
        dice, free = self.dice, self.cars.free
        hot = breaks(self.cars, self.classes) if way in ("windows", "break") else np.zeros((0, 2), dtype=np.int64)
        if way == "classes":
            kinds = dice.permutation(len(self.cars.carry))
            rank = kinds[self.classes[free]] * len(free) + dice.permutation(len(free))
            return np.sort(free[np.argsort(rank)[: max(size, FEWEST)]])
        if way == "scattered":
            return np.sort(dice.choice(free, size, replace=False))
        pieces = {"windows": 3, "break": 1, "segment": 1, "segments": 4}[way]
        taken = np.zeros(len(free), dtype=bool)
        rows = (size // 2 if way == "break" else size) // pieces
        for _ in range(pieces):
            if len(hot):
                rule, first = hot[int(dice.integers(len(hot)))].tolist()
                middle = first + int(self.cars.rules[rule, LENGTH]) // 2
            else:
                middle = int(dice.integers(len(self.classes)))
            begin = int(np.searchsorted(free, middle)) - int(dice.integers(rows + 1))
            begin = min(max(begin, 0), len(free) - rows)
            taken[begin : begin + rows] = True
        others = np.flatnonzero(~taken)
        more = size - int(taken.sum())
        if way in ("break", "windows") and more > 0:
            taken[dice.choice(others, more, replace=False)] = True
        return free[taken]
