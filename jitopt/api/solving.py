"""Solve an instance."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitopt.arguments import check_instance, check_solve
from jitopt.engine import solve as engine
from jitopt.engine.explain import explain as _explain

if TYPE_CHECKING:
    from jitopt.engine.result import Progress, Result
    from jitopt.problems.base import Instance, Plan, PlanT

__all__ = ["solve"]

EXPLAIN_LEAST = 0.3
"""Seconds that must be left of a limit for an infeasible solve to look for its reasons."""


def solve(
    instance: Instance[PlanT],
    *,
    method: str = "auto",
    time_limit: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
    threads: int | None = None,
    start: Plan | Mapping[str, Any] | Result[Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
    deterministic: bool = False,
    work_limit: float | None = None,
    solver_options: Mapping[str, Any] | None = None,
) -> Result[PlanT]:
    """Solve an instance; return the best judged plan with the best standing bound.

    Parameters
    ----------
    instance
        What is asked.
    method
        "auto", or a name listed by `jitopt.methods(problem)`.
    time_limit
        Wall-clock promise for the whole call [s]: it returns within this plus max(1 s, 5 %).
    gap
        Relative gap at which the search may stop [1]: 0.05 is 5 %.
    seed
        Of every random number.
    threads
        Budget over all workers; None: the processors this process may use, at most 8.
    start
        A plan to start from. The result is never worse than it.
    progress
        Called with a `Progress` whenever plan or bound improve.
    deterministic
        Same instance, seed and versions give the same plan: work limits instead of the clock.
    work_limit
        Units of work of each road when deterministic (about seconds of one processor); None: 10.
    solver_options
        {solver: {option: value}} from an allow-list; "memory_limit_mb" limits each worker.

    Returns
    -------
    Result
        Legal outcomes are statuses: "optimal", "feasible", "infeasible", "no_plan". An interrupt
        (Ctrl-C) returns the best plan with `stopped_by` "interrupted".

    Raises
    ------
    InputError
        For a keyword that cannot be.
    UnknownMethodError
        For a method that is not registered.
    """
    began = time.monotonic()
    check_instance("solve", instance)
    check_solve(method, start, progress, deterministic, work_limit)
    request = engine.Request(
        method=method,
        time_limit=time_limit,
        gap=gap,
        seed=seed,
        threads=threads,
        start=dict(start) if isinstance(start, Mapping) else start,
        progress=progress,
        deterministic=deterministic,
        work_limit=work_limit,
        solver_options=solver_options,
    )
    result = engine.solve(instance, request, began)
    left = began + time_limit - time.monotonic()
    if result.status == "infeasible" and left > EXPLAIN_LEAST:
        found = _explain(instance, time_limit=left, threads=1)
        seconds = result.seconds | {"total": time.monotonic() - began}
        result = replace(result, reasons=found.reasons, seconds=seconds)
    return result
