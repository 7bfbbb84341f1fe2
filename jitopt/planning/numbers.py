"""From exact fractions to the numbers of an instance."""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["mean", "told", "told_down"]


def told(value: Fraction) -> int | float:
    """Return a fraction as an integer where it is one, else as the nearest float."""
    return int(value) if value.denominator == 1 else float(value)


def told_down(value: Fraction) -> int | float:
    """Return a fraction as the largest number, written as a decimal, that is not above it.

    What is rounded up afterwards (cards) must not be pushed over a whole number by the writing.
    """
    if value.denominator == 1:
        return int(value)
    found = float(value)
    while Fraction(repr(found)) > value:
        found = math.nextafter(found, -math.inf)
    return found


def mean(values: list[Fraction]) -> Fraction:
    """Return the mean of values, 0 of none."""
    return sum(values, Fraction(0)) / len(values) if values else Fraction(0)
