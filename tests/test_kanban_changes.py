"""The diff list of a re-sizing: every reason is shown by the judge on a changed plan."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.generators import random_small
from jitopt.problems.kanban import Kanban, KanbanPlan
from jitopt.problems.kanban.alone import alone, loop_cost
from jitopt.testing import optimum

if TYPE_CHECKING:
    from pathlib import Path

    from jitopt.problems.kanban.reasons import LoopChange

OWN_RULES = {"cards_needed", "minimum", "maximum"}

LINE: dict[str, Any] = {
    "problem": "kanban", "version": 1, "name": "line",
    "loops": {"loop": ["A", "B"], "demand": [80, 120], "lead_time": [1, 1], "holding_cost": [0.01, 0.01]},
    "containers": {"loop": ["A", "A", "B", "B"], "container": ["small", "large", "small", "large"],
                   "quantity": [10, 20, 10, 20], "card_cost": [0.5, 1.5, 0.5, 1.5]},
    "uses": {"loop": ["A", "B"], "limit": ["rack", "rack"], "amount": [1, 1]},
    "limits": {"limit": ["rack"], "capacity": [30]},
}  # fmt: skip


def _plan(**cards: tuple[str, int]) -> KanbanPlan:
    rows = [{"loop": loop, "container": kind, "cards": count} for loop, (kind, count) in cards.items()]
    return KanbanPlan.model_validate({"loops": rows})


def _moved(plan: KanbanPlan, loop: str, container: str, cards: int) -> KanbanPlan:
    return _plan(
        **{row.loop: (container, cards) if row.loop == loop else (row.container, row.cards) for row in plan.loops}
    )


def _back(plan: KanbanPlan, row: LoopChange) -> KanbanPlan:
    return _moved(plan, row.loop, row.container_before or row.container, row.cards_before)


def _worth(instance: Kanban, plan: KanbanPlan) -> float:
    objective = instance.evaluate(plan).objective
    assert objective is not None
    return objective


def _line(**changes: Any) -> Kanban:
    found: Kanban = Kanban.parse(LINE).replace(**changes)
    return found


# --- truth of every reason ---------------------------------------------------------------------


@lru_cache(maxsize=1)
def _instances() -> list[Kanban]:
    found = []
    for seed in range(130):
        instance = random_small("kanban", seed)
        if isinstance(instance, Kanban) and instance.loops is not None and instance.current is not None:
            found.append(instance)
    return found


def _judge_says(instance: Kanban, plan: KanbanPlan, row: LoopChange) -> None:
    """Hold each reason of a loop against the judge's word on the plan with this loop moved."""
    for reason in row.reasons:
        assert reason.code != "gap", reason
        if reason.code in OWN_RULES:
            then = instance.evaluate(_back(plan, row))
            assert (reason.code, (row.loop,)) in {(v.rule, v.members) for v in then.violations}
        elif reason.code in ("limit", "change"):
            assert reason.container is not None and reason.cards is not None
            then = instance.evaluate(_moved(plan, row.loop, reason.container, reason.cards))
            there = _moved(plan, row.loop, reason.container, reason.cards)
            assert _worth(instance, there) < _worth(instance, plan)
            assert reason.code in {violation.rule for violation in then.violations}
        elif reason.code == "saving" and "same" not in reason.text:
            assert _worth(instance, _back(plan, row)) >= _worth(instance, plan) - 1e-9
        elif reason.code == "price":
            assert reason.container is not None and reason.cards is not None
            data = instance.to_dict()
            data["current"] = {**data["current"], "price": 0}
            free = Kanban.parse(data)
            there = _moved(plan, row.loop, reason.container, reason.cards)
            assert _worth(free, there) < _worth(free, plan) + 1e-12
            assert _worth(instance, there) > _worth(instance, plan) - 1e-9


def test_reasons_are_true_and_none_is_missing() -> None:
    """At proven optima: every reason is borne out by the judge, and who is not listed could do no better alone."""
    seen: set[str] = set()
    count = 0
    for instance in _instances():
        best = optimum(instance)
        if best is None:
            continue
        count += 1
        found = jitopt.changes(instance, best.plan)
        assert found.changed == sum(row.put_in + row.taken_out for row in found.loops)
        for row in found.loops:
            assert row.reasons, row
            _judge_says(instance, best.plan, row)
            seen |= {f"{row.action}: {reason.code}" for reason in row.reasons}
        listed = {row.loop for row in found.loops}
        for told in best.plan.loops:
            if told.loop not in listed:
                assert instance.changed(told.loop, told.container, told.cards) == 0
                _no_better_alone(instance, told.loop, told.container, told.cards)
    assert count > 6
    for needed in ("put in: new", "put in: cards_needed", "take out: saving", "keep: price", "keep: change"):
        assert needed in seen, seen


def _no_better_alone(instance: Kanban, loop: str, container: str, cards: int) -> None:
    data = instance.loop_data[loop]
    here = loop_cost(data, instance.pairs[loop, container], cards)
    for row in instance.rows_of[loop]:
        assert instance.containers is not None
        other = instance.containers.container[row]
        least = max(instance.needed(loop, other), data.minimum)
        most = least + 30 if data.maximum is None else data.maximum
        for count in range(least, most + 1):
            assert loop_cost(data, instance.pairs[loop, other], count) >= here


def test_alone_is_the_best_of_all_counts() -> None:
    """With and without a price: the least over all containers and counts."""
    for instance in _instances()[:15]:
        for name in instance.names:
            for price in (Fraction(0), Fraction(1, 3), Fraction(7)):
                loop, found = instance.loop_data[name], alone(instance, name, price)
                costs = []
                for row in instance.rows_of[name]:
                    assert instance.containers is not None
                    container = instance.containers.container[row]
                    least = max(instance.needed(name, container), loop.minimum)
                    most = least + 25 if loop.maximum is None else loop.maximum
                    costs += [
                        loop_cost(loop, instance.pairs[name, container], n)
                        + price * instance.changed(name, container, n)
                        for n in range(least, most + 1)
                    ]
                assert (found is None) == (not costs)
                assert found is None or found.cost == min(costs)


# --- by hand -----------------------------------------------------------------------------------


def test_each_kind_of_reason_by_hand() -> None:
    """A needs 8 small, B 12; the reasons of what is done and left."""
    force = {"loop": ["A", "B"], "container": ["small", "small"], "cards": [6, 15]}
    told = _line(current={"loops": force})
    rows = {row.loop: row for row in jitopt.changes(told, _plan(A=("small", 8), B=("small", 12))).loops}
    assert rows["A"].reason == "its demand needs 8 of small, 6 are in force"
    assert (rows["A"].action, rows["A"].put_in, rows["A"].needed) == ("put in", 2, 8)
    assert rows["B"].reason == "saves 1.8 a day (cards -1.5, holding -0.3)"
    capped = _line(current={"loops": force, "at_most": 2})
    kept = jitopt.changes(capped, _plan(A=("small", 8), B=("small", 15))).kept
    assert [row.loop for row in kept] == ["B"]
    assert kept[0].reason == "12 of small would save 1.8 a day, but needs 3 more changes; 2 of 2 are made"
    dear = _line(current={"loops": force, "price": 1})
    kept = jitopt.changes(dear, _plan(A=("small", 8), B=("small", 15))).kept
    assert kept[0].reason == "12 of small would save 1.8 a day, but the changes cost 3"
    full = _line(limits={"limit": ["rack"], "capacity": [16]}, current={"loops": force})
    row = jitopt.changes(full, _plan(A=("large", 4), B=("small", 12))).loops[0]
    assert (row.action, row.put_in, row.taken_out) == ("exchange", 4, 6)
    assert "8 of small would save 2 a day, but rack would be taken by 20 of 16" in row.reason
    lazy = jitopt.changes(told, _plan(A=("small", 8), B=("small", 14))).loops[1]
    assert lazy.reasons[-1].code == "gap" and "not the best" in lazy.reason


def test_inputs_that_changed_are_named_and_others_are_not() -> None:
    """Only the inputs whose change moves the count are reasons; all of them where rounding hides each."""
    was = _line()
    data = was.to_dict()
    data["loops"] |= {"demand": [110, 120], "lead_time": [1, 1.04], "process": ["press", "press"]}
    data["current"] = {"loops": {"loop": ["A", "B"], "container": ["small", "small"], "cards": [8, 12]}}
    now = Kanban.parse(data)
    rows = {row.loop: row for row in jitopt.changes(now, _plan(A=("small", 11), B=("small", 13)), was).loops}
    assert rows["A"].reasons[-1].text == "demand 80 -> 110 a day"
    assert [r.text for r in rows["B"].reasons if r.code == "input"] == ["lead time 1 -> 1.04 days"]
    data["loops"] |= {"demand": [84, 120], "lead_time": [1.04, 1]}
    hidden = jitopt.changes(Kanban.parse(data), _plan(A=("small", 9), B=("small", 12)), was).loops
    assert {reason.text for reason in hidden[0].reasons if reason.code == "input"} == {"demand 80 -> 84 a day"} | {
        "lead time 1 -> 1.04 days"
    }


def test_resize_takes_the_cards_of_a_plan() -> None:
    """The cards of a plan become those in force; a loop that is no more is left out; the cap holds."""
    plan = _plan(A=("small", 6), B=("small", 15), C=("small", 3))
    told = jitopt.resize(_line(), plan, price=0.1, at_most=4)
    assert told.present == {"A": ("small", 6), "B": ("small", 15)}
    best = optimum(told)
    assert best is not None and jitopt.changes(told, best.plan).changed <= 4
    direct = jitopt.changes(_line(), _plan(A=("small", 8), B=("small", 12)), plan)
    assert [row.loop for row in direct.loops] == ["A", "B"]


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A week: last week's cards are put in force under a cap, solved, and the differences listed."""
    files = {name: str(tmp_path / f"{name}.json") for name in ("was", "now", "plan", "next", "result")}
    jitopt.write(_line(), files["was"])
    jitopt.write(_line(loops={**LINE["loops"], "demand": [100, 120]}), files["now"])
    plan = _plan(A=("small", 8), B=("small", 12)).model_dump(mode="json")
    told = {"format": "jitopt-result/1", "problem": "kanban", "plan": plan}
    (tmp_path / "plan.json").write_text(json.dumps(told))
    assert main(["resize", files["now"], files["plan"], "--at-most", "2", "-o", files["next"]]) == 0
    assert main(["solve", files["next"], "-o", files["result"]]) == 0
    capsys.readouterr()
    table = tmp_path / "changes.csv"
    assert main(["changes", files["next"], files["result"], "--before", files["was"], "-o", str(table)]) == 0
    assert "2 of at most 2 cards put in or taken out, in 1 loop" in capsys.readouterr().out
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [(row["loop"], row["put_in"], row["reason"]) for row in rows] == [
        ("A", "2", "its demand needs 10 of small, 8 are in force; demand 80 -> 100 a day")
    ]
    assert main(["changes", files["next"], files["result"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["loops"][0]["reasons"][0]["code"] == "cards_needed"
    assert main(["changes", files["now"], files["result"]]) == 2
    assert "no cards in force" in capsys.readouterr().err
    assert main(["resize", files["now"], files["plan"], "-o", "cards.csv"]) == 2


def test_refusals() -> None:
    """No cards in force, a plan of other loops, the form of options, another problem."""
    with pytest.raises(InputError, match="no cards in force"):
        jitopt.changes(_line(), _plan(A=("small", 8), B=("small", 12)))
    with pytest.raises(InputError, match="every loop"):
        jitopt.changes(jitopt.resize(_line(), _plan(A=("small", 8))), _plan(A=("small", 8)))
    options = Kanban.parse({"problem": "kanban", "version": 1, "name": "o",
                            "options": {"loop": ["A"], "container": ["box"], "cards": [1], "cost": [1]}})  # fmt: skip
    with pytest.raises(InputError, match="form of loops"):
        jitopt.resize(options, _plan(A=("box", 1)))
    with pytest.raises(InputError, match="none of the loops"):
        jitopt.resize(_line(), {"cards": [1, 2]})
    with pytest.raises(InputError, match="none of the loops"):
        jitopt.resize(_line(), _plan(elsewhere=("small", 8)))
    with pytest.raises(InputError, match="instance"):
        jitopt.changes("line.json", _plan(A=("box", 1)))  # type: ignore[call-overload]
