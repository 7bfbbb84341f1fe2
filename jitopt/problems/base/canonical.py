"""Plain data as JSON that is the same for the same data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydantic_core

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["canonical"]

LEAST_USUAL = 1e-4
"""Numbers other than 0 that are smaller are written with an exponent by Python."""


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return plain data as JSON that is the same for the same data: keys in order, no blanks, UTF-8."""
    try:
        return pydantic_core.to_json(_in_order(data))
    except _UnusualError:
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


class _UnusualError(Exception):
    """The two writers of JSON write a number differently; the swifter one writes 1e-05 as 0.00001."""


def _in_order(data: Any) -> Any:
    """Return data with all keys in order, if both writers of JSON write all its numbers alike."""
    if isinstance(data, dict):
        return {key: _in_order(data[key]) for key in sorted(data)}
    if isinstance(data, list):
        kinds = set(map(type, data))
        if kinds & {dict, list}:
            return [_in_order(entry) for entry in data]
        if float in kinds:
            _check_usual(data if kinds == {float} else [value for value in data if type(value) is float])
    elif type(data) is float:
        _check_usual([data])
    return data


def _check_usual(numbers: list[float]) -> None:
    if min(numbers) < LEAST_USUAL and min(map(abs, filter(None, numbers)), default=1.0) < LEAST_USUAL:
        raise _UnusualError
