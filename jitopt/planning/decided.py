"""The decisions of a plan as tables, one CSV each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.planning.line_usage import usage_tables
from jitopt.planning.resizing import change_rows
from jitopt.planning.steps.decisions import rhythm, supplier_loops
from jitopt.planning.steps.kanban import loop_of
from jitopt.planning.store import slug

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.chain import PlantPlan

__all__ = ["card_rows", "tables"]

Columns = dict[str, list[Any]]

RELEASED = {"first_piece": "with the first piece", "empty": "when empty"}
"""When the card leaves its container, by signal."""


def tables(plan: PlantPlan) -> dict[str, Columns]:
    """Return every decision as columns, by the name of its file."""
    found: dict[str, Columns] = {"demand": plan.analysis.rows()}
    if plan.decisions.awards:
        found["sourcing"] = _sourcing(plan)
    if plan.decisions.frequencies:
        found["delivery"] = _delivery(plan)
    if plan.decisions.cards:
        found["kanban"] = _columns(card_rows(plan))
        found["changes"] = _columns(change_rows(plan))
    if plan.service is not None:
        found["service"] = plan.service.columns()
    for outcome in plan.outcomes:
        if outcome.problem == "heijunka" and outcome.result.plan is not None:
            found[slug(outcome.name)] = outcome.result.plan.to_rows()
    found |= usage_tables(plan)
    return {name: columns for name, columns in found.items() if columns}


def _columns(rows: list[dict[str, Any]]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _sourcing(plan: PlantPlan) -> Columns:
    analysis: Analysis = plan.analysis
    rows = []
    for (supplier, part), share in sorted(plan.decisions.awards.items(), key=lambda entry: (entry[0][1], entry[0][0])):
        price = plan.plant.quote[supplier, part]["price"]
        units = float(analysis.need(part) * share)
        rows.append(
            {
                "part": part,
                "supplier": supplier,
                "share": float(share),
                "units_per_day": units,
                "price": price,
                "spend_per_day": units * price,
            }
        )
    return _columns(rows)


def _delivery(plan: PlantPlan) -> Columns:
    rows = []
    for supplier, frequency in plan.decisions.frequencies.items():
        row = plan.plant.frequency[frequency]
        _, cycle = rhythm(plan.plant, supplier, frequency)
        told = plan.plant.supplier[supplier]
        rows.append(
            {
                "supplier": supplier,
                "frequency": frequency,
                "days": row["days"],
                "deliveries": row["deliveries"],
                "cycle": f"{row['days']}-{row['deliveries']}-{cycle}",
                "milk_run": told["cluster"],
                "truck": told["truck"],
                "dock": told["dock"],
            }
        )
    return _columns(rows)


def card_rows(plan: PlantPlan) -> list[dict[str, Any]]:
    """Return every loop with its cards, as they are printed."""
    outcome = plan.outcome("kanban")
    if outcome is None or outcome.result.plan is None:
        return []
    instance: Any = outcome.instance
    suppliers = {
        loop_of(entry): entry.supplier
        for entry in supplier_loops(plan.plant, plan.analysis, plan.decisions)
        if entry.loop is not None
    }
    table = instance.loops
    rows = []
    for row, loop in enumerate(table.loop):
        container, cards = plan.decisions.cards[loop]
        part = table.part[row]
        told = plan.plant.part.get(part) or plan.plant.product[part]
        supplier = suppliers.get(loop)
        frequency = plan.decisions.frequencies.get(supplier or "")
        cycle = ""
        if supplier and frequency:
            interval = plan.plant.frequency[frequency]
            later = rhythm(plan.plant, supplier, frequency)[1]
            cycle = f"{interval['days']}-{interval['deliveries']}-{later}"
        rows.append(
            {
                "loop": loop,
                "part": part,
                "from": table.process[row] if table.process else None,
                "to": table.consumer[row] if table.consumer else None,
                "rack": told["storage"],
                "container": container,
                "quantity": float(instance.pairs[loop, container].quantity),
                "cards": cards,
                "cycle": cycle,
                "lead_time": float(table.lead_time[row]),
                "interval": float((table.interval[row] if table.interval else 0) or 0),
                "released": RELEASED[(table.signal[row] if table.signal else None) or "first_piece"],
            }
        )
    return rows
