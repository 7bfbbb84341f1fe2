"""Improvements against enumeration and closed forms; releases and robustness against exact results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.generators import random_small
from jitopt.improving.release_forms import hindrance, scaled
from jitopt.improving.releases import Point, _read
from jitopt.improving.robustness import Line, _stream, losses, simulated_losses
from jitopt.improving.search import Search
from jitopt.improving.stream_levers import stream_levers
from jitopt.problems.kanban import Kanban
from jitopt.simulation.statistics import estimate
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_runs import run_stream
from jitopt.testing import optimum

if TYPE_CHECKING:
    from jitopt.improving.levers import Improvement

LAMPS = Path(__file__).parent.parent / "instances" / "plants" / "lamps"
PLAIN: dict[str, Any] = {"compiled": False, "threads": 1}

TWO: dict[str, Any] = {
    "problem": "kanban", "version": 1, "name": "two",
    "loops": {"loop": ["A", "B"], "process": ["press", "Alfa"], "demand": [100, 60], "lead_time": [2, 0.5],
              "yield": [0.9, None], "holding_cost": [0.01, 0.02]},
    "containers": {"loop": ["A", "B"], "container": ["box", "box"], "quantity": [20, 10], "card_cost": [1, 1]},
}  # fmt: skip

SUPPLY: dict[str, Any] = {
    "name": "supply", "day": 480,
    "loops": {"loop": ["steel"], "kind": ["supplier"], "cards": [9], "quantity": [10], "conveyance": [3 * 480]},
    "demand": {"demand": ["press"], "loop": ["steel"], "quantity": [10], "interval": [480]},
}  # fmt: skip

MACHINE: dict[str, Any] = {
    "name": "machine", "day": 480,
    "stations": {"station": ["press"], "mtbf": [90], "mttr": [10]},
    "loops": {"loop": ["A", "B"], "kind": ["production", "production"], "cards": [5, 5], "quantity": [4, 4],
              "conveyance": [30, 0]},
    "operations": {"loop": ["A", "B"], "step": [1, 1], "station": ["press", "press"], "time": [10, 12],
                   "family": ["a", "b"], "setup": [3, 0.5], "scrap": [0.05, 0.004]},
    "setups": {"station": ["press"], "before": ["a"], "after": ["b"], "time": [4]},
    "suppliers": {"supplier": ["S"], "days": [1], "deliveries": [2], "delay": [5]},
    "demand": {"demand": ["x", "y"], "loop": ["A", "B"], "quantity": [4, 4], "interval": [40, 50]},
}  # fmt: skip


def _row(found: jitopt.Improvements, kind: str, subject: str) -> Improvement:
    return next(row for row in found.rows if (row.lever.kind, row.lever.subject) == (kind, subject))


# --- kanban loops ------------------------------------------------------------------------------


def test_formulas_solved_anew_by_hand() -> None:
    """A: 100 x 2 / 0.9 / 20 = 11.1 -> 12 cards; a day less 5.6 -> 6, a point more yield 10.99 -> 11."""
    found = jitopt.improvements(Kanban.parse(TWO))
    assert {name: one.mean for name, one in found.base.items()} == {"cost": 15.4, "cards": 15, "stock": 40}
    day, point = _row(found, "lead_time", "press"), _row(found, "yield", "press")
    assert (day.cards, day.basis, day.changes["cards"].mean) == ({"A": (12, 6)}, "exact", -6)
    assert point.cards == {"A": (12, 11)} and point.changes["cost"].mean == pytest.approx(-1.2)
    short = _row(found, "lead_time", "Alfa")
    assert short.lever.amount == 0.5 and short.lever.text == "0.5 days less lead time of Alfa"
    assert found.rows[0] is day and found.ranked_by == "cost"
    full = jitopt.improvements(Kanban.parse(TWO), values={"A": 3, "B": 1}, kinds=["lead_time"])
    assert _row(full, "lead_time", "press").changes["capital"].mean == -6 * 20 * 3


def test_what_loops_gain_is_what_enumeration_says() -> None:
    """Base and changed instance by brute force, for loops with and without shared limits."""
    free = coupled = 0
    for seed in range(24):
        instance: Any = random_small("kanban", seed)
        if instance.loops is None or (instance.capacity and coupled >= 1):
            continue
        instance = instance.replace(current=None)
        best = optimum(instance)
        if best is None:
            continue
        found = jitopt.improvements(instance, kinds=["lead_time"], by="loop", time_limit=60)
        coupled, free = coupled + bool(instance.capacity), free + (not instance.capacity)
        assert found.base["cost"].mean == pytest.approx(float(best.value), abs=1e-9)
        for row in found.rows:
            place = instance.names.index(row.lever.subject)
            times = [max(0.0, t - 1) if at == place else t for at, t in enumerate(instance.loops.lead_time)]
            after = optimum(instance.replace(loops={**instance.to_dict()["loops"], "lead_time": times}))
            assert after is not None and row.basis == "exact"
            assert row.changes["cost"].mean == pytest.approx(float(after.value - best.value), abs=1e-7)
    assert free > 2 and coupled == 1


def test_a_plant_follows_its_delivery_cycles() -> None:
    """A supplier's day counts by whole deliveries; what changes none says so."""
    plan = jitopt.plan(LAMPS, work_limit=0.1)
    found = jitopt.improvements(plan, kinds=["lead_time", "yield"])
    assert {row.lever.subject for row in found.rows} >= set(plan.decisions.frequencies)
    for row in found.rows:
        if "no delivery earlier" in row.note:
            assert row.changes["cards"].mean == 0
    assert any("deliveries later instead of" in row.note and row.changes["cards"].mean < 0 for row in found.rows)
    assert any("yield" in note for note in found.notes)


def test_refusals() -> None:
    """Another subject, an unknown kind, the form of options, a target that cards do not reach."""
    with pytest.raises(InputError, match="kind of improvement"):
        jitopt.improvements(Kanban.parse(TWO), kinds=["speed"])
    with pytest.raises(InputError, match="asked of"):
        jitopt.improvements("line.json")
    slow = ValueStream.parse({**MACHINE, "demand": {**MACHINE["demand"], "interval": [10, 10]}})
    with pytest.raises(InputError, match="do not reach the target"):
        jitopt.improvements(slow, groups=2, replications=1, days=1, warm_up=0.5, **PLAIN)


# --- value streams -----------------------------------------------------------------------------


def test_levers_change_what_they_say_and_nothing_else() -> None:
    """Minutes off every set-up, mttr for a point of uptime, scrap, conveyance, deliveries of a day."""
    stream = ValueStream.parse(MACHINE)
    kinds = ("changeover", "uptime", "yield", "lead_time")
    pulls: list[tuple[Any, Any]] = list(stream_levers(stream, kinds))
    pulled = {(lever.kind, lever.subject): (lever.amount, changed) for lever, changed in pulls}
    amount, faster = pulled["changeover", "press"]
    assert amount == 1 and faster.operations.setup == (2.0, 0.0) and faster.setups.time == (3.0,)
    amount, up = pulled["uptime", "press"]
    assert amount == pytest.approx(1) and 90 / (90 + up.stations.mttr[0]) == pytest.approx(0.91)
    amount, good = pulled["yield", "A, step 1 (press)"]
    assert amount == 1 and good.operations.scrap == (pytest.approx(0.04), 0.004)
    assert pulled["yield", "B, step 1 (press)"][0] == pytest.approx(0.4)
    amount, near = pulled["lead_time", "A"]
    assert amount == pytest.approx(30 / 480) and near.loops.conveyance == (0.0, 0.0)
    amount, often = pulled["lead_time", "S"]
    assert amount == 1 and often.suppliers.delay == (3,)
    for _, changed in pulled.values():
        assert sum(getattr(changed, name) != getattr(stream, name) for name in type(stream).model_fields) <= 2


def test_a_day_less_is_a_card_less_where_nothing_varies() -> None:
    """One container a day, three days under way: 4 cards hold, with two days under way 3; no spread."""
    found = jitopt.improvements(ValueStream.parse(SUPPLY), groups=2, replications=1, days=20, warm_up=5, **PLAIN)
    row = _row(found, "lead_time", "steel")
    assert found.evidence["cards"]["steel"] - row.cards["steel"][1] == 1
    assert (row.changes["cards"].mean, row.changes["cards"].half_width) == (-1, 0)
    assert row.basis == "simulated"


def test_fewest_cards_of_a_queue_with_a_known_fill_rate() -> None:
    """M/M/1 make-to-stock at load 0.7: 1 - 0.7^K is 0.76, 0.83, so that 5 cards are the fewest for 0.8."""
    data = {
        "day": 1000, "stations": {"station": ["m"]},
        "loops": {"loop": ["a"], "kind": ["production"], "cards": [12], "quantity": [1]},
        "operations": {"loop": ["a"], "step": [1], "station": ["m"], "time": [1], "distribution": ["exponential"]},
        "demand": {"demand": ["d"], "loop": ["a"], "quantity": [1], "interval": [1 / 0.7],
                   "distribution": ["exponential"]},
    }  # fmt: skip
    search = Search(
        ValueStream.parse(data), lambda s: run_stream(s, replications=2, days=4, warm_up=0.2, seed=3, **PLAIN), 0.8, [0]
    )
    assert search.from_start() == (5,)
    assert search.from_cards((3,)) == (5,) and not search.holds((4,))


def test_a_lot_needs_its_cards_in_every_search_and_setting() -> None:
    """Nothing is ever made with fewer cards than a lot: a search, and a small scale, stop at the lot."""
    data = {**MACHINE, "loops": {**MACHINE["loops"], "kind": ["signal", "production"], "lot": [3, None]}}
    stream = ValueStream.parse(data)
    search = Search(stream, lambda s: run_stream(s, replications=2, days=3, warm_up=0, seed=1, **PLAIN), 0.01, [0, 1])
    assert search.from_start() == (3, 1)
    runs = run_stream(stream, replications=1, days=1, warm_up=0, **PLAIN)
    assert scaled(stream, "kanban", 0.1, runs).loops.cards == (3, 1)


# --- releases ----------------------------------------------------------------------------------


def test_reading_a_curve_counts_the_errors_of_both_measures() -> None:
    """Stock at equal service: the 95 % interval covers the truth about 95 times of 100."""
    dice = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        common = dice.normal(0, 0.02, 12)
        points = [
            Point(scale, scale / 4 + common + dice.normal(0, 0.005, 12), 100 * scale - 300 * common)
            for scale in (1.0, 2.0, 3.0)
        ]
        pseudo, why = _read(points, "service", 0.6)  # at scale 2.4: stock 240
        assert not why
        found = estimate(pseudo)
        hits += found.low <= 240 <= found.high
    assert 270 <= hits <= 297
    assert _read(points, "service", 0.95)[0] is None and "below" in _read(points, "service", 0.95)[1]


def test_releases_are_compared_on_the_same_demand() -> None:
    """Kanban against itself differs by nothing; what cannot be derived or reached is told."""
    busy = {**MACHINE["demand"], "interval": [30, 36], "distribution": ["exponential", "exponential"]}
    stream = ValueStream.parse({key: value for key, value in MACHINE.items() if key != "suppliers"} | {"demand": busy})
    settings: dict[str, Any] = {"replications": 2, "days": 3, "warm_up": 0.5, "scales": (0.4, 1.0, 2.0), **PLAIN}
    found = jitopt.compare_releases(stream, releases=("kanban", "conwip", "push"), **settings)
    assert found.at == "service" and found.measure == "stock"
    assert found.differences["kanban"] is not None and found.differences["kanban"].mean == 0
    assert found.found["kanban"] is not None
    at_own = found.curves["stock"][found.curves["scale"].index(1.0)]
    assert found.found["kanban"].mean == pytest.approx(at_own)
    assert set(found.to_rows()) == {"release", "stock", "stock_half_width", "difference", "difference_half_width"}
    none = jitopt.compare_releases(stream, value=0.0001, releases=("kanban",), **settings)
    assert none.found["kanban"] is None and "reaches from" in none.notes[0]
    with pytest.raises(InputError, match="no such release"):
        jitopt.compare_releases(stream, releases=("guess",))


def test_a_conwip_loop_is_derived_around_every_way_or_not_at_all() -> None:
    """Cards of the loops on the way, first to last; unlike containers hinder it."""
    data: dict[str, Any] = {
        "stations": {"station": ["m", "n"]},
        "loops": {"loop": ["raw", "a", "b"], "kind": ["supplier", "production", "production"], "cards": [9, 4, 5],
                  "quantity": [10, 10, 10]},
        "operations": {"loop": ["a", "b"], "step": [1, 1], "station": ["m", "n"], "time": [1, 1]},
        "bill": {"loop": ["a", "b"], "source": ["raw", "a"], "quantity": [1, 1]},
        "demand": {"demand": ["d"], "loop": ["b"], "quantity": [10], "interval": [3]},
    }  # fmt: skip
    stream = ValueStream.parse(data)
    base = run_stream(stream, replications=1, days=1, warm_up=0.1, **PLAIN)
    told = scaled(stream, "conwip", 2.0, base).conwip
    assert told is not None and (told.entry, told.exit, told.cards) == (("a",), ("b",), (18,))
    assert scaled(stream, "kanban", 2.0, base).loops.cards == (9, 8, 10)
    push = scaled(stream, "push", 2.0, base).planning
    assert push is not None and push.loop == ("a", "b") and push.lead_time[0] == pytest.approx(2.0)
    data["loops"]["quantity"] = [10, 20, 10]
    assert "no card goes" in hindrance(ValueStream.parse(data), "conwip")


# --- robustness --------------------------------------------------------------------------------


@pytest.mark.parametrize("stations", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("holding", [0.001, 0.01, 0.03])
def test_a_wrong_rate_costs_more_than_wrong_cards(stations: int, holding: float) -> None:
    """Exactly: loss(push, +10 % rate) > loss(CONWIP, +10 % cards), and the settings are the best ones."""
    line = Line(stations, 1.0, holding)
    told = losses(line)
    assert told["push"][told["error"].index(0.1)] > told["conwip"][told["error"].index(0.1)]
    assert all(line.push(line.best_rate) >= line.push(rate / 100) for rate in range(1, 100))
    assert all(line.conwip(line.best_cards) >= line.conwip(cards) for cards in range(1, 200))


def test_simulated_lines_are_as_the_formulas_say() -> None:
    """CONWIP of 6 cards on 3 stations makes 6/8; with 10 % wrong, push loses more than CONWIP, paired."""
    line = Line(3, 1.0, 0.03)
    runs = run_stream(_stream(line, "conwip", 6), replications=4, days=1, warm_up=0.1, **PLAIN)
    made = estimate(runs.totals["throughput"] / 1000)
    assert made.low <= 0.75 <= made.high and made.half_width < 0.06
    assert (runs.loops["stock"] + runs.loops["wip"]).sum(axis=1) == pytest.approx(np.full(4, 6.0))
    told = simulated_losses(line, (0.3,), replications=4, days=0.6, **PLAIN)
    assert told["difference"][0].low > 0


# --- command line ------------------------------------------------------------------------------


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A kanban instance: three files, the list on the terminal and as JSON."""
    file = tmp_path / "two.json"
    file.write_text(json.dumps(TWO))
    out = tmp_path / "out"
    assert main(["analyse", "improvements", str(file), "-o", str(out)]) == 0
    assert "one day less lead time of press" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {"improvements.md", "improvements.csv", "improvements.json"}
    assert json.loads((out / "improvements.json").read_text())["improvements"][0]["changes"]["cards"]["mean"] == -6
    assert main(["analyse", "improvements", str(file), "-o", str(out), "--kinds", "lead_time", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ranked_by"] == "cost"
    stream = tmp_path / "stream.json"
    stream.write_text(json.dumps({**SUPPLY, "demand": None}))
    assert main(["analyse", "improvements", str(stream), "-o", str(out)]) == 2
    assert "demand" in capsys.readouterr().err
    assert main(["analyse", "releases", str(file), "-o", str(out)]) == 2
    assert "value stream" in capsys.readouterr().err
    assert main(["analyse", "improvements", str(file), "-o", str(out), "--kinds", "speed"]) == 2
    assert "kind of improvement" in capsys.readouterr().err
