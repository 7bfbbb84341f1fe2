"""The sample of a line: the times of its stations and between its orders, replication by replication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.variates import Distribution, draw, source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Line

__all__ = ["ORDERS", "STATIONS", "Streams"]

STATIONS, ORDERS = 0, 1
"""First number of the path of a stream: (0, station, replication), and (1, replication) of the orders."""


class Streams:
    """The streams of some replications of a line, from which times are taken in portions of any size."""

    def __init__(self, line: Line, seed: int, replications: range) -> None:
        self._laws = line.service
        self._stations = [[source(seed, STATIONS, j, r) for r in replications] for j in range(line.stations)]
        self._between = line.between
        self._orders = [source(seed, ORDERS, r) for r in replications] if line.between is not None else []

    def service(self, count: int) -> list[list[NDArray[np.float64]]]:
        """Return the times of the next `count` jobs: of each station, of each replication."""
        return [
            [_taken(law, stream, count) for stream in streams]
            for law, streams in zip(self._laws, self._stations, strict=True)
        ]

    def between(self, count: int) -> list[NDArray[np.float64]]:
        """Return the times between the next `count` orders, of each replication; nothing without orders."""
        law = self._between
        return [] if law is None else [_taken(law, stream, count) for stream in self._orders]


def _taken(law: Distribution, stream: np.random.Generator, count: int) -> NDArray[np.float64]:
    return draw(law, stream, count)
