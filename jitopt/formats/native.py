"""The native format: one JSON object with "problem", "version": 1 and "name"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.problems import PROBLEMS, instance_type

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["VERSION", "NativeJson", "parse"]

VERSION = 1
"""The newest version of the native format that is read."""


class NativeJson:
    """Native instance: one JSON object with "problem", "version": 1, "name" and its tables.

    Tables are columns of equal length; numbers mean the decimals that are written. The units of
    every field are in the problem's schema (`jitopt schema`). Nothing is rounded or coerced.
    """

    name = "json"
    problem: str | None = None

    def sniff(self, text: str) -> bool:
        """Tell whether the text starts like JSON."""
        return text.lstrip()[:1] in ("{", "[", '"')

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance in the text; `name` is not used, the file holds its own."""
        return parse(strict_json.loads(text))


def parse(data: Any, source: str = "") -> Instance[Plan]:
    """Validate the data of a native file.

    Raises
    ------
    InputError
        With the place, the value, the rule and the remedy.
    """
    if not isinstance(data, dict):
        raise InputError(
            "an instance is one JSON object",
            value=data,
            remedy='write {"problem": ..., "version": 1, "name": ..., ...}',
            source=source,
        )
    if "problem" not in data or "plan" in data:
        raise _no_instance(data, source)
    found = instance_type(data["problem"], source)
    _check_head(data, source)
    return found.parse(data, source)


def _no_instance(data: dict[str, Any], source: str) -> InputError:
    if "plan" in data or str(data.get("format", "")).startswith("jitopt-result"):
        return InputError(
            "this is a result, not an instance", place="/plan", remedy="give the instance file", source=source
        )
    return InputError(
        'the key "problem" is missing: it says which decision the file asks for',
        remedy=f'add "problem" with one of {", ".join(PROBLEMS)}',
        source=source,
    )


def _check_head(data: dict[str, Any], source: str) -> None:
    if "version" not in data:
        raise InputError(
            'the key "version" is missing: it says how the file is to be read',
            place="/version",
            remedy=f'add "version": {VERSION}',
            source=source,
        )
    if "name" not in data:
        raise InputError('the key "name" is missing', place="/name", remedy='add "name": "..."', source=source)
    version = data["version"]
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise InputError(
            f"the file has a newer version of the format than this jitopt reads (up to {VERSION})",
            place="/version",
            value=version,
            remedy="upgrade jitopt",
            source=source,
        )
