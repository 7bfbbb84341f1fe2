"""Value streams: what is refused, what `simulate_stream` returns, and that threads change nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from jitopt.errors import InputError
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_runs import run_stream, simulate_stream

PLAIN: dict[str, Any] = {
    "loops": {"loop": ["a", "b"], "kind": ["supplier", "production"], "cards": [4, 3], "quantity": [10, 5]},
    "stations": {"station": ["s"]},
    "operations": {"loop": ["b"], "step": [1], "station": ["s"], "time": [4], "distribution": ["exponential"]},
    "bill": {"loop": ["b"], "source": ["a"], "quantity": [1]},
    "demand": {"demand": ["c"], "loop": ["b"], "quantity": [5], "interval": [6], "distribution": ["exponential"]},
}


def changed(table, **columns):
    """Return the plain stream with other columns of a table."""
    return PLAIN | {table: PLAIN.get(table, {}) | columns}


BAD = {
    "unknown station": (changed("operations", station=["x"]), "/operations/station/0"),
    "unknown source": (changed("bill", source=["x"]), "/bill/source/0"),
    "unknown calendar": (changed("stations", calendar=["early"]), "/stations/calendar/0"),
    "unknown supplier": (changed("loops", supplier=["x", None]), "/loops/supplier/0"),
    "unknown customer of": (changed("demand", loop=["x"]), "/demand/loop/0"),
    "unknown distribution": (changed("operations", distribution=["weibull"]), "/operations/distribution/0"),
    "impossible cv": (changed("operations", distribution=["uniform"], cv=[0.9]), "/operations/cv/0"),
    "negative time": (changed("operations", time=[-1]), "/operations/time/0"),
    "text as a number": (changed("operations", time=["4"]), "/operations/time/0"),
    "breakdowns without repair": (changed("stations", mtbf=[400]), "/stations/mttr/0"),
    "repair of nothing": (changed("stations", mttr=[20]), "/stations/mtbf/0"),
    "unequal columns": (changed("loops", cards=[4]), "/loops/cards"),
    "loop twice": (changed("loops", loop=["a", "a"]), "/loops/loop/1"),
    "unknown column": (changed("loops", card=[4, 3]), "/loops/card"),
    "production without operations": (changed("loops", kind=["production", "production"]), "/loops/kind/0"),
    "supplier with operations": (changed("loops", kind=["supplier", "supplier"]), "/loops/kind/1"),
    "withdrawal without source": (changed("loops", kind=["withdrawal", "production"]), "/loops/kind/0"),
    "co-product of nothing": (changed("loops", kind=["co_product", "production"]), "/loops/kind/0"),
    "item in itself": (changed("bill", loop=["b", "b"], source=["a", "b"], quantity=[1, 1]), "/bill"),
    "lot without cards": (changed("loops", lot=[1, 4]), "/loops/lot/1"),
    "stock without cards": (changed("loops", initial=[50, None]), "/loops/initial/0"),
    "rework for ever": (changed("operations", rework=[1.0]), "/operations/rework/0"),
    "nothing but scrap": (changed("operations", scrap=[1.0]), "/operations/scrap/0"),
    "shift over the cycle": (PLAIN | {"shifts": {"calendar": ["e"], "start": [0], "end": [1500]}}, "/shifts/end/0"),
    "shifts that overlap": (
        PLAIN | {"shifts": {"calendar": ["e", "e"], "start": [0, 100], "end": [200, 300]}},
        "/shifts/start/1",
    ),
    "endless maintenance": (
        PLAIN | {"maintenance": {"station": ["s"], "every": [60], "duration": [60]}},
        "/maintenance/duration/0",
    ),
    "push without a plan": (PLAIN | {"release": "push"}, "/release"),
    "conwip without cards": (PLAIN | {"release": "conwip"}, "/release"),
    "conwip card that is made": (
        PLAIN | {"release": "conwip", "conwip": {"conwip": ["w"], "entry": ["a"], "exit": ["b"], "cards": [3]}},
        "/conwip/exit/0",
    ),
    "conwip card that is lost": (
        changed("loops", quantity=[5, 10])
        | {"release": "conwip", "conwip": {"conwip": ["w"], "entry": ["a"], "exit": ["b"], "cards": [3]}},
        "/conwip/exit/0",
    ),
    "conwip against the stream": (
        PLAIN | {"release": "conwip", "conwip": {"conwip": ["w"], "entry": ["b"], "exit": ["a"], "cards": [3]}},
        "/conwip/exit/0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_stream_gets_one_clear_message(name):
    data, place = BAD[name]
    with pytest.raises(InputError) as caught:
        ValueStream.parse(data, source="stream.json")
    assert caught.value.place == place
    assert caught.value.remedy
    assert caught.value.source == "stream.json"


@pytest.mark.parametrize(
    "arguments", [{"replications": 0}, {"days": 0.0}, {"seed": -1}, {"warm_up": -1.0}, {"threads": 0}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        run_stream(ValueStream.parse(PLAIN), **arguments, compiled=False)


def test_time_that_does_not_pass_is_told(monkeypatch):
    monkeypatch.setattr("jitopt.simulation.stream_replication.MOST_AT_ONCE", 5000)
    tables = changed("operations", time=[0], distribution=[None]) | {
        "demand": {"demand": ["c"], "loop": ["b"], "quantity": [5], "interval": [0]}
    }
    with pytest.raises(InputError, match="time must pass"):
        run_stream(ValueStream.parse(tables), replications=1, days=1.0, warm_up=0.0, compiled=False)


def test_a_stream_survives_being_written_and_read():
    stream = ValueStream.parse(PLAIN)
    assert ValueStream.parse(json.loads(json.dumps(stream.to_dict()))) == stream
    more = stream.with_column("loops", "cards", {"a": 9})
    assert more.loops.cards == (9, 3) and stream.loops.cards == (4, 3)


def test_what_a_simulation_tells():
    stream = ValueStream.parse(PLAIN)
    found = simulate_stream(stream, replications=6, days=2.0, seed=3, compiled=False, threads=1)
    again = simulate_stream(stream, replications=6, days=2.0, seed=3, compiled=False, threads=3)
    assert found.measures == again.measures and found.tables == again.tables
    other = simulate_stream(stream, replications=6, days=2.0, seed=4, compiled=False)
    assert found.measures != other.measures
    assert found.bottleneck == "s"
    service, demand = found.measures["service"], found.tables["demand"]
    assert 0 < service.mean < 1 and 0 < service.half_width < 0.2
    assert demand["service"] == [service.mean]
    assert found.measures["throughput"].mean == pytest.approx(1200, rel=0.1)
    assert sum(
        found.tables["stations"][name][0] for name in ("run", "setup", "down", "blocked", "idle")
    ) == pytest.approx(1)
    for loop in ("a", "b"):
        rows = [i for i, name in enumerate(found.tables["distributions"]["loop"]) if name == loop]
        shares = [found.tables["distributions"]["share"][i] for i in rows]
        assert sum(shares) == pytest.approx(2.0)  # Of the stock and of what is under way.
    assert json.dumps(found.to_dict())


def test_common_random_numbers_narrow_a_difference():
    """Card by card the same demand and the same work: the difference is known better than either service."""
    runs = [
        run_stream(
            ValueStream.parse(changed("loops", cards=[4, cards])),
            replications=10,
            days=2.0,
            warm_up=0.5,
            compiled=False,
        )
        for cards in (3, 4)
    ]
    service = [run.totals["at_once"] / run.totals["demanded"] for run in runs]
    assert (runs[0].totals["demanded"] == runs[1].totals["demanded"]).all()
    assert np.std(service[1] - service[0]) < 0.7 * np.std(service[0])
    assert (service[1] > service[0]).all()


def test_a_time_limit_leaves_out_what_is_not_done():
    with pytest.raises(InputError, match="time limit"):
        run_stream(ValueStream.parse(PLAIN), replications=2, days=1000.0, warm_up=0.0, time_limit=0.05, compiled=False)
