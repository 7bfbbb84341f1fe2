"""The tables as CSV files that a spreadsheet opens without running anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jitopt.formats.atomic import make_folder, write_text
from jitopt.formats.csv_text import as_csv, guarded

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from jitopt.comparing.study import VariantComparison

__all__ = ["csv_text", "write_csv"]


def write_csv(study: VariantComparison, folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write a CSV file per table that has rows into a folder, made if need be; return the paths.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    place = make_folder(folder)
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
    return as_csv(columns, _cell)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else repr(value)
    return guarded(str(value))
