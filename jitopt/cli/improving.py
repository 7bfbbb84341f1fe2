"""`jitopt analyse improvements` and `jitopt analyse releases`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage
from jitopt.cli.options import (
    AsJson,
    Seed,
    SkipBad,
    TablesFolder,
    Threads,
    TimeLimit,
    number_above_0,
    share,
    whole_from,
)
from jitopt.cli.output import columns, emit, err, out
from jitopt.cli.progress import tell_making

__all__ = ["improvements", "releases"]

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
    output: TablesFolder,
    kinds: Annotated[
        str | None,
        typer.Option("--kinds", metavar="A,B", help="Of changeover, uptime, yield, lead_time; all if not given."),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Run the value stream of the plant instead of its formulas.")
    ] = False,
    target: Annotated[
        float,
        typer.Option("--target", metavar="P", parser=share, help="When simulated: share of the units there at once."),
    ] = 0.98,
    time_limit: TimeLimit = 60.0,
    seed: Seed = 0,
    threads: Threads = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Rank what would improve a plant: a minute less changeover, a point more uptime or yield, a day less lead time.

    A plant is planned first. Writes improvements.md, improvements.csv and improvements.json to DIR.
    Exit code: 0 written, 2 bad usage or input.
    """
    from jitopt.improving.levers import shown
    from jitopt.improving.report import improve_file, write_improvements

    tell_making()
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


def releases(
    plant: Annotated[
        str,
        typer.Argument(metavar="PLANT", help="Folder of CSV files, an .xlsx or a .json; or a value stream (.json)."),
    ],
    output: TablesFolder,
    at: Annotated[
        str,
        typer.Option("--at", metavar="WHAT", help="service (which stock does each need?) or stock (which service?)."),
    ] = "service",
    value: Annotated[
        float | None,
        typer.Option("--value", metavar="V", parser=number_above_0, help="Of it; if not given, as it is under kanban."),
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", parser=whole_from(2), help="Runs of each release and setting.")
    ] = 20,
    days: Annotated[
        float, typer.Option("--days", metavar="D", parser=number_above_0, help="Days measured, of each run.")
    ] = 100.0,
    time_limit: TimeLimit = 120.0,
    seed: Seed = 0,
    threads: Threads = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Compare kanban, CONWIP and push on the same demand, at equal service or at equal stock.

    A plant is planned first. Writes releases.csv, release_curves.csv and releases.json to DIR.
    Exit code: 0 written, 2 bad usage or input.
    """
    from jitopt.improving.levers import shown
    from jitopt.improving.report import compare_file, write_releases

    tell_making()
    if at == "service" and value is not None and value > 1:
        raise usage(f"a service is a share of at most 1, not {value:g}; 98 % is 0.98.")
    settings: dict[str, Any] = {"time_limit": time_limit, "seed": seed, "threads": threads, "skip_bad": skip_bad}
    found = compare_file(plant, at=at, value=value, replications=replications, days=days, **settings)
    names = write_releases(found, output)
    if as_json:
        emit({**found.to_dict(), "written": os.path.abspath(output)})
        return
    for note in found.notes:
        err(f"note: {note}")
    rows = [[name, shown(one).removeprefix("+"), shown(found.differences[name])] for name, one in found.found.items()]
    out(columns(["release", found.measure, f"more than {found.reference}"], rows))
    out(f"\nat a {found.at} of {found.level_of:.4g}; written to {output}: {', '.join(names)}")
