"""The tiny kanban instances: a method that forgets any column is exposed by one of eighty."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from jitopt.generators import random_small
from jitopt.problems.kanban import Kanban
from jitopt.testing import Optimum, optimum

SEEDS = 80

FEATURES = [
    *(("loops", name) for name in (
        "demand_sd", "lead_time_sd", "interval", "yield", "safety", "service", "holding_cost", "shortage_cost",
        "signal", "minimum", "maximum",
    )),
    *(("containers", name) for name in ("card_cost", "handling_cost")),
    *(("current", name) for name in ("price", "at_most")),
    ("uses", "container"),
]  # fmt: skip
"""Optional columns of the plant form."""


@cache
def _tiny(seed: int) -> tuple[Kanban, Optimum | None]:
    instance: Any = random_small("kanban", seed)
    return instance, optimum(instance)


def _exposed(seed: int, table: str, column: str) -> bool:
    """Tell whether leaving a column out changes the answer."""
    instance, best = _tiny(seed)
    data = instance.to_dict()
    if data.get(table, {}).pop(column, None) is None:
        return False
    if (table, column) == ("uses", "container"):
        keys = list(zip(data["uses"]["loop"], data["uses"]["limit"], strict=True))
        if len(set(keys)) < len(keys):
            return False
    if column in ("holding_cost", "card_cost") and "shortage_cost" in data["loops"]:
        return False
    other = optimum(Kanban.parse(data))
    if best is None or other is None:
        return (best is None) != (other is None)
    return abs(float(best.value - other.value)) > 1e-6


@pytest.mark.parametrize(("table", "column"), FEATURES)
def test_every_column_matters(table: str, column: str) -> None:
    assert any(_exposed(seed, table, column) for seed in range(SEEDS))


def test_limits_and_needs_matter() -> None:
    """Capacities bind, and so do the cards that are needed, with and without a plan."""
    without = {seed: _tiny(seed)[0].to_dict() for seed in range(SEEDS)}
    answers = set()
    for seed, data in without.items():
        if "limits" in data:
            best, other = (
                _tiny(seed)[1],
                optimum(Kanban.parse({k: v for k, v in data.items() if k not in ("uses", "limits")})),
            )
            answers.add(
                (best is None, other is None, best is not None and other is not None and best.value > other.value)
            )
    assert {(True, False, False), (False, False, True)} <= answers


def _relaxation_has_a_plan(instance: Kanban) -> bool:
    """Tell whether parts of options could be taken."""
    table, limits = instance.options, list(instance.capacity)
    assert table is not None
    load = np.zeros((len(limits), table.rows()))
    for row, uses in enumerate(instance.option_uses):
        for limit, amount in uses:
            load[limits.index(limit), row] += float(amount)
    one = np.array([[float(name == loop) for loop in table.loop] for name in instance.names])
    room = [float(value) for value in instance.capacity.values()]
    found = linprog(np.zeros(table.rows()), load, room, one, np.ones(len(instance.names)), bounds=(0, 1))
    return bool(found.status == 0)


def test_some_have_no_plan_only_because_options_are_whole() -> None:
    found = [
        seed
        for seed in range(SEEDS)
        if (instance := _tiny(seed)[0]).options and _tiny(seed)[1] is None and _relaxation_has_a_plan(instance)
    ]
    assert len(found) >= 2
