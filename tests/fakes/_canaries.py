"""Canaries as formulations: which one is built is told by the instance's name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitopt.engine.canaries import Road
from jitopt.engine.canary_models import CANARIES, Canary

if TYPE_CHECKING:
    from collections.abc import Callable

_BY_NAME = {canary.name: canary for canary in CANARIES}

OVERRUN = replace(_BY_NAME["HiGHS#2226"], name="overrun", lower=(-(10**9),) * 3, upper=(10**9,) * 3)
"""Without presolve, CP-SAT 9.15 tightens the bounds by one at a time and looks at no clock."""

HALF = replace(_BY_NAME["HiGHS#2957"], name="half", lower=(0.2, 8), upper=(0.8, 20), optimum=None)
"""No whole number lies between the bounds of the first variable."""


def find(name: str) -> Canary:
    """Return the canary of this name."""
    return {**_BY_NAME, OVERRUN.name: OVERRUN, HALF.name: HALF}[name]


class Kept:
    """The functions of a formulation file, for one technology."""

    def __init__(self, technology: str) -> None:
        self._technology = technology
        self._road: Road

    def build(self, instance: Any, elastic: Any = None) -> Any:
        self._road = Road(find(instance.name), self._technology)
        return self._road.build()

    def extract(self, instance: Any, model: Any, value: Callable[[Any], float]) -> Any:
        values = self._road.extract(instance, model, value).values
        return instance.plan_type(sequence=[repr(float(value)) for value in values])

    def start(self, instance: Any, model: Any, plan: Any) -> list[tuple[Any, float]]:
        return self._road.start(instance, model, [float(word) for word in plan.sequence])
