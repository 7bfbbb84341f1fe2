"""The instance library: every file is read, and every value said to be known is proven again."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from itertools import product as cartesian
from math import isclose
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from jitopt.problems import parse_instance
from jitopt.problems.delivery import Delivery
from jitopt.problems.kanban import Kanban
from jitopt.problems.sourcing import Sourcing
from jitopt.testing import optimum

if TYPE_CHECKING:
    from jitopt.problems.base import Known
    from jitopt.problems.heijunka import Heijunka

FOLDER = files("jitopt.instances")
PATHS = sorted(
    f"{problem}/{entry.name}"
    for problem in ("delivery", "heijunka", "kanban", "sourcing")
    for entry in FOLDER.joinpath(problem).iterdir()
    if entry.name.endswith(".json")
)


@lru_cache
def _read(path: str) -> Any:
    return parse_instance(json.loads(FOLDER.joinpath(path).read_text(encoding="utf-8")), path)


def _known(path: str) -> Known:
    known = _read(path).known
    assert known is not None
    found: Known = known
    return found


# --- proofs -----------------------------------------------------------------------------------


def level_optimum(demand: tuple[int, ...], parts: np.ndarray[Any, Any], measure: str) -> Fraction:
    """Return the least deviation over all sequences, by dynamic programming over what has been built.

    parts[i, l]: units of part l in product i; the identity gives the rate deviation.
    """
    total = sum(demand)
    needs = [int(n) for n in np.array(demand) @ parts]
    layer: dict[tuple[int, ...], int] = {(0,) * len(demand): 0}
    for k in range(1, total + 1):
        following: dict[tuple[int, ...], int] = {}
        for built, value in layer.items():
            for row, units in enumerate(demand):
                if built[row] < units:
                    state = (*built[:row], built[row] + 1, *built[row + 1 :])
                    gaps = [abs(total * int(u) - k * n) for u, n in zip(np.array(state) @ parts, needs, strict=True)]
                    powers = [gap**2 for gap in gaps] if measure.endswith("squared") else gaps
                    cost = max(value, *powers) if measure.startswith("max") else value + sum(powers)
                    if cost < following.get(state, cost + 1):
                        following[state] = cost
        layer = following
    return Fraction(layer[tuple(demand)], total**2 if measure.endswith("squared") else total)


def assignment_optimum(demand: tuple[int, ...]) -> Fraction:
    """Return the least sum of squared rate deviations as an assignment of copies to positions.

    Kubiak and Sethi 1991: a copy away from its ideal position costs the sum of what each position
    on the way adds; what remains is the rounding bound of every prefix.
    """
    from scipy.optimize import linear_sum_assignment

    total = sum(demand)
    position = np.arange(1, total + 1)
    rows = []
    floor = 0
    for d in demand:
        built = position * d
        floor += int(
            np.minimum(built % total, total - built % total).astype(np.int64)
            @ np.minimum(built % total, total - built % total)
        )
        for j in range(1, d + 1):
            ideal = -((-(2 * j - 1) * total) // (2 * d))
            added = np.abs((2 * j - 1) * total - 2 * position * d)
            reached = np.concatenate(([0], np.cumsum(added)))
            rows.append(np.abs(reached[position - 1] - reached[ideal - 1]))
    cost = np.array(rows)
    best = linear_sum_assignment(cost)
    return Fraction(floor, total**2) + Fraction(int(cost[best].sum()), total)


def _prove_heijunka(instance: Heijunka) -> Fraction | None:
    """Return the optimum by dynamic programming, assignment or enumeration; None where 0 is the proof."""
    demand = instance.products.demand
    terms = instance.objective
    plain = not (instance.box or instance.ratios or instance.products.weight or instance.current)
    plain = plain and len(terms) == 1 and terms[0].weight == 1
    if plain and terms[0].term == "rate":
        if sum(demand) > 100:
            return assignment_optimum(demand)
        return level_optimum(demand, np.eye(len(demand), dtype=int), terms[0].measure)
    if plain and terms[0].term == "usage":
        parts = np.zeros((len(demand), len(instance.usage)), dtype=int)
        for column, (_, users) in enumerate(instance.usage.values()):
            for row, quantity in users:
                parts[row, column] = int(quantity)
        return level_optimum(demand, parts, terms[0].measure)
    known = instance.known
    if known is not None and known.optimum == 0:
        return None
    best = optimum(instance)
    assert best is not None
    return best.value


# --- the files ------------------------------------------------------------------------------------


def test_there_are_enough_files() -> None:
    assert sum(path.startswith("delivery/") for path in PATHS) >= 6
    assert sum(path.startswith("heijunka/") for path in PATHS) >= 6
    assert sum(path.startswith("kanban/") for path in PATHS) >= 5
    assert sum(path.startswith("sourcing/") for path in PATHS) >= 6


@pytest.mark.parametrize("path", PATHS)
def test_file_is_whole(path: str) -> None:
    """A file says what it is, where it comes from, and is listed in SOURCES.md."""
    instance = _read(path)
    known = _known(path)
    assert instance.source
    assert known.reference
    assert known.plan is not None
    assert instance.name == path.split("/")[1].removesuffix(".json")
    assert f"`{instance.name}`" in FOLDER.joinpath("SOURCES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS)
def test_known_plan_has_the_known_value(path: str) -> None:
    """The judge accepts the plan and finds the value."""
    instance = _read(path)
    known = _known(path)
    found = instance.evaluate(instance.plan_type.model_validate(known.plan))
    assert found.violations == ()
    value = known.optimum if known.optimum is not None else known.upper
    assert value is not None
    assert isclose(found.objective, value, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("path", PATHS)
def test_known_optimum_is_proven(path: str) -> None:
    """No plan is better: by dynamic programming, assignment, enumeration, or because terms are >= 0."""
    instance = _read(path)
    value = _known(path).optimum
    assert value is not None
    if isinstance(instance, Delivery | Kanban | Sourcing):
        best = optimum(instance)
        assert best is not None
        proven: Fraction | None = best.value
    else:
        proven = _prove_heijunka(instance)
    assert isclose(value, float(proven or 0), rel_tol=1e-9, abs_tol=1e-9)


def test_the_two_proofs_of_level_schedules_agree() -> None:
    """Assignment and dynamic programming give the same on small demands."""
    for demand in cartesian(range(1, 5), repeat=3):
        assert assignment_optimum(demand) == level_optimum(demand, np.eye(3, dtype=int), "sum_squared")
