"""What the cards of a delivery frequency need at least of racks, card budget, floor, capital and changes.

The delivery decides on frequencies, the kanban step on containers and cards within limits that all
loops share. So that the first does not leave the second without a plan, the delivery is given
these limits, with the least that the loops of a supplier take of each at each frequency. The least
is read off the very instance that the kanban step would solve. Where every loop has one container,
what fits the delivery fits the cards; where it has a choice, the least of two limits may lie in
different containers, and the chain may have to step back.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.planning.steps.decisions import rhythm
from jitopt.planning.steps.kanban import bought_row, internal_rows, kanban_of, loop_of
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import SupplierLoop

__all__ = ["CHANGES", "Needs", "least", "needs_of", "needs_within"]

ZERO = Fraction(0)
CARDS_OF = "cards of "
"""A loop's own maximum is a limit under this name and the loop's."""
CHANGES = "changes"
"""The cap on cards put in and taken out is a limit under this name."""


class Needs(NamedTuple):
    """What a loop needs. cards: of each container. takes: the least of each limit, over the containers."""

    cards: dict[str, int]
    takes: dict[str, Fraction]


class Within(NamedTuple):
    """The limits of the kanban step. capacity: of each. taken: what loops within the plant need at least."""

    capacity: dict[str, Fraction]
    taken: dict[str, Fraction]


def least(instance: Any, loop: str, only: str | None = None) -> Needs:
    """Return what a loop of a kanban instance needs at least; `only`: in this container.

    Containers that need more cards than the loop may have are left out; if all do, the loop's
    maximum is among what is taken, as the limit "cards of" the loop.
    """
    data = instance.loop_data[loop]
    menu = [instance.containers.container[row] for row in instance.rows_of[loop]]
    cards = {container: max(instance.needed(loop, container), data.minimum) for container in menu}
    kept = {c: n for c, n in cards.items() if only in (None, c) or only not in cards}
    takes: dict[str, Fraction] = {}
    if data.maximum is not None:
        takes[CARDS_OF + loop] = Fraction(min(kept.values()))
        kept = {c: n for c, n in kept.items() if n <= data.maximum} or kept
    totals = [_totals(instance, loop, container, count) for container, count in kept.items()]
    for limit in _capacity(instance):
        takes[limit] = min(total.get(limit, ZERO) for total in totals)
    return Needs(cards, {limit: amount for limit, amount in takes.items() if amount})


def _totals(instance: Any, loop: str, container: str, cards: int) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for limit, amount in instance.pairs[loop, container].uses:
        found[limit] = found.get(limit, ZERO) + amount * cards
    used, have = instance.present.get(loop, (container, 0))
    if used == container and have > cards:
        most = instance.loop_data[loop].maximum
        cards = have if most is None else max(cards, min(have, most))
    return found | {CHANGES: Fraction(instance.changed(loop, container, cards))}


def _capacity(instance: Any) -> dict[str, Fraction]:
    """Return the limits that loops share, the cap on changes among them."""
    capped = instance.current is not None and instance.current.at_most is not None
    return dict(instance.capacity) | ({CHANGES: Fraction(instance.current.at_most)} if capped else {})


def needs_within(plant: Plant, analysis: Analysis) -> Within:
    """Return what the loops within the plant, whose cards no delivery changes, need at least."""
    instance = kanban_of(plant, internal_rows(plant, analysis))
    if instance is None:
        return Within({}, {})
    taken: dict[str, Fraction] = {}
    for loop in instance.names:
        for limit, amount in least(instance, loop).takes.items():
            taken[limit] = taken.get(limit, ZERO) + amount
    return Within(_capacity(instance), taken)


def needs_of(
    plant: Plant, analysis: Analysis, entries: Iterable[SupplierLoop], only: Mapping[str, str] | None = None
) -> tuple[dict[tuple[str, str], Needs], dict[str, Fraction]]:
    """Return the needs of each entry (name, frequency), and the capacity of every limit they touch.

    entries: what suppliers deliver. only: the container of each loop that is looked at, all of
    those it may have where the loop is not listed.
    """
    found: dict[tuple[str, str], Needs] = {}
    capacity: dict[str, Fraction] = {}
    entries = list(entries)
    looped = [entry for entry in entries if entry.loop is not None]
    for frequency in plant.frequency:
        instance = kanban_of(plant, [bought_row(plant, analysis, entry, frequency) for entry in looped])
        for entry in looped:
            loop = loop_of(entry)
            found[entry.name, frequency] = least(instance, loop, (only or {}).get(loop))
            maximum = instance.loop_data[loop].maximum
            if maximum is not None:
                capacity[CARDS_OF + loop] = Fraction(maximum)
        capacity |= _capacity(instance) if instance is not None else {}
    for entry in entries:
        rack = plant.part[entry.part]["storage"]
        if entry.loop is None and rack in plant.rack:
            capacity[f"rack {rack}"] = Fraction(plant.rack[rack])
            for frequency in plant.frequency:
                count = _without_loop(plant, analysis, entry, frequency)
                found[entry.name, frequency] = Needs({}, {f"rack {rack}": Fraction(count)})
    return found, capacity


def _without_loop(plant: Plant, analysis: Analysis, entry: SupplierLoop, frequency: str) -> int:
    """Return the containers of a part that no cards call off: those a loop of it would have."""
    interval, cycle = rhythm(plant, entry.supplier, frequency)
    covered = interval * (1 + cycle) + exact(plant.part[entry.part]["safety"] or 0)
    return math.ceil(analysis.need(entry.part) * entry.share * covered / exact(plant.part[entry.part]["pack"]))
