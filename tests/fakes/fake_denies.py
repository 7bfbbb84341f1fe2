"""An exact method that claims there is no plan where there is one."""

from __future__ import annotations

from typing import Any

from ortools.sat.python import cp_model

FORMULATION = {
    "name": "heijunka_fake_denies",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "an empty set of plans",
    "source": "constructed",
}


def build(instance: Any, elastic: Any = None) -> Any:
    model = cp_model.CpModel()
    model.add_bool_or([])
    return model


def extract(instance: Any, model: Any, value: Any) -> Any:
    return instance.plan_type()


def start(instance: Any, model: Any, plan: Any) -> list[Any]:
    return []
