"""Units mixed up by a factor of 1,000: each is named at its cell, and sound plants are left alone."""

from __future__ import annotations

import copy
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from unit_mixups import measure

from jitopt.planning import generate_plant, read_plant
from jitopt.planning.cells import columns_of
from jitopt.planning.reading import plant_of
from jitopt.planning.tables import TABLES

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

MONEY = (
    ("suppliers", "delivery_cost"), ("suppliers", "fixed_cost"), ("clusters", "delivery_cost"), ("parts", "unit_cost"),
    ("parts", "line_cost"), ("quotes", "price"), ("containers", "card_cost"), ("containers", "handling_cost"),
)  # fmt: skip


def tables(name: str) -> dict[str, Any]:
    """Return a plant of the collection ("pumps") or a generated one ("7 small")."""
    if " " in name:
        seed, size = name.split()
        return generate_plant(seed=int(seed), size=size).to_dict()
    return read_plant(PLANTS / name).plant.to_dict()


def noisy(data: dict[str, Any], seed: int, spread: float) -> dict[str, Any]:
    """Multiply every number by a random one, of `spread` decades; prices stay near the unit cost of their part."""
    rng, found = random.Random(seed), copy.deepcopy(data)
    for table, columns in found.items():
        for header in columns if table in TABLES and table != "costs" else ():
            if columns_of(TABLES[table])[header].kind.word == "number" and header not in ("on_time", "service"):
                columns[header] = [None if v is None else v * 10 ** rng.gauss(0, spread) for v in columns[header]]
    cost = dict(zip(found["parts"]["part"], found["parts"]["unit_cost"], strict=True))
    found["quotes"]["price"] = [cost[part] * 10 ** rng.gauss(0, 0.05) for part in found["quotes"]["part"]]
    return found


@pytest.mark.parametrize(("name", "sample", "share"), [("lamps", 0, 1.0), ("pumps", 1, 0.98), ("51 small", 2, 0.98)])
def test_a_factor_of_1000_on_a_cell_is_named_at_this_cell_and_nowhere_else(name, sample, share):
    found = measure(tables(name), sample)
    total: Counter[str] = sum(found.values(), Counter())
    assert total.total() > 70
    assert total["hit"] >= share * total.total(), {
        key: counts for key, counts in found.items() if set(counts) != {"hit"}
    }


def test_of_plants_that_vary_more_than_generated_ones_most_are_named():
    total: Counter[str] = sum(
        (sum(measure(noisy(tables(f"{s} small"), s, 0.2), 2).values(), Counter()) for s in (61, 62)), Counter()
    )
    assert total["hit"] >= 0.95 * total.total(), total


@pytest.mark.parametrize("size", ["small", "medium"])
def test_sound_plants_raise_no_false_alarm(size):
    for seed in range(1, 21 if size == "small" else 9):
        data = tables(f"{seed} {size}")
        assert plant_of(data, "plant").warnings == ()
        assert plant_of(noisy(data, seed, 0.25), "plant").warnings == ()


@pytest.mark.parametrize("scale", [0.01, 150])
def test_money_has_no_unit_of_its_own(scale):
    data = tables("pumps")
    for table, column in MONEY:
        data[table][column] = [None if value is None else value * scale for value in data[table][column]]
    costs = data["costs"]
    money = ("card_cost", "late_cost", "defect_cost", "working_capital")
    costs["value"] = [
        value * scale if name in money else value for name, value in zip(costs["cost"], costs["value"], strict=True)
    ]
    assert plant_of(data, "plant").warnings == ()


def test_a_day_mixed_up_does_not_throw_suspicion_on_packs():
    data = tables("pumps")
    data["demand"]["quantity"][5] *= 1000
    (warning,) = plant_of(data, "plant").warnings
    assert (warning.table, warning.row, warning.column) == ("demand", 7, "quantity")
    assert "59 would fit" in warning.rule and "the other days of the product" in warning.rule and warning.remedy


@pytest.mark.parametrize(
    ("table", "column", "factor", "word"),
    [
        ("quotes", "price", 1000, "above"),
        ("quotes", "price", 0.001, "below"),
        ("parts", "unit_cost", 1000, "above"),
        ("parts", "unit_cost", 0.001, "below"),
        ("racks", "positions", 1000, "above"),
    ],
)
def test_the_direction_is_that_of_the_figure(table, column, factor, word):
    """A price too high is above the usual, though it makes the value of its part low beside it."""
    data = tables("lamps")
    data[table][column][0] *= factor
    (warning,) = plant_of(data, "plant").warnings
    assert (warning.table, warning.row, warning.column) == (table, 2, column)
    assert f" {word} the usual" in warning.rule


def test_two_units_mixed_up_are_both_named():
    data = tables("pumps")
    data["parts"]["pack"][3] *= 1000
    data["bill"]["quantity"][40] *= 1000
    found = {(warning.table, warning.row, warning.column) for warning in plant_of(data, "plant").warnings}
    assert found == {("parts", 5, "pack"), ("bill", 42, "quantity")}


def test_a_column_in_another_unit_is_told_once():
    data = tables("pumps")
    data["parts"]["weight"] = [weight * 1000 for weight in data["parts"]["weight"]]
    (warning,) = plant_of(data, "plant").warnings
    assert (warning.table, warning.row, warning.column) == ("parts", 0, "weight")
    assert "all may be in another unit" in warning.rule
