"""An exact method that looks at one plan only, calls it optimal and takes its time for it."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from _plans import any_plan
from ortools.sat.python import cp_model

FORMULATION = {
    "name": "heijunka_fake_overrates",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "calls the plan of blocks optimal",
    "source": "constructed",
}

SECONDS = 2.0
"""Long enough for a quarter of it to find a better plan."""


class _Model(cp_model.CpModel):
    unit = Fraction(1)


def build(instance: Any, elastic: Any = None) -> Any:
    time.sleep(SECONDS)
    model = _Model()
    model.unit = Fraction(instance.evaluate(any_plan(instance)).objective)
    model.minimize(model.new_int_var(1, 2, "the plan of blocks"))
    return model


def extract(instance: Any, model: Any, value: Any) -> Any:
    return any_plan(instance)


def start(instance: Any, model: Any, plan: Any) -> list[Any]:
    return []
