"""The peer: a plain CP-SAT model of a sequence with soft ratio rules or squared part-usage deviation."""

from __future__ import annotations

import json
import sys
from typing import Any

from ortools.sat.python import cp_model


def model_of(data: dict[str, Any]) -> tuple[Any, list[list[Any]]]:
    """Return the model and its Booleans x[product][position]."""
    products, demand = data["products"]["product"], data["products"]["demand"]
    units = sum(demand)
    model = cp_model.CpModel()
    x = [[model.new_bool_var("") for _ in range(units)] for _ in products]
    for row, amount in zip(x, demand, strict=True):
        model.add(sum(row) == amount)
    for position in range(units):
        model.add_exactly_one(row[position] for row in x)
    cost = []
    if "ratios" in data:
        carriers: dict[str, list[int]] = {ratio: [] for ratio in data["ratios"]["ratio"]}
        for product, ratio in zip(data["options"]["product"], data["options"]["ratio"], strict=True):
            carriers[ratio].append(products.index(product))
        for ratio, p, q in zip(
            data["ratios"]["ratio"], data["ratios"]["at_most"], data["ratios"]["in_any"], strict=True
        ):
            for first in range(units - q + 1):
                late = model.new_bool_var("")
                load = sum(x[i][first + k] for i in carriers[ratio] for k in range(q))
                model.add(load <= p + (q - p) * late)
                cost.append(late)
    if "bill" in data:
        cost += _usage(model, x, data, products, demand, units)
    model.minimize(sum(cost))
    return model, x


def _usage(model: Any, x: Any, data: Any, products: Any, demand: Any, units: int) -> list[Any]:
    cost = []
    parts: dict[str, dict[int, int]] = {}
    for product, part, quantity in zip(*(data["bill"][k] for k in ("product", "part", "quantity")), strict=True):
        parts.setdefault(part, {})[products.index(product)] = int(quantity)
    for users in parts.values():
        total = sum(demand[i] * quantity for i, quantity in users.items())
        used: Any = 0
        for position in range(units):
            used = used + sum(quantity * x[i][position] for i, quantity in users.items())
            deviation = model.new_int_var(-units * total, units * total, "")
            model.add(deviation == units * used - (position + 1) * total)
            square = model.new_int_var(0, (units * total) ** 2, "")
            model.add_multiplication_equality(square, [deviation, deviation])
            cost.append(square)
    return cost


def main() -> None:
    """Solve the instance on standard input; print the sequence found."""
    data = json.load(sys.stdin)
    model, x = model_of(data)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = data["seconds"]
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    sequence = None
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        names = data["products"]["product"]
        sequence = [next(n for n, row in zip(names, x, strict=True) if solver.value(row[s])) for s in range(len(x[0]))]
    print(json.dumps({"status": solver.status_name(status), "sequence": sequence}))


if __name__ == "__main__":
    main()
