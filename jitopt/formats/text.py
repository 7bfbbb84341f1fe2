"""The text of a file, of standard input or of an open file object; one clear error otherwise."""

from __future__ import annotations

import codecs
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jitopt.errors import InputError

__all__ = ["HEADING", "Source", "Text", "read_text"]

Source = str | os.PathLike[str] | IO[str] | IO[bytes]
"""A path, "-" for standard input, or an open file object."""

MARKS = (
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


HEADING = re.compile(r"^=== (\S+) ===$", re.MULTILINE)
"""The line before each file of a folder whose texts are read as one."""


@dataclass(frozen=True)
class Text:
    """A text with the label messages use for it, and the stem that names an instance."""

    text: str
    label: str
    stem: str


def read_text(source: Source, folders: bool = False) -> Text:
    """Read the whole text of `source`; with `folders`, also that of a folder: its .txt files, each under its heading.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, is a folder, is empty or is not plain UTF-8.
    """
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if not isinstance(path, str):
            raise InputError("a path must be text", value=path, remedy="give the path as str")
        label = "standard input" if path == "-" else path
        if folders and path != "-" and os.path.isdir(path):
            return Text(_folder(path), label, _clean(Path(os.path.abspath(path)).name))
        data: Any = _stdin() if path == "-" else _bytes(path)
        stem = "stdin" if path == "-" else Path(path).stem
    elif hasattr(source, "read"):
        name = getattr(source, "name", None)
        label = name if isinstance(name, str) else "the stream"
        data = source.read()
        stem = Path(label).stem if isinstance(name, str) else "stream"
    else:
        raise InputError(
            "a file is given by its path or as an open file object",
            value=type(source).__name__,
            remedy='give a path, "-" for standard input, or an open file',
        )
    text = data if isinstance(data, str) else _decode(bytes(data), label)
    return Text(_whole(text, label), label, _clean(stem))


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", source=path, remedy="check the path") from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a file", source=path, remedy="name a file in it") from None
    except PermissionError:
        raise InputError("the file may not be read", source=path, remedy="check its permissions") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"the file cannot be read: {reason}", source=repr(path), remedy="check the path") from None


def _folder(path: str) -> str:
    """Return the .txt files of a folder as one text."""
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(".txt"))
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", source=path, remedy="check the path") from None
    if not names:
        raise InputError("this is a folder without a .txt file", source=path, remedy="name a file in it")
    files = {name: os.path.join(path, name) for name in names}
    parts = [f"=== {name} ===\n{_whole(_decode(_bytes(file), file), file)}\n" for name, file in files.items()]
    return "".join(parts)


def _stdin() -> bytes | str:
    if sys.stdin is None:
        raise InputError("there is no standard input", remedy="give a file")
    buffer = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read() if buffer is None else bytes(buffer.read())


BINARY = (
    (
        b"PK\x03\x04",
        "a workbook or an archive",
        "read tables with pandas.read_excel and use jitopt.from_tables",
    ),
    (b"PAR1", "a Parquet file", "read tables with pandas.read_parquet and use jitopt.from_tables"),
    (b"%PDF", "a PDF document", "give the data as text"),
    (b"\x89PNG", "a picture", "give the data as text"),
    (b"\x1f\x8b", "a compressed file", "unpack it first"),
)
"""How files that hold no text begin, what they are and what to do."""


def _no_text(data: bytes, label: str) -> InputError | None:
    """Return the error of a file that is no text, None for text."""
    for start, what, remedy in BINARY:
        if data.startswith(start):
            return InputError(f"this is not a text file; it is {what}", source=label, remedy=remedy)
    if b"\0" in data:
        return InputError("this is not a text file", source=label, remedy="give an instance as text in UTF-8")
    return None


def _decode(data: bytes, label: str) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            raise InputError(
                f"the text must be plain UTF-8; this is {name}",
                source=label,
                remedy="save the file as UTF-8 without byte order mark",
            )
    error = _no_text(data, label)
    if error is not None:
        raise error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start]
        line = before.count(b"\n") + 1
        column = wrong.start - (before.rfind(b"\n") + 1) + 1
        raise InputError(
            "the text must be UTF-8",
            place=f"line {line}, byte {column}",
            value=data[wrong.start : wrong.start + 1],
            remedy="save the file as UTF-8",
            source=label,
        ) from None


def _whole(text: str, label: str) -> str:
    if text.startswith("\ufeff"):
        raise InputError(
            "the text must be plain UTF-8; this has a byte order mark",
            source=label,
            remedy="save the file as UTF-8 without byte order mark",
        )
    if not text.strip():
        raise InputError("the file is empty", source=label, remedy="check how it was written")
    return text


def _clean(stem: str) -> str:
    """Return a stem that can be an instance's name, whatever bytes the file name holds."""
    text = stem.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:200] or "unnamed"
