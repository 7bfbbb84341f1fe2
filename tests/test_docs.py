"""The pages say what the code says: one page per method, the headings, the symbols, the README's commands."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
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
FORMULATIONS = [method for method in METHODS if method.kind == "formulation"]
MODELS = ROOT / "models"

pytestmark = pytest.mark.skipif(not (ROOT / "docs").exists(), reason="not in a source tree")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_has_its_page(method):
    page = ROOT / method.page
    assert method.page and page.exists(), f"{method.name} has no page {method.page}"
    text = page.read_text(encoding="utf-8")
    assert method.name in text


@pytest.mark.parametrize("method", FORMULATIONS, ids=lambda method: method.name)
def test_docstring_and_page_have_every_heading(method):
    """Sets, data, variables, objective, constraints and source stand in the file and on its page."""
    docstring = ast.get_docstring(ast.parse(Path(method.file).read_text(encoding="utf-8")))
    assert docstring is not None
    page = (ROOT / method.page).read_text(encoding="utf-8")
    for heading in HEADINGS:
        assert re.search(rf"^{heading}\n-+$", docstring, re.MULTILINE), f"{method.file} lacks {heading}"
        assert re.search(rf"^#+ {heading}\b", page, re.MULTILINE), f"{method.page} lacks {heading}"


@pytest.mark.parametrize("method", FORMULATIONS, ids=lambda method: method.name)
def test_every_table_of_the_problem_is_on_the_page(method):
    """A page says which symbol each table of the instance provides, by the names the code has."""
    page = (ROOT / method.page).read_text(encoding="utf-8")
    fields = instance_type(method.problem).TABLES  # type: ignore[attr-defined]
    for table in fields:
        assert f"`{table}" in page, f"{method.page} does not speak of the table {table}"


# --- the symbols of the pages against the models --------------------------------------------------


def section(method: jitopt.Method, heading: str) -> str:
    """Return the text of a section of the method's page."""
    text = (ROOT / method.page).read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{method.page} has no section {heading}"
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of every table in the text, without the heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [number for number, row in enumerate(rows) if set("".join(row)) <= set("-: ")]
    return [row for number, row in enumerate(rows) if number not in rules and number + 1 not in rules]


def symbols(cell: str) -> set[str]:
    """Return the symbols of a cell: "y_lt, w_l, z_s binary" has three."""
    return {word for word in re.split(r"[,\s]+", cell) if re.fullmatch(r"[A-Za-z]\w*", word)} - {"binary", "integer"}


def named(method: jitopt.Method) -> dict[str, tuple[str, set[str]]]:
    """Return kind and symbols of every name in the page's table of names."""
    rows = rows_of(section(method, "Names in the model"))
    assert len({row[0] for row in rows}) == len(rows), "a name stands in two rows"
    return {row[0].strip("`"): (row[1], symbols(row[2])) for row in rows}


COMPONENTS = """
import json, re, sys
import jitopt
from jitopt.errors import NotApplicableError
from jitopt.generators import random_small
from jitopt.generators.kanban_line import random_small_line
from jitopt.generators.small_box import random_small_box

method = jitopt.method(sys.argv[1])
kinds = {"Var": "variable", "Constraint": "constraint", "Objective": "objective", "Set": "set", "RangeSet": "set"}
found = {}
instances = [random_small(method.problem, seed) for seed in range(60)]
if method.problem == "heijunka":
    instances += [random_small_box(seed) for seed in range(12)]
if method.problem == "kanban":
    instances += [random_small_line(seed, parts=12) for seed in range(8)]
for instance in instances:
    for elastic in (None, {(rule.name, rule.members): 1.0 for rule in instance.rules()}):
        try:
            model = method.load().build(instance, elastic)
        except NotApplicableError:
            continue
        for part in model.component_objects():
            found[re.sub(r"_[0-9]+$", "_*", part.name)] = kinds[part.ctype.__name__.removeprefix("Scalar")]
print(json.dumps(found))
"""


def built(method: jitopt.Method) -> dict[str, str]:
    """Return the kind of every component in the built models: a mixture of all features, plain and elastic."""
    code = [sys.executable, "-c", COMPONENTS, method.name]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


MAKERS = {"new_bool_var", "new_int_var", "add_variable", "add_binary_variable", "add_integer_variable"}


def made_in(file: Path) -> set[str]:
    """Return the names under which a source file makes the variables of a solver without names."""
    found: set[str] = set()
    makers = set(MAKERS)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else [node.target]
        inside = list(ast.walk(node.value))
        if makers & {word(n.func) for n in inside if isinstance(n, ast.Call)}:
            found.add(label(targets))
        elif makers & {word(n) for n in inside}:
            # A maker under another name: "packs = m.add_variable".
            makers.add(label(targets))
    return found


def word(node: ast.AST) -> str:
    """Return the last word of a name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def label(targets: list[ast.expr]) -> str:
    """Return `q` for `m.q[row, t]`, and for a name; what stands on the model goes first."""
    bare = [target.value if isinstance(target, ast.Subscript) else target for target in targets]
    on_model = [target.attr for target in bare if isinstance(target, ast.Attribute)]
    return (on_model or [target.id for target in bare if isinstance(target, ast.Name)])[0]


def sources(file: Path) -> set[Path]:
    """Return a file of models/ and all files of models/ that it imports, and so on."""
    found, waiting = set(), [file]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        for node in ast.walk(ast.parse(here.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                waiting.append(MODELS / f"{node.module}.py")
    return found


@pytest.mark.parametrize("method", FORMULATIONS, ids=lambda method: method.name)
def test_names_of_the_page_are_those_of_the_model(method):
    """Every name on the page exists in the model, as what the page says it is, and the other way round."""
    page = {name: kind for name, (kind, _) in named(method).items()}
    if method.technology == "pyomo":
        assert page == built(method)
    else:
        made = set().union(*(made_in(file) for file in sources(MODELS / Path(method.file).name)))
        assert page == dict.fromkeys(made, "variable")


@pytest.mark.parametrize("method", FORMULATIONS, ids=lambda method: method.name)
def test_symbols_of_variables_and_sets_have_a_name(method):
    """Every symbol of a variable on the page stands beside a name of the model; every column it cites exists."""
    have = set().union(*(found for _, found in named(method).values()))
    asked = set().union(*(symbols(row[0]) for row in rows_of(section(method, "Variables"))))
    assert asked and asked <= have, f"without a name in the model: {sorted(asked - have)}"
    known = {*asked, *(word for row in rows_of(section(method, "Data")) for word in symbols(row[0]))}
    known |= {word for row in rows_of(section(method, "Sets")) for word in symbols(row[0])}
    if method.technology == "pyomo":
        assert have <= known | {"s"}, f"symbols that no table explains: {sorted(have - known)}"


@pytest.mark.parametrize("method", FORMULATIONS, ids=lambda method: method.name)
def test_columns_of_the_page_exist(method):
    kind = instance_type(method.problem)
    for row in rows_of(section(method, "Data")):
        for place in re.findall(r"`([\w.]+)`", row[1]):
            table, _, column = place.partition(".")
            assert table in kind.model_fields, f"{method.page}: there is no {table}"
            annotation = kind.model_fields[table].annotation
            parts = [t for t in (annotation, *getattr(annotation, "__args__", ())) if hasattr(t, "model_fields")]
            assert not column or any(column in part.model_fields for part in parts), f"{method.page}: no {place}"


@pytest.mark.parametrize("file", sorted(MODELS.glob("_*.py")), ids=lambda file: file.stem)
def test_a_shared_file_says_whose_mathematics_it_holds(file):
    """Its docstring names the formulations it belongs to, and what of them it holds."""
    if file.stem == "__init__":
        return
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    users = [method for method in FORMULATIONS if file in sources(MODELS / Path(method.file).name)]
    assert users, f"{file.name} is used by no formulation"
    for method in users:
        assert f"`{method.name}`" in docstring, f"{file.name} does not say that it belongs to {method.name}"
    told = re.search(r"^Holds: .{20,}", docstring, re.MULTILINE)
    assert told, f"{file.name} does not say what it holds"


def test_every_file_of_models_is_a_formulation_or_shared():
    files = {file.name for file in MODELS.glob("*.py") if not file.name.startswith("_")}
    assert files == {Path(method.file).name for method in FORMULATIONS}


# --- words and links -----------------------------------------------------------------------------


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
