"""A worker keeps the instance it has read: the next job about it, or one foretold by its text, sends none."""

from __future__ import annotations

import json
from typing import Any

import jitopt
from jitopt.engine.process import foretell, shut_down
from jitopt.generators import random_small
from jitopt.problems import parse_instance

METHOD: dict[str, Any] = {
    "method": "kanban_fill",
    "threads": 1,
    "time_limit": 20,
    "deterministic": True,
    "work_limit": 0.01,
}


def test_a_text_that_was_foretold_is_what_is_solved() -> None:
    instance, other = random_small("kanban", 1), random_small("kanban", 2)
    alone = [jitopt.solve(one, **METHOD) for one in (instance, other)]
    shut_down()
    worker = foretell("heuristic", json.dumps(instance.to_dict()))
    again = parse_instance(instance.to_dict())
    worker.hold(again)
    for one, expected in ((again, alone[0]), (again, alone[0]), (other, alone[1]), (again, alone[0])):
        found = jitopt.solve(one, **METHOD)
        assert worker.holds(one)
        assert (found.objective, found.plan, found.warnings) == (expected.objective, expected.plan, ())


def test_what_was_lost_is_told_and_sent_again() -> None:
    instance = random_small("kanban", 1)
    shut_down()
    worker = foretell("heuristic", "rubbish")
    worker.hold(instance)
    found = jitopt.solve(instance, **METHOD)
    assert "lost on its way" in found.warnings[0] and found.plan is None
    assert jitopt.solve(instance, **METHOD).plan is not None


def test_an_instance_of_equal_data_is_another() -> None:
    instance = random_small("kanban", 1)
    shut_down()
    worker = foretell("heuristic", json.dumps(instance.to_dict()))
    worker.hold(instance)
    assert worker.holds(instance) and not worker.holds(parse_instance(instance.to_dict()))
    worker.hold(None)
    assert not worker.holds(instance)
