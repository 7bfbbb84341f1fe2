"""Figures: the same text again, user text as it is, small files, and a clear word without the library."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError, JitoptError
from jitopt.problems.heijunka import Heijunka

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
NASTY = ["$x_1$ & <b>", "_hidden", "${]$", "日本"]


@pytest.fixture(scope="module")
def line() -> Heijunka:
    data = {
        "problem": "heijunka",
        "version": 1,
        "name": "x",
        "products": {"product": NASTY, "demand": [3, 2, 2, 1]},
        "bill": {"product": NASTY[:2], "part": ["<i>", "$\\frac$"], "quantity": [1, 2]},
        "objective": [{"term": "rate"}],
    }
    return Heijunka.parse(data)


SEQUENCE = [NASTY[row] for row in (0, 1, 2, 0, 3, 1, 2, 0)]


def words(svg: str) -> list[str]:
    return ["".join(found.itertext()).strip() for found in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("kind", ["production", "deviation", "box"])
def test_a_figure_is_the_same_again_and_shows_names_as_they_are(line: Heijunka, kind: str, tmp_path: Any) -> None:
    text = jitopt.figure(line, SEQUENCE, kind, tmp_path / "x.svg")
    assert text == jitopt.figure(line, SEQUENCE, kind) == (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert set(NASTY) <= set(words(text))
    assert "position in the sequence" in words(text)
    assert not re.search(r"\d{4}-\d\d-\d\d|<script|<image", text)


def test_usage_is_drawn_and_needs_a_bill(line: Heijunka) -> None:
    assert {"<i>", "$\\frac$"} <= set(words(jitopt.figure(line, SEQUENCE, "usage")))
    with pytest.raises(InputError, match="bill of material"):
        jitopt.figure(line.replace(bill=None), SEQUENCE, "usage")
    with pytest.raises(InputError, match="no such kind"):
        jitopt.figure(line, SEQUENCE, "pie")


def test_a_box_has_its_units_in_its_cells() -> None:
    data = {"problem": "heijunka", "version": 1, "name": "x", "products": {"product": ["A"], "demand": [7]},
            "objective": [{"term": "rate"}], "box": {"buckets": 2, "capacity": 4, "pitch": 20}}  # fmt: skip
    rows = [{"bucket": 1, "product": "A", "quantity": 4}, {"bucket": 2, "product": "A", "quantity": 3}]
    told = words(jitopt.figure(Heijunka.parse(data), {"buckets": rows}, "box"))
    assert {"4", "3", "A", "bucket of 20 minutes; units in each"} <= set(told)


def test_a_long_sequence_stays_a_small_file() -> None:
    data = {"problem": "heijunka", "version": 1, "name": "x", "objective": [{"term": "rate"}],
            "products": {"product": [f"P{n}" for n in range(40)], "demand": [500] * 40}}  # fmt: skip
    sequence = [f"P{n}" for n in range(40)] * 500
    assert len(jitopt.figure(Heijunka.parse(data), sequence, "deviation")) < 120_000
    with pytest.raises(InputError, match="filled cells"):
        jitopt.figure(Heijunka.parse(data), sequence, "box")


def test_without_the_library_it_says_what_to_install(
    line: Heijunka, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(JitoptError, match=r"pip install 'jitopt\[figures\]'"):
        jitopt.figure(line, SEQUENCE)
    jitopt.write(line, tmp_path / "line.json")
    (tmp_path / "seq.txt").write_text("\n".join(SEQUENCE), encoding="utf-8")
    files = [str(tmp_path / "line.json"), str(tmp_path / "seq.txt")]
    assert main(["figure", *files, "-o", str(tmp_path / "x.svg")]) != 0
    assert main(["figure", *files, "-o", str(tmp_path / "x.png")]) == 2
    assert "not installed" in capsys.readouterr().err


@pytest.mark.skipif(not FIGURES.exists(), reason="not in a source tree")
def test_the_figures_of_the_pages_are_there_and_small() -> None:
    drawn = {file.name for file in FIGURES.glob("*.svg")}
    pages = [page.read_text(encoding="utf-8") for page in FIGURES.parent.rglob("*.md")]
    used = {name for page in pages for name in re.findall(r"figures/(\w+\.svg)\)", page)}
    assert used == drawn
    for name in drawn:
        text = (FIGURES / name).read_text(encoding="utf-8")
        assert len(text) < 60_000
        ET.fromstring(text)
