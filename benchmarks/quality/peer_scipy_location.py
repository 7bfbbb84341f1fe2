"""The peer: capacitated location by scipy.optimize.milp, the plain aggregated model."""

from __future__ import annotations

import json
import sys

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp


def main() -> None:
    """Solve the instance on standard input; print its objective."""
    data = json.load(sys.stdin)
    suppliers, parts = data["suppliers"]["supplier"], data["parts"]["part"]
    demand = dict(zip(parts, data["parts"]["demand"], strict=True))
    quotes = list(zip(*(data["quotes"][key] for key in ("supplier", "part", "price")), strict=True))
    n, m = len(quotes), len(suppliers)
    cost = np.array([price * demand[part] for _, part, price in quotes] + list(data["suppliers"]["fixed_cost"]))
    cover = sp.lil_array((len(parts), n + m))
    load = sp.lil_array((m, n + m))
    for column, (supplier, part, _) in enumerate(quotes):
        cover[parts.index(part), column] = 1
        load[suppliers.index(supplier), column] = demand[part]
    for row, capacity in enumerate(data["suppliers"]["capacity"]):
        load[row, n + row] = -capacity
    result = milp(
        cost,
        constraints=[LinearConstraint(cover.tocsr(), 1, 1), LinearConstraint(load.tocsr(), -np.inf, 0)],
        integrality=np.array([0] * n + [1] * m),
        bounds=Bounds(0, 1),
        options={"time_limit": data["seconds"], "mip_rel_gap": 0.0},
    )
    print(json.dumps({"status": result.message, "objective": None if result.x is None else float(result.fun)}))


if __name__ == "__main__":
    main()
