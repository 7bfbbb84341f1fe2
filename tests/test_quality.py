"""The quality tables: peers that are no straw men, and means in which nothing unsolved hides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt import registry

QUALITY = Path(__file__).parent.parent / "benchmarks" / "quality"

pytestmark = pytest.mark.skipif(not QUALITY.exists(), reason="not in a source tree")


@pytest.fixture
def peers(monkeypatch):
    """Register the peers for one test."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    for file in sorted((QUALITY / "peers").glob("[!_]*.py")):
        jitopt.register(f"peers.{file.stem}")
    yield
    monkeypatch.undo()
    registry._listing.cache_clear()


def small():
    """Return an instance and its peers, which all must find its optimum."""
    sequence = {"products": {"product": ["A", "B", "C"], "demand": [3, 2, 2]}}
    yield jitopt.generate("kanban", seed=1, loops=6, limits=2, empty=0.5), "kanban_plain_highs", "kanban_plain_cpsat"
    dear = jitopt.generate("kanban", seed=2, loops=4, limits=1, shortage=1.0, empty=0.5)
    yield dear, "kanban_plain_highs", "kanban_plain_cpsat"
    yield jitopt.generate("kanban", seed=3, loops=6, service=0, loose=True, empty=0.5), "kanban_simpy"
    menu = jitopt.generate("delivery", seed=1, suppliers=5, parts=2, docks=1, storages=1, trucks=0.5, clusters=0.5)
    yield menu, "delivery_plain_highs", "delivery_plain_cpsat"
    rate = jitopt.from_tables("heijunka", sequence, name="rate", objective=[{"term": "rate"}])
    yield rate, "heijunka_scipy_assignment"
    rules = {"ratios": {"ratio": ["r"], "at_most": [1], "in_any": [3]}, "options": {"product": ["A"], "ratio": ["r"]}}
    windows = [{"term": "ratio", "measure": "sum_violated"}]
    cars = jitopt.from_tables("heijunka", {**sequence, **rules}, name="cars", objective=windows)
    yield cars, "heijunka_plain_highs", "heijunka_plain_cpsat"
    bill = {"product": ["A", "B", "C", "C"], "part": ["p", "p", "p", "q"], "quantity": [1, 2, 3, 1]}
    usage = jitopt.from_tables("heijunka", {**sequence, "bill": bill}, name="usage", objective=[{"term": "usage"}])
    yield usage, "heijunka_plain_cpsat"
    quotes = jitopt.generate(
        "sourcing", seed=1, suppliers=4, parts=5, breaks="all_units", capacity=0.8, fixed_cost=200.0, link_cost=20.0
    )
    yield quotes, "sourcing_plain_pyomo"
    table = quotes.to_dict()
    del table["discounts"], table["known"]
    table["quotes"].pop("fixed_cost")
    table["suppliers"]["capacity"] = [2 * sum(table["parts"]["demand"])] * 4
    yield quotes.parse(table), "sourcing_scipy_milp"
    parts = table["parts"]["part"]
    table["part_limits"] = {"part": parts, "suppliers_at_most": [1] * len(parts)}
    yield quotes.parse(table | {"name": "single"}), "sourcing_scipy_milp", "sourcing_plain_cpsat"


def test_peers_find_the_optimum_of_small_instances(peers, tmp_path):
    jobs = [
        (instance.replace(name=f"small-{number}"), method)
        for number, (instance, *methods) in enumerate(small())
        for method in ("auto", *methods)
    ]
    named = {instance.name: instance for instance, _ in jobs}
    table = {"instance": [named[instance.name] for instance, _ in jobs], "method": [method for _, method in jobs]}
    store = jitopt.batch(table, store=tmp_path / "store.db", time_limit=60)
    columns = store.columns()
    store.close()
    rows = list(zip(*(columns[name] for name in ("instance", "method", "status", "objective", "bound")), strict=True))
    optimum = {instance: value for instance, method, _, value, _ in rows if method == "auto"}
    assert len(optimum) == 10
    assert len(rows) == 10 + 15
    for instance, method, status, value, bound in rows:
        assert status in ("optimal", "feasible"), (instance, method, status)
        assert value == pytest.approx(optimum[instance], rel=1e-6, abs=1e-6), (instance, method)
        assert bound is None or bound <= optimum[instance] + 1e-6 * max(1.0, optimum[instance]), (instance, method)


class Calls:
    """A context whose seconds are looks at the clock; it keeps what is reported."""

    seed = 0

    def __init__(self, looks):
        self.left = looks
        self.plans = []

    def remaining(self):
        self.left -= 1
        return self.left

    def stopped(self):
        return False

    def report(self, plan):
        self.plans.append(plan)


def uncertain(**more):
    """Return one loop in which everything is uncertain."""
    loops = {"loop": ["a"], "demand": [50], "demand_sd": [12], "lead_time": [1.5], "lead_time_sd": [0.2]}
    loops |= {"interval": [0.5], "yield": [0.9], "holding_cost": [0.1], **more}
    boxes = {"loop": ["a", "a"], "container": ["small", "large"], "quantity": [5, 15], "card_cost": [0.1, 0.5]}
    return jitopt.from_tables("kanban", {"loops": loops, "containers": boxes}, name="uncertain")


def test_simulated_needs_have_the_mean_and_variance_of_the_judge(peers):
    from peers.kanban_simpy import Simulation

    instance = uncertain(service=[0.95])
    simulation = Simulation(instance, "a", 1)
    simulation.run(4000)
    count, loop = len(simulation.needs), instance.loop_data["a"]
    assert count == pytest.approx(4000, rel=0.02)
    mean = sum(simulation.needs) / count
    variance = sum((need - mean) ** 2 for need in simulation.needs) / count
    assert abs(mean - loop.mean) < 4 * (loop.variance / count) ** 0.5
    assert variance == pytest.approx(loop.variance, rel=4 * (2 / count) ** 0.5)


def test_simulated_costs_are_near_the_judge_and_margins_near_the_service(peers):
    import numpy as np
    from peers import kanban_simpy

    for more, margin in (({"service": [0.95]}, 3.0), ({"shortage_cost": [4], "signal": ["empty"]}, 0.0)):
        instance = uncertain(**more)
        simulation = kanban_simpy.Simulation(instance, "a", 1)
        simulation.run(4000)
        sample = np.sort(np.array(simulation.needs))
        for container in ("small", "large"):
            *_, found = kanban_simpy._rows(instance, "a", container, sample, margin)
            judged = instance.evaluate({"loops": [{"loop": "a", "container": container, "cards": found.cards}]})
            assert judged.feasible
            assert found.cost == pytest.approx(judged.objective, rel=0.03)
            needed = instance.needed("a", container)
            assert not needed or needed <= found.cards <= needed + 1


def test_simulation_hands_over_plans_with_and_without_margin(peers):
    from peers import kanban_simpy

    instance: Any = jitopt.generate("kanban", seed=1, loops=20, limits=2)
    context = Calls(200)
    kanban_simpy.run(instance, context)
    bound = jitopt.solve(instance, method="kanban_fill", time_limit=5).bound
    found = [instance.evaluate(plan) for plan in context.plans]
    accepted = [judged.objective for judged in found if judged.feasible and judged.objective is not None]
    assert accepted
    assert bound is not None
    assert bound * (1 - 1e-6) <= min(accepted) <= bound * 1.1
    assert all({breach.rule for breach in judged.violations} <= {"cards_needed"} for judged in found)


def test_limits_are_repaired_by_the_change_that_relieves_most_for_its_money(peers):
    from fractions import Fraction

    from peers._greedy import Row, repaired

    rows = [
        Row("a", "small", 8, 4.0, [8.0]),
        Row("a", "large", 4, 6.0, [4.0]),
        Row("b", "small", 12, 6.0, [12.0]),
        Row("b", "large", 6, 9.0, [6.0]),
    ]

    def taken(capacity):
        return [(row.loop, row.container) for row in repaired([Fraction(capacity)], rows, lambda: False)]

    assert taken(20) == [("a", "small"), ("b", "small")]
    assert taken(16) == [("a", "large"), ("b", "small")]
    assert taken(10) == [("a", "large"), ("b", "large")]
    assert taken(9) == []


def row(method, instance, objective, **more):
    status = "no_plan" if objective is None else more.pop("status", "feasible")
    told = {"seconds": 1.0, "first_plan": 0.5, "seed": 0, "bound": None, "known_lower": 100.0, "known_upper": 100.0}
    return {"method": method, "instance": instance, "objective": objective, "status": status, **told, **more}


def test_unsolved_jobs_are_counted_and_never_averaged():
    from tables import Table, summary, table_of

    table = Table(
        [
            row("ours", "i", 110.0),
            row("ours", "j", 120.0),
            row("peer", "i", 121.0, seconds=3.0),
            row("peer", "j", None),
        ]
    )
    assert "| peer | 2 | 1 | 0 | 21 % (n 1) | x 1.1 (n 1) | 0, 0, 1 | - |" in summary(table, ["ours", "peer"])
    assert "| j | 100 (optimum) | - | +20 %, 1.00 s | no_plan |" in table_of(table, ["ours", "peer"])


def test_seconds_are_compared_where_both_have_a_proof():
    from tables import Table, summary

    proven = {"status": "optimal"}
    table = Table(
        [
            row("ours", "i", 100.0, **proven),
            row("ours", "j", 100.0, **proven),
            row("peer", "i", 100.0, seconds=3.0, **proven),
            row("peer", "j", 100.0, seconds=60.0),
        ]
    )
    assert "x 3.00 (n 1)" in summary(table, ["ours", "peer"])
