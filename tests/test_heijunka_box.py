"""Heijunka boxes with days, minutes and packs: judge, both exact roads, heuristic and printing, against enumeration."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jitopt
from jitopt import jit
from jitopt.cli import main
from jitopt.errors import InputError, NotApplicableError
from jitopt.generators import generate
from jitopt.generators.small_box import random_small_box
from jitopt.heuristics import heijunka_box, heijunka_level
from jitopt.heuristics._heijunka_box import box_of, constructed, shape
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._kernels import heijunka_box_state as at
from jitopt.heuristics.context import LocalContext
from jitopt.problems.epei import epei
from jitopt.problems.heijunka import Heijunka
from jitopt.problems.heijunka.pace import pace, reached
from jitopt.testing import _naive_heijunka, optimum
from jitopt.testing._transformations import permuted, reversed_in_time
from jitopt.testing.brute_force import plans

KERNELS = jit.plain("jitopt.heuristics._kernels.heijunka_box")

PUMPS: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "pumps",
    "products": {"product": ["A", "[B]"], "minutes": [1, 2], "setup": [3, 0.5], "pack": [2, None], "stock": [2, 0]},
    "demands": {"product": ["A", "A", "[B]"], "day": [1, 2, 2], "quantity": [4, 2, 3]},
    "box": {"buckets": 4, "capacity": 4, "days": 2, "minutes": 8, "pitch": 10},
    "objective": [{"term": "volume"}, {"term": "epei", "measure": "max_absolute"}],
}


def pumps(**changes: Any) -> Heijunka:
    """Return the pumps with some fields changed; a dictionary is merged, None takes a field away."""
    data = json.loads(json.dumps(PUMPS))
    for name, change in changes.items():
        if isinstance(change, dict):
            merged = data.get(name, {}) | change
            data[name] = {key: value for key, value in merged.items() if value is not None}
        elif change is None:
            del data[name]
        else:
            data[name] = change
    return Heijunka.parse(data)


def placed(*rows: tuple[int, str, int]) -> Any:
    table = [{"bucket": bucket, "product": product, "quantity": units} for bucket, product, units in rows]
    return Heijunka.plan_type.model_validate({"buckets": table})


LEVEL = placed((1, "A", 2), (2, "[B]", 2), (3, "A", 2), (4, "A", 2), (4, "[B]", 1))


# --- the judge ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999))
def test_judge_agrees_with_the_definitions(seed: int) -> None:
    instance = random_small_box(seed)
    data = instance.to_dict()
    for plan in islice(plans(instance), seed % 7, None, 41):
        found, naive = instance.evaluate(plan), _naive_heijunka.evaluate(data, plan.to_dict())
        broken = {key: float(amount) for key, amount in naive.broken.items()}
        assert {(v.rule, v.members): v.short_by for v in found.violations} == broken
        assert found.exact == naive.objective


BROKEN: dict[str, tuple[list[tuple[int, str, int]], str, float]] = {
    "too late": ([(1, "[B]", 3), (3, "A", 4), (4, "A", 2)], "due", 2),
    "too long": ([(1, "A", 4), (2, "[B]", 3), (3, "A", 2)], "minutes", 0.5),
    "a part pack": ([(1, "A", 3), (2, "[B]", 3), (3, "A", 3)], "pack", 1),
}


def test_each_rule_is_broken_by_its_amount() -> None:
    assert pumps().evaluate(LEVEL).feasible
    for name, (rows, rule, amount) in BROKEN.items():
        tight = pumps(box={"minutes": 6 if rule == "minutes" else 8})
        broken = {violation.rule: violation.short_by for violation in tight.evaluate(placed(*rows)).violations}
        assert broken == {rule: amount}, name


def test_terms_by_hand() -> None:
    """Volumes 2, 2, 2, 3 against 9/4; both products are missing one bucket in a row; changeovers with `previous`."""
    found = pumps().evaluate(LEVEL)
    assert found.exact == Fraction(3, 16) * 4 + 1
    changes = pumps(objective=[{"term": "changeover"}])
    assert changes.evaluate(LEVEL).exact == 3
    assert changes.replace(previous=["[B]"]).evaluate(LEVEL).exact == 4
    assert changes.replace(previous=["A"]).evaluate(LEVEL).exact == 3


def test_the_demand_by_day_is_the_demand() -> None:
    assert pumps().products.demand == (6, 3)
    assert pumps(products={"demand": [6, 3]}).sha256() == pumps().sha256()
    assert Heijunka.parse(pumps().to_dict()) == pumps()


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no demand": ({"demands": None, "products": {"stock": None}}, "/products/demand", 'the table "demands"'),
    "another demand": ({"products": {"demand": [6, 4]}}, "/products/demand/1", "the sum of its demands by day (3)"),
    "days": ({"box": {"days": 3}}, "/box/days", "3 or 6 buckets"),
    "a day too late": ({"box": {"days": 1}}, "/demands/day/1", "(1 to 1)"),
    "a product that is none": ({"demands": {"product": ["A", "A", "B"]}}, "/demands/product/2", "one of the products"),
    "a part pack": ({"products": {"pack": [4, None]}}, "/products/demand/0", "ask for 4 or 8 units"),
    "idle stock": ({"demands": None, "products": {"demand": [6, 3]}}, "/products/stock", "decide nothing"),
    "no minutes": ({"box": {"minutes": None}}, "/products/minutes", 'give the "minutes" of the box'),
    "idle minutes": ({"products": {"minutes": None, "setup": None}}, "/box/minutes", "bind nothing"),
    "longer than its pitch": ({"box": {"minutes": 11}}, "/box/minutes", "pitch of 10 minutes"),
    "a sequence": ({"box": None}, "/products/minutes", "need a box"),
    "volume of a sequence": (
        {"box": None, "demands": None, "products": {"demand": [6, 3], "minutes": None, "setup": None, "pack": None,
                                                    "stock": None}},
        "/objective/0", "need a box"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_together_is_refused(name: str) -> None:
    changes, place, words = REFUSED[name]
    with pytest.raises(InputError) as refused:
        pumps(**changes)
    assert refused.value.place == place
    assert words in str(refused.value)


# --- exact roads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["heijunka_cumulative_pyomo", "heijunka_order_cpsat"])
def test_exact_roads_find_the_enumerated_optimum(method: str) -> None:
    for seed in range(7):
        instance = random_small_box(seed)
        best = optimum(instance)
        result = jitopt.solve(instance, method=method, time_limit=60, threads=1)
        assert not result.warnings
        assert result.status == ("infeasible" if best is None else "optimal"), seed
        assert best is None or result.objective == pytest.approx(float(best.value), rel=1e-6), seed


def test_explain_names_days_and_minutes() -> None:
    """Without stock, four A are due on the first day, which has room for two."""
    late = pumps(products={"stock": None, "setup": None, "minutes": [4, 1]}, box={"minutes": 5})
    told = jitopt.explain(late, time_limit=60)
    text = str(told.to_dict())
    assert "'due'" in text or "'minutes'" in text
    assert optimum(late) is None


# --- metamorphic -----------------------------------------------------------------------------------


def test_names_and_order_and_the_direction_of_time_decide_nothing() -> None:
    turned = 0
    for seed in range(40):
        instance = random_small_box(seed)
        backwards = reversed_in_time(instance)
        others = [permuted(instance, seed)] if seed < 6 else []
        others += [backwards] if backwards and turned < 3 else []
        turned += backwards is not None
        best = optimum(instance) if others else None
        for other in others:
            again = optimum(other)
            assert (best and best.value) == (again and again.value), seed
    assert turned


def test_more_of_a_limit_is_never_worse() -> None:
    eased = 0
    for seed in range(8):
        instance = random_small_box(seed)
        data, best = instance.to_dict(), optimum(instance)
        if "minutes" in data["box"]:
            data["box"]["minutes"] += 1
        if "demands" in data:
            data["products"]["stock"] = [value + 1 for value in data["products"].get("stock", [0] * 3)]
            data["products"]["stock"] = data["products"]["stock"][: len(data["products"]["product"])]
        again = optimum(Heijunka.parse(data))
        if best is not None:
            assert again is not None and again.value <= best.value
            eased += again.value < best.value
        else:
            eased += again is not None
    assert eased


# --- the heuristic ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 999), warm=st.floats(0.0, 5.0))
@example(seed=300, warm=0.0)
def test_what_the_search_carries_along_is_what_a_recomputation_gives(seed: int, warm: float) -> None:
    instance = random_small_box(seed)
    box = box_of(instance)
    if box is None or box.entry[at.MOVABLE] < 1 or box.entry[at.FROZEN] >= box.entry[at.SLOTS]:
        return
    box.grid[at.PACKS] = constructed(box, bool(seed % 2))
    box.entry[at.SEED], box.entry[at.SEED_2], box.entry[at.PROBE] = seed + 1, seed + 2, -1
    box.level[at.WARMTH], box.level[at.COOLING], box.level[at.PENALTY], box.level[at.TARGET] = warm, 1.0, warm, -1.0
    KERNELS.begin(box)
    for _ in range(3):
        KERNELS.improve(box, 25)
        bucket, level = box.bucket.copy(), box.level[[at.OBJECTIVE, at.BROKEN]].copy()
        KERNELS.begin(box)
        assert (bucket == box.bucket).all()
        assert level == pytest.approx(box.level[[at.OBJECTIVE, at.BROKEN]])
        found = instance.evaluate(shape(instance, box, box.grid[at.PACKS]))
        assert found.feasible == (box.level[at.BROKEN] == 0)
        assert found.objective == pytest.approx(box.level[at.OBJECTIVE])


def test_heuristic_reaches_small_optima_and_its_bound_holds() -> None:
    missed = solvable = 0
    for seed in range(8):
        instance = random_small_box(seed)
        if instance.box_data.unknown is None:
            continue
        best, context = optimum(instance), LocalContext(seed=seed, work=400, compiled=False)
        heijunka_box.run(instance, context)
        values = [instance.evaluate(plan) for plan in context.plans]
        assert all(value.feasible for value in values)
        assert best is not None or not values
        if best is not None:
            solvable += 1
            assert max(context.bounds) <= float(best.value) + 1e-9
            missed += not values or min(value.exact or 0 for value in values) > best.value
    assert solvable > 4 and missed <= solvable // 4


def test_twins_report_the_same_plans() -> None:
    for seed in (1, 4):
        instance = random_small_box(seed)
        contexts = [LocalContext(seed=seed, work=300, compiled=compiled) for compiled in (False, True)]
        for context in contexts:
            heijunka_box.run(instance, context)
        assert contexts[0].plans == contexts[1].plans and contexts[0].plans


def test_a_start_is_never_worsened() -> None:
    instance = random_small_box(3)
    best = optimum(instance)
    assert best is not None
    context = LocalContext(work=1, compiled=False, start=best.plan)
    heijunka_box.run(instance, context)
    assert instance.evaluate(context.plans[-1]).exact == best.value


def test_construction_of_a_made_box_meets_dues_and_packs() -> None:
    instance: Any = generate("heijunka", seed=5, products=6, units=240, buckets=30, days=5, pack=2, stock=4,
                             headroom=4, minutes=0.8, objective="volume, rate")  # fmt: skip
    assert instance.known.upper >= rounding_bound(instance)
    box = box_of(instance)
    assert box is not None
    for dues_first in (False, True):
        plan = shape(instance, box, constructed(box, dues_first))
        found = instance.evaluate(plan)
        assert "pack" not in {violation.rule for violation in found.violations}
        assert not dues_first or found.feasible


def test_other_methods_say_that_they_do_not_apply() -> None:
    with pytest.raises(NotApplicableError, match="due by day"):
        heijunka_level.run(pumps(), LocalContext())
    plain = pumps(demands=None, objective=[{"term": "rate"}], box={"days": None, "minutes": None},
                  products={"demand": [6, 3], "minutes": None, "setup": None, "pack": None, "stock": None})  # fmt: skip
    with pytest.raises(NotApplicableError, match="neither days"):
        heijunka_box.run(plain, LocalContext())


# --- pace and printing -----------------------------------------------------------------------------------


def test_pace_is_derived_from_minutes_and_demand() -> None:
    found = pace(pumps())
    assert found is not None
    assert found.minutes == 32 and found.takt == Fraction(32, 9)
    assert found.pitches == (Fraction(64, 9), Fraction(32, 9))
    assert found.epei == epei(16, [3, 1.5], [1, 2], [3, 0.5]).days
    assert reached(pumps(), LEVEL) == 2
    endless = pace(pumps(box={"minutes": 3}))
    assert endless is not None and endless.endless
    assert pace(Heijunka.parse(PUMPS | {"box": {"buckets": 4, "capacity": 4}, "products": {"product": ["A", "[B]"]}} | {
        "demands": {"product": ["A", "[B]"], "day": [1, 1], "quantity": [6, 3]}})) is None  # fmt: skip


def test_the_box_is_printed_by_day(tmp_path: Any, capsys: Any) -> None:
    path = tmp_path / "pumps.json"
    path.write_text(json.dumps(PUMPS))
    assert main(["solve", str(path), "--method", "heijunka_cumulative_pyomo", "--time-limit", "60"]) == 0
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines()]
    first, second = lines.index(["day", "1"]), lines.index(["day", "2"])
    assert lines[first + 1] == ["bucket", "1", "2", "total"] and lines[second + 1] == ["bucket", "3", "4", "total"]
    sums = [np.array([0 if cell == "." else int(cell) for cell in line[1:]]) for line in lines[second + 2 : second + 5]]
    assert (sums[0] + sums[1] == sums[2]).all() and lines[second + 3][0] == "[B]"
    assert "takt      3.55556 minutes a unit (32 working minutes, 9 units)" in told
    assert "every product within 2 buckets (1 days)" in told
