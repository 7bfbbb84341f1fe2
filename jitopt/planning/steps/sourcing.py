"""Sourcing: who delivers which part, over the horizon of the demand.

One period, the whole horizon of H days; money is that of the horizon. What the plant tells per
day counts H times, what it tells per year H / days_per_year times.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.numbers import told
from jitopt.problems import parse_instance
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions

__all__ = ["sourcing_instance", "take_sourcing"]

LEAST_SHARE = Fraction(1, 1000)
"""An award below this share of a part's demand is left to the part's other suppliers (rounding of solvers)."""


def sourcing_instance(plant: Plant, analysis: Analysis, decisions: Decisions) -> Any:
    """Return the sourcing instance of a plant."""
    days = len(plant.days)
    year = Fraction(days) / plant.cost["days_per_year"]
    parts = [part for part in plant.part if analysis.need(part)]
    quotes = [
        row
        for row in plant.rows("quotes")
        if analysis.need(row["part"]) and (row["supplier"], row["part"]) not in decisions.closed
    ]
    quoting = {row["supplier"] for row in quotes}
    suppliers = [row for row in plant.rows("suppliers") if row["supplier"] in quoting]
    offers = Counter(row["part"] for row in quotes)
    most = {part: min(plant.part[part]["sources"] or 1, offers[part]) for part in parts}
    data: dict[str, Any] = {
        "problem": "sourcing",
        "version": 1,
        "name": "sourcing",
        "suppliers": {
            "supplier": [row["supplier"] for row in suppliers],
            "fixed_cost": _times(suppliers, "fixed_cost", year, 0),
            "capacity": _times(suppliers, "capacity", Fraction(days), None),
            "on_time": [1.0 if row["on_time"] is None else row["on_time"] for row in suppliers],
        },
        "parts": {
            "part": parts,
            "period": [1] * len(parts),
            "demand": [told(analysis.need(part) * days) for part in parts],
        },
        "quotes": {
            "supplier": [row["supplier"] for row in quotes],
            "part": [row["part"] for row in quotes],
            "price": [row["price"] for row in quotes],
            "fixed_cost": _times(quotes, "fixed_cost", year, 0),
            "capacity": _times(quotes, "capacity", Fraction(days), None),
            "minimum": _times(quotes, "minimum", year, None),
            "multiple": [row["multiple"] for row in quotes],
            "defects": [row["defects"] or 0 for row in quotes],
        },
        "part_limits": {"part": parts, "suppliers_at_most": [most[part] for part in parts]},
    }
    for name in ("defect_cost", "late_cost"):
        if name in plant.cost:
            data[name] = told(plant.cost[name])
    return parse_instance(data)


def _times(rows: list[dict[str, Any]], column: str, factor: Fraction, absent: Any) -> list[Any]:
    return [absent if row[column] is None else told(exact(row[column]) * factor) for row in rows]


def take_sourcing(plant: Plant, analysis: Analysis, decisions: Decisions, plan: Any) -> Decisions:
    """Take the award from a sourcing plan: shares of what is bought, so that they sum up to 1."""
    bought: dict[str, dict[str, Fraction]] = {}
    for order in plan.orders:
        row = bought.setdefault(order.part, {})
        row[order.supplier] = row.get(order.supplier, Fraction(0)) + exact(order.quantity)
    awards = {}
    for part, row in bought.items():
        whole = sum(row.values(), Fraction(0))
        kept = {supplier: units for supplier, units in row.items() if whole and units >= LEAST_SHARE * whole}
        for supplier, units in sorted(kept.items()):
            awards[supplier, part] = units / sum(kept.values(), Fraction(0))
    return decisions.with_(awards=awards)
