"""The plant kernel: held against SimPy event by event, against exact results, and against itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_layout import Layout
from jitopt.simulation.stream_measures import audit, figures
from jitopt.simulation.stream_replication import Replication

sys.path.insert(0, str(Path(__file__).parent))
from plant_model import PlantModel

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
        "loops": {"loop": names, "kind": ["production"] * stations, "cards": [cards] * stations, "quantity": [1] * stations},
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
    assert {name: run.n[row, f.LEVEL] for name, row in zip(stream.loops.loop, run.layout.loops, strict=True)} == model.level
