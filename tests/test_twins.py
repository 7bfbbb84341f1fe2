"""The plain kernels and their compiled twins: the same plans, step by step, on the same work."""

from __future__ import annotations

import importlib

import pytest

from jitopt.generators import random_small
from jitopt.heuristics.context import LocalContext


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["heijunka_level", "kanban_fill", "sourcing_assign"])
def test_twins_report_the_same_plans(name, seed):
    module = importlib.import_module(f"jitopt.heuristics.{name}")
    instance = random_small(name.split("_")[0], seed)
    contexts = [LocalContext(seed=seed, work=300, compiled=compiled) for compiled in (False, True)]
    for context in contexts:
        module.run(instance, context)
    plain, compiled = contexts
    assert plain.plans == compiled.plans
    assert plain.bounds == compiled.bounds
    for plan in plain.plans:
        assert instance.evaluate(plan).feasible
