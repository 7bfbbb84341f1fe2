"""The call itself: keywords, statuses, starts, limits, determinism, plug-ins."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from typing import Any

import pytest

import jitopt

HARD: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "too large to prove",
    "products": {"product": [f"P{i}" for i in range(12)], "demand": [9, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 2]},
    "bill": {
        "product": [f"P{i}" for i in range(12) for _ in range(3)],
        "part": [f"part {(i * step + 1) % 9}" for i in range(12) for step in (1, 2, 4)],
        "quantity": [1 + (i * step) % 3 for i in range(12) for step in (1, 2, 4)],
    },
    "objective": [{"term": "usage", "measure": "sum_squared"}],
}


@pytest.fixture(scope="module")
def hard() -> jitopt.Heijunka:
    table: dict[tuple[str, str], float] = {}
    bill = HARD["bill"]
    for product, part, quantity in zip(bill["product"], bill["part"], bill["quantity"], strict=True):
        table[product, part] = table.get((product, part), 0) + quantity
    columns = {
        "product": [product for product, _ in table],
        "part": [part for _, part in table],
        "quantity": list(table.values()),
    }
    return jitopt.Heijunka.parse(HARD | {"bill": columns})


@pytest.mark.parametrize("limit", [1.0, 3.0])
def test_a_limit_is_kept_and_the_answer_is_honest(hard, limit):
    began = time.monotonic()
    result = jitopt.solve(hard, time_limit=limit)
    assert time.monotonic() - began <= limit + max(1.0, 0.05 * limit)
    assert result.status in ("feasible", "optimal") or (limit < 2 and result.status == "no_plan")
    assert jitopt.audit(hard, result.to_dict()) == []


def test_gap_stops_early(hard):
    result = jitopt.solve(hard, time_limit=30, gap=10.0)
    assert result.stopped_by in ("gap", "proof") and result.gap is not None and result.gap <= 10.0


def test_start_is_receipted_and_never_lost(hard):
    first = jitopt.solve(hard, time_limit=5, method="heijunka_level")
    again = jitopt.solve(hard, time_limit=3, start=first)
    assert again.start is not None
    assert (again.start.given, again.start.source, again.start.checked) == (True, "user", True)
    assert again.objective is not None and first.objective is not None
    assert again.objective <= first.objective


def test_an_infeasible_start_is_said_so_and_harms_nothing(small):
    result = jitopt.solve(small, time_limit=20, start={"sequence": ["A"] * 10})
    assert result.status == "optimal"
    assert result.start is not None and not result.start.checked


def test_the_start_reaches_the_exact_roads(small):
    start = {"sequence": list("CBACBCCABC")}
    for method in jitopt.methods("heijunka"):
        if method.kind == "formulation" and method.module.startswith("jitopt."):
            result = jitopt.solve(small, method=method.name, time_limit=20, start=start)
            assert result.start is not None and result.start.accepted, method.name
            assert result.start.objective == pytest.approx(2.9)


def test_every_exact_road_proves_the_same(small, two_goods):
    for instance, optimum in ((small, 2.9), (two_goods, 170.0)):
        for method in jitopt.methods(instance.problem):
            if method.exact and method.module.startswith("jitopt."):
                result = jitopt.solve(instance, method=method.name, time_limit=20)
                assert (result.status, result.proof) == ("optimal", "single"), method.name
                assert result.objective == pytest.approx(optimum)
                assert result.bound == pytest.approx(optimum)


@pytest.mark.parametrize("method", ["auto", "heijunka_level", "heijunka_cumulative_pyomo", "heijunka_order_cpsat"])
def test_deterministic_runs_repeat(hard, method):
    first = [
        product
        for product, demand in zip(hard.products.product, hard.products.demand, strict=True)
        for _ in range(demand)
    ]
    keywords: dict[str, Any] = {
        "deterministic": True,
        "work_limit": 0.2,
        "seed": 3,
        "time_limit": 120,
        "start": {"sequence": first},
    }
    runs = [jitopt.solve(hard, method=method, **keywords) for _ in range(2)]
    assert runs[0].stopped_by != "time_limit"
    assert runs[0].plan == runs[1].plan and runs[0].plan is not None
    assert (runs[0].objective, runs[0].bound) == (runs[1].objective, runs[1].bound)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("time_limit", 0),
        ("time_limit", float("nan")),
        ("time_limit", "10"),
        ("gap", -0.1),
        ("seed", -1),
        ("seed", 1.5),
        ("threads", 0),
        ("work_limit", 3.0),
        ("solver_options", {"highs": {"solution_file": "x"}}),
        ("solver_options", {"./program": {}}),
        ("solver_options", {"cpsat": {"symmetry_level": "high"}}),
        ("solver_options", {"memory_limit_mb": -5}),
    ],
)
def test_bad_keywords_are_refused(small, keyword, value):
    with pytest.raises(jitopt.InputError) as caught:
        jitopt.solve(small, **{keyword: value})
    assert keyword.split("_")[0] in str(caught.value) and "Remedy" in str(caught.value)


def test_an_unknown_method_lists_those_there_are(small):
    with pytest.raises(jitopt.UnknownMethodError, match="heijunka_order_cpsat"):
        jitopt.solve(small, method="./program")
    with pytest.raises(jitopt.UnknownMethodError):
        jitopt.solve(small, method="sourcing_quantity_pyomo")


def test_progress_and_trajectory_only_improve(hard):
    seen: list[jitopt.Progress] = []
    result = jitopt.solve(hard, time_limit=5, progress=seen.append)
    assert [(p.objective, p.bound) for p in seen] == [(o, b) for _, o, b in result.trajectory]
    objectives = [o for _, o, _ in result.trajectory if o is not None]
    bounds = [b for _, _, b in result.trajectory if b is not None]
    assert objectives == sorted(objectives, reverse=True) and bounds == sorted(bounds)
    assert objectives[-1] == result.objective


def test_a_failing_progress_callback_loses_nothing(small):
    def fail(progress: jitopt.Progress) -> None:
        raise RuntimeError("the screen is gone")

    result = jitopt.solve(small, time_limit=20, progress=fail)
    assert result.status == "optimal"
    assert any("progress" in warning for warning in result.warnings)


def test_threads_are_a_budget(hard):
    """One thread means one running solver thread at a time: the workers' processor time stays near the wall time."""
    import psutil

    jitopt.shut_down()
    began = time.monotonic()
    jitopt.solve(hard, time_limit=6, threads=1)
    wall = time.monotonic() - began
    busy = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))
    imports = 12.0
    assert busy <= wall + imports


def test_result_round_trip(small):
    result = jitopt.solve(small, time_limit=20)
    data = json.loads(json.dumps(result.to_dict()))
    assert jitopt.Result.from_dict(data, jitopt.HeijunkaPlan).to_dict() == result.to_dict()


def test_instances_are_frozen_and_replace_validates(small):
    with pytest.raises(Exception, match="frozen"):
        small.name = "other"
    with pytest.raises(jitopt.InputError):
        small.replace(products={"product": ["A"], "demand": [-1]})
    with pytest.raises(jitopt.InputError):
        small.replace(colour="blue")
    assert small.replace(name="renamed").sha256() == small.sha256()


PLUGIN = """
FORMULATION = {
    "name": "heijunka_third_party",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": False,
    "summary": "any sequence",
    "source": "constructed",
}


def build(instance, elastic=None):
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    n, slots = len(instance.products.product), instance.slots
    model.x = [[model.new_bool_var("") for _ in range(slots)] for _ in range(n)]
    for i, demand in enumerate(instance.products.demand):
        model.add(sum(model.x[i]) == demand)
    for s in range(slots):
        model.add_exactly_one(row[s] for row in model.x)
    return model


def extract(instance, model, value):
    slots = range(instance.slots)
    names = instance.products.product
    sequence = [next(p for p, row in zip(names, model.x) if value(row[s]) > 0.5) for s in slots]
    return instance.plan_type(sequence=sequence)


def start(instance, model, plan):
    return []
"""


def test_a_third_party_joins_by_its_entry_point(tmp_path):
    """An installed distribution with the entry point is listed and solves, in a process of its own."""
    (tmp_path / "third_party_heijunka.py").write_text(PLUGIN, encoding="utf-8")
    info = tmp_path / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[jitopt.formulations]\nheijunka_third_party = third_party_heijunka\n", encoding="utf-8"
    )
    code = f"""
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
    import jitopt
    instance = jitopt.Heijunka.parse({{"problem": "heijunka", "version": 1, "name": "x",
        "products": {{"product": ["A", "B"], "demand": [2, 1]}}, "objective": [{{"term": "rate"}}]}})
    result = jitopt.solve(instance, method="third_party", time_limit=20)
    print(result.status, sorted(result.plan.sequence), jitopt.method("third_party", "heijunka").file)
    """
    done = subprocess.run(
        [sys.executable, "-"], input=textwrap.dedent(code), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("feasible ['A', 'A', 'B']") or done.stdout.startswith("optimal ['A', 'A', 'B']")
    assert "third_party_heijunka.py" in done.stdout
