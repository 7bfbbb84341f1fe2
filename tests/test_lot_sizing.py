"""Lot sizes under changeover capacity: against brute force, at the last minute, refused where nothing fits."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

import jitopt
from jitopt.errors import InputError

PARTS: dict[str, list[Any]] = {
    "part": ["A", "B", "C"], "machine": ["M", "M", "M"], "demand": [100, 60, 40], "run": [2, 2, 2.5],
    "setup": [20, 15, 30], "lead_time": [0.5, 0.5, 1], "safety_stock": [20, 0, 10], "holding_cost": [0.02, 0.05, 0.1],
}  # fmt: skip
BOXES = {
    "part": ["A", "A", "B", "C"], "container": ["box", "crate", "box", "box"], "quantity": [10, 25, 10, 8],
    "card_cost": [0.3, 0.7, 0.3, 0.3],
}  # fmt: skip
MACHINES = {"machine": ["M"], "minutes": [480]}


def by_hand(parts: dict[str, Any], boxes: dict[str, Any], minutes: float, rack: int | None = None) -> Fraction | None:
    """Return the least cost over all containers and lots, None where none fits."""
    work = [Fraction(str(d)) * Fraction(str(p)) for d, p in zip(parts["demand"], parts["run"], strict=True)]
    left = Fraction(str(minutes)) - sum(work)
    menus = []
    for row, part in enumerate(parts["part"]):
        demand, setup = Fraction(parts["demand"][row]), Fraction(parts["setup"][row])
        menu = []
        for at in [at for at, name in enumerate(boxes["part"]) if name == part]:
            size, card = Fraction(boxes["quantity"][at]), Fraction(str(boxes["card_cost"][at]))
            for lot in range(1, max(1, math.floor(demand * parts["longest"][row] / size)) + 1):
                time = Fraction(str(parts["lead_time"][row])) + (
                    setup + lot * size * Fraction(str(parts["run"][row]))
                ) / Fraction(str(minutes))
                trigger = math.ceil((demand * time + Fraction(parts["safety_stock"][row])) / size)
                stock = trigger * size - demand * time + lot * size / 2
                cost = card * (trigger + lot) + Fraction(str(parts["holding_cost"][row])) * stock
                menu.append((cost, setup * demand / (lot * size), trigger + lot))
        menus.append(menu)
    fitting = [
        sum((option[0] for option in choice), Fraction(0))
        for choice in itertools.product(*menus)
        if sum(option[1] for option in choice) <= left and (rack is None or sum(option[2] for option in choice) <= rack)
    ]
    return min(fitting, default=None)


def test_the_plan_of_a_machine_keeps_its_minutes_and_tells_its_lots():
    parts = {**PARTS, "longest": [3, 3, 3]}
    sizing = jitopt.lot_sizing(parts, BOXES, MACHINES)
    result = jitopt.solve(sizing.instance, method="kanban_options_cpsat", time_limit=20)
    assert result.status == "optimal" and result.plan is not None
    lots = sizing.lots(result.plan)
    assert sum(lot.minutes for lot in lots) <= 480 - 200 - 120 - 100 + 1e-5
    assert float(sum(lot.cost for lot in lots)) == pytest.approx(result.objective, abs=1e-5)
    assert result.objective == pytest.approx(float(by_hand(parts, BOXES, 480) or 0), abs=1e-5)
    for lot in lots:
        assert lot.cards == lot.trigger + lot.lot and lot.every == lot.units / Fraction(
            PARTS["demand"][PARTS["part"].index(lot.part)]
        )
    frame = sizing.to_frame(result.plan)
    assert list(frame["lot"]) == [lot.lot for lot in lots]


@pytest.mark.parametrize("seed", range(3))
def test_against_every_choice(seed):
    """All containers and lots of small machines, with a rack in half of them."""
    chance = random.Random(seed)
    count = chance.randint(2, 3)
    parts: dict[str, list[Any]] = {
        "part": [f"p{k}" for k in range(count)], "machine": ["M"] * count,
        "demand": [chance.randint(20, 90) for _ in range(count)],
        "run": [chance.choice([0.5, 1, 1.2]) for _ in range(count)],
        "setup": [chance.randint(5, 40) for _ in range(count)],
        "lead_time": [chance.choice([0.5, 1]) for _ in range(count)],
        "safety_stock": [chance.randint(0, 30) for _ in range(count)],
        "holding_cost": [chance.choice([0.01, 0.1]) for _ in range(count)], "longest": [3] * count,
    }  # fmt: skip
    boxes = {
        "part": [f"p{k}" for k in range(count) for _ in range(2)], "container": ["s", "l"] * count,
        "quantity": [chance.choice([10, 12]), 30] * count, "card_cost": [0.2, 0.5] * count,
    }  # fmt: skip
    work = sum(Fraction(str(d)) * Fraction(str(p)) for d, p in zip(parts["demand"], parts["run"], strict=True))
    minutes = float(work) + chance.choice([20, 35, 60])
    rack = chance.randint(14, 24) if seed % 2 else None
    racks = None
    if rack is not None:
        racks = {"rack": ["R"], "positions": [rack]}
        parts["rack"] = ["R"] * count
    sizing = jitopt.lot_sizing(parts, boxes, {"machine": ["M"], "minutes": [minutes]}, racks)
    result = jitopt.solve(sizing.instance, time_limit=20)
    best = by_hand(parts, boxes, minutes, rack)
    if best is None:
        assert result.status == "infeasible"
    else:
        assert result.status == "optimal" and result.objective == pytest.approx(float(best), abs=1e-5)


def test_lots_that_fill_the_minutes_to_the_last_fraction_fit():
    """Three parts, a third of the ten free minutes each: what is written rounds down, and fits."""
    parts = {
        "part": ["a", "b", "c"], "machine": ["M"] * 3, "demand": [10] * 3, "run": [1] * 3, "setup": [10] * 3,
        "longest": [3] * 3,
    }  # fmt: skip
    boxes = {"part": ["a", "b", "c"], "container": ["x"] * 3, "quantity": [10] * 3, "card_cost": [1] * 3}
    sizing = jitopt.lot_sizing(parts, boxes, {"machine": ["M"], "minutes": [40]})
    result = jitopt.solve(sizing.instance, method="kanban_options_cpsat", time_limit=20)
    assert result.status == "optimal" and result.plan is not None
    assert [lot.lot for lot in sizing.lots(result.plan)] == [3, 3, 3]
    assert sum(lot.minutes for lot in sizing.lots(result.plan)) == 10
    short = jitopt.lot_sizing(parts, boxes, {"machine": ["M"], "minutes": [39.999]})
    assert jitopt.solve(short.instance, time_limit=20).status == "infeasible"
    why = jitopt.explain(short.instance, time_limit=20)
    assert any("setup M" in str(reason) for reason in why.reasons)


def test_dominated_lots_are_left_out_only_without_a_rack():
    free = jitopt.lot_sizing({**PARTS, "setup_cost": [50, 50, 50]}, BOXES, MACHINES)
    racked = jitopt.lot_sizing(
        {**PARTS, "setup_cost": [50, 50, 50], "rack": ["R"] * 3}, BOXES, MACHINES, {"rack": ["R"], "positions": [90]}
    )
    assert len(free.options) < len(racked.options)
    for part in PARTS["part"]:
        front = sorted((option.minutes, option.cost) for option in free.options if option.part == part)
        assert all(first[0] < second[0] and first[1] > second[1] for first, second in pairwise(front))
        every = [option for option in racked.options if option.part == part]
        assert all(any(m <= option.minutes and c <= option.cost for m, c in front) for option in every)
    assert free.instance.limits is not None and free.instance.limits.limit == ("setup M",)
    assert racked.instance.limits is not None and racked.instance.limits.limit == ("setup M", "rack R")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"parts": {**PARTS, "machine": ["M", "M", "N"]}}, "machine"),
        ({"boxes": {**BOXES, "part": ["A", "A", "B", "D"]}}, "part"),
        ({"boxes": {"part": ["A"], "container": ["box"], "quantity": [10]}}, "every part needs a container"),
        ({"machines": {"machine": ["M"], "minutes": [400]}}, "add more than 20 minutes a day"),
        ({"machines": {"machine": ["M"], "minutes": [480], "uptime": [1.5]}}, "share"),
        ({"parts": {**PARTS, "demand": [1e9, 1, 1], "run": [0, 0, 0]}}, "containers"),
        ({"parts": {**PARTS, "demand": [0, 60, 40]}}, "demand"),
        ({"parts": {**PARTS, "minimum": [9999, 1, 1]}}, "the least lot lasts longer"),
        ({"parts": {**PARTS, "colour": [1, 2, 3]}}, "colour"),
    ],
)
def test_bad_tables_are_told(change, rule):
    tables = {"parts": PARTS, "boxes": BOXES, "machines": MACHINES} | change
    with pytest.raises(InputError, match=rule):
        jitopt.lot_sizing(tables["parts"], tables["boxes"], tables["machines"])


def test_a_plan_of_something_else_is_refused():
    sizing = jitopt.lot_sizing(PARTS, BOXES, MACHINES)
    other = jitopt.KanbanPlan.model_validate({"loops": [{"loop": "A", "container": "box", "cards": 999}]})
    with pytest.raises(InputError, match="not one of these lots"):
        sizing.lots(other)
