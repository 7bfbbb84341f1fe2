"""Relations of money, which has no unit of its own: prices, deliveries and costs against each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitopt.planning.likeness import Measure, among, link, ratio, singles, typical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.likeness import Relation
    from jitopt.planning.rough import Rough

__all__ = ["delivery", "money", "prices", "products"]


def prices(rough: Rough) -> Iterable[Relation]:
    """Prices of a part and its unit cost."""
    quotes = rough.grouped("quotes", "part", "price")
    for row, cost in rough.rows("parts", "unit_cost"):
        measures = singles("parts", "unit_cost", [(row, cost)])
        measures += singles("quotes", "price", quotes.get(row.get("part"), []))
        yield from among(measures, 0.15, "the prices of the part")


def delivery(rough: Rough) -> Iterable[Relation]:
    """Deliveries cost alike, whoever drives; a supplier and a dock can take what is asked of them."""
    costs = singles("suppliers", "delivery_cost", rough.rows("suppliers", "delivery_cost"))
    costs += singles("clusters", "delivery_cost", rough.rows("clusters", "delivery_cost"))
    yield from among(costs, 0.3, "the costs of a delivery")
    asked: dict[object, float] = {}
    for part, suppliers in rough.quoting.items():
        for supplier in suppliers:
            asked[supplier.get("supplier")] = asked.get(supplier.get("supplier"), 0.0) + rough.need.get(part, 0.0)
    measures = [
        ratio(value / asked[row.get("supplier")], link("suppliers", row.number, "capacity"))
        for row, value in rough.rows("suppliers", "capacity")
        if asked.get(row.get("supplier"))
    ]
    yield from typical(measures, -0.1, 0.4, "capacities, by what is quoted")
    stops: dict[object, set[object]] = {}
    for row in rough.draft.rows("suppliers"):
        stops.setdefault(row.get("dock"), set()).add(row.get("cluster") or ("", row.get("supplier")))
    measures = [
        ratio(value / len(stops[row.get("dock")]), link("docks", row.number, "slots"))
        for row, value in rough.rows("docks", "slots")
        if row.get("dock") in stops
    ]
    yield from typical(measures, 0.0, 0.4, "slots of a dock, by its suppliers")


def _middle(measures: list[Measure]) -> float:
    return sorted(value for value, _ in measures)[len(measures) // 2] if measures else 0.0


def money(rough: Rough) -> Iterable[Relation]:
    """Costs without a unit of their own, against a delivery, a unit, a container."""
    delivery = singles("suppliers", "delivery_cost", rough.rows("suppliers", "delivery_cost"))
    runs = 10 ** _middle(delivery) if delivery else 0.0
    cards = 10 ** _middle(singles("containers", "card_cost", rough.rows("containers", "card_cost")))
    full = [value * rough.value("parts", row, "pack") for row, value in rough.rows("parts", "unit_cost")]
    stock = sum(full) / len(full) if full else 0.0
    asked = sum(units * rough.value("parts", row, "unit_cost") for row in rough.draft.rows("parts")
                if (units := rough.need.get(row.get("part"), 0.0)))  # fmt: skip
    circling = sum(
        rough.cards.get(row.get("part"), 0.0)
        * rough.value("parts", row, "unit_cost")
        * rough.value("parts", row, "pack")
        for row in rough.draft.rows("parts")
    )
    containers = {row.get("container"): area for row, area in rough.rows("containers", "area")}
    floor = sum(rough.cards.get(row.get("part"), 0.0) * containers.get(row.get("container"), 0.0)
                for row in rough.draft.rows("parts"))  # fmt: skip
    told: dict[str, tuple[tuple[float, float, float, str], ...]] = {
        "days_per_year": ((1.0, 235.0, 0.12, "working days in a year"),),
        "holding_rate": ((1.0, 0.2, 0.35, "costs of holding stock for a year, as a share of its value"),),
        "card_cost": (
            (cards, 0.5, 0.5, "card costs, by those of a container"),
            (runs, 0.0003, 0.6, "card costs, by those of a delivery"),
            (stock, 0.0005, 0.7, "card costs, by the value of a full container"),
        ),
        "late_cost": ((rough.worth, 0.3, 0.5, "costs of a late unit, by what a unit is worth"),
                      (runs, 0.01, 0.6, "costs of a late unit, by those of a delivery")),
        "defect_cost": ((rough.worth, 0.6, 0.5, "costs of a defective unit, by what a unit is worth"),
                        (runs, 0.03, 0.6, "costs of a defective unit, by those of a delivery")),
        "card_budget": ((sum(rough.cards.values()), 1.0, 0.3, "card budgets, by the cards that are needed"),),
        "working_capital": ((circling, 1.0, 0.35, "limits of working capital, by the value of the cards"),),
        "floor": ((floor, 1.0, 0.35, "limits of floor, by that of the cards"),),
        "change_cost": (
            (cards, 3.0, 0.7, "costs of a change, by those of a card"),
            (runs, 0.002, 0.7, "costs of a change, by those of a delivery"),
        ),
        "change_budget": (
            (sum(value for _, value in rough.rows("current", "cards")), 0.15, 0.4,
             "most changes, by the cards in force"),
        ),
    }  # fmt: skip
    for row, value in rough.rows("costs", "value"):
        for base, usual, spread, words in told.get(str(row.get("cost")), ()):
            if base:
                measure = ratio(value / base, link("costs", row.number, "value"))
                yield from typical([measure], math.log10(usual), spread, words)
    yield from _small_money(rough, runs, asked)


def _small_money(rough: Rough, runs: float, asked: float) -> Iterable[Relation]:
    for table, column, base, usual, spread, words in (
        ("parts", "line_cost", runs, 0.005, 0.6, "costs of a line of a delivery, by those of the delivery"),
        ("containers", "card_cost", runs, 0.0005, 0.6, "card costs, by those of a delivery"),
        ("containers", "handling_cost", runs, 0.005, 0.6, "handling costs, by those of a delivery"),
        ("suppliers", "fixed_cost", runs, 25.0, 0.6, "fixed costs of a supplier, in deliveries"),
        ("quotes", "fixed_cost", runs, 10.0, 0.7, "fixed costs of a quote, in deliveries"),
        ("suppliers", "delivery_cost", asked, 0.03, 0.8, "costs of a delivery, by what is bought in a day"),
        ("clusters", "delivery_cost", asked, 0.03, 0.8, "costs of a delivery, by what is bought in a day"),
    ):
        if base:
            measures = [
                ratio(value / base, link(table, row.number, column)) for row, value in rough.rows(table, column)
            ]
            yield from typical(measures, math.log10(usual), spread, words)


def products(rough: Rough) -> Iterable[Relation]:
    """A product is worth a little more than its parts."""
    costs = {row.get("part"): value for row, value in rough.rows("parts", "unit_cost")}
    costs |= {row.get("product"): value for row, value in rough.rows("products", "unit_cost")}
    parts = rough.grouped("bill", "product", "quantity")
    measures = []
    for row, value in rough.rows("products", "unit_cost"):
        total = sum(quantity * costs.get(line.get("part"), 0.0) for line, quantity in parts.get(row.get("product"), []))
        if total:
            measures.append(ratio(value / total, link("products", row.number, "unit_cost")))
    yield from typical(measures, 0.15, 0.3, "values of a product, by those of its parts")
