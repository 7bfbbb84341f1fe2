"""Plans for the fake solvers."""

from __future__ import annotations

from typing import Any


def any_plan(instance: Any) -> Any:
    """Return every product in one block: it keeps the demand, nothing else is promised."""
    table = instance.products
    sequence = [p for p, demand in zip(table.product, table.demand, strict=True) for _ in range(demand)]
    return instance.plan_type(sequence=sequence)
