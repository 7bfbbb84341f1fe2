"""The judge of heijunka plans against a second opinion, closed forms, symmetries and corrupted plans."""

from __future__ import annotations

import csv
import os
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError
from jitopt.generators import generate, random_small
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.testing import naive, optimum
from jitopt.testing._transformations import permuted, reversed_in_time, scaled_money
from jitopt.testing.brute_force import plans

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


def _instance(**fields: Any) -> Heijunka:
    head = {"problem": "heijunka", "version": 1, "name": "x", "objective": [{"term": "rate"}]}
    return Heijunka.parse(head | fields)


def _demand(*units: int) -> dict[str, Any]:
    return {"product": list("ABCDEFGHIJ"[: len(units)]), "demand": list(units)}


# --- a second opinion --------------------------------------------------------------------------


def _any_plan(instance: Heijunka, dice: random.Random) -> HeijunkaPlan:
    """Draw a plan: mostly of the right length, sometimes with wrong counts, ids, length or form."""
    products = instance.products.product
    units = [p for p, d in zip(products, instance.products.demand, strict=True) for _ in range(d)]
    dice.shuffle(units)
    fate = dice.random()
    if fate < 0.25:
        units[dice.randrange(len(units))] = dice.choice(products)
    elif fate < 0.3:
        units[dice.randrange(len(units))] = "nobody's"
    elif fate < 0.35:
        units = units[:-1]
    elif fate < 0.38:
        return HeijunkaPlan(sequence=None if instance.box is None else tuple(units))
    if instance.box is None:
        return HeijunkaPlan(sequence=tuple(units))
    last = instance.slots + (dice.random() < 0.03)
    rows = [{"bucket": dice.randint(1, last), "product": p, "quantity": 1} for p in units]
    if dice.random() < 0.05:
        rows[0]["quantity"] = dice.choice((0.5, 0, 2))
    return HeijunkaPlan.model_validate({"buckets": rows})


@SETTINGS
@given(seed=st.integers(0, 10**6), turn=st.integers(0, 10**6))
def test_judge_agrees_with_the_definitions(seed: int, turn: int) -> None:
    """Objective, terms, broken rules and amounts agree with the naive evaluator, in exact fractions."""
    instance = random_small("heijunka", seed)
    assert isinstance(instance, Heijunka)
    for number in range(10):
        plan = _any_plan(instance, random.Random(turn * 10 + number))
        judged, wanted = instance.evaluate(plan), naive.evaluate(instance, plan)
        assert judged.exact == wanted.objective
        assert judged.terms == {name: float(value) for name, value in (wanted.terms or {}).items()}
        broken = {(violation.rule, violation.members): violation.short_by for violation in judged.violations}
        assert broken == {key: float(amount) for key, amount in wanted.broken.items()}


@pytest.mark.parametrize(("seed", "box"), [(seed, box) for seed in range(4) for box in (0, 9)])
def test_judge_agrees_on_larger_instances(seed: int, box: int) -> None:
    """The same, with all features at once on some dozens of units."""
    objective = "rate:sum_absolute,usage:sum_squared:0.5,changeover,ratio:max_squared,rate:max_absolute"
    instance = generate(
        "heijunka", seed=seed, products=5, units=30, weights=True, parts=3, ratios=3, hard=0.5, spacing=0.5, runs=0.5,
        changeovers=0.0 if box else 0.5, current=True, moves=True, move_price=0.3, frozen=2, fixed=2, batch=2,
        buckets=box, objective=objective,
    )  # fmt: skip
    assert isinstance(instance, Heijunka)
    assert instance.known is not None
    hidden = HeijunkaPlan.model_validate(instance.known.plan)
    assert instance.evaluate(hidden).feasible
    for plan in (hidden, *(_any_plan(instance, random.Random(seed * 100 + number)) for number in range(5))):
        judged, wanted = instance.evaluate(plan), naive.evaluate(instance, plan)
        assert judged.exact == wanted.objective
        assert {(v.rule, v.members) for v in judged.violations} == set(wanted.broken)


# --- known values ------------------------------------------------------------------------------------

LEVEL: list[tuple[tuple[int, ...], str, str, str | None]] = [
    ((1, 1), "1/2", "1/2", "1"),
    ((1, 1, 1), "2/3", "4/3", "8/3"),
    ((1, 1, 1, 1), "3/4", "5/2", "5"),
    ((2, 3, 5), "1/2", "29/10", "37/5"),
    ((1, 3, 6), "3/5", "29/10", "39/5"),
    ((2, 2, 3), "4/7", "16/7", "40/7"),
    ((3, 4, 5), "7/12", "121/36", "9"),
    ((4, 3, 2, 1), "3/5", "37/10", "51/5"),
    ((6, 6, 1), "9/13", "60/13", "144/13"),
    ((4, 4, 3, 1, 1), "9/13", "96/13", "236/13"),
    ((7, 5, 3, 1), "11/16", "49/8", "67/4"),
    ((5, 5, 5), "2/3", "20/3", "40/3"),
    ((1, 2, 4), "3/7", "12/7", None),
    ((2, 4, 8), "3/7", "24/7", "72/7"),
    ((1, 10), "5/11", "20/11", "60/11"),
    ((1, 1, 10), "2/3", "49/12", "10"),
    ((1, 1, 1, 1, 8, 8, 8, 8), "31/36", "2099/54", None),
]
"""Least deviation of level schedules: largest absolute, sum of squares, sum of absolutes."""

MEASURES = ("max_absolute", "sum_squared", "sum_absolute")


def _best_sequence(demand: tuple[int, ...], measure: str) -> tuple[str, ...]:
    """Return a best sequence by dynamic programming over the units built (floats suffice to find one)."""
    total = sum(demand)
    ideal = np.array(demand) / total
    layer: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {(0,) * len(demand): (0.0, ())}
    for k in range(1, total + 1):
        following: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {}
        for built, (value, order) in layer.items():
            for row in (row for row, units in enumerate(demand) if built[row] < units):
                state = (*built[:row], built[row] + 1, *built[row + 1 :])
                gaps = np.abs(np.array(state) - k * ideal)
                power = gaps**2 if measure.endswith("squared") else gaps
                cost = max(value, float(power.max())) if measure.startswith("max") else value + float(power.sum())
                if state not in following or cost < following[state][0]:
                    following[state] = (cost, (*order, row))
        layer = following
    return tuple("ABCDEFGHIJ"[row] for row in layer[demand][1])


PUBLISHED = [
    (demand, measure, value)
    for demand, *values in LEVEL
    for measure, value in zip(MEASURES, values, strict=True)
    if value is not None and len(demand) < 8
]
"""The last row is in the instance library, where a faster proof is at hand."""


@pytest.mark.parametrize(("demand", "measure", "value"), PUBLISHED)
def test_level_values(demand: tuple[int, ...], measure: str, value: str) -> None:
    """The judge gives the published optima to sequences that a dynamic programme finds."""
    instance = _instance(products=_demand(*demand), objective=[{"term": "rate", "measure": measure}])
    plan = HeijunkaPlan(sequence=_best_sequence(demand, measure))
    assert instance.evaluate(plan).exact == Fraction(value)


@pytest.mark.parametrize("demand", [(1, 1), (1, 1, 1), (2, 2, 3), (1, 2, 4), (2, 2, 1, 1), (1, 1, 6)])
@pytest.mark.parametrize("measure", [*MEASURES, "max_squared"])
def test_dynamic_programme_is_enumeration(demand: tuple[int, ...], measure: str) -> None:
    instance = _instance(products=_demand(*demand), objective=[{"term": "rate", "measure": measure}])
    best = optimum(instance)
    assert best is not None
    assert best.value == instance.evaluate(HeijunkaPlan(sequence=_best_sequence(demand, measure))).exact


def test_equal_demands() -> None:
    """(1, ..., 1): (n^2-1)/6, (n^2-1)/3 and 1 - 1/n, for any sequence."""
    for n in range(1, 10):
        wanted = {
            "sum_squared": Fraction(n * n - 1, 6),
            "sum_absolute": Fraction(n * n - 1, 3),
            "max_absolute": 1 - Fraction(1, n),
            "max_squared": (1 - Fraction(1, n)) ** 2,
        }
        plan = HeijunkaPlan(sequence=tuple("ABCDEFGHIJ"[:n]))
        for measure, value in wanted.items():
            instance = _instance(products=_demand(*[1] * n), objective=[{"term": "rate", "measure": measure}])
            assert instance.evaluate(plan).exact == value


def test_published_level_schedules() -> None:
    """Stored optimal sequences of 9-engine plans and textbook vectors, scored again."""
    folder = os.environ.get("JITOPT_DATA")
    path = Path(folder or "", "level", "prv_instances.csv")
    if not folder or not path.exists():
        pytest.skip("JITOPT_DATA does not name the folder of public data")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 50
    for row in rows:
        demand = [int(units) for units in row["demand"].split()]
        names = [str(number + 1) for number in range(len(demand))]
        instance = _instance(products={"product": names, "demand": demand})
        plan = HeijunkaPlan(sequence=tuple(row["opt_sequence_sum_sq(1-based)"].split()))
        found = instance.evaluate(plan)
        assert found.feasible
        assert found.exact == Fraction(row["opt_sum_sq_exact_fraction"])


# --- corrupted plans -----------------------------------------------------------------------------------


def _strict() -> Heijunka:
    """Return an instance in which almost every rule binds at its only kind of plan."""
    return _instance(
        products=_demand(2, 2, 2) | {"spacing": [3, None, None], "longest_run": [None, 1, None]},
        ratios={"ratio": ["r"], "at_most": [1], "in_any": [2], "hard": [True]},
        options={"product": ["C"], "ratio": ["r"]},
        current={"sequence": list("ACBCAB"), "at_most": 2},
        frozen=1,
        fixed={"position": [6], "product": ["B"]},
    )


GOOD = "ACBACB"

CORRUPTIONS = {
    "unit lost": (GOOD[:-1], "demand"),
    "unit doubled": (GOOD + "B", "demand"),
    "product swapped for another": ("ACBACC", "demand"),
    "unknown product": ("ACBACX", "shape"),
    "empty": ("", "demand"),
    "lower case": ("ACBACb", "shape"),
    "frozen slot changed": ("CABACB", "frozen"),
    "fixed slot changed": ("ACBABC", "fixed"),
    "too near": ("ACABCB", "spacing"),
    "two of a product in a row": ("ACACBB", "longest_run"),
    "ratio broken": ("ABCCAB", "ratio"),
    "too many moves": ("ABCACB", "moves"),
    "reversed": ("BCABCA", "fixed"),
    "rotated": ("BACBAC", "frozen"),
    "neighbours swapped at the front": ("CABACB", "frozen"),
    "neighbours swapped at the end": ("ACBABC", "fixed"),
    "sorted": ("AABBCC", "spacing"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_sequence_is_refused(name: str) -> None:
    sequence, rule = CORRUPTIONS[name]
    instance = _strict()
    assert instance.evaluate(HeijunkaPlan(sequence=tuple(GOOD))).feasible
    found = instance.evaluate(HeijunkaPlan(sequence=tuple(sequence)))
    assert not found.feasible
    assert rule in {violation.rule for violation in found.violations}


def _box() -> Heijunka:
    return _instance(
        products=_demand(4, 2) | {"shortest_run": [2, 1]},
        box={"buckets": 3, "capacity": 2},
        current={
            "buckets": {"bucket": [1, 1, 2, 2, 3], "product": ["A", "B", "A", "B", "A"], "quantity": [1, 1, 1, 1, 2]},
            "at_most": 0,
        },
        frozen=1,
    )


BOXES: dict[str, tuple[list[tuple[int, str, float]], str]] = {
    "bucket overfull": ([(1, "A", 1), (1, "B", 1), (2, "A", 2), (2, "B", 1), (3, "A", 1)], "capacity"),
    "unit lost": ([(1, "A", 1), (1, "B", 1), (2, "A", 1), (2, "B", 1), (3, "A", 1)], "demand"),
    "unit doubled": ([(1, "A", 1), (1, "B", 1), (2, "A", 1), (2, "B", 1), (3, "A", 3)], "demand"),
    "bucket that is not there": ([(1, "A", 1), (1, "B", 1), (2, "A", 1), (2, "B", 1), (4, "A", 2)], "shape"),
    "half a unit": ([(1, "A", 1), (1, "B", 1), (2, "A", 1), (2, "B", 1), (3, "A", 1.5)], "shape"),
    "units exchanged": ([(1, "A", 1), (1, "B", 1), (2, "A", 2), (3, "B", 1), (3, "A", 1)], "moves"),
    "frozen bucket changed": ([(1, "A", 2), (2, "A", 1), (2, "B", 1), (3, "B", 1), (3, "A", 1)], "frozen"),
    "run too short": ([(1, "A", 2), (2, "B", 2), (3, "A", 2)], "shortest_run"),
    "nothing": ([], "demand"),
}


@pytest.mark.parametrize("name", BOXES)
def test_corrupted_box_is_refused(name: str) -> None:
    def plan(rows: list[tuple[int, str, float]]) -> HeijunkaPlan:
        return HeijunkaPlan.model_validate(
            {"buckets": [{"bucket": bucket, "product": product, "quantity": units} for bucket, product, units in rows]}
        )

    good: list[tuple[int, str, float]] = [(1, "A", 1), (1, "B", 1), (2, "A", 1), (2, "B", 1), (3, "A", 2)]
    rows, rule = BOXES[name]
    instance = _box()
    assert instance.evaluate(plan(good)).feasible
    found = instance.evaluate(plan(rows))
    assert not found.feasible
    assert rule in {violation.rule for violation in found.violations}


def test_plan_of_the_other_form_is_refused() -> None:
    assert not _box().evaluate(HeijunkaPlan(sequence=tuple("AABABA"))).feasible
    assert not _strict().evaluate(HeijunkaPlan(buckets=())).feasible


# --- symmetries -------------------------------------------------------------------------------------------


def _values(instance: Heijunka) -> list[Fraction]:
    """Return the values of all feasible plans, ascending."""
    judged = (instance.evaluate(plan) for plan in plans(instance))
    return sorted(found.exact for found in judged if found.feasible and found.exact is not None)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_symmetries_keep_all_values(seed: int) -> None:
    """Renaming and shuffling keep the value of every plan, money scales it, backwards in time keeps it."""
    instance = random_small("heijunka", seed)
    assert isinstance(instance, Heijunka)
    values = _values(instance)
    assume(values)
    shuffled, scaled, backwards = permuted(instance, seed), scaled_money(instance, 7), reversed_in_time(instance)
    assert isinstance(shuffled, Heijunka)
    assert isinstance(scaled, Heijunka)
    assert _values(shuffled) == values
    assert _values(scaled) == [7 * value for value in values]
    if isinstance(backwards, Heijunka):
        assert _values(backwards) == values


def test_replicated_demand_doubles_the_cycle() -> None:
    """Two cycles in a row cost twice one cycle; the largest deviation stays."""
    for demand in ((2, 3, 5), (1, 2, 4), (4, 3, 2, 1)):
        for measure, factor in (("sum_squared", 2), ("sum_absolute", 2), ("max_absolute", 1)):
            order = _best_sequence(demand, measure)
            objective = [{"term": "rate", "measure": measure}]
            once = _instance(products=_demand(*demand), objective=objective)
            twice = _instance(products=_demand(*(2 * units for units in demand)), objective=objective)
            one = once.evaluate(HeijunkaPlan(sequence=order)).exact
            two = twice.evaluate(HeijunkaPlan(sequence=order * 2)).exact
            assert one is not None
            assert two == factor * one


def test_usage_with_one_part_per_product_is_rate() -> None:
    for seed in range(8):
        instance = random_small("heijunka", seed)
        assert isinstance(instance, Heijunka)
        products = instance.products.product
        bill = {"product": list(products), "part": [f"part of {p}" for p in products], "quantity": [1] * len(products)}
        table = {"product": list(products), "demand": list(instance.products.demand)}
        for measure in (*MEASURES, "max_squared"):
            terms = [[{"term": term, "measure": measure}] for term in ("rate", "usage")]
            rate, usage = (_instance(products=table, bill=bill, objective=term) for term in terms)
            plan = next(iter(plans(rate)))
            assert rate.evaluate(plan).exact == usage.evaluate(plan).exact


@pytest.mark.parametrize(
    ("product", "part"), [(["A", "B"], ["B", "A"]), (["A"], ["A"]), (["A", "B", "B"], ["p", "A", "B"])]
)
def test_a_cycle_in_the_bill_is_refused_with_its_way(product, part):
    bill = {"product": product, "part": part, "quantity": [1.0] * len(part)}
    with pytest.raises(InputError, match="part of itself") as caught:
        _instance(products={"product": ["A", "B"], "demand": [1, 1]}, bill=bill, objective=[{"term": "usage"}])
    assert caught.value.place.startswith("/bill/part/")
    assert " -> " in str(caught.value.value)


def test_a_ratio_rule_that_counts_nothing_is_refused():
    ratios = {"ratio": ["sunroof"], "at_most": [1], "in_any": [2], "hard": [True]}
    with pytest.raises(InputError, match="count nothing"):
        _instance(products={"product": ["A", "B"], "demand": [1, 1]}, ratios=ratios, objective=[{"term": "rate"}])


def test_a_term_without_measure_counts_costs_as_they_are_and_deviations_squared():
    changeovers = {"before": ["A"], "after": ["B"], "cost": [3.0]}
    terms = [{"term": "changeover"}, {"term": "rate"}]
    instance = _instance(products={"product": ["A", "B"], "demand": [1, 1]}, changeovers=changeovers, objective=terms)
    assert instance.evaluate(HeijunkaPlan(sequence=("A", "B"))).terms == {"changeover": 3.0, "rate": 0.5}
    assert type(instance).model_validate(instance.to_dict()) == instance
