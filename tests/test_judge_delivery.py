"""The judge of delivery plans against a second opinion, published cards, symmetries and corrupted plans."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.errors import InputError
from jitopt.generators import generate, random_small
from jitopt.problems.delivery import Delivery, DeliveryPlan, formulas
from jitopt.testing import naive, optimum
from jitopt.testing._transformations import permuted, scaled_money

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


def _small(seed: int) -> Delivery:
    instance = random_small("delivery", seed)
    assert isinstance(instance, Delivery)
    return instance


def _plan(rhythm: dict[str, str]) -> DeliveryPlan:
    rows = [{"supplier": supplier, "frequency": frequency} for supplier, frequency in rhythm.items()]
    return DeliveryPlan.model_validate({"deliveries": rows})


# --- a second opinion --------------------------------------------------------------------------


def _any_plan(instance: Delivery, dice: random.Random) -> DeliveryPlan:
    """Draw a plan; rarely one with a supplier too few, too many, of another frequency or unknown."""
    if instance.cyclic:
        rows: list[dict[str, Any]] = [{"part": p, "every": dice.choice((1, 1, 2, 3, 7))} for p in instance.parts.part]
        if dice.random() < 0.1:
            rows = rows[1:] if dice.random() < 0.5 else [*rows, rows[0]]
        return DeliveryPlan.model_validate({"base_period": dice.choice((0.1, 0.37, 2, 1 / 3)), "deliveries": rows})
    rows = []
    for stop in instance.stops:
        name = dice.choice(list(instance.menu))
        rows += [{"supplier": supplier, "frequency": name} for supplier in stop.suppliers]
    fate = dice.random()
    if rows and fate < 0.05:
        rows.pop()
    elif rows and fate < 0.1:
        rows.append(rows[0])
    elif rows and fate < 0.15:
        rows[0] = rows[0] | {"frequency": dice.choice(["never", *instance.menu])}
    elif fate < 0.2:
        rows.append({"supplier": "nobody", "frequency": next(iter(instance.menu))})
    return DeliveryPlan.model_validate({"deliveries": rows})


def _agree(instance: Delivery, plan: DeliveryPlan) -> None:
    judged, wanted = instance.evaluate(plan), naive.evaluate(instance, plan)
    assert (judged.exact is None) == (wanted.objective is None)
    if judged.exact is None or wanted.objective is None:
        assert judged.violations
        return
    slack = Fraction(0)
    if judged.evidence.get("evaluator") == "analytic":
        slack = Fraction(1, 10**12) * max(Fraction(1), wanted.objective)
    assert abs(judged.exact - wanted.objective) <= slack
    told = {name: value for name, value in judged.terms.items() if value}
    assert told == pytest.approx({name: float(v) for name, v in (wanted.terms or {}).items() if v}, rel=1e-14)
    broken = {(violation.rule, violation.members): violation.short_by for violation in judged.violations}
    assert broken == {key: float(amount) for key, amount in wanted.broken.items()}


@SETTINGS
@given(seed=st.integers(0, 10**6), turn=st.integers(0, 10**6))
def test_judge_agrees_with_the_definitions(seed: int, turn: int) -> None:
    """Objective, terms, broken rules and amounts agree with the naive evaluator."""
    instance = _small(seed)
    for number in range(6):
        _agree(instance, _any_plan(instance, random.Random(turn * 10 + number)))


def test_judge_agrees_on_a_larger_instance() -> None:
    instance = generate(
        "delivery", seed=5, suppliers=12, clusters=0.5, allowed=0.5, trucks=0.9, docks=2, storages=2, lines=2.0,
        card_cost=0.5, safety=0.25, uneven=0.5, current=True, change_price=3.0, change_cap=True,
    )  # fmt: skip
    assert isinstance(instance, Delivery)
    for number in range(5):
        _agree(instance, _any_plan(instance, random.Random(number)))


# --- cards ---------------------------------------------------------------------------------------


def _one(demand: float, pack: float, menu: list[tuple[int, int]], **columns: Any) -> Delivery:
    parts = {"part": ["p"], "supplier": ["S"], "demand": [demand], "pack": [pack], "holding_cost": [0.0]}
    lead_time = columns.pop("lead_time", 0.0)
    return Delivery.parse(
        {
            "problem": "delivery",
            "version": 1,
            "name": "one supplier",
            "suppliers": {"supplier": ["S"], "delivery_cost": [1.0], "lead_time": [lead_time]},
            "parts": parts | {name: [value] for name, value in columns.items()},
            "frequencies": {
                "frequency": [f"{a}-{b}" for a, b in menu],
                "days": [a for a, _ in menu],
                "deliveries": [b for _, b in menu],
            },
        }
    )


def _cards(instance: Delivery) -> list[int]:
    return [instance.evaluate(_plan({"S": name})).evidence["cards"]["p"] for name in instance.menu]


@pytest.mark.parametrize(
    ("demand", "days", "deliveries", "later", "safety", "pack", "cards"),
    [
        (1200, 1, 4, 2, 0.1, 30, 34),
        (1000, 1, 6, 2, 0.0, 25, 20),
        (500, 1, 2, 1, 0.2, 20, 30),
        (600, 1, 8, 3, 0.05, 24, 14),
        (750, 40, 1, 0, 4.0, 1000, 33),  # exactly 33 containers: no rounding error makes it 34
    ],
)
def test_cards_of_a_cycle(demand, days, deliveries, later, safety, pack, cards) -> None:
    """ceil(D (A (1 + C)/B + s)/Q), with a lead time of just C deliveries."""
    lead_time = later * days / deliveries
    instance = _one(demand, pack, [(days, deliveries)], lead_time=lead_time, safety=safety)
    told = instance.evaluate(_plan({"S": f"{days}-{deliveries}"})).evidence
    assert told["cycles"] == {"S": f"{days}-{deliveries}-{later}"}
    assert told["cards"] == {"p": cards}


MENU = [(1, deliveries) for deliveries in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12)]


def test_more_deliveries_may_need_more_cards() -> None:
    """Six deliveries a day need more cards than five: a card comes back three deliveries later, not two."""
    uneven = _one(1200, 60, MENU, lead_time=0.35, demand_sd=180.0, service=0.95)
    assert _cards(uneven) == [47, 25, 25, 20, 16, 18, 16, 14, 14, 14]
    assert _cards(_one(1200, 60, MENU, lead_time=0.35))[4:6] == [12, 14]


def test_the_quantile_has_fifty_digits() -> None:
    """Phi(z) is the service again, by the continued fraction of the other tail; known values."""
    assert str(formulas.quantile(Fraction(95, 100)))[:22] == "1.64485362695147271486"
    assert str(formulas.quantile(Fraction(975, 1000)))[:22] == "1.95996398454005423552"
    assert formulas.quantile(Fraction(1, 2)) == Decimal(0)
    near = formulas.spread(Fraction(3), Fraction(95, 100), Fraction(4))
    assert float(near) == pytest.approx(1.6448536269514722 * 3 * 2, rel=1e-15)


# --- corrupted plans --------------------------------------------------------------------------------


def _strict() -> Delivery:
    """Return an instance whose best plan touches almost every limit."""
    return Delivery.parse(
        {
            "problem": "delivery",
            "version": 1,
            "name": "strict",
            "suppliers": {
                "supplier": ["A", "B", "C", "D", "idle"],
                "delivery_cost": [10.0, 10.0, 12.0, 20.0, 5.0],
                "lead_time": [0.5, 0.5, 1.0, None, None],
                "cluster": ["run", "run", None, None, None],
                "truck": [None, None, "van", "van", None],
                "dock": ["n", "n", "n", "s", "s"],
            },
            "clusters": {"cluster": ["run"], "delivery_cost": [15.0], "truck": ["lorry"]},
            "parts": {
                "part": ["a", "b", "c", "d"],
                "supplier": ["A", "B", "C", "D"],
                "demand": [100.0, 50.0, 80.0, 40.0],
                "pack": [10.0, 10.0, 20.0, 5.0],
                "holding_cost": [0.2, 0.2, 0.1, 0.5],
                "weight": [2.0, 4.0, 1.0, 1.0],
                "cube": [0.01, 0.01, 0.05, None],
                "storage": ["rack", "rack", "rack", None],
            },
            "frequencies": {"frequency": ["1-1", "1-2", "2-1"], "days": [1, 1, 2], "deliveries": [1, 2, 1]},
            "allowed": {"supplier": ["D", "D"], "frequency": ["1-1", "1-2"]},
            "trucks": {"truck": ["van", "lorry"], "weight": [100.0, 400.0], "cube": [4.0, None]},
            "docks": {"dock": ["n", "s"], "slots": [2.0, 1.0]},
            "storage": {"storage": ["rack"], "capacity": [38.0]},
            "current": {
                "deliveries": {"supplier": ["A", "B", "C", "D"], "frequency": ["1-1", "1-1", "1-2", "1-1"]},
                "at_most": 1,
            },
        }
    )


GOOD = {"A": "1-1", "B": "1-1", "C": "1-1", "D": "1-1"}

CORRUPTIONS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "nothing": ([], "supplier"),
    "supplier lost": ([("A", "1-1"), ("B", "1-1"), ("C", "1-1")], "supplier"),
    "member of a milk run lost": ([("A", "1-1"), ("C", "1-1"), ("D", "1-1")], "supplier"),
    "supplier twice": ([*GOOD.items(), ("D", "1-1")], "shape"),
    "supplier twice, differently": ([*GOOD.items(), ("D", "1-2")], "shape"),
    "unknown supplier": ([*GOOD.items(), ("E", "1-1")], "shape"),
    "supplier without demand": ([*GOOD.items(), ("idle", "1-1")], "shape"),
    "unknown frequency": ([*list(GOOD.items())[:3], ("D", "1-9")], "shape"),
    "milk run torn apart": ([("A", "1-2"), *list(GOOD.items())[1:]], "cluster"),
    "milk run torn apart, the other": ([("A", "1-1"), ("B", "2-1"), ("C", "1-1"), ("D", "1-1")], "cluster"),
    "not on the supplier's menu": ([*list(GOOD.items())[:3], ("D", "2-1")], "menu"),
    "too heavy for the lorry": ([("A", "2-1"), ("B", "2-1"), ("C", "1-1"), ("D", "1-1")], "truck_weight"),
    "too heavy for the van": ([("A", "1-1"), ("B", "1-1"), ("C", "2-1"), ("D", "1-1")], "truck_weight"),
    "too large for the van": ([("A", "1-1"), ("B", "1-1"), ("C", "2-1"), ("D", "1-1")], "truck_cube"),
    "dock full by the milk run": ([("A", "1-2"), ("B", "1-2"), ("C", "1-1"), ("D", "1-1")], "dock"),
    "dock full by a supplier": ([("A", "1-1"), ("B", "1-1"), ("C", "1-2"), ("D", "1-1")], "dock"),
    "other dock full": ([("A", "1-1"), ("B", "1-1"), ("C", "1-1"), ("D", "1-2")], "dock"),
    "store overfull": ([("A", "2-1"), ("B", "2-1"), ("C", "1-1"), ("D", "1-1")], "storage"),
    "store overfull by one supplier": ([("A", "1-1"), ("B", "1-1"), ("C", "2-1"), ("D", "1-1")], "storage"),
    "two changes": ([("A", "1-1"), ("B", "1-1"), ("C", "1-1"), ("D", "1-2")], "change"),
    "three changes": ([("A", "1-2"), ("B", "1-2"), ("C", "1-1"), ("D", "1-1")], "change"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_plan_is_refused(name: str) -> None:
    instance = _strict()
    assert instance.evaluate(_plan(GOOD)).violations == ()
    pairs, rule = CORRUPTIONS[name]
    rows = [{"supplier": supplier, "frequency": frequency} for supplier, frequency in pairs]
    plan = DeliveryPlan.model_validate({"deliveries": rows})
    found = instance.evaluate(plan)
    assert not found.feasible
    assert rule in {violation.rule for violation in found.violations}
    _agree(instance, plan)


@pytest.mark.parametrize(
    ("rows", "period", "rule"),
    [
        ([("a", 1), ("b", 2)], None, "shape"),
        ([("a", 1)], 1.0, "part"),
        ([("a", 1), ("b", 2), ("b", 2)], 1.0, "shape"),
        ([("a", 1), ("b", 2), ("c", 2)], 1.0, "shape"),
        ([("a", 1), ("b", 3)], 1.0, "every"),
    ],
)
def test_corrupted_cyclic_plan_is_refused(rows, period, rule) -> None:
    parts = {"part": ["a", "b"], "demand": [5.0, 2.0], "minor_cost": [1.0, 1.0], "holding_cost": [1.0, 1.0]}
    head = {"problem": "delivery", "version": 1, "name": "x", "policy": "strict_cyclic", "major_cost": 3.0}
    instance = Delivery.parse(head | {"parts": parts | {"every": [None, 2]}})
    plan = {"base_period": period, "deliveries": [{"part": part, "every": every} for part, every in rows]}
    found = instance.evaluate(DeliveryPlan.model_validate(plan))
    assert [violation.rule for violation in found.violations] == [rule]
    good = {"base_period": 1.0, "deliveries": [{"part": "a", "every": 1}, {"part": "b", "every": 2}]}
    assert instance.evaluate(DeliveryPlan.model_validate(good)).exact == Fraction(9, 2) + Fraction(5 + 4, 2)


# --- symmetries -------------------------------------------------------------------------------------


@SETTINGS
@given(seed=st.integers(0, 10**5))
def test_names_and_order_do_not_matter(seed: int) -> None:
    instance = _small(seed)
    first, second = optimum(instance), optimum(permuted(instance, seed))
    assert (first is None) == (second is None)
    assert first is None or second is None or float(first.value) == pytest.approx(float(second.value), rel=1e-12)


@SETTINGS
@given(seed=st.integers(0, 10**5))
def test_money_scales(seed: int) -> None:
    instance = _small(seed)
    first, second = optimum(instance), optimum(scaled_money(instance, 7))
    assert (first is None) == (second is None)
    assert first is None or second is None or float(second.value) == pytest.approx(7 * float(first.value), rel=1e-12)


@SETTINGS
@given(seed=st.integers(0, 10**5))
def test_a_wider_limit_never_costs(seed: int) -> None:
    """Docks, storages, other limits and trucks, one after the other."""
    instance = _small(seed)
    best = optimum(instance)
    data = instance.to_dict()
    limits = (("docks", ["slots"]), ("storage", ["capacity"]), ("limits", ["capacity"]), ("trucks", ["weight", "cube"]))
    for table, columns in limits:
        for column in columns:
            if table in data and column in data[table]:
                wider = [None if value is None else value * 1.3 + 0.5 for value in data[table][column]]
                found = optimum(instance.replace(**{table: data[table] | {column: wider}}))
                assert best is None or (found is not None and found.value <= best.value)
    if "allowed" in data:
        found = optimum(instance.replace(allowed={"supplier": [], "frequency": []}))
        assert best is None or (found is not None and found.value <= best.value)


LIMIT: dict[str, Any] = {"limits": {"limit": ["l"], "capacity": [5.0]}}


def test_what_is_taken_of_a_limit_adds_up() -> None:
    """A takes 2 whatever its frequency and 1.5 at this one, others 1: it fits into 4.5, not into 4.4."""
    uses = {"supplier": ["A", "A", "A"], "frequency": [None, GOOD["A"], "2-1"],
            "limit": ["l"] * 3, "amount": [2, 1.5, 9]}  # fmt: skip
    for capacity, taken, short in ((4.5, 1.0, None), (4.4, 1.0, 0.1), (0.5, 1.0, 4.0)):
        limits = {"limit": ["l"], "capacity": [capacity], "taken": [taken]}
        broken = _strict().replace(limits=limits, uses=uses).evaluate(_plan(GOOD)).violations
        assert [v.short_by for v in broken if v.rule == "limit"] == ([] if short is None else [pytest.approx(short)])
    alone = _strict().replace(limits={"limit": ["l"], "capacity": [1], "taken": [3]})
    assert [v.short_by for v in alone.evaluate(_plan(GOOD)).violations if v.rule == "limit"] == [2.0]
    for method in ("delivery_menu_pyomo", "delivery_menu_cpsat"):
        assert jitopt.solve(alone, method=method, time_limit=20).status == "infeasible"


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"clusters": {"cluster": ["A"], "delivery_cost": [1.0]}}, "/suppliers/cluster"),
        ({"docks": {"dock": ["n"], "slots": [1.0]}}, "/suppliers/dock"),
        ({"frequencies": {"frequency": [], "days": [], "deliveries": []}}, "/frequencies"),
        ({"major_cost": 3.0}, "/major_cost"),
        ({"trucks": None}, "/suppliers/truck"),
        ({"suppliers": None}, "/suppliers"),
        ({"policy": "strict_cyclic"}, "/suppliers"),
        ({"allowed": {"supplier": ["A"], "frequency": ["9-9"]}}, "/allowed/frequency"),
        ({"uses": {"supplier": ["A"], "limit": ["l"], "amount": [1.0]}}, "/uses/limit"),
        (LIMIT | {"uses": {"supplier": ["Z"], "limit": ["l"], "amount": [1.0]}}, "/uses/supplier"),
        (LIMIT | {"uses": {"supplier": ["A"], "frequency": ["9-9"], "limit": ["l"], "amount": [1]}}, "/uses/frequency"),
        (LIMIT | {"uses": {"supplier": ["A"] * 2, "limit": ["l"] * 2, "amount": [1, 2]}}, "/uses"),
        ({"limits": {"limit": ["l"], "capacity": [-1.0]}}, "/limits/capacity"),
        ({"allowed": {"supplier": ["A", "A"], "frequency": ["1-1", "1-1"]}}, "/allowed/frequency"),
    ],
)
def test_tables_that_do_not_fit_are_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        _strict().replace(**changes)
    assert place in str(caught.value)


def test_columns_of_the_other_form_are_refused() -> None:
    data = _strict().to_dict()
    for column in ("minor_cost", "every"):
        with pytest.raises(InputError, match=column):
            Delivery.parse(data | {"parts": data["parts"] | {column: [1] * 4 if column == "every" else [1.0] * 4}})
    for column in ("pack", "supplier"):
        parts = {name: values for name, values in data["parts"].items() if name != column}
        with pytest.raises(InputError, match=column):
            Delivery.parse(data | {"parts": parts})


def test_a_forced_frequency_takes_the_milk_run_along() -> None:
    instance = _strict()
    result = jitopt.solve(instance, time_limit=20)
    found = jitopt.why_not(instance, result, supplier="A", frequency="2-1")
    assert found.status == "impossible"
    with pytest.raises(InputError):
        jitopt.why_not(instance, result, supplier="D", frequency="2-1")
