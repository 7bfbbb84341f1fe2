"""The ways out of a kanban instance without a plan: room, cards, changes or less asked, each in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.base import Way

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban

__all__ = ["eased", "ways"]

STEPS = 50
"""Targets of a line that are tried, each lower by the same."""

WAYS = (
    Way("more room", ("limit",)),
    Way("fewer cards", ("cards_needed", "minimum"), "card"),
    Way("more cards in a loop", ("maximum",), "card"),
    Way("more changes", ("change",), "changed card"),
)
"""Room is told limit by limit, for racks, floor and capital have no common unit."""


def ways(instance: Kanban) -> tuple[Way, ...]:
    """Return the ways out that the instance has rules for; none for a line, whose sample prices them together."""
    if instance.line is not None:
        return ()
    names = {rule.name for rule in instance.rules()}
    return tuple(way for way in WAYS if names & set(way.rules))


def eased(instance: Kanban) -> tuple[tuple[Way, tuple[Kanban, ...]], ...]:
    """Return the ways out of a line with a target: without its total, without its maxima, with ever lower targets."""
    line = instance.line
    if line is None or line.target is None:
        return ()
    data = line.model_dump(mode="json", exclude_none=True)
    found: list[tuple[Way, tuple[Kanban, ...]]] = []
    if line.total is not None:
        free = {key: value for key, value in data.items() if key not in ("total_buffer", "total_cards")}
        found.append((Way(f"more {line.word}s in all", ("total",)), (_with(instance, free),)))
    if line.maximum is not None:
        free = {key: value for key, value in data.items() if key != "maximum"}
        found.append((Way(f"more {line.word}s than the maximum", ("maximum",)), (_with(instance, free),)))
    (name, value), *_ = data["target"].items()
    lower = [data | {"target": {name: value * (STEPS - step) / STEPS}} for step in range(1, STEPS)]
    found.append((Way("a lower target", ("target",)), tuple(_with(instance, each) for each in lower)))
    return tuple(found)


def _with(instance: Kanban, line: dict[str, Any]) -> Kanban:
    return instance.replace(line=line, known=None)
