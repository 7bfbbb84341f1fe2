"""A plant while it is read: rows with their addresses, from which bad ones can be left out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.planning.cells import Refused, columns_of
from jitopt.planning.findings import Finding
from jitopt.planning.tables import REQUIRED, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.sheets import Sheet

__all__ = ["Draft", "Row", "typed"]


GUESSES = 200
"""Names for which one that resembles them is looked for, at most: each takes a look at all others."""


class Row(NamedTuple):
    """A row: its number in the spreadsheet and its values by header."""

    number: int
    values: dict[str, Any]

    def get(self, header: str) -> Any:
        """Return a value, None where it is not told."""
        return self.values.get(header)


@dataclass
class Draft:
    """The tables of a plant as rows.

    tables: rows by table. sheets: where they came from. broken: rows left out so far, as (table,
    key) of what they would have defined, so that what rests on them can be told apart. unread:
    tables that are there but cannot be read as a whole, or lack a column or are missing. guesses: names that were
    looked up among those that resemble them.
    """

    sheets: dict[str, Sheet]
    tables: dict[str, list[Row]] = field(default_factory=dict)
    broken: set[tuple[str, Any]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    guesses: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table, none where it is absent."""
        return self.tables.get(table, [])

    def keys(self, table: str) -> dict[Any, Row]:
        """Return the rows of a table with a single key, by that key."""
        key = TABLES[table].KEY[0]
        return {row.get(key): row for row in self.rows(table)}

    def alike(self, name: Any, tables: tuple[str, ...]) -> str | None:
        """Return the id of one of the tables that a name which is in none of them may have meant."""
        found = self.guesses.get((str(name), tables))
        if found is None and len(self.guesses) < GUESSES:
            known = [str(key) for table in tables for key in self.keys(table) if key is not None]
            close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.75)
            found = self.guesses[str(name), tables] = close[0] if close else ""
        return found or None

    def finding(self, table: str, row: Row | None, column: str, rule: str, remedy: str, value: Any = None) -> Finding:
        """Return a finding about a row (None: the whole table)."""
        sheet = self.sheets.get(table)
        number = row.number if row else 0
        place = ""
        if sheet is not None and sheet.pointer:
            place = f"/{table}" + (f"/{column}/{number - 2}" if row else "")
        if value is None and row is not None:
            value = row.get(column)
        return Finding(sheet.source if sheet else table, table, number, column, value, rule, remedy, place)

    def without(self, table: str, numbers: set[int]) -> None:
        """Leave rows out, and remember what they would have defined."""
        kept = []
        for row in self.rows(table):
            if row.number in numbers:
                self.remember(table, row.values)
            else:
                kept.append(row)
        defined = {row.get(TABLES[table].KEY[0]) for row in kept}
        self.broken -= {(table, key) for key in defined}
        self.tables[table] = kept

    def empty(self, table: str, number: int, column: str) -> None:
        """Empty a cell."""
        for row in self.rows(table):
            if row.number == number:
                row.values[column] = None

    def remember(self, table: str, values: dict[str, Any]) -> None:
        """Note the id that a row which is left out would have defined."""
        key = values.get(TABLES[table].KEY[0])
        if len(TABLES[table].KEY) == 1 and key is not None:
            self.broken.add((table, key))


def typed(sheets: dict[str, Sheet], bad: Iterable[Finding] = ()) -> tuple[Draft, list[Finding], list[Finding]]:
    """Turn raw tables into typed rows; bad: about tables that could not be read.

    Returns
    -------
    tuple
        The draft of all rows that are sound by themselves; findings about the tables as such
        (missing, unknown columns), which nothing can be planned with; findings about single rows.
    """
    draft = Draft(sheets)
    whole: list[Finding] = []
    single: list[Finding] = []
    draft.unread = {finding.table for finding in bad} & set(TABLES)
    for table in REQUIRED:
        if table not in sheets and table not in draft.unread:
            draft.unread.add(table)
            rule = f"the plant lacks the table {table!r}"
            whole.append(Finding(_home(sheets), table, 0, "", None, rule, "add it (docs/plants.md)"))
    for table, sheet in sheets.items():
        whole += _headers(draft, table, sheet)
        single += _rows(draft, table, sheet)
        if table in REQUIRED and not sheet.rows:
            whole.append(draft.finding(table, None, "", "the table has no rows", "add at least one"))
    return draft, whole, single


def _home(sheets: dict[str, Sheet]) -> str:
    first = next(iter(sheets.values()), None)
    if first is None:
        return "plant"
    source = first.source.rpartition(", sheet ")[0] or first.source
    return source.rpartition("/")[0] or source if source.endswith(".csv") else source


def _headers(draft: Draft, table: str, sheet: Sheet) -> list[Finding]:
    known = columns_of(TABLES[table])
    names = ", ".join(known)
    found = [
        draft.finding(table, None, header, "the table has a column that is not known",
                      f"rename or remove it; the columns are {names}", header)
        for header in sheet.headers if header not in known
    ]  # fmt: skip
    lacking = [header for header, column in known.items() if column.kind.required and header not in sheet.headers]
    if lacking:
        draft.unread.add(table)
    return found + [
        draft.finding(table, None, header, f"the table lacks the column {header!r}", f"add it; the columns are {names}")
        for header in lacking
    ]


def _rows(draft: Draft, table: str, sheet: Sheet) -> list[Finding]:
    known = columns_of(TABLES[table])
    found: list[Finding] = []
    kept = []
    for raw in sheet.rows:
        row = Row(raw.number, {})
        bad = []
        if raw.surplus:
            rule = f"a row has at most as many cells as the header ({len(sheet.headers)})"
            bad.append(draft.finding(table, row, "", rule, "put text with separators in quotes", raw.surplus))
        for header in sheet.headers:
            if header not in known:
                continue
            cell = raw.cells.get(header)
            try:
                row.values[header] = known[header].parse(cell, sheet.typed)
            except Refused as refused:
                bad.append(draft.finding(table, row, header, refused.rule, refused.remedy, cell))
        if bad:
            draft.remember(table, row.values)
            key = raw.cells.get(TABLES[table].KEY[0])
            if isinstance(key, str):  # an id that is refused for a blank still explains who refers to it
                draft.remember(table, {TABLES[table].KEY[0]: key.strip()})
        else:
            kept.append(row)
        found += bad
    draft.tables[table] = kept
    # An id that a sound row defines is not missing, whatever another row of the same id looked like.
    draft.broken -= {(table, row.get(TABLES[table].KEY[0])) for row in kept}
    return found
