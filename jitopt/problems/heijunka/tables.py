"""The tables of a heijunka instance, column by column."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from jitopt.problems.base import (
    Amount,
    Counts,
    Flags,
    Identifiers,
    Numbers,
    OptionalIdentifiers,
    OptionalPositives,
    Positives,
    Strict,
    Table,
    as_tuple,
)

__all__ = ["Bill", "Box", "Changeovers", "Current", "Demands", "Fixed", "Options", "Parts", "Products", "Ratios"]

Priorities = Annotated[tuple[Literal["high", "low"] | None, ...], BeforeValidator(as_tuple)]


class Products(Table):
    """The products to build.

    product: id. demand: units to build [d_i, units]. weight: of the product's rate deviation
    [w_i, default 1]. spacing: least distance between two slots that build the product [slots,
    default 1, which binds nothing]. longest_run: most consecutive slots that build it [slots,
    None: no limit]. shortest_run: least consecutive slots that build it [slots, default 1].
    colour: id of the colour it is painted in [None: none, which is a colour of its own].
    Left out beside the table `demands`, the demand is its sum. With a box: minutes: working minutes of a unit
    [default 0]. setup: minutes of a changeover to the product [default 0]. pack: units that are packed
    together; a bucket holds whole packs [None: 1]. stock: opening stock [units, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("product",)
    product: Identifiers
    demand: Counts = ()
    weight: Numbers | None = None
    spacing: OptionalPositives | None = None
    longest_run: OptionalPositives | None = None
    shortest_run: OptionalPositives | None = None
    colour: OptionalIdentifiers | None = None
    minutes: Numbers | None = None
    setup: Numbers | None = None
    pack: OptionalPositives | None = None
    stock: Counts | None = None


class Demands(Table):
    """What is due by the end of each day of the box.

    product: id. day: from 1 to the days of the box. quantity: units that leave on that day.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "day")
    product: Identifiers
    day: Positives
    quantity: Counts


class Bill(Table):
    """The bill of material.

    product, part: ids. quantity: units of the part in one unit of the product [b_il].
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "part")
    product: Identifiers
    part: Identifiers
    quantity: Numbers


class Parts(Table):
    """Weights of the parts' usage deviation [v_l, default 1]."""

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    weight: Numbers


class Ratios(Table):
    """Ratio rules: at most `at_most` units with the option in any `in_any` consecutive slots.

    ratio: id of the rule [o]. at_most [p_o, units]. in_any [q_o, slots]; only full windows count,
    without wrap. weight: of a breach in the term "ratio" [default 1]. hard: the rule must be kept
    and is not priced [default false]. open: every window with a slot of the plan counts: windows begin
    in `previous` too, and are shorter behind the last slot, with the same limit [default false].
    priority: which of the terms "high_ratio" and "low_ratio" prices it [default None: neither].
    """

    KEY: ClassVar[tuple[str, ...]] = ("ratio",)
    ratio: Identifiers
    at_most: Counts
    in_any: Positives
    weight: Numbers | None = None
    hard: Flags | None = None
    open: Flags | None = None
    priority: Priorities | None = None


class Options(Table):
    """Which products carry the option that a ratio rule counts."""

    KEY: ClassVar[tuple[str, ...]] = ("product", "ratio")
    product: Identifiers
    ratio: Identifiers


class Changeovers(Table):
    """Cost of building `after` right after `before` [default 1 for every change of product].

    With the table, a pair that is not listed costs nothing. Only for a sequence.
    """

    KEY: ClassVar[tuple[str, ...]] = ("before", "after")
    before: Identifiers
    after: Identifiers
    cost: Numbers


class Box(Strict):
    """The heijunka box: the plan is in buckets instead of a sequence.

    buckets: number of buckets [S]. capacity: most units in one bucket [c, units].
    pitch: length of a bucket [minutes]; told to the reader, decides nothing. days: of the box, into which
    the buckets are divided evenly [default 1]. minutes: working minutes in a bucket, for units and
    changeovers [None: no limit].
    """

    buckets: Annotated[int, Field(ge=1, le=10**6)]
    capacity: Annotated[int, Field(ge=1, le=10**6)]
    pitch: Amount | None = None
    days: Annotated[int, Field(ge=1, le=10**6)] | None = None
    minutes: Amount | None = None


class Placed(Table):
    """Units of a product in a bucket (buckets counted from 1)."""

    KEY: ClassVar[tuple[str, ...]] = ("bucket", "product")
    bucket: Positives
    product: Identifiers
    quantity: Counts


class Current(Strict):
    """The plan in force today, with the price or cap of changing it. It is not a start.

    sequence (or, for a box, buckets): the current plan. price: per unit that stands in a slot
    where the current plan does not have it [cost per move, term "moves"]. at_most: cap on such
    moves [None: no cap].
    """

    sequence: Identifiers | None = None
    buckets: Placed | None = None
    price: Amount = 0.0
    at_most: Annotated[int, Field(ge=0, le=10**7)] | None = None


class Fixed(Table):
    """Slots that must build a product.

    position: the slot, counted from 1. product: id.
    """

    KEY: ClassVar[tuple[str, ...]] = ("position", "product")
    position: Positives
    product: Identifiers
