"""Single-source location by plain CP-SAT: a literal for every quote and site, aggregated capacity rows."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from peers import _cpsat
from peers._location import demand_of, plan_of_shares, quotes_of

if TYPE_CHECKING:
    from jitopt.problems.sourcing import Sourcing

HEURISTIC = {
    "name": "sourcing_plain_cpsat",
    "problem": "sourcing",
    "summary": "single-source location as a user would give it to CP-SAT",
    "source": "plain model, OR-Tools",
}


def run(instance: Sourcing, context: Any) -> None:
    from ortools.sat.python import cp_model

    demand, quotes = demand_of(instance), quotes_of(instance)
    model: Any = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in quotes]
    sites = instance.suppliers.supplier
    y = [model.new_bool_var("") for _ in sites]
    for part in demand:
        model.add_exactly_one(x[n] for n, quote in enumerate(quotes) if quote[1] == part)
    for site, capacity in zip(range(len(sites)), instance.suppliers.capacity or (), strict=True):
        loads = [(n, demand.get(part, 0.0)) for n, (supplier, part, _) in enumerate(quotes) if supplier == sites[site]]
        if capacity is not None:
            scale = 1 if all(float(d).is_integer() for _, d in loads) else 1000
            model.add(sum(ceil(d * scale) * x[n] for n, d in loads) <= floor(capacity * scale) * y[site])
    prices = [Fraction(price) * Fraction(demand.get(part, 0.0)) for _, part, price in quotes]
    fixed = [Fraction(cost) for cost in instance.suppliers.fixed_cost or (0.0,) * len(sites)]
    scale = _cpsat.scale_of([*prices, *fixed])
    terms = zip([*prices, *fixed], [*x, *y], strict=True)
    model.minimize(sum(floor(price * scale) * literal for price, literal in terms))
    _cpsat.solve(
        model, context, lambda value: plan_of_shares(instance, [float(value(literal)) for literal in x]), scale
    )
