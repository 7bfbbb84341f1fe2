"""`jitopt solve`."""

import contextlib
import gc
import os
import time
from dataclasses import replace
from typing import Annotated, Any

import typer

from jitopt.cli import clock
from jitopt.cli.failures import FAILED, INFEASIBLE, INTERRUPTED, NO_PLAN, usage
from jitopt.cli.options import (
    AsJson,
    Deterministic,
    File,
    Format,
    Gap,
    Output,
    Row,
    Seed,
    ShowProgress,
    Threads,
    TimeLimit,
    WorkLimit,
    read_instance,
)
from jitopt.cli.output import emit, err, number, out
from jitopt.cli.progress import Ticker

WRITING = 0.3
"""Seconds kept for writing and ending, per second of reading."""

LONG = 4_000_000
"""Bytes of a file that takes longer to read than a process to start."""

__all__ = ["solve"]

ENDS = {
    "proof": "proven",
    "time_limit": "stopped by the time limit",
    "work_limit": "stopped by the work limit",
    "memory_limit": "stopped by the memory limit",
    "gap": "stopped at the gap asked for",
    "interrupted": "interrupted",
    "error": "stopped by an error",
}
"""What ended a solve, in words."""


def solve(
    file: File,
    method: Annotated[str, typer.Option("--method", metavar="M", help="auto, or a name of `jitopt methods`.")] = "auto",
    time_limit: TimeLimit = 60.0,
    gap: Gap = 0.0,
    seed: Seed = 0,
    threads: Threads = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="RESULT", help="Result file whose plan to start from; never made worse."),
    ] = None,
    deterministic: Deterministic = False,
    work_limit: WorkLimit = None,
    format: Format = None,
    row: Row = None,
    output: Output = None,
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Find a plan for FILE, with a bound on how good it is.

    Exit code: 0 a plan (optimal or feasible), 3 infeasible with the reasons, 4 no plan within the
    limit, 130 interrupted (the best plan is written), 2 bad usage or input, 1 anything else.
    """
    from jitopt import api
    from jitopt.cli.notes import notes_of
    from jitopt.formats.atomic import check_writable
    from jitopt.formats.files import refuse_foreign

    began = clock.began()
    opened = time.monotonic()
    if work_limit is not None and not deterministic:
        raise usage("--work-limit belongs to --deterministic: add it, or limit the time by --time-limit.")
    if output not in (None, "-"):
        refuse_foreign(str(output))
        check_writable(str(output))
    instance = _read(file, format, row)
    for note in notes_of(instance):
        err(f"jitopt: note: {note}")
    plan = _start(start, instance.problem)
    read_seconds = time.monotonic() - began
    # What took long to read takes a while to write and to let go of, too.
    reserve = WRITING * (time.monotonic() - opened)
    ticker = Ticker(progress)
    try:
        result = api.solve(
            instance,
            method=method,
            time_limit=max(0.05, time_limit - read_seconds - reserve),
            gap=gap,
            seed=seed,
            threads=threads,
            start=plan,
            progress=ticker.callback,
            deterministic=deterministic,
            work_limit=work_limit,
        )
    finally:
        ticker.close()
    result = _with_reading(result, read_seconds)
    _tell(instance, result, output, as_json)
    raise typer.Exit(_code(result))


def _read(file: str, format: str | None, row: str | None) -> Any:
    """Read the instance; of a long file the heuristics' process reads the text at the same time."""
    if row is not None or not _long(file) or not file.endswith(".json") or format not in (None, "json"):
        return read_instance(file, format, row)
    from jitopt.engine.process import foretell, warm
    from jitopt.formats.files import understand
    from jitopt.formats.text import read_text

    gc.set_threshold(50_000, 20, 50)  # tables hold no cycles to be collected
    warm("heuristic")
    text = read_text(file)
    worker = foretell("heuristic", text.text)
    instance = understand(text, format)
    worker.hold(instance)
    return instance


def _long(file: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.getsize(file) > LONG
    return False


def _start(start: str | None, problem: str) -> Any:
    if start is None:
        return None
    from jitopt.errors import InputError
    from jitopt.formats import read_result

    data = read_result(start, problem)
    if data["plan"] is None:
        raise InputError("the start holds no plan", place="/plan", source=start, remedy="give a result that has one")
    return data


def _with_reading(result: Any, seconds: float) -> Any:
    """Add the time of reading, which the solve could not see."""
    told = dict(result.seconds)
    for key in ("read", "total"):
        told[key] = told.get(key, 0.0) + seconds
    return replace(result, seconds=told)


def _tell(instance: Any, result: Any, output: str | None, as_json: bool) -> None:
    """Write the result, then print it; a plan that cannot be written is printed all the same."""
    from jitopt.formats import write_result

    data = result.to_dict()
    try:
        if output not in (None, "-"):
            write_result(data, output)
    finally:
        if as_json or output == "-":
            emit(data)
        else:
            out(_report(instance, result))
            if output:
                out(f"\nwritten to {output}")


def _code(result: Any) -> int:
    if result.stopped_by == "interrupted":
        return INTERRUPTED
    if result.plan is not None:
        return 0
    if result.status == "infeasible":
        return INFEASIBLE
    return FAILED if result.stopped_by == "error" else NO_PLAN


def _report(instance: Any, result: Any) -> str:
    from jitopt.cli.plans import show_plan

    lines = [f"{instance.problem} {instance.name}, method {result.method}", ""]
    lines += [f"{word:<10} {told}" for word, told in _facts(result) if told]
    lines += [f"warning    {warning}" for warning in result.warnings]
    if result.reasons:
        from jitopt.cli.judging import show_reasons

        lines += ["", "It cannot be done. The cheapest way out that was found:", *show_reasons(result.reasons)]
    if result.plan is not None:
        lines += ["", show_plan(instance, result.plan)]
    return "\n".join(lines)


def _facts(result: Any) -> list[tuple[str, str]]:
    gap = "-" if result.gap is None else f"{number(round(100 * result.gap, 6))} %"
    terms = ", ".join(f"{name} {number(value)}" for name, value in result.terms.items())
    stages = ", ".join(f"{key} {value:.2f}" for key, value in result.seconds.items() if key != "total" and value)
    total = f"{result.seconds.get('total', 0.0):.2f}"
    return [
        ("status", f"{result.status} ({ENDS.get(result.stopped_by, result.stopped_by)})"),
        ("objective", number(result.objective)),
        ("bound", number(result.bound)),
        ("gap", gap),
        ("terms", terms),
        ("proof", result.proof),
        ("start", _receipt(result.start)),
        ("seconds", f"{total} ({stages})" if stages else total),
    ]


def _receipt(start: Any) -> str:
    if start is None or not start.given:
        return ""
    told = [f"from {start.source}", f"objective {number(start.objective)}"]
    told.append("keeps every rule" if start.checked else "breaks a rule, not used")
    if start.checked:
        taken = {True: "taken up by the solver", False: "not taken up by the solver"}
        told.append(taken.get(start.accepted, "the solver did not say whether it took it up"))
    return ", ".join(told)
