"""Volume levelling: the most level output that meets a demand out of a limited store.

Output may be made ahead and stored; the taut string through the tube of cumulative output is the plan that is least
majorised: it minimises every symmetric convex function of the quantities at once, the largest one and their variance
among them.

Source: Modigliani and Hohn (1955), Production planning over time; Veinott (1971), Least d-majorized network flows;
Barlow, Bartholomew, Bremner and Brunk (1972) for the taut string; whole units, Frank and Murota (2022), Decreasing
minimization on M-convex sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from jitopt.jit import compiled, plain
from jitopt.levelling.capped import Piece, capped
from jitopt.levelling.tube import Shortage, Tube, tube

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Level", "VolumePlan", "level_volume"]

Number = float | Fraction

KERNEL = "jitopt.levelling._kernels.taut"

MANY = 20_000
"""Periods from which the compiled string is used; below, loading it takes longer than it saves."""


class Level(NamedTuple):
    """A stretch of periods at one level.

    first, last: periods, counted from 1. quantity: made in each of them [units], or its capacity where that is lower.
    ends: why it ends: "empty" (the stock is at its least), "full" (the store is), or "end".
    """

    first: int
    last: int
    quantity: Fraction
    ends: Literal["empty", "full", "end"]


@dataclass(frozen=True)
class VolumePlan:
    """The most level plan, or why there is none.

    status: "optimal", or "infeasible" with `shortage`. whole: quantities are whole units. tube: what the plan keeps to.
    pieces: stretches of the plan as index of cumulative output before and behind, and the level as p / q.
    """

    status: Literal["optimal", "infeasible"]
    whole: bool
    tube: Tube
    pieces: tuple[Any, Any, Any, Any]
    shortage: Shortage | None = None

    @cached_property
    def _heights(self) -> Any:
        """Cumulative output at the index where each piece begins, in the tube's unit."""
        first, last, p, q = self.pieces
        if self.tube.capacity is None:
            return np.concatenate([p[:1] * 0, np.cumsum(p * (last - first) // q)[:-1]])
        rows = zip(*(column.tolist() for column in self.pieces), strict=True)
        made = [int(np.minimum(self.tube.capacity[a:b] * below, level).sum()) // below for a, b, level, below in rows]
        return np.concatenate([[0], np.cumsum(made)[:-1]]).astype(p.dtype)

    @cached_property
    def _way(self) -> tuple[Any, Any]:
        """Cumulative output from index 1 on, as numerators and denominators in the tube's unit."""
        first, last, p, q = self.pieces
        lengths = (last - first).astype(np.int64)
        below = np.repeat(q, lengths)
        if self.tube.capacity is None:
            inside = np.arange(1, self.tube.periods + 1) - np.repeat(first, lengths)
            return np.repeat(self._heights * q, lengths) + np.repeat(p, lengths) * inside, below
        made = np.minimum(self.tube.capacity * below, np.repeat(p, lengths))
        rows = zip(self._heights.tolist(), *(column.tolist() for column in self.pieces), strict=True)
        parts = [start * under + np.cumsum(made[a:b]) for start, a, b, _, under in rows]
        return np.concatenate(parts), below

    @cached_property
    def _units(self) -> Any:
        """Whole units made by the end of each period: cumulative output to the nearest, halves up."""
        above, below = self._way
        return (2 * above + below) // (2 * below)

    @cached_property
    def cumulative(self) -> NDArray[np.float64]:
        """Units made by the end of each period."""
        if self.status == "infeasible":
            return np.empty(0)
        if self.whole:
            return np.asarray(self._units, dtype=np.float64)
        above, below = self._way
        return np.asarray(above / (below * self.tube.per), dtype=np.float64)

    @cached_property
    def quantities(self) -> NDArray[Any]:
        """Units made in each period: whole numbers where these were asked for, else the nearest floats."""
        if self.status == "infeasible":
            return np.empty(0)
        if self.whole:
            return np.asarray(np.diff(self._units, prepend=self._units[:1] * 0))
        first, last, p, q = self.pieces
        level = np.repeat((p / (q * self.tube.per)).astype(np.float64), (last - first).astype(np.int64))
        most = self.tube.capacity
        return level if most is None else np.minimum(level, (most / self.tube.per).astype(np.float64))

    def fractions(self) -> list[Fraction]:
        """Return the units made in each period, exact."""
        if self.whole:
            return [Fraction(int(value)) for value in self.quantities]
        found: list[Fraction] = []
        most = self.tube.capacity
        for level in self.levels:
            for period in range(level.first - 1, level.last):
                cap = None if most is None else Fraction(int(most[period]), self.tube.per)
                found.append(level.quantity if cap is None else min(level.quantity, cap))
        return found

    @cached_property
    def stock(self) -> NDArray[np.float64]:
        """Units in stock at the end of each period."""
        if self.status == "infeasible":
            return np.empty(0)
        told = (self.tube.opening - self.tube.demand) / self.tube.data_per
        return np.asarray(self.cumulative + told.astype(np.float64), dtype=np.float64)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The stretches at one level, before whole units are made of them."""
        if self.status == "infeasible":
            return ()
        rows = zip(*(column.tolist() for column in self.pieces), self._heights.tolist(), strict=True)
        found: list[Level] = []
        for first, last, p, q, height in rows:
            quantity = Fraction(p, q * self.tube.per)
            if found:
                empty = height == self.tube.lower[first] and quantity <= found[-1].quantity
                found[-1] = found[-1]._replace(ends="empty" if empty else "full")
            found.append(Level(first + 1, last, quantity, "end"))
        return tuple(found)

    @property
    def full_periods(self) -> list[int]:
        """The periods, counted from 1, that run at a capacity below the level around them."""
        if self.tube.capacity is None or self.status == "infeasible":
            return []
        first, last, p, q = self.pieces
        lengths = (last - first).astype(np.int64)
        below = self.tube.capacity * np.repeat(q, lengths) < np.repeat(p, lengths)
        return [int(period) + 1 for period in np.flatnonzero(below)]

    @property
    def peak(self) -> float:
        """The largest quantity of a period; no plan has a smaller one."""
        return float(self.quantities.max()) if self.status == "optimal" else 0.0

    def curves(self) -> dict[str, list[Any]]:
        """Return what a figure of the tube shows, as columns: period (0: the begin), lower, output, upper [units]."""
        start = [0.0] if self.status == "optimal" else []
        return {
            "period": list(range(self.tube.periods + 1)),
            "lower": (self.tube.lower / self.tube.per).tolist(),
            "output": [*start, *self.cumulative.tolist()],
            "upper": (self.tube.upper / self.tube.per).tolist(),
        }

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the plan as columns: period, quantity, cumulative, stock [units]."""
        return {
            "period": list(range(1, len(self.quantities) + 1)),
            "quantity": self.quantities.tolist(),
            "cumulative": self.cumulative.tolist(),
            "stock": self.stock.tolist(),
        }

    def to_frame(self, like: object = None) -> Any:
        """Return the plan as a data frame; `like` as in `Plan.to_frame`."""
        from jitopt.frames import to_frame

        return to_frame(self.to_rows(), like)


def level_volume(
    demand: Sequence[Number] | NDArray[Any],
    *,
    opening: Number = 0,
    least: Number | Sequence[Number] | NDArray[Any] = 0,
    storage: Number | Sequence[Number | None] | NDArray[Any] | None = None,
    final: Number | None = None,
    capacity: Number | Sequence[Number | None] | NDArray[Any] | None = None,
    whole: bool = False,
) -> VolumePlan:
    """Return the most level output that meets a demand: no other plan has less of any symmetric convex cost.

    Parameters
    ----------
    demand
        Of each period [units].
    opening
        Stock before the first period [units].
    least
        Stock at the end of each period, at least [units]: one number, or one for each.
    storage
        Stock at the end of each period, at most [units]: one number, one for each (None: no limit), or None.
    final
        Stock at the end [units]; None: as little as there can be.
    capacity
        Units that a period can make, at most: one number, one for each period (None: no limit), or None.
    whole
        Make whole units. The plan is optimal among those in whole units, for every symmetric convex cost.

    Returns
    -------
    VolumePlan
        With status "infeasible" where the limits leave no plan; `shortage` then tells the periods and the units.

    Raises
    ------
    InputError
        For a number out of its range, or a column of another length.

    Examples
    --------
    >>> level_volume([10, 0, 0, 30, 5, 5], storage=12).quantities.tolist()
    [10.0, 6.0, 6.0, 18.0, 5.0, 5.0]
    """
    found = tube(demand, opening, least, storage, final, capacity, whole)
    if found.shortage is not None:
        none = np.empty(0, dtype=np.int64)
        return VolumePlan("infeasible", whole, found, (none, none, none, none), found.shortage)
    pieces = _string(found)
    if found.capacity is not None:
        pieces = _under(found, pieces)
    return VolumePlan("optimal", whole, found, pieces)


def _string(found: Tube) -> tuple[Any, Any, Any, Any]:
    """Return the pieces of the taut string."""
    size = found.periods + 1
    if found.lower.dtype != object and size > MANY:
        room = [np.empty(size, dtype=np.int64) for _ in range(4)]
        count = compiled(KERNEL).taut(found.lower, found.upper, *room)
        bends, heights = room[2][:count], room[3][:count]
    else:
        lists = [[0] * size for _ in range(4)]
        count = plain(KERNEL).taut(found.lower.tolist(), found.upper.tolist(), *lists)
        kind = found.lower.dtype
        bends, heights = np.array(lists[2][:count], dtype=kind), np.array(lists[3][:count], dtype=kind)
    return bends[:-1], bends[1:], np.diff(heights), np.diff(bends)


def _under(found: Tube, pieces: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
    """Return the pieces under the capacities: the taut string where it keeps them, for nothing is more level."""
    first, last, p, q = pieces
    lengths = (last - first).astype(np.int64)
    if (np.repeat(p, lengths) <= found.capacity * np.repeat(q, lengths)).all():
        return pieces
    rows: list[Piece] = capped(found.lower, found.upper, found.capacity)
    first, last, p, q = (np.array(column, dtype=found.lower.dtype) for column in zip(*rows, strict=True))
    return first, last, p, q
