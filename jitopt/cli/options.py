"""The options that several commands share."""

import math
from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage

__all__ = ["AsJson", "File", "Format", "Output", "Seed", "ShowProgress", "TimeLimit", "read_instance", "unsigned"]


def _finite(value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise usage("a finite number is needed.")
    return value


def _positive(value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise usage("a number above 0 is needed.")
    return value


def unsigned(value: float | None) -> float | None:
    """Refuse what is not a finite number of at least 0."""
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise usage("a number of at least 0 is needed.")
    return value


File = Annotated[str, typer.Argument(metavar="FILE", help="Instance file; - reads standard input.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Format of FILE; found by its content if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Output = Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE (- : stdout).")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of all random numbers.")]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", metavar="S", callback=_positive, help="Seconds for the whole call, reading included."),
]
ShowProgress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show progress on standard error; by default on a terminal."),
]


def read_instance(file: str, format: str | None) -> Any:
    """Read the instance FILE."""
    from jitopt.formats import read

    return read(file, format)
