"""Loops of cards: every event against SimPy, exact results, conservation, twins, the cards of a plan."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import simpy

from jitopt.errors import InputError
from jitopt.problems import parse_instance
from jitopt.problems.estimates import ratio
from jitopt.problems.variates import Distribution, source
from jitopt.simulation._kernels import loops as m
from jitopt.simulation.card_loops import CardLoop, lead_time, usage
from jitopt.simulation.loop_runs import OutOfTimeError, run_loops, settling
from jitopt.simulation.loop_samples import day_by_day, needs_of, sample
from jitopt.simulation.loops import simulate_cards, simulate_loops, verdict

SUPPLY = {"shared": m.SHARED, "independent": m.INDEPENDENT, "server": m.SERVER}
SHORTAGE = {"backorder": m.BACKORDER, "lost": m.LOST, "stop": m.STOP}
EXPONENTIAL = Distribution("exponential", 1.0)


def path_of(loop, end, seed=0):
    """Return the variates of a loop and the moments that the plain kernel makes of them."""
    size = needs_of(loop, end)
    gap, first, delay, phase = sample(loop, [source(seed, 0, kind) for kind in range(4)], 1, size, end)
    need, opened, left, back = (np.zeros(size + 2) for _ in range(4))
    empty = loop.signal == "empty"
    often = 1 / loop.interval if loop.interval else 0.0
    count, away, lost, _ = m.run_path(
        gap[0], first[0], delay[0], phase[0], loop.interval, often, SUPPLY[loop.supply], loop.cards - empty, empty,
        SHORTAGE[loop.shortage], end, need, opened, left, back, np.zeros((size, 2)),
    )  # fmt: skip
    return (gap[0], first[0], delay[0], phase[0]), need[:count], opened[:count], left[:away], back[:away], lost


class SimPyLoop:
    """The same loop as processes and events: a store, cards that go round, a line that takes containers."""

    def __init__(self, loop, variates, end):
        self.loop, self.end = loop, end
        self.gap, self.first, self.delay, self.phase = variates
        self.env = simpy.Environment()
        self.full = simpy.Store(self.env)
        self.server = simpy.Resource(self.env)
        self.sent = 0
        self.before = None
        self.opened, self.back, self.left, self.lost = [], [], [], 0
        for _ in range(loop.cards - (loop.signal == "empty")):
            self.full.put(object())
        self.env.process(self.stopping() if loop.shortage == "stop" else self.needs())
        self.env.run(end)

    def needs(self):
        """Let needs come at their own times; what waits is served in turn."""
        yield self.env.timeout(self.first)
        in_use = None
        for gap in self.gap:
            used_up = self.env.event().succeed()
            if self.loop.shortage == "lost":
                if self.full.items:
                    in_use = self.start_use(in_use)
                elif in_use != "gone" and self.loop.signal == "empty":
                    self.release()
                    in_use = "gone"
            else:
                in_use = self.env.process(self.served(in_use, used_up))
            yield self.env.timeout(gap)

    def start_use(self, in_use):
        """Open a container that is there, in a loop whose unmet needs are lost."""
        if self.loop.signal == "empty" and in_use != "gone":
            self.release()
        self.full.get()
        self.opened.append(self.env.now)
        if self.loop.signal == "first_piece":
            self.release()
        return "open"

    def served(self, turn, used_up):
        """Wait for one's turn and a container; the one before has by then been used up."""
        yield used_up
        if turn is not None:
            yield turn
        if self.loop.signal == "empty":
            self.release()
        yield self.full.get()
        self.opened.append(self.env.now)
        if self.loop.signal == "first_piece":
            self.release()

    def stopping(self):
        """Let the line stop until a container is there: only then its clock goes on."""
        yield self.env.timeout(self.first)
        for gap in self.gap:
            if self.loop.signal == "empty":
                self.release()
            yield self.full.get()
            self.opened.append(self.env.now)
            if self.loop.signal == "first_piece":
                self.release()
            yield self.env.timeout(gap)

    def release(self):
        self.left.append(self.env.now)
        done = self.env.event()
        self.env.process(self.round(self.sent, self.before, done))
        self.before = done
        self.sent += 1

    def round(self, number, before, done):
        """Take a card to the round, the supplier and back as a full container."""
        key = int(self.env.now)
        if self.loop.interval:
            key = 0
            while self.phase + key * self.loop.interval < self.env.now - 1e-9:
                key += 1
            yield self.env.timeout(max(0.0, self.phase + key * self.loop.interval - self.env.now))
        if self.loop.supply == "server":
            with self.server.request() as turn:
                yield turn
                yield self.env.timeout(self.delay[number])
        elif self.loop.supply == "independent":
            yield self.env.timeout(self.delay[number])
        else:
            yield self.env.timeout(self.delay[min(key, len(self.delay) - 1)])
            if before is not None:
                yield before
        self.back.append(self.env.now)
        self.full.put(object())
        done.succeed()


CASES = [
    *product(["shared", "independent", "server"], ["first_piece", "empty"], ["backorder", "stop", "lost"], [0.0, 0.7])
]


@pytest.mark.parametrize(("supply", "signal", "shortage", "interval"), CASES)
def test_every_event_is_that_of_simpy(supply, signal, shortage, interval):
    loop = CardLoop(
        "a", 3, Distribution("gamma", 0.4, 0.6), Distribution("gamma", 0.35 if supply == "server" else 0.8, 0.5),
        interval=interval, signal=signal, supply=supply, shortage=shortage, late=0.1, late_by=0.5,
    )  # fmt: skip
    end = 40.0
    variates, _, opened, left, back, lost = path_of(loop, end, seed=4)
    other = SimPyLoop(loop, variates, end)
    assert len(opened) > 30
    assert lost > 0 or shortage != "lost"

    def before(moments):
        return [moment for moment in moments if moment < end]

    assert before(opened) == pytest.approx(other.opened, abs=1e-8)
    assert before(left) == pytest.approx(other.left, abs=1e-8)
    assert before(back) == pytest.approx(other.back, abs=1e-8)


# --- exact results ----------------------------------------------------------------------------------


def measured(loop, above, below, **settings):
    """Return the ratio of two measures with its interval at four standard errors, about."""
    told: Any = {"replications": 40, "seed": 11, "days": 4000.0, "warm_up": 200.0, "threads": 2} | settings
    sums = run_loops([loop], **told).sums[0, 0]
    return ratio(sums[:, above].sum(axis=-1), sums[:, below].sum(axis=-1), 0.9999)


def close(found, exact):
    """Tell whether an exact value lies within the interval, and the interval is narrow enough to say so."""
    assert found.half_width < 0.05 * max(exact, 0.2)
    return abs(found.mean - exact) <= found.half_width


@pytest.mark.parametrize("kind", [("deterministic", 0), ("exponential", 1), ("gamma", 0.5), ("lognormal", 1.5)])
def test_palm(kind):
    """Poisson needs and independent lead times: what is on the way is Poisson, whatever they look like."""
    for cards, exact in ((14, 0.965818), (16, 0.991769)):
        loop = CardLoop(
            "a", cards, Distribution("exponential", 1 / 8), Distribution(kind[0], 1.0, kind[1]),
            supply="independent", shortage="order",
        )  # fmt: skip
        found = measured(loop, [m.ON_TIME], [m.TAKEN], days=400.0, warm_up=30.0)
        assert close(found, exact)
        poisson = [math.exp(-8) * 8**k / math.factorial(k) for k in range(cards)]
        stock = sum((cards - k) * p for k, p in enumerate(poisson))
        assert close(measured(loop, [m.STOCK], [m.TIME], days=400.0, warm_up=30.0), stock)


def test_intervals_cover_what_is_exact():
    """Of 200 samples of 10 runs each, the 95 % intervals of the fill rate cover Palm's value in 180 to 198."""
    loop = CardLoop(
        "a", 11, Distribution("exponential", 1 / 8), Distribution("gamma", 1.0, 0.5), supply="independent",
        shortage="order",
    )  # fmt: skip
    exact = math.fsum(math.exp(-8) * 8**k / math.factorial(k) for k in range(11))
    runs = run_loops([loop] * 200, replications=10, seed=2, days=60, warm_up=10, compiled=True)
    covered = 0
    for sums in runs.sums[:, 0]:
        found = ratio(sums[:, m.ON_TIME], sums[:, m.TAKEN])
        covered += found.low <= exact <= found.high
    assert 180 <= covered <= 198


@pytest.mark.parametrize("kind", [("deterministic", 0), ("exponential", 1), ("lognormal", 1.5)])
def test_erlang(kind):
    """Needs that find no container go elsewhere: Erlang's loss formula, whatever the lead times look like."""
    loop = CardLoop(
        "a", 9, Distribution("exponential", 1 / 8), Distribution(kind[0], 1.0, kind[1]),
        supply="independent", shortage="lost",
    )  # fmt: skip
    terms = [8**k / math.factorial(k) for k in range(10)]
    found = measured(loop, [m.MISSED], [m.MISSED, m.TAKEN], days=600.0, warm_up=30.0)
    assert close(found, terms[-1] / sum(terms))


@pytest.mark.parametrize("shortage", ["backorder", "order"])
@pytest.mark.parametrize(("rho", "cards"), [(0.5, 4), (0.7, 3), (0.8, 10)])
def test_one_server_make_to_stock(rho, cards, shortage):
    loop = CardLoop("a", cards, Distribution("exponential", 1 / rho), EXPONENTIAL, supply="server", shortage=shortage)
    assert close(measured(loop, [m.ON_TIME], [m.TAKEN]), 1 - rho**cards)
    assert close(measured(loop, [m.STOCK], [m.TIME]), cards - rho * (1 - rho**cards) / (1 - rho))


def test_one_server_lost_sales_and_a_line_that_stops():
    loop = CardLoop("a", 3, Distribution("exponential", 1 / 0.7), EXPONENTIAL, supply="server", shortage="lost")
    assert close(measured(loop, [m.MISSED], [m.MISSED, m.TAKEN]), 0.3 * 0.7**3 / (1 - 0.7**4))
    # A line with a container in use and three cards, or four that hold on to theirs, is M/M/1/4.
    stopping = replace(loop, shortage="stop")
    for stops in (stopping, replace(stopping, cards=4, signal="empty")):
        assert close(measured(stops, [m.TAKEN], [m.TIME]), 0.7 * (1 - 0.3 * 0.7**4 / (1 - 0.7**5)))


@pytest.mark.parametrize(
    ("demand", "lead", "interval", "quantity"), [*product([100, 75], [2, 0.5], [0, 0.5, 1], [20, 33])]
)
@pytest.mark.parametrize("signal", ["first_piece", "empty"])
def test_constant_need_takes_the_cards_of_the_formula(demand, lead, interval, quantity, signal):
    """Nothing varies: the cards of the formula cover every need, one fewer does not."""
    data = {
        "problem": "kanban", "version": 1, "name": "x",
        "loops": {"loop": ["a"], "demand": [demand], "lead_time": [lead], "interval": [interval], "signal": [signal]},
        "containers": {"loop": ["a"], "container": ["c"], "quantity": [quantity]},
    }  # fmt: skip
    instance = parse_instance(data)
    cards = instance.needed("a", "c")
    plan = instance.plan_type.model_validate({"loops": [{"loop": "a", "container": "c", "cards": cards}]})
    found = simulate_loops(instance, plan, replications=4, days=60, threads=1)
    table = found.tables["loops"]
    assert table["service"] == [1.0] and table["verdict"] == ["kept"]
    assert table["service_fewer"][0] < 1 and table["fewer"] == ["missed"]
    assert table["fill_rate"] == [1.0] and table["short"] == [0.0]


# --- what holds in every run --------------------------------------------------------------------------


def choice(dice, *options) -> Any:
    """Return one of the options."""
    return options[dice.integers(len(options))]


@pytest.mark.parametrize("seed", range(40))
def test_cards_are_conserved(seed):
    """Cards on the way, on stock and in use add up to those of the loop; each is counted by itself."""
    dice = np.random.default_rng(seed)
    loop = CardLoop(
        "a", int(dice.integers(1, 9)), Distribution("gamma", dice.uniform(0.1, 1), dice.uniform(0.1, 2)),
        Distribution("gamma", dice.uniform(0.1, 2), dice.uniform(0.1, 1)),
        interval=choice(dice, 0.0, 0.3, 1.0), signal=choice(dice, "first_piece", "empty"),
        supply=choice(dice, "shared", "independent", "server"),
        shortage=choice(dice, "backorder", "lost", "stop"), late=0.2, late_by=1.0,
    )  # fmt: skip
    sums = run_loops(
        [loop], replications=3, seed=seed, days=30, warm_up=float(dice.integers(0, 3)), compiled=False, threads=1
    ).sums[0, 0]
    held = sums[:, m.STOCK] + sums[:, m.AWAY] + sums[:, m.IN_USE]
    assert held == pytest.approx(loop.cards * sums[:, m.TIME], rel=1e-9)
    assert (sums[:, m.SHORT] <= sums[:, m.TIME] + 1e-9).all()
    assert (sums[:, m.ON_TIME] <= sums[:, m.TAKEN]).all()
    assert (sums[:, m.COVERED] <= sums[:, m.CYCLES]).all()
    assert (sums[:, m.MOST] <= loop.cards).all()


@pytest.mark.parametrize("interval", [0.0, 0.6])
def test_littles_law(interval):
    """Cards on the way are the rate of releases times the time each is away."""
    loop = CardLoop("a", 6, Distribution("gamma", 0.2, 0.7), Distribution("gamma", 0.6, 0.3), interval=interval)
    _, _, _, left, back, _ = path_of(loop, 50.0)
    whole = back < 50.0
    events = sorted([(t, 1) for t in left[whole]] + [(t, -1) for t in back[whole]])
    area, level, now = 0.0, 0, 0.0
    for moment, step in events:
        area, level, now = area + level * (moment - now), level + step, moment
    assert area == pytest.approx((back[whole] - left[whole]).sum(), rel=1e-9)
    sums = run_loops([loop], replications=1, seed=0, days=50, warm_up=0, compiled=False, threads=1).sums[0, 0, 0]
    tail = sum(50.0 - t for t in left[~whole] if t < 50.0)
    assert sums[m.AWAY] == pytest.approx(area + tail, rel=1e-9)


@pytest.mark.parametrize("signal", ["first_piece", "empty"])
def test_service_is_that_of_a_loop_that_orders_for_every_need(signal):
    """Two roads to the instance's service: counting needs, and running the path that orders at once."""
    loop = CardLoop("a", 5, usage(100, 40, 20), lead_time(0.8, 0.2), signal=signal, shortage="order")
    sums = run_loops([loop], replications=6, seed=3, days=60, warm_up=3, compiled=False, threads=1).sums[0, 0]
    known = sums[:, m.CYCLES] > 0
    assert known.all()
    # The last needs of a run are not known to be covered yet: those the count leaves out.
    assert sums[:, m.COVERED] / sums[:, m.CYCLES] == pytest.approx(sums[:, m.ON_TIME] / sums[:, m.TAKEN], abs=0.03)


def test_more_cards_never_serve_worse():
    loops = [
        CardLoop("a", cards, usage(100, 40, 20), lead_time(0.8, 0.2), interval=0.5, late=0.1, late_by=0.5)
        for cards in range(12)
    ]
    runs = run_loops(loops, replications=4, seed=3, days=80, warm_up=4, compiled=False, numbers=[0] * 12, threads=1)
    sums = runs.sums[:, 0]
    for measure, sign in ((m.COVERED, 1), (m.ON_TIME, 1), (m.SHORT, -1), (m.WAITED, -1)):
        assert (sign * np.diff(sums[2:, :, measure], axis=0) >= -1e-9).all()


# --- the same numbers ---------------------------------------------------------------------------------


def some_loops(count=6):
    return [
        CardLoop(
            f"l{n}", 3 + n, usage(90 + n, 30, 20), lead_time(0.7, 0.1 * (n % 3)), interval=0.5 * (n % 2),
            signal="empty" if n % 3 else "first_piece", late=0.1 * (n % 2), late_by=0.3,
            shortage=("backorder", "lost", "stop")[n % 3], target=0.95, days=(60.0, 120.0, 100.0) if n == 3 else (),
        )
        for n in range(count)
    ]  # fmt: skip


def test_twins_threads_and_neighbours_change_nothing():
    settings: Any = {"replications": 3, "seed": 9, "days": 40.0, "warm_up": 2.0}
    first = run_loops(some_loops(), **settings, steps=(0, -1), compiled=False, threads=1)
    second = run_loops(some_loops(), **settings, steps=(0, -1), compiled=True, threads=3)
    assert first.sums.tobytes() == second.sums.tobytes()
    assert [bars.tobytes() for bars in first.levels] == [bars.tobytes() for bars in second.levels]
    alone = run_loops(some_loops()[:2], **settings, threads=1, compiled=False)
    assert alone.sums[:, 0].tobytes() == first.sums[:2, 0].tobytes()
    more = run_loops(some_loops(), **settings | {"replications": 5}, compiled=False, threads=1)
    assert more.sums[:, 0, :3].tobytes() == first.sums[:, 0].tobytes()
    assert run_loops(some_loops(), **settings | {"seed": 8}, compiled=False).sums.tobytes() != alone.sums.tobytes()


def test_what_fewer_cards_cover_is_what_a_run_with_them_covers():
    settings: Any = {"replications": 3, "seed": 9, "days": 40.0, "warm_up": 2.0, "compiled": False, "threads": 1}
    loops = [replace(loop, shortage="backorder") for loop in some_loops()]
    fewer = run_loops(loops, **settings, steps=(0, -1)).sums[:, 1]
    whole = run_loops([replace(loop, cards=loop.cards - 1) for loop in loops], **settings).sums[:, 0]
    for measure in (m.TIME, m.CYCLES, m.COVERED):
        assert (fewer[:, :, measure] == whole[:, :, measure]).all()
    assert (whole[:, :, m.COVERED] < whole[:, :, m.CYCLES]).any()


@pytest.mark.parametrize("seed", range(5))
def test_needs_of_days_are_used_up_day_by_day(seed):
    """A container is wanted at the moment at which the need so far has passed those before it."""
    told = (0.0, 30.0, 0.0, 0.0, 55.0, 5.0, 0.0)
    loop = CardLoop("a", 3, usage(90 / 7, 0, 10), lead_time(1, 0), quantity=10.0, days=told)
    first = np.array([0.25, 0.999])
    gap, begin = day_by_day(loop, source(seed, 0), first, 20.0)
    moments = begin[:, None] + np.concatenate([np.zeros((2, 1)), np.cumsum(gap, axis=1)], axis=1)
    starts = (source(seed, 0).random((2, 5)) * 7).astype(int)
    for row in range(2):
        days = [told[(start + n) % 7] for start in starts[row] for n in range(5)][:21]
        wanted, found, used = 10 * (1 - first[row]), [], 0.0
        for day, units in enumerate(days):
            while units and used + units > wanted:
                found.append(day + (wanted - used) / units)
                wanted += 10
            used += units
        within = [moment for moment in moments[row] if moment < 20]
        assert within == pytest.approx([moment for moment in found if moment < 20], abs=1e-9)


def test_even_days_are_a_constant_need():
    even = CardLoop("a", 5, usage(50, 0, 10), lead_time(0.9, 0), quantity=10.0, days=(50.0,) * 4)
    assert not even.is_random and replace(even, days=(50.0, 40.0)).is_random
    settings: Any = {"replications": 3, "seed": 9, "days": 20, "warm_up": 3, "compiled": False, "threads": 1}
    tables = [run_loops([loop], **settings).sums[0, 0, 0] for loop in (even, replace(even, days=()))]
    assert tables[0][[m.TAKEN, m.ON_TIME, m.SHORT]] == pytest.approx(tables[1][[m.TAKEN, m.ON_TIME, m.SHORT]])
    assert tables[0][m.ON_TIME] == tables[0][m.TAKEN] == 100


def test_long_runs_are_cut_into_calls_without_a_trace(monkeypatch):
    settings: Any = {"replications": 5, "seed": 9, "days": 40.0, "warm_up": 2.0, "threads": 1, "compiled": False}
    whole = run_loops(some_loops(), **settings)
    monkeypatch.setattr("jitopt.simulation.loop_runs.CELLS", 1)
    assert run_loops(some_loops(), **settings).sums.tobytes() == whole.sums.tobytes()


def test_the_time_limit_ends_a_run():
    with pytest.raises(OutOfTimeError, match="fewer replications"):
        run_loops(some_loops(), replications=3, seed=0, days=40, warm_up=0, time_limit=1e-9, compiled=False)


def test_a_loop_that_turns_over_too_much_is_refused():
    with pytest.raises(InputError, match="check the units"):
        simulate_cards([CardLoop("a", 9, usage(1e9, 0, 1), lead_time(1, 0))], "x")


def test_a_loop_without_demand_or_cards():
    loops = [
        CardLoop("idle", 3, usage(0, 5, 20), lead_time(1, 0.1), target=0.9),
        CardLoop("bare", 0, usage(10, 5, 20), lead_time(1, 0.1), target=0.9),
        CardLoop("last", 1, usage(10, 5, 20), lead_time(0.1, 0.0), signal="empty", interval=1.0, target=0.9),
    ]
    table = simulate_cards(loops, "x", replications=3, days=50, compiled=False).tables["loops"]
    assert table["service"][0] is None and table["stock"][0] == 3 and table["verdict"][0] is None
    assert table["service"][1] == 0.0 and table["verdict"][1] == "missed" and table["stock_most"][1] == 0
    assert 0.3 < table["service"][2] < 0.7 and table["service_fewer"][2] == 0.0
    assert settling(loops) == 4.0


@pytest.mark.parametrize(
    ("target", "mean", "half", "told"),
    [
        (None, 1.0, 0.0, None), (0.9, math.nan, 0.0, None), (0.9, 0.95, 0.01, "kept"), (0.9, 0.85, 0.01, "missed"),
        (0.9, 0.91, 0.02, "open"), (1.0, 1.0, 0.0, "kept"), (1.0, 1.0, 0.001, "open"), (1.0, 0.99, 0.1, "missed"),
        (0.9, 0.89, 0.02, "open"),
    ],
)  # fmt: skip
def test_verdict(target, mean, half, told):
    assert verdict(target, mean, half) == told
