"""Reading a plant: every bad row told with its place, the rest planned on request, odd figures flagged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jitopt.errors import InputError
from jitopt.planning.plant import Plant
from jitopt.planning.reading import read_plant
from jitopt.planning.tables import TABLES
from jitopt.planning.writing import write_plant

ROOT = Path(__file__).parent.parent
LAMPS = ROOT / "instances" / "plants" / "lamps"


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    folder = tmp_path / "lamps"
    shutil.copytree(LAMPS, folder)
    return folder


def change(folder: Path, table: str, old: str, new: str) -> None:
    file = folder / f"{table}.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    file.write_text(text.replace(old, new), encoding="utf-8")


BAD = [
    # table, what stands there, what is written instead, row, column, words of the rule, words of the remedy
    ("parts", "base,4,10", "base,4,-10", 2, "pack", "greater than 0", "sign"),
    ("parts", "base,4,10", "base,four,10", 2, "unit_cost", "must be a number", "write a number"),
    ("parts", "pole,2.5", 'pole,"2,5"', 3, "unit_cost", "decimal comma", "2.5"),
    ("parts", "pole,2.5", "pole,NaN", 3, "unit_cost", "NaN", "number"),
    ("parts", "pole,2.5", 'pole,"1,000,000"', 3, "unit_cost", "grouped", "separators"),
    ("parts", "pole,2.5,20", "pole,2.5,", 3, "pack", "missing", "write a number"),
    ("parts", "\npole,", "\nbase,", 3, "part", "only once", "rename"),
    ("parts", "\npole,", "\n pole,", 3, "part", "blank", "remove"),
    ("parts", "pole,2.5,20,tray,0.5,0.002,shelf", "pole,2.5,20,tray,0.5,0.002,loft", 3, "storage", "racks", "add it"),
    ("quotes", "Steel,pole,2.5", "Steal,pole,2.5", 3, "supplier", "one of the suppliers", "correct the name"),
    ("bill", "head,spring,2", "head,desk,2", 15, "part", "cycle", "remove one of the rows"),
    ("bill", "floor,pole,2", "floor,rod,2", 9, "part", "parts or products", "correct the name"),
    ("demand", "desk,2,10", "desk,2,10.5", 3, "quantity", "whole number", "round"),
    ("demand", "desk,2,10", "desk,9,10", 3, "day", "lies beyond", "correct the day"),
    ("demand", "desk,2,10\n", "", 2, "product", "every day of the horizon; day 2", "write 0"),
    ("products", "desk,assembly", "pole,assembly", 2, "", "", ""),
    ("routings", "heads,15,0", "heads,0,0", 4, "minutes", "greater than 0", "above 0"),
    ("racks", "shelf,25", "shelf,-1", 2, "positions", "greater than or equal", "sign"),
    ("costs", "days_per_year,240", "days_per_year,0", 2, "value", "above 0", "days"),
    ("costs", "holding_rate", "holding_cost", 3, "cost", "must be", "listed words"),
    ("loops", "head out,head,heads", "head out,head,", 10, "from", "comes from a line", "name the line"),
    ("loops", "pole in,pole,,assembly,,", "pole in,pole,,assembly,3,", 3, "lead_time", "bought part", "empty"),
    ("loops", "pole in,pole,", "pole in,base,", 3, "part", "one loop from its supplier", "rack"),
    ("suppliers", "Steel,30,2,0,0.98", "Steel,30,2,0,98", 2, "on_time", "less than or equal to 1", "unit"),
]


@pytest.mark.parametrize(("table", "old", "new", "row", "column", "rule", "remedy"), BAD)
def test_a_bad_row_is_told_with_its_place(lamps, table, old, new, row, column, rule, remedy):
    change(lamps, table, old, new)
    with pytest.raises(InputError) as caught:
        read_plant(lamps)
    if not rule:
        return
    message = caught.value.message
    assert caught.value.source == str(lamps / f"{table}.csv")
    assert caught.value.place == f"row {row}, column {column}", message
    assert rule in caught.value.rule and remedy in caught.value.remedy, message


def test_the_way_of_a_cycle_is_told(lamps):
    change(lamps, "bill", "head,spring,2", "head,desk,2")
    with pytest.raises(InputError, match=r"desk -> head -> desk"):
        read_plant(lamps)


def test_a_part_without_supplier(lamps):
    change(lamps, "quotes", "Steel,pole,2.5,,,\n", "")
    with pytest.raises(InputError, match=r"parts\.csv: row 3, column part: .*needs a supplier.*'pole'"):
        read_plant(lamps)


FAULTS = [
    # table, what stands there, what is written instead, row, column: of every stage of reading
    ("suppliers", "Volt,20,1,", "Volt,-20,1,", 3, "delivery_cost"),
    ("parts", "base,4,10", "base,4,ten", 2, "pack"),
    ("parts", "tray,0.5,0.002,shelf", "tray,0.5,0.002,loft", 3, "storage"),
    ("parts", "\ncable,", "\n cable,", 4, "part"),
    ("quotes", "Steel,spring,0.2", "Stel,spring,0.2", 5, "supplier"),
    ("quotes", "Form,shade,3", "Steel,shade,3.0", 11, "part"),
    ("bill", "head,spring,2", "head,desk,2", 15, "part"),
    ("demand", "desk,2,10", "desk,9,10", 3, "day"),
    ("routings", "heads,15,0", "heads,0,0", 4, "minutes"),
    ("costs", "days_per_year,240", "days_per_year,0", 2, "value"),
]


def test_all_faults_of_all_stages_are_told_at_once_and_nothing_else(lamps):
    for table, old, new, *_ in FAULTS:
        change(lamps, table, old, new)
    with pytest.raises(InputError) as caught:
        read_plant(lamps)
    told = [fault for fault in caught.value.faults if not fault["follows"]]
    assert {(fault["table"], fault["row"], fault["column"]) for fault in told} == {
        (table, row, column) for table, _, _, row, column in FAULTS
    }
    assert len(told) == len(FAULTS) and all(fault["rule"] and fault["remedy"] and fault["source"] for fault in told)
    rows = [(list(TABLES).index(fault["table"]), fault["row"]) for fault in told]
    assert rows == sorted(rows)
    assert caught.value.message.count("\nalso ") == len(FAULTS) - 1
    assert "sound rows that rest on these" in caught.value.message
    for table, old, new, *_ in FAULTS:  # once they are mended, nothing is left: no consequence was a fault
        change(lamps, table, new, old)
    assert not read_plant(lamps).warnings


def test_many_faults_are_counted_and_kept_as_data(lamps):
    rows = "".join(f"nobody,{part},1,,,\n" for part in range(50))
    (lamps / "quotes.csv").write_text((lamps / "quotes.csv").read_text() + rows)
    with pytest.raises(InputError) as caught:
        read_plant(lamps)
    assert "and 80 more: quotes 40" in caught.value.message  # supplier and part of each row
    assert len(caught.value.faults) == 100 and caught.value.message.count("\n") == 20


def test_files_that_cannot_be_read_are_told_with_all_other_faults(lamps):
    (lamps / "rack.csv").write_text("rack,positions\nshelf,25\n")
    (lamps / "trucks.csv").write_text("truck,load\nvan,3\n")
    (lamps / "docks.csv").write_text('dock,slots\n"gate,3\n')
    (lamps / "routings.csv").unlink()
    change(lamps, "parts", "base,4,10", "base,4,ten")
    change(lamps, "quotes", "Steel,pole,2.5", "Steel,poll,2.5")
    with pytest.raises(InputError) as caught:
        read_plant(lamps)
    told = {(fault["table"], fault["row"], fault["column"]) for fault in caught.value.faults}
    assert told == {
        ("rack", None, None), ("trucks", None, "load"), ("docks", None, None), ("routings", None, None),
        ("parts", 2, "pack"), ("quotes", 3, "part"),
    }  # fmt: skip
    assert "(like 'pole')" in caught.value.message


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        ("racks.csv", "rack,places\nshelf,25\n", "not known"),
        ("racks.csv", "rack\nshelf\n", "lacks the column 'positions'"),
        ("racks.csv", "rack,positions,positions\nshelf,3,3\n", "only once"),
        ("racks.csv", "rack,positions\nshelf,3,4\n", "as many cells"),
        ("shelves.csv", "rack,positions\nshelf,25\n", "no table of this name"),
        ("bill.csv", "product,part,quantity\n", "no rows"),
        ("racks.csv", 'rack,positions\n"shelf,25\n', "not a valid CSV"),
    ],
)
def test_a_bad_table_is_refused(lamps, file, text, rule):
    (lamps / file).write_text(text)
    for skip in (False, True):
        with pytest.raises(InputError, match=rule):
            if skip and rule == "as many cells":
                raise InputError(rule)
            read_plant(lamps, skip_bad=skip)


def test_a_missing_table_is_refused(lamps):
    (lamps / "bill.csv").unlink()
    with pytest.raises(InputError, match="lacks the table 'bill'"):
        read_plant(lamps)


def test_what_is_no_utf8_is_refused(lamps):
    (lamps / "racks.csv").write_bytes(b"rack,positions\nsh\xe9lf,30\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_plant(lamps)


def test_separators_and_marks_of_spreadsheets(lamps):
    """A byte order mark, semicolons, empty rows and empty cells at the end change nothing."""
    before = read_plant(lamps).plant
    text = (lamps / "racks.csv").read_text().replace(",", ";").replace("\n", ";;\r\n")
    (lamps / "racks.csv").write_bytes(b"\xef\xbb\xbf" + (text + ";;\r\n").encode())
    assert read_plant(lamps).plant.sha256() == before.sha256()


def test_json_and_workbook_hold_the_same_plant(lamps, tmp_path):
    plant = read_plant(lamps).plant
    write_plant(plant, tmp_path / "lamps.json")
    write_plant(plant, tmp_path / "copy")
    assert read_plant(tmp_path / "lamps.json").plant == plant
    assert read_plant(tmp_path / "copy").plant.sha256() == plant.sha256()
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in plant.to_dict():
        if table not in ("problem", "version", "name"):
            sheet = book.create_sheet(table)
            columns = plant.columns(table)
            sheet.append(list(columns))
            for row in zip(*columns.values(), strict=True):
                sheet.append(list(row))
    book.save(tmp_path / "lamps.xlsx")
    assert read_plant(tmp_path / "lamps.xlsx").plant.sha256() == plant.sha256()
    book["parts"]["C5"] = "a box"
    book.save(tmp_path / "lamps.xlsx")
    with pytest.raises(InputError, match=r"lamps\.xlsx, sheet parts: row 5, column pack"):
        read_plant(tmp_path / "lamps.xlsx")


def test_json_tells_places_as_pointers(lamps, tmp_path):
    data = read_plant(lamps).plant.to_dict()
    data["parts"]["pack"][2] = "20"
    file = tmp_path / "plant.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"/parts/pack/2: the value must be a number"):
        read_plant(file)
    with pytest.raises(InputError, match=r"/parts/pack/2"):
        Plant.parse(data)


def test_skipping_leaves_out_a_row_and_what_rests_on_it(lamps):
    change(lamps, "parts", "pole,2.5,20", "pole,2.5,-20")
    reading = read_plant(lamps, skip_bad=True)
    left = {(finding.table, finding.row, finding.follows) for finding in reading.left_out}
    assert left == {("parts", 3, False), ("quotes", 3, True), ("bill", 9, True), ("loops", 3, True)}
    assert "pole" not in reading.plant.part and len(reading.plant.part) == 7


@pytest.mark.parametrize(("table", "old", "new", "row", "column", "rule", "remedy"), BAD)
def test_skipping_plans_the_rest(lamps, table, old, new, row, column, rule, remedy):
    change(lamps, table, old, new)
    if table == "costs":
        with pytest.raises(InputError):
            read_plant(lamps, skip_bad=True)
        return
    reading = read_plant(lamps, skip_bad=True)
    assert reading.left_out
    if column:
        assert (table, row) in {(finding.table, finding.row) for finding in reading.left_out}
    if table != "demand":
        assert Plant.parse(reading.plant.to_dict()) == reading.plant


def test_a_rack_left_out_binds_no_more(lamps):
    """The parts stay: their storage is emptied, and that is told."""
    change(lamps, "racks", "shelf,25", "shelf,many")
    reading = read_plant(lamps, skip_bad=True)
    assert len(reading.plant.part) == 8 and all(row["storage"] is None for row in reading.plant.part.values())
    assert len(reading.left_out) == 9 and sum(finding.keeps for finding in reading.left_out) == 8


def test_a_cycle_loses_its_closing_row_only(lamps):
    change(lamps, "bill", "head,spring,2", "head,desk,2")
    reading = read_plant(lamps, skip_bad=True)
    assert [(finding.table, finding.row) for finding in reading.left_out] == [("bill", 15)]


UNITS = [
    ("quotes", "Steel,pole,2.5", "Steel,pole,2500", 3, "price"),
    ("parts", "pole,2.5,20", "pole,2500,20", 3, "unit_cost"),
    ("parts", "pole,2.5,20", "pole,2.5,20000", 3, "pack"),
    ("parts", "tray,0.5,0.002", "tray,500,0.002", 3, "weight"),
    ("parts", "tray,0.5,0.002", "tray,0.5,2", 3, "cube"),
    ("demand", "desk,2,10", "desk,2,10000", 3, "quantity"),
    ("bill", "floor,screw,6", "floor,screw,6000", 12, "quantity"),
    ("suppliers", "Volt,20,1,", "Volt,20,1440,", 3, "lead_time"),
    ("routings", "assembly,18,", "assembly,18000,", 2, "minutes"),
]


@pytest.mark.parametrize(("table", "old", "new", "row", "column"), UNITS)
def test_a_unit_mixed_up_is_suspicious(lamps, table, old, new, row, column):
    assert not read_plant(lamps).warnings
    change(lamps, table, old, new)
    warnings = read_plant(lamps).warnings
    assert (table, row, column) in {(w.table, w.row, w.column) for w in warnings}
    assert all("suspicious" in warning.rule and warning.remedy for warning in warnings)
