"""Monden's goal chasing I: each slot goes to the product that leaves the least squared deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.heuristics._heijunka_chasing import chased, deliver, require_level
from jitopt.heuristics._kernels.heijunka_chase import FIRST

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_goal_chasing",
    "problem": "heijunka",
    "technology": "numba",
    "form": "level",
    "auto": False,
    "summary": "Monden's goal chasing I: slot by slot the least squared deviation of rates and usages",
    "source": "Monden 1983; Miltenburg 1989 (heuristic 1)",
    "page": "docs/methods/heijunka_constructions.md",
}


def run(instance: Heijunka, context: Context) -> None:
    """Report one plan, built from nothing; a start is not used."""
    require_level(instance)
    deliver(instance, context, chased(instance, context, FIRST))
