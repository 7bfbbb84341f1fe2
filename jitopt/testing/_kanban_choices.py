"""What every loop of a tiny kanban instance may choose, and all combinations."""

from __future__ import annotations

from itertools import product as cartesian
from math import ceil, sqrt
from typing import TYPE_CHECKING

from jitopt.problems.kanban import KanbanPlan, LoopCards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.problems.base import Plan
    from jitopt.problems.kanban import Kanban

__all__ = ["card_choices", "card_plans"]

DEVIATIONS = 9
"""Nobody pays for cards against a need this many standard deviations above its mean."""


def card_choices(instance: Kanban) -> list[list[tuple[str, int]]]:
    """Return container and cards of every loop: those it needs, and up to where more are useless.

    More are useless above the need, the least cards, those in force, and what a shortage could ask.
    """
    if instance.options is not None:
        table = instance.options
        return [[(table.container[row], table.cards[row]) for row in instance.rows_of[name]] for name in instance.names]
    assert instance.containers is not None
    return [
        [
            (container, cards)
            for row in instance.rows_of[name]
            for container in [instance.containers.container[row]]
            for cards in _cards(instance, name, container)
        ]
        for name in instance.names
    ]


def _cards(instance: Kanban, name: str, container: str) -> range:
    loop = instance.loop_data[name]
    least = max(loop.minimum, instance.needed(name, container))
    most = max(least, instance.present.get(name, ("", 0))[1])
    if loop.shortage:
        reach = float(loop.mean) + DEVIATIONS * sqrt(loop.variance)
        # With the signal "empty" one card more: the container in use covers no demand.
        most = max(most, ceil(reach / float(instance.pairs[name, container].quantity)) + loop.extra)
    return range(least, min(most, most if loop.maximum is None else loop.maximum) + 1)


def card_plans(instance: Kanban) -> Iterator[Plan]:
    """Enumerate the combinations of `card_choices`."""
    for chosen in cartesian(*card_choices(instance)):
        yield KanbanPlan(
            loops=tuple(
                LoopCards(loop=name, container=container, cards=cards)
                for name, (container, cards) in zip(instance.names, chosen, strict=True)
            )
        )
