"""Maximum service: the least expected shortage under the limits, by every road and by enumeration."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import jitopt
from jitopt.errors import InputError
from jitopt.generators import random_small
from jitopt.problems.kanban import Kanban
from jitopt.testing import optimum
from jitopt.testing._kanban_choices import card_choices
from jitopt.testing._naive_kanban import evaluate as naive

METHODS = ("kanban_cards_pyomo", "kanban_options_cpsat", "auto")


def serving(seed: int) -> Kanban | None:
    """Return a tiny instance that asks for service, None where it is none of loops or has too many plans."""
    instance = random_small("kanban", seed)
    assert isinstance(instance, Kanban)
    if instance.options is not None:
        return None
    found = instance.replace(objective="service", known=None)
    count = 1
    for choices in card_choices(found):
        count *= len(choices)
    return found if 1 < count <= 2000 else None


INSTANCES = [found for seed in range(40) if (found := serving(seed)) is not None][:3]


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_every_road_finds_the_least_shortage(instance: Kanban) -> None:
    best = optimum(instance)
    for method in METHODS:
        result = jitopt.solve(instance, method=method, time_limit=30)
        assert jitopt.audit(instance, result.to_dict()) == [], method
        if best is None:
            assert result.status == "infeasible", method
            continue
        assert result.plan is not None
        assert result.objective == pytest.approx(float(best.value), rel=1e-6, abs=1e-6), method
        judged = naive(instance.to_dict(), result.plan.to_dict())
        assert judged.terms is not None and set(result.terms) == {"shortage"}
        assert result.objective == pytest.approx(float(sum(judged.terms.values(), Fraction(0))), rel=1e-9, abs=1e-12)


def two_loops(**more: Any) -> Kanban:
    """Two loops on a rack of 9 positions; b varies more."""
    return Kanban.parse({
        "problem": "kanban", "version": 1, "name": "two", "objective": "service",
        "loops": {"loop": ["a", "b"], "demand": [40, 40], "lead_time": [1, 1], "demand_sd": [1, 15],
                  "holding_cost": [1, 1]} | more,
        "containers": {"loop": ["a", "b"], "container": ["box", "box"], "quantity": [10, 10], "card_cost": [5, 5]},
        "uses": {"loop": ["a", "b"], "limit": ["rack", "rack"], "amount": [1, 1]},
        "limits": {"limit": ["rack"], "capacity": [9]},
    })  # fmt: skip


def cards(instance: Kanban) -> dict[str, int]:
    """Return the cards of the best plan."""
    result = jitopt.solve(instance, time_limit=30)
    assert result.status == "optimal" and result.plan is not None
    return {row.loop: row.cards for row in result.plan.loops}


def test_scarce_positions_go_where_they_save_most() -> None:
    assert cards(two_loops()) == {"a": 4, "b": 5}


def test_a_unit_short_counts_by_its_cost() -> None:
    assert cards(two_loops(shortage_cost=[100, 1])) == {"a": 5, "b": 4}


def test_what_a_loop_asks_for_is_kept() -> None:
    assert cards(two_loops(service=[0.99, None])) == {"a": 5, "b": 4}


def test_options_have_no_service() -> None:
    with pytest.raises(InputError, match="options have a cost and nothing else"):
        Kanban.parse({
            "problem": "kanban", "version": 1, "name": "o", "objective": "service",
            "options": {"loop": ["a"], "container": ["c"], "cards": [1], "cost": [1]},
        })  # fmt: skip
