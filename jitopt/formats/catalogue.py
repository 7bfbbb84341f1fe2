"""The table of readers: which formats there are, and which one a text is in.

An installed package adds a reader by the entry point group `jitopt.readers`: the entry point
names an object (or a class without arguments, or a module) that offers what `Reader` says.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from jitopt.errors import InputError
from jitopt.formats.csplib import Csplib
from jitopt.formats.native import NativeJson
from jitopt.formats.orlib_cap import OrlibCap
from jitopt.formats.orv import Orv
from jitopt.formats.prv import Prv
from jitopt.formats.roadef2005 import Roadef2005

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Instance, Plan

__all__ = ["FORMATS", "GROUP", "Reader", "choose", "readers"]

GROUP = "jitopt.readers"
"""Entry point group of readers in other packages."""


class Reader(Protocol):
    """What a reader offers.

    name: the word for `--format`. problem: what it reads, None for several. The docstring says
    what the format means and on which conventions its published values rest; its first line is
    shown in lists. Errors are `InputError` with the line as the place. A reader of files with an instance in
    each row takes the row's name besides (`Prv.read`).
    """

    name: str
    problem: str | None

    def sniff(self, text: str) -> bool:
        """Tell whether the text looks like this format, without reading it all."""

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance in the text; `name` is its name if the text has none."""


FORMATS: Mapping[str, Reader] = MappingProxyType(
    {reader.name: reader for reader in (NativeJson(), Csplib(), OrlibCap(), Orv(), Prv(), Roadef2005())}
)
"""The readers of jitopt itself, by name."""


def readers() -> dict[str, Reader]:
    """Return every reader by name: those of jitopt, then those of installed packages."""
    return dict(_listing())


@lru_cache(maxsize=1)
def _listing() -> dict[str, Reader]:
    """Look for the readers once: searching all installed packages takes longer than reading a small file."""
    found = dict(FORMATS)
    for entry in entry_points(group=GROUP):
        try:
            reader: Any = entry.load()
            reader = reader() if isinstance(reader, type) else reader
            name = reader.name
        except Exception as error:
            warnings.warn(f"the reader {entry.name!r} ({entry.value}) cannot be used: {error}", stacklevel=2)
            continue
        found.setdefault(name, reader)
    return found


def summary(reader: Reader) -> str:
    """Return the first line of the reader's docstring."""
    return (reader.__doc__ or "").strip().split("\n")[0]


def choose(text: str, label: str, name: str | None = None, problem: str | None = None) -> Reader:
    """Return the reader of this name, or the one whose format the text is in.

    Raises
    ------
    InputError
        If there is no reader of this name, or not exactly one fits the text.
    """
    table = readers()
    if name is not None:
        if name not in table:
            raise InputError("the format is unknown", value=name, remedy=f"use one of {', '.join(table)}", source=label)
        return table[name]
    fits = [r for r in table.values() if (problem is None or r.problem in (None, problem)) and r.sniff(text)]
    if len(fits) == 1:
        return fits[0]
    if not fits and _looks_like_csv(text, label):
        raise InputError(
            "a CSV file holds one table; an instance has several, in one JSON file",
            remedy="read each table, e.g. with pandas.read_csv, and make the instance with jitopt.from_tables "
            "(docs/formats.md)",
            source=label,
        )
    what = "fits several formats" if fits else "is in none of the known formats"
    listed = fits or list(table.values())
    raise InputError(
        f"the text {what}",
        remedy="name the format with --format (format= in Python)",
        source=label,
        more=[f"  {reader.name}: {summary(reader)}" for reader in listed],
    )


def _looks_like_csv(text: str, label: str) -> bool:
    """Tell whether the first two lines have the same number of separators, or the file is called so."""
    if label.lower().endswith((".csv", ".tsv")):
        return True
    first, second = [*text.splitlines()[:2], "", ""][:2]
    return any(first.count(sign) and first.count(sign) == second.count(sign) for sign in ",;\t")
