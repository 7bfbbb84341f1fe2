"""Numbers as a person wrote them: exact fractions, exact sums, and by how much a limit may be exceeded."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["exact", "tolerance", "total", "within_limit"]

ZERO_DECIMAL = Decimal(0)

EXACT = Context(prec=2000, traps=[Inexact, Overflow, InvalidOperation])
"""Decimals of any numbers that an instance holds add up in it to the last digit; else it would say so."""

TOLERANCE = Fraction(1, 10**9)
"""A limit on a continuous quantity counts as kept within this, relative to max(1, |limit|)."""

MOST_TOLERANCE = Fraction(1, 1000)
"""The tolerance is never more than this, so that a whole unit always counts."""


@lru_cache(maxsize=1 << 16)
def exact(value: float) -> Fraction:
    """Return the number a person wrote as an exact fraction: 0.1 is 1/10."""
    number = float(value)
    return Fraction(int(number)) if number.is_integer() else Fraction(repr(number))


def total(values: Iterable[float]) -> Fraction:
    """Return the sum of numbers, each the decimal that a person wrote; fast where there are many."""
    found = ZERO_DECIMAL
    add = EXACT.add
    for text in map(repr, values):
        found = add(found, Decimal(text))
    return Fraction(found)


def tolerance(limit: Fraction) -> Fraction:
    """Return by how much a limit may be exceeded: `TOLERANCE` relative to max(1, |limit|), up to `MOST_TOLERANCE`."""
    return min(TOLERANCE * max(Fraction(1), abs(limit)), MOST_TOLERANCE)


def within_limit(value: Fraction, limit: Fraction) -> bool:
    """Tell whether value <= limit, up to `tolerance`."""
    return bool(value <= limit + tolerance(limit))
