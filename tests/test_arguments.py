"""The public functions say in words what is wrong with what they are handed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import jitopt
from jitopt.errors import InputError, UnknownMethodError

if TYPE_CHECKING:
    from collections.abc import Callable

LINE: Any = jitopt.from_tables("heijunka", {"products": {"product": ["A", "B"], "demand": [2, 3]}}, name="line")
PLANT: Any = jitopt.from_tables(
    "sourcing",
    {
        "suppliers": {"supplier": ["S"], "capacity": [9]},
        "parts": {"part": ["p"], "period": [1], "demand": [5]},
        "quotes": {"supplier": ["S"], "part": ["p"], "price": [1]},
    },
    name="plant",
)
LEVEL = {"sequence": ["B", "A", "B", "A", "B"]}
ANY: Any = jitopt

MISUSE: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "check of two paths": (lambda: ANY.check("s.json", "r.json"), ("'s.json'", "jitopt.check(jitopt.read(path)")),
    "check of a path": (lambda: ANY.check(LINE, "r.json"), ("'r.json'", "jitopt.read_result(path, instance)")),
    "check of a Path": (lambda: ANY.check(LINE, Path("r.json")), ("jitopt.read_result(path, instance)",)),
    "check of a list": (lambda: ANY.check(LINE, ["A", "B"]), ('["A", "B"]', '{"sequence": [...]}')),
    "check of nothing": (lambda: ANY.check(LINE, None), ("no plan to check",)),
    "check of a plan without its form": (lambda: ANY.check(LINE, {"sequence": 5}), ("/plan/sequence", "got 5")),
    "check of a null plan": (lambda: ANY.check(LINE, {"plan": None}), ("no plan to check",)),
    "check of a listed plan": (lambda: ANY.check(LINE, {"plan": ["A"]}), ("takes a plan or a result",)),
    "check of another problem's plan": (
        lambda: ANY.check(LINE, jitopt.SourcingPlan(orders=())),
        ("(heijunka)", "belong together"),
    ),
    "check with arguments swapped": (lambda: ANY.check(LEVEL, LINE), ("check takes an instance",)),
    "solve of a path": (lambda: ANY.solve("s.json"), ("not a path", "jitopt.solve(jitopt.read(path)")),
    "solve of a table": (lambda: ANY.solve({"products": {}}), ("jitopt.from_tables",)),
    "solve with a start that is a list": (lambda: ANY.solve(LINE, start=["A"]), ("start takes a plan",)),
    "solve with a start that is a path": (lambda: ANY.solve(LINE, start="r.json"), ("jitopt.read_result",)),
    "solve with a method that is no name": (lambda: ANY.solve(LINE, method=["auto"]), ("method is a name",)),
    "solve with a progress that is no function": (lambda: ANY.solve(LINE, progress=True), ("progress=print",)),
    "solve with a work limit alone": (lambda: ANY.solve(LINE, work_limit=3), ("set deterministic=True as well",)),
    "explain of a path": (lambda: ANY.explain("s.json"), ("jitopt.explain(jitopt.read(path)",)),
    "explain with prices that are none": (lambda: ANY.explain(PLANT, prices=3), ('{"capacity": 2.5}',)),
    "explain with a misspelled rule": (
        lambda: ANY.explain(PLANT, prices={"capasity": 3}),
        ("did you mean 'capacity'?",),
    ),
    "explain with a price that is none": (lambda: ANY.explain(PLANT, prices={"capacity": "3"}), ("'3'", "at least 0")),
    "why_not of a path": (lambda: ANY.why_not(LINE, "r.json", position=1, product="A"), ("jitopt.read_result",)),
    "why_not of a wrong plan": (lambda: ANY.why_not(LINE, {"sequence": 5}, position=1), ("/plan/sequence",)),
    "why_not of a text": (lambda: ANY.why_not(LINE, LEVEL, "position=1"), ("by key and value",)),
    "audit of a path": (lambda: ANY.audit("s.json", {}), ("jitopt.audit(jitopt.read(path)",)),
    "audit of a list": (lambda: ANY.audit(LINE, ["A"]), ("takes a plan or a result",)),
    "export of a path": (lambda: ANY.export("s.json", "order_cpsat", "a.pb"), ("not a path",)),
    "export to nowhere": (lambda: ANY.export(LINE, "order_cpsat", None), ("a path must be text",)),
    "export of a heuristic": (lambda: ANY.export(LINE, "level", "a.lp"), ("(.lp, .mps)",)),
    "export under another ending": (lambda: ANY.export(LINE, "order_cpsat", "a.lp"), ("a.lp", ".pbtxt or .pb")),
    "read_result without an instance": (lambda: ANY.read_result("r.json", "s.json"), ("not a path",)),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_an_input_error_with_a_remedy(case: str) -> None:
    call, words = MISUSE[case]
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.remedy
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_formulation_lists_those_that_can_be_written() -> None:
    with pytest.raises(UnknownMethodError, match=r"heijunka_cumulative_pyomo \(\.lp, \.mps\)") as caught:
        jitopt.export(LINE, "nothing", "a.lp")
    assert "auto" not in str(caught.value)


def test_plans_are_taken_in_every_form() -> None:
    plan = jitopt.HeijunkaPlan(sequence=("B", "A", "B", "A", "B"))
    told = [jitopt.check(LINE, form) for form in (plan, LEVEL, {"plan": LEVEL})]
    assert told[0].feasible and told[0] == told[1] == told[2]
    assert jitopt.audit(LINE, plan) == jitopt.audit(LINE, LEVEL) == []
    assert jitopt.audit(LINE, {"sequence": ["A"]})


def test_a_bare_plan_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"format": "jitopt-result/1", "problem": "heijunka", "plan": LEVEL}))
    with pytest.raises(InputError, match="holds a plan, but no result"):
        jitopt.read_result(path, LINE)
    with pytest.raises(InputError, match="another problem"):
        jitopt.read_result(path, PLANT)
