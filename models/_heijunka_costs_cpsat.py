"""Convex costs of a whole count in CP-SAT: sums as literals or squares, the largest of many as levels.

Part of `heijunka_order_cpsat`.
Holds: the variables y_fsj and what prolongs them, and the ranges that the levels b_v open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._cpsat import squared
from ._heijunka_cpsat import levels_of

if TYPE_CHECKING:
    from fractions import Fraction

    from ._cpsat import Total
    from ._heijunka import Cell, Levels
    from ._heijunka_plan import Trace

__all__ = ["NEAR", "convex", "peak"]

NEAR = 64
"""A squared cost of more points than this in one cell is told by a product instead of by literals."""

Read = Callable[["Trace", int], int]
"""The count after a slot under a plan."""


def convex(m: Any, total: Total, weight: Fraction, line: list[Cell], q: dict[int, Any], read: Read) -> None:
    """Add the costs of a count that never falls as increments near its ideal, prolonged beyond; or as products.

    q: the count after each slot of the cells in `line`, which a plan tells by `read`.
    """
    near: dict[tuple[int, int], Any] = {}
    below: dict[int, Any] = {}
    above: dict[int, Any] = {}
    for cell in line:
        s = cell.slot
        if cell.power == 2 and cell.last - cell.first > NEAR:
            _product(m, total, weight, cell, q[s], read)
            continue
        total.add_constant(weight * cell.cost(cell.first))
        literals = [m.new_bool_var("") for _ in range(cell.first, cell.last)]
        for j, literal in enumerate(literals, cell.first + 1):
            near[s, j] = literal
            m.add(q[s] >= j).only_enforce_if(literal)
            m.add(q[s] < j).only_enforce_if(~literal)
            total.add(weight * cell.slope(j - 1), literal, 1)
            if j > cell.first + 1:
                m.add_implication(literal, near[s, j - 1])
            if (s - 1, j) in near:
                m.add_implication(near[s - 1, j], literal)
        value = cell.first + sum(literals)
        if cell.low < cell.first:
            below[s] = m.new_int_var(0, cell.first - cell.low, "")
            total.add(-weight * cell.slope(cell.first), below[s], cell.first - cell.low)
            value -= below[s]
        if cell.last < cell.high:
            above[s] = m.new_int_var(0, cell.high - cell.last, "")
            total.add(weight * cell.slope(cell.last - 1), above[s], cell.high - cell.last)
            value += above[s]
        m.add(q[s] == value)
    at = {cell.slot: cell for cell in line}
    m.derived.append((near, lambda trace, s, j: read(trace, s) >= j))
    m.derived.append((below, lambda trace, s: max(0, at[s].first - read(trace, s))))
    m.derived.append((above, lambda trace, s: max(0, read(trace, s) - at[s].last)))


def _product(m: Any, total: Total, weight: Fraction, cell: Cell, q: Any, read: Read) -> None:
    """Add (Q S - N s)^2 with the square of Q's distance from the whole number next to its ideal."""
    centre = min(max(cell.origin // cell.slots, cell.low), cell.high)
    far = max(cell.high - centre, centre - cell.low)
    distance = m.new_int_var(cell.low - centre, cell.high - centre, "")
    m.add(distance == q - centre)
    square = squared(m, distance, far)
    rest = centre * cell.slots - cell.origin
    total.add(weight * cell.slots**2, square, far**2)
    total.add(weight * 2 * cell.slots * rest, distance, far)
    total.add_constant(weight * rest**2)
    s = cell.slot
    m.derived.append(({(): distance}, lambda trace: read(trace, s) - centre))
    m.derived.append(({(): square}, lambda trace: (read(trace, s) - centre) ** 2))


def peak(
    m: Any, total: Total, weight: Fraction, levels: Levels, counts: list[Any], reached: Callable[[Trace], Fraction]
) -> None:
    """Add the largest of the cells' costs; the levels open the range of each cell's count step by step."""
    b = levels_of(m, total, weight, levels, reached)
    for at, count in enumerate(counts):
        for sign in (1, -1):
            edge, opened = levels.way(at, sign > 0)
            if opened:
                m.add(sign * count <= sign * edge + sum(points * b[v] for v, points in opened.items()))
            for v in sorted(opened):
                m.add(sign * count <= sign * edge).only_enforce_if(~b[v])
                edge += sign * opened[v]
