"""Car sequencing by plain HiGHS: a binary for every class and position, and one for every window that may be broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers import _highs
from peers._sequence import carriers, sequence_of

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

HEURISTIC = {
    "name": "heijunka_plain_highs",
    "problem": "heijunka",
    "summary": "a binary for every class and position, as a user would give it to HiGHS",
    "source": "plain model, highspy",
}


def run(instance: Heijunka, context: Any) -> None:
    demand = instance.products.demand
    units = sum(demand)
    model = _highs.Model()
    x = [[model.add(0.0) for _ in range(units)] for _ in demand]
    for row, amount in zip(x, demand, strict=True):
        model.row(row, [1.0] * units, amount, amount)
    for position in range(units):
        model.row([row[position] for row in x], [1.0] * len(x), 1.0, 1.0)
    for members, most, window in carriers(instance):
        for first in range(units - window + 1):
            late = model.add(1.0)
            inside = [x[i][first + k] for i in members for k in range(window)]
            model.row([*inside, late], [1.0] * len(inside) + [float(most - window)], float("-inf"), float(most))
    _highs.solve(model, context, lambda values: sequence_of(instance, lambda i, s: values[x[i][s]]))
