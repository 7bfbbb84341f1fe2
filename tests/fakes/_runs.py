"""Rows of made-up batches, as columns."""

from __future__ import annotations

import random
from typing import Any

BASE: dict[str, Any] = {
    "problem": "kanban",
    "family": "tiny",
    "instance": "i1",
    "instance_sha256": None,
    "variant": "a",
    "method": None,
    "start": "none",
    "seed": 0,
    "threads": 1,
    "time_limit": 10.0,
    "gap_limit": 0.0,
    "deterministic": False,
    "work_limit": None,
    "status": "optimal",
    "objective": 100.0,
    "bound": None,
    "gap": None,
    "seconds": 1.0,
    "start_seconds": None,
    "first_plan": None,
    "known_lower": None,
    "known_upper": None,
    "message": "",
    "trajectory": None,
}


def row(**given: Any) -> dict[str, Any]:
    """Return a row: optimal 100 in 1 s of 10 s, unless told otherwise; no plan has no objective."""
    found = {**BASE, **given}
    if found["method"] is None:
        found["method"] = found["variant"]
    if found["status"] in ("no_plan", "infeasible", "refused", "failed", "waiting"):
        found["objective"] = None
    if found["status"] == "optimal" and "bound" not in given:
        found["bound"] = found["objective"]
    return found


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [one[name] for one in rows] for name in rows[0]}


def batch(
    seed: int = 0, instances: int = 6, seeds: int = 2, variants: tuple[str, ...] = ("a", "b", "c"), **given: Any
) -> list[dict[str, Any]]:
    """Return rows of random runs with trajectories; some are unsolved, some have no plan."""
    rng = random.Random(seed)
    rows = []
    for i in range(instances):
        best = rng.randint(50, 200)
        hard = rng.lognormvariate(1.0, 1.2)
        for variant in variants:
            for s in range(seeds):
                seconds = round(hard * rng.lognormvariate(0.0, 0.6), 3)
                first = round(0.6 * seconds, 3)
                solved, found = seconds < 10, first < 10
                points = [(first, best * 1.2, best * 0.5)] if found else []
                points += [(seconds, float(best), float(best))] if solved else []
                rows.append(
                    row(
                        instance=f"i{i}",
                        variant=variant,
                        seed=s,
                        status="optimal" if solved else "feasible" if found else "no_plan",
                        objective=points[-1][1] if points else None,
                        bound=points[-1][2] if points else None,
                        seconds=min(seconds, 10.0),
                        first_plan=first if found else None,
                        trajectory=points,
                        **given,
                    )
                )
    return rows
