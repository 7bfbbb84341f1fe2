"""Figures in words: plurals, numbers as people read them, amounts in remedies."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

__all__ = ["amount", "counted", "filled", "rounded", "told", "told_down"]

AMOUNT = re.compile(r"\{amount(?: ([a-z ]+))?\}")
"""Place of an amount in a remedy, with the word that is counted."""


def counted(number: float | Fraction, word: str) -> str:
    """Return "1 unit", "2 units"."""
    return f"{amount(number)} {word}" if number == 1 else f"{amount(number)} {word}s"


def amount(value: float | Fraction) -> str:
    """Return a number as people read it: up to ten digits, no needless zeros."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.10g}"


def rounded(value: float | Fraction, digits: int) -> str:
    """Return a number with so many digits that count, never with an exponent: 1000, not 1e+03."""
    found = Decimal(f"{float(value):.{digits - 1}e}")
    return f"{found.normalize():f}" if found else "0"


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


def filled(remedy: str, amount: str) -> str:
    """Return a remedy with its amount: `{amount}`, or `{amount card}` for "1 card", "2 cards"."""
    return AMOUNT.sub(
        lambda found: f"{amount} {found[1]}{'' if amount == '1' else 's'}" if found[1] else amount, remedy
    )
