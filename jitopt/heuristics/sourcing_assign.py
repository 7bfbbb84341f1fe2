"""Fast heuristic for the whole sourcing decision: construction by regret, then compiled local search."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.heuristics import jit
from jitopt.heuristics._sourcing_world import flatten, objects, settings
from jitopt.problems.sourcing import SourcingPlan

if TYPE_CHECKING:
    from jitopt.heuristics._sourcing_world import Grid
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

KERNELS = "jitopt.heuristics._kernels.sourcing_assign"

CYCLE = 1500
"""Iterations of a cycle of the search."""

PATIENCE = 8
"""Cycles in vain after which the search ends."""

CHUNK = 0.05
"""Seconds that a call of the kernel should take, so that limits and interrupts act."""

NOTHING = 1e300
"""Cost of no plan."""


def run(instance: Sourcing, context: Context) -> None:
    """Search, reporting plans and a bound to `context` until it says stop or nothing is gained any more."""
    lower = lower_bound(instance)
    context.bound(lower)
    if context.start is not None:
        context.report(context.start)
    found = flatten(instance)
    if found is None:
        return
    world, grid = found
    if not grid.pairs:
        context.report(SourcingPlan(orders=()))
        return
    quick = objects(world)
    settings(quick, context.seed, CYCLE, PATIENCE)
    jit.plain(KERNELS).search(quick, 1)
    best = _report(context, grid, quick, [cell.best for cell in quick.cell], NOTHING)
    if best <= lower:
        return
    kernels = context.kernels(KERNELS)
    if not kernels.__name__.endswith(jit.SUFFIX):
        world = objects(world)
    settings(world, context.seed, CYCLE, PATIENCE)
    _improve(context, kernels.search, world, grid, best, lower)


def _improve(context: Context, search: Any, world: Any, grid: Grid, best: float, lower: float) -> None:
    """Run the search in chunks; deterministic mode counts iterations, not seconds."""
    top = world.top[0]
    chunk, work = 1, context.work
    while not top.done and not context.stopped() and best > lower and (work is None or work > 0):
        size = chunk if work is None else min(100, work)
        began = time.perf_counter()
        search(world, size)
        seconds = time.perf_counter() - began
        if work is None:
            chunk = max(1, min(2 * chunk, 100_000, int(chunk * CHUNK / max(seconds, 1e-6))))
        else:
            work -= size
        if top.best_cost < best:
            best = _report(context, grid, world, [int(cell.best) for cell in world.cell], best)


def _report(context: Context, grid: Grid, world: Any, quantities: Any, best: float) -> float:
    """Report the best plan of the search if it is better than `best`; return the better cost."""
    cost = float(world.top[0].best_cost)
    if cost >= min(best, NOTHING):
        return best
    context.report(grid.plan(quantities))
    return cost


def lower_bound(instance: Sourcing) -> float:
    """Return a bound that no plan goes below [cost].

    Every unit of demand beyond the initial stock costs at least the cheapest price of its part,
    with the deepest break of the supplier; where anything must be bought, at least the cheapest
    supplier's fixed cost is paid. Lowered by a relative 1e-9 for rounding.
    """
    deepest: dict[tuple[str, str | None], Fraction] = {
        (ladder.supplier, ladder.part): min(factor for _, factor in ladder.breaks) for ladder in instance.ladders
    }
    cheapest: dict[str, Fraction] = {}
    for (supplier, part), link in instance.links.items():
        factor = deepest.get((supplier, part), deepest.get((supplier, None), Fraction(1)))
        price = link.price * min(factor, Fraction(1))
        cheapest[part] = min(cheapest.get(part, price), price)
    total, bought = Fraction(0), False
    for part, row in instance.demand.items():
        need = sum(row, Fraction(0)) - instance.initial[part]
        if need > 0:
            total += need * cheapest.get(part, Fraction(0))
            bought = True
    if bought:
        total += min(instance.fixed_cost[supplier] for supplier, _ in instance.links)
    return float(total) * (1 - 1e-9)
