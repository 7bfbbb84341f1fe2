"""The tables of a sourcing instance, column by column."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from jitopt.problems.base import (
    Amount,
    Identifiers,
    Numbers,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalShares,
    Positives,
    Shares,
    Strict,
    Table,
    as_tuple,
)

__all__ = [
    "Count",
    "Current",
    "Discounts",
    "PartLimits",
    "PartShares",
    "Parts",
    "Quotes",
    "Required",
    "Stock",
    "Suppliers",
]

Count = Annotated[int, Field(ge=0, le=10**6)]

OptionalCounts = Annotated[tuple[Count | None, ...], BeforeValidator(as_tuple)]

Kinds = Annotated[tuple[Literal["all_units", "incremental"], ...], BeforeValidator(as_tuple)]

Factors = Annotated[tuple[Annotated[float, Field(gt=0, le=1000)], ...], BeforeValidator(as_tuple)]


class Suppliers(Table):
    """The suppliers.

    supplier: id. fixed_cost: paid once if anything is ordered from it [F_s, default 0].
    capacity: most it ships in one period, over all parts [C_s, units per period, None: no limit].
    on_time: share of its units that arrive on time [default 1].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier",)
    supplier: Identifiers
    fixed_cost: Numbers | None = None
    capacity: OptionalNumbers | None = None
    on_time: Shares | None = None


class Parts(Table):
    """Demand of a part in a period [d_pt, units]; periods are integers from 1."""

    KEY: ClassVar[tuple[str, ...]] = ("part", "period")
    part: Identifiers
    period: Positives
    demand: Numbers


class Quotes(Table):
    """What a supplier offers for a part (a link); only quoted links can be ordered.

    price: per unit [c_sp]. fixed_cost: paid once if the link is used [f_sp, default 0].
    order_cost: paid for every order, i.e. every period with a quantity [a_sp, default 0].
    capacity: most per period [k_sp, None: no limit]. minimum: least quantity of an order
    [m_sp, default 0]. maximum: largest quantity of an order [M_sp, None: no limit]. multiple:
    orders are whole multiples of it [None or 0: any quantity]. defects: share of defective units
    [default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "part")
    supplier: Identifiers
    part: Identifiers
    price: Numbers
    fixed_cost: Numbers | None = None
    order_cost: Numbers | None = None
    capacity: OptionalNumbers | None = None
    minimum: OptionalNumbers | None = None
    maximum: OptionalNumbers | None = None
    multiple: OptionalNumbers | None = None
    defects: Shares | None = None


class Discounts(Table):
    """Price breaks: from `from_quantity` units on, prices are multiplied by `factor`.

    part: the break counts and cheapens this part only; None (or no column): the supplier's total
    over all its parts. Totals run over all periods. kind: "all_units" (the factor of the total
    reached applies to every unit; default) or "incremental" (each factor applies to the units
    above its break; needs a part). Below the first break the factor is 1.
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "part", "from_quantity")
    supplier: Identifiers
    part: OptionalIdentifiers | None = None
    from_quantity: Numbers
    factor: Factors
    kind: Kinds | None = None


class Stock(Table):
    """Stock of a part.

    initial [I_p0, default 0]. holding_cost: per unit left at the end of a
    period [h_p, default 0]. storage: most that may lie in store right after a delivery [L_p,
    None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    initial: Numbers | None = None
    holding_cost: Numbers | None = None
    storage: OptionalNumbers | None = None


class PartShares(Table):
    """Share limits (dual sourcing): share of one supplier in all that is ordered of the part.

    supplier: None makes the row hold for every supplier of the part, at_least then only for those
    that are used. at_least, at_most: shares between 0 and 1 [None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part", "supplier")
    part: Identifiers
    supplier: OptionalIdentifiers | None = None
    at_least: OptionalShares | None = None
    at_most: OptionalShares | None = None


class PartLimits(Table):
    """Limits of a part.

    suppliers_at_least, suppliers_at_most: on the number of suppliers used for it; for the least
    number a supplier counts from `smallest_use` units on. defects_at_most, late_at_most: on the
    average share of defective and of late units, over all that is ordered of it. None: no limit.
    """

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    suppliers_at_least: OptionalCounts | None = None
    suppliers_at_most: OptionalCounts | None = None
    defects_at_most: OptionalShares | None = None
    late_at_most: OptionalShares | None = None


class Links(Table):
    """Pairs of supplier and part."""

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "part")
    supplier: Identifiers
    part: Identifiers


class Current(Strict):
    """The award in force.

    price: of each link used that is not in it [term "switching"].
    at_most: cap on such links [None: no cap].
    """

    award: Links
    price: Amount = 0.0
    at_most: Count | None = None


class Required(Table):
    """Quantities that must be ordered.

    supplier: id. part: id, None for all its parts together. at_least: units over all periods.
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "part")
    supplier: Identifiers
    part: OptionalIdentifiers | None = None
    at_least: Numbers
