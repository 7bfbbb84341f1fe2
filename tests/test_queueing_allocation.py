"""Allocations by exact throughput, against tables proven by enumeration."""

import itertools
import random

import pytest

from jitopt.errors import InputError
from jitopt.queueing.allocation import Allocator, allocate
from jitopt.queueing.blocking import throughput


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("stations", "places", "buffers", "expected"),
    [
        (3, 5, {(2, 3), (3, 2)}, 0.754345),
        (4, 3, {(1, 1, 1)}, 0.631153),
        (4, 4, {(1, 2, 1)}, 0.657175),
        (4, 5, {(1, 2, 2), (2, 2, 1)}, 0.676672),
        (4, 9, {(3, 3, 3)}, 0.747710),
        (5, 4, {(1, 1, 1, 1)}, 0.607583),
        (5, 5, {(1, 1, 2, 1), (1, 2, 1, 1)}, 0.627503),
        (5, 6, {(1, 2, 2, 1)}, 0.647957),
    ],
)
def test_balanced_lines(stations, places, buffers, expected):
    found = allocate([1.0] * stations, places)
    assert found.buffers in buffers
    assert found.throughput == pytest.approx(expected, abs=6e-7)
    assert found.proven


def test_exchanges_end_in_the_optimum_that_enumeration_finds():
    dice = random.Random(5)
    for _ in range(8):
        rates = tuple(dice.choice((0.8, 1.0, 1.1, 1.3)) for _ in range(dice.randint(3, 5)))
        search = Allocator(rates, dice.randint(1, 6))
        assert search.climb(search.even(), never)
        climbed = search.value(search.best)
        assert search.enumerate(never)
        best = max(
            throughput(rates, buffers)
            for buffers in itertools.product(range(search.places + 1), repeat=len(rates) - 1)
            if sum(buffers) == search.places
        )
        assert search.value(search.best) == pytest.approx(best, rel=1e-9)
        assert climbed == pytest.approx(best, rel=5e-4)


def test_limits_of_single_buffers_are_kept():
    search = Allocator((1.0,) * 5, 9, (0, 3, 0, 0), (1, 5, 2, 9))
    assert search.climb(search.even(), never)
    assert search.enumerate(never)
    assert all(low <= b <= high for low, b, high in zip((0, 3, 0, 0), search.best, (1, 5, 2, 9), strict=True))
    assert sum(search.best) == 9
    assert search.best == max(search.known, key=search.known.__getitem__)


def test_an_even_start_uses_all_places_that_there_is_room_for():
    assert Allocator((1.0,) * 4, 7).even() == (2, 3, 2)
    assert Allocator((1.0,) * 4, 10**6).even() == (333333, 333334, 333333)
    assert Allocator((1.0,) * 4, 50, None, (1, 4, 20)).even() == (1, 4, 20)
    assert sum(Allocator((1.0,) * 6, 23, (0, 9, 0, 0, 0), (9, 9, 2, 9, 9)).even()) == 23


def test_mirror_images_tie_where_the_rates_are_their_own():
    search = Allocator((1.0, 1.0, 1.0), 5)
    search.enumerate(never)
    assert search.ties() == [(2, 3), (3, 2)]


def test_a_search_that_is_stopped_has_an_allocation_and_claims_nothing():
    found = allocate([1.0] * 5, 6, stop=lambda: True)
    assert sum(found.buffers) == 6
    assert not found.proven


def test_a_line_needs_two_stations():
    with pytest.raises(InputError, match="two stations"):
        allocate([1.0], 3)
