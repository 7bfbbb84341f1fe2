"""Reading a plant: every row that is wrong is told at once; with `skip_bad` the rest is planned.

What a bad row would have defined is missing for the rows that refer to it; those rows are left
out as well, and so on until what is left fits together. What is left out because it is wrong
itself is a fault, the rest are its consequences: a plant is refused for its faults.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jitopt.planning.cells import columns_of
from jitopt.planning.checks import fit, readable, whole_plant
from jitopt.planning.draft import Draft, typed
from jitopt.planning.findings import CELLS, Finding, in_order, refuse
from jitopt.planning.plant import Plant
from jitopt.planning.sheets import sheets_of, sheets_of_columns
from jitopt.planning.suspicion import suspicious
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.sheets import Sheet

__all__ = ["Reading", "plant_of", "read_plant"]


@dataclass(frozen=True)
class Reading:
    """A plant as it was read.

    plant: what is sound. warnings: figures that are suspicious, and rows that have no effect.
    left_out: rows that are not part of the plant (only with `skip_bad`). path: where it was read.
    """

    plant: Plant
    warnings: tuple[Finding, ...] = ()
    left_out: tuple[Finding, ...] = ()
    path: str | None = None


def read_plant(path: str | os.PathLike[str], *, skip_bad: bool = False) -> Reading:
    """Read a plant from a folder of CSV files, an .xlsx or a .json.

    Parameters
    ----------
    path
        Folder or file.
    skip_bad
        Leave out rows that are wrong, and what rests on them, instead of refusing the plant.

    Returns
    -------
    Reading
        The plant, what is suspicious about it, what was left out.

    Raises
    ------
    InputError
        With file, row (as the spreadsheet shows it: the header is row 1), column, value, rule and
        remedy of every row that is wrong.
    """
    name, sheets, bad = sheets_of(path)
    return replace(_read(name, sheets, bad, skip_bad), path=os.fspath(path))


def plant_of(data: Mapping[str, Any], source: str, *, skip_bad: bool = False) -> Reading:
    """Return the plant of plain columns, checked like a file."""
    tables = {key: value for key, value in data.items() if key not in ("problem", "version", "name")}
    return _read(str(data.get("name") or "plant"), *sheets_of_columns(tables, source), skip_bad)


def _read(name: str, sheets: dict[str, Sheet], bad: list[Finding], skip_bad: bool) -> Reading:
    draft, whole, single = typed(sheets, bad)
    whole += bad
    if whole:
        raise refuse(in_order([*whole, *single, *readable(draft)]))
    found = single + _leave_out(draft)
    faults = in_order(finding for finding in found if not finding.follows)
    consequences = in_order(finding for finding in found if finding.follows)
    whole = whole_plant(draft)
    if skip_bad and whole:
        raise refuse([*whole, *faults], consequences)
    faults += [finding for finding in whole if not finding.follows]
    if faults and not skip_bad:
        raise refuse(faults, consequences)
    plant = Plant.of_columns(name, _columns(draft))
    return Reading(plant, tuple(suspicious(draft) + _idle(draft)), (*faults, *consequences))


def _leave_out(draft: Draft) -> list[Finding]:
    """Take rows out until the rest fits together; return why, row by row."""
    told: dict[Any, Finding] = {}
    while found := fit(draft, told):
        rows: dict[str, set[int]] = {}
        for finding in found:
            if not finding.keeps:
                rows.setdefault(finding.table, set()).add(finding.row)
            elif finding.column in CELLS:
                draft.empty(finding.table, finding.row, finding.column)
            told[finding.key] = finding
        for table, numbers in rows.items():
            draft.without(table, numbers)
    return list(told.values())


def _columns(draft: Draft) -> dict[str, dict[str, list[Any]]]:
    """Return the rows as columns; an optional column without any value, or table without rows, is left out."""
    tables = {}
    for table, rows in draft.tables.items():
        columns: dict[str, list[Any]] = {}
        for header, column in columns_of(TABLES[table]).items():
            values = [row.get(header) for row in rows]
            if column.kind.required or any(value is not None for value in values):
                columns[header] = values
        if rows:
            tables[table] = columns
    return tables


def _idle(draft: Draft) -> list[Finding]:
    """Return rows that have no effect on the plan: a person may have meant something by them."""
    used = {row.get("part") for row in draft.rows("bill")}
    demanded = {row.get("product") for row in draft.rows("demand") if row.get("quantity")}
    found = [
        draft.finding("parts", row, "part", "no product uses this part; it is not planned", "add it to the bill")
        for row in draft.rows("parts")
        if row.get("part") not in used
    ]
    found += [
        draft.finding("products", row, "product", "nobody asks for this product; it is not planned", "add its demand")
        for row in draft.rows("products")
        if row.get("product") not in used | demanded
    ]
    routed = {row.get("product") for row in draft.rows("routings")}
    found += [
        draft.finding("products", row, "product", "the product has no routing; it loads no line", "add its routing")
        for row in draft.rows("products")
        if row.get("product") not in routed
    ]
    return found
