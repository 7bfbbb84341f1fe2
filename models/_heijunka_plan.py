"""What the heijunka formulations share of a plan: reading it from a model, and tracing what it does.

Part of `heijunka_cumulative_pyomo` and `heijunka_order_cpsat`.
Holds: no constraint: x_is read back as a plan, and the value of every variable under a plan.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.heijunka.instance import Bucket, HeijunkaPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jitopt.problems.heijunka.instance import Heijunka, RatioRule
    from jitopt.registry import RuleKey

__all__ = [
    "Trace",
    "changeover_classes",
    "changes_first",
    "first_changeovers",
    "least_runs",
    "moved",
    "plan_of",
    "released",
    "windows",
]


def moved(instance: Heijunka) -> bool:
    """Tell whether moves against the current plan are priced or capped."""
    current = instance.current
    return current is not None and (current.price > 0 or current.at_most is not None)


def released(instance: Heijunka, trace: Trace, slot: int) -> bool:
    """Tell whether a plan differs from the current one in a slot up to this one."""
    current = (instance.current_slots or ())[:slot]
    rows = range(len(instance.products.product))
    return any(trace.units(row, s) != have.get(row, 0) for s, have in enumerate(current, 1) for row in rows)


def least_runs(instance: Heijunka, row: int) -> int:
    """Return how many runs of consecutive slots product `row` needs at least."""
    slots = -(-instance.products.demand[row] // instance.capacity)
    longest = 1 if instance.spacing_of(row) > 1 else instance.longest_run_of(row)
    return -(-slots // longest) if longest else min(1, slots)


def changeover_classes(instance: Heijunka) -> tuple[list[list[int]], dict[tuple[int, int], Fraction]]:
    """Return classes of products with the same changeover costs, and the cost between two classes.

    Two products are of one class when each product costs the same before both, and behind both.
    Products without demand are left out.
    """
    cost = instance.changeover_cost or {}
    rows = [row for row, demand in enumerate(instance.products.demand) if demand]
    found: dict[tuple[tuple[Fraction, ...], ...], list[int]] = {}
    zero = Fraction(0)
    for row in rows:
        behind = tuple(cost.get((row, other), zero) for other in rows)
        before = tuple(cost.get((other, row), zero) for other in rows)
        found.setdefault((behind, before), []).append(row)
    classes = list(found.values())
    pairs = {
        (a, b): cost.get((first[0], second[0]), zero)
        for a, first in enumerate(classes)
        for b, second in enumerate(classes)
    }
    return classes, pairs


def changes_first(instance: Heijunka, row: int) -> bool:
    """Tell whether product `row` in slot 1 is a set-up, because of what was built or was in the bucket before."""
    if instance.box is not None:
        return instance.box_data.changes_first(row)
    return bool(instance.previous) and row != instance.previous_rows[-1]


def first_changeovers(instance: Heijunka) -> dict[int, Fraction]:
    """Return the cost by the table, where there is any, to each product in slot 1 from what was built before it."""
    cost = instance.changeover_cost or {}
    rows = [row for row, demand in enumerate(instance.products.demand) if demand]
    last = instance.previous_rows[-1:]
    found = {row: cost.get((before, row), Fraction(0)) for before in last for row in rows}
    return {row: value for row, value in found.items() if value}


def windows(rule: RatioRule, slots: int) -> range:
    """Return the slots before which the full windows of `rule` begin: 0..S-q."""
    return range(slots - rule.in_any + 1)


def plan_of(instance: Heijunka, quantity: Callable[[int, int], float]) -> HeijunkaPlan:
    """Return the plan with `quantity` (row, slot) units, cleaned of a solver's noise."""
    names = instance.products.product
    rows = range(len(names))
    slots = range(1, instance.slots + 1)
    if instance.box is None:
        return HeijunkaPlan(sequence=tuple(names[max(rows, key=lambda row: quantity(row, slot))] for slot in slots))
    placed = ((slot, row, round(quantity(row, slot))) for slot in slots for row in rows)
    return HeijunkaPlan(
        buckets=tuple(
            Bucket(bucket=slot, product=names[row], quantity=units) for slot, row, units in placed if units > 0
        )
    )


class Trace:
    """What a plan does, slot by slot: the values from which a start is made."""

    def __init__(self, instance: Heijunka, plan: HeijunkaPlan) -> None:
        self.instance = instance
        self.slots = instance.slots
        self._units = [[0] * (self.slots + 1) for _ in instance.products.product]
        for slot, product, quantity in _placed(plan):
            self._units[instance.index[product]][slot] += quantity
        self._sums: dict[tuple[tuple[int, int], ...], list[int]] = {}
        self._once: dict[Callable[[Trace], Fraction], Fraction] = {}
        self._short = {(broken.rule, broken.members): broken.short_by for broken in instance.evaluate(plan).violations}

    def units(self, row: int, slot: int) -> int:
        """Units of product `row` in `slot` (0 outside 1..S)."""
        return self._units[row][slot] if 0 < slot <= self.slots else 0

    def present(self, row: int, slot: int) -> int:
        """1 when `slot` builds product `row`."""
        return int(self.units(row, slot) > 0)

    def at(self, slot: int) -> int:
        """Row of the product that a sequence builds in `slot`."""
        return next(row for row, units in enumerate(self._units) if units[slot])

    def begins(self, row: int, slot: int) -> int:
        """1 when a run of product `row` begins in `slot`."""
        return int(self.units(row, slot) > 0 and not self.units(row, slot - 1))

    def run(self, row: int, slot: int) -> int:
        """Length of the run of product `row` up to `slot`, 0 when the slot does not build it."""
        first = slot
        while self.units(row, first):
            first -= 1
        return slot - first

    def until(self, users: tuple[tuple[int, int], ...], slot: int) -> int:
        """Sum of a_i X_is over `users` (row, a_i)."""
        sums = self._sums.get(users)
        if sums is None:
            sums = [0]
            for s in range(1, self.slots + 1):
                sums.append(sums[-1] + sum(a * self._units[row][s] for row, a in users))
            self._sums[users] = sums
        return sums[slot]

    def reached(self, slot: int, users: tuple[tuple[int, int], ...]) -> int:
        """Sum of a_i X_is over `users`, the slot first."""
        return self.until(users, slot)

    def load(self, rule: RatioRule, before: int) -> int:
        """Units with the option of `rule` in the window that follows slot `before`."""
        users = tuple((row, 1) for row in rule.products)
        return self.until(users, before + rule.in_any) - self.until(users, before)

    def excess(self, rule: RatioRule, before: int) -> int:
        """Units above the limit of `rule` in the window that follows slot `before`."""
        return max(0, self.load(rule, before) - rule.at_most)

    def moves(self) -> int:
        """Units that stand in a covered slot where the current plan does not have them."""
        covered = enumerate(self.instance.current_slots or (), 1)
        rows = range(len(self._units))
        return sum(max(0, self.units(row, slot) - old.get(row, 0)) for slot, old in covered for row in rows)

    def once(self, reached: Callable[[Trace], Fraction]) -> Fraction:
        """Return reached(self), computed once."""
        if reached not in self._once:
            self._once[reached] = reached(self)
        return self._once[reached]

    def gap(self, row: int) -> int:
        """Most consecutive slots without product `row`."""
        marks = "".join("x" if units else " " for units in self._units[row][1:])
        return max(map(len, marks.split("x")))

    def short(self, key: RuleKey) -> float:
        """By how much the plan breaks the rule `key`, 0 when it keeps it."""
        return self._short.get(key, 0)


def _placed(plan: HeijunkaPlan) -> Iterable[tuple[int, str, int]]:
    if plan.sequence is not None:
        return [(slot, product, 1) for slot, product in enumerate(plan.sequence, 1)]
    return [(row.bucket, row.product, int(row.quantity)) for row in plan.buckets or ()]
