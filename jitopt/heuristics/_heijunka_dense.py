"""The dense road of the product-rate assignment: scipy on the whole matrix, prices by shortest paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._heijunka_kinds import rows_of

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_kinds import Table
    from jitopt.heuristics._heijunka_rates import Ints, Rates

__all__ = ["dense", "exact_in_floats", "matrix"]


EXACT = 2.0**53
"""scipy computes with floats: whole numbers below this are exact."""


def exact_in_floats(rates: Rates, table: Table) -> bool:
    """Tell whether no cost of the matrix is too large for scipy."""
    kinds = table.kinds
    steepest = float((kinds.bend + kinds.bend_2).max(initial=0))
    return steepest * (rates.units + 1.0) ** 2 < EXACT


def matrix(rates: Rates, table: Table) -> tuple[Ints, Ints]:
    """Return the kind of each unit and the cost of every unit in every slot that is not frozen."""
    kinds = table.kinds
    kind = np.repeat(np.arange(len(table.products)), kinds.units)
    e = np.arange(len(rates.frozen), rates.units)[None, :] - kinds.ideal[kind][:, None]
    cost = e * (kinds.tilt[kind][:, None] + kinds.bend[kind][:, None] * e)
    if kinds.kinked:
        near = np.clip(e, -kinds.left[kind][:, None], kinds.right[kind][:, None])
        cost += near * (kinds.tilt_2[kind][:, None] + kinds.bend_2[kind][:, None] * near)
        cost += np.abs(e - near) * kinds.slope[kind][:, None]
    return kind, cost


def dense(rates: Rates, table: Table) -> tuple[Ints, int]:
    """Return the product rows of the best cycle and by how much a pair breaks its certificate.

    The price of a slot is the length of the shortest path to it through exchanges. Where no cycle of exchanges
    gains anything, the prices settle, and then every pair of unit and slot keeps them.
    """
    from scipy.optimize import linear_sum_assignment

    kind, cost = matrix(rates, table)
    _, slot = linear_sum_assignment(cost)
    units = len(kind)
    taken = np.empty(units, dtype=np.int64)
    taken[slot] = np.arange(units)
    step = cost[taken] - cost[taken, np.arange(units)][:, None]
    price = np.zeros(units, dtype=np.int64)
    for _ in range(units):
        lower = np.minimum(price, (step + price[:, None]).min(axis=0))
        if np.array_equal(lower, price):
            break
        price = lower
    breach = int((price[None, :] - price[:, None] - step).max(initial=0))
    owner = np.zeros(rates.units, dtype=np.int64)
    owner[len(rates.frozen) + slot] = kind
    return rows_of(table, rates, owner), max(0, breach)
