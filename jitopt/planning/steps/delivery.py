"""Delivery: how often each supplier of the award comes.

A frequency decides how many cards call a part off, and these take racks, card budget, floor and
working capital, which the kanban step shares out. Its limits are therefore limits here, less what the
loops within the plant need at least: see `needs`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from jitopt.planning.numbers import told, told_down
from jitopt.planning.steps.decisions import SupplierLoop, supplier_loops
from jitopt.planning.steps.kanban import card_cost
from jitopt.planning.steps.needs import needs_of, needs_within
from jitopt.problems import parse_instance
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions
    from jitopt.planning.steps.needs import Needs

__all__ = ["delivery_instance", "take_delivery"]


def delivery_instance(plant: Plant, analysis: Analysis, decisions: Decisions) -> Any:
    """Return the delivery instance of a plant whose award is decided."""
    rows = supplier_loops(plant, analysis, decisions)
    suppliers = [row for row in plant.rows("suppliers") if any(entry.supplier == row["supplier"] for entry in rows)]
    data: dict[str, Any] = {
        "problem": "delivery",
        "version": 1,
        "name": "delivery",
        "suppliers": {
            name: [row[name] for row in suppliers]
            for name in ("supplier", "delivery_cost", "lead_time", "cluster", "truck", "dock")
        },
        "parts": _parts(plant, analysis, rows),
        "frequencies": plant.columns("frequencies"),
    }
    _add_tables(plant, suppliers, data)
    _add_limits(plant, analysis, decisions, rows, data)
    return parse_instance(data)


def _parts(plant: Plant, analysis: Analysis, rows: list[SupplierLoop]) -> dict[str, list[Any]]:
    found = []
    for entry in rows:
        part = plant.part[entry.part]
        service = entry.loop["service"] if entry.loop else None
        found.append(
            {
                "part": entry.name,
                "supplier": entry.supplier,
                "demand": told_down(analysis.need(entry.part) * entry.share),
                "pack": part["pack"],
                "holding_cost": told(exact(part["unit_cost"]) * plant.holding_rate),
                "line_cost": part["line_cost"] or 0,
                "weight": part["weight"] or 0,
                "cube": part["cube"] or 0,
                "demand_sd": analysis.items[entry.part].sd * math.sqrt(entry.share) if service else None,
                "service": service,
                "safety": _safety(plant, entry),
                "card_cost": told(card_cost(plant, part["container"])),
            }
        )
    return {name: [row[name] for row in found] for name in found[0]} if found else {}


def _safety(plant: Plant, entry: SupplierLoop) -> Any:
    """Return the days of safety stock.

    Under a service target they protect against the supplier's lead time alone: a little more than
    the loop will need, because two independent deviations never add up in full.
    """
    if entry.loop is None or entry.loop["service"] is None:
        return plant.part[entry.part]["safety"] or 0
    spread = plant.supplier[entry.supplier]["lead_time_sd"] or 0
    days = NormalDist().inv_cdf(entry.loop["service"]) * spread
    return math.ceil(days * 1e6) / 1e6


def _add_tables(plant: Plant, suppliers: list[dict[str, Any]], data: dict[str, Any]) -> None:
    """Add the tables that may be absent, with the rows these suppliers touch."""
    clusters = {row["cluster"] for row in suppliers}
    rows = [row for row in plant.rows("clusters") if row["cluster"] in clusters]
    if rows:
        data["clusters"] = {name: [row[name] for row in rows] for name in ("cluster", "delivery_cost", "truck")}
    trucks = {row["truck"] for row in [*suppliers, *rows]}
    docks = {row["dock"] for row in suppliers}
    names = {row["supplier"] for row in suppliers}
    for table, column, used in (("trucks", "truck", trucks), ("docks", "dock", docks), ("allowed", "supplier", names)):
        kept = [row for row in plant.rows(table) if row[column] in used]
        if kept:
            data[table] = {name: [row[name] for row in kept] for name in kept[0]}


def _add_limits(
    plant: Plant, analysis: Analysis, decisions: Decisions, rows: list[SupplierLoop], data: dict[str, Any]
) -> None:
    """Add the limits of the kanban step, and what the cards of each frequency need at least of them."""
    needs, capacity = needs_of(plant, analysis, rows, decisions.containers)
    within = needs_within(plant, analysis)
    capacity |= within.capacity
    uses: dict[tuple[str, str, str], Fraction] = {}
    for entry in rows:
        for frequency in plant.frequency:
            found = needs.get((entry.name, frequency))
            for limit, amount in found.takes.items() if found else ():
                key = (entry.supplier, frequency, limit)
                uses[key] = uses.get(key, Fraction(0)) + amount
    taken = dict(within.taken)
    for number, avoided in enumerate(decisions.avoided, 1):
        name = f"choice set aside {number}"
        no_less = _no_less(plant, rows, needs, avoided)
        capacity[name] = Fraction(len({supplier for supplier, _ in no_less}) - 1)
        uses |= {(supplier, frequency, name): Fraction(1) for supplier, frequency in no_less}
    touched = {limit for (_, _, limit), amount in uses.items() if amount}
    names = [limit for limit in capacity if limit in touched]
    if not names:
        return
    data["limits"] = {
        "limit": names,
        "capacity": [told(capacity[name]) for name in names],
        "taken": [_up(taken.get(name, Fraction(0))) for name in names],
    }
    kept = [(*key, _up(amount)) for key, amount in uses.items() if amount]
    data["uses"] = {
        name: [row[at] for row in kept] for at, name in enumerate(("supplier", "frequency", "limit", "amount"))
    }


def _no_less(
    plant: Plant, rows: list[SupplierLoop], needs: Mapping[tuple[str, str], Needs], avoided: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the frequencies of suppliers that need no less cards of any container than those that did not fit.

    If every supplier had one of them, the cards would fit no better.
    """
    found = []
    for supplier, chosen in avoided.items():
        names = [entry.name for entry in rows if entry.supplier == supplier and entry.loop is not None]
        for frequency in plant.frequency if names else ():
            pairs = [(needs[name, frequency].cards, needs[name, chosen].cards) for name in names]
            if all(one[container] >= other[container] for one, other in pairs for container in other):
                found.append((supplier, frequency))
    return found


def _up(amount: Fraction) -> int | float:
    """Return an amount as a number of at most six decimals, rounded up: what fits by it fits."""
    return told(Fraction(math.ceil(amount * 10**6), 10**6))


def take_delivery(plant: Plant, analysis: Analysis, decisions: Decisions, plan: Any) -> Decisions:
    """Take the frequencies from a delivery plan."""
    return decisions.with_(frequencies={row.supplier: row.frequency for row in plan.deliveries})
