"""Closed forms and chains against tables, against each other and against what they must keep."""

import itertools
import random
from math import isclose

import pytest

from jitopt.errors import InputError
from jitopt.queueing import (
    balanced,
    best,
    best_cards,
    blocking_throughput,
    kingman,
    lost_sales,
    make_to_stock,
    mean_value_analysis,
    open_line,
    palm,
    palm_cards,
    pollaczek_khinchine,
    practical_worst,
    two_stage_kanban,
    worst,
)
from jitopt.queueing.blocking import state_count


@pytest.mark.parametrize(
    ("utilisation", "holding", "backorder", "cards", "cost", "fill"),
    [
        (0.8, 1, 9, 10, 10.294967, 0.8926258176),
        (0.9, 1, 9, 21, 21.847709, 0.8905810109),
        (0.7, 1, 4, 4, 4.467833, 0.7599),
        (0.5, 1, 19, 4, 4.25, 0.9375),
    ],
)
def test_the_critical_ratio_gives_the_cards_of_least_cost(utilisation, holding, backorder, cards, cost, fill):
    found = best_cards(utilisation, holding, backorder)
    assert (found.cards, found.kind) == (cards, "exact")
    assert found.cost == pytest.approx(cost, abs=1e-6)
    assert found.fill_rate == pytest.approx(fill, abs=1e-10)

    def of(count):
        loop = make_to_stock(utilisation, count)
        return holding * loop.stock + backorder * loop.backorders

    assert min(of(count) for count in range(60)) == pytest.approx(found.cost, rel=1e-12)


def test_a_critical_ratio_that_is_met_exactly_costs_the_same_with_one_card_fewer():
    found = best_cards(0.5, 1, 7)  # ln(1/8) / ln(1/2) = 3, whatever the logarithms' last digit
    fewer = make_to_stock(0.5, 2)
    assert found.cards == 3
    assert found.cost == pytest.approx(fewer.stock + 7 * fewer.backorders)


def test_make_to_stock_fill_rates_and_backorders():
    fills = [make_to_stock(0.7, cards).fill_rate for cards in (1, 2, 3, 5, 8)]
    owed = [make_to_stock(0.7, cards).backorders for cards in (1, 2, 3, 5, 8)]
    assert fills == pytest.approx([0.3, 0.51, 0.657, 0.83193, 0.94235199], abs=1e-12)
    assert owed == pytest.approx([1.6333, 1.1433, 0.8003, 0.3922, 0.1345], abs=5e-5)


def test_lost_sales_are_those_of_a_queue_of_k_places():
    for cards in (0, 1, 3, 8):
        assert 1 - lost_sales(1.0, cards).fill_rate == pytest.approx(1 / (cards + 1))
        rho = 0.8
        assert 1 - lost_sales(rho, cards).fill_rate == pytest.approx((1 - rho) * rho**cards / (1 - rho ** (cards + 1)))
    # What is lost when demand outruns the server is the rest of what it makes without a pause.
    assert lost_sales(50.0, 400).fill_rate == pytest.approx(1 / 50)
    assert lost_sales(1e3, 5).stock == pytest.approx(0.001, rel=1e-2)


def test_palm_needs_the_load_only():
    assert palm(8, 14).fill_rate == pytest.approx(0.965818, abs=2e-6)
    assert palm(8, 16).fill_rate == pytest.approx(0.991769, abs=1e-6)
    assert (palm_cards(8, 0.95), palm_cards(8, 0.99)) == (14, 16)
    assert palm_cards(0, 0.99) == 1
    loop = palm(8, 14)
    assert loop.stock - loop.backorders == pytest.approx(14 - 8)  # a conservation law of every base stock


@pytest.mark.parametrize(
    ("cards", "demand", "expected"),
    [
        ((1, 1), 0.5, (0.312500, 1.562500, 0.312500, 0.500000, 1.000000)),
        ((2, 2), 0.7, (0.289786, 3.944956, 0.449212, 0.841106, 2.317789)),
        ((3, 3), 0.7, (0.531669, 1.677559, 1.158342, 1.511654, 2.976691)),
        ((2, 4), 0.7, (0.596630, 1.491846, 1.651655, 0.822248, 2.855164)),
        ((4, 2), 0.7, (0.419776, 2.001706, 0.661175, 2.322588, 2.855164)),
        ((5, 5), 0.8, (0.546557, 2.722376, 1.823809, 2.397465, 5.205070)),
    ],
)
def test_two_stages_of_kanban(cards, demand, expected):
    assert two_stage_kanban(cards, demand)[:5] == pytest.approx(expected, abs=6e-7)


def test_two_stages_become_one_where_the_first_never_keeps_the_second_waiting():
    found, alone = two_stage_kanban((12, 3), 0.7, (500.0, 1.0)), make_to_stock(0.7, 3)
    assert found.fill_rate == pytest.approx(alone.fill_rate, abs=1e-3)
    assert found.backorders == pytest.approx(alone.backorders, rel=1e-2)


def test_demand_beyond_what_the_cards_allow_is_refused():
    assert two_stage_kanban((1, 1), 0.66).backorders > 40  # the stages make 2/3 at most
    with pytest.raises(InputError, match="demand"):
        two_stage_kanban((1, 1), 0.67)
    with pytest.raises(InputError, match=r"0\.833333"):  # a line of two with three places between, blocking before
        two_stage_kanban((3, 2), 5.0)


def test_constant_work_in_process():
    for stations, cards in itertools.product((1, 2, 5, 20), (1, 5, 40)):
        line = mean_value_analysis([1.0] * stations, cards)
        assert line.throughput == pytest.approx(cards / (cards + stations - 1))
        even = balanced(stations, cards)
        assert (line.throughput, line.cycle_time) == pytest.approx((even.throughput, even.cycle_time))
        assert line.parts == pytest.approx(even.parts)
        assert line.utilisation == pytest.approx(even.utilisation)
        assert sum(line.parts) == pytest.approx(cards)
    uneven = mean_value_analysis([1.0, 2.0], 3)  # product form by hand: 1 + 2 + 4 over 1 + 2 + 4 + 8
    assert uneven.throughput == pytest.approx(7 / 15)


def test_bounds_enclose_the_closed_line():
    dice = random.Random(1)
    for _ in range(50):
        times = [dice.uniform(0.2, 3) for _ in range(dice.randint(1, 6))]
        cards = dice.randint(1, 12)
        found = mean_value_analysis(times, cards).throughput
        assert worst(times) <= found * (1 + 1e-12)
        assert practical_worst(times, cards) <= found * (1 + 1e-12)
        assert found <= best(times, cards) * (1 + 1e-12)
    assert practical_worst([2.0] * 4, 4) == pytest.approx(0.285714, abs=1e-6)
    assert practical_worst([2.0] * 4, 12) == pytest.approx(0.40)
    assert (best([2.0] * 4, 12), worst([2.0] * 4)) == (0.5, 0.125)


def test_waiting():
    assert kingman(0.8, 1.0).wait == pytest.approx(0.8 / 0.2)  # M/M/1
    assert pollaczek_khinchine(0.8, 1.0, 0.0).wait == pytest.approx(0.5 * 0.8 / 0.2)  # M/D/1
    assert kingman(0.8, 3.0, 0.5, 1.5).queue == pytest.approx(kingman(0.8, 3.0, 0.5, 1.5).wait * 0.8 / 3.0)
    assert (kingman(0.8, 1.0).kind, pollaczek_khinchine(0.8, 1.0, 2.0).kind) == ("approximation", "exact")


def test_decomposition_is_exact_for_poisson_streams_and_keeps_littles_law():
    line = open_line(0.8, [1.0, 0.5, 1.1])
    assert line.lead_time == pytest.approx(sum(time / (1 - 0.8 * time) for time in (1.0, 0.5, 1.1)))
    assert line.parts == pytest.approx(0.8 * line.lead_time)
    assert line.bottleneck == 2
    smooth = open_line(0.9, [1.0, 1.0], [0.3, 0.3], arrival_cv=0.3)
    assert smooth.departure_cv == pytest.approx((0.3, 0.3))
    assert sum(smooth.waits) < sum(open_line(0.9, [1.0, 1.0]).waits)


BALANCED = {
    0: (0.666667, 0.564103, 0.514775),
    1: (0.75, 0.670466, 0.631153),
    2: (0.8, 0.734017, 0.700713),
    4: (0.857143, 0.807486, 0.781776),
    10: (0.923077, 0.894419, 0.879115),
}


def test_balanced_blocking_lines():
    for slots, row in BALANCED.items():
        found = [blocking_throughput([1.0] * stations, [slots] * (stations - 1)) for stations in (2, 3, 4)]
        assert found == pytest.approx(row, abs=6e-7)
    longer = [blocking_throughput([1.0] * stations, [0] * (stations - 1)) for stations in (5, 6, 7)]
    assert longer == pytest.approx([0.485798, 0.466713, 0.453179], abs=6e-7)


def test_states_without_buffers_are_fibonacci_numbers():
    assert [state_count([0] * places) for places in range(1, 7)] == [3, 8, 21, 55, 144, 377]


def test_unequal_rates_by_hand():
    found = [blocking_throughput([1.0, 1.25], [slots]) for slots in (0, 1, 3)]
    assert found == pytest.approx([0.737705, 0.826558, 0.911181], abs=6e-7)
    times = (1.08553, 0.82893, 1.08553)
    bowl = [sum(times) / 3 / time for time in times]
    assert blocking_throughput(bowl, [0, 0]) == pytest.approx(0.567182, abs=6e-7)


def test_a_line_reversed_makes_as_much_and_more_room_never_less():
    dice = random.Random(2)
    for _ in range(12):
        stations = dice.randint(2, 5)
        rates = [dice.uniform(0.5, 2) for _ in range(stations)]
        buffers = [dice.randint(0, 3) for _ in range(stations - 1)]
        found = blocking_throughput(rates, buffers)
        assert blocking_throughput(rates[::-1], buffers[::-1]) == pytest.approx(found, rel=1e-11)
        more = list(buffers)
        more[dice.randrange(len(more))] += 1
        assert found < blocking_throughput(rates, more) < min(rates)


def test_iteration_agrees_with_factorisation(monkeypatch):
    rates, buffers = [1.0, 1.1, 0.9, 1.2, 1.0], [2, 1, 3, 2]
    direct = blocking_throughput(rates, buffers)
    monkeypatch.setattr("jitopt.queueing.blocking.DIRECT", 0)
    assert isclose(blocking_throughput(rates, buffers), direct, rel_tol=1e-10)


@pytest.mark.parametrize(
    "call",
    [
        lambda: make_to_stock(1.0, 3),
        lambda: make_to_stock(0.5, -1),
        lambda: best_cards(0.5, 0, 1),
        lambda: lost_sales(0, 3),
        lambda: palm(-1, 3),
        lambda: palm_cards(3, 1.0),
        lambda: mean_value_analysis([], 3),
        lambda: mean_value_analysis([1.0, 0.0], 3),
        lambda: balanced(3, 0),
        lambda: kingman(1.0, 1.0),
        lambda: open_line(1.0, [1.0]),
        lambda: open_line(0.5, [1.0], [1.0, 1.0]),
        lambda: two_stage_kanban((0, 1), 0.3),
        lambda: blocking_throughput([1.0, -1.0], [1]),
        lambda: blocking_throughput([1.0, 1.0], [1, 1]),
        lambda: blocking_throughput([1.0, 1.0, 1.0], [1, 1.5]),  # type: ignore[list-item]
        lambda: blocking_throughput([1.0] * 30, [9] * 29),
    ],
)
def test_arguments_out_of_range_are_refused_in_words(call):
    with pytest.raises(InputError) as caught:
        call()
    assert len(str(caught.value)) > 15
