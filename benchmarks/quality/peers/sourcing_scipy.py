"""Capacitated location by scipy.optimize.milp: shares, a binary for every site, aggregated capacity rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers._location import demand_of, plan_of_shares, quotes_of, single

if TYPE_CHECKING:
    from jitopt.problems.sourcing import Sourcing

HEURISTIC = {
    "name": "sourcing_scipy_milp",
    "problem": "sourcing",
    "summary": "the aggregated location model through scipy.optimize.milp (HiGHS)",
    "source": "plain model, scipy",
}

LEFT = 1.0
"""Seconds before the limit at which the solver shall stop: it tells nothing before its end."""


def run(instance: Sourcing, context: Any) -> None:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import lil_array

    demand, quotes = demand_of(instance), quotes_of(instance)
    suppliers, parts = instance.suppliers.supplier, list(demand)
    row_of, site_of = ({name: k for k, name in enumerate(names)} for names in (parts, suppliers))
    n, m = len(quotes), len(suppliers)
    cost = [price * demand.get(part, 0.0) for _, part, price in quotes]
    cost += instance.suppliers.fixed_cost or (0.0,) * m
    cover, load = lil_array((len(parts), n + m)), lil_array((m, n + m))
    for column, (supplier, part, _) in enumerate(quotes):
        if part in demand:
            cover[row_of[part], column] = 1
            load[site_of[supplier], column] = demand[part]
    for site, capacity in enumerate(instance.suppliers.capacity or (None,) * m):
        load[site, n + site] = -(sum(demand.values()) if capacity is None else capacity)
    result = milp(
        np.array(cost),
        constraints=[LinearConstraint(cover.tocsr(), 1, 1), LinearConstraint(load.tocsr(), -np.inf, 0)],
        integrality=np.array([int(single(instance))] * n + [1] * m),
        bounds=Bounds(0, 1),
        options={"time_limit": max(0.1, context.remaining() - LEFT), "mip_rel_gap": 0.0},
    )
    if result.x is not None:
        context.report(plan_of_shares(instance, result.x[:n].tolist()))
    if result.mip_dual_bound is not None and np.isfinite(result.mip_dual_bound):
        context.bound(float(result.mip_dual_bound))
