"""Named card formulas: documented cases, terms that add up, exact reverses, brute force."""

from __future__ import annotations

import doctest
import importlib
import inspect
import math
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError
from jitopt.problems.epei import epei, karmarkar_interval, karmarkar_lot
from jitopt.problems.kanban import formulas as f
from jitopt.problems.kanban.formulas.count import WORDS
from jitopt.problems.kanban.formulas.loops import VARIANTS, LoopFigures

quick = settings(max_examples=60, deadline=None, derandomize=True)
tenths = st.integers(0, 40).map(lambda n: Fraction(n, 10))


# --- the formulas in use --------------------------------------------------------------------------


def test_what_the_houses_ask_for_the_same_loop():
    """100 a day, 2 days, 20 in a container, 10 % safety."""
    assert f.kanbanbox(100, 2, 20, 0.1).cards == f.basic(100, 2, 20, 0.1).cards == 11
    assert f.oracle(100, 2, 20).cards == 11
    assert f.sap(100, 2, 20, 1.1).cards == 12
    assert f.sap(100, 2, 20, 1.1, constant=0).cards == 11
    assert f.ax(100, 2, 20, 0.1).cards == 12 and f.ax(100, 2, 20, 0.1, minimum=0).cards == 11
    assert f.roser(Fraction(1, 100), 20, 2, 0.1, 0.1).cards == 11
    assert f.supplier_cycle(100, 1, 6, 2, 20, 0.2).cards == 4
    assert f.supplier_cycle(100, 1, 1, 1, 20, 0.2).cards == 11


def test_the_misprint_of_the_sap_formula_is_not_ours():
    misprint = math.ceil(Fraction(100 * 2, 20) * (Fraction("1.1") + 1))
    assert misprint == 21 and f.sap(100, 2, 20, 1.1).cards == 12


def test_more_work_centres_and_a_factor_below_one():
    assert f.sap(100, 2, 20, 1.1, constant=3).cards == 14
    found = f.sap(100, 2, 20, 0.5, constant=0)
    assert found.cards == 5 and found.terms["safety"] == -100 and sum(found.ledger().values()) == 5


def test_allocation_and_safety_stock_of_a_service_level():
    assert f.oracle(100, 2, 20, allocation=0.4).cards == 5
    stock = f.quantile(0.95) * math.sqrt(2) * 15
    found = f.ax(100, 2, 20, 0, 0, service=0.95, demand_sd=15)
    assert found.cards == math.ceil((200 + stock) / 20) == 12
    assert found.terms["variation"] == pytest.approx(stock)


def test_terms_are_printed():
    assert str(f.sap(100, 2, 20, 1.1)).splitlines() == [
        "sap: 12 cards = ceil(RT AC SF / CONT + C)",
        "  lead_time: 200 units, 10 cards (demand during the lead time)",
        "  safety: 20 units, 1 card (safety share or stock)",
        "  constant: 1 card (cards added to the formula)",
    ]


def test_pairs_of_cards_and_signals_print_their_terms_too():
    assert str(f.two_cards(100, 0.5, 1.5, 20, 0.1)).splitlines()[::4] == [
        "withdrawal: 3 cards = ceil(D L (1 + alpha) / Q)",
        "production: 9 cards = ceil(D L (1 + alpha) / Q)",
    ]
    assert str(f.signal(100, 2, 20, 5, 20)).splitlines() == [
        "signal, trigger: 11 cards = ceil((D L + SS) / Q)",
        "  lead_time: 200 units, 10 cards (demand during the lead time)",
        "  safety: 20 units, 1 card (safety share or stock)",
        "  largest stock: 320 units",
    ]
    assert str(f.container_for_cards(200, 11, 1, multiple=24)).splitlines() == [
        "container for 11 cards: 24 units", "  need: 20 units", "  multiple: 4 units",
    ]  # fmt: skip


FORMULAS = ("circulation", "classic", "count", "erp", "market", "peaks", "replenishment")


@pytest.mark.parametrize(
    "module", [*(f"kanban.formulas.{name}" for name in FORMULAS), "kanban.normal", "kanban.lots", "epei"]
)
def test_the_examples_of_the_docstrings(module):
    assert doctest.testmod(importlib.import_module(f"jitopt.problems.{module}")).failed == 0


def test_every_formula_says_where_it_comes_from():
    for name in f.__all__:
        found = getattr(f, name)
        if inspect.isfunction(found) and found.__name__ not in ("ceiling", "loss", "quantile", "safety_stock"):
            assert "Source:" in (found.__doc__ or ""), name


loops = st.builds(
    LoopFigures,
    loop=st.just("L"),
    part=st.just("p"),
    demand=st.integers(0, 2000).map(Fraction),
    quantity=st.integers(1, 90).map(Fraction),
    lead_time=tenths,
    interval=tenths,
    safety=st.integers(0, 5).map(lambda n: Fraction(n, 10)),
    service=st.sampled_from([0.5, 0.9, 0.98]),
    demand_sd=st.integers(0, 90).map(Fraction),
    lead_time_sd=st.integers(0, 9).map(lambda n: Fraction(n, 10)),
    good=st.sampled_from([Fraction(1), Fraction(9, 10)]),
    signal=st.sampled_from([None, "first_piece", "empty"]),
    withdrawal=st.sampled_from([None, Fraction(1, 10)]),
    epei=st.sampled_from([None, Fraction(3, 2)]),
    cycle=st.booleans(),
)


@quick
@given(loop=loops)
def test_the_terms_of_every_formula_add_up_to_its_cards(loop):
    for name, variant in VARIANTS.items():
        count = variant.compute(loop)
        if count is not None:
            assert sum(map(float, count.ledger().values())) == pytest.approx(count.cards, abs=1e-6), name
            assert set(count.ledger()) <= set(WORDS), name
            rounding = count.ledger().get("rounding", 0)
            assert -1e-9 <= rounding < (2 if name == "two_cards" else 1), name


@quick
@given(loop=loops)
def test_identities_between_formulas(loop):
    counts = {name: variant.compute(loop) for name, variant in VARIANTS.items()}
    cards = {name: count.cards for name, count in counts.items() if count is not None}
    assert cards["kanbanbox"] == cards["toyota"] <= cards["monden_cycle"]
    assert cards["sap"] == cards["toyota"] + (loop.signal != "first_piece")
    if "two_cards" in cards:
        assert cards["monden_cycle"] <= cards["two_cards"] <= cards["monden_cycle"] + 1
    if "supplier_cycle" in cards:
        assert cards["supplier_cycle"] >= cards["monden_cycle"]
    if "statistical" in cards:
        # Two roots added by themselves are never less than the root of the sum.
        assert cards["roser"] >= cards["statistical"]


@quick
@given(need=st.integers(1, 3000), cards=st.integers(2, 40), multiple=st.sampled_from([0, 1, 12]))
def test_the_container_for_given_cards_is_the_least_that_does(need, cards, multiple):
    found = f.container_for_cards(need, cards, 1, multiple=multiple)
    quantity = found.quantity
    assert sum(found.terms.values()) == quantity
    assert math.ceil(need / quantity) + 1 <= cards
    smaller = quantity - (multiple or Fraction(1, 1000))
    assert smaller <= 0 or math.ceil(need / smaller) + 1 > cards


def test_a_container_beyond_its_maximum_says_how_many_cards_would_do():
    with pytest.raises(InputError, match=r"25 units, more than its maximum of 20.*Remedy: 11 cards would do"):
        f.container_for_cards(200, 9, 1, maximum=20)
    with pytest.raises(InputError, match="give at least 2 cards"):
        f.container_for_cards(200, 1, 1)
    found = f.container_for_cards(200, 11, 1, minimum=50, multiple=12)
    assert found.quantity == 60 and found.terms == {"need": 20, "minimum": 30, "multiple": 10}


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: f.basic(-1, 2, 20), "demand"),
        (lambda: f.basic(100, math.nan, 20), "lead_time"),
        (lambda: f.basic(100, 2, 0), "quantity"),
        (lambda: f.sap(100, 2, 20, 1.1, 0.5), "constant"),  # type: ignore[arg-type]
        (lambda: f.oracle(100, 2, 20, 1.5), "allocation"),
        (lambda: f.statistical(100, 2, 20, service=95), "service"),
        (lambda: f.signal(100, 2, 20, 0), "lot"),
        (lambda: f.supplier_cycle(100, 1, 0, 2, 20), "deliveries"),
    ],
)
def test_bad_figures_get_one_message(call, place):
    with pytest.raises(InputError) as error:
        call()
    assert error.value.place == place and error.value.rule and error.value.remedy


# --- times, losses, peaks, markets ----------------------------------------------------------------


def test_a_replenishment_time_of_its_parts():
    """Minutes of a day of 480: post 60, route 10, queue 120, setup 20, run 200 at 80 % uptime, conveyance 10."""
    found = f.replenishment_time(
        post_interval=60, collection=10, queue=120, setup=20, run=200, uptime=0.8, conveyance=10, scale=480
    )
    minutes = {name: time * 480 for name, time in found.terms.items()}
    assert minutes == {
        "post_wait": 60, "collection": 10, "queue": 120, "setup": 20, "run": 200, "downtime": 55, "conveyance": 10
    }  # fmt: skip
    assert found.total == Fraction(475, 480) and found.interval == Fraction(60, 480)
    assert found.lead_time + found.interval == found.total
    assert "downtime: 0.114583 (the machine stands still meanwhile)" in str(found)
    cards = f.constant_cycle(300, found.lead_time, found.interval, 25).cards
    assert cards == f.basic(300, found.total, 25).cards == 12


def test_the_wait_for_a_round_is_whole_or_its_mean():
    longest = f.replenishment_time(post_interval=2, epei=3, run=1)
    mean = f.replenishment_time(post_interval=2, epei=3, run=1, wait="mean")
    assert longest.total == 6 and mean.total == Fraction(7, 2) and longest.interval == 5
    with pytest.raises(InputError, match="not both"):
        f.replenishment_time(queue=1, epei=1)
    with pytest.raises(InputError, match="longest or mean"):
        f.replenishment_time(wait="often")  # type: ignore[arg-type]


@quick
@given(
    demand=st.integers(1, 900), fill=st.integers(5, 10), hold=tenths, lost=st.integers(0, 9), opened=st.integers(0, 2)
)
def test_cards_beside_the_lost_the_partial_and_the_held(demand, fill, hold, lost, opened):
    """The least N of which, just before a count, enough are left for what is full, held and open."""
    count = f.sap(demand, 2, 20, 1.1, constant=1)
    found = f.circulating(
        count, demand=demand, fill=fill / 10, quarantine=0.05, hold=hold, lost=lost / 1000, audit=60,
        open_containers=opened,
    )  # fmt: skip
    share, kept = Fraction(fill, 10), 1 - Fraction(lost * 60, 1000)
    working = (sum(count.terms.values()) + demand * Fraction("0.05") * hold) / (20 * share) + opened
    assert (found.cards - 1) * kept >= working > (found.cards - 2) * kept
    assert sum(found.ledger().values()) == found.cards


def test_cards_that_are_all_lost_are_refused_and_none_lost_change_nothing():
    count = f.statistical(100, 2, 20, service=0.95, demand_sd=15)
    assert f.circulating(count).cards == count.cards
    assert f.circulating(count, lost=0.01, audit=20).cards == math.ceil(count.raw / 0.8)
    with pytest.raises(InputError, match="count the cards before 50 units of time are over"):
        f.circulating(count, lost=0.02, audit=60)


@quick
@given(
    demand=st.lists(st.integers(0, 60), min_size=1, max_size=8),
    window=st.integers(1, 30).map(lambda n: Fraction(n, 10)),
    cards=st.integers(0, 9),
    normal=st.integers(0, 30),
)
def test_temporary_cards_hold_at_every_moment_and_none_is_too_many(demand, window, cards, normal):
    """Against a walk over all moments at tenths of a day."""
    wide, ticks = int(window * 10), range(-10 * math.ceil(window), 10 * len(demand) + 1)
    rates = [demand[n // 10] if 0 <= n // 10 < len(demand) else normal for n in range(ticks[0], ticks[-1] + wide + 1)]
    before = list(accumulate(rates, initial=0))
    # What is asked for in the window that begins at each tick: a tick has a tenth of a day's demand.
    needs = {tick: Fraction(before[at + wide] - before[at], 10) for at, tick in enumerate(ticks)}
    found = f.temporary_cards(demand, cards, 10, window, normal=normal)
    for tick, need in needs.items():
        extra = sum(peak.cards for peak in found if peak.first <= tick // 10 + 1 <= peak.last)
        assert need <= (cards + extra) * 10 or tick == ticks[-1]
    for peak in found:
        # The largest need is met at a tick, the end of the last day included.
        inside = [needs[tick] for tick in range(10 * (peak.first - 1), 10 * peak.last + 1)]
        assert max(inside) == peak.need and peak.cards == math.ceil((peak.need - cards * 10) / 10)
    assert all(first.last < second.first for first, second in pairwise(found))


def test_a_loop_that_holds_needs_no_temporary_cards():
    assert f.temporary_cards([100] * 5, 10, 20, 2, normal=100) == []
    assert f.temporary_cards([100] * 5, 10, 20, 2, normal=100, stock=1)[0].cards == 1


@pytest.mark.parametrize(("least", "containers"), [(0, 9), (9, 9), (20, 8), (25, 7), (30, 7), (31, 6)])
def test_a_supermarket_holds_what_all_cards_bring_back_at_once(least, containers):
    """Nine containers of 10, back after a day, d units a day are used: the largest stock of a walk."""
    market = f.positions(9, 10, least_demand=least, least_time=1)
    assert market.containers == containers
    # The k-th container is empty at 10 k / d and back a day later, before what leaves at that moment.
    empty = [Fraction(10 * k, least) for k in range(1, 60)] if least else []
    moments = [time + 1 for time in empty[:30]] or [Fraction(5)]
    assert max(9 - sum(1 for gone in empty if gone < time < gone + 1) for time in moments) == containers


def test_positions_lanes_and_zones():
    assert f.positions(11, 20, stacked=3, depth=2) == f.Market(11, 4, 2, 0, 0, 11)
    assert f.signal_positions(3, 5, safety_stock=20, quantity=20) == f.Market(8, 8, 1, 1, 2, 5)


# --- every part every interval --------------------------------------------------------------------

DEMAND, RUN, SETUP = [120, 150, 60, 80], [1.2, 0.8, 2.0, 0.5], [30, 20, 45, 25]


def test_epei_of_a_machine_of_four_parts():
    found = epei(900, DEMAND, RUN, SETUP, uptime=0.85)
    assert found.run == 424 and found.left == 341 and found.days == Fraction(120, 341)
    assert [round(float(lot), 2) for lot in found.lots] == [42.23, 52.79, 21.11, 28.15]
    # The lots of an interval fill the machine to the last minute.
    runs = sum(lot * Fraction(str(run)) for lot, run in zip(found.lots, RUN, strict=True))
    assert runs + sum(SETUP) == found.days * 765
    assert float(epei(420, [1], [350], [90]).days) == pytest.approx(1.29, abs=0.005)


def test_epei_is_not_the_setups_by_the_whole_time():
    """A calculator in circulation forgets the run time: number of setups x setup / available."""
    wrong = Fraction(sum(SETUP)) / (900 * Fraction(85, 100))
    right = epei(900, DEMAND, RUN, SETUP, uptime=0.85).days
    assert right > 2 * wrong
    minutes = [need * wrong * Fraction(str(run)) for need, run in zip(DEMAND, RUN, strict=True)]
    assert sum(minutes) + sum(SETUP) > wrong * 765


def test_parts_of_every_second_interval_shorten_it():
    found = epei(900, DEMAND, RUN, SETUP, uptime=0.85, every=[1, 1, 2, 4])
    assert found.setup == 30 + 20 + Fraction(45, 2) + Fraction(25, 4) and found.days == found.setup / 341
    assert found.lots[3] == 80 * 4 * found.days


def test_a_machine_without_minutes_to_set_up_is_told_by_how_much():
    with pytest.raises(InputError, match=r"424 minutes a day leaves none of 400 .*add more than 24 minutes"):
        epei(400, DEMAND, RUN, SETUP)
    with pytest.raises(InputError, match="one value for each part"):
        epei(400, DEMAND, RUN[:3], SETUP)
    with pytest.raises(InputError, match="share up to 1"):
        epei(400, DEMAND, RUN, SETUP, uptime=85)


@pytest.mark.parametrize(
    ("demand", "run", "setup", "lot", "time", "load"),
    [
        (10, 0.05, 1, 48.284271, 11.656854, 0.707107),
        (100, 0.006, 0.5, 286.374306, 9.841229, 0.774597),
        (4, 0.2, 2, 84.721360, 179.442719, 0.894427),
    ],
)
def test_karmarkar_lots(demand, run, setup, lot, time, load):
    found, wait = karmarkar_lot(demand, run, setup)
    assert found == pytest.approx(lot, abs=1e-6) and wait == pytest.approx(time, abs=1e-6)
    assert demand * run + demand * setup / found == pytest.approx(load, abs=1e-6)
    for other in (found * 0.99, found * 1.01):
        assert (setup + run * other) / (1 - demand * run - demand * setup / other) > wait
    days, lots = karmarkar_interval(1, [demand], [run], [setup])
    assert lots[0] == pytest.approx(found) and days == pytest.approx(found / demand)


def test_karmarkar_interval_is_longer_than_the_epei():
    days, _ = karmarkar_interval(765, DEMAND, RUN, SETUP)
    used = (424 + sum(SETUP) / days) / 765
    assert used == pytest.approx(math.sqrt(424 / 765)) and days > epei(765, DEMAND, RUN, SETUP).days
    with pytest.raises(InputError, match="above 0 and below the time there is"):
        karmarkar_lot(10, 0.1, 1)
