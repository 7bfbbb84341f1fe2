"""`jitopt resize` and `jitopt changes`: the cards in force, and what a plan changes of them."""

from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage
from jitopt.cli.files import tell_written
from jitopt.cli.options import AsJson, File, Format, Output, number_at_least_0, read_instance, whole_from
from jitopt.cli.output import columns, emit, emit_text, out
from jitopt.cli.running import show_slot_changes

__all__ = ["changes", "resize"]

RESULT = typer.Argument(metavar="RESULT", help="Result file; - reads standard input.")


def resize(
    file: File,
    result: Annotated[str, RESULT],
    output: Output = None,
    price: Annotated[
        float,
        typer.Option(
            "--price",
            metavar="P",
            parser=number_at_least_0,
            help="Price of a card put in or taken out, in a day's cost.",
        ),
    ] = 0.0,
    at_most: Annotated[
        int | None,
        typer.Option("--at-most", metavar="N", parser=whole_from(0), help="Most cards put in or taken out."),
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Write the kanban instance FILE with the cards of RESULT as those in force, to be solved next.

    Loops that FILE no longer has are left out. Exit code: 0 written, 2 bad usage or input.
    """
    from jitopt import api
    from jitopt.formats import write
    from jitopt.formats.strict_json import layout

    if output not in (None, "-") and not str(output).lower().endswith(".json"):
        raise usage(
            f"resize writes an instance, to a file that ends in .json or to - (standard output), not {output!r}."
        )
    instance, data = _both(file, result, format)
    found = api.resize(instance, data, price=price, at_most=at_most)
    if output in (None, "-"):
        emit(found.to_dict()) if as_json else emit_text(layout(found.to_dict()))
        return
    write(found, str(output))
    tell_written(str(output), found, as_json)


def changes(
    file: File,
    result: Annotated[str, RESULT],
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="FILE", help="The instance as it was: changed inputs are told as reasons."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the list to FILE.csv.")
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """List what RESULT changes of the plan in force in FILE, each with its reasons: loops of a kanban, slots of a line.

    Loops that stay though they should change are listed too, with what keeps them: the cap, the
    price, a limit. Exit code: 0 listed, 2 bad usage or input.
    """
    from jitopt import api
    from jitopt.formats.atomic import write_text
    from jitopt.formats.csv_text import guarded_csv

    instance, data = _both(file, result, format)
    if instance.problem == "heijunka" and before is not None:
        raise usage("--before is for kanban instances; a line tells its plan in force (jitopt relevel --instance).")
    found: Any = api.changes(instance, data, read_instance(before, None) if before is not None else None)
    if output is not None:
        write_text(output, guarded_csv(found.to_rows()))
    if as_json:
        emit(found.to_dict())
        return
    if instance.problem == "heijunka":
        out("\n".join([found.summary, *show_slot_changes(found)]))
        return
    rows = [
        [row.loop, row.action, _cards(row.container_before, row.cards_before), _cards(row.container, row.cards)]
        for row in found.loops
    ]
    parts = [columns(["loop", "action", "in force", "planned"], rows)] if rows else []
    parts += ["\n".join(f"{row.loop}: {row.reason}" for row in found.loops)] if rows else []
    parts.append(found.summary)
    out("\n\n".join(parts))


def _cards(container: str | None, cards: int) -> str:
    return "-" if container is None else f"{cards} {container}"


def _both(file: str, result: str, format: str | None) -> tuple[Any, Any]:
    from jitopt.formats import read_result

    if file == result == "-":
        raise usage("only one of FILE and RESULT can come from standard input.")
    instance = read_instance(file, format)
    return instance, read_result(result, instance.problem)
