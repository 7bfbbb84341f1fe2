"""A sequence whose sums of usage and rate deviations are priced, as arrays.

After k slots, x_i units of product i are built; with z_i = S x_i - k d_i, part l deviates by sum_i b_il z_i / S. So
the squares of one slot cost z' G z / S^2 with G = sum_l w_l b_l b_l', however many parts there are: rates only add the
weights of the products to the diagonal. Absolute deviations cost sum_l r_l |(A z)_l| / S, part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_locked import locked_rows
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

__all__ = ["Floats", "Ints", "Usage", "costs_of", "even", "usage_of", "value_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXACT = 1 << 52
"""Whole numbers up to here are added and multiplied in floats without rounding."""

MARGIN = 1e-9
"""Share by which a bound that was computed with rounding is lowered."""

MOST_PRODUCTS = 2000
"""Most products whose common parts are held as a matrix."""


@dataclass(frozen=True)
class Usage:
    """The arrays of an instance; costs are in multiples of `unit`.

    demand (n): units. slots: S. metric (n, n): G. amounts (parts, n): A, whole units of each part in each product; a
    priced rate is a part of one product. squares, prices (parts): prices of squared (w) and absolute deviations (r).
    locked (S): product row that a slot must build, -1 for none. least, most (S + 1, n): units of each product
    that may be built after so many slots, given the locks. exact: all numbers are whole and small enough that nothing
    is rounded.
    """

    demand: Ints
    slots: int
    metric: Floats
    amounts: Floats
    squares: Floats
    prices: Floats
    locked: Ints
    least: Ints
    most: Ints
    unit: Fraction
    exact: bool

    @property
    def products(self) -> int:
        """Number of products n."""
        return len(self.demand)

    def below(self, cost: float) -> float:
        """Return a cost that was computed as a bound, lowered by what may have been rounded."""
        return cost if self.exact else cost - MARGIN * abs(cost)

    def told(self, cost: float) -> float:
        """Return a cost as an objective."""
        return float(Fraction(cost) * self.unit)


def usage_of(instance: Heijunka) -> Usage | None:
    """Return the arrays, None where two locks contradict each other.

    Raises
    ------
    NotApplicableError
        If there are too many products.
    """
    demand = np.array(instance.products.demand, dtype=np.int64)
    n, slots = len(demand), instance.slots
    if n > MOST_PRODUCTS:
        raise NotApplicableError(f"it holds what products share as a matrix, for up to {MOST_PRODUCTS} products")
    locked = locked_rows(instance)
    if locked is None:
        return None
    parts = _parts(instance)
    numbers = [q for part in parts for q in (part.squared, slots * part.absolute) if q]
    # A unit in which every price is whole: squares are counted in 1 / S^2, absolute deviations in 1 / S.
    scale = Fraction(lcm(*(q.denominator for q in numbers)), gcd(*(q.numerator for q in numbers)) or 1)
    amounts = np.zeros((len(parts), n))
    for at, part in enumerate(parts):
        for row, units in part.units.items():
            amounts[at, row] = units
    squares = np.array([float(part.squared * scale) for part in parts])
    prices = np.array([float(part.absolute * slots * scale) for part in parts])
    metric: Floats = (amounts.T * squares) @ amounts
    least, most = _reach(demand, locked)
    return Usage(
        demand=demand,
        slots=slots,
        metric=metric,
        amounts=amounts,
        squares=squares,
        prices=prices,
        locked=locked,
        least=least,
        most=most,
        unit=1 / (scale * slots * slots),
        exact=_small(amounts, squares, prices, demand, slots),
    )


def _reach(demand: Ints, locked: Ints) -> tuple[Ints, Ints]:
    """Return the least and the most units of each product after so many slots."""
    shape = (len(locked) + 1, len(demand))
    if (locked < 0).all():
        return np.broadcast_to(np.zeros_like(demand), shape), np.broadcast_to(demand, shape)
    built = np.zeros(shape, dtype=np.int64)
    slots = np.flatnonzero(locked >= 0)
    built[slots + 1, locked[slots]] = 1
    least = built.cumsum(axis=0)
    return least, demand - (least[-1] - least)


def even(usage: Usage) -> Ints:
    """Return the product rows of a sequence that spreads the free units of each product (Inman & Bulfin 1991)."""
    locked = usage.locked
    left = usage.demand - np.bincount(locked[locked >= 0], minlength=usage.products)
    rows = np.repeat(np.arange(usage.products), left)
    copy = np.arange(len(rows)) - np.repeat(left.cumsum() - left, left)
    found = locked.copy()
    found[locked < 0] = rows[np.argsort((2 * copy + 1) / left[rows], kind="stable")]
    return found


def _factor(instance: Heijunka, term: str, measure: str) -> Fraction:
    told = [exact(t.weight) for t in instance.objective if (t.term, t.measure) == (term, measure)]
    return sum(told, Fraction(0))


class _Part(NamedTuple):
    """A priced part: whole units in each product row, prices of squared and absolute deviations in such units."""

    units: dict[int, int]
    squared: Fraction
    absolute: Fraction


def _parts(instance: Heijunka) -> list[_Part]:
    """Return all whose deviations are priced; a rate is the usage of a part that one product alone has."""
    found: list[_Part] = []
    known: dict[str, list[tuple[Fraction, tuple[tuple[int, Fraction], ...]]]] = {
        "usage": list(instance.usage.values()),
        "rate": [(weight, ((row, Fraction(1)),)) for row, weight in enumerate(instance.weights)],
    }
    for term, rows in known.items():
        squared, absolute = (_factor(instance, term, f"sum_{word}") for word in ("squared", "absolute"))
        for weight, users in rows:
            used = {row: quantity for row, quantity in users if quantity}
            if used and weight and (squared or absolute):
                common = lcm(*(quantity.denominator for quantity in used.values()))
                units = {row: int(quantity * common) for row, quantity in used.items()}
                found.append(_Part(units, squared * weight / common**2, absolute * weight / common))
    return found


def _small(amounts: Floats, squares: Floats, prices: Floats, demand: Ints, slots: int) -> bool:
    """Tell whether what one slot can cost is so small a whole number that it is computed without rounding."""
    if not bool((squares == np.rint(squares)).all() and (prices == np.rint(prices)).all()):
        return False
    span = amounts @ (slots * demand.astype(float))
    return 4 * float(squares @ span**2 + prices @ span) < EXACT


def value_of(usage: Usage, rows: Any) -> float:
    """Return what a sequence of product rows costs [units]."""
    return float(costs_of(usage, rows).sum())


def costs_of(usage: Usage, rows: Any) -> Floats:
    """Return what a sequence of product rows costs after every slot [units]."""
    made = np.zeros((usage.slots, usage.products))
    made[np.arange(usage.slots), rows] = 1
    z = usage.slots * made.cumsum(axis=0) - np.arange(1, usage.slots + 1)[:, None] * usage.demand
    costs: Floats = ((z @ usage.metric) * z).sum(axis=1)
    return costs + np.abs(z @ usage.amounts.T) @ usage.prices if usage.prices.any() else costs
