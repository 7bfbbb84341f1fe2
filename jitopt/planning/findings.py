"""What is wrong, or odd, in the tables of a plant: file, row, column, value, rule, remedy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CELLS", "Finding", "in_order", "refuse"]

CELLS = ("truck", "dock", "cluster", "storage", "container")
"""Columns that name a limit or a kind: where that row is left out, the cell is emptied instead of the row."""

SHOWN = 20
"""Findings told in one message, at most."""

ORDER = {table: place for place, table in enumerate(TABLES)}
"""Findings are told in the order in which `docs/plants.md` lists the tables."""


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

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What tells two findings apart."""
        return self.table, self.row, self.column, self.rule

    @classmethod
    def of_error(cls, error: InputError, table: str) -> Finding:
        """Return what refuses a table as a finding."""
        return cls(error.source, table, 0, "", error.value, error.rule, error.remedy, error.place)

    def error(self) -> InputError:
        """Return the finding as an exception."""
        return InputError(self.rule, place=self.where, value=self.value, remedy=self.remedy, source=self.source)

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


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by table, row and column."""
    return sorted(findings, key=lambda finding: (ORDER.get(finding.table, len(ORDER)), finding.key))


def refuse(faults: Sequence[Finding], consequences: Sequence[Finding] = ()) -> InputError:
    """Return one exception for all faults.

    The first is told in full, each other in a line, up to `SHOWN`; the rest is counted. What is
    sound by itself and only rests on a fault is counted, never told as a fault. The exception's
    `faults` hold all of both as data.
    """
    first = faults[0]
    told = [f"also {finding.text}" for finding in faults[1:SHOWN]]
    if len(faults) > SHOWN:
        told.append(f"and {len(faults) - SHOWN} more: {_counted(faults[SHOWN:])} (--json tells all)")
    if consequences:
        told.append(f"sound rows that rest on these: {_counted(consequences)}")
    return InputError(
        first.rule,
        place=first.where,
        value=first.value,
        remedy=first.remedy,
        source=first.source,
        more=told,
        faults=[{**finding.to_dict(), "follows": finding.follows} for finding in (*faults, *consequences)],
    )


def _counted(findings: Iterable[Finding]) -> str:
    """Return the number of rows by table, a row with two findings once."""
    rows = {(finding.table, finding.row) for finding in findings}
    return ", ".join(f"{table} {count}" for table, count in Counter(table for table, _ in sorted(rows)).items())
