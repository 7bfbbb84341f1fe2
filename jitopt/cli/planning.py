"""`jitopt plan`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli import clock
from jitopt.cli.failures import INFEASIBLE, INTERRUPTED, NO_PLAN
from jitopt.cli.options import AsJson, Seed, ShowProgress, SkipBad, Threads, TimeLimit, number_above_0, whole_from
from jitopt.cli.output import columns, emit, err, number, out
from jitopt.cli.progress import Ticker, tell_making
from jitopt.problems.figures import rounded

__all__ = ["plan"]

SHOWN = 8
"""Rows that are told of a limit that is too small."""

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
    skip_bad: SkipBad = False,
    seed: Seed = 0,
    threads: Threads = None,
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
    tell_making()
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


def _gap(gap: float | None, proven: float) -> str:
    return "-" if gap is None else "0 %" if gap <= proven else f"{rounded(100 * gap, 2)} %"


def _why_not(found: Any) -> list[str]:
    """Say of every step without a plan what is in the way: the way out and its cost, the limits, what weighs most."""
    from jitopt.cli.judging import show_reasons
    from jitopt.planning.obstacles import obstacles
    from jitopt.planning.summary import REPAIR

    parts = []
    for outcome in found.outcomes:
        if outcome.result.reasons:
            told = show_reasons(outcome.result.reasons)
            parts.append(
                "\n".join([f"{outcome.name} cannot be done. The cheapest way out that was found:", *told, REPAIR])
            )
    for limit in obstacles(found):
        has, needs = (f"{rounded(value, 6)} {limit.unit}".rstrip() for value in (limit.available, limit.needed))
        lines = [f"{limit.kind} {limit.name} has {has}, its users need at least {needs}. What weighs most:"]
        lines.append(columns(limit.head, limit.rows[:SHOWN]))
        if len(limit.rows) > SHOWN:
            lines.append(f"... and {len(limit.rows) - SHOWN} more, in summary.md")
        if limit.remark:
            lines.append(limit.remark)
        parts.append("\n".join(lines))
    return parts


def _not_run(found: Any) -> str:
    """Say which steps were not taken, and why."""
    why = {
        "no_plan": "the time was over (give more with --time-limit)",
        "infeasible": "the decision before has no plan",
        "interrupted": "interrupted",
    }[found.status]
    names = ", ".join(found.not_run[:SHOWN])
    more = f" and {len(found.not_run) - SHOWN} more" if len(found.not_run) > SHOWN else ""
    return f"not decided: {names}{more}: {why}"


def _service(found: Any) -> list[str]:
    """Say what the cards give when they are simulated, and which loops fall short."""
    from jitopt.planning.service import told_service

    if found.service is None:
        return []
    weak = found.service.weak
    lines = [f"service: {told_service(found.service)}", *(f"- {loop.loop}: {loop.text}" for loop in weak[:SHOWN])]
    more = [f"... and {len(weak) - SHOWN} more, in service.csv"] if len(weak) > SHOWN else []
    return ["\n".join([*lines, *more])]


def _report(found: Any) -> str:
    from jitopt.planning.indicators import indicators, limits, notes
    from jitopt.planning.resizing import changes_of
    from jitopt.planning.solving import PROVEN

    rows = [
        [
            outcome.name,
            outcome.result.status,
            outcome.result.objective,
            outcome.result.bound,
            _gap(outcome.result.gap, PROVEN),
            "unchanged" if outcome.reused else f"{outcome.seconds:.1f} s",
        ]
        for outcome in found.outcomes
    ]
    parts = [columns(["decision", "status", "objective", "bound", "gap", "time"], rows)]
    parts += [_not_run(found)] if found.not_run else []
    parts += _why_not(found)
    parts += [f"warning: {note}" for note in notes(found)]
    values = indicators(found)
    if values:
        parts.append(columns(["indicator", "value"], [[name, number(float(f"{v:.6g}"))] for name, v in values.items()]))
    parts += _service(found)
    tight = [
        f"{limit.kind} {limit.name} ({rounded(limit.used, 6)} of {rounded(limit.capacity, 6)})"
        for limit in limits(found)
        if limit.tight
    ]
    if tight:
        parts.append("tight: " + ", ".join(tight))
    resized = changes_of(found)
    parts += [f"against the cards in force: {resized.summary} (changes.csv)"] if resized is not None else []
    return "\n\n".join(parts)
