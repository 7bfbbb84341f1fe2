"""Make the values of a frame's column into what a table of an instance holds, or say why not."""

from __future__ import annotations

import math
import numbers
import types
import typing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

if typing.TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.base import Table

__all__ = ["ColumnKind", "Misfit", "clean", "kinds"]

NAMES = {"text": "text", "number": "a number", "count": "a whole number", "flag": "true or false"}

REMEDIES = {
    "text": "convert the column to text",
    "number": "correct the value or convert the column to numbers",
    "count": "correct the value or convert the column to whole numbers",
    "flag": "convert the column to booleans",
}


@dataclass(frozen=True)
class ColumnKind:
    """What a column holds.

    word: "text", "number", "count" or "flag". nullable: single entries may be missing.
    required: the column must be there.
    """

    word: str
    nullable: bool
    required: bool


class Misfit(Exception):
    """A value that does not fit its column: its row (from 0), the rule and the remedy."""

    def __init__(self, row: int, rule: str, value: object, remedy: str) -> None:
        super().__init__(rule)
        self.row = row
        self.rule = rule
        self.value = value
        self.remedy = remedy


def kinds(table: type[Table]) -> dict[str, ColumnKind]:
    """Return the kind of every column of a table class, read from its annotations."""
    found = {}
    for name, field in table.model_fields.items():
        column, _ = _peel(field.annotation)
        entry, nullable = _peel(typing.get_args(column)[0])
        found[name] = ColumnKind(_word(entry), nullable, field.is_required())
    return found


def _peel(annotation: Any) -> tuple[Any, bool]:
    """Strip Annotated and "or None"; tell whether None was allowed."""
    nullable = False
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            rest = [part for part in typing.get_args(annotation) if part is not type(None)]
            nullable = nullable or len(rest) < len(typing.get_args(annotation))
            annotation = rest[0]
        else:
            return annotation, nullable


def _word(entry: Any) -> str:
    if entry is str or typing.get_origin(entry) is Literal:
        return "text"
    return {float: "number", int: "count", bool: "flag"}[entry]


def clean(values: list[Any], kind: ColumnKind) -> list[Any]:
    """Return the values as plain Python ones.

    Raises
    ------
    Misfit
        For the first value that does not fit.
    """
    convert = CONVERT[kind.word]
    found: list[Any] = []
    for row, value in enumerate(values):
        if value is None:
            if not kind.nullable:
                raise Misfit(row, "a value is missing", None, f"write {NAMES[kind.word]}, or leave out the row")
            found.append(None)
            continue
        if isinstance(value, float) and math.isnan(value):
            raise Misfit(row, "NaN is not a value", value, "write a number, or null where nothing is meant")
        plain = convert(value)
        if plain is None:
            raise Misfit(row, f"the value must be {NAMES[kind.word]}", value, REMEDIES[kind.word])
        found.append(plain)
    return found


def _to_text(value: Any) -> str | None:
    return str(value) if isinstance(value, str) else None


def _is_flag(value: Any) -> bool:
    # numpy's bool is no bool, but its type has the same name.
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _to_number(value: Any) -> float | None:
    if _is_flag(value):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real | Decimal):
        return float(value) if math.isfinite(value) else None
    return None


def _to_count(value: Any) -> int | None:
    """Take 3.0 as 3: a frame that holds a null turns its integers into floats."""
    number = _to_number(value)
    return int(number) if number is not None and number == int(number) else None


def _to_flag(value: Any) -> bool | None:
    return bool(value) if _is_flag(value) else None


CONVERT: dict[str, Callable[[Any], Any]] = {
    "text": _to_text,
    "number": _to_number,
    "count": _to_count,
    "flag": _to_flag,
}
