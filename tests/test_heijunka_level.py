"""The heijunka heuristic against recomputation from scratch, the judge and enumeration."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from _searches import keeps_its_promises
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.generators import generate, random_small
from jitopt.heuristics import heijunka_level
from jitopt.heuristics._heijunka_fill import best_plan, fill, keep, measure
from jitopt.heuristics._heijunka_flat import flatten
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_start import possible, spread
from jitopt.heuristics._kernels import heijunka_state as at
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka
from jitopt.problems.heijunka.form import beyond
from jitopt.testing import optimum

SEEDS = st.integers(0, 499)
KERNELS = jit.plain("jitopt.heuristics._kernels.heijunka_level")


def flat_of(seed):
    """Return a random small instance and its arrays, None where its locks leave no plan."""
    instance: Any = random_small("heijunka", seed)
    if beyond(instance) is not None:
        return instance, None
    try:
        flat = flatten(instance)
    except ValueError:
        return instance, None
    return instance, flat if possible(flat) else None


def current_plan(flat):
    """Return the plan that the search stands at."""
    if not flat.box:
        return flat.arrays[at.SEQUENCE].copy()
    return flat.arrays[at.COUNT][:-1].copy()


@settings(deadline=None, max_examples=60)
@given(seed=SEEDS, warm=st.floats(0.0, 5.0))
def test_what_the_search_carries_along_is_what_a_recomputation_gives(seed, warm):
    _, flat = flat_of(seed)
    if flat is None:
        return
    keep(flat, spread(flat))
    ints, reals = flat.arrays.ints, flat.arrays.reals
    if int(ints[at.UNITS] if flat.box else ints[at.FREES]) < 2:
        return
    reals[at.WARMTH], reals[at.COOLING], reals[at.TARGET] = warm, 1.0, -np.inf
    for _ in range(4):
        KERNELS.improve(ints, reals, 50)
        carried = int(ints[at.HARD]), float(reals[at.OBJECTIVE])
        fill(flat, current_plan(flat))
        assert carried[0] == int(ints[at.HARD])
        assert carried[1] == pytest.approx(float(reals[at.OBJECTIVE]), rel=1e-6, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(seed=SEEDS)
def test_its_measure_is_the_judges(seed):
    instance, flat = flat_of(seed)
    if flat is None:
        return
    plan = spread(flat)
    hard, objective = measure(flat, plan)
    judged = instance.evaluate(heijunka_level.shape(instance, plan))
    assert (hard == 0) == judged.feasible
    if judged.feasible:
        assert objective == pytest.approx(judged.objective, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_its_bound_is_below_every_plan_and_its_plans_keep_the_rules(seed):
    instance: Any = random_small("heijunka", seed)
    context = LocalContext(seed=seed, work=400, compiled=False)
    if beyond(instance) is not None:
        with pytest.raises(NotApplicableError):
            heijunka_level.run(instance, context)
        return
    heijunka_level.run(instance, context)
    keeps_its_promises(instance, context)


def test_the_bound_is_the_optimum_of_equal_demands():
    """Two products built in turn: after odd slots both are half a unit off, 2 x (1/2)^2, after even ones 0."""
    instance = Heijunka.model_validate(
        {
            "problem": "heijunka",
            "version": 1,
            "name": "in turn",
            "products": {"product": ["A", "B"], "demand": [4, 4]},
            "objective": [{"term": "rate", "measure": "sum_squared", "weight": 1.0}],
        }
    )
    assert rounding_bound(instance) == pytest.approx(4 * 2 * 0.25, rel=1e-9)
    context = LocalContext(seed=1, work=0, compiled=False)
    heijunka_level.run(instance, context)
    assert 2.0 in [instance.evaluate(plan).objective for plan in context.plans]


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS)
def test_a_start_is_never_lost(seed):
    instance: Any = random_small("heijunka", seed)
    best = None if beyond(instance) is not None else optimum(instance)
    if best is None:
        return
    context = LocalContext(seed=seed, work=0, start=best.plan, compiled=False)
    heijunka_level.run(instance, context)
    found = [instance.evaluate(plan).objective for plan in context.plans]
    assert min(found) == pytest.approx(float(best.value), rel=1e-9, abs=1e-9)


def test_a_wrong_delta_would_be_seen(monkeypatch):
    """A search that carries a false change along does not pass the comparison above."""
    instance: Any = generate("heijunka", seed=1, products=3, units=12)
    flat = flatten(instance)
    keep(flat, spread(flat))
    terms = importlib.import_module("jitopt.heuristics._kernels.heijunka_level")
    true = terms.evaluate

    def false(*arguments):
        hard, value = true(*arguments)
        return hard, value - 0.5

    monkeypatch.setattr(terms, "evaluate", false)
    ints, reals = flat.arrays.ints, flat.arrays.reals
    reals[at.WARMTH], reals[at.COOLING], reals[at.TARGET] = 1.0, 1.0, -np.inf
    KERNELS.improve(ints, reals, 50)
    carried = float(reals[at.OBJECTIVE])
    fill(flat, current_plan(flat))
    assert carried != pytest.approx(float(reals[at.OBJECTIVE]), rel=1e-6, abs=1e-6)
    assert best_plan(flat).shape == spread(flat).shape
