"""The quality tables: peers that are no straw men, and means in which nothing unsolved hides."""

from __future__ import annotations

from pathlib import Path

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
    yield jitopt.generate("kanban", seed=1, loops=6, limits=2), "kanban_plain_highs", "kanban_plain_cpsat"
    yield jitopt.generate("kanban", seed=2, loops=4, limits=1, shortage=1.0), "kanban_plain_highs", "kanban_plain_cpsat"
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
    assert len(optimum) == 9
    assert len(rows) == 9 + 14
    for instance, method, status, value, bound in rows:
        assert status in ("optimal", "feasible"), (instance, method, status)
        assert value == pytest.approx(optimum[instance], rel=1e-6, abs=1e-6), (instance, method)
        assert bound is None or bound <= optimum[instance] + 1e-6 * max(1.0, optimum[instance]), (instance, method)


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
