"""The manifest: reading and writing it, and the folder it stands in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationError

from jitopt.collection.entries import Entry, Library
from jitopt.errors import InputError
from jitopt.formats.strict_json import layout, loads
from jitopt.formats.text import read_text
from jitopt.problems import PROBLEMS
from jitopt.problems.base import Strict, as_tuple
from jitopt.problems.wording import explain_validation

__all__ = ["MANIFEST", "Manifest", "home", "library", "manifest_text", "table_text", "with_table"]

MANIFEST = "manifest.json"
README = "README.md"
MARKS = ("<!-- list: written by `jitopt library verify --update` -->", "<!-- end of list -->")


class Manifest(Strict):
    """The file `manifest.json`."""

    format: Literal["jitopt-library/1"] = "jitopt-library/1"
    instances: Annotated[tuple[Entry, ...], BeforeValidator(as_tuple)]


def home(folder: str | Path | None = None) -> Path:
    """Return the folder of the library: the one given, or the one that comes with jitopt.

    Raises
    ------
    InputError
        If there is no manifest in it.
    """
    place = Path(str(files("jitopt.instances"))) if folder is None else Path(folder)
    if not (place / MANIFEST).is_file():
        remedy = "name the folder `instances` of a clone of jitopt"
        raise InputError(f"the folder holds no {MANIFEST}", source=str(place), remedy=remedy)
    return place


def library(problem: str | None = None, *, folder: str | Path | None = None) -> Library:
    """Return the open library of instances: a mapping from names to entries, with `read` and `to_frame`.

    Only the manifest is read; `library().read(name)` reads an instance.

    Parameters
    ----------
    problem
        "delivery", "heijunka", "kanban" or "sourcing"; None: all.
    folder
        A library's folder; None: the one that comes with jitopt.

    Raises
    ------
    InputError
        For an unknown problem, or a folder without a manifest.

    Examples
    --------
    >>> shelf = library("heijunka")
    >>> shelf["monden_goal_chasing"].optimum
    4.15
    >>> shelf.read("monden_goal_chasing").units
    10
    """
    if problem is not None and problem not in PROBLEMS:
        raise InputError(f"the problem must be one of {', '.join(PROBLEMS)}", value=problem, remedy="correct the word")
    place = home(folder)
    path = place / MANIFEST
    try:
        found = Manifest.model_validate(loads(read_text(path).text, str(path)))
    except ValidationError as error:
        raise explain_validation(error, Manifest, str(path)) from None
    chosen = [entry for entry in found.instances if problem in (None, entry.problem)]
    if len({entry.name for entry in chosen}) != len(chosen):
        raise InputError("each name may be listed once", source=str(path), remedy="remove the repeated entry")
    return Library(place, {entry.name: entry for entry in chosen})


def manifest_text(entries: list[Entry]) -> str:
    """Return the text of the manifest: an entry a line of its own in a diff, sorted by problem and name."""
    ordered = sorted(entries, key=lambda entry: (entry.problem, entry.name))
    data = [entry.model_dump(mode="json", exclude_none=True) for entry in ordered]
    rows = ",\n".join("    " + layout(row, 2) for row in data)
    return f'{{\n  "format": "jitopt-library/1",\n  "instances": [\n{rows}\n  ]\n}}\n'


def table_text(entries: list[Entry]) -> str:
    """Return the entries as a Markdown table for each problem."""
    lines = []
    for problem in sorted({entry.problem for entry in entries}):
        lines += ["", f"### {problem}", "", "| instance | class | best known | lower bound | proof | source |"]
        lines.append("|---|---|---|---|---|---|")
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.problem == problem:
                words = [
                    f"[`{entry.name}`]({entry.file})",
                    _cell(entry.family),
                    _number(entry.best),
                    _number(entry.bound),
                ]
                lines.append(f"| {' | '.join([*words, entry.proof, _cell(entry.source)])} |")
    return "\n".join([*lines, ""])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.9g}"


def _cell(text: str) -> str:
    """Keep a text in its cell of a Markdown table; it is no markup."""
    plain = " ".join(text.split())
    for sign in "\\|<>[]`*":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def with_table(text: str, entries: list[Entry]) -> str:
    """Return the text of a README with the list between its marks replaced."""
    first, start, rest = text.partition(MARKS[0])
    _, end, last = rest.partition(MARKS[1])
    if not start or not end:
        raise InputError("the README has no place for the list", source=README, remedy=f"add the lines {MARKS}")
    return f"{first}{MARKS[0]}\n{table_text(entries)}\n{MARKS[1]}{last}"
