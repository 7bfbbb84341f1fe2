"""Figures that look as if a unit had been mixed up (factor 1,000). They are told, never changed.

A cell is measured by all relations it is part of (`yardsticks`). It is suspicious when a factor
of 1,000 or 1/1,000 on it alone would bring these relations much closer to what is usual, all in
all; of the cells of an odd relation that one is named whose correction mends most. It is then read
as corrected, and the rest is looked at again, so that what only seemed odd beside it is not told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from jitopt.planning.cells import columns_of
from jitopt.planning.findings import in_order
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

FEW = 10
"""So many blamed cells are looked at once more, each for itself; among more it would take too long."""

LEAST_OF_COLUMN = 5
"""So many cells that are out are told as one finding, when they are most of their column."""

Rows = dict[tuple[str, int], "Row"]
"""Rows by table and number."""


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
    columns = _other_units(draft, rows, corrected)
    blamed: list[_Blame] = []
    for _ in range(ROUNDS):
        rough = Rough(draft, corrected)
        found = _blamed(demand_days(rough), rows, corrected) or _blamed(relations(rough), rows, corrected)
        if not found:
            break
        blamed += found
        corrected |= {blame.cell: blame.value for blame in found}
    blamed = [blame for blame in blamed if _stands(draft, rows, blame, corrected, len(blamed))]
    return in_order([*columns, *(_finding(draft, rows, blame) for blame in blamed)])


def _other_units(draft: Draft, rows: Rows, corrected: dict[Cell, float]) -> list[Finding]:
    """Return a finding for each column that is out as a whole, and correct its cells.

    Its cells are alike, so only what is usual in any plant tells.
    """
    measured = [relation for relation in relations(Rough(draft, corrected)) if not relation.mutual]
    odd = Counter(cell for relation in measured if abs(relation.distance) > ODD for cell in _cells(relation))
    found = []
    for table, column in sorted({(cell[0], cell[2]) for cell in odd}):
        told = [row for row in draft.rows(table) if row.get(column)]
        best: list[Cell] = []
        for factor in FACTORS:
            gains: dict[Cell, float] = defaultdict(float)
            for relation in measured:
                links = [link for link in relation.links if (link.cell[0], link.cell[2]) == (table, column)]
                gain = relation.gain(sum(link.shift(factor) for link in links))
                for link in links:
                    gains[link.cell] += gain * link.share
            out = [cell for cell, gain in gains.items() if gain >= LEAST]
            if len(out) >= LEAST_OF_COLUMN and 2 * len(out) > len(told) and len(out) > len(best):
                best = out
                values = {row.number: _valid(table, column, row.get(column) * factor) for row in told}
        if best:
            corrected |= {(table, number, column): value for number, value in values.items() if value is not None}
            rule = f"suspicious: {len(best)} of {len(told)} are out by a factor of 1,000; all may be in another unit"
            remedy = "check the unit of the column; if its figures are right, nothing needs to be done"
            found.append(draft.finding(table, None, column, rule, remedy))
            measured = [relation for relation in relations(Rough(draft, corrected)) if not relation.mutual]
    return found


def _cells(relation: Relation) -> set[Cell]:
    return {link.cell for link in relation.links}


def _stands(draft: Draft, rows: Rows, blame: _Blame, corrected: dict[Cell, float], count: int) -> bool:
    """Tell whether a cell is odd still when all others that are blamed are corrected.

    A figure that is mixed up moves sums (the cards of a rack), beside which sound figures look odd.
    """
    if not 1 < count <= FEW:
        return True
    others = {cell: value for cell, value in corrected.items() if cell != blame.cell}
    rough = Rough(draft, others)
    member = [relation for relation in (*demand_days(rough), *relations(rough))
              if blame.cell in _cells(relation)]  # fmt: skip
    return _best(blame.cell, member, rows) is not None


def _blamed(measured: Sequence[Relation], rows: Rows, known: dict[Cell, float]) -> list[_Blame]:
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


def _best(cell: Cell, measured: Sequence[Relation], rows: Rows) -> _Blame | None:
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


def _finding(draft: Draft, rows: Rows, blame: _Blame) -> Finding:
    table, number, column = blame.cell
    relation = blame.relation
    factor = float(f"{10 ** abs(relation.distance):.2g}")
    # Said of the cell, not of the relation: a price too high makes the value of its part too low beside it.
    than = "above" if blame.value < rows[table, number].get(column) else "below"
    rule = (
        f"suspicious: a factor of {factor:,.0f} {than} the usual ({relation.words}); {blame.value:.6g} would fit, "
        "so a unit may be mixed up (factor 1,000)"
    )
    remedy = "check the unit; if the figure is right, nothing needs to be done"
    return draft.finding(table, rows[table, number], column, rule, remedy)
