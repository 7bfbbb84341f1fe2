"""An exact method whose own plan lies below the bound that it proves."""

from __future__ import annotations

from typing import Any

from _plans import blocks_model

FORMULATION = {
    "name": "heijunka_fake_contradicts",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "tells a bound above its own plan",
    "source": "constructed",
}


def build(instance: Any, elastic: Any = None) -> Any:
    return blocks_model(instance)


def extract(instance: Any, model: Any, value: Any) -> Any:
    return instance.plan_type(sequence=tuple("CBACBCCABC"))


def start(instance: Any, model: Any, plan: Any) -> list[Any]:
    return []
