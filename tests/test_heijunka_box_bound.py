"""The bound of heijunka boxes: every product by itself, priced units and minutes, against enumeration."""

from __future__ import annotations

import math
from functools import cache
from itertools import product as cartesian
from typing import Any

import numpy as np
import pytest

from jitopt import jit
from jitopt.generators import generate
from jitopt.generators.small_box import random_small_box
from jitopt.heuristics._heijunka_box import box_of
from jitopt.heuristics._heijunka_box_bound import BoxBound
from jitopt.heuristics._heijunka_box_lanes import _usable
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._kernels import heijunka_box_bound as at
from jitopt.heuristics.heijunka_box import BOUND
from jitopt.problems.heijunka import Heijunka
from jitopt.testing import optimum

PLAIN = jit.plain(BOUND)


@cache
def best_value(seed: int) -> float | None:
    """Return the enumerated optimum of a small box."""
    best = optimum(random_small_box(seed))
    return None if best is None else float(best.value)


def bound_of(instance: Heijunka, upper: float = math.inf, kernels: Any = PLAIN) -> BoxBound:
    box = box_of(instance)
    assert box is not None
    return BoxBound(instance, box, kernels, upper)


# --- one product by itself -------------------------------------------------------------------------


def random_lane(rng: np.random.Generator) -> at.Lanes:
    """Draw one product: some packs over some buckets, with any costs, limits and prices."""
    slots, total = int(rng.integers(2, 6)), int(rng.integers(1, 5))
    low, high = np.zeros(slots + 1, dtype=np.int64), np.full(slots + 1, total, dtype=np.int64)
    high[0], low[-1] = 0, total
    for s in range(1, slots):
        if rng.random() < 0.4:
            low[s] = rng.integers(low[s - 1], total + 1)
        if rng.random() < 0.4:
            high[s] = max(low[s], rng.integers(0, total + 1))
    width = high - low + 1
    bucket = np.zeros((6, 1, slots), dtype=np.int64)
    bucket[at.MOST] = rng.integers(1, total + 1, slots)
    bucket[at.LEAST] = np.minimum(bucket[at.MOST], rng.integers(0, 2, slots) * (rng.random(slots) < 0.2))
    bucket[at.PACK], bucket[at.CHANGE] = rng.integers(-9, 10, slots), rng.integers(0, 15, slots)
    return at.Lanes(
        state=np.array((np.cumsum(width) - width, low, high))[:, None, :],
        bucket=bucket,
        row=np.zeros((2, 1), dtype=np.int64),
        cost=rng.integers(0, 20, width.sum()),
        reached=np.zeros((2, width.sum()), dtype=np.int64),
    )


def longest_gap(packs: tuple[int, ...]) -> int:
    return max(len(gap) for gap in "".join("x" if count else "." for count in packs).split("x"))


def cost_of(lanes: at.Lanes, packs: tuple[int, ...]) -> int | None:
    """Return what a plan of the one product costs, None where it may not be."""
    cost, built = 0, 0
    for s, count in enumerate(packs, 1):
        first, low, high = lanes.state[:, 0, s].tolist()
        least, most, pack, change = lanes.bucket[:4, 0, s - 1].tolist()
        built += count
        if not (least <= count <= most and low <= built <= high):
            return None
        cost += lanes.cost[first + built - low] + count * pack
        cost += change if count and (s == 1 or not packs[s - 2]) else 0
    return int(cost)


def test_cheapest_plan_of_a_product_is_that_of_enumeration() -> None:
    possible = 0
    for seed in range(60):
        lanes = random_lane(np.random.default_rng(seed))
        slots, total = lanes.bucket.shape[2], int(lanes.state[at.LOW, 0, -1])
        plans = [plan for plan in cartesian(range(total + 1), repeat=slots) if sum(plan) == total]
        costs = {plan: cost for plan in plans if (cost := cost_of(lanes, plan)) is not None}
        for limit in (at.NO_LIMIT, *range(slots + 1)):
            within = [cost for plan, cost in costs.items() if limit == at.NO_LIMIT or longest_gap(plan) <= limit]
            PLAIN.cheapest(lanes, 0, 1, limit)
            if not within:
                assert lanes.row[at.VALUE, 0] >= at.HUGE
                continue
            possible += 1
            plan = tuple(lanes.bucket[at.PACKS, 0].tolist())
            starts = [int(count > 0 and (s == 0 or not plan[s - 1])) for s, count in enumerate(plan)]
            assert lanes.row[at.VALUE, 0] == min(within) == costs[plan]
            assert lanes.row[at.GAP, 0] == longest_gap(plan)
            assert lanes.bucket[at.STARTS, 0].tolist() == starts
    assert possible > 150


def test_usable_time_is_the_largest_sum_of_work_and_changeovers() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        available = int(rng.integers(0, 40))
        packs, setups = rng.integers(0, 15, 3).tolist(), rng.integers(0, 15, 3).tolist()
        sums = {
            sum(n * pack for n, pack in zip(counts, packs, strict=True))
            + sum(setup for setup, used in zip(setups, chosen, strict=True) if used)
            for counts in cartesian(*(range(available // pack + 1 if pack else 1) for pack in packs))
            for chosen in cartesian((0, 1), repeat=3)
        }
        assert _usable(available, packs, setups) == max(value for value in sums if value <= available)
    assert _usable(10_000_007, [200, 300], [500]) == 10_000_000


# --- all together ------------------------------------------------------------------------------------


SEEDS = (2, 6, 11, 12, 14, 22, 23, 26, 27, 28)
"""Boxes with and without a plan, most of them with sums."""


def test_bound_is_below_enumerated_optima_and_often_reaches_them() -> None:
    reached = above_rounding = solvable = 0
    for seed in SEEDS:
        instance, best = random_small_box(seed), best_value(seed)
        if best is None:
            found = bound_of(instance)
            found.ascend(20, lambda: False)
            assert math.isfinite(found.value)
            continue
        solvable += 1
        least = rounding_bound(instance)
        for upper in (math.inf, best):
            found = bound_of(instance, upper)
            found.ascend(15, lambda: False)
            assert least <= found.value <= best + 1e-9, (seed, upper)
        reached += found.value > best - 1e-6
        above_rounding += found.value > least + 1e-6
    assert solvable >= 7 and reached >= 3 and above_rounding >= 5


def test_any_prices_give_a_bound() -> None:
    tight = 0.0
    for seed in SEEDS:
        best = best_value(seed)
        if best is None:
            continue
        found, rng = bound_of(random_small_box(seed)), np.random.default_rng(seed)
        for size in (0.01, 0.1, 1.0, 1e12):
            found.prices[:] = rng.normal(0.0, size, found.prices.shape) * (rng.random(found.prices.shape) < 0.5)
            found.prices[1] = np.abs(found.prices[1])
            value = found._evaluate()[0]
            assert value <= best + 1e-9, (seed, size)
            tight = max(tight, value / best if best else 0.0)
    assert tight > 0.9


def test_a_box_that_is_only_dear_by_its_due_dates_and_changeovers() -> None:
    """Four A of two packs and two B; by hand: A is due on day 1, so that it is 1 early twice; two changeovers."""
    data = {
        "problem": "heijunka", "version": 1, "name": "hand",
        "products": {"product": ["A", "B"], "pack": [2, 2]},
        "demands": {"product": ["A", "B"], "day": [1, 2], "quantity": [4, 4]},
        "box": {"buckets": 4, "capacity": 2, "days": 2},
        "objective": [{"term": "rate", "measure": "sum_absolute"}, {"term": "changeover"}],
        "previous": [],
    }  # fmt: skip
    instance = Heijunka.parse(data)
    best = optimum(instance)
    assert best is not None and best.value == 2 * (1 + 2 + 1) + 2
    found = bound_of(instance)
    found.ascend(30, lambda: False)
    assert rounding_bound(instance) == pytest.approx(4.0)
    assert found.value == pytest.approx(10.0)


@pytest.fixture(scope="module")
def made() -> Any:
    objective = "rate, volume, epei:max_absolute:5, changeover:sum_absolute:0.5"
    return generate("heijunka", seed=1, products=5, units=160, buckets=32, days=4, pack=2, minutes=0.9, setup=1.0,
                    stock=6, headroom=4, objective=objective)  # fmt: skip


def test_bound_of_a_made_box_is_near_and_holds(made: Any) -> None:
    kernels = jit.compiled(BOUND)
    loose, found = bound_of(made, kernels=kernels), bound_of(made, made.known.upper, kernels)
    for bound in (loose, found):
        bound.ascend(120, lambda: False)
        assert 0.7 * made.known.upper < bound.value <= made.known.upper
    assert found.value > 1.05 * rounding_bound(made)
    # Prices that were found before are a good begin.
    again = BoxBound(made, box_of(made), kernels, made.known.upper, found.best_prices)  # type: ignore[arg-type]
    again.ascend(1, lambda: False)
    assert again.value == pytest.approx(found.value)


def test_twins_evaluate_alike(made: Any) -> None:
    values = []
    for kernels in (PLAIN, jit.compiled(BOUND)):
        found = bound_of(made, made.known.upper, kernels)
        found.ascend(3, lambda: False)
        values.append((found.value, found.prices.tolist()))
    assert values[0] == values[1]


def test_too_many_states_leave_the_rounding_bound(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitopt.heuristics._heijunka_box_lanes.STATES", 10)
    found = bound_of(made)
    assert not found.ascend(3, lambda: False)
    assert found.value == rounding_bound(made)
