"""A solve from end to end on an instance that is no work: what the engine itself takes, its worker warm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import jitopt

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def workers() -> Iterator[None]:
    yield
    jitopt.shut_down()


@pytest.mark.parametrize("method", ["kanban_fill", "kanban_cards_pyomo", "kanban_options_cpsat"])
def test_round_trip(benchmark: Any, method: str) -> None:
    instance = jitopt.generate("kanban", seed=1, loops=3, containers=1, limits=0)
    found = benchmark.pedantic(
        jitopt.solve, args=(instance,), kwargs={"method": method, "time_limit": 60}, rounds=10, warmup_rounds=1
    )
    assert found.status == "optimal"
