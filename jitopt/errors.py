"""Exceptions of jitopt.

Legal outcomes of a solve (infeasible, no plan within the limit, interrupted)
are statuses, never exceptions. What is raised is bad input, an unknown
method, or a solver that is not installed.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InputError", "JitoptError", "NotApplicableError", "SolverUnavailableError", "UnknownMethodError"]


class JitoptError(Exception):
    """Base of every exception jitopt raises on purpose."""


class InputError(JitoptError):
    """Bad input, told in one clear message.

    Parameters
    ----------
    rule
        What must hold, in words ("demand must be an integer >= 0").
    place
        Path into the input, as a JSON pointer (``/products/demand/3``) or a
        table, row and column. Empty when the whole input is meant.
    value
        The offending value as the user wrote it. None when there is none.
    remedy
        What to do about it.
    source
        The file, stream or call the input came from.
    more
        Further problems of the same input, one line each; where there are very many, their number.
    faults
        All problems of the input as plain data, where it has many parts (the tables of a plant).
    """

    def __init__(
        self,
        rule: str,
        *,
        place: str = "",
        value: object = None,
        remedy: str = "",
        source: str = "",
        more: Iterable[str] = (),
        faults: Iterable[dict[str, Any]] = (),
    ) -> None:
        self.rule = rule
        self.place = place
        self.value = value
        self.remedy = remedy
        self.source = source
        self.more: tuple[str, ...] = tuple(more)
        self.faults: tuple[dict[str, Any], ...] = tuple(faults)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole message: file, place, value, rule, remedy."""
        where = ": ".join(part for part in (self.source, self.place) if part)
        text = f"{where}: {self.rule}" if where else self.rule
        if self.value is not None:
            text += f" (got {_short(self.value)})"
        text += "."
        if self.remedy:
            text += f" Remedy: {self.remedy}" + ("" if self.remedy.endswith("?") else ".")
        return "\n".join((text, *self.more))

    def within(self, source: str) -> InputError:
        """Return the same error, told of the file or stream `source`."""
        return InputError(
            self.rule,
            place=self.place,
            value=self.value,
            remedy=self.remedy,
            source=source,
            more=self.more,
            faults=self.faults,
        )

    def __str__(self) -> str:
        return self.message


class UnknownMethodError(JitoptError, LookupError):
    """A method that is not in the registry; the message lists those that are."""


class SolverUnavailableError(JitoptError):
    """A solver that is not installed or not usable; the message lists those that are."""


class NotApplicableError(JitoptError):
    """A formulation cannot express an instance (numbers too large, a feature it lacks); says why."""


def _short(value: object, limit: int = 80) -> str:
    """Show a value on one line, cut to `limit` characters, control characters escaped; as JSON where it can be."""
    text = repr(value)
    if isinstance(value, bool | list | tuple | dict):
        with contextlib.suppress(TypeError, ValueError):
            text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = str(int(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."
