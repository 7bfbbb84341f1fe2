"""The judge of what a heijunka box has beyond buckets and capacity: its rules, and the terms volume and epei."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import Violation
from jitopt.problems.figures import counted, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.heijunka.instance import Heijunka, Objective

__all__ = ["box_rules", "bucket_minutes", "epei", "longest_gaps", "volume"]

Slots = list[dict[int, int]]
"""Units of each product row, bucket by bucket."""


def box_rules(instance: Heijunka, slots: Slots, presence: list[list[int]]) -> list[Violation]:
    """Check due dates, minutes and packs."""
    return _due(instance, slots, presence) + _minutes(instance, slots) + _pack(instance, slots, presence)


def _due(instance: Heijunka, slots: Slots, presence: list[list[int]]) -> list[Violation]:
    found: dict[int, Violation] = {}
    for due in instance.box_data.dues:
        built = sum(slots[slot - 1][due.row] for slot in presence[due.row] if slot <= due.slot)
        short = due.least - built
        if short > max(0, found[due.row].short_by if due.row in found else 0):
            product = instance.products.product[due.row]
            text = (
                f"by the end of day {due.day} {counted(built, 'unit')} of {product} are built, "
                f"{due.least} are needed beside the opening stock"
            )
            found[due.row] = Violation("due", (product,), text, short)
    return [found[row] for row in sorted(found)]


def bucket_minutes(instance: Heijunka, slots: Slots) -> list[tuple[Fraction, Fraction]]:
    """Return the minutes of work, and of changeovers, in each bucket."""
    data = instance.box_data
    found = []
    for place, slot in enumerate(slots):
        before = set(slots[place - 1]) if place else data.behind
        work = sum((data.minutes[row] * units for row, units in slot.items()), Fraction(0))
        setups = [] if before is None else [data.setups[row] for row in slot if row not in before]
        found.append((work, sum(setups, Fraction(0))))
    return found


def _minutes(instance: Heijunka, slots: Slots) -> list[Violation]:
    available = instance.box_data.available
    if available is None:
        return []
    taken = bucket_minutes(instance, slots)
    worst = max(range(len(taken)), key=lambda place: sum(taken[place]))
    work, setup = taken[worst]
    over = work + setup - available
    if over <= 0:
        return []
    text = (
        f"bucket {worst + 1} needs {rounded(work + setup, 6)} minutes ({rounded(work, 6)} of work, "
        f"{rounded(setup, 6)} of changeovers), it has {rounded(available, 6)}"
    )
    return [Violation("minutes", (), text, float(over))]


def _pack(instance: Heijunka, slots: Slots, presence: list[list[int]]) -> list[Violation]:
    found = []
    for row, pack in enumerate(instance.box_data.packs):
        if pack == 1:
            continue
        beside, at = max(((slots[slot - 1][row] % pack, -slot) for slot in presence[row]), default=(0, 0))
        if beside:
            product = instance.products.product[row]
            units = counted(slots[-at - 1][row], "unit")
            text = f"bucket {-at} holds {units} of {product}, which is packed by {pack}"
            found.append(Violation("pack", (product,), text, beside))
    return found


# --- the terms -----------------------------------------------------------------------------


def volume(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Measure the units of each bucket against the average D/S."""
    average = Fraction(instance.units, len(slots))
    return _measured([(Fraction(1), sum(slot.values()) - average) for slot in slots], term)


def epei(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Measure the longest stretch of buckets without each product that has demand."""
    gaps = longest_gaps(instance, slots)
    return _measured([(instance.weights[row], Fraction(gap)) for row, gap in gaps.items()], term)


def longest_gaps(instance: Heijunka, slots: Slots) -> dict[int, int]:
    """Return for each product row with demand the most consecutive buckets without it, no wrap."""
    last = {row: 0 for row, demand in enumerate(instance.products.demand) if demand}
    found = dict.fromkeys(last, 0)
    for place, slot in enumerate(slots, 1):
        for row in slot:
            if row in last:
                found[row] = max(found[row], place - last[row] - 1)
                last[row] = place
    return {row: max(gap, len(slots) - last[row]) for row, gap in found.items()}


def _measured(deviations: Sequence[tuple[Fraction, Fraction]], term: Objective) -> Fraction:
    """Measure weighted deviations: sum or maximum of squares or absolute values."""
    power = 2 if term.measure.endswith("squared") else 1
    values = [weight * abs(value) ** power for weight, value in deviations]
    return max(values, default=Fraction(0)) if term.measure.startswith("max") else sum(values, Fraction(0))
