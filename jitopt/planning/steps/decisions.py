"""What the steps hand on to one another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant

__all__ = ["Decisions", "SupplierLoop", "rhythm", "supplier_loops"]


@dataclass(frozen=True)
class SupplierLoop:
    """What a supplier delivers of a part.

    name: of the row in the delivery instance. part, supplier: ids. share: of the part's demand.
    loop: the row of the plant's table `loops`, None where cards do not call it off.
    """

    name: str
    part: str
    supplier: str
    share: Fraction
    loop: dict[str, Any] | None


@dataclass(frozen=True)
class Decisions:
    """The decisions so far.

    awards: share of each part's demand by (supplier, part). frequencies: of each supplier.
    cards: container and cards of each loop. What a step taken back leaves to those taken again:
    closed: quotes (supplier, part) that are not used. avoided: frequencies of all suppliers whose
    cards did not fit. containers: of each loop that the delivery counts on, where it is not any.
    """

    awards: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    frequencies: dict[str, str] = field(default_factory=dict)
    cards: dict[str, tuple[str, int]] = field(default_factory=dict)
    closed: frozenset[tuple[str, str]] = frozenset()
    avoided: tuple[dict[str, str], ...] = ()
    containers: dict[str, str] = field(default_factory=dict)

    def with_(self, **changes: Any) -> Decisions:
        """Return the decisions with more of them taken."""
        return replace(self, **changes)


def supplier_loops(plant: Plant, analysis: Analysis, decisions: Decisions) -> list[SupplierLoop]:
    """Return what each supplier delivers, in the order of the parts; a shared part has a row per supplier."""
    loops = {
        row["part"]: row for row in plant.rows("loops") if row["part"] in plant.part and row["from"] not in plant.rack
    }
    sources: dict[str, list[str]] = {}
    for supplier, part in decisions.awards:
        sources.setdefault(part, []).append(supplier)
    found = []
    taken = set(plant.part)
    for part in plant.part:
        names = sorted(sources.get(part, ()), key=list(plant.supplier).index)
        for supplier in names:
            name = part if len(names) == 1 else f"{part} ({supplier})"
            while len(names) > 1 and name in taken:
                name += "'"
            taken.add(name)
            found.append(SupplierLoop(name, part, supplier, decisions.awards[supplier, part], loops.get(part)))
    return [entry for entry in found if analysis.need(entry.part)]


def rhythm(plant: Plant, supplier: str, frequency: str) -> tuple[Fraction, int]:
    """Return the interval between deliveries [days] and after how many of them a card comes back (A-B-C)."""
    row = plant.frequency[frequency]
    interval = Fraction(row["days"], row["deliveries"])
    cycle = exact(plant.supplier[supplier]["lead_time"]) / interval
    return interval, -(-cycle.numerator // cycle.denominator)
