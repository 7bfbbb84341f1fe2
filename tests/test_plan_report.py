"""What `jitopt plan` says and leaves: reasons on the terminal, warnings, cards, tables, after an interrupt."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jitopt.cli import main
from jitopt.formats.csv_text import guarded, guarded_csv, unguarded
from jitopt.planning.indicators import Limit
from jitopt.problems.figures import filled, rounded

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

pytestmark = pytest.mark.skipif(not PLANTS.exists(), reason="not in a source tree")

NASTY = "=1+1</script><img src=x onerror=alert(1)>"


def command(plant: Path, folder: Path, *more: str) -> int:
    return main(["plan", str(plant), "-o", str(folder), "--time-limit", "300", *more])


def edit(folder: Path, table: str, old: str, new: str) -> None:
    file = folder / f"{table}.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PLANTS / "lamps", tmp_path / "lamps"))


# --- what is in the way -----------------------------------------------------------------------------


def test_a_rack_too_small_is_told_on_the_terminal(lamps, tmp_path, capsys):
    """25 positions hold the parts at their best frequencies, 10 do not: limit, needs, parts, way out, its unit."""
    edit(lamps, "racks", "shelf,25", "shelf,10")
    assert command(lamps, tmp_path / "out") == 3
    told = capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "plan.json").read_text())
    (limit,) = [found for found in data["obstacles"] if found["name"] == "shelf"]
    assert (limit["kind"], limit["available"], limit["unit"]) == ("rack", 10.0, "positions")
    assert limit["needed_at_least"] == sum(row["positions"] for row in limit["needs"]) > 10
    assert f"rack shelf has 10 positions, its users need at least {limit['needed_at_least']:.0f}" in told
    positions = [row["positions"] for row in limit["needs"]]
    assert positions == sorted(positions, reverse=True)
    first = limit["needs"][0]
    assert re.search(rf"^{first['part']} +{first['supplier']} .* {first['positions']}$", told, re.MULTILINE)
    assert re.search(r"make room for \d+ more containers? in rack shelf \(cost [\d.]+ % of the limit\)", told)
    assert "no money" in told and "no money" in (tmp_path / "out" / "summary.md").read_text()


def test_a_dock_with_too_few_slots_is_told_on_the_terminal(lamps, tmp_path, capsys):
    edit(lamps, "docks", "gate,3", "gate,0.1")
    assert command(lamps, tmp_path / "out") == 3
    told = capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "plan.json").read_text())
    (limit,) = [found for found in data["obstacles"] if found["kind"] == "dock"]
    assert (limit["kind"], limit["name"], limit["available"]) == ("dock", "gate", 0.1)
    runs = [row["deliveries a day"] for row in limit["needs"]]
    assert limit["needed_at_least"] == pytest.approx(sum(runs)) and limit["needed_at_least"] > 0.1
    assert "dock gate has 0.1 deliveries a day" in told and limit["needs"][0]["suppliers"] in told
    assert "Dock gate has 0.1 deliveries a day" in (tmp_path / "out" / "summary.md").read_text()


def test_a_budget_of_cards_that_is_too_small_names_the_parts(lamps, tmp_path, capsys):
    with (lamps / "costs.csv").open("a") as file:
        file.write("card_budget,3\n")
    assert command(lamps, tmp_path / "out") == 3
    limit = json.loads((tmp_path / "out" / "plan.json").read_text())["obstacles"][0]
    assert (limit["step"], limit["name"], limit["available"]) == ("delivery", "cards", 3.0)
    assert limit["needed_at_least"] == sum(row["takes"] for row in limit["needs"])
    told = capsys.readouterr().out
    assert limit["needs"][0]["part"] in told and "more cards in the plant (costs: card_budget)" in told


def test_an_overloaded_line_is_a_warning_everywhere_and_no_failure(lamps, tmp_path, capsys):
    """15 -> 25 minutes a head on 450 minutes: 20 heads take 500. A plan is written: exit 0."""
    edit(lamps, "routings", "heads,15,0", "heads,25,0")
    assert command(lamps, tmp_path / "out") == 0
    wanted = "line heads has more work than minutes (111.1 %): 50 minutes a day are missing"
    assert f"warning: {wanted}" in capsys.readouterr().out
    assert f"**Warning:** {wanted}" in (tmp_path / "out" / "summary.md").read_text()
    assert command(lamps, tmp_path / "out", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["status"] == "planned" and len(data["notes"]) == 1 and wanted in data["notes"][0]
    assert {row["line"]: row["minutes_short"] for row in data["lines"]}["heads"] == 50


def test_a_limit_is_tight_when_the_smallest_step_no_longer_fits():
    def rack(used: int, capacity: int, step: int) -> bool:
        return Limit("rack", "r", Fraction(used), Fraction(capacity), "positions", Fraction(step)).tight

    assert rack(519, 520, 4) and rack(519, 520, 1) and rack(97, 100, 4) and rack(10, 10, 0)
    assert not rack(96, 100, 4) and not rack(98, 100, 1)


def test_numbers_in_words():
    assert [rounded(value, 2) for value in (1000.0, 99.9, 0.0123, 0, 1.0)] == ["1000", "100", "0.012", "0", "1"]
    assert rounded(Fraction(10**9), 3) == "1000000000"
    assert filled("allow {amount changed card} more", "1") == "allow 1 changed card more"
    assert filled("allow {amount card} more of x", "2") == "allow 2 cards more of x"
    assert filled("raise it by {amount}", "1.5") == "raise it by 1.5"


# --- cards and tables ---------------------------------------------------------------------------------


class _Cards(HTMLParser):
    """Tags and the text of each card, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.cards: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag == "article":
            self.cards.append("")

    def handle_data(self, data):
        if self.cards:
            self.cards[-1] += data + "\n"


def assert_usage(folder: Path) -> None:
    """Every unit of the day's sequence takes its parts, parts of parts among them, from the suppliers of the awards."""
    takes = {"desk": {"screw": 4, "spring": 2}, "floor": {"screw": 6, "spring": 2}}
    (usage,) = [file for file in folder.glob("usage-heijunka-assembly*.csv")]
    (sequence,) = [file for file in folder.glob("heijunka-assembly*.csv")]
    units = [row["product"] for row in csv.DictReader(sequence.read_text().splitlines())]
    rows = list(csv.DictReader(usage.read_text().splitlines()))
    for part in ("screw", "spring"):
        told = sum(float(row["quantity"]) for row in rows if row["part"] == part)
        assert told == pytest.approx(sum(takes[unit][part] for unit in units))
    awards = {
        (row["supplier"], row["part"]) for row in csv.DictReader((folder / "sourcing.csv").read_text().splitlines())
    }
    assert {(row["supplier"], row["part"]) for row in rows} <= awards


def test_cards_tell_what_a_card_tells_and_names_stay_text(lamps, tmp_path):
    for table in ("parts", "quotes", "bill", "loops"):
        edit(lamps, table, "switch", NASTY)
    assert command(lamps, tmp_path / "out") == 0
    page = _Cards()
    page.feed((tmp_path / "out" / "cards.html").read_text())
    assert not page.tags & {"script", "img", "iframe", "object"} and page.sources == ["data:,"]
    rows = list(csv.DictReader((tmp_path / "out" / "kanban.csv").read_text().splitlines()))
    assert len(page.cards) == sum(int(row["cards"]) for row in rows)
    names = [unguarded(row["part"]) for row in rows]
    assert NASTY in names
    assert_usage(tmp_path / "out")
    at = 0
    for row, name in zip(rows, names, strict=True):
        for number in range(1, int(row["cards"]) + 1):
            lines = page.cards[at].splitlines()
            at += 1
            assert {f"card {number} of {row['cards']}", name, unguarded(row["loop"]), row["container"]} <= set(lines)
            assert {row["from"], row["to"], row["quantity"], row["released"]} <= set(lines)
            assert row["rack"] in lines or not row["rack"]
            assert "lead time" in lines
    loop = next(row for row in rows if row["part"] == "base")
    assert (loop["lead_time"], loop["interval"], loop["cycle"]) == ("2", "2", "2-1-1")


def test_no_text_of_a_table_acts_in_a_spreadsheet_and_all_comes_back():
    texts = ["=1+1", "+1", "-1", "@x", "'=1", "''=1", " =1", "\uff1d1", "'plain", "plain", "a=b", "", "2-1-1"]
    for text in texts:
        assert unguarded(guarded(text)) == text
        assert not guarded(text).lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
    assert guarded("plain") == "plain" and guarded("'plain") == "'plain"
    read = list(csv.DictReader(guarded_csv({"a": texts, "b": [-1.5] * len(texts)}).splitlines()))
    assert [unguarded(row["a"]) for row in read] == texts and {row["b"] for row in read} == {"-1.5"}


# --- interrupted ----------------------------------------------------------------------------------------


def _cut(plant: Path, folder: Path, how: signal.Signals, between: bool = False) -> int:
    """Plan until a line is being levelled, or is about to be, send a signal, return the exit code."""
    words = [
        sys.executable,
        "-m",
        "jitopt.cli",
        "plan",
        str(plant),
        "-o",
        str(folder),
        "--work-limit",
        "2",
        "--progress",
    ]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        assert run.stderr is not None
        after = False
        for line in run.stderr:
            if (after and "objective" in line) or (between and line.startswith("kanban:")):
                os.kill(run.pid, how)
                break
            after = after or line.startswith("kanban:")
        run.stderr.read()
        return run.wait(30)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_what_was_decided_survives_an_interrupt_and_a_kill(tmp_path, capsys):
    """Ctrl-C before a line is levelled: 130, all that was decided is there; killed: whole files; then it goes on."""
    out = tmp_path / "out"
    assert _cut(PLANTS / "pumps", out, signal.SIGINT, between=True) == 130
    data = json.loads((out / "plan.json").read_text())
    assert data["status"] == "interrupted" and data["not_run"]
    assert all((out / f"{name}.csv").stat().st_size for name in ("sourcing", "delivery", "kanban"))
    assert "Interrupted" in (out / "summary.md").read_text()
    assert _cut(PLANTS / "pumps", out, signal.SIGKILL) == -signal.SIGKILL
    for file in out.glob("*.json"):
        json.loads(file.read_text())
    assert command(PLANTS / "pumps", out, "--work-limit", "2", "--json") == 0
    assert {"sourcing", "delivery", "kanban"} <= set(json.loads(capsys.readouterr().out)["reused"])
