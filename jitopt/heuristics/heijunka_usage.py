"""Part usage levelled in a sequence: bounded dynamic programming with a proof where the bounds are near enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_usage import costs_of, usage_of, value_of
from jitopt.heuristics._heijunka_usage_layers import least_costs
from jitopt.heuristics._heijunka_usage_sweep import sweep
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import USAGE_SUM, reason_against

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_usage import Floats, Ints, Usage
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_usage",
    "problem": "heijunka",
    "technology": "numba",
    "form": "usage_sum",
    "summary": "Part usage, sums of deviations: bounded dynamic programming, then local search",
    "source": "Monden 2012; Bautista, Companys & Corominas 1996; Fincke & Pohst 1985",
    "page": "docs/methods/heijunka_usage.md",
}

WIDTHS = (1, 30, 300)
"""Widths of the first sweeps. The first is Monden's goal chasing."""

GROWTH = 8
"""Each later sweep is so many times as wide as the one before."""

WIDEST = 1_000_000
"""Most states of a layer."""


def run(instance: Heijunka, context: Context) -> None:
    """Search, reporting plans and bounds to `context`, until it says stop or the best plan is proven."""
    reason = reason_against(instance, USAGE_SUM)
    if reason is not None:
        raise NotApplicableError(f"it levels the usage of parts alone, and {reason}")
    if context.start is not None:
        context.report(context.start)
    context.bound(rounding_bound(instance))
    usage = usage_of(instance)
    if usage is not None:
        _Search(instance, usage, context).improve()


class _Search:
    """Sweeps of growing width, the best sequence and the best bound."""

    best: float
    bound: float
    rows: Ints | None

    def __init__(self, instance: Heijunka, usage: Usage, context: Context) -> None:
        self.instance, self.usage, self.context = instance, usage, context
        self.best, self.bound, self.rows = np.inf, 0.0, None
        self.rest: Floats = np.zeros(usage.slots + 1)
        self.left = context.work
        if context.start is not None:
            rows = np.array([instance.index[product] for product in context.start.sequence or ()], dtype=np.int64)
            self._take(rows, value_of(usage, rows), told=True)

    def improve(self) -> None:
        """Sweep until nothing better can be there, or the time is over."""
        for width in WIDTHS:
            if not self._sweep(width):
                return
        assert self.rows is not None
        least = least_costs(self.usage, costs_of(self.usage, self.rows))
        self.rest = np.append(least[::-1].cumsum()[::-1], 0.0)
        self._bound(float(self.rest[0]))
        width = WIDTHS[-1] * GROWTH
        while not self._done() and self._sweep(width):
            width = min(WIDEST, width * GROWTH)

    def _done(self) -> bool:
        """Tell whether nothing better can be found."""
        return self.bound > self._limit()

    def _limit(self) -> float:
        """Return what a better sequence costs at most."""
        if not np.isfinite(self.best):
            return float("inf")
        return self.best - 0.5 if self.usage.exact else self.usage.below(self.best)

    def _sweep(self, width: int) -> bool:
        """Sweep once; tell whether to go on."""
        if self.context.stopped() or self.left == 0:
            return False
        swept = sweep(self.usage, width, self.rest, self._limit(), self.context.stopped)
        if self.left is not None:
            self.left = max(0, self.left - swept.states)
        if swept.rows is not None:
            self._take(swept.rows, swept.cost)
        if swept.complete:
            self._bound(min(self.best, swept.least))
        return swept.complete and not self._done()

    def _take(self, rows: Ints, cost: float, told: bool = False) -> None:
        """Keep and report a sequence that is better than the best so far."""
        if cost < self.best:
            self.best, self.rows = cost, rows
            if not told:
                ids = self.instance.products.product
                plan = HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in rows.tolist()))
                self.context.report(plan, self.usage.told(cost))

    def _bound(self, cost: float) -> None:
        """Keep and report a bound that is better than the best so far."""
        if cost > self.bound:
            self.bound = cost
            self.context.bound(self.usage.told(self.usage.below(cost)))
