"""Delivery frequencies from a menu: one column for each supplier or milk run, shared limits as rows.

Sets
----
u  stops: suppliers on their own and milk runs; K_u the frequencies u may have (truck and menu kept)
r  shared limits that can bind: docks, storages, other limits, the cap on changes

Data
----
c_uk  cost of stop u at frequency k: delivery, lines, holding, cards, change [money per day]
a_ruk what it takes of limit r, in whole units: deliveries per lcm(A) days, containers, changes
b_r   the limit in these units, rounded down

Variables
---------
x_uk  1 if stop u delivers at frequency k (binary)
v_r   relaxation of limit r (elastic model only)

Objective
---------
min  sum c_uk x_uk
(or the priced sum of the relaxations and of what the chosen columns break by themselves)

Constraints
-----------
choice  sum over k in K_u of x_uk = 1
limit   sum a_ruk x_uk <= b_r (+ v_r)

Source
------
Multiple-choice knapsack with several rows: Sinha and Zoltners, The multiple-choice knapsack
problem, Operations Research 27 (1979) 503-515. Cards of a cycle A-B-C: Monden, Toyota Production
System, supplier kanban.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from ._delivery import chosen, plan_of, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.delivery.instance import Delivery, DeliveryPlan
    from jitopt.registry import RuleKey

    from ._delivery import Data

FORMULATION: dict[str, Any] = {
    "name": "delivery_menu_pyomo",
    "problem": "delivery",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "One binary column for each supplier or milk run and frequency, docks and storages as rows.",
    "source": "Sinha and Zoltners 1979; Monden, Toyota Production System",
    "page": "docs/formulations/delivery_menu_pyomo.md",
    "up_to": {"columns": 200_000, "cyclic_parts": 0},
}


def build(instance: Delivery, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        For the strict cyclic form.
    """
    data = prepare(instance, elastic)
    m: Any = pyo.ConcreteModel(name="delivery_menu_pyomo")
    m.data = data
    m.STOPS = pyo.Set(initialize=range(len(data.columns)), doc="u")
    m.COLUMNS = pyo.Set(initialize=list(data.cost), dimen=2, doc="u, k")
    m.ROWS = pyo.Set(initialize=range(len(data.rows)), doc="r")
    m.x = pyo.Var(m.COLUMNS, domain=pyo.Binary, doc="x_uk")
    m.v = pyo.Var(m.ROWS, bounds=lambda m, r: (0, _largest(data, r)), doc="v_r")
    m.nothing = pyo.Var(bounds=(0, 0), doc="0, so that no row is empty")
    _constraints(m, data)
    cost = sum((float(cost) * m.x[key] for key, cost in data.cost.items() if cost), start=1 * m.nothing)
    for r, row in enumerate(data.rows):
        if row.priced:
            cost += float(row.priced * row.shared.grain) * m.v[r]
    m.cost = pyo.Objective(expr=cost, sense=pyo.minimize)
    return m


def extract(instance: Delivery, model: Any, value: Callable[[Any], float]) -> DeliveryPlan:
    """Return the plan: of each stop the frequency of largest value."""
    return plan_of(model.data, lambda u, c: value(model.x[u, c]))


def start(instance: Delivery, model: Any, plan: DeliveryPlan) -> list[tuple[Any, float]]:
    """Return the value of every variable under `plan`."""
    data, picked = model.data, chosen(model.data, plan)
    pairs = [(model.x[key], float(key in picked)) for key in model.COLUMNS]
    for r, row in enumerate(data.rows):
        load = sum(units for key, units in row.loads.items() if key in picked)
        pairs.append((model.v[r], max(0.0, float(load - row.limit)) if row.priced is not None else 0.0))
    return pairs


def _largest(data: Data, r: int) -> float:
    """Return the largest relaxation that a plan can need."""
    row = data.rows[r]
    return float(row.most - row.limit) if row.priced is not None else 0.0


def _constraints(m: Any, data: Data) -> None:
    @m.Constraint(m.STOPS, doc="choice")
    def choice(m: Any, u: int) -> Any:
        return sum((m.x[u, c] for c in range(len(data.columns[u]))), start=1 * m.nothing) == 1

    @m.Constraint(m.ROWS, doc="limit; whole units, so that a kept limit may be rounded down")
    def limit(m: Any, r: int) -> Any:
        row = data.rows[r]
        load = sum((units * m.x[key] for key, units in row.loads.items()), start=1 * m.nothing)
        return load <= floor(row.limit) if row.priced is None else load - m.v[r] <= float(row.limit)
