"""The proof of a lone solver put to the test: a false one is refuted, a true one costs nothing and stands."""

from __future__ import annotations

import time

import pytest

import jitopt
from jitopt import registry
from jitopt.engine.ledger import Ledger
from jitopt.generators import generate

BLOCK = 36.1
"""Objective of the plan that builds A A B B B C C C C C."""


@pytest.mark.parametrize("mode", [{}, {"deterministic": True}], ids=["seconds", "work"])
def test_false_optimum_is_refuted_and_the_second_road_proves_the_true_one(small, mode):
    jitopt.solve(small, time_limit=20)  # the heuristic's process is warm, on a slow machine too
    method = jitopt.register("fake_overrates")
    result = jitopt.solve(small, method=method.name, time_limit=60, **mode)
    assert (result.status, result.stopped_by, result.proof) == ("optimal", "proof", "single")
    assert result.objective == pytest.approx(2.9) and result.bound == pytest.approx(2.9)
    assert any("fake_overrates claimed a bound of 36.1, refuted by a plan of" in text for text in result.warnings)
    assert jitopt.audit(small, result.to_dict()) == []


def test_bound_above_its_own_plan_hands_over_to_the_second_road(small):
    method = jitopt.register("fake_contradicts")
    result = jitopt.solve(small, method=method.name, time_limit=60)
    assert (result.status, result.stopped_by, result.proof) == ("optimal", "proof", "single")
    assert result.bound == pytest.approx(2.9)
    assert any("fake_contradicts claimed a bound of 36.1, refuted by a plan of 2.9" in text for text in result.warnings)


def test_where_no_time_is_left_the_claim_stands_and_the_caller_is_in_time(small):
    method = jitopt.register("fake_overrates")
    began = time.monotonic()
    result = jitopt.solve(small, method=method.name, time_limit=2.4)
    assert time.monotonic() - began <= 2.4 + 1.0
    assert (result.objective, result.proof) in ((pytest.approx(BLOCK), "single"), (None, "none"))


@pytest.mark.parametrize("short", ["order_cpsat", "cumulative_pyomo"])
@pytest.mark.parametrize("mode", [{}, {"deterministic": True}], ids=["seconds", "work"])
def test_true_proof_stands_and_stays_the_method_s_own(small, short, mode):
    result = jitopt.solve(small, method=f"heijunka_{short}", time_limit=30, **mode)
    assert (result.status, result.proof, result.warnings) == ("optimal", "single", ())
    assert result.objective == pytest.approx(2.9) and result.start is None


def test_only_a_plan_below_the_bound_counts(small):
    plans = {
        "blocks": tuple("AABBBCCCCC"),
        "fair": tuple("CBACBCCABC"),
        "too short": tuple("CBACB"),
    }
    ledger: Ledger[jitopt.HeijunkaPlan] = Ledger(small, time.monotonic())
    ledger.offer(jitopt.HeijunkaPlan(sequence=plans["blocks"]), "solver")
    ledger.tell_bound(2.0, "solver")

    def challenge(name: str) -> float:
        return ledger.challenge({"sequence": list(plans[name])}, "rival")

    assert challenge("blocks") == pytest.approx(BLOCK)
    assert challenge("fair") == pytest.approx(2.9)
    assert (ledger.found_by, ledger.bound) == ("solver", 2.0)
    ledger.tell_bound(BLOCK, "solver")
    assert challenge("too short") == float("inf") and ledger.challenge({"sequence": 7}, "rival") == float("inf")
    assert ledger.proven() and not ledger.warnings
    assert challenge("fair") == pytest.approx(2.9)
    assert (ledger.found_by, ledger.bound) == ("rival", None) and ledger.objective == pytest.approx(2.9)
    ledger.tell_bound(2.5, "solver")
    assert ledger.bound is None, "who has told an untruth is trusted no more"


def test_a_rival_s_own_bound_and_plan_do_not_become_the_method_s(small):
    """The heuristic of delivery tells bounds that meet the optimum; the proof remains that of the method alone."""
    instance = generate("delivery", seed=1)
    for method in (m for m in registry.methods("delivery") if m.exact and m.module.startswith("jitopt.")):
        result = jitopt.solve(instance, method=method.name, time_limit=30, deterministic=True)
        assert (result.status, result.proof, result.warnings) == ("optimal", "single", ())
