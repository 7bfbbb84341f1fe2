"""The command line: exit codes, messages, tables and files."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jitopt import api
from jitopt.cli import app, main, output
from jitopt.engine.explain import Explanation
from jitopt.engine.result import Progress, Result, StartReceipt
from jitopt.engine.why_not import Comparison
from jitopt.errors import JitoptError, UnknownMethodError
from jitopt.formats import read, read_result
from jitopt.generators import generate
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.sourcing import SourcingPlan

HEIJUNKA: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "x [bold]\u202e[31m",
    "products": {"product": ["A", "[red]", "é"], "demand": [1, 2, 1]},
    "objective": [{"term": "rate"}],
}
SOURCING: dict[str, Any] = {
    "problem": "sourcing",
    "version": 1,
    "name": "y",
    "suppliers": {"supplier": ["S1", "S2"], "capacity": [10, 20]},
    "parts": {"part": ["p", "q"], "period": [1, 1], "demand": [12, 5]},
    "quotes": {"supplier": ["S1", "S2", "S2"], "part": ["p", "p", "q"], "price": [1, 2, 3]},
}


@pytest.fixture
def heijunka(tmp_path: Path) -> str:
    path = tmp_path / "heijunka.json"
    path.write_text(json.dumps(HEIJUNKA))
    return str(path)


@pytest.fixture
def sourcing(tmp_path: Path) -> str:
    path = tmp_path / "sourcing.json"
    path.write_text(json.dumps(SOURCING))
    return str(path)


def fake_result(instance: Any, plan: Any = None, **changes: Any) -> Result[Any]:
    """Return what a solve could return for `plan`, or without one."""
    evaluation = instance.evaluate(plan) if plan is not None else None
    result: Result[Any] = Result(
        problem=instance.problem,
        instance_name=instance.name,
        instance_sha256=instance.sha256(),
        method="auto",
        status="feasible" if evaluation else "no_plan",
        stopped_by="time_limit",
        objective=evaluation.objective if evaluation else None,
        bound=None,
        gap=None,
        terms=evaluation.terms if evaluation else {},
        proof="none",
        plan=plan,
        seconds={"read": 0.0, "solve": 1.0, "total": 1.5},
    )
    return replace(result, **changes)


PLAN = HeijunkaPlan(sequence=("[red]", "A", "é", "[red]"))


def solving(monkeypatch: pytest.MonkeyPatch, plan: Any = None, **changes: Any) -> dict[str, Any]:
    """Let `solve` return a made-up result; the returned mapping holds what it was called with."""
    called: dict[str, Any] = {}

    def solve(instance: Any, **options: Any) -> Result[Any]:
        called.update(options)
        if options["progress"]:
            options["progress"](Progress(0.5, 2.0, None, "found"))
        return fake_result(instance, plan, **changes)

    monkeypatch.setattr(api, "solve", solve)
    return called


# --- bad input: one clear message, exit code 2, no traceback -----------------------------------


def changed(data: dict[str, Any], **changes: Any) -> str:
    return json.dumps(data | changes)


BAD = {
    "text in a number column": (
        changed(HEIJUNKA, products={"product": ["A"], "demand": ["abc"]}),
        ("/products/demand/0", "'abc'", "integer", "write a whole number"),
    ),
    "duplicate id": (
        changed(HEIJUNKA, products={"product": ["A", "A"], "demand": [1, 1]}),
        ("/products/product/1", "'A'", "only once", "rename"),
    ),
    "duplicate key": (
        json.dumps(HEIJUNKA).replace('"demand":', '"demand": [9], "demand":'),
        ("/products/demand", "only once", "remove or rename"),
    ),
    "NaN": (
        json.dumps(HEIJUNKA).replace("[1, 2, 1]", "[1, NaN, 1]"),
        ("/products/demand/1", "'NaN'", "finite"),
    ),
    "a part nobody quotes": (
        changed(SOURCING, quotes={"supplier": ["S1"], "part": ["p"], "price": [1]}),
        ("/parts/part/1", "'q'", "nobody quotes", "add a quote"),
    ),
    "minimum order above storage": (
        changed(
            SOURCING,
            quotes=SOURCING["quotes"] | {"minimum": [None, 50, None]},
            stock={"part": ["p"], "storage": [40]},
        ),
        ("/quotes/minimum/1", "50", "storage limit (40)", "lower the minimum"),
    ),
    "share limits that cannot be met": (
        changed(SOURCING, shares={"part": ["p"], "at_most": [0.4]}),
        ("/shares/at_most/0", "0.8", "less than 1", "raise the shares"),
    ),
    "truncated JSON": (
        json.dumps(HEIJUNKA, indent=1)[:90],
        ("line 6, column ", "ends too early", "cut off"),
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("command", ["info", "solve"])
def test_bad_input(case: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, words = BAD[case]
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main([command, str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"jitopt: {path}: ")
    assert told.err.count("\n") == 1
    assert "Remedy: " in told.err
    assert "Traceback" not in told.err
    for word in words:
        assert word in told.err


@pytest.mark.parametrize(
    "words",
    [
        ["info"],
        ["info", "absent.json"],
        ["info", "FILE", "--format", "nope"],
        ["info", "FILE", "--colour"],
        ["solve", "FILE", "--time-limit", "0"],
        ["solve", "FILE", "--time-limit", "nan"],
        ["solve", "FILE", "--gap", "-1"],
        ["solve", "FILE", "--gap", "1"],
        ["solve", "FILE", "--work-limit", "3"],
        ["solve", "FILE", "--work-limit", "0", "--deterministic"],
        ["solve", "FILE", "-o", "r.csv"],
        ["generate", "heijunka", "-o", "x.xlsx"],
        ["convert", "FILE", "-o", "x.csv"],
        ["convert", "FILE", "-o", "x"],
        ["export", "FILE", "--method", "order_cpsat", "-o", "-"],
        ["solve", "FILE", "--threads", "0"],
        ["solve", "FILE", "--seed", "-1"],
        ["solve", "FILE", "-o", "no/such/folder/r.json"],
        ["solve", "FILE", "--start", "FILE"],
        ["solve", "FILE", "--method", "no_such_method"],
        ["check", "FILE", "FILE"],
        ["check", "-", "-"],
        ["explain", "FILE", "--why-not", "supplier=S1"],
        ["explain", "FILE", "r.json"],
        ["explain", "FILE", "r.json", "--why-not", "supplier"],
        ["explain", "FILE", "r.json", "--why-not", "supplier=A", "supplier=B"],
        ["export", "FILE", "-o", "x.lp"],
        ["export", "FILE", "--method", "no_such_method", "-o", "x.lp"],
        ["generate", "chess"],
        ["generate", "heijunka", "--suppliers", "3"],
        ["generate", "heijunka", "--set", "nothing=1"],
        ["generate", "heijunka", "--set", "weights=maybe"],
        ["generate", "heijunka", "--set", "window=x"],
        ["methods", "chess"],
        ["schema", "chess"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_bad_usage(
    words: list[str], heijunka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([heijunka if word == "FILE" else word for word in words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["convert", "FILE", "-o", "x.xlsx"], ("'x.xlsx'", "ends in .json or to -", "jitopt export")),
        (["solve", "FILE", "-o", "r.csv"], ("r.csv", "JSON only", ".json")),
        (["solve", "FILE", "--work-limit", "3"], ("--work-limit belongs to --deterministic", "--time-limit")),
        (["solve", "FILE", "--time-limit", "abc"], ("--time-limit", "'abc' is not a number above 0", "30")),
        (["solve", "FILE", "--threads", "two"], ("--threads", "'two' is not a whole number of at least 1")),
        (["solve", "FILE", "--seed", "1.5"], ("--seed", "'1.5' is not a whole number of at least 0")),
        (["generate", "heijunka", "--products", "0"], ("--products", "'0' is not a whole number of at least 1")),
        (["solve", "FILE", "--gap", "5"], ("--gap", "'5'", "5 % is 0.05")),
        (
            ["explain", "FILE", "--why-not", "position=3", "product=Van"],
            ("RESULT file, which is missing", "RESULT.json --why-not position=3 product=Van"),
        ),
        (["explain", "FILE", "r.json"], ("--why-not KEY=VALUE says which choice",)),
        (
            ["export", "FILE", "--method", "auto", "-o", "a.lp"],
            ("'auto' has no model", "heijunka_cumulative_pyomo (.lp, .mps)", "heijunka_order_cpsat (.pbtxt, .pb)"),
        ),
        (["export", "FILE", "--method", "level", "-o", "a.lp"], ("'level' has no model", "_pyomo (.lp, .mps)")),
        (["export", "FILE", "--method", "order_cpsat", "-o", "a.lp"], ("a.lp", "'.lp'", ".pbtxt or .pb")),
        (["export", "FILE", "--method", "nothing", "-o", "a.lp"], ("no formulation 'nothing'", "_pyomo (.lp, .mps)")),
        (["export", "FILE", "--method", "order_cpsat", "-o", "-"], ("name of a file",)),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_usage_is_told_in_the_words_of_the_command_line(
    words: list[str], told: tuple[str, ...], heijunka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([heijunka if word == "FILE" else word for word in words]) == 2
    text = capsys.readouterr().err
    for part in told:
        assert part in text
    for python in ("nothing (it is", "=True", "auto,"):
        assert python not in text
    assert os.listdir(tmp_path) == ["heijunka.json"]


def test_an_error_with_json_is_one_document(heijunka: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(changed(HEIJUNKA, products={"product": ["A"], "demand": [None]}))
    assert main(["info", str(bad), "--json"]) == 2
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert {key: error[key] for key in ("kind", "file", "place", "value", "exit")} == {
        "kind": "input",
        "file": str(bad),
        "place": "/products/demand/0",
        "value": None,
        "exit": 2,
    }
    assert told.err == f"jitopt: {error['message']}\n"
    assert error["rule"] in error["message"] and error["remedy"] in error["message"]
    for words, kind, code in (
        (["solve", heijunka, "--gap", "5", "--json"], "usage", 2),
        (["nonsense", "--json"], "usage", 2),
        (["solve", heijunka, "--method", "no_such", "--json"], "method", 2),
    ):
        assert main(words) == code
        error = json.loads(capsys.readouterr().out)["error"]
        assert (error["kind"], error["exit"]) == (kind, code)
        assert error["message"]
    for raised, kind, code in ((KeyError("x"), "failure", 1), (KeyboardInterrupt(), "interrupted", 130)):

        def fail(*_: Any, _raised: BaseException = raised, **__: Any) -> None:
            raise _raised

        monkeypatch.setattr(api, "solve", fail)
        assert main(["solve", heijunka, "--json"]) == code
        assert json.loads(capsys.readouterr().out)["error"]["kind"] == kind


def test_a_failure_after_the_answer_adds_no_second_document(
    heijunka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solving(monkeypatch, PLAN)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["solve", heijunka, "-o", str(tmp_path / "r.json"), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["plan"]
    assert "No space left" in told.err


def test_explain_help_lists_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "-h"]) == 0
    told = capsys.readouterr().out
    for word in ("KEY=VALUE", "position=3 product=A", "bucket=3", "supplier=S2", "part=p7", "quantity=50"):
        assert word in told


def test_what_was_not_foreseen_is_one_line(
    heijunka: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr(api, "solve", fail)
    assert main(["solve", heijunka]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("JITOPT_DEBUG", "1")
    assert main(["solve", heijunka]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JitoptError("the solver is ill"), 1),
        (UnknownMethodError("no such method"), 2),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device"), 1),
        (MemoryError(), 1),
        (BrokenPipeError(), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exceptions_become_exit_codes(
    error: BaseException, code: int, heijunka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(api, "solve", fail)
    assert main(["solve", heijunka]) == code
    assert CliRunner().invoke(app, ["solve", heijunka]).exit_code == code


# --- solve -----------------------------------------------------------------------------------


def test_solve_hands_its_options_over(heijunka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start = tmp_path / "start.json"
    start.write_text(json.dumps(fake_result(read(heijunka), PLAN).to_dict()))
    called = solving(monkeypatch, PLAN)
    words = "--method level --time-limit 9 --gap 0.01 --seed 3 --threads 2 --deterministic --work-limit 5"
    assert main(["solve", heijunka, *words.split(), "--start", str(start), "--no-progress"]) == 0
    assert 8 < called.pop("time_limit") <= 9
    assert called.pop("start")["plan"] == {"sequence": list(PLAN.sequence or ())}
    assert called == {
        "method": "level",
        "gap": 0.01,
        "seed": 3,
        "threads": 2,
        "deterministic": True,
        "work_limit": 5.0,
        "progress": None,
    }


def test_solve_prints_a_report_and_writes_the_result(
    heijunka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = StartReceipt(True, "user", True, True, 3.5)
    solving(monkeypatch, PLAN, start=receipt, bound=1.0, gap=0.25, warnings=("a solver [/] crashed",))
    path = tmp_path / "r.json"
    assert main(["solve", heijunka, "-o", str(path), "--progress"]) == 0
    told = capsys.readouterr()
    assert "heijunka x [bold]\\x202e[31m, method auto" in told.out  # shown as it is, acting on nothing
    assert "1  [red] A     é     [red]" in told.out
    for words in (
        "feasible (stopped by the time limit)",
        "gap        25 %",
        "from user",
        "warning    a solver [/] crashed",
    ):
        assert words in told.out
    assert "objective 2" in told.err
    data = read_result(path)
    assert data["plan"] == {"sequence": ["[red]", "A", "é", "[red]"]}
    assert data["seconds"]["total"] > 1.5  # reading is counted


def test_solve_prints_json(heijunka: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    solving(monkeypatch, PLAN)
    assert main(["solve", heijunka, "--json"]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert read_result(io.StringIO(text))["instance"]["name"] == HEIJUNKA["name"]
    assert main(["solve", heijunka, "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "feasible"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"plan": PLAN}, 0),
        ({"plan": PLAN, "stopped_by": "interrupted"}, 130),
        ({"stopped_by": "interrupted"}, 130),
        ({"status": "infeasible", "stopped_by": "proof"}, 3),
        ({}, 4),
        ({"stopped_by": "error"}, 1),
    ],
)
def test_exit_codes_of_solve(
    changes: dict[str, Any], code: int, heijunka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    solving(monkeypatch, **changes)
    assert main(["solve", heijunka, "-o", str(tmp_path / "r.json")]) == code
    assert (read_result(tmp_path / "r.json")["plan"] is not None) == ("plan" in changes)


def test_an_infeasible_solve_prints_its_reasons(
    sourcing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = {
        "rule": "capacity",
        "members": ["S[1]"],
        "short_by": 2.0,
        "remedy": "raise it",
        "cost": 4.0,
        "text": "full",
    }
    solving(monkeypatch, status="infeasible", stopped_by="proof", proof="cross_checked", reasons=(reason,))
    assert main(["solve", sourcing]) == 3
    told = capsys.readouterr().out
    assert "capacity (S[1]): full" in told
    assert "short by 2; raise it (cost 4)" in told


def test_a_result_that_cannot_be_written_is_printed_all_the_same(
    heijunka: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solving(monkeypatch, PLAN)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["solve", heijunka, "-o", str(tmp_path / "r.json")]) == 1
    told = capsys.readouterr()
    assert "[red] A" in told.out
    assert "No space left" in told.err


def test_a_start_without_a_plan_is_refused(heijunka: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = tmp_path / "start.json"
    start.write_text(json.dumps({"format": "jitopt-result/1", "problem": "heijunka", "plan": None}))
    assert main(["solve", heijunka, "--start", str(start)]) == 2
    assert "the start holds no plan" in capsys.readouterr().err


def test_long_plans_are_cut_with_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "long.json"
    path.write_text(changed(HEIJUNKA, products={"product": ["A"], "demand": [450]}))
    solving(monkeypatch, HeijunkaPlan(sequence=("A",) * 450))
    assert main(["solve", str(path)]) == 0
    told = capsys.readouterr().out
    assert "\n181  A A" in told
    assert "... 250 more positions" in told


def test_the_box_is_shown_as_products_by_buckets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "box.json"
    path.write_text(changed(HEIJUNKA, box={"buckets": 2, "capacity": 3}))
    rows = [{"bucket": 1, "product": "[red]", "quantity": 2}, {"bucket": 2, "product": "A", "quantity": 1}]
    plan = HeijunkaPlan.model_validate({"buckets": [*rows, {"bucket": 2, "product": "é", "quantity": 1}]})
    solving(monkeypatch, plan)
    assert main(["solve", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("bucket  1  2  total")
    assert lines[at + 1 : at + 5] == ["A       .  1  1", "[red]   2  .  2", "é       .  1  1", "units   2  2  4"]


def test_an_empty_plan_of_orders_says_so(sourcing: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    solving(monkeypatch, SourcingPlan(orders=()))
    assert main(["solve", sourcing]) == 0
    told = capsys.readouterr().out
    assert "Nothing needs to be ordered" in told
    assert "period  supplier" not in told


def test_noise_of_a_solver_is_not_shown(sourcing: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    orders = [("S1", "p", 9.999999999999994), ("S2", "p", 2.0000000000000004), ("S2", "q", 5)]
    rows = [{"supplier": s, "part": p, "period": 1, "quantity": q} for s, p, q in orders]
    solving(monkeypatch, SourcingPlan.model_validate({"orders": rows}), stopped_by="interrupted")
    assert main(["solve", sourcing]) == 130
    told = capsys.readouterr().out
    assert "999999" not in told and "000000" not in told
    assert ["1", "S1", "p", "10"] in [line.split() for line in told.splitlines()]
    assert "feasible (interrupted)" in told


def test_orders_are_shown_with_totals(sourcing: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    orders = [("S1", "p", 8), ("S2", "p", 4), ("S2", "q", 5.5)]
    rows = [{"supplier": s, "part": p, "period": 1, "quantity": q} for s, p, q in orders]
    solving(monkeypatch, SourcingPlan.model_validate({"orders": rows}))
    assert main(["solve", sourcing]) == 0
    told = capsys.readouterr().out
    assert "     1  S2        q          5.5" in told
    assert "S2             9.5  54.3%      2  20" in told


# --- check, explain ----------------------------------------------------------------------------


def result_file(tmp_path: Path, instance: str, solution: Any, **changes: Any) -> str:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(fake_result(read(instance), solution).to_dict() | changes))
    return str(path)


def test_check_accepts_the_truth(heijunka: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = result_file(tmp_path, heijunka, PLAN)
    assert main(["check", heijunka, path]) == 0
    assert "keeps every rule" in capsys.readouterr().out
    assert main(["check", heijunka, path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] and told["breaches"] == [] and told["terms"] == {"rate": told["objective"]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objective": 0.5}, "objective: 0.5 is stated"),
        ({"terms": {"rate": 7}}, "term rate"),
        ({"bound": 99.0, "proof": "single"}, "lies above"),
        ({"status": "optimal"}, "optimal is told"),
        ({"plan": {"sequence": ["A", "A", "é", "[red]"]}}, "A"),
        ({"plan": {"sequence": ["A"]}}, "1 unit"),
    ],
)
def test_check_tells_every_breach_on_a_line(
    changes: dict[str, Any], words: str, heijunka: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = result_file(tmp_path, heijunka, PLAN, **changes)
    assert main(["check", heijunka, path]) == 1
    assert words in capsys.readouterr().out
    assert main(["check", heijunka, path, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["breaches"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"plan": {"sequence": 5}}, "/plan/sequence"),
        ({"objective": "5"}, "/objective"),
        ({"start": {}}, "/start/given"),
        ({"problem": "sourcing"}, "/problem"),
        ({"format": "jitopt-result/2"}, "/format"),
    ],
)
def test_check_takes_a_value_of_another_type_for_bad_input(
    changes: dict[str, Any], place: str, heijunka: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", heijunka, result_file(tmp_path, heijunka, PLAN, **changes)]) == 2
    told = capsys.readouterr().err
    assert f"result.json: {place}" in told and "Remedy" in told


def test_check_takes_a_plan_alone(heijunka: str, sourcing: str, tmp_path: Path, capsys: Any) -> None:
    order = {"supplier": "S2", "part": "p", "period": 1, "quantity": 12}
    plan = {"orders": [order, order | {"part": "q", "quantity": 5}], "author": "by hand"}
    for file, good in ((heijunka, PLAN.to_dict()), (sourcing, plan)):
        path = tmp_path / "plan.json"
        for told in (good, {"plan": good}, {"format": "jitopt-result/1", "problem": read(file).problem, "plan": good}):
            path.write_text(json.dumps(told))
            assert main(["check", file, str(path)]) == 0
        path.write_text(json.dumps({"plan": good, "objective": 1e6}))
        assert main(["check", file, str(path)]) == 1
        path.write_text(json.dumps({"plan": good, "method": "of_mine"}))
        assert main(["check", file, str(path), "--json"]) == 0
        assert "of_mine" in capsys.readouterr().out


def test_check_of_an_instance_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public format has no name of its own: the result of the file is also that of its text."""
    cars = tmp_path / "cars.txt"
    cars.write_text("4 1 2\n1\n2\nred 2 1\nblue 2 0\n")
    path = result_file(tmp_path, str(cars), HeijunkaPlan(sequence=("red", "blue", "red", "blue")))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(cars.read_bytes())))
    assert main(["check", "-", path]) == 0
    cars.rename(tmp_path / "other.txt")
    assert main(["check", str(tmp_path / "other.txt"), path]) == 1


def test_check_reads_standard_input(heijunka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(result_file(tmp_path, heijunka, PLAN)).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["check", heijunka, "-"]) == 0


def test_explain_shows_clash_and_repair(sourcing: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    reason = {"rule": "capacity", "members": ["S1"], "short_by": 2.0, "remedy": "raise it", "cost": 4.0, "text": "full"}
    clash = ({"rule": "demand", "members": ["p"], "text": "must be met"},)
    for status, code in (("infeasible", 3), ("unknown", 4), ("feasible", 0)):
        explanation = Explanation[Any](status, (reason,), clash, True, 4.0)  # type: ignore[arg-type]
        monkeypatch.setattr(api, "explain", lambda *_, _told=explanation, **__: _told)
        assert main(["explain", sourcing]) == code
        told = capsys.readouterr().out
        assert (
            ("demand (p): must be met" in told) == ("short by 2; raise it (cost 4)" in told) == (status != "feasible")
        )
        assert main(["explain", sourcing, "--json"]) == code
        assert json.loads(capsys.readouterr().out)["status"] == status


def test_why_not_compares_term_by_term(
    heijunka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = result_file(tmp_path, heijunka, PLAN)
    asked: list[dict[str, str]] = []

    def why_not(_instance: Any, _result: Any, choice: dict[str, str], **_: Any) -> Comparison[Any]:
        asked.append(choice)
        return Comparison("worse", choice, 1.0, 3.0, None, 2.0, (("rate", 1.0, 3.0, 2.0),), (), None)

    monkeypatch.setattr(api, "why_not", why_not)
    assert main(["explain", heijunka, path, "--why-not", "position=1", "product=A=B"]) == 0
    assert main(["explain", heijunka, path, "--why-not", "position=1", "--why-not", "product=A=B"]) == 0
    assert asked == [{"position": "1", "product": "A=B"}] * 2
    told = capsys.readouterr().out
    assert "The choice position=1, product=A=B costs more." in told
    assert "rate            1      3           2" in told


# --- the other commands ------------------------------------------------------------------------


def test_info_tells_sizes_loads_and_rules(
    heijunka: str, sourcing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", heijunka]) == 0
    assert "[red]         2  50.0 %                    2" in capsys.readouterr().out
    assert main(["info", sourcing]) == 0
    told = capsys.readouterr().out
    assert "load 56.7 %" in told
    assert "- S1 ships at most 10 units in a period" in told
    assert main(["info", sourcing, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["load"] == pytest.approx(17 / 30)


NOTES = {
    "a short current sequence": ("first 2 of 4 slots", HEIJUNKA | {"current": {"sequence": ["A", "A"]}}),
    "a long current sequence": ("has 5 positions, the plan 4", HEIJUNKA | {"current": {"sequence": ["A"] * 5}}),
    "a box that is too small": ("holds 2 units, the demand is 4", HEIJUNKA | {"box": {"buckets": 2, "capacity": 1}}),
    "an award nobody quotes": (
        "names 'q' from 'S1', for which there is no quote",
        SOURCING | {"current": {"award": {"supplier": ["S1"], "part": ["q"]}}},
    ),
    "a supplier without quotes": ("'S3' quotes nothing", SOURCING | {"suppliers": {"supplier": ["S1", "S2", "S3"]}}),
}


@pytest.mark.parametrize("case", NOTES)
def test_what_is_seldom_meant_is_told_and_not_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, data = NOTES[case]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(data))
    assert main(["info", str(path)]) == 0
    assert words in capsys.readouterr().out
    solving(monkeypatch)
    assert main(["solve", str(path)]) == 4
    assert words in capsys.readouterr().err
    path.write_text(json.dumps(HEIJUNKA | {"current": {"sequence": ["A"] * 4}}))
    assert main(["info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


def test_info_counts_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.json"
    breaks = {"supplier": ["S1", "S2", "S2"], "from_quantity": [5, 5, 9], "factor": [0.9, 0.9, 0.8]}
    many = [f"p{number}" for number in range(22)]
    parts = {"part": many, "period": [1] * 22, "demand": [1] * 22}
    quotes = {"supplier": ["S1"] * 22, "part": many, "price": [1] * 22}
    path.write_text(changed(SOURCING, discounts=breaks, parts=parts, quotes=quotes))
    assert main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert "2 suppliers, 22 parts, 1 period, 22 links, 3 breaks" in told
    assert "... 2 more parts; --json lists them all" in told
    assert "... 4 more rules; --json lists them all" in told
    assert main(["info", str(path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["size"]["breaks"] == 3
    assert len(listed["rules"]["texts"]) == 24


@pytest.mark.parametrize("problem", ["heijunka", "sourcing"])
@pytest.mark.parametrize("seed", range(3))
def test_info_of_all_kinds_of_instances(problem: str, seed: int, tmp_path: Path, capsys: Any) -> None:
    options: dict[str, Any] = {"heijunka": {"parts": 2, "ratios": 2, "buckets": 4}, "sourcing": {"breaks": "supplier"}}
    path = tmp_path / "i.json"
    path.write_text(json.dumps(generate(problem, seed=seed, **options[problem]).to_dict()))
    assert main(["info", str(path)]) == 0
    assert main(["info", str(path), "--json"]) == 0


def test_convert_writes_native_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "cars.txt", tmp_path / "cars.json"
    source.write_text("2 1 2\n1\n2\na 1 1\nb 1 0\n")
    assert main(["convert", str(source), "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == str(target)
    assert read(target) == read(source)
    assert main(["convert", str(source)]) == 0
    assert read(io.StringIO(capsys.readouterr().out)) == read(source)
    assert main(["convert", str(source), "--format", "json"]) == 2


def test_export_hands_over(heijunka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    called: list[tuple[str, str]] = []
    monkeypatch.setattr(api, "export", lambda _instance, method, path: called.append((method, path)))
    target = str(tmp_path / "m.lp")
    assert main(["export", heijunka, "--method", "some_method", "-o", target, "--json"]) == 0
    assert called == [("some_method", target)]
    assert json.loads(capsys.readouterr().out)["method"] == "some_method"


def test_generate_is_repeatable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["generate", "heijunka", "--products", "3", "--units", "9", "--set", "mix=even", "--seed", "5"]
    assert main([*words, "-o", str(tmp_path / "a.json")]) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert read(io.StringIO(capsys.readouterr().out)) == read(tmp_path / "a.json")
    assert read(tmp_path / "a.json").size()["units"] == 9
    assert main(["generate", "sourcing", "--suppliers", "2", "--parts", "2", "--set", "capacity=0.9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problem"] == "sourcing"
    assert main(["generate", "heijunka", "--set", "weights=yes", "--set", "known=no"]) == 0
    assert "known" not in json.loads(capsys.readouterr().out)
    assert main(["generate", "heijunka", "--list-options"]) == 0
    assert "option_share" in capsys.readouterr().out


def test_methods_schema_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "heijunka"]) == 0
    assert "technology" in capsys.readouterr().out
    assert main(["methods", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert all(Path(entry["file"]).is_file() for entry in listed)
    for word in ("heijunka", "sourcing", "result"):
        assert main(["schema", word]) == 0
        assert json.loads(capsys.readouterr().out)["properties"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("jitopt ")


def test_doctor_tells_each_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from types import SimpleNamespace

    for ok, code in ((True, 0), (False, 1)):
        checks = [SimpleNamespace(name="highs", ok=ok, detail="1.15"), ("numba", True, "0.68")]
        monkeypatch.setitem(sys.modules, "jitopt.doctor", SimpleNamespace(diagnose=lambda _told=checks: _told))
        assert main(["doctor"]) == code
        assert "highs" in capsys.readouterr().out
        assert main(["doctor", "--json"]) == code
        assert json.loads(capsys.readouterr().out)[1] == {"name": "numba", "ok": True, "detail": "0.68"}
        warm = SimpleNamespace(warm=lambda _told=checks[:1]: _told)
        monkeypatch.setitem(sys.modules, "jitopt.warming", warm)
        assert main(["doctor", "--compile"]) == code
        told = capsys.readouterr().out
        assert "highs" in told and "numba" not in told


def test_every_command_takes_json_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    for command in app.registered_commands:
        assert command.callback is not None
        assert main([command.callback.__name__, "--help"]) == 0
        assert "--json" in capsys.readouterr().out


def test_text_is_shown_and_never_acts() -> None:
    assert output.plain("a\x1b[31m\u202eb\x9b\u2028[bold]é") == "a\\x1b[31m\\x202eb\\x9b\\x2028[bold]é"
    assert output.fit("日本語日本語", 7) == "日本語…"
    assert output.columns(["id", "n"], [["日本", 1.5], ["a", None]]) == "id      n\n日本  1.5\na       -"
    assert [output.number(value) for value in (1.0, 0.1 + 0.2, 1e20, None, "x", 12)] == [
        "1",
        "0.3",
        "1e+20",
        "-",
        "x",
        "12",
    ]


# --- the real thing, in a process of its own ----------------------------------------------------


def jitopt(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jitopt.cli", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, encoding="utf-8", check=False, **options
    )


def test_help_is_light() -> None:
    code = (
        "import sys; from jitopt.cli import main; main(['--help']); import time;"
        "heavy = {'pydantic', 'narwhals', 'numpy', 'pandas', 'numba', 'pyomo', 'ortools', 'highspy', 'rich'};"
        "print(time.process_time(), heavy & set(sys.modules), file=sys.stderr)"
    )
    done = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert all(run.stderr.split(maxsplit=1)[1].strip() == "set()" for run in done)
    assert min(float(run.stderr.split()[0]) for run in done) < 0.3


def test_solve_then_check_for_real(heijunka: str, sourcing: str, tmp_path: Path) -> None:
    for file in (heijunka, sourcing):
        path = str(tmp_path / "r.json")
        solved = jitopt("solve", file, "--time-limit", "20", "-o", path)
        assert solved.returncode == 0, solved.stderr
        assert "status     optimal" in solved.stdout
        assert jitopt("check", file, path).returncode == 0
        told = read_result(path)
        Path(path).write_text(json.dumps(told | {"objective": told["objective"] - 1}))
        checked = jitopt("check", file, path)
        assert checked.returncode == 1
        assert "objective" in checked.stdout


def test_solve_and_check_in_a_pipe_for_real() -> None:
    cars = "4 1 2\n1\n2\nred 2 1\nblue 2 0\n"
    solved = jitopt("solve", "-", "--time-limit", "20", "--json", input=cars)
    assert solved.returncode == 0, solved.stderr
    data = json.loads(solved.stdout)
    assert data["objective"] == 0
    assert sorted(data["plan"]["sequence"]) == ["blue", "blue", "red", "red"]


def test_an_infeasible_instance_for_real(tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    path.write_text(changed(SOURCING, parts={"part": ["p", "q"], "period": [1, 1], "demand": [60, 5]}))
    done = jitopt("solve", str(path), "--time-limit", "30")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "capacity" in done.stdout


def test_an_interrupt_saves_the_best_plan_for_real(tmp_path: Path) -> None:
    instance, result = tmp_path / "i.json", tmp_path / "r.json"
    made = generate(
        "heijunka", seed=1, products=30, units=500, parts=12, objective="usage:sum_squared:1,rate:sum_squared:1"
    )
    instance.write_text(json.dumps(made.to_dict()))
    words = ["solve", str(instance), "-o", str(result), "--time-limit", "100", "--progress"]
    with subprocess.Popen(
        [sys.executable, "-m", "jitopt.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert "objective" in process.stderr.readline()
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C: to the workers too
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert read_result(result)["stopped_by"] == "interrupted"
    assert jitopt("check", str(instance), str(result)).returncode == 0


def test_a_reader_that_goes_away_is_no_error(sourcing: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "jitopt.cli", "info", sourcing],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_full_disk_is_told(sourcing: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "jitopt.cli", "info", sourcing],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_terminal_without_the_letters(heijunka: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    assert "\\xe9" in jitopt("info", heijunka, env=environment).stdout
    assert json.loads(jitopt("convert", heijunka, env=environment).stdout)["products"]["product"][2] == "é"


def test_the_limit_of_a_command_counts_from_the_start_of_its_process() -> None:
    code = "import time; time.sleep(0.5); from jitopt.cli import clock; print(time.monotonic() - clock.began())"
    later = "print(time.monotonic() - clock.began())"
    told = subprocess.run([sys.executable, "-c", f"{code}; {later}"], capture_output=True, text=True, check=True)
    first, second = map(float, told.stdout.split())
    assert 0.5 <= first < 5.0
    assert second < 0.4
