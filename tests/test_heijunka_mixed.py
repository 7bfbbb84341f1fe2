"""Painted sequences with anything else: the search against the judge, the enumeration and its own twin."""

from __future__ import annotations

import numpy as np
import pytest

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.generators import random_small
from jitopt.heuristics import heijunka_mixed
from jitopt.heuristics._heijunka_mixed import world_of
from jitopt.heuristics._kernels import heijunka_mixed as at
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka
from jitopt.testing import optimum

KERNELS = jit.plain(heijunka_mixed.KERNELS)
SMALL = (Heijunka.parse(random_small("heijunka", seed).to_dict()) for seed in range(400))
MIXED = [one for one in SMALL if "mixed" in one.forms()]
PINNED = ("frozen", "fixed")


def shuffled(instance: Heijunka, seed: int) -> tuple[at.World, list[str]]:
    world = world_of(instance, seed)
    units = np.repeat(np.arange(len(instance.products.demand)), instance.products.demand)
    np.random.default_rng(seed).shuffle(units)
    world.line[world.entry[at.BEFORE] :] = units
    return world, [instance.products.product[row] for row in units]


@pytest.mark.parametrize("instance", MIXED)
def test_a_sequence_costs_what_the_judge_says(instance):
    for seed in range(3):
        world, sequence = shuffled(instance, seed)
        KERNELS.total(world)
        found = instance.evaluate({"sequence": sequence})
        assert world.found[0] == pytest.approx(found.objective)
        assert (world.found[1] > 0) == any(v.rule not in PINNED for v in found.violations)


@pytest.mark.parametrize("instance", MIXED[::3])
def test_what_moves_change_adds_up(instance):
    world, _ = shuffled(instance, 1)
    KERNELS.begin(world)
    world.level[at.WARMTH] = 1e9
    if len(world.free) > 1:
        KERNELS.improve(world, 80)
    carried = world.level[[at.OBJECTIVE, at.BROKEN]]
    KERNELS.total(world)
    assert carried == pytest.approx(world.found)


def test_never_better_than_the_optimum_and_mostly_as_good():
    reached = possible = 0
    for instance in MIXED[:16]:
        best, context = optimum(instance), LocalContext(seed=1, work=3000)
        heijunka_mixed.run(instance, context)
        found = [instance.evaluate(plan) for plan in context.plans]
        assert all(one.feasible for one in found)
        if best is None:
            assert not found
            continue
        possible += 1
        wanted = float(best.value)
        assert all(bound <= wanted + 1e-7 for bound in context.bounds)
        values = [float(one.objective or 0.0) for one in found]
        assert min(values, default=wanted) >= wanted - 1e-7
        reached += bool(values) and min(values) <= wanted + 1e-7
    assert possible > 5
    assert reached >= 0.8 * possible


@pytest.mark.parametrize("instance", MIXED[:3])
def test_twins_report_the_same_plans(instance):
    contexts = [LocalContext(seed=2, work=400, compiled=compiled) for compiled in (False, True)]
    for context in contexts:
        heijunka_mixed.run(instance, context)
    plain, compiled = contexts
    assert plain.plans == compiled.plans


def test_refuses_what_is_not_painted():
    with pytest.raises(NotApplicableError):
        heijunka_mixed.run(
            Heijunka.parse(
                {
                    "problem": "heijunka",
                    "version": 1,
                    "name": "n",
                    "products": {"product": ["A"], "demand": [2]},
                    "objective": [{"term": "rate"}],
                }
            ),
            LocalContext(),
        )
