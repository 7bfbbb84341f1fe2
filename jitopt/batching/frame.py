"""A batch written as a table: a row per job, with its instance and whatever differs from the common settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from jitopt.batching.jobs import Setting, settings_of
from jitopt.batching.reading import Order
from jitopt.batching.sources import Source, sources
from jitopt.errors import InputError
from jitopt.frames import columns_of

__all__ = ["orders_of"]

SETTINGS = tuple(field.name for field in fields(Setting) if field.name != "solver_options")


def orders_of(table: object, settings: tuple[Setting, ...], format: str | None) -> list[Order]:
    """Return the orders in a table; what a row does not say is taken from `settings`.

    Raises
    ------
    InputError
        If the column `instance` is missing, a column is unknown, or a cell cannot be.
    """
    columns = columns_of(table, "jobs")
    if "instance" not in columns:
        raise InputError("the table has no column instance", place="jobs", remedy="name the files in this column")
    unknown = [name for name in columns if name not in (*SETTINGS, "instance")]
    if unknown:
        raise InputError(
            "there is no such setting",
            place="jobs",
            value=unknown[0],
            remedy=f"the columns are instance, {', '.join(SETTINGS)}",
        )
    found: dict[str, tuple[list[Source], dict[str, Setting]]] = {}
    for row, given in enumerate(columns["instance"]):
        cells = {name: columns[name][row] for name in columns if name != "instance"}
        told = {name: _whole(name, cell) for name, cell in cells.items() if cell is not None}
        try:
            chosen = _settings(settings, told)
        except InputError as error:
            raise InputError(error.rule, place=f"jobs, row {row + 1}", value=error.value, remedy=error.remedy) from None
        name = given if isinstance(given, str) else str(id(given))
        if name not in found:
            found[name] = (list(sources([given], format)), {})
        found[name][1].update({setting.text: setting for setting in chosen})
    return [Order(source, tuple(chosen.values())) for listed, chosen in found.values() for source in listed]


def _whole(name: str, cell: Any) -> Any:
    """Return a whole number as such: pandas keeps a column with gaps as floats."""
    return int(cell) if name in ("seed", "threads") and isinstance(cell, float) and cell.is_integer() else cell


def _settings(settings: tuple[Setting, ...], told: dict[str, Any]) -> list[Setting]:
    found = []
    for setting in settings:
        one = replace(setting, **told)
        settings_of([one.method], [one.start], [one.seed])
        one.check()
        found.append(one)
    return found
