"""Delivery: how often each supplier of the award comes.

A part's cards take the positions of its rack. What stands in a rack besides, containers of
products made here, is counted first with the cards their loops need, and taken off its positions.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from jitopt.planning.numbers import told, told_down
from jitopt.planning.steps.decisions import SupplierLoop, supplier_loops
from jitopt.planning.steps.kanban import card_cost, internal_cards
from jitopt.problems import parse_instance
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions

__all__ = ["delivery_instance", "free_positions", "take_delivery"]


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
    free = free_positions(plant, analysis, rows)
    if free:
        data["storage"] = {"storage": list(free), "capacity": list(free.values())}
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
                "storage": part["storage"],
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


def free_positions(plant: Plant, analysis: Analysis, rows: list[SupplierLoop]) -> dict[str, int]:
    """Return the positions of each rack that are left for bought parts."""
    used = {plant.part[entry.part]["storage"] for entry in rows}
    taken = internal_cards(plant, analysis)
    # A card that leaves only with the empty container is one more than a delivery counts.
    later: dict[str, int] = {}
    for entry in rows:
        if entry.loop is not None and entry.loop["signal"] == "empty":
            rack = plant.part[entry.part]["storage"]
            later[rack] = later.get(rack, 0) + 1
    return {
        rack: max(0, positions - taken.get(rack, 0) - later.get(rack, 0))
        for rack, positions in plant.rack.items()
        if rack in used
    }


def take_delivery(plant: Plant, analysis: Analysis, decisions: Decisions, plan: Any) -> Decisions:
    """Take the frequencies from a delivery plan."""
    return decisions.with_(frequencies={row.supplier: row.frequency for row in plan.deliveries})
