"""What a heijunka box has beyond buckets and capacity, straight from the definitions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from jitopt.testing._definitions import Broken, column, number

__all__ = ["broken", "epei", "volume"]

Data = dict[str, Any]
Slots = list[dict[str, int]]
Deviations = list[tuple[Fraction, Fraction]]


def broken(data: Data, slots: Slots) -> Broken:
    """Return by how much the plan comes late, takes too long, and opens packs."""
    return _late(data, slots) | _too_long(data, slots) | _opened(data, slots)


def _late(data: Data, slots: Slots) -> Broken:
    table = data.get("demands")
    if table is None:
        return {}
    days = data["box"].get("days", 1)
    stocks = column(data["products"], "stock", 0)
    found: Broken = {}
    for product, stock in zip(data["products"]["product"], stocks, strict=True):
        for day in range(1, days):
            built = sum(slot.get(product, 0) for slot in slots[: day * len(slots) // days])
            rows = zip(table["product"], table["day"], table["quantity"], strict=True)
            due = sum(quantity for name, on, quantity in rows if name == product and on <= day)
            late = Fraction(due - stock - built)
            if late > found.get(("due", (product,)), 0):
                found["due", (product,)] = late
    return found


def _too_long(data: Data, slots: Slots) -> Broken:
    limit = data["box"].get("minutes")
    if limit is None:
        return {}
    table = data["products"]
    minutes = dict(zip(table["product"], column(table, "minutes", 0), strict=True))
    setups = dict(zip(table["product"], column(table, "setup", 0), strict=True))
    worst = Fraction(0)
    for place, slot in enumerate(slots):
        before = slots[place - 1] if place else data.get("previous", slot)
        taken = sum((number(minutes[product]) * units for product, units in slot.items()), Fraction(0))
        taken += sum((number(setups[product]) for product in slot if product not in before), Fraction(0))
        worst = max(worst, taken - number(limit))
    return {("minutes", ()): worst} if worst else {}


def _opened(data: Data, slots: Slots) -> Broken:
    table = data["products"]
    found: Broken = {}
    for product, pack in zip(table["product"], column(table, "pack", 1), strict=True):
        rest = max(slot.get(product, 0) % (pack or 1) for slot in slots)
        if rest:
            found["pack", (product,)] = Fraction(rest)
    return found


def volume(data: Data, slots: Slots) -> Deviations:
    """Return the units of each bucket against the average."""
    mean = Fraction(sum(data["products"]["demand"]), len(slots))
    return [(Fraction(1), sum(slot.values()) - mean) for slot in slots]


def epei(data: Data, slots: Slots) -> Deviations:
    """Return for each product the longest stretch of buckets without it."""
    table = data["products"]
    found = []
    for product, demand, weight in zip(table["product"], table["demand"], column(table, "weight", 1), strict=True):
        if demand:
            marks = "".join("x" if product in slot else " " for slot in slots)
            found.append((number(weight), Fraction(max(map(len, marks.split("x"))))))
    return found
