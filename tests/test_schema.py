"""The committed JSON Schemas: what the classes say, described in full, frozen per version."""

import json
from typing import Any

import jsonschema
import pytest

from jitopt.errors import InputError
from jitopt.formats import schema
from jitopt.formats.native import VERSION
from jitopt.formats.results import FORMAT
from jitopt.generators import generate

FROZEN = {
    ("delivery", "1"): "3cb96d70c86db569a6a6231f7c6cbfacbf19186430c6416f2681f831629b41fa",
    ("heijunka", "1"): "e311eed8206974a866d40ec4fd5c4cbc0e70496ccc592ca071a509c825fa81e9",
    ("kanban", "1"): "0762a31298133014aa78c3888285d23cc1de4b1cbbd4d54a87b187bc6df1c933",
    ("sourcing", "1"): "7daf7333b35ec1c3dbc5548378318147f5618ff23c21f54b306d1e7c27b7fc78",
    ("result", "1"): "e4955735a3e6085c85b5ec2aed2f7fd273c2cf85fdfd09efa26cc872d14142ba",
}
"""Fingerprint of each schema by version. A schema may change its prose; anything else needs a new
version of the format, with its own line here, and a reader for the old one."""


@pytest.mark.parametrize("word", schema.words())
def test_the_committed_schema_is_that_of_the_classes(word: str) -> None:
    assert schema.committed(word) == schema.build(word), "run python -m jitopt.formats.schema"


@pytest.mark.parametrize("word", schema.words())
def test_a_schema_changes_only_with_its_version(word: str) -> None:
    version = FORMAT.partition("/")[2] if word == "result" else str(VERSION)
    assert schema.fingerprint(schema.committed(word)) == FROZEN[word, version]
    assert schema.committed(word)["$id"].endswith(f"/{version}")


def test_a_fingerprint_sees_what_is_accepted_and_not_the_prose() -> None:
    data = schema.committed("heijunka")
    told = schema.fingerprint(data)
    data["description"] = data["$defs"]["Products"]["properties"]["demand"]["description"] = "other words"
    assert schema.fingerprint(data) == told
    data["$defs"]["Products"]["properties"]["demand"]["items"]["maximum"] = 5
    assert schema.fingerprint(data) != told


@pytest.mark.parametrize("word", schema.words())
def test_every_field_is_described(word: str) -> None:
    data = schema.committed(word)
    jsonschema.Draft202012Validator.check_schema(data)
    for part in (data, *data["$defs"].values()):
        assert part["description"]
        for name, field in part["properties"].items():
            assert field["description"].endswith("."), name


@pytest.mark.parametrize("word", ["delivery", "heijunka", "kanban", "sourcing"])
def test_instances_fit_their_schema(word: str) -> None:
    for seed in range(3):
        jsonschema.validate(generate(word, seed=seed).to_dict(), schema.committed(word))


@pytest.mark.parametrize(
    "change",
    [
        {"problem": "chess"},
        {"version": 2},
        {"colour": 1},
        {"products": {"product": ["A"], "demand": ["abc"]}},
        {"products": {"product": ["A"], "demand": [-1]}},
        {"products": {"product": [""], "demand": [1]}},
    ],
)
def test_what_is_refused_does_not_fit_the_schema(change: dict[str, Any]) -> None:
    data = generate("heijunka", seed=0).to_dict() | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema.committed("heijunka"))


def test_results_fit_their_schema() -> None:
    result = {"format": FORMAT, "problem": "sourcing", "plan": {"orders": []}}
    validator = jsonschema.Draft202012Validator(schema.committed("result"))
    validator.validate(result)
    validator.validate(result | {"plan": None, "status": "infeasible", "more": 1})
    for change in ({"plan": {"sequence": ["A"]}}, {"status": "perfect"}, {"format": "jitopt-result/2"}):
        assert not validator.is_valid(result | change)


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(InputError, match="heijunka, kanban, sourcing, result"):
        schema.committed("../pyproject")


def test_the_command_writes_what_is_committed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(schema, "files", lambda _package: tmp_path)
    schema.main()
    for word in schema.words():
        assert json.loads((tmp_path / "schemas" / f"{word}.json").read_text()) == schema.build(word)
