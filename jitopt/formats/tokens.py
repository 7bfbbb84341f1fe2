"""The numbers of a plain-text file, each with its line, and the errors that name it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jitopt.errors import InputError
from jitopt.problems.base import LARGEST

__all__ = ["Token", "content_lines", "whole"]

WHOLE = re.compile(r"[+-]?[0-9]+\Z")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a file and the line it stands on, from 1."""

    text: str
    line: int

    def integer(self, what: str, least: int = 0, most: int = 10**7) -> int:
        """Return the token as an integer between `least` and `most`; `what` names it in errors."""
        rule = f"{what} must be an integer from {least} to {most}"
        if not WHOLE.match(self.text) or len(self.text) > 20 or not least <= int(self.text) <= most:
            raise self.refuse(rule, "correct the number")
        return int(self.text)

    def number(self, what: str) -> float:
        """Return the token as a number from 0 to the largest jitopt accepts."""
        rule = f"{what} must be a number from 0 to {LARGEST:g}"
        if not DECIMAL.match(self.text) or not 0 <= float(self.text) <= LARGEST:
            raise self.refuse(rule, "correct the number")
        return float(self.text)

    def refuse(self, rule: str, remedy: str) -> InputError:
        """Return the error that tells this token, with its line."""
        return InputError(rule, place=f"line {self.line}", value=self.text, remedy=remedy)


def content_lines(text: str, comment: str = "") -> list[list[Token]]:
    """Return the words of each line that is neither empty nor a comment."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = (
        [Token(word, number) for word in line.split()]
        for number, line in enumerate(lines, 1)
        if not (comment and line.lstrip().startswith(comment))
    )
    return [row for row in rows if row]


def whole(row: list[Token]) -> bool:
    """Tell whether every word of a line is an integer."""
    return all(WHOLE.match(token.text) for token in row)
