"""The grid of a sourcing search: quantities as whole numbers, and the way back to a plan.

The unit is u = 10**-k, fine enough for every number of the instance where 64-bit integers allow it,
so that the search adds and compares exactly. Limits that fall between two grid points are rounded to
the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._sourcing_links import LadderKey, least_order, order_limits
from jitopt.problems.base import exact
from jitopt.problems.sourcing import Order, Sourcing, SourcingPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.problems.sourcing.instance import Link

__all__ = ["Grid", "Scale", "scale_of"]

LARGEST = 10**15
"""Largest sum of quantities, in grid units."""


@dataclass(frozen=True)
class Grid:
    """What turns grid quantities into a plan and back.

    unit: the grid unit u. pairs: (supplier, part) of each link. multiples: its multiple, exact.
    steps: the multiple in grid units. periods: their number.
    """

    unit: Fraction
    pairs: tuple[tuple[str, str], ...]
    multiples: tuple[Fraction | None, ...]
    steps: tuple[int, ...]
    periods: int

    def plan(self, quantities: Any) -> SourcingPlan:
        """Return the plan of grid quantities, cell by cell."""
        orders = []
        for cell in np.flatnonzero(np.asarray(quantities)):
            link, period = divmod(int(cell), self.periods)
            supplier, part = self.pairs[link]
            for quantity in self._amounts(link, int(quantities[cell])):
                orders.append(Order(supplier=supplier, part=part, period=period + 1, quantity=quantity))
        return SourcingPlan(orders=tuple(orders))

    def _amounts(self, link: int, units: int) -> Iterable[float]:
        """Yield numbers that add up to the quantity; several only where no single one is exact."""
        multiple = self.multiples[link]
        if multiple is None:
            yield float(units * self.unit)
            return
        count = units // self.steps[link]
        while count:
            chunk = count
            while exact(float(chunk * multiple)) != chunk * multiple:
                chunk = (chunk + 1) // 2
            yield float(chunk * multiple)
            count -= chunk

    def cells(self, plan: SourcingPlan) -> Any:
        """Return the grid quantities of a plan (orders of links that are left out are dropped)."""
        index = {pair: link for link, pair in enumerate(self.pairs)}
        found = np.zeros(len(self.pairs) * self.periods, np.int64)
        for order in plan.orders:
            link = index.get((order.supplier, order.part))
            if link is None or order.period > self.periods:
                continue
            multiple = self.multiples[link]
            amount = exact(order.quantity) / (multiple or self.unit)
            found[link * self.periods + order.period - 1] += round(amount) * (
                1 if multiple is None else self.steps[link]
            )
        return found


@dataclass(frozen=True)
class Scale:
    """The grid: `down`, `up` and `near` round a fraction to it."""

    factor: Fraction

    def down(self, value: Fraction) -> int:
        top, bottom = self.factor.as_integer_ratio()
        return value.numerator * top // (value.denominator * bottom)

    def up(self, value: Fraction) -> int:
        top, bottom = self.factor.as_integer_ratio()
        return -(-value.numerator * top // (value.denominator * bottom))

    def rate(self, value: Fraction) -> float:
        """Return a value per unit as one per step of the grid."""
        top, bottom = self.factor.as_integer_ratio()
        return value.numerator * bottom / (value.denominator * top)

    def near(self, value: Fraction) -> int:
        return round(value * self.factor)


def scale_of(
    instance: Sourcing, links: list[Link], reach: dict[LadderKey, Fraction], needs: dict[str, Fraction]
) -> Scale:
    """Choose the grid: all decimals of the data, more where shares need them, as int64 allows."""
    largest: dict[str, Fraction] = {}
    for link in links:
        order = least_order(link) + (link.multiple or 0)
        if link.part in instance.ratio_sizes:
            order += min((instance.ratio_sizes[link.part].limit, *order_limits(instance, link)))
        largest[link.part] = max(largest.get(link.part, Fraction(0)), order)
    demands = sum((sum(row, Fraction(0)) for row in instance.demand.values()), Fraction(0))
    total = demands + sum(reach.values(), Fraction(0)) + sum(largest.values(), Fraction(0))
    total = max(total, *instance.initial.values(), Fraction(1, 10**6))
    most = floor(log10(LARGEST / float(total)))
    digits = max((_decimals(value) for value in _quantities(instance, links)), default=0)
    if instance.shares or instance.part_limits or instance.suppliers_at_least:
        least = min((need for need in needs.values() if need), default=Fraction(1))
        digits = max(digits, floor(11 - log10(float(least))))
    return Scale(Fraction(10) ** min(digits, most))


def _quantities(instance: Sourcing, links: list[Link]) -> set[Fraction]:
    found: set[Fraction | None] = {amount for row in instance.demand.values() for amount in row}
    found.update(instance.initial.values(), instance.storage.values(), instance.capacity.values())
    for link in links:
        found.update((link.capacity, link.minimum, link.multiple))
    found.update(start for ladder in instance.ladders for start, _ in ladder.breaks)
    found.update(amount for _, _, amount in instance.required_rows)
    return {value for value in found if value is not None}


def _decimals(value: Fraction) -> int:
    """Return the number of decimal places of a decimal fraction."""
    bottom, twos, fives = value.denominator, 0, 0
    while bottom % 2 == 0:
        bottom, twos = bottom // 2, twos + 1
    while bottom % 5 == 0:
        bottom, fives = bottom // 5, fives + 1
    return max(twos, fives)
