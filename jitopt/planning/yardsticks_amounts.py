"""Relations of amounts: containers, bills, needs and what is to hold, carry or make them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitopt.planning.likeness import Link, Measure, among, link, ratio, singles, typical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.draft import Row
    from jitopt.planning.likeness import Relation
    from jitopt.planning.rough import Rough

__all__ = ["bill", "containers", "in_force", "needs", "rooms", "work"]


def containers(rough: Rough) -> Iterable[Relation]:
    """Weight, cube and value of full containers; value of a kg and a m3."""
    for column, usual, spread in (("weight", 8.0, 0.6), ("cube", 0.03, 0.6), ("unit_cost", 0.0, 0.0)):
        told = {row.number: value for row, value in rough.rows("parts", column)}
        full = [
            ratio(pack * told[row.number], link("parts", row.number, "pack"), link("parts", row.number, column))
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
            ratio(
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
            yield from typical([ratio(quantity / pack, *links)], 0.0, 0.4, "packs of the same part")


def _used(rough: Rough, item: object, sign: int = 1) -> tuple[Link, ...]:
    """Return the links of an item's need to the bill rows it is taken through."""
    return tuple(link("bill", number, "quantity", sign, share) for number, share in rough.used.get(item, []))


def bill(rough: Rough) -> Iterable[Relation]:
    """Quantities of a part are alike in all products, and those of the whole bill roughly."""
    for group in rough.grouped("bill", "part", "quantity").values():
        yield from among(singles("bill", "quantity", group), 0.3, "the quantities of the part in other products")
    yield from among(singles("bill", "quantity", rough.rows("bill", "quantity")), 0.4, "the quantities of the bill")


def needs(rough: Rough) -> Iterable[Relation]:
    """Packs, limits and lots of an item, against what is needed of it a day."""
    need = rough.need
    covers = []
    for table, key in (("parts", "part"), ("products", "product")):
        for row, pack in rough.rows(table, "pack"):
            if need.get(row.get(key)):
                links = (link(table, row.number, "pack"), *_used(rough, row.get(key), -1))
                covers.append(ratio(pack / need[row.get(key)], *links))
    yield from typical(covers, 0.0, 0.6, "days of demand in a full container")
    yield from among(covers, 0.4, "the days of demand in a full container")
    for table, column, days, spread, words in (
        ("parts", "demand_sd", 0.2, 0.45, "standard deviations of a day's demand, as a share of it"),
        ("quotes", "capacity", 1.0, 0.4, "capacities of a quote, in days of demand"),
        ("quotes", "minimum", 100.0, 0.6, "minima of a quote, in days of demand"),
        ("quotes", "multiple", 2.0, 0.7, "multiples of a quote, in days of demand"),
    ):
        measures = [
            ratio(value / need[row.get("part")], link(table, row.number, column), *_used(rough, row.get("part"), -1))
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


def rooms(rough: Rough) -> Iterable[Relation]:
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
            measures.append(ratio(positions / total, link("racks", row.number, "positions"), *links))
    yield from typical(measures, 0.0, 0.35, "positions of a rack, by the cards it stores")


def in_force(rough: Rough) -> Iterable[Relation]:
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
            measures.append(ratio(cards / needed, link("current", row.number, "cards"), pack))
    yield from typical(measures, 0.0, 0.4, "cards in force, by those an item needs")


def work(rough: Rough) -> Iterable[Relation]:
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
            measures.append(ratio(minutes / total, link("lines", row.number, "minutes"), *links))
    yield from typical(measures, 0.1, 0.4, "minutes of a line, by the work asked of it")
