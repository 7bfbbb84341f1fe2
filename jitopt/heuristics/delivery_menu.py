"""Fast heuristic for the menu of frequencies: prices of the shared limits, then compiled threshold search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._delivery_world import flatten
from jitopt.problems.delivery import DeliveryPlan

if TYPE_CHECKING:
    from jitopt.heuristics._delivery_world import World
    from jitopt.heuristics.context import Context
    from jitopt.problems.delivery import Delivery

HEURISTIC: dict[str, Any] = {
    "name": "delivery_menu",
    "problem": "delivery",
    "technology": "numba",
    "summary": "Lagrangian prices of docks and storages, then threshold search over frequencies",
    "source": "Held, Wolfe & Crowder 1974; Fisher 1981; Dueck & Scheuer 1990",
    "page": "docs/methods/delivery_menu.md",
    "up_to": {"cyclic_parts": 0},
}

KERNELS = "jitopt.heuristics._kernels.delivery_menu"

PER_STOP = 1000
"""Moves of a cycle of the search for each stop."""

PATIENCE = 60
"""Cycles in vain after which the search ends."""

FIRST_STEPS = 30
"""Steps of the prices before the first plan, in plain Python."""

FIRST_MOVES = 4000
"""Moves before the first plan is handed over, in plain Python."""

HEATS = (0.03, 0.1, 0.3)
"""First thresholds of a cycle, in mean distances between the two cheapest columns of a stop."""

STEPS = 200
"""Steps of the prices between two cycles of the search."""

CLOSED = 1e-9
"""Relative distance between plan and bound at which nothing is left to do."""

NOTHING = 1e300
"""Cost of no plan."""

PIECE = 50_000
"""Moves, or steps times stops, between two looks at the clock."""


def run(instance: Delivery, context: Context) -> None:
    """Search, reporting plans and bounds to `context` until it says stop or nothing is gained any more."""
    if instance.cyclic:
        raise NotApplicableError("the strict cyclic form has no menu of frequencies: use delivery_cycle")
    if context.start is not None:
        context.report(context.start)
    world = flatten(instance)
    if world is None:
        return
    if not world.suppliers:
        context.report(DeliveryPlan(deliveries=()))
        context.bound(0.0)
        return
    quick = _Search(world.plain(), jit.plain(KERNELS), context)
    quick.raise_bound(FIRST_STEPS)
    quick.cycle(FIRST_MOVES)
    if quick.closed() or context.stopped():
        return
    kernels = context.kernels(KERNELS)
    compiled = kernels.__name__.endswith(jit.SUFFIX)
    search = quick if not compiled else _Search(world, kernels, context, quick)
    if not context.stopped():
        # Every kernel is called, and so compiled, before the next look at the clock.
        search.raise_bound(1)
        search.cycle(1)
        search.improve()


class _Search:
    """The state of prices and search, over lists (plain) or arrays (compiled)."""

    def __init__(self, world: World, kernels: Any, context: Context, before: _Search | None = None) -> None:
        self.world, self.kernels, self.context = world, kernels, context
        stops, limits = len(world.suppliers), len(world.limit)
        fresh = (lambda n, kind: np.zeros(n, dtype=kind)) if isinstance(world.cost, np.ndarray) else _zeros
        self.price, self.best_price, self.weight = (fresh(limits, float) for _ in range(3))
        self.load = fresh(limits, int)
        self.pick, self.best_pick, self.spare = (fresh(stops, int) for _ in range(3))
        self.bound, self.scale, self.cost = -NOTHING, 1.0, NOTHING
        self.seed = 1 + context.seed % 2_000_000_000
        self.work = context.work
        self.spread, self.step = _scales(world)
        if before is not None:
            for name in ("price", "best_price", "weight", "pick", "best_pick"):
                getattr(self, name)[:] = getattr(before, name)
            for name in ("bound", "scale", "cost", "seed", "work"):
                setattr(self, name, getattr(before, name))

    def closed(self) -> bool:
        """Tell whether the best plan is proven, or no work is left."""
        return self.cost <= self.bound + CLOSED * abs(self.bound) or (self.work is not None and self.work <= 0)

    def raise_bound(self, steps: int) -> None:
        """Raise the bound; the columns picked at its prices are where the next search may start."""
        world, best = self.world, self.bound
        target = self.cost if self.cost < NOTHING else max(1.05 * self.bound, self.bound + 1e-6)
        if self.bound == -NOTHING:
            target = 1.05 * sum(min(world.cost[a:b]) for a, b in zip(world.first, world.first[1:], strict=False))
        best, self.scale = self.kernels.raise_bound(
            *world.tables, world.limit, self.price, self.best_price, self.spare, self.load,
            float(target), float(best), float(self.scale), steps,
        )  # fmt: skip
        self.scale = max(self.scale, 1e-3)
        if best > self.bound:
            self.bound = float(best)
            # What rounding may have added is taken off, for every plan the judge accepts.
            self.context.bound(self.bound - 1e-10 * abs(self.bound))

    def cycle(self, moves: int) -> bool:
        """Search once from the columns that are best at the prices, or from the best plan; tell if it helped."""
        world = self.world
        if self.cost >= NOTHING or self.seed % 4 == 0:
            self.kernels.choose(*world.tables, self.best_price, self.pick)
        else:
            self.pick[:] = self.best_pick
        for r in range(len(self.weight)):
            self.weight[r] = max(self.weight[r], 2.0 * self.best_price[r], 10.0 * self.spread)
        if self.work is not None:
            moves = min(moves, max(1, self.work))
            self.work -= moves
        heat = self.step * HEATS[self.seed % len(HEATS)]
        before = self.cost
        for begin in range(0, moves, PIECE):
            if begin and self.context.stopped():
                break
            cost, seed = self.kernels.search(
                *world.tables, world.limit, self.weight, self.load, self.pick, self.best_pick,
                float(self.cost), float(heat), self.seed, begin, min(moves, begin + PIECE), moves,
            )  # fmt: skip
            self.seed = int(seed)
            if cost < self.cost:
                self.cost = float(cost)
                self.context.report(world.plan(self.best_pick), self.cost)
        if self.cost >= NOTHING:
            for r in range(len(self.weight)):
                self.weight[r] *= 2.0 if self.load[r] > world.limit[r] else 1.0
        return self.cost < before - 1e-9 * abs(before)

    def improve(self) -> None:
        """Raise the bound and search in turn, in pieces short enough for the clock."""
        vain, stops = 0, len(self.world.suppliers)
        while vain < PATIENCE and not self.closed() and not self.context.stopped():
            self._raise_in_pieces(stops)
            if not self.closed() and not self.context.stopped():
                vain = 0 if self.cycle(max(1000, PER_STOP * stops)) else vain + 1

    def _raise_in_pieces(self, stops: int) -> None:
        piece = max(1, min(STEPS, PIECE // max(1, stops)))
        for _ in range(0, STEPS, piece):
            if self.context.stopped():
                return
            self.raise_bound(piece)


def _zeros(count: int, kind: type) -> list[Any]:
    return [kind(0)] * count


def _scales(world: World) -> tuple[float, float]:
    """Return mean distances from a stop's cheapest column: to the dearest, and to the next cheapest."""
    rows = [sorted(world.cost[a:b]) for a, b in zip(world.first, world.first[1:], strict=False)]
    furthest = sum(row[-1] - row[0] for row in rows) / len(rows)
    nearest = sum(row[1] - row[0] for row in rows if len(row) > 1) / len(rows)
    return float(furthest) + 1e-9, float(nearest) + 1e-9
