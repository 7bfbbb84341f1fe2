"""A second opinion: plans evaluated straight from the definitions, slowly and in fractions.

Works on plain data (the native JSON form), loops over slots, products, windows and periods, runs lines
event by event, and shares no code with the judge of any problem. It exists to test the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.kanban import Kanban
from jitopt.testing import _naive_delivery, _naive_heijunka, _naive_kanban, _naive_line, _naive_sourcing
from jitopt.testing._definitions import NaiveEvaluation

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["NaiveEvaluation", "evaluate"]


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
    if isinstance(instance, Kanban) and instance.line is not None:
        return _naive_line.evaluate(instance, plan.to_dict())
    data = instance.to_dict()
    problem: str = data["problem"]
    rooms = {
        "delivery": _naive_delivery.evaluate,
        "heijunka": _naive_heijunka.evaluate,
        "kanban": _naive_kanban.evaluate,
        "sourcing": _naive_sourcing.evaluate,
    }
    return rooms[problem](data, plan.to_dict())
