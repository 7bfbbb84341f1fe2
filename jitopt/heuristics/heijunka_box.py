"""Fast heuristic for heijunka boxes with days, minutes, packs, volume or EPEI: construction, then local search."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_box import box_of, constructed, read, shape
from jitopt.heuristics._heijunka_box_bound import BoxBound
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._kernels import heijunka_box_state as at
from jitopt.problems.heijunka.form import BOX, reason_against

if TYPE_CHECKING:
    from jitopt.heuristics._kernels.heijunka_box_state import Box, Floats, Ints
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_box",
    "problem": "heijunka",
    "technology": "numba",
    "form": "box",
    "patience": 60.0,
    "summary": "Heijunka boxes with days, minutes, packs, volume or EPEI: packs moved between buckets, annealed",
    "source": "Inman & Bulfin 1991; Kirkpatrick, Gelatt & Vecchi 1983",
    "page": "docs/methods/heijunka_box.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_box"
BOUND = "jitopt.heuristics._kernels.heijunka_box_bound"

HOT, MILD = 0.1, 0.0005
"""Share of the worsening proposals that are taken at the begin and at the end of a cycle."""
WARM = 0.1
"""A cycle begins at this share of the hot temperature, as long as the last one that did so brought a gain."""
CYCLE = 400
"""Steps of the first cycle per pack that may move; each later cycle is `GROWTH` times longer."""
GROWTH = 2.0
LAST = 0.9
"""A cycle takes no more than this share of the steps that are left: one that does not cool down is lost."""
STALE_SQUARE, STALE_FACTOR, STALE_LEAST = 500, 10, 20_000
"""Stop after `STALE_SQUARE` x packs squared, `STALE_FACTOR` x the steps to the best plan and `STALE_LEAST` without
a gain."""
PRICES, PRICES_PER_WORK, PRICES_SHARE = 200, 0.1, 0.15
"""Prices that are tried for the bound at the begin and behind each cycle: so many, no more than this for a step that
may be done, and no longer than this share of the time that is left."""
DIVE = 4.0
"""From the plans of single products behind the bound the search cools down from so much above the end of a cycle
to as much below it."""
NEWS = 1e-3
"""A plan that is better by this share begins the bound anew."""
REFRESH = 2**18
"""Steps after which what was added up change by change is computed anew, against the drift of rounding."""
CELLS = 3e6
"""No search on more cells (products x buckets) than this: a move would take too long."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and a bound to `context` until it says stop or nothing can be gained."""
    reason = reason_against(instance, BOX)
    if reason is not None:
        raise NotApplicableError(reason)
    if instance.size()["cells"] > CELLS:
        raise NotApplicableError(f"it has more than {CELLS:.0f} products x buckets")
    lower = rounding_bound(instance)
    context.bound(lower)
    box = box_of(instance)
    if box is None:
        return  # Two locks contradict each other: there is no plan.
    _Search(instance, box, context, lower).improve()


class _Search:
    """The annealing cycles around the compiled steps."""

    def __init__(self, instance: Heijunka, box: Box, context: Context, lower: float) -> None:
        self.instance, self.box, self.context = instance, box, context
        box.entry[at.SEED] = context.seed % 2147483562 + 1
        box.entry[at.SEED_2] = context.seed % 2147483398 + 1
        box.entry[at.PROBE] = -1
        box.level[at.TARGET] = lower + 2e-9 * max(1.0, lower)
        self.lower = lower
        self.bound: BoxBound | None = None
        self.movable = int(box.entry[at.MOVABLE])
        self.chunk, self.told, self.refreshed = 64, (np.inf, np.inf), 0
        self.kernels: Any = jit.plain(KERNELS)
        self.spent, self.hottest = 0.0, 1.0

    def improve(self) -> None:
        """Anneal from the best of the first plans, in cycles of growing length."""
        for plan in self._starts():
            self._load(plan)
            self.kernels.keep(self.box)
            self._tell()
        if self.movable < 1 or self.box.entry[at.FROZEN] >= self.box.entry[at.SLOTS]:
            return
        self.kernels = self.context.kernels(KERNELS)
        hot, mild = self._probe()
        least = length = float(CYCLE * self.movable)
        # What is not yet compiled waits for the first cycle: plans come first.
        go_on = not jit.is_cached(BOUND) or self._raise_bound(mild)
        warm, gained = max(WARM * hot, 2 * mild), True
        while go_on:
            before = float(self.box.level[at.BEST])
            high = warm if gained else hot
            if not self._cycle(high, mild, max(least, min(length, LAST * self._affordable()))):
                break
            gained = high == hot or self.box.level[at.BEST] < before
            length *= GROWTH
            go_on = self._raise_bound(mild)

    def _starts(self) -> list[Ints]:
        orders = (False, True) if self.box.grid[at.DUE_BY].any() else (False,)
        found = [constructed(self.box, dues_first) for dues_first in orders]
        given = [self.context.start]
        if self.instance.current is not None and self.instance.current.buckets is not None:
            table = self.instance.current.buckets
            columns = zip(table.bucket, table.product, table.quantity, strict=True)
            rows = [{"bucket": b, "product": p, "quantity": q} for b, p, q in columns if b <= self.instance.slots]
            given.append(self.instance.plan_type.model_validate({"buckets": rows}))
        for plan in given:
            count = None if plan is None else read(self.instance, self.box, plan)
            if count is not None:
                found.append(count)
        return found

    def _load(self, count: Ints) -> None:
        self.box.grid[at.PACKS] = count
        self.kernels.begin(self.box)

    def _tell(self) -> None:
        """Hand over the best plan if it keeps every rule and is better than the last one handed over."""
        level = self.box.level
        if level[at.BEST_BROKEN] == 0.0 and level[at.BEST] < self.told[1]:
            self.told = (0.0, float(level[at.BEST]))
            self.context.report(shape(self.instance, self.box, self.box.grid[at.BEST_PACKS]), float(level[at.BEST]))

    def _cycle(self, hot: float, mild: float, length: float, begin: Ints | None = None) -> bool:
        """Cool down from the best plan, or from another one; tell whether to go on."""
        self._load(self.box.grid[at.BEST_PACKS] if begin is None else begin)
        level = self.box.level
        level[at.WARMTH], level[at.COOLING] = hot, (mild / hot) ** (256 / max(256.0, length))
        # As long as no plan keeps every rule, a broken unit is dearer than any gain.
        level[at.PENALTY] = (10 if level[at.BEST_BROKEN] == 0.0 else 100) * self.hottest
        return self._advance(int(length))

    def _probe(self) -> tuple[float, float]:
        """Return the temperatures, from the changes that proposals make to the best plan."""
        box = self.box
        self._load(box.grid[at.BEST_PACKS])
        box.entry[at.PROBE], box.level[at.WARMTH], box.level[at.PENALTY] = 0, 0.0, 1e9
        self._advance(4096)
        seen = box.sample[: int(box.entry[at.PROBE])]
        box.entry[at.PROBE] = -1
        seen = seen[seen > 1e-12]
        hot, mild = (_warmth(seen, HOT), _warmth(seen, MILD)) if len(seen) else (1.0, 0.01)
        self.hottest = hot
        return hot, mild

    def _advance(self, steps: int) -> bool:
        """Do some steps; tell whether to go on."""
        box = self.box
        end = int(box.entry[at.STEP]) + steps
        while box.entry[at.STEP] < end:
            count = min(end - int(box.entry[at.STEP]), self.chunk, self._left())
            if count <= 0 or self.context.stopped():
                return False
            began = time.perf_counter()
            self.kernels.improve(box, count)
            seconds = time.perf_counter() - began
            self.spent += seconds
            self.chunk = max(16, self.chunk // 2) if seconds > 0.05 else self.chunk * (2 if seconds < 0.02 else 1)
            if box.entry[at.STEP] - self.refreshed >= REFRESH:
                self.refreshed = int(box.entry[at.STEP])
                self.kernels.begin(box)
            self._tell()
            if box.level[at.BEST_BROKEN] == 0.0 and box.level[at.BEST] <= box.level[at.TARGET]:
                return False
        return True

    def _raise_bound(self, mild: float) -> bool:
        """Better the bound, and look for plans near those behind it; tell whether there may be a better plan."""
        level, work = self.box.level, self.context.work
        best = float(level[at.BEST]) if level[at.BEST_BROKEN] == 0.0 else np.inf
        new = self.bound is None or best < self.bound.upper - NEWS * abs(best)
        if new:
            kernels = self.context.kernels(BOUND)
            prices = None if self.bound is None else self.bound.best_prices
            self.bound = BoxBound(self.instance, self.box, kernels, best + 1e-9 * max(1.0, best), prices)
        assert self.bound is not None
        end = time.perf_counter() + PRICES_SHARE * self.context.remaining()
        count = PRICES if work is None else min(PRICES, int(PRICES_PER_WORK * work))
        self.bound.ascend(count, lambda: self.context.stopped() or (work is None and time.perf_counter() > end))
        if self.bound.value > self.lower:
            self.lower = self.bound.value
            self.context.bound(self.lower)
            level[at.TARGET] = self.lower + 2e-9 * max(1.0, self.lower)
        near = self.bound.plan() if new and best > level[at.TARGET] else None
        if near is not None:
            self._cycle(DIVE * mild, mild / DIVE, float(CYCLE * self.movable), near)
        return bool(level[at.BEST_BROKEN] > 0.0 or level[at.BEST] > level[at.TARGET]) and not self.context.stopped()

    def _affordable(self) -> float:
        """Return the steps that the work, or the clock at the speed so far, still allows."""
        if self.context.work is not None:
            return float(self.context.work - int(self.box.entry[at.STEP]))
        return self.context.remaining() * int(self.box.entry[at.STEP]) / max(1e-3, self.spent)

    def _left(self) -> int:
        """Steps left until the work or the patience is used up."""
        patience = STALE_LEAST + STALE_SQUARE * self.movable**2 + (1 + STALE_FACTOR) * int(self.box.entry[at.BEST_STEP])
        limit = patience if self.context.work is None else min(patience, self.context.work)
        return limit - int(self.box.entry[at.STEP])


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
