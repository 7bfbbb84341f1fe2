"""The rules of a heijunka instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["rules"]


REMEDIES = {
    "capacity": "let {amount} units more into a bucket",
    "ratio": "allow {amount} units more with {0} in its window",
    "spacing": "lower the spacing of {0} by {amount}",
    "longest_run": "allow runs of {0} that are {amount} longer",
    "shortest_run": "allow runs of {0} that are {amount} shorter",
    "frozen": "freeze {amount} slots less at the end of the prefix",
    "fixed": "give slot {0} free for another product than {1}",
    "moves": "allow {amount} moves more",
}
"""What to change for each rule; {0}, {1} are its members."""


def rules(instance: Heijunka) -> list[Rule]:
    """Return every rule that can be relaxed. "demand" (each unit is built) is what is asked, not a rule."""
    return [replace(rule, remedy=remedy(REMEDIES, rule)) for rule in _rules(instance)]


def _rules(instance: Heijunka) -> list[Rule]:
    found: list[Rule] = []
    if instance.box:
        text = f"at most {instance.capacity} units in a bucket"
        found.append(Rule("capacity", (), text, instance.capacity))
    for rule in instance.ratio_rules:
        if rule.hard:
            text = f"at most {rule.at_most} units with {rule.ratio} in any {rule.in_any} slots"
            found.append(Rule("ratio", (rule.ratio,), text, rule.at_most))
    found += _product_rules(instance)
    if instance.frozen:
        text = f"the first {instance.frozen} slots stay as in the current plan"
        found.append(Rule("frozen", (), text, instance.frozen))
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            text = f"slot {position} builds {product}"
            found.append(Rule("fixed", (str(position), product), text))
    if instance.current and instance.current.at_most is not None:
        text = f"at most {instance.current.at_most} units move against the current plan"
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
            text = f"at most {longest} consecutive slots build {product}"
            found.append(Rule("longest_run", (product,), text, longest))
        if shortest > 1:
            text = f"{product} is built in at least {shortest} consecutive slots"
            found.append(Rule("shortest_run", (product,), text, shortest))
    return found
