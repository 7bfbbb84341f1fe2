"""The greedy constructions of a level sequence: what they are given, and how they are run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_rates import chain_of
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import LEVEL, reason_against

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

__all__ = ["KERNELS", "chased", "deliver", "earliest", "nearest", "require_level"]

KERNELS = "jitopt.heuristics._kernels.heijunka_chase"

FEW = 200_000
"""Up to so many cells (slots x products) the plain kernel is quicker than loading the compiled one."""

MOST_SHARED = 5000
"""Most products whose common parts are held as a matrix."""

CHUNK = 2_000_000
"""Cells between two questions whether to stop, compiled; a hundredth of it in plain Python."""


def require_level(instance: Heijunka) -> None:
    """Raise `NotApplicableError` where a rule binds units or slots, or nothing is levelled."""
    reason = reason_against(instance, LEVEL)
    if reason is not None:
        raise NotApplicableError(f"it builds a sequence that no rule binds, and {reason}")


def deliver(instance: Heijunka, context: Context, rows: Any) -> None:
    """Report the sequence of these product rows, if the time was enough for it."""
    if rows is not None:
        context.report(HeijunkaPlan.model_construct(sequence=chain_of(instance, np.asarray(rows), 1)))


def chased(instance: Heijunka, context: Context, rule: int) -> Any:
    """Return the rows that goal chasing builds by a rule of the kernels, None where the time is over."""
    norm, guide = _guide(instance)
    demand = np.array(instance.products.demand, dtype=np.int64)
    n = len(demand)
    drift = (guide @ demand if guide is not None else norm * demand) / instance.slots
    flat = np.empty(0) if guide is None else guide.ravel()
    columns = [flat, norm, drift, demand, np.zeros(n), np.zeros(n), np.full(instance.slots, -1, dtype=np.int64)]
    kernels, columns, count = _made(instance, context, columns)
    for start in range(0, instance.slots, count):
        if context.stopped():
            return None
        kernels.chase(rule, *columns, start, count)
    context.stopped()
    return columns[-1]


def nearest(instance: Heijunka, context: Context) -> Any:
    """Return the rows that follow the nearest whole points, None where the time is over."""
    demand = np.array(instance.products.demand, dtype=np.int64)
    columns = [demand, *[np.zeros_like(demand) for _ in range(3)], np.full(instance.slots, -1, dtype=np.int64)]
    kernels, columns, count = _made(instance, context, columns)
    slot = 0
    while slot < instance.slots:
        if context.stopped():
            return None
        slot = kernels.nearest(*columns, slot, count)
    context.stopped()
    return columns[-1]


def earliest(instance: Heijunka) -> Any:
    """Return the rows in the order of ideal positions (2 j - 1) D / (2 d), ties by row."""
    demand = np.array(instance.products.demand, dtype=np.int64)
    rows = np.repeat(np.arange(len(demand)), demand)
    copy = np.arange(len(rows)) - np.repeat(np.cumsum(demand) - demand, demand)
    return rows[np.argsort((2 * copy + 1) / demand[rows], kind="stable")]


def _made(instance: Heijunka, context: Context, columns: list[Any]) -> tuple[Any, list[Any], int]:
    """Return kernels, their columns in the form that suits them, and the slots of one call."""
    cells = instance.slots * len(instance.products.demand)
    small = cells <= FEW and not jit.is_loaded(KERNELS)
    kernels = jit.plain(KERNELS) if small else context.kernels(KERNELS)
    plain = not kernels.__name__.endswith(jit.SUFFIX)
    shaped = [column.tolist() for column in columns] if plain else columns
    return kernels, shaped, max(1, CHUNK // (100 if plain else 1) // len(instance.products.demand))


def _guide(instance: Heijunka) -> tuple[Any, Any]:
    """Return the diagonal of G, and G itself where products share parts, else None.

    Absolute and largest deviations are chased as squares, as goal chasing does.
    """
    n = len(instance.products.demand)
    factor = {word: sum(t.weight for t in instance.objective if t.term == word) for word in ("rate", "usage")}
    norm = np.array([factor["rate"] * float(weight) for weight in instance.weights])
    if not factor["usage"]:
        return norm, None
    if n > MOST_SHARED:
        raise NotApplicableError(f"it holds what products share as a matrix, for up to {MOST_SHARED} products")
    guide = np.diag(norm)
    for weight, users in instance.usage.values():
        rows = np.array([row for row, _ in users])
        used = np.array([float(quantity) for _, quantity in users])
        guide[np.ix_(rows, rows)] += factor["usage"] * float(weight) * np.outer(used, used)
    return np.diagonal(guide).copy(), guide
