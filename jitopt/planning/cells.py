"""From a cell of a spreadsheet to the value of its column, or the reason why not."""

from __future__ import annotations

import math
import re
import typing
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jitopt.formats.columns import kinds

if typing.TYPE_CHECKING:
    from jitopt.formats.columns import ColumnKind
    from jitopt.problems.base import Table

__all__ = ["Column", "Formula", "Refused", "columns_of"]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+\Z")
GROUPED = re.compile(r"[+-]?\d{1,3}([,.'\u00a0\u202f ]\d{3})+([.,]\d+)?\Z")
NOT_A_NUMBER = frozenset(("nan", "n/a", "na", "#n/a", "inf", "-inf", "+inf", "infinity", "#value!", "#ref!", "#div/0!"))

WORDS = {"text": "text", "number": "a number", "count": "a whole number", "flag": "true or false"}


class Formula(str):
    """A formula of a workbook whose value was never saved."""

    __slots__ = ()


class Refused(Exception):
    """A cell that does not fit its column: rule and remedy."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.remedy = remedy


class Column(typing.NamedTuple):
    """A column of a table class.

    header: its name in the file. field: its name in the class. kind: what it holds. entry: checks
    one value against the column's range.
    """

    header: str
    field: str
    kind: ColumnKind
    entry: TypeAdapter[Any]

    def parse(self, cell: Any, typed: bool) -> Any:
        """Return the value of a cell.

        cell: text, or what a typed source (a workbook, JSON) holds. typed: numbers come as numbers
        only, text is not read as one.

        Raises
        ------
        Refused
            With rule and remedy.
        """
        if isinstance(cell, Formula):
            raise Refused(
                "a formula is read by its saved value, and none is saved",
                "open the workbook in a spreadsheet program and save it, or write the value",
            )
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if self.kind.nullable:
                return None
            raise Refused("a value is missing", f"write {WORDS[self.kind.word]}, or remove the row")
        value = _text(cell) if self.kind.word == "text" else _number(cell, self.kind.word, typed)
        try:
            return self.entry.validate_python(value, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            told = str(first["msg"]).replace("Input should be", "the value must be")
            raise Refused(told[:1].lower() + told[1:], _remedy(str(first["type"]))) from None


@lru_cache(maxsize=64)
def columns_of(table: type[Table]) -> dict[str, Column]:
    """Return the columns of a table class by their headers."""
    found = {}
    for field, kind in kinds(table).items():
        annotation = table.model_fields[field].annotation
        header = table.model_fields[field].alias or field
        found[header] = Column(header, field, kind, TypeAdapter(_entry(annotation)))
    return found


def _entry(annotation: Any) -> Any:
    """Return the annotation of one entry of a column such as `tuple[Annotated[float, ...], ...] | None`."""
    while typing.get_origin(annotation) is not tuple:
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        annotation = parts[0]
    return typing.get_args(annotation)[0]


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Refused("the value must be text", "format the cell as text")
    text = str(cell)
    if text != text.strip():
        raise Refused("an id must not begin or end with a blank", "remove the blank")
    return text


def _number(cell: Any, word: str, typed: bool) -> int | float:
    if isinstance(cell, bool) or (isinstance(cell, str) and typed) or not isinstance(cell, str | int | float):
        raise Refused(f"the value must be {WORDS[word]}", f"write {WORDS[word]}, not text")
    value = _from_text(cell.strip(), word) if isinstance(cell, str) else cell
    if not math.isfinite(value):
        raise Refused("a number must be finite; NaN is not a value", "write a number, or leave the cell empty")
    if word == "count":
        if value != int(value):
            raise Refused("the value must be a whole number", "round it, or check the unit")
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _from_text(text: str, word: str) -> int | float:
    if NUMBER.match(text):
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    if text.lower() in NOT_A_NUMBER:
        raise Refused("NaN and infinities are no values", "write a number, or leave the cell empty")
    if DECIMAL_COMMA.match(text):
        raise Refused(
            "a decimal comma is not read: it could mean a thousand as well",
            f"write it with a decimal point, like {text.replace(',', '.')}, or without a separator",
        )
    if GROUPED.match(text):
        raise Refused("digits must not be grouped", "write the number without separators of thousands")
    raise Refused(f"the value must be {WORDS[word]}; this is text", f"write {WORDS[word]} (units stand in the docs)")


def _remedy(kind: str) -> str:
    return {
        "greater_than": "write a value above 0, or check the sign",
        "greater_than_equal": "write a value of at least the limit, or check the sign",
        "less_than_equal": "check the unit of the value",
        "literal_error": "use one of the listed words",
        "string_too_short": "write a name",
    }.get(kind, "correct the value")
