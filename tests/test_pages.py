"""What the pages show is run: examples are solved to the values told, Python is executed, tables are complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.arguments import rule_names
from jitopt.cli.judging import explain as explain_command
from jitopt.formats.descriptions import DESCRIPTIONS
from jitopt.problems import PROBLEMS, instance_type
from jitopt.problems.base import Known, Strict
from jitopt.problems.wording import class_in

DOCS = Path(__file__).parent.parent / "docs"

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="not in a source tree")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """Return page, JSON and the words behind it of every instance with an optimum on a page of a problem."""
    found = []
    for problem in PROBLEMS:
        page = DOCS / "problems" / f"{problem}.md"
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for match in re.finditer(r"```json\n(.*?)```(.*?)(?=```json|\Z)", text, re.DOTALL):
            found.append((problem, match[1], match[2]))
    return found


EXAMPLES = examples()


def test_every_problem_has_an_example() -> None:
    assert [problem for problem, _, _ in EXAMPLES] == [
        *["delivery", "delivery", "heijunka", "heijunka", "heijunka", "heijunka", "heijunka"],
        *["kanban", "kanban", "kanban", "kanban", "sourcing"],
    ]


@pytest.mark.parametrize(("problem", "text", "told"), EXAMPLES, ids=lambda value: value[:12].split("\n")[0])
def test_the_example_has_the_optimum_that_is_told(problem: str, text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "example.json"
    path.write_text(text, encoding="utf-8")
    instance = jitopt.read(path, problem=problem)
    result = jitopt.solve(instance, time_limit=60)
    found = re.search(r"Optimal, objective ([0-9.]+[0-9]): (.*?)\.\n", told, re.DOTALL)
    assert found is not None
    assert result.status == "optimal"
    assert result.objective == pytest.approx(float(found[1]), rel=1e-9)
    shown = {name: float(value) for name, value in (pair.split() for pair in found[2].split(","))}
    assert sum(shown.values()) == pytest.approx(float(found[1]), rel=1e-9)
    assert set(shown) == set(result.terms)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_field_has_its_row(problem: str) -> None:
    """Each field of the instance stands in the table, with its unit and its default."""
    text = (DOCS / "problems" / f"{problem}.md").read_text(encoding="utf-8")
    found = re.finditer(r"^\| \**`([\w.]+)`\** \|.*$", text.split("## The objective")[0], re.MULTILINE)
    rows = {match[1]: [cell.strip() for cell in match[0].split("|")[1:]] for match in found}
    words = DESCRIPTIONS[problem]

    def walk(model: type[Any], prefix: str) -> None:
        for name, field in model.model_fields.items():
            row = rows[prefix + name]
            inner = class_in(field.annotation)
            if inner is not None and issubclass(inner, Strict) and inner is not Known:
                walk(inner, f"{prefix}{name}.")
            else:
                assert row[2] == words[model.__name__][name][1], f"unit of {prefix}{name}"
                assert (row[3] == "required") == (field.is_required() or name == "problem"), (
                    f"default of {prefix}{name}"
                )

    walk(instance_type(problem), "")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_rule_is_on_the_page(problem: str) -> None:
    text = (DOCS / "problems" / f"{problem}.md").read_text(encoding="utf-8")
    for name in rule_names(problem):
        assert f"`{name}`" in text


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_examples_show_nearly_every_field(problem: str) -> None:
    shown = {key for kind, example, _ in EXAMPLES if kind == problem for key in json.loads(example)}
    left = set(instance_type(problem).model_fields) - shown
    # Lines have a page of their own, whose examples are judged in test_kanban_lines.
    assert left <= {"source", "known", "changeovers", "suppliers_at_least", "line", "objective"}, left


def test_the_price_breaks_of_the_page() -> None:
    values = {}
    for kind in ("all_units", "incremental"):
        instance = jitopt.from_tables(
            "sourcing",
            {
                "suppliers": {"supplier": ["S"]},
                "parts": {"part": ["p"], "period": [1], "demand": [250]},
                "quotes": {"supplier": ["S"], "part": ["p"], "price": [2]},
                "discounts": {
                    "supplier": ["S", "S"],
                    "part": ["p", "p"],
                    "from_quantity": [100, 200],
                    "factor": [0.95, 0.9],
                    "kind": [kind, kind],
                },
            },
        )
        order: Any = {"supplier": "S", "part": "p", "period": 1, "quantity": 250}
        values[kind] = jitopt.check(instance, {"orders": [order]}).objective
    assert values == {"all_units": 450, "incremental": 480}


def test_the_python_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, Any] = {"__name__": "page"}
    for block in blocks(DOCS / "python.md", "python"):
        exec(compile(block, "docs/python.md", "exec"), space)
    told = capsys.readouterr().out
    assert "raise the capacity of S1 by 5 in a period 15.0" in told
    assert "['optimal', 'optimal']" in told


def test_the_page_of_instances_runs(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, Any] = {"__name__": "page"}
    for block in blocks(DOCS / "instances.md", "python"):
        exec(compile(block, "docs/instances.md", "exec"), space)
    assert capsys.readouterr().out.endswith("15.55 best known 15.55\n")
    assert set(space["still_open"]) < set(space["frame"]["name"])


def test_the_python_page_names_everything_public() -> None:
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    types = {"Delivery", "Heijunka", "Sourcing", "Instance", "Plan", "Violation"}
    for name in set(jitopt.__all__) - types:
        assert re.search(rf"\b{name}\b", text), name
    for kind in (jitopt.Result, jitopt.Explanation, jitopt.Comparison, jitopt.StartReceipt):
        for field in kind.__dataclass_fields__:
            known = field in ("problem", "instance_name", "instance_sha256")
            assert known or f"`{field}`" in text, f"{kind.__name__}.{field}"


def test_the_help_of_explain_is_on_the_page() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for word in ("position=3", "bucket=3", "supplier=S2", "quantity=50"):
        assert word in text and word in (explain_command.__doc__ or "")


def test_the_way_from_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = next(block for block in blocks(DOCS / "formats.md", "python") if "read_csv" in block)
    (tmp_path / "suppliers.csv").write_text("supplier,capacity\n1,10\n2,\n")
    (tmp_path / "parts.csv").write_text("part,period,demand\n007,1,12\n")
    (tmp_path / "quotes.csv").write_text("supplier,part,price\n1,007,1.5\n2,007,2\n")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/formats.md", "exec"), {})
    instance = jitopt.read("plant7.json")
    assert isinstance(instance, jitopt.Sourcing)
    assert instance.suppliers.capacity == (10, None)
    assert ("2", "007") in instance.links
