"""Two-level cases of output-rate variation: products, parts, and how many parts each product takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.formats.tokens import Token, content_lines, whole

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["Orv"]


class Orv:
    """Output-rate variation (part usage) in two levels.

    The text: `M P` (products, parts); a line with the demand of every product; then a line for each part with its
    units in one unit of every product. What follows (stations and their storage limits) is left out.

    Conventions of the published values: the sum over slots k = 1..D and parts of the squared deviation of the units
    used from k N / D, N the units of the part in all; every part counts the same; storage limits bind nothing.

    As heijunka: products "1" to "M" and parts "p1" to "pP" in the file's order; objective usage, sum_squared. The plan
    is {"sequence": ["3", "1", ...]}.
    """

    name = "orv"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        """Tell whether the lines are `M P`, M integers, and P lines of M integers."""
        rows = content_lines(text[:2_000_000])
        if not rows or len(rows[0]) != 2 or not whole(rows[0]) or any(len(token.text) > 6 for token in rows[0]):
            return False
        products, parts = (int(token.text) for token in rows[0])
        body = rows[1 : 2 + parts]
        return len(body) == 1 + parts and all(len(row) == products and whole(row) for row in body)

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance; `name` is its name.

        Raises
        ------
        InputError
            With the line, the value, the rule and the remedy.
        """
        from jitopt.problems.heijunka import Heijunka

        rows = content_lines(text)
        if not rows or len(rows[0]) != 2:
            raise InputError(
                "the first line must hold two integers: products, parts",
                place=f"line {rows[0][0].line}" if rows else "line 1",
                value=" ".join(token.text for token in rows[0][:10]) if rows else "",
                remedy="correct the line, or name the right format with --format",
            )
        products = rows[0][0].integer("the number of products", least=1)
        parts = rows[0][1].integer("the number of parts", least=1)
        labels = [str(number) for number in range(1, products + 1)]
        demands = _line(rows, 1, products, "demands")
        bill = [
            (labels[i], f"p{part}", float(units))
            for part in range(1, parts + 1)
            for i, token in enumerate(_line(rows, 1 + part, products, f"part {part}"))
            if (units := token.integer(f"the units of part {part} in product {labels[i]}"))
        ]
        return Heijunka.parse(
            {
                "problem": "heijunka",
                "version": 1,
                "name": name,
                "source": "output-rate variation in two levels",
                "products": {
                    "product": labels,
                    "demand": [token.integer(f"the demand of product {i}") for i, token in enumerate(demands, 1)],
                },
                "bill": {
                    "product": [row[0] for row in bill],
                    "part": [row[1] for row in bill],
                    "quantity": [row[2] for row in bill],
                },
                "objective": [{"term": "usage", "measure": "sum_squared"}],
            }
        )


def _line(rows: list[list[Token]], at: int, products: int, what: str) -> list[Token]:
    """Return the line at an index, which holds a number for every product."""
    row = rows[at] if at < len(rows) else []
    if len(row) != products:
        raise InputError(
            f"the line of {what} must hold one integer for each of the {products} products",
            place=f"line {row[0].line if row else rows[-1][-1].line + 1}",
            value=len(row),
            remedy="add the missing numbers, or correct the number of products or parts in the first line",
        )
    return row
