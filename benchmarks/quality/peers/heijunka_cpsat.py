"""Sequences by plain CP-SAT: a literal for every product and position; soft ratio rules or squared part usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers import _cpsat
from peers._sequence import carriers, sequence_of, usage

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

HEURISTIC = {
    "name": "heijunka_plain_cpsat",
    "problem": "heijunka",
    "summary": "a literal for every product and position, as a user would give it to CP-SAT",
    "source": "plain model, OR-Tools",
}


def run(instance: Heijunka, context: Any) -> None:
    from ortools.sat.python import cp_model

    products, demand = instance.products.product, instance.products.demand
    units = sum(demand)
    model: Any = cp_model.CpModel()
    x = [[model.new_bool_var("") for _ in range(units)] for _ in products]
    for row, amount in zip(x, demand, strict=True):
        model.add(sum(row) == amount)
    for position in range(units):
        model.add_exactly_one(row[position] for row in x)
    squared = instance.ratios is None
    cost = _squares(model, x, instance) if squared else _windows(model, x, instance)
    model.minimize(sum(cost))
    # Deviations are counted in units of 1 / number of positions.
    scale = units * units if squared else 1
    _cpsat.solve(model, context, lambda value: sequence_of(instance, lambda i, s: value(x[i][s])), scale)


def _windows(model: Any, x: list[list[Any]], instance: Heijunka) -> list[Any]:
    cost = []
    for members, most, window in carriers(instance):
        for first in range(len(x[0]) - window + 1):
            late = model.new_bool_var("")
            load = sum(x[i][first + k] for i in members for k in range(window))
            model.add(load <= most + (window - most) * late)
            cost.append(late)
    return cost


def _squares(model: Any, x: list[list[Any]], instance: Heijunka) -> list[Any]:
    cost, units = [], len(x[0])
    for users, total in usage(instance):
        used: Any = 0
        for position in range(units):
            used = used + sum(quantity * x[i][position] for i, quantity in users.items())
            deviation = model.new_int_var(-units * total, units * total, "")
            model.add(deviation == units * used - (position + 1) * total)
            square = model.new_int_var(0, (units * total) ** 2, "")
            model.add_multiplication_equality(square, [deviation, deviation])
            cost.append(square)
    return cost
