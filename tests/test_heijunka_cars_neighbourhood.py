"""Neighbourhoods of car sequences by CP-SAT: what they cost, what they keep, where they end.

The models are solved in the worker process, as ever: this process imports no solver.
"""

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jitopt
from jitopt.heuristics._heijunka_cars import cars_of, products_of
from jitopt.heuristics._heijunka_cars_count import breaks, cost, greedy

NAME = "heijunka_cars_neighbourhood"


def made(seed, demand, hard=(False, False, False), measure="sum_violated", **more):
    """Return an instance with a class of cars for each number of `demand`, and three ratio rules of prices 1, 2, 3."""
    dice, classes = random.Random(seed), [f"c{k}" for k in range(len(demand))]
    pairs = [(c, r) for k, c in enumerate(classes) for r in range(3) if dice.random() < 0.4 or k == r]
    data = {
        "problem": "heijunka",
        "version": 1,
        "name": "cars",
        "products": {"product": classes, "demand": demand},
        "ratios": {
            "ratio": ["r0", "r1", "r2"],
            "at_most": [1, 2, 1],
            "in_any": [2, 3, 4],
            "weight": [1, 2, 3],
            "hard": list(hard),
        },
        "options": {"product": [c for c, _ in pairs], "ratio": [f"r{r}" for _, r in pairs]},
        "objective": [{"term": "ratio", "measure": measure}],
    }
    return jitopt.Heijunka.parse(data | more)


def plan_of(instance, rows):
    return jitopt.HeijunkaPlan(sequence=tuple(instance.products.product[row] for row in rows))


def begun(instance) -> Any:
    """Return the arrays of an instance, and its greedy sequence of classes."""
    cars: Any = cars_of(instance)
    return cars, greedy(cars, instance.products.demand, bool)


def judged(instance):
    """Return the objective of every sequence that keeps the rules, with the sequence, cheapest first."""
    units = [row for row, demand in enumerate(instance.products.demand) for _ in range(demand)]
    found = []
    for rows in set(itertools.permutations(units)):
        told = instance.evaluate(plan_of(instance, rows))
        if not told.violations:
            found.append((told.objective, rows))
    return sorted(found)


def searched(instance, start=None, **settings):
    result = jitopt.solve(instance, method=NAME, start=start, **{"time_limit": 20, "threads": 1, **settings})
    assert result.warnings == ()
    assert jitopt.audit(instance, result.to_dict()) == []
    return result


@pytest.mark.parametrize("measure", ["sum_violated", "sum_absolute"])
@pytest.mark.parametrize(
    ("hard", "more"),
    [
        ((False, False, False), {}),
        ((False, True, False), {}),
        ((False, False, False), {"fixed": {"position": [3, 6], "product": ["c1", "c0"]}}),
    ],
)
def test_from_the_worst_sequence_it_reaches_the_best(measure, hard, more):
    for seed in (1, 2):
        instance = made(seed, [3, 2, 1, 1], hard, measure, **more)
        every = judged(instance)
        (best, _), (_, worst) = every[0], every[-1]
        for start in (plan_of(instance, worst), None):
            assert searched(instance, start).objective == best


def test_frozen_slots_and_those_of_a_plan_that_is_kept_stay():
    first = ["c0", "c0", "c1"]
    rest = ["c0", "c1", "c2", "c2", "c3"]
    instance = made(3, [3, 2, 2, 1], frozen=3, current={"sequence": first + rest})
    found = searched(instance)
    assert list(found.plan.sequence[:3]) == first
    assert found.objective == judged(instance)[0][0]


def test_what_cannot_be_kept_is_not_reported():
    instance = made(1, [6, 1, 1], hard=(True, False, False))
    assert judged(instance) == []
    result = searched(instance)
    assert (result.status, result.plan) == ("no_plan", None)


def test_work_alone_decides_in_deterministic_mode():
    instance = made(5, [9, 8, 7, 6, 5, 4])
    start = plan_of(instance, sorted(row for row, units in enumerate(instance.products.demand) for _ in range(units)))
    settings = {"deterministic": True, "work_limit": 0.3, "seed": 4}
    one, two = (searched(instance, start, **settings) for _ in range(2))
    assert one.plan == two.plan
    assert one.objective < instance.evaluate(start).objective


def test_it_is_stopped_in_the_middle_and_never_worse_than_the_start():
    """A large instance: the clock runs out while models are being made and solved, in two threads."""
    dice = random.Random(1)
    instance = made(7, [dice.randint(10, 40) for _ in range(16)])
    cars, classes = begun(instance)
    start = plan_of(instance, products_of(cars, classes, instance.products.demand))
    began = time.monotonic()
    result = searched(instance, start, time_limit=0.7, threads=2)
    assert time.monotonic() - began < 5
    assert result.stopped_by == "time_limit"
    assert result.objective <= instance.evaluate(start).objective


def test_auto_does_not_use_it():
    assert not next(method for method in jitopt.methods() if method.name == NAME).auto


@pytest.mark.parametrize("measure", ["sum_violated", "sum_absolute"])
def test_costs_are_those_of_the_judge(measure):
    for seed in range(8):
        instance = made(seed, [5, 4, 3, 2], (False, seed % 2 == 1, False), measure)
        dice = np.random.default_rng(seed)
        cars, first = begun(instance)
        classes = dice.permutation(first)
        told = instance.evaluate(plan_of(instance, products_of(cars, classes, instance.products.demand)))
        value, keeps = cost(cars, classes)
        assert keeps == (not told.violations)
        if keeps:
            assert value * cars.unit == told.objective
        assert (len(breaks(cars, classes)) > 0) == (value > 0)


def test_the_greedy_sequence_builds_what_is_asked_for():
    instance = made(4, [5, 4, 3, 2], fixed={"position": [2, 9], "product": ["c3", "c1"]})
    cars, classes = begun(instance)
    rows = products_of(cars, classes, instance.products.demand)
    assert instance.evaluate(plan_of(instance, rows)).violations == ()


REGIONS = """
import itertools, random
import numpy as np
from ortools.sat.python import cp_model
from jitopt.heuristics._heijunka_cars import cars_of
from jitopt.heuristics._heijunka_cars_count import cost, greedy
from jitopt.heuristics._heijunka_cars_region import INFEASIBLE, OPTIMAL, Region
from test_heijunka_cars_neighbourhood import made

solver = cp_model.CpSolver()
solver.parameters.num_workers = 1
ends = set()
for seed in range(30):
    dice = random.Random(seed)
    hard = (False, seed % 3 == 1, False)
    instance = made(seed, [5, 4, 3, 2, 2], hard, ["sum_violated", "sum_absolute"][seed % 2])
    cars = cars_of(instance)
    now = np.random.default_rng(seed).permutation(greedy(cars, instance.products.demand, bool))
    if seed % 3 == 0:
        now = greedy(cars, instance.products.demand, bool)
    slots = np.array(sorted(dice.sample(range(len(now)), dice.choice([2, 3, 5]))))
    every = []
    for rows in set(itertools.permutations(now[slots].tolist())) - {tuple(now[slots].tolist())}:
        other = now.copy()
        other[slots] = rows
        every.append(cost(cars, other)[0])
    best = min(every, default=None)
    region = Region(cars, now, slots, bool)
    status, found = region.solve(solver)
    if best is None or best > cost(cars, now)[0]:
        assert (status, found) == (INFEASIBLE, None), seed
    else:
        assert status == OPTIMAL and cost(cars, found)[0] == best, (seed, best)
        assert (np.delete(found, slots) == np.delete(now, slots)).all() and (found != now).any()
        assert sorted(found) == sorted(now)
    ends.add((status, best is not None and best < cost(cars, now)[0]))
assert len(ends) == 3, ends
print("well")
"""


def test_a_region_is_searched_to_the_best_that_enumeration_finds():
    """In a process of its own: this one imports no solver."""
    here = f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n"
    done = subprocess.run([sys.executable, "-c", here + REGIONS], capture_output=True, text=True, check=False)
    assert done.stdout == "well\n", done.stderr
