"""What the figures of a plant are measured by: every relation between cells that holds in any plant, roughly.

Lengths, weights and times have units of their own and are measured absolutely as well (a full
container weighs 1 to 100 kg). Money has none: it is measured by other money only. The spreads
[decades] are wide on purpose; a figure is judged by all its relations together.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

from jitopt.planning.likeness import Link, Measure, among, link, typical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.draft import Row
    from jitopt.planning.likeness import Relation
    from jitopt.planning.rough import Rough

__all__ = ["demand_days", "relations"]

ABSOLUTE: tuple[tuple[str, str, float, float, str], ...] = (
    ("suppliers", "lead_time", 3.0, 0.45, "lead times, in days"),
    ("suppliers", "on_time", 0.95, 0.15, "shares that arrive on time"),
    ("quotes", "defects", 0.004, 0.6, "shares of defects"),
    ("parts", "safety", 1.0, 0.45, "safety stocks, in days"),
    ("parts", "sources", 1.5, 0.35, "numbers of sources"),
    ("bill", "quantity", 2.0, 0.5, "quantities in a bill"),
    ("products", "lead_time", 0.7, 0.45, "lead times within a plant, in days"),
    ("lines", "minutes", 700.0, 0.3, "minutes a line works in a day"),
    ("lines", "pitch", 25.0, 0.35, "lengths of a pitch, in minutes"),
    ("loops", "lead_time", 0.6, 0.45, "lead times within a plant, in days"),
    ("loops", "interval", 1.0, 0.45, "intervals of a round, in days"),
    ("loops", "safety", 0.3, 0.45, "shares of safety"),
    ("loops", "minimum", 3.0, 0.5, "numbers of cards"),
    ("loops", "maximum", 10.0, 0.5, "numbers of cards"),
    ("current", "cards", 8.0, 0.6, "numbers of cards"),
    ("frequencies", "days", 3.0, 0.45, "cycles of delivery, in days"),
    ("frequencies", "deliveries", 1.4, 0.35, "deliveries in a cycle"),
    ("trucks", "weight", 2500.0, 0.6, "loads of a truck, in kg"),
    ("trucks", "cube", 12.0, 0.5, "loads of a truck, in m3"),
    ("containers", "area", 0.25, 0.4, "areas of a container, in m2"),
)
"""Table, column, usual value, spread, what it is."""

ALIKE: tuple[tuple[str, str, str], ...] = (
    ("suppliers", "lead_time", "the lead times of the suppliers"),
    ("suppliers", "on_time", "the shares on time of the suppliers"),
    ("suppliers", "fixed_cost", "the fixed costs of the suppliers"),
    ("parts", "line_cost", "the line costs of the parts"),
    ("quotes", "defects", "the shares of defects of the quotes"),
    ("quotes", "fixed_cost", "the fixed costs of the quotes"),
    ("products", "lead_time", "the lead times of the products"),
    ("lines", "minutes", "the minutes of the lines"),
    ("routings", "minutes", "the minutes of the routings"),
    ("routings", "changeover", "the changeovers of the routings"),
    ("loops", "lead_time", "the lead times of the loops"),
    ("trucks", "weight", "what the trucks carry"),
    ("trucks", "cube", "what the trucks hold"),
    ("containers", "card_cost", "the card costs of the containers"),
    ("containers", "handling_cost", "the handling costs of the containers"),
    ("containers", "area", "the areas of the containers"),
)
"""Table and column whose cells resemble each other, what they are."""

RATIOS: tuple[tuple[str, str, str, float, float, str], ...] = (
    ("parts", "weight", "cube", 250.0, 0.5, "kg per m3 of a part"),
    ("trucks", "weight", "cube", 170.0, 0.4, "kg per m3 of a truck"),
    ("suppliers", "lead_time_sd", "lead_time", 0.12, 0.4, "standard deviations of a lead time, as a share of it"),
    ("frequencies", "deliveries", "days", 0.5, 0.45, "deliveries a day"),
    ("containers", "handling_cost", "card_cost", 7.0, 0.5, "costs of handling a container, in days of its card"),
    ("lines", "pitch", "minutes", 0.03, 0.4, "pitches, as a share of the day"),
    ("routings", "changeover", "minutes", 0.5, 0.6, "changeovers, in units of the product"),
)
"""Table, column over column, usual ratio, spread, what it is."""


def demand_days(rough: Rough) -> list[Relation]:
    """Compare the days of each product; needs can be taken from the demand once its days fit together."""
    return [
        relation
        for group in rough.grouped("demand", "product", "quantity").values()
        if len(group) > 2
        for relation in among(_singles("demand", "quantity", group), 0.3, "the other days of the product")
    ]


def relations(rough: Rough) -> list[Relation]:
    """Return every relation but those among the days of a product."""
    sources = (
        _single,
        _ratios,
        _prices,
        _containers,
        _bill,
        _needs,
        _delivery,
        _money,
        _rooms,
        _in_force,
        _work,
        _products,
    )
    return list(chain.from_iterable(source(rough) for source in sources))


def _singles(table: str, column: str, rows: Iterable[tuple[Row, float]]) -> list[Measure]:
    return [Measure(math.log10(value), (link(table, row.number, column),)) for row, value in rows]


def _ratio(value: float, *links: Link) -> Measure:
    return Measure(math.log10(value), links)


def _single(rough: Rough) -> Iterable[Relation]:
    for table, column, usual, spread, words in ABSOLUTE:
        yield from typical(_singles(table, column, rough.rows(table, column)), math.log10(usual), spread, words)
    for table, column, words in ALIKE:
        yield from among(_singles(table, column, rough.rows(table, column)), 0.3, words)
    days = rough.days
    measures = [
        _ratio(value / days, link("demand", row.number, "day"))
        for row, value in rough.rows("demand", "day")
        if value > days
    ]
    yield from typical(measures, 0.0, 0.3, "days of the horizon")


def _ratios(rough: Rough) -> Iterable[Relation]:
    for table, upper, lower, usual, spread, words in RATIOS:
        below = {row.number: value for row, value in rough.rows(table, lower)}
        measures = [
            _ratio(value / below[row.number], link(table, row.number, upper), link(table, row.number, lower, -1))
            for row, value in rough.rows(table, upper)
            if row.number in below
        ]
        yield from typical(measures, math.log10(usual), spread, words)


def _prices(rough: Rough) -> Iterable[Relation]:
    """Prices of a part and its unit cost."""
    quotes = rough.grouped("quotes", "part", "price")
    for row, cost in rough.rows("parts", "unit_cost"):
        measures = _singles("parts", "unit_cost", [(row, cost)])
        measures += _singles("quotes", "price", quotes.get(row.get("part"), []))
        yield from among(measures, 0.15, "the prices of the part")


def _containers(rough: Rough) -> Iterable[Relation]:
    """Weight, cube and value of full containers; value of a kg and a m3."""
    for column, usual, spread in (("weight", 8.0, 0.6), ("cube", 0.03, 0.6), ("unit_cost", 0.0, 0.0)):
        told = {row.number: value for row, value in rough.rows("parts", column)}
        full = [
            _ratio(pack * told[row.number], link("parts", row.number, "pack"), link("parts", row.number, column))
            for row, pack in rough.rows("parts", "pack")
            if row.number in told
        ]
        words = f"the {column.replace('_', ' ')} of a full container"
        yield from among(full, 0.4, words)
        if usual:
            yield from typical(full, math.log10(usual), spread, words)
    costs = {row.number: value for row, value in rough.rows("parts", "unit_cost")}
    for column in ("weight", "cube"):
        measures = [
            _ratio(
                costs[row.number] / value, link("parts", row.number, "unit_cost"), link("parts", row.number, column, -1)
            )
            for row, value in rough.rows("parts", column)
            if row.number in costs
        ]
        yield from among(measures, 0.5, f"the value of a unit by its {column}")
    own = {row.get("part"): (row, pack) for row, pack in rough.rows("parts", "pack")}
    for row, quantity in rough.rows("packs", "quantity"):
        if row.get("part") in own:
            part, pack = own[row.get("part")]
            links = (link("packs", row.number, "quantity"), link("parts", part.number, "pack", -1))
            yield from typical([_ratio(quantity / pack, *links)], 0.0, 0.4, "packs of the same part")


def _used(rough: Rough, item: object, sign: int = 1) -> tuple[Link, ...]:
    """Return the links of an item's need to the bill rows it is taken through."""
    return tuple(link("bill", number, "quantity", sign, share) for number, share in rough.used.get(item, []))


def _bill(rough: Rough) -> Iterable[Relation]:
    for group in rough.grouped("bill", "part", "quantity").values():
        yield from among(_singles("bill", "quantity", group), 0.3, "the quantities of the part in other products")
    yield from among(_singles("bill", "quantity", rough.rows("bill", "quantity")), 0.4, "the quantities of the bill")


def _needs(rough: Rough) -> Iterable[Relation]:
    """Packs, limits and lots of an item, against what is needed of it a day."""
    need = rough.need
    covers = []
    for table, key in (("parts", "part"), ("products", "product")):
        for row, pack in rough.rows(table, "pack"):
            if need.get(row.get(key)):
                links = (link(table, row.number, "pack"), *_used(rough, row.get(key), -1))
                covers.append(_ratio(pack / need[row.get(key)], *links))
    yield from typical(covers, 0.0, 0.6, "days of demand in a full container")
    yield from among(covers, 0.4, "the days of demand in a full container")
    for table, column, days, spread, words in (
        ("parts", "demand_sd", 0.2, 0.45, "standard deviations of a day's demand, as a share of it"),
        ("quotes", "capacity", 1.0, 0.4, "capacities of a quote, in days of demand"),
        ("quotes", "minimum", 100.0, 0.6, "minima of a quote, in days of demand"),
        ("quotes", "multiple", 2.0, 0.7, "multiples of a quote, in days of demand"),
    ):
        measures = [
            _ratio(value / need[row.get("part")], link(table, row.number, column), *_used(rough, row.get("part"), -1))
            for row, value in rough.rows(table, column)
            if need.get(row.get("part"))
        ]
        yield from typical(measures, math.log10(days), spread, words)
    middle = [
        Measure(sorted(math.log10(value) for _, value in group)[len(group) // 2], (_first(group),))
        for group in rough.grouped("demand", "product", "quantity").values()
    ]
    yield from among(middle, 0.4, "the demand of the other products")


def _first(group: list[tuple[Row, float]]) -> Link:
    """Return the link to a product's first day, which stands for all of them."""
    return link("demand", group[0][0].number, "quantity")


def _delivery(rough: Rough) -> Iterable[Relation]:
    """Deliveries cost alike, whoever drives; a supplier and a dock can take what is asked of them."""
    costs = _singles("suppliers", "delivery_cost", rough.rows("suppliers", "delivery_cost"))
    costs += _singles("clusters", "delivery_cost", rough.rows("clusters", "delivery_cost"))
    yield from among(costs, 0.3, "the costs of a delivery")
    asked: dict[object, float] = {}
    for part, suppliers in rough.quoting.items():
        for supplier in suppliers:
            asked[supplier.get("supplier")] = asked.get(supplier.get("supplier"), 0.0) + rough.need.get(part, 0.0)
    measures = [
        _ratio(value / asked[row.get("supplier")], link("suppliers", row.number, "capacity"))
        for row, value in rough.rows("suppliers", "capacity")
        if asked.get(row.get("supplier"))
    ]
    yield from typical(measures, -0.1, 0.4, "capacities, by what is quoted")
    stops: dict[object, set[object]] = {}
    for row in rough.draft.rows("suppliers"):
        stops.setdefault(row.get("dock"), set()).add(row.get("cluster") or ("", row.get("supplier")))
    measures = [
        _ratio(value / len(stops[row.get("dock")]), link("docks", row.number, "slots"))
        for row, value in rough.rows("docks", "slots")
        if row.get("dock") in stops
    ]
    yield from typical(measures, 0.0, 0.4, "slots of a dock, by its suppliers")


def _middle(measures: list[Measure]) -> float:
    return sorted(value for value, _ in measures)[len(measures) // 2] if measures else 0.0


def _money(rough: Rough) -> Iterable[Relation]:
    """Costs without a unit of their own, against a delivery, a unit, a container."""
    delivery = _singles("suppliers", "delivery_cost", rough.rows("suppliers", "delivery_cost"))
    runs = 10 ** _middle(delivery) if delivery else 0.0
    cards = 10 ** _middle(_singles("containers", "card_cost", rough.rows("containers", "card_cost")))
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
                measure = _ratio(value / base, link("costs", row.number, "value"))
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
                _ratio(value / base, link(table, row.number, column)) for row, value in rough.rows(table, column)
            ]
            yield from typical(measures, math.log10(usual), spread, words)


def _rooms(rough: Rough) -> Iterable[Relation]:
    """Racks hold the cards of what they store, about."""
    stored: dict[object, list[tuple[Link, float]]] = {}
    for table, key in (("parts", "part"), ("products", "product")):
        for row, _ in rough.rows(table, "pack"):
            if row.get("storage") is not None:
                pack = link(table, row.number, "pack", -1, power=-1)
                stored.setdefault(row.get("storage"), []).append((pack, rough.cards.get(row.get(key), 1.0)))
    measures = []
    for row, positions in rough.rows("racks", "positions"):
        packs = stored.get(row.get("rack"), [])
        total = sum(cards for _, cards in packs)
        if total:
            links = [pack._replace(share=(cards - 1) / total) for pack, cards in packs]
            measures.append(_ratio(positions / total, link("racks", row.number, "positions"), *links))
    yield from typical(measures, 0.0, 0.35, "positions of a rack, by the cards it stores")


def _in_force(rough: Rough) -> Iterable[Relation]:
    """The cards in force are about those that an item needs."""
    items = {row.get("loop"): row.get("part") for row in rough.draft.rows("loops")}
    packs = {
        row.get(key): link(table, row.number, "pack", -1, power=-1)
        for table, key in (("parts", "part"), ("products", "product"))
        for row, _ in rough.rows(table, "pack")
    }
    measures = []
    for row, cards in rough.rows("current", "cards"):
        loop = str(row.get("loop"))
        item = items.get(loop) or items.get(loop.rpartition(" (")[0])
        needed = rough.cards.get(item, 0.0)
        if needed > 1 and item in packs:
            pack = packs[item]._replace(share=(needed - 1) / needed)
            measures.append(_ratio(cards / needed, link("current", row.number, "cards"), pack))
    yield from typical(measures, 0.0, 0.4, "cards in force, by those an item needs")


def _work(rough: Rough) -> Iterable[Relation]:
    """Lines have the minutes that are asked of them, about."""
    asked: dict[object, list[tuple[int, float]]] = {}
    for row, minutes in rough.rows("routings", "minutes"):
        work = minutes * rough.need.get(row.get("product"), 0.0)
        asked.setdefault(row.get("line"), []).append((row.number, work))
    measures = []
    for row, minutes in rough.rows("lines", "minutes"):
        total = sum(work for _, work in asked.get(row.get("line"), []))
        if total:
            links = [link("routings", number, "minutes", -1, work / total) for number, work in asked[row.get("line")]]
            measures.append(_ratio(minutes / total, link("lines", row.number, "minutes"), *links))
    yield from typical(measures, 0.1, 0.4, "minutes of a line, by the work asked of it")


def _products(rough: Rough) -> Iterable[Relation]:
    """A product is worth a little more than its parts."""
    costs = {row.get("part"): value for row, value in rough.rows("parts", "unit_cost")}
    costs |= {row.get("product"): value for row, value in rough.rows("products", "unit_cost")}
    parts = rough.grouped("bill", "product", "quantity")
    measures = []
    for row, value in rough.rows("products", "unit_cost"):
        total = sum(quantity * costs.get(line.get("part"), 0.0) for line, quantity in parts.get(row.get("product"), []))
        if total:
            measures.append(_ratio(value / total, link("products", row.number, "unit_cost")))
    yield from typical(measures, 0.15, 0.3, "values of a product, by those of its parts")
