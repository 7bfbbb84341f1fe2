"""`jitopt analyse improvements`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli.options import AsJson, Seed, TimeLimit, whole_from
from jitopt.cli.output import columns, emit, err, out

__all__ = ["improvements"]

SHOWN = 15
"""Improvements listed on the terminal."""

WIDEST = 60


def improvements(
    plant: Annotated[
        str,
        typer.Argument(
            metavar="PLANT",
            help="Folder of CSV files, an .xlsx or a .json; a kanban instance; or a value stream (.json).",
        ),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="Folder for the tables.")],
    kinds: Annotated[
        str | None,
        typer.Option("--kinds", metavar="A,B", help="Of changeover, uptime, yield, lead_time; all if not given."),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Run the value stream of the plant instead of its formulas.")
    ] = False,
    target: Annotated[
        float,
        typer.Option("--target", metavar="P", help="When simulated: share of the units that are there at once."),
    ] = 0.98,
    time_limit: TimeLimit = 60.0,
    seed: Seed = 0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", parser=whole_from(1), help="Threads in all; by default the processors."),
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad rows, and what rests on them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rank what would improve a plant: a minute less changeover, a point more uptime or yield, a day less lead time.

    A plant is planned first. Writes improvements.md, improvements.csv and improvements.json to DIR.
    Exit code: 0 written, 2 bad usage or input.
    """
    from jitopt.improving.levers import shown
    from jitopt.improving.report import improve_file, write_improvements

    asked = None if kinds is None else [kind.strip() for kind in kinds.split(",")]
    settings: dict[str, Any] = {"time_limit": time_limit, "seed": seed, "threads": threads}
    found = improve_file(plant, kinds=asked, simulate=simulate, target=target, skip_bad=skip_bad, **settings)
    names = write_improvements(found, output)
    if as_json:
        emit({**found.to_dict(), "written": os.path.abspath(output)})
        return
    for note in found.notes:
        err(f"note: {note}")
    rows: list[list[Any]] = [
        [row.lever.text, *(shown(row.changes.get(name)) for name in found.measures), row.basis]
        for row in found.rows[:SHOWN]
    ]
    out(columns(["improvement", *found.measures, "basis"], rows, most=WIDEST))
    if len(found.rows) > SHOWN:
        out(f"... and {len(found.rows) - SHOWN} more")
    out(f"\nwritten to {output}: {', '.join(names)}")
