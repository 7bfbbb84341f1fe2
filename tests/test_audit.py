"""The audit: an honest result passes, every kind of untruth or broken rule is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import jitopt

Corrupt = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def level() -> jitopt.Heijunka:
    return jitopt.Heijunka.parse(
        {
            "problem": "heijunka",
            "version": 1,
            "name": "audited",
            "products": {"product": ["A", "B", "C"], "demand": [2, 3, 5], "longest_run": [None, None, 2]},
            "ratios": {"ratio": ["sunroof"], "at_most": [1], "in_any": [2], "hard": [True]},
            "options": {"product": ["A"], "ratio": ["sunroof"]},
            "objective": [{"term": "rate"}, {"term": "changeover", "measure": "sum_absolute", "weight": 0.1}],
            "current": {"sequence": list("CBACBCCABC"), "price": 0.5},
            "known": {"upper": 10.0, "reference": "constructed"},
        }
    )


@pytest.fixture(scope="module")
def level_result(level) -> dict[str, Any]:
    result = jitopt.solve(level, time_limit=30).to_dict()
    assert result["status"] == "optimal"
    return result


@pytest.fixture(scope="module")
def supply() -> jitopt.Sourcing:
    return jitopt.Sourcing.parse(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "audited",
            "suppliers": {"supplier": ["S1", "S2"], "fixed_cost": [20, 10], "capacity": [30, 30]},
            "parts": {"part": ["A", "A", "B"], "period": [1, 2, 1], "demand": [10, 12, 8]},
            "quotes": {
                "supplier": ["S1", "S1", "S2"],
                "part": ["A", "B", "A"],
                "price": [3, 4, 5],
                "minimum": [5, None, 4],
                "multiple": [5, 1, None],
            },
            "stock": {"part": ["A"], "initial": [2], "holding_cost": [0.1], "storage": [25]},
            "shares": {"part": ["A"], "at_most": [0.8]},
        }
    )


@pytest.fixture(scope="module")
def supply_result(supply) -> dict[str, Any]:
    result = jitopt.solve(supply, time_limit=30).to_dict()
    assert result["status"] == "optimal"
    return result


def change(*path: Any, to: Any) -> Corrupt:
    """Set the value at `path`; a callable `to` is given the old value."""

    def corrupt(result: dict[str, Any]) -> None:
        place: Any = result
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to(place[path[-1]]) if callable(to) else to

    return corrupt


def together(*corruptions: Corrupt) -> Corrupt:
    def corrupt(result: dict[str, Any]) -> None:
        for one in corruptions:
            one(result)

    return corrupt


COMMON: dict[str, Corrupt] = {
    "objective lowered": change("objective", to=lambda v: v - 0.01),
    "objective as text": change("objective", to=str),
    "objective missing": change("objective", to=None),
    "bound above the objective": change("bound", to=lambda v: v + 1),
    "bound that is not a number": change("bound", to="best"),
    "bound lowered, still called optimal": together(change("bound", to=lambda v: 0.9 * v), change("gap", to=0.1)),
    "bound dropped, still called optimal": change("bound", to=None),
    "gap not that of objective and bound": change("gap", to=0.25),
    "gap missing": change("gap", to=None),
    "status infeasible beside a plan": change("status", to="infeasible"),
    "status no_plan beside a plan": change("status", to="no_plan"),
    "status unheard of": change("status", to="perfect"),
    "stopped_by unheard of": change("stopped_by", to="boredom"),
    "proof none beside a bound": change("proof", to="none"),
    "proof unheard of": change("proof", to="trust me"),
    "another format": change("format", to="jitopt-result/99"),
    "another problem": change("problem", to="kanban"),
    "another instance": change("instance", "sha256", to="0" * 64),
    "a better plan was in hand": change("trajectory", to=lambda rows: [*rows, [9.9, 0.0, 0.0]]),
    "the start was better": change(
        "start", to={"given": True, "source": "user", "checked": True, "accepted": True, "objective": 0.0}
    ),
    "plan dropped": change("plan", to=None),
    "plan of no shape": change("plan", to={"sequence": 7, "orders": 7}),
}

OF_LEVEL: dict[str, Corrupt] = {
    "a term that is not true": change("terms", "rate", to=lambda v: v + 0.5),
    "a term left out": lambda r: r["terms"].pop("changeover"),
    "a term that does not exist": change("terms", to=lambda v: v | {"charm": 0.0}),
    "a unit too few": change("plan", "sequence", to=lambda s: s[:-1]),
    "a unit too many": change("plan", "sequence", to=lambda s: [*s, "A"]),
    "a unit of another product": change(
        "plan", "sequence", to=lambda s: ["A", *s[1:]] if s[0] != "A" else ["B", *s[1:]]
    ),
    "an unknown product": change("plan", "sequence", to=lambda s: ["Z", *s[1:]]),
    "a run too long": change("plan", "sequence", to=sorted),
    "two units swapped": change("plan", "sequence", to=lambda s: list("ABABCBCCBC") if s else s),
    "a broken hard ratio": change("plan", "sequence", to=list("AACBCCBCBC")),
}

OF_SUPPLY: dict[str, Corrupt] = {
    "a term that is not true": change("terms", "purchase", to=lambda v: v - 1),
    "an order dropped": change("plan", "orders", to=lambda rows: rows[1:]),
    "an order that breaks a multiple": change("plan", "orders", 0, "quantity", to=lambda v: v + 0.5),
    "an order doubled": change("plan", "orders", to=lambda rows: [*rows, rows[0], rows[0], rows[0]]),
    "an order moved to the last period": change("plan", "orders", to=lambda rows: [r | {"period": 2} for r in rows]),
    "an order behind the horizon": change("plan", "orders", 0, "period", to=3),
    "an unknown supplier": change("plan", "orders", 0, "supplier", to="S9"),
    "a part nobody quoted there": change(
        "plan", "orders", to=lambda rows: [*rows, rows[0] | {"supplier": "S2", "part": "B"}]
    ),
    "a negative quantity": change("plan", "orders", 0, "quantity", to=-5.0),
    "everything from one supplier": change(
        "plan",
        "orders",
        to=lambda rows: (
            [r for r in rows if r["supplier"] == "S1"]
            + [{"supplier": "S1", "part": "A", "period": 1, "quantity": 10.0}]
        ),
    ),
}


def test_honest_results_pass(level, level_result, supply, supply_result):
    assert jitopt.audit(level, level_result) == []
    assert jitopt.audit(supply, supply_result) == []


@pytest.mark.parametrize("name", [*COMMON, *OF_LEVEL])
def test_level_corruption_is_refused(level, level_result, name):
    result = copy.deepcopy(level_result)
    (COMMON | OF_LEVEL)[name](result)
    assert result != level_result
    assert jitopt.audit(level, result), name


@pytest.mark.parametrize("name", [*COMMON, *OF_SUPPLY])
def test_supply_corruption_is_refused(supply, supply_result, name):
    result = copy.deepcopy(supply_result)
    (COMMON | OF_SUPPLY)[name](result)
    assert result != supply_result
    assert jitopt.audit(supply, result), name


def test_a_known_plan_refutes_a_bound(small):
    """A bound on the right side of the objective is still refuted by a better plan that is known."""
    instance = small.replace(known={"optimum": 2.9, "plan": {"sequence": list("CBACBCCABC")}})
    worse = jitopt.HeijunkaPlan(sequence=tuple("CBACBCCACB"))
    objective = jitopt.check(instance, worse).objective
    assert objective is not None and objective > 3.0
    result = jitopt.solve(instance, time_limit=20).to_dict()
    result |= {"plan": worse.to_dict(), "objective": objective, "terms": {"rate": objective}, "bound": objective}
    result |= {"gap": 0.0, "trajectory": [], "start": None}
    assert any("refuted" in line for line in jitopt.audit(instance, result))


def test_infeasible_told_on_one_proof_is_refused(small):
    result = jitopt.solve(small, time_limit=20).to_dict()
    result |= {"plan": None, "objective": None, "bound": None, "gap": None, "terms": {}, "trajectory": []}
    result |= {"status": "infeasible", "proof": "single", "start": None}
    assert any("too weak" in line for line in jitopt.audit(small, result))
    assert jitopt.audit(small, result | {"proof": "cross_checked"}) == []


def test_a_bare_plan_is_judged_by_its_rules(small):
    assert jitopt.audit(small, {"sequence": list("CBACBCCABC")}) == []
    assert jitopt.audit(small, {"sequence": list("CBACBCCAB")})
