"""`jitopt generate`, `jitopt methods`, `jitopt schema` and `jitopt doctor`."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitopt.cli.failures import FAILED, usage
from jitopt.cli.files import tell_written
from jitopt.cli.options import AsJson, Output, Seed, whole_from
from jitopt.cli.output import columns, emit, emit_text, out

if TYPE_CHECKING:
    from jitopt.registry import Method

__all__ = ["doctor", "generate", "methods", "schema"]

PLANT = "plant"
"""The word for the tables of a whole plant."""


def generate(
    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help="delivery, heijunka, kanban, sourcing or plant.")],
    products: Annotated[
        int | None, typer.Option("--products", metavar="N", parser=whole_from(1), help="Number of products.")
    ] = None,
    units: Annotated[
        int | None, typer.Option("--units", metavar="N", parser=whole_from(1), help="Total demand.")
    ] = None,
    parts: Annotated[
        int | None, typer.Option("--parts", metavar="N", parser=whole_from(0), help="Number of parts.")
    ] = None,
    suppliers: Annotated[
        int | None, typer.Option("--suppliers", metavar="N", parser=whole_from(1), help="Number of suppliers.")
    ] = None,
    periods: Annotated[
        int | None, typer.Option("--periods", metavar="N", parser=whole_from(1), help="Number of periods.")
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other option; --list-options shows them."),
    ] = None,
    list_options: Annotated[
        bool, typer.Option("--list-options", help="List the options of PROBLEM with their defaults.")
    ] = False,
    seed: Seed = 0,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make an instance of PROBLEM, or a whole plant, the same for the same seed and options."""
    from jitopt.formats import write
    from jitopt.formats.atomic import check_writable
    from jitopt.formats.files import refuse_foreign
    from jitopt.formats.strict_json import layout
    from jitopt.generators import OPTIONS
    from jitopt.generators import generate as make
    from jitopt.generators.plant_options import PLANT_OPTIONS

    if problem not in (*OPTIONS, PLANT):
        raise usage(f"there is no generator for {problem!r}; use one of {', '.join((*OPTIONS, PLANT))}.")
    known = PLANT_OPTIONS if problem == PLANT else OPTIONS[problem]
    if list_options:
        rows = [[name, str(default), told] for name, (default, told) in known.items()]
        data = {name: {"default": default, "help": told} for name, (default, told) in known.items()}
        emit(data) if as_json else out(columns(["option", "default", "meaning"], rows, most=100))
        return
    sizes = {"products": products, "units": units, "parts": parts, "suppliers": suppliers, "periods": periods}
    chosen = {name: value for name, value in sizes.items() if value is not None} | _set(problem, more or [], known)
    wrong = [name for name in chosen if name not in known]
    if wrong:
        raise usage(f"{problem} has no option {wrong[0]!r}; it has {', '.join(known)}.")
    if problem == PLANT:
        _plant(seed, chosen, output, as_json)
        return
    if output not in (None, "-"):
        refuse_foreign(str(output))
        check_writable(str(output))
    instance = make(problem, seed=seed, **chosen)
    if output in (None, "-"):
        emit(instance.to_dict()) if as_json else emit_text(layout(instance.to_dict()))
        return
    write(instance, str(output))
    tell_written(str(output), instance, as_json)


def _plant(seed: int, chosen: dict[str, Any], output: str | None, as_json: bool) -> None:
    """Write a plant: a folder of CSV files, or JSON."""
    from jitopt.formats.strict_json import layout
    from jitopt.planning import generate_plant, write_plant

    plant = generate_plant(seed=seed, **chosen)
    if output in (None, "-"):
        emit(plant.to_dict()) if as_json else emit_text(layout(plant.to_dict()))
        return
    write_plant(plant, str(output))
    told = {"written": os.path.abspath(str(output)), "problem": PLANT, "name": plant.name, "sha256": plant.sha256()}
    emit(told) if as_json else out(f"written to {output}")


def _set(problem: str, words: Iterable[str], known: dict[str, tuple[Any, str]]) -> dict[str, Any]:
    """Return the options given as KEY=VALUE, each in the type of its default."""
    found = {}
    for word in words:
        key, sign, text = word.partition("=")
        if not sign or key not in known:
            raise usage(f"{word!r} must be KEY=VALUE with a KEY among {', '.join(known)}.")
        found[key] = _typed(key, text, known[key][0])
    return found


def _typed(key: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise usage(f"{key} must be true or false, not {text!r}.")
        return words[text.lower()]
    if isinstance(default, int | float):
        kind = type(default)
        try:
            return kind(text)
        except ValueError:
            raise usage(f"{key} must be {'a whole' if kind is int else 'a'} number, not {text!r}.") from None
    return text


def methods(
    problem: Annotated[
        str | None, typer.Argument(metavar="PROBLEM", help="delivery, heijunka, kanban or sourcing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the methods: name, technology, solver, size class and file."""
    from jitopt import registry
    from jitopt.problems import PROBLEMS

    if problem not in (None, *PROBLEMS):
        raise usage(f"there is no problem {problem!r}; use one of {', '.join(PROBLEMS)}.")
    found = registry.methods(problem)
    if as_json:
        words = (
            *("name", "problem", "kind", "technology", "solver", "exact", "proof", "form", "auto"),
            *("summary", "source", "page", "file"),
        )
        emit([{**{word: getattr(m, word) for word in words}, "up_to": dict(m.up_to)} for m in found])
        return
    rows = [[m.name, m.technology, m.solver, "yes" if m.exact else "no", _class(m), m.file] for m in found]
    out(columns(["method", "technology", "solver", "exact", "auto up to", "file"], rows, most=120))


def _class(method: "Method") -> str:
    if not method.auto:
        return "never: by its name"
    size = ", ".join(f"{limit} {word}" for word, limit in method.up_to.items()) or "any size"
    return f"{size}, {method.form}" if method.form else size


def schema(
    word: Annotated[str, typer.Argument(metavar="PROBLEM", help="delivery, heijunka, kanban, sourcing, or result.")],
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of a problem's native file, or of the result file."""
    from jitopt.formats.schema import committed

    emit(committed(word), indent=None if as_json else 2)


def doctor(
    compile: Annotated[
        bool,
        typer.Option("--compile", help="Make all machine code now instead (a minute or two), as for an image."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that solvers, compiler and temporary folder work here. Exit code 1 if one does not."""
    if compile:
        from jitopt.warming import warm as look
    else:
        from jitopt.doctor import diagnose as look

    checks = [(str(name), bool(ok), str(detail)) for name, ok, detail in map(_parts, look())]
    if as_json:
        emit([{"name": name, "ok": ok, "detail": detail} for name, ok, detail in checks])
    else:
        out(columns(["check", "", "detail"], [[n, "ok" if ok else "FAILED", d] for n, ok, d in checks], most=160))
    raise typer.Exit(0 if all(ok for _, ok, _ in checks) else FAILED)


def _parts(check: Any) -> tuple[Any, Any, Any]:
    return (check.name, check.ok, check.detail) if hasattr(check, "ok") else tuple(check)
