"""The bound of a box beside a search: bettered now and then, from the best plan so far, within a share of its time."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from jitopt import jit
from jitopt.heuristics._heijunka_box_bound import BoxBound

if TYPE_CHECKING:
    from jitopt.heuristics._kernels.heijunka_box_state import Box
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

__all__ = ["KERNELS", "Ascent"]

KERNELS = "jitopt.heuristics._kernels.heijunka_box_bound"

COUNT, PER_WORK, SHARE = 200, 0.1, 0.15
"""Prices that are tried at a time: so many, no more than this for a step that the search may do, and no longer than
this share of the time that is left."""
NEWS = 1e-3
"""A plan that is better by this share begins the bound anew."""


class Ascent:
    """The bound, told to the context wherever it rises.

    value: the best one so far [objective]. bound: what it comes from, None before the first climb.
    """

    value: float
    bound: BoxBound | None

    def __init__(self, instance: Heijunka, box: Box, context: Context, lower: float) -> None:
        self.instance, self.box, self.context = instance, box, context
        self.value, self.bound = lower, None

    def is_ready(self) -> bool:
        """Tell whether nothing has to be compiled, or time does not matter: then a run must not depend on it."""
        return self.context.work is not None or jit.is_cached(KERNELS)

    def target(self) -> float:
        """Return the value of a plan that needs no improvement [objective]."""
        return self.value + 2e-9 * max(1.0, self.value)

    def climb(self, best: float) -> bool:
        """Better the bound; tell whether it was begun anew.

        best: objective of the best plan, infinite without one that keeps every rule.
        """
        work = self.context.work
        new = self.bound is None or (math.isfinite(best) and best < self.bound.upper - NEWS * abs(best))
        if new:
            kernels = self.context.kernels(KERNELS)
            prices = None if self.bound is None else self.bound.best_prices
            upper = best + 1e-9 * max(1.0, best)  # What a search adds up is not exact.
            self.bound = BoxBound(self.instance, self.box, kernels, upper, prices)
        assert self.bound is not None
        end = time.perf_counter() + SHARE * self.context.remaining() if work is None else math.inf
        count = COUNT if work is None else min(COUNT, int(PER_WORK * work))
        self.bound.ascend(count, lambda: self.context.stopped() or time.perf_counter() > end)
        if self.bound.value > self.value:
            self.value = self.bound.value
            self.context.bound(self.value)
        return new
