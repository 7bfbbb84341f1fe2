"""Claims of solvers held against each other: what protects where a report's model is too large to carry, or unknown.

A false optimum contradicts itself once a variable is split (or-tools#5293, or-tools#4582); a false "no solution"
contradicts another solver (HiGHS#3296, or-tools#5274); both are refuted by a plan in hand.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

import jitopt
from jitopt.engine.canaries import fits
from jitopt.engine.canary_models import CANARIES, Canary
from jitopt.engine.ledger import Ledger

ASK = """
import json, sys
from jitopt.engine import canaries
from jitopt.engine.canaries import ask, fault
from jitopt.engine.canary_models import Canary

technology, canaries.LIMIT = sys.argv[1], float(sys.argv[2])
for line in sys.stdin:
    data = json.loads(line)
    data["rows"] = tuple((lower, tuple(row), upper) for lower, row, upper in data["rows"])
    canary = Canary(**data)
    answer = ask(canary, technology)
    wrong = "" if answer.outcome != "optimal" else fault(canary, answer)
    values = answer.values or []
    objective = sum(c * v for c, v in zip(canary.cost, values)) if answer.outcome == "optimal" else None
    print(json.dumps([answer.outcome, objective, "breaks a limit" in wrong or "whole" in wrong]))
"""

Answer = tuple[str, float | None, bool]
"""Outcome, objective of an optimum, whether its point is no solution."""


def answers(canaries: list[Canary], technology: str, limit: float = 20.0) -> list[Answer]:
    """Let a technology answer, in a process of its own; `limit` seconds for each."""
    lines = "\n".join(json.dumps(vars(canary)) for canary in canaries)
    done = subprocess.run(
        [sys.executable, "-c", ASK, technology, str(limit)], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def close(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= 1e-6 * max(1.0, abs(wanted))


# --- a variable split: the better half is the whole -----------------------------------------------

WHOLE = [
    canary
    for canary in CANARIES
    if canary.integer and canary.optimum is not None and canary.refusal == "never" and not canary.special
]


def halves(canary: Canary) -> tuple[Canary, Canary]:
    """Return the canary with its first whole variable at most, and more than, the middle of its range."""
    column = canary.integer[0]
    middle = math.floor((math.ceil(canary.lower[column]) + math.floor(canary.upper[column])) / 2)
    upper = tuple(middle if i == column else side for i, side in enumerate(canary.upper))
    lower = tuple(middle + 1 if i == column else side for i, side in enumerate(canary.lower))
    return replace(canary, upper=upper, optimum=None), replace(canary, lower=lower, optimum=None)


@pytest.mark.parametrize("technology", ["pyomo", "cpsat", "mathopt"])
def test_the_better_half_of_a_split_is_the_whole(technology: str) -> None:
    canaries = [canary for canary in WHOLE if fits(canary, technology)]
    told = answers([half for canary in canaries for half in halves(canary)], technology)
    assert len(canaries) > 3 and len(told) == 2 * len(canaries)
    for canary, low, high in zip(canaries, told[::2], told[1::2], strict=True):
        assert {low[0], high[0]} <= {"optimal", "infeasible"}, canary.name
        best = min(value for _, value, _ in (low, high) if value is not None)
        assert canary.optimum is not None and close(best, canary.optimum), canary.name


@pytest.mark.parametrize("method", [m.name for m in jitopt.methods("heijunka") if m.exact and "jitopt" in m.module])
def test_the_best_of_all_first_units_is_the_optimum(small: jitopt.Heijunka, method: str) -> None:
    """The same on a business question: each product once forced into the first position."""
    whole = jitopt.solve(small, method=method, time_limit=30)
    split = []
    for product in small.products.product:
        forced = small.replace(fixed={"position": [1], "product": [product]})
        split.append(jitopt.solve(forced, method=method, time_limit=30).objective)
    assert None not in split
    assert min(value for value in split if value is not None) == pytest.approx(whole.objective)


# --- large bounds: refused, or right -------------------------------------------------------------


def large(seed: int) -> Canary:
    """Return a small whole programme of large bounds and coefficients, with a solution by construction."""
    dice = random.Random(seed)
    n = dice.randint(2, 4)
    bound = 10 ** dice.randint(1, 8)
    size = 10 ** dice.randint(1, 6)
    inside = [dice.randint(-bound, bound) for _ in range(n)]
    rows = []
    for _ in range(dice.randint(1, 3)):
        row = tuple(float(dice.randint(-size, size)) for _ in range(n))
        value = sum(a * x for a, x in zip(row, inside, strict=True))
        slack = dice.choice([0, 1, size])
        rows.append((value - slack, row, value + dice.choice([0, slack])))
    cost = tuple(float(dice.randint(-100, 100)) for _ in range(n))
    sides = tuple(float(bound) for _ in range(n))
    return Canary(f"large {seed}", "", "", cost, tuple(-s for s in sides), sides, tuple(range(n)), tuple(rows), 0.0)


def test_large_bounds_are_refused_or_answered_rightly() -> None:
    """As the fuzzer of HiGHS#3296 made them: feasible, and called infeasible with presolve."""
    canaries = [large(seed) for seed in range(15)]
    found = {technology: answers(canaries, technology, limit=0.5) for technology in ("pyomo", "mathopt")}
    claimed = 0
    for row, canary in enumerate(canaries):
        told = {technology: answer[row] for technology, answer in found.items()}
        assert "infeasible" not in {outcome for outcome, _, _ in told.values()}, (canary, told)
        optima = [value for outcome, value, bad in told.values() if outcome == "optimal" and not bad]
        assert all(value is not None and close(value, optima[0] or 0.0) for value in optima), (canary, told)
        claimed += len(optima)
    assert claimed > 7


# --- a false proof against a plan in hand ----------------------------------------------------------


def ledger(instance: jitopt.Heijunka) -> Ledger[Any]:
    return Ledger(instance, time.monotonic())


GOOD, WORSE = {"sequence": list("CBACBCCABC")}, {"sequence": list("CBACBCCACB")}


def test_a_false_optimum_falls_with_the_first_better_plan(small: jitopt.Heijunka) -> None:
    """A certificate of a worse plan (9 086 429 where 6 012 953 exists) ends as a warning, whoever comes first."""
    for plan_first in (False, True):
        book = ledger(small)
        book.offer(WORSE, "liar")
        worse = book.objective
        assert worse is not None
        if plan_first:
            book.offer(GOOD, "honest")
        book.tell_bound(worse, "liar")
        assert book.proven() == (not plan_first)
        book.offer(GOOD, "honest")
        assert book.objective == pytest.approx(2.9) and book.bound is None and not book.proven()
        assert any("liar" in warning and "refuted" in warning for warning in book.warnings)
        book.tell_bound(2.0, "liar")
        assert book.bound is None, "who has told an untruth is not believed again"


def test_two_certificates_that_contradict_each_other_are_not_both_believed(small: jitopt.Heijunka) -> None:
    book = ledger(small)
    book.tell_bound(4.0, "heijunka_order_cpsat")
    book.tell_bound(2.9, "heijunka_cumulative_pyomo")
    book.offer(GOOD, "heijunka_cumulative_pyomo")
    assert book.proven() and book.proof({"heijunka_order_cpsat", "heijunka_cumulative_pyomo"}) == "single"
    assert any("heijunka_order_cpsat" in warning for warning in book.warnings)


def test_no_solution_is_not_told_by_one_solver(small: jitopt.Heijunka) -> None:
    """A false "infeasible" (or-tools#5274, #5295, #4568): the other solver's plan stands."""
    method = jitopt.register("fake_denies")
    result = jitopt.solve(small, method=method.name, time_limit=30)
    assert result.status in ("optimal", "feasible") and result.objective == pytest.approx(2.9)


def test_a_solver_that_finds_late_or_never_ends_costs_its_limit_only(small: jitopt.Heijunka) -> None:
    """or-tools#5163 returned 1.5 h after its limit; the plan it had streamed is kept."""
    method = jitopt.register("fake_holds_interpreter")
    began = time.monotonic()
    result = jitopt.solve(small, method=method.name, time_limit=1.5)
    assert time.monotonic() - began <= 1.5 + 1.0
    assert result.plan is not None and result.stopped_by == "time_limit"
