"""An exact method that looks at one plan only, calls it optimal and takes its time for it."""

from __future__ import annotations

import time
from typing import Any

from _plans import any_plan, blocks_model

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


def build(instance: Any, elastic: Any = None) -> Any:
    time.sleep(SECONDS)
    return blocks_model(instance)


def extract(instance: Any, model: Any, value: Any) -> Any:
    return any_plan(instance)


def start(instance: Any, model: Any, plan: Any) -> list[Any]:
    return []
