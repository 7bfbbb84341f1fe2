"""`jitopt library`: the open library of instances; list, get, verify, submit."""

from typing import Annotated, Any

import typer

from jitopt.cli.failures import FAILED
from jitopt.cli.files import tell_written
from jitopt.cli.options import AsJson, Format, number_above_0, read_instance
from jitopt.cli.output import columns, emit, emit_text, err, number, out

__all__ = ["library"]

library: typer.Typer = typer.Typer(
    name="library",
    help="The open library of instances: list, get, verify, submit.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[
    str | None,
    typer.Option("--folder", metavar="DIR", help="Folder of a library; by default the one that comes with jitopt."),
]


@library.command(name="list")
def list_(
    problem: Annotated[
        str | None, typer.Argument(metavar="PROBLEM", help="delivery, heijunka, kanban or sourcing.")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List the instances: class, size, best known plan, lower bound, and what stands behind it."""
    from jitopt.collection import library as shelf

    entries = list(shelf(problem, folder=folder).values())
    if as_json:
        emit([{**entry.model_dump(mode="json", exclude_none=True), "gap": entry.gap} for entry in entries])
        return
    rows = [[e.name, e.family, _size(e.size), number(e.best), number(e.bound), _gap(e.gap), e.proof] for e in entries]
    out(columns(["instance", "class", "size", "best known", "lower bound", "gap", "proof"], rows, most=60))


def _size(size: dict[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in list(size.items())[:2])


def _gap(gap: float | None) -> str:
    return "-" if gap is None else "0" if gap <= 1e-6 else f"{100 * gap:.2g} %"


@library.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An instance of `jitopt library list`.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE (- : stdout).")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write the instance NAME as native JSON, to standard output if no file is named."""
    from jitopt.collection import library as shelf
    from jitopt.formats import write
    from jitopt.formats.strict_json import layout

    instance = shelf(folder=folder).read(name)
    if output in (None, "-"):
        emit(instance.to_dict()) if as_json else emit_text(layout(instance.to_dict()))
        return
    write(instance, str(output))
    tell_written(str(output), instance, as_json)


@library.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Instances; by default all.")] = None,
    prove: Annotated[
        float | None,
        typer.Option("--prove", metavar="S", parser=number_above_0, help="Let every exact road solve each, S seconds."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="First derive manifest and README from the files again.")
    ] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Check the library against its files: hashes, sizes, plans, bounds, generators.

    Exit code: 0 all is well, 1 not (each breach on a line), 2 bad usage or input.
    """
    from jitopt import collection

    changed = collection.update(folder) if update else []
    tell = err if not as_json else None
    found = collection.verify(names or (), folder=folder, prove_seconds=prove or 0.0, tell=tell)
    if as_json:
        emit({"ok": not found, "breaches": found, "updated": changed})
    else:
        said = [f"{name}: updated" for name in changed]
        out("\n".join([*said, *(found or ["The library is what its files say."])]))
    raise typer.Exit(FAILED if found else 0)


@library.command()
def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Instance file, or the NAME of one in the library.")],
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Result file or plan.")],
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who is credited.")],
    family: Annotated[str | None, typer.Option("--family", metavar="WORDS", help="Class of a new instance.")] = None,
    generator: Annotated[
        str | None,
        typer.Option("--generator", metavar="FILE", help="JSON with seed and options of a new generated instance."),
    ] = None,
    prove: Annotated[
        float,
        typer.Option("--prove", metavar="S", parser=number_above_0, help="Seconds for each exact road that proves."),
    ] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be recorded.")] = False,
    folder: Folder = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Record a better plan, a better bound or a new instance; what is worse or wrong is refused.

    Exit code: 0 better, and recorded; 2 refused, with the reason.
    """
    from jitopt import collection
    from jitopt.formats.results import read_claims

    shelf = collection.library(folder=folder)
    instance = shelf.read(file) if file in shelf else read_instance(file, format)
    told = read_claims(result, instance)
    made = None if generator is None else _generator(generator)
    receipt = collection.submit(
        instance, told, by=by, family=family, generator=made, prove_seconds=prove, dry_run=dry_run, folder=folder
    )
    emit(receipt.to_dict()) if as_json else out("\n".join(_receipt(receipt)))


def _generator(path: str) -> Any:
    from jitopt.errors import InputError
    from jitopt.formats.strict_json import loads
    from jitopt.formats.text import read_text

    found = loads(read_text(path).text, path)
    if not isinstance(found, dict):
        raise InputError("a generator is an object", source=path, remedy='write {"seed": 1, "options": {...}}')
    return found


def _receipt(receipt: Any) -> list[str]:
    words = {"optimum": "optimum", "lower": "lower bound", "upper": "plan"}
    before = receipt.before or {}
    lines = [f"{receipt.name}: {'recorded' if receipt.recorded else 'would be recorded'}"]
    for key in ("optimum", "upper", "lower"):
        if key in before or key in receipt.after:
            lines.append(f"{words[key]:<12} {number(before.get(key))} -> {number(receipt.after.get(key))}")
    methods = f" ({', '.join(receipt.methods)})" if receipt.methods else ""
    return [*lines, f"{'proof':<12} {receipt.proof}{methods}", *(f"note: {note}" for note in receipt.notes)]
