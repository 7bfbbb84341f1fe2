"""Writing the tables of a plant: a folder of CSV files, or one JSON file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.atomic import write_text
from jitopt.formats.strict_json import layout
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from jitopt.planning.plant import Plant

__all__ = ["csv_text", "guarded", "guarded_csv", "unguarded", "write_plant", "write_tables"]

ACTING = re.compile(r"'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How text begins that a spreadsheet takes for a formula, whatever it is already guarded with."""


def write_plant(plant: Plant, path: str | os.PathLike[str]) -> None:
    """Write a plant.

    path: ends in .json for one file; otherwise a folder, made if need be, that gets a CSV file per
    table.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    place = Path(path)
    if place.suffix.lower() == ".json":
        write_text(place, layout(plant.to_dict()) + "\n")
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror or error}", source=str(place), remedy="name another folder"
        ) from None
    for table in TABLES:
        columns = plant.columns(table)
        if columns:
            write_text(place / f"{table}.csv", csv_text(columns))
        else:
            (place / f"{table}.csv").unlink(missing_ok=True)


def write_tables(texts: Mapping[str, str], folder: str) -> list[str]:
    """Write files into a folder, made if need be; return their names. texts: by name.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror or error}", source=folder, remedy="name another folder"
        ) from None
    for name, text in texts.items():
        write_text(place / name, text)
    return list(texts)


def csv_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV: separated by commas, numbers with a point, empty cells for None."""
    return _csv(columns, _cell)


def guarded_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return columns as CSV for spreadsheets, in which no text acts as a formula; `unguarded` takes it back.

    Text that begins as a formula does gets an apostrophe before it, and so does text that would be
    taken for such text (OWASP, CSV injection). Numbers stay as they are.
    """
    return _csv(columns, lambda value: guarded(value) if isinstance(value, str) else _cell(value))


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return "'" + text if ACTING.match(text) else text


def unguarded(text: str) -> str:
    """Return the text that was `guarded`."""
    return text[1:] if text.startswith("'") and ACTING.match(text[1:]) else text


def _csv(columns: Mapping[str, Sequence[Any]], cell: Callable[[Any], str]) -> str:
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
