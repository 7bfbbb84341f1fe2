"""A plain run of HiGHS on a mixed-integer model given as arrays; better plans are handed over as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Model", "solve"]

LEFT = 0.3
"""Seconds before the limit at which the solver shall stop, so that its bound is still told."""


class Model:
    """Binaries and rows, as they are put down; a continuous variable by `integer=False`."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.integer: list[bool] = []
        self.rows: list[tuple[list[int], list[float], float, float]] = []

    def add(self, cost: float, upper: float = 1.0, integer: bool = True) -> int:
        """Add a variable from 0 to `upper`; return its number."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def row(self, columns: Sequence[int], factors: Sequence[float], least: float, most: float) -> None:
        """Add least <= sum of factor x variable <= most."""
        self.rows.append((list(columns), list(factors), least, most))


def solve(model: Model, context: Any, plan_of: Callable[[Any], Any]) -> None:
    """Solve; report `plan_of(values)` for every better solution, and the bound at the end."""
    import highspy
    import numpy as np

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.cost), len(model.rows)
    lp.col_cost_ = np.array(model.cost)
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.array(model.upper)
    lp.row_lower_ = np.array([row[2] for row in model.rows])
    lp.row_upper_ = np.array([row[3] for row in model.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0] + [len(row[0]) for row in model.rows])
    lp.a_matrix_.index_ = np.array([column for row in model.rows for column in row[0]])
    lp.a_matrix_.value_ = np.array([factor for row in model.rows for factor in row[1]], dtype=float)
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in model.integer]
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("threads", context.threads)
    solver.setOptionValue("random_seed", context.seed)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(lp)
    solver.cbMipImprovingSolution.subscribe(lambda event: context.report(plan_of(event.data_out.mip_solution)))
    solver.setOptionValue("time_limit", max(0.1, context.remaining() - LEFT))
    solver.run()
    told = solver.getInfo()
    if told.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        context.report(plan_of(solver.getSolution().col_value))
    if abs(told.mip_dual_bound) < highspy.kHighsInf:
        context.bound(told.mip_dual_bound)
