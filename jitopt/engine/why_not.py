"""What a choice that was not taken would cost: the choice forced, solved again, compared term by term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal

from jitopt.problems import forced
from jitopt.problems.base import PlanT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison(Generic[PlanT]):
    """A plan with a choice forced on it, against the plan in hand.

    status: "made" (the plan in hand makes this choice already), "worse", "same" or "better" (then
    the plan in hand was not the best), "impossible" (no plan makes this choice), or "unknown" (no
    plan was found in time). difference: objective
    after - before. terms: (name, before, after, difference). bound_after: no plan with the
    choice costs less. reasons: why it is impossible.
    """

    status: Literal["made", "worse", "same", "better", "impossible", "unknown"]
    choice: dict[str, str]
    objective_before: float | None
    objective_after: float | None
    bound_after: float | None
    difference: float | None
    terms: tuple[tuple[str, float, float, float], ...]
    reasons: tuple[dict[str, Any], ...]
    plan: PlanT | None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return {
            "status": self.status,
            "choice": dict(self.choice),
            "objective_before": self.objective_before,
            "objective_after": self.objective_after,
            "bound_after": self.bound_after,
            "difference": self.difference,
            "terms": [list(term) for term in self.terms],
            "reasons": [dict(reason) for reason in self.reasons],
            "plan": self.plan.to_dict() if self.plan is not None else None,
        }


def compare(
    instance: Instance[PlanT],
    plan: PlanT,
    choice: Mapping[str, str],
    solve: Callable[[Instance[PlanT]], Result[PlanT]],
) -> Comparison[PlanT]:
    """Force `choice`, solve again with `solve`, and compare term by term with `plan`."""
    before = instance.evaluate(plan)
    wanted = forced(instance, choice)
    if wanted.evaluate(plan).feasible:
        terms = tuple((name, value, value, 0.0) for name, value in before.terms.items())
        value = before.objective
        return Comparison("made", dict(choice), value, value, None, None if value is None else 0.0, terms, (), plan)
    result = solve(wanted)
    if result.plan is None:
        status: Literal["impossible", "unknown"] = "impossible" if result.status == "infeasible" else "unknown"
        return Comparison(status, dict(choice), before.objective, None, None, None, (), result.reasons, None)
    after = instance.evaluate(result.plan)
    assert after.objective is not None
    names = list(dict.fromkeys([*before.terms, *after.terms]))
    found = tuple(
        (name, b, a, a - b) for name in names for b, a in [(before.terms.get(name, 0.0), after.terms.get(name, 0.0))]
    )
    difference = None if before.objective is None else after.objective - before.objective
    return Comparison(
        _judge(difference, after.objective, instance.sense),
        dict(choice),
        before.objective,
        after.objective,
        result.bound,
        difference,
        found,
        (),
        result.plan,
    )


def _judge(difference: float | None, scale: float, sense: int) -> Literal["worse", "same", "better", "unknown"]:
    if difference is None:
        return "unknown"
    if abs(difference) <= 1e-9 * max(1.0, abs(scale)):
        return "same"
    return "worse" if sense * difference > 0 else "better"
