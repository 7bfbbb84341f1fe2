"""Read an instance from any file, and write it in the native format."""

from __future__ import annotations

import os

from jitopt.errors import InputError
from jitopt.formats.atomic import Target, write_text
from jitopt.formats.catalogue import Reader, choose
from jitopt.formats.prv import Prv
from jitopt.formats.strict_json import layout
from jitopt.formats.text import Source, Text, read_text
from jitopt.problems.base import Instance, Plan

__all__ = ["read", "refuse_foreign", "understand", "write"]

FOREIGN = frozenset((
    ".csv", ".tsv", ".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".feather", ".arrow", ".yaml", ".yml", ".xml",
    ".html", ".pdf", ".lp", ".mps", ".csplib", ".cap",
))  # fmt: skip
"""Endings of file formats that jitopt does not write instances or results in."""


def read(path: Source, format: str | None = None, problem: str | None = None, row: str | None = None) -> Instance[Plan]:
    """Read an instance, in the native format or a public one.

    Parameters
    ----------
    path
        Path of the file, or of the folder where a format has several files; "-" for standard input, or an open
        file object.
    format
        Name of the format (see `jitopt.formats.catalogue`); None finds it by the content.
    problem
        The problem that is expected; another one is refused. None takes any.
    row
        Name of the row, for a format with an instance in each row.

    Returns
    -------
    Instance
        Validated. An instance of a public format has the file's stem as its name.

    Raises
    ------
    InputError
        With the file, the place in it, the value, the rule and the remedy.
    """
    return understand(read_text(path, folders=True), format, problem, row)


def understand(
    text: Text, format: str | None = None, problem: str | None = None, row: str | None = None
) -> Instance[Plan]:
    """Return the instance in a text that has been read; see `read`."""
    name = "json" if format is None and text.label.endswith(".json") else format
    reader = choose(text.text, text.label, name, problem)
    try:
        instance = reader.read(text.text, text.stem) if row is None else _row(reader, text, row)
    except InputError as error:
        raise error.within(text.label) from None
    except RecursionError:
        raise InputError("lists and objects are nested too deep", source=text.label, remedy="check the file") from None
    if problem is not None and instance.problem != problem:
        raise InputError(
            f"a {problem} instance is expected",
            place="/problem",
            value=instance.problem,
            remedy=f"give a {problem} file",
            source=text.label,
        )
    return instance


def _row(reader: Reader, text: Text, row: str) -> Instance[Plan]:
    """Return the instance in a row, of a format with an instance in each."""
    if not isinstance(row, str):
        raise InputError("the name of a row must be text", value=row, remedy="give the name as str")
    if not isinstance(reader, Prv):
        raise InputError(f"the format {reader.name} has no rows", value=row, remedy="leave out --row (row= in Python)")
    return reader.read(text.text, text.stem, row)


def refuse_foreign(path: Target) -> None:
    """Refuse a file name that promises what jitopt does not write."""
    ending = os.path.splitext(os.fspath(path))[1]
    if ending.lower() in FOREIGN:
        raise InputError(
            "jitopt writes JSON only, under the ending .json",
            value=ending,
            remedy="name the file .json; for other kinds see `to_frame` and `jitopt export`",
            source=str(os.fspath(path)),
        )


def write(instance: Instance[Plan], path: Target) -> None:
    """Write an instance in the native format; the file appears whole or not at all.

    Parameters
    ----------
    instance
        What to write.
    path
        Path of the file; "-" for standard output.

    Raises
    ------
    InputError
        If the path cannot be written to.
    JitoptError
        If writing fails, for instance because the disk is full.
    """
    if not isinstance(instance, Instance):
        raise InputError(
            "only an instance can be written",
            value=type(instance).__name__,
            remedy="write jitopt.write(instance, path) with what jitopt.read or jitopt.from_tables returns",
        )
    if not isinstance(path, str | os.PathLike):
        raise InputError("a path must be text", value=path, remedy='give a path, or "-" for standard output')
    refuse_foreign(path)
    write_text(os.fspath(path), layout(instance.to_dict()) + "\n")
