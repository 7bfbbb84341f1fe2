"""Part usage levelled in a sequence: bounded dynamic programming that proves its optimum where the bounds are near.

Where they are not, local search, dynamic programming over parts of the sequence and wider sweeps take turns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_usage import EXACT, costs_of, even, usage_of, value_of
from jitopt.heuristics._heijunka_usage_layers import Form, least_costs
from jitopt.heuristics._heijunka_usage_sweep import Span, sweep
from jitopt.heuristics._heijunka_usage_walk import Walks
from jitopt.heuristics._heijunka_usage_windows import Windows
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
    "proof": "exact_algorithm",
    "endless": True,
    "form": "usage_sum",
    "up_to": {"slots": 20_000, "cells": 2_000_000},
    "summary": "Part usage, sums of deviations: bounded dynamic programming, then local search",
    "source": "Monden 2012; Bautista, Companys & Corominas 1996; Fincke & Pohst 1985",
    "page": "docs/methods/heijunka_usage.md",
}

WIDTHS = (1, 30, 300)
"""Widths of the first sweeps. The first is Monden's goal chasing."""

WIDE, GROWTH = 3000, 6
"""Width of the first sweep after all bounds are known; each later one is so many times as wide."""

LONG = 1000
"""Beyond so many slots a sweep takes its time, and a sequence that is spread evenly comes first."""

FRUITFUL = 0.05
"""Windows are made longer as long as that closes this share of the gap."""

WIDEST = 1_000_000
"""Most states of a layer."""

CYCLE = 500
"""Steps of the first annealing cycle per slot; later ones grow as the widths do."""

PART, NARROW = 60, 300
"""Slots of the first parts that are swept by themselves, and the width."""


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
        self.instance: Heijunka = instance
        self.usage: Usage = usage
        self.context: Context = context
        self.best, self.bound, self.rows = np.inf, 0.0, None
        self.rest: Floats = np.zeros(usage.slots + 1)
        self.left: int | None = context.work
        if context.start is not None:
            rows = np.array([instance.index[product] for product in context.start.sequence or ()], dtype=np.int64)
            self._take(rows, value_of(usage, rows), told=True)
        elif usage.slots > LONG:
            rows = even(usage)
            self._take(rows, value_of(usage, rows))

    def improve(self) -> None:
        """Sweep until nothing better can be there, or the time is over."""
        for width in WIDTHS:
            if not self._sweep(width):
                return
        assert self.rows is not None
        least = least_costs(self.usage, costs_of(self.usage, self.rows), self._over)
        self._tighten(np.append(least[::-1].cumsum()[::-1], 0.0))
        if self._done() or not self._sweep(WIDTHS[-1]) or not self._windows(least) or not self._sweep(WIDE):
            return
        walks = Walks(self.usage, self.context, 1 if self.left is not None else max(1, self.context.threads))
        growth = 1
        while self._walk(walks, CYCLE * self.usage.slots * growth) and self._parts(PART * growth, NARROW * growth):
            growth *= GROWTH
            if not self._sweep(min(WIDEST, WIDE * growth)):
                return

    def _windows(self, least: Floats) -> bool:
        """Bound longer and longer parts of every sequence, from what single layers cost; tell whether to go on."""
        usage = self.usage
        if usage.prices.any() or not usage.metric.any() or usage.products < 2 or self.rows is None:
            return True
        windows = Windows(usage, Form(usage), least)
        while windows.double(costs_of(usage, self.rows), self._over):
            before = float(self.rest[0])
            self._tighten(windows.rest())
            if self._done() or self.rest[0] - before < FRUITFUL * (self.best - before):
                break
        return not self._over() and not self._done()

    def _tighten(self, rest: Floats) -> None:
        """Keep bounds on what the slots to come cost."""
        self.rest = np.maximum(self.rest, rest)
        self._bound(float(self.rest[0]))

    def _walk(self, walks: Walks, steps: int) -> bool:
        """Anneal from the best sequence; tell whether to go on."""
        assert self.rows is not None
        if self.left is not None:
            steps = min(steps, self.left)
            self.left -= steps
        self._take(*walks.cycle(self.rows, self.best, steps))
        return not self.context.stopped() and self.left != 0 and not self._done()

    def _parts(self, length: int, width: int) -> bool:
        """Sweep overlapping parts of the best sequence, what is before and after them left as it is."""
        usage = self.usage
        for first in range(0, usage.slots, length // 2):
            last = min(usage.slots, first + length)
            assert self.rows is not None
            n = usage.products
            before, after = (np.bincount(self.rows[:end], minlength=n) for end in (first, last))
            paid = float(costs_of(usage, self.rows)[first:last].sum())
            limit = self._limit(paid) + self.rest[last]
            swept = sweep(usage, width, self.rest, limit, self._over, Span(first, last, before, after))
            self._spend(swept.states)
            if swept.rows is not None:
                rows = np.concatenate([self.rows[:first], swept.rows, self.rows[last:]])
                self._take(rows, value_of(usage, rows))
            if self._over() or self._done():
                return False
        return True

    def _done(self) -> bool:
        """Tell whether nothing better can be found."""
        return self.bound > self._limit(self.best)

    def _limit(self, paid: float) -> float:
        """Return what something better than this costs at most."""
        if not np.isfinite(paid):
            return paid
        return paid - 0.5 if self.usage.exact else self.usage.below(paid)

    def _over(self) -> bool:
        return self.context.stopped() or self.left == 0

    def _spend(self, states: int) -> None:
        if self.left is not None:
            self.left = max(0, self.left - states)

    def _sweep(self, width: int) -> bool:
        """Sweep once; tell whether to go on."""
        if self._over():
            return False
        swept = sweep(self.usage, width, self.rest, self._limit(self.best), self.context.stopped)
        self._spend(swept.states)
        if swept.rows is not None:
            self._take(swept.rows, value_of(self.usage, swept.rows))
        if swept.complete:
            self._bound(min(self.best, swept.least))
        return swept.complete and not self._done()

    def _take(self, rows: Ints, cost: float, told: bool = False) -> None:
        """Keep and report a sequence that is better than the best so far."""
        if cost < self.best:
            self.best, self.rows = cost, rows
            if cost > EXACT:  # Sums of such numbers are rounded.
                self.usage = replace(self.usage, exact=False)
            if not told:
                ids = self.instance.products.product
                plan = HeijunkaPlan.model_construct(sequence=tuple(ids[row] for row in rows.tolist()))
                self.context.report(plan, self.usage.told(cost))

    def _bound(self, cost: float) -> None:
        """Keep and report a bound that is better than the best so far."""
        if cost > self.bound:
            self.bound = cost
            self.context.bound(self.usage.told(self.usage.below(cost)))
