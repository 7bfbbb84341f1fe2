"""How a step is solved: an exact road first, which proves most plants' questions at once, then every road."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jitopt import api, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.engine.result import Progress, Result
    from jitopt.problems.base import Instance

__all__ = ["LEAST", "PROVEN", "solve_step"]

FIRST = 0.6
"""Share of a step's time that its exact road has alone."""

LEAST = 0.5
"""Seconds that every step has, as long as there are any left."""

PROVEN = 1e-6
"""Relative distance from the bound at which a plan counts as proven best."""


def solve_step(
    instance: Instance[Any],
    deadline: float,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
    settings: dict[str, Any],
) -> Result[Any]:
    """Ask an exact road alone; where it proves nothing, every road, from its plan."""
    size = instance.size()
    exact = [m for m in registry.methods(instance.problem) if m.exact and m.technology == "pyomo" and m.fits(size)]
    common = settings | {"threads": threads, "progress": progress}
    start = None
    if exact and instance.problem != "heijunka":
        limit = max(LEAST, FIRST * (deadline - time.monotonic()))
        result = api.solve(instance, time_limit=limit, **common | {"method": exact[0].name})
        if result.status in ("optimal", "infeasible") or result.stopped_by == "interrupted":
            return result
        start = result.plan
    return api.solve(instance, time_limit=max(LEAST, deadline - time.monotonic()), start=start, **common)
