"""What a term of the objective is made of: who causes it, where, and how much of it lies on each slot.

One protocol: a looker takes a plan as it was read and a term, and returns `Contributions`. A term joins by an
entry in `LOOKERS` of `score`; a term without one is still scored by its value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Objective

__all__ = ["Contributions", "Looker", "Place", "Reading", "positions", "read_plan", "slots_text", "stretches"]

Slots = list[dict[int, int]]

MOST_NOTES = 5


@dataclass(frozen=True)
class Place:
    """A part of a term or of a rule's breaches.

    members: products, parts, rules or colours concerned. first, last: slots, from 1. value: what of the objective lies
    here; in a maximum, what the term would be if this were the largest; for a rule, by how much it is broken. text: one
    sentence.
    """

    members: tuple[str, ...]
    first: int
    last: int
    value: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the place as plain data."""
        return {
            "members": list(self.members),
            "first": self.first,
            "last": self.last,
            "value": self.value,
            "text": self.text,
        }


@dataclass(frozen=True)
class Contributions:
    """What a looker tells of a term, all times the term's weight.

    value: of the term. who: the products, parts, rules or pairs that cause it. where: the slots and windows in which it
    arises. profile: what lies on each slot; of a sum these add up to the term, of a maximum the largest is the term.
    """

    value: Fraction
    who: list[Place] = field(default_factory=list)
    where: list[Place] = field(default_factory=list)
    profile: Sequence[float] = ()


@dataclass(frozen=True)
class Reading:
    """A plan as far as it can be read.

    slots: units of each product row, slot by slot; a product that the instance does not have gets a negative
    row. unknown: such products, by row. built: units of each known product. notes: what is odd, in words.
    """

    instance: Heijunka
    slots: Slots
    unknown: Mapping[int, str]
    built: Sequence[int]
    notes: tuple[str, ...]

    def name(self, row: int) -> str:
        """Return the id of a product row."""
        return self.unknown[row] if row < 0 else self.instance.products.product[row]

    def builds(self) -> tuple[str, ...]:
        """Return what each slot builds, in words."""
        if self.instance.box is None:
            names = {row: self.name(row) for row in (*range(len(self.built)), *self.unknown)}
            return tuple(names[row] for slot in self.slots for row in slot)
        return tuple(map(self.names, range(1, len(self.slots) + 1)))

    def names(self, slot: int) -> str:
        """Return what a slot (from 1) builds, in words."""
        return ", ".join(
            self.name(row) if units == 1 else f"{units} {self.name(row)}"
            for row, units in sorted(self.slots[slot - 1].items())
        )


Looker = Callable[[Reading, "Objective"], Contributions]
"""What tells the contributions to a term."""


def read_plan(instance: Heijunka, plan: HeijunkaPlan) -> Reading:
    """Read a plan of any quality: unknown products and wrong numbers of units are noted, not refused."""
    rows: dict[str, int] = dict(instance.index)
    odd: list[str] = []
    if instance.box is None:
        slots: Slots = [{rows.setdefault(name, _fresh(rows, instance)): 1} for name in plan.sequence or ()]
    else:
        slots = [{} for _ in range(instance.slots)]
        for line in plan.buckets or ():
            if line.bucket > instance.slots:
                odd.append(f"bucket {line.bucket} does not exist: its {line.product} is left out")
                continue
            units = int(line.quantity)
            if units != line.quantity:
                odd.append(
                    f"bucket {line.bucket}: {line.quantity} of {line.product} counts as {units}: units are whole"
                )
            row = rows.setdefault(line.product, _fresh(rows, instance))
            if units:
                slots[line.bucket - 1][row] = slots[line.bucket - 1].get(row, 0) + units
    unknown = {row: name for name, row in rows.items() if row < 0}
    built: dict[int, int] = defaultdict(int)
    for slot in slots:
        for row, units in slot.items():
            built[row] += units
    notes = [f"{name} is not a product of the instance: {counted(built[row], 'unit')} in no term of a product or part"
             for row, name in unknown.items()]  # fmt: skip
    notes += odd + _counts(instance, built)
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"and {len(notes) - MOST_NOTES} more of this kind"]
    return Reading(instance, slots, unknown, [built[row] for row in range(len(instance.index))], tuple(notes))


def _fresh(rows: dict[str, int], instance: Heijunka) -> int:
    """Return the row of the next product that the instance does not have."""
    return -1 - (len(rows) - len(instance.index))


def _counts(instance: Heijunka, built: Mapping[int, int]) -> list[str]:
    products = instance.products
    return [
        f"{built.get(row, 0)} of {product} instead of {demand}: deviations are against the ideal line of the demand"
        for row, (product, demand) in enumerate(zip(products.product, products.demand, strict=True))
        if built.get(row, 0) != demand
    ]


def positions(reading: Reading) -> list[list[tuple[int, int]]]:
    """Return the slots (from 1) that build each product row, ascending, with the units built there."""
    found: list[list[tuple[int, int]]] = [[] for _ in reading.instance.products.product]
    for position, slot in enumerate(reading.slots, 1):
        for row, units in slot.items():
            if row >= 0:
                found[row].append((position, units))
    return found


def slots_text(first: int, last: int) -> str:
    """Return "slot 4" or "slots 4 to 7"."""
    return f"slot {first}" if first == last else f"slots {first} to {last}"


def stretches(profile: Sequence[float], summed: bool) -> list[Place]:
    """Return the stretches of slots on which more than the mean lies; of a maximum, those nearest to it.

    summed: the slots add up to the term. Else a stretch counts with its largest slot, and begins at nine tenths of
    the maximum.
    """
    total = sum(profile) if summed else max(profile, default=0.0)
    if total <= 0:
        return []
    least = total / len(profile) * (1 + 1e-9) if summed else 0.9 * total
    found: list[Place] = []
    start = 0
    for slot in range(1, len(profile) + 2):
        high = slot <= len(profile) and profile[slot - 1] >= least
        if high and not start:
            start = slot
        elif not high and start:
            part = profile[start - 1 : slot - 1]
            value = sum(part) if summed else max(part)
            carry = "carry" if slot - 1 > start else "carries"
            told = f" {carry} {value / total:.1%} of it" if summed else f": up to {value:.6g}"
            text = slots_text(start, slot - 1) + told
            found.append(Place((), start, slot - 1, value, text))
            start = 0
    return found
