"""`jitopt simulate`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage
from jitopt.cli.options import AsJson, Threads, number_above_0, number_at_least_0, read_instance, whole_from
from jitopt.cli.output import columns, emit, out
from jitopt.cli.progress import tell_making

__all__ = ["simulate"]

SHOWN = 12
"""Rows of a table that are told on the terminal."""

HIDDEN = ("throughput", "stock_most", "red", "yellow", "green", "service_fewer")
"""Columns that are told with --json only."""

WORDS: dict[str | None, str] = {"kept": "kept", "missed": "missed", "open": "undecided", None: ""}


def simulate(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Kanban instance, plant (folder, .xlsx, .json) or value stream.")
    ],
    result: Annotated[
        str | None,
        typer.Argument(
            metavar="RESULT", help="Result file or plan; of a plant the folder of its plan, or the plan.json in it."
        ),
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option("--replications", metavar="N", parser=whole_from(1), help="Independent runs; 30 for loops."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", parser=whole_from(0), help="Seed of all random numbers; 0 if not given."),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option("--days", metavar="D", parser=number_above_0, help="Measured in each run; 250 for loops."),
    ] = None,
    warm_up: Annotated[
        float | None,
        typer.Option("--warm-up", metavar="D", parser=number_at_least_0, help="Days before them that do not count."),
    ] = None,
    threads: Threads = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="S", parser=number_above_0, help="Seconds for the run."),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm", help="Also test a line with a target on fresh paths, and with one card fewer anywhere."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the plan in RESULT against chance and say what it gives, each figure with its 95 % interval.

    Exit code: 0 simulated, whatever came out; 2 bad usage or input; 1 anything else.
    """
    from jitopt import api

    tell_making()
    subject, plan = _read(file, result)
    found = api.simulate(
        subject, plan, replications=replications, seed=seed, days=days, warm_up=warm_up, threads=threads,
        time_limit=time_limit,
    )  # fmt: skip
    tested = _confirmed(subject, plan) if confirm else None
    if as_json:
        emit(found.to_dict() | ({"confirmation": tested.to_dict()} if tested else {}))
    else:
        out("\n\n".join([_shown(found), *(["\n".join(tested.sentences())] if tested else [])]))


def _confirmed(subject: Any, plan: Any) -> Any:
    """Return what fresh paths say of the plan of a line with a target."""
    from jitopt.problems.kanban import Kanban
    from jitopt.simulation.confirmation import confirm

    if not isinstance(subject, Kanban):
        raise usage("--confirm is for lines with a target.")
    return confirm(subject, plan)


def _read(file: str, result: str | None) -> tuple[Any, Any]:
    """Return what FILE holds, and the plan in RESULT."""
    from jitopt.formats.results import read_claims

    if file == result == "-":
        raise usage("only one of FILE and RESULT can come from standard input.")
    kind, data = _kind(file)
    if kind == "stream":
        from jitopt.simulation.stream import ValueStream

        if result is not None:
            raise usage("a value stream holds its cards; it takes no RESULT.")
        return ValueStream.parse(data, file), None
    if result is None:
        hint = "" if data is None else " (A value stream needs none; it is told by its table `loops`.)"
        raise usage(f"RESULT is missing: the plan that is to be simulated.{hint}")
    if kind == "plant":
        from jitopt import planning

        result = os.path.join(result, "plan.json") if os.path.isdir(result) else result
        return planning.read_plant(file).plant, _json(result)
    instance = read_instance(file, None)
    return instance, read_claims(result, instance)


def _kind(file: str) -> tuple[str, Any]:
    """Return what a file holds, with its data where they have been read: "plant", "stream" or "instance"."""
    if os.path.isdir(file) or file.lower().endswith(".xlsx"):
        return "plant", None
    if file == "-" or not file.lower().endswith(".json"):
        return "instance", None
    data = _json(file)
    if isinstance(data, dict) and data.get("problem") == "plant":
        return "plant", None
    is_stream = isinstance(data, dict) and "loops" in data and not {"problem", "plan", "format"} & set(data)
    named = isinstance(data, dict) and "problem" in data
    return ("stream", data) if is_stream else ("instance", None if named else data)


def _json(path: str) -> Any:
    from jitopt.formats import strict_json
    from jitopt.formats.text import read_text

    text = read_text(path)
    return strict_json.loads(text.text, text.label)


def _shown(found: Any) -> str:
    """Return a simulation as text: the measures, then every table, the worst rows first where there are many."""
    rows = [[name, figure(value.mean), figure(value.half_width)] for name, value in found.measures.items()]
    parts = [columns(["measure", "mean", "+-"], rows)] if rows else []
    parts += [_table(name, table) for name, table in found.tables.items() if name != "distributions"]
    if found.bottleneck is not None:
        parts.append(f"{'bottleneck' if 'stations' in found.tables else 'weakest'}: {found.bottleneck}")
    parts.append(_evidence(found))
    return "\n\n".join(parts)


def _table(name: str, table: dict[str, list[Any]]) -> str:
    widths = {key for key in table if key.endswith("_half_width")}
    head = [key for key in table if key not in widths and not (name == "loops" and "fewer" in table and key in HIDDEN)]
    count = len(next(iter(table.values()), []))
    order = list(range(count))
    if "service" in table:
        order.sort(key=lambda row: _margin(table, row))
    rows = [[figure(table[key][row]) for key in head] for row in order[:SHOWN]]
    more = f"\n... and {count - SHOWN} more {name}; --json tells them all" if count > SHOWN else ""
    return columns(head, rows) + more


def _margin(table: dict[str, list[Any]], row: int) -> float:
    """Return by how much a row's service lies above its target, or above a high service where it has none."""
    service, target = table["service"][row], table["target"][row] if "target" in table else None
    return 1.0 if service is None else float(service - (1.0 if target is None else target))


def figure(value: Any) -> Any:
    """Return a number with the digits that a simulation can tell."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    return WORDS.get(value, value) if isinstance(value, str) or value is None else value


def _evidence(found: Any) -> str:
    told = found.evidence
    words = [f"{told[key]} {word}" for key, word in (("replications", "replications"),) if key in told]
    words += [f"{told['days']:g} days each" for _ in (0,) if told.get("days")]
    words += [f"seed {told['seed']}"] if "seed" in told else []
    seconds = found.seconds.get("total", sum(found.seconds.values()))
    words += [f"{100 * told.get('level', 0.95):g} % intervals", f"{seconds:.2f} s"]
    return ", ".join(words)
