"""Price breaks by Pyomo and HiGHS as their manuals show it: quantities, a binary for every tier, link and supplier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.sourcing import Order, SourcingPlan
from peers._location import demand_of, quotes_of

if TYPE_CHECKING:
    from jitopt.problems.sourcing import Sourcing

HEURISTIC = {
    "name": "sourcing_plain_pyomo",
    "problem": "sourcing",
    "summary": "price breaks as a user would write them in Pyomo, solved by HiGHS",
    "source": "plain model, Pyomo",
}

LEFT = 1.0
"""Seconds before the limit at which the solver shall stop: it tells nothing before its end."""


def run(instance: Sourcing, context: Any) -> None:
    import pyomo.environ as pyo
    from pyomo.contrib.appsi.solvers import Highs

    demand, quotes = demand_of(instance), quotes_of(instance)
    model = _model(pyo, instance, demand, quotes)
    solver = Highs()
    solver.config.time_limit = max(0.1, context.remaining() - LEFT)
    solver.config.mip_gap = 0.0
    solver.config.load_solution = False
    solver.highs_options = {"threads": context.threads, "random_seed": context.seed}
    found = solver.solve(model)
    if found.best_feasible_objective is not None:
        found.solution_loader.load_vars()
        rows = [(s, p, sum(pyo.value(model.q[n, t]) for t in model.tiers[n])) for n, (s, p, _) in enumerate(quotes)]
        orders = [Order(supplier=s, part=p, period=1, quantity=round(q, 9)) for s, p, q in rows if q > 1e-7]
        context.report(SourcingPlan(orders=tuple(orders)))
    if found.best_objective_bound is not None and abs(found.best_objective_bound) < 1e20:
        context.bound(float(found.best_objective_bound))


def _model(pyo: Any, instance: Sourcing, demand: dict[str, float], quotes: list[tuple[str, str, float]]) -> Any:
    m = pyo.ConcreteModel()
    steps: dict[tuple[str, str], list[tuple[float, float]]] = {}
    breaks = instance.discounts
    for s, p, start, factor in (
        zip(breaks.supplier, breaks.part or (), breaks.from_quantity, breaks.factor, strict=True) if breaks else ()
    ):
        steps.setdefault((s, str(p)), []).append((start, factor))
    ladders = [sorted([(0.0, 1.0), *steps.get((s, p), [])]) for s, p, _ in quotes]
    m.tiers = [range(len(ladder)) for ladder in ladders]
    keys = [(n, t) for n, tiers in enumerate(m.tiers) for t in tiers]
    suppliers = instance.suppliers
    m.q = pyo.Var(keys, domain=pyo.NonNegativeReals)
    m.tier = pyo.Var(keys, domain=pyo.Binary)
    m.used = pyo.Var(suppliers.supplier, domain=pyo.Binary)
    m.limits = pyo.ConstraintList()
    for n, (site, part, _) in enumerate(quotes):
        for t, (start, _) in enumerate(ladders[n]):
            end = ladders[n][t + 1][0] if t + 1 < len(ladders[n]) else max(start, demand.get(part, 0.0))
            m.limits.add(m.q[n, t] >= start * m.tier[n, t])
            m.limits.add(m.q[n, t] <= end * m.tier[n, t])
        m.limits.add(sum(m.tier[n, t] for t in m.tiers[n]) <= m.used[site])
    for part, amount in demand.items():
        m.limits.add(sum(m.q[n, t] for n, t in keys if quotes[n][1] == part) >= amount)
    for site, capacity in zip(suppliers.supplier, suppliers.capacity or (), strict=True):
        mine = [(n, t) for n, t in keys if quotes[n][0] == site]
        if capacity is not None and mine:
            m.limits.add(sum(m.q[key] for key in mine) <= capacity * m.used[site])
    links, fixed = instance.quotes.fixed_cost, suppliers.fixed_cost or (0.0,) * len(suppliers.supplier)
    cost = sum(quotes[n][2] * ladders[n][t][1] * m.q[n, t] for n, t in keys)
    cost += sum((links[n] if links else 0.0) * m.tier[n, t] for n, t in keys)
    m.cost = pyo.Objective(expr=cost + sum(f * m.used[s] for s, f in zip(suppliers.supplier, fixed, strict=True)))
    return m
