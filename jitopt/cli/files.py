"""`jitopt info`, `jitopt convert` and `jitopt export`."""

import os
from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage
from jitopt.cli.options import AsJson, File, Format, Output, Row, read_instance
from jitopt.cli.output import emit, emit_text, out

__all__ = ["convert", "export", "info", "tell_written"]


def info(file: File, format: Format = None, row: Row = None, as_json: AsJson = False) -> None:
    """Show what FILE asks: sizes, loads and rules. Nothing is solved."""
    from jitopt.cli.facts import facts_of, show_facts

    instance = read_instance(file, format, row)
    facts = facts_of(instance)
    emit(facts) if as_json else out(show_facts(facts))


def convert(file: File, output: Output = None, format: Format = None, row: Row = None, as_json: AsJson = False) -> None:
    """Write FILE as native JSON, to standard output if no file is named.

    The output file ends in .json: no other format is written.
    """
    from jitopt.formats import write
    from jitopt.formats.strict_json import layout

    if output not in (None, "-") and not str(output).lower().endswith(".json"):
        raise usage(
            f"convert writes native JSON only, to a file that ends in .json or to - (standard output), not {output!r}; "
            "for models see jitopt export, for data frames jitopt.formats.instance_to_tables."
        )
    instance = read_instance(file, format, row)
    if output in (None, "-"):
        emit(instance.to_dict()) if as_json else emit_text(layout(instance.to_dict()))
        return
    write(instance, str(output))
    tell_written(str(output), instance, as_json)


def export(
    file: File,
    method: Annotated[str, typer.Option("--method", metavar="M", help="A formulation of `jitopt methods`.")],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help=".lp or .mps (Pyomo), .pbtxt or .pb (CP-SAT), .pbtxt (MathOpt)."
        ),
    ],
    format: Format = None,
    row: Row = None,
    as_json: AsJson = False,
) -> None:
    """Write the model of a formulation for FILE, to be read by other solvers."""
    from jitopt import api
    from jitopt.formats.atomic import check_writable

    if output == "-":
        raise usage("export needs the name of a file: its ending decides the format.")
    check_writable(output)
    instance = read_instance(file, format, row)
    api.export(instance, method, output)
    tell_written(output, instance, as_json, method=method)


def tell_written(path: str, instance: Any, as_json: bool, **more: str) -> None:
    """Say what was written where."""
    told = {"written": os.path.abspath(path), "problem": instance.problem, "name": instance.name, **more}
    if as_json:
        emit({**told, "sha256": instance.sha256()})
    else:
        out(f"written to {path}")
