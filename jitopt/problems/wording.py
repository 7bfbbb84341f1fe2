"""What the validation of an instance found wrong, in the words of those who write instances."""

from __future__ import annotations

import difflib
import typing
from itertools import islice
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from jitopt.errors import InputError
from jitopt.problems.figures import amount

if typing.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "class_in",
    "explain_validation",
    "key_words",
    "listed",
    "misnamed",
    "near",
]

MOST = 5
"""Most further problems of an input that are told in words."""

COMPARED = 20_000
"""Most known names that a name is compared with."""


class Told(NamedTuple):
    """A problem of an input in words."""

    place: str
    rule: str
    value: object
    remedy: str


REMEDIES = {
    "finite_number": "write a finite number",
    "string_type": "write the value as text, in quotes",
    "string_too_short": "write at least one character",
    "string_too_long": "shorten the text",
    "string_pattern_mismatch": "remove line ends, tabs and control characters",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "float_type": "write a number, without quotes and unit, with a point for decimals",
    "bool_type": "write true or false",
    "model_type": "write a JSON object",
    "less_than_equal": "check the unit of the value: it is larger than jitopt accepts",
    "greater_than_equal": "write a value of at least the limit",
    "greater_than": "write a value above the limit",
}

RULES = {
    "float_type": "the value must be a number",
    "int_type": "the value must be an integer",
    "int_from_float": "the value must be an integer",
    "string_type": "the value must be text",
    "bool_type": "the value must be true or false",
    "string_too_short": "a name must not be empty",
    "string_pattern_mismatch": "a name must not hold control characters",
}
"""Rules in plain words; the others are told as pydantic does."""


def near(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is most likely meant to be, None when none comes close."""
    if not isinstance(name, str):
        return None
    names = list(islice(known, COMPARED))
    bare = {other.strip().casefold(): other for other in reversed(names)}
    if name.strip().casefold() in bare:
        return bare[name.strip().casefold()]
    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def explain_validation(error: ValidationError, model: type[BaseModel], source: str) -> InputError:
    """Return the error that tells what pydantic found in the data of a `model`, the likeliest cause first."""
    found: list[Any] = error.errors(include_url=False)
    unknown = [problem for problem in found if problem["type"] == "extra_forbidden"]
    others = [problem for problem in found if problem["type"] != "extra_forbidden"]
    problems = unknown + [problem for problem in others if not _follows(problem, unknown, model)]
    first = _tell(problems[0], model)
    rest = [_tell(problem, model) for problem in problems[1 : MOST + 1]]
    lines = [f"also {told.place}: {told.rule}" for told in rest]
    if len(problems) > MOST + 1:
        lines.append(f"and {len(problems) - MOST - 1} more")
    return InputError(first.rule, place=first.place, value=first.value, remedy=first.remedy, source=source, more=lines)


def _follows(problem: Any, unknown: Sequence[Any], model: type[BaseModel]) -> bool:
    """Tell whether a field is missing only because its name is misspelled beside it."""
    loc = problem["loc"]
    if problem["type"] != "missing":
        return False
    beside = [other["loc"][-1] for other in unknown if other["loc"][:-1] == loc[:-1]]
    return any(near(name, _fields(model, loc)) == loc[-1] for name in beside)


def _tell(problem: Any, model: type[BaseModel]) -> Told:
    kind, loc, value = str(problem["type"]), problem["loc"], problem["input"]
    place = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)
    if kind == "extra_forbidden":
        return _unknown_field(place, str(loc[-1]), _fields(model, loc), model)
    if kind == "missing":
        return Told(place, f'the field "{loc[-1]}" is missing', None, f"add it ({_source(model)})")
    if kind in ("model_type", "model_attributes_type", "tuple_type", "dict_type"):
        return _wrong_shape(place, loc, value, model)
    if kind == "too_short":
        rule = "the objective needs at least one term" if loc == ("objective",) else "the list must not be empty"
        return Told(place, rule, value, 'write [{"term": "rate"}]' if loc == ("objective",) else "add an entry")
    if value is None:
        remedy = "write the value; null stands only where a value is optional"
        return Told(place, f"{_rule(problem)}, not null", None, remedy)
    if kind == "less_than" and problem["ctx"].get("lt") == 1 and isinstance(value, int | float) and value >= 1:
        remedy = f"write {amount(value / 100)} for {amount(value)} %" if 1 < value < 100 else "write 0.99 for 99 %"
        return Told(place, _rule(problem), value, remedy)
    if kind == "less_than_equal" and problem["ctx"].get("le") == 1:
        share, percent = (amount(value / 100), amount(value)) if value <= 100 else ("0.6", "60")
        return Told(place, "a share lies between 0 and 1", value, f"write {share} for {percent} %")
    return Told(place, _rule(problem), value, _remedy(kind, value, problem, model))


def _remedy(kind: str, value: object, problem: Any, model: type[BaseModel]) -> str:
    if kind == "literal_error":
        meant = near(value, _literals(problem["ctx"].get("expected", "")))
        return (f"did you mean {meant!r}? " if meant else "") + "Use one of the listed words"
    if kind == "float_type" and isinstance(value, str) and value.strip().endswith("%"):
        return "write 60 % as 0.6, without quotes and sign"
    return REMEDIES.get(kind, f"correct the value ({_source(model)})")


def _rule(problem: Any) -> str:
    text = RULES.get(str(problem["type"]), problem["msg"])
    text = text.removeprefix("Value error, ").replace("Input should be", "the value must be")
    return str(text[:1].lower() + text[1:])


def _unknown_field(place: str, name: str, fields: Sequence[str], model: type[BaseModel]) -> Told:
    meant = near(name, fields)
    remedy = f"did you mean {meant}? The" if meant else "remove it; the"
    remedy += f" fields are {', '.join(fields)} ({_source(model)})"
    return Told(place, f'there is no field "{name}" here', None, remedy)


def _wrong_shape(place: str, loc: tuple[Any, ...], value: object, model: type[BaseModel]) -> Told:
    """Tell rows where columns are due, an object where a list is, and the like."""
    owner = _model_at(model, loc)
    if owner is not None and hasattr(owner, "KEY"):
        columns = ", ".join(f'"{name}": [...]' for name, field in owner.model_fields.items() if field.is_required())
        rule = "a table is one object of columns"
        rule += ", not a list of rows" if isinstance(value, list) else ""
        return Told(place, rule, value, f"write {{{columns}}}, one list per column")
    if loc == ("objective",):
        return Told(place, "the objective is a list of terms", value, 'write [{"term": "rate"}]')
    if owner is not None and (len(loc) < 2 or not isinstance(loc[-1], int)):
        fields = ", ".join(f'"{name}"' for name in owner.model_fields)
        return Told(place, "an object is needed here", value, f"write {{...}} with keys among {fields}")
    if isinstance(loc[-1], int):
        return Told(place, "an object is needed here", value, "write a JSON object in braces")
    return Told(
        place, "a column is a list of values", value, "write the values as a list in brackets, also a single one"
    )


def _source(model: type[BaseModel]) -> str:
    """Return where the fields of a model are described; what is no problem has no schema to print."""
    field = model.model_fields.get("problem")
    if field is not None and isinstance(field.default, str):
        return f"see `jitopt schema {field.default}`"
    return (
        "see docs/simulation.md" if model.__module__.startswith("jitopt.simulation") else "see `jitopt schema result`"
    )


def _literals(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").replace("'", "").split(", ")


def _fields(model: type[BaseModel], loc: Sequence[Any]) -> list[str]:
    """Return the names of the fields beside the one at `loc`."""
    owner = _model_at(model, loc[:-1])
    return list(owner.model_fields) if owner is not None else []


def _model_at(model: type[BaseModel], loc: Sequence[Any]) -> type[BaseModel] | None:
    """Return the class of the object at `loc`, None where there is a column or a value."""
    found: type[BaseModel] | None = model
    for step in loc:
        if isinstance(step, int):
            continue
        field = found.model_fields.get(str(step)) if found is not None else None
        found = class_in(field.annotation) if field is not None else None
    return found


def class_in(annotation: Any) -> type[BaseModel] | None:
    """Return the class of objects named in an annotation such as `Bill | None`."""
    if isinstance(annotation, type) and not typing.get_origin(annotation) and issubclass(annotation, BaseModel):
        return annotation
    inner = (class_in(part) for part in typing.get_args(annotation))
    return next((part for part in inner if part is not None), None)


def key_words(names: Sequence[str], key: Sequence[object]) -> object:
    """Return the key of a row as people read it: the value, or each value under its column."""
    return key[0] if len(key) == 1 else dict(zip(names, key, strict=True))


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def misnamed(name: str, column: str, known: Mapping[str, int], what: str, place: str, home: str) -> InputError:
    """Return the error of a reference to nothing; a known name with a blank too many is told at its own row."""
    meant = near(name, known)
    if meant is not None and meant != meant.strip() and meant.strip() == name.strip() and home and name == name.strip():
        return InputError(
            f"a name has a blank at its beginning or end, so that {place} does not find it",
            place=f"{home}/{known[meant]}",
            value=meant,
            remedy=f"write {name!r}",
        )
    if meant is not None and meant.strip() == name.strip():
        hint = f"write {meant!r}, without the blank" if len(name) > len(meant) else f"write {meant!r}, with its blank"
    elif meant is not None:
        hint = f"did you mean {meant!r}? Correct the name or add it to the {what}"
    else:
        hint = f"add it to the {what} or correct the name"
    return InputError(f"{column} must be one of the {what}", place=place, value=name, remedy=hint)
