"""Levelling anew after a change: the plan made to fit, the solve from it, and what it changes."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.problems.heijunka.relevel import change_demand
from jitopt.problems.heijunka.slot_changes import slot_changes

NAMES = tuple("ABCD")


def line(demand: list[int], **fields: Any) -> Heijunka:
    head = {"problem": "heijunka", "version": 1, "name": "x", "objective": [{"term": "rate"}]}
    return Heijunka.parse(head | {"products": {"product": list(NAMES[: len(demand)]), "demand": demand}} | fields)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_plan_made_to_fit_builds_the_new_demand(data: st.DataObject) -> None:
    demand = data.draw(st.lists(st.integers(0, 6), min_size=2, max_size=4).filter(any))
    instance = line(demand)
    units = [p for p, d in zip(NAMES, demand, strict=False) for _ in range(d)]
    random.Random(data.draw(st.integers(0, 99))).shuffle(units)
    frozen = data.draw(st.integers(0, len(units)))
    behind = Counter(units[frozen:])
    change = {p: data.draw(st.integers(-behind[p], 3)) for p in NAMES[: len(demand)]}
    if len(units) + sum(change.values()) == 0:
        return
    found = change_demand(instance, HeijunkaPlan(sequence=tuple(units)), change, frozen=frozen, price=2.0)
    assert found.instance.current is not None
    now = list(found.instance.current.sequence or ())
    assert now[:frozen] == units[:frozen]
    assert Counter(now) == {p: d + change[p] for p, d in zip(NAMES, demand, strict=False) if d + change[p]}
    assert found.instance.products.demand == tuple(d + change[p] for p, d in zip(NAMES, demand, strict=False))
    assert found.instance.evaluate(HeijunkaPlan(sequence=tuple(now))).feasible
    assert len(found.edits) == sum(map(abs, change.values()))
    # What is not asked to change keeps its order.
    kept = [p for s, p in enumerate(units, 1) if s not in {e.slot for e in found.edits if e.action == "taken_out"}]
    old = [p for s, p in enumerate(now, 1) if s not in {e.to for e in found.edits if e.action == "put_in"}]
    assert kept == old


def test_what_waits_for_a_part_is_put_off_and_all_else_moves_up() -> None:
    bill = {"product": ["A", "B", "D"], "part": ["axle", "D", "bolt"], "quantity": [1, 1, 4]}
    instance = line([3, 3, 3, 0], bill=bill)
    plan = HeijunkaPlan(sequence=tuple("ABCABCABC"))
    found = change_demand(instance, plan, {}, missing={"bolt": 6}, frozen=2)
    assert found.instance.current is not None
    # B needs D, which needs the bolt.
    assert "".join(found.instance.current.sequence or ()) == "ABCACBABC"
    assert [(edit.product, edit.slot, edit.to, edit.reason) for edit in found.edits] == [
        ("B", 5, 6, "bolt is missing until slot 6")
    ]
    assert found.instance.frozen == 5


def test_what_moves_up_keeps_a_hard_rule_where_it_can() -> None:
    fields = {"ratios": {"ratio": ["roof"], "at_most": [1], "in_any": [2], "hard": [True]},
              "options": {"product": ["A"], "ratio": ["roof"]}}  # fmt: skip
    instance = line([3, 3, 3], **fields)
    found = change_demand(instance, HeijunkaPlan(sequence=tuple("ABACABCCB")), {}, missing={"B": 5})
    assert found.instance.current is not None
    assert "".join(found.instance.current.sequence or ()).startswith("ACAC")


@pytest.mark.parametrize(
    ("order", "told"),
    [({"change": {"E": 1}}, "products of the instance"), ({"change": {"A": -3}, "frozen": 2}, "only 1 of 3 units"),
     ({"change": {"A": 0.5}}, "whole number of units"), ({"withdrawn": [1], "frozen": 2}, "slot 1 does not"),
     ({"withdrawn": [9]}, "from 1 to 4"), ({"missing": {"A": 3, "B": 3}}, "nothing can be built in slot 1"),
     ({"missing": {"axel": 2}}, "a product, a part"), ({"frozen": 7}, "from 0 to 4"), ({"price": -1.0}, "price")],
)  # fmt: skip
def test_a_change_that_cannot_be_is_told(order: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        jitopt.relevel(line([2, 2]), list("ABAB"), **order)


def test_a_box_is_made_to_fit() -> None:
    instance = line([4, 4], box={"buckets": 4, "capacity": 3})
    rows = [{"bucket": b, "product": p, "quantity": 1} for b in range(1, 5) for p in "AB"]
    plan = HeijunkaPlan.model_validate({"buckets": rows})
    found = change_demand(instance, plan, {"A": 2, "B": -1}, missing={"B": 2})
    table = found.instance.current.buckets if found.instance.current else None
    assert table is not None
    held = dict(zip(zip(table.bucket, table.product, strict=True), table.quantity, strict=True))
    assert held == {(1, "A"): 2, (2, "A"): 1, (2, "B"): 2, (3, "A"): 1, (3, "B"): 1, (4, "A"): 2}
    with pytest.raises(InputError, match="no order"):
        change_demand(instance, plan, {}, withdrawn=[1])


def test_demand_by_day_follows_a_change() -> None:
    fields: dict[str, Any] = {
        "products": {"product": ["A", "B"]},
        "demands": {"product": ["A", "A", "B"], "day": [1, 2, 1], "quantity": [2, 1, 3]},
        "box": {"buckets": 4, "capacity": 4, "days": 2},
    }
    instance = Heijunka.parse(
        {"problem": "heijunka", "version": 1, "name": "x", "objective": [{"term": "rate"}]} | fields
    )
    rows = [{"bucket": b, "product": p, "quantity": q} for b, p, q in ((1, "A", 2), (2, "B", 3), (3, "A", 1))]
    found = jitopt.relevel(instance, {"buckets": rows}, change={"A": -2, "B": 1}, price=0.1, time_limit=5)
    table = found.instance.demands
    assert table is not None
    due = dict(zip(zip(table.product, table.day, strict=True), table.quantity, strict=True))
    assert due == {("A", 1): 1, ("A", 2): 0, ("B", 1): 3, ("B", 2): 1}
    assert found.result.plan is not None and found.instance.evaluate(found.result.plan).feasible


def test_changes_name_the_unit_that_moved_and_why() -> None:
    instance = line([2, 2], current={"sequence": ["A", "A", "B", "B"], "price": 0.25})
    found = slot_changes(instance, HeijunkaPlan(sequence=tuple("ABBA")))
    assert [(row.slot, row.before, row.after, row.came_from) for row in found.slots] == [
        (2, "A", "B", 3),
        (4, "B", "A", 2),
    ]
    assert (found.moved, found.shift) == (2, 2)
    assert found.terms == {"rate": (3.0, 1.0), "moves": (0.0, 0.5)}
    assert found.slots[0].reason == "rate falls by 2 around it"
    assert jitopt.changes(instance, {"sequence": list("ABBA")}).to_dict() == found.to_dict()
    bare = line([2, 2])
    with pytest.raises(InputError, match="plan in force"):
        jitopt.changes(bare, {"sequence": list("ABBA")})
    assert jitopt.changes(bare, {"sequence": list("ABBA")}, {"sequence": list("AABB")}).moved == 2


def test_a_line_is_levelled_anew_to_the_optimum(tmp_path: Any, capsys: Any) -> None:
    """Rates with frozen slots and a price of moves are exact; the command says the same."""
    instance = line([30, 20, 10])
    before = jitopt.solve(instance, time_limit=10)
    found = jitopt.relevel(
        instance, before, change={"A": -2, "C": 3}, withdrawn=[40], frozen=25, price=0.5, time_limit=20
    )
    assert (found.result.status, found.result.proof) == ("optimal", "exact_algorithm")
    assert found.result.objective is not None and found.changes is not None
    started = found.instance.evaluate(found.start)
    assert started.feasible and started.objective is not None
    assert found.result.objective <= started.objective
    assert found.changes.moved == found.result.terms["moves"] / 0.5
    jitopt.write(instance, tmp_path / "line.json")
    (tmp_path / "now.json").write_text(json.dumps(before.to_dict()), encoding="utf-8")
    words = ["--change", "A=-2", "--change", "C=3", "--withdraw", "40", "--frozen", "25", "--price", "0.5"]
    files = ["-o", str(tmp_path / "new.r.json"), "--instance", str(tmp_path / "new.json"), "--time-limit", "20"]
    assert main(["relevel", str(tmp_path / "line.json"), str(tmp_path / "now.json"), *words, *files]) == 0
    assert "withdrawn" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "new.json"), str(tmp_path / "new.r.json")]) == 0
    assert json.loads((tmp_path / "new.r.json").read_text())["objective"] == found.result.objective
    assert main(["changes", str(tmp_path / "new.json"), str(tmp_path / "new.r.json")]) == 0
    assert found.changes.summary in capsys.readouterr().out


@pytest.mark.parametrize("word", ["A", "A=x", "=3", "A=1.5"])
def test_a_change_is_told_by_name_and_number(word: str, tmp_path: Any, capsys: Any) -> None:
    jitopt.write(line([2, 2]), tmp_path / "line.json")
    (tmp_path / "seq.txt").write_text("A\nB\nA\nB\n", encoding="utf-8")
    assert main(["relevel", str(tmp_path / "line.json"), str(tmp_path / "seq.txt"), "--change", word]) == 2
    assert "--change takes NAME=NUMBER" in capsys.readouterr().err


def test_without_machine_code_the_plain_kernel_levels_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short call would end before its machine code is made, and so would every one after it."""
    from jitopt.heuristics import heijunka_assign
    from jitopt.heuristics.context import LocalContext

    def refused(module: str) -> Any:
        raise AssertionError(module)

    before = jitopt.HeijunkaPlan(sequence=tuple("ABCDABCA" * 50))
    asked = change_demand(line([150, 100, 100, 50]), before, {"A": 3}, frozen=20, price=0.5).instance
    context: Any = LocalContext(60)
    monkeypatch.setattr("jitopt.jit.is_cached", lambda module: False)
    monkeypatch.setattr(context, "kernels", refused)
    heijunka_assign.run(asked, context)
    assert asked.evaluate(context.plans[-1]).objective == pytest.approx(context.bounds[-1])
