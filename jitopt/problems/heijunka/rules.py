"""The rules of a heijunka instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy
from jitopt.problems.figures import counted, rounded

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["rules"]


REMEDIES = {
    "capacity": "raise the capacity of a bucket by {amount}",
    "ratio": "raise at_most of {0} by {amount}",
    "spacing": "lower the spacing of {0} by {amount}",
    "longest_run": "raise longest_run of {0} by {amount}",
    "shortest_run": "lower shortest_run of {0} by {amount}",
    "colour_run": "raise longest_colour_run by {amount}",
    "frozen": "lower frozen by {amount}",
    "fixed": "give slot {0} free for another product than {1}",
    "moves": "raise the cap on moves by {amount}",
    "due": "raise the opening stock of {0} by {amount}, or let as many come later",
    "minutes": "raise the minutes of a bucket by {amount} (and its pitch, if it is shorter then)",
    "pack": "let a bucket hold {amount} of {0} beside full packs",
}
"""What to change for each rule; {0}, {1} are its members."""


MOST_DAYS = 4
"""Most days that a rule's sentence names."""


def rules(instance: Heijunka) -> list[Rule]:
    """Return every rule that can be relaxed. "demand" (each unit is built) is what is asked, not a rule."""
    return [replace(rule, remedy=remedy(REMEDIES, rule)) for rule in _rules(instance)]


def _rules(instance: Heijunka) -> list[Rule]:
    found: list[Rule] = []
    if instance.box:
        text = f"at most {counted(instance.capacity, 'unit')} in a bucket"
        found.append(Rule("capacity", (), text, instance.capacity))
        found += _box_rules(instance)
    for rule in instance.ratio_rules:
        if rule.hard:
            text = f"at most {counted(rule.at_most, 'unit')} with {rule.ratio} in any {counted(rule.in_any, 'slot')}"
            found.append(Rule("ratio", (rule.ratio,), text, rule.at_most))
    found += _product_rules(instance)
    if instance.longest_colour_run is not None:
        text = f"at most {counted(instance.longest_colour_run, 'consecutive slot')} have one colour"
        found.append(Rule("colour_run", (), text, instance.longest_colour_run))
    if instance.frozen:
        text = f"the first {counted(instance.frozen, 'slot')} of the current plan must stay"
        found.append(Rule("frozen", (), text, instance.frozen))
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            text = f"slot {position} builds {product}"
            found.append(Rule("fixed", (str(position), product), text))
    if instance.current and instance.current.at_most is not None:
        text = f"at most {counted(instance.current.at_most, 'unit')} may differ from the current plan"
        found.append(Rule("moves", (), text, instance.current.at_most))
    return found


def _product_rules(instance: Heijunka) -> list[Rule]:
    found = []
    for row, product in enumerate(instance.products.product):
        spacing = instance.spacing_of(row)
        longest = instance.longest_run_of(row)
        shortest = instance.shortest_run_of(row)
        if spacing > 1:
            text = f"slots that build {product} lie at least {spacing} apart"
            found.append(Rule("spacing", (product,), text, spacing))
        if longest is not None:
            text = f"{product} is built in at most {counted(longest, 'consecutive slot')}"
            found.append(Rule("longest_run", (product,), text, longest))
        if shortest > 1:
            text = f"{product} is built in at least {counted(shortest, 'consecutive slot')}"
            found.append(Rule("shortest_run", (product,), text, shortest))
    return found


def _box_rules(instance: Heijunka) -> list[Rule]:
    """Return what binds a box beyond its capacity."""
    data, names = instance.box_data, instance.products.product
    found = []
    by_row: dict[int, list[str]] = {}
    most: dict[int, int] = {}
    for due in data.dues:
        most[due.row] = max(due.least, most.get(due.row, 0))
        by_row.setdefault(due.row, []).append(f"{due.least} by the end of day {due.day}")
    for row, parts in by_row.items():
        shown = ", ".join(parts[:MOST_DAYS]) + (", ..." if len(parts) > MOST_DAYS else "")
        text = f"of {names[row]} are built beside the opening stock: {shown}"
        found.append(Rule("due", (names[row],), text, most[row]))
    if data.available is not None:
        text = f"work and changeovers of a bucket take at most {rounded(data.available, 6)} minutes"
        found.append(Rule("minutes", (), text, float(data.available)))
    for row, pack in enumerate(data.packs):
        if pack > 1:
            found.append(Rule("pack", (names[row],), f"a bucket holds {names[row]} in packs of {pack}", pack))
    return found
