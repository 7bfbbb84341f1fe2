"""Gaps, and their integrals over time, of step functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Point", "first_within", "primal_dual_integral", "primal_gap", "primal_integral", "steps"]

Point = tuple[float, float | None, float | None]
"""Seconds, best objective so far, best bound so far; None where there is none yet."""


def primal_gap(value: float | None, reference: float) -> float:
    """Return the gap γ of an objective to a reference, within [-1, 1]; 1 without a plan.

    γ = (x - r) / max(|x|, |r|); 0 if both are 0, 1 (or -1, if x is smaller) if their signs differ.
    Berthold (2013), with a sign: below 0, the objective improves on the reference.
    """
    if value is None:
        return 1.0
    if value == reference:
        return 0.0
    if value * reference < 0:
        return 1.0 if value > reference else -1.0
    return (value - reference) / max(abs(value), abs(reference))


def steps(points: Sequence[Point], last: Point) -> list[Point]:
    """Return a trajectory as improvements only: objectives fall, bounds rise, `last` closes it."""
    found: list[Point] = []
    objective: float | None = None
    bound: float | None = None
    for seconds, value, below in (*(point for point in points if point[0] <= last[0]), last):
        better = value is not None and (objective is None or value < objective)
        tighter = below is not None and (bound is None or below > bound)
        if better:
            objective = value
        if tighter:
            bound = below
        if better or tighter:
            if found and found[-1][0] == seconds:
                found.pop()
            found.append((seconds, objective, bound))
    return found


def _integral(points: Sequence[Point], horizon: float, height: Callable[[Point], float]) -> float:
    """Return the mean height over [0, horizon] of a step function that is 1 before its first point."""
    area, now, level = 0.0, 0.0, 1.0
    for point in points:
        until = min(point[0], horizon)
        area += level * (until - now)
        now, level = until, height(point)
    return (area + level * (horizon - now)) / horizon


def primal_integral(points: Sequence[Point], reference: float, horizon: float) -> float:
    """Return the mean primal gap over [0, horizon], within [0, 1]: 0 is the reference at once, 1 no plan.

    Berthold (2013), divided by the horizon. The steps must be those of `steps`; what was found last
    holds until the horizon.
    """
    return _integral(points, horizon, lambda point: max(0.0, primal_gap(point[1], reference)))


def primal_dual_integral(points: Sequence[Point], horizon: float) -> float:
    """Return the mean gap between objective and bound over [0, horizon], within [0, 1]; 1 while one is missing."""

    def height(point: Point) -> float:
        return 1.0 if point[1] is None or point[2] is None else max(0.0, primal_gap(point[1], point[2]))

    return _integral(points, horizon, height)


def first_within(points: Sequence[Point], reference: float, tolerance: float) -> float:
    """Return the seconds until the primal gap is at most the tolerance; infinity if it never is."""
    return next((p[0] for p in points if p[1] is not None and primal_gap(p[1], reference) <= tolerance), float("inf"))
