"""A line and its plans as the flat arrays that kernels take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jitopt.problems.kanban.line import lags
from jitopt.simulation._kernels.line import LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Lags, Line

    Whole = NDArray[np.int64]

__all__ = ["Flat", "flatten", "flattened"]


class Flat(NamedTuple):
    """Plans of a line as arrays [plan, station]; see `jitopt.simulation._kernels.line`.

    source: of the part (fed). other: of room or card (freed, called). width: slots of a ring.
    """

    material: Whole
    room: Whole
    source: Whole
    other: Whole
    order: Whole
    rows: int
    width: int

    def rings(self) -> NDArray[np.float64]:
        """Return the rings of the plans before the first job."""
        return np.zeros((len(self.order), self.width, self.rows, LANES))


def flatten(line: Line, plans: Sequence[Sequence[int]], length: int) -> Flat:
    """Return plans as flat arrays. length: jobs of a replication; what reaches further back holds nothing up."""
    return flattened(line.blocking, line.stations, [lags(line, plan) for plan in plans], length)


def flattened(blocking: str, count: int, plans: Sequence[Lags], length: int) -> Flat:
    """Return plans of so many stations, told by their lags, as flat arrays."""
    with_cards = blocking != "after_service"
    rows = 2 * count + 3 if with_cards else count + 1
    width = count + 1 if with_cards else count
    shape = (len(plans), width)
    material, source = np.zeros(shape, dtype=np.int64), np.full(shape, rows - 1, dtype=np.int64)
    room, other = np.zeros((len(plans), count), dtype=np.int64), np.full((len(plans), count), rows - 1, dtype=np.int64)
    order = np.zeros(shape, dtype=np.int64)
    feeding = [-1, *(count + j if with_cards else j for j in range(width - 1))]
    calling = _calling(blocking, count)
    for p, found in enumerate(plans):
        for j, lag in enumerate(found.material):
            if j and lag < length:
                material[p, j], source[p, j] = lag, feeding[j]
        for j, lag in enumerate(found.room):
            if calling[j] >= 0 and lag < length:
                room[p, j], other[p, j] = lag, calling[j]
        order[p] = _sorted(material[p], room[p], source[p], other[p], rows, count)
    deepest = int(max(material.max(), room.max(), 1))
    return Flat(material, room, source, other, order, rows, 1 << deepest.bit_length())


def _calling(blocking: str, count: int) -> list[int]:
    """Return the row that frees a station's room or card, -1 for none."""
    if blocking == "after_service":
        return [*range(1, count), -1]
    if blocking == "kanban":
        return [*range(1, count), 2 * count]
    return [2 * count] if blocking == "conwip" else [2 * count + 1] * count


def _sorted(material: Whole, room: Whole, source: Whole, other: Whole, rows: int, count: int) -> list[int]:
    """Return the stations (and the customer) so that within a job each comes after those it waits for at lag 0."""
    waits: dict[int, set[int]] = {j: set() for j in range(len(material))}
    for lag, row in ((material, source), (room, other)):
        for j in range(len(lag)):
            owner = _owner(int(row[j]), rows, count)
            if lag[j] == 0 and owner is not None:
                waits[j].add(owner)
    found: list[int] = []
    while len(found) < len(waits):
        found.append(next(j for j in waits if j not in found and waits[j] <= set(found)))
    return found


def _owner(row: int, rows: int, count: int) -> int | None:
    """Return the station that writes a row, None for orders and for nothing."""
    if rows == count + 1:
        return row if row < count else None
    return row % count if row < 2 * count else count if row == 2 * count else None
