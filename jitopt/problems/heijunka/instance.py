"""Heijunka: in which order, or in which bucket, each product is built.

One shape serves both forms of the plan. A *slot* is a position of the sequence (exactly one
unit) or a bucket of the heijunka box (up to `capacity` units, one pitch long). With S slots,
demand d_i, and X_is the units of product i built in the slots 1..s, the ideal is X_is = d_i s/S.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from jitopt.problems.base import LARGEST, Amount, Identifier, Identifiers, Instance, Plan, Strict, exact, room
from jitopt.problems.heijunka.box import BoxData, box_data, summed_demand
from jitopt.problems.heijunka.tables import (
    Bill,
    Box,
    Changeovers,
    Current,
    Demands,
    Fixed,
    Options,
    Parts,
    Products,
    Ratios,
)
from jitopt.problems.heijunka.work import Station, Stations, Work, stations_of

__all__ = ["Bucket", "Heijunka", "HeijunkaPlan", "Measure", "Term"]

Measure = Literal["sum_squared", "sum_absolute", "max_squared", "max_absolute", "sum_violated"]
Term = Literal[
    "rate", "usage", "ratio", "changeover", "high_ratio", "low_ratio", "colour_changes",
    "overload", "idle", "volume", "epei",
]  # fmt: skip


def _usual_measure(known: dict[str, Any]) -> Measure:
    """Return the measure of a term that tells none."""
    return "sum_squared" if known.get("term") in ("rate", "usage", "volume") else "sum_absolute"


class Objective(Strict):
    """One term of the objective: weight x measure of the term's deviations.

    term: "rate" (v = X_is - d_i s/S for each product and slot), "usage" (v = U_ls - N_l s/S for
    each part and slot), "ratio" (v = units above p_o, for each full window of a rule that is not
    hard), "high_ratio" and "low_ratio" (the same of the rules of that priority), "changeover" (v = cost
    between neighbouring slots), "colour_changes" (v = 1 between neighbouring slots of different colours),
    "overload" and "idle" (v = minutes of work left undone, or of waiting, for each station and slot; see `work`),
    "volume" (v = units of a bucket - D/S), "epei" (v = most consecutive buckets without a product).
    measure: sum_squared (sum of w v^2), sum_absolute (sum of w |v|), max_squared, max_absolute,
    or sum_violated (sum of w over v > 0; ratio and overload only). Left out: sum_squared for the deviations
    "rate", "usage" and "volume", sum_absolute for the others.
    """

    term: Term
    measure: Measure = Field(default_factory=_usual_measure)
    weight: Amount = 1.0


class Bucket(Plan):
    """Units of one product in one bucket."""

    bucket: Annotated[int, Field(ge=1)]
    product: Identifier
    quantity: Annotated[float, Field(ge=0)]


class HeijunkaPlan(Plan):
    """The level schedule: `sequence` (product ids in order of building) or `buckets`."""

    sequence: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    buckets: Annotated[tuple[Bucket, ...], Field(strict=False)] | None = None

    def to_rows(self) -> dict[str, list[Any]]:
        """Return position and product of each unit, or bucket, product and quantity."""
        if self.sequence is not None:
            return {"position": list(range(1, len(self.sequence) + 1)), "product": list(self.sequence)}
        rows = self.buckets or ()
        return {
            "bucket": [row.bucket for row in rows],
            "product": [row.product for row in rows],
            "quantity": [row.quantity for row in rows],
        }


class Heijunka(Instance[HeijunkaPlan]):
    """A level-scheduling instance; see the module for the symbols.

    products, bill, parts, ratios, options, changeovers: tables. objective: the priced terms.
    box: given when the plan is in buckets. current: the plan in force. frozen: number of leading
    slots that stay as in `current`. fixed: single slots that must build a product. previous: product
    ids built right before slot 1, in order (with a box: those in the bucket before bucket 1): not part of
    the plan, but seen by open ratio rules, changeovers and colour changes. longest_colour_run: most
    consecutive slots in one colour; what is in `previous` does not count [slots]. demands: what is due on
    each day of the box. takt: minutes between two launches [minutes]. stations, work: tables of the line.
    """

    plan_type: ClassVar[type[HeijunkaPlan]] = HeijunkaPlan
    TABLES: ClassVar[tuple[str, ...]] = (
        *("products", "bill", "parts", "ratios", "options", "changeovers", "fixed", "demands"),
        *("stations", "work"),
    )

    problem: Literal["heijunka"] = "heijunka"
    products: Products
    bill: Bill | None = None
    parts: Parts | None = None
    ratios: Ratios | None = None
    options: Options | None = None
    changeovers: Changeovers | None = None
    objective: Annotated[tuple[Objective, ...], Field(min_length=1, strict=False)]
    box: Box | None = None
    current: Current | None = None
    frozen: Annotated[int, Field(ge=0)] = 0
    fixed: Fixed | None = None
    previous: Identifiers | None = None
    longest_colour_run: Annotated[int, Field(ge=1, le=10**7)] | None = None
    takt: Annotated[float, Field(gt=0, le=LARGEST)] | None = None
    stations: Stations | None = None
    work: Work | None = None
    demands: Demands | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Sum up the demand that only the table `demands` gives."""
        if self.demands is not None and not self.products.demand:
            filled = self.products.model_copy(update={"demand": summed_demand(self)})
            self.__dict__["products"] = filled

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each product."""
        return {product: row for row, product in enumerate(self.products.product)}

    @cached_property
    def units(self) -> int:
        """Total demand D [units]."""
        return sum(self.products.demand)

    @property
    def slots(self) -> int:
        """Number of slots S: positions of the sequence, or buckets."""
        return self.box.buckets if self.box else self.units

    @property
    def capacity(self) -> int:
        """Most units in one slot: 1 for a sequence."""
        return self.box.capacity if self.box else 1

    @cached_property
    def box_data(self) -> BoxData:
        """Days, due dates, minutes and packs of the box."""
        return box_data(self)

    @cached_property
    def weights(self) -> tuple[Fraction, ...]:
        """Weight w_i of each product's rate deviation."""
        given = self.products.weight
        return tuple(exact(w) for w in given) if given else (Fraction(1),) * len(self.products.product)

    @cached_property
    def usage(self) -> dict[str, tuple[Fraction, tuple[tuple[int, Fraction], ...]]]:
        """For each part: weight v_l and the (product row, quantity b_il) that use it."""
        weights = dict(zip(self.parts.part, self.parts.weight, strict=True)) if self.parts else {}
        users: dict[str, list[tuple[int, Fraction]]] = {}
        if self.bill:
            for product, part, quantity in zip(self.bill.product, self.bill.part, self.bill.quantity, strict=True):
                users.setdefault(part, []).append((self.index[product], exact(quantity)))
        return {part: (exact(weights.get(part, 1)), tuple(rows)) for part, rows in users.items()}

    @cached_property
    def ratio_rules(self) -> tuple[RatioRule, ...]:
        """The ratio rules, each with the rows of the products it counts."""
        table = self.ratios
        if table is None:
            return ()
        carriers: dict[str, set[int]] = {ratio: set() for ratio in table.ratio}
        if self.options:
            for product, ratio in zip(self.options.product, self.options.ratio, strict=True):
                carriers[ratio].add(self.index[product])
        return tuple(
            RatioRule(
                ratio=ratio,
                at_most=table.at_most[row],
                in_any=table.in_any[row],
                weight=exact(table.weight[row]) if table.weight else Fraction(1),
                hard=bool(table.hard and table.hard[row]),
                open=bool(table.open and table.open[row]),
                priority=table.priority[row] if table.priority else None,
                products=tuple(sorted(carriers[ratio])),
            )
            for row, ratio in enumerate(table.ratio)
        )

    @cached_property
    def previous_rows(self) -> tuple[int, ...]:
        """Product row of each unit built right before slot 1, in order."""
        return tuple(self.index[product] for product in self.previous or ())

    @cached_property
    def colours(self) -> tuple[int, ...]:
        """Number of each product's colour; products without one share a number."""
        column = self.products.colour or (None,) * len(self.products.product)
        numbers: dict[str | None, int] = {}
        return tuple(numbers.setdefault(colour, len(numbers)) for colour in column)

    @cached_property
    def line_stations(self) -> tuple[Station, ...]:
        """The stations of the line, each with the minutes of every product."""
        return stations_of(self)

    @cached_property
    def changeover_cost(self) -> dict[tuple[int, int], Fraction] | None:
        """Cost of each listed (before, after) pair of product rows; None when every change costs 1."""
        table = self.changeovers
        if table is None:
            return None
        pairs = zip(table.before, table.after, table.cost, strict=True)
        return {(self.index[a], self.index[b]): exact(cost) for a, b, cost in pairs}

    @cached_property
    def current_slots(self) -> tuple[dict[int, int], ...] | None:
        """Units of each product row in each slot that the current plan covers, None without one.

        A current sequence shorter than the horizon covers its own length only: units behind
        its end are new, not moved.
        """
        if self.current is None:
            return None
        if self.current.sequence is not None:
            return tuple({self.index[product]: 1} for product in self.current.sequence[: self.slots])
        slots: list[dict[int, int]] = [{} for _ in range(self.slots)]
        if self.current.buckets is not None:
            table = self.current.buckets
            for bucket, product, quantity in zip(table.bucket, table.product, table.quantity, strict=True):
                if bucket <= self.slots and quantity:
                    slots[bucket - 1][self.index[product]] = quantity
        return tuple(slots)

    def spacing_of(self, row: int) -> int:
        """Least distance between two slots that build product `row` (1 binds nothing)."""
        column = self.products.spacing
        return (column[row] or 1) if column else 1

    def longest_run_of(self, row: int) -> int | None:
        """Most consecutive slots that build product `row`, None without limit."""
        column = self.products.longest_run
        return column[row] if column else None

    def shortest_run_of(self, row: int) -> int:
        """Least consecutive slots that build product `row` (1 binds nothing)."""
        column = self.products.shortest_run
        return (column[row] or 1) if column else 1

    def forms(self) -> frozenset[str]:
        """Return the pure forms of levelling that the instance has; see `form`."""
        found: frozenset[str] = room(self, "form").forms(self)
        return found

    def size(self) -> dict[str, int]:
        """Return the counts that say how large the instance is."""
        size = {
            "products": len(self.products.product),
            "units": self.units,
            "slots": self.slots,
            "parts": len(self.usage),
            "ratios": len(self.ratio_rules),
            "cells": self.slots * len(self.products.product),
        }
        return size | {"stations": self.stations.rows()} if self.stations else size


class RatioRule(Strict):
    """A ratio rule ready to use: at most `at_most` units of `products` (rows) in any `in_any` slots."""

    ratio: str
    at_most: int
    in_any: int
    weight: Fraction
    hard: bool
    products: tuple[int, ...]
    open: bool = False
    priority: Literal["high", "low"] | None = None

    def priced_by(self, term: str) -> bool:
        """Tell whether the term prices the rule."""
        return not self.hard and term in ("ratio", f"{self.priority}_ratio")
