"""Checks across the tables of a sourcing instance: each refusal names place, value and remedy."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.base import exact
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from jitopt.problems.sourcing.instance import Ladder, Sourcing

__all__ = ["validate"]

LONGEST = 10_000
"""Most periods of a horizon."""

LARGEST = 1e9
"""No quantity may be larger [units]: beyond that a solver cannot tell a unit any more."""

QUANTITIES: dict[str, tuple[str, ...]] = {
    "suppliers": ("capacity",),
    "parts": ("demand",),
    "quotes": ("capacity", "minimum", "maximum", "multiple"),
    "discounts": ("from_quantity",),
    "stock": ("initial", "storage"),
    "required": ("at_least",),
}
"""The columns that hold quantities."""


def validate(instance: Sourcing) -> None:
    """Refuse tables that do not fit together.

    Raises
    ------
    InputError
        For absurd magnitudes, unequal columns, repeated keys, dangling references, a part nobody quotes, quotes that
        can never be ordered, price breaks or shares that cannot be met.
    """
    for name in instance.TABLES:
        table = getattr(instance, name)
        if table is not None:
            table.check(f"/{name}")
    _magnitudes(instance)
    _references(instance)
    _horizon(instance)
    _quotes(instance)
    _discounts(instance)
    _shares(instance)
    _counts(instance)


def _magnitudes(instance: Sourcing) -> None:
    for name, columns in QUANTITIES.items():
        table = getattr(instance, name)
        for column in columns:
            values = (getattr(table, column) if table is not None else None) or ()
            for row, value in enumerate(values):
                if value is not None and value > LARGEST:
                    raise InputError(
                        f"a quantity must be at most {LARGEST:g} units",
                        place=f"/{name}/{column}/{row}",
                        value=value,
                        remedy="count in larger units (thousands, tonnes); leave a limit out where there is none",
                    )


def _references(instance: Sourcing) -> None:
    suppliers = {name: row for row, name in reversed(list(enumerate(instance.suppliers.supplier)))}
    parts = {name: row for row, name in reversed(list(enumerate(instance.parts.part)))}
    known = {
        "supplier": (suppliers, "suppliers", "/suppliers/supplier"),
        "part": (parts, "parts", "/parts/part"),
    }
    for name, columns in (
        ("quotes", ("supplier", "part")),
        ("discounts", ("supplier", "part")),
        ("stock", ("part",)),
        ("shares", ("part", "supplier")),
        ("part_limits", ("part",)),
        ("required", ("supplier", "part")),
    ):
        table = getattr(instance, name)
        for column in columns if table is not None else ():
            if getattr(table, column) is not None:
                table.check_reference(f"/{name}", column, *known[column])
    if instance.current:
        instance.current.award.check("/current/award")
        for column, words in known.items():
            instance.current.award.check_reference("/current/award", column, *words)
    for name in ("discounts", "shares", "required"):
        _quoted_pairs(instance, name)


def _quoted_pairs(instance: Sourcing, name: str) -> None:
    table = getattr(instance, name)
    if table is None or table.part is None or table.supplier is None:
        return
    quoted = set(zip(instance.quotes.supplier, instance.quotes.part, strict=True))
    for row, pair in enumerate(zip(table.supplier, table.part, strict=True)):
        if None not in pair and pair not in quoted:
            raise InputError(
                f"supplier {pair[0]!r} does not quote part {pair[1]!r}",
                place=f"/{name}/part/{row}",
                value=pair[1],
                remedy="add the quote or remove the row",
            )


def _horizon(instance: Sourcing) -> None:
    if not instance.parts.rows():
        raise InputError("at least one demand is needed", place="/parts", remedy="add a row")
    for row, period in enumerate(instance.parts.period):
        if period > LONGEST:
            raise InputError(
                f"a period must be at most {LONGEST}", place=f"/parts/period/{row}", value=period,
                remedy="number the periods from 1",
            )  # fmt: skip
    quoted = set(instance.quotes.part)
    for row, (part, demand) in enumerate(zip(instance.parts.part, instance.parts.demand, strict=True)):
        if part not in quoted and demand > 0 and not _covered(instance, part):
            raise InputError(
                "a part with demand needs at least one quote; nobody quotes this part",
                place=f"/parts/part/{row}",
                value=part,
                remedy="add a quote for it or remove its demand",
            )


def _covered(instance: Sourcing, part: str) -> bool:
    """Tell whether the initial stock of `part` is enough for its whole demand."""
    if instance.stock is None or instance.stock.initial is None or part not in instance.stock.part:
        return False
    initial = instance.stock.initial[instance.stock.part.index(part)]
    pairs = zip(instance.parts.part, instance.parts.demand, strict=True)
    return initial >= sum(demand for other, demand in pairs if other == part)


def _quotes(instance: Sourcing) -> None:
    storage = instance.storage
    table = instance.quotes
    if not any(limit is not None for limit in storage.values()):
        return
    for row, part in enumerate(table.part):
        link = instance.links[table.supplier[row], part]
        limit = storage[part]
        least = _least_order(link.minimum, link.multiple)
        if limit is not None and link.minimum and least > limit:
            raise InputError(
                f"the minimum order of {part!r} from {link.supplier!r} ({amount(least)}) is above the part's "
                f"storage limit ({amount(limit)}): it can never be delivered",
                place=f"/quotes/minimum/{row}",
                value=float(link.minimum),
                remedy="lower the minimum, raise the storage limit, or remove the quote",
            )


def _least_order(minimum: Fraction, multiple: Fraction | None) -> Fraction:
    """Return the smallest order that keeps minimum and multiple."""
    if multiple is None:
        return minimum
    return max(1, -(-minimum // multiple)) * multiple


def _discounts(instance: Sourcing) -> None:
    table = instance.discounts
    if table is None:
        return
    scopes: dict[str, set[bool]] = {}
    kinds: dict[tuple[str, str | None], str] = {}
    for row, supplier in enumerate(table.supplier):
        part = table.part[row] if table.part else None
        kind = table.kind[row] if table.kind else "all_units"
        if kind == "incremental" and part is None:
            raise InputError(
                "an incremental break needs a part: over several prices it has no meaning",
                place=f"/discounts/kind/{row}",
                value=kind,
                remedy='name the part or use "all_units"',
            )
        if kinds.setdefault((supplier, part), kind) != kind:
            raise InputError(
                "the breaks of one supplier and part must be of one kind",
                place=f"/discounts/kind/{row}",
                value=kind,
                remedy="use one kind",
            )
        scopes.setdefault(supplier, set()).add(part is None)
        if len(scopes[supplier]) > 1:
            raise InputError(
                "a supplier's breaks count either its total or single parts, not both",
                place=f"/discounts/supplier/{row}",
                value=supplier,
                remedy="give all its breaks with a part, or none",
            )
    _incremental_falls(instance)


def _incremental_falls(instance: Sourcing) -> None:
    for ladder in instance.ladders:
        for (_, before), (start, factor) in itertools.pairwise(ladder.breaks):
            if factor > before:
                what = f"of {ladder.supplier!r}" + (f" for {ladder.part!r}" if ladder.part else "")
                raise InputError(
                    f"the factors of price breaks must not rise with the quantity; below the break from "
                    f"{amount(start)} units {what} it is {amount(before)}",
                    place=f"/discounts/factor/{_break_row(instance, ladder, start)}",
                    value=float(factor),
                    remedy="the price is multiplied by the factor: 5 % off is 0.95"
                    if factor > 1
                    else "lower the factor or correct from_quantity",
                )


def _break_row(instance: Sourcing, ladder: Ladder, start: Fraction) -> int:
    """Return the row of the break that begins at `start`."""
    table = instance.discounts
    assert table is not None
    parts = table.part or (None,) * table.rows()
    rows = zip(table.supplier, parts, table.from_quantity, strict=True)
    return next(
        row
        for row, (supplier, part, begin) in enumerate(rows)
        if (supplier, part, exact(begin)) == (ladder.supplier, ladder.part, start)
    )


def _shares(instance: Sourcing) -> None:
    suppliers_of: dict[str, set[str]] = {}
    for quoting, quoted in instance.links:
        suppliers_of.setdefault(quoted, set()).add(quoting)
    least: dict[str, Fraction] = {}
    most: dict[str, dict[str | None, Fraction]] = {}
    for row, (part, supplier, at_least, at_most) in enumerate(instance.share_rows):
        if at_least is not None and at_most is not None and at_least > at_most:
            raise InputError(
                "a share's at_least must not be above its at_most",
                place=f"/shares/at_least/{row}",
                value=float(at_least),
                remedy="lower at_least or raise at_most",
            )
        if supplier is not None and at_least is not None:
            least[part] = least.get(part, Fraction(0)) + at_least
        if at_most is not None:
            most.setdefault(part, {})[supplier] = at_most
        if least.get(part, Fraction(0)) > 1:
            raise InputError(
                f"the least shares of part {part!r} add up to {amount(least[part])}, more than 1",
                place=f"/shares/at_least/{row}",
                value=float(at_least or 0),
                remedy="lower the least shares",
            )
    for row, name in enumerate(instance.shares.part if instance.shares else ()):
        limits = most.get(name, {})
        every = limits.get(None, Fraction(1))
        reach = sum(
            (min(every, limits.get(supplier, Fraction(1))) for supplier in suppliers_of.get(name, ())), Fraction(0)
        )
        if limits and name in suppliers_of and reach < 1:
            raise InputError(
                f"the largest shares of part {name!r} add up to {amount(reach)} over its "
                f"{len(suppliers_of[name])} suppliers, less than 1",
                place=f"/shares/at_most/{row}",
                value=float(reach),
                remedy="raise the shares or add a quote from another supplier",
            )


def _counts(instance: Sourcing) -> None:
    least, most = instance.suppliers_at_least, instance.suppliers_at_most
    if least is not None and (least > instance.suppliers.rows() or (most is not None and least > most)):
        raise InputError(
            f"the least number of suppliers must not be above suppliers_at_most or the "
            f"{counted(instance.suppliers.rows(), 'supplier')} there are",
            place="/suppliers_at_least",
            value=least,
            remedy="lower it",
        )
    short = next((part for part, row in instance.demand.items() if any(row) and not _covered(instance, part)), None)
    if most == 0 and short is not None:
        raise InputError(
            f"part {short!r} has demand above its stock, so at least one supplier must be allowed",
            place="/suppliers_at_most",
            value=most,
            remedy="leave suppliers_at_most out (no limit) or raise it",
        )
    if instance.part_limits is None:
        return
    offers: dict[str, int] = {}
    for _, part in instance.links:
        offers[part] = offers.get(part, 0) + 1
    for row, (part, part_least, part_most, _, _) in enumerate(instance.part_limit_rows):
        if part_least is not None and (
            part_least > offers.get(part, 0) or (part_most is not None and part_least > part_most)
        ):
            raise InputError(
                f"part {part!r} asks for at least {part_least} suppliers; {offers.get(part, 0)} quote it",
                place=f"/part_limits/suppliers_at_least/{row}",
                value=part_least,
                remedy="lower the number, raise suppliers_at_most, or add a quote",
            )
