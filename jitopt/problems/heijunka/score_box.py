"""Contributions to what a box has beyond a sequence (volume, epei), and the breaches of its rules."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, exact
from jitopt.problems.figures import counted, rounded
from jitopt.problems.heijunka.box_judge import bucket_minutes
from jitopt.problems.heijunka.contributions import Contributions, Place, positions, slots_text

if TYPE_CHECKING:
    from jitopt.problems.heijunka.contributions import Reading
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["find_due", "find_minutes", "find_pack", "look_epei", "look_volume"]


def look_volume(reading: Reading, term: Objective) -> Contributions:
    """Tell which buckets hold more, or fewer, units than the average."""
    average = Fraction(reading.instance.units, len(reading.slots))
    values, where = [], []
    for slot, built in enumerate(reading.slots, 1):
        off = sum(built.values()) - average
        values.append(_priced(term, Fraction(1), abs(off)))
        if off:
            side = "over" if off > 0 else "under"
            text = f"bucket {slot} is {rounded(abs(off), 3)} {side} the average of {rounded(average, 4)} units"
            where.append(Place((), slot, slot, float(values[-1]), text))
    return Contributions(_gathered(term, values), list(where), where, [float(value) for value in values])


def look_epei(reading: Reading, term: Objective) -> Contributions:
    """Tell which products are away longest, and when; what it costs lies evenly on the buckets of the stretch."""
    instance, length = reading.instance, len(reading.slots)
    profile: list[Fraction | int] = [0] * length
    values, places = [], []
    for row, built in enumerate(positions(reading)):
        if not instance.products.demand[row]:
            continue
        at = [0, *(slot for slot, _ in built), length + 1]
        gap, first = max((b - a - 1, -a) for a, b in itertools.pairwise(at))
        first = 1 - first
        value = _priced(term, instance.weights[row], Fraction(gap))
        values.append(value)
        if not value:
            continue
        name, last = reading.name(row), first + gap - 1
        text = f"{name} is away in {slots_text(first, last)}, {counted(gap, 'bucket')}"
        places.append(Place((name,), first, last, float(value), text))
        for slot in range(first, last + 1):
            if term.measure.startswith("max"):
                profile[slot - 1] = max(profile[slot - 1], value)
            else:
                profile[slot - 1] += value / gap
    return Contributions(_gathered(term, values), places, list(places), [float(one) for one in profile])


def _priced(term: Objective, weight: Fraction, value: Fraction) -> Fraction:
    return exact(term.weight) * weight * (value**2 if term.measure.endswith("squared") else value)


def _gathered(term: Objective, values: list[Fraction]) -> Fraction:
    return max(values, default=Fraction(0)) if term.measure.startswith("max") else sum(values, Fraction(0))


# --- the rules -------------------------------------------------------------------------------


def find_due(reading: Reading, rule: Rule) -> list[Place]:
    """Find the days by which too little of a product is built."""
    instance, product = reading.instance, rule.members[0]
    row, found = instance.index[product], []
    for due in instance.box_data.dues:
        if due.row != row:
            continue
        short = due.least - sum(slot.get(row, 0) for slot in reading.slots[: due.slot])
        if short > 0:
            text = f"{counted(short, 'unit')} of {product} too few by the end of day {due.day}"
            found.append(Place((product,), 1, due.slot, float(short), text))
    return found


def find_minutes(reading: Reading, rule: Rule) -> list[Place]:
    """Find the buckets that take more minutes than they have; unknown products take none."""
    available = reading.instance.box_data.available or Fraction(0)
    known = [{row: units for row, units in slot.items() if row >= 0} for slot in reading.slots]
    found = []
    for slot, (work, setup) in enumerate(bucket_minutes(reading.instance, known), 1):
        over = work + setup - available
        if over > 0:
            text = f"bucket {slot} needs {rounded(work + setup, 6)} minutes of {rounded(available, 6)}"
            found.append(Place((), slot, slot, float(over), text))
    return found


def find_pack(reading: Reading, rule: Rule) -> list[Place]:
    """Find the buckets whose units of a product are no full packs."""
    product = rule.members[0]
    row = reading.instance.index[product]
    pack, found = reading.instance.box_data.packs[row], []
    for slot, built in enumerate(reading.slots, 1):
        beside = built.get(row, 0) % pack
        if beside:
            text = f"bucket {slot} holds {counted(built[row], 'unit')} of {product}, packed by {pack}"
            found.append(Place((product,), slot, slot, float(beside), text))
    return found
