"""A plain run of CP-SAT; better plans are handed over as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from fractions import Fraction

__all__ = ["scale_of", "solve"]

LEFT = 0.3
"""Seconds before the limit at which the solver shall stop, so that its bound is still told."""

LARGEST = 2**45
"""Whole numbers are made of decimals as finely as sums up to this allow."""


def scale_of(numbers: Iterable[float | Fraction]) -> int:
    """Return the power of ten by which money or amounts become whole numbers."""
    total = sum(abs(float(number)) for number in numbers) or 1.0
    scale = 1
    while total * scale * 10 <= LARGEST:
        scale *= 10
    return scale


def solve(model: Any, context: Any, plan_of: Callable[[Any], Any], scale: int = 1) -> None:
    """Solve; report `plan_of(value)` for every better solution, and the bound over `scale` at the end."""
    from ortools.sat.python import cp_model

    class Teller(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            context.report(plan_of(self.value))

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = context.threads
    solver.parameters.random_seed = context.seed
    solver.parameters.max_time_in_seconds = max(0.1, context.remaining() - LEFT)
    status = solver.solve(model, Teller())
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        context.report(plan_of(solver.value))
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        context.bound(solver.best_objective_bound / scale)
