"""Kanban by plain HiGHS: one binary for every row of the table of loops, containers and cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.kanban import KanbanPlan, LoopCards
from peers import _highs
from peers._kanban import tabulate

if TYPE_CHECKING:
    from jitopt.problems.kanban import Kanban

HEURISTIC = {
    "name": "kanban_plain_highs",
    "problem": "kanban",
    "summary": "multiple-choice knapsack as a user would give it to HiGHS",
    "source": "plain model, highspy",
}


def run(instance: Kanban, context: Any) -> None:
    rows = tabulate(instance)
    model = _highs.Model()
    choices: dict[str, list[int]] = {name: [] for name in instance.names}
    loads: dict[str, tuple[list[int], list[float]]] = {limit: ([], []) for limit in instance.capacity}
    for number, row in enumerate(rows):
        choices[row.loop].append(model.add(float(row.cost)))
        for limit, amount in row.takes:
            loads[limit][0].append(number)
            loads[limit][1].append(float(amount))
    for mine in choices.values():
        model.row(mine, [1.0] * len(mine), 1.0, 1.0)
    for limit, (columns, amounts) in loads.items():
        model.row(columns, amounts, float("-inf"), float(instance.capacity[limit]))

    def plan_of(values: Any) -> KanbanPlan:
        chosen = [rows[max(mine, key=lambda number: values[number])] for mine in choices.values()]
        return KanbanPlan(loops=tuple(LoopCards(loop=r.loop, container=r.container, cards=r.cards) for r in chosen))

    _highs.solve(model, context, plan_of)
