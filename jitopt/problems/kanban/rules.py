"""The rules of a kanban instance under their business names.

The names are those the judge uses for its violations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitopt.problems.base import Rule, remedy
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban
    from jitopt.problems.kanban.line import Line

__all__ = ["rules"]

REMEDIES = {
    "cards_needed": "let {0} run with {amount card} less than its demand needs, or shorten its replenishment",
    "minimum": "ask for {amount card} less of {0}",
    "maximum": "allow {amount card} more of {0}",
    "limit": "raise the capacity of {0} by {amount}",
    "change": "allow {amount changed card} more",
    "total": "allow {amount} more in all",
    "target": "ask for {amount} less",
}
"""What to change for each rule; {0} is its member."""


def rules(instance: Kanban) -> list[Rule]:
    """Return every rule that can be relaxed; one container of its menu for each loop is a fact."""
    return [replace(rule, remedy=remedy(REMEDIES, rule)) for rule in _rules(instance)]


def _rules(instance: Kanban) -> list[Rule]:
    if instance.line is not None:
        return _of_line(instance.line)
    found = []
    for name, loop in instance.loop_data.items():
        found += _of_loop(instance, name)
        if loop.minimum:
            found.append(Rule("minimum", (name,), f"{name} has at least {counted(loop.minimum, 'card')}", loop.minimum))
        if loop.maximum is not None:
            found.append(Rule("maximum", (name,), f"{name} has at most {counted(loop.maximum, 'card')}", loop.maximum))
    for limit, capacity in instance.capacity.items():
        text = f"at most {amount(capacity)} of {limit} is taken"
        found.append(Rule("limit", (limit,), text, float(capacity)))
    if instance.current and instance.current.at_most is not None:
        cap = instance.current.at_most
        found.append(Rule("change", (), f"at most {counted(cap, 'card')} may be put in or taken out", cap))
    return found


def _of_line(line: Line) -> list[Rule]:
    found = []
    for name, low, high in zip(line.places, line.lows, line.maximum or (None,) * line.decided, strict=True):
        if low:
            found.append(Rule("minimum", (name,), f"{name} has at least {counted(low, line.word)}", low))
        if high is not None:
            found.append(Rule("maximum", (name,), f"{name} has at most {counted(high, line.word)}", high))
    if line.total is not None:
        found.append(Rule("total", (), f"at most {counted(line.total, line.word)} in all", line.total))
    if line.target is not None:
        share = line.target.fill_rate
        if share is not None:
            found.append(Rule("target", (), f"{amount(share * 100)} % of the orders are served at once", share))
        else:
            rate = line.target.throughput or 0.0
            found.append(Rule("target", (), f"{amount(rate)} parts per unit of time are made", rate))
    return found


def _of_loop(instance: Kanban, name: str) -> list[Rule]:
    """Return the rule cards_needed; its limit is the least number any container needs."""
    if not instance.loop_data[name].asked or instance.containers is None:
        return []
    menu = [instance.containers.container[row] for row in instance.rows_of[name]]
    needs = {container: instance.needed(name, container) for container in menu}
    if not any(needs.values()):
        return []
    told = " or ".join(f"{cards} of {container}" for container, cards in needs.items())
    return [Rule("cards_needed", (name,), f"{name} has the cards its demand needs: {told}", min(needs.values()))]
