"""What a rack needs at least, part by part: the explanation of a rack that is too small."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from jitopt.planning.steps.decisions import rhythm, supplier_loops
from jitopt.planning.steps.kanban import internal_cards
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions, SupplierLoop

__all__ = ["RackNeed", "rack_needs"]


class RackNeed(NamedTuple):
    """Positions of a part in a rack when its supplier comes as suits this rack best."""

    part: str
    supplier: str
    frequency: str
    positions: int


def rack_needs(plant: Plant, analysis: Analysis, decisions: Decisions, rack: str) -> list[RackNeed]:
    """Return the least positions of each part in a rack, most first.

    Every supplier takes the frequency at which its parts need fewest positions there; docks and
    trucks are not looked at. Products made here stand in the last row.
    """
    by_supplier: dict[str, list[SupplierLoop]] = {}
    for entry in supplier_loops(plant, analysis, decisions):
        if plant.part[entry.part]["storage"] == rack:
            by_supplier.setdefault(entry.supplier, []).append(entry)
    found = []
    for supplier, entries in by_supplier.items():
        options = [
            (sum(cards.values()), order, frequency, cards)
            for order, frequency in enumerate(plant.menu(supplier))
            for cards in [{entry.name: _cards(plant, analysis, entry, frequency) for entry in entries}]
        ]
        _, _, frequency, cards = min(options, key=lambda option: option[:2])
        found += [RackNeed(entry.name, supplier, frequency, cards[entry.name]) for entry in entries]
    found.sort(key=lambda need: (-need.positions, need.part))
    made = internal_cards(plant, analysis).get(rack, 0)
    return [*found, RackNeed("products made here", "", "", made)] if made else found


def _cards(plant: Plant, analysis: Analysis, entry: SupplierLoop, frequency: str) -> int:
    from jitopt.problems.kanban.formulas import ceiling

    interval, cycle = rhythm(plant, entry.supplier, frequency)
    window = interval * (1 + cycle)
    demand = analysis.need(entry.part) * entry.share
    pack = exact(plant.part[entry.part]["pack"])
    loop = entry.loop or {}
    if loop.get("service") is not None:
        spread = exact(plant.supplier[entry.supplier]["lead_time_sd"] or 0)
        variance = window * Fraction(analysis.items[entry.part].sd) ** 2 * entry.share + demand**2 * spread**2
        cards = ceiling(demand * window, loop["service"], variance, pack)
    else:
        cards = math.ceil(demand * (window + exact(plant.part[entry.part]["safety"] or 0)) / pack)
    return cards + (loop.get("signal") == "empty")
