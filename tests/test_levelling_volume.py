"""The most level volume: published answers, dynamic programs, its own certificate, and proofs that no plan exists."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError
from jitopt.jit import compiled, plain
from jitopt.levelling import check_volume, level_volume
from jitopt.levelling.capped import capped
from jitopt.levelling.volume import KERNEL

DEMAND = [10, 0, 0, 30, 5, 5]


@pytest.mark.parametrize(
    ("storage", "plan", "ends"),
    [
        (12, [10, 6, 6, 18, 5, 5], ["empty", "full", "empty", "end"]),
        (100, [10, 10, 10, 10, 5, 5], ["empty", "end"]),
        (None, [10, 10, 10, 10, 5, 5], ["empty", "end"]),
        (0, DEMAND, ["empty", "full", "empty", "end"]),
    ],
)
def test_worked_plans(storage, plan, ends):
    found = level_volume(DEMAND, storage=storage)
    assert found.fractions() == plan
    assert [level.ends for level in found.levels] == ends
    assert found.peak == max(plan)
    curves = found.curves()
    assert all(
        low <= made <= high for low, made, high in zip(curves["lower"], curves["output"], curves["upper"], strict=True)
    )
    assert check_volume(found.fractions(), DEMAND, storage=storage) == ()


def test_a_falling_demand_without_a_limit_is_the_least_concave_majorant():
    assert level_volume([9, 1, 5, 3, 0, 6]).fractions() == [9, 3, 3, 3, 3, 3]


@st.composite
def cases(draw, largest=8):
    count = draw(st.integers(1, 7))
    column = st.lists(st.integers(0, largest), min_size=count, max_size=count)
    least = draw(st.one_of(st.just(0), st.integers(0, 3), column))
    base = [least] * count if isinstance(least, int) else least
    storage = draw(
        st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=count, max_size=count))
    )
    if storage is not None:
        storage = [None if room is None else room + low for room, low in zip(storage, base, strict=True)]
    capacity = draw(
        st.one_of(st.none(), st.integers(0, 12), st.lists(st.integers(0, 12), min_size=count, max_size=count))
    )
    return draw(column), {
        "opening": draw(st.integers(0, 5)), "least": least, "storage": storage, "capacity": capacity,
    }  # fmt: skip


def brute(demand, limits, cost):
    """The least cost of whole quantities, by a walk over every stock; None where there is no plan."""
    count = len(demand)

    def of(name, t):
        value = limits[name]
        return value[t] if isinstance(value, list) else value

    @cache
    def walk(t, stock):
        if t == count:
            return (stock, 0)
        best = None
        for made in range(60 if of("capacity", t) is None else of("capacity", t) + 1):
            after = stock + made - demand[t]
            if after >= of("least", t) and (of("storage", t) is None or after <= of("storage", t)):
                rest = walk(t + 1, after)
                if rest is not None:
                    # The least final stock there can be, then the cost.
                    value = (rest[0], rest[1] + cost(made))
                    best = value if best is None or value < best else best
        return best

    return walk(0, limits["opening"])


@settings(max_examples=40, deadline=None)
@given(cases())
def test_whole_units_are_optimal_for_every_convex_cost(case):
    demand, limits = case
    found = level_volume(demand, whole=True, **limits)
    for cost in (lambda x: x * x, lambda x: x**5, lambda x: max(0, x - 3), lambda x: -min(x, 2)):
        best = brute(demand, limits, cost)
        if best is None:
            assert found.status == "infeasible"
        else:
            assert found.status == "optimal"
            assert sum(cost(int(made)) for made in found.quantities) == best[1]
            assert found.stock[-1] == best[0]
    if found.status == "optimal":
        assert check_volume(found.quantities.tolist(), demand, whole=True, **limits) == ()


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from([1, 4, 10]))
def test_exact_plans_carry_their_certificate_and_two_ways_agree(case, per):
    demand, limits = case
    demand = [value / per for value in demand]
    found = level_volume(demand, **limits)
    if found.status == "infeasible":
        assert found.shortage is not None and found.shortage.short_by > 0
        return
    made = found.fractions()
    assert check_volume(made, demand, **limits) == ()
    assert np.allclose(found.quantities, [float(value) for value in made])
    assert np.allclose(found.cumulative, np.cumsum([float(value) for value in made]))
    ceiling = np.full(len(demand), int(found.tube.upper[-1]) + 1)
    free = level_volume(demand, **(limits | {"capacity": None}))
    other = capped(free.tube.lower, free.tube.upper, ceiling)
    assert [Fraction(p, q * free.tube.per) for a, b, p, q in other for _ in range(a, b)] == free.fractions()


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_shortage_is_a_sum_that_anyone_can_check(case):
    demand, limits = case
    found = level_volume(demand, **limits)
    if found.shortage is None:
        return
    # Making up exactly what is missing, in the periods that are named, must not leave the same shortage.
    less = dict(limits)
    need = int(found.shortage.short_by)
    assert need == found.shortage.short_by > 0
    less["storage"] = None
    if isinstance(limits["capacity"], int):
        less["capacity"] = limits["capacity"] + need
    elif limits["capacity"] is not None:
        less["capacity"] = [value + need for value in limits["capacity"]]
    assert level_volume(demand, **less).status == "optimal"
    assert brute(demand, limits, lambda x: x) is None


def shortage(demand, **limits):
    found = level_volume(demand, **limits)
    assert (found.status, found.peak, len(found.quantities), found.levels) == ("infeasible", 0, 0, ())
    assert found.shortage is not None
    return found.shortage


def test_why_there_is_no_plan_is_told():
    told = shortage(DEMAND, storage=12, capacity=17.5)
    assert (told.first, told.last, told.short_by) == (4, 4, Fraction(1, 2))
    assert told.text.startswith("in period 4 18 units must be made (storage lets at most 22 units be made before)")
    told = shortage([5, 5], opening=20, storage=12)
    assert (told.last, told.short_by) == (1, 3) and "opening stock" in told.text
    told = shortage([5, 5, 5], least=[0, 9, 0], storage=[9, 9, 2])
    assert told.short_by == 2 and "period 2" in told.text and "period 3" in told.text
    told = shortage([5, 5], least=6, storage=4)
    assert told.short_by == 2 and "least stock" in told.text


def test_the_checker_finds_what_is_wrong():
    assert check_volume([10, 6, 6, 18, 5], DEMAND) == ("5 quantities for 6 periods",)
    assert check_volume([10, 6, 6, 18, 6, 4], DEMAND, storage=12) == ("units of period 5 could be made in period 6",)
    assert check_volume([10, 5, 7, 18, 5, 5], DEMAND, storage=12) == ("units of period 3 could be made in period 2",)
    assert check_volume([10, 6, 6, 17, 6, 5], DEMAND, storage=12) == ("period 4 ends below its least stock",)
    assert check_volume([10, 7, 6, 17, 5, 5], DEMAND, storage=12) == ("period 3 ends with more than the storage",)
    assert check_volume([10.5, 5.5, 6, 18, 5, 5], DEMAND, storage=12, whole=True)[0] == "period 1 makes no whole units"
    assert check_volume([12, 4, 6, 18, 5, 5], DEMAND, storage=12)[1] == "units of period 1 could be made in period 2"
    assert "capacity" in check_volume([10, 6, 6, 18, 5, 5], DEMAND, capacity=17)[0]
    assert check_volume([10, 6, 6, 18, 5, 5], DEMAND, storage=12, final=1) == ("the final stock is 0",)


@pytest.mark.parametrize("seed", range(3))
def test_compiled_and_plain_strings_are_the_same(seed):
    rng = np.random.default_rng(seed)
    tube = level_volume(rng.integers(0, 50, 400), storage=rng.integers(40, 90, 400)).tube
    bends = []
    for module, rows in ((plain(KERNEL), list), (compiled(KERNEL), np.asarray)):
        curves = [rows(curve.tolist()) for curve in (tube.lower, tube.upper)]
        room = [rows([0] * 401) for _ in range(4)]
        count = module.taut(*curves, *room)
        bends.append([list(map(int, column[:count])) for column in room[2:]])
    assert bends[0] == bends[1]


def test_long_plans_and_long_numbers():
    rng = np.random.default_rng(5)
    demand = rng.integers(0, 100, 30_000)
    found = level_volume(demand, storage=500, whole=True)
    assert check_volume(found.quantities.tolist(), demand.tolist(), storage=500, whole=True) == ()
    large = [value * 10**9 + 1 / 3 for value in (3, 1, 0, 7)]
    found = level_volume(large, storage=10**10)
    assert check_volume(found.fractions(), large, storage=10**10) == ()


@pytest.mark.parametrize(
    ("demand", "limits", "words"),
    [
        ([], {}, "there is no period"),
        ([1, -2], {}, "demand/1"),
        ([1, float("nan")], {}, "demand/1"),
        ([1, True], {}, "demand/1"),
        ([1, "x"], {}, "demand/1"),
        ([[1], [2]], {}, "demand/0"),
        ([1, 2], {"storage": [1]}, "one for each period (2 periods)"),
        ([1, 2], {"opening": -1}, "opening/0"),
        ([1, 2], {"final": 7, "storage": 4}, "final stock"),
        ([1, 2], {"final": 0, "least": 4}, "final stock"),
        ([1, 1e13], {}, "1e12"),
    ],
)
def test_bad_input(demand, limits, words):
    with pytest.raises(InputError) as error:
        level_volume(demand, **limits)
    assert words in str(error.value)
