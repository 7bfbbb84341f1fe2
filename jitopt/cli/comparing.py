"""`jitopt compare`."""

import os
import sys
from typing import Annotated, Any

import typer

from jitopt.cli.failures import usage
from jitopt.cli.options import AsJson, number_at_least_0, relative_gap, whole_from
from jitopt.cli.output import emit, err, out

__all__ = ["compare"]

PIPED = 200
"""Columns of a table that goes to no terminal."""


def compare(
    store: Annotated[str, typer.Argument(metavar="STORE", help="Store of a `jitopt batch`.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="REPORT.html", help="Write the report, one HTML file.")
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FOLDER", help="Write every table as a CSV file into FOLDER.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="COLUMN,...", help="Columns that make the groups, the coarse one first.")
    ] = "problem,family",
    variants: Annotated[
        str | None, typer.Option("--variants", metavar="NAME;...", help="Compare only these, separated by ;.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="VARIANT", help="Ratios refer to it; by default to the fastest."),
    ] = None,
    shift: Annotated[
        float, typer.Option("--shift", metavar="S", parser=number_at_least_0, help="Shift of geometric means [s].")
    ] = 1.0,
    gap_tolerance: Annotated[
        float | None,
        typer.Option(
            "--gap-tolerance", metavar="G", parser=relative_gap, help="Proven gap that counts as solved: 1e-4."
        ),
    ] = None,
    target: Annotated[
        float,
        typer.Option(
            "--target", metavar="G", parser=relative_gap, help="Gap to the best that time to target asks for."
        ),
    ] = 0.01,
    resamples: Annotated[
        int, typer.Option("--resamples", metavar="N", parser=whole_from(100), help="Bootstrap resamples.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", parser=whole_from(0), help="Seed of the bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare the methods and settings of a batch, like with like.

    Prints the tables; -o writes them with profiles and trajectories as one HTML file that needs no
    network. Exit code: 0 compared, contradictions or not; 2 bad usage or bad input; 1 anything else.
    """
    from jitopt.comparing import compare as compare_variants

    if output is not None:
        _check_report(output)
    study = compare_variants(
        store,
        by=by,
        variants=None if variants is None else [name.strip() for name in variants.split(";")],
        reference=reference,
        shift=shift,
        gap_tolerance=gap_tolerance,
        target=target,
        resamples=resamples,
        seed=seed,
    )
    written: list[str] = []
    if csv is not None:
        written += study.write_csv(csv)
    if output is not None:
        study.write_html(output)
        written.append(output)
    _tell(study, written, as_json)


def _check_report(output: str) -> None:
    """Refuse a report that cannot be written before any work is done for it."""
    from jitopt.formats.atomic import check_writable

    if output == "-" or not output.lower().endswith((".html", ".htm")):
        raise usage(f"-o writes an HTML report, to a file that ends in .html, not {output!r}; tables: --csv FOLDER.")
    check_writable(output)


def _tell(study: Any, written: list[str], as_json: bool) -> None:
    if study.contradictions:
        err(f"jitopt: warning: {len(study.contradictions)} contradictions: some results cannot be true")
    if as_json:
        emit({**study.to_dict(), "written": [os.path.abspath(path) for path in written]})
        return
    from jitopt.comparing.terminal import terminal_text

    out(terminal_text(study, _width(), ascii_only=not _unicode()))
    if written:
        out("\nwritten: " + ", ".join(written))


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return PIPED


def _unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "") == "utf8"
