"""Writing the tables of a plant: a folder of CSV files, or one JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jitopt.formats.atomic import make_folder, write_text
from jitopt.formats.csv_text import csv_text
from jitopt.formats.strict_json import layout
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from jitopt.planning.plant import Plant

__all__ = ["write_plant", "write_tables"]


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
    make_folder(place)
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
    place = make_folder(folder)
    for name, text in texts.items():
        write_text(place / name, text)
    return list(texts)
