"""What the naive evaluators of all problems share: exact numbers, columns, and the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

__all__ = ["Broken", "NaiveEvaluation", "column", "number"]

Broken = dict[tuple[str, tuple[str, ...]], Fraction]
"""The amount by which each rule (name, members) is broken."""


@dataclass
class NaiveEvaluation:
    """What the definitions say of a plan.

    terms: value of each term of the objective, None when the plan cannot be priced.
    broken: the broken rules. objective: sum of the terms.
    """

    terms: dict[str, Fraction] | None
    broken: Broken = field(default_factory=dict)

    @property
    def objective(self) -> Fraction | None:
        """Sum of the terms, None when the plan cannot be priced."""
        return None if self.terms is None else sum(self.terms.values(), Fraction(0))


def number(value: float) -> Fraction:
    """Return the number as the decimal it is written as."""
    return Fraction(str(value))


def column(table: dict[str, Any] | None, name: str, default: Any, rows: int | None = None) -> list[Any]:
    """Return a column of a table, `default` where it or an entry of it is absent."""
    if table is None:
        return []
    count = rows if rows is not None else len(next(iter(table.values())))
    values = table.get(name) or [None] * count
    return [default if value is None else value for value in values]
