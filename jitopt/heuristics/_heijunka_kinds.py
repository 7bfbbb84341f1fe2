"""The kinds of units of a product-rate instance, as the flat arrays that the assignment kernels work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._heijunka_rates import whole
from jitopt.heuristics._kernels.heijunka_assign import FAR, Kinds, Work

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.heuristics._heijunka_rates import Ints, Rates

__all__ = ["COARSE", "FINEST", "Table", "rows_of", "table_of", "work_of"]

FINEST = 1 << 46
"""Largest product of a price, in whole multiples of the unit, and the units of a cycle.

A kind's cost is priced up to FAR/4 = 2^58, 4096 times that: far beyond the length of any path that was seen.
"""

COARSE = 1 << 42
"""The same for prices that must be rounded down, which are then wrong by units 2^-42 of the largest, at most."""

ENDLESS = 1 << 40
"""A distance that no position has."""


@dataclass(frozen=True)
class Table:
    """The kinds with what leads back to products and prices.

    kinds: for the kernels. products: rows of the products behind each kind. unit: what a cost of 1 stands for
    [objective]. move: price of a move in such units. squared, absolute: the prices in use, which lie below the
    true ones where those have no common unit that is coarse enough.
    """

    kinds: Kinds
    products: list[tuple[int, ...]]
    unit: Fraction
    move: int
    squared: tuple[Fraction, ...]
    absolute: tuple[Fraction, ...]
    moved: Fraction


def table_of(rates: Rates, finest: int = FINEST) -> Table:
    """Return the kinds of an instance: of each copy that is not frozen, one for all products that are alike."""
    n, units = len(rates.demand), rates.units
    prices, unit = whole([*rates.squared, *rates.absolute, rates.move], finest // units, COARSE // units)
    squared, absolute, move = prices[:n], prices[n : 2 * n], prices[2 * n]
    built = np.bincount(np.array(rates.frozen, dtype=np.int64), minlength=n).tolist()
    alike: dict[tuple[int, ...], list[int]] = {}
    for row, demand in enumerate(rates.demand):
        if demand > built[row]:
            own = row if len(rates.sites) else -1
            alike.setdefault((demand, built[row], squared[row], absolute[row], own), []).append(row)
    copies = [_copies(units, key, len(rows)) for key, rows in alike.items()]
    columns = [np.concatenate(column) for column in zip(*copies, strict=True)] if copies else []
    if not columns:
        columns = [np.empty(0, dtype=np.int64)] * 11
    order = np.lexsort((columns[0], -columns[10]))  # steep ones first: they are nearest, and their paths bound the rest
    columns = [np.ascontiguousarray(column[order]) for column in columns]
    behind = [tuple(rows) for (demand, done, a, b, _), rows in alike.items() for _ in range(_kinds(demand, done, a, b))]
    return Table(
        kinds=_shelve(columns, units),
        products=[behind[at] for at in order.tolist()],
        unit=unit / units,
        move=move * units,
        squared=tuple(unit * price for price in squared),
        absolute=tuple(unit * price for price in absolute),
        moved=unit * move,
    )


def _kinds(demand: int, built: int, squared: int, absolute: int) -> int:
    """Return how many kinds the copies of a product make: one where nothing tells them apart."""
    return demand - built if squared or absolute else 1


def _copies(units: int, key: tuple[int, ...], alike: int) -> list[Ints]:
    """Return the columns of the copies of products that are alike, in the order of `Kinds`, then the shelf's key.

    key: demand, units that are frozen, prices of squared and absolute deviations, own row or -1.
    """
    demand, built, squared, absolute, own = key
    if not squared and not absolute:
        zeros = np.zeros(1, dtype=np.int64)
        many = zeros + alike * (demand - built)
        return [zeros + units // 2, *[zeros] * 4, *[zeros + ENDLESS] * 2, zeros, zeros + own, many, zeros - 1]
    odd = (2 * np.arange(built + 1, demand + 1, dtype=np.int64) - 1) * units
    ideal = -(-odd // (2 * demand))
    tilt = demand * (2 * ideal - 1) - odd
    left = ideal - 1 - (odd - units) // (2 * demand)
    right = -(-(odd + units) // (2 * demand)) - ideal
    ones = np.ones_like(ideal)
    steep = (squared * demand).bit_length() * 64 + (absolute * demand).bit_length()
    return [
        *[ideal - 1, tilt * squared, ones * (squared * demand), tilt * absolute, ones * (absolute * demand)],
        *[left, right, ones * (absolute * units), ones * own, ones * alike, ones * steep],
    ]


def _shelve(columns: list[Ints], units: int) -> Kinds:
    """Return sorted columns with their shelves."""
    ideal, tilt, bend, tilt_2, bend_2, left, right, slope, product, many, steep = columns
    first = np.append(np.flatnonzero(np.diff(steep, prepend=ENDLESS)), len(steep)).astype(np.int64)
    starts = first[:-1]
    # A shelf's kinds cost at least so much: their least curvature, and the least slope and earliest bend of those.
    low, low_2, flat = (
        np.minimum.reduceat(column, starts) if len(starts) else starts for column in (bend, bend_2, slope)
    )
    most = np.maximum.reduceat(bend + bend_2, starts) if len(starts) else starts
    reach = np.minimum(np.sqrt(float(FAR) / 4 / np.maximum(1, most)), float(ENDLESS)).astype(np.int64)
    low_end = np.minimum(flat // np.maximum(1, 2 * low_2) + 1, ENDLESS)
    bounds = zip(first[:-1].tolist(), first[1:].tolist(), strict=True)
    counts = [(start, np.bincount(ideal[start:end], minlength=units)) for start, end in bounds]
    near = [start + np.cumsum(count) - count for start, count in counts]
    return Kinds(
        *(ideal, tilt, bend, tilt_2, bend_2, left, right, slope),
        *(np.repeat(reach, np.diff(first)), product, many, first, low, low_2, low_end, flat),
        np.concatenate([*near, np.empty(0)]).astype(np.int32),
        bool(bend_2.any()),
    )


def work_of(table: Table, rates: Rates) -> Work:
    """Return the state before the first position is placed; frozen ones have an owner that no search meets."""
    units, count = rates.units, len(table.products)
    owner = np.full(units, -1, dtype=np.int64)
    owner[: len(rates.frozen)] = 0
    price, distance, seen, closed, came, heap, where, passed = (np.zeros(count, dtype=np.int64) for _ in range(8))
    ahead, behind = np.arange(1, count + 1), np.arange(-1, count - 1)
    head, after, before = (np.full(size, -1, dtype=np.int64) for size in (count, units, units))
    return Work(
        *(
            _coarse_to_fine(len(rates.frozen), units),
            owner,
            price,
            table.kinds.units.copy(),
            ahead,
            behind,
            head,
            after,
            before,
        ),
        *(distance, seen, closed, came, heap, where, passed, np.zeros(3, dtype=np.int64)),
    )


def _coarse_to_fine(begin: int, end: int) -> Ints:
    """Return the positions from begin to end in the order of their bits read backwards (van der Corput)."""
    bits = max(1, end - begin - 1).bit_length()
    plain = np.arange(1 << bits, dtype=np.int64)
    turned = np.zeros_like(plain)
    for bit in range(bits):
        turned |= ((plain >> bit) & 1) << (bits - 1 - bit)
    return turned[turned < end - begin] + begin


def rows_of(table: Table, rates: Rates, owner: Any) -> Ints:
    """Return the product row of each slot: the positions of a kind go to its products in turn."""
    begin = len(rates.frozen)
    rows = np.empty(rates.units, dtype=np.int64)
    rows[:begin] = rates.frozen
    order = np.argsort(owner[begin:], kind="stable") + begin
    behind = [
        row
        for products, size in zip(table.products, table.kinds.units.tolist(), strict=True)
        for row in products * (size // len(products))
    ]
    rows[order] = np.array(behind, dtype=np.int64)
    return rows
