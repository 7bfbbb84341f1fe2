"""The command line: words in, tables and files out. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import typer

from jitopt.cli import (
    asking,
    batching,
    changing,
    comparing,
    files,
    improving,
    judging,
    levelling,
    planning,
    running,
    simulating,
    solving,
)
from jitopt.cli.analysing import analyse
from jitopt.cli.failures import Commands
from jitopt.cli.library import library
from jitopt.cli.output import err, flush

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main"]

app: typer.Typer = typer.Typer(
    name="jitopt",
    help="Just-in-time optimisation: plans, each re-checked, with a bound on how good it is.",
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from jitopt import __version__

        typer.echo(f"jitopt {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass


for _command in (
    planning.plan,
    solving.solve,
    batching.batch,
    judging.check,
    judging.explain,
    changing.resize,
    changing.changes,
    running.score,
    running.usage,
    running.relevel,
    running.figure,
    simulating.simulate,
    comparing.compare,
    files.info,
    files.convert,
    files.export,
    asking.generate,
    asking.methods,
    asking.schema,
    asking.doctor,
):
    app.command()(_command)
analyse.command()(improving.improvements)
analyse.command()(improving.releases)
analyse.command()(levelling.volume)
analyse.command()(levelling.wheel)
app.add_typer(analyse)
app.add_typer(library)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done, a plan was written · 1: a check failed, or anything unforeseen · 2: bad usage or bad
    input · 3: infeasible, with the reasons · 4: no plan within the limit · 130: interrupted.

    Parameters
    ----------
    arguments
        The words behind `jitopt`; None takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter of a user's id shows its code instead of failing.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_rest: err(f"jitopt: warning: {message}")
        try:
            app(args=None if arguments is None else list(arguments), prog_name="jitopt")
        except SystemExit as end:
            return flush(end.code if isinstance(end.code, int) else int(end.code is not None))
    return flush(0)
