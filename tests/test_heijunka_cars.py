"""Car sequencing by local search: what is carried along is what it says, locks hold, bounds are bounds."""

import itertools
import random
from typing import Any

import pytest

import jitopt
from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics import heijunka_cars
from jitopt.heuristics._heijunka_cars import cars_of, products_of, walk_of
from jitopt.heuristics._heijunka_cars_bound import PAIRS, _below, _by_blocks, _by_states, _together, least, raised
from jitopt.heuristics.context import LocalContext

KERNELS = jit.plain(heijunka_cars.TABLES)
WALKING = jit.plain(heijunka_cars.KERNELS)


def made(seed, hard=False, measure="sum_violated", **more):
    """Return a random instance of 12 to 30 cars with three ratio rules."""
    dice = random.Random(seed)
    classes, rules = dice.randint(3, 6), 3
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": "cars",
        "products": {
            "product": [f"c{c}" for c in range(classes)],
            "demand": [dice.randint(2, 6) for _ in range(classes)],
        },
        "ratios": {
            "ratio": [f"r{r}" for r in range(rules)],
            "at_most": [1, 2, 1],
            "in_any": [2, 3, dice.randint(3, 6)],
            "weight": [1, 2, 3],
            "hard": [hard] * rules,
        },
        "options": {"product": [], "ratio": []},
        "objective": [{"term": "ratio", "measure": measure}],
    }
    for c, r in itertools.product(range(classes), range(rules)):
        if dice.random() < 0.4 or c == r:
            data["options"]["product"].append(f"c{c}")
            data["options"]["ratio"].append(f"r{r}")
    return jitopt.Heijunka.parse(data | more)


def cost(instance, sequence):
    ids = instance.products.product
    return instance.evaluate(jitopt.HeijunkaPlan(sequence=tuple(ids[row] for row in sequence))).objective


def walk_in(instance, seed):
    cars: Any = cars_of(instance)
    walk = walk_of(cars, heijunka_cars.spread(instance, cars), seed + 1, 0)
    KERNELS.begin(cars.rules, cars.carry, *walk.tables(), walk.sequence, walk.best, walk.state)
    return cars, walk


def cost_of(instance, cars, walk):
    return cost(instance, products_of(cars, walk.sequence, instance.products.demand).tolist())


@pytest.mark.parametrize("measure", ["sum_violated", "sum_absolute"])
def test_every_change_costs_what_it_was_said_to(measure):
    for seed in range(6):
        instance = made(seed, measure=measure)
        cars, walk = walk_in(instance, seed)
        dice, n = random.Random(seed), instance.slots
        for step in range(80):
            i, j = sorted(dice.sample(range(n), 2))
            if step % 2 == 0:
                change = KERNELS.swap_cost(cars.rules, cars.carry, walk.held, walk.turn, walk.sequence, i, j)
                KERNELS.swap(cars.rules, cars.carry, *walk.tables(), walk.sequence, i, j)
            else:
                change = KERNELS.reflect_cost(cars.rules, walk.held, i, j)
                KERNELS.reflect(cars.rules, cars.carry, *walk.tables(), walk.sequence, i, j)
            walk.state[KERNELS.VALUE] += change
            assert walk.state[KERNELS.VALUE] == cost_of(instance, cars, walk)
        above = {(r, w) for r in range(3) for w in range(n - int(cars.rules[r, 1]) + 1)
                 if walk.held[KERNELS.LOAD, r, w] > cars.rules[r, 0]}  # fmt: skip
        listed = walk.hot[1 : 1 + walk.hot[0]].tolist()
        assert {(at // n, at % n) for at in listed} == above and len(listed) == len(above)


@pytest.mark.parametrize("measure", ["sum_violated", "sum_absolute"])
def test_a_row_of_exchanges_costs_what_each_of_them_does(measure):
    instance = made(5, measure=measure, fixed={"position": [20], "product": ["c0"]})
    cars, walk = walk_in(instance, 5)
    n, reach = instance.slots, int(cars.rules[:, 1].max()) - 1
    assert n > 2 * reach + 4
    for i in range(n):
        walk.few[WALKING.LIMIT] = 1
        cheap = WALKING.look(cars.carry, walk.held, walk.turn, walk.sequence, cars.bar, walk.row, walk.few, i, 2, n)
        for j in range(2, n):
            if walk.sequence[i] == walk.sequence[j] or cars.locked[j] >= 0:
                assert walk.row[j - 2] > walk.few[WALKING.FAR] // 2
            elif abs(i - j) > reach:
                a, b = min(i, j), max(i, j)
                told = KERNELS.swap_cost(cars.rules, cars.carry, walk.held, walk.turn, walk.sequence, a, b)
                assert walk.row[j - 2] == told
        assert cheap == sum(int(k) <= 1 for k in walk.row[: n - 2])


def test_both_twins_walk_the_same_way():
    instance, found = made(3), []
    for compiled in (False, True):
        context = LocalContext(seed=5, work=2000, compiled=compiled)
        heijunka_cars.run(instance, context)
        found.append(context.plans)
    assert found[0] == found[1]


def test_optimum_of_small_ones_and_bounds_below_it():
    for seed in range(12):
        dice = random.Random(seed)
        slots, most, length = 9, dice.randint(1, 2), dice.randint(3, 5)
        for excess in (False, True):
            ones = dice.randint(2, 8)
            true = min(
                sum(
                    (max(0, over) if excess else over > 0)
                    for w in range(slots - length + 1)
                    for over in [sum(w <= t < w + length for t in chosen) - most]
                )
                for chosen in itertools.combinations(range(slots), ones)
            )
            assert _by_states(slots, ones, most, length, excess) == true
            assert 0 <= _by_blocks(slots, ones, most, length, excess) <= true


def two_rules(seed, measure):
    """Return an instance of 5 to 9 cars with two rules, every kind of unit in it.

    Seed 0: a single window, which one breach fills with more units than its rule has breaches.
    """
    dice = random.Random(seed)
    rules = [sorted((dice.randint(1, 2), dice.randint(2, 4))) for _ in range(2)] if seed else [(1, 6), (1, 2)]
    carried = {"p0": [], "p1": ["r0"], "p2": ["r1"], "p3": ["r0", "r1"]}
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": "two",
        "products": {
            "product": list(carried),
            "demand": [1, dice.randint(1, 3), dice.randint(1, 3), 2] if seed else [1, 2, 1, 2],
        },
        "ratios": {
            "ratio": ["r0", "r1"],
            "at_most": [most for most, _ in rules],
            "in_any": [max(most + 1, length) for most, length in rules],
            "weight": [1, dice.randint(1, 3)],
        },
        "options": {
            "product": [p for p, held in carried.items() for _ in held],
            "ratio": [ratio for held in carried.values() for ratio in held],
        },
        "objective": [{"term": "ratio", "measure": measure}],
    }
    return jitopt.Heijunka.parse(data)


def never():
    return False


@pytest.mark.parametrize("measure", ["sum_violated", "sum_absolute"])
def test_two_rules_together_cost_what_their_best_sequence_does(measure, monkeypatch):
    kernels, higher = jit.plain(PAIRS), []
    for seed in range(5):
        instance = two_rules(seed, measure)
        cars: Any = cars_of(instance)
        demand = instance.products.demand
        units = [row for row, d in enumerate(demand) for _ in range(d)]
        true = min(cost(instance, order) for order in set(itertools.permutations(units)))
        assert _together(cars, demand, (0, 1), kernels, 10_000, never) == true
        assert _below(cars, demand, (0, 1), kernels, true + 1, never) == true
        assert true == 0 or _below(cars, demand, (0, 1), kernels, true, never) == true
        assert max([least(cars, demand), *raised(cars, demand, kernels, lambda: 10_000, never)]) == true
        if true > least(cars, demand):
            higher.append((instance, true))
    # The search proves its plan by it, beside looking for a better one, and ends.
    instance, true = higher[0]
    monkeypatch.setattr(heijunka_cars, "ASIDE", 0.0)
    context = LocalContext(limit=60, compiled=False)
    heijunka_cars.run(instance, context)
    assert context.remaining() > 0
    assert context.bounds[-1] == true == instance.evaluate(context.plans[-1]).objective


def test_bounds_of_pairs_are_below_every_plan():
    for seed in [seed for seed in range(30) if made(seed).slots <= 14][:3]:
        instance = made(seed)
        cars: Any = cars_of(instance)
        context = LocalContext(seed=seed, work=1500, compiled=False)
        heijunka_cars.run(instance, context)
        best = min(instance.evaluate(plan).objective for plan in context.plans)
        cut = int(best / float(cars.unit)) + 1
        bounds = raised(cars, instance.products.demand, jit.plain(PAIRS), itertools.repeat(cut).__next__, never)
        assert all(bound < cut for bound in bounds)


def test_bound_plans_and_start():
    for seed in range(8):
        instance = made(seed)
        cars: Any = cars_of(instance)
        context = LocalContext(seed=seed, work=1500, compiled=False)
        heijunka_cars.run(instance, context)
        best = min(instance.evaluate(plan).objective for plan in context.plans)
        assert float(least(cars, instance.products.demand) * cars.unit) <= best
        again = LocalContext(seed=seed + 1, work=10, start=context.plans[-1], compiled=False)
        heijunka_cars.run(instance, again)
        assert min(instance.evaluate(plan).objective for plan in again.plans) <= best


def test_frozen_and_fixed_slots_stay():
    instance = made(4)
    order = [p for p, d in zip(instance.products.product, instance.products.demand, strict=True) for _ in range(d)]
    locked = made(4, current={"sequence": order}, frozen=3, fixed={"position": [len(order)], "product": [order[3]]})
    context = LocalContext(seed=1, work=1000, compiled=False)
    heijunka_cars.run(locked, context)
    assert context.plans and all(locked.evaluate(plan).feasible for plan in context.plans)


def test_hard_rules_alone_are_kept_or_nothing_is_said():
    for seed in range(5):
        instance = made(seed, hard=True)
        context = LocalContext(seed=1, work=800, compiled=False)
        heijunka_cars.run(instance, context)
        assert all(instance.evaluate(plan).feasible for plan in context.plans)
    hard: Any = jitopt.library().read("dincbas_ten_cars_hard")
    context = LocalContext(seed=1, work=20000, compiled=False)
    heijunka_cars.run(hard, context)
    assert context.plans and hard.evaluate(context.plans[-1]).feasible


def test_it_says_where_it_does_not_apply():
    data = made(1).to_dict()
    data["objective"].append({"term": "rate"})
    with pytest.raises(NotApplicableError, match="rate"):
        heijunka_cars.run(jitopt.Heijunka.parse(data), LocalContext())


def test_auto_finds_the_published_optimum_of_ten_cars():
    instance = jitopt.library().read("dincbas_ten_cars")
    result = jitopt.solve(instance, time_limit=20)
    assert result.objective == 0 and result.status == "optimal"
