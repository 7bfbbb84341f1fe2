"""Columns as the text of a CSV file, in which no spreadsheet finds a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["as_csv", "csv_text", "guarded", "guarded_csv", "unguarded"]

ACTING = re.compile(r"'*[\s\ufeff]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How text begins that a spreadsheet takes for a formula, whatever it is already guarded with."""


def csv_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV: separated by commas, numbers with a point, empty cells for None."""
    return as_csv(columns, _cell)


def guarded_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV for spreadsheets, in which no text acts as a formula; `unguarded` takes it back.

    Text that begins as a formula does gets an apostrophe before it, and so does text that would be
    taken for such text (OWASP, CSV injection). Numbers stay as they are.
    """
    return as_csv(columns, lambda value: guarded(value) if isinstance(value, str) else _cell(value))


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return "'" + text if ACTING.match(text) else text


def unguarded(text: str) -> str:
    """Return the text that was `guarded`."""
    return text[1:] if text.startswith("'") and ACTING.match(text[1:]) else text


def as_csv(columns: Mapping[str, Sequence[Any]], cell: Callable[[Any], str]) -> str:
    """Return columns as CSV with a row of their names; cell: writes one entry."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
