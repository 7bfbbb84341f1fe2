"""The result file: what a solve tells, as one JSON object."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.formats.atomic import Target, write_text
from jitopt.formats.text import Source, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Instance

__all__ = ["FORMAT", "ResultFile", "claims", "read_claims", "read_result", "write_result"]

FORMAT = "jitopt-result/1"
"""What the key "format" of a result file says."""

Seconds = Annotated[float, Field(ge=0)]


class InstanceId(BaseModel):
    """Which instance a result answers."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    name: str
    sha256: str | None = None


class ResultFile(BaseModel):
    """The result of a solve, as written by `jitopt solve -o`.

    A file written by hand or by another program needs "format", "problem" and "plan" only; what
    it states besides is compared with the truth by `jitopt check`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    format: Literal["jitopt-result/1"]
    problem: str
    plan: dict[str, Any] | None
    instance: InstanceId | None = None
    method: str | None = None
    status: Literal["optimal", "feasible", "infeasible", "no_plan"] | None = None
    stopped_by: Literal["proof", "time_limit", "work_limit", "gap", "memory_limit", "interrupted", "error"] | None = (
        None
    )
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    terms: dict[str, float] | None = None
    proof: Literal["none", "single", "cross_checked", "certificate", "exact_algorithm", "closed_form"] | None = None
    start: dict[str, Any] | None = None
    trajectory: list[Annotated[list[float | None], Field(min_length=3, max_length=3)]] | None = None
    reasons: list[dict[str, Any]] | None = None
    seconds: dict[str, Seconds | None] | None = None
    seed: int | None = None
    threads: int | None = None
    versions: dict[str, Any] | None = None


class Receipt(BaseModel):
    """What a result says of the plan that the search was given to start from."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    given: bool
    source: str
    checked: bool
    accepted: bool | None
    objective: float | None
    detail: dict[str, bool | None] = {}


def _timed(rows: list[list[float | None]]) -> list[list[float | None]]:
    """Refuse a moment of the trajectory that has no time."""
    for number, row in enumerate(rows):
        if row[0] is None or row[0] < 0:
            raise ValueError(f"a moment begins with its seconds, a number >= 0; moment {number} does not")
    return rows


Moments = Annotated[list[Annotated[list[float | None], Field(min_length=3, max_length=3)]], AfterValidator(_timed)]


class Claims(ResultFile):
    """A result whose claims are to be compared with the truth: typed as far as they are compared."""

    start: Receipt | None = None  # type: ignore[assignment]
    trajectory: Moments | None = None
    warnings: list[str] | None = None
    claims_infeasible: list[str] | None = None


def claims(data: Any, instance: Instance[Any], source: str = "") -> dict[str, Any]:
    """Return what `data` states of a plan for `instance`, once every value has its type.

    Parameters
    ----------
    data
        A result, complete or not; a plan inside {"plan": ...}; or a bare plan, known by its main key.
    instance
        The instance it belongs to.
    source
        The file it came from, for the messages.

    Returns
    -------
    dict
        The data as it stands, a bare plan under the key "plan". What is absent stays absent.

    Raises
    ------
    InputError
        If it is no result, one of another problem, or a value (of the plan too) has another type.
    """
    if isinstance(data, dict) and _bare(data, instance):
        # What a bare plan states beside itself is a claim like any other.
        stated = {key: value for key, value in data.items() if key in Claims.model_fields}
        data = {"plan": {key: value for key, value in data.items() if key not in stated}, **stated}
    if not isinstance(data, dict) or "plan" not in data or "format" in data:
        _check_format(data, source)
    told = dict(data)
    _check_problem(told.get("problem", instance.problem), instance.problem, source)
    try:
        Claims.model_validate({"format": FORMAT, "problem": instance.problem, **told})
    except ValidationError as error:
        raise _misfit(error, source) from None
    try:
        if told["plan"] is not None:
            instance.plan_type.model_validate(told["plan"])
    except ValidationError as error:
        raise _misfit(error, source, "/plan", f"see the plan of {instance.problem} in `jitopt schema result`") from None
    return told


def _bare(data: dict[str, Any], instance: Instance[Any]) -> bool:
    """Tell whether an object is a plan by itself: it has a plan's main key, and nothing of a result's frame."""
    keys = set(data)
    return not {"plan", "format"} & keys and bool(set(instance.plan_type.model_fields) & keys)


def read_claims(path: Source, instance: Instance[Any]) -> dict[str, Any]:
    """Read a result, complete or not, or a bare plan; see `claims`."""
    text = read_text(path)
    return claims(strict_json.loads(text.text, text.label), instance, text.label)


def read_result(path: Source, problem: str | None = None) -> dict[str, Any]:
    """Read a result file.

    Parameters
    ----------
    path
        Path, "-" for standard input, or an open file object.
    problem
        The problem of the instance it belongs to; a result of another one is refused.

    Returns
    -------
    dict
        The data as it stands in the file: nothing is filled in, extra keys are kept.

    Raises
    ------
    InputError
        With the file, the place, the value, the rule and the remedy.
    """
    text = read_text(path)
    data = strict_json.loads(text.text, text.label)
    _check_format(data, text.label)
    try:
        ResultFile.model_validate(data)
    except ValidationError as error:
        raise _misfit(error, text.label) from None
    if problem is not None:
        _check_problem(data["problem"], problem, text.label)
    return dict(data)


def _check_problem(told: object, problem: str, source: str) -> None:
    if told != problem:
        raise InputError(
            f"this is a result of another problem than the instance ({problem})",
            place="/problem",
            value=told,
            remedy="give the result and the instance that belong together",
            source=source,
        )


def _check_format(data: Any, source: str) -> None:
    told = data.get("format") if isinstance(data, dict) else None
    if told == FORMAT:
        return
    rule, remedy = f'a result file is a JSON object with "format": "{FORMAT}"', "give the file that -o wrote"
    if isinstance(told, str) and told.startswith("jitopt-result/"):
        rule, remedy = f"this jitopt reads results of the format {FORMAT}", "upgrade jitopt"
    elif isinstance(data, dict) and "problem" in data and "plan" not in data:
        rule += "; this looks like an instance"
    elif isinstance(data, dict):
        remedy = f'wrap a plan as {{"format": "{FORMAT}", "problem": ..., "plan": ...}}'
    raise InputError(rule, place="/format", value=told, remedy=remedy, source=source)


def _misfit(error: ValidationError, source: str, within: str = "", remedy: str = "") -> InputError:
    first, *rest = error.errors(include_url=False)
    told = [f"also {_place(problem['loc'], within)}: {_sentence(problem['msg'])}" for problem in rest[:5]]
    return InputError(
        _sentence(first["msg"]),
        place=_place(first["loc"], within),
        value=None if first["type"] == "missing" else first["input"],
        remedy=remedy or "correct the value (see `jitopt schema result`)",
        source=source,
        more=told,
    )


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").replace("Input should be", "the value must be")
    return text.replace("a valid tuple", "a list")


def _place(parts: tuple[int | str, ...], within: str) -> str:
    return f"{within}/{'/'.join(map(str, parts))}"


def write_result(data: Mapping[str, Any], path: Target) -> None:
    """Write the data of a result; the file appears whole or not at all.

    Raises
    ------
    InputError
        If the path cannot be written to.
    JitoptError
        If writing fails, for instance because the disk is full.
    """
    write_text(os.fspath(path), strict_json.layout(dict(data)) + "\n")
