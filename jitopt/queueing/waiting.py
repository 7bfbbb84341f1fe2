"""Waiting before one station: Kingman's formula (variability, utilisation, time) and Pollaczek-Khinchine."""

from __future__ import annotations

from typing import NamedTuple

from jitopt.queueing.labels import Kind, positive, require

__all__ = ["Wait", "kingman", "pollaczek_khinchine"]


class Wait(NamedTuple):
    """Mean wait before a station.

    wait: in the unit of the service time. queue: mean number that wait. kind: what the figure is.
    """

    wait: float
    queue: float
    kind: Kind


def kingman(
    utilisation: float, time: float, arrival_cv: float = 1.0, service_cv: float = 1.0, servers: int = 1
) -> Wait:
    """Return the mean wait by the VUT formula: variability x utilisation x time.

    utilisation: of each server, at least 0 and below 1. time: mean time of service. arrival_cv,
    service_cv: coefficients of variation of the times between arrivals and of service. servers:
    alike, side by side (Sakasegawa's exponent). An approximation; for one server it is exact with
    Poisson arrivals (arrival_cv = 1), and there labelled so only for exponential service, since the
    cv alone does not say that arrivals are Poisson.

    Raises
    ------
    InputError
        For a utilisation outside [0, 1), a time that is not above 0 or a negative cv.
    """
    require(0 <= utilisation < 1, "the utilisation must be at least 0 and below 1", utilisation)
    positive(time, "the time")
    require(arrival_cv >= 0, "the cv of arrivals must be at least 0", arrival_cv)
    require(service_cv >= 0, "the cv of service must be at least 0", service_cv)
    require(servers >= 1 and int(servers) == servers, "the servers must be a whole number of at least 1", servers)
    spread = (arrival_cv**2 + service_cv**2) / 2
    busy = utilisation ** ((2 * (servers + 1)) ** 0.5 - 1) / (servers * (1 - utilisation))
    wait = spread * busy * time
    return Wait(wait, wait * utilisation * servers / time, "approximation")


def pollaczek_khinchine(utilisation: float, time: float, service_cv: float) -> Wait:
    """Return the mean wait of an M/G/1 queue: one server, Poisson arrivals, any service time. Exact.

    Raises
    ------
    InputError
        As `kingman`.
    """
    return kingman(utilisation, time, 1.0, service_cv)._replace(kind="exact")
