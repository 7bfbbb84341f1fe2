"""The audit: an honest result passes, every kind of untruth or broken rule is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import jitopt
from jitopt.engine.audit import examine
from jitopt.formats.results import claims

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


FAR = [9.9, 0.0, 0.0]
"""A moment behind all others, with a plan better than any."""


def receipt(**changes: Any) -> dict[str, Any]:
    """Return the receipt of a start that was taken up."""
    return {"given": True, "source": "user", "checked": True, "accepted": True, "objective": 99.0} | changes


def moment(row: int, column: int, to: Any) -> Corrupt:
    """Change one number of the trajectory."""
    return change("trajectory", row, column, to=to)


COMMON: dict[str, Corrupt] = {
    "objective lowered": change("objective", to=lambda v: v - 0.01),
    "objective denied beside a plan": change("objective", to=None),
    "bound above the objective": change("bound", to=lambda v: v + 1),
    "bound lowered, still called optimal": together(change("bound", to=lambda v: 0.9 * v), change("gap", to=0.1)),
    "bound dropped, still called optimal": change("bound", to=None),
    "gap not that of objective and bound": change("gap", to=0.25),
    "gap denied": change("gap", to=None),
    "status infeasible beside a plan": change("status", to="infeasible"),
    "status no_plan beside a plan": change("status", to="no_plan"),
    "proof none beside a bound": change("proof", to="none"),
    "another instance": change("instance", "sha256", to="0" * 64),
    "another name": change("instance", "name", to="of somebody else"),
    "a better plan was in hand": change("trajectory", to=lambda rows: [*rows, FAR]),
    "the start was better": change("start", to=receipt(objective=0.0)),
    "plan dropped": change("plan", to=None),
    "optimal, and stopped by the clock": change("stopped_by", to="time_limit"),
    "optimal, and interrupted": change("stopped_by", to="interrupted"),
    "feasible, and stopped by a proof": change("status", to="feasible"),
    "stopped by a gap without a bound": together(
        change("status", to="feasible"), change("bound", to=None), change("gap", to=None),
        change("proof", to="none"), change("stopped_by", to="gap"),
    ),
    "proof without a bound": together(
        change("status", to="feasible"), change("stopped_by", to="time_limit"),
        change("bound", to=None), change("gap", to=None),
    ),
    "a proof that nobody gives": change("proof", to="certificate"),
    "an algorithm that nobody ran": change("proof", to="exact_algorithm"),
    "reasons beside a plan": change("reasons", to=[{"rule": "capacity"}]),
    "no plan is claimed beside a plan": lambda r: r.update(claims_infeasible=["cpsat"]),
    "no thread": change("threads", to=0),
    "a seed below 0": change("seed", to=-1),
    "trajectory with a bound above its objective": moment(-1, 2, to=lambda v: v + 1),
    "trajectory that ends elsewhere": moment(-1, 1, to=lambda v: v + 1),
    "trajectory that ends without a plan": change("trajectory", to=lambda rows: [*rows, [9.9, None, None]]),
    "trajectory that rises": change(
        "trajectory", to=lambda rows: [*rows, [9.8, rows[-1][1] + 1, None], [9.9, *rows[-1][1:]]]
    ),
    "trajectory that goes back in time": change("trajectory", to=lambda rows: [[9.9, None, 0.0], *rows]),
}  # fmt: skip

ILL_TYPED: dict[str, tuple[str, Corrupt]] = {
    "objective as text": ("/objective", change("objective", to=str)),
    "objective not finite": ("/objective", change("objective", to=float("nan"))),
    "bound that is not a number": ("/bound", change("bound", to="best")),
    "gap that is true": ("/gap", change("gap", to=True)),
    "status unheard of": ("/status", change("status", to="perfect")),
    "stopped_by unheard of": ("/stopped_by", change("stopped_by", to="boredom")),
    "proof unheard of": ("/proof", change("proof", to="trust me")),
    "another format": ("/format", change("format", to="jitopt-result/99")),
    "no format": ("/format", change("format", to=None)),
    "another problem": ("/problem", change("problem", to="kanban")),
    "no plan and no word of it": ("/plan", lambda r: r.pop("plan")),
    "plan of no shape": ("/plan/", change("plan", to={"sequence": 7, "orders": 7})),
    "plan that is a list": ("/plan", change("plan", to=[])),
    "threads in halves": ("/threads", change("threads", to=1.5)),
    "terms as text": ("/terms/", change("terms", to={"rate": "1", "purchase": "1"})),
    "an empty receipt": ("/start/given", change("start", to={})),
    "a receipt in words": ("/start/checked", change("start", to=receipt(checked="yes"))),
    "a receipt without a value": ("/start/objective", change("start", to=receipt(objective="99"))),
    "a moment of two": ("/trajectory/0", change("trajectory", to=[[1.0, 2.0]])),
    "a moment without time": ("/trajectory", change("trajectory", to=[[None, 2.0, 1.0]])),
    "a moment before the call": ("/trajectory", change("trajectory", to=[[-1.0, 2.0, 1.0]])),
    "claims as text": ("/claims_infeasible", lambda r: r.update(claims_infeasible="cpsat")),
    "an instance without name": ("/instance/name", change("instance", to={})),
}

OF_LEVEL: dict[str, Corrupt] = {
    "a term that is not true": change("terms", "rate", to=lambda v: v + 0.5),
    "a term left out": lambda r: r["terms"].pop("changeover"),
    "terms denied": change("terms", to={}),
    "a method of another problem": change("method", to="sourcing_assign"),
    "a solver's proof told as a closed form": together(
        change("method", to="heijunka_order_cpsat"), change("proof", to="closed_form")
    ),
    "one road told as two": together(change("method", to="order_cpsat"), change("proof", to="cross_checked")),
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
    "a method of another problem": change("method", to="heijunka_level"),
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


@pytest.mark.parametrize("name", ILL_TYPED)
def test_a_value_of_another_type_is_bad_input(level, level_result, supply, supply_result, name):
    """It is refused with its place and a remedy, before anything is compared."""
    place, corrupt = ILL_TYPED[name]
    for instance, honest in ((level, level_result), (supply, supply_result)):
        result = copy.deepcopy(honest)
        corrupt(result)
        with pytest.raises(jitopt.InputError) as caught:
            jitopt.audit(instance, result)
        assert caught.value.place.startswith(place) and caught.value.remedy


def test_a_negative_quantity_is_bad_input(supply, supply_result):
    result = copy.deepcopy(supply_result)
    result["plan"]["orders"][0]["quantity"] = -5.0
    with pytest.raises(jitopt.InputError, match="/plan/orders/0/quantity"):
        jitopt.audit(supply, result)


# --- what is absent is no claim ------------------------------------------------------------------

FRAME = ("format", "problem", "plan")


def test_a_minimal_result_is_no_liar(level, level_result, supply, supply_result):
    for instance, result in ((level, level_result), (supply, supply_result)):
        minimal = {key: result[key] for key in FRAME}
        assert jitopt.audit(instance, minimal) == []
        assert jitopt.audit(instance, result["plan"]) == []
        assert jitopt.audit(instance, {"plan": result["plan"]}) == []
        unsaid = ("instance", "method", "status", "stopped_by", "terms", "proof", "start", "trajectory", "reasons")
        nothing = dict.fromkeys((*unsaid, "bound", "seconds", "seed", "threads", "versions"))
        assert jitopt.audit(instance, minimal | nothing) == []


def test_each_claim_may_be_left_out_and_each_may_stand_alone(level, level_result, supply, supply_result):
    for instance, result in ((level, level_result), (supply, supply_result)):
        minimal = {key: result[key] for key in FRAME}
        for key in result.keys() - set(FRAME):
            assert jitopt.audit(instance, {k: v for k, v in result.items() if k != key}) == [], key
            assert jitopt.audit(instance, minimal | {key: result[key]}) == [], key


@pytest.mark.parametrize(
    "claim",
    [
        {"objective": 0.5},
        {"terms": {"rate": 0.5}},
        {"bound": 1e6},
        {"gap": -0.5},
        {"status": "optimal", "gap": 0.5},
        {"status": "optimal", "bound": 0.0},
        {"status": "infeasible"},
        {"stopped_by": "proof", "bound": 0.0},
        {"instance": {"name": "audited", "sha256": "0" * 64}},
        {"instance": {"name": "other"}},
        {"start": receipt(objective=0.0)},
        {"trajectory": [[1, 0.0, 0.0]]},
        {"proof": "single", "bound": None},
    ],
)
def test_a_false_claim_beside_a_bare_plan_is_refused(level, level_result, claim):
    assert jitopt.audit(level, {"plan": level_result["plan"]} | claim)


def test_a_bare_plan_that_breaks_a_rule_is_refused(small):
    for plan in ({"sequence": list("CBACBCCAB")}, {"plan": {"sequence": list("CBACBCCAB")}, "more": 1}):
        assert jitopt.audit(small, plan)


@pytest.mark.parametrize("data", [{}, {"plans": []}, {"orders": []}, {"problem": "heijunka", "version": 1}])
def test_what_is_neither_result_nor_plan_is_bad_input(small, data):
    with pytest.raises(jitopt.InputError, match="Remedy"):
        jitopt.audit(small, data)


def test_an_unknown_method_is_a_note_not_a_breach(small):
    told = claims(
        {"plan": {"sequence": list("CBACBCCABC")}, "method": "mine", "proof": "certificate", "bound": 2.9}, small
    )
    found = examine(small, told)
    assert found.breaches == [] and any("'mine'" in note for note in found.notes)


# --- results without a plan ----------------------------------------------------------------------

NOTHING: dict[str, Any] = {
    "plan": None,
    "status": "no_plan",
    "stopped_by": "time_limit",
    "bound": None,
    "proof": "none",
}


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({}, True),
        ({"bound": 1.0, "proof": "single"}, True),
        ({"proof": "single", "claims_infeasible": ["cpsat"]}, True),
        ({"status": "infeasible", "stopped_by": "proof", "proof": "cross_checked", "reasons": []}, True),
        ({"proof": "single"}, False),
        ({"bound": 1.0}, False),
        ({"bound": 1e6, "proof": "single"}, False),
        ({"objective": 3.0}, False),
        ({"terms": {"rate": 3.0}}, False),
        ({"gap": 0.0}, False),
        ({"status": "optimal"}, False),
        ({"stopped_by": "proof"}, False),
        ({"stopped_by": "gap"}, False),
        ({"status": "infeasible", "proof": "cross_checked"}, False),
        ({"status": "infeasible", "stopped_by": "proof", "proof": "single"}, False),
        ({"trajectory": [[1.0, 3.0, None]]}, False),
        ({"start": receipt()}, False),
    ],
)
def test_a_result_without_a_plan(small, change, ok):
    known = small.replace(known={"upper": 10.0})
    assert (jitopt.audit(known, NOTHING | change) == []) == ok


def test_infeasible_is_refuted_by_a_known_plan(small):
    known = small.replace(known={"plan": {"sequence": list("CBACBCCABC")}})
    told = {"plan": None, "status": "infeasible", "proof": "cross_checked"}
    assert jitopt.audit(small, told) == []
    assert any("refuted" in line for line in jitopt.audit(known, told))


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


# --- an honest result passes, however it was come by ---------------------------------------------

SHORT = {"parts": {"part": ["A", "A", "B"], "period": [1, 2, 1], "demand": [60, 12, 8]}}
"""More of A in the first period than both suppliers can ship: no plan."""


def stop_at_once(progress: jitopt.Progress) -> None:
    raise KeyboardInterrupt


MODES: dict[str, dict[str, Any]] = {
    "auto": {},
    "one thread": {"threads": 1},
    "deterministic": {"deterministic": True, "work_limit": 0.2},
    "gap": {"gap": 0.5},
    "wide gap": {"gap": 100.0},
    "no time": {"time_limit": 0.05},
    "interrupted": {"progress": stop_at_once},
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_a_solve_is_honest(level, supply, mode):
    for instance in (level, supply):
        result = jitopt.solve(instance, **{"time_limit": 30, **MODES[mode]})
        assert jitopt.audit(instance, result.to_dict()) == []


METHODS = [method for method in jitopt.methods() if method.module.startswith("jitopt.")]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_is_honest(level, level_result, supply, supply_result, method):
    """Alone, deterministic, with a start, with a wrong one, and where there is no plan."""
    instance, honest = (level, level_result) if method.problem == "heijunka" else (supply, supply_result)
    wrong: dict[str, Any] = {"sequence": ["A"] * 10} if method.problem == "heijunka" else {"orders": []}
    if method.problem == "delivery":
        policy = "menu" if method.fits({"suppliers": 1}) else "strict_cyclic"
        instance = jitopt.generate("delivery", seed=1, policy=policy, suppliers=4, docks=1, alike=True)
        assert instance.known is not None
        honest, wrong = instance.known.plan, {"deliveries": []}
    if method.problem == "kanban":
        instance = jitopt.generate("kanban", seed=1, loops=4)
        honest, wrong = jitopt.solve(instance, time_limit=30), {"loops": []}
    modes: list[tuple[str, dict[str, Any]]] = [
        (method.name, {"time_limit": 2}),
        (method.short, {"time_limit": 30, "deterministic": True, "work_limit": 0.2}),
        (method.name, {"time_limit": 2, "start": honest}),
        (method.name, {"time_limit": 2, "start": wrong}),
    ]
    for name, keywords in modes:
        result = jitopt.solve(instance, method=name, **keywords)
        assert jitopt.audit(instance, result.to_dict()) == [], keywords


@pytest.mark.parametrize("method", ["auto", *(m.name for m in METHODS if m.problem == "sourcing")])
def test_no_plan_is_told_honestly(supply, method):
    instance = supply.replace(**SHORT)
    result = jitopt.solve(instance, method=method, time_limit=5)
    assert result.plan is None
    assert jitopt.audit(instance, result.to_dict()) == []


def test_what_a_bare_plan_states_beside_itself_is_a_claim(level, level_result):
    plan = level_result["plan"]
    assert jitopt.audit(level, plan) == []
    assert jitopt.audit(level, plan | {"objective": level_result["objective"]}) == []
    assert jitopt.audit(level, plan | {"objective": level_result["objective"] + 1})
    assert jitopt.audit(level, plan | {"bound": level_result["objective"] + 999})


def test_reasons_name_rules_of_the_instance(supply):
    result = jitopt.solve(supply.replace(**SHORT), time_limit=20)
    told = result.to_dict()
    assert jitopt.audit(supply.replace(**SHORT), told) == []
    told["reasons"][0]["members"] = ["nobody"]
    assert any("has no rule" in line for line in jitopt.audit(supply.replace(**SHORT), told))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told["trajectory"][-1].__setitem__(2, 0.5), "ends at a bound"),
        (lambda told: told["seconds"].update(check=5.0, total=0.001), "reading and checking"),
    ],
)
def test_the_course_and_the_clock_are_looked_at(level, level_result, change, words):
    told = copy.deepcopy(level_result)
    change(told)
    assert any(words in line for line in jitopt.audit(level, told))
