"""Every statistic of a comparison against tables worked out by hand, or a slow implementation of its own."""

from __future__ import annotations

import math
import random
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from _runs import batch, columns, row
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.comparing.bootstrap import cell_weights, resampled_weights
from jitopt.comparing.integrals import first_within, primal_dual_integral, primal_gap, primal_integral, steps
from jitopt.comparing.pairs import holm, sign_test
from jitopt.comparing.points import value_at
from jitopt.comparing.summary import quantile

FEW = settings(max_examples=15, deadline=None)
INF = math.inf


def study(rows: list[dict[str, Any]], **given: Any) -> jitopt.VariantComparison:
    return jitopt.compare(columns(rows), **({"resamples": 100} | given))


def line(table: dict[str, list[Any]], **where: Any) -> dict[str, Any]:
    """Return the one row of a table in which the columns have these values."""
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    found = [one for one in rows if all(one[name] == value for name, value in where.items())]
    assert len(found) == 1, found
    return found[0]


# --- times ----------------------------------------------------------------------------------------

TIMES = [
    row(instance="i1", variant="a", seconds=1.0),
    row(instance="i1", variant="b", seconds=3.0),
    row(instance="i2", variant="a", seconds=7.0),
    row(instance="i2", variant="b", status="feasible", seconds=10.2, bound=50.0),
    row(instance="i3", variant="a", status="no_plan", seconds=10.0, bound=60.0),
    row(instance="i3", variant="b", status="no_plan", seconds=9.0, bound=None),
]


def test_means_of_time_by_hand():
    times = study(TIMES).tables["times"]
    a, b = line(times, variant="a"), line(times, variant="b")
    assert a["sgm"] == pytest.approx((2 * 8 * 11) ** (1 / 3) - 1)
    assert b["sgm"] == pytest.approx((4 * 11 * 11) ** (1 / 3) - 1)
    assert (a["at_limit"], b["at_limit"]) == (1, 2)
    assert a["par10"] == pytest.approx((1 + 7 + 100) / 3)
    assert b["par10"] == pytest.approx((3 + 100 + 100) / 3)
    assert (a["solved_share"], b["solved_share"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (a["sgm_all_solved"], a["instances_all_solved"]) == (pytest.approx(1.0), 1)
    assert b["sgm_all_solved"] == pytest.approx(3.0)
    assert a["ratio"] == 1.0 and b["ratio"] == pytest.approx((4 * 11 * 11 / (2 * 8 * 11)) ** (1 / 3))
    best = line(times, variant="(virtual best)")
    assert best["sgm"] == pytest.approx((2 * 8 * 11) ** (1 / 3) - 1) and best["par10"] == pytest.approx(108 / 3)


def test_another_shift_and_another_reference():
    times = study(TIMES, shift=10.0, reference="b").tables["times"]
    assert line(times, variant="a")["sgm"] == pytest.approx((11 * 17 * 20) ** (1 / 3) - 10)
    assert line(times, variant="b")["ratio"] == 1.0
    assert line(times, variant="a")["ratio"] == pytest.approx((11 * 17 * 20 / (13 * 20 * 20)) ** (1 / 3))


def test_seeds_are_averaged_within_an_instance_first():
    """Three seeds of i1 weigh as much as the single one of i2."""
    rows = [row(instance="i1", seed=s, seconds=t) for s, t in enumerate((1.0, 3.0, 7.0))]
    times = study([*rows, row(instance="i2", seconds=0.0)]).tables["times"]
    assert line(times, variant="a")["sgm"] == pytest.approx(math.sqrt((2 * 4 * 8) ** (1 / 3) * 1) - 1)
    assert line(times, variant="a")["par10"] == pytest.approx(((1 + 3 + 7) / 3 + 0) / 2)


def test_virtual_best_chooses_after_averaging_the_seeds():
    """Either variant is lucky with one seed; choosing per run would claim 1 s."""
    rows = [row(variant=v, seed=s, seconds=t) for v, s, t in (("a", 0, 1), ("a", 1, 7), ("b", 0, 7), ("b", 1, 1))]
    assert line(study(rows).tables["times"], variant="(virtual best)")["par10"] == pytest.approx(4.0)


def test_unsolved_is_never_averaged_silently():
    """Without a limit there is no number to stand for an unsolved run, so there is no mean."""
    rows = [{**one, "time_limit": None} for one in TIMES]
    times = study(rows).tables["times"]
    assert line(times, variant="a")["sgm"] is None and line(times, variant="a")["par10"] is None
    assert line(times, variant="a")["sgm_all_solved"] == pytest.approx(1.0)
    assert any("without a time limit" in note for note in study(rows).notes)


def test_counts_hold_every_status():
    words = ("optimal", "feasible", "infeasible", "no_plan", "refused", "failed", "waiting")
    rows = [row(instance=f"i{i}", status=word) for i, word in enumerate(words)]
    counts = line(study(rows).tables["counts"], variant="a")
    assert [counts[word] for word in words[:-1]] == [1] * 6
    assert (counts["unfinished"], counts["runs"], counts["solved"]) == (1, 6, 2)


def test_solved_within_the_gap_tolerance():
    rows = [row(status="feasible", bound=bound, instance=f"i{bound}") for bound in (99.999, 99.9, 99.0)]
    assert line(study(rows).tables["counts"], variant="a")["solved"] == 1
    assert line(study(rows, gap_tolerance=0.002).tables["counts"], variant="a")["solved"] == 2
    assert study([{**one, "gap_limit": 0.05} for one in rows]).settings.gap_tolerance == 0.05


# --- gaps, quantiles, integrals -------------------------------------------------------------------


def test_primal_gap_by_hand():
    assert [primal_gap(x, r) for x, r in ((110, 100), (0, 0), (5, 0), (-5, 5), (5, -5), (90, 100), (-90, -100))] == [
        pytest.approx(10 / 110), 0.0, 1.0, -1.0, 1.0, pytest.approx(-0.1), pytest.approx(0.1),
    ]  # fmt: skip
    assert primal_gap(None, 3.0) == 1.0


def test_integrals_by_hand():
    """Plan of 200 at 2 s, of 100 (the reference) at 5 s; bound 50 at 1 s, 100 at 8 s; limit 10 s."""
    points = steps([(1, None, 50.0), (2, 200.0, 50.0), (5, 100.0, 50.0)], (8, 100.0, 100.0))
    assert points == [(1, None, 50.0), (2, 200.0, 50.0), (5, 100.0, 50.0), (8, 100.0, 100.0)]
    assert primal_integral(points, 100.0, 10.0) == pytest.approx((2 * 1 + 3 * 0.5) / 10)
    assert primal_dual_integral(points, 10.0) == pytest.approx((2 * 1 + 3 * 0.75 + 3 * 0.5) / 10)
    assert primal_integral(points, 100.0, 4.0) == pytest.approx((2 * 1 + 2 * 0.5) / 4)
    assert primal_integral([], 100.0, 10.0) == 1.0
    assert first_within(points, 100.0, 0.5) == 2 and first_within(points, 90.0, 0.01) == INF
    # What gets worse later is no improvement.
    assert steps([(1, 5.0, 1.0), (2, 7.0, 0.5)], (3, 5.0, 1.0)) == [(1, 5.0, 1.0)]


@FEW
@given(st.integers(0, 10_000))
def test_integrals_against_a_fine_sum(number):
    rng = random.Random(number)
    points = sorted(
        (rng.uniform(0, 12), rng.choice((None, rng.uniform(-5, 20))), rng.choice((None, -9.0))) for _ in "abcd"
    )
    path = steps(points, (12.0, -5.0, -9.0))
    grid = np.linspace(0, 10, 20_001)[:-1] + 10 / 40_000
    heights = []
    for t in grid[::20]:
        objectives = [value for seconds, value, _ in points if seconds <= t and value is not None]
        heights.append(max(0.0, primal_gap(min(objectives), -5.0)) if objectives else 1.0)
    assert primal_integral(path, -5.0, 10.0) == pytest.approx(np.mean(heights), abs=0.01)


def test_plans_by_hand():
    """Three instances of variant a: 10 % off, exact, no plan; variant b has the best each time."""
    rows = [
        row(instance="i1", status="feasible", objective=125.0, bound=80.0, known_upper=90.0, seconds=10.0,
            first_plan=2.0, trajectory=[(2.0, 125.0, 80.0)]),
        row(instance="i2", known_upper=100.0, first_plan=0.5, trajectory=[(0.5, 100.0, 90.0)]),
        row(instance="i3", status="no_plan", known_upper=110.0, trajectory=[]),
        *(row(instance=f"i{i}", variant="b", known_upper=u, first_plan=1.0, trajectory=[(1.0, 100.0, 1.0)])
          for i, u in ((1, 90.0), (2, 100.0), (3, 110.0))),
    ]  # fmt: skip
    a, b = (line(study(rows).tables["plans"], variant=v) for v in "ab")
    assert (a["gap_found_median"], a["gap_found_high"]) == (pytest.approx(0.2), INF)
    assert (a["gap_known_median"], a["gap_known_high"]) == (pytest.approx(35 / 125), INF)
    assert a["no_plan_pairs"] == 1 and b["no_plan_pairs"] == 0 and a["gap_known_instances"] == 3
    assert b["improved"] == 1 and a["improved"] == 0
    assert (a["first_plan_median"], a["first_plan_high"]) == (2.0, INF)
    # i1: reference 90, so 2 s without, then 1 - 90/125; i2: 0.5 s without; i3: nothing at all.
    assert a["primal_integral"] == pytest.approx(((2 + 8 * (35 / 125)) / 10 + 0.05 + 1) / 3)
    assert a["to_target_median"] == INF and b["to_target_median"] == 1.0
    assert a["gap_own_median"] == pytest.approx(45 / 125) and b["gap_own_median"] == 0.0


def test_quantiles_of_values_that_may_be_infinite():
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0 and quantile([1.0, 3.0], 0.5) == 2.0
    assert quantile([1.0, INF], 0.5) == INF and quantile([1.0, 2.0, INF], 0.5) == 2.0
    assert quantile([INF, INF], 0.5) == INF and quantile([-INF, INF, 1.0], 0.1) == -INF
    values = [float(v) for v in range(1, 11)]
    assert quantile(values, 0.9) == 9.5 and math.isnan(quantile([], 0.5))
    for q, size in product((0.1, 0.25, 0.5, 0.9), (1, 2, 5, 8, 11)):
        rng = np.random.default_rng(size)
        sample = rng.normal(size=size)
        assert quantile(sample, q) == pytest.approx(np.quantile(sample, q, method="averaged_inverted_cdf"))


def test_an_infeasible_instance_has_no_gap_but_a_time():
    rows = [row(variant=v, status="infeasible", seconds=t) for v, t in (("a", 2.0), ("b", 4.0))]
    found = study(rows)
    assert line(found.tables["times"], variant="b")["sgm"] == pytest.approx(4.0)
    plans = line(found.tables["plans"], variant="a")
    assert plans["gap_found_median"] is None and plans["no_plan_pairs"] == 0


# --- tests of significance ------------------------------------------------------------------------


def test_sign_test_against_all_outcomes():
    for wins, losses in ((0, 0), (1, 0), (5, 0), (3, 1), (2, 2), (8, 1)):
        n = wins + losses
        extreme = sum(abs(2 * sum(coins) - n) >= abs(wins - losses) for coins in product((0, 1), repeat=n))
        assert sign_test(wins, losses) == pytest.approx(extreme / 2**n)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0] and holm([]) == []


def test_wins_ties_and_losses_by_hand():
    """i1 clear, i2 within 5 %, i3 solved against unsolved, i4 both unsolved, i5 two seeds of three."""
    pairs = {"i1": (1, 2), "i2": (1.0, 1.04), "i3": (9.9, None), "i4": (None, None)}
    rows = []
    for name, seconds in pairs.items():
        for v, t in zip("ab", seconds, strict=True):
            rows.append(row(instance=name, variant=v, seconds=t or 10, status="optimal" if t else "no_plan"))
    rows += [row(instance="i5", seed=s, variant=v, seconds=t) for s, ts in enumerate(((1, 2), (3, 2), (5, 2)))
             for v, t in zip("ab", ts, strict=True)]  # fmt: skip
    table = study(rows).tables["pairs"]
    time = line(table, measure="time")
    assert (time["wins"], time["ties"], time["losses"], time["p"]) == (2, 2, 1, 1.0)
    plan = line(table, measure="plan")
    assert (plan["wins"], plan["ties"], plan["losses"]) == (1, 4, 0)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """The mean of log times of known spread: 95 % intervals of 40 instances hold it in 85 to 100 % of batches."""
    held = 0
    for number in range(60):
        rng = random.Random(number)
        rows = [row(instance=f"i{i}", seconds=rng.lognormvariate(0.0, 0.5), time_limit=1e6) for i in range(40)]
        a = line(study(rows, shift=0.0, resamples=200).tables["times"], variant="a")
        held += a["sgm_low"] <= 1.0 <= a["sgm_high"]
    assert 51 <= held <= 60


def test_bootstrap_weights():
    instances = ["x", "x", "x", "y", "z", "z"]
    weights = resampled_weights(instances, 4000, 1)
    assert weights is not None and weights.shape == (4000, 6)
    assert weights.sum(axis=1) == pytest.approx(np.ones(4000))
    assert weights.mean(axis=0) == pytest.approx(cell_weights(instances), abs=0.01)
    # Three instances: one drawn k times out of 3; the variance of its share is p(1 - p) / 3.
    assert weights[:, 3].var() == pytest.approx((1 / 3) * (2 / 3) / 3, rel=0.1)
    # A seed within x varies by the draw of x and by its own: three times the trials, uniform over three.
    assert weights[:, 0].var() > weights[:, :3].sum(axis=1).var() / 9
    assert resampled_weights(["x", "x"], 100, 0) is None
    assert np.array_equal(weights, resampled_weights(instances, 4000, 1))  # type: ignore[arg-type]


def test_interval_of_a_mean_is_that_of_the_normal_distribution():
    rng = np.random.default_rng(0)
    rows = [row(instance=f"i{i:03d}", seconds=float(t), time_limit=1e6) for i, t in enumerate(rng.uniform(1, 3, 200))]
    a = line(study(rows, resamples=2000).tables["times"], variant="a")
    half = NormalDist().inv_cdf(0.975) * math.sqrt(4 / 12 / 200)
    assert a["par10_high"] - a["par10_low"] == pytest.approx(2 * half, rel=0.15)


# --- profiles -------------------------------------------------------------------------------------


def slow_performance(rows: list[dict[str, Any]], variant: str, tau: float) -> float:
    """Dolan & Moré's definition, cell by cell, seeds averaged within instances."""
    by_instance: dict[str, list[bool]] = {}
    for cell in {(one["instance"], one["seed"]) for one in rows}:
        here = {o["variant"]: o["seconds"] if o["status"] == "optimal" else INF
                for o in rows if (o["instance"], o["seed"]) == cell}  # fmt: skip
        mine, best = here[variant], min(here.values())
        by_instance.setdefault(cell[0], []).append(mine < INF and mine / best <= tau * (1 + 1e-12))
    return sum(sum(seeds) / len(seeds) for seeds in by_instance.values()) / len(by_instance)


def test_performance_profile_against_the_definition():
    rows = batch(3)
    found = study(rows)
    profile = next(p for p in found.profiles(found.groups[0]) if p.kind == "performance")
    for curve in profile.curves:
        for tau in (1.0, 1.3, 2.0, 5.0, 1e9):
            assert value_at(profile.x, curve.y, tau) == pytest.approx(slow_performance(rows, curve.variant, tau))
        share = line(found.tables["times"], variant=curve.variant)["solved_share"]
        assert curve.y[-1] == pytest.approx(share)


def test_data_and_accuracy_profiles_by_hand():
    rows = [
        row(instance="i1", trajectory=[(2.0, 100.0, None)]),
        row(instance="i2", status="feasible", objective=125.0, seconds=10, trajectory=[(3.0, 125.0, None)]),
        row(instance="i3", status="no_plan", trajectory=[]),
        *(row(instance=f"i{i}", variant="b", trajectory=[(1.0, 100.0, None)]) for i in (1, 2, 3)),
    ]
    found = study(rows)
    profiles = {profile.kind: profile for profile in found.profiles(found.groups[0])}
    a = {kind: next(c for c in profile.curves if c.variant == "a") for kind, profile in profiles.items()}
    x, y = profiles["data"].x, a["data"].y
    assert [value_at(x, y, t) for t in (1.9, 2.0, 10.0)] == pytest.approx([0, 1 / 3, 1 / 3])
    x, y = profiles["accuracy"].x, a["accuracy"].y
    assert [value_at(x, y, t) for t in (1e-6, 0.19, 0.2, 1.0)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_a_third_variant_changes_the_common_profile_but_no_pairwise_one():
    """Gould & Scott: why two variants are ranked by the profile of the two."""
    rows = [row(instance=f"i{i}", variant=v, seconds=t) for i, ts in enumerate(((1, 2, 0.2), (4, 1, 9))) for v, t in
            zip("abc", ts, strict=True)]  # fmt: skip
    two = study([one for one in rows if one["variant"] != "c"])
    three = study(rows)
    alone = next(p for p in two.profiles(two.groups[0]) if p.kind == "performance")
    pair = next(p for p in three.pairwise_profiles(three.groups[0]) if [c.variant for c in p.curves] == ["a", "b"])
    assert (pair.x, [c.y for c in pair.curves]) == (alone.x, [c.y for c in alone.curves])
    common = next(p for p in three.profiles(three.groups[0]) if p.kind == "performance")
    assert common.curves[0].y[0] == 0.0 and alone.curves[0].y[0] == 0.5


# --- properties -----------------------------------------------------------------------------------


@FEW
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(number, rng):
    rows = batch(number, instances=4, variants=("a", "b"))
    mixed = rng.sample(rows, len(rows))
    assert study(rows).to_dict() == study(mixed).to_dict()


@FEW
@given(st.integers(0, 1000), st.floats(0.1, 50))
def test_scaling_time_and_shift_scales_the_means(number, factor):
    rows = batch(number, variants=("a", "b"))
    scaled = [{**one, "seconds": one["seconds"] * factor, "time_limit": one["time_limit"] * factor} for one in rows]
    before, after = study(rows, shift=2.0).tables["times"], study(scaled, shift=2.0 * factor).tables["times"]
    for name in ("sgm", "sgm_low", "sgm_high", "par10"):
        for small, large in zip(before[name], after[name], strict=True):
            assert (small is None) == (large is None)
            assert small is None or large == pytest.approx(small * factor, rel=1e-9)
    assert before["ratio"] == pytest.approx(after["ratio"], nan_ok=True) if None not in before["ratio"] else True


@FEW
@given(st.integers(0, 1000))
def test_profiles_rise_within_their_bands(number):
    found = study(batch(number))
    for profile in found.profiles(found.groups[0]):
        assert list(profile.x) == sorted(set(profile.x))
        for curve in profile.curves:
            assert list(curve.y) == sorted(curve.y) and curve.y[0] >= 0 and curve.y[-1] <= 1
            assert curve.low is not None and curve.high is not None
            assert all(low <= high for low, high in zip(curve.low, curve.high, strict=True))


@FEW
@given(st.integers(0, 1000))
def test_wins_of_one_are_losses_of_the_other(number):
    rows = batch(number, variants=("a", "b"))
    swapped = [{**one, "variant": {"a": "b", "b": "a"}[one["variant"]]} for one in rows]
    there, back = study(rows).tables["pairs"], study(swapped).tables["pairs"]
    assert (there["wins"], there["ties"], there["losses"]) == (back["losses"], back["ties"], back["wins"])
    assert there["p"] == back["p"]
    assert there["ratio"][0] == pytest.approx(1 / back["ratio"][0])


@FEW
@given(st.integers(0, 1000))
def test_a_variant_against_itself_is_all_ties(number):
    rows = batch(number, variants=("a",))
    pairs = study([*rows, *({**one, "variant": "copy"} for one in rows)]).tables["pairs"]
    assert set(pairs["wins"]) == set(pairs["losses"]) == {0} and set(pairs["p"]) == {1.0}
    assert (pairs["ratio"][0], pairs["ratio_low"][0], pairs["ratio_high"][0]) == pytest.approx((1, 1, 1))


@FEW
@given(st.integers(0, 1000))
def test_another_unsolved_instance_never_improves_par10(number):
    rows = batch(number, variants=("a", "b"))
    more = [
        *rows,
        *(row(instance="hard", variant=v, seed=s, status="no_plan", seconds=10) for v in "ab" for s in (0, 1)),
    ]
    before, after = study(rows).tables["times"], study(more).tables["times"]
    for v in "ab":
        assert line(after, variant=v)["par10"] >= line(before, variant=v)["par10"]
        assert line(after, variant=v)["sgm_all_solved"] == line(before, variant=v)["sgm_all_solved"]
