"""What a limit needs at least, part by part: the explanation of a rack, or a budget, that is too small."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from jitopt.planning.steps.decisions import supplier_loops
from jitopt.planning.steps.needs import needs_of, needs_within

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions

__all__ = ["LimitNeed", "limit_needs", "rack_needs"]


class LimitNeed(NamedTuple):
    """What a part takes of a limit when its supplier comes as suits this limit best."""

    part: str
    supplier: str
    frequency: str
    amount: Fraction

    @property
    def positions(self) -> int:
        """The amount of a rack: positions."""
        return int(self.amount)


def limit_needs(plant: Plant, analysis: Analysis, decisions: Decisions, limit: str) -> list[LimitNeed]:
    """Return the least that each part takes of a limit of the kanban step, most first.

    Every supplier takes the frequency at which its parts need least of it; docks and trucks are
    not looked at. Products made here stand in the last row.
    """
    entries = supplier_loops(plant, analysis, decisions)
    needs, _ = needs_of(plant, analysis, entries)
    found = []
    for supplier in dict.fromkeys(entry.supplier for entry in entries):
        own = [entry.name for entry in entries if entry.supplier == supplier]
        options = []
        for order, frequency in enumerate(plant.menu(supplier)):
            takes = {name: needs[name, frequency].takes for name in own if (name, frequency) in needs}
            amounts = {name: amount for name in takes if (amount := takes[name].get(limit))}
            options.append((sum(amounts.values(), Fraction(0)), order, frequency, amounts))
        _, _, frequency, amounts = min(options, key=lambda option: option[:2])
        found += [LimitNeed(name, supplier, frequency, amount) for name, amount in amounts.items()]
    found.sort(key=lambda need: (-need.amount, need.part))
    made = needs_within(plant, analysis).taken.get(limit)
    return [*found, LimitNeed("products made here", "", "", made)] if made else found


def rack_needs(plant: Plant, analysis: Analysis, decisions: Decisions, rack: str) -> list[LimitNeed]:
    """Return the least positions of each part in a rack; see `limit_needs`."""
    return limit_needs(plant, analysis, decisions, f"rack {rack}")
