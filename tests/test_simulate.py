"""`jitopt.simulate`, `jitopt simulate`, and what `jitopt plan` says of the service its cards give."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.planning.report import plan_data
from jitopt.planning.service import percent, told_service
from jitopt.planning.service_runs import AIM, card_loops_of, service_of
from jitopt.planning.summary import summary
from jitopt.simulation.loop_runs import OutOfTimeError
from jitopt.simulation.loops import simulate_cards

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

LINE: Any = {
    "problem": "kanban", "version": 1, "name": "two loops",
    "loops": {
        "loop": ["arm", "door"], "demand": [240, 75], "demand_sd": [30, 20], "lead_time": [0.5, 1.5],
        "lead_time_sd": [0.1, None], "interval": [None, 0.5], "yield": [0.96, None], "service": [0.9, 0.9],
    },
    "containers": {"loop": ["arm", "door"], "container": ["small", "rack"], "quantity": [20, 10]},
}  # fmt: skip
CARDS: Any = {
    "loops": [{"loop": "arm", "container": "small", "cards": 10}, {"loop": "door", "container": "rack", "cards": 14}]
}
OPTIONS: Any = {
    "problem": "kanban", "version": 1, "name": "options",
    "options": {"loop": ["A"], "container": ["box"], "cards": [6], "cost": [9]},
}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """Return the paths of the instance and its plan."""
    for name, data in (("line", LINE), ("cards", CARDS), ("options", OPTIONS)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path


def test_simulate_tells_mean_half_width_and_level(files, capsys):
    words = ["simulate", str(files / "line.json"), str(files / "cards.json"), "--replications", "5", "--seed", "3"]
    assert main([*words, "--days", "60", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["measures"]) == {"service", "fill_rate", "short", "throughput", "stock"}
    for value in found["measures"].values():
        assert set(value) == {"mean", "half_width", "level"} and value["level"] == 0.95 and value["half_width"] > 0
    assert found["evidence"]["replications"] == 5 and found["evidence"]["seed"] == 3
    assert found["tables"]["loops"]["loop"] == ["arm", "door"]
    # All that is used goes through: containers a day are demand over good units.
    wanted = 240 / 19.2 + 75 / 10
    assert found["measures"]["throughput"]["mean"] == pytest.approx(wanted, rel=0.05)
    again = jitopt.simulate(jitopt.Kanban.parse(LINE), CARDS, replications=5, seed=3, days=60)
    assert {name: value.to_dict() for name, value in again.measures.items()} == found["measures"]
    assert main([*words, "--days", "60"]) == 0
    told = capsys.readouterr().out
    assert "fill_rate" in told and "5 replications, 60 days each, seed 3" in told


def test_one_replication_has_no_interval():
    found = jitopt.simulate(jitopt.Kanban.parse(LINE), CARDS, replications=1, days=60)
    assert found.measures["service"].to_dict()["half_width"] is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_cards_of_the_formula_keep_their_target_and_fewer_miss_it():
    """The cards that the instance asks for give its service; well below them it is not given."""
    instance = jitopt.Kanban.parse(LINE)
    few = {"loops": [row | {"cards": instance.needed(row["loop"], row["container"]) - 2} for row in CARDS["loops"]]}
    enough = {"loops": [row | {"cards": instance.needed(row["loop"], row["container"]) + 1} for row in CARDS["loops"]]}
    kept, missed = (jitopt.simulate(instance, plan).tables["loops"] for plan in (enough, few))
    assert kept["verdict"] == ["kept", "kept"] and missed["verdict"] == ["missed", "missed"]
    assert jitopt.simulate(instance, few).bottleneck in ("arm", "door")
    # A shortage holds the next cards back, too: fewer containers are there than the formula knows of.
    assert all(fill < service for fill, service in zip(missed["fill_rate"][:1], missed["service"][:1], strict=True))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["options.json", "cards.json"], "only loops with demand and lead time can be simulated"),
        (["line.json"], "RESULT is missing"),
        (["-", "-"], "only one of FILE and RESULT"),
        (["line.json", "missing.json"], "missing.json"),
        (["line.json", "cards.json", "--replications", "0"], "whole number of at least 1"),
        (["line.json", "cards.json", "--days", "nan"], "number above 0"),
        (["line.json", "cards.json", "--days", "1e12"], "simulate fewer days"),
    ],
)
def test_bad_input_of_the_command(files, capsys, words, told):
    (files / "options.json").write_text(json.dumps(OPTIONS))
    paths = [str(files / word) if word.endswith(".json") else word for word in words]
    assert main(["simulate", *paths]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        {"replications": 0}, {"replications": True}, {"seed": -1}, {"days": 0}, {"days": float("nan")}, {"level": 1.0},
        {"level": 0}, {"threads": 0}, {"time_limit": -1}, {"warm_up": -1},
    ],
)  # fmt: skip
def test_keywords_that_cannot_be(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        jitopt.simulate(jitopt.Kanban.parse(LINE), CARDS, **wrong)


def test_subjects_that_cannot_be(small):
    instance = jitopt.Kanban.parse(LINE)
    with pytest.raises(InputError, match="only kanban loops"):
        jitopt.simulate(small, {"sequence": ["A"]})
    with pytest.raises(InputError, match="not a path"):
        jitopt.simulate("line.json", CARDS)
    with pytest.raises(InputError, match="gives every loop a container"):
        jitopt.simulate(instance, {"loops": CARDS["loops"][:1]})
    with pytest.raises(InputError, match="gives every loop a container"):
        jitopt.simulate(instance, {"loops": [CARDS["loops"][0] | {"container": "bag"}, CARDS["loops"][1]]})
    with pytest.raises(InputError, match="no plan"):
        jitopt.simulate(instance)


# --- the plan of a plant ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lamps(tmp_path_factory):
    """Return the plan of the lamps and its folder."""
    if not PLANTS.exists():
        pytest.skip("not in a source tree")
    folder = tmp_path_factory.mktemp("plan")
    return jitopt.plan(PLANTS / "lamps", folder, time_limit=300), folder


def test_the_plan_says_what_service_its_cards_give(lamps):
    plan, folder = lamps
    text = (folder / "summary.md").read_text(encoding="utf-8")
    assert "## What service the cards give" in text and told_service(plan.service) in text
    weakest = plan.service.weak[0]
    assert weakest.loop in text and weakest.text in text
    data = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["service"]
    assert data["measures"]["fill_rate"]["half_width"] > 0 and data["weak"][0]["loop"] == weakest.loop
    with (folder / "service.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["loop"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(plan.decisions.cards)
    for loop, row in rows.items():
        assert int(row["cards"]) == plan.decisions.cards[loop][1]
        assert int(row["red"]) + int(row["yellow"]) + int(row["green"]) == int(row["cards"])
    assert float(rows[weakest.loop]["fill_rate"]) < AIM


def test_the_remedy_of_a_weak_loop_helps(lamps):
    """With the cards that are named the loop is there as often as is told; a card less is not enough."""
    plan, _ = lamps
    loops = card_loops_of(plan)
    for weak in plan.service.weak:
        assert weak.more is not None and weak.reached >= AIM
        place = next(n for n, loop in enumerate(loops) if loop.loop == weak.loop)
        changed = [replace(loop, cards=loop.cards + weak.more * (n == place)) for n, loop in enumerate(loops)]
        settings = {
            name: plan.service.simulation.evidence[name] for name in ("replications", "days", "warm_up", "seed")
        }
        table = simulate_cards(changed, "x", **settings).tables["loops"]
        assert table["fill_rate"][place] == pytest.approx(weak.reached, abs=1e-12)
        assert weak.fill_rate < AIM


def test_racks_hold_what_stands_in_the_stores_of_their_loops(lamps):
    plan, folder = lamps
    (rack,) = plan.service.racks
    table = plan.service.simulation.tables["loops"]
    bought = [row for row, loop in enumerate(table["loop"]) if loop != "head out"]
    assert rack.positions == 25 and rack.cards == sum(table["cards"][row] for row in bought) == 25
    assert rack.mean == pytest.approx(sum(table["stock"][row] for row in bought), rel=1e-9)
    assert rack.mean < rack.often <= rack.almost <= rack.cards
    assert "How full the racks are" in (folder / "summary.md").read_text(encoding="utf-8")
    told = plan.service.simulation.tables["distributions"]
    for loop in table["loop"]:
        shares = [share for name, share in zip(told["loop"], told["share"], strict=True) if name == loop]
        assert sum(shares) == pytest.approx(1.0)


def test_loops_take_their_variation_from_the_tables(lamps):
    plan, _ = lamps
    table = plan.outcome("kanban").instance.loops
    for row, loop in enumerate(card_loops_of(plan)):
        quantity = loop.quantity
        assert loop.lasts.mean == pytest.approx(quantity / table.demand[row])
        days = list(plan.analysis.series[table.part[row]].values())
        assert loop.days == pytest.approx([float(units) for units in days])
        assert sum(loop.days) / len(loop.days) == pytest.approx(table.demand[row])
        if table.process[row] in plan.plant.supplier:
            told = plan.plant.supplier[table.process[row]]
            assert loop.late == pytest.approx(1 - told["on_time"]) and loop.late_by == table.interval[row]
        else:
            assert loop.late == 0


def test_the_same_plan_has_the_same_service(lamps):
    plan, _ = lamps
    one, two = (service_of(plan, threads=threads) for threads in (1, 3))
    assert one is not None and two is not None
    assert one.to_dict() == two.to_dict() == plan.service.to_dict() == plan_data(plan)["service"]
    assert one.columns() == plan.service.columns()
    other = service_of(plan, seed=1)
    assert other is not None and other.to_dict() != one.to_dict()


def test_without_time_the_plan_stands_without_its_service(lamps):
    plan, _ = lamps
    assert service_of(plan, until=0.0) is None
    assert "The cards were not simulated" in summary(replace(plan, service=None))
    assert plan_data(replace(plan, service=None))["service"] is None


def test_weak_loops_are_named_though_no_time_is_left_for_remedies(lamps, monkeypatch):
    plan, _ = lamps

    def over(*arguments, **settings):
        raise OutOfTimeError("the time is over")

    service = service_of(plan)
    monkeypatch.setattr("jitopt.simulation.loop_runs.run_loops", over)
    found = service_of(plan)
    assert service is not None and found is not None
    assert [weak.loop for weak in found.weak] == [weak.loop for weak in service.weak]
    assert "give" not in found.weak[0].text and "help" not in found.weak[0].text


@pytest.mark.parametrize(
    ("share", "told"),
    [(1.0, "100 %"), (0.99999, "over 99.9 %"), (0.0, "0 %"), (1e-9, "under 0.1 %"), (0.954, "95.4 %"), (0.5, "50 %")],
)
def test_percent(share, told):
    assert percent(share) == told
