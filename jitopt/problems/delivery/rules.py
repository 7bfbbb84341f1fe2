"""The rules of a delivery instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy

if TYPE_CHECKING:
    from jitopt.problems.delivery.instance import Delivery

__all__ = ["rules"]


REMEDIES = {
    "menu": "let {0} deliver at another frequency",
    "truck_weight": "send {0} on a truck that carries {amount} kg more",
    "truck_cube": "send {0} on a truck that holds {amount} m3 more",
    "dock": "open {amount} slots a day more at {0}",
    "storage": "make room for {amount} containers more in {0}",
    "limit": "raise the capacity of {0} by {amount}",
    "change": "allow {amount} changes more",
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
            text = f"a delivery of {stop.name} weighs at most {float(stop.weight):g} kg"
            found.append(Rule("truck_weight", (stop.name,), text, float(stop.weight)))
        if stop.cube is not None:
            text = f"a delivery of {stop.name} takes at most {float(stop.cube):g} m3"
            found.append(Rule("truck_cube", (stop.name,), text, float(stop.cube)))
    for dock, slots in instance.slots.items():
        text = f"at most {float(slots):g} deliveries a day come to {dock}"
        found.append(Rule("dock", (dock,), text, float(slots)))
    for place, capacity in instance.positions.items():
        text = f"at most {float(capacity):g} containers stand in {place}"
        found.append(Rule("storage", (place,), text, float(capacity)))
    found += _limits(instance)
    if instance.current and instance.current.at_most is not None:
        cap = instance.current.at_most
        found.append(Rule("change", (), f"at most {cap} suppliers change their frequency", cap))
    return found


def _limits(instance: Delivery) -> list[Rule]:
    table, found = instance.limits, []
    if table is None:
        return []
    for row, (name, capacity) in enumerate(zip(table.limit, table.capacity, strict=True)):
        taken = (table.taken[row] if table.taken else None) or 0
        text = f"at most {capacity:g} of {name} is taken" + (f", {taken:g} of it in any case" if taken else "")
        found.append(Rule("limit", (name,), text, capacity))
    return found
