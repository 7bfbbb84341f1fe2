"""Open lines by two-moment decomposition: every station a GI/G/1 queue, linked by the spread of departures.

An approximation (Whitt's queueing network analyser): exact for a line of exponential stations fed by
a Poisson stream, within some per cent for mild variability, worse where a low-variability station
feeds a highly loaded one far down the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitopt.queueing.labels import Kind, positive, require
from jitopt.queueing.waiting import kingman

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OpenLine", "open_line"]


class OpenLine(NamedTuple):
    """Long-run figures of an open line, station by station.

    utilisation, waits, departure_cv: of each station (cv of the times between departures). lead_time:
    from arrival to departure from the line. parts: mean number in the line.
    """

    utilisation: tuple[float, ...]
    waits: tuple[float, ...]
    departure_cv: tuple[float, ...]
    lead_time: float
    parts: float
    bottleneck: int
    kind: Kind = "approximation"


def open_line(
    rate: float, times: Sequence[float], service_cv: Sequence[float] | None = None, arrival_cv: float = 1.0
) -> OpenLine:
    """Return the figures of an open line of single servers with room for any queue.

    rate: arrivals per unit of time. times: mean time of each station. service_cv: of each station, 1
    where not given. arrival_cv: of the times between arrivals. bottleneck counts from 0.

    Raises
    ------
    InputError
        For no station, a station that is loaded to 1 or more, or a negative cv.
    """
    positive(rate, "the arrival rate")
    require(len(times) > 0, "a line needs a station", len(times))
    spreads = [1.0] * len(times) if service_cv is None else list(service_cv)
    require(len(spreads) == len(times), "every station needs one cv", len(spreads))
    utilisation, waits, departures = [], [], []
    square = arrival_cv**2
    for time, cv in zip(times, spreads, strict=True):
        positive(time, "the time of a station")
        load = rate * time
        require(load < 1, "the load of every station must be below 1", load)
        waits.append(kingman(load, time, square**0.5, cv).wait)
        square = load**2 * cv**2 + (1 - load**2) * square
        utilisation.append(load)
        departures.append(square**0.5)
    lead = sum(waits) + sum(times)
    busiest = max(range(len(times)), key=lambda station: utilisation[station])
    return OpenLine(tuple(utilisation), tuple(waits), tuple(departures), lead, rate * lead, busiest)
