"""A second opinion: plans evaluated straight from the definitions, slowly and in fractions.

Works on plain data (the native JSON form), loops over slots, products, windows and periods, and
shares no code with the judge of any problem. It exists to test the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["Broken", "NaiveEvaluation", "column", "evaluate", "number"]

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


def evaluate(instance: Instance[Any], plan: Plan) -> NaiveEvaluation:
    """Evaluate `plan` by the definitions of its problem.

    Parameters
    ----------
    instance
        An instance of any problem.
    plan
        A plan of that problem, feasible or not.

    Returns
    -------
    NaiveEvaluation
        Terms and broken rules, in exact fractions. Limits count to the last digit: the judge's
        tolerance for continuous quantities is not known here.
    """
    from jitopt.testing import _naive_delivery, _naive_heijunka, _naive_kanban, _naive_sourcing

    data = instance.to_dict()
    problem: str = data["problem"]
    rooms = {
        "delivery": _naive_delivery.evaluate,
        "heijunka": _naive_heijunka.evaluate,
        "kanban": _naive_kanban.evaluate,
        "sourcing": _naive_sourcing.evaluate,
    }
    return rooms[problem](data, plan.to_dict())


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
