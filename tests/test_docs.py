"""The pages say what the code says: one page per method, the headings, the symbols, the README's commands."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

import jitopt
from jitopt.planning.cells import columns_of
from jitopt.planning.tables import COSTS, TABLES
from jitopt.problems import PROBLEMS, instance_type
from jitopt.problems.base import Table

ROOT = Path(__file__).parent.parent
HEADINGS = ("Sets", "Data", "Variables", "Objective", "Constraints", "Source")
METHODS = [method for method in jitopt.methods() if method.module.startswith("jitopt.")]

pytestmark = pytest.mark.skipif(not (ROOT / "docs").exists(), reason="not in a source tree")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_has_its_page(method):
    page = ROOT / method.page
    assert method.page and page.exists(), f"{method.name} has no page {method.page}"
    text = page.read_text(encoding="utf-8")
    assert method.name in text


@pytest.mark.parametrize("method", [m for m in METHODS if m.kind == "formulation"], ids=lambda method: method.name)
def test_docstring_and_page_have_every_heading(method):
    """Sets, data, variables, objective, constraints and source stand in the file and on its page."""
    docstring = ast.get_docstring(ast.parse(Path(method.file).read_text(encoding="utf-8")))
    assert docstring is not None
    page = (ROOT / method.page).read_text(encoding="utf-8")
    for heading in HEADINGS:
        assert re.search(rf"^{heading}\n-+$", docstring, re.MULTILINE), f"{method.file} lacks {heading}"
        assert re.search(rf"^#+ {heading}\b", page, re.MULTILINE), f"{method.page} lacks {heading}"


@pytest.mark.parametrize("method", [m for m in METHODS if m.kind == "formulation"], ids=lambda method: method.name)
def test_every_table_of_the_problem_is_on_the_page(method):
    """A page says which symbol each table of the instance provides, by the names the code has."""
    page = (ROOT / method.page).read_text(encoding="utf-8")
    fields = instance_type(method.problem).TABLES  # type: ignore[attr-defined]
    for table in fields:
        assert f"`{table}" in page, f"{method.page} does not speak of the table {table}"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_columns_are_described_where_they_are_defined(problem):
    """Every column of every table is named in its table's docstring, with its meaning."""
    kind = instance_type(problem)
    for name in kind.TABLES:  # type: ignore[attr-defined]
        annotation = kind.model_fields[name].annotation
        tables = [t for t in (annotation, *getattr(annotation, "__args__", ())) if isinstance(t, type)]
        table = next(t for t in tables if issubclass(t, Table))
        text = (table.__doc__ or "").lower()
        for column in table.model_fields:
            assert column in text, f"{table.__name__}.{column} is not described"


def test_formulation_files_are_printed_with_their_methods():
    for method in METHODS:
        assert Path(method.file).exists() and method.summary and method.source


def test_links_of_the_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_quick_start_has_two_commands_on_real_files():
    """Two fenced commands: one installs and plans a shipped plant, one installs and runs the tests."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## Quick start")[1].split("\n## ")[0]
    commands = [block.strip() for block in re.findall(r"```\n(.*?)```", text, re.DOTALL)]
    assert len(commands) == 2 and all("\n" not in command for command in commands)
    words = shlex.split(commands[0])
    assert jitopt.read_plant(ROOT / words[words.index("plan") + 1]).plant.parts.rows() >= 100
    assert commands[1].endswith(".venv/bin/pytest")


def test_every_table_of_a_plant_is_on_its_page():
    """Each table with each column and each cost stands in docs/plants.md, under the header of its file."""
    text = (ROOT / "docs" / "plants.md").read_text(encoding="utf-8")
    for table, kind in TABLES.items():
        part = text.split(f"### `{table}`")[1].split("\n#")[0]
        for header in columns_of(kind):
            assert f"| `{header}`" in part, f"{table}.{header}"
            assert (header.rstrip("_") + ":") in (kind.__doc__ or "").replace(",", ":"), f"{table}.{header}"
    assert all(f"| `{name}`" in text for name in COSTS)


def test_glossary_has_the_words_of_the_contract():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()
    for word in ("takt", "pitch", "epei", "incumbent", "bound", "gap", "start", "current", "formulation", "judge"):
        assert f"| {word}" in text, word
