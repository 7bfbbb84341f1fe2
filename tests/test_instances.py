"""The instance library: every file says the truth, and every value said to be known is proven again."""

from __future__ import annotations

from fractions import Fraction
from itertools import product as cartesian
from math import isclose
from typing import Any

import numpy as np
import pytest

import jitopt
from jitopt.collection import library, verify
from jitopt.collection.proving import Road, contradictions
from jitopt.problems import PROBLEMS
from jitopt.problems.heijunka import Heijunka
from jitopt.testing import optimum

SHELF = library()
PROVEN_HERE = ("enumeration", "exact_algorithm", "closed_form")
QUICK = [
    "delivery_15_suppliers_c",
    "heijunka_60_units_c",
    "kanban_30_loops_b",
    "kanban_150_loops_a",
    "sourcing_5x6x6",
    "sourcing_6x12_c",
]
"""Instances whose optimum both roads prove within a second or two."""


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


def test_every_file_says_the_truth() -> None:
    """Hashes, sizes, plans, values, generators byte for byte, the list: the library is what its files say."""
    assert verify() == []


def test_there_are_enough_instances_of_every_size() -> None:
    """Tiny ones with an answer known by construction, small and medium files, larger recipes; some are still open."""
    for problem in PROBLEMS:
        entries = list(library(problem).values())
        assert sum(entry.origin != "generated" for entry in entries) >= 9
        assert sum(entry.origin == "generated" and not entry.is_recipe for entry in entries) >= 6
        assert sum(entry.is_recipe for entry in entries) >= 2
    assert sum((entry.gap or 0) > 1e-6 for entry in SHELF.values()) >= 4


def test_the_library_stays_small() -> None:
    assert sum(file.stat().st_size for file in SHELF.folder.rglob("*") if file.is_file()) < 3_000_000


@pytest.mark.parametrize("name", [n for n, e in SHELF.items() if e.proof in PROVEN_HERE and e.optimum is not None])
def test_known_optimum_is_proven(name: str) -> None:
    """No plan is better: by enumeration, dynamic programming, assignment, or because terms are >= 0."""
    entry, instance = SHELF[name], SHELF.read(name)
    value = entry.optimum
    assert value is not None
    proven: Fraction | float | None
    if isinstance(instance, Heijunka):
        proven = _prove_heijunka(instance)
    elif entry.proof == "exact_algorithm":
        proven = jitopt.solve(instance, method=entry.methods[0], time_limit=20).bound
    else:
        best = optimum(instance)
        assert best is not None
        proven = best.value
    assert isclose(value, float(proven or 0), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("name", QUICK)
def test_known_bounds_are_not_contradicted(name: str) -> None:
    """Each exact road, without the known plan, proves nothing above it and finds nothing below the known bound."""
    entry, instance = SHELF[name], SHELF.read(name)
    assert entry.proof == "cross_checked"
    for method in entry.methods:
        found = jitopt.solve(instance, method=method, deterministic=True, work_limit=3, time_limit=30)
        road = Road(method, method, found)
        assert contradictions(road, entry) == []
        assert entry.bound is not None and road.gets(entry.bound)


def test_the_two_proofs_of_level_schedules_agree() -> None:
    """Assignment and dynamic programming give the same on small demands."""
    for demand in cartesian(range(1, 5), repeat=3):
        assert assignment_optimum(demand) == level_optimum(demand, np.eye(3, dtype=int), "sum_squared")
