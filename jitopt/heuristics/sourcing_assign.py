"""Fast heuristic for the whole sourcing decision: construction by regret, then compiled local search."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jitopt import jit
from jitopt.heuristics._sourcing_bound import relax
from jitopt.heuristics._sourcing_flat import flatten
from jitopt.heuristics._sourcing_links import Stopped, few
from jitopt.heuristics._sourcing_world import objects, settings
from jitopt.problems.sourcing import SourcingPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._sourcing_bound import Relaxation
    from jitopt.heuristics._sourcing_grid import Grid
    from jitopt.heuristics.context import Context
    from jitopt.problems.sourcing import Sourcing

HEURISTIC: dict[str, Any] = {
    "name": "sourcing_assign",
    "problem": "sourcing",
    "technology": "numba",
    "summary": "Construction by regret, then compiled moves over links, quantities and periods",
    "source": "Kuehn & Hamburger 1963 (add and drop); Goossens, Maas, Spieksma & van de Klundert 2007 (breaks)",
    "page": "docs/methods/sourcing_assign.md",
}

FAMILY = "jitopt.heuristics._kernels.sourcing_"

KERNELS = FAMILY + "assign"

MANY = 3000
"""Above this many links the first plan is made of a few of each part."""

FEW = 6
"""Of each part, so many of the cheapest links."""

CYCLE = 1500
"""Iterations of a cycle of the search."""

PATIENCE = 8
"""Cycles in vain after which the search ends."""

CHUNK = 0.05
"""Seconds that a call of the kernel should take, so that limits and interrupts act."""

STEPS = 20
"""Steps of the bound between two calls of the search."""

SHARE = 0.3
"""Share of the seconds that the bound may take while the search goes on."""

FIXED_STEPS = 300
"""Steps of the bound in deterministic mode, before the search."""

NOTHING = 1e300
"""Cost of no plan."""


def run(instance: Sourcing, context: Context) -> None:
    """Search, reporting plans and a bound to `context` until it says stop or nothing is gained any more."""
    if context.start is not None:
        context.report(context.start)
    with suppress(Stopped):
        _run(instance, context)


def _run(instance: Sourcing, context: Context) -> None:
    best = _first(instance, context)
    found = flatten(instance, stopped=context.stopped)
    if found is None:
        return
    world, grid = found
    if not grid.pairs:
        context.report(SourcingPlan(orders=()))
        return
    lower = _Bound(relax(instance, context.stopped), context)
    if context.work is not None:
        lower.improve(best, FIXED_STEPS)
    if lower.reached(best):
        return
    kernels = context.kernels(KERNELS)
    if not kernels.__name__.endswith(jit.SUFFIX):
        world = objects(world)
    settings(world, context.seed, CYCLE, PATIENCE)
    best = _improve(context, kernels.search, world, grid, best, lower)
    while context.work is None and not context.stopped() and not lower.reached(best) and lower.open:
        lower.improve(best, STEPS)


def _first(instance: Sourcing, context: Context) -> float:
    """Report a plan made in plain Python, of the cheapest links where there are many; return its cost."""
    many = len(instance.links) > MANY
    found = flatten(instance, few(instance, FEW) if many else None, context.stopped)
    if found is None or not found[1].pairs:
        return NOTHING
    world, grid = objects(found[0]), found[1]
    settings(world, context.seed, CYCLE, PATIENCE)
    construct(world, context.stopped)
    return _report(context, grid, world, [cell.best for cell in world.cell], NOTHING)


def construct(w: Any, stopped: Callable[[], bool]) -> None:
    """Do the first iteration of the search, part by part, so that a stop is heard.

    Raises
    ------
    Stopped
        When `stopped` says so.
    """
    search, regroup, fill = (jit.plain(f"{FAMILY}{name}") for name in ("assign", "regroup", "fill"))
    search.next_cycle(w)
    search.begin(w)
    search.build(w)
    regroup.sort(w)
    for row in range(w.top[0].listed):
        if stopped():
            raise Stopped
        fill.force(w, w.pad[row].item)
        fill.fill(w, w.pad[row].item)
    w.top[0].listed = 0
    if w.top[0].log > 0:
        search.decide(w)
    search.save(w, w.top[0].saved != 0)


class _Bound:
    """The bound beside the search: improved for a share of the seconds, told when it rises."""

    def __init__(self, relaxation: Relaxation | None, context: Context) -> None:
        self.relaxation, self.context = relaxation, context
        self.seconds, self.value, self.open = 0.0, 0.0, relaxation is not None
        self._tell()

    def _tell(self) -> None:
        if self.relaxation is not None and self.relaxation.bound > self.value:
            self.value = self.relaxation.bound
        self.context.bound(self.value)

    def improve(self, cost: float, steps: int) -> None:
        """Do some steps towards the cost of the best plan."""
        if self.relaxation is None or not self.open:
            return
        began, target = time.perf_counter(), cost if cost < NOTHING else 1.5 * self.value
        for _ in range(steps):
            self.open = self.open and self.relaxation.improve(target)
            if self.context.stopped():
                break
        self.seconds += time.perf_counter() - began
        self._tell()

    def reached(self, cost: float) -> bool:
        """Tell whether a plan of this cost is proven to be a best one."""
        return cost <= self.value


def _improve(context: Context, search: Any, world: Any, grid: Grid, best: float, lower: _Bound) -> float:
    """Run the search in chunks, return the best cost; deterministic mode counts iterations, not seconds."""
    top = world.top[0]
    chunk, work, spent = 1, context.work, 0.0
    while not top.done and not context.stopped() and not lower.reached(best) and (work is None or work > 0):
        size = chunk if work is None else min(100, work)
        began = time.perf_counter()
        search(world, size)
        seconds = time.perf_counter() - began
        if work is None:
            spent += seconds
            chunk = max(1, min(2 * chunk, 100_000, int(chunk * CHUNK / max(seconds, 1e-6))))
        else:
            work -= size
        if top.best_cost < best:
            best = _report(context, grid, world, [int(cell.best) for cell in world.cell], best)
        if work is None and lower.seconds < SHARE * spent:
            lower.improve(best, STEPS)
    return best


def _report(context: Context, grid: Grid, world: Any, quantities: Any, best: float) -> float:
    """Report the best plan of the search if it is better than `best`; return the better cost."""
    cost = float(world.top[0].best_cost)
    if cost >= min(best, NOTHING):
        return best
    context.report(grid.plan(quantities), cost)
    return cost
