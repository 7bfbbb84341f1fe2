"""An instance from tables (data frames or columns), and the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from jitopt.errors import InputError
from jitopt.formats.columns import Misfit, clean, kinds
from jitopt.formats.native import VERSION
from jitopt.frames import columns_of, row_label, to_frame
from jitopt.problems import PROBLEMS, instance_type
from jitopt.problems.base import Instance, Plan, Strict, Table
from jitopt.problems.wording import near

__all__ = ["from_tables", "instance_to_tables", "other_fields"]

DEFAULTS: dict[str, dict[str, Any]] = {"heijunka": {"objective": [{"term": "rate"}]}}
"""Fields that `from_tables` fills in when they are not given."""

POINTER = re.compile(r"/(?P<table>\w+(?:/\w+)?)/(?P<column>\w+)/(?P<row>\d+)\Z")


def from_tables(
    problem: str, tables: Mapping[str, Any], name: str = "tables", objective: Any = None, **fields: Any
) -> Instance[Plan]:
    """Make an instance from tables.

    Parameters
    ----------
    problem
        The decision: "heijunka", "sourcing".
    tables
        For each table its rows, as a data frame of any library or as a mapping of columns. A table
        within a field is named with a dot ("current.award").
    name
        Name of the instance.
    objective
        Terms of the objective, as mappings or objects. Heijunka: sum of squared rate deviations
        when it is not given. Sourcing has none to choose.
    **fields
        Every other field of the problem ("box", "current", "suppliers_at_most", ...).

    Returns
    -------
    Instance
        Validated.

    Raises
    ------
    InputError
        With table, row (counted from 1, and its index label), column, value, rule and remedy.

    Notes
    -----
    Nothing is coerced, with two exceptions that frames force on us: numbers of numpy become plain
    ones, and 3.0 counts as 3 where a whole number is due (a column with a null loses its integers).
    A null in an optional column means "none"; NaN is refused. Pandas does not tell the two apart
    in its classic types: there NaN counts as null.

    Examples
    --------
    >>> import jitopt
    >>> jitopt.from_tables("heijunka", {"products": {"product": ["A", "B"], "demand": [2, 3]}}).units
    5
    """
    known = _table_classes(_type_of(problem))
    if not isinstance(tables, Mapping):
        raise InputError(
            "the tables are given by name",
            value=type(tables).__name__,
            remedy=f'write {{"{next(iter(known))}": table, ...}}; the tables are {", ".join(known)}',
        )
    data: dict[str, Any] = {"problem": problem, "version": VERSION, "name": name}
    data |= {key: _plain(value) for key, value in fields.items() if value is not None}
    if objective is not None:
        data["objective"] = _plain(objective)
    for key, value in DEFAULTS.get(problem, {}).items():
        data.setdefault(key, value)
    for key, table in tables.items():
        if key not in known:
            meant = near(key, known)
            raise InputError(
                f"{problem} has no table of this name",
                value=key,
                remedy=(f"did you mean {meant}? " if meant else "") + f"The tables are {', '.join(known)}",
            )
        _insert(data, key, _clean_table(key, table, known[key]))
    try:
        return instance_type(problem).parse(data)
    except InputError as error:
        raise _in_table_words(error, tables) from None


def _type_of(problem: object) -> type[Instance[Plan]]:
    """Return the instance class of the problem that `from_tables` was asked for."""
    try:
        return instance_type(problem)
    except InputError as error:
        rule = f"the first argument of from_tables is a problem: {', '.join(PROBLEMS)}"
        raise InputError(rule, value=error.value, remedy=error.remedy) from None


def _table_classes(model: type[BaseModel], prefix: str = "") -> dict[str, type[Table]]:
    """Return the table classes of a problem by name, those within a field with a dot."""
    found: dict[str, type[Table]] = {}
    for name, field in model.model_fields.items():
        for part in _parts(field.annotation):
            if issubclass(part, Table):
                found[prefix + name] = part
            elif issubclass(part, Strict):
                found |= _table_classes(part, f"{name}.")
    return found


def _parts(annotation: Any) -> list[type[Strict]]:
    """Return the models named in an annotation such as `Bill | None` (not those in its columns)."""
    parts = [annotation, *getattr(annotation, "__args__", ())]
    return [part for part in parts if isinstance(part, type) and issubclass(part, Strict)]


def _plain(value: Any) -> Any:
    """Return models within a value as plain data."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


def _insert(data: dict[str, Any], key: str, columns: dict[str, list[Any]]) -> None:
    outer, dot, inner = key.partition(".")
    if dot:
        data[outer] = {**data.get(outer, {}), inner: columns}
    else:
        data[outer] = columns


def _clean_table(name: str, table: Any, model: type[Table]) -> dict[str, list[Any]]:
    """Return the columns of a table as plain values; an optional column of nulls only is left out."""
    table = table.model_dump(exclude_none=True) if isinstance(table, Table) else table
    expected = kinds(model)
    found: dict[str, list[Any]] = {}
    for column, values in columns_of(table, f"table {name}").items():
        if column not in expected:
            meant = near(column, expected)
            raise InputError(
                "the table has a column that is not known",
                place=f"table {name}",
                value=column,
                remedy=(f"did you mean {meant}? " if meant else "remove or rename it; ")
                + f"the columns are {', '.join(expected)}",
            )
        kind = expected[column]
        if not (kind.required or kind.nullable) and values and all(value is None for value in values):
            continue
        try:
            found[column] = clean(values, kind)
        except Misfit as misfit:
            raise InputError(
                misfit.rule,
                place=f"table {name}, {row_label(table, misfit.row)}, column {column}",
                value=misfit.value,
                remedy=misfit.remedy,
            ) from None
    missing = [column for column, kind in expected.items() if kind.required and column not in found]
    if missing:
        raise InputError(
            f"the table lacks the column {missing[0]!r}",
            place=f"table {name}",
            remedy=f"add it; the columns are {', '.join(expected)}",
        )
    return found


def _in_table_words(error: InputError, tables: Mapping[str, Any]) -> InputError:
    """Tell a place in the data as table, row and column, where it is one of the given tables."""
    match = POINTER.match(error.place)
    if match is None or match["table"].replace("/", ".") not in tables:
        return error
    name = match["table"].replace("/", ".")
    where = row_label(tables[name], int(match["row"]))
    return InputError(
        error.rule,
        place=f"table {name}, {where}, column {match['column']}",
        value=error.value,
        remedy=error.remedy,
        more=error.more,
    )


def instance_to_tables(instance: Instance[Plan], like: object = None) -> dict[str, Any]:
    """Return the tables of an instance; `from_tables` takes them back.

    Parameters
    ----------
    instance
        The instance.
    like
        None: plain columns (a mapping of lists per table). Otherwise frames of this kind, as in
        `jitopt.frames.to_frame`.
    """
    found: dict[str, Any] = {}
    for name in _table_classes(type(instance)):
        table: Any = instance
        for part in name.split("."):
            table = getattr(table, part, None)
        if table is not None:
            columns = {key: list(value) for key, value in table.model_dump(exclude_none=True).items()}
            found[name] = columns if like is None else to_frame(columns, like)
    return found


def other_fields(instance: Instance[Plan]) -> dict[str, Any]:
    """Return what `instance_to_tables` leaves out, as the keywords of `from_tables`."""
    names = _table_classes(type(instance))
    data = {key: value for key, value in instance.to_dict().items() if key not in names}
    for name in names:
        outer, dot, inner = name.partition(".")
        if dot and outer in data:
            data[outer] = {key: value for key, value in data[outer].items() if key != inner}
    return {key: value for key, value in data.items() if key not in ("problem", "version")}
