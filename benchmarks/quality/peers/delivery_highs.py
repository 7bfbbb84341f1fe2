"""Delivery menus by plain HiGHS: one binary for every supplier and frequency, limits as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.delivery.columns import shared
from peers import _highs
from peers._delivery import columns_of, plan_from

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery

HEURISTIC = {
    "name": "delivery_plain_highs",
    "problem": "delivery",
    "summary": "one binary for every supplier and frequency, as a user would give it to HiGHS",
    "source": "plain model, highspy",
}


def run(instance: Delivery, context: Any) -> None:
    choices, table = columns_of(instance)
    model = _highs.Model()
    for column in table:
        model.add(float(column.cost))
    for mine in choices:
        model.row(mine, [1.0] * len(mine), 1.0, 1.0)
    for rule in shared(instance):
        takes = [(n, float(column.takes[rule.key])) for n, column in enumerate(table) if rule.key in column.takes]
        model.row([n for n, _ in takes], [amount for _, amount in takes], float("-inf"), float(rule.limit))
    _highs.solve(
        model,
        context,
        lambda values: plan_from(instance, [table[max(mine, key=lambda n: values[n])] for mine in choices]),
    )
