"""The sample of a line: the times of its stations and between its orders.

Replications come in blocks of `SIDE`: a station has one stream for the replications of a block, and
job after job its times in all of them are drawn in turn. So they lie side by side as they are needed,
and it does not matter how many jobs are drawn at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.variates import Distribution, fill, source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.problems.kanban.line import Line

    Floats = NDArray[np.float64]

__all__ = ["SIDE", "Streams"]

SIDE = 8
"""Replications of a block."""

STATIONS, ORDERS, BREAKDOWNS, REPAIRS = range(4)
"""First number of the path of a stream: (0, station, block), (1, block) of the orders, (2, station, block) of
the number of breakdowns of a job, (3, station, block) of their repairs."""


class Streams:
    """The streams of a block of replications, from which times are taken in portions of any size.

    stations: those whose times are taken [None: all]; each draws from a stream of its own, so the others
    need not be drawn.
    """

    def __init__(self, line: Line, seed: int, block: int, stations: range | None = None) -> None:
        self._stations = [
            _Station(line.service[j], line.breakdowns[j], seed, j, block) for j in stations or range(line.stations)
        ]
        self._between = line.between
        self._orders = source(seed, ORDERS, block)

    def service(self, out: Floats) -> None:
        """Write the times of the next jobs into [station, job, replication of the block]."""
        for times, station in zip(out, self._stations, strict=True):
            station.take(times)

    def between(self, out: Floats) -> None:
        """Write the times between the next orders into [order, replication]; nothing without orders."""
        if self._between is not None:
            fill(self._between, self._orders, out)


class _Station:
    """The times of one station, repairs of breakdowns included."""

    def __init__(self, law: Distribution, down: tuple[float, float] | None, seed: int, j: int, block: int) -> None:
        self._law, self._down, self._times = law, down, source(seed, STATIONS, j, block)
        if down is not None:
            self._breakdowns, self._repairs = source(seed, BREAKDOWNS, j, block), source(seed, REPAIRS, j, block)

    def take(self, out: Floats) -> None:
        """Write the times of the next jobs.

        A job of time t meets a Poisson number of breakdowns of mean t / mtbf; their repairs add up to a
        gamma variate of that shape.
        """
        fill(self._law, self._times, out)
        if self._down is not None:
            stops = self._breakdowns.poisson(out / self._down[0])
            out += self._down[1] * self._repairs.standard_gamma(stops.astype(float))
