"""Fast heuristic for the whole heijunka decision: construction, then compiled local search."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_box import box_of
from jitopt.heuristics._heijunka_box_ascent import Ascent
from jitopt.heuristics._heijunka_fill import best_plan, fill, keep, measure
from jitopt.heuristics._heijunka_flat import flatten
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_start import chase, possible, spread
from jitopt.heuristics._kernels import heijunka_state as at
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.heuristics._heijunka_flat import Flat
    from jitopt.heuristics._kernels.heijunka_state import Floats, Ints
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_level",
    "problem": "heijunka",
    "technology": "numba",
    "summary": "Goal chasing, then compiled local search over exchanges, segments and bucket moves",
    "source": "Monden 2012; Gottlieb, Puchta, Solnon 2003; Estellon, Gardi, Nouioua 2008",
    "page": "docs/methods/heijunka_level.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_level"

HOT, MILD, COLD = 0.15, 0.002, 0.0001
"""Share of the proposals that are worse than the best plan and would be taken: an annealing cycle falls
from the first to the second, a walk stays at the third."""
HARD_HOT, HARD_COLD = 0.7, 0.15
"""The same while no plan keeps every rule, in units of a broken rule."""
CYCLE = 300
"""Steps of the first cycle per movable unit; each later cycle is `GROWTH` times longer."""
GROWTH = 2.0
STALE_SQUARE, STALE_FACTOR = 500, 10
"""Stop after `STALE_SQUARE` x units squared and `STALE_FACTOR` x the steps to the best plan without a gain."""
REFRESH = 2**20
"""Steps after which what was added up change by change is computed anew, against the drift of rounding."""
BOX_CELLS = 3e6
"""No bound of products by themselves on more cells than this."""
CELLS = 3e7
"""No local search on more cells (products x slots) than this: the arrays would not fit."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context` until it says stop or nothing can be gained."""
    other = beyond(instance) or instance.box_data.unknown
    if other is not None:
        raise NotApplicableError(other)
    lower = rounding_bound(instance)
    context.bound(lower)
    try:
        flat = flatten(instance)
    except ValueError:
        return  # Two locks contradict each other: there is no plan.
    if not possible(flat):
        return
    best: tuple[int, float, Ints] | None = None
    for plan in _starts(instance, flat, context):
        hard, objective = measure(flat, plan)
        if best is None or (hard, objective) < best[:2]:
            best = (hard, objective, plan)
            if hard == 0:
                context.report(shape(instance, plan), objective)
    assert best is not None
    if instance.size()["cells"] > CELLS:
        return
    _Search(instance, flat, context).improve(best[2], lower + 2e-9 * max(1.0, lower))


def _starts(instance: Heijunka, flat: Flat, context: Context) -> Iterator[Ints]:
    yield spread(flat)
    if context.start is not None:
        yield read(instance, flat, context.start)
    if flat.box:
        return
    for ahead in (False, True):
        if len(flat.arrays[at.RULE]) or not ahead:
            plan = chase(flat, ahead, context.stopped)
            if plan is not None:
                yield plan


def read(instance: Heijunka, flat: Flat, plan: HeijunkaPlan) -> Ints:
    """Return a plan as the array that `_heijunka_fill` explains."""
    if not flat.box:
        return np.array([instance.index[product] for product in plan.sequence or ()], dtype=np.int64)
    counts = np.zeros((flat.products, flat.slots), dtype=np.int64)
    for row in plan.buckets or ():
        counts[instance.index[row.product], row.bucket - 1] += int(row.quantity)
    return counts


def shape(instance: Heijunka, plan: Ints) -> HeijunkaPlan:
    """Return an array as the plan it stands for."""
    ids = instance.products.product
    if instance.box is None:
        return HeijunkaPlan(sequence=tuple(ids[row] for row in plan.tolist()))
    slots, rows = np.nonzero(plan.T)
    return HeijunkaPlan.model_validate(
        {
            "buckets": tuple(
                {"bucket": s + 1, "product": ids[row], "quantity": float(plan[row, s])}
                for s, row in zip(slots.tolist(), rows.tolist(), strict=True)
            )
        }
    )


class _Search:
    """The annealing cycles around the compiled steps."""

    def __init__(self, instance: Heijunka, flat: Flat, context: Context) -> None:
        self.instance, self.flat, self.context = instance, flat, context
        self.ints, self.reals = flat.arrays.ints, flat.arrays.reals
        self.ints[at.SEED] = context.seed % 2147483562 + 1
        self.ints[at.SEED_2] = context.seed % 2147483398 + 1
        self.kernels: Any = jit.plain(KERNELS)
        self.chunk, self.told, self.refreshed = 64, 0, 0
        self.movable = int(self.ints[at.UNITS] if flat.box else self.ints[at.FREES])
        self.ascent: Ascent | None = None

    def improve(self, plan: Ints, bound: float) -> None:
        """Anneal from a plan in cycles of growing length, each from where the last one ended."""
        ints, reals = self.ints, self.reals
        reals[at.TARGET] = bound + 1e-9 * max(1.0, abs(bound)) if np.isfinite(bound) else bound
        keep(self.flat, plan)
        if self.movable < 2:
            return
        self.kernels = self.context.kernels(KERNELS)
        if self.flat.box and self.instance.size()["cells"] <= BOX_CELLS:
            box = box_of(self.instance)
            self.ascent = None if box is None else Ascent(self.instance, box, self.context, bound)
        length = float(CYCLE * self.movable)
        self._set(HARD_HOT, HARD_COLD, length)
        while ints[at.BEST_HARD] > 0:
            if not self._advance(int(length)):
                return
            if ints[at.BEST_HARD] > 0:
                length *= GROWTH
                self._set(HARD_HOT, HARD_COLD, length)
        hot, mild, cold = self._probe()
        length = float(CYCLE * self.movable)
        if self.ascent is not None and self.ascent.is_ready() and self._climb():
            return
        while True:
            for start, end in ((cold, cold), (hot, mild)):
                fill(self.flat, best_plan(self.flat))
                self._set(start, end, length)
                if not self._advance(int(length)):
                    return
            if self._climb():
                return
            length *= GROWTH

    def _climb(self) -> bool:
        """Better the bound of a box; tell whether the best plan needs no improvement."""
        if self.ascent is None:
            return False
        self.ascent.climb(float(self.reals[at.BEST]))
        self.reals[at.TARGET] = self.ascent.target()
        return bool(self.reals[at.BEST] <= self.reals[at.TARGET])

    def _set(self, hot: float, cold: float, length: float) -> None:
        reals = self.reals
        reals[at.WARMTH] = hot
        reals[at.COOLING] = (cold / hot) ** (256 / max(256.0, length)) if hot > 0 else 1.0
        reals[at.PENALTY] = 5 * hot
        reals[at.SOFTEST] = cold

    def _probe(self) -> tuple[float, float, float]:
        """Return the three temperatures, from the changes that proposals would make to the best plan."""
        fill(self.flat, best_plan(self.flat))
        self.ints[at.PROBE] = 0
        self._advance(4096)
        sample = self.flat.arrays[at.SAMPLE]
        seen = sample[: min(int(self.ints[at.PROBE]), len(sample))]
        self.ints[at.PROBE] = -1
        seen = seen[seen > 1e-12]
        return (_warmth(seen, HOT), _warmth(seen, MILD), _warmth(seen, COLD)) if len(seen) else (1.0, 1.0, 1.0)

    def _advance(self, steps: int) -> bool:
        """Do some steps; tell whether to go on."""
        ints, reals = self.ints, self.reals
        end = int(ints[at.STEP]) + steps
        while ints[at.STEP] < end:
            count = min(end - int(ints[at.STEP]), self.chunk, self._left())
            if count <= 0 or self.context.stopped():
                return False
            feasible = ints[at.BEST_HARD] == 0
            began = time.perf_counter()
            done = self.kernels.improve(ints, reals, count)
            seconds = time.perf_counter() - began
            self.chunk = (
                max(16, self.chunk // 2) if seconds > 0.05 else self.chunk * 2 if seconds < 0.02 else self.chunk
            )
            if ints[at.STEP] - self.refreshed >= REFRESH:
                self._refresh()
            if ints[at.BEST_HARD] == 0 and (ints[at.BEST_STEP] > self.told or not feasible):
                self.told = int(ints[at.BEST_STEP])
                self.context.report(shape(self.instance, best_plan(self.flat)), float(reals[at.BEST]))
            if done and reals[at.BEST] <= reals[at.TARGET]:
                return False
            if done and not feasible:
                return True
        return True

    def _refresh(self) -> None:
        """Compute the best value and all that is carried along anew."""
        flat = self.flat
        current = flat.arrays[at.COUNT][:-1].copy() if flat.box else flat.arrays[at.SEQUENCE].copy()
        self.ints[at.BEST_HARD], self.reals[at.BEST] = measure(flat, best_plan(flat))
        fill(flat, current)
        self.refreshed = int(self.ints[at.STEP])

    def _left(self) -> int:
        """Steps left until the work or the patience is used up."""
        patience = STALE_SQUARE * self.movable**2 + (1 + STALE_FACTOR) * int(self.ints[at.BEST_STEP])
        limit = patience if self.context.work is None else min(patience, self.context.work)
        return limit - int(self.ints[at.STEP])


def _warmth(changes: Floats, share: float) -> float:
    """Return the temperature at which this share of the changes is taken (by bisection)."""
    low, high = 0.0, float(changes.max()) / share
    for _ in range(60):
        middle = (low + high) / 2
        if np.mean(np.exp(-changes / middle)) < share:
            low = middle
        else:
            high = middle
    return high
