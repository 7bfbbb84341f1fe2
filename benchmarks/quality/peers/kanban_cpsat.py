"""Kanban by plain CP-SAT: one literal for every row of the table of loops, containers and cards."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any

from jitopt.problems.kanban import KanbanPlan, LoopCards
from peers import _cpsat
from peers._kanban import tabulate

if TYPE_CHECKING:
    from jitopt.problems.kanban import Kanban

HEURISTIC = {
    "name": "kanban_plain_cpsat",
    "problem": "kanban",
    "summary": "multiple-choice knapsack as a user would give it to CP-SAT",
    "source": "plain model, OR-Tools",
}


def run(instance: Kanban, context: Any) -> None:
    from ortools.sat.python import cp_model

    rows = tabulate(instance)
    model: Any = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in rows]
    choices: dict[str, list[int]] = {name: [] for name in instance.names}
    for number, row in enumerate(rows):
        choices[row.loop].append(number)
    for mine in choices.values():
        model.add_exactly_one(x[number] for number in mine)
    for limit, capacity in instance.capacity.items():
        takes = [(n, amount) for n, row in enumerate(rows) for name, amount in row.takes if name == limit]
        scale = _cpsat.scale_of([amount for _, amount in takes] + [capacity])
        model.add(sum(ceil(amount * scale) * x[n] for n, amount in takes) <= floor(capacity * scale))
    scale = _cpsat.scale_of(row.cost for row in rows)
    model.minimize(sum(floor(row.cost * scale) * x[n] for n, row in enumerate(rows)))

    def plan_of(value: Any) -> KanbanPlan:
        chosen = [rows[max(mine, key=lambda number: value(x[number]))] for mine in choices.values()]
        return KanbanPlan(loops=tuple(LoopCards(loop=r.loop, container=r.container, cards=r.cards) for r in chosen))

    _cpsat.solve(model, context, plan_of, scale)
