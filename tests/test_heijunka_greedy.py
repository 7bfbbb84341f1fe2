"""The greedy constructions of a level sequence against their rules, straight from the definitions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

import jitopt
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka

GREEDY = ("goal_chasing", "goal_chasing_2", "two_steps", "nearest_integer", "earliest_due")


def instance(demand: list[int], measure: str = "sum_squared", **more: Any) -> Heijunka:
    products = {"product": [f"P{row}" for row in range(len(demand))], "demand": demand, **more.pop("products", {})}
    data = {"name": "rates", "products": products, "objective": [{"term": "rate", "measure": measure}], **more}
    return Heijunka.parse({"problem": "heijunka", "version": 1, **data})


def greedy(asked: Heijunka, name: str, compiled: bool = False) -> list[int]:
    context = LocalContext(limit=100.0, compiled=compiled)
    jitopt.method(f"heijunka_{name}").load().run(asked, context)
    assert asked.evaluate(context.plans[0]).feasible
    return [asked.index[product] for product in context.plans[0].sequence]


def square(asked: Heijunka, built: list[int], slot: int) -> Fraction:
    """Return the squared deviations of rates and usages after a slot, from the definition."""
    ideal = [Fraction(slot * number, asked.units) for number in asked.products.demand]
    gaps = [done - wanted for done, wanted in zip(built, ideal, strict=True)]
    parts = [weight * sum(gaps[row] * used for row, used in users) ** 2 for weight, users in asked.usage.values()]
    return sum((w * gap**2 for w, gap in zip(asked.weights, gaps, strict=True)), sum(parts, Fraction(0)))


MIXED: dict[str, Any] = {
    "objective": [{"term": "rate"}, {"term": "usage"}],
    "bill": {"product": ["P0", "P0", "P1", "P2"], "part": ["a", "b", "a", "b"], "quantity": [1.0, 2.0, 1.0, 3.0]},
}


@pytest.mark.parametrize(("demand", "more"), [([7, 5, 3, 1], {}), ([5, 4, 3], MIXED)])
def test_goal_chasing_takes_the_least_square_and_two_steps_the_least_sum(
    demand: list[int], more: dict[str, Any]
) -> None:
    asked = instance(demand, **more)
    for name, steps in (("goal_chasing", 1), ("two_steps", 2)):
        built = [0] * len(demand)

        def ahead(slot: int, state: list[int], depth: int) -> Fraction:
            """Return the least squares of the next slots that a state can still reach."""
            if not depth or slot == asked.units:
                return Fraction(0)
            after = [
                [n + (a == row) for a, n in enumerate(state)] for row in range(len(state)) if state[row] < demand[row]
            ]
            return min(square(asked, one, slot + 1) + ahead(slot + 1, one, depth - 1) for one in after)

        for slot, row in enumerate(greedy(asked, name)):
            before = ahead(slot, built, steps)
            built[row] += 1
            taken = square(asked, built, slot + 1) + ahead(slot + 1, built, steps - 1)
            assert taken == before


def test_the_second_goal_chasing_takes_the_largest_lag_of_parts() -> None:
    """Monden's rule for parts used once or not at all: the largest sum of what the product's parts lag behind."""
    bill = {"product": ["P0", "P0", "P1", "P2", "P2"], "part": ["a", "b", "b", "a", "c"], "quantity": [1.0] * 5}
    asked = instance([4, 5, 6], bill=bill, objective=[{"term": "usage"}])
    built = [0, 0, 0]
    for slot, row in enumerate(greedy(asked, "goal_chasing_2"), 1):
        gaps = [Fraction(slot * number, asked.units) - done for number, done in zip((4, 5, 6), built, strict=True)]
        lags = [
            sum(sum(gaps[r] * used for r, used in users) for _, users in asked.usage.values() if a in dict(users))
            for a in range(3)
        ]
        possible = [lags[a] for a in range(3) if built[a] < (4, 5, 6)[a]]
        assert lags[row] == max(possible)
        built[row] += 1


def test_nearest_points_are_followed_where_they_rise() -> None:
    demand = [11, 7, 3, 2]
    units, rows = sum(demand), greedy(instance(demand), "nearest_integer")
    points = []
    for slot in range(units + 1):
        down = [slot * number // units for number in demand]
        rests = sorted(range(4), key=lambda a: (-(slot * demand[a] % units), a))
        points.append([n + (a in rests[: slot - sum(down)]) for a, n in enumerate(down)])
    built, met = [0] * 4, 0
    for slot, row in enumerate(rows, 1):
        built[row] += 1
        met += built == points[slot]
    rising = sum(all(a <= b for a, b in zip(p, q, strict=True)) for p, q in pairwise(points))
    assert met >= rising - (units - rising)
    assert built == demand


@pytest.mark.parametrize("name", GREEDY)
def test_greedy_twins_build_the_same(name: str) -> None:
    for asked in (instance([41, 23, 11, 5]), instance([5, 4, 3], **MIXED)):
        assert greedy(asked, name) == greedy_compiled(asked, name)


def greedy_compiled(asked: Heijunka, name: str) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jitopt.heuristics._heijunka_chasing.FEW", 0)
        return greedy(asked, name, compiled=True)
