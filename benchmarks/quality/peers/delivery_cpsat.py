"""Delivery menus by plain CP-SAT: one literal for every supplier and frequency, limits as rows."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any

from jitopt.problems.delivery.columns import shared
from peers import _cpsat
from peers._delivery import columns_of, plan_from

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery

HEURISTIC = {
    "name": "delivery_plain_cpsat",
    "problem": "delivery",
    "summary": "one literal for every supplier and frequency, as a user would give it to CP-SAT",
    "source": "plain model, OR-Tools",
}


def run(instance: Delivery, context: Any) -> None:
    from ortools.sat.python import cp_model

    choices, table = columns_of(instance)
    model: Any = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in table]
    for mine in choices:
        model.add_exactly_one(x[n] for n in mine)
    for rule in shared(instance):
        takes = [(n, column.takes[rule.key]) for n, column in enumerate(table) if rule.key in column.takes]
        scale = 1 / rule.grain  # What is taken are whole multiples of the grain.
        model.add(sum(ceil(amount * scale) * x[n] for n, amount in takes) <= floor(rule.limit * scale))
    scale_of_cost = _cpsat.scale_of(column.cost for column in table)
    model.minimize(sum(floor(column.cost * scale_of_cost) * x[n] for n, column in enumerate(table)))
    _cpsat.solve(
        model,
        context,
        lambda value: plan_from(instance, [table[max(mine, key=lambda n: value(x[n]))] for mine in choices]),
        scale_of_cost,
    )
