"""The order of products on a wheel: least changeover minutes, with a bound.

If every product comes up in every turn this is the travelling salesman's tour, found exactly up to `EXACT` products
(dynamic program over subsets, Held and Karp 1962). If some come up more seldom the turns skip them, and all orders of
few products are tried. Beyond that orders are improved by moving and turning round stretches. A changeover is needed
into and out of each lot, so the cheapest assignment of lots to lots that follow them is a bound for any order.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Order", "best_order", "changeovers", "visits"]

EXACT = 15
"""Products up to which the tour is exact."""

ALL = 7
"""Products up to which all orders are tried where turns skip some."""

STARTS = 8
"""Orders that are improved, as far as the effort reaches."""

EFFORT = 1_500_000
"""Lots that are looked at while orders are improved."""

WIDEST = 400
"""Lots of a cycle up to which the bound is computed."""


class Order(NamedTuple):
    """An order of products. minutes: of changeovers in a cycle. bound: no order has less. proven: none is better."""

    rows: tuple[int, ...]
    minutes: float
    bound: float
    proven: bool


def visits(rows: Sequence[int], every: Sequence[int], at: Sequence[int]) -> list[tuple[int, int]]:
    """Return turn and product of every lot of a cycle, when the turns go through the products in this order."""
    return [(turn, row) for turn in range(max(every)) for row in rows if turn % every[row] == at[row]]


def changeovers(lots: Sequence[tuple[int, int]], minutes: Sequence[Sequence[float]]) -> list[float]:
    """Return the changeover minutes into each lot of a cycle."""
    return [minutes[lots[here - 1][1]][row] for here, (_, row) in enumerate(lots)]


def best_order(minutes: Sequence[Sequence[float]], every: Sequence[int], at: Sequence[int]) -> Order:
    """Return the order of least changeover minutes that was found.

    minutes: from the product of a row to that of a column. every, at: product i is in the turns that leave the
    remainder at_i when divided by every_i.
    """
    count = len(every)
    table = [[float(value) for value in row] for row in minutes]

    def total(rows: Sequence[int]) -> float:
        return sum(changeovers(visits(rows, every, at), table))

    if max(every) == 1 and count <= EXACT:
        rows = _tour(np.array(table))
        return Order(rows, total(rows), total(rows), True)
    if count <= ALL:
        rows = min(itertools.permutations(range(count)), key=total)
        return Order(rows, total(rows), total(rows), True)
    bound = _bound(visits(range(count), every, at), np.array(table), every)
    steps = EFFORT // len(visits(range(count), every, at))
    rows, cost = tuple(range(count)), math.inf
    for start in itertools.islice(_starts(table), STARTS):
        found, value, steps = _improved(start, total, steps)
        if value < cost:
            rows, cost = found, value
    return Order(rows, total(rows), bound, total(rows) <= bound * (1 + 1e-12))


def _tour(table: Any) -> tuple[int, ...]:
    """Return the cheapest tour from product 0: the least way through every subset to each of its last products."""
    count = len(table)
    if count == 1:
        return (0,)
    rest = count - 1
    inner = table[1:, 1:]
    cost = np.full((1 << rest, rest), np.inf)
    cost[1 << np.arange(rest), np.arange(rest)] = table[0, 1:]
    came = np.zeros((1 << rest, rest), dtype=np.int8)
    for subset in range(1, 1 << rest):
        ways = cost[subset][:, None] + inner
        least, source = ways.min(axis=0), ways.argmin(axis=0)
        for last in range(rest):
            if not subset >> last & 1 and least[last] < cost[subset | 1 << last, last]:
                cost[subset | 1 << last, last] = least[last]
                came[subset | 1 << last, last] = source[last]
    subset = (1 << rest) - 1
    last = int((cost[subset] + table[1:, 0]).argmin())
    found = []
    while subset:
        found.append(last + 1)
        subset, last = subset & ~(1 << last), int(came[subset, last])
    return (0, *reversed(found))


def _starts(table: Sequence[Sequence[float]]) -> Iterator[tuple[int, ...]]:
    """Return an order for each first product: always on to the nearest product that is left."""
    count = len(table)
    for first in range(count):
        order, left = [first], set(range(count)) - {first}
        while left:
            order.append(min(left, key=lambda row: (table[order[-1]][row], row)))
            left.remove(order[-1])
        yield tuple(order)


def _improved(
    start: tuple[int, ...], total: Callable[[Sequence[int]], float], steps: int
) -> tuple[tuple[int, ...], float, int]:
    """Move stretches of up to three products, as they are or turned round, and turn others, while it helps.

    Returns the order, its minutes, and how many of the steps are left.
    """
    rows, cost = start, total(start)
    improved = True
    while improved and steps > 0:
        improved = False
        for other in _neighbours(rows):
            value = total(other)
            steps -= 1
            if value < cost - 1e-9:
                rows, cost, improved = other, value, True
                break
            if steps <= 0:
                break
    return rows, cost, steps


def _neighbours(rows: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    count = len(rows)
    for size in (1, 2, 3):
        for first in range(count - size + 1):
            part, rest = rows[first : first + size], rows[:first] + rows[first + size :]
            for to in range(len(rest) + 1):
                if to != first:
                    yield rest[:to] + part + rest[to:]
                if size > 1:
                    yield rest[:to] + part[::-1] + rest[to:]
    for first in range(count - 1):
        for last in range(first + 4, count + 1):
            yield rows[:first] + rows[first:last][::-1] + rows[last:]


def _bound(lots: Sequence[tuple[int, int]], table: Any, every: Sequence[int]) -> float:
    """Return the cheapest assignment of lots to the lots that follow: each is left once and reached once.

    Between two lots of a product there is one of any other that comes up as often or more; so none follows itself but
    one that alone comes up most often.
    """
    from scipy.optimize import linear_sum_assignment

    if len(lots) > WIDEST:
        return 0.0
    rows = np.array([row for _, row in lots])
    costs = table[np.ix_(rows, rows)].astype(float)
    least = min(every)
    alone = [row for row, often in enumerate(every) if often == least]
    barred = rows[:, None] == rows[None, :]
    if len(alone) == 1:
        barred &= rows[:, None] != alone[0]
    np.fill_diagonal(barred, True)
    costs[barred] = (costs.max() + 1) * len(lots)
    chosen = linear_sum_assignment(costs)
    return float(costs[chosen].sum())
