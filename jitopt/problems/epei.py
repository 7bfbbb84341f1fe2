"""EPEI, every part every interval: how often a machine can be set up for each of its parts.

One function for kanban (the wait at a lot-forming board, the lot of a signal kanban) and heijunka (the
shortest wheel of a line). What is left of the available minutes after the run time is for setting up:

    EPEI = sum_i s_i / k_i  /  (available - sum_i d_i c_i)        lot_i = d_i k_i EPEI

with setup s_i, demand d_i, time of a unit c_i, and k_i = 1 for a part of every interval, 2 for one of every second ...
Dividing the setups by the whole available time, without subtracting the run time, is a mistake in circulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.base import LARGEST, exact
from jitopt.problems.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Epei", "epei", "figure", "figures", "interval", "karmarkar_interval", "karmarkar_lot"]

Number = float | Fraction


@dataclass(frozen=True)
class Epei:
    """Every part every interval.

    days: the interval. run: minutes of work a day. left: minutes a day left for setting up. setup: minutes of an
    interval that is set up. lots: units of each part made at once, in the order given.
    """

    days: Fraction
    run: Fraction
    left: Fraction
    setup: Fraction
    lots: tuple[Fraction, ...]


def interval(setup: Fraction, left: Fraction) -> Fraction | None:
    """Return setup / left, the EPEI [days]; None where no minutes are left.

    setup: minutes to set up once for every part. left: minutes a day that are not run time.
    """
    return setup / left if left > 0 else None


def figures(name: str, values: Sequence[Number], count: int, above: bool = False) -> list[Fraction]:
    """Return a column of figures as fractions; refuse what `figure` refuses, and another length than `count`."""
    if len(values) != count:
        raise InputError(
            f"{name} has one value for each part ({count})", place=name, value=len(values), remedy="give one for each"
        )
    return [figure(f"{name}/{row}", value, above) for row, value in enumerate(values)]


def figure(place: str, value: Number, above: bool = False) -> Fraction:
    """Return a figure as a fraction; refuse what is no number from 0 (above 0) up to `LARGEST`."""
    usable = isinstance(value, int | float | Fraction) and not isinstance(value, bool) and math.isfinite(value)
    if not usable or not 0 <= value <= LARGEST or (above and not value):
        raise InputError(
            f"a number {'above' if above else 'from'} 0 is needed", place=place, value=value, remedy="correct it"
        )
    return value if isinstance(value, Fraction) else exact(value)


def epei(
    available: Number,
    demand: Sequence[Number],
    run: Sequence[Number],
    setup: Sequence[Number],
    *,
    every: Sequence[int] | None = None,
    uptime: Number = 1,
) -> Epei:
    """Return the shortest interval in which a machine can be set up for each part, and the lots.

    Parameters
    ----------
    available
        Minutes of a day.
    demand
        Of each part [units per day].
    run
        Of a unit of each part [minutes].
    setup
        For each part [minutes].
    every
        k of each part: it comes up in every k-th interval; None: each in every one.
    uptime
        Share of the available minutes that the machine runs.

    Raises
    ------
    InputError
        If the run time leaves no minutes to set up (with the minutes that are missing), or a value is out of
        its range.

    Source: EPEI as in Abels and Kemmner (2014); intervals of its own for each part as in Creating Level Pull
    (Smalley).

    Examples
    --------
    >>> found = epei(900, [120, 150, 60, 80], [1.2, 0.8, 2, 0.5], [30, 20, 45, 25], uptime=0.85)
    >>> float(found.run), float(found.left), found.days
    (424.0, 341.0, Fraction(120, 341))
    """
    count = len(demand)
    needs = figures("demand", demand, count)
    times = figures("run", run, count)
    setups = figures("setup", setup, count)
    share = figure("uptime", uptime, above=True)
    if share > 1:
        raise InputError("uptime is a share up to 1", place="uptime", value=uptime, remedy="write 85 % as 0.85")
    turns = figures("every", [1] * count if every is None else every, count, above=True)
    work = sum((need * time for need, time in zip(needs, times, strict=True)), Fraction(0))
    left = figure("available", available, above=True) * share - work
    per_interval = sum((time / turn for time, turn in zip(setups, turns, strict=True)), Fraction(0))
    days = interval(per_interval, left)
    if days is None:
        raise InputError(
            f"the run time of {rounded(work, 6)} minutes a day leaves none of {rounded(left + work, 6)} to set up",
            place="available",
            value=available,
            remedy=f"add more than {rounded(-left, 6)} minutes, or take work off the machine",
        )
    lots = tuple(need * turn * days for need, turn in zip(needs, turns, strict=True))
    return Epei(days, work, left, per_interval, lots)


def _loaded(work: Fraction, capacity: Fraction, place: str) -> float:
    if not 0 < work < capacity:
        raise InputError(
            "the run time must be above 0 and below the time there is", place=place, value=float(work),
            remedy="take work off the machine, or count no lot for a part without work",
        )  # fmt: skip
    return math.sqrt(work / capacity)


def karmarkar_lot(demand: Number, run: Number, setup: Number) -> tuple[float, float]:
    """Return the lot Q* of shortest lead time and that lead time W*, of one part on a machine of its own.

    Q* = D s / (sqrt(u) (1 - sqrt(u))), u = D p, which loads the machine up to sqrt(u) in all. An approximation:
    W(Q) = (s + p Q) / (1 - D p - D s / Q), as of a queue with exponential times. Smaller lots drown the machine in
    setups, larger ones make each other wait.

    demand: D [units per time]. run: p, of a unit [time]. setup: s [time].

    Source: Karmarkar (1987), Lot sizes, lead times and in-process inventories; Hopp and Spearman, Factory Physics.

    Examples
    --------
    >>> [round(value, 6) for value in karmarkar_lot(10, 0.05, 1)]
    [48.284271, 11.656854]
    """
    need, time, change = figure("demand", demand, True), figure("run", run, True), figure("setup", setup, True)
    root = _loaded(need * time, Fraction(1), "run")
    lot = float(need * change) / (root * (1 - root))
    load = float(need * time) + float(need * change) / lot
    return lot, (float(change) + float(time) * lot) / (1 - load)


def karmarkar_interval(
    available: Number, demand: Sequence[Number], run: Sequence[Number], setup: Sequence[Number]
) -> tuple[float, tuple[float, ...]]:
    """Return the common interval [days] that loads a machine up to sqrt(u) in all, and the lots [units].

    The rule of `karmarkar_lot` for several parts on one machine: T = sum s_i / (A (sqrt(u) - u)), u = sum d_i c_i / A.
    It is longer than the EPEI, which loads the machine fully and lets lots queue without end when anything varies.
    An approximation. Arguments as in `epei`. Source: as of `karmarkar_lot`.
    """
    least = epei(available, demand, run, setup)
    minutes = least.run + least.left
    root = _loaded(least.run, minutes, "run")
    days = float(least.setup) / (float(minutes) * (root - root * root))
    return days, tuple(float(exact(need) if not isinstance(need, Fraction) else need) * days for need in demand)
