"""The check that every reader of a file format passes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.testing.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_reader"]

OTHERS = ("", "\n\n", "Dear colleague, the demand of next week is 200.\n", "a,b\n1,2\n", "<html></html>", "%PDF-1.7\n")
"""Texts that are in no format of instances."""

NASTY = ("", "x", "-1", "0", "1.5", "1e400", "NaN", "-0", "999999999999999999999", "é", '"', "[", "\x00")
"""What a token of a broken file is replaced with."""


def check_reader(name: str, samples: Iterable[str | Path]) -> None:
    """Check that a reader keeps its promises.

    * `sniff` knows its samples, and neither empty, nor foreign, nor native JSON texts; no other
      reader claims the samples.
    * Reading twice gives the same instance, which survives the way through native JSON.
    * A broken sample (cut off, lines lost or doubled, tokens replaced) is read or refused with
      `InputError`; no other exception escapes.

    Parameters
    ----------
    name
        The reader's name (see `jitopt.formats.readers`).
    samples
        Texts in the format (with at least one line break), or paths of files that hold one.

    Raises
    ------
    ConformanceError
        At the first promise that is broken.
    """
    from jitopt.formats import readers

    table = readers()
    if name not in table:
        raise ConformanceError(name, f"there is no reader of this name; there are {', '.join(table)}")
    reader = table[name]
    texts = [_text(sample) for sample in samples]
    if not texts:
        raise ConformanceError(name, "no sample was given")
    for text in OTHERS:
        if reader.sniff(text):
            raise ConformanceError(name, f"sniff takes {text!r} for its format")
    for text in texts:
        _check_sniff(name, table, text)
        _check_round_trip(name, reader, text)
        for broken in _broken(text):
            _check_refusal(name, reader, broken)


def _text(sample: str | Path) -> str:
    """Return the text of a sample; a text of one line is the path of a file."""
    if isinstance(sample, Path) or "\n" not in sample:
        return Path(sample).read_text(encoding="utf-8")
    return sample


def _check_sniff(name: str, table: dict[str, Any], text: str) -> None:
    for other, reader in table.items():
        if bool(reader.sniff(text)) != (other == name):
            told = "does not know its own sample" if other == name else "is not the only one: so says"
            raise ConformanceError(name, f"sniff {told} {'' if other == name else other}: {text[:80]!r}")


def _check_round_trip(name: str, reader: Any, text: str) -> None:
    first, second = reader.read(text, "sample"), reader.read(text, "sample")
    if first != second:
        raise ConformanceError(name, "reading twice gives two instances", first)
    data = json.loads(json.dumps(first.to_dict(), ensure_ascii=False))
    back = type(first).parse(data)
    if back != first or back.sha256() != first.sha256():
        raise ConformanceError(name, "the instance is another one after the way through native JSON", first)
    if name != "json" and reader.sniff(json.dumps(data)):
        raise ConformanceError(name, "sniff takes native JSON for its format", first)


def _broken(text: str) -> Iterator[str]:
    """Yield damaged copies: cut off, lines lost or doubled, tokens replaced."""
    dice = random.Random(len(text))
    for share in (0.0, 0.1, 0.35, 0.6, 0.9, 0.99):
        yield text[: int(share * len(text))]
    lines = text.splitlines(keepends=True)
    for _ in range(10):
        row = dice.randrange(len(lines))
        yield "".join(lines[:row] + lines[row + 1 :])
        yield "".join(lines[:row] + [lines[row]] * 2 + lines[row + 1 :])
    for nasty in NASTY:
        for _ in range(3):
            row = dice.randrange(len(lines))
            tokens = lines[row].split(" ")
            tokens[dice.randrange(len(tokens))] = nasty
            yield "".join([*lines[:row], " ".join(tokens), *lines[row + 1 :]])


def _check_refusal(name: str, reader: Any, text: str) -> None:
    try:
        reader.read(text, "broken")
    except InputError:
        return
    except Exception as error:
        told = f"a broken text escapes as {type(error).__name__} ({error}): {text[:400]!r}"
        raise ConformanceError(name, told) from error
