"""Painted sequences whose broken windows are counted: both exact roads against all sequences."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import jitopt
from jitopt.errors import NotApplicableError
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

ROADS = ("heijunka_cumulative_pyomo", "heijunka_order_cpsat")


def line(**fields: Any) -> Heijunka:
    return Heijunka.parse({"problem": "heijunka", "version": 1, "name": "x"} | fields)


COUNTED: dict[str, Any] = {
    "products": {"product": ["A", "B", "C"], "demand": [3, 2, 2], "colour": ["red", "blue", "blue"]},
    "ratios": {"ratio": ["x", "y"], "at_most": [0, 1], "in_any": [2, 3], "weight": [2, 3], "open": [True, True],
               "priority": ["high", "low"]},
    "options": {"product": ["A", "B", "A"], "ratio": ["x", "y", "y"]},
    "previous": ["A", "B"],
}  # fmt: skip


def optimum(instance: Heijunka) -> float | None:
    table = instance.products
    units = [p for p, d in zip(table.product, table.demand, strict=True) for _ in range(d)]
    judged = [instance.evaluate(HeijunkaPlan(sequence=order)) for order in set(itertools.permutations(units))]
    return min((one.objective or 0.0 for one in judged if not one.violations), default=None)


@pytest.mark.parametrize("method", ROADS)
def test_broken_windows_are_counted(method: str) -> None:
    values = []
    for high in ("sum_violated", "sum_absolute"):
        instance = line(
            **COUNTED,
            objective=[
                {"term": "high_ratio", "measure": high, "weight": 10},
                {"term": "colour_changes", "measure": "sum_squared"},
                {"term": "low_ratio", "measure": "sum_violated"},
            ],
        )
        result = jitopt.solve(instance, method=method, time_limit=20)
        assert result.status == "optimal"
        assert result.objective == pytest.approx(optimum(instance))
        values.append(result.objective or 0.0)
    assert values[0] < values[1]


@pytest.mark.parametrize("method", ROADS)
def test_a_term_that_prices_no_rule_keeps_no_road_away(method: str) -> None:
    ratios = {"ratio": ["x"], "at_most": [0], "in_any": [3], "hard": [True], "open": [True]}
    options = {"product": ["B"], "ratio": ["x"]}
    instance = line(
        products={"product": ["A", "B"], "demand": [2, 2]}, ratios=ratios, options=options,
        objective=[{"term": "ratio", "measure": "max_absolute"}],
    )  # fmt: skip
    assert jitopt.registry.formulation(method).build(instance) is not None


@pytest.mark.parametrize("method", ROADS)
def test_two_measures_of_a_rule_are_refused(method: str) -> None:
    objective = [{"term": "high_ratio", "measure": "sum_violated"}, {"term": "ratio"}]
    with pytest.raises(NotApplicableError, match="two measures"):
        jitopt.registry.formulation(method).build(line(**COUNTED, objective=objective))
