"""Orders larger than the need: what ratio rules ask for is found, and no limit on it is hidden."""

from __future__ import annotations

from typing import Any

import pytest

import jitopt
from jitopt.generators import random_small
from jitopt.heuristics import sourcing_assign
from jitopt.heuristics.context import LocalContext
from jitopt.problems.sourcing import Sourcing
from jitopt.problems.sourcing.validation import QUANTITIES
from jitopt.testing import optimum

METHODS = ("sourcing_quantity_pyomo", "sourcing_quantity_mathopt")


def _instance(price: list[float], demand: float = 10, quotes: dict[str, Any] | None = None, **fields: Any) -> Sourcing:
    """Return one part, one period, and a supplier for each price."""
    names = [f"S{number}" for number in range(1, len(price) + 1)]
    data: dict[str, Any] = {
        "problem": "sourcing",
        "version": 1,
        "name": "sizes",
        "suppliers": {"supplier": names},
        "parts": {"part": ["p"], "period": [1], "demand": [demand]},
        "quotes": {"supplier": names, "part": ["p"] * len(names), "price": price, **(quotes or {})},
    }
    return Sourcing.parse(data | fields)


def _at_most(share: float) -> dict[str, Any]:
    return {"part": ["p"], "at_most": [share]}


DEFECTS = {"part": ["p"], "defects_at_most": [0.02]}
CASES: dict[str, tuple[Sourcing, float]] = {
    "packs of 50 with a share of at most 70 %": (
        _instance([1, 1, 100], quotes={"multiple": [None, 50, None]}, shares=_at_most(0.7)),
        500 / 7,
    ),
    "the same without the dear one": (
        _instance([1, 1], quotes={"multiple": [None, 50]}, shares=_at_most(0.7)),
        500 / 7,
    ),
    "packs of 3 and 4, half each": (
        _instance([1, 1], 5, quotes={"multiple": [3, 4]}, shares=_at_most(0.5)),
        24,
    ),
    "50 poor units that 150 good ones must outweigh": (
        _instance(
            [1, 1], quotes={"defects": [0.05, 0.01]}, part_limits=DEFECTS,
            required={"supplier": ["S1"], "at_least": [50]},
        ),
        200,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_more_than_the_demand_is_ordered_where_ratios_ask_for_it(name: str) -> None:
    instance, wanted = CASES[name]
    best = optimum(instance)
    assert best is not None
    assert float(best.value) == pytest.approx(wanted, rel=1e-9)
    for method in METHODS:
        result = jitopt.solve(instance, method=method, time_limit=30)
        assert result.status == "optimal"
        assert result.objective == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("focus", ["share_at_most packs", "defects packs", "suppliers_at_least any", "maximum"])
def test_roads_agree_with_enumeration_where_sizes_matter(method: str, focus: str) -> None:
    from jitopt.generators.small_sourcing import FOCUS

    first = FOCUS.index(focus)
    for seed in range(first, first + 6 * len(FOCUS), len(FOCUS)):
        instance: Any = random_small("sourcing", seed)
        best, result = optimum(instance), jitopt.solve(instance, method=method, time_limit=20)
        assert (best is None) == (result.plan is None), seed
        if best is not None:
            assert result.status == "optimal"
            assert result.objective == pytest.approx(float(best.value), rel=1e-6, abs=1e-6), seed


# --- limits that are not proven are rules --------------------------------------------------------------


def _lopsided(maximum: float | None = None) -> Sourcing:
    """Return two suppliers of which the second must be used, in packs of 7, for a thousandth: 7000 units."""
    return _instance(
        [1, 1],
        quotes={"multiple": [None, 7], "maximum": [maximum, None]},
        shares={"part": ["p"], "supplier": ["S2"], "at_most": [0.001]},
        suppliers_at_least=2,
    )


def test_what_is_not_looked_at_is_not_said_to_be_impossible_or_dearer() -> None:
    """6993 of S1 with a pack of 7 of S2 keeps every rule; the methods look at orders up to 2400."""
    instance = _lopsided()
    assert instance.order_sizes == {("S1", "p"): 2400, ("S2", "p"): 2400}
    assert instance.unsearched() == pytest.approx(2400)
    plan = {"orders": [{"supplier": s, "part": "p", "period": 1, "quantity": q} for s, q in (("S1", 6993), ("S2", 7))]}
    assert instance.evaluate(instance.plan_type.model_validate(plan)).feasible
    for method in ("auto", *METHODS):
        result = jitopt.solve(instance, method=method, time_limit=5)
        assert result.status == "no_plan" and (result.bound is None or result.bound <= 7000)
        assert any("not looked at" in warning for warning in result.warnings)
    found = jitopt.explain(instance, time_limit=30, prices={"share_at_most": 1e9, "suppliers_at_least": 1e9})
    assert found.status == "feasible", "relaxed, larger orders are looked at"


def test_a_bound_allows_for_the_plans_that_are_not_looked_at() -> None:
    """A must ship 100, at most 1/200 of all; B is cheap in any amount, C dear: 19,900 of B cost next to nothing."""
    instance = jitopt.Sourcing.model_validate(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "a small share",
            "suppliers": {"supplier": ["A", "B", "C"]},
            "parts": {"part": ["p"], "period": [1], "demand": [5.0]},
            "quotes": {
                "supplier": ["A", "B", "C"],
                "part": ["p"] * 3,
                "price": [1.0, 0.0001, 1000.0],
                "minimum": [100.0, None, None],
            },
            "shares": {"part": ["p"], "supplier": ["A"], "at_most": [1 / 200]},
            "required": {"supplier": ["A"], "at_least": [100.0]},
        }
    )
    cheap = {
        "orders": [{"supplier": s, "part": "p", "period": 1, "quantity": q} for s, q in (("A", 100.0), ("B", 19900.0))]
    }
    true = instance.evaluate(instance.plan_type.model_validate(cheap))
    assert true.feasible and true.objective == pytest.approx(101.99)
    for method in ("auto", *METHODS):
        result = jitopt.solve(instance, method=method, time_limit=5)
        assert result.status != "infeasible"
        assert result.bound is None or result.bound <= 101.99
        assert result.status != "optimal" or result.objective == pytest.approx(101.99)


def test_the_user_sets_the_largest_order_himself() -> None:
    instance = _lopsided(10_000)
    assert ("S1", "p") not in instance.order_sizes
    for method in METHODS:
        result = jitopt.solve(instance, method=method, time_limit=30)
        assert result.status == "optimal"
        assert result.objective == pytest.approx(7000, rel=1e-6)


def test_a_maximum_is_kept() -> None:
    instance = _instance([1, 2], quotes={"maximum": [4, None]})
    for method in METHODS:
        assert jitopt.solve(instance, method=method, time_limit=20).objective == pytest.approx(4 * 1 + 6 * 2)
    alone = _instance([1], quotes={"maximum": [4]})
    found = jitopt.explain(alone, time_limit=20, prices={"demand": 1e6})
    assert [(r["rule"], r["members"], r["short_by"]) for r in found.reasons] == [("maximum", ["S1", "p"], 6.0)]


def test_without_ratio_rules_no_order_is_too_large() -> None:
    instance = _instance([1, 2])
    plan = {"orders": [{"supplier": "S1", "part": "p", "period": 1, "quantity": 1e9}]}
    assert instance.evaluate(instance.plan_type.model_validate(plan)).feasible


# --- who counts as used ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "quotes", "second"),
    [
        (3, {}, 0.3),
        (100, {}, 1),
        (100, {"minimum": [None, 8]}, 8),
        (100, {"multiple": [None, 5]}, 5),
        (100, {"capacity": [None, 0.25]}, 0.25),
    ],
)
def test_a_supplier_counts_from_a_decent_order_on(demand: float, quotes: dict[str, Any], second: float) -> None:
    """1 unit, or a tenth of a smaller demand, unless the quote says more or allows less."""
    instance = _instance([1, 5], demand, quotes, suppliers_at_least=2)
    wanted = demand - second + 5 * second
    best = optimum(instance)
    assert best is not None
    assert float(best.value) == pytest.approx(wanted)
    for method in METHODS:
        assert jitopt.solve(instance, method=method, time_limit=20).objective == pytest.approx(wanted, rel=1e-6)
    context = LocalContext(work=500, compiled=False)
    sourcing_assign.run(instance, context)
    assert instance.evaluate(context.plans[-1]).objective == pytest.approx(wanted, rel=1e-6)


def test_a_token_order_does_not_count() -> None:
    instance = _instance([1, 5], 3, part_limits={"part": ["p"], "suppliers_at_least": [2]})
    for second, kept in ((0.3, True), (0.29, False), (1e-10, False)):
        rows = [{"supplier": s, "part": "p", "period": 1, "quantity": q} for s, q in (("S1", 3), ("S2", second))]
        judged = instance.evaluate(instance.plan_type.model_validate({"orders": rows}))
        assert judged.feasible == kept


# --- large quantities ------------------------------------------------------------------------------------


def test_a_unit_is_seen_at_any_magnitude() -> None:
    instance = _instance([1], 1e9)
    for quantity, kept in ((1e9, True), (1e9 - 1e-4, True), (1e9 - 0.01, False), (1e9 - 1, False)):
        rows = [{"supplier": "S1", "part": "p", "period": 1, "quantity": quantity}]
        assert instance.evaluate(instance.plan_type.model_validate({"orders": rows})).feasible == kept


@pytest.mark.parametrize(
    ("demand", "quotes", "wanted"),
    [
        (50_000_004, {"capacity": [5e7]}, None),
        (1e9, {"capacity": [999_999_999]}, None),
        (999_999_999, {"multiple": [5e7]}, 1e9),
        (999_999_999, {"multiple": [7]}, 1_000_000_001),
        (123_456_789, {"multiple": [1]}, 123_456_789),
    ],
)
def test_roads_agree_on_large_quantities(demand: float, quotes: dict[str, Any], wanted: float | None) -> None:
    instance = _instance([1], demand, quotes)
    for method in METHODS:
        result = jitopt.solve(instance, method=method, time_limit=30)
        assert result.status == ("infeasible" if wanted is None else "optimal")
        assert result.warnings == ()
        if wanted is not None:
            assert result.objective == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_roads_agree_on_tiny_instances_blown_up(seed: int) -> None:
    """Every quantity times 10^7 multiplies what is paid per unit by the same; whole small packs stay."""
    instance: Any = random_small("sourcing", seed).replace(known=None)
    data = instance.to_dict()
    for table, columns in QUANTITIES.items():
        for column in columns:
            values = (data.get(table) or {}).get(column)
            if values:
                data[table][column] = [None if value is None else value * 1e7 for value in values]
    large = Sourcing.parse(data)
    found = [jitopt.solve(large, method=method, time_limit=20) for method in METHODS]
    assert {result.status for result in found} in ({"optimal"}, {"infeasible"})
    assert all(result.warnings == () for result in found)
    if found[0].objective is not None:
        assert found[0].objective == pytest.approx(found[1].objective, rel=1e-6)


@pytest.mark.parametrize(("table", "column"), [("parts", "demand"), ("quotes", "capacity"), ("stock", "storage")])
def test_absurd_quantities_are_refused_with_place_and_remedy(table: str, column: str) -> None:
    data = _instance([1]).to_dict()
    data.setdefault("stock", {"part": ["p"], "storage": [20]})
    data[table][column] = [2e9]
    with pytest.raises(jitopt.InputError) as refused:
        Sourcing.parse(data)
    assert f"/{table}/{column}/0" in str(refused.value)
    assert "larger units" in str(refused.value)
