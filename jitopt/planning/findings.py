"""What is wrong, or odd, in the tables of a plant: file, row, column, value, rule, remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jitopt.errors import InputError

__all__ = ["CELLS", "Finding", "refuse"]

CELLS = ("truck", "dock", "cluster", "storage", "container")
"""Columns that name a limit or a kind: where that row is left out, the cell is emptied instead of the row."""

SHOWN = 20
"""Findings told in one message, at most."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    source: file. table: name. row: as the spreadsheet shows it (the header is row 1; 0 when the
    whole table is meant). column: its header. value: as written. rule, remedy: in words. place:
    instead of row and column, where the source counts otherwise (a JSON pointer). follows: the row
    is sound by itself but rests on one that is not. keeps: leaving out bad rows, this row stays, and
    its cell, if it is named in `CELLS`, is emptied.
    """

    source: str
    table: str
    row: int
    column: str
    value: Any
    rule: str
    remedy: str
    place: str = ""
    follows: bool = False
    keeps: bool = False

    @property
    def where(self) -> str:
        """Row and column, or what stands for them."""
        if self.place:
            return self.place
        told = [f"row {self.row}"] if self.row else []
        return ", ".join([*told, f"column {self.column}"] if self.column else told)

    def error(self, more: tuple[str, ...] = ()) -> InputError:
        """Return the finding as the exception that refuses the plant."""
        return InputError(
            self.rule, place=self.where, value=self.value, remedy=self.remedy, source=self.source, more=more
        )

    @property
    def text(self) -> str:
        """The whole finding in one line."""
        return self.error().message

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        value = self.value if isinstance(self.value, str | int | float | bool | None) else str(self.value)
        return {
            "source": self.source,
            "table": self.table,
            "row": self.row or None,
            "column": self.column or None,
            "value": value,
            "rule": self.rule,
            "remedy": self.remedy,
        }


def refuse(findings: list[Finding]) -> InputError:
    """Return one exception for all findings, the first in full and each other in a line."""
    told = [f"also {finding.text}" for finding in findings[1:SHOWN]]
    if len(findings) > SHOWN:
        told.append(f"and {len(findings) - SHOWN} more")
    return findings[0].error(tuple(told))
