"""Exact algorithm for sums of rate deviations: assignment by shortest augmenting paths, with a certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_chasing import earliest
from jitopt.heuristics._heijunka_dense import dense, exact_in_floats
from jitopt.heuristics._heijunka_kinds import COARSE, FINEST, rows_of, table_of, work_of
from jitopt.heuristics._heijunka_rates import below, chain_of, rates_of, require
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._kernels.heijunka_assign import LOST, PLACED, Kinds, Work
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import RATE_SUM
from jitopt.problems.heijunka.levels import deviations

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_kinds import Table
    from jitopt.heuristics._heijunka_rates import Ints, Rates
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_assign",
    "problem": "heijunka",
    "technology": "numba",
    "proof": "exact_algorithm",
    "form": "rate_sum",
    "summary": "Product rates, sums of squared or absolute deviations: assignment to positions, exactly",
    "source": "Kubiak & Sethi 1991; Jonker & Volgenant 1987",
    "page": "docs/methods/heijunka_assign.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_assign"

FEW = 300
"""Up to so many units in a cycle the plain kernel is quicker than loading the compiled one."""

DENSE = 1500
"""Up to so many units scipy's dense assignment, and the plain kernel where it cannot express the instance, are quicker
than making machine code; they are slower than having it."""

LARGE = 20_000
"""From so many units on a plan and a bound are told before the search."""

LOOKS = 256
"""Positions looked at between two questions whether to stop, at first."""

PAUSE = 0.05
"""Seconds that lie between two such questions, about."""


@dataclass(frozen=True)
class Solution:
    """rows: product row of each slot of a cycle. breach: by how much a pair breaks the certificate, 0 for none."""

    rows: Ints
    breach: int


def run(instance: Heijunka, context: Context) -> None:
    """Report the optimum and its value as the bound, proven by prices that every pair of unit and slot keeps."""
    require(instance, RATE_SUM)
    if context.start is not None:
        context.report(context.start)
    rates = rates_of(instance)
    if rates is None:
        return
    if instance.units >= LARGE:
        context.bound(rounding_bound(instance))
        if not len(rates.sites) and not rates.frozen:
            context.report(HeijunkaPlan.model_construct(sequence=chain_of(instance, earliest(instance), 1)))
    for finest in (FINEST, COARSE):
        table = table_of(rates, finest)
        try:
            found = solve(rates, table, context)
            break
        except OverflowError:
            continue
    else:
        raise NotApplicableError("its weights lie too far apart for whole numbers of 64 bits")
    if found is None:
        return
    bound = value(rates, table, found.rows) - found.breach * rates.units * table.unit
    context.report(HeijunkaPlan.model_construct(sequence=chain_of(instance, found.rows, rates.cycles)))
    context.bound(below(bound * rates.cycles))


def solve(rates: Rates, table: Table, context: Context) -> Solution | None:
    """Return the optimal assignment, None where the time is over.

    Of several optima the dense road may find another one, so a deterministic solve does not take it.

    Raises
    ------
    OverflowError
        Where a unit finds no slot within what 64 bits can price.
    """
    if rates.units <= FEW and not jit.is_loaded(KERNELS):
        return _augment(rates, table, context, jit.plain(KERNELS))
    slow = context.work is None and not jit.is_cached(KERNELS)
    if slow and rates.units <= DENSE:
        if not len(rates.sites) and exact_in_floats(rates, table):
            return Solution(*dense(rates, table))
        # From a plan in force a short call would else end before its machine code is made, again and again.
        return _augment(rates, table, context, jit.plain(KERNELS))
    return _augment(rates, table, context, context.kernels(KERNELS))


def _augment(rates: Rates, table: Table, context: Context, kernels: Any) -> Solution | None:
    """Place all positions by shortest augmenting paths, then check every pair."""
    kinds, work, sites = table.kinds, work_of(table, rates), rates.sites
    value, front, back = (np.zeros(rates.units, dtype=np.int64) for _ in range(3))
    if not kernels.__name__.endswith(jit.SUFFIX):
        kinds, work = Kinds(*map(_listed, kinds)), Work(*map(_listed, work))
        sites, value, front, back = (column.tolist() for column in (sites, value, front, back))
    looks = LOOKS
    while work.state[PLACED] < len(work.order):
        if context.stopped():
            return None
        began = time.perf_counter()
        kernels.insert(kinds, work, sites, table.move, looks)
        if work.state[LOST]:
            raise OverflowError
        looks = max(64, int(looks * min(4.0, PAUSE / max(1e-4, time.perf_counter() - began))))
    context.stopped()
    _, breach = kernels.certify(kinds, work, sites, table.move, len(rates.frozen), value, front, back)
    return Solution(rows_of(table, rates, np.asarray(work.owner)), int(breach))


def _listed(column: Any) -> Any:
    return column.tolist() if isinstance(column, np.ndarray) else column


def value(rates: Rates, table: Table, rows: Ints) -> Fraction:
    """Return what a cycle costs at the prices of the table, exactly."""
    order = (np.argsort(rows, kind="stable") + 1).tolist()
    ends = np.cumsum(np.bincount(rows, minlength=len(rates.demand))).tolist()
    built = [order[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    total = Fraction(0)
    for prices, measure in ((table.squared, "sum_squared"), (table.absolute, "sum_absolute")):
        if any(prices):
            total += sum(deviations(zip(prices, rates.demand, built, strict=True), rates.units, measure), Fraction(0))
    if table.moved:
        total += table.moved * int(np.count_nonzero(rates.current != rows[: len(rates.current)]))
    return total
