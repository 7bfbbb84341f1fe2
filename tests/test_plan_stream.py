"""A plant with its plan as a value stream: what flows is what the demand analysis says, whatever the road."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.planning.report import plan_data

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

pytestmark = pytest.mark.skipif(not PLANTS.exists(), reason="not in a source tree")


def shared_lamps() -> Any:
    """Return the lamps with shades from two suppliers, and bases that go by a rack."""
    plant = jitopt.read_plant(PLANTS / "lamps").plant
    parts, quotes, loops, racks = (dict(plant.columns(name)) for name in ("parts", "quotes", "loops", "racks"))
    parts["sources"] = [2 if part == "shade" else 1 for part in parts["part"]]
    quotes["capacity"] = [
        12 if (supplier, part) == ("Form", "shade") else None
        for supplier, part in zip(quotes["supplier"], quotes["part"], strict=True)
    ]
    racks["positions"] = [60 for _ in racks["rack"]]
    loops["to"] = ["shelf" if name == "base in" else to for name, to in zip(loops["loop"], loops["to"], strict=True)]
    new = {
        "loop": "base to line",
        "part": "base",
        "from": "shelf",
        "to": "assembly",
        "lead_time": 0.1,
        "interval": 0.05,
    }
    loops = {name: [*column, new.get(name)] for name, column in loops.items()}
    return plant.replace(parts=parts, quotes=quotes, loops=loops, racks=racks)


@pytest.fixture(scope="module")
def planned():
    """Return a plan with bought, shared, made and withdrawn parts."""
    found = jitopt.plan(shared_lamps(), time_limit=300, work_limit=0.2)
    assert found.status == "planned"
    assert set(found.value_stream().loops.kind) == {"supplier", "production", "withdrawal"}
    # Nine loops of the lamps, one to the line, one more of the shared part, two products.
    assert len(found.value_stream().loops.loop) == 9 + 1 + 1 + 2
    return found


def rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table of a stream."""
    columns = {name: value for name, value in table.model_dump().items() if value is not None}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def flows(stream: Any) -> dict[str, float]:
    """Return the units a day that every loop brings: what customers and other loops take of it."""
    takers = defaultdict(list)
    for row in rows(stream.bill):
        takers[row["source"]].append((row["loop"], row["quantity"]))
    taken = {row["loop"]: row["quantity"] / row["interval"] * stream.day for row in rows(stream.demand)}

    def flow(loop: str) -> float:
        return taken.get(loop, 0.0) + sum(quantity * flow(by) for by, quantity in takers[loop])

    return {loop: flow(loop) for loop in stream.loops.loop}


def test_every_loop_has_its_cards_and_brings_what_is_needed(planned):
    stream = planned.value_stream()
    cards = dict(zip(stream.loops.loop, stream.loops.cards, strict=True))
    found = flows(stream)
    table = planned.outcome("kanban").instance.loops
    for row, loop in enumerate(table.loop):
        assert cards[loop] == planned.decisions.cards[loop][1]
        assert found[loop] == pytest.approx(table.demand[row], rel=1e-6)


def test_stations_have_the_work_of_the_analysis(planned):
    stream = planned.value_stream()
    quantity = dict(zip(stream.loops.loop, stream.loops.quantity, strict=True))
    found = flows(stream)
    work: dict[str, float] = defaultdict(float)
    for row in rows(stream.operations):
        work[row["station"]] += found[row["loop"]] / quantity[row["loop"]] * row["time"]
    for line in planned.analysis.lines.values():
        assert work[line.line] == pytest.approx(float(line.work), rel=1e-6)
        # The line's minutes are those in which its station is open.
        shifts = {row["calendar"]: row["end"] for row in rows(stream.shifts)} if stream.shifts else {}
        assert shifts.get(line.line, stream.day) == pytest.approx(float(line.minutes))


def test_suppliers_come_on_their_cycle(planned):
    stream = planned.value_stream()
    plant = planned.plant
    for row in rows(stream.suppliers):
        told = plant.frequency[planned.decisions.frequencies[row["supplier"]]]
        assert (row["days"], row["deliveries"]) == (told["days"], told["deliveries"])
        supplier = plant.supplier[row["supplier"]]
        assert row["delay"] >= supplier["lead_time"] * row["deliveries"] / row["days"] > row["delay"] - 1
        late = 0.0 if supplier["on_time"] is None else 1 - supplier["on_time"]
        assert row["late"] == pytest.approx(late)
        assert row["late_time"] == pytest.approx(row["days"] / row["deliveries"] * stream.day)


def test_the_data_of_the_plan_give_the_same_stream(planned):
    data = json.loads(json.dumps(plan_data(planned)))
    assert planned.plant.value_stream(data) == planned.value_stream() == planned.plant.value_stream(planned)


def test_a_plan_of_other_tables_is_told(planned):
    data = plan_data(planned)
    rates = dict(planned.plant.columns("lines"))
    rates["minutes"] = [minutes + 1 for minutes in rates["minutes"]]
    other = planned.plant.replace(lines=rates)
    with pytest.warns(UserWarning, match="made for other tables"):
        other.value_stream(data)
    for broken, told in (
        ({}, "no plan of a plant"),
        ({**data, "decisions": {"awards": []}}, "awards, frequencies and cards"),
        ({**data, "decisions": {**data["decisions"], "cards": []}}, "cards must be those"),
        (
            {**data, "decisions": {**data["decisions"], "frequencies": [{"supplier": "x", "frequency": "y"}]}},
            "names what",
        ),
    ):
        with pytest.raises(InputError, match=told):
            planned.plant.value_stream(broken)


def test_the_command_takes_a_plant_and_its_plan(tmp_path, capsys):
    assert main(["simulate", str(PLANTS / "lamps")]) == 2
    assert "RESULT is missing" in capsys.readouterr().err
    (tmp_path / "plan.json").write_text("{}")
    assert main(["simulate", str(PLANTS / "lamps"), str(tmp_path / "plan.json")]) == 2
    assert "no plan of a plant" in capsys.readouterr().err


def test_a_plant_is_simulated_with_its_cards(planned):
    """What flows in is what customers take, and cards that are doubled serve them better."""
    stream = planned.value_stream()
    found = jitopt.simulate(planned, replications=3, days=40, seed=2)
    asked = sum(row["quantity"] / row["interval"] * stream.day for row in rows(stream.demand))
    assert 0 < found.measures["throughput"].mean < 1.2 * asked
    more = {loop: 2 * cards for loop, cards in zip(stream.loops.loop, stream.loops.cards, strict=True)}
    better = jitopt.simulate(stream.with_column("loops", "cards", more), replications=3, days=40, seed=2)
    assert better.measures["service"].mean >= found.measures["service"].mean
    assert better.measures["throughput"].mean == pytest.approx(asked, rel=0.15)


def test_two_engines_say_the_same_of_one_loop():
    """A loop that shares nothing: the kernel of loops and that of plants, on samples of their own."""
    from jitopt.problems.variates import Distribution
    from jitopt.simulation.card_loops import CardLoop
    from jitopt.simulation.loops import simulate_cards

    data = {
        "loops": {
            "loop": ["a"], "kind": ["supplier"], "cards": [6], "quantity": [1], "conveyance": [720.0],
            "conveyance_distribution": ["gamma"], "conveyance_cv": [0.4],
        },
        "demand": {
            "demand": ["d"], "loop": ["a"], "quantity": [1], "interval": [144.0], "distribution": ["gamma"],
            "cv": [0.8],
        },
    }  # fmt: skip
    plant = jitopt.simulate(jitopt.ValueStream.parse(data), replications=20, days=300, warm_up=5, level=0.999)
    loop = CardLoop("a", 6, Distribution("gamma", 0.1, 0.8), Distribution("gamma", 0.5, 0.4), supply="independent")
    alone = simulate_cards([loop], "a", replications=20, days=300, warm_up=5, level=0.999)
    for one, two in (("orders_at_once", "fill_rate"), ("stock", "stock")):
        gap = plant.measures[one].mean - alone.measures[two].mean
        assert abs(gap) <= plant.measures[one].half_width + alone.measures[two].half_width
        assert plant.measures[one].half_width < 0.05 * plant.measures[one].mean + 0.01
