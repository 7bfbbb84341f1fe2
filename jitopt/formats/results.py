"""The result file: what a solve tells, as one JSON object."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.formats.atomic import Target, write_text
from jitopt.formats.text import Source, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "ResultFile", "read_result", "write_result"]

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
    if problem is not None and data["problem"] != problem:
        raise InputError(
            f"this is a result of another problem than the instance ({problem})",
            place="/problem",
            value=data["problem"],
            remedy="give the result and the instance that belong together",
            source=text.label,
        )
    return dict(data)


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


def _misfit(error: ValidationError, source: str) -> InputError:
    first, *rest = error.errors(include_url=False)
    told = [f"also /{'/'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in rest[:5]]
    return InputError(
        first["msg"].replace("Input should be", "the value must be"),
        place="/" + "/".join(map(str, first["loc"])),
        value=None if first["type"] == "missing" else first["input"],
        remedy="correct the value (see `jitopt schema result`)",
        source=source,
        more=told,
    )


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
