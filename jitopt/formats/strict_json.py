"""Strict JSON: what the standard reader lets through is refused with its place.

Refused: a repeated key, NaN and infinities, numbers that overflow, half a surrogate pair, absurd
nesting, a file that ends too early. The place is a JSON pointer, or line and column when the text
is no JSON at all.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pydantic_core

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dumps", "layout", "loads"]

DEEPEST = 64
"""Most levels of lists and objects in one another; no file of jitopt needs ten."""

LONGEST_INTEGER = 18
"""Most digits of an integer."""

LONG = 1 << 20
"""Characters from which a text is read the swift way, if nothing in it may be refused."""

FIGURES = bytes(48 if 48 <= c < 58 else 101 if c in b"eE" else 43 if c == 43 else 32 for c in range(256))
"""Every digit as 0, every e as e, a plus as itself, anything else as a blank."""

BLANK_COLON = re.compile(r'"\s+:')

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Trail = tuple[Any, Any] | None
"""Where a value stands: (trail of its parent, key or row), None at the top."""


class _Refused:
    """Stands in the tree where the text had something that is refused."""

    def __init__(self, rule: str, value: object, remedy: str) -> None:
        self.rule = rule
        self.value = value
        self.remedy = remedy


def loads(text: str, source: str = "") -> Any:
    """Return the data of a JSON text.

    Parameters
    ----------
    text
        The whole text, without byte order mark.
    source
        The file or stream it came from, for the messages.

    Raises
    ------
    InputError
        With the place, the rule and the remedy.
    """
    if len(text) > LONG:
        try:
            return _swift(text)
        except ValueError:
            pass  # told below, with its place, if it is refused at all
    hooks = _Hooks()
    try:
        data = json.loads(
            text,
            object_pairs_hook=hooks.pairs,
            parse_constant=hooks.constant,
            parse_float=hooks.real,
            parse_int=hooks.integer,
        )
    except json.JSONDecodeError as error:
        raise _not_json(error, text, source) from None
    except RecursionError:
        raise _too_deep(source) from None
    # The walk costs more than the parse, so it is made only when there may be something to find.
    if hooks.refused or text.count("[") + text.count("{") > DEEPEST or SURROGATE.search(text):
        _inspect(data, source)
    return data


def _swift(text: str) -> Any:
    """Return the data of a long text of columns, in a fraction of the time.

    Raises
    ------
    ValueError
        Where the text may hold something that is refused; it need not.
    """
    raw = text.encode()
    figures = raw.translate(FIGURES)
    doubtful = (b"0" * (LONGEST_INTEGER + 1), b"0e00", b"0e+00")
    if text.count("[") + text.count("{") > DEEPEST or any(figures.find(sign) >= 0 for sign in doubtful):
        raise ValueError("nested deep, or with a number that is too large")
    keys = text.count('":')
    if text.count(":") > keys and BLANK_COLON.search(text):
        raise ValueError("keys that are not counted as easily")
    data = pydantic_core.from_json(raw, allow_inf_nan=False, cache_strings="all")
    if keys != _keys(data):
        # What looks like a key and is none in the data: one of two equal keys, or a part of a word.
        raise ValueError("perhaps a repeated key")
    return data


def _keys(data: Any) -> int:
    """Count the keys of all objects."""
    if isinstance(data, dict):
        return len(data) + sum(_keys(value) for value in data.values())
    if isinstance(data, list) and not set(map(type, data)) <= SOUND:
        return sum(map(_keys, data))
    return 0


class _Hooks:
    """The parser's hooks; what they refuse is located afterwards, in the finished tree."""

    def __init__(self) -> None:
        self.refused = False

    def refuse(self, rule: str, value: object, remedy: str) -> _Refused:
        self.refused = True
        return _Refused(rule, value, remedy)

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    found[key] = self.refuse(
                        "each key of an object may appear only once", key, "remove or rename the repeated key"
                    )
                seen.add(key)
        return found

    def constant(self, word: str) -> _Refused:
        return self.refuse("a number must be finite", word, "write a finite number, or null where it is allowed")

    def real(self, text: str) -> float | _Refused:
        value = float(text)
        if math.isinf(value):
            return self.refuse("a number must be finite; this one is too large", text[:40], "correct the number")
        return value

    def integer(self, text: str) -> int | _Refused:
        if len(text) > LONGEST_INTEGER + text.startswith("-"):
            rule = f"an integer may have at most {LONGEST_INTEGER} digits"
            return self.refuse(rule, text[:40], "correct the number")
        return int(text)


SOUND = frozenset({str, int, float, bool, type(None)})
"""Types of plain values; what is refused has a type of its own."""


def _not_json(error: json.JSONDecodeError, text: str, source: str) -> InputError:
    ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    what = "the text ends too early" if ends else error.msg[:1].lower() + error.msg[1:]
    return InputError(
        f"not valid JSON: {what}",
        place=f"line {error.lineno}, column {error.colno}",
        remedy="the file is cut off: write or copy it again" if ends else "correct the text at this place",
        source=source,
    )


def _too_deep(source: str, place: str = "") -> InputError:
    return InputError(
        f"lists and objects may be nested at most {DEEPEST} levels deep",
        place=place,
        remedy="check how the file was written",
        source=source,
    )


def _inspect(data: Any, source: str) -> None:
    """Raise for the first thing, in the order of the text, that is refused."""
    for value, trail, depth in _walk(data):
        if depth > DEEPEST:
            raise _too_deep(source, _pointer(trail)[:80] + "...")
        if isinstance(value, _Refused):
            raise InputError(value.rule, place=_pointer(trail), value=value.value, remedy=value.remedy, source=source)
        for words in (value, *value) if isinstance(value, dict) else (value,):
            if isinstance(words, str) and not _encodes(words):
                raise InputError(
                    "text must be valid Unicode; this one holds half a surrogate pair",
                    place=_pointer(trail),
                    value=words,
                    remedy="correct the \\u escapes of the text",
                    source=source,
                )


def _walk(data: Any) -> Iterator[tuple[Any, Trail, int]]:
    """Yield every value with its trail and depth, in the order of the text, without recursion."""
    stack: list[tuple[Any, Trail, int]] = [(data, None, 0)]
    while stack:
        value, trail, depth = stack.pop()
        yield value, trail, depth
        if isinstance(value, dict):
            children = [(child, (trail, key), depth + 1) for key, child in value.items()]
        elif isinstance(value, list):
            if depth < DEEPEST and _sound(value):
                continue
            children = [(child, (trail, row), depth + 1) for row, child in enumerate(value)]
        else:
            continue
        stack.extend(reversed(children))


def _sound(column: list[Any]) -> bool:
    """Tell of a list of plain values, as columns are, that nothing in it is refused; faster than a look at each."""
    kinds = set(map(type, column))
    if not kinds <= SOUND:
        return False
    return str not in kinds or _encodes("".join(value for value in column if type(value) is str))


def _pointer(trail: Trail) -> str:
    """Return the JSON pointer (RFC 6901) of a trail."""
    parts: list[str] = []
    while trail is not None:
        trail, key = trail
        parts.append(str(key).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in reversed(parts))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def dumps(data: Any) -> str:
    """Return data as JSON on one line; NaN and infinities are never written."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def layout(data: Any, depth: int = 0) -> str:
    """Return data as JSON for people: a key per line, a column or a row of a table per line."""
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(data, dict) and data and (depth == 0 or any(isinstance(v, dict | list) for v in data.values())):
        rows = [f"{inner}{dumps(str(key))}: {layout(value, depth + 1)}" for key, value in data.items()]
        return "{\n" + ",\n".join(rows) + f"\n{outer}}}"
    if isinstance(data, list) and data and isinstance(data[0], dict | list):
        return "[\n" + ",\n".join(f"{inner}{dumps(value)}" for value in data) + f"\n{outer}]"
    return dumps(data)
