"""The rules of a delivery instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from jitopt.problems.delivery.instance import Delivery

__all__ = ["rules"]


REMEDIES = {
    "menu": "let {0} deliver at another frequency",
    "truck_weight": "send {0} on a truck that carries {amount} kg more",
    "truck_cube": "send {0} on a truck that holds {amount} m3 more",
    "dock": "open {amount more slot} a day at {0}",
    "storage": "make room for {amount more container} in {0}",
    "limit": "raise the capacity of {0} by {amount}",
    "change": "allow {amount more change}",
}
"""What to change for each rule; {0} is its member."""


def rules(instance: Delivery) -> list[Rule]:
    """Return every rule that can be relaxed; one frequency for each supplier is what is asked, not a rule."""
    return [replace(rule, remedy=remedy(REMEDIES, rule)) for rule in _rules(instance)]


def _rules(instance: Delivery) -> list[Rule]:
    found = []
    for stop in instance.stops:
        for supplier in stop.suppliers:
            if supplier in instance.choices:
                names = ", ".join(name for name in instance.menu if name in instance.choices[supplier])
                found.append(Rule("menu", (supplier,), f"{supplier} delivers at one of {names}"))
        if stop.weight is not None:
            text = f"a delivery of {stop.name} weighs at most {amount(stop.weight)} kg"
            found.append(Rule("truck_weight", (stop.name,), text, float(stop.weight)))
        if stop.cube is not None:
            text = f"a delivery of {stop.name} takes at most {amount(stop.cube)} m3"
            found.append(Rule("truck_cube", (stop.name,), text, float(stop.cube)))
    for dock, slots in instance.slots.items():
        text = f"deliveries a day at {dock}: at most {amount(slots)}"
        found.append(Rule("dock", (dock,), text, float(slots)))
    for place, capacity in instance.positions.items():
        text = f"{place} has room for {counted(capacity, 'container')}"
        found.append(Rule("storage", (place,), text, float(capacity)))
    found += _limits(instance)
    if instance.current and instance.current.at_most is not None:
        cap = instance.current.at_most
        found.append(Rule("change", (), f"the frequency of at most {counted(cap, 'supplier')} changes", cap))
    return found


def _limits(instance: Delivery) -> list[Rule]:
    table, found = instance.limits, []
    if table is None:
        return []
    for row, (name, capacity) in enumerate(zip(table.limit, table.capacity, strict=True)):
        taken = (table.taken[row] if table.taken else None) or 0
        text = f"at most {amount(capacity)} of {name} is taken" + (
            f", {amount(taken)} of it in any case" if taken else ""
        )
        found.append(Rule("limit", (name,), text, capacity))
    return found
