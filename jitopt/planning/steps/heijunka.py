"""Heijunka: the sequence, or the box, of a line on a day.

Levelled are the products (rate) and the use of parts (usage). Of the parts those of the classes A
(weight 2) and B (weight 1) count whose use differs from product to product: a part that every
product takes alike is level whatever the sequence. Quantities are counted in units of their
greatest common divisor, so that screws do not outweigh motors.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.numbers import told
from jitopt.problems import parse_instance
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant

__all__ = ["heijunka_instance", "quantities"]

WEIGHTS = {"A": 2, "B": 1}


def quantities(plant: Plant, analysis: Analysis, line: str, day: int) -> dict[str, int]:
    """Return the units of each product a line builds on a day, rounded up where the bill asks for a part of one."""
    found = {}
    for product, row in plant.product.items():
        units = analysis.series.get(product, {}).get(day, Fraction(0))
        if row["line"] == line and units:
            found[product] = math.ceil(units)
    return found


def heijunka_instance(plant: Plant, analysis: Analysis, line: str, day: int) -> Any:
    """Return the heijunka instance of a line on a day; None where it builds nothing."""
    demand = quantities(plant, analysis, line, day)
    if not demand:
        return None
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": f"heijunka {line} day {day}"[:200],
        "products": {"product": list(demand), "demand": list(demand.values())},
        "objective": [{"term": "rate", "measure": "sum_squared", "weight": 1}],
    }
    bill = _bill(plant, analysis, list(demand))
    if bill:
        data["bill"] = {name: [row[at] for row in bill] for at, name in enumerate(("product", "part", "quantity"))}
        parts = list(dict.fromkeys(part for _, part, _ in bill))
        data["parts"] = {"part": parts, "weight": [WEIGHTS[analysis.items[part].abc] for part in parts]}
        data["objective"].append({"term": "usage", "measure": "sum_squared", "weight": 1})
    row = next(row for row in plant.rows("lines") if row["line"] == line)
    if row["pitch"] is not None:
        buckets = max(1, int(exact(row["minutes"]) / exact(row["pitch"])))
        data["box"] = {
            "buckets": buckets,
            "capacity": -(-sum(demand.values()) // buckets),
            "pitch": row["pitch"],
        }
    return parse_instance(data)


def _bill(plant: Plant, analysis: Analysis, products: list[str]) -> list[tuple[str, str, Any]]:
    """Return the rows of the bill that tell the products apart."""
    use: dict[str, dict[str, Fraction]] = {}
    for row in plant.rows("bill"):
        if row["product"] in products and analysis.items[row["part"]].abc in WEIGHTS:
            use.setdefault(row["part"], {})[row["product"]] = exact(row["quantity"])
    rows = []
    for part, amounts in use.items():
        if len(amounts) == len(products) and len(set(amounts.values())) == 1:
            continue
        unit = _common_divisor(list(amounts.values()))
        rows += [(product, part, told(amount / unit)) for product, amount in amounts.items()]
    return rows


def _common_divisor(amounts: list[Fraction]) -> Fraction:
    below = math.lcm(*(amount.denominator for amount in amounts))
    return Fraction(math.gcd(*(int(amount * below) for amount in amounts)), below)
