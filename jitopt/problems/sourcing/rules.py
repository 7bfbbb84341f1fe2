"""The rules of a sourcing instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from jitopt.problems.sourcing.instance import Sourcing

__all__ = ["FARTHER", "rules"]


FARTHER = 10
"""Orders up to this many times the limit of "order_size" are looked at where that rule is relaxed."""

REMEDIES = {
    "demand": "lower the demand of {0} by {amount}, or find another source",
    "capacity": "raise the capacity of {0} by {amount} in a period",
    "quote_capacity": "raise what {0} ships of {1} by {amount} in a period",
    "minimum": "lower the minimum order of {1} from {0} by {amount}",
    "maximum": "raise the largest order of {1} from {0} by {amount}",
    "order_size": "set the maximum of the quote of {1} from {0}: {amount} more than the limit on order sizes",
    "storage": "make room for {amount} more of {0}",
    "share_at_least": "lower the least share for {0} by {amount}",
    "share_at_most": "raise the largest share for {0} by {amount}",
    "part_suppliers_at_least": "lower the least number of suppliers of {0} by {amount}",
    "part_suppliers_at_most": "raise the largest number of suppliers of {0} by {amount}",
    "defects": "raise the largest share of defective {0} by {amount}",
    "late": "raise the largest share of late {0} by {amount}",
    "suppliers_at_least": "lower the least number of suppliers by {amount}",
    "suppliers_at_most": "raise the largest number of suppliers by {amount}",
    "switches": "raise the cap on new links by {amount}",
    "required": "require {amount} less from {0}",
}
"""What to change for each rule; {0}, {1} are its members."""


def rules(instance: Sourcing) -> list[Rule]:
    """Return every rule that can be relaxed; pack multiples and quotes are facts, not rules."""
    return [replace(rule, remedy=remedy(REMEDIES, rule)) for rule in _rules(instance)]


def _rules(instance: Sourcing) -> list[Rule]:
    found = _demand(instance) + _suppliers(instance) + _links(instance) + _parts(instance)
    least, most = instance.suppliers_at_least, instance.suppliers_at_most
    if least is not None:
        found.append(Rule("suppliers_at_least", (), f"at least {counted(least, 'supplier')} must be used", least))
    if most is not None:
        found.append(Rule("suppliers_at_most", (), f"at most {counted(most, 'supplier')} may be used", most))
    if instance.current and instance.current.at_most is not None:
        cap = instance.current.at_most
        found.append(Rule("switches", (), f"at most {counted(cap, 'link')} may be new against the current award", cap))
    for supplier, part, least_units in instance.required_rows:
        members = (supplier,) if part is None else (supplier, part)
        text = f"at least {counted(least_units, 'unit')} must be ordered from {' of '.join(reversed(members))}"
        found.append(Rule("required", members, text, float(least_units)))
    return found


def _demand(instance: Sourcing) -> list[Rule]:
    return [
        Rule("demand", (part,), f"the demand of {part} is met in every period", float(sum(row, Fraction(0))))
        for part, row in instance.demand.items()
        if any(row)
    ]


def _suppliers(instance: Sourcing) -> list[Rule]:
    return [
        Rule(
            "capacity",
            (supplier,),
            f"{supplier} ships at most {counted(limit, 'unit')} in a period",
            float(limit),
        )
        for supplier, limit in instance.capacity.items()
        if limit is not None
    ]


def _links(instance: Sourcing) -> list[Rule]:
    found = []
    for (supplier, part), link in instance.links.items():
        if link.capacity is not None:
            text = f"{supplier} ships at most {counted(link.capacity, 'unit')} of {part} in a period"
            found.append(Rule("quote_capacity", (supplier, part), text, float(link.capacity)))
        if link.minimum:
            text = f"an order of {part} from {supplier} is at least {counted(link.minimum, 'unit')}"
            found.append(Rule("minimum", (supplier, part), text, float(link.minimum)))
        if link.maximum is not None:
            text = f"an order of {part} from {supplier} is at most {counted(link.maximum, 'unit')}"
            found.append(Rule("maximum", (supplier, part), text, float(link.maximum)))
    for (supplier, part), largest in instance.order_sizes.items():
        text = (
            f"no order of {part} from {supplier} above {counted(largest, 'unit')} is looked at "
            f"(above {amount(FARTHER * largest)} where this rule is relaxed); quotes.maximum sets another limit"
        )
        found.append(Rule("order_size", (supplier, part), text, float(largest)))
    return found


def _parts(instance: Sourcing) -> list[Rule]:
    found = []
    for part, limit in instance.storage.items():
        if limit is not None:
            text = f"at most {counted(limit, 'unit')} of {part} fit in the store"
            found.append(Rule("storage", (part,), text, float(limit)))
    for part, supplier, at_least, at_most in instance.share_rows:
        members = (part,) if supplier is None else (part, supplier)
        who = supplier or "each supplier"
        if at_least is not None:
            text = f"{who} has at least {amount(at_least)} of what is ordered of {part}"
            found.append(Rule("share_at_least", members, text, float(at_least)))
        if at_most is not None:
            text = f"{who} has at most {amount(at_most)} of what is ordered of {part}"
            found.append(Rule("share_at_most", members, text, float(at_most)))
    for part, least, most, defects, late in instance.part_limit_rows:
        limits: tuple[tuple[str, int | Fraction | None, str], ...] = (
            ("part_suppliers_at_least", least, f"{part} comes from at least {counted(least or 0, 'supplier')}"),
            ("part_suppliers_at_most", most, f"{part} comes from at most {counted(most or 0, 'supplier')}"),
            ("defects", defects, f"at most {_plain(defects)} of what is ordered of {part} is defective"),
            ("late", late, f"at most {_plain(late)} of what is ordered of {part} is late"),
        )
        for name, value, words in limits:
            if value is not None:
                found.append(Rule(name, (part,), words, float(value)))
    return found


def _plain(value: Fraction | None) -> str:
    return "-" if value is None else amount(value)
