"""The ledger of a solve: every plan is judged before it counts, every bound is held against the plans."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic

from pydantic import ValidationError

from jitopt.engine.result import OPTIMAL_GAP, Progress, Proof, relative_gap
from jitopt.problems.base import Evaluation, Instance, PlanT

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

__all__ = ["Ledger"]

SLACK = 1e-9
"""A bound may lie above the objective by this much, relative to max(1, |objective|): rounding."""


NOTABLE = 1e-4
"""Relative gain from which a better plan counts as progress."""


class Ledger(Generic[PlanT]):
    """Best judged plan and best standing bound of one instance, with the way there.

    pricing: what a plan costs by the judge, None when it may not be used. Ordinary solves take
    the objective of a plan that keeps every rule; elastic ones price the broken rules. Objectives and
    bounds are told as they are; compared are costs, which are the negative of what is to be large.
    """

    def __init__(
        self,
        instance: Instance[PlanT],
        began: float,
        progress: Callable[[Progress], None] | None = None,
        pricing: Callable[[Evaluation], float | None] | None = None,
    ) -> None:
        self.instance = instance
        self.plan: PlanT | None = None
        self.evaluation: Evaluation | None = None
        self.objective: float | None = None
        self.found_by: str = ""
        self.trajectory: list[tuple[float, float | None, float | None]] = []
        self.warnings: list[str] = []
        self.check_seconds: float = 0.0
        self.longest_check: float = 0.0
        """Seconds of the longest check of a plan: what a plan told at a deadline would still take."""
        self.improved: float = began
        """When a plan was last better than those before by more than `NOTABLE` (monotonic clock)."""
        self._sense = 1 if pricing else instance.sense
        self._bounds: dict[str, float] = {}
        self._unsearched = instance.unsearched()
        self._liars: set[str] = set()
        self._began = began
        self._progress = progress
        self._pricing = pricing or (lambda e: e.objective if e.feasible else None)

    @property
    def bound(self) -> float | None:
        """The best bound that no plan refutes, never better than the objective."""
        best = max(self._bounds.values(), default=None)
        if best is None:
            return None
        return self._sense * (best if self.objective is None else min(best, self._cost(self.objective)))

    def _cost(self, value: float) -> float:
        """Return an objective or bound as a cost, and a cost as objective or bound."""
        return self._sense * value

    @property
    def gap(self) -> float | None:
        """Relative gap between objective and bound."""
        return relative_gap(self.objective, self.bound)

    def proven(self, gap: float = 0.0) -> bool:
        """Tell whether the plan is within `gap` (at least the optimality gap) of the bound."""
        mine = self.gap
        return mine is not None and mine <= max(gap, OPTIMAL_GAP)

    def proof(self, exact: set[str], algorithms: AbstractSet[str] = frozenset()) -> Proof:
        """Tell what stands behind the bound: how many exact methods, or a closed form.

        algorithms: methods that prove the optimum by an exact algorithm of their own; what they tell
        before the bound meets the plan is a bound like any other.
        """
        if self.bound is None:
            return "none"
        best = self._cost(self.bound)
        near = SLACK + OPTIMAL_GAP * max(1.0, abs(best))
        behind = {source for source, value in self._bounds.items() if value >= best - near}
        if behind & algorithms and self.proven():
            return "exact_algorithm"
        if len(behind & exact) > 1:
            return "cross_checked"
        return "single" if behind & exact else "closed_form"

    def offer(self, data: Any, source: str) -> bool:
        """Judge a plan; keep it if it is the best. Tell whether the judge could accept it."""
        began = time.perf_counter()
        try:
            plan = data if not isinstance(data, dict) else self.instance.plan_type.model_validate(data)
            evaluation = self.instance.evaluate(plan)
        except (ValidationError, ArithmeticError, TypeError, KeyError) as error:
            self._warn(f"{source} handed over something that is no plan ({type(error).__name__})")
            return False
        finally:
            took = time.perf_counter() - began
            self.check_seconds += took
            self.longest_check = max(self.longest_check, took)
        value = self._pricing(evaluation)
        if value is None:
            first = evaluation.violations[0].message if evaluation.violations else "it cannot be priced"
            self._warn(f"a plan of {source} was refused by the check: {first}")
            return False
        gain = float("inf") if self.objective is None else self._cost(self.objective) - self._cost(value)
        if gain > NOTABLE * max(1.0, abs(self.objective or 0.0)):
            self.improved = time.monotonic()
        if gain > 0:
            self.plan, self.evaluation = plan, evaluation
            self.objective, self.found_by = value, source
            self._refute()
            self._note(source)
        return True

    def challenge(self, data: Any, source: str) -> float:
        """Judge a plan that speaks against the best bound; keep it only if it refutes that bound.

        Return its cost (the objective, or its negative where it is to be large), infinite where it has none.
        """
        try:
            plan = self.instance.plan_type.model_validate(data)
            value = self._pricing(self.instance.evaluate(plan))
        except (ValidationError, ArithmeticError, TypeError, KeyError):
            return float("inf")
        if value is None:
            return float("inf")
        cost = self._cost(value)
        if self.bound is not None and self._cost(self.bound) > _limit(cost):
            self.offer(plan, source)
        return cost

    def tell_bound(self, value: float, source: str) -> None:
        """Take a bound, unless a plan in hand refutes it or its source has told an untruth before.

        value: no objective is smaller, or larger where the objective is to be large.
        """
        if source in self._liars or value != value or abs(value) == float("inf"):
            return
        value = self._cost(value)
        if value <= self._bounds.get(source, float("-inf")):
            return
        if self._unsearched is not None and value > self._unsearched:
            # The method's own limits leave out plans that may cost this little.
            value = self._unsearched
            self._warn(f"{source}: very large orders were not looked at; the bound allows for them")
            if value <= self._bounds.get(source, float("-inf")):
                return
        before = self.bound
        self._bounds[source] = value
        self._refute()
        now = self.bound
        if now is None:
            return
        if before is None or self._cost(now - before) > 1e-12 * max(1.0, abs(before)):
            self._note(source)

    def refuted(self, source: str) -> bool:
        """Tell whether a bound of this source was refuted, by its own plan or another's."""
        return source in self._liars

    def _refute(self) -> None:
        """Drop every bound that lies above the plan in hand, and trust its source no more."""
        if self.objective is None:
            return
        limit = _limit(self._cost(self.objective))
        for source in [source for source, value in self._bounds.items() if value > limit]:
            claimed = self._cost(self._bounds[source])
            self._warn(f"{source} claimed a bound of {claimed:g}, refuted by a plan of {self.objective:g}")
            del self._bounds[source]
            self._liars.add(source)

    def _warn(self, text: str) -> None:
        if text not in self.warnings and len(self.warnings) < 50:
            self.warnings.append(text)

    warn = _warn

    def _note(self, message: str) -> None:
        seconds = time.monotonic() - self._began
        self.trajectory.append((round(seconds, 4), self.objective, self.bound))
        if self._progress is None:
            return
        try:
            self._progress(Progress(seconds, self.objective, self.bound, message))
        except Exception as error:
            # A caller's display must not cost the caller the plan.
            self._progress = None
            self._warn(f"the progress callback failed and is called no more ({type(error).__name__}: {error})")


def _limit(cost: float) -> float:
    """Return the value that no true bound exceeds where a plan costs this much: with allowance for rounding."""
    return cost + max(SLACK, OPTIMAL_GAP / 10) * max(1.0, abs(cost))
