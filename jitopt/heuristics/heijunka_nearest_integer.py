"""Miltenburg's nearest whole points: the sequence follows them wherever it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.heuristics._heijunka_chasing import deliver, nearest, require_level

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_nearest_integer",
    "problem": "heijunka",
    "technology": "numba",
    "form": "level",
    "auto": False,
    "summary": "Miltenburg's algorithm: follow the whole points nearest to the ideal line",
    "source": "Miltenburg 1989",
    "page": "docs/methods/heijunka_constructions.md",
}


def run(instance: Heijunka, context: Context) -> None:
    """Report one plan, built from nothing; a start is not used."""
    require_level(instance)
    deliver(instance, context, nearest(instance, context))
