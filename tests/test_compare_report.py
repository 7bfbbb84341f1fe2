"""What a comparison leaves behind: report, CSV, terminal, command line. No text of a user acts anywhere."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import html.parser
import json
import math
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _browser
import pytest
from _runs import batch, columns, row

import jitopt
from jitopt.cli import main
from jitopt.comparing.csv_files import csv_text
from jitopt.comparing.definitions import DEFINITIONS
from jitopt.comparing.figures import figure_data, label
from jitopt.comparing.report import _script, html_text
from jitopt.comparing.terminal import terminal_text
from jitopt.errors import InputError, JitoptError

EVIL = (
    "<b>bold</b>",
    "</script><script>window.broken=1</script>",
    "{{7*7}}{% if 1 %}",
    "javascript:window.broken=1",
    '"><img src=x onerror=window.broken=1>',
    "<a href='https://example.org'>x</a>&lt;%{x}",
)


@pytest.fixture(scope="module")
def evil() -> jitopt.VariantComparison:
    """A comparison in which everything that has a name has a nasty one."""
    rows = batch(5, instances=3, variants=EVIL[:3], problem=EVIL[3], family=EVIL[4])
    rows = [{**one, "instance": f"{one['instance']} {EVIL[5]}"} for one in rows]
    rows += [{**one, "variant": f"{one['variant']} + {EVIL[4]}", "start": EVIL[4]} for one in rows
             if one["variant"] == EVIL[0]]  # fmt: skip
    rows += [row(problem=EVIL[3], family=EVIL[4], instance=EVIL[0], variant=v, status="failed", message=EVIL[1])
             for v in EVIL[:3]]  # fmt: skip
    rows += [row(problem=EVIL[3], family=EVIL[4], instance="contradicted", variant=v, objective=value)
             for v, value in zip(EVIL[:3], (1, 1, 2), strict=True)]  # fmt: skip
    runs = [{"ended": None, "manifest": {"machine": {EVIL[0]: EVIL[1]}}}]
    store = SimpleNamespace(columns=lambda trajectories: columns(rows), runs=lambda: runs)
    return jitopt.compare(store, resamples=100)


class Page(html.parser.HTMLParser):
    """The elements, texts and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)


@pytest.fixture(scope="module")
def page(evil) -> Page:
    return Page(html_text(evil))


def test_names_stand_in_the_page_as_text(page):
    text = "\n".join(page.texts)
    for name in EVIL:
        assert name in text
    names = {tag for tag, _ in page.tags}
    assert "img" not in names and "b" not in names and "iframe" not in names
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes


def test_the_policy_lets_these_scripts_run_and_nothing_else(page):
    policy = next(a["content"] or "" for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    executed = [s for s, (_, a) in zip(page.scripts, (t for t in page.tags if t[0] == "script"), strict=True)
                if a.get("type") != "application/json"]  # fmt: skip
    hashes = {"sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in executed}
    assert len(executed) == 2 and set(re.findall(r"'(sha256-[^']+)'", policy)) == hashes
    assert re.sub(r"'sha256-[^']+'", "HASH", policy) == (
        "default-src 'none'; script-src HASH HASH; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_no_script_ends_its_element():
    assert _script("a='</script><b>'\r\n") == "a='<\\/script><b>'\n"


def test_the_figures_are_figures_and_their_data_cannot_leave_the_element(evil, page):
    import plotly.graph_objects as go

    data = next(s for s in page.scripts if s.lstrip().startswith("{"))
    assert "<" not in data and json.loads(data) == json.loads(json.dumps(figure_data(evil)))
    for group in figure_data(evil)["groups"]:
        for figure in (*group["profiles"].values(), *group["pairs"]):
            go.Figure(data=figure["data"], layout=figure["layout"])
            for trace in figure["data"]:
                assert "<" not in trace.get("name", "")
    assert label("<b>&amp;") == "&lt;b&gt;&amp;amp;" and len(label("x" * 500)) <= 60


def test_one_variant_alone_is_seen():
    """It is its own fastest on every instance: its performance profile is a point, of which no line can be drawn."""
    study = jitopt.compare(columns(batch(1, variants=("alone",))))
    [trace] = [t for t in figure_data(study)["groups"][0]["profiles"]["performance"]["data"] if "name" in t]
    assert len(trace["x"]) == 1 and trace["mode"] == "markers"


def test_everything_is_in_the_report(evil, page):
    text = " ".join("\n".join(page.texts).split())
    for definition in DEFINITIONS:
        assert definition.name in text and " ".join(definition.source.split()) in text
    for word in ("Contradictions", "How the runs ended", "Time to a proof", "Variants two by two", "warm start",
                 "Profiles", "Trajectories", "refuted optimum", "resamples", "machine", "numpy "):  # fmt: skip
        assert word in text, word
    headings = [tag for tag, _ in page.tags if tag in ("h1", "h2")]
    assert headings[0] == "h1" and headings.count("h1") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}
    for tag, attributes in page.tags:
        assert tag != "th" or attributes.get("scope") in ("col", "row")


def test_contradictions_stand_first(evil, page):
    heads = [a["id"] for tag, a in page.tags if tag == "h2" and a.get("id")]
    assert heads[0] == "contradictions"
    text = "\n".join(page.texts)
    assert 0 < text.index("refuted optimum") < text.index("intervals and tests say little")
    told = terminal_text(evil, width=250)
    assert 0 < told.index("refuted optimum") < told.index("note: ")


def test_a_report_is_whole_or_not_at_all(evil, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JitoptError, match="No space left"):
        evil.write_html(path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["r.html"]
    with pytest.raises(InputError, match="folder does not exist"):
        evil.write_html(tmp_path / "no" / "r.html")


def test_csv_is_no_formula():
    table: dict[str, list[Any]] = {
        "text": ["=1+1", " @x", "\t=a", "+3", "-1", "ok", "\uff1d1", None],
        "n": [-1.0, math.inf, 0.1, 1e20, -0.5, 2, True, None],
    }
    rows = list(csv.reader(csv_text(table).splitlines(keepends=True)))
    assert [one[0] for one in rows[1:]] == ["'=1+1", "' @x", "'\t=a", "'+3", "'-1", "ok", "'\uff1d1", ""]
    assert [one[1] for one in rows[1:]] == ["-1", "inf", "0.1", "1e+20", "-0.5", "2", "true", ""]


def test_csv_files_hold_the_tables(evil, tmp_path):
    empty = {name for name, table in evil.tables.items() if not table}
    (tmp_path / "new" / "folder").mkdir(parents=True)
    for name in empty:
        (tmp_path / "new" / "folder" / f"{name}.csv").write_text("of an earlier comparison\n")
    paths = evil.write_csv(tmp_path / "new" / "folder")
    assert {Path(path).stem for path in paths} == set(evil.tables) - empty
    assert {path.stem for path in (tmp_path / "new" / "folder").iterdir()} == set(evil.tables) - empty
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        table = evil.tables[Path(path).stem]
        assert len(rows) == len(next(iter(table.values()), []))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        evil.write_csv(blocked / "x")


def test_a_table_without_rows_makes_no_file(tmp_path):
    """Nor does what an earlier comparison left under its name stay."""
    told = jitopt.compare(columns([row(instance="x", variant="auto")]), resamples=100)
    empty = {name for name, table in told.tables.items() if not table}
    for name in told.tables:
        (tmp_path / f"{name}.csv").write_text("of an earlier comparison\n")
    told.write_csv(tmp_path)
    assert empty and {path.stem for path in tmp_path.iterdir()} == set(told.tables) - empty


def test_terminal_shows_names_as_they_are():
    rows = batch(2, instances=2, variants=("[red]a[/red]", "b\x1b[31m\n\u202e"))
    text = terminal_text(jitopt.compare(columns(rows), resamples=100), width=300)
    assert "[red]a[/red]" in text and "b\\x1b[31m\\x0a\\x202e" in text and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 300
    narrow = terminal_text(jitopt.compare(columns(rows), resamples=100), width=300, ascii_only=True)
    assert narrow.isascii()


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path, monkeypatch) -> str:
    """A store by path: what `jitopt.batching` opens, made up."""
    rows = [*batch(7, instances=3, variants=("auto", "cpsat")), row(instance="x", variant="auto", objective=2.0),
            row(instance="x", variant="cpsat", objective=1.0)]  # fmt: skip
    real = jitopt.Store

    class Store:
        @classmethod
        @contextlib.contextmanager
        def open(cls, path: str) -> Any:
            if not Path(path).exists():
                real.open(path).close()  # which refuses it
            yield SimpleNamespace(columns=lambda trajectories: columns(rows))

    monkeypatch.setitem(sys.modules, "jitopt.batching.store", SimpleNamespace(Store=Store))
    path = tmp_path / "night.store"
    path.write_text("")
    return str(path)


def test_command_writes_all_it_is_asked_for(store, tmp_path, capsys):
    report, folder = tmp_path / "r.html", tmp_path / "csv"
    words = ["compare", store, "-o", str(report), "--csv", str(folder), "--reference", "cpsat", "--shift", "10",
             "--gap-tolerance", "0.001", "--resamples", "100", "--by", "problem"]  # fmt: skip
    assert main(words) == 0
    told = capsys.readouterr()
    assert "Contradictions" in told.out and "Time to a proof" in told.out and "written: " in told.out
    assert "contradictions: some results cannot be true" in told.err
    assert report.stat().st_size > 1_000_000 and (folder / "times.csv").exists()


def test_command_as_json(store, capsys):
    assert main(["compare", store, "--json", "--resamples", "100", "--variants", "auto; cpsat"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["format"] == "jitopt-compare/1" and data["settings"]["shift"] == 1.0
    assert {one["variant"] for one in data["times"]} == {"auto", "cpsat", "(virtual best)"}
    assert [one["kind"] for one in data["contradictions"]] == ["refuted optimum"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no.store"], "there is no such store"),
        (["STORE", "-o", "x.pdf"], "ends in .html"),
        (["STORE", "-o", "no/x.html"], "folder does not exist"),
        (["STORE", "--by", "colour"], "unknown column"),
        (["STORE", "--reference", "z"], "no such variant"),
        (["STORE", "--shift", "-1"], "at least 0"),
        (["STORE", "--resamples", "1"], "at least 100"),
    ],
)
def test_command_refuses_in_one_message(store, words, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *(store if word == "STORE" else word for word in words)]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


# --- a real browser -------------------------------------------------------------------------------


@pytest.mark.skipif(_browser.find() is None, reason="no Chromium is installed")
def test_the_report_opens_offline_in_a_browser(evil, tmp_path):
    path = tmp_path / "report.html"
    evil.write_html(path)
    browser = _browser.Browser(str(_browser.find()), tmp_path / "profile")
    try:
        browser.open(path)
        drawn = "[...document.querySelectorAll('.plot')].filter(p => p.querySelector('svg.main-svg')).length"
        assert browser.evaluate(drawn) == 5
        names = browser.evaluate("[...document.querySelectorAll('.legendtext')].map(t => t.textContent)")
        assert {EVIL[0], EVIL[1], EVIL[2]} <= set(names)
        for choice in ("group", "pair", "instance"):
            browser.evaluate(
                f"(() => {{ const s = document.getElementById('{choice}'); s.selectedIndex = s.options.length - 1;"
                "s.dispatchEvent(new Event('change')); })()"
            )
        assert "/ i2 <a href" in browser.evaluate("document.getElementById('trajectory-note').textContent")
        sorted_by = (
            "(() => { const t = document.querySelector('#times').parentElement.querySelector('table');"
            "const c = [...t.tHead.rows[0].cells].findIndex(h => h.textContent === 'PAR-10');"
            "t.tHead.rows[0].cells[c].querySelector('button').click();"
            "return [...t.tBodies[0].rows].map(r => Number(r.cells[c].dataset.key)); })()"
        )
        rising, falling = browser.evaluate(sorted_by), browser.evaluate(sorted_by)
        assert rising == sorted(rising) and falling == rising[::-1] and len(set(rising)) > 1
        assert browser.evaluate("typeof window.broken") == "undefined"
        assert browser.complaints == []
        assert [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        assert any(url.startswith("file:") for url in browser.requests)
        # The policy itself: had a name become a script, it would not have run.
        browser.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'broken=1'}))")
        assert browser.evaluate("typeof window.broken") == "undefined" and browser.complaints
    finally:
        browser.close()


# --- the page -------------------------------------------------------------------------------------

DOCS = Path(__file__).parent.parent / "docs" / "compare.md"


@pytest.mark.skipif(not DOCS.exists(), reason="not in a source tree")
def test_the_page_defines_what_the_report_defines():
    """Every measure, formula and source of the code stands on the page, and every source in its references."""
    text = DOCS.read_text(encoding="utf-8").replace("\\|", "|")
    references = text.split("## References")[1].split("## Tables")[0]
    for definition in DEFINITIONS:
        line = (definition.name, definition.symbol, definition.formula, definition.meaning, definition.source)
        assert "| " + " | ".join(line) + " |" in text, definition.name
        for author, year in re.findall(r"([A-Z]\w+)[^();]*\((\d{4})\)", definition.source):
            assert re.search(rf"{author}.*\({year}\)", references), (author, year)


@pytest.mark.skipif(not DOCS.exists(), reason="not in a source tree")
def test_the_page_runs_and_names_every_table_and_column(evil):
    text = DOCS.read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], "docs/compare.md", "exec"), space)
    assert space["told"].tables["times"]["sgm"][0] == pytest.approx(3.0)
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text.split("## Tables")[1], re.MULTILINE))
    assert set(rows) == set(evil.tables)
    known = {
        "problem",
        "family",
        "time_limit",
        "pairs",
        "instances",
        "method",
        "variant",
        "start",
        *evil.tables["counts"],
    }
    for name, table in evil.tables.items():
        for column in table if name != "runs" else ():
            stem = re.sub(r"_(low|high|median|instances|with|without|change)$", "", column)
            # The columns of starts that are those of pairs are not told twice.
            told = rows[name] + (rows["pairs"] if name == "starts" else "")
            assert column in known or f"`{column}`" in told or f"`{stem}`" in told, (name, column)
