"""What a figure of queueing theory is: exact for the model it names, a bound, or an approximation."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from jitopt.errors import InputError

__all__ = ["Kind", "require"]

Kind = Literal["exact", "bound", "approximation"]
"""Exact: holds for the stated model to rounding. Bound: never on the wrong side. Approximation: may err either way."""


def require(condition: bool, rule: str, value: object) -> None:
    """Refuse an argument that breaks a rule.

    Raises
    ------
    InputError
        With the rule and the value.
    """
    if not condition:
        raise InputError(rule, value=value)


def positive(value: float, name: str) -> None:
    """Refuse a number that is not above 0 and finite."""
    require(isfinite(value) and value > 0, f"{name} must be above 0", value)


def whole(value: int, name: str, least: int = 0) -> None:
    """Refuse what is no whole number of at least `least`."""
    require(int(value) == value and value >= least, f"{name} must be a whole number of at least {least}", value)
