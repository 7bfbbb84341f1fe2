"""Level product rates as an assignment problem (Kubiak and Sethi 1991), by scipy's linear_sum_assignment.

Unit j of product i has an ideal position; built k positions away it costs the excess of the squared
deviations. The sum of least costs is the optimum, exact up to floating point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.heijunka import HeijunkaPlan

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

HEURISTIC = {
    "name": "heijunka_scipy_assignment",
    "problem": "heijunka",
    "summary": "product rates as an assignment problem, scipy.optimize.linear_sum_assignment",
    "source": "Kubiak and Sethi 1991",
}


def run(instance: Heijunka, context: Any) -> None:
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    demand = instance.products.demand
    units = sum(demand)
    rows, owners, floor = [], [], 0.0
    after = np.arange(1, units + 1)
    for product, amount in enumerate(demand):
        ideal = after * amount / units
        nearest = np.floor(ideal + 0.5)
        floor += float(((nearest - ideal) ** 2).sum())
        for unit in range(1, amount + 1):
            # What it costs to have `unit` built by now instead of `unit - 1`, at every position.
            gain = (unit - ideal) ** 2 - (unit - 1 - ideal) ** 2
            early = np.append(np.cumsum(np.maximum(gain, 0.0)[::-1])[::-1], 0.0)[:units]
            late = np.concatenate(([0.0], np.cumsum(np.maximum(-gain, 0.0))))[:units]
            rows.append(early + late)
            owners.append(product)
    cost = np.array(rows)
    units_of, positions = linear_sum_assignment(cost)
    context.bound((floor + float(cost[units_of, positions].sum())) * (1 - 1e-11))
    sequence = [""] * units
    for unit, position in zip(units_of.tolist(), positions.tolist(), strict=True):
        sequence[position] = instance.products.product[owners[unit]]
    context.report(HeijunkaPlan(sequence=tuple(sequence)))
