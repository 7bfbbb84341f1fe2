"""Figures that look as if a unit had been mixed up (factor 1,000). They are told, never changed.

A cell is measured by all relations it is part of (`yardsticks`). It is suspicious when a factor
of 1,000 or 1/1,000 on it alone would bring these relations much closer to what is usual, all in
all; of the cells of an odd relation that one is named whose correction mends most. It is then read
as corrected, and the rest is looked at again, so that what only seemed odd beside it is not told.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from jitopt.planning.cells import columns_of
from jitopt.planning.rough import Rough
from jitopt.planning.tables import TABLES
from jitopt.planning.yardsticks import demand_days, relations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.planning.draft import Draft, Row
    from jitopt.planning.findings import Finding
    from jitopt.planning.likeness import Cell, Relation

__all__ = ["suspicious"]

FACTORS = (0.001, 1000.0)
LEAST = 4.5
"""Spreads that a correction must bring the cell's relations closer to the usual, in all."""

ODD = 1.5
"""Only a relation as far from the usual [decades] comes closer by a factor of 1,000."""

ROUNDS = 12


class _Blame(NamedTuple):
    """A cell, what it would be if it were corrected, what that would gain [spreads], its oddest relation."""

    cell: Cell
    value: float
    gain: float
    relation: Relation


def suspicious(draft: Draft) -> list[Finding]:
    """Return a finding for every figure that a factor of 1,000 would bring in line with the others."""
    rows = {(table, row.number): row for table in TABLES for row in draft.rows(table)}
    corrected: dict[Cell, float] = {}
    blamed: list[_Blame] = []
    for _ in range(ROUNDS):
        rough = Rough(draft, corrected)
        found = _blamed(demand_days(rough), rows, corrected) or _blamed(relations(rough), rows, corrected)
        if not found:
            break
        blamed += found
        corrected |= {blame.cell: blame.value for blame in found}
    return [_finding(draft, rows, blame) for blame in blamed]


def _blamed(measured: Sequence[Relation], rows: dict[tuple[str, int], Row], known: dict[Cell, float]) -> list[_Blame]:
    """Return the cells to blame, the most convincing first; no two that have a relation in common."""
    odd = {link.cell for relation in measured if abs(relation.distance) > ODD for link in relation.links}
    member: dict[Cell, list[int]] = defaultdict(list)
    for place, relation in enumerate(measured):
        for link in relation.links:
            if link.cell in odd:
                member[link.cell].append(place)
    found = []
    for cell in odd - known.keys():
        blame = _best(cell, [measured[place] for place in member[cell]], rows)
        if blame is not None:
            found.append(blame)
    found.sort(key=lambda blame: (-blame.gain, blame.cell))
    touched: set[int] = set()
    kept = []
    for blame in found:
        if touched.isdisjoint(member[blame.cell]):
            kept.append(blame)
        touched.update(member[blame.cell])
    return kept


def _best(cell: Cell, measured: Sequence[Relation], rows: dict[tuple[str, int], Row]) -> _Blame | None:
    table, number, column = cell
    told = rows[table, number].get(column)
    best: _Blame | None = None
    for factor in FACTORS:
        gains = [
            relation.gain(link.shift(factor)) for relation in measured for link in relation.links if link.cell == cell
        ]
        gain = sum(gains)
        if gain >= LEAST and (best is None or gain > best.gain):
            value = _valid(table, column, told * factor)
            if value is not None:
                best = _Blame(cell, value, gain, measured[gains.index(max(gains))])
    return best


def _valid(table: str, column: str, value: float) -> float | None:
    """Return a corrected value as the column would hold it, None where it could not."""
    kind = columns_of(TABLES[table])[column]
    value = float(f"{value:.9g}")
    if kind.kind.word == "count" or value.is_integer():
        if not value.is_integer():
            return None
        value = int(value)
    try:
        kind.entry.validate_python(value, strict=True)
    except ValidationError:
        return None
    return value


def _finding(draft: Draft, rows: dict[tuple[str, int], Row], blame: _Blame) -> Finding:
    table, number, column = blame.cell
    relation = blame.relation
    factor = 10 ** abs(relation.distance)
    than = "above" if relation.distance > 0 else "below"
    rule = (
        f"suspicious: a factor of {factor:.2g} {than} the usual ({relation.words}); {blame.value:.6g} would fit, "
        "so a unit may be mixed up (factor 1,000)"
    )
    remedy = "check the unit; if the figure is right, nothing needs to be done"
    return draft.finding(table, rows[table, number], column, rule, remedy)
