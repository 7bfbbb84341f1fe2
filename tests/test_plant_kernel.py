"""The plant kernel: held against SimPy event by event, against exact results, and against itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _plant_model import PlantModel

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_layout import Layout
from jitopt.simulation.stream_measures import audit, figures
from jitopt.simulation.stream_replication import Replication

WORDS = {
    f.RELEASE: "release",
    f.START: "start",
    f.SET_UP: "setup",
    f.FINISH: "finish",
    f.ARRIVAL: "arrival",
    f.ORDERED: "order",
    f.SERVED: "served",
    f.BREAKDOWN: "breakdown",
    f.REPAIRED: "repaired",
    f.RUIN: "ruin",
    f.DELIVERY: "delivery",
    f.LINE_STOP: "stop",
}


def line(stations=3, cards=2, interval=2.0, **changes):
    """Return a kanban line of exponential stations under Poisson demand."""
    names = [f"L{i}" for i in range(stations)]
    places = [f"S{i}" for i in range(stations)]
    tables = {
        "loops": {
            "loop": names,
            "kind": ["production"] * stations,
            "cards": [cards] * stations,
            "quantity": [1] * stations,
        },
        "stations": {"station": places},
        "operations": {
            "loop": names,
            "step": [1] * stations,
            "station": places,
            "time": [1.0] * stations,
            "distribution": ["exponential"] * stations,
        },
        "demand": {
            "demand": ["customer"],
            "loop": names[-1:],
            "quantity": [1],
            "interval": [interval],
            "distribution": ["exponential"],
        },
    }
    if stations > 1:
        tables["bill"] = {"loop": names[1:], "source": names[:-1], "quantity": [1] * (stations - 1)}
    return ValueStream.parse(tables | changes)


def everything(**changes):
    """Return a plant with nearly every feature at once."""
    tables = {
        "day": 480.0,
        "loops": {
            "loop": ["steel", "press A", "press B", "moved", "axle", "off-cut"],
            "kind": ["supplier", "signal", "production", "withdrawal", "production", "co_product"],
            "cards": [12, 8, 5, 4, 4, 0],
            "quantity": [40, 20, 20, 20, 5, 1],
            "lot": [1, 3, 1, 1, 1, 1],
            "signal": ["empty", "first_piece", "empty", "first_piece", "first_piece", "first_piece"],
            "collection": [0, 0, 17.3, 0, 0, 0],
            "card_time": [0, 0, 1.7, 0, 0.37, 0],
            "conveyance": [0, 0, 3.1, 2.3, 1.1, 0],
            "conveyance_distribution": [None, None, "gamma", "exponential", None, None],
            "conveyance_cv": [None, None, 0.5, None, None, None],
            "supplier": ["mill", None, None, None, None, None],
            "scrap": [0.02, 0, 0, 0, 0, 0],
            "lost_cards": [0, 0, 0.02, 0, 0, 0],
            "audit": [None, None, 311.7, None, None, None],
        },
        "stations": {
            "station": ["press", "cell"],
            "servers": [1, 2],
            "queue": ["family", "fifo"],
            "mtbf": [97.0, None],
            "mttr": [6.1, None],
            "line": ["main", "main"],
            "calendar": [None, "early"],
        },
        "operations": {
            "loop": ["press A", "press B", "press B", "axle"],
            "step": [1, 1, 2, 1],
            "station": ["press", "press", "cell", "cell"],
            "time": [3.1, 2.3, 2.9, 4.7],
            "distribution": ["lognormal", "gamma", "exponential", "uniform"],
            "cv": [0.4, 0.7, None, 0.3],
            "family": ["A", "B", None, None],
            "setup": [2.1, 1.3, None, None],
            "scrap": [0, 0.05, 0, 0.02],
            "rework": [0, 0, 0.1, 0],
            "stop": [0.02, 0, 0, 0],
            "stop_time": [5.3, 0, 0, 0],
        },
        "setups": {"station": ["press"], "before": ["A"], "after": ["B"], "time": [0.9]},
        "bill": {
            "loop": ["press A", "press B", "moved", "axle", "axle"],
            "source": ["steel", "steel", "press B", "press A", "moved"],
            "quantity": [0.3, 0.45, 1, 2, 1],
        },
        "outputs": {"loop": ["press A"], "output": ["off-cut"], "quantity": [0.5]},
        "demand": {
            "demand": ["assembly", "spares"],
            "loop": ["axle", "axle"],
            "quantity": [4, 2],
            "interval": [7.3, 61.0],
            "distribution": ["gamma", "exponential"],
            "cv": [0.8, None],
            "quantity_distribution": ["poisson", None],
        },
        "shifts": {"calendar": ["early", "early"], "start": [30.3, 250.7], "end": [240.1, 471.9]},
        "suppliers": {
            "supplier": ["mill"],
            "days": [1],
            "deliveries": [3],
            "delay": [2],
            "late": [0.2],
            "late_time": [31.0],
        },
    }
    return ValueStream.parse(tables | changes)


def trace_of(run):
    """Return the trace of a run in words."""
    stream, layout = run.layout.stream, run.layout
    names = dict(zip(layout.loops, stream.loops.loop, strict=True))
    if stream.operations is not None:
        names |= dict(zip(layout.operations, stream.operations.loop, strict=True))
    if stream.demand is not None:
        names |= dict(zip(layout.customers, stream.demand.demand, strict=True))
    names |= {row: name for name, row in layout.trucks.items()}
    names |= {server: station for station, servers in layout.servers.items() for server in servers}
    return [(time, WORDS[what], names[row]) for time, what, row in run.events() if what in WORDS]


def in_order(events):
    """Return events with those of one moment in the order of the alphabet."""
    return sorted((round(time, 6), what, name) for time, what, name in events)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [line, everything])
def test_every_event_is_that_of_the_simpy_model(make, seed):
    stream = make()
    until = 1500.0
    run = Replication(Layout(stream), seed, 0, compiled=False, trace=100_000)
    run.run(until)
    model = PlantModel(stream, seed, 0)
    model.env.run(until)
    ours, theirs = in_order(trace_of(run)), in_order(model.events)
    assert len(ours) > 1000
    for mine, its in zip(ours, theirs, strict=True):
        assert mine[1:] == its[1:] and abs(mine[0] - its[0]) < 1e-5
    assert {
        name: run.n[row, f.LEVEL] for name, row in zip(stream.loops.loop, run.layout.loops, strict=True)
    } == model.level


def measured(stream, days, seed=0, warm_up=0.0, compiled=True):
    """Run a stream, audit it, and return the run and its figures."""
    run = Replication(Layout(stream), seed, 0, compiled=compiled)
    run.run(warm_up * stream.day)
    run.reset()
    run.run((warm_up + days) * stream.day)
    assert audit(run) == []
    return run, figures(run)


def test_twins_give_the_same_numbers_to_the_byte():
    """With the JIT on or off: every number in the memory of a run, the random ones included."""
    for stream in (line(), everything(), push_line(), everything(release="push", planning=PLANNING)):
        runs = [measured(stream, 2.0, warm_up=1.0, compiled=compiled)[0] for compiled in (False, True)]
        for name in ("n", "x", "m", "y"):
            assert getattr(runs[0], name).tobytes() == getattr(runs[1], name).tobytes()


PLANNING = {
    "loop": ["steel", "press A", "press B", "axle"],
    "lead_time": [700, 100, 60, 30],
    "safety": [400, 60, 60, 20],
}


def push_line(stations=4, interval=1.25):
    """Return a line in one loop that is pushed by a schedule, Poisson; all is taken."""
    return ValueStream.parse(
        {
            "release": "push",
            "loops": {"loop": ["line"], "kind": ["production"], "cards": [0], "quantity": [1]},
            "stations": {"station": [f"S{i}" for i in range(stations)]},
            "operations": {
                "loop": ["line"] * stations,
                "step": list(range(1, stations + 1)),
                "station": [f"S{i}" for i in range(stations)],
                "time": [1.0] * stations,
                "distribution": ["exponential"] * stations,
            },
            "demand": {"demand": ["all"], "loop": ["line"], "quantity": [1], "interval": [0]},
            "schedule": {"loop": ["line"], "interval": [interval], "distribution": ["exponential"]},
        }
    )


@pytest.mark.parametrize(
    ("stations", "buffer", "exact"), [(2, 0, 2 / 3), (3, 0, 22 / 39), (4, 0, 0.514775), (3, 2, 0.734017)]
)
def test_lines_that_block_have_their_exact_throughput(stations, buffer, exact):
    """A single loop with plenty of cards over stations whose buffers block."""
    places = [f"S{i}" for i in range(stations)]
    stream = ValueStream.parse(
        {
            "loops": {"loop": ["line"], "kind": ["production"], "cards": [100], "quantity": [1], "initial": [0]},
            "stations": {"station": places, "buffer": [None, *[buffer] * (stations - 1)]},
            "operations": {
                "loop": ["line"] * stations,
                "step": list(range(1, stations + 1)),
                "station": places,
                "time": [1.0] * stations,
                "distribution": ["exponential"] * stations,
            },
            "demand": {"demand": ["all"], "loop": ["line"], "quantity": [1], "interval": [0]},
        }
    )
    found = measured(stream, 300.0, warm_up=1.0)[1].totals["throughput"] / stream.day
    assert found == pytest.approx(exact, rel=0.006)


def test_one_card_each_blocks_like_no_buffer_at_all():
    saturated = {"demand": ["all"], "loop": ["L2"], "quantity": [1], "interval": [0]}
    found = measured(line(3, 1, demand=saturated), 300.0, warm_up=1.0)[1].totals["throughput"] / 1440
    assert found == pytest.approx(22 / 39, rel=0.006)


@pytest.mark.parametrize("cards", [2, 6])
def test_conwip_has_the_throughput_of_its_product_form(cards):
    stations = 4
    stream = line(
        stations,
        1,
        release="conwip",
        conwip={"conwip": ["all"], "entry": ["L0"], "exit": [f"L{stations - 1}"], "cards": [cards]},
        demand={"demand": ["all"], "loop": [f"L{stations - 1}"], "quantity": [1], "interval": [0]},
    )
    run, found = measured(stream, 300.0, warm_up=1.0)
    assert found.totals["throughput"] / stream.day == pytest.approx(cards / (cards + stations - 1), rel=0.006)
    row = run.layout.controls[0]
    assert run.n[row, f.FREE] + sum(run.n[loop, f.WIP] + run.n[loop, f.LEVEL] for loop in run.layout.loops) == cards


def test_a_pushed_line_holds_what_a_jackson_network_does():
    """Four single servers at 80 %: 16 containers, a third more than CONWIP needs for the same throughput."""
    found = measured(push_line(), 2000.0, warm_up=20.0)[1].totals
    assert found["wip"] == pytest.approx(16.0, rel=0.04)
    assert found["throughput"] / 1440 == pytest.approx(0.8, rel=0.005)


def test_one_stage_is_make_to_stock():
    """M/M/1 with base stock K at utilisation 0.7: fill rate 1 - 0.7^K, backlog 0.7^(K+1) / 0.3."""
    found = measured(line(1, 5, 1 / 0.7), 1000.0, warm_up=5.0)[1].totals
    assert found["at_once"] / found["demanded"] == pytest.approx(0.83193, rel=0.004)
    assert found["backlog"] == pytest.approx(0.7**6 / 0.3, rel=0.03)
    assert found["stock"] == pytest.approx(5 - 0.7 * (1 - 0.7**5) / 0.3, rel=0.005)


def erlang_loss(servers, load):
    """Return the share of calls that are lost where `servers` lines carry a load (Erlang's B)."""
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


def supplied(kind, cv, unmet):
    """Return a loop of 14 cards whose supplier needs 8 minutes on average; demand is 1 a minute, Poisson."""
    return ValueStream.parse(
        {
            "loops": {
                "loop": ["part"],
                "kind": ["supplier"],
                "cards": [14],
                "quantity": [1],
                "conveyance": [8],
                "conveyance_distribution": [kind],
                "conveyance_cv": [cv],
            },
            "demand": {
                "demand": ["all"],
                "loop": ["part"],
                "quantity": [1],
                "interval": [1],
                "distribution": ["exponential"],
                "unmet": [unmet],
            },
        }
    )


@pytest.mark.parametrize(("kind", "cv"), [("deterministic", None), ("exponential", None), ("gamma", 1.5)])
def test_lost_sales_are_erlangs_whatever_the_distribution_of_the_lead_time(kind, cv):
    """A card under way is a busy line: Palm's insensitivity, exact with cards where what is short is lost."""
    found = measured(supplied(kind, cv, "lost"), 300.0, warm_up=1.0)[1].totals
    assert 1 - found["at_once"] / found["demanded"] == pytest.approx(erlang_loss(14, 8.0), rel=0.05)


def test_customers_who_wait_are_erlangs_too():
    found = measured(supplied("exponential", None, "backorder"), 500.0, warm_up=1.0)[1].totals
    lost = erlang_loss(14, 8.0)
    waits = lost / (1 - 8 / 14 * (1 - lost))
    assert 1 - found["at_once"] / found["demanded"] == pytest.approx(waits, rel=0.05)
    assert found["waited"] / found["demanded"] == pytest.approx(waits * 8 / (14 - 8), rel=0.08)


def test_the_exact_two_stage_table():
    stream = line(2, 2, 1 / 0.7)
    found = measured(stream, 1500.0, warm_up=5.0)[1].totals
    assert found["at_once"] / found["demanded"] == pytest.approx(0.289786, rel=0.012)
    assert found["backlog"] == pytest.approx(3.944956, rel=0.05)


def test_a_line_keeps_the_times_of_the_recursion():
    """Release i of stage j takes the i-th container of stage j - 1: the same numbers on the same random numbers."""
    stations, cards, parts = 4, 3, 3000
    stream = line(stations, cards, 1.3)
    run = Replication(Layout(stream), 5, 0, compiled=False, trace=10**6)
    run.run(parts * 1.0)
    from jitopt.problems.variates import source

    samplers = {origin.path: origin.sample for origin in run.layout.sources.values()}
    times = np.array([samplers[1, j](source(5, 0, 1, j), parts) for j in range(stations)])
    arrivals = np.cumsum(samplers[8, 0](source(5, 0, 8, 0), parts))
    expected = kanban_recursion(times, arrivals, cards)
    events = trace_of(run)
    for j in range(stations):
        found = [time for time, what, name in events if what == "finish" and name == f"L{j}"]
        assert found == pytest.approx(list(expected[j, : len(found)]), rel=1e-12)


def kanban_recursion(times, arrivals, cards):
    """Return when each stage finishes its i-th container, in a line whose supermarkets begin full.

    The i-th container of stage j is released when the i-th container has been taken from its supermarket (a card is
    free) and that of the stage before can be taken: container i - K there, the first K being in stock.
    """
    stations, parts = times.shape
    released, finished = np.zeros((stations + 1, parts)), np.zeros((stations, parts))
    for i in range(parts):
        released[stations, i] = max(arrivals[i], finished[-1, i - cards] if i >= cards else 0.0)
        for j in reversed(range(stations)):
            material = finished[j - 1, i - cards] if j and i >= cards else 0.0
            released[j, i] = max(released[j + 1, i], material)
            finished[j, i] = max(released[j, i], finished[j, i - 1] if i else 0.0) + times[j, i]
    return finished


@pytest.mark.parametrize("seed", range(12))
def test_mass_cards_and_little_hold_in_runs_of_any_plant(seed):
    """`audit` finds nothing in plants made by chance, under every way of release, also after a warm-up."""
    chance = np.random.default_rng(seed)
    release = ("kanban", "hybrid", "push", "conwip")[seed % 4]
    controls = {"conwip": ["one"], "entry": ["press A"], "exit": ["axle"], "cards": [int(chance.integers(4, 30))]}
    changes: dict[str, Any] = {"release": release}
    if release in ("hybrid", "conwip"):
        changes["conwip"] = controls
    if release == "push":
        changes["planning"] = PLANNING
    stream = everything()
    if "conwip" in changes:  # a card leaves with what it entered with
        stream = stream.with_column("loops", "quantity", {"axle": 10})
    stream = stream.replace(**changes)
    cards = {name: int(chance.integers(3, 14)) for name in ("steel", "press A", "press B", "moved", "axle")}
    stream = stream.with_column("loops", "cards", cards)
    run, found = measured(stream, 3.0, seed=seed, warm_up=float(chance.uniform(0, 2)), compiled=True)
    assert found.totals["throughput"] > 0
    assert run.n[0, f.EVENTS] > 300


def test_the_audit_sees_what_is_wrong():
    run, _ = measured(everything(), 1.0)
    for column, words in ((f.WIP, "cards"), (f.LEVEL, "cards"), (f.CONSUMED, "nowhere"), (f.ARRIVED, "nowhere")):
        row = run.layout.loops[1]
        kept, size = run.n[row, column], run.n[row, f.SIZE]
        run.n[row, column] += size
        assert any(words in wrong for wrong in audit(run)), column
        run.n[row, column] = kept
    run.x[run.layout.loops[1], f.STAYED] += 1.0
    assert any("stays" in wrong for wrong in audit(run))


def test_a_run_that_runs_out_of_numbers_and_rows_begins_anew_with_the_same():
    """Small blocks and few rows change no number: they only make the run begin again."""
    stream = everything(release="push", planning=PLANNING)
    found = measured(stream, 2.0)[1]
    poor = Replication(Layout(stream), 0, 0)
    poor.block, poor.unused = 8, 3
    poor._start()
    poor.reset()
    poor.run(2.0 * stream.day)
    assert poor.block > 8
    assert figures(poor).totals == found.totals


def test_more_cards_serve_no_customer_later():
    """Releases, and so deliveries, are monotone in the cards of a line on the same random numbers."""
    service = [measured(line(3, cards, 1.4), 20.0)[1].totals["at_once"] for cards in (1, 2, 3, 5, 9)]
    assert service == sorted(service)


def test_events_of_one_moment_come_in_their_order():
    """A container that arrives at the moment of an order serves it; a shift's end does not catch work that is done."""
    stream = ValueStream.parse(
        {
            "loops": {"loop": ["a"], "kind": ["production"], "cards": [1], "quantity": [1]},
            "stations": {"station": ["s"], "calendar": ["day"]},
            "operations": {"loop": ["a"], "step": [1], "station": ["s"], "time": [10]},
            "demand": {"demand": ["c"], "loop": ["a"], "quantity": [1], "interval": [10]},
            "shifts": {"calendar": ["day"], "start": [0], "end": [480]},
        }
    )
    found = measured(stream, 480 / 1440)[1].totals
    assert found["at_once"] == found["demanded"] == 47
    assert measured(stream, 1.0)[1].stations["run"][0] == 47 / 48
