"""`jitopt plan`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli import clock
from jitopt.cli.failures import INFEASIBLE, INTERRUPTED, NO_PLAN
from jitopt.cli.options import AsJson, Seed, ShowProgress, TimeLimit, number_above_0, whole_from
from jitopt.cli.output import columns, emit, err, number, out
from jitopt.cli.progress import Ticker

__all__ = ["plan"]

WRITING = 0.5
"""Seconds kept for writing the folder."""


def plan(
    plant: Annotated[str, typer.Argument(metavar="PLANT", help="Folder of CSV files, an .xlsx or a .json.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="Folder for the plan.")],
    time_limit: TimeLimit = 60.0,
    work_limit: Annotated[
        float | None,
        typer.Option("--work-limit", metavar="N", parser=number_above_0, help="Work of each method of a step."),
    ] = None,
    day: Annotated[
        int | None,
        typer.Option("--day", metavar="D", parser=whole_from(1), help="Day that is levelled; by default the first."),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out bad rows, and what rests on them, and say which.")
    ] = False,
    seed: Seed = 0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", parser=whole_from(1), help="Threads in all; by default the processors."),
    ] = None,
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Plan a whole plant: suppliers, deliveries, cards, and the sequence of every line.

    Writes summary.md, a CSV per decision, the cards to print, and the result of every step to DIR.
    Run again, only those steps are taken whose inputs have changed. Exit code: 0 planned,
    3 infeasible with the reasons, 4 no plan within the limit, 130 interrupted, 2 bad usage or
    input, 1 anything else.
    """
    from jitopt import planning
    from jitopt.planning.report import plan_data

    began = clock.began()
    reading = planning.read_plant(plant, skip_bad=skip_bad)
    for finding in reading.left_out:
        err(f"jitopt: left out: {finding.text}")
    for finding in reading.warnings:
        err(f"jitopt: warning: {finding.text}")
    ticker = Ticker(progress)

    def tell(step: str, told: str) -> None:
        ticker.close()
        if progress is not False:
            err(f"{step}: {told}")

    try:
        found = planning.plan(
            reading,
            output,
            time_limit=max(1.0, time_limit - WRITING),
            work_limit=work_limit,
            seed=seed,
            threads=threads,
            day=day,
            tell=tell,
            progress=ticker.callback,
            began=began,
        )
    finally:
        ticker.close()
    if as_json:
        reused = [outcome.name for outcome in found.outcomes if outcome.reused]
        emit(
            {
                **plan_data(found),
                "reused": reused,
                "seconds": round(found.seconds, 3),
                "written": os.path.abspath(output),
            }
        )
    else:
        out(_report(found))
        out(f"\nwritten to {output}: summary.md, a CSV per decision, the cards, the results")
    raise typer.Exit(_code(found))


def _code(found: Any) -> int:
    return {"planned": 0, "infeasible": INFEASIBLE, "no_plan": NO_PLAN, "interrupted": INTERRUPTED}[found.status]


def _report(found: Any) -> str:
    from jitopt.planning.indicators import indicators, limits

    rows = [
        [
            outcome.name,
            outcome.result.status,
            outcome.result.objective,
            outcome.result.bound,
            "-" if outcome.result.gap is None else f"{100 * outcome.result.gap:.2g} %",
            "unchanged" if outcome.reused else f"{outcome.seconds:.1f} s",
        ]
        for outcome in found.outcomes
    ]
    parts = [columns(["decision", "status", "objective", "bound", "gap", "time"], rows)]
    for outcome in found.outcomes:
        if outcome.result.reasons:
            from jitopt.cli.judging import show_reasons

            told = show_reasons(outcome.result.reasons)
            parts.append("\n".join([f"{outcome.name} cannot be done. The cheapest way out:", *told]))
    values = indicators(found)
    if values:
        parts.append(columns(["indicator", "value"], [[name, number(float(f"{v:.6g}"))] for name, v in values.items()]))
    tight = [f"{limit.kind} {limit.name}" for limit in limits(found) if limit.tight]
    if tight:
        parts.append("tight: " + ", ".join(tight))
    return "\n\n".join(parts)
