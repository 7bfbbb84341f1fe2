"""Sourcing: which suppliers, for which part, how much, when.

Orders q_spt of part p from supplier s arrive at the start of period t; demand is taken from
stock during the period. Quantities are numbers >= 0, whole multiples where the quote says so.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from jitopt.problems.base import Amount, Instance, Plan, Strict, exact, room
from jitopt.problems.sourcing.tables import (
    Count,
    Current,
    Discounts,
    PartLimits,
    Parts,
    PartShares,
    Quotes,
    Required,
    Stock,
    Suppliers,
)

__all__ = ["Order", "Sourcing", "SourcingPlan"]


class Order(Plan):
    """One order: `quantity` units of `part` from `supplier`, arriving in `period`."""

    supplier: str
    part: str
    period: Annotated[int, Field(ge=1)]
    quantity: Annotated[float, Field(ge=0, le=1e15)]


class SourcingPlan(Plan):
    """The orders. A quantity that is not listed is 0."""

    orders: Annotated[tuple[Order, ...], Field(strict=False)]

    def to_rows(self) -> dict[str, list[Any]]:
        """Return supplier, part, period and quantity of each order."""
        return {
            name: [getattr(order, name) for order in self.orders] for name in ("supplier", "part", "period", "quantity")
        }


class Link(NamedTuple):
    """A quote ready to use, numbers exact."""

    supplier: str
    part: str
    price: Fraction
    fixed_cost: Fraction
    order_cost: Fraction
    capacity: Fraction | None
    minimum: Fraction
    maximum: Fraction | None
    multiple: Fraction | None
    defects: Fraction
    late: Fraction


class Ladder(Strict):
    """A ladder of price breaks: breaks (from_quantity, factor), ascending, the first at 0."""

    supplier: str
    part: str | None
    kind: Literal["all_units", "incremental"]
    breaks: tuple[tuple[Fraction, Fraction], ...]


class Size(NamedTuple):
    """The most that need be ordered of a part with ratio rules [units], and whether that is proven."""

    limit: Fraction
    proven: bool


class Sourcing(Instance[SourcingPlan]):
    """A sourcing instance; see the module and its tables for the symbols.

    suppliers_at_least, suppliers_at_most: limits on the number of suppliers used; for the least
    number a supplier counts from `smallest_use` units of a part on. defect_cost, late_cost: per
    expected defective or late unit [terms "defects", "lateness"].
    """

    plan_type: ClassVar[type[SourcingPlan]] = SourcingPlan
    TABLES: ClassVar[tuple[str, ...]] = (
        "suppliers", "parts", "quotes", "discounts", "stock", "shares", "part_limits", "required",
    )  # fmt: skip

    problem: Literal["sourcing"] = "sourcing"
    suppliers: Suppliers
    parts: Parts
    quotes: Quotes
    discounts: Discounts | None = None
    stock: Stock | None = None
    shares: PartShares | None = None
    part_limits: PartLimits | None = None
    suppliers_at_least: Count | None = None
    suppliers_at_most: Count | None = None
    defect_cost: Amount = 0.0
    late_cost: Amount = 0.0
    current: Current | None = None
    required: Required | None = None

    @cached_property
    def periods(self) -> tuple[int, ...]:
        """The periods 1..T of the horizon."""
        return tuple(range(1, max(self.parts.period, default=0) + 1))

    @cached_property
    def demand(self) -> dict[str, tuple[Fraction, ...]]:
        """Demand d_pt of each part, period by period."""
        found: dict[str, list[Fraction]] = {}
        for part, period, amount in zip(self.parts.part, self.parts.period, self.parts.demand, strict=True):
            found.setdefault(part, [Fraction(0)] * len(self.periods))[period - 1] = exact(amount)
        return {part: tuple(row) for part, row in found.items()}

    @cached_property
    def fixed_cost(self) -> dict[str, Fraction]:
        """Fixed cost F_s of each supplier."""
        table = self.suppliers
        column = table.fixed_cost or (0.0,) * table.rows()
        return {supplier: exact(value) for supplier, value in zip(table.supplier, column, strict=True)}

    @cached_property
    def capacity(self) -> dict[str, Fraction | None]:
        """Capacity C_s of each supplier per period, None without limit."""
        table = self.suppliers
        column = table.capacity or (None,) * table.rows()
        return {
            supplier: None if value is None else exact(value)
            for supplier, value in zip(table.supplier, column, strict=True)
        }

    @cached_property
    def links(self) -> dict[tuple[str, str], Link]:
        """The quotes by (supplier, part)."""
        table = self.quotes
        late = dict(
            zip(
                self.suppliers.supplier,
                (1 - exact(value) for value in self.suppliers.on_time or (1.0,) * self.suppliers.rows()),
                strict=True,
            )
        )

        at = _exact_or_none
        return {
            (supplier, part): Link(
                supplier=supplier,
                part=part,
                price=exact(table.price[row]),
                fixed_cost=at(table.fixed_cost, row) or Fraction(0),
                order_cost=at(table.order_cost, row) or Fraction(0),
                capacity=at(table.capacity, row),
                minimum=at(table.minimum, row) or Fraction(0),
                maximum=at(table.maximum, row),
                multiple=at(table.multiple, row) or None,
                defects=at(table.defects, row) or Fraction(0),
                late=late[supplier],
            )
            for row, (supplier, part) in enumerate(zip(table.supplier, table.part, strict=True))
        }

    @cached_property
    def ladders(self) -> tuple[Ladder, ...]:
        """The price-break ladders, each starting with the break (0, 1)."""
        table = self.discounts
        if table is None:
            return ()
        found: dict[tuple[str, str | None], dict[Fraction, Fraction]] = {}
        kinds: dict[tuple[str, str | None], Literal["all_units", "incremental"]] = {}
        for row, supplier in enumerate(table.supplier):
            key = (supplier, table.part[row] if table.part else None)
            found.setdefault(key, {Fraction(0): Fraction(1)})[exact(table.from_quantity[row])] = exact(
                table.factor[row]
            )
            kinds[key] = table.kind[row] if table.kind else "all_units"
        return tuple(
            Ladder(supplier=key[0], part=key[1], kind=kinds[key], breaks=tuple(sorted(breaks.items())))
            for key, breaks in found.items()
        )

    @cached_property
    def initial(self) -> dict[str, Fraction]:
        """Initial stock of each part."""
        return self._stock_column("initial")

    @cached_property
    def holding_cost(self) -> dict[str, Fraction]:
        """Holding cost of each part, per unit left at the end of a period."""
        return self._stock_column("holding_cost")

    @cached_property
    def storage(self) -> dict[str, Fraction | None]:
        """Storage limit of each part right after a delivery, None without limit."""
        found: dict[str, Fraction | None] = dict.fromkeys(self.demand)
        if self.stock and self.stock.storage:
            for part, value in zip(self.stock.part, self.stock.storage, strict=True):
                found[part] = None if value is None else exact(value)
        return found

    def _stock_column(self, name: str) -> dict[str, Fraction]:
        found = dict.fromkeys(self.demand, Fraction(0))
        column = getattr(self.stock, name) if self.stock else None
        if self.stock and column:
            found.update((part, exact(value)) for part, value in zip(self.stock.part, column, strict=True))
        return found

    @cached_property
    def share_rows(self) -> tuple[tuple[str, str | None, Fraction | None, Fraction | None], ...]:
        """The share limits as (part, supplier or None, at_least, at_most)."""
        table = self.shares
        if table is None:
            return ()
        at = _exact_or_none
        return tuple(
            (part, table.supplier[row] if table.supplier else None, at(table.at_least, row), at(table.at_most, row))
            for row, part in enumerate(table.part)
        )

    @cached_property
    def part_limit_rows(self) -> tuple[tuple[str, int | None, int | None, Fraction | None, Fraction | None], ...]:
        """The part limits as (part, suppliers at least, at most, defects at most, late at most)."""
        table = self.part_limits
        if table is None:
            return ()
        return tuple(
            (
                part,
                table.suppliers_at_least[row] if table.suppliers_at_least else None,
                table.suppliers_at_most[row] if table.suppliers_at_most else None,
                _exact_or_none(table.defects_at_most, row),
                _exact_or_none(table.late_at_most, row),
            )
            for row, part in enumerate(table.part)
        )

    @cached_property
    def required_rows(self) -> tuple[tuple[str, str | None, Fraction], ...]:
        """The required quantities as (supplier, part or None, at_least)."""
        table = self.required
        if table is None:
            return ()
        return tuple(
            (supplier, table.part[row] if table.part else None, exact(table.at_least[row]))
            for row, supplier in enumerate(table.supplier)
        )

    @cached_property
    def awarded(self) -> frozenset[tuple[str, str]]:
        """The links of the current award."""
        if self.current is None:
            return frozenset()
        return frozenset(zip(self.current.award.supplier, self.current.award.part, strict=True))

    @cached_property
    def ratio_sizes(self) -> dict[str, Size]:
        """The most that need be ordered of each part with ratio rules; see `sizes`."""
        found: dict[str, Size] = room(self, "sizes").ratio_sizes(self)
        return found

    @cached_property
    def order_sizes(self) -> dict[tuple[str, str], Fraction]:
        """Largest order that the methods look at, of each link for which that is not proven to be harmless [units]."""
        reach = room(self, "sizes").reachable
        unproven = {part: size.limit for part, size in self.ratio_sizes.items() if not size.proven}
        return {
            key: unproven[link.part]
            for key, link in self.links.items()
            if link.part in unproven
            and all(
                limit is None or limit > unproven[link.part]
                for limit in (link.maximum, link.capacity, self.capacity[link.supplier], self.storage[link.part])
            )
            and link.maximum is None
            and not ((most := reach(self, link)) is not None and most <= unproven[link.part])
        }

    def unsearched(self) -> float | None:
        """Return what a larger order than the `order_sizes` costs at least."""
        deepest = {(ladder.supplier, ladder.part): min(f for _, f in ladder.breaks) for ladder in self.ladders}
        costs = [
            size * self.links[supplier, part].price * deepest.get((supplier, part), deepest.get((supplier, None), 1))
            for (supplier, part), size in self.order_sizes.items()
        ]
        return float(min(costs)) * (1 - 1e-9) if costs else None

    @cached_property
    def smallest_use(self) -> dict[tuple[str, str], Fraction]:
        """Total of each link from which its supplier counts for a least number of suppliers [e_l, units; 0: any]."""
        least = room(self, "sizes").smallest_use
        return {key: least(self, link) for key, link in self.links.items()}

    def reach(self, link: Link) -> Fraction:
        """Return the largest price break or required quantity that an order of `link` can serve [units]."""
        keys = ((link.supplier, None), (link.supplier, link.part))
        return max(self._reach.get(key, Fraction(0)) for key in keys)

    @cached_property
    def _reach(self) -> dict[tuple[str, str | None], Fraction]:
        """Largest price break or required quantity of each supplier, by part or (None) over all."""
        found: dict[tuple[str, str | None], Fraction] = {}
        goals = [((ladder.supplier, ladder.part), ladder.breaks[-1][0]) for ladder in self.ladders]
        goals += [((supplier, part), least) for supplier, part, least in self.required_rows]
        for key, amount in goals:
            found[key] = max(found.get(key, Fraction(0)), amount)
        return found

    def size(self) -> dict[str, int]:
        """Return the counts that say how large the instance is."""
        return {
            "suppliers": self.suppliers.rows(),
            "parts": len(self.demand),
            "periods": len(self.periods),
            "links": len(self.links),
            "breaks": sum(len(ladder.breaks) for ladder in self.ladders),
            "cells": len(self.links) * len(self.periods),
        }


def _exact_or_none(column: tuple[float | None, ...] | None, row: int) -> Fraction | None:
    value = column[row] if column else None
    return None if value is None else exact(value)
