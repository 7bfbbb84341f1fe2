"""What a kanban limit is taken by, in parts, racks and cards: the words of the judge's breaches."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jitopt.problems.kanban.instance import Kanban

__all__ = ["called", "overfull", "too_many_changes"]

TOLD = 3
"""Loops that are told of a limit: those that take most of it."""


def called(instance: Kanban, loop: str) -> str:
    """Return a loop as people know it: with its part, where it has one of another name."""
    table = instance.loops
    part = table.part[table.loop.index(loop)] if table is not None and table.part else None
    return f"{loop} ({part})" if part is not None and part != loop else loop


def overfull(instance: Kanban, choice: Mapping[str, tuple[str, int]], limit: str, load: Fraction, told: bool) -> str:
    """Return the sentence of a limit that is taken by more than its capacity; told: with those that take most."""
    text = f"{limit} is taken by {amount(load)}, its capacity is {amount(instance.capacity[limit])}"
    return text + (_most(instance, choice, _taken(instance, choice, limit)) if told else "")


def too_many_changes(instance: Kanban, choice: Mapping[str, tuple[str, int]], changed: int, cap: int) -> str:
    """Return the sentence of more changes than are allowed."""
    moves = {name: Fraction(instance.changed(name, *chosen)) for name, chosen in choice.items()}
    return f"{counted(changed, 'card')} put in or taken out, the most is {cap}" + _most(instance, choice, moves)


def _taken(instance: Kanban, choice: Mapping[str, tuple[str, int]], limit: str) -> dict[str, Fraction]:
    """Return what each loop takes of one limit."""
    if instance.options is None:
        return {
            name: sum((each for other, each in instance.pairs[name, container].uses if other == limit), Fraction(0))
            * cards
            for name, (container, cards) in choice.items()
        }
    rows = {instance.option_row[name, *chosen]: name for name, chosen in choice.items()}
    found = dict.fromkeys(choice, Fraction(0))
    uses = instance.uses
    if uses is not None:
        for row, (name, part) in zip(uses.option or (), zip(uses.limit, uses.amount, strict=True), strict=True):
            if name == limit and row in rows:
                found[rows[row]] += exact(part)
    return found


def _most(instance: Kanban, choice: Mapping[str, tuple[str, int]], taken: Mapping[str, Fraction]) -> str:
    """Return who takes most, with its cards; empty where nobody takes anything."""
    who: Iterable[str] = sorted((name for name in taken if taken[name]), key=lambda name: -taken[name])[:TOLD]
    told = [
        f"{called(instance, name)} {amount(taken[name])} ({counted(choice[name][1], 'card')} of {choice[name][0]})"
        for name in who
    ]
    return f"; most by {', '.join(told)}" if told else ""
