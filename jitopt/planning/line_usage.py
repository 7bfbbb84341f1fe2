"""What each supplier feels of a plant's sequences and boxes: the use of its parts, hour by hour, line by line."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.store import slug
from jitopt.problems.base import exact
from jitopt.problems.heijunka.contributions import read_plan
from jitopt.problems.heijunka.supplier_usage import usage_of

if TYPE_CHECKING:
    from jitopt.planning.chain import PlantPlan
    from jitopt.planning.plant import Plant

__all__ = ["usage_tables"]

HOUR = 60
"""Minutes of a period."""


def usage_tables(plan: PlantPlan) -> dict[str, dict[str, list[Any]]]:
    """Return the table of each line that has a sequence or box, by the name of its file.

    Of parts that several suppliers deliver each feels its share. Parts that the plant makes itself have no supplier.
    """
    bill = _exploded(plan.plant)
    suppliers: dict[str, dict[str, float]] = {}
    for (supplier, part), share in sorted(plan.decisions.awards.items()):
        if share:
            suppliers.setdefault(part, {})[supplier] = float(share)
    found = {}
    for outcome in plan.outcomes:
        instance: Any = outcome.instance
        if outcome.problem != "heijunka" or outcome.result.plan is None or instance is None:
            continue
        line = outcome.name.removeprefix("heijunka ")
        reading = read_plan(instance, outcome.result.plan)
        slots = [{reading.name(row): units for row, units in slot.items()} for slot in reading.slots]
        minutes = next(row["minutes"] for row in plan.plant.rows("lines") if row["line"] == line)
        period = max(1, min(len(slots), round(len(slots) * HOUR / minutes))) if minutes else len(slots)
        rows = [row for row in bill if row[0] in instance.index and row[1] in suppliers]
        if rows:
            found[f"usage-{slug(outcome.name)}"] = usage_of(slots, rows, suppliers, period).to_rows()
    return found


def _exploded(plant: Plant) -> list[tuple[str, str, Fraction]]:
    """Return product, part and quantity of all parts that go into a product, parts of parts among them."""
    below: dict[str, list[tuple[str, Fraction]]] = {}
    for row in plant.rows("bill"):
        below.setdefault(row["product"], []).append((row["part"], exact(row["quantity"])))
    found = []
    for product in plant.product:
        needs: dict[str, Fraction] = {}
        waiting = [(product, Fraction(1))]
        while waiting:
            item, units = waiting.pop()
            for part, quantity in below.get(item, ()):
                needs[part] = needs.get(part, Fraction(0)) + units * quantity
                waiting.append((part, units * quantity))
        found += [(product, part, quantity) for part, quantity in needs.items()]
    return found
