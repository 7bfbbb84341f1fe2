"""Changeovers from what was built before slot 1: every method that takes them against enumeration."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

import jitopt
from jitopt import jit
from jitopt.heuristics import heijunka_level
from jitopt.heuristics._heijunka_fill import fill, keep, measure
from jitopt.heuristics._heijunka_flat import flatten
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_start import chase, spread
from jitopt.heuristics._kernels import heijunka_state as at
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

MEASURES = ("sum_absolute", "sum_squared", "max_absolute", "max_squared")
EXACT = ("heijunka_cumulative_pyomo", "heijunka_order_cpsat")
KERNELS = jit.plain("jitopt.heuristics._kernels.heijunka_level")


def drawn(seed: int, measure: str, table: bool, alone: bool = False) -> Any:
    """Return a tiny sequence that continues `previous`; D has no demand, and `alone` none but A has."""
    dice = random.Random(f"{seed} {measure} {table}")
    names = ("A", "B", "C", "D")
    demand = [2, 0, 0] if alone else [dice.randint(1, 2) for _ in "ABC"]
    data = {
        "problem": "heijunka",
        "version": 1,
        "name": "after",
        "products": {"product": list(names), "demand": [*demand, 0]},
        "previous": [dice.choice(names) for _ in range(dice.randint(1, 3))],
        "objective": [{"term": "changeover", "measure": measure, "weight": dice.choice((0.5, 1, 2))}],
    }
    if table:
        pairs = [pair for pair in itertools.product(names, names) if dice.random() < 0.8]
        data["changeovers"] = {
            "before": [before for before, _ in pairs],
            "after": [after for _, after in pairs],
            "cost": [dice.choice((0, 1, 2, 3.5, 5)) for _ in pairs],
        }
    return Heijunka.parse(data)


def orders(instance: Any) -> set[tuple[str, ...]]:
    """Return all sequences that meet the demand."""
    table = instance.products
    units = [name for name, demand in zip(table.product, table.demand, strict=True) for _ in range(demand)]
    return set(itertools.permutations(units))


def chased(flat: Any) -> Any:
    """Return the plan of goal chasing."""
    return chase(flat, False, lambda: False)


def cost_of(instance: Any, order: tuple[str, ...]) -> float:
    """Return the price of the changeovers, from the words of the page alone."""
    term, table = instance.objective[0], instance.changeovers
    costs = dict(zip(zip(table.before, table.after, strict=True), table.cost, strict=True)) if table else None
    chain = (instance.previous[-1], *order)
    values = [float(a != b) if costs is None else float(costs.get((a, b), 0)) for a, b in itertools.pairwise(chain)]
    values = [value**2 if term.measure.endswith("squared") else value for value in values]
    return float(term.weight) * (max(values) if term.measure.startswith("max") else sum(values))


def previous_matters(instance: Any) -> bool:
    """Tell whether the cheapest sequence costs less where nothing was built before."""
    found = [(cost_of(instance, order), instance.replace(previous=None), order) for order in orders(instance)]
    free = min(one.evaluate(HeijunkaPlan(sequence=order)).objective for _, one, order in found)
    return bool(min(cost for cost, _, _ in found) > free)


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("measure", MEASURES)
def test_the_roads_find_the_cheapest_sequence_behind_what_was_built(measure, table):
    alone = not table and measure.startswith("max")  # Among several products there is a change in any case.
    makes = (drawn(seed, measure, table, alone) for seed in itertools.count())
    instance = next(one for one in makes if previous_matters(one))
    best = min(cost_of(instance, order) for order in orders(instance))
    for method in EXACT:
        result = jitopt.solve(instance, method=method, time_limit=20, threads=1)
        assert result.status == "optimal", method
        assert result.objective == pytest.approx(best, rel=1e-6, abs=1e-6), method
    context = LocalContext(seed=1, work=8000, compiled=False)
    heijunka_level.run(instance, context)
    assert min(instance.evaluate(plan).objective for plan in context.plans) == pytest.approx(best)
    assert max(context.bounds) <= best + 1e-9


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("kind", MEASURES)
def test_the_search_knows_the_pair_before_slot_1(kind, table):
    for seed in range(12):
        instance = drawn(seed, kind, table)
        flat = flatten(instance)
        ids = instance.products.product
        for plan in (spread(flat), chased(flat)):
            assert measure(flat, plan)[1] == pytest.approx(cost_of(instance, tuple(ids[row] for row in plan)))
        keep(flat, spread(flat))
        ints, reals = flat.arrays.ints, flat.arrays.reals
        reals[at.WARMTH], reals[at.COOLING], reals[at.TARGET] = 1.0, 1.0, -np.inf
        KERNELS.improve(ints, reals, 60)
        carried, best = float(reals[at.OBJECTIVE]), float(reals[at.BEST])
        row = flat.arrays[at.BEST_PLAN]
        assert best == pytest.approx(cost_of(instance, tuple(ids[place] for place in row)))
        fill(flat, flat.arrays[at.SEQUENCE].copy())
        assert carried == pytest.approx(float(reals[at.OBJECTIVE]), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_bound_counts_the_change_from_a_product_that_is_not_built_again(measure):
    for seed in range(20):
        instance = drawn(seed, measure, False)
        best = min(cost_of(instance, order) for order in orders(instance))
        assert rounding_bound(instance) == pytest.approx(best)


def test_goal_chasing_begins_with_the_product_that_needs_no_change():
    instance = drawn(0, "sum_absolute", False).replace(previous=["C"])
    flat = flatten(instance)
    assert chased(flat)[0] == 2


def test_previous_alone_keeps_no_method_away():
    """Where neither changeovers nor colours are priced, what was built before changes nothing."""
    data = drawn(0, "sum_absolute", False).to_dict() | {"objective": [{"term": "rate", "measure": "sum_squared"}]}
    after = Heijunka.parse(data)
    before = after.replace(previous=None)
    assert after.forms() == before.forms() >= {"rate_sum", "level"}
    results = [jitopt.solve(one, method="heijunka_assign", time_limit=10) for one in (after, before)]
    assert results[0].status == results[1].status == "optimal"
    assert results[0].objective == results[1].objective
    assert after.evaluate(HeijunkaPlan.model_validate(results[0].plan)).objective == results[0].objective


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("method", EXACT)
def test_colours_and_changeovers_both_follow_what_was_built(method, table):
    paint = {"term": "colour_changes", "measure": "sum_absolute", "weight": 1}
    data = drawn(3, "sum_absolute", table).to_dict()
    data["objective"] = [*data["objective"], paint]
    data["products"]["colour"] = ["red", "blue", "red", "blue"]
    data["previous"] = ["D"]
    instance = Heijunka.parse(data)
    colour = dict(zip(instance.products.product, data["products"]["colour"], strict=True))

    def priced(order: tuple[str, ...]) -> float:
        return cost_of(instance, order) + sum(colour[a] != colour[b] for a, b in itertools.pairwise(("D", *order)))

    result = jitopt.solve(instance, method=method, time_limit=20, threads=1)
    assert result.status == "optimal"
    assert result.objective == pytest.approx(min(map(priced, orders(instance))), rel=1e-6, abs=1e-6)
