"""Data frames of any library, through narwhals: columns out of them, frames made of columns."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jitopt.errors import InputError, JitoptError

__all__ = ["columns_of", "row_label", "to_frame"]

LIBRARIES = ("pandas", "polars", "pyarrow")
"""Frame libraries that can be asked for by name, in the order in which they are tried."""


def to_frame(columns: Mapping[str, Sequence[Any]], like: object = None) -> Any:
    """Return columns as a data frame.

    Parameters
    ----------
    columns
        Values of each column, of equal length.
    like
        A frame or series, or the name of a library ("pandas", "polars", "pyarrow"), whose kind is
        returned; None takes the first of these that is installed.

    Raises
    ------
    InputError
        If `like` is no frame and no such name.
    JitoptError
        If the library is not installed.
    """
    import narwhals as nw

    backend = _backend(like)
    data = {name: list(values) for name, values in columns.items()}
    return nw.from_dict(data, backend=backend).to_native()


def _backend(like: object) -> Any:
    import narwhals as nw

    if like is None:
        found = next((name for name in LIBRARIES if importlib.util.find_spec(name)), None)
        if found is None:
            raise JitoptError("No data-frame library is installed. Remedy: pip install pandas (or polars).")
        return found
    if isinstance(like, str):
        if like not in LIBRARIES:
            raise InputError("the frame library is unknown", value=like, remedy=f"use one of {', '.join(LIBRARIES)}")
        if not importlib.util.find_spec(like):
            raise JitoptError(f"The frame library {like} is not installed. Remedy: pip install {like}.")
        return like
    frame: Any = nw.from_native(like, allow_series=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame | nw.Series):
        raise InputError(
            "`like` must be a data frame or the name of a frame library",
            value=type(like).__name__,
            remedy=f"give a frame or one of {', '.join(LIBRARIES)}",
        )
    return frame.implementation


def columns_of(table: object, place: str) -> dict[str, list[Any]]:
    """Return the columns of a frame, or of a mapping of columns, as lists; nulls become None.

    What counts as null is the library's own idea: in pandas, NaN in a column of its classic types
    is how a missing value is stored, so it is a null. Elsewhere NaN stays NaN.

    Raises
    ------
    InputError
        If `table` is neither, or a column is no sequence; `place` names the table.
    """
    import narwhals as nw

    if isinstance(table, Mapping):
        return {_text(name, place): _values(column, f"{place}, column {name}") for name, column in table.items()}
    try:
        frame: Any = nw.from_native(table, eager_only=True)
    except (TypeError, nw.exceptions.NarwhalsError) as error:
        raise InputError(
            "a table is a data frame in memory or a mapping of columns",
            place=place,
            value=type(table).__name__,
            remedy="collect a lazy frame first; give each column one name",
        ) from error
    return {_text(name, place): _series(frame.get_column(name)) for name in frame.columns}


def _text(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise InputError("a column's name must be text", place=place, value=name, remedy="rename the column")
    return name


def _values(column: object, place: str) -> list[Any]:
    import narwhals as nw

    if isinstance(column, list | tuple):
        return list(column)
    series: Any = nw.from_native(column, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _series(series)
    if isinstance(column, str | bytes | Mapping) or not isinstance(column, Iterable):
        raise InputError("a column is a list of values", place=place, value=column, remedy="write the values as a list")
    return column.tolist() if hasattr(column, "tolist") else list(column)


def _series(series: Any) -> list[Any]:
    nulls = series.is_null().to_list()
    return [None if null else value for value, null in zip(series.to_list(), nulls, strict=True)]


def row_label(table: object, row: int) -> str:
    """Return how a person finds a row: counted from 1, and its index label."""
    index = getattr(table, "index", None)
    label: object = row
    if index is not None and not callable(index) and hasattr(index, "__getitem__"):
        label = index[row]
        label = label.item() if hasattr(label, "item") else label
    return f"row {row + 1} (index {label!r})"
