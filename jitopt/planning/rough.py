"""Rough figures of a plant that is still being read, to measure its cells by: needs, cards, loads."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.draft import Draft, Row
    from jitopt.planning.likeness import Cell

__all__ = ["Rough"]

DEPTH = 50
"""Levels of the bill that are followed."""


class Rough:
    """Figures of a draft in which some cells are read as if they were corrected."""

    def __init__(self, draft: Draft, corrected: Mapping[Cell, float]) -> None:
        self.draft = draft
        self.corrected = corrected

    def value(self, table: str, row: Row, column: str) -> float:
        """Return a figure, 0 where there is none."""
        told = self.corrected.get((table, row.number, column), row.get(column))
        return float(told) if isinstance(told, int | float) else 0.0

    def rows(self, table: str, column: str) -> list[tuple[Row, float]]:
        """Return the rows that tell a figure above 0, with it."""
        found = ((row, self.value(table, row, column)) for row in self.draft.rows(table))
        return [(row, value) for row, value in found if value > 0]

    def grouped(self, table: str, key: str, column: str) -> dict[Any, list[tuple[Row, float]]]:
        """Return the rows that tell a figure above 0, by another column."""
        groups: dict[Any, list[tuple[Row, float]]] = defaultdict(list)
        for row, value in self.rows(table, column):
            groups[row.get(key)].append((row, value))
        return groups

    @cached_property
    def days(self) -> int:
        """Days of the horizon."""
        return len({row.get("day") for row in self.draft.rows("demand")}) or 1

    @cached_property
    def need(self) -> dict[Any, float]:
        """Units of each item a day; the bill is followed as deep as it goes."""
        need: dict[Any, float] = defaultdict(float)
        for row, quantity in self.rows("demand", "quantity"):
            need[row.get("product")] += quantity / self.days
        level = dict(need)
        bill = [(row.get("product"), row.get("part"), quantity) for row, quantity in self.rows("bill", "quantity")]
        for _ in range(DEPTH):
            below: dict[Any, float] = defaultdict(float)
            for product, part, quantity in bill:
                if product in level:
                    below[part] += level[product] * quantity
            level = {item: units for item, units in below.items() if units}
            for item, units in level.items():
                need[item] += units
            if not level:
                break
        return dict(need)

    @cached_property
    def used(self) -> dict[Any, list[tuple[int, float]]]:
        """By item: the bill rows it is taken through, each with its share of the item's need."""
        found: dict[Any, list[tuple[int, float]]] = defaultdict(list)
        for row, quantity in self.rows("bill", "quantity"):
            units = self.need.get(row.get("product"), 0.0) * quantity
            if units:
                found[row.get("part")].append((row.number, units / self.need[row.get("part")]))
        return found

    @cached_property
    def worth(self) -> float:
        """What half of the parts cost less than [money per unit]."""
        return median([value for _, value in self.rows("parts", "unit_cost")] or [0.0])

    @cached_property
    def quoting(self) -> dict[Any, list[Row]]:
        """Suppliers that quote each part."""
        suppliers = self.draft.keys("suppliers")
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in self.draft.rows("quotes"):
            if row.get("supplier") in suppliers:
                found[row.get("part")].append(suppliers[row.get("supplier")])
        return found

    @cached_property
    def cards(self) -> dict[Any, float]:
        """Containers of each item that circulate with a delivery a day."""
        found = {}
        for table, key in (("parts", "part"), ("products", "product")):
            for row, pack in self.rows(table, "pack"):
                item = row.get(key)
                times = [self.value("suppliers", supplier, "lead_time") for supplier in self.quoting.get(item, [])]
                window = 1 + (median(times) if times else 0.0) + self.value(table, row, "safety")
                found[item] = 1 + self.need.get(item, 0.0) * window / pack
        return found
