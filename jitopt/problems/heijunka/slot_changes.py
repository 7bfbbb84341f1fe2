"""What a plan changes of the plan in force, slot by slot, and what each change is for."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.problems.figures import amount, counted, rounded
from jitopt.problems.heijunka.contributions import read_plan
from jitopt.problems.heijunka.instance import HeijunkaPlan
from jitopt.problems.heijunka.score import score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.heijunka.instance import Heijunka
    from jitopt.problems.heijunka.score import Score

__all__ = ["SlotChange", "SlotChanges", "slot_changes"]


@dataclass(frozen=True)
class SlotChange:
    """A slot that does not build what it builds in the plan in force.

    before, after: what it builds, in words. came_from: of a sequence, the slot in which the plan in force has that
    unit (the j-th unit of a product is the same unit in both); None for a box and for what is new. reason: the rule
    that asks for it, else the terms that fall around it.
    """

    slot: int
    before: str
    after: str
    came_from: int | None
    reason: str


@dataclass(frozen=True)
class SlotChanges:
    """The differences of a plan to the plan in force.

    slots: those that differ, in order. moved: units that stand where the plan in force has others. at_most: the cap,
    None without one. price: of such a unit. terms: (before, after) of each term, `moves` among them. shift: of a
    sequence, the most slots by which a unit comes earlier or later.
    """

    slots: tuple[SlotChange, ...]
    moved: int
    at_most: int | None
    price: float
    terms: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shift: int | None = None

    @property
    def summary(self) -> str:
        """How much changes, of what is allowed, in one line."""
        cap = f" of at most {self.at_most}" if self.at_most is not None else ""
        paid = f", at {amount(self.price)} each" if self.price else ""
        told = [f"{name} {rounded(before, 4)} -> {rounded(after, 4)}" for name, (before, after) in self.terms.items()]
        shift = f"; no unit by more than {counted(self.shift, 'slot')}" if self.shift else ""
        return f"{counted(self.moved, 'unit')}{cap} moved{paid}{shift}; {', '.join(told)}"

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the list as columns."""
        return {
            name: [getattr(row, name) for row in self.slots]
            for name in ("slot", "before", "after", "came_from", "reason")
        }

    def to_frame(self, like: object = None) -> Any:
        """Return the list as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return the list as plain data."""
        return {
            "moved": self.moved,
            "at_most": self.at_most,
            "price": self.price,
            "shift": self.shift,
            "terms": {name: list(pair) for name, pair in self.terms.items()},
            "slots": [asdict(row) for row in self.slots],
        }


def slot_changes(
    instance: Heijunka, plan: HeijunkaPlan, before: HeijunkaPlan | None = None, scored: Score | None = None
) -> SlotChanges:
    """Return what a plan changes of the plan in force, or of `before`; scored: the score of that, if it is at hand.

    Raises
    ------
    InputError
        If neither the instance nor `before` tells a plan in force.
    """
    before = before if before is not None else in_force(instance)
    old, new = read_plan(instance, before), read_plan(instance, plan)
    first, second = scored or score(instance, before, 0), score(instance, plan, 0)
    names = [term.term for term in second.terms]
    gains = {
        name: [a - b for a, b in zip(first.profile[name], second.profile[name], strict=False)]
        for name in names
        if name != "moves" and name in first.profile and name in second.profile
    }
    fixed = set(zip(instance.fixed.position, instance.fixed.product, strict=True)) if instance.fixed else set()
    origin = _origins(before, plan) if instance.box is None else {}
    rows, moved = [], 0
    for slot, builds in enumerate(new.slots, 1):
        had = old.slots[slot - 1] if slot <= len(old.slots) else None
        if builds == had:
            continue
        moved += sum(max(0, units - (had or {}).get(row, 0)) for row, units in builds.items()) if had is not None else 0
        told = new.names(slot)
        reason = _reason(gains, slot, had is None)
        if (slot, told) in fixed:
            reason = "fixed"
        rows.append(SlotChange(slot, old.names(slot) if had is not None else "", told, origin.get(slot), reason))
    current = instance.current
    return SlotChanges(
        slots=tuple(rows),
        moved=moved,
        at_most=current.at_most if current else None,
        price=current.price if current else 0.0,
        terms={a.term: (a.value, b.value) for a, b in zip(first.terms, second.terms, strict=True)},
        shift=max((abs(slot - was) for slot, was in origin.items()), default=0) if instance.box is None else None,
    )


def in_force(instance: Heijunka) -> HeijunkaPlan:
    """Return the plan in force of an instance as a plan."""
    current = instance.current
    if current is not None and current.sequence is not None:
        return HeijunkaPlan(sequence=current.sequence)
    if current is not None and current.buckets is not None:
        table = current.buckets
        rows = zip(table.bucket, table.product, table.quantity, strict=True)
        names = ("bucket", "product", "quantity")
        return HeijunkaPlan.model_validate({"buckets": [dict(zip(names, row, strict=True)) for row in rows]})
    raise InputError(
        "the instance tells no plan in force",
        place="/current",
        remedy='hand over the plan in force as well, or add it as the field "current" (jitopt.relevel does)',
    )


def _origins(before: HeijunkaPlan, plan: HeijunkaPlan) -> dict[int, int]:
    """Return for each slot where the plan before has the same unit."""
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for slot, product in enumerate(before.sequence or (), 1):
        waiting[product].append(slot)
    return {slot: waiting[product].popleft() for slot, product in enumerate(plan.sequence or (), 1) if waiting[product]}


REACH = 3
"""Slots on either side of a change in which a fall of a term is its reason."""


def _reason(gains: Mapping[str, list[float]], slot: int, new: bool) -> str:
    """Return the terms that fall around a slot, the one that falls most first."""
    if new:
        return "a new slot"
    around = {name: sum(part[max(0, slot - 1 - REACH) : slot + REACH]) for name, part in gains.items()}
    falls = sorted((name for name, gain in around.items() if gain > 1e-9), key=lambda name: -around[name])
    if not falls:
        return "makes room for other slots"
    return ", ".join(f"{name} falls by {rounded(around[name], 3)} around it" for name in falls)
