"""What the heijunka formulations share of painted sequences: open windows, colours, what was built before.

Part of `heijunka_cumulative_pyomo` and `heijunka_order_cpsat`.
Holds: no constraint: the windows w of a rule with what was built before slot 1, their price, products of a colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact
from jitopt.problems.heijunka.form import beyond

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka, Objective, RatioRule

    from ._heijunka_plan import Trace

__all__ = [
    "COLOUR_RUN",
    "WORDS",
    "Window",
    "changes",
    "colours",
    "is_counted",
    "is_painted",
    "price",
    "refuse_measures",
    "run_of",
    "windows_of",
]

WORDS = ("ratio", "high_ratio", "low_ratio", "colour_changes")
"""Terms that are priced together where an instance has anything painted."""

COLOUR_RUN = ("colour_run", ())
"""Key of the rule on runs of one colour."""


@dataclass(frozen=True)
class Window:
    """The slots of a window that lie in the plan, and the units that count before slot 1."""

    first: int
    last: int
    before: int

    def load(self, trace: Trace, rule: RatioRule) -> int:
        """Return the units that count under a plan."""
        users = tuple((row, 1) for row in rule.products)
        return self.before + trace.until(users, self.last) - trace.until(users, self.first - 1)


def is_painted(instance: Heijunka) -> bool:
    """Tell whether the instance has colours or open windows."""
    return beyond(instance) is not None


def refuse_measures(instance: Heijunka) -> None:
    """Raise `NotApplicableError` for what is not told of painted sequences."""
    if instance.box is not None and is_painted(instance):
        raise NotApplicableError("a bucket has no order, which colours and ratio rules of two priorities need")
    for term in instance.objective if is_painted(instance) else ():
        told = ("sum_absolute", "sum_squared") if term.term == "colour_changes" else ("sum_absolute", "sum_violated")
        if term.weight > 0 and term.term in WORDS and term.measure not in told and _prices(instance, term):
            raise NotApplicableError(f'the term "{term.term}" of a painted sequence is priced by "{term.measure}"')
    for rule in instance.ratio_rules if is_painted(instance) else ():
        if len(_measures(instance, rule)) > 1:
            raise NotApplicableError(f'the ratio rule "{rule.ratio}" of a painted sequence is priced by two measures')


def _prices(instance: Heijunka, term: Objective) -> bool:
    """Tell whether anything can be priced by the term: its rules may all be hard."""
    rules = instance.ratio_rules
    return term.term == "colour_changes" or any(rule.weight and rule.priced_by(term.term) for rule in rules)


def _measures(instance: Heijunka, rule: RatioRule) -> set[str]:
    """Return by which measures a rule is priced."""
    terms = instance.objective if rule.weight else ()
    return {term.measure for term in terms if term.weight > 0 and rule.priced_by(term.term)}


def is_counted(instance: Heijunka, rule: RatioRule) -> bool:
    """Tell whether a broken window of the rule costs the same by however much it is broken."""
    return "sum_violated" in _measures(instance, rule)


def windows_of(instance: Heijunka, rule: RatioRule) -> list[Window]:
    """Return the windows of a rule that could be above its limit."""
    slots, length = instance.slots, rule.in_any
    counts = [int(row in rule.products) for row in instance.previous_rows] if rule.open else []
    begins = range(max(0, len(counts) - length + 1), len(counts) + slots) if rule.open else range(slots - length + 1)
    found = []
    for begin in begins:
        first, last = max(1, begin - len(counts) + 1), min(slots, begin - len(counts) + length)
        found.append(Window(first, last, sum(counts[begin : begin + length])))
    return [window for window in found if window.before + window.last - window.first + 1 > rule.at_most]


def price(instance: Heijunka, rule: RatioRule) -> Fraction:
    """Return what an excess of one unit, or a broken window, of a rule costs; nothing if the rule is hard."""
    if rule.hard:
        return Fraction(0)
    terms = (exact(term.weight) for term in instance.objective if rule.priced_by(term.term))
    return sum(terms, Fraction(0)) * rule.weight


def colours(instance: Heijunka) -> dict[int, tuple[int, ...]]:
    """Return the rows with demand of each colour."""
    found: dict[int, list[int]] = {}
    for row, colour in enumerate(instance.colours):
        if instance.products.demand[row]:
            found.setdefault(colour, []).append(row)
    return {colour: tuple(rows) for colour, rows in found.items()}


def changes(instance: Heijunka, trace: Trace, slot: int) -> bool:
    """Tell whether the colour changes before a slot."""
    before = trace.at(slot - 1) if slot > 1 else instance.previous_rows[-1]
    return instance.colours[before] != instance.colours[trace.at(slot)]


def run_of(instance: Heijunka, trace: Trace, colour: int, slot: int) -> int:
    """Return the length of the run of a colour up to a slot, 0 when the slot has another."""
    first = slot
    while first > 0 and instance.colours[trace.at(first)] == colour:
        first -= 1
    return slot - first
