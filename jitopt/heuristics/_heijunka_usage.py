"""A sequence whose sums of usage and rate deviations are priced, as arrays.

After k slots, x_i units of product i are built; with z_i = S x_i - k d_i, part l deviates by sum_i b_il z_i / S. So the
squares of one slot cost z' G z / S^2 with G = sum_l w_l b_l b_l', however many parts there are: rates only add the weights
of the products to the diagonal. Absolute deviations cost sum_l r_l |(A z)_l| / S, part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

__all__ = ["Floats", "Ints", "Usage", "costs_of", "usage_of", "value_of"]

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

    demand (n): units. slots: S. metric (n, n): G. amounts (parts, n), prices (parts): A and r of the absolute
    deviations. locked (S): product row that a slot must build, -1 for none. least, most (S + 1, n): units of each product
    that may be built after so many slots, given the locks. exact: all numbers are whole and small enough that nothing
    is rounded.
    """

    demand: Ints
    slots: int
    metric: Floats
    amounts: Floats
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

    @property
    def step(self) -> float:
        """Least difference of two costs that differ; 0 where they may differ by anything."""
        return 1.0 if self.exact else 0.0

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
    locked = _locked(instance)
    if locked is None:
        return None
    metric = _metric(instance, n)
    parts = _absolute(instance)
    # A unit in which everything is whole: squares are counted in 1 / S^2, absolute deviations in 1 / S.
    numbers = [q for q in metric.values() if q] + [slots * q * price for row, price in parts for q in row.values()]
    scale = Fraction(lcm(*(q.denominator for q in numbers)), gcd(*(int(q.numerator) for q in numbers)) or 1)
    whole = np.zeros((n, n))
    for (i, j), quantity in metric.items():
        whole[i, j] = whole[j, i] = float(quantity * scale)
    amounts = np.zeros((len(parts), n))
    prices = np.zeros(len(parts))
    for at, (row, price) in enumerate(parts):
        common = lcm(*(q.denominator for q in row.values()))
        for i, quantity in row.items():
            amounts[at, i] = float(quantity * common)
        prices[at] = float(price * scale * slots / common)
    built = np.zeros((slots + 1, n), dtype=np.int64)
    for slot in np.flatnonzero(locked >= 0).tolist():
        built[slot + 1, locked[slot]] = 1
    least = built.cumsum(axis=0)
    most = demand - (least[-1] - least)
    return Usage(
        demand=demand,
        slots=slots,
        metric=whole,
        amounts=amounts,
        prices=prices,
        locked=locked,
        least=least,
        most=most,
        unit=1 / (scale * slots * slots),
        exact=_small(whole, amounts, prices, demand, slots),
    )


def _locked(instance: Heijunka) -> Ints | None:
    """Return the product row each slot must build, -1 for none; None where there is no plan that does."""
    found = np.full(instance.slots, -1, dtype=np.int64)
    if instance.frozen and instance.current and instance.current.sequence is not None:
        found[: instance.frozen] = [instance.index[p] for p in instance.current.sequence[: instance.frozen]]
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            if found[position - 1] not in (-1, instance.index[product]):
                return None
            found[position - 1] = instance.index[product]
    used = np.bincount(found[found >= 0], minlength=len(instance.products.product))
    return found if bool((used <= np.array(instance.products.demand)).all()) else None


def _factor(instance: Heijunka, term: str, measure: str) -> Fraction:
    told = [exact(t.weight) for t in instance.objective if (t.term, t.measure) == (term, measure)]
    return sum(told, Fraction(0))


def _metric(instance: Heijunka, n: int) -> dict[tuple[int, int], Fraction]:
    """Return the entries of G at and above its diagonal that may be above 0."""
    found: dict[tuple[int, int], Fraction] = {}
    rate, usage = _factor(instance, "rate", "sum_squared"), _factor(instance, "usage", "sum_squared")
    for row, weight in enumerate(instance.weights):
        found[row, row] = rate * weight
    for weight, users in instance.usage.values() if usage else ():
        for at, (i, first) in enumerate(users):
            for j, second in users[at:]:
                pair = (min(i, j), max(i, j))
                found[pair] = found.get(pair, Fraction(0)) + usage * weight * first * second
    return found


def _absolute(instance: Heijunka) -> list[tuple[dict[int, Fraction], Fraction]]:
    """Return quantities by product and price of all whose absolute deviations are priced."""
    found: list[tuple[dict[int, Fraction], Fraction]] = []
    usage = _factor(instance, "usage", "sum_absolute")
    for weight, users in instance.usage.values() if usage else ():
        row = {i: quantity for i, quantity in users if quantity}
        if weight and row:
            found.append((row, usage * weight))
    rate = _factor(instance, "rate", "sum_absolute")
    found += [({i: Fraction(1)}, rate * weight) for i, weight in enumerate(instance.weights) if rate and weight]
    return found


def _small(metric: Any, amounts: Any, prices: Any, demand: Any, slots: int) -> bool:
    """Tell whether every number is whole, and what one slot can cost so small that it is computed without rounding."""
    if not all(bool((array == np.rint(array)).all()) for array in (metric, amounts, prices)):
        return False
    span = slots * demand.astype(float)
    squares = float(span @ np.abs(metric) @ span)
    lines = float(prices @ (np.abs(amounts) @ span)) if len(prices) else 0.0
    return 4 * (squares + lines) < EXACT


def value_of(usage: Usage, rows: Any) -> float:
    """Return what a sequence of product rows costs [units]."""
    return float(costs_of(usage, rows).sum())


def costs_of(usage: Usage, rows: Any) -> Floats:
    """Return what a sequence of product rows costs after every slot [units]."""
    made = np.zeros((usage.slots, usage.products))
    made[np.arange(usage.slots), rows] = 1
    z = usage.slots * made.cumsum(axis=0) - np.arange(1, usage.slots + 1)[:, None] * usage.demand
    costs: Floats = ((z @ usage.metric) * z).sum(axis=1)
    return costs + np.abs(z @ usage.amounts.T) @ usage.prices if len(usage.prices) else costs
