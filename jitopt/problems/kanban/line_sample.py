"""The sample of a line: the times of its stations and between its orders, replication by replication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.variates import Distribution, draw, source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Line

    Floats = NDArray[np.float64]

__all__ = ["BREAKDOWNS", "ORDERS", "REPAIRS", "STATIONS", "Streams"]

STATIONS, ORDERS, BREAKDOWNS, REPAIRS = range(4)
"""First number of the path of a stream: (0, replication, station), (1, replication) of the orders,
(2, replication, station) of the number of breakdowns of a job, (3, replication, station) of their repairs."""


class Streams:
    """The streams of some replications of a line, from which times are taken in portions of any size."""

    def __init__(self, line: Line, seed: int, replications: range) -> None:
        self._stations = [
            [_Station(law, down, seed, r, j) for r in replications]
            for j, (law, down) in enumerate(zip(line.service, line.breakdowns, strict=True))
        ]
        self._between = line.between
        self._orders = [source(seed, ORDERS, r) for r in replications] if line.between is not None else []

    def service(self, count: int) -> list[list[Floats]]:
        """Return the times of the next `count` jobs: of each station, of each replication."""
        return [[lane.take(count) for lane in station] for station in self._stations]

    def between(self, count: int) -> list[Floats]:
        """Return the times between the next `count` orders, of each replication; nothing without orders."""
        law = self._between
        return [] if law is None else [draw(law, stream, count) for stream in self._orders]


class _Station:
    """The times of one station in one replication, repairs of breakdowns included."""

    def __init__(self, law: Distribution, down: tuple[float, float] | None, seed: int, r: int, j: int) -> None:
        self._law, self._down, self._times = law, down, source(seed, STATIONS, r, j)
        if down is not None:
            self._breakdowns, self._repairs = source(seed, BREAKDOWNS, r, j), source(seed, REPAIRS, r, j)

    def take(self, count: int) -> Floats:
        """Return the times of the next jobs.

        A job of time t meets a Poisson number of breakdowns of mean t / mtbf; their repairs add up to a
        gamma variate of that shape.
        """
        times = draw(self._law, self._times, count)
        if self._down is not None:
            stops = self._breakdowns.poisson(times / self._down[0])
            times += self._down[1] * self._repairs.standard_gamma(stops.astype(float))
        return times
