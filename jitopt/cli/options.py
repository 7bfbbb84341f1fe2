"""The options that several commands share."""

import math
from collections.abc import Callable
from typing import Annotated, Any

import typer

__all__ = [
    "AsJson",
    "Deterministic",
    "File",
    "Format",
    "Gap",
    "Output",
    "Row",
    "Seed",
    "ShowProgress",
    "SkipBad",
    "TablesFolder",
    "Threads",
    "TimeLimit",
    "WorkLimit",
    "number_above_0",
    "number_at_least_0",
    "read_instance",
    "relative_gap",
    "whole_from",
]  # fmt: skip


def number_above_0(text: str | float) -> float:
    """Return the number in a word of the command line; refuse what is none, or not above 0."""
    value = _number(text)
    if value is None or value <= 0:
        raise typer.BadParameter(f"{text!r} is not a number above 0; write for instance 30.")
    return value


def number_at_least_0(text: str | float) -> float:
    """Return the number in a word of the command line; refuse what is none, or below 0."""
    value = _number(text)
    if value is None or value < 0:
        raise typer.BadParameter(f"{text!r} is not a number of at least 0; write for instance 1.")
    return value


def relative_gap(text: str | float) -> float:
    """Return the relative gap in a word of the command line: at least 0, below 1."""
    value = _number(text)
    if value is None or not 0 <= value < 1:
        raise typer.BadParameter(f"{text!r} is not a relative gap from 0 to below 1; 5 % is 0.05.")
    return value


def share(text: str | float) -> float:
    """Return the share in a word of the command line: above 0, below 1."""
    value = _number(text)
    if value is None or not 0 < value < 1:
        raise typer.BadParameter(f"{text!r} is not a share between 0 and 1; 98 % is 0.98.")
    return value


def whole_from(least: int) -> Callable[[str | int], int]:
    """Return what takes a word of the command line as a whole number of at least `least`."""

    def whole_number(text: str | int) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise typer.BadParameter(f"{text!r} is not a whole number of at least {least}.")
        return value

    return whole_number


def _number(text: str | float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


File = Annotated[str, typer.Argument(metavar="FILE", help="Instance file; - reads standard input.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Format of FILE; found by its content if not given.")
]
Row = Annotated[
    str | None, typer.Option("--row", metavar="NAME", help="Row of FILE, where it has an instance in each row.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
TablesFolder = Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="Folder for the tables.")]
Output = Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE (- : stdout).")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", parser=whole_from(0), help="Seed of all random numbers.")]
TimeLimit = Annotated[
    float,
    typer.Option(
        "--time-limit", metavar="S", parser=number_above_0, help="Seconds for the whole call, reading included."
    ),
]
Deterministic = Annotated[
    bool, typer.Option("--deterministic", help="Same input, seed and versions give the same plan.")
]
WorkLimit = Annotated[
    float | None,
    typer.Option(
        "--work-limit",
        metavar="N",
        parser=number_above_0,
        help="Work of each method with --deterministic, about seconds of one processor; 10 if not given.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", parser=whole_from(1), help="Threads in all; by default the processors."),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out bad rows, and what rests on them, and say which.")]
Gap = Annotated[
    float, typer.Option("--gap", metavar="G", parser=relative_gap, help="Relative gap at which to stop: 0.05 is 5 %.")
]
ShowProgress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show progress on standard error; by default on a terminal."),
]


def read_instance(file: str, format: str | None, row: str | None = None) -> Any:
    """Read the instance FILE."""
    from jitopt.formats import read

    return read(file, format, row=row)
