"""A Pyomo model as arrays, with the numbers checked and scaled before any solver sees them.

HiGHS accepts NaN, drops coefficients below 1e-9 and rows above 1e15, and loses integrality when
row activities are large. So the arrays are looked at here: every number finite, every row scaled
by a power of two, every kept coefficient of a sane size, or a refusal that says where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from jitopt.engine.drivers.limits import LARGEST, LARGEST_ACTIVITY, SMALLEST
from jitopt.errors import NotApplicableError

__all__ = ["StandardForm", "compile_model"]

OBJECTIVE_SIZE = 1e4
"""The largest objective coefficient after scaling."""

WHOLE = 1e-9
"""A bound of an integer variable within this of a whole number is that number."""


@dataclass
class StandardForm:
    """min c x + offset, lower <= A x <= upper, column bounds; A by columns (CSC).

    `unit` turns the scaled objective into the true one: true = unit * (c x + offset).
    A lower bound above its upper bound means that there is no solution.
    """

    columns: list[Any]
    index: dict[int, int]
    cost: np.ndarray[Any, Any]
    offset: float
    unit: float
    matrix: Any
    lower: np.ndarray[Any, Any]
    upper: np.ndarray[Any, Any]
    column_lower: np.ndarray[Any, Any]
    column_upper: np.ndarray[Any, Any]
    integer: np.ndarray[Any, Any]
    rows: int


def compile_model(model: Any) -> StandardForm:
    """Compile a Pyomo model, checking and scaling its numbers.

    Raises
    ------
    NotApplicableError
        If a number is not finite or the sizes in one row lie too far apart.
    """
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    columns = list(form.columns)
    matrix = form.A.tocsr()
    lower, upper = _row_bounds(form)
    column_lower = np.array([-np.inf if c.lb is None else c.lb for c in columns], dtype=float)
    column_upper = np.array([np.inf if c.ub is None else c.ub for c in columns], dtype=float)
    integer = np.array([not c.is_continuous() for c in columns], dtype=bool)
    cost = np.asarray(form.c.todense(), dtype=float).ravel() if form.c.shape[0] else np.zeros(len(columns))
    if form.c.shape[0] > 1:
        raise NotApplicableError("the model has more than one objective")
    offset = float(form.c_offset[0]) if len(form.c_offset) else 0.0
    _finite(cost, offset, matrix, form.rhs, column_lower, column_upper, integer)
    # HiGHS 1.15 lets an integer rest on a fractional bound (ERGO-Code/HiGHS#3271): give it whole ones.
    column_lower[integer] = np.ceil(column_lower[integer] - WHOLE)
    column_upper[integer] = np.floor(column_upper[integer] + WHOLE)
    matrix, lower, upper = _scale_rows(matrix, lower, upper)
    _sane(matrix, column_lower, column_upper)
    unit = _objective_unit(cost)
    return StandardForm(
        columns=columns,
        index={id(column): position for position, column in enumerate(columns)},
        cost=cost / unit,
        offset=offset / unit,
        unit=unit * float(getattr(model, "unit", 1)),
        matrix=matrix.tocsc(),
        lower=lower,
        upper=upper,
        column_lower=column_lower,
        column_upper=column_upper,
        integer=integer,
        rows=matrix.shape[0],
    )


def _row_bounds(form: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rhs = np.asarray(form.rhs, dtype=float)
    kinds = np.array([row.bound_type for row in form.rows], dtype=int)
    lower = np.where(kinds <= 0, rhs, -np.inf)
    upper = np.where(kinds >= 0, rhs, np.inf)
    return lower, upper


def _finite(
    cost: np.ndarray[Any, Any],
    offset: float,
    matrix: Any,
    rhs: Any,
    column_lower: np.ndarray[Any, Any],
    column_upper: np.ndarray[Any, Any],
    integer: np.ndarray[Any, Any],
) -> None:
    for name, values in (("objective", cost), ("constraints", matrix.data), ("right-hand sides", np.asarray(rhs))):
        if values.size and not np.isfinite(values.astype(float)).all():
            raise NotApplicableError(f"the {name} of the model hold a number that is not finite")
    if not np.isfinite(offset):
        raise NotApplicableError("the objective's constant is not finite")
    if np.isnan(column_lower).any() or np.isnan(column_upper).any():
        raise NotApplicableError("a variable's bound is not a number")
    if not (np.isfinite(column_lower[integer]).all() and np.isfinite(column_upper[integer]).all()):
        raise NotApplicableError("an integer variable has no finite bounds")


def _scale_rows(
    matrix: Any, lower: np.ndarray[Any, Any], upper: np.ndarray[Any, Any]
) -> tuple[Any, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scale rows whose largest coefficient is far from 1 by a power of two (exact in floats)."""
    import scipy.sparse

    if not matrix.shape[0]:
        return matrix, lower, upper
    largest = np.asarray(abs(matrix).max(axis=1).todense(), dtype=float).ravel()
    largest[largest == 0] = 1.0
    exponent = np.where((largest > 1e3) | (largest < 1e-2), -np.floor(np.log2(largest)), 0.0)
    factor = np.exp2(exponent)
    return scipy.sparse.diags_array(factor).tocsr() @ matrix, lower * factor, upper * factor


def _sane(matrix: Any, column_lower: np.ndarray[Any, Any], column_upper: np.ndarray[Any, Any]) -> None:
    values = np.abs(matrix.data)
    kept = values[values > 0]
    if kept.size and (kept.min() < SMALLEST or kept.max() > LARGEST):
        raise NotApplicableError(
            f"coefficients from {kept.min():.3g} to {kept.max():.3g} stand in one row: too far apart for floating point"
        )
    reach = np.maximum(np.abs(column_lower), np.abs(column_upper))
    reach[~np.isfinite(reach)] = 0.0
    activity = abs(matrix) @ reach
    if activity.size and activity.max() > LARGEST_ACTIVITY:
        raise NotApplicableError(f"a row can reach {activity.max():.3g}: too large for the solver's tolerances")


def _objective_unit(cost: np.ndarray[Any, Any]) -> float:
    """Return the power of two that brings the largest cost near `OBJECTIVE_SIZE`."""
    largest = float(np.abs(cost).max()) if cost.size else 0.0
    if largest == 0:
        return 1.0
    return float(2.0 ** np.floor(np.log2(largest / OBJECTIVE_SIZE)))
