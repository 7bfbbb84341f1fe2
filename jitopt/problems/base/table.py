"""A table held as columns, and the strict base of all data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from jitopt.errors import InputError
from jitopt.problems.wording import key_words, listed, misnamed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Strict", "Table", "differ"]

MANY = 50_000
"""Rows from which keys are compared as arrays of numbers."""


class Strict(BaseModel):
    """Strict and frozen: no coercion, no unknown key, no NaN, no change after it is made."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Table(Strict):
    """A table held as columns of equal length; row r is the r-th entry of every column.

    An optional column that is absent is None; `KEY` names the columns whose values
    together must be different in every row.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    def rows(self) -> int:
        """Return the number of rows."""
        return next((len(column) for column in self._columns().values()), 0)

    def _columns(self) -> dict[str, tuple[Any, ...]]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if isinstance(value, tuple)}

    def check(self, place: str) -> None:
        """Refuse columns of unequal length and repeated keys, naming the place."""
        columns = self._columns()
        rows = self.rows()
        for name, column in columns.items():
            if len(column) != rows:
                first = next(iter(columns))
                raise InputError(
                    f"every column of a table must have as many rows as its first ({first!r}: {rows})",
                    place=f"{place}/{name}",
                    value=len(column),
                    remedy="add the missing entries or remove the surplus ones",
                )
        self._check_key(place)

    def _check_key(self, place: str) -> None:
        if not self.KEY:
            return
        absent = (None,) * self.rows()
        columns = [getattr(self, name) for name in self.KEY]
        if len(absent) > MANY and differ([column for column in columns if column is not None]):
            return
        keys = list(zip(*(absent if column is None else column for column in columns), strict=True))
        if len(set(keys)) == len(keys):
            return
        seen: set[object] = set()
        for row, key in enumerate(keys):
            if key in seen:
                raise InputError(
                    f"each {listed(self.KEY)}{' together' if len(key) > 1 else ''} may appear only once",
                    place=f"{place}/{self.KEY[-1]}/{row}",
                    value=key_words(self.KEY, key),
                    remedy="remove or rename the repeated row",
                )
            seen.add(key)

    def check_reference(self, place: str, column: str, known: Mapping[str, int], what: str, home: str = "") -> None:
        """Refuse a value of `column` that is not among `known` (None is let through).

        known: row of each known name in the column at `home`.
        """
        values = getattr(self, column)
        if set(values) - {None} <= known.keys():
            return
        for row, value in enumerate(values):
            if value is not None and value not in known:
                raise misnamed(value, column, known, what, f"{place}/{column}/{row}", home)


def differ(columns: Sequence[Sequence[Any]]) -> bool:
    """Tell whether the rows of columns differ from each other, as far as 64 bits can tell them apart."""
    import numpy as np

    found: Any = 0
    size = 1
    for column in columns:
        if set(map(type, column)) == {int}:
            rows, count = np.array(column, dtype=np.int64), max(1, 1 + max(column))
        else:
            numbers = {value: number for number, value in enumerate(dict.fromkeys(column))}
            rows, count = np.fromiter(map(numbers.__getitem__, column), np.int64, len(column)), len(numbers)
        size *= count
        if size >= 2**63:
            return False
        found = found * count + rows
    found.sort()
    return bool((np.diff(found) > 0).all())
