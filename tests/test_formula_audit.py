"""The formula auditor: reasons that add up, the same cards as the judge, plants, frames, the command."""

from __future__ import annotations

import contextlib
import csv
import inspect
import io
import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.planning import analyse, read_plant
from jitopt.planning.chain import PlantPlan
from jitopt.planning.formula_audit import assumed_decisions
from jitopt.planning.steps.decisions import Decisions
from jitopt.planning.steps.kanban import kanban_instance
from jitopt.problems.epei import epei
from jitopt.problems.kanban import formulas as f
from jitopt.problems.kanban.formulas.count import WORDS
from jitopt.problems.kanban.formulas.loops import VARIANTS

PLANTS = Path(__file__).parent.parent / "instances" / "plants"
SCENARIO = {"loop": ["x"], "demand": [100], "lead_time": [2], "quantity": [20], "safety": [0.1]}
in_tree = pytest.mark.skipif(not PLANTS.exists(), reason="not in a source tree")


def test_the_acceptance_case_and_its_reason():
    found = jitopt.audit_formulas(SCENARIO)
    (loop,) = found.loops
    cards = {name: count.cards for name, count in loop.counts.items()}
    assert (cards["sap"], cards["oracle"], cards["kanbanbox"]) == (12, 11, 11)
    assert loop.differences("oracle", "sap") == {"safety": -1.0} and loop.reason == "constant"
    assert loop.why() == (
        "sap asks 1 card more than jitopt: sap adds 1 card; computed in floating point, toyota gives 12"
    )
    first = jitopt.audit_formulas(SCENARIO | {"signal": ["first_piece"]}).loops[0]
    assert first.counts["sap"].cards == 11
    empty = jitopt.audit_formulas(SCENARIO | {"signal": ["empty"]}).loops[0]
    assert empty.counts["jitopt"].cards == empty.counts["sap"].cards == 12


@pytest.mark.parametrize(
    ("change", "formula", "reason", "cards"),
    [
        ({"interval": [1.0]}, "monden_cycle", "interval", 5),
        ({"interval": [0.9]}, "supplier_cycle", "whole_deliveries", None),
        ({"service": [0.98], "demand_sd": [40]}, "statistical", "variation", None),
        ({"yield": [0.8]}, "jitopt", "yield", 13.75 - 11),
        ({"lead_time_sd": [0.5], "demand_sd": [60], "service": [0.9]}, "roser", "late", None),
        ({"epei": [3]}, "lot_board", "lot", 15),
        ({"epei": [3]}, "signal", "lot", 15),
        ({"withdrawal_time": [0.5]}, "two_cards", "rounding", 1),
        ({"safety": [0.0]}, "sap", "constant", 1),
    ],
)
def test_each_term_is_told_as_the_reason_where_it_is_one(change, formula, reason, cards):
    other = {"whole_deliveries": "monden_cycle", "late": "statistical", "rounding": "monden_cycle"}.get(
        reason, "toyota"
    )
    loop = jitopt.audit_formulas(SCENARIO | change).loops[0]
    differences = loop.differences(formula, other)
    assert reason in differences
    if cards is not None:
        assert differences[reason] == pytest.approx(cards)
    gap = loop.counts[formula].cards - loop.counts[other].cards
    assert sum(differences.values()) == pytest.approx(gap)


def test_a_generated_instance_is_counted_as_the_judge_counts_it():
    instance: Any = jitopt.generate("kanban", seed=3, loops=150, service=0.5, empty=0.4, interval=0.5, yields=0.5)
    found = jitopt.audit_formulas(instance)
    assert len(found.loops) == 150
    for loop in found.loops:
        name = loop.figures.loop
        container = instance.containers.container[instance.rows_of[name][0]]
        assert loop.counts["jitopt"].cards == instance.needed(name, container)
        assert sum(loop.causes.values()) == pytest.approx(loop.spread)
        assert loop.spread == max(c.cards for c in loop.counts.values()) - min(c.cards for c in loop.counts.values())
    spreads = [loop.spread for loop in found.loops]
    assert spreads == sorted(spreads, reverse=True)
    shares = [loop.share for loop in jitopt.audit_formulas(instance, rank="share").loops]
    assert shares == sorted(shares, reverse=True)


def test_house_figures_stand_where_a_loop_tells_none():
    table = {"loop": ["a", "b"], "demand": [100, 100], "lead_time": [2, 2], "quantity": [20, 20], "safety": [None, 0]}
    found = {row.figures.loop: row for row in jitopt.audit_formulas(table, safety=0.5, service=0.95).loops}
    assert found["a"].counts["toyota"].cards == 15 and found["b"].counts["toyota"].cards == 10
    assert "statistical" in found["a"].counts


def test_frames_in_and_out():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(SCENARIO | {"unit_cost": [2.5]})
    found = jitopt.audit_formulas(table, formulas=["toyota", "sap"], rank="value")
    assert found.loops[0].value == 50
    frame = found.to_frame(table)
    assert list(frame["sap"]) == [12] and list(frame["reason"]) == ["constant"]
    assert found.totals() == {"toyota": (11, 1), "sap": (12, 1)}


@pytest.mark.parametrize(
    ("table", "options", "place"),
    [
        (SCENARIO | {"demand": [-1]}, {}, "/demand/0"),
        (SCENARIO | {"quantity": [0]}, {}, "/quantity/0"),
        (SCENARIO | {"colour": ["red"]}, {}, "/colour"),
        ({"loop": ["x"], "demand": [1]}, {}, "/lead_time"),
        (SCENARIO, {"rank": "size"}, "rank"),
        (SCENARIO, {"formulas": ["guess"]}, "formulas"),
        (SCENARIO, {"formulas": ["statistical"]}, "formulas"),
        (SCENARIO, {"safety": -1}, "safety"),
        (SCENARIO, {"service": 95}, "service"),
    ],
)
def test_bad_input_is_told(table, options, place):
    with pytest.raises(InputError) as error:
        jitopt.audit_formulas(table, **options)
    assert error.value.place == place and error.value.remedy


def test_options_have_nothing_to_audit():
    data = {"problem": "kanban", "name": "o", "options": {"loop": ["a"], "container": ["c"], "cards": [1], "cost": [1]}}
    with pytest.raises(InputError, match="no loops with demand and lead time"):
        jitopt.audit_formulas(jitopt.Kanban.parse(data))


# --- plants ----------------------------------------------------------------------------------------


@in_tree
def test_a_plant_by_hand():
    """Base of the lamps: 20 a day, daily, a day of lead time, half a day of safety."""
    plant = read_plant(PLANTS / "lamps").plant
    found = jitopt.audit_formulas(plant)
    assert "lowest price" in found.notes[0]
    (base,) = (row for row in found.loops if row.figures.loop == "base in")
    figures = base.figures
    need, pack = analyse(plant).need("base"), Fraction(str(plant.part["base"]["pack"]))
    assert (figures.demand, figures.quantity, figures.cycle) == (need, pack, True)
    days = figures.lead_time + figures.waiting + figures.interval
    safety = Fraction(str(plant.part["base"]["safety"] or 0))
    assert base.counts["supplier_cycle"].cards == math.ceil(need * (days + safety) / pack)
    assert base.counts["jitopt"].cards == base.counts["supplier_cycle"].cards
    assert base.reason == "interval" and sum(base.causes.values()) == pytest.approx(base.spread)


@in_tree
def test_a_plant_counts_as_its_own_kanban_step_does():
    """With the same decisions the formula of jitopt gives what the step's instance asks for."""
    plant = read_plant(PLANTS / "pumps").plant
    analysis = analyse(plant)
    instance = kanban_instance(plant, analysis, assumed_decisions(plant, analysis))
    found = {row.figures.loop: row for row in jitopt.audit_formulas(plant).loops}
    for name in instance.names:
        container = instance.containers.container[instance.rows_of[name][0]]
        assert found[name].counts["jitopt"].cards == instance.needed(name, container)


@in_tree
def test_the_decisions_of_a_plan_are_taken():
    """A supplier of another frequency has another interval; a plan that decided nothing is refused."""
    plant = read_plant(PLANTS / "lamps").plant
    analysis = analyse(plant)
    decided = assumed_decisions(plant, analysis)
    slow = max(plant.frequency, key=lambda name: plant.frequency[name]["days"] / plant.frequency[name]["deliveries"])
    later = decided.with_(frequencies=dict.fromkeys(decided.frequencies, slow))
    first, second = (
        {row.figures.loop: row for row in jitopt.audit_formulas(PlantPlan(plant, analysis, d, "planned")).loops}
        for d in (decided, later)
    )
    interval = Fraction(plant.frequency[slow]["days"], plant.frequency[slow]["deliveries"])
    assert second["base in"].figures.interval == interval > first["base in"].figures.interval
    assert not jitopt.audit_formulas(PlantPlan(plant, analysis, decided, "planned")).notes
    assert second["base in"].counts["toyota"].cards <= second["base in"].counts["supplier_cycle"].cards
    with pytest.raises(InputError, match="no deliveries"):
        jitopt.audit_formulas(PlantPlan(plant, analysis, Decisions(), "infeasible"))


@in_tree
def test_plain_columns_of_a_plant_are_a_plant():
    reading = read_plant(PLANTS / "lamps")
    rows = jitopt.audit_formulas(reading.plant).to_rows()
    for subject in (reading, reading.plant.to_dict(), str(PLANTS / "lamps")):
        assert jitopt.audit_formulas(subject).to_rows() == rows


@in_tree
def test_a_line_with_more_work_than_minutes_has_no_epei_and_says_so():
    plant = read_plant(PLANTS / "pumps").plant
    lines = plant.columns("lines") | {"minutes": [870, 870, 100]}
    found = jitopt.audit_formulas(plant.replace(lines=lines))
    assert any("line motors has no EPEI" in note and "of 100 a day" in note for note in found.notes)
    assert "lot_board" not in found.totals()


@in_tree
def test_lines_of_a_plant_have_the_one_epei():
    plant = read_plant(PLANTS / "pumps").plant
    analysis = analyse(plant)
    routings = [row for row in plant.rows("routings") if row["line"] == "motors"]
    demand = [analysis.need(row["product"]) for row in routings]
    same = epei(900, demand, [row["minutes"] for row in routings], [row["changeover"] for row in routings])
    assert analysis.lines["motors"].epei == same.days
    motors = [row for row in jitopt.audit_formulas(plant).loops if row.figures.epei is not None]
    assert motors and all(row.figures.epei == same.days and "lot_board" in row.counts for row in motors)


@in_tree
def test_the_command_writes_every_term(tmp_path, capsys):
    assert main(["analyse", "formulas", str(PLANTS / "lamps"), "-o", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["formulas"]["sap"]["cards"] == sum(row["cards"]["sap"] for row in told["loops"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "formula_reasons.csv", "formula_terms.csv", "formulas.csv", "formulas.md",
    ]  # fmt: skip
    with (tmp_path / "out" / "formula_terms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sums: dict[tuple[str, str], float] = {}
    for row in rows:
        sums[row["loop"], row["formula"]] = sums.get((row["loop"], row["formula"]), 0) + float(row["cards_of_term"])
        assert sums and row["formula"] in VARIANTS
    for row in rows:
        assert sums[row["loop"], row["formula"]] == pytest.approx(float(row["cards"]))


@in_tree
def test_the_command_reads_instances_and_tells_what_is_wrong(tmp_path, capsys):
    path = tmp_path / "loops.json"
    jitopt.write(jitopt.generate("kanban", seed=1, loops=12), path)
    assert main(["analyse", "formulas", str(path), "-o", str(tmp_path / "out"), "--service", "0.95"]) == 0
    told = capsys.readouterr().out
    assert "... and 4 more, in formulas.csv" in told and "written to" in told
    for words in (["--service", "95"], ["--rank", "size"], ["--safety", "x"]):
        assert main(["analyse", "formulas", str(path), "-o", str(tmp_path / "out"), *words]) == 2
    assert main(["analyse", "formulas", str(tmp_path / "none"), "-o", str(tmp_path / "out")]) == 2
    assert main(["analyse", "formulas", str(PLANTS / "lamps"), "-o", str(PLANTS / "lamps")]) == 2
    assert "must not be written among the tables" in capsys.readouterr().err
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert main(["analyse", "formulas", str(path), "-o", str(tmp_path / "file")]) == 2


def test_texts_of_the_tables_are_never_markup(tmp_path):
    from jitopt.planning.formula_audit import write_audit

    found = jitopt.audit_formulas(SCENARIO | {"loop": ["=1+1 | <b>"]})
    write_audit(found, str(tmp_path))
    assert "\\| \\<b\\>" in (tmp_path / "formulas.md").read_text(encoding="utf-8")
    assert "'=1+1" in (tmp_path / "formulas.csv").read_text(encoding="utf-8")


def test_formulas_agree_with_the_functions():
    """The auditor's figures of a loop give what the functions give by themselves."""
    loop = jitopt.audit_formulas(SCENARIO | {"interval": [0.5], "service": [0.95], "demand_sd": [15]}).loops[0]
    alone = f.statistical(100, 2, 20, service=0.95, demand_sd=15, interval=0.5)
    assert loop.counts["statistical"].cards == alone.cards == 15
    assert loop.counts["ax"].cards == f.ax(100, 2, 20, 0.1, 1, service=0.95, demand_sd=15).cards


@in_tree
def test_the_page_tells_what_its_code_prints():
    """Every block of Python on the page is run; what it prints stands in the block behind it."""
    text = (PLANTS.parent.parent / "docs" / "formulas.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    found = re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", text, re.DOTALL)
    assert len(found) == 10
    for code, told in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/formulas.md", "exec"), space)
        assert printed.getvalue() == told


@in_tree
def test_the_page_has_every_formula_with_its_cards():
    text = (PLANTS.parent.parent / "docs" / "formulas.md").read_text(encoding="utf-8")
    assert f.constant_quantity(100, 2, 20, 20).cards == 11 and f.constant_cycle(100, 2, 1, 20, 20).cards == 16
    assert f.lot_board(100, 2, 3, 20, 20).cards == 26 and f.signal(100, 2, 20, 5, 20) == f.Signal(11, Fraction(320))
    assert f.statistical(100, 2, 20, service=0.95, demand_sd=15).cards == 12
    names = re.findall(r"^\| `(\w+)`[^|]*\| [^|]*\| [^|]*\| [^|]*\|$", text, re.MULTILINE)
    assert len(names) == 14 and all(callable(getattr(f, name)) for name in names)
    shared = {"replenishment_time", "circulating", "temporary_cards", "positions", "signal_positions"}
    functions = {name for name in f.__all__ if name.islower() and inspect.isfunction(getattr(f, name))}
    assert functions - set(names) - shared == {"ceiling", "loss", "safety_stock"}
    assert all(f"`{term}`" in text for term in WORDS if term not in ("partial", "quarantine", "open", "lost"))
