"""Why there is no plan: the clash is minimal, the repair works, integrality is seen, and what a choice costs."""

from __future__ import annotations

import math

import pytest

import jitopt
from jitopt.engine.explain import outward
from jitopt.generators import random_small
from jitopt.testing import optimum


def keys(explanation: jitopt.Explanation) -> set[tuple[str, ...]]:
    return {(rule["rule"], *rule["members"]) for rule in explanation.clash}


@pytest.fixture
def too_small(two_goods) -> jitopt.Sourcing:
    """20 units asked, 4 + 5 can be shipped."""
    return two_goods.replace(suppliers={"supplier": ["S1", "S2"], "capacity": [4, 5]})


def test_infeasible_is_told_with_two_proofs_and_reasons(too_small):
    result = jitopt.solve(too_small, time_limit=30)
    assert (result.status, result.stopped_by, result.proof) == ("infeasible", "proof", "cross_checked")
    assert result.plan is None and result.objective is None and len(result.claims_infeasible) == 2
    assert {reason["rule"] for reason in result.reasons} == {"capacity"}
    assert sum(reason["short_by"] for reason in result.reasons) == pytest.approx(11)
    assert all(reason["remedy"] and reason["cost"] > 0 for reason in result.reasons)
    assert jitopt.audit(too_small, result.to_dict()) == []


def test_clash_is_minimal_and_names_the_demand(too_small):
    explanation = jitopt.explain(too_small, time_limit=30)
    assert explanation.status == "infeasible" and explanation.clash_minimal and explanation.repair_proven
    assert {("capacity", "S1"), ("capacity", "S2")} < keys(explanation)
    assert any(rule[0] == "demand" for rule in keys(explanation))


def test_prices_steer_the_repair(too_small):
    dear = {("capacity", ("S1",)): 1.0, ("capacity", ("S2",)): 100.0}
    explanation = jitopt.explain(too_small, time_limit=30, prices=dear)
    assert [(reason["rule"], reason["members"]) for reason in explanation.reasons] == [("capacity", ["S1"])]
    assert explanation.repair_cost == pytest.approx(11.0)


def test_the_repair_repairs(too_small):
    reasons = {tuple(r["members"]): r["short_by"] for r in jitopt.explain(too_small, time_limit=30).reasons}
    capacity = [4 + reasons.get(("S1",), 0), 5 + reasons.get(("S2",), 0)]
    repaired = too_small.replace(suppliers={"supplier": ["S1", "S2"], "capacity": capacity})
    assert jitopt.solve(repaired, time_limit=30).status == "optimal"


def test_integrality_alone_is_explained():
    """Three parts of 3.7 packs each, packs of 2 half-slots: the fractions fit, whole packs do not."""
    instance = jitopt.Sourcing.parse(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "rack",
            "suppliers": {"supplier": ["S"], "capacity": [23]},
            "parts": {"part": ["P1", "P2", "P3"], "period": [1, 1, 1], "demand": [7.4, 7.4, 7.4]},
            "quotes": {"supplier": ["S"] * 3, "part": ["P1", "P2", "P3"], "price": [1, 1, 1], "multiple": [2, 2, 2]},
        }
    )
    whole = instance.quotes.model_copy(update={"multiple": None})
    assert jitopt.solve(instance.replace(quotes=whole), time_limit=30).status == "optimal"
    assert jitopt.solve(instance, time_limit=30).status == "infeasible"
    explanation = jitopt.explain(instance, time_limit=30)
    assert [(r["rule"], r["members"], r["short_by"]) for r in explanation.reasons] == [("capacity", ["S"], 1.0)]
    assert keys(explanation) == {("capacity", "S"), ("demand", "P1"), ("demand", "P2"), ("demand", "P3")}


def test_heijunka_clash(small):
    instance = small.replace(
        products={"product": ["A", "B", "C"], "demand": [2, 3, 5], "longest_run": [None, None, 1]},
        fixed={"position": [1, 2], "product": ["C", "C"]},
    )
    explanation = jitopt.explain(instance, time_limit=30)
    assert keys(explanation) == {("fixed", "1", "C"), ("fixed", "2", "C"), ("longest_run", "C")}
    assert explanation.clash_minimal and len(explanation.reasons) == 1
    assert jitopt.solve(instance, time_limit=30).status == "infeasible"


def test_a_feasible_instance_is_said_to_be_feasible(small):
    explanation = jitopt.explain(small, time_limit=30)
    assert (explanation.status, explanation.reasons, explanation.clash) == ("feasible", (), ())


def test_why_not_adds_up(two_goods):
    result = jitopt.solve(two_goods, time_limit=30)
    answer = jitopt.why_not(two_goods, result, supplier="S1", part="B", quantity="10")
    assert answer.status == "worse"
    assert answer.objective_before == pytest.approx(170) and answer.objective_after == pytest.approx(176)
    assert sum(difference for *_, difference in answer.terms) == pytest.approx(answer.difference)


def test_why_not_of_what_was_chosen_changes_nothing(small):
    result = jitopt.solve(small, time_limit=30)
    assert result.plan is not None and result.plan.sequence is not None
    first = result.plan.sequence[0]
    assert jitopt.why_not(small, result, position="1", product=first).status == "made"
    assert jitopt.why_not(small, result, position="1", product="A").status == "worse"


def test_why_not_of_the_impossible(small):
    instance = small.replace(fixed={"position": [1], "product": ["C"]})
    result = jitopt.solve(instance, time_limit=30)
    answer = jitopt.why_not(instance, result, position="1", product="A")
    assert answer.status == "impossible" and answer.reasons


@pytest.mark.parametrize(
    "choice",
    [{}, {"position": "1"}, {"position": "0", "product": "A"}, {"position": "1", "product": "Z"}, {"who": "me"}],
)
def test_why_not_of_nonsense_is_bad_input(small, choice):
    with pytest.raises(jitopt.InputError):
        jitopt.why_not(small, {"sequence": list("CBACBCCABC")}, choice)


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0.2876404494, "0.287641"), (13.3333333, "13.3334"), (2.0, "2"), (1234567.1, "1234568"), (4.8e-4, "0.00048"),
     (1e-15, "0.000000000001"), (1500.0, "1500")],
)  # fmt: skip
def test_an_amount_is_told_with_enough_of_it(amount, told):
    assert outward(amount) == told


def test_a_choice_the_plan_makes_already_is_told_so(two_goods):
    result = jitopt.solve(two_goods, time_limit=20)
    assert result.plan is not None
    order = result.plan.orders[0]
    comparison = jitopt.why_not(two_goods, result, supplier=order.supplier, part=order.part)
    assert comparison.status == "made" and comparison.difference == 0.0 and comparison.plan == result.plan


def test_released_slots_are_a_prefix_and_releasing_them_repairs():
    """A's run of 3 in the frozen slots is too long from its third slot on: two of the four stay frozen at most."""
    instance = jitopt.Heijunka.model_validate(
        {
            "problem": "heijunka",
            "version": 1,
            "name": "released",
            "products": {"product": ["A", "B"], "demand": [3, 3], "longest_run": [2, 2]},
            "current": {"sequence": ["B", "A", "A", "A", "B", "B"]},
            "frozen": 5,
            "objective": [{"term": "rate"}],
        }
    )
    (reason,) = jitopt.explain(instance, time_limit=30).reasons
    assert (reason["rule"], reason["short_by"]) == ("frozen", 2)
    assert jitopt.solve(instance.replace(frozen=3), time_limit=30).status == "optimal"
    assert jitopt.solve(instance.replace(frozen=4), time_limit=30).status == "infeasible"


REPAIRS = {
    "ratio": lambda data, members, by: _raise(data["ratios"], "ratio", members[0], "at_most", by),
    "spacing": lambda data, members, by: _raise(data["products"], "product", members[0], "spacing", -by),
    "longest_run": lambda data, members, by: _raise(data["products"], "product", members[0], "longest_run", by),
    "colour_run": lambda data, members, by: data.update(longest_colour_run=data["longest_colour_run"] + by),
    "shortest_run": lambda data, members, by: _raise(data["products"], "product", members[0], "shortest_run", -by),
    "frozen": lambda data, members, by: data.update(frozen=data["frozen"] - by),
    "capacity": lambda data, members, by: data["box"].update(capacity=data["box"]["capacity"] + by),
    "moves": lambda data, members, by: data["current"].update(at_most=data["current"]["at_most"] + by),
    "fixed": lambda data, members, by: _drop(data["fixed"], int(members[0]), members[1]),
}


def _raise(table, key, name, column, by):
    table[column][table[key].index(name)] += by


def _drop(table, position, product):
    row = list(zip(table["position"], table["product"], strict=True)).index((position, product))
    del table["position"][row], table["product"][row]


def _infeasible(count):
    found = []
    for seed in range(400):
        instance = random_small("heijunka", seed)
        if optimum(instance) is None:
            found.append(instance)
        if len(found) == count:
            return found
    raise AssertionError("too few")


@pytest.mark.parametrize("instance", _infeasible(12), ids=lambda instance: instance.name)
def test_the_told_repair_makes_a_plan_possible(instance):
    explanation = jitopt.explain(instance, time_limit=30)
    assert explanation.status == "infeasible" and explanation.repair_proven
    data = instance.to_dict()
    for reason in explanation.reasons:
        REPAIRS[reason["rule"]](data, reason["members"], math.ceil(reason["short_by"]))
    repaired = type(instance).model_validate(data)
    assert optimum(repaired) is not None
