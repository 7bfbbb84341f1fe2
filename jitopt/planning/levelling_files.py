"""Volume levelling and product wheels from a file: its tables, and what is made of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from jitopt.errors import InputError
from jitopt.levelling.volume import VolumePlan, level_volume
from jitopt.levelling.wheel import Wheel, product_wheel
from jitopt.planning.cells import Refused, columns_of
from jitopt.planning.findings import Finding, refuse
from jitopt.planning.sheets import Kind, sheets_of
from jitopt.problems.base import (
    AllAboveZero,
    Identifiers,
    Numbers,
    OptionalAboveZero,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalShares,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.sheets import Sheet

__all__ = ["VOLUME", "WHEEL", "volume_file", "wheel_file"]

Columns = dict[str, list[Any]]


class Periods(Table):
    """The periods, in their order.

    period: name [default: 1, 2, 3 ...]. demand: [units]. least, storage: stock at its end, at least and at most [units,
    default as in `store`]. capacity: units it can make at most [default as in `store`].
    """

    KEY: ClassVar[tuple[str, ...]] = ("period",)
    demand: Numbers
    period: OptionalIdentifiers | None = None
    least: OptionalNumbers | None = None
    storage: OptionalNumbers | None = None
    capacity: OptionalNumbers | None = None


class Store(Table):
    """One row, of all periods.

    opening: stock before the first period [units, default 0]. final: stock at the end [units, default: as little as
    there can be]. least, storage, capacity: of every period that tells none of its own [units, default 0, no limit, no
    limit].
    """

    opening: OptionalNumbers | None = None
    final: OptionalNumbers | None = None
    least: OptionalNumbers | None = None
    storage: OptionalNumbers | None = None
    capacity: OptionalNumbers | None = None


class WheelProducts(Table):
    """Products of the machine.

    product: id. demand: [units per day]. run: of a unit [minutes]. setup: whatever was made before [minutes, default 0;
    or the table `changeovers`]. every: it comes up in every k-th turn [default: of least cost, or 1]. setup_cost:
    [money per setup]. holding_cost: [money per unit and day]; these two for all products, or for none.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product",)
    product: Identifiers
    demand: AllAboveZero
    run: Numbers
    setup: OptionalNumbers | None = None
    every: OptionalPositives | None = None
    setup_cost: OptionalNumbers | None = None
    holding_cost: OptionalNumbers | None = None


class WheelMachine(Table):
    """One row, of the machine.

    minutes: of a day. uptime: share of them that it runs [default 1]. days: length of a turn [default: of least cost,
    or the shortest].
    """

    minutes: AllAboveZero
    uptime: OptionalShares | None = None
    days: OptionalAboveZero | None = None


class Changeovers(Table):
    """Changeovers that depend on the sequence, of every pair of different products.

    from, to: products. minutes: to change over.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)

    KEY: ClassVar[tuple[str, ...]] = ("before", "to")
    before: Annotated[Identifiers, Field(alias="from")]
    to: Identifiers
    minutes: Numbers


VOLUME = Kind("volume", {"periods": Periods, "store": Store}, "docs/levelling.md", "periods")
WHEEL = Kind(
    "wheel",
    {"products": WheelProducts, "machine": WheelMachine, "changeovers": Changeovers},
    "docs/levelling.md",
    "products",
)


def volume_file(path: str | os.PathLike[str], **options: Any) -> tuple[VolumePlan, list[str]]:
    """Return the plan of a file, and the names of its periods.

    path: a .csv (the table `periods`), a folder of CSV files, an .xlsx or a .json. options: arguments of `level_volume`
    that come before what the file says.

    Raises
    ------
    InputError
        With file, place, value, rule and remedy of what is wrong.
    """
    source, tables = _read(path, VOLUME, ("periods",))
    periods, store = tables["periods"], {name: row[0] for name, row in tables.get("store", {}).items()}
    store |= {name: value for name, value in options.items() if value is not None}
    count = len(periods["demand"])
    own = {name: periods[name] for name in ("least", "storage", "capacity") if name in periods}
    limits: dict[str, Any] = {name: _filled(column, store.get(name)) for name, column in own.items()}
    store = {name: value for name, value in store.items() if value is not None}
    if "least" in limits:
        limits["least"] = [0 if value is None else value for value in limits["least"]]
    try:
        found = level_volume(periods["demand"], **(store | limits))
    except InputError as error:
        raise error.within(source) from None
    names = periods.get("period", [None] * count)
    return found, [f"{at}" if name is None else str(name) for at, name in enumerate(names, start=1)]


def wheel_file(path: str | os.PathLike[str], **options: Any) -> Wheel:
    """Return the product wheel of a file.

    path: a folder of CSV files, an .xlsx or a .json; or a .csv (the table `products`), with the option `minutes`.
    options: minutes, uptime, days, which come before what the file says.

    Raises
    ------
    InputError
        With file, place, value, rule and remedy of what is wrong.
    """
    source, tables = _read(path, WHEEL, ("products",))
    machine = {name: row[0] for name, row in tables.get("machine", {}).items()}
    machine |= {name: value for name, value in options.items() if value is not None}
    if machine.get("minutes") is None:
        raise InputError(
            "the minutes of a day are not told", source=source, remedy="add the table machine, or give --minutes"
        )
    products = tables["products"]
    names = products["product"]
    asked: dict[str, Any] = {"products": names, "days": machine.get("days"), "uptime": machine.get("uptime") or 1}
    for name in ("setup_cost", "holding_cost", "every"):
        if name in products:
            asked[name] = _complete(products[name], name, source)
    if "changeovers" in tables:
        if "setup" in products:
            raise InputError(
                "setups are told once", place="table products, column setup", source=source,
                remedy="remove the column, or the table changeovers",
            )  # fmt: skip
        asked["changeover"] = _matrix(names, tables["changeovers"], source)
    else:
        asked["setup"] = [value or 0 for value in products.get("setup", [0] * len(names))]
    try:
        return product_wheel(machine["minutes"], products["demand"], products["run"], **asked)
    except InputError as error:
        raise error.within(source) from None


def _filled(column: list[Any], default: Any) -> list[Any]:
    return [default if value is None else value for value in column]


def _complete(column: list[Any], name: str, source: str) -> list[Any]:
    for row, value in enumerate(column):
        if value is None:
            raise InputError(
                f"{name} is told of all products, or of none", place=f"table products, {name} of product {row + 1}",
                source=source, remedy="fill the cell, or remove the column",
            )  # fmt: skip
    return column


def _matrix(names: list[str], table: Columns, source: str) -> list[list[float]]:
    """Return minutes from each product to each; a product by itself needs none."""
    row_of = {name: row for row, name in enumerate(names)}
    found: list[list[Any]] = [[0 if a == b else None for b in names] for a in names]
    for at, (one, other, minutes) in enumerate(zip(table["from"], table["to"], table["minutes"], strict=True), start=1):
        for column, name in (("from", one), ("to", other)):
            if name not in row_of:
                raise InputError(
                    "there is no such product", place=f"table changeovers, row {at}, column {column}", value=name,
                    source=source, remedy=f"use one of {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}",
                )  # fmt: skip
        found[row_of[one]][row_of[other]] = minutes
    for one, row in zip(names, found, strict=True):
        for other, minutes in zip(names, row, strict=True):
            if minutes is None:
                raise InputError(
                    "every pair of products needs its changeover", place="table changeovers",
                    value=f"{one}, {other}", source=source, remedy="add the row from, to, minutes",
                )  # fmt: skip
    return found


def _read(path: str | os.PathLike[str], kind: Kind, required: tuple[str, ...]) -> tuple[str, dict[str, Columns]]:
    """Return the source and its typed tables, without columns that are empty."""
    _, sheets, bad = sheets_of(path, kind)
    findings = list(bad)
    source = os.fspath(path)
    for name in required:
        if name not in sheets and not bad:
            findings.append(
                Finding(source, name, 0, "", None, f"the table {name!r} is missing", f"add it ({kind.page})")
            )
    tables = {name: _typed(name, sheet, kind, findings) for name, sheet in sheets.items()}
    if findings:
        raise refuse(findings)
    return source, tables


def _typed(name: str, sheet: Sheet, kind: Kind, findings: list[Finding]) -> Columns:
    """Return the columns of a table; what is wrong is added to the findings."""
    known = columns_of(kind.tables[name])

    def wrong(number: int, header: str, value: Any, rule: str, remedy: str) -> None:
        place = f"/{name}/{header}" + (f"/{number - 2}" if number else "") if sheet.pointer else ""
        findings.append(Finding(sheet.source, name, number, header, value, rule, remedy, place))

    columns = ", ".join(known)
    for header in sheet.headers:
        if header not in known:
            wrong(0, header, header, "the table has a column that is not known", f"the columns are {columns}")
    for header, column in known.items():
        if column.kind.required and header not in sheet.headers:
            wrong(0, header, None, f"the table lacks the column {header!r}", f"add it; the columns are {columns}")
    if not sheet.rows:
        wrong(0, "", None, "the table has no rows", "add at least one")
    if not kind.tables[name].KEY and len(sheet.rows) > 1:
        wrong(sheet.rows[1].number, "", None, "the table has one row", "remove the others")
    found: Columns = {header: [] for header in known if header in sheet.headers}
    seen: set[Any] = set()
    for row in sheet.rows:
        if row.surplus:
            wrong(row.number, "", row.surplus, "a row has more cells than the header", "put text in quotes")
        for header, values in found.items():
            try:
                values.append(known[header].parse(row.cells.get(header), sheet.typed))
            except Refused as refused:
                values.append(None)
                wrong(row.number, header, row.cells.get(header), refused.rule, refused.remedy)
        _unique(found, kind.tables[name].KEY, known, row.number, seen, wrong)
    return {header: values for header, values in found.items() if any(value is not None for value in values)}


def _unique(
    found: Columns, key: tuple[str, ...], known: Mapping[str, Any], number: int, seen: set[Any], wrong: Any
) -> None:
    """Tell a row whose key was there before."""
    headers = [header for header, column in known.items() if column.field in key]
    value = tuple(found[header][-1] if header in found else None for header in headers)
    if value and None not in value:
        if value in seen:
            wrong(number, headers[-1], ", ".join(map(str, value)), f"each {' and '.join(headers)} may appear only once",
                  "remove or rename the repeated row")  # fmt: skip
        seen.add(value)
