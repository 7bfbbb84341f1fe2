"""Kinds of corruption in the three forms of a plant: each is told once, with its place, and can be skipped."""

from __future__ import annotations

import copy
import csv
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from jitopt.errors import InputError
from jitopt.planning.plant import Plant
from jitopt.planning.reading import read_plant
from jitopt.planning.tables import TABLES

LAMPS = Path(__file__).parent.parent / "instances" / "plants" / "lamps"

Tables = dict[str, dict[str, list[Any]]]
FORMS = ("csv", "xlsx", "json")
DROP, REPEAT = object(), object()

# What is changed: table, row (the header is row 1), column (DROP, REPEAT: the row goes, or stands there once more),
# the new value; and what is told: table, row, column, words of the rule.
KINDS: dict[str, tuple[str, int, Any, Any, tuple[str, int, str, str]]] = {
    "cycle": ("bill", 15, "part", "desk", ("bill", 15, "part", "cycle")),
    "product in itself": ("bill", 2, "part", "desk", ("bill", 2, "part", "cycle")),
    "part without supplier": ("quotes", 3, DROP, None, ("parts", 3, "part", "needs a supplier")),
    "negative pack": ("parts", 3, "pack", -20, ("parts", 3, "pack", "greater than 0")),
    "pack of zero": ("parts", 3, "pack", 0, ("parts", 3, "pack", "greater than 0")),
    "text in a number column": ("parts", 3, "pack", "many", ("parts", 3, "pack", "must be a number")),
    "duplicate part": ("parts", 3, REPEAT, None, ("parts", 10, "part", "only once; row 3")),
    "duplicate quote": ("quotes", 3, REPEAT, None, ("quotes", 14, "part", "only once; row 3")),
    "duplicate day": ("demand", 3, REPEAT, None, ("demand", 12, "day", "only once; row 3")),
    "duplicate supplier": ("suppliers", 2, REPEAT, None, ("suppliers", 5, "supplier", "only once")),
    "missing value": ("parts", 3, "pack", None, ("parts", 3, "pack", "missing")),
    "missing id": ("quotes", 3, "supplier", None, ("quotes", 3, "supplier", "missing")),
    "NaN": ("parts", 3, "unit_cost", "NaN", ("parts", 3, "unit_cost", "")),
    "error value": ("parts", 3, "unit_cost", "#REF!", ("parts", 3, "unit_cost", "")),
    "truth value": ("parts", 3, "unit_cost", True, ("parts", 3, "unit_cost", "must be a number")),
    "too large": ("quotes", 3, "price", 1e30, ("quotes", 3, "price", "less than or equal")),
    "price of zero": ("quotes", 3, "price", 0, ("quotes", 3, "price", "greater than 0")),
    "decimal comma": ("parts", 3, "unit_cost", "2,5", ("parts", 3, "unit_cost", "")),
    "grouped digits": ("parts", 3, "unit_cost", "1,000,000", ("parts", 3, "unit_cost", "")),
    "unit behind a number": ("parts", 3, "weight", "500 g", ("parts", 3, "weight", "must be a number")),
    "id with a blank": ("parts", 3, "part", "pole ", ("parts", 3, "part", "blank")),
    "unknown supplier": ("quotes", 3, "supplier", "Steal", ("quotes", 3, "supplier", "one of the suppliers")),
    "unknown part in the bill": ("bill", 9, "part", "pipe", ("bill", 9, "part", "parts or products")),
    "unknown part in a quote": ("quotes", 3, "part", "poel", ("quotes", 3, "part", "one of the parts")),
    "unknown product": ("demand", 3, "product", "lantern", ("demand", 3, "product", "one of the products")),
    "unknown line": ("routings", 4, "line", "attic", ("routings", 4, "line", "one of the lines")),
    "unknown rack": ("parts", 3, "storage", "loft", ("parts", 3, "storage", "one of the racks")),
    "unknown truck": ("suppliers", 4, "truck", "train", ("suppliers", 4, "truck", "one of the trucks")),
    "unknown container": ("parts", 3, "container", "bag", ("parts", 3, "container", "one of the containers")),
    "unknown cost": ("costs", 4, "cost", "card_price", ("costs", 4, "cost", "must be")),
    "share above one": ("suppliers", 2, "on_time", 98, ("suppliers", 2, "on_time", "less than or equal to 1")),
    "negative lead time": ("suppliers", 2, "lead_time", -2, ("suppliers", 2, "lead_time", "greater than or equal")),
    "half a unit": ("demand", 3, "quantity", 10.5, ("demand", 3, "quantity", "whole number")),
    "negative demand": ("demand", 3, "quantity", -10, ("demand", 3, "quantity", "greater than or equal")),
    "missing day": ("demand", 3, DROP, None, ("demand", 2, "product", "day 2 is missing")),
    "day after the horizon": ("demand", 3, "day", 2000, ("demand", 3, "day", "beyond")),
    "day zero": ("demand", 3, "day", 0, ("demand", 3, "day", "greater than")),
    "loop to nowhere": ("loops", 3, "to", "attic", ("loops", 3, "to", "lines or racks")),
    "loop of a part with a lead time": ("loops", 3, "lead_time", 3, ("loops", 3, "lead_time", "bought part")),
    "loop of a product without": ("loops", 10, "lead_time", None, ("loops", 10, "lead_time", "needs a lead time")),
    "certain service": ("loops", 3, "service", 1.0, ("loops", 3, "service", "less than 1")),
    "unknown signal": ("loops", 3, "signal", "sometimes", ("loops", 3, "signal", "first_piece")),
    "cycle of no days": ("frequencies", 2, "days", 0, ("frequencies", 2, "days", "greater than")),
    "work of no minutes": ("routings", 4, "minutes", 0, ("routings", 4, "minutes", "greater than 0")),
}  # fmt: skip

LAMP_TABLES: Tables = {
    name: columns for name, columns in read_plant(LAMPS).plant.to_dict().items() if name in TABLES and columns
}


def corrupted(table: str, row: int, column: Any, value: Any) -> Tables:
    """Return the tables of the lamps with one change."""
    found = copy.deepcopy(LAMP_TABLES)
    columns = found[table]
    if column is DROP or column is REPEAT:
        for cells in columns.values():
            if column is DROP:
                del cells[row - 2]
            else:
                cells.append(cells[row - 2])
        return found
    columns.setdefault(column, [None] * len(next(iter(columns.values()))))[row - 2] = value
    return found


def written(tables: Tables, form: str, folder: Path) -> Path:
    """Write tables in one of the forms, as they stand."""
    if form == "json":
        file = folder / "lamps.json"
        file.write_text(json.dumps({"problem": "plant", "version": 1, "name": "lamps", **tables}))
        return file
    records = {
        name: [list(columns), *map(list, zip(*columns.values(), strict=True))] for name, columns in tables.items()
    }
    if form == "xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in records.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(folder / "lamps.xlsx")
        return folder / "lamps.xlsx"
    place = folder / "lamps"
    place.mkdir()
    for name, rows in records.items():
        with (place / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(rows)
    return place


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_once_with_its_place_and_can_be_skipped(kind, form, tmp_path):
    *change, (table, row, column, words) = KINDS[kind]
    path = written(corrupted(*change), form, tmp_path)
    with pytest.raises(InputError) as caught:
        read_plant(path)
    error = caught.value
    faults = [fault for fault in error.faults if not fault["follows"]]
    assert [(fault["table"], fault["row"], fault["column"]) for fault in faults] == [(table, row, column)], error
    assert words in error.rule and error.rule and error.remedy
    source = {"csv": str(path / f"{table}.csv"), "xlsx": f"{path}, sheet {table}", "json": str(path)}[form]
    place = f"/{table}/{column}/{row - 2}" if form == "json" else f"row {row}, column {column}"
    assert (error.source, error.place) == (source, place)
    if table != "costs":
        reading = read_plant(path, skip_bad=True)
        first = reading.left_out[0]
        assert (first.table, first.row, first.column) == (table, row, column) and not first.follows
        assert all(finding.follows for finding in reading.left_out[1:])
        assert reading.plant.products.rows() and reading.plant.parts.rows()
        assert Plant.of_columns("x", {k: v for k, v in reading.plant.to_dict().items() if k in TABLES})


@pytest.mark.parametrize("form", FORMS)
def test_a_part_called_like_a_product(form, tmp_path):
    tables = corrupted("parts", 3, REPEAT, None)
    tables["parts"]["part"][-1] = "desk"
    path = written(tables, form, tmp_path)
    with pytest.raises(InputError, match="name of a product") as caught:
        read_plant(path)
    assert [(fault["table"], fault["row"], fault["column"]) for fault in caught.value.faults] == [("parts", 10, "part")]
    assert [finding.row for finding in read_plant(path, skip_bad=True).left_out] == [10]


@pytest.mark.parametrize("form", FORMS)
def test_a_unit_mixed_up_is_a_warning_in_every_form(form, tmp_path):
    reading = read_plant(written(corrupted("parts", 3, "pack", 20000), form, tmp_path))
    (warning,) = reading.warnings
    assert (warning.table, warning.row, warning.column, warning.value) == ("parts", 3, "pack", 20000)
    assert warning.rule.startswith("suspicious") and warning.remedy and str(tmp_path) in warning.source


def test_dates_and_formulas_of_a_workbook_are_told(tmp_path):
    tables = corrupted("parts", 3, "pack", datetime.datetime(2026, 1, 20, tzinfo=None))
    tables["quotes"]["price"][1] = "=1+1"
    with pytest.raises(InputError) as caught:
        read_plant(written(tables, "xlsx", tmp_path))
    told = {(fault["table"], fault["row"], fault["column"]): fault["rule"] for fault in caught.value.faults}
    assert "must be a number" in told["parts", 3, "pack"]
    assert "formula" in told["quotes", 3, "price"]


def test_sheets_that_are_no_tables_are_told_with_the_faults_of_the_others(tmp_path):
    tables = corrupted("parts", 3, "pack", -1)
    tables["Notes"] = {"remark": ["by hand"]}
    with pytest.raises(InputError) as caught:
        read_plant(written(tables, "xlsx", tmp_path))
    assert "sheet Notes" in caught.value.message and "sheet parts: row 3, column pack" in caught.value.message
