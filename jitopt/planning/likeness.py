"""How far a figure lies from its like, and what a factor on one cell would change about it.

Everything is a decimal logarithm: a factor of 1,000 is 3. A relation is a product or quotient of
cells (a full container's weight = pack x weight) with the value that is usual for it and the
spread of that value; its misfit is its distance from the usual in spreads. A cell may be a share
of a sum only (the cards of one part among those of its rack).
"""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jitopt.planning.draft import Row

__all__ = ["Cell", "Link", "Measure", "Relation", "among", "link", "ratio", "singles", "typical"]

Cell = tuple[str, int, str]
"""Table, row as the spreadsheet shows it, column."""

DECILES = 2.56
"""Standard deviations of a normal distribution between its first and last decile."""

MANY = 10
"""From so many values on, the deciles are told apart from single odd values."""


class Link(NamedTuple):
    """What a relation has of a cell: sign and power in it, share of the sum it is part of."""

    cell: Cell
    sign: int = 1
    share: float = 1.0
    power: int = 1

    def shift(self, factor: float) -> float:
        """Return the change of the relation [decades] when the cell is multiplied by `factor`."""
        return self.sign * math.log10(1 + self.share * (factor**self.power - 1))


class Measure(NamedTuple):
    """A measured value [decades] and the cells in it."""

    value: float
    links: tuple[Link, ...]


class Relation(NamedTuple):
    """A measure against its like.

    distance: from the usual [decades]. spread: of the usual [decades]. words: what it is. mutual:
    it is compared with others of the plant, not with what is usual in any plant.
    """

    distance: float
    spread: float
    words: str
    links: tuple[Link, ...]
    mutual: bool = False

    def gain(self, shift: float) -> float:
        """Return by how many spreads the relation comes closer to the usual when it is shifted."""
        return (abs(self.distance) - abs(self.distance + shift)) / self.spread


def link(table: str, row: int, column: str, sign: int = 1, share: float = 1.0, power: int = 1) -> Link:
    """Return the link to a cell."""
    return Link((table, row, column), sign, share, power)


def singles(table: str, column: str, rows: Iterable[tuple[Row, float]]) -> list[Measure]:
    """Return the measures of the cells of a column, each by itself."""
    return [Measure(math.log10(value), (link(table, row.number, column),)) for row, value in rows]


def ratio(value: float, *links: Link) -> Measure:
    """Return the measure of a value that was made of several cells."""
    return Measure(math.log10(value), links)


def typical(measures: Sequence[Measure], centre: float, spread: float, words: str) -> list[Relation]:
    """Compare measures with what is usual in any plant."""
    return [Relation(value - centre, spread, words, links) for value, links in measures]


def among(measures: Sequence[Measure], floor: float, words: str) -> list[Relation]:
    """Compare measures with each other: with their median and robust spread, two with one another.

    floor: spread that is usual however alike they are [decades].
    """
    if len(measures) == 2:
        (first, ours), (second, theirs) = measures
        against = tuple(found._replace(sign=-found.sign) for found in theirs)
        return [Relation(first - second, floor * math.sqrt(2), words, ours + against, True)]
    if len(measures) < 2:
        return []
    values = sorted(value for value, _ in measures)
    centre = median(values)
    spread = max(floor, 1.4826 * median(abs(value - centre) for value in values))
    if len(values) >= MANY:
        tenth = len(values) // 10
        spread = max(spread, (values[-1 - tenth] - values[tenth]) / DECILES)
    return [Relation(value - centre, spread, words, links, True) for value, links in measures]
