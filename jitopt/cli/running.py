"""`jitopt score`, `jitopt usage`, `jitopt relevel` and `jitopt figure`: a levelled line in a running plant."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitopt.cli.failures import FAILED, INFEASIBLE, INTERRUPTED, NO_PLAN
from jitopt.cli.failures import usage as bad_usage
from jitopt.cli.options import (
    AsJson,
    File,
    Format,
    Seed,
    Threads,
    number_above_0,
    number_at_least_0,
    read_instance,
    whole_from,
)
from jitopt.cli.output import columns, emit, number, out

if TYPE_CHECKING:
    from jitopt.problems.heijunka.score import Score

__all__ = ["figure", "relevel", "score", "usage"]

SEQUENCE = typer.Argument(
    metavar="RESULT",
    help="Result or plan, a JSON list or lines of products, or a CSV table; - reads standard input.",
)
Table = Annotated[str | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the table to FILE.csv.")]

MOST_ROWS = 40


def score(
    file: File,
    result: Annotated[str, SEQUENCE],
    most: Annotated[
        int, typer.Option("--most", metavar="N", parser=whole_from(0), help="Places told of each term and rule.")
    ] = 5,
    output: Table = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Score any sequence or box for FILE: every term, every rule, and where it hurts. Nothing is solved.

    RESULT may be made by whoever; unknown products and wrong numbers of units are noted. -o writes what each term
    has on each slot. Exit code: 0 scored, whatever it is worth; 2 bad usage or input.
    """
    from jitopt import running

    instance, plan = _both("score", file, result, format)
    found = running.score(instance, plan, most=most)
    _write_table(output, found.to_rows())
    emit(found.to_dict()) if as_json else out(_scored(found))


def _scored(found: "Score") -> str:
    lines = [f"objective {number(found.objective)}" + ("" if found.priced else " (of a plan that cannot be built)")]
    lines += [f"note: {note}" for note in found.notes]
    rows = [[term.term, term.value, f"{term.share:.1%}"] for term in found.terms]
    lines += ["", columns(["term", "value", "share"], rows)]
    for term in found.terms:
        if term.value:
            lines += ["", f"{term.term}:"]
            lines += [f"  {number(round(place.value, 6))}  {place.text}" for place in (*term.who, *term.where)]
    broken = [rule for rule in found.rules if not rule.kept]
    lines += ["", f"rules: {len(found.rules) - len(broken)} kept, {len(broken)} broken"]
    for rule in broken:
        lines.append(f"- {rule.rule}{_members(rule.members)}: {rule.message}")
        lines += [f"  {place.text}" for place in rule.places if place.text != rule.message]
    return "\n".join(lines)


def _members(members: Iterable[str]) -> str:
    told = ", ".join(members)
    return f" ({told})" if told else ""


def usage(
    file: File,
    result: Annotated[str, SEQUENCE],
    period: Annotated[
        int | None,
        typer.Option("--period", metavar="N", parser=whole_from(1), help="Slots in a period; a tenth if not given."),
    ] = None,
    suppliers: Annotated[
        str | None,
        typer.Option("--suppliers", metavar="FILE.csv", help="Who delivers: columns part, supplier (and share)."),
    ] = None,
    output: Table = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Tell what each supplier feels of a sequence or box: the use of its parts, period by period.

    Prints a row per part; -o writes the table by period. Exit code: 0 told, 2 bad usage or input.
    """
    from jitopt import running
    from jitopt.formats.csv_text import unguarded
    from jitopt.formats.line_files import read_suppliers

    instance, plan = _both("usage", file, result, format)
    delivered = read_suppliers(suppliers, unguarded) if suppliers is not None else None
    found = running.supplier_usage(instance, plan, period=period, suppliers=delivered)
    _write_table(output, found.to_rows())
    if as_json:
        emit(found.to_dict())
        return
    names = ["supplier", "part", "quantity", "average", "peak", "peak_period", "most_ahead", "most_behind"]
    rows = [
        [cell if isinstance(cell, str | int) else "-" if cell is None else round(cell, 4) for cell in row]
        for row in zip(*(found.parts[name] for name in names), strict=True)
    ]
    text = columns([name.replace("_", " ") for name in names], rows[:MOST_ROWS])
    more = f"\n... {len(rows) - MOST_ROWS} more parts; --json tells them all" if len(rows) > MOST_ROWS else ""
    out(f"periods of {found.period} slots\n\n{text}{more}")


def relevel(
    file: File,
    result: Annotated[str, SEQUENCE],
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="PRODUCT=N", help="Units more, or fewer with a minus: Sedan=-2."),
    ] = None,
    withdraw: Annotated[
        list[int] | None,
        typer.Option("--withdraw", metavar="SLOT", parser=whole_from(1), help="Slot whose unit is not built."),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            "--missing", metavar="PART=SLOT", help="Part, product or option, and the first slot that has it again."
        ),
    ] = None,
    frozen: Annotated[
        int, typer.Option("--frozen", metavar="N", parser=whole_from(0), help="Leading slots that stay.")
    ] = 0,
    price: Annotated[
        float,
        typer.Option("--price", metavar="P", parser=number_at_least_0, help="Price of a unit moved."),
    ] = 0.0,
    at_most: Annotated[
        int | None, typer.Option("--at-most", metavar="N", parser=whole_from(0), help="Most units moved.")
    ] = None,
    method: Annotated[str, typer.Option("--method", metavar="M", help="auto, or a name of `jitopt methods`.")] = "auto",
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", metavar="S", parser=number_above_0, help="Seconds from when FILE has been read."),
    ] = 8.0,
    seed: Seed = 0,
    threads: Threads = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="RESULT", help="Write the result to RESULT.")
    ] = None,
    instance_file: Annotated[
        str | None,
        typer.Option("--instance", metavar="FILE.json", help="Write the instance that the result answers."),
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Level a line anew after a change, from the plan in force in RESULT, and tell what moves and why.

    \b
    For instance, with 4 cars built, one order withdrawn, and no sunroofs before position 7:
      jitopt relevel line.json line.r.json --frozen 4 --withdraw 9 --missing sunroof=7 --price 0.2 -o new.r.json

    Exit code: 0 a plan is told, 3 there is none, with the reasons, 4 none within the limit, 2 bad usage or input.
    """  # noqa: D301 - the mark of click for lines to be kept as they are
    from jitopt import running
    from jitopt.engine.process import warm
    from jitopt.formats import write, write_result

    warm("heuristic")  # starts while the files are read
    instance, plan = _both("relevel", file, result, format)
    found = running.relevel(
        instance, plan, change=_pairs(change, "--change"), withdrawn=withdraw or (),
        missing=_pairs(missing, "--missing"), frozen=frozen, price=price, at_most=at_most, method=method,
        time_limit=time_limit, seed=seed, threads=threads,
    )  # fmt: skip
    if output is not None:
        write_result(found.result.to_dict(), output)
    if instance_file is not None:
        write(found.instance, instance_file)
    emit(found.to_dict()) if as_json else out(_releveled(found))
    if found.result.plan is None:
        failed = FAILED if found.result.stopped_by == "error" else NO_PLAN
        raise typer.Exit(INFEASIBLE if found.result.status == "infeasible" else failed)
    raise typer.Exit(INTERRUPTED if found.result.stopped_by == "interrupted" else 0)


def _releveled(found: Any) -> str:
    from jitopt.cli.judging import show_reasons

    result = found.result
    lines = [f"{_edit(edit)}: {edit.reason}" for edit in found.edits[:MOST_ROWS]]
    lines += [f"... {len(found.edits) - MOST_ROWS} more"] if len(found.edits) > MOST_ROWS else []
    lines += [""] if lines else []
    lines.append(f"{result.status}, objective {number(result.objective)}, bound {number(result.bound)}")
    if result.reasons:
        lines += ["It cannot be done. The cheapest way out that was found:", *show_reasons(result.reasons)]
    elif result.plan is None:
        lines.append("No plan within the time; a longer --time-limit may find one, above all on the first calls.")
    if found.changes is not None:
        lines += [found.changes.summary, *show_slot_changes(found.changes)]
    return "\n".join(lines)


def _edit(edit: Any) -> str:
    units = f"{edit.units} {edit.product}" if edit.units > 1 else edit.product
    if edit.action == "put_in":
        return f"{units} put in at slot {edit.to}"
    return f"{units} of slot {edit.slot} " + ("taken out" if edit.action == "taken_out" else f"put off to {edit.to}")


def show_slot_changes(found: Any) -> list[str]:
    """Return the slots that a plan changes as a table, cut with a note."""
    rows = [[row.slot, row.before, row.after, row.came_from, row.reason] for row in found.slots[:MOST_ROWS]]
    if not rows:
        return []
    more = len(found.slots) - MOST_ROWS
    table = columns(["slot", "before", "after", "came from", "reason"], rows, most=60)
    return ["", table, *([f"... {more} more slots; --json tells them all"] if more > 0 else [])]


def figure(
    file: File,
    result: Annotated[str, SEQUENCE],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE.svg", help="Write the figure to FILE.svg.")],
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", help="production, deviation, usage or box."),
    ] = "production",
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Draw a sequence or box as SVG: production against its ideal, deviations, usage of parts, the box.

    Needs matplotlib: pip install 'jitopt[figures]'. Exit code: 0 drawn, 2 bad usage or input.
    """
    from jitopt import running
    from jitopt.cli.files import tell_written

    if not output.lower().endswith(".svg"):
        raise bad_usage(f"a figure is written to a file that ends in .svg, not {output!r}.")
    instance, plan = _both("figure", file, result, format)
    running.figure(instance, plan, kind, output)
    tell_written(output, instance, as_json, kind=kind)


# --- what they share -------------------------------------------------------------------------


def _both(command: str, file: str, result: str, format: str | None) -> tuple[Any, Any]:
    from jitopt.formats.csv_text import unguarded
    from jitopt.formats.line_files import read_sequence
    from jitopt.running import check_heijunka

    if file == result == "-":
        raise bad_usage("only one of FILE and RESULT can come from standard input.")
    instance = read_instance(file, format)
    check_heijunka(command, instance)
    return instance, read_sequence(result, instance, unguarded)


def _write_table(output: str | None, rows: Any) -> None:
    from jitopt.formats.atomic import write_text
    from jitopt.formats.csv_text import guarded_csv

    if output is not None:
        write_text(output, guarded_csv(rows))


def _pairs(words: list[str] | None, option: str) -> dict[str, int]:
    """Return the NAME=NUMBER words of an option; a name may hold = itself."""
    found: dict[str, int] = {}
    for word in words or ():
        name, sign, told = word.rpartition("=")
        try:
            value = int(told)
        except ValueError:
            sign = ""
        if not (name and sign):
            raise bad_usage(f"{option} takes NAME=NUMBER with a whole number, not {word!r}.")
        if name in found:
            raise bad_usage(f"{option} names {name!r} twice.")
        found[name] = value
    return found
