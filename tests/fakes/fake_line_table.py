"""A formulation of tiny lines: a binary for each plan, priced by the judge; it minimises, as all do."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from jitopt.testing import brute_force

FORMULATION = {
    "name": "kanban_fake_line_table",
    "problem": "kanban",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "looks every plan up",
    "source": "constructed",
}


def build(instance: Any, elastic: Any = None) -> Any:
    m: Any = pyo.ConcreteModel()
    m.plans = list(brute_force.plans(instance))
    found = [instance.evaluate(plan) for plan in m.plans]
    m.rows = pyo.RangeSet(0, len(m.plans) - 1)
    m.take = pyo.Var(m.rows, within=pyo.Binary)
    m.once = pyo.Constraint(expr=sum(m.take[k] for k in m.rows) == 1)
    for k, one in enumerate(found):
        if one.violations:
            m.take[k].setub(0)
    m.cost = pyo.Objective(expr=sum(instance.sense * one.objective * m.take[k] for k, one in enumerate(found)))
    return m


def extract(instance: Any, model: Any, value: Any) -> Any:
    return model.plans[max(model.rows, key=lambda k: value(model.take[k]))]


def start(instance: Any, model: Any, plan: Any) -> list[Any]:
    return []
