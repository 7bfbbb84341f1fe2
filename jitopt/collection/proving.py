"""What the exact roads say of an instance now, each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.api import solve
from jitopt.errors import NotApplicableError, SolverUnavailableError

if TYPE_CHECKING:
    from jitopt.collection.entries import Entry
    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance
    from jitopt.registry import Method

__all__ = ["AGREE", "Road", "contradictions", "prove", "reaches"]

AGREE = 1e-6
"""Values of solvers count as equal within this, relative to max(1, |value|): the gap at which `solve` says optimal."""


@dataclass(frozen=True)
class Road:
    """What one method found: its result, and a bound only if the method has proven one."""

    method: str
    solver: str
    result: Result[Any]

    def words(self, entry: Entry) -> str:
        """Say in one line what the road found, and whether it gets the known bound again."""
        if self.result.bound is None:
            return f"{self.method} says nothing ({self.result.stopped_by})"
        told = "" if entry.bound is None else ", the known bound" if self.gets(entry.bound) else ", below the known one"
        return f"{self.method} proves {self.result.bound:.9g}{told}"

    def gets(self, bound: float) -> bool:
        """Tell whether the road proves a bound."""
        return self.result.bound is not None and reaches(self.result.bound, bound)


def reaches(value: float, target: float) -> bool:
    """Tell whether a bound is as high as another, within `AGREE`."""
    return value >= target - AGREE * max(1.0, abs(target))


def prove(instance: Instance[Any], seconds: float, target: float | None = None) -> list[Road]:
    """Let every exact road solve an instance, from the known plan, each for at most `seconds`.

    target: a bound to be reached; a road ends as soon as it has. Methods that prove by themselves
    what the others refuse (`exact_algorithm`) are asked as well; methods that refuse are left out.
    """
    start = instance.known.plan if instance.known else None
    best = None if start is None else instance.evaluate(instance.plan_type.model_validate(start)).objective
    gap = 0.0
    if best is not None and target is not None:
        gap = min(0.99, max(0.0, (best - target) / max(abs(best), 1e-9)))
    return [
        Road(method.name, method.solver, found)
        for method in registry.methods(instance.problem)
        if (found := _ask(instance, method, seconds, gap, start)) is not None
    ]


def _ask(
    instance: Instance[Any], method: Method, seconds: float, gap: float, start: dict[str, Any] | None
) -> Result[Any] | None:
    if not (method.exact or (method.proof and method.suits(instance))):
        return None
    try:
        found = solve(instance, method=method.name, time_limit=seconds, gap=gap, start=start)
    except (NotApplicableError, SolverUnavailableError):
        return None
    return None if found.stopped_by == "error" else found


def contradictions(road: Road, entry: Entry) -> list[str]:
    """Return what a road's result says against what is known of an instance."""
    found, result = [], road.result
    best, bound = entry.best, entry.bound
    if result.status == "infeasible":
        found.append(f"{road.method} says that there is no plan, against the known one")
    if result.bound is not None and best is not None and result.bound > best + AGREE * max(1.0, abs(best)):
        found.append(f"{road.method} proves {result.bound!r}, refuted by the known plan: {best!r}")
    if result.objective is not None and bound is not None and not reaches(result.objective, bound):
        found.append(f"{road.method} finds a plan of {result.objective!r}, which refutes the known bound {bound!r}")
    return found
