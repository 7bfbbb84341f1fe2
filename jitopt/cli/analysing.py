"""`jitopt analyse`: questions about a plant that decide nothing."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli.options import AsJson, SkipBad, TablesFolder, number_at_least_0
from jitopt.cli.output import columns, emit, err, out

__all__ = ["analyse"]

analyse: typer.Typer = typer.Typer(
    name="analyse",
    help="Questions about a plant: its formulas, what would improve it, push or pull, level volume, product wheels.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SHOWN = 8
"""Loops listed on the terminal."""

WIDEST = 60
"""Columns of the text that says why."""


def _service(text: str | float) -> float:
    value = number_at_least_0(text)
    if not 0.5 <= value < 1:
        raise typer.BadParameter(f"{text!r} is not a probability from 0.5 to below 1; 95 % is 0.95.")
    return value


@analyse.command()
def formulas(
    plant: Annotated[
        str,
        typer.Argument(metavar="PLANT", help="Folder of CSV files, an .xlsx or a .json; or a kanban instance."),
    ],
    output: TablesFolder,
    safety: Annotated[
        float, typer.Option("--safety", metavar="A", parser=number_at_least_0, help="Safety share where none is told.")
    ] = 0.0,
    service: Annotated[
        float | None,
        typer.Option("--service", metavar="P", parser=_service, help="Service target where none is told."),
    ] = None,
    rank: Annotated[
        str, typer.Option("--rank", metavar="KEY", help="Rank the loops by cards, share or value of the spread.")
    ] = "cards",
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Hold the card formulas in use against each other on every loop, and say why they disagree.

    Writes formulas.md, formulas.csv, formula_reasons.csv and formula_terms.csv to DIR.
    Exit code: 0 written, 2 bad usage or input.
    """
    from jitopt.planning.formula_audit import audit_formulas, write_audit

    _elsewhere(plant, output)
    found = audit_formulas(plant, safety=safety, service=service, rank=rank, skip_bad=skip_bad)
    names = write_audit(found, output)
    if as_json:
        emit({**found.to_dict(), "written": os.path.abspath(output)})
        return
    for note in found.notes:
        err(f"note: {note}")
    totals = [[name, loops, cards] for name, (cards, loops) in found.totals().items()]
    out(columns(["formula", "loops", "cards"], totals))
    rows = [[row.figures.loop, *_ends(row), row.spread, row.brief() or "-"] for row in found.loops[:SHOWN]]
    out("\n" + columns(["loop", "lowest", "highest", "spread", "why"], rows, most=WIDEST))
    if len(found.loops) > SHOWN:
        out(f"... and {len(found.loops) - SHOWN} more, in formulas.csv")
    out(f"\nwritten to {output}: {', '.join(names)}")


def _elsewhere(plant: str, output: str) -> None:
    """Refuse to write among the tables of the plant, where the next reading would stumble over them."""
    from jitopt.errors import InputError

    if os.path.realpath(plant) == os.path.realpath(output):
        raise InputError("an analysis must not be written among the tables", source=plant, remedy="name another folder")


def _ends(row: Any) -> tuple[str, str]:
    low, high = (f"{name} {row.counts[name].cards}" for name in (row.low, row.high))
    return low, high
