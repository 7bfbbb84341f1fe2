"""JSON Schemas of the native files and the result file, made from their classes.

The schemas are committed in jitopt/schemas. After a change of a class, and of the version that
goes with it, make them anew by `python -m jitopt.formats.schema`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.atomic import write_text
from jitopt.formats.descriptions import DESCRIPTIONS
from jitopt.formats.native import VERSION
from jitopt.formats.results import FORMAT, ResultFile
from jitopt.problems import PROBLEMS, instance_type

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["build", "committed", "fingerprint", "words"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PROSE = frozenset({"title", "description", "unit", "$id", "$schema"})
"""Keys of a schema that say something to people and refuse no file."""


def words() -> tuple[str, ...]:
    """Return the names of the schemas: every problem, and the result file."""
    return (*PROBLEMS, "result")


def build(word: str) -> dict[str, Any]:
    """Return the JSON Schema of a problem's instance, or of the result file, from the classes."""
    if word == "result":
        schema = ResultFile.model_json_schema()
        _add_plans(schema)
        title, identity = "jitopt result", FORMAT
    else:
        model: type[BaseModel] = instance_type(word)
        schema = model.model_json_schema()
        schema["required"] = ["problem", *schema["required"]]
        title, identity = f"jitopt {word} instance", f"jitopt-{word}/{VERSION}"
    _describe(schema, DESCRIPTIONS[word])
    if word != "result":
        schema["description"] = (sys.modules[model.__module__].__doc__ or "").split("\n")[0]
    return {"$schema": DIALECT, "$id": identity, **schema, "title": title}


def _add_plans(schema: dict[str, Any]) -> None:
    """Say what a plan holds, problem by problem (extra keys are allowed)."""
    forms = []
    for word in PROBLEMS:
        plan: type[BaseModel] = instance_type(word).plan_type
        part = plan.model_json_schema(ref_template="#/$defs/{model}")
        schema["$defs"] |= part.pop("$defs", {})
        schema["$defs"][plan.__name__] = part
        condition = {"properties": {"problem": {"const": word}}}
        then = {"properties": {"plan": {"anyOf": [{"$ref": f"#/$defs/{plan.__name__}"}, {"type": "null"}]}}}
        forms.append({"if": condition, "then": then})
    schema["allOf"] = forms


def _describe(schema: dict[str, Any], meanings: dict[str, dict[str, tuple[str, str]]]) -> None:
    """Put meaning and unit on every field, in place of what the classes' titles say."""
    for part in (schema, *schema.get("$defs", {}).values()):
        part["description"] = " ".join(part.get("description", "").split("\n\n")[0].split())
        for field, entry in part.get("properties", {}).items():
            text, unit = meanings[part["title"]][field]
            entry.pop("title", None)
            entry["description"] = text
            if unit:
                entry["unit"] = unit


def committed(word: str) -> dict[str, Any]:
    """Return the schema as it is shipped.

    Raises
    ------
    InputError
        If there is no such schema; the message lists those there are.
    """
    if word not in words():
        raise InputError("there is no such schema", value=word, remedy=f"use one of {', '.join(words())}")
    text = files("jitopt").joinpath("schemas", f"{word}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def fingerprint(schema: Any) -> str:
    """Return a hash of what a schema accepts, blind to its prose."""
    text = json.dumps(_bare(schema), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _bare(part: Any, names: bool = False) -> Any:
    """Strip prose; `names`: the keys of `part` are names of fields, none of which is prose."""
    if isinstance(part, dict):
        kept = part if names else {key: value for key, value in part.items() if key not in PROSE}
        return {key: _bare(value, not names and key in ("properties", "$defs")) for key, value in kept.items()}
    return [_bare(value) for value in part] if isinstance(part, list) else part


def main() -> None:
    """Write every schema into the package."""
    folder = Path(str(files("jitopt").joinpath("schemas")))
    for word in words():
        write_text(folder / f"{word}.json", json.dumps(build(word), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
