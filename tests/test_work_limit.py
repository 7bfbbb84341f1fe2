"""Deterministic mode: HiGHS stops by work, the same in every run; the clock is owned up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt
from jitopt.engine.solve import BY_THE_CLOCK

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

INSTANCE = "instances/heijunka/heijunka_12_buckets.json"
METHOD = "heijunka_cumulative_pyomo"


def _solve(root: Path, **settings: Any) -> jitopt.Result[Any]:
    instance = jitopt.read(root / INSTANCE)
    return jitopt.solve(instance, method=METHOD, deterministic=True, seed=5, **settings)


def test_the_work_limit_ends_highs_in_the_same_place_every_time(request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath
    first, second = (_solve(root, work_limit=0.3, time_limit=60, threads=n) for n in (1, 2))
    assert first.stopped_by == second.stopped_by == "work_limit"
    assert first.bound is not None
    assert first.plan is not None
    assert second.plan is not None
    assert (first.objective, first.bound) == (second.objective, second.bound)
    assert first.plan.to_dict() == second.plan.to_dict()
    assert BY_THE_CLOCK not in first.warnings
    more = _solve(root, work_limit=0.5, time_limit=60, threads=1)
    assert more.bound is not None
    assert more.bound > first.bound


def test_a_deterministic_solve_ended_by_the_clock_says_so(request: pytest.FixtureRequest) -> None:
    found = _solve(request.config.rootpath, work_limit=1000, time_limit=0.2, threads=1)
    assert found.stopped_by == "time_limit"
    assert BY_THE_CLOCK in found.warnings
