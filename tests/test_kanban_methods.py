"""The roads to a kanban plan: conformance, bounds of the heuristic, starts, explanations."""

from __future__ import annotations

from typing import Any

import pytest
from _searches import keeps_its_promises
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.generators import generate, random_small
from jitopt.heuristics import kanban_fill
from jitopt.heuristics._kanban_bound import Relaxation
from jitopt.heuristics._kanban_world import flatten
from jitopt.heuristics.context import LocalContext
from jitopt.testing import check_formulation, check_heuristic, optimum

SEEDS = st.integers(0, 499)


@pytest.mark.parametrize("name", ["kanban_cards_pyomo", "kanban_options_cpsat"])
def test_formulations_conform(name):
    check_formulation(name, count=26)


def test_heuristic_conforms():
    check_heuristic("kanban_fill", count=26)


@settings(deadline=None, max_examples=40)
@given(seed=SEEDS)
def test_its_bound_is_below_every_plan_and_its_plans_keep_the_rules(seed):
    instance: Any = random_small("kanban", seed)
    context = LocalContext(seed=seed, work=400, compiled=False)
    kanban_fill.run(instance, context)
    keeps_its_promises(instance, context)


@settings(deadline=None, max_examples=40)
@given(seed=SEEDS, target=st.floats(0.5, 3.0), steps=st.integers(1, 60))
def test_every_step_of_the_relaxation_is_a_bound_and_keeps_better_columns(seed, target, steps):
    """Also towards a target that no plan reaches; a column ruled out is in no better plan."""
    instance: Any = random_small("kanban", seed)
    best, world = optimum(instance), flatten(instance)
    if best is None or world is None:
        return
    relaxation = Relaxation(world)
    for _ in range(steps):
        relaxation.step(target * float(best.value))
    assert relaxation.bound <= float(best.value) * (1 + 1e-12) + 1e-12
    chosen = world.choice(best.plan)
    if chosen is not None:
        distance = float(best.value) - relaxation.bound
        assert (relaxation.above()[chosen] <= distance + 1e-9 * (1 + abs(distance))).all()


def test_loads_without_a_common_unit_are_rounded_outward():
    """Amounts of seventeen digits: what the heuristic calls feasible the judge accepts."""
    instance = generate("kanban", seed=5, loops=8)
    data: Any = instance.to_dict()
    data["uses"]["amount"] = [amount / 3 for amount in data["uses"]["amount"]]
    data["limits"]["capacity"] = [room / 3 for room in data["limits"]["capacity"]]
    changed = jitopt.Kanban.parse(data)
    context = LocalContext(seed=1, work=2000, compiled=False)
    kanban_fill.run(changed, context)
    assert context.plans
    assert all(changed.evaluate(plan).feasible for plan in context.plans)


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS)
def test_a_start_is_never_lost(seed):
    instance: Any = random_small("kanban", seed)
    best = optimum(instance)
    if best is None:
        return
    context = LocalContext(seed=seed, work=0, start=best.plan, compiled=False)
    kanban_fill.run(instance, context)
    found = [judged.objective for plan in context.plans if (judged := instance.evaluate(plan)).feasible]
    assert min(found) == pytest.approx(float(best.value), rel=1e-9, abs=1e-9)


def test_a_start_with_useless_cards_is_taken():
    """Cards beyond what the models look at are clipped, not refused."""
    instance = generate("kanban", seed=3, loops=6, loose=True)
    assert instance.known is not None and instance.known.plan is not None
    rows = [row | {"cards": row["cards"] + 2} for row in instance.known.plan["loops"]]
    start: Any = instance.plan_type.model_validate({"loops": rows})
    assert instance.evaluate(start).feasible
    for method in ("kanban_cards_pyomo", "kanban_options_cpsat", "kanban_fill"):
        result = jitopt.solve(instance, method=method, time_limit=20, start=start)
        assert result.objective == pytest.approx(instance.known.optimum, rel=1e-9)
        assert not result.warnings


def test_known_optimum_of_a_generated_instance():
    instance = generate("kanban", seed=11, loops=40, loose=True, current=True)
    assert instance.known is not None
    for method in ("auto", "kanban_cards_pyomo", "kanban_options_cpsat"):
        result = jitopt.solve(instance, method=method, time_limit=30)
        assert result.status == "optimal"
        assert result.objective == pytest.approx(instance.known.optimum, rel=1e-9)


def test_a_rack_one_position_too_small_is_explained():
    """Ten and six cards needed, fifteen positions: one position more, or one card less."""
    instance = jitopt.Kanban.parse(
        {
            "problem": "kanban",
            "version": 1,
            "name": "rack",
            "loops": {"loop": ["A", "B"], "demand": [100, 60], "lead_time": [1, 1]},
            "containers": {"loop": ["A", "B"], "container": ["c", "c"], "quantity": [10, 10]},
            "uses": {"loop": ["A", "B"], "limit": ["rack", "rack"], "amount": [1, 1]},
            "limits": {"limit": ["rack"], "capacity": [15]},
        }
    )
    found = jitopt.explain(instance, time_limit=60)
    assert found.status == "infeasible"
    assert found.reasons[0]["rule"] == "limit"
    assert found.reasons[0]["short_by"] == 1.0
    assert found.reasons[0]["remedy"] == "raise the capacity of rack by 1"
    assert {reason["rule"] for reason in found.clash} == {"limit", "cards_needed"}


def test_why_not_another_container():
    instance = jitopt.read("instances/kanban/rack_for_one_of_two.json")
    result: Any = jitopt.solve(instance, time_limit=20)
    told = jitopt.why_not(instance, result, {"loop": "A", "container": "small"}, time_limit=20)
    assert told.status == "worse"
