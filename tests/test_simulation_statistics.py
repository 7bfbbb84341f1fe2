"""Variates, estimates and the end of the warm-up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest, lognorm, t

from jitopt.errors import InputError
from jitopt.problems.variates import DISTRIBUTIONS, Distribution, draw, source
from jitopt.simulation.result import Simulation
from jitopt.simulation.statistics import Estimate, difference, estimate, ratio, t_quantile, warm_up


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 64, 199, 1000, 1001, 10**6])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_quantiles_of_student_are_those_of_scipy(freedom, level):
    assert t_quantile(freedom, level) == pytest.approx(t.ppf((1 + level) / 2, freedom), rel=1e-11)


def test_estimate_is_the_textbook_interval():
    found = estimate([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(t.ppf(0.975, 3) * np.std([1, 2, 3, 4], ddof=1) / 2)
    assert (found.low, found.high) == (found.mean - found.half_width, found.mean + found.half_width)


def test_one_replication_tells_no_spread():
    assert estimate([3.0]) == Estimate(3.0, math.inf)
    assert estimate([3.0]).to_dict() == {"mean": 3.0, "half_width": None, "level": 0.95}
    assert math.isnan(estimate([]).mean)


def test_ratio_of_a_constant_denominator_is_the_mean():
    values = [3.0, 5.0, 4.0]
    found, mean = ratio(values, [2.0, 2.0, 2.0]), estimate(values)
    assert found.mean == pytest.approx(mean.mean / 2)
    assert found.half_width == pytest.approx(mean.half_width / 2)


def test_intervals_of_ratios_cover_the_truth_as_often_as_they_say():
    stream = source(5)
    covered = 0
    for _ in range(400):
        below = stream.gamma(4.0, 0.25, 20) + 1
        found = ratio(0.5 * below + stream.normal(0, 0.1, 20), below)
        covered += found.low <= 0.5 <= found.high
    assert 365 <= covered <= 394


def test_difference_on_common_numbers_is_narrower():
    common = source(1).normal(size=50)
    found = difference(common + 1.0, common)
    assert found.mean == pytest.approx(1.0)
    assert found.half_width < 1e-12


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_distributions_have_the_mean_and_spread_they_name(kind):
    wanted = Distribution(kind, 3.0, 0.4)
    drawn = draw(wanted, source(7, 1), 100_000)
    assert drawn.dtype == np.float64
    assert drawn.min() >= 0
    assert drawn.mean() == pytest.approx(3.0, rel=0.02)
    assert drawn.var() == pytest.approx(wanted.variance(), rel=0.03)


def test_lognormal_is_lognormal():
    drawn = draw(Distribution("lognormal", 2.0, 0.7), source(3), 5_000)
    spread = math.log(1 + 0.49)
    assert kstest(drawn, lognorm(spread**0.5, scale=2 / 1.49**0.5).cdf).pvalue > 0.001


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_nothing_takes_no_time(kind):
    assert not draw(Distribution(kind, 0.0, 0.3), source(1), 5).any()


def test_streams_depend_on_seed_and_path_alone():
    first = draw(Distribution("exponential", 1.0), source(4, 2, 7), 6)
    assert np.array_equal(first, draw(Distribution("exponential", 1.0), source(4, 2, 7), (2, 3)).ravel())
    for other in ((4, 2, 8), (4, 7, 2), (5, 2, 7), (4, 2)):
        assert not np.array_equal(first, draw(Distribution("exponential", 1.0), source(*other), 6))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Distribution("weird", 1.0), "one of deterministic"),
        (Distribution("uniform", 1.0, 0.9), "at most 0.5774"),
        (Distribution("gamma", -1.0), "at least 0"),
    ],
)
def test_distributions_that_cannot_be_are_refused(wrong, told):
    with pytest.raises(InputError, match=told):
        draw(wrong, source(1), 1)


def test_warm_up_ends_where_the_trend_does():
    series = source(11).normal(size=(4, 2000))
    series[:, :200] += np.linspace(5, 0, 200)
    assert 150 <= warm_up(series) <= 400
    assert warm_up(np.ones(100)) == 0
    assert warm_up([5.0, 1.0, 1.0]) == 0


def test_a_simulation_is_plain_data_and_frames():
    found = Simulation("L", {"throughput": Estimate(0.5, 0.1)}, {"stations": {"station": [1, 2]}})
    assert found.to_dict()["measures"] == {"throughput": {"mean": 0.5, "half_width": 0.1, "level": 0.95}}
    assert found.to_frame("stations", "pandas")["station"].tolist() == [1, 2]
    with pytest.raises(InputError, match="its tables are: stations"):
        found.to_frame("loops")
