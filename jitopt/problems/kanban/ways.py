"""The ways out of a kanban instance without a plan: room, cards or changes alone, each counted in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.base import Way

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban

__all__ = ["ways"]

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
