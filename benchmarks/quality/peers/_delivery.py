"""What a planner would tabulate first: of each supplier or milk run the cost and load of every frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.delivery import DeliveryPlan
from jitopt.problems.delivery.columns import Column, columns

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery

__all__ = ["columns_of", "plan_from"]


def columns_of(instance: Delivery) -> tuple[list[list[int]], list[Column]]:
    """Return the numbers of each stop's columns, and all columns that fit truck and menu."""
    choices: list[list[int]] = []
    table: list[Column] = []
    for row in columns(instance):
        kept = [column for column in row if not column.short]
        choices.append(list(range(len(table), len(table) + len(kept))))
        table += kept
    return choices, table


def plan_from(instance: Delivery, chosen: list[Column]) -> DeliveryPlan:
    """Return the plan in which each stop has its chosen column."""
    rows = [
        {"supplier": supplier, "frequency": column.frequency}
        for stop, column in zip(instance.stops, chosen, strict=True)
        for supplier in stop.suppliers
    ]
    return DeliveryPlan.model_validate({"deliveries": rows})
