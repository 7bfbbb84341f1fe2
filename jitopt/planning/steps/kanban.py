"""Kanban: how many cards, of which container, on each loop of the plant.

A bought part's loop takes its times from the delivery: interval R = A/B, lead time L = C R, the
cards of the supplier cycle A-B-C; its safety stock of s days is the share alpha = s / (L + R).
Racks, floor, card budget and working capital are limits that all loops share.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.analysis import unit_cost
from jitopt.planning.numbers import told, told_down
from jitopt.planning.steps.decisions import SupplierLoop, rhythm, supplier_loops
from jitopt.problems import parse_instance
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions

__all__ = [
    "bought_row",
    "card_cost",
    "internal_rows",
    "kanban_instance",
    "kanban_of",
    "loop_of",
    "menu_of",
    "take_kanban",
]

ALL_CARDS, FLOOR, CAPITAL = "cards", "floor", "working capital"
OWN = "container"
"""Name of a part's container where the plant tells none."""

Row = dict[str, Any]


def kanban_instance(plant: Plant, analysis: Analysis, decisions: Decisions) -> Any:
    """Return the kanban instance of a plant whose deliveries are decided; None without any loop."""
    rows = internal_rows(plant, analysis)
    for entry in supplier_loops(plant, analysis, decisions):
        if entry.loop is not None:
            rows.append(bought_row(plant, analysis, entry, decisions.frequencies[entry.supplier]))
    return kanban_of(plant, rows)


def kanban_of(plant: Plant, rows: list[Row]) -> Any:
    """Return the kanban instance of loops; None of none."""
    if not rows:
        return None
    columns = [name for name in rows[0] if name != "rack"]
    data: dict[str, Any] = {
        "problem": "kanban",
        "version": 1,
        "name": "kanban",
        "loops": {name: [row[name] for row in rows] for name in columns},
    }
    menu = [(row, *container) for row in rows for container in menu_of(plant, row["part"])]
    kinds = {row["container"]: row for row in plant.rows("containers")}
    data["containers"] = {
        "loop": [row["loop"] for row, _, _ in menu],
        "container": [name for _, name, _ in menu],
        "quantity": [quantity for _, _, quantity in menu],
        "card_cost": [told(card_cost(plant, name)) for _, name, _ in menu],
        "handling_cost": [kinds.get(name, {}).get("handling_cost") or 0 for _, name, _ in menu],
    }
    _add_current(plant, rows, data)
    limits, uses = _limits(plant, rows, menu, kinds)
    if limits:
        data["limits"] = {"limit": list(limits), "capacity": list(limits.values())}
        data["uses"] = {
            name: [use[at] for use in uses] for at, name in enumerate(("loop", "container", "limit", "amount"))
        }
    return parse_instance(data)


def _add_current(plant: Plant, rows: list[Row], data: dict[str, Any]) -> None:
    """Add the cards in force of these loops, with price and cap of changing them."""
    if plant.current is None:
        return
    parts = {row["loop"]: row["part"] for row in rows}
    kept = [row for row in plant.rows("current") if row["loop"] in parts]
    data["current"] = {
        "loops": {
            "loop": [row["loop"] for row in kept],
            "container": [row["container"] or menu_of(plant, parts[row["loop"]])[0][0] for row in kept],
            "cards": [row["cards"] for row in kept],
        },
        "price": told(plant.cost.get("change_cost", Fraction(0))),
    }
    if "change_budget" in plant.cost:
        data["current"]["at_most"] = int(plant.cost["change_budget"])


def menu_of(plant: Plant, part: str) -> list[tuple[str, float]]:
    """Return the containers of a part: its own, then the further ones."""
    row = plant.part.get(part) or plant.product[part]
    more = [(pack["container"], pack["quantity"]) for pack in plant.rows("packs") if pack["part"] == part]
    return [(row["container"] or OWN, row["pack"]), *more]


def card_cost(plant: Plant, container: str | None) -> Fraction:
    """Return the cost of a card with its container [money per day]."""
    kinds = {row["container"]: row["card_cost"] for row in plant.rows("containers")}
    return plant.cost.get("card_cost", Fraction(0)) + exact(kinds.get(container) or 0)


def _limits(
    plant: Plant, rows: list[Row], menu: list[tuple[Row, str, float]], kinds: dict[str, Row]
) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Return the shared limits and what a card of each loop and container takes of them."""
    limits: dict[str, Any] = {}
    uses: list[tuple[Any, ...]] = []
    for row in rows:
        if row["rack"] in plant.rack:
            limits[f"rack {row['rack']}"] = plant.rack[row["rack"]]
            uses.append((row["loop"], None, f"rack {row['rack']}", 1))
    if "card_budget" in plant.cost:
        limits[ALL_CARDS] = told(plant.cost["card_budget"])
        uses += [(row["loop"], None, ALL_CARDS, 1) for row in rows]
    if "floor" in plant.cost:
        limits[FLOOR] = told(plant.cost["floor"])
        areas = [(row, name, kinds.get(name, {}).get("area")) for row, name, _ in menu]
        uses += [(row["loop"], name, FLOOR, area) for row, name, area in areas if area]
    if "working_capital" in plant.cost:
        limits[CAPITAL] = told(plant.cost["working_capital"])
        uses += [
            (row["loop"], name, CAPITAL, told(exact(quantity) * unit_cost(plant, row["part"])))
            for row, name, quantity in menu
        ]
    return limits, uses


def _common(plant: Plant, analysis: Analysis, loop: Row) -> Row:
    return {
        "loop": loop["loop"],
        "part": loop["part"],
        "process": loop["from"],
        "consumer": loop["to"],
        "demand_sd": None,
        "lead_time_sd": None,
        "safety": None,
        "service": loop["service"],
        "holding_cost": told(unit_cost(plant, loop["part"]) * plant.holding_rate),
        "signal": loop["signal"],
        "minimum": loop["minimum"],
        "maximum": loop["maximum"],
        "rack": None,
    }


def bought_row(plant: Plant, analysis: Analysis, entry: SupplierLoop, frequency: str) -> Row:
    """Return the loop of a bought part at a frequency; one that suppliers share has a loop for each."""
    assert entry.loop is not None
    row = _common(plant, analysis, entry.loop)
    interval, cycle = rhythm(plant, entry.supplier, frequency)
    lead_time = cycle * interval
    row["demand"] = told_down(analysis.need(entry.part) * entry.share)
    row["lead_time"] = told_down(lead_time)
    row["interval"] = told_down(interval)
    row["process"] = entry.supplier
    row["rack"] = plant.part[entry.part]["storage"]
    if entry.name != entry.part:
        row["loop"] = loop_of(entry)
    if row["service"] is None:
        safety = exact(plant.part[entry.part]["safety"] or 0)
        row["safety"] = told_down(safety / (lead_time + interval)) if safety else None
    else:
        row["demand_sd"] = analysis.items[entry.part].sd * float(entry.share) ** 0.5
        row["lead_time_sd"] = plant.supplier[entry.supplier]["lead_time_sd"]
    return row


def loop_of(entry: SupplierLoop) -> str:
    """Return the name of a supplier's loop."""
    assert entry.loop is not None
    return entry.loop["loop"] if entry.name == entry.part else f"{entry.loop['loop']} ({entry.supplier})"


def internal_rows(plant: Plant, analysis: Analysis) -> list[Row]:
    """Return the loops within the plant that have a demand."""
    rows = []
    for loop in plant.rows("loops"):
        withdrawn = loop["from"] in plant.rack
        if loop["part"] in plant.part and not withdrawn:
            continue
        demand = demand_of(plant, analysis, loop)
        if not demand:
            continue
        row = _common(plant, analysis, loop)
        row["demand"] = told_down(demand)
        row["lead_time"] = loop["lead_time"]
        row["interval"] = loop["interval"] or 0
        row["safety"] = loop["safety"]
        if loop["service"] is not None:
            share = demand / analysis.need(loop["part"])
            row["demand_sd"] = analysis.items[loop["part"]].sd * float(share)
        if not withdrawn:
            row["rack"] = plant.product[loop["part"]]["storage"]
        rows.append(row)
    return rows


def demand_of(plant: Plant, analysis: Analysis, loop: Row) -> Fraction:
    """Return what a loop brings a day: the use of its line, or all that is needed where it ends in a rack."""
    if loop["to"] in plant.rack:
        return analysis.need(loop["part"])
    return analysis.usage.get((loop["part"], loop["to"]), Fraction(0))


def take_kanban(plant: Plant, analysis: Analysis, decisions: Decisions, plan: Any) -> Decisions:
    """Take the cards from a kanban plan."""
    return decisions.with_(cards={row.loop: (row.container, row.cards) for row in plan.loops})
