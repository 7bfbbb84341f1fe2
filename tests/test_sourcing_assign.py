"""The sourcing heuristic and its Lagrangian bound against the judge and enumeration."""

from __future__ import annotations

from typing import Any

import pytest
from _searches import keeps_its_promises
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.generators import generate, random_small
from jitopt.heuristics import sourcing_assign
from jitopt.heuristics._sourcing_bound import relax
from jitopt.heuristics._sourcing_links import few
from jitopt.heuristics.context import LocalContext
from jitopt.problems.sourcing import Sourcing
from jitopt.testing import optimum

SEEDS = st.integers(0, 499)


@settings(deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_its_bound_is_below_every_plan_and_its_plans_keep_the_rules(seed):
    instance: Any = random_small("sourcing", seed)
    context = LocalContext(seed=seed, work=60, compiled=False)
    sourcing_assign.run(instance, context)
    keeps_its_promises(instance, context)


@settings(deadline=None, max_examples=15)
@given(seed=SEEDS, target=st.floats(0.5, 3.0), steps=st.integers(1, 80))
def test_every_step_of_the_relaxation_is_a_bound(seed, target, steps):
    """Also towards a target that no plan reaches: any multipliers give a bound."""
    instance: Any = random_small("sourcing", seed)
    best = optimum(instance)
    relaxation = relax(instance)
    if best is None or relaxation is None:
        return
    for _ in range(steps):
        if not relaxation.improve(target * float(best.value)):
            break
    assert relaxation.bound <= float(best.value) * (1 + 1e-9) + 1e-9


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS)
def test_a_start_is_never_lost(seed):
    instance: Any = random_small("sourcing", seed)
    best = optimum(instance)
    if best is None:
        return
    context = LocalContext(seed=seed, work=0, start=best.plan, compiled=False)
    sourcing_assign.run(instance, context)
    found = [judged.objective for plan in context.plans if (judged := instance.evaluate(plan)).feasible]
    assert min(found) == pytest.approx(float(best.value), rel=1e-9, abs=1e-9)


def test_the_relaxation_closes_where_one_supplier_is_best_for_every_part():
    """Without fixed costs and limits the bound is the sum of needs times lowest prices."""
    instance = Sourcing.model_validate(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "two parts",
            "parts": {"part": ["p", "p", "q"], "period": [1, 2, 1], "demand": [10.0, 5.0, 7.0]},
            "suppliers": {"supplier": ["A", "B"]},
            "quotes": {"supplier": ["A", "B", "B"], "part": ["p", "p", "q"], "price": [3.0, 2.0, 4.0]},
        }
    )
    relaxation = relax(instance)
    assert relaxation is not None
    assert relaxation.bound == pytest.approx(15 * 2 + 7 * 4, rel=1e-7)


def test_the_relaxation_finds_the_price_of_a_capacity():
    """10 of 15 units come from the cheap supplier: 10 x 2 + 5 x 3, where the first bound is 15 x 2."""
    instance = Sourcing.model_validate(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "a short cheap supplier",
            "parts": {"part": ["p"], "period": [1], "demand": [15.0]},
            "suppliers": {"supplier": ["A", "B"], "capacity": [10.0, 100.0]},
            "quotes": {"supplier": ["A", "B"], "part": ["p", "p"], "price": [2.0, 3.0]},
        }
    )
    relaxation = relax(instance)
    assert relaxation is not None
    first = relaxation.bound
    while relaxation.improve(35.0):
        pass
    assert first == pytest.approx(30.0, rel=1e-6)
    assert relaxation.bound == pytest.approx(35.0, rel=1e-3)
    assert relaxation.bound <= 35.0


class _Impatient(LocalContext):
    """Says stop after a number of questions, and counts them."""

    def __init__(self, answers: int) -> None:
        super().__init__(limit=60.0, compiled=False)
        self.answers = answers

    def stopped(self) -> bool:
        self.answers -= 1
        return self.answers < 0


def _wide() -> Any:
    """Return an instance with more links than the first plan looks at."""
    instance = generate("sourcing", seed=3, suppliers=60, parts=100, periods=3)
    assert instance.size()["links"] > sourcing_assign.MANY
    return instance


def test_the_first_plan_of_many_links_is_made_of_a_few():
    instance = _wide()
    links = few(instance, sourcing_assign.FEW)
    assert len(links) < len(instance.links) / 4
    assert {link.part for link in links} == set(instance.demand)
    context = _Impatient(10**6)
    assert sourcing_assign._first(instance, context) < sourcing_assign.NOTHING
    assert instance.evaluate(context.plans[0]).feasible


@pytest.mark.parametrize("answers", [0, 1, 5, 40, 90])
def test_a_stop_is_heard_at_every_stage(answers):
    context = _Impatient(answers)
    sourcing_assign.run(_wide(), context)
    assert context.answers >= -3
