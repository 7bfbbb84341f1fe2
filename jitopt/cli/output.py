"""What the command line prints: user text shown as it is, never taken as markup or control codes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["columns", "documents", "emit", "emit_text", "err", "fit", "flush", "number", "out", "pad", "plain"]

HIDDEN = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
"""Signs that turn the direction of the text around them."""

ACTING = re.compile("[\x7f-\x9f\u2028\u2029" + "".join(sorted(HIDDEN)) + "]")
BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


documents: list[int] = []
"""Length of each JSON document printed by this process; no run prints two."""


def plain(text: object) -> str:
    """Return text for a terminal: control codes and signs that reorder text become visible."""
    return "".join(
        f"\\x{ord(sign):02x}" if sign in HIDDEN or unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in str(text)
    )


def out(text: str = "") -> None:
    """Print one line, or several, on standard output; a reader that has gone is no error."""
    try:
        print("\n".join(plain(line) for line in text.split("\n")))
    except BrokenPipeError:
        _drop_output()


def err(text: str) -> None:
    """Print on standard error."""
    with contextlib.suppress(BrokenPipeError):
        print("\n".join(plain(line) for line in text.split("\n")), file=sys.stderr, flush=True)


def emit(data: Any, indent: int | None = None) -> None:
    """Print data as JSON on standard output."""
    emit_text(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent))


def emit_text(text: str) -> None:
    """Print JSON text on standard output: what the stream cannot show, or would act on, is escaped."""
    documents.append(len(text))
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    escaped = (ACTING if encoding == "utf8" else BEYOND_ASCII).sub(_escape, text)
    try:
        print(escaped)
    except BrokenPipeError:
        _drop_output()


def _escape(found: re.Match[str]) -> str:
    """Return a sign as JSON escapes it; outside its strings JSON has no such sign."""
    sign = found[0]
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else json.dumps(sign)[1:-1]


def flush(code: int) -> int:
    """Flush standard output and return `code`; a reader that has gone is no error, a full disk is."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        _drop_output()
        err(f"jitopt: standard output could not be written: {error.strerror or error}")
        return 1
    return code


def _drop_output() -> None:
    """Send what is still printed nowhere, so that the exit code stays what it is."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def number(value: object) -> str:
    """Return a number as people read it: up to ten digits, no needless zeros; "-" for None."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.10g}"


def width(text: str) -> int:
    """Return the columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def fit(text: object, most: int) -> str:
    """Return the text in at most `most` columns, cut with a mark."""
    shown = plain(text)
    if width(shown) <= most:
        return shown
    while shown and width(shown) > most - 1:
        shown = shown[:-1]
    return shown + "…"


def pad(text: str, size: int, right: bool = False) -> str:
    """Return the text filled up with blanks to `size` columns."""
    blanks = " " * max(0, size - width(text))
    return blanks + text if right else text + blanks


def columns(head: Sequence[str], rows: Sequence[Sequence[object]], most: int = 40) -> str:
    """Return a table as text: numbers to the right, everything else to the left."""
    shown = [
        [number(cell) if isinstance(cell, int | float | None) else fit(cell, most) for cell in row] for row in rows
    ]
    right = [bool(rows) and all(isinstance(row[c], int | float | None) for row in rows) for c in range(len(head))]
    sizes = [max(width(row[c]) for row in (head, *shown)) for c in range(len(head))]
    lines = ["  ".join(pad(cell, sizes[c], right[c]) for c, cell in enumerate(row)) for row in (head, *shown)]
    return "\n".join(line.rstrip() for line in lines)
