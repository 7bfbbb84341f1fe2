"""Folders of the ROADEF 2005 challenge: Renault's car sequencing with paint batches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from jitopt.errors import InputError
from jitopt.formats.text import HEADING
from jitopt.formats.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.base import Instance, Plan

__all__ = ["Roadef2005"]

T = TypeVar("T")

VEHICLES, RATIOS = "vehicles.txt", "ratios.txt"
LIMIT, OBJECTIVES = "paint_batch_limit.txt", "optimization_objectives.txt"

TERMS = (("high_priority", "high_ratio"), ("low_priority", "low_ratio"), ("paint_color", "colour_changes"))
"""How an objective's name begins, and the term it is."""

WEIGHTS = (10**6, 10**3, 1)
"""Weight of the first, the second and the third objective."""

RATIO = re.compile(r"([0-9]{1,7})/([0-9]{1,7})\Z")

HEAD = 4
"""Columns of a vehicle before those of its options: date, rank, ident, colour."""


class Vehicle(NamedTuple):
    """A line of vehicles.txt. carried: idents of the ratios it counts for."""

    date: str
    rank: int
    ident: Token
    colour: str
    carried: tuple[str, ...]


class Ratio(NamedTuple):
    """A line of ratios.txt."""

    at_most: int
    in_any: int
    priority: str


class Roadef2005:
    """ROADEF 2005 (Renault): a folder with vehicles, ratios, paint batch limit and order of the objectives.

    `vehicles.txt`: `Date;SeqRank;Ident;Paint Color;` and a 0 or 1 for every ratio. The vehicles of the first date
    are those of the day before, which stay as they are; the others are to be sequenced. `ratios.txt`:
    `N/P;Prio;Ident;`, Prio 1 for high, 0 for low priority. `paint_batch_limit.txt`: the longest run of one colour.
    `optimization_objectives.txt`: `rank;objective name;`.

    Conventions of the published values: each window of P vehicles costs the vehicles beyond N; all windows count
    that have a vehicle of the day, so those that begin the day before too, and behind the day's end they are
    shorter, N staying what it is. A colour change between the two days counts. The batch limit binds within the
    day. The score is 1,000,000 times the first objective + 1,000 times the second + the third.

    As heijunka: product = vehicle of demand 1 (of the day before: demand 0), under its Ident; open ratio rules with
    their priority; `previous`; terms high_ratio, low_ratio, colour_changes; `longest_colour_run`; `current` = the
    order of SeqRank, without a price. A ratio that no vehicle counts for, or that no objective prices, is left
    out. The plan is {"sequence": [Ident, ...]}.
    """

    name = "roadef2005"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        """Tell whether the text is a folder's, with vehicles and ratios."""
        found = set(HEADING.findall(text))
        return {VEHICLES, RATIOS} <= found

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance; `name` is its name.

        Raises
        ------
        InputError
            With the file, the line, the value, the rule and the remedy.
        """
        from jitopt.problems.heijunka import Heijunka

        files = _files(text)
        ratios = _told(files, RATIOS, _ratios)
        vehicles = _told(files, VEHICLES, lambda rows: _vehicles(rows, ratios))
        limit = _told(files, LIMIT, _limit)
        terms = _told(files, OBJECTIVES, _objectives)
        carriers = {ratio for vehicle in vehicles for ratio in vehicle.carried}
        kept = [r for r in ratios if r in carriers and f"{ratios[r].priority}_ratio" in terms]
        first = vehicles[0].date
        before = sorted((v for v in vehicles if v.date == first), key=lambda v: v.rank)
        day = sorted((v for v in vehicles if v.date != first), key=lambda v: v.rank)
        if not day:
            before, day = [], before
        idents = _idents(before, day)
        units = day + before
        data = {
            "problem": "heijunka",
            "version": 1,
            "name": name,
            "source": "ROADEF 2005 challenge, Renault",
            "products": {
                "product": idents,
                "demand": [1] * len(day) + [0] * len(before),
                "colour": [vehicle.colour for vehicle in units],
            },
            "objective": [
                {"term": term, "measure": "sum_absolute", "weight": weight}
                for term, weight in zip(terms, WEIGHTS, strict=False)
                if kept or term == "colour_changes"
            ],
            "current": {"sequence": idents[: len(day)]},
            "longest_colour_run": limit,
        }
        if before:
            data["previous"] = idents[len(day) :]
        if kept:
            data["ratios"] = {
                "ratio": kept,
                "at_most": [ratios[r].at_most for r in kept],
                "in_any": [ratios[r].in_any for r in kept],
                "open": [True] * len(kept),
                "priority": [ratios[r].priority for r in kept],
            }
            pairs = [(i, r) for i, v in zip(idents, units, strict=True) for r in v.carried if r in kept]
            data["options"] = {"product": [i for i, _ in pairs], "ratio": [r for _, r in pairs]}
        return Heijunka.parse(data)


def _files(text: str) -> dict[str, list[list[Token]]]:
    """Return the lines that are not empty of each file, cut at semicolons."""
    pieces = HEADING.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    found: dict[str, list[list[Token]]] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        rows = found.setdefault(name, [])
        for number, line in enumerate(body.split("\n")[1:], 1):
            if line.strip(" \t;"):
                words = line.rstrip().removesuffix(";").split(";")
                rows.append([Token(word.strip(), number) for word in words])
    return found


def _told(files: dict[str, list[list[Token]]], name: str, reading: Callable[[list[list[Token]]], T]) -> T:
    """Read one of the files behind its head line, and name it in errors."""
    rows = files.get(name)
    if rows is None:
        raise InputError(f"the folder must hold the file {name}", value=", ".join(files), remedy="add the file")
    if len(rows) < 2:
        raise InputError(f"{name} must hold a head line and at least one more", remedy="complete the file")
    try:
        return reading(rows)
    except InputError as error:
        raise InputError(
            error.rule, place=f"{name}, {error.place}", value=error.value, remedy=error.remedy, more=error.more
        ) from None


def _ratios(rows: list[list[Token]]) -> dict[str, Ratio]:
    found: dict[str, Ratio] = {}
    for row in rows[1:]:
        _check_width(row, 3, "N/P;Prio;Ident")
        match = RATIO.match(row[0].text)
        if not match or int(match[2]) < 1:
            raise row[0].refuse("a ratio is written N/P, with P at least 1", "correct it")
        priority = row[1].integer("the priority of a ratio", 0, 1)
        if row[2].text in found:
            raise row[2].refuse("each ratio may appear only once", "remove or rename the repeated one")
        found[row[2].text] = Ratio(int(match[1]), int(match[2]), "high" if priority else "low")
    return found


def _vehicles(rows: list[list[Token]], ratios: dict[str, Ratio]) -> list[Vehicle]:
    names = rows[0][HEAD:]
    for token in names:
        if token.text not in ratios:
            raise token.refuse("each option of the head line must be an Ident of ratios.txt", "correct one of them")
    missing = set(ratios) - {token.text for token in names}
    if missing or len(names) != len(ratios):
        raise InputError(
            "the head line must name each ratio of ratios.txt once",
            place="line 1",
            value=", ".join(sorted(missing)) or len(names),
            remedy="correct the head line",
        )
    found = []
    for row in rows[1:]:
        _check_width(row, HEAD + len(names), rf"date, rank, ident, colour and {len(names)} options")
        carried = tuple(
            name.text
            for name, token in zip(names, row[HEAD:], strict=True)
            if token.integer(f"option {name.text} of a vehicle", 0, 1)
        )
        rank = row[1].integer("the rank of a vehicle")
        found.append(Vehicle(row[0].text, rank, row[2], row[3].text, carried))
    return found


def _limit(rows: list[list[Token]]) -> int:
    return rows[1][0].integer("the paint batch limit", 1)


def _objectives(rows: list[list[Token]]) -> list[str]:
    """Return the terms by rank."""
    found: dict[int, str] = {}
    for row in rows[1:]:
        _check_width(row, 2, "rank;objective name")
        rank = row[0].integer("the rank of an objective", 1, len(WEIGHTS))
        term = next((term for start, term in TERMS if row[1].text.startswith(start)), None)
        if term is None:
            known = " or ".join(f'"{start}..."' for start, _ in TERMS)
            raise row[1].refuse(f"an objective begins with {known}", "correct its name")
        if rank in found or term in found.values():
            raise row[1].refuse("each rank and each objective may appear only once", "remove the repeated one")
        found[rank] = term
    return [found[rank] for rank in sorted(found)]


def _idents(before: list[Vehicle], day: list[Vehicle]) -> list[str]:
    """Return the ids of the day's vehicles and of those before, which are marked where the day has them again."""
    found: dict[str, None] = {}
    for vehicle in day:
        if vehicle.ident.text in found:
            error = vehicle.ident.refuse("each vehicle of the day may appear only once", "remove the repeated line")
            raise InputError(error.rule, place=f"{VEHICLES}, {error.place}", value=error.value, remedy=error.remedy)
        found[vehicle.ident.text] = None
    for vehicle in before:
        ident = vehicle.ident.text
        while ident in found:
            ident += " (day before)"
        found[ident] = None
    return list(found)


def _check_width(row: list[Token], width: int, what: str) -> None:
    if len(row) != width:
        raise InputError(
            f"the line must hold {what}, separated by semicolons",
            place=f"line {row[0].line}",
            value=len(row),
            remedy=f"write {width} fields",
        )
