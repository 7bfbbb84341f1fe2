"""Tables of demand vectors for product-rate variation: a CSV file, an instance in each row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.formats.tokens import Token

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["Prv"]

COLUMNS = ("instance", "demand")

SHOWN = 10
"""Most names that an error lists."""


class Prv:
    """Product-rate variation: a CSV file with a demand vector in each row; the row is named (`--row`, `row=`).

    Columns `instance` (the row's name) and `demand` (whole numbers with blanks between them); further columns, such as
    known values, are left out.

    Conventions of the published values: the sum over slots k = 1..D and products of (x - k d / D)^2.

    As heijunka: products "1" to "n" in the order of the demands; objective rate, sum_squared; the instance has the
    row's name. The plan is {"sequence": ["3", "1", ...]}.
    """

    name = "prv"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        """Tell whether the first line names the columns `instance` and `demand`."""
        head = text.lstrip().split("\n", 1)[0][:10_000]
        return set(COLUMNS) <= {word.strip() for word in head.split(",")}

    def read(self, text: str, name: str, row: str | None = None) -> Instance[Plan]:
        """Return the instance of a row, by its name; a table with a single row needs none.

        Raises
        ------
        InputError
            With the line, the value, the rule and the remedy.
        """
        from jitopt.problems.heijunka import Heijunka

        table = _table(text)
        if row is None and len(table) > 1:
            raise InputError(
                f"the table holds {len(table)} instances",
                remedy="name one of its rows with --row (row= in Python)",
                more=_listed(table),
            )
        chosen = next(iter(table)) if row is None else row
        if chosen not in table:
            raise InputError(
                "the table has no row of this name",
                value=chosen,
                remedy="give the name of a row, as the column instance has it",
                more=_listed(table),
            )
        demands = [token.integer(f"demand {at}") for at, token in enumerate(table[chosen], 1)]
        return Heijunka.parse(
            {
                "problem": "heijunka",
                "version": 1,
                "name": chosen,
                "source": f"product-rate variation, {name}",
                "products": {"product": [str(at) for at in range(1, len(demands) + 1)], "demand": demands},
                "objective": [{"term": "rate", "measure": "sum_squared"}],
            }
        )


def _table(text: str) -> dict[str, list[Token]]:
    """Return the demands of each row by its name."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = csv.reader(lines, strict=True)
    found: dict[str, list[Token]] = {}
    head: list[str] = []
    try:
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not head:
                head = _head([cell.strip() for cell in cells], line)
                continue
            if len(cells) != len(head):
                raise InputError(
                    f"a row must have a cell for each of the {len(head)} columns",
                    place=f"line {line}",
                    value=len(cells),
                    remedy="add or remove cells",
                )
            name = cells[head.index("instance")].strip()
            if not name or name in found:
                raise InputError(
                    "each row must have a name of its own",
                    place=f"line {line}",
                    value=name,
                    remedy="write another name into the column instance",
                )
            found[name] = [Token(word, line) for word in cells[head.index("demand")].split()]
            if not found[name]:
                raise InputError(
                    "a row must hold at least one demand",
                    place=f"line {line}",
                    value="",
                    remedy="write whole numbers with blanks between them into the column demand",
                )
    except csv.Error as error:
        raise InputError(
            f"the table cannot be read as CSV: {error}",
            place=f"line {reader.line_num}",
            remedy="put text that holds commas or quotation marks into double quotation marks",
        ) from None
    if not found:
        raise InputError("the table has no row", remedy="add a row for each instance")
    return found


def _head(head: list[str], line: int) -> list[str]:
    missing = [column for column in COLUMNS if head.count(column) != 1]
    if missing:
        raise InputError(
            f"the first line must name the column {missing[0]} once",
            place=f"line {line}",
            value=",".join(head)[:100],
            remedy="correct the line, or name the right format with --format",
        )
    return head


def _listed(table: dict[str, list[Token]]) -> list[str]:
    """Return the first names, for the person to choose from."""
    rest = len(table) - SHOWN
    return [f"  {name}" for name in list(table)[:SHOWN]] + ([f"  and {rest} more"] if rest > 0 else [])
