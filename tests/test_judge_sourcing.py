"""The judge of sourcing plans against a second opinion, closed forms, symmetries and corrupted plans."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.generators import generate, random_small
from jitopt.problems.sourcing import Sourcing, SourcingPlan
from jitopt.testing import naive, optimum
from jitopt.testing._sourcing_search import search
from jitopt.testing._transformations import permuted, scaled_money
from jitopt.testing.brute_force import best_of, count, plans

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)

Orders = list[tuple[str, str, int, float]]


def _plan(orders: Orders) -> SourcingPlan:
    names = ("supplier", "part", "period", "quantity")
    return SourcingPlan.model_validate({"orders": [dict(zip(names, order, strict=True)) for order in orders]})


def _small(seed: int) -> Sourcing:
    instance = random_small("sourcing", seed)
    assert isinstance(instance, Sourcing)
    return instance


# --- a second opinion --------------------------------------------------------------------------


def _any_plan(instance: Sourcing, dice: random.Random) -> SourcingPlan:
    """Draw orders of quotes, on a grid of quarters, some far too large; rarely one of nobody's quote."""
    orders: Orders = []
    for supplier, part in instance.links:
        for period in instance.periods:
            for _ in range(dice.choice((0, 0, 1, 1, 1, 2))):
                quantity = dice.choice((0, 1, 2, 3, 4, 5, 6, 2.5, 0.25, 9, 40))
                orders.append((supplier, part, period, quantity))
    fate = dice.random()
    if fate < 0.03:
        orders.append(("nobody", next(iter(instance.demand)), 1, 2))
    elif fate < 0.06:
        orders.append((*next(iter(instance.links)), instance.periods[-1] + 1, 2))
    return _plan(orders)


def _agree(instance: Sourcing, plan: SourcingPlan) -> None:
    judged, wanted = instance.evaluate(plan), naive.evaluate(instance, plan)
    assert judged.exact == wanted.objective
    told = {name: value for name, value in judged.terms.items() if value}
    assert told == {name: float(value) for name, value in (wanted.terms or {}).items() if value}
    broken = {(violation.rule, violation.members): violation.short_by for violation in judged.violations}
    assert broken == {key: float(amount) for key, amount in wanted.broken.items()}


@SETTINGS
@given(seed=st.integers(0, 10**6), turn=st.integers(0, 10**6))
def test_judge_agrees_with_the_definitions(seed: int, turn: int) -> None:
    """Objective, terms, broken rules and amounts agree with the naive evaluator, in exact fractions."""
    instance = _small(seed)
    for number in range(10):
        _agree(instance, _any_plan(instance, random.Random(turn * 10 + number)))


@pytest.mark.parametrize("breaks", ["none", "all_units", "incremental", "supplier"])
def test_judge_agrees_on_larger_instances(breaks: str) -> None:
    """The same, with all features at once; the hidden plan of the generator is feasible."""
    for seed in range(2):
        instance = generate(
            "sourcing", seed=seed, suppliers=4, parts=4, periods=3, breaks=breaks, fixed_cost=50, link_cost=5,
            order_cost=3, cover=2, capacity=0.9, quote_capacity=0.9, minimum=0.5, multiple=0.5, initial=0.4,
            holding=0.02, storage=0.9, shares=0.5, part_limits=0.5, supplier_cap=True, quality=True, award=True,
            switch_price=7, switch_cap=True, required=2,
        )  # fmt: skip
        assert isinstance(instance, Sourcing)
        assert instance.known is not None
        hidden = SourcingPlan.model_validate(instance.known.plan)
        assert instance.evaluate(hidden).feasible
        _agree(instance, hidden)
        for number in range(3):
            _agree(instance, _any_plan(instance, random.Random(seed * 100 + number)))


# --- two ways to an optimum --------------------------------------------------------------------------


def test_search_is_enumeration() -> None:
    """Where every quote comes in packs, the tree of structures finds what plain enumeration finds."""
    found = (instance for instance in map(_small, range(400)) if _packs(instance) and count(instance) <= 500)
    for instance in islice(found, 6):
        plain, tree = best_of(instance, plans(instance)), search(instance)
        assert (plain is None) == (tree is None)
        assert plain is None or tree is None or plain.value == tree.value


def _packs(instance: Sourcing) -> bool:
    return all(link.multiple is not None for link in instance.links.values())


# --- corrupted plans ------------------------------------------------------------------------------------


def _strict() -> Sourcing:
    """Return an instance of two parts and two periods in which almost every rule binds."""
    return Sourcing.parse(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "strict",
            "suppliers": {"supplier": ["S1", "S2", "S3"], "capacity": [30, 12, None], "on_time": [1, 0.9, 0.5]},
            "parts": {"part": ["a", "a", "b", "b"], "period": [1, 2, 1, 2], "demand": [20, 20, 10, 10]},
            "quotes": {
                "supplier": ["S1", "S2", "S1", "S2", "S3"],
                "part": ["a", "a", "b", "b", "a"],
                "price": [10, 11, 5, 6, 1],
                "capacity": [20, None, None, None, None],
                "minimum": [None, 6, None, None, None],
                "maximum": [None, 10, None, None, None],
                "multiple": [None, None, 5, None, None],
                "defects": [0.01, 0.05, 0, 0, 0],
            },
            "stock": {"part": ["a", "b"], "initial": [4, 0], "storage": [26, 20]},
            "shares": {
                "part": ["a", "a"],
                "supplier": [None, "S2"],
                "at_least": [None, 0.25],
                "at_most": [0.75, None],
            },
            "part_limits": {
                "part": ["a", "b"],
                "suppliers_at_most": [2, 1],
                "suppliers_at_least": [2, None],
                "defects_at_most": [0.025, None],
                "late_at_most": [0.05, None],
            },
            "suppliers_at_most": 2,
            "suppliers_at_least": 2,
            "current": {"award": {"supplier": ["S1", "S2"], "part": ["a", "a"]}, "at_most": 1},
            "required": {"supplier": ["S2"], "at_least": [10]},
        }
    )


A1, A2, A3 = ("S1", "a"), ("S2", "a"), ("S3", "a")
B1, B2 = ("S1", "b"), ("S2", "b")
GOOD: Orders = [(*A1, 1, 12), (*A2, 1, 10), (*A1, 2, 14), (*B1, 1, 10), (*B1, 2, 10)]


def _with(*changes: tuple[int, tuple[str, str, int, float]], drop: int | None = None) -> Orders:
    """Return the good orders with some replaced (or appended, at their number) or one dropped."""
    orders = dict(enumerate(GOOD)) | dict(changes)
    orders.pop(-1 if drop is None else drop, None)
    return list(orders.values())


CORRUPTIONS: dict[str, tuple[Orders, str]] = {
    "order lost": (_with(drop=2), "demand"),
    "order late": (_with((3, (*B1, 2, 10))), "demand"),
    "unit lost": (_with((2, (*A1, 2, 13))), "demand"),
    "nothing": ([], "demand"),
    "order behind the horizon": (_with((4, (*B1, 3, 10))), "horizon"),
    "supplier without quote": (_with((4, ("S3", "b", 2, 10))), "quote"),
    "unknown part": (_with((4, ("S1", "c", 2, 10))), "quote"),
    "unknown supplier": (_with((4, ("S9", "b", 2, 10))), "quote"),
    "half a pack": (_with((3, (*B1, 1, 12))), "multiple"),
    "order below the minimum": (_with((1, (*A2, 1, 5)), (5, (*A2, 2, 5))), "minimum"),
    "quote overloaded": (_with((0, (*A1, 1, 21))), "quote_capacity"),
    "supplier overloaded": (_with((1, (*A2, 1, 13))), "capacity"),
    "store overfull": (_with((0, (*A1, 1, 18)), (2, (*A1, 2, 8))), "storage"),
    "share too small": (_with((1, (*A2, 1, 8)), (2, (*A1, 2, 17))), "share_at_least"),
    "share too large": (_with((1, (*A2, 1, 8)), (0, (*A1, 1, 18))), "share_at_most"),
    "too many defects": (_with((0, (*A1, 1, 6)), (5, (*A2, 2, 12)), (2, (*A1, 2, 10))), "defects"),
    "too many late": (_with((5, (*A3, 2, 14)), drop=2), "late"),
    "third supplier of a part": (_with((5, (*A3, 2, 1))), "part_suppliers_at_most"),
    "second supplier of a part": (_with((4, (*B2, 2, 10))), "part_suppliers_at_most"),
    "only one supplier of a part": (_with((1, (*A1, 1, 8))), "part_suppliers_at_least"),
    "third supplier": (_with((5, (*A3, 2, 1))), "suppliers_at_most"),
    "only one supplier": (_with((1, (*A1, 1, 10))), "suppliers_at_least"),
    "too many new links": (_with((5, (*B2, 2, 1))), "switches"),
    "less than required": (_with((1, (*A2, 1, 9.5))), "required"),
    "order above the maximum": (_with((1, (*A2, 1, 9)), (5, (*A2, 2, 11))), "maximum"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_plan_is_refused(name: str) -> None:
    orders, rule = CORRUPTIONS[name]
    instance = _strict()
    assert instance.evaluate(_plan(GOOD)).violations == ()
    found = instance.evaluate(_plan(orders))
    assert not found.feasible
    assert rule in {violation.rule for violation in found.violations}
    _agree(instance, _plan(orders))


def test_tolerance_is_small() -> None:
    """A continuous limit counts as kept within 1e-9 relative to max(1, limit), no further."""
    instance = _strict()
    for quantity, kept in ((14 - 5e-9, True), (14 - 1e-6, False)):
        assert instance.evaluate(_plan(_with((2, (*A1, 2, quantity))))).feasible == kept


def test_orders_of_the_same_cell_add_up() -> None:
    instance = _strict()
    split = [*_with(drop=2), (*A1, 2, 10.0), (*A1, 2, 4.0), (*A2, 2, 0.0)]
    whole, parts = instance.evaluate(_plan(GOOD)), instance.evaluate(_plan(split))
    assert parts.feasible
    assert parts.exact == whole.exact
    assert parts.terms == whole.terms


# --- closed forms -------------------------------------------------------------------------------------------


def _one_part(quantity: float, **fields: Any) -> Fraction:
    """Return the value of one order of a part from a supplier that asks 10 for it."""
    data = {
        "problem": "sourcing",
        "version": 1,
        "name": "x",
        "suppliers": {"supplier": ["S"]},
        "parts": {"part": ["p"], "period": [1], "demand": [1]},
        "quotes": {"supplier": ["S"], "part": ["p"], "price": [10]},
    }
    found = Sourcing.parse(data | fields).evaluate(_plan([("S", "p", 1, quantity)])).exact
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("quantity", "all_units", "incremental"),
    [(9, 90, 90), (10, 80, 100), (10.5, 84, 104), (20, 100, 180), (30, 150, 230)],
)
def test_price_breaks(quantity: float, all_units: int, incremental: int) -> None:
    """From 10 units on 8, from 20 on 5: on every unit, or on the units above the break."""
    for kind, value in (("all_units", all_units), ("incremental", incremental)):
        breaks = {
            "supplier": ["S", "S"],
            "part": ["p", "p"],
            "from_quantity": [20, 10],
            "factor": [0.5, 0.8],
            "kind": [kind] * 2,
        }
        assert _one_part(quantity, discounts=breaks) == value


def test_terms_of_an_order() -> None:
    """Each term on its own: 3 units of which 1 is needed."""
    quotes = {"supplier": ["S"], "part": ["p"], "price": [10]}
    assert _one_part(3) == 30
    assert _one_part(3, suppliers={"supplier": ["S"], "fixed_cost": [7]}) == 37
    assert _one_part(3, quotes=quotes | {"fixed_cost": [2], "order_cost": [0.5]}) == Fraction("32.5")
    assert _one_part(3, stock={"part": ["p"], "holding_cost": [0.1], "initial": [1]}) == Fraction("30.3")
    assert _one_part(3, quotes=quotes | {"defects": [0.01]}, defect_cost=20) == Fraction("30.6")
    assert _one_part(3, suppliers={"supplier": ["S"], "on_time": [0.9]}, late_cost=4) == Fraction("31.2")
    assert _one_part(3, current={"award": {"supplier": [], "part": []}, "price": 5}) == 35


# --- symmetries -------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_symmetries_keep_the_optimum(seed: int) -> None:
    """Renaming and shuffling keep the optimum, money scales it."""
    instance = _small(seed)
    best = optimum(instance)
    for changed, factor in ((permuted(instance, seed), 1), (scaled_money(instance, 7), 7)):
        found = optimum(changed)
        assert (found is None) == (best is None)
        if best is not None and found is not None:
            assert float(found.value) == pytest.approx(factor * float(best.value), rel=1e-9, abs=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_scaled_money_scales_every_plan(seed: int) -> None:
    instance = _small(seed)
    plan = _any_plan(instance, random.Random(seed))
    value, scaled = instance.evaluate(plan).exact, scaled_money(instance, 7).evaluate(plan).exact
    assert scaled == (None if value is None else 7 * value)


def test_order_of_the_orders_does_not_matter() -> None:
    for seed in range(20):
        instance = _small(seed)
        plan = _any_plan(instance, random.Random(seed))
        turned = SourcingPlan(orders=plan.orders[::-1])
        assert instance.evaluate(plan).exact == instance.evaluate(turned).exact
