"""The roads of delivery: conformance, published optima, bounds, twins, proofs, explanations."""

from __future__ import annotations

import importlib
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt import jit
from jitopt.generators import generate, random_small
from jitopt.heuristics import delivery_cycle, delivery_menu
from jitopt.heuristics._delivery_roundy import items_of, relaxation
from jitopt.heuristics.context import LocalContext
from jitopt.problems.delivery import Delivery
from jitopt.testing import check_formulation, check_heuristic, optimum

SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)


def test_formulations_conform() -> None:
    for name in ("delivery_menu_pyomo", "delivery_menu_cpsat"):
        check_formulation(name, count=24)


def test_heuristics_conform() -> None:
    for name in ("delivery_menu", "delivery_cycle"):
        check_heuristic(name, count=40)


# --- the strict cyclic form -----------------------------------------------------------------------


def cyclic(major: float, minor: Any, holding: Any, demand: Any, every: Any = None) -> Delivery:
    count = len(demand)
    parts = {
        "part": [str(row + 1) for row in range(count)],
        "demand": [float(value) for value in demand],
        "minor_cost": [float(value) for value in minor],
        "holding_cost": [float(value) for value in holding],
    }
    if every:
        parts["every"] = every
    head = {"problem": "delivery", "version": 1, "name": "x", "policy": "strict_cyclic", "major_cost": float(major)}
    return Delivery.parse(head | {"parts": parts})


def solved(instance: Delivery) -> tuple[float, list[int], list[float]]:
    """Return cost, multiples and bounds of the exact algorithm, in this process."""
    context = LocalContext(compiled=False, limit=60)
    delivery_cycle.run(instance, context)
    plan = context.plans[-1]
    found = instance.evaluate(plan)
    assert found.feasible
    return found.objective or 0.0, [row.every for row in plan.deliveries], context.bounds


GOYAL = ([45, 46, 47, 44, 45, 47], [1] * 6, [10000, 5000, 3000, 1000, 600, 200])

PUBLISHED = [
    ((40, [15] * 4, [0.24] * 4, [86000, 12500, 1400, 3000]), 2067.650841, [1, 1, 4, 3], 2054.153244),
    (
        (10, [1.87, 5.27, 7.94, 8.19, 8.87], [0.2] * 5, [1736, 656, 558, 170, 142]),
        218.251586,
        [1, 1, 2, 3, 3],
        216.117633,
    ),
    ((300, [50] * 4, [10] * 4, [5000, 1000, 700, 100]), 8082.903769, [1, 1, 1, 3], None),
    ((600, [120, 840, 300], [160, 20, 50], [1, 1, 1]), 837.854403, [1, 3, 1], 836.508109),
    (
        (20000, [36000, 46000, 34000, 38000], [1000, 900, 1200, 1000], [1780, 445, 920, 175]),
        1028646.359705,
        [1, 2, 1, 3],
        1027778.571733,
    ),
    ((1500, [4000, 1000, 2000], [300, 200, 200], [9100, 83200, 20800]), 566083.032779, [3, 1, 2], 565223.851625),
    (
        (180, [60, 100, 180, 115, 135], [5.32, 3.92, 4.76, 3.92, 3.36], [6200, 1300, 400, 4400, 1800]),
        9107.181781,
        [1, 2, 4, 1, 2],
        9087.335271,
    ),
    ((5, *GOYAL), 2908.3468, [1, 1, 2, 3, 4, 7], 2875.4098),
    ((20, *GOYAL), 3047.5236, [1, 1, 2, 3, 4, 6], 3015.5852),
    ((50, *GOYAL), 3269.3486, [1, 1, 1, 2, 3, 5], 3253.8731),
    ((100, *GOYAL), 3598.1940, [1, 1, 1, 2, 2, 4], 3590.9186),
    ((200, *GOYAL), 4164.9730, [1, 1, 1, 2, 2, 4], 4154.4061),
    ((300, *GOYAL), 4651.7667, [1, 1, 1, 1, 2, 3], 4637.0341),
]
"""Data, optimum, multiples, and the value of Roundy's relaxation where it is published."""


@pytest.mark.parametrize(("data", "value", "multiples", "lower"), PUBLISHED)
def test_published_optima(data, value, multiples, lower) -> None:
    instance = cyclic(*data)
    cost, found, bounds = solved(instance)
    assert cost == pytest.approx(value, rel=5e-8)
    assert found == multiples
    assert max(bounds) <= cost
    assert max(bounds) == pytest.approx(cost, rel=1e-15)
    below, _ = relaxation(items_of(instance))
    assert below <= cost
    assert lower is None or below == pytest.approx(lower, rel=5e-8)


def _cases(count: int, seed: int) -> Delivery:
    rng = np.random.default_rng(seed)
    major = float(rng.integers(1, 400)) / 4
    columns = (rng.integers(low, high, count) / 4 for low, high in ((0, 200), (1, 40), (40, 8000)))
    return cyclic(major, *columns)


@SETTINGS
@given(count=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_bounds_on_either_side(count: int, seed: int) -> None:
    """Roundy's bound <= optimum <= its powers of two <= 1.0607 times the bound; optimum <= common cycle."""
    instance = _cases(count, seed)
    items = items_of(instance)
    lower, period = relaxation(items)
    cost, _, _ = solved(instance)
    slack = 1 + 1e-9
    assert lower <= cost * slack
    own = np.sqrt(items.minor / items.half)
    powers = 2.0 ** np.round(np.log2(np.maximum(own, period) / period))
    a, b = items.product(powers)
    assert cost <= 2 * sqrt(a * b) * slack <= 1.0607 * lower * slack
    a, b = items.product(np.ones(count))
    assert cost <= 2 * sqrt(a * b) * slack


@SETTINGS
@given(count=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_enumeration_of_breakpoints_is_enumeration_of_multiples(count: int, seed: int) -> None:
    instance = _cases(count, seed)
    try:
        best = optimum(instance)
    except ValueError:
        return
    assert best is not None
    assert solved(instance)[0] == pytest.approx(float(best.value), rel=1e-13)


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_order_and_money_do_not_matter(seed: int) -> None:
    instance = _cases(8, seed)
    parts = instance.parts
    columns = [parts.minor_cost or (), parts.holding_cost, parts.demand]
    turned = cyclic(instance.major_cost, *(column[::-1] for column in columns))
    minor, holding = ([8 * value for value in column] for column in columns[:2])
    scaled = cyclic(8 * instance.major_cost, minor, holding, parts.demand)
    cost = solved(instance)[0]
    assert solved(turned)[0] == pytest.approx(cost, rel=1e-14)
    assert solved(scaled)[0] == pytest.approx(8 * cost, rel=1e-14)


def test_prescribed_multiples_are_kept_and_cost() -> None:
    free, _, _ = solved(cyclic(10, *PUBLISHED[1][0][1:]))
    cost, multiples, _ = solved(cyclic(10, *PUBLISHED[1][0][1:], every=[None, 3, None, 1, None]))
    assert multiples[1] == 3 and multiples[3] == 1
    assert cost > free
    same, _, _ = solved(cyclic(10, *PUBLISHED[1][0][1:], every=[1, 1, 2, 3, 3]))
    assert same == pytest.approx(free, rel=1e-15)


def test_a_small_major_cost_leaves_each_part_alone() -> None:
    """S = 1e-4: breakpoints by the hundred thousand; the optimum nears the sum of the parts' own."""
    instance = cyclic(1e-4, *GOYAL)
    assert solved(instance)[0] == pytest.approx(2824.1177, abs=1e-3)


def test_too_many_breakpoints_leave_an_honest_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_cycle, "MOST", 20)
    instance = cyclic(1e-4, *GOYAL)
    cost, _, bounds = solved(instance)
    assert max(bounds) <= 2824.1177 + 1e-3 <= cost + 2e-3


def test_an_exact_algorithm_is_told_as_one() -> None:
    result = jitopt.solve(cyclic(40, *PUBLISHED[0][0][1:]), time_limit=20)
    assert (result.status, result.proof) == ("optimal", "exact_algorithm")
    assert result.bound == pytest.approx(result.objective, rel=1e-15)
    assert jitopt.audit(cyclic(40, *PUBLISHED[0][0][1:]), result.to_dict()) == []
    menu = jitopt.solve(random_small("delivery", 0), method="delivery_menu", time_limit=5)
    assert menu.proof == "closed_form"
    for method in ("delivery_menu", "auto"):
        claim = menu.to_dict() | {"method": method, "proof": "exact_algorithm"}
        assert any("exact_algorithm" in line for line in jitopt.audit(random_small("delivery", 0), claim))


def test_the_walk_and_its_twin_agree() -> None:
    """The compiled kernel notes the same intervals at the same cost."""
    rng = np.random.default_rng(3)
    minor, half = rng.uniform(1, 50, 40), rng.uniform(5, 900, 40)
    items = rng.integers(0, 40, 3000)
    answers = []
    for compiled in (False, True):
        kernels = jit.compiled(delivery_cycle.KERNELS) if compiled else jit.plain(delivery_cycle.KERNELS)
        found = np.zeros(64, dtype=np.int64)
        first = np.ones(40, dtype=np.int64)
        best, _ = kernels.walk(20.0, minor, half, first.copy(), items, -1.0, found)
        best, noted = kernels.walk(20.0, minor, half, first.copy(), items, best * 1.5, found)
        answers.append((float(best), int(noted), found.tolist()))
    assert answers[0] == answers[1]
    assert answers[0][1] > 1


# --- the menu form ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 5, 6, 7, 22, 33])
def test_twins_report_the_same_plans(seed: int) -> None:
    instance: Any = random_small("delivery", seed)
    contexts = [LocalContext(seed=seed, work=9000, compiled=compiled) for compiled in (False, True)]
    for context in contexts:
        delivery_menu.run(instance, context)
    assert contexts[0].plans == contexts[1].plans
    assert contexts[0].bounds == contexts[1].bounds


@SETTINGS
@given(seed=st.integers(0, 600))
def test_the_heuristic_is_on_its_side_of_the_bound(seed: int) -> None:
    instance: Any = random_small("delivery", seed)
    if instance.cyclic:
        return
    best = optimum(instance)
    context = LocalContext(seed=seed, work=5000, compiled=False)
    delivery_menu.run(instance, context)
    if best is None:
        assert not context.plans
        return
    value = float(best.value)
    assert all(bound <= value + 1e-9 * max(1.0, value) for bound in context.bounds)
    for plan in context.plans:
        judged = instance.evaluate(plan)
        assert judged.feasible
        assert judged.exact >= best.value


@pytest.mark.parametrize("policy", ["menu", "strict_cyclic"])
def test_an_optimum_known_by_construction_is_found(policy: str) -> None:
    for seed in range(3):
        instance = generate(
            "delivery", seed=seed, policy=policy, optimal=True, alike=True, suppliers=40, docks=3, storages=3,
            clusters=0.3, trucks=0.9, lines=1.0, card_cost=0.1, uneven=0.3, current=True,
        )  # fmt: skip
        assert instance.known is not None
        assert instance.known.optimum is not None
        result = jitopt.solve(instance, time_limit=30)
        assert result.status == "optimal"
        assert result.objective == pytest.approx(instance.known.optimum, rel=1e-9)


def test_both_exact_roads_agree_on_a_hundred_suppliers() -> None:
    instance = generate("delivery", seed=4, suppliers=100, docks=3, storages=4, clusters=0.3, lines=1.0)
    found = [
        jitopt.solve(instance, method=name, time_limit=60) for name in ("delivery_menu_pyomo", "delivery_menu_cpsat")
    ]
    assert [result.status for result in found] == ["optimal", "optimal"]
    assert found[0].objective == pytest.approx(found[1].objective, rel=1e-6)


def test_clash_that_only_whole_choices_cause() -> None:
    """Shares of two frequencies would fit dock and rack; neither does."""
    data: dict[str, Any] = {
        "problem": "delivery",
        "version": 1,
        "name": "between",
        "suppliers": {"supplier": ["S"], "delivery_cost": [10.0], "dock": ["n"]},
        "parts": {
            "part": ["p"], "supplier": ["S"], "demand": [100.0], "pack": [10.0], "holding_cost": [0.1],
            "storage": ["rack"],
        },
        "frequencies": {"frequency": ["1-1", "1-2"], "days": [1, 1], "deliveries": [1, 2]},
        "docks": {"dock": ["n"], "slots": [1.5]},
        "storage": {"storage": ["rack"], "capacity": [7.0]},
    }  # fmt: skip
    found = jitopt.explain(Delivery.parse(data), time_limit=30)
    assert found.status == "infeasible"
    assert {rule["rule"] for rule in found.clash} == {"dock", "storage"}
    assert found.reasons[0]["rule"] in ("dock", "storage")
    assert "open 0.5 more slots a day at n" in {reason["remedy"] for reason in found.reasons}


def test_an_instance_without_rules_is_explained() -> None:
    assert jitopt.explain(cyclic(40, *PUBLISHED[0][0][1:]), time_limit=20).status == "feasible"


def test_heuristics_of_the_other_form_stand_back() -> None:
    for name, instance in (("delivery_cycle", random_small("delivery", 0)), ("delivery_menu", cyclic(5, *GOYAL))):
        assert not jitopt.method(name).fits(instance.size())
        module = importlib.import_module(f"jitopt.heuristics.{name}")
        with pytest.raises(jitopt.NotApplicableError):
            module.run(instance, LocalContext())
