"""Files and tables in and out: what is read, what is refused and with which words."""

import io
import json
import math
import os
import random
import re
import stat
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError, JitoptError
from jitopt.formats import (
    FORMATS,
    catalogue,
    from_tables,
    instance_to_tables,
    other_fields,
    read,
    read_result,
    readers,
    strict_json,
    to_frame,
    write,
    write_result,
)
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.problems.sourcing import Sourcing, SourcingPlan

pd = pytest.importorskip("pandas")

HEIJUNKA: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "x",
    "products": {"product": ["A", "B"], "demand": [2, 3]},
    "objective": [{"term": "rate"}],
}
SOURCING: dict[str, Any] = {
    "problem": "sourcing",
    "version": 1,
    "name": "y",
    "suppliers": {"supplier": ["S1", "S2"], "capacity": [10, None]},
    "parts": {"part": ["p"], "period": [1], "demand": [12.5]},
    "quotes": {"supplier": ["S1", "S2"], "part": ["p", "p"], "price": [1, 1.25]},
}
CSPLIB = """% a comment
6 2 3
1 2
2 3
0 1 1 0
red 2 0 1
7 3 1 1
"""
CAP = """ 2 3
 100 7.5
 50. 5.
 10
 20.0 30.0
 0
 1 2
 40
 80 100.
"""


def refusal(data: object, **options: Any) -> InputError:
    """Return the error that reading this text (or data, as JSON) gives."""
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    stream: Any = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    with pytest.raises(InputError) as caught:
        read(stream, **options)
    return caught.value


# --- native JSON -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [HEIJUNKA, SOURCING], ids=["heijunka", "sourcing"])
def test_a_written_instance_is_read_back_equal(data: dict[str, Any], tmp_path: Path) -> None:
    instance = read(io.StringIO(json.dumps(data)))
    path = tmp_path / "instance.json"
    write(instance, path)
    assert read(path) == instance
    assert read(str(path)).sha256() == instance.sha256()
    with path.open("rb") as binary:
        assert read(binary) == instance


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CSPLIB.encode())))
    assert read("-").name == "stdin"


def test_ids_are_any_unicode() -> None:
    data = json.loads(json.dumps(HEIJUNKA).replace('"A"', '"é=[red]/~ 🚗"'))
    assert (
        read(io.BytesIO(json.dumps(data, ensure_ascii=False).encode()))
        .evaluate(HeijunkaPlan(sequence=("é=[red]/~ 🚗", "B", "B", "é=[red]/~ 🚗", "B")))
        .feasible
    )


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        ('{"a": {"b/c": [1, {"x": 1, "x": 2}]}}', "/a/b~1c/1/x", "only once"),
        ('{"a": [1, NaN]}', "/a/1", "finite"),
        ('{"a": -Infinity}', "/a", "finite"),
        ('{"a": [1e400]}', "/a/0", "too large"),
        ('{"a": ' + "9" * 5000 + "}", "/a", "18 digits"),
        ('{"a": "\\ud800"}', "/a", "surrogate"),
        ("[" * 100_000, "", "nested"),
        ("[" * 100 + "]" * 100, "/0/0", "nested"),
        ('{"a": 1,\n "b": [1, 2', "line 2, column", "ends too early"),
        ('{"a": "text', "line 1, column", "ends too early"),
        ('{"a": 1 "b": 2}', "line 1, column 9", "not valid JSON"),
        ("{'a': 1}", "line 1, column 2", "not valid JSON"),
        ('{"a": 1} {"b": 2}', "line 1, column 10", "not valid JSON"),
    ],
)
def test_strict_json_tells_the_place(text: str, place: str, rule: str) -> None:
    with pytest.raises(InputError) as caught:
        strict_json.loads(text, "file.json")
    assert caught.value.place.startswith(place)
    assert rule in caught.value.rule
    assert caught.value.remedy
    assert str(caught.value).startswith("file.json: ")


def test_the_first_of_several_faults_is_told() -> None:
    with pytest.raises(InputError) as caught:
        strict_json.loads('{"a": {"k": 1, "k": 2}, "b": NaN, "c": 1e999}')
    assert caught.value.place == "/a/k"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(json_values)
@settings(max_examples=150, deadline=None)
def test_layout_is_json_of_the_same_data(data: Any) -> None:
    assert strict_json.loads(strict_json.layout(data)) == data


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused_in_words(noise: bytes) -> None:
    with pytest.raises(InputError):
        read(io.BytesIO(noise))


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_refused_in_words_or_read(seed: int) -> None:
    rng = random.Random(seed)
    base = rng.choice([json.dumps(HEIJUNKA), json.dumps(SOURCING), CSPLIB, CAP])
    text = list(base)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text))
        text[at : at + rng.randint(0, 3)] = rng.choice(["", "9", "-", '"', "x", "[", "}", " ", "\n", "1e9", "%"])
    try:
        instance = read(io.StringIO("".join(text)))
    except InputError as error:
        assert str(error)
    else:
        assert instance.size()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEIJUNKA | {"version": 2}, "upgrade jitopt"),
        (HEIJUNKA | {"version": "1"}, "/version"),
        ({key: value for key, value in HEIJUNKA.items() if key != "version"}, 'add "version": 1'),
        ({key: value for key, value in HEIJUNKA.items() if key != "name"}, 'add "name"'),
        (HEIJUNKA | {"name": "x\x1b[31m"}, "/name: a name must have no control characters"),
        (HEIJUNKA | {"name": "x\n"}, "/name"),
        (HEIJUNKA | {"name": ""}, "/name"),
        (HEIJUNKA | {"problem": "chess"}, "heijunka, kanban, sourcing"),
        (HEIJUNKA | {"problem": ["heijunka"]}, "heijunka, kanban, sourcing"),
        ({"name": "x"}, 'the key "problem" is missing'),
        ([HEIJUNKA], "one JSON object"),
        ({"format": "jitopt-result/1", "problem": "heijunka", "plan": {}}, "this is a result"),
        (HEIJUNKA | {"colour": 1}, "/colour"),
        ("", "empty"),
        (" \n\t", "empty"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("\ufeff{}", "byte order mark"),
        (b'{"problem":\n "heijunka\xe9"}', "line 2, byte 11"),
        ("hello\nworld", "csplib: Car sequencing"),
    ],
)
def test_what_is_no_instance_is_explained(data: object, words: str) -> None:
    assert words in str(refusal(data))


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "absent.json", "no such file"),
        (tmp_path, "folder"),
        ("a\0b", "cannot be read"),
        (5, "path"),
    ):
        with pytest.raises(InputError, match=words):
            read(path)  # type: ignore[arg-type]


def test_another_problem_than_expected() -> None:
    assert "sourcing instance is expected" in str(refusal(HEIJUNKA, problem="sourcing"))


# --- writing ---------------------------------------------------------------------------------


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.json"
    path.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(JitoptError, match="No space left"):
        write(Heijunka.parse(HEIJUNKA), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["old.json"]


def test_writing_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(Heijunka.parse(HEIJUNKA), link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert read(real).name == "x"


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    instance = Heijunka.parse(HEIJUNKA)
    for path, words in ((tmp_path, "folder"), (tmp_path / "no" / "x.json", "does not exist"), ("a\0b", "path")):
        with pytest.raises(InputError, match=words):
            write(instance, path)
    with pytest.raises(InputError, match="only an instance"):
        write({"problem": "heijunka"}, tmp_path / "x.json")  # type: ignore[arg-type]


def test_writes_to_what_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    write(Heijunka.parse(HEIJUNKA), "-")
    assert json.loads(capsys.readouterr().out)["name"] == "x"
    write(Heijunka.parse(HEIJUNKA), "/dev/null")


# --- public formats --------------------------------------------------------------------------


def test_csplib_becomes_soft_ratios(tmp_path: Path) -> None:
    path = tmp_path / "p99.txt"
    path.write_text(CSPLIB.replace("\n", "\r\n"))
    instance = read(path)
    assert isinstance(instance, Heijunka)
    assert instance.name == "p99"
    assert instance.products.product == ("0", "red", "7")
    assert instance.products.demand == (1, 2, 3)
    assert [(r.ratio, r.at_most, r.in_any, r.hard, r.products) for r in instance.ratio_rules] == [
        ("1", 1, 2, False, (0, 2)),
        ("2", 2, 3, False, (1, 2)),
    ]
    # Windows of 2 with more than one of option 1: 7 7 (twice) and 7 0; of 3 with all of option 2: none but the first.
    plan = HeijunkaPlan(sequence=("7", "7", "7", "0", "red", "red"))
    assert instance.evaluate(plan).objective == 2 + 1 + 1


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("6 2 3", "7 2 3", 2, "add up to the 7 cars"),
        ("6 2 3", "6 2 4", 8, "each of the 4 classes"),
        ("6 2 3", "6 2 2", 7, "each of the 2 classes"),
        ("6 2 3", "6 0 3", 2, "number of options"),
        ("1 2\n", "1\n", 3, "P line"),
        ("\n2 3\n", "\n2 3 4\n", 4, "Q line"),
        ("\n2 3\n", "\n0 3\n", 4, "Q of option 1"),
        ("red 2 0 1", "red -2 0 1", 6, "class red"),
        ("red 2 0 1", "red two 0 1", 6, "class red"),
        ("red 2 0 1", "red 2 0 2", 6, "option 2 of class red"),
        ("red 2 0 1", "red 2 0", 6, "a class line"),
        ("red 2 0 1", "7 2 0 1", 7, "only once"),
    ],
)
def test_a_wrong_csplib_file_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    error = refusal(CSPLIB.replace(old, new, 1))
    assert error.place == f"line {line}"
    assert words in error.rule
    assert error.value is not None
    assert error.remedy


def test_orlib_cap_becomes_sourcing() -> None:
    instance = read(io.StringIO(CAP))
    assert isinstance(instance, Sourcing)
    assert instance.suppliers.capacity == (100.0, 50.0)
    assert instance.suppliers.fixed_cost == (7.5, 5.0)
    assert instance.parts.demand == (10.0, 0.0, 40.0)
    assert instance.links["1", "3"].price == 2
    assert ("1", "2") not in instance.links  # no demand: nothing is quoted and nothing is paid
    plan = SourcingPlan.model_validate(
        {
            "orders": [
                {"supplier": "1", "part": "1", "period": 1, "quantity": 10},
                {"supplier": "1", "part": "3", "period": 1, "quantity": 10},
                {"supplier": "2", "part": "3", "period": 1, "quantity": 30},
            ]
        }
    )
    evaluation = instance.evaluate(plan)
    assert evaluation.feasible
    assert evaluation.objective == pytest.approx(7.5 + 5 + 20 + 80 / 4 + 100 * 3 / 4)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (" 100 7.5", " 100 -7.5", 2, "fixed cost of site 1"),
        (" 100 7.5", " capacity 7.5", 2, "capa, capb and capc"),
        (" 100 7.5", " 1e13 7.5", 2, "capacity of site 1"),
        (" 40\n", " -40\n", 8, "demand of customer 3"),
        (" 80 100.", " 80 abc", 9, "customer 3 from site 2"),
        (" 80 100.", " 80 nan", 9, "customer 3 from site 2"),
        (" 80 100.", " 80 1_0", 9, "customer 3 from site 2"),
        (" 80 100.", " 80", 9, "exactly 15 numbers"),
        (" 80 100.", " 80 100. 3", 9, "exactly 15 numbers"),
        (" 2 3\n", " 2 4\n", 9, "exactly 18 numbers"),
        (" 40\n", " 1e-12\n", 9, "cost of a unit"),
    ],
)
def test_a_wrong_cap_file_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    for options in ({}, {"format": "orlib-cap"}):
        error = refusal(CAP.replace(old, new, 1), **options)
        assert error.place == f"line {line}"
        assert words in error.rule
        assert error.value is not None
        assert error.remedy


def test_sniffing_never_takes_a_single_source_file_for_a_cap_file() -> None:
    """Both hold m n, m sites, n demands and m x n costs, but in another order."""
    for sites, customers, width in ((2, 3, 3), (9, 50, 10), (3, 4, 4), (3, 4, 1), (10, 50, 10), (2, 2, 1), (4, 7, 7)):
        numbers = ["5"] * customers
        lines = [f"{sites} {customers}", *["100 7"] * sites]
        for block in [numbers] * (1 + sites):
            lines += [" ".join(block[at : at + width]) for at in range(0, customers, width)]
        assert "none of the known formats" in str(refusal("\n".join(lines)))


@pytest.mark.parametrize("width", [1, 3, 7, 8, 100])
@pytest.mark.parametrize("sites", [2, 8, 15, 50])
def test_sniffing_takes_every_layout_of_a_cap_file(sites: int, width: int) -> None:
    lines = [f"{sites} 5", *["100 7"] * sites]
    for _ in range(5):
        lines += ["5", *(" ".join(["9"] * min(width, sites - at)) for at in range(0, sites, width))]
    text = "\n".join(lines)
    assert FORMATS["orlib-cap"].sniff(text) == (width > 1)
    assert read(io.StringIO(text), format="orlib-cap").size()["links"] == 5 * sites
    assert FORMATS["orlib-cap"].sniff("\n".join([lines[0], *lines[1 : 1 + sites], *["5 " + "9 " * sites] * 5]))


def test_an_unknown_format_is_refused_with_the_list() -> None:
    assert "json, csplib, orlib-cap, orv, prv, roadef2005" in str(refusal(CSPLIB, format="nope"))


def test_a_reader_of_another_package_joins(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Packages are looked through once, so a broken reader is told of once."""
    request.addfinalizer(catalogue._listing.cache_clear)
    entries = [
        EntryPoint("toy", f"{__name__}:ToyReader", catalogue.GROUP),
        EntryPoint("broken", "nowhere.at.all:Reader", catalogue.GROUP),
    ]
    monkeypatch.setattr(catalogue, "entry_points", lambda group: entries)
    catalogue._listing.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("types").SimpleNamespace(ToyReader=ToyReader))
    with pytest.warns(UserWarning, match="the reader 'broken'"):
        assert list(readers()) == [*FORMATS, "toy"]
    assert read(io.StringIO("TOY A B B")).size()["units"] == 3


class ToyReader:
    """A line of products in any order."""

    name = "toy"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        return text.startswith("TOY")

    def read(self, text: str, name: str) -> Any:
        words = text.split()[1:]
        found = sorted(set(words))
        table = {"product": found, "demand": [words.count(word) for word in found]}
        return from_tables("heijunka", {"products": table}, name=name)


def test_every_reader_states_its_conventions() -> None:
    for reader in FORMATS.values():
        text = reader.__doc__ or ""
        assert reader.name == "json" or "Conventions of the published values" in text


# --- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", None])
def test_tables_there_and_back(kind: str | None) -> None:
    data = SOURCING | {
        "quotes": SOURCING["quotes"] | {"minimum": [None, 5], "multiple": [2, None], "defects": [0.5, 0]},
        "discounts": {"supplier": ["S2"], "from_quantity": [5], "factor": [0.9], "kind": ["all_units"]},
        "part_limits": {"part": ["p"], "suppliers_at_most": [2], "suppliers_at_least": [None]},
        "current": {"award": {"supplier": ["S2"], "part": ["p"]}, "price": 3.5},
        "suppliers_at_most": 2,
        "known": {"upper": 20.0},
    }
    instance = read(io.StringIO(json.dumps(data)))
    tables = instance_to_tables(instance, kind)
    assert "current.award" in tables
    again = from_tables("sourcing", tables, **other_fields(instance))
    assert again.sha256() == instance.sha256()


def test_frames_of_pandas_lose_integers_when_nulls_are_present() -> None:
    frame = pd.DataFrame({"product": ["A", "B"], "demand": [2, 3], "spacing": [2, None]})
    assert frame["spacing"].dtype == float
    instance = from_tables("heijunka", {"products": frame})
    assert isinstance(instance, Heijunka)
    assert instance.products.spacing == (2, None)
    assert type(instance.products.demand[0]) is int
    assert instance.objective[0].term == "rate"


def test_columns_of_any_kind() -> None:
    for columns in (
        {"product": ("A", "B"), "demand": np.array([2, 3])},
        {"product": np.array(["A", "B"]), "demand": np.array([2.0, 3.0])},
        {"product": pd.Series(["A", "B"], dtype="category"), "demand": pd.Series([2, 3], dtype="Int64")},
        {"product": pl.Series(["A", "B"]), "demand": range(2, 4)},
        pl.DataFrame({"product": ["A", "B"], "demand": [2, 3], "weight": [None, None]}),
    ):
        instance = from_tables("heijunka", {"products": columns}, name="n")
        assert instance.sha256() == Heijunka.parse(HEIJUNKA).sha256()


def table_refusal(products: object, **fields: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        from_tables("heijunka", {"products": products}, **fields)
    return caught.value


def test_a_wrong_cell_is_told_with_table_row_and_column() -> None:
    frame = pd.DataFrame({"product": ["A", "B"], "demand": [2, "abc"]}, index=["first", "second"])
    error = table_refusal(frame)
    assert error.place == "table products, row 2 (index 'second'), column demand"
    assert error.value == "abc"
    assert error.remedy
    assert table_refusal(pl.DataFrame({"product": ["A"], "demand": ["7"]})).place.endswith(
        "row 1 (index 0), column demand"
    )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"product": ["A"], "demand": [math.nan]}, "NaN"),
        ({"product": ["A"], "demand": [2], "weight": [math.inf]}, "must be a number"),
        ({"product": ["A"], "demand": [2.5]}, "whole number"),
        ({"product": ["A"], "demand": [True]}, "whole number"),
        ({"product": ["A"], "demand": [None]}, "missing"),
        ({"product": ["A", "B"], "demand": [1, 1], "weight": [1, None]}, "missing"),
        ({"product": [1], "demand": [2]}, "must be text"),
        ({"product": ["A"], "demand": [-1]}, "greater than or equal to 0"),
        ({"product": ["A", "A"], "demand": [1, 1]}, "only once"),
        ({"product": ["A"]}, 'the key "demand" is missing'),
        ({"product": ["A"], "demand": [1], "shade": [1]}, "not known"),
        ({"product": "A", "demand": [1]}, "list of values"),
        ({"product": ["A"], 3: [1]}, "name must be text"),
        (pl.DataFrame({"product": ["A"], "demand": [1], "weight": [math.nan]}), "NaN"),
        (pl.LazyFrame({"product": ["A"], "demand": [1]}), "data frame in memory"),
        (42, "data frame in memory"),
    ],
)
def test_wrong_tables_are_refused_in_words(columns: object, words: str) -> None:
    error = table_refusal(columns)
    assert words in str(error)
    assert "products" in error.place


def test_unknown_tables_fields_and_problems() -> None:
    good = HEIJUNKA["products"]
    with pytest.raises(InputError, match="products, bill"):
        from_tables("heijunka", {"product": good})
    with pytest.raises(InputError, match="/colour"):
        from_tables("heijunka", {"products": good}, colour=1)
    with pytest.raises(InputError, match="heijunka, kanban, sourcing"):
        from_tables("chess", {})
    with pytest.raises(InputError, match="/objective"):
        from_tables(
            "sourcing", {k: SOURCING[k] for k in ("suppliers", "parts", "quotes")}, objective=[{"term": "rate"}]
        )


def test_plans_become_frames_of_the_kind_asked_for() -> None:
    plan = HeijunkaPlan(sequence=("A", "B"))
    assert isinstance(plan.to_frame(), pd.DataFrame)
    assert isinstance(plan.to_frame("polars"), pl.DataFrame)
    assert isinstance(plan.to_frame(pl.DataFrame()), pl.DataFrame)
    assert plan.to_frame(pd.Series([1]))["product"].tolist() == ["A", "B"]
    assert to_frame({"a": []}, "polars").shape == (0, 1)
    with pytest.raises(InputError, match="pandas, polars, pyarrow"):
        plan.to_frame("excel")
    with pytest.raises(InputError, match="data frame"):
        plan.to_frame(3)


def test_without_a_frame_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for like in (None, "polars"):
        with pytest.raises(JitoptError, match="pip install"):
            to_frame({"a": [1]}, like)


# --- results ---------------------------------------------------------------------------------

RESULT: dict[str, Any] = {"format": "jitopt-result/1", "problem": "heijunka", "plan": {"sequence": ["A"]}}


def test_a_result_is_written_and_read_back(tmp_path: Path) -> None:
    data = RESULT | {
        "instance": {"name": "x", "sha256": "0"}, "method": "auto", "status": "optimal", "stopped_by": "proof",
        "objective": 1.5, "bound": None, "gap": None, "terms": {"rate": 1.5}, "proof": "single", "start": None,
        "trajectory": [[0.1, 2.0, None]], "reasons": [], "seconds": {"total": 0.5}, "seed": 0, "threads": 1,
        "versions": {"jitopt": "0"}, "more": [1],
    }  # fmt: skip
    write_result(data, tmp_path / "r.json")
    assert read_result(tmp_path / "r.json", "heijunka") == data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "jitopt-result/2"}, "upgrade"),
        ({"format": None}, "wrap a plan"),
        ({"status": "perfect"}, "/status"),
        ({"objective": "12"}, "/objective"),
        ({"trajectory": [[1, 2]]}, "/trajectory/0"),
        ({"plan": [1]}, "/plan"),
        ({"problem": "sourcing"}, "another problem"),
        ({"seconds": {"total": -1}}, "/seconds/total"),
    ],
)
def test_a_wrong_result_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_result(io.StringIO(json.dumps(RESULT | change)), "heijunka")


def test_every_example_of_the_pages_and_every_shipped_instance_has_its_head() -> None:
    root = Path(__file__).parent.parent
    blocks = [
        block
        for page in [root / "README.md", *(root / "docs").rglob("*.md")]
        for block in re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if '"problem"' in block and '"plan"' not in block
    ]
    files = sorted(
        file
        for file in (root / "instances").rglob("*.json")
        if file.name != "manifest.json" and file.parent.name != "recipes"
    )
    assert len(blocks) >= 2 and len(files) > 20
    for text in [*blocks, *(file.read_text(encoding="utf-8") for file in files)]:
        assert read(io.StringIO(text)).name


def test_the_hash_can_be_computed_without_jitopt(tmp_path: Path) -> None:
    """As docs/formats.md tells it, from the file that convert writes."""
    text = (Path(__file__).parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hashlib" in block)
    for data in (HEIJUNKA, SOURCING):
        instance = read(io.StringIO(json.dumps(data | {"source": "é", "known": {"upper": 9}})))
        write(instance, tmp_path / "native.json")
        run = subprocess.run(
            [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == instance.sha256()


def test_an_instance_is_no_result() -> None:
    with pytest.raises(InputError, match="looks like an instance"):
        read_result(io.StringIO(json.dumps(HEIJUNKA)))
    with pytest.raises(InputError, match="only once"):
        read_result(io.StringIO('{"format": "jitopt-result/1", "plan": {"sequence": [], "sequence": []}}'))
