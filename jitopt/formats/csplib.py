"""Car sequencing files of CSPLib prob001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.formats.tokens import Token, content_lines, whole

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["Csplib"]


class Csplib:
    """Car sequencing (CSPLib prob001): classes of cars, options with a ratio P in Q.

    The text: comment lines that start with %; `cars options classes`; a line with P of every
    option; a line with Q of every option; then for each class its label, its number of cars and
    a 0 or 1 for every option.

    Conventions of the published values: the cost is the number of violated windows. A window is
    any Q consecutive cars; it counts 1 when more than P of them have the option, however many
    more. Only full windows count, the sequence does not wrap, and nothing is built before it.

    As heijunka: product = class, under the file's label as text; ratio rule = option, numbered
    "1" to "m" in the file's order, soft with weight 1; objective = ratio, sum_violated. The plan
    is {"sequence": [label, ...]}.
    """

    name = "csplib"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        """Tell whether the first line that is no comment holds three integers."""
        first = next(iter(content_lines(text[:100_000], "%")), [])
        return len(first) == 3 and whole(first)

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance; `name` is its name.

        Raises
        ------
        InputError
            With the line, the value, the rule and the remedy.
        """
        from jitopt.problems.heijunka import Heijunka

        rows = content_lines(text, "%")
        cars, options, classes = _head(rows)
        at_most = _ratio_line(rows, 1, options, "P")
        in_any = _ratio_line(rows, 2, options, "Q")
        body = rows[3 : 3 + classes]
        _check_rows(rows, classes)
        demand, carried = _classes(body, options)
        if sum(demand.values()) != cars:
            raise InputError(
                f"the classes must add up to the {cars} cars of the first line",
                place=f"line {rows[0][0].line}",
                value=sum(demand.values()),
                remedy="correct the number of cars or the classes",
            )
        return Heijunka.parse(
            {
                "problem": "heijunka",
                "version": 1,
                "name": name,
                "source": "car sequencing, CSPLib prob001",
                "products": {"product": list(demand), "demand": list(demand.values())},
                "ratios": {"ratio": [str(o) for o in range(1, options + 1)], "at_most": at_most, "in_any": in_any},
                "options": {"product": [label for label, _ in carried], "ratio": [str(o) for _, o in carried]},
                "objective": [{"term": "ratio", "measure": "sum_violated"}],
            }
        )


def _head(rows: list[list[Token]]) -> tuple[int, int, int]:
    if not rows or len(rows[0]) != 3:
        raise InputError(
            "the first line must hold three integers: cars, options, classes",
            place=f"line {rows[0][0].line}" if rows else "line 1",
            value=" ".join(token.text for token in rows[0][:10]) if rows else "",
            remedy="correct the line, or name the right format with --format",
        )
    cars, options, classes = rows[0]
    return (
        cars.integer("the number of cars", least=1),
        options.integer("the number of options", least=1),
        classes.integer("the number of classes", least=1),
    )


def _ratio_line(rows: list[list[Token]], at: int, options: int, letter: str) -> list[int]:
    row = rows[at] if at < len(rows) else []
    if len(row) != options:
        raise InputError(
            f"the {letter} line must hold one integer for each of the {options} options",
            place=f"line {row[0].line if row else rows[-1][-1].line + 1}",
            value=len(row),
            remedy="add the missing numbers or correct the number of options in the first line",
        )
    least = 1 if letter == "Q" else 0
    return [token.integer(f"{letter} of option {option}", least) for option, token in enumerate(row, 1)]


def _check_rows(rows: list[list[Token]], classes: int) -> None:
    found = len(rows) - 3
    if found != classes:
        line = rows[3 + classes][0].line if found > classes else rows[-1][0].line + 1
        raise InputError(
            f"the file must hold one line for each of the {classes} classes",
            place=f"line {line}",
            value=found,
            remedy="add or remove lines, or correct the number of classes in the first line",
        )


def _classes(rows: list[list[Token]], options: int) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """Return cars by label, and the pairs (label, option) of the options that a class has."""
    demand: dict[str, int] = {}
    carried: list[tuple[str, int]] = []
    for row in rows:
        label = row[0]
        if len(row) != options + 2:
            raise InputError(
                f"a class line must hold a label, a number of cars and {options} options",
                place=f"line {label.line}",
                value=" ".join(token.text for token in row[:20]),
                remedy=f"write {options + 2} words on the line",
            )
        if label.text in demand:
            raise label.refuse("each class may appear only once", "remove or rename the repeated class")
        demand[label.text] = row[1].integer(f"the number of cars of class {label.text}")
        for option, token in enumerate(row[2:], 1):
            if token.integer(f"option {option} of class {label.text}", 0, 1):
                carried.append((label.text, option))
    return demand, carried
