"""Many loops under many limits: bounds that hold, plans that fit, what the search does without compiled code."""

from __future__ import annotations

import numpy as np
import pytest
from kanban_instances import loops, options

from jitopt.heuristics import kanban_fill
from jitopt.heuristics._kanban_bound import Relaxation, loads_of
from jitopt.heuristics._kanban_relief import relieve
from jitopt.heuristics._kanban_smooth import sharpen
from jitopt.heuristics._kanban_world import flatten
from jitopt.heuristics.context import LocalContext
from jitopt.problems.kanban import Kanban


@pytest.fixture(scope="module")
def zoned() -> Kanban:
    """1,200 loops in 60 zones: too many limits for steps along the excess."""
    return Kanban.parse(options("spread", 1200, 60, seed=3))


def test_newton_steps_raise_the_bound_above_steps_along_the_excess(zoned: Kanban) -> None:
    world = flatten(zoned)
    assert world is not None
    slow, quick = Relaxation(world), Relaxation(world)
    for _ in range(300):
        slow.step(None)
    for _ in range(50):
        quick.step(None)
    sharpen(quick, lambda: False)
    assert quick.bound > slow.bound
    # A bound of the relaxation is what its own definition says of the prices.
    priced = world.cost + np.bincount(
        np.repeat(np.arange(len(world.cost)), np.diff(world.start)),
        weights=quick.best_prices[world.limit] * world.taken / world.capacity[world.limit],
        minlength=len(world.cost),
    )
    least = [priced[a:b].min() for a, b in zip(world.first[:-1], world.first[1:], strict=True)]
    assert quick.bound == pytest.approx(sum(least) - quick.best_prices.sum(), rel=1e-8)


@pytest.mark.parametrize("family", ["spread", "correlated", "tight", "raw", "several", "edge"])
def test_plans_fit_and_meet_the_bound(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The road of many columns, taken with few: a first plan without compiled code, and a gap that closes."""
    monkeypatch.setattr(kanban_fill, "PLAIN", 0)
    kind, digits = ("spread", 20) if family == "raw" else (family, 2)
    instance = Kanban.parse(options(kind, 800, 5, seed=2, digits=digits))
    context = LocalContext(limit=30.0, seed=1, work=50_000)
    kanban_fill.run(instance, context)
    found = [instance.evaluate(plan) for plan in context.plans]
    assert found and all(one.feasible for one in found)
    best = min(one.objective for one in found if one.objective is not None)
    assert max(context.bounds) <= best + 1e-6
    assert best - max(context.bounds) < 0.01 * best


@pytest.mark.parametrize("family", ["tight", "mixed", "against", "chance"])
def test_a_first_plan_needs_no_compiled_code(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kanban_fill, "PLAIN", 0)
    instance = Kanban.parse(options(family, 1500, 6, seed=4))
    world = flatten(instance)
    assert world is not None
    context = LocalContext(limit=30.0)
    kanban_fill._Search(world, context).begin()
    assert context.plans and all(instance.evaluate(plan).feasible for plan in context.plans)


def test_relief_gives_a_choice_that_fits_or_none() -> None:
    """From the cheapest columns, with prices that know nothing; capacities that nothing fits leave no choice."""
    world = flatten(Kanban.parse(options("mixed", 600, 5, seed=5)))
    assert world is not None
    relaxation = Relaxation(world)
    free = np.zeros(len(world.room))
    cheapest = relaxation.cheapest(free)
    assert (loads_of(world, cheapest) > world.room).any()
    found = relieve(world, cheapest, relaxation.above(free), lambda: False)
    assert found is not None and (loads_of(world, found) <= world.room).all()
    assert (world.loop[found] == np.arange(len(world.names))).all()
    world.room = world.room // 100
    assert relieve(world, cheapest, relaxation.above(free), lambda: False) is None


def test_loads_of_an_instance_of_loops_are_those_of_the_judge() -> None:
    instance = Kanban.parse(loops(200, 4, seed=1))
    world = flatten(instance)
    assert world is not None
    choice = Relaxation(world).choice
    load = loads_of(world, choice)
    over = {violation.members[0] for violation in instance.evaluate(world.plan(choice)).violations}  # type: ignore[arg-type]
    assert over == {name for name, fits in zip(instance.capacity, load <= world.room, strict=True) if not fits}
