"""Ways out of a kanban instance: room, cards, changes alone, against enumeration with the judge."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

import jitopt
from jitopt.cli import main

LOOPS = {"loop": ["A", "B"], "part": ["shaft", "gear"], "demand": [80, 120], "lead_time": [1, 1], "minimum": [2, 1]}
MENU = {
    "loop": ["A", "A", "B", "B"],
    "container": ["small", "large", "small", "large"],
    "quantity": [10, 20, 10, 20],
}
USES = {"loop": ["A", "B", "A", "B"], "limit": ["rack", "rack", "floor", "floor"], "amount": [1, 1, 0.5, 0.7]}
NOW = {"loops": {"loop": ["A", "B"], "container": ["small", "large"], "cards": [8, 2]}, "at_most": 3}


def clash(rack: float, floor: float, maximum: int = 12, **more: Any) -> jitopt.Kanban:
    """Return two loops that share a rack and a floor, and find too little of something."""
    data = {
        "problem": "kanban", "name": "clash", "loops": LOOPS | {"maximum": [maximum, maximum]}, "containers": MENU,
        "uses": USES, "limits": {"limit": ["rack", "floor"], "capacity": [rack, floor]}, **more,
    }  # fmt: skip
    return jitopt.Kanban.parse(data)


def breaches(instance: jitopt.Kanban) -> list[tuple[Any, ...]]:
    """Return what each plan breaks, by the judge."""
    options = [(container, cards) for container in ("small", "large") for cards in range(13)]
    plans = (zip("AB", choice, strict=True) for choice in product(options, repeat=2))
    return [
        jitopt.check(
            instance, {"loops": [{"loop": name, "container": box, "cards": cards} for name, (box, cards) in plan]}
        ).violations
        for plan in plans
    ]


def least(limits: dict[Any, float], broken: list[tuple[Any, ...]], way: Any) -> float | None:
    """Return the least that a way's rules must give way by, over every plan; None where it is not enough."""
    fit = [found for found in broken if all(violation.rule in way.rules for violation in found)]
    if way.unit:
        return min(map(fewest, fit), default=None)
    return min((sum(100 / limits[v.rule, v.members] * v.short_by for v in found) for found in fit), default=None)


def fewest(broken: Any) -> float:
    """Return the cards by which rules give way; a loop that breaks two rules lacks the same cards in both."""
    most: dict[Any, float] = {}
    for violation in broken:
        most[violation.members] = max(most.get(violation.members, 0.0), violation.short_by)
    return sum(most.values())


@pytest.mark.parametrize(
    "instance",
    [
        clash(11, 5),  # room and cards both help
        clash(30, 9, maximum=5),  # room does not: the large boxes of B are six
        clash(9, 5, current=NOW),  # nothing helps by itself but fewer cards
    ],
    ids=["room", "maximum", "changes"],
)
def test_every_way_is_the_least_that_enumeration_finds(instance):
    told = jitopt.explain(instance, time_limit=30)
    assert told.status == "infeasible"
    limits, broken = {(rule.name, rule.members): rule.limit or 1.0 for rule in instance.rules()}, breaches(instance)
    assert [way["way"] for way in told.ways] == [way.name for way in instance.ways()]
    for way, asked in zip(told.ways, instance.ways(), strict=True):
        best = least(limits, broken, asked)
        assert way["status"] == ("impossible" if best is None else "possible"), way["way"]
        if best is not None:
            assert sum(reason["cost"] for reason in way["reasons"]) == pytest.approx(best)
            assert {reason["rule"] for reason in way["reasons"]} <= set(asked.rules)


def test_cards_that_break_two_rules_are_counted_once():
    """A's four boxes fill the floor: B does without its six, and so without the one it has at least."""
    told = jitopt.explain(clash(10, 2.0), time_limit=30)
    cards = next(way for way in told.ways if way["way"] == "fewer cards")
    assert (cards["total"], cards["proven"]) == ("6 cards", True)
    assert [(r["rule"], r["members"], r["short_by"]) for r in cards["reasons"]] == [
        ("cards_needed", ["B"], 6),
        ("minimum", ["B"], 1),
    ]


def test_prices_of_the_caller_count_in_the_ways():
    told = jitopt.explain(clash(11, 5), time_limit=30, prices={"cards_needed": 3.0})
    cards = next(way for way in told.ways if way["way"] == "fewer cards")
    assert cards["total"] is None
    assert {reason["cost_unit"] for reason in cards["reasons"] if reason["rule"] == "cards_needed"} == {"as priced"}


def test_no_way_is_told_where_only_one_kind_of_rule_can_give_way():
    data = {
        "problem": "kanban", "name": "one kind",
        "options": {"loop": ["A"], "container": ["box"], "cards": [4], "cost": [1]},
        "limits": {"limit": ["rack"], "capacity": [3]},
        "uses": {"option": [0], "limit": ["rack"], "amount": [4]},
    }  # fmt: skip
    told = jitopt.explain(jitopt.Kanban.parse(data), time_limit=30)
    assert told.status == "infeasible" and told.ways == ()


def test_the_terminal_tells_parts_racks_and_cards(tmp_path, capsys):
    file = tmp_path / "clash.json"
    file.write_text(json.dumps(clash(11, 5, maximum=5).to_dict()))
    main(["explain", str(file)])
    text = capsys.readouterr().out
    ways = text.partition("If rules of one kind alone give way:")[2]
    assert "- more room: not enough by itself" in ways
    assert "B (gear) has" in ways and "in all:" in ways
    assert "%" not in ways
