"""What a limit is worth, against enumeration with the limit changed; honest where nothing is proven."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import jitopt
from jitopt.cli import app
from jitopt.engine.limit_values import limit_values
from jitopt.errors import InputError
from jitopt.generators import random_small
from jitopt.problems.kanban import Kanban
from jitopt.problems.kanban.shared import moved, shared
from jitopt.testing import optimum

RACK = Path(__file__).parents[1] / "instances" / "kanban" / "rack_for_one_of_two.json"


def limited(seed: int) -> Kanban | None:
    """Return a tiny instance with limits and a plan."""
    instance = random_small("kanban", seed)
    assert isinstance(instance, Kanban)
    return instance if shared(instance) and optimum(instance) is not None else None


INSTANCES = [found for seed in range(8) if (found := limited(seed)) is not None][:2]


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_enumeration_agrees(instance: Kanban) -> None:
    best = optimum(instance)
    assert best is not None
    values = jitopt.limit_values(instance, best.plan, time_limit=60)
    assert [value.limit for value in values] == [limit.name for limit in shared(instance)]
    for limit, value in zip(shared(instance), values, strict=True):
        more, less = (moved(instance, limit, step) for step in (1, -1))
        assert more is not None
        up = optimum(more)
        assert up is not None
        gain = float(best.value - up.value)
        assert value.saves[1] is not None
        assert value.saves[0] - 1e-6 <= gain <= value.saves[1] + 1e-6
        assert value.saves[1] - value.saves[0] <= 1e-5
        down = None if less is None else optimum(less)
        assert value.possible == (None if less is None else down is not None)
        if down is None:
            assert value.costs is None
        else:
            assert value.costs == pytest.approx([float(down.value - best.value)] * 2, abs=1e-5)


@functools.cache
def rack() -> tuple[Kanban, Any]:
    instance = jitopt.read(RACK)
    assert isinstance(instance, Kanban)
    return instance, jitopt.solve(instance, time_limit=30)


def test_words() -> None:
    instance, result = rack()
    (value,) = jitopt.limit_values(instance, result, days=250, time_limit=30)
    assert value.text == "one more of rack saves nothing; one less costs 250 a year"
    (value,) = jitopt.limit_values(instance, result, step=100, time_limit=30)
    assert value.text.startswith("100 more of rack saves 2 a day") and (value.costs, value.possible) == (None, None)


def test_without_a_proof_it_is_an_interval() -> None:
    """A solve that proves nothing, told by a bound far below: the interval holds the truth and says at most."""
    instance, result = rack()

    def weak(changed: Any, seconds: float, start: Any) -> Any:
        from dataclasses import replace

        return replace(jitopt.solve(changed, time_limit=20), status="feasible", bound=7.5, proof="single")

    (value,) = limit_values(instance, result.plan, weak, step=1.0, days=None, time_limit=30)
    assert value.saves == (0.0, 4.5) and value.costs == (0.0, 5.5)
    assert value.text == "one more of rack saves at most 4.5 a day; one less costs at most 5.5 a day"


def test_command(tmp_path: Path) -> None:
    _, result = rack()
    file = tmp_path / "r.json"
    file.write_text(json.dumps(result.to_dict()))
    told = CliRunner().invoke(app, ["explain", str(RACK), str(file), "--limits", "--days", "250"])
    assert told.exit_code == 0
    assert told.stdout.strip() == "16 of 16 taken: one more of rack saves nothing; one less costs 250 a year"
    told = CliRunner().invoke(app, ["explain", str(RACK), "--limits"])
    assert told.exit_code == 2 and "takes a RESULT file" in told.output


def test_refused() -> None:
    instance, result = rack()
    loose = instance.replace(uses=None, limits=None)
    with pytest.raises(InputError, match="no limit that its decisions share"):
        jitopt.limit_values(loose, result.plan)
    with pytest.raises(InputError, match="kanban instances only"):
        jitopt.limit_values(random_small("delivery", 1), {"deliveries": []})
    with pytest.raises(InputError, match="breaks a rule"):
        jitopt.limit_values(instance.replace(limits={"limit": ["rack"], "capacity": [1]}), result.plan)
    with pytest.raises(InputError, match="step must be a number above 0"):
        jitopt.limit_values(instance, result, step=0)


def test_an_overfull_limit_tells_who_takes_it_in_parts_and_cards() -> None:
    instance, _ = rack()
    data = instance.to_dict()
    data["loops"]["part"] = ["shaft", "B"]
    data["current"] = {"loops": {"loop": ["A"], "container": ["small"], "cards": [8]}, "at_most": 5}
    plan = {
        "loops": [{"loop": "A", "container": "small", "cards": 7}, {"loop": "B", "container": "small", "cards": 12}]
    }
    assert [violation.message for violation in Kanban.parse(data).evaluate(plan).violations] == [  # type: ignore[arg-type]
        "A (shaft) has 7 cards of small, its demand needs 8",
        "rack is taken by 19, its capacity is 16; most by B 12 (12 cards of small), A (shaft) 7 (7 cards of small)",
        "13 cards put in or taken out, the most is 5; most by B 12 (12 cards of small), A (shaft) 1 (7 cards of small)",
    ]


def test_an_overfull_limit_tells_which_options_take_it() -> None:
    instance = Kanban.parse({
        "problem": "kanban", "version": 1, "name": "o",
        "options": {"loop": ["a", "a", "b"], "container": ["c", "d", "c"], "cards": [3, 1, 2], "cost": [1, 2, 3]},
        "uses": {"option": [0, 1, 2], "limit": ["rack"] * 3, "amount": [0.1, 9, 0.2]},
        "limits": {"limit": ["rack"], "capacity": [0.29]},
    })  # fmt: skip
    plan = {"loops": [{"loop": "a", "container": "c", "cards": 3}, {"loop": "b", "container": "c", "cards": 2}]}
    (violation,) = instance.evaluate(plan).violations  # type: ignore[arg-type]
    assert violation.message == (
        "rack is taken by 0.3, its capacity is 0.29; most by b 0.2 (2 cards of c), a 0.1 (3 cards of c)"
    )
