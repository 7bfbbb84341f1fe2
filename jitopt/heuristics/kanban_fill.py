"""Fast heuristic for kanban: prices on the shared limits, repair, and compiled search among what is left open."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._kanban_bound import Relaxation, loads_of
from jitopt.heuristics._kanban_relief import relieve
from jitopt.heuristics._kanban_smooth import sharpen
from jitopt.heuristics._kanban_world import flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._kanban_world import World
    from jitopt.heuristics.context import Context
    from jitopt.problems.kanban import Kanban

HEURISTIC: dict[str, Any] = {
    "name": "kanban_fill",
    "problem": "kanban",
    "technology": "numba",
    "summary": "Lagrangian prices of the shared limits, repair, then compiled search over open columns",
    "source": "Geoffrion 1974; Held, Wolfe & Crowder 1974; Sinha & Zoltners 1979; Dueck & Scheuer 1990",
    "page": "docs/methods/kanban_fill.md",
    "up_to": {"stations": 0},
}

KERNELS = "jitopt.heuristics._kernels.kanban_fill"

FIRST_STEPS = 120
"""Steps of the bound before the first plan."""

SEVERAL = 2_000
"""Columns from which second derivatives pay."""

SAMPLE = 4_000
"""Loops of the sample on which the first prices are found where there are many."""

STEPS = 25
"""Steps of the bound in each cycle."""

CYCLE = 20_000
"""Iterations of the search in a cycle, at least."""

EACH = 200
"""Iterations in a cycle for each open column."""

LONGEST = 400_000
"""Iterations in a cycle, at most."""

HEAT = 0.5
"""Threshold at the start of a cycle, in parts of what open columns lie above the least of their loop."""

COOL = 0.01
"""Threshold at the end of a cycle, in parts of that at its start."""

CHUNK = 0.05
"""Seconds that a call of the search should take, so that limits and interrupts act."""

PATIENCE = 12
"""Cycles in vain after which the search ends."""

NARROW = (1.0, 0.3, 0.1)
"""Parts of the distance of plan and bound within which columns are searched, by turns, where they are many."""

MANY = 10_000
"""Open columns that are many: a cycle meets each of them a few times at most."""

PLAIN = 50_000
"""Columns that plain Python can repair while somebody waits for a first plan."""

FIRST_RISE = 0.002
"""Part of the price of an overfull limit by which it first rises in search of a first plan; it grows."""

RISES = 60
"""Rises of the prices in search of a first plan."""

IN_VAIN = 8
"""Rises after which what the limits are overfull by must have halved."""

PASSES = 12
"""Passes of a repair."""

CLOSE = 1e-9
"""Relative distance of plan and bound at which the plan is a best one."""

NOTHING = 1e300
"""Cost of no plan."""


def run(instance: Kanban, context: Context) -> None:
    """Search, reporting plans and a bound to `context` until it says stop or nothing is gained any more."""
    if context.start is not None:
        context.report(context.start)
    world = _world(instance)
    if world is None:
        return
    search = _Search(world, context)
    search.begin()
    if search.closed():
        return
    kernels = context.kernels(KERNELS)
    _warm(kernels)
    idle = 0
    while idle < PATIENCE and not context.stopped() and not search.closed() and search.left != 0:
        gained = search.cycle(kernels)
        idle = 0 if gained else idle + 1


def prepare(instance: Kanban) -> None:
    """Make the arrays of long options ahead; the instance may still turn out to be unsound."""
    if instance.options is not None:
        _world(instance)


_latest: list[tuple[Callable[[], object], World | None]] = []
"""The last instance, and its arrays."""


def _world(instance: Kanban) -> World | None:
    for known, world in _latest:
        if known() is instance:
            return world
    world = flatten(instance)
    _latest[:] = [(weakref.ref(instance), world)]
    return world


def _warm(kernels: Any) -> None:
    """Call every kernel on a loop of one column: machine code is made before the clock is looked at again."""
    none, one, unit = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64), np.ones(1)
    ends = np.array([0, 1], dtype=np.int64)
    choice, load, state, dice = none.copy(), one.copy(), np.zeros(6), one.copy()
    kernels.fill(ends, none, one, choice, load)
    kernels.repair(ends, unit, ends, none, one, none, unit, choice, load, 1)
    kernels.polish(ends, unit, ends, none, one, one, unit, choice, load, 1)
    kernels.search(
        unit, ends, none, one, one, unit, unit, choice, load, none, ends, none, choice.copy(), state, dice, 1
    )


class _Search:
    """The best plan so far, the relaxation, and the cycles that improve both."""

    def __init__(self, world: World, context: Context) -> None:
        self.world, self.context = world, context
        self.best_cost, self.best = NOTHING, np.zeros(0, dtype=np.int64)
        self.relaxation = Relaxation(world)
        self.dice = np.array([context.seed % 2147483646 + 1], dtype=np.int64)
        self.left = context.work
        self.chunk, self.cycles = 200, 0
        self.told = -np.inf
        if context.start is not None and (given := world.choice(context.start)) is not None:
            self.best_cost, self.best = float(world.cost[given].sum()), given

    def closed(self) -> bool:
        """Tell whether the best plan is proven to be one."""
        return self.best_cost - self.relaxation.bound <= CLOSE * max(1.0, abs(self.best_cost))

    def begin(self) -> None:
        """Find a first bound and a first plan, in plain Python."""
        if len(self.world.cost) > PLAIN:
            self.relaxation.begin(SAMPLE, 2 * FIRST_STEPS)
            self._tell()
            self._dearer()
            self._sharpen()
            self._dearer()
        else:
            self._raise(FIRST_STEPS)
            self._dearer()
            self._repair(jit.plain(KERNELS), 3)
            if len(self.world.cost) > SEVERAL:
                self._sharpen()

    def _dearer(self) -> None:
        """Raise the prices of overfull limits until what the loops take at them fits, if it comes to that."""
        w, relaxation = self.world, self.relaxation
        prices = relaxation.best_prices.copy()
        rise = FIRST_RISE * relaxation.weights() * np.maximum(w.room, 1)
        before = np.inf
        for rises in range(RISES):
            choice = relaxation.cheapest(prices)
            excess = loads_of(w, choice) - w.room
            over = excess > 0
            if not over.any():
                self._take(choice)
                return
            if rises % IN_VAIN == IN_VAIN - 1:
                worst = float((excess[over] / np.maximum(w.room[over], 1)).sum())
                if worst > 0.5 * before:
                    return
                before = worst
            prices[over] += rise[over]
            rise[over] *= 1.5

    def cycle(self, kernels: Any) -> bool:
        """Raise the bound, repair what it takes, search from there or from the best plan; tell whether that gained."""
        before, bound = self.best_cost, self.relaxation.bound
        self.cycles += 1
        self._raise(STEPS)
        self._repair(kernels, PASSES)
        if not self.closed():
            self._search(kernels)
        rise = self.relaxation.bound - bound
        return self.best_cost < before or rise > 1e-3 * max(self.best_cost - bound, 0.0)

    def _sharpen(self) -> None:
        """Bring the prices of all limits to their best by Newton steps, and tell the bound."""
        if not self.closed():
            sharpen(self.relaxation, self.context.stopped, self._look)
            self._tell()

    def _look(self, prices: Any, choice: Any) -> None:
        """Tell the bound; look for a plan near to what the loops take at some prices."""
        self._tell()
        if not self.closed():
            found = relieve(self.world, choice, self.relaxation.above(prices), self.context.stopped)
            if found is not None:
                self._take(found)

    def _raise(self, steps: int) -> None:
        """Do steps of the bound and tell it."""
        relaxation = self.relaxation
        relaxation.reopen()
        for step in range(steps):
            if not relaxation.open or self.closed() or (step % 10 == 9 and self.context.stopped()):
                break
            relaxation.step(self.best_cost if self.best_cost < NOTHING else None)
        self._tell()

    def _tell(self) -> None:
        """Tell the bound where it has risen."""
        if self.relaxation.bound > self.told:
            self.told = self.relaxation.bound
            self.context.bound(self.told)

    def _repair(self, kernels: Any, passes: int) -> None:
        """Make a plan of the columns that the relaxation takes at its best prices, or by turns at the last ones."""
        taken = self.relaxation.best_choice if self.cycles % 2 else self.relaxation.choice
        self.now = taken.astype(np.int64)
        self.load = np.zeros(len(self.world.room), dtype=np.int64)
        w = self.world
        kernels.fill(w.start, w.limit, w.amount, self.now, self.load)
        weight = self.relaxation.weights()
        # Priced costs tell relief that overfills another limit from relief that is almost free.
        priced = self.relaxation.reduced(self.relaxation.best_prices)
        for _ in range(4):
            uses = (w.start, w.limit, w.amount, w.room, weight, self.now, self.load)
            if kernels.repair(w.first, priced, *uses, passes):
                kernels.polish(w.first, w.cost, *uses, passes)
                self._take(self.now)
                return
            weight = weight * np.where(self.load > w.room, 5.0, 1.0)

    def _take(self, choice: Any) -> None:
        """Keep a feasible choice that is better than the best, and report it."""
        cost = float(self.world.cost[choice].sum())
        if cost < self.best_cost - 1e-12 * abs(self.best_cost):
            self.best_cost, self.best = cost, choice.copy()
            self.context.report(self.world.plan(self.best), cost)

    def _search(self, kernels: Any) -> None:
        """Search among the columns that a better plan can have, from the repaired plan or the best by turns."""
        w = self.world
        if self.best_cost < NOTHING and self.cycles % 4 < 2:
            self.now = self.best.copy()
            kernels.fill(w.start, w.limit, w.amount, self.now, self.load)
        loops, first, columns, heat = self._open_columns()
        if not len(loops):
            return
        base = self.relaxation.weights()
        weight = base.copy()
        best = self.now.copy()
        cycle = min(max(CYCLE, EACH * len(columns)), LONGEST)
        now = float(w.cost[self.now].sum())
        state = np.array([heat, COOL ** (1.0 / cycle), self.best_cost, now, 0.0, 0.0])
        done = 0
        while done < cycle and self.left != 0 and not self.context.stopped():
            size = min(self.chunk, cycle - done) if self.left is None else min(self.left, cycle - done, 200)
            began, reached = time.perf_counter(), state[2]
            arrays = (w.cost, w.start, w.limit, w.amount, w.room, weight, base, self.now, self.load)
            kernels.search(*arrays, loops, first, columns, best, state, self.dice, size)
            done += size
            if self.left is None:
                seconds = time.perf_counter() - began
                self.chunk = max(50, min(2 * self.chunk, LONGEST, int(size * CHUNK / max(seconds, 1e-6))))
            else:
                self.left -= size
            if state[2] < reached:
                self._take(best)

    def _open_columns(self) -> tuple[Any, Any, Any, float]:
        """Return the loops with several columns that a better plan can have, those columns, and a threshold.

        The columns of a loop stand by rising priced cost; the threshold is what they lie above the
        least, in the middle.
        """
        w = self.world
        distance = self.best_cost - self.relaxation.bound if self.best_cost < NOTHING else np.inf
        above = self.relaxation.above()
        margin = 1e-9 * (1.0 + abs(self.relaxation.bound))
        near = above <= distance + margin
        if int(near.sum()) > MANY:
            near = above <= NARROW[self.cycles % len(NARROW)] * distance + margin
        near[self.now] = True
        counts = np.bincount(w.loop[near], minlength=len(w.names))
        loops = np.flatnonzero(counts > 1)
        columns = np.flatnonzero(near & (counts > 1)[w.loop])
        columns = columns[np.lexsort((above[columns], w.loop[columns]))]
        first = np.concatenate([[0], np.cumsum(counts[loops])]).astype(np.int64)
        heat = HEAT * float(np.median(above[columns])) if len(columns) else 0.0
        return loops.astype(np.int64), first, columns.astype(np.int64), heat
