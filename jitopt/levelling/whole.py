"""Columns of numbers as whole numbers over one common denominator, so that nothing is rounded."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.problems.base import LARGEST, exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Column", "column", "together"]

Number = float | Fraction

DIGITS = 9
"""Decimals up to which numbers are made whole all at once, as arrays."""

SAFE = 2**52
"""Below it a float tells every whole number from the next."""

Column = tuple[Any, int]
"""Whole numbers (an array of int64, or of Python's integers where they are long) and what they are divided by."""


def column(name: str, values: Sequence[Number] | NDArray[Any]) -> Column:
    """Return numbers from 0 as whole numbers over a common denominator; a float counts as the decimal it is written as.

    Raises
    ------
    InputError
        For what is no number from 0, naming the row.
    """
    given = list(values) if not isinstance(values, np.ndarray) else values
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.empty(0, dtype=object)
    mixed = isinstance(given, list) and any(isinstance(value, bool) for value in given)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or mixed:
        return _by_hand(name, given if isinstance(given, list) else given.tolist())
    if not len(array):
        return array.astype(np.int64), 1
    floats = array.astype(np.float64)
    wrong = ~((floats >= 0) & (floats <= LARGEST))
    if wrong.any():
        _refuse(name, int(wrong.argmax()), array[wrong.argmax()].item())
    for digits in range(DIGITS + 1):
        per = 10**digits
        made = np.rint(floats * per)
        if made.max() >= SAFE:
            break
        if (made / per == floats).all():
            return made.astype(np.int64), per
    return _by_hand(name, array.tolist())


def _by_hand(name: str, values: list[Any]) -> Column:
    made = []
    for row, value in enumerate(values):
        usable = isinstance(value, int | float | Fraction) and not isinstance(value, bool) and math.isfinite(value)
        if not usable or not 0 <= value <= LARGEST:
            _refuse(name, row, value)
        made.append(value if isinstance(value, Fraction) else exact(value))
    per = math.lcm(1, *(value.denominator for value in made))
    return np.array([int(value * per) for value in made] or [0], dtype=object)[: len(made)], per


def _refuse(name: str, row: int, value: object) -> None:
    raise InputError(
        f"{name} must be a number from 0 to {LARGEST:.0e}".replace("e+", "e"), place=f"{name}/{row}", value=value,
        remedy="correct it",
    )  # fmt: skip


def together(columns: Sequence[Column], periods: int) -> tuple[list[Any], int]:
    """Return columns over one denominator, and it; as int64 where no product of theirs can overflow."""
    per = math.lcm(1, *(one for _, one in columns))
    largest = sum(int(values.max()) * (per // one) for values, one in columns if len(values))
    # The steepest product that is formed: a cumulative sum times a number of periods, doubled by rounding to halves.
    fits = 4 * largest * (periods + 1) ** 2 < 2**63
    made = [values.astype(np.int64 if fits else object) * (per // one) for values, one in columns]
    return made, per
