"""The chain: a plant planned end to end, changed, repeated, skipped, explained."""

from __future__ import annotations

import json
import math
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.planning import analyse, read_plant
from jitopt.planning import plan as plan_plant
from jitopt.planning.chain import PlantPlan, run_chain
from jitopt.planning.numbers import told_down
from jitopt.planning.racks import rack_needs
from jitopt.planning.steps import Decisions
from jitopt.planning.store import slug

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

pytestmark = pytest.mark.skipif(not PLANTS.exists(), reason="not in a source tree")


PATIENT = 300.0
"""Seconds for a plan, so that a busy machine cuts nothing off."""


def plan(plant: object, folder: Path) -> PlantPlan:
    return plan_plant(plant, folder, time_limit=PATIENT)  # type: ignore[arg-type]


def command(plant: Path, folder: object, *more: str) -> int:
    return main(["plan", str(plant), "-o", str(folder), "--time-limit", str(PATIENT), *more])


def edit(folder: Path, table: str, old: str, new: str) -> None:
    file = folder / f"{table}.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PLANTS / "lamps", tmp_path / "lamps"))


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small plant, planned once."""
    folder = tmp_path_factory.mktemp("planned")
    found = plan(PLANTS / "lamps", folder)
    assert found.status == "planned" and not any(outcome.reused for outcome in found.outcomes)
    return folder


@pytest.fixture
def again(planned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planned, tmp_path / "out"))


# --- demand analysis ------------------------------------------------------------------------------


def test_needs_and_classes_by_hand():
    analysis = analyse(read_plant(PLANTS / "lamps").plant)
    need = {name: item.need for name, item in analysis.items.items()}
    assert need["screw"] == 4 * 12 + 6 * 8 and need["spring"] == 2 * 20 and need["head"] == 20 and need["pole"] == 16
    pole = analysis.items["pole"]
    assert pole.sd == pytest.approx(math.sqrt(2 * 2**2 / 5)) and pole.cover == Fraction(20, 16)
    assert analysis.lines["assembly"].work == 12 * 18 + 8 * 24 == 408
    assert analysis.lines["assembly"].epei == Fraction(10, 450 - 408)
    assert analysis.usage["screw", "assembly"] == 96 and ("socket", "assembly") not in analysis.usage


def test_a_lumpy_product_does_not_suit_pull():
    analysis = analyse(read_plant(PLANTS / "pumps").plant)
    lumpy = analysis.items["B15"]
    assert lumpy.xyz == "Z" and not lumpy.pull and "6 of 20 days" in lumpy.reasons[-1]
    assert analysis.items["C25"].pull and analysis.items["C25"].xyz == "X"


# --- the chain ------------------------------------------------------------------------------------


def test_every_step_is_checked_and_bounded(planned):
    data = json.loads((planned / "plan.json").read_text())
    assert [step["step"] for step in data["steps"]][:3] == ["sourcing", "delivery", "kanban"]
    for step in data["steps"]:
        assert step["checked"] and step["bound"] is not None and step["status"] in ("optimal", "feasible")
        assert main(["check", str(planned / step["instance"]), str(planned / step["result"])]) == 0
    for file in ("summary.md", "cards.html", "demand.csv", "sourcing.csv", "delivery.csv", "kanban.csv"):
        assert (planned / file).stat().st_size > 50


def test_cards_follow_the_cycle_by_hand(planned):
    """N = ceil(D (A (1 + C) / B + s) / Q): bases every other day, C = 1: 20 (4 + 0.5) / 10 = 9."""
    rows = [line.split(",") for line in (planned / "kanban.csv").read_text().splitlines()[1:]]
    cards = {row[1]: (int(row[7]), row[8]) for row in rows}
    assert cards["base"] == (9, "2-1-1") and cards["pole"] == (4, "2-1-1") and cards["shade"] == (5, "1-1-1")
    assert cards["head"] == (2, "")


def test_nothing_runs_twice(again):
    found = plan(PLANTS / "lamps", again)
    assert all(outcome.reused for outcome in found.outcomes)


def test_a_changed_price_runs_only_what_depends_on_it(lamps, again, tmp_path):
    edit(lamps, "quotes", "Form,cable,1.6", "Form,cable,1.55")
    told = plan(lamps, again)
    assert [outcome.name for outcome in told.outcomes if not outcome.reused] == ["sourcing"]
    edit(lamps, "quotes", "Form,cable,1.55", "Form,cable,1.2")
    told = plan(lamps, again)
    ran = {outcome.name for outcome in told.outcomes if not outcome.reused}
    assert {"sourcing", "delivery"} <= ran and not any(name.startswith("heijunka") for name in ran)
    plan(lamps, tmp_path / "clean")
    for file in (tmp_path / "clean").iterdir():
        if not file.name.endswith(".result.json") and file.name != "manifest.json":
            assert settled(file) == settled(again / file.name), file.name


def settled(file: Path) -> Any:
    """Return what a file says, bounds but for rounding: which road proves first is not settled."""
    if file.name != "plan.json":
        return file.read_text()
    told = json.loads(file.read_text())
    for step in told["steps"]:
        step["bound"], step["gap"] = round(step["bound"], 6), round(step["gap"], 9)
    return told


def test_a_changed_frequency_changes_cards(lamps, again):
    before = plan(PLANTS / "lamps", again)
    (lamps / "allowed.csv").write_text("supplier,frequency\nSteel,weekly\n")
    edit(lamps, "racks", "shelf,25", "shelf,60")
    after = plan(lamps, again)
    assert before.decisions.frequencies["Steel"] == "every other day"
    assert after.decisions.frequencies["Steel"] == "weekly"
    assert before.decisions.cards["base in"] == ("tray", 9)
    assert after.decisions.cards["base in"] == ("tray", math.ceil(20 * (5 * 2 + 0.5) / 10)) == ("tray", 21)


def test_the_positions_of_the_tutorial(lamps, planned):
    """The table of docs/tutorial.md: positions on the shelf at each frequency, by the counts of `rack_needs`."""
    awards = Decisions(awards=plan(PLANTS / "lamps", planned).decisions.awards)
    found: dict[str, list[int]] = {}
    for frequency in ("twice a day", "daily", "every other day", "weekly"):
        rows = "".join(f"{supplier},{frequency}\n" for supplier in ("Steel", "Volt", "Form"))
        (lamps / "allowed.csv").write_text("supplier,frequency\n" + rows)
        plant = read_plant(lamps).plant
        needs = rack_needs(plant, analyse(plant), awards, "shelf")
        for supplier in ("Steel", "Volt", "Form"):
            found.setdefault(supplier, []).append(sum(n.positions for n in needs if n.supplier == supplier))
    assert found == {"Steel": [11, 12, 15, 36], "Volt": [4, 5, 9, 21], "Form": [4, 5, 9, 21]}


def test_the_plant_of_realistic_size(tmp_path):
    """A bottleneck, a rack that binds, a supplier that is often late; every answer with a bound."""
    found = plan(PLANTS / "pumps", tmp_path / "out")
    assert found.status == "planned" and all(judged.feasible for judged in found.judged.values())
    assert all(outcome.result.bound is not None for outcome in found.outcomes)
    load = {line: float(told.load) for line, told in found.analysis.lines.items()}
    assert max(load, key=lambda line: load[line]) == "motors" and 0.95 < load["motors"] < 1
    summary = (tmp_path / "out" / "summary.md").read_text()
    assert "| Chipquelle | 0.78 | 7 |" in summary and "rack | heavy | 519 | 520" in summary
    assert not found.warnings


def test_a_file_that_was_touched_is_not_trusted(again):
    file = again / "kanban.result.json"
    file.write_text(file.read_text().replace('"cards": 9', '"cards": 8'))
    found = plan(PLANTS / "lamps", again)
    assert [outcome.name for outcome in found.outcomes if not outcome.reused] == ["kanban"]


def test_a_manifest_that_is_broken_counts_as_none(again):
    (again / "manifest.json").write_text("[]")
    assert not any(outcome.reused for outcome in plan(PLANTS / "lamps", again).outcomes)


# --- limits ---------------------------------------------------------------------------------------


def test_a_rack_one_position_too_small_is_explained(lamps, again, capsys):
    plant = read_plant(lamps).plant
    decisions = plan(plant, again).decisions
    needs = rack_needs(plant, analyse(plant), Decisions(awards=decisions.awards), "shelf")
    least = sum(need.positions for need in needs)
    edit(lamps, "racks", "shelf,25", f"shelf,{least - 1}")
    edit(lamps, "docks", "gate,3", "gate,9")
    assert command(lamps, again) == 3
    told = capsys.readouterr()
    assert "make room for 1 more container in rack shelf" in told.out
    summary = (again / "summary.md").read_text()
    assert f"has {least - 1} positions" in summary and f"need at least {least} positions:" in summary
    assert "| base | Steel |" in summary and not (again / "kanban.csv").exists()
    edit(lamps, "racks", f"shelf,{least - 1}", f"shelf,{least}")
    assert command(lamps, again, "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "planned"


def test_rack_needs_agree_with_the_judge(lamps, again):
    """At the frequencies of the plan, the table counts the cards that the judge of deliveries counts."""
    found = plan(lamps, again)
    (lamps / "allowed.csv").write_text(
        "supplier,frequency\n" + "".join(f"{s},{f}\n" for s, f in found.decisions.frequencies.items())
    )
    plant = read_plant(lamps).plant
    needs = {need.part: need.positions for need in rack_needs(plant, analyse(plant), found.decisions, "shelf")}
    assert needs == found.judged["delivery"].evidence["cards"]


def test_an_overloaded_line_is_told(lamps, tmp_path):
    edit(lamps, "routings", "heads,15,0", "heads,25,0")
    plan(lamps, tmp_path / "out")
    assert (
        "line heads has more work than minutes (111.1 %): 50 minutes a day are missing"
        in (tmp_path / "out" / "summary.md").read_text()
    )


def test_a_limit_that_is_over_ends_with_four(lamps, tmp_path, capsys, monkeypatch):
    """What could not be decided is named, and nothing is written as if it were."""
    monkeypatch.setattr("jitopt.cli.planning.WRITING", 0.0)
    monkeypatch.setattr("jitopt.cli.planning.clock.began", lambda: __import__("time").monotonic() - 100)
    assert main(["plan", str(lamps), "-o", str(tmp_path / "out"), "--time-limit", "60"]) == 4
    assert "Not decided: sourcing, delivery, kanban" in (tmp_path / "out" / "summary.md").read_text()
    assert "not decided: sourcing, delivery, kanban, " in (told := capsys.readouterr().out) and "--time-limit" in told
    assert not (tmp_path / "out" / "sourcing.csv").exists()


# --- the command ----------------------------------------------------------------------------------


def test_bad_tables_end_with_two_and_skipping_plans_the_rest(lamps, tmp_path, capsys):
    edit(lamps, "parts", "pole,2.5,20", "pole,2.5,-20")
    out = str(tmp_path / "out")
    assert command(lamps, out) == 2
    assert "parts.csv: row 3, column pack" in capsys.readouterr().err
    assert not Path(out).exists()
    assert command(lamps, out, "--skip-bad") == 0
    assert "left out" in capsys.readouterr().err
    summary = (tmp_path / "out" / "summary.md").read_text()
    assert "parts.csv, row 3" in summary and "loops.csv, row 3" in summary
    data = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert len(data["left_out"]) == 4 and data["status"] == "planned"


def test_the_tables_are_never_written_over(lamps):
    before = (lamps / "demand.csv").read_text()
    assert command(lamps, lamps / ".." / "lamps") == 2
    assert (lamps / "demand.csv").read_text() == before and not (lamps / "manifest.json").exists()


def test_user_text_is_shown_and_never_acts(lamps, tmp_path):
    for table in ("parts", "quotes", "bill", "loops"):
        file = lamps / f"{table}.csv"
        file.write_text(file.read_text().replace("switch", "<script>|*x*"))
    plan(lamps, tmp_path / "out")
    html = (tmp_path / "out" / "cards.html").read_text()
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "<script>" not in (tmp_path / "out" / "summary.md").read_text()


def test_progress_goes_to_standard_error(again, capsys):
    assert command(PLANTS / "lamps", again, "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["reused"][:2] == ["sourcing", "delivery"]
    assert "kanban: optimal, objective 3.85052, gap 0 %, unchanged" in told.err
    assert "sourcing" not in told.out.splitlines()[1:]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plan", "nowhere", "-o", "out"], 2),
        (["plan", str(PLANTS / "lamps")], 2),
        (["plan", str(PLANTS / "lamps"), "-o", "/dev/null/x"], 2),
        (["plan", str(PLANTS / "lamps"), "-o", "{out}", "--day", "99"], 2),
    ],
)
def test_wrong_usage_ends_with_two(arguments, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([argument.replace("{out}", str(tmp_path / "out")) for argument in arguments]) == code


# --- Python, generator, small things --------------------------------------------------------------


def test_the_python_face_takes_columns():
    data = read_plant(PLANTS / "lamps").plant.to_dict()
    found = run_chain(jitopt.Plant.parse(data), time_limit=PATIENT)
    assert found.status == "planned" and sum(found.decisions.awards.values()) == 8
    with pytest.raises(InputError, match="plan takes a plant"):
        jitopt.plan(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(2))
def test_generated_plants_have_a_plan(seed):
    plant = jitopt.generate_plant(seed=seed, size="small", service=0.5)
    assert plant.sha256() == jitopt.generate_plant(seed=seed, size="small", service=0.5).sha256()
    found = jitopt.plan(plant, work_limit=1.0, time_limit=PATIENT)
    assert found.status == "planned" and all(judged.feasible for judged in found.judged.values())


def test_generated_plants_come_in_sizes(tmp_path):
    assert main(["generate", "plant", "--parts", "40", "--seed", "3", "-o", str(tmp_path / "p")]) == 0
    assert len(read_plant(tmp_path / "p").plant.part) == 40
    with pytest.raises(InputError, match="size is one of"):
        jitopt.generate_plant(seed=1, size="tiny")
    with pytest.raises(InputError, match="no option"):
        jitopt.generate_plant(seed=1, colour=1)


def test_a_shared_part_has_a_loop_per_supplier(lamps, tmp_path):
    """A capacity below the need splits the award; shares, deliveries and cards follow it."""
    edit(lamps, "parts", "shade,3,10,tray,0.3,0.006,shelf,0.5,0.5", "shade,3,10,tray,0.3,0.006,shelf,0.5,0.5,2")
    edit(lamps, "parts", "safety,line_cost", "safety,line_cost,sources")
    edit(lamps, "quotes", "Form,shade,3,,,", "Form,shade,3,,15,")
    found = plan(lamps, tmp_path / "out")
    assert found.decisions.awards["Form", "shade"] == Fraction(3, 4)
    assert {"shade in (Form)", "shade in (Steel)"} <= set(found.decisions.cards)
    assert found.status == "planned"


def test_numbers_written_down_are_never_rounded_up():
    for number in (Fraction(1, 3), Fraction(2, 3), Fraction(100, 7), Fraction(5)):
        assert Fraction(str(told_down(number))) <= number
        assert float(number) == pytest.approx(told_down(number), rel=1e-15)


def test_file_names_are_plain_and_told_apart():
    names = ["heijunka a/b", "heijunka a-b", "heijunka a b", "heijunka ../x"]
    assert len({slug(name) for name in names}) == 4
    assert all("/" not in slug(name) and not slug(name).startswith(".") for name in names)


def test_what_is_taken_over_from_a_plant_of_another_name_still_passes_the_check(again, tmp_path):
    """A copy with a changed price, planned into the folder of the original."""
    copy = tmp_path / "copy"
    shutil.copytree(PLANTS / "lamps", copy)
    edit(copy, "quotes", "Form,cable,1.6", "Form,cable,1.55")
    told = plan(copy, again)
    assert any(outcome.reused for outcome in told.outcomes)
    for file in sorted(again.glob("*.instance.json")):
        result = again / file.name.replace("instance", "result")
        assert main(["check", str(file), str(result)]) == 0, file.name
