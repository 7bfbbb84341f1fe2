"""Plans as a planner reads them: sequence, heijunka box, orders, rhythms of delivery."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jitopt.cli.box import show_box
from jitopt.cli.output import columns, fit, number, pad, width
from jitopt.problems.kanban.line_judge import decided

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.problems.delivery import Delivery, DeliveryPlan
    from jitopt.problems.heijunka import HeijunkaPlan
    from jitopt.problems.kanban import Kanban, KanbanPlan
    from jitopt.problems.sourcing import Sourcing, SourcingPlan

__all__ = ["show_plan"]

ROW = 20
"""Positions of a sequence in a row."""

MOST_POSITIONS = 200
MOST_ROWS = 40

CELL = 12
"""Most columns of an id within a grid."""


def show_plan(instance: Any, plan: Any) -> str:
    """Return the plan as text; a long one is cut, with a note."""
    if instance.problem == "heijunka":
        return _sequence(plan) if plan.sequence is not None else show_box(instance, plan)
    if instance.problem == "kanban":
        return _cards(instance, plan)
    if instance.problem == "sourcing":
        return _orders(instance, plan)
    if instance.problem == "delivery" and plan.base_period is None:
        return _rhythms(instance, plan)
    rows = plan.to_rows()
    table = list(zip(*rows.values(), strict=True))
    return columns(list(rows), table[:MOST_ROWS]) + _cut(len(table), MOST_ROWS, "rows")


def _cut(found: int, shown: int, what: str) -> str:
    return f"\n... {found - shown} more {what}; -o FILE writes them all" if found > shown else ""


def _sequence(plan: HeijunkaPlan) -> str:
    sequence = plan.sequence or ()
    cells = [fit(product, CELL) for product in sequence[:MOST_POSITIONS]]
    size = max((width(cell) for cell in cells), default=0)
    edge = len(str(len(sequence)))
    lines = [
        f"{start + 1:>{edge}}  " + " ".join(pad(cell, size) for cell in cells[start : start + ROW]).rstrip()
        for start in range(0, len(cells), ROW)
    ]
    return "\n".join(lines) + _cut(len(sequence), MOST_POSITIONS, "positions")


def _orders(instance: Sourcing, plan: SourcingPlan) -> str:
    """Return the orders, then what each supplier gets."""
    if not any(order.quantity for order in plan.orders):
        return "Nothing needs to be ordered: the demand is met from stock, or there is none."
    orders = sorted((o for o in plan.orders if o.quantity), key=lambda o: (o.period, o.supplier, o.part))
    shown = [[o.period, o.supplier, o.part, o.quantity] for o in orders[:MOST_ROWS]]
    text = columns(["period", "supplier", "part", "quantity"], shown) + _cut(len(orders), MOST_ROWS, "orders")
    quantity: dict[str, float] = defaultdict(float)
    parts: dict[str, set[str]] = defaultdict(set)
    for order in orders:
        quantity[order.supplier] += order.quantity
        parts[order.supplier].add(order.part)
    total = sum(quantity.values())
    ranked = sorted(quantity, key=lambda supplier: (-quantity[supplier], supplier))
    rows = [
        [s, quantity[s], f"{quantity[s] / total:.1%}", len(parts[s]), _limit(instance.capacity[s])]
        for s in ranked[:MOST_ROWS]
    ]
    head = ["supplier", "quantity", "share", "parts", "capacity per period"]
    return f"{text}\n\n{columns(head, rows)}" + _cut(len(ranked), MOST_ROWS, "suppliers")


def _rhythms(instance: Delivery, plan: DeliveryPlan) -> str:
    """Return frequency and cycle A-B-C of each supplier, then cards and delivery of each part."""
    told = instance.evaluate(plan).evidence
    fills = told.get("truck_fill", {})
    stop_of = {supplier: stop for stop in instance.stops for supplier in stop.suppliers}
    rows: list[list[object]] = []
    for row in plan.deliveries:
        stop = stop_of[row.supplier or ""]
        fill = f"{fills[stop.name]:.1%}" if stop.name in fills else "-"
        cycle = told["cycles"][row.supplier]
        rows.append([row.supplier, row.frequency, cycle, stop.name if stop.cluster else "-", fill])
    head = ["supplier", "frequency", "cycle A-B-C", "milk run", "truck fill"]
    text = columns(head, rows[:MOST_ROWS]) + _cut(len(rows), MOST_ROWS, "suppliers")
    parts = [
        [line.part, line.supplier, told["cards"][line.part], told["quantity_per_delivery"][line.part]]
        for line in instance.lines
    ]
    head = ["part", "supplier", "cards", "per delivery"]
    return f"{text}\n\n{columns(head, parts[:MOST_ROWS])}" + _cut(len(parts), MOST_ROWS, "parts")


def _cards(instance: Kanban, plan: KanbanPlan) -> str:
    """Return the cards of each loop with what its demand needs, then what the limits are loaded with."""
    if instance.line is not None:
        chosen = decided(instance.line, plan)
        return columns(["at", f"{instance.line.word}s"], list(zip(instance.line.places, chosen, strict=True)))
    shown = plan.loops[:MOST_ROWS]
    if instance.options is not None:
        rows = [[row.loop, row.container, row.cards] for row in shown]
        return columns(["loop", "container", "cards"], rows) + _cut(len(plan.loops), MOST_ROWS, "loops")
    table = [
        [row.loop, row.container, row.cards, instance.needed(row.loop, row.container), _stock(instance, row)]
        for row in shown
    ]
    text = columns(["loop", "container", "cards", "needed", "units in the loop"], table)
    text += _cut(len(plan.loops), MOST_ROWS, "loops")
    loads: dict[str, float] = defaultdict(float)
    for row in plan.loops:
        for limit, amount in instance.pairs[row.loop, row.container].uses:
            loads[limit] += float(amount * row.cards)
    limits = [[name, number(loads[name]), number(float(room))] for name, room in instance.capacity.items()]
    if limits:
        text += "\n\n" + columns(["limit", "taken", "capacity"], limits[:MOST_ROWS])
    return text + _cut(len(limits), MOST_ROWS, "limits")


def _stock(instance: Kanban, row: Any) -> float:
    return float(row.cards * instance.pairs[row.loop, row.container].quantity)


def _limit(value: Fraction | None) -> str:
    return "no limit" if value is None else number(float(value))
