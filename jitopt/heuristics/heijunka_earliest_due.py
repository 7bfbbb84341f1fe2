"""Inman and Bulfin's order: every unit is due at its ideal position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.heuristics._heijunka_chasing import deliver, earliest, require_level

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_earliest_due",
    "problem": "heijunka",
    "technology": "numba",
    "form": "level",
    "auto": False,
    "summary": "Earliest due date: units in the order of their ideal positions",
    "source": "Inman & Bulfin 1991",
    "page": "docs/methods/heijunka_constructions.md",
}


def run(instance: Heijunka, context: Context) -> None:
    """Report one plan, built from nothing; a start is not used."""
    require_level(instance)
    deliver(instance, context, earliest(instance))
