"""The promises of `auto` on heijunka: never worse than a start, the receipt, determinism, names that decide nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

import jitopt
from jitopt.generators import random_small
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.testing._transformations import permuted

PRODUCTS = tuple(f"P{number}" for number in range(1, 7))
DEMAND = (9, 8, 6, 4, 2, 1)
RATIOS: dict[str, Any] = {
    "ratios": {"ratio": ["x", "y"], "at_most": [1, 2], "in_any": [2, 3]},
    "options": {"product": ["P1", "P3", "P2", "P4"], "ratio": ["x", "x", "y", "y"]},
}
BILL = {
    "product": [*PRODUCTS, "P1", "P3"],
    "part": ["a"] * 3 + ["b"] * 3 + ["c", "c"],
    "quantity": [1, 2, 3, 1, 2, 3, 2, 1],
}
FORMS: dict[str, dict[str, Any]] = {
    "rate sums": {"objective": [{"term": "rate"}]},
    "rate maximum": {"objective": [{"term": "rate", "measure": "max_absolute"}]},
    "usage": {"objective": [{"term": "rate"}, {"term": "usage"}], "bill": BILL},
    "cars": {"objective": [{"term": "ratio"}], **RATIOS},
    "paint": {
        "objective": [{"term": "high_ratio", "weight": 1000}, {"term": "colour_changes", "weight": 10}],
        "ratios": {**RATIOS["ratios"], "priority": ["high", "high"], "open": [True, True]},
        "options": RATIOS["options"],
        "longest_colour_run": 5,
    },
    "mixed": {
        "objective": [{"term": "colour_changes"}, {"term": "rate", "weight": 0.1}],
        "longest_colour_run": 5,
    },
    "everything": {
        "objective": [{"term": "rate"}, {"term": "ratio"}, {"term": "changeover", "weight": 0.5}],
        **RATIOS,
        "current": {"sequence": list(PRODUCTS) * 3, "price": 0.3},
        "frozen": 2,
    },
    "box": {"objective": [{"term": "rate"}, {"term": "changeover"}], "box": {"buckets": 8, "capacity": 5}},
    "box of days": {
        "objective": [{"term": "rate"}, {"term": "volume"}],
        "box": {"buckets": 8, "capacity": 5, "days": 2},
        "demands": {
            "product": [*PRODUCTS, "P1"],
            "day": [2] * 6 + [1],
            "quantity": [DEMAND[0] - 1, *DEMAND[1:], 1],
        },
    },
    "overload": {
        "objective": [{"term": "overload"}, {"term": "rate", "weight": 0.1}],
        "takt": 2,
        "stations": {"station": ["trim"], "length": [3]},
        "work": {"product": list(PRODUCTS[:3]), "station": ["trim"] * 3, "minutes": [3, 1.5, 2]},
    },
}


def instance_of(form: str) -> Heijunka:
    """Return an instance of 30 units in a form."""
    fields = dict(FORMS[form])
    products: dict[str, Any] = {"product": list(PRODUCTS), "demand": list(DEMAND)}
    if form in ("paint", "mixed"):
        products["colour"] = ["red", "red", "blue", "blue", "white", "white"]
    return Heijunka.parse({"problem": "heijunka", "version": 1, "name": form, "products": products} | fields)


def start_of(instance: Heijunka) -> HeijunkaPlan:
    """Return a plan that keeps every rule, by chance."""
    dice = random.Random(5)
    while True:
        units = [p for p, d in zip(PRODUCTS, DEMAND, strict=True) for _ in range(d)]
        dice.shuffle(units)
        if instance.frozen:
            for slot, product in enumerate(PRODUCTS[: instance.frozen]):
                units.remove(product)
                units.insert(slot, product)
        if instance.box is None:
            plan = HeijunkaPlan(sequence=tuple(units))
        else:
            rows = [{"bucket": 1 + row // 4, "product": p, "quantity": 1} for row, p in enumerate(units)]
            plan = HeijunkaPlan.model_validate({"buckets": rows})
        if instance.evaluate(plan).feasible:
            return plan


@pytest.mark.parametrize("form", FORMS)
def test_the_result_is_never_worse_than_the_start(form: str) -> None:
    """With hardly any time, and with what the first call has found: there is nothing better to find at once."""
    instance = instance_of(form)
    start = start_of(instance)
    value = instance.evaluate(start).objective
    found = jitopt.solve(instance, time_limit=0.3, start=start)
    assert value is not None and found.objective is not None and found.objective <= value
    receipt = found.start
    assert receipt is not None
    assert (receipt.given, receipt.source, receipt.checked, receipt.objective) == (True, "user", True, value)
    again = jitopt.solve(instance, time_limit=0.05, start=found, seed=1)
    assert again.objective is not None and again.objective <= found.objective
    assert again.start is not None and again.start.objective == found.objective


@pytest.mark.parametrize(
    ("form", "fault"),
    [(form, "too short") for form in FORMS]
    + [(form, "breaks a rule") for form in ("everything", "paint", "box")]
    + [(form, fault) for form in ("rate sums", "box") for fault in ("a wrong unit", "unknown product")],
)
def test_a_start_that_cannot_be_is_told_and_not_used(form: str, fault: str) -> None:
    instance = instance_of(form)
    start = start_of(instance).to_dict()
    if instance.box is None:
        units = start["sequence"]
        faults = {
            "too short": units[:-1],
            "a wrong unit": ["P2" if units[0] == "P1" else "P1", *units[1:]],
            "breaks a rule": sorted(units),
            "unknown product": ["nobody's", *units[1:]],
        }
        start = {"sequence": faults[fault]}
    else:
        rows = start["buckets"]
        other = {"too short": rows[:-1], "a wrong unit": [*rows, rows[0]],
                 "breaks a rule": [{**row, "bucket": 1} for row in rows],
                 "unknown product": [{**rows[0], "product": "nobody's"}, *rows[1:]]}  # fmt: skip
        start = {"buckets": other[fault]}
    assert not instance.evaluate(HeijunkaPlan.model_validate(start)).feasible
    found = jitopt.solve(instance, time_limit=0.05, start=start)
    assert found.start is not None
    assert (found.start.source, found.start.checked) == ("user", False)
    assert found.plan is None or instance.evaluate(found.plan).feasible


HEURISTICS = [method for method in jitopt.methods("heijunka") if method.kind == "heuristic"]


@pytest.mark.parametrize("method", HEURISTICS, ids=lambda method: method.name)
def test_the_same_seed_gives_the_same_plan(method: jitopt.registry.Method) -> None:
    """With one thread and with two, on the first form that it takes."""
    for form in FORMS:
        instance = instance_of(form)
        words: dict[str, Any] = {"method": method.name, "deterministic": True, "work_limit": 0.05, "seed": 7}
        first = jitopt.solve(instance, threads=1, **words)
        if first.plan is None:
            continue
        again = jitopt.solve(instance, threads=2, **words)
        assert (again.plan, again.objective, again.bound) == (first.plan, first.objective, first.bound)
        return
    pytest.fail("no instance suits it")


@pytest.mark.parametrize("seed", range(3))
def test_names_and_the_order_of_rows_decide_nothing(seed: int) -> None:
    instance: Any = random_small("heijunka", 40 + seed)
    first = jitopt.solve(instance, time_limit=20)
    second = jitopt.solve(permuted(instance, seed), time_limit=20)
    assert first.status == second.status
    assert first.status in ("optimal", "infeasible")
    if first.objective is not None:
        assert second.objective == pytest.approx(first.objective, abs=1e-9)


@pytest.mark.parametrize("form", ["rate sums", "rate maximum"])
def test_an_exact_algorithm_does_not_look_at_names(form: str) -> None:
    instance = instance_of(form)
    first, second = (jitopt.solve(one, time_limit=20) for one in (instance, permuted(instance, 3)))
    assert first.proof == second.proof == "exact_algorithm"
    assert first.objective == pytest.approx(second.objective)


def test_a_day_with_changeovers_spacing_and_runs_is_levelled_within_its_time() -> None:
    """Rates stay within a few times the best without any rule, changeovers within what chance gives."""
    demand = [90, 75, 60, 36, 24, 15]
    names = list(PRODUCTS)
    pairs = [(a, b, abs(i - j)) for i, a in enumerate(names) for j, b in enumerate(names) if i != j]
    columns = dict(zip(("before", "after", "cost"), map(list, zip(*pairs, strict=True)), strict=True))
    products = {"product": names, "demand": demand, "spacing": [1, 1, 1, 2, 3, 4], "longest_run": [2] * 6}
    head: dict[str, Any] = {"problem": "heijunka", "version": 1, "name": "day"}
    objective = [{"term": "rate"}, {"term": "changeover", "weight": 0.2}]
    instance = Heijunka.parse(head | {"products": products, "changeovers": columns, "objective": objective})
    alone = Heijunka.parse(head | {"products": {"product": names, "demand": demand}, "objective": [{"term": "rate"}]})
    found = jitopt.solve(instance, time_limit=3.0)
    assert found.plan is not None and instance.evaluate(found.plan).feasible
    least = jitopt.solve(alone, time_limit=10).objective
    assert least is not None and found.bound is not None
    assert found.terms["rate"] < 4 * least
    dice, units_of = random.Random(1), list(found.plan.sequence or ())
    dice.shuffle(units_of)
    assert found.terms["changeover"] < jitopt.score(instance, units_of).terms[1].value * 1.2
