"""Plans for the fake solvers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def any_plan(instance: Any) -> Any:
    """Return every product in one block: it keeps the demand, nothing else is promised."""
    table = instance.products
    sequence = [p for p, demand in zip(table.product, table.demand, strict=True) for _ in range(demand)]
    return instance.plan_type(sequence=sequence)


def blocks_model(instance: Any) -> Any:
    """Return a model of CP-SAT whose optimum is what the plan of blocks costs."""
    from ortools.sat.python import cp_model

    class Model(cp_model.CpModel):
        unit = Fraction(instance.evaluate(any_plan(instance)).objective)

    model = Model()
    model.minimize(model.new_int_var(1, 2, "the plan of blocks"))
    return model
