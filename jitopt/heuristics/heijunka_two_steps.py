"""Miltenburg's heuristic 2: each slot looks one slot further than goal chasing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.heuristics._heijunka_chasing import chased, deliver, require_level
from jitopt.heuristics._kernels.heijunka_chase import TWO_STEPS

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_two_steps",
    "problem": "heijunka",
    "technology": "numba",
    "form": "level",
    "auto": False,
    "summary": "Miltenburg's heuristic 2: slot by slot the least squared deviation of this slot and the next",
    "source": "Miltenburg 1989",
    "page": "docs/methods/heijunka_constructions.md",
}


def run(instance: Heijunka, context: Context) -> None:
    """Report one plan, built from nothing; a start is not used."""
    require_level(instance)
    deliver(instance, context, chased(instance, context, TWO_STEPS))
