"""From exact fractions to the numbers of an instance."""

from __future__ import annotations

from fractions import Fraction

from jitopt.problems.figures import told, told_down

__all__ = ["mean", "told", "told_down"]


def mean(values: list[Fraction]) -> Fraction:
    """Return the mean of values, 0 of none."""
    return sum(values, Fraction(0)) / len(values) if values else Fraction(0)
