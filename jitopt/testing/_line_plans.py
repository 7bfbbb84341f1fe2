"""All plans of a tiny line that can be best."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.kanban import KanbanPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.line import Line

__all__ = ["line_plans"]

MOST_ALIKE = 60
"""A tiny line meets its target with so many places or cards at every place, or not at all."""


def line_plans(instance: Kanban) -> Iterator[KanbanPlan]:
    """Enumerate the plans of a line.

    Of the largest throughput: all that keep the limits. Of the least cost: all that keep them and cost at
    most as much as the first plan with the same number everywhere that meets the target (more places or
    cards never hold anybody up, so there is no plan where none of those does).
    """
    line = instance.line
    assert line is not None
    ceiling = None if instance.objective == "throughput" else _enough(instance, line)
    if instance.objective == "cost" and ceiling is None:
        return
    for chosen in _vectors(line, 0, (), ceiling):
        yield _plan(line, chosen)


def _plan(line: Line, chosen: tuple[int, ...]) -> KanbanPlan:
    return KanbanPlan.model_validate({"buffers" if line.word == "place" else "cards": list(chosen)})


def _costs(line: Line) -> list[Fraction]:
    return [exact(each) for each in line.cost or (1.0,) * line.decided]


def _enough(instance: Kanban, line: Line) -> Fraction | None:
    for level in range(MOST_ALIKE):
        chosen = tuple(max(low, level) for low in line.lows)
        if line.maximum is not None:
            chosen = tuple(map(min, chosen, line.maximum))
        if not instance.evaluate(_plan(line, chosen)).violations:
            return sum((each * count for each, count in zip(_costs(line), chosen, strict=True)), Fraction(0))
    return None


def _vectors(line: Line, j: int, head: tuple[int, ...], money: Fraction | None) -> Iterator[tuple[int, ...]]:
    """Enumerate the numbers from place j on. money: what may still be spent, None: any."""
    if j == line.decided:
        yield head
        return
    cost = _costs(line)[j]
    most = line.maximum[j] if line.maximum is not None else None
    if line.total is not None:
        left = line.total - sum(head) - sum(line.lows[j + 1 :])
        most = left if most is None else min(most, left)
    if money is not None:
        after = sum(
            (each * low for each, low in zip(_costs(line)[j + 1 :], line.lows[j + 1 :], strict=True)), Fraction(0)
        )
        if cost:
            affordable = int((money - after) // cost)
            most = affordable if most is None else min(most, affordable)
    if most is None:
        raise ValueError("A line with free places has endlessly many plans.")
    for count in range(line.lows[j], most + 1):
        yield from _vectors(line, j + 1, (*head, count), None if money is None else money - cost * count)
