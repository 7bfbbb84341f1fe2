"""A plant with cards in force: tables, cap, changes.csv, summary."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.planning.reading import plant_of
from jitopt.planning.resizing import changes_of

LAMPS = Path(__file__).parent.parent / "instances" / "plants" / "lamps"


def _lamps(current: dict[str, list[Any]], **costs: float) -> dict[str, Any]:
    """Return the lamps with cards in force and further rows of costs."""
    data = jitopt.read_plant(LAMPS).plant.to_dict()
    data["current"] = current
    for name, value in costs.items():
        data["costs"]["cost"].append(name)
        data["costs"]["value"].append(value)
    return data


@pytest.fixture(scope="module")
def in_force() -> dict[str, list[Any]]:
    """The cards of a plan of the lamps."""
    found = jitopt.plan(LAMPS, work_limit=0.1)
    loops = sorted(found.decisions.cards)
    return {
        "loop": loops,
        "container": [found.decisions.cards[loop][0] for loop in loops],
        "cards": [found.decisions.cards[loop][1] for loop in loops],
    }


def test_a_plan_taken_again_changes_nothing_and_a_changed_one_says_what_and_why(in_force, tmp_path):
    """The same cards: nothing to do. Some cards more and fewer: the diff list in the folder tells them."""
    same = jitopt.plan(_lamps(in_force), work_limit=0.1)
    found = changes_of(same)
    assert found is not None and (found.changed, found.loops) == (0, ())
    moved = {name: list(column) for name, column in in_force.items()}
    moved["cards"][0] += 3
    moved["cards"][1] = max(0, moved["cards"][1] - 1)
    plant = tmp_path / "plant"
    jitopt.write_plant(jitopt.Plant.parse(_lamps(moved)), plant)
    assert main(["plan", str(plant), "-o", str(tmp_path / "out"), "--work-limit", "0.1", "--no-progress"]) == 0
    rows = list(csv.DictReader((tmp_path / "out" / "changes.csv").read_text().splitlines()))
    assert {row["loop"]: (int(row["put_in"]), int(row["taken_out"])) for row in rows} == {
        moved["loop"][0]: (0, 3),
        moved["loop"][1]: (1, 0),
    }
    assert all(row["reason"] for row in rows)
    assert "Against the cards in force" in (tmp_path / "out" / "summary.md").read_text()
    told = json.loads((tmp_path / "out" / "plan.json").read_text())["changes"]
    assert told["changed"] == 4 and told["indicators_before"]["cards"] == sum(moved["cards"])


def test_the_cap_holds_over_delivery_and_cards(in_force):
    """With the cap at 0 the cards in force stay; with fewer cards than any plan needs there is none, and why."""
    kept = jitopt.plan(_lamps(in_force, change_budget=0), work_limit=0.1)
    assert kept.status == "planned"
    assert {loop: cards for loop, (_, cards) in kept.decisions.cards.items()} == dict(
        zip(in_force["loop"], in_force["cards"], strict=True)
    )
    none = {**in_force, "cards": [0] * len(in_force["cards"])}
    stuck = jitopt.plan(_lamps(none, change_budget=2), work_limit=0.1)
    assert stuck.status == "infeasible"
    remedies = [reason["remedy"] for outcome in stuck.outcomes for reason in outcome.result.reasons]
    assert any("costs: change_budget" in remedy for remedy in remedies), remedies


def test_a_loop_that_is_no_more_is_listed_and_counts_towards_no_cap(in_force):
    """A loop named after a supplier that does not have the part alone: its cards are taken out."""
    supplier = jitopt.read_plant(LAMPS).plant.suppliers.supplier[0]
    part_in = next(loop for loop in in_force["loop"] if loop.endswith(" in"))
    extra = {
        "loop": [*in_force["loop"], f"{part_in} ({supplier})"],
        "container": [*in_force["container"], None],
        "cards": [*in_force["cards"], 4],
    }
    found = jitopt.plan(_lamps(extra, change_budget=0), work_limit=0.1)
    from jitopt.planning.resizing import change_rows

    rows = change_rows(found)
    assert [(row["loop"], row["taken_out"]) for row in rows] == [(extra["loop"][-1], 4)]


@pytest.mark.parametrize(
    ("current", "costs", "told"),
    [
        ({"loop": ["base inn"], "cards": [3]}, {}, "loop must be one of the loops"),
        ({"loop": ["base in"], "cards": [-3]}, {}, "cards"),
        ({"loop": ["base in"], "cards": [2.5]}, {}, "whole number"),
        ({"loop": ["base in", "base in"], "cards": [3, 3]}, {}, "only once"),
        ({"loop": ["base in"], "container": ["tub"], "cards": [3]}, {}, "container must be one"),
        ({"loop": ["base in"], "cards": [3]}, {"change_budget": 2.5}, "whole number"),
    ],
)
def test_bad_tables_are_refused(current, costs, told):
    """Each with the rule it breaks."""
    with pytest.raises(InputError, match=told):
        plant_of(_lamps(current, **costs), "plant")


def test_a_budget_without_cards_in_force_is_refused():
    """There is nothing that could change."""
    data = _lamps({}, change_budget=3)
    del data["current"]
    with pytest.raises(InputError, match="cards in force"):
        plant_of(data, "plant")


def test_cards_in_force_are_measured():
    """A factor of 1,000 on a count is named at its cell; a sound generated plant raises nothing."""
    plant = jitopt.generate_plant(seed=5, size="small", current=True).to_dict()
    assert plant_of(plant, "plant").warnings == ()
    plant["current"]["cards"][2] *= 1000
    assert [(w.table, w.row, w.column) for w in plant_of(plant, "plant").warnings] == [("current", 4, "cards")]
