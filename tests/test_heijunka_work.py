"""Work overload at the stations of a line: closed forms, definitions, both exact roads, the kernel, what is refused."""

from __future__ import annotations

import importlib
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt import jit
from jitopt.cli.facts import facts_of
from jitopt.errors import InputError, NotApplicableError
from jitopt.generators import generate, random_small
from jitopt.heuristics import heijunka_level
from jitopt.heuristics._heijunka_fill import fill, keep, measure
from jitopt.heuristics._heijunka_flat import flatten
from jitopt.heuristics._heijunka_rounding import rounding_bound
from jitopt.heuristics._heijunka_start import chase, spread
from jitopt.heuristics._kernels import heijunka_state as at
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.problems.heijunka.work import walk
from jitopt.testing import naive, optimum

KERNELS = jit.plain("jitopt.heuristics._kernels.heijunka_level")
MINUTES = st.integers(0, 90).map(lambda tenths: tenths / 10)
EVERY: tuple[dict[str, Any], ...] = (
    {"term": "overload"},
    {"term": "overload", "measure": "sum_violated", "weight": 2},
    {"term": "idle", "weight": 0.5},
)


def line(minutes: list[list[float]], demand: list[int], takt: float = 4, room: float = 2, **more: Any) -> Heijunka:
    """Return a line whose station k takes minutes[k][i] for product i."""
    names = ["A", "B", "C", "D"][: len(demand)]
    stations = [f"K{k}" for k in range(len(minutes))]
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": "line",
        "products": {"product": names, "demand": demand},
        "takt": takt,
        "stations": {"station": stations, "length": [takt + room] * len(stations)},
        "work": {
            "product": names * len(stations),
            "station": [station for station in stations for _ in names],
            "minutes": [value for row in minutes for value in row],
        },
        "objective": [*EVERY],
    }
    return Heijunka.parse(data | more)


def terms(instance: Heijunka, order: str) -> tuple[float, ...]:
    """Return overload, number of overloads and idle time of a sequence, at weight 1."""
    found = instance.evaluate(HeijunkaPlan(sequence=tuple(order))).terms
    return found["overload_sum_absolute"], found["overload_sum_violated"] / 2, found["idle"] / 0.5


@st.composite
def lines(draw: st.DrawFn, stations: int = 3) -> Heijunka:
    """Draw a line with decimals of all kinds, work above the length and below what fills the takt among them."""
    demand = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    count = draw(st.integers(1, stations))
    minutes = [draw(st.lists(MINUTES, min_size=len(demand), max_size=len(demand))) for _ in range(count)]
    takt = draw(st.sampled_from((2, 3.3, 4.05)))
    return line(minutes, demand, takt, draw(st.sampled_from((0, 0.7, 2, 10))))


def orders(draw: Any, instance: Heijunka) -> HeijunkaPlan:
    units = [
        name for name, d in zip(instance.products.product, instance.products.demand, strict=True) for _ in range(d)
    ]
    return HeijunkaPlan(sequence=tuple(draw(st.permutations(units))))


# --- what the terms are ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5])
def test_two_products_in_turn_overload_nobody_and_in_blocks_all_but_two(n: int) -> None:
    """Work of takt + r and takt - r: in turn the worker goes to the room r and back; in blocks it stands at a wall."""
    instance = line([[6, 2]], [n, n])
    assert terms(instance, "AB" * n) == (0, 0, 0)
    assert terms(instance, "A" * n + "B" * n) == (2 * (n - 1), n - 1, 2 * (n - 1))
    # From the left border a short unit first is idle time, and the last long one ends behind the launch: no overload.
    assert terms(instance, "BA" * n) == (0, 0, 2)


def test_the_last_slot_is_like_all_others() -> None:
    instance = line([[6, 1]], [1, 1])
    assert terms(instance, "BA") == (0, 0, 3)  # B leaves 3 minutes idle, A ends 2 minutes behind the next launch.
    assert terms(instance, "AB") == (0, 0, 1)  # B is begun 2 minutes late and ends 1 minute before the next launch.


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_judge_follows_the_clock_of_the_worker(data: Any) -> None:
    instance = data.draw(lines())
    plan = orders(data.draw, instance)
    told = naive.evaluate(instance, plan)
    assert told.terms is not None
    assert {name: float(value) for name, value in told.terms.items()} == instance.evaluate(plan).terms


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_idle_time_is_overload_and_what_the_line_has_left(data: Any) -> None:
    """Over all slots: idle = overload + next start + takts - work, at every station."""
    instance = data.draw(lines())
    rows = [instance.index[name] for name in orders(data.draw, instance).sequence or ()]
    for station in instance.line_stations:
        steps = list(walk(station, [*rows, rows[0]]))
        before, after = steps[:-1], steps[-1].start
        work = sum(station.minutes[row] for row in rows)
        balance = sum(step.overload for step in before) + after + len(rows) * station.takt - work
        assert sum(step.idle for step in before) == balance


@settings(deadline=None, max_examples=30)
@given(data=st.data(), factor=st.sampled_from((3, 10, 0.5)))
def test_minutes_in_another_unit_are_the_same_line(data: Any, factor: float) -> None:
    """All minutes times a factor: overload and idle time times it, as many overloads."""
    instance = data.draw(lines())
    plan = orders(data.draw, instance)
    told = instance.to_dict()
    told["takt"] = float(Fraction(str(told["takt"])) * Fraction(factor))
    for table, column in (("stations", "length"), ("work", "minutes")):
        told[table][column] = [float(Fraction(str(value)) * Fraction(factor)) for value in told[table][column]]
    before, after = instance.evaluate(plan).terms, Heijunka.parse(told).evaluate(plan).terms
    for name, value in before.items():
        times = 1 if name.endswith("violated") else factor
        assert after[name] == pytest.approx(value * times, rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_station_long_enough_has_no_overload(data: Any) -> None:
    instance = data.draw(lines())
    told = instance.to_dict()
    told["stations"]["length"] = [100.0] * len(told["stations"]["length"])
    found = Heijunka.parse(told).evaluate(orders(data.draw, instance)).terms
    assert found["overload_sum_absolute"] == found["overload_sum_violated"] == 0


def test_weights_of_stations_count_for_both_terms() -> None:
    told = line([[6, 1], [3, 9]], [2, 2]).to_dict()
    alone = []
    for weight in ([1, 0], [0, 1], [3, 0.5]):
        told["stations"]["weight"] = weight
        alone.append(np.array(terms(Heijunka.parse(told), "AABB")))
    assert alone[2] == pytest.approx(3 * alone[0] + 0.5 * alone[1])
    assert (alone[0] != alone[1]).any()


# --- both exact roads and the heuristic -----------------------------------------------------------


@pytest.mark.parametrize("seed", [24, 25, 50, 77])
def test_both_exact_roads_find_the_enumerated_optimum(seed: int) -> None:
    instance: Any = random_small("heijunka", seed)
    assert {"overload", "idle"} & {term.term for term in instance.objective}
    best = optimum(instance)
    for method in ("heijunka_cumulative_pyomo", "heijunka_order_cpsat"):
        result = jitopt.solve(instance, method=method, time_limit=30, threads=1)
        if best is None:
            assert result.status == "infeasible"
        else:
            assert result.status == "optimal"
            assert result.objective == pytest.approx(float(best.value), rel=1e-9)


def test_overdoing_an_overload_saves_no_count() -> None:
    """Leaving more undone than must be, once, would avoid the later overloads: no worker does that."""
    instance = line([[9, 5]], [1, 3], room=1, objective=[{"term": "overload", "measure": "sum_violated"}])
    best = optimum(instance)
    assert best is not None
    for method in ("heijunka_cumulative_pyomo", "heijunka_order_cpsat"):
        assert jitopt.solve(instance, method=method, threads=1).objective == float(best.value) == 3


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_bound_is_below_every_sequence(data: Any) -> None:
    instance = data.draw(lines(stations=2))
    units = [n for n, d in zip(instance.products.product, instance.products.demand, strict=True) for _ in range(d)]
    best = min(
        instance.evaluate(HeijunkaPlan(sequence=order)).objective or 0.0 for order in set(permutations(units[:6]))
    ) if len(units) <= 6 else instance.evaluate(orders(data.draw, instance)).objective  # fmt: skip
    assert rounding_bound(instance) <= (best or 0.0) + 1e-9


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        # Takt 4, room 1: 8 minutes leave 3 undone wherever they stand; of the moves 1, 1 and four of 0.5 there fits 1.
        ({"term": "overload"}, 2 * 3 + 3),
        ({"term": "overload", "measure": "sum_violated"}, 3),
        ({"term": "idle"}, 0),
    ],
)
def test_the_bound_of_one_station(objective: Any, expected: float) -> None:
    instance = line([[8, 4.5]], [2, 4], room=1, objective=[objective])
    assert rounding_bound(instance) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    easy = line([[1, 3.5]], [2, 4], room=1, objective=[{"term": "idle"}])
    assert rounding_bound(easy) == pytest.approx(2 * 2 + 2 + 2, rel=1e-9)


def walked(instance: Heijunka, steps: int) -> tuple[float, float]:
    """Return the objective that a search carries along, and that of its sequence filled in anew."""
    flat = flatten(instance)
    keep(flat, spread(flat))
    ints, reals = flat.arrays.ints, flat.arrays.reals
    ints[at.SEED], ints[at.SEED_2] = 12345, 54321
    reals[at.WARMTH], reals[at.COOLING], reals[at.TARGET] = 3.0, 1.0, -np.inf
    KERNELS.improve(ints, reals, steps)
    carried, starts = float(reals[at.OBJECTIVE]), flat.arrays[at.START].copy()
    sequence = flat.arrays[at.SEQUENCE].copy()
    fill(flat, sequence)
    judged = instance.evaluate(heijunka_level.shape(instance, sequence)).objective
    assert float(reals[at.OBJECTIVE]) == pytest.approx(judged, rel=1e-9)
    assert (np.abs(starts - flat.arrays[at.START]).max() == 0) or carried != reals[at.OBJECTIVE]
    return carried, float(reals[at.OBJECTIVE])


OBJECTIVE = "overload, overload:sum_violated:2, idle:sum_absolute:0.5, rate:sum_squared:0.1"


@pytest.mark.parametrize("room", [0.0, 0.2, 1.5])
def test_the_search_carries_workers_along(room: float) -> None:
    instance: Any = generate("heijunka", seed=5, units=30, stations=4, station_room=room, objective=OBJECTIVE)
    carried, anew = walked(instance, 400)
    assert carried == pytest.approx(anew, rel=1e-9)


def test_a_false_change_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that forgets that the last changed slot is the second one carries something else along."""
    kernel = importlib.import_module("jitopt.heuristics._kernels.heijunka_work")
    true = kernel.station_delta

    def false(ints: Any, reals: Any, k: int, lose: int, gain: int, a: int, b: int, book: bool) -> float:
        return float(true(ints, reals, k, lose, gain, a, min(b + 1, int(ints[at.SLOTS]) - 1), book))

    monkeypatch.setattr(kernel, "station_delta", false)
    instance: Any = generate("heijunka", seed=5, units=30, stations=4, station_room=0.2, objective=OBJECTIVE)
    carried, anew = walked(instance, 100)
    assert carried != pytest.approx(anew, rel=1e-9)


def test_plain_and_compiled_search_are_the_same() -> None:
    """Bit for bit: sequence, starts of the workers, objective and random numbers after some thousand steps."""
    instance: Any = generate("heijunka", seed=5, units=30, stations=3, station_room=0.2, objective=OBJECTIVE)
    found = []
    for kernels in (KERNELS, jit.compiled("jitopt.heuristics._kernels.heijunka_level")):
        flat = flatten(instance)
        keep(flat, spread(flat))
        ints, reals = flat.arrays.ints, flat.arrays.reals
        ints[at.SEED], ints[at.SEED_2] = 12345, 54321
        reals[at.WARMTH], reals[at.COOLING], reals[at.TARGET] = 3.0, 1.0, -np.inf
        kernels.improve(ints, reals, 2000)
        found.append((ints.tolist(), reals.tolist()))
    assert found[0] == found[1]
    assert found[0][1][at.BEST] < measure(flatten(instance), spread(flatten(instance)))[1]


@pytest.mark.parametrize("long", [6.000000000001, 6000000.123456789012])
def test_the_search_sees_the_smallest_overload(long: float) -> None:
    """Each of three units is overloaded by a part in 10^12; times beyond that are rounded."""
    takt = 4 if long < 7 else 4000000
    instance = line([[long, 2]], [3, 3], takt=takt, room=takt / 2)
    plan = spread(flatten(instance))
    judged = instance.evaluate(heijunka_level.shape(instance, plan)).objective
    assert measure(flatten(instance), plan)[1] == pytest.approx(judged, rel=1e-12)


def test_the_greedy_start_looks_at_overload() -> None:
    instance = line([[6, 2]], [10, 10], objective=[{"term": "overload"}])
    plan = chase(flatten(instance), False, lambda: False)
    assert plan is not None
    assert measure(flatten(instance), plan) == (0, 0.0)


# --- what is told, and refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["assign", "bottleneck", "cars", "paint", "goal_chasing", "two_steps", "nearest_integer", "earliest_due"]
)
def test_what_does_not_see_workers_says_so(method: str) -> None:
    instance = line([[6, 2]], [2, 2], objective=[{"term": "overload"}, {"term": "rate"}])
    module = importlib.import_module(f"jitopt.heuristics.heijunka_{method}")
    with pytest.raises(NotApplicableError, match=r"overload|neither colours|ratio rule"):
        module.run(instance, LocalContext(seed=0, work=10, compiled=False))


BOX = {"buckets": 2, "capacity": 4}


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"takt": None}, "/stations", "takt"),
        ({"stations": None}, "/work/station/0", "station"),
        ({"stations": None, "work": None}, "/objective/0", 'needs the table "stations"'),
        ({"stations": {"station": ["K0"], "length": [3.9]}}, "/stations/length/0", "at least one takt"),
        ({"stations": {"station": ["K0", "K0"], "length": [5.0, 5.0]}}, "/stations/station/1", "only once"),
        ({"work": {"product": ["Z"], "station": ["K0"], "minutes": [1.0]}}, "/work/product/0", "product"),
        ({"work": {"product": ["A"], "station": ["K9"], "minutes": [1.0]}}, "/work/station/0", "station"),
        ({"objective": [{"term": "idle", "measure": "sum_violated"}]}, "/objective/0/measure", "sum_absolute"),
        ({"objective": [{"term": "overload", "measure": "max_absolute"}]}, "/objective/0/measure", "sum_violated"),
        ({"objective": [{"term": "rate"}], "box": BOX}, "/stations", "needs a sequence"),
        ({"takt": 0}, "/takt", "greater than 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], place: str, words: str) -> None:
    data = {key: value for key, value in (line([[6, 2]], [2, 2]).to_dict() | changes).items() if value is not None}
    with pytest.raises(InputError, match=words) as refused:
        Heijunka.parse(data)
    assert refused.value.place == place


def test_the_facts_tell_loads_and_stations_that_decide_nothing() -> None:
    facts = facts_of(line([[6, 2]], [2, 2], objective=[{"term": "rate"}]))
    assert facts["stations"] == [{"station": "K0", "length": 6.0, "work": 16.0, "load": 1.0}]
    assert any("decide nothing" in note for note in facts["notes"])
    assert not facts_of(line([[6, 2]], [2, 2]))["notes"]


def test_why_not_prices_the_overload_of_a_choice() -> None:
    instance = line([[6, 2]], [2, 1], objective=[{"term": "overload"}])
    result = jitopt.solve(instance, time_limit=20)
    assert result.plan is not None
    assert (result.objective, result.plan.sequence) == (0, ("A", "B", "A"))
    told = jitopt.why_not(instance, result, {"position": "1", "product": "B"})
    assert (told.difference, told.terms) == (2, (("overload", 0, 2, 2),))
