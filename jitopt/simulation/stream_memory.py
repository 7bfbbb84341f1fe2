"""The memory of a plant that runs: rows of two tables, lists beside them, and sources of random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.simulation.stream_sources import Source

if TYPE_CHECKING:
    from jitopt.simulation.stream_sources import Sampler

__all__ = ["Memory"]


class Memory:
    """The arrays of `plant_fields` while they are being written.

    n, x: columns of every row, whole numbers and reals. m, y: entries of the rows' lists. sources: of
    random numbers, by their rows.
    """

    def __init__(self) -> None:
        self.n: list[list[int]] = []
        self.x: list[list[float]] = []
        self.m: list[int] = []
        self.y: list[float] = []
        self.sources: dict[int, Source] = {}

    def add_row(self, kind: int) -> int:
        """Return a new row."""
        row = len(self.n)
        self.n.append([0] * f.WIDTH)
        self.x.append([0.0] * f.BREADTH)
        self.write(row, {f.KIND: kind, f.PLACE: -1, f.ORDER: (kind << 40) + row, f.NEXT: -1})
        return row

    def write(self, row: int, numbers: dict[int, int], amounts: dict[int, float] | None = None) -> None:
        """Write whole numbers and reals of a row, by their columns."""
        for place, number in numbers.items():
            self.n[row][place] = number
        for place, amount in (amounts or {}).items():
            self.x[row][place] = amount

    def add_room(self, length: int) -> int:
        """Return the address of new entries."""
        return self.add_entries([0] * length)

    def add_entries(self, numbers: list[int], amounts: list[float] | None = None) -> int:
        """Write entries side by side, and return the address of the first."""
        address = len(self.m)
        self.m += numbers
        self.y += amounts or [0.0] * len(numbers)
        return address

    def add_list(self, row: int, column: int, entries: list[int], amounts: list[float] | None = None) -> None:
        """Write a list of a row: its addresses stand in `column` and the column after it."""
        first = self.add_entries(entries, amounts)
        self.write(row, {column: first, column + 1: first + len(entries)})

    def add_source(self, row: int, column: int, path: tuple[int, ...], sample: Sampler | None) -> int:
        """Write the source of a row, -1 where nothing is drawn."""
        found = -1
        if sample is not None:
            found = self.add_row(f.SOURCE_ROW)
            self.sources[found] = Source(path, sample)
        self.n[row][column] = found
        return found
