"""The tables as CSV files that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.atomic import write_text

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from jitopt.comparing.study import VariantComparison

__all__ = ["csv_text", "write_csv"]

ACTING = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First signs by which a spreadsheet takes a text for a formula, full-width forms aside."""


def write_csv(study: VariantComparison, folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write a CSV file per table that has rows into a folder, made if need be; return the paths.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror or error}", source=str(place), remedy="name another folder"
        ) from None
    paths = []
    for name, columns in study.tables.items():
        path = place / f"{name}.csv"
        if not columns:
            # What an earlier comparison left under this name would pass for this one's.
            path.unlink(missing_ok=True)
            continue
        write_text(path, csv_text(columns))
        paths.append(str(path))
    return tuple(paths)


def csv_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV: numbers with a point and all their digits, `inf`, empty cells for None.

    A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    begins = text.lstrip(" \u00a0\ufeff").translate(FULL_WIDTH)
    return f"'{text}" if begins.startswith(ACTING) or text.startswith(ACTING) else text


FULL_WIDTH = {0xFF1D: "=", 0xFF0B: "+", 0xFF0D: "-", 0xFF20: "@"}
