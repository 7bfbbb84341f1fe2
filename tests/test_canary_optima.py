"""The true answers of the canaries, found without the drivers and solvers under test."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from jitopt.engine.canary_models import CANARIES, Canary
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_NAME = {canary.name: canary for canary in CANARIES}


def combinations(canary: Canary) -> int:
    spans = ((canary.lower[i], canary.upper[i]) for i in canary.integer)
    finite = all(map(math.isfinite, [*canary.lower, *canary.upper, *canary.cost]))
    return math.prod(math.floor(b) - math.ceil(a) + 1 for a, b in spans) if finite else 10**9


ANSWERED = [canary for canary in CANARIES if canary.refusal != "must" and not canary.special]
SMALL = [canary for canary in ANSWERED if combinations(canary) <= 5000]


@pytest.mark.parametrize("canary", SMALL, ids=lambda canary: canary.name)
def test_true_optimum_by_enumeration(canary):
    """Every choice of the whole numbers, every vertex of what is left, in fractions."""
    ranges = [range(math.ceil(canary.lower[i]), math.floor(canary.upper[i]) + 1) for i in canary.integer]
    rest = [i for i in range(len(canary.cost)) if i not in canary.integer]
    best = min((value for whole in itertools.product(*ranges) for value in vertices(canary, whole, rest)), default=None)
    assert (best is None) == (canary.optimum is None)
    assert best is None or float(best) == pytest.approx(canary.optimum, rel=1e-12)


def vertices(canary: Canary, whole: tuple[int, ...], rest: list[int]) -> Iterator[Fraction]:
    """Yield the objective of each feasible vertex once the whole numbers are fixed."""
    fixed = dict(zip(canary.integer, whole, strict=True))
    limits: list[tuple[list[Fraction], Fraction, bool]] = []
    for lower, row, upper in canary.rows:
        given = sum((exact(row[i]) * value for i, value in fixed.items()), Fraction(0))
        left = [exact(row[i]) for i in rest]
        limits += [(left, exact(upper) - given, True)] if math.isfinite(upper) else []
        limits += [(left, exact(lower) - given, False)] if math.isfinite(lower) else []
    for k, i in enumerate(rest):
        unit = [Fraction(int(j == k)) for j in range(len(rest))]
        limits += [(unit, exact(canary.lower[i]), False), (unit, exact(canary.upper[i]), True)]
    for active in itertools.combinations(limits, len(rest)):
        x = crossing([row for row, _, _ in active], [side for _, side, _ in active])
        if x is None:
            continue
        sums = [(sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0)), side, up) for row, side, up in limits]
        if all(value <= side if up else value >= side for value, side, up in sums):
            point = fixed | dict(zip(rest, x, strict=True))
            yield sum((exact(c) * point[i] for i, c in enumerate(canary.cost)), Fraction(0))


def crossing(rows: list[list[Fraction]], sides: list[Fraction]) -> list[Fraction] | None:
    """Solve a square system by elimination; None if it is singular."""
    table = [[*row, side] for row, side in zip(rows, sides, strict=True)]
    for k in range(len(table)):
        pivot = next((r for r in range(k, len(table)) if table[r][k] != 0), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [value / table[k][k] for value in table[k]]
        for r in range(len(table)):
            if r != k and table[r][k] != 0:
                table[r] = [a - table[r][k] * b for a, b in zip(table[r], table[k], strict=True)]
    return [row[-1] for row in table]


@pytest.mark.parametrize("canary", [c for c in ANSWERED if c not in SMALL], ids=lambda canary: canary.name)
def test_true_optimum_by_another_code(canary):
    """SciPy has a HiGHS of its own; without presolve. CP-SAT confirms those that are all whole."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    lower, rows, upper = zip(*canary.rows, strict=True)
    found = milp(
        np.array(canary.cost),
        integrality=np.array([int(i in canary.integer) for i in range(len(canary.cost))]),
        bounds=Bounds(np.ceil(canary.lower), np.floor(canary.upper)),
        constraints=LinearConstraint(np.array(rows), np.array(lower), np.array(upper)),
        options={"presolve": False, "mip_rel_gap": 0.0},
    )
    assert found.status == (2 if canary.optimum is None else 0)
    assert canary.optimum is None or found.fun == pytest.approx(canary.optimum, rel=1e-7)


def test_special_canaries_by_hand():
    assert BY_NAME["or-tools#4568"].optimum == min(abs(value - 11) for value in range(11))
    assert BY_NAME["or-tools#4589"].optimum == min(10 - 9 * x for x in (0, 1))
