"""The variates of a loop of cards: how long containers last, delays, the phase of the rounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.problems.variates import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from jitopt.simulation.card_loops import CardLoop

__all__ = ["day_by_day", "needs_of", "sample"]

MOST = 20_000_000
"""Containers of one loop that a replication may follow."""

RARE = 8.0
"""Standard deviations of spare variates: a run that needs more ends a little earlier."""

LEAST_BLOCK = 5
"""Days that follow each other as they were told, at least; twice the time to be covered where that is longer."""


def needs_of(loop: CardLoop, end: float) -> int:
    """Return for how many containers a run draws how long they last."""
    if not loop.lasts.mean:
        return 1
    mean = end / loop.lasts.mean
    cv = loop.lasts.variance() ** 0.5 / loop.lasts.mean
    count = mean + RARE * cv * (mean**0.5 + cv) + RARE
    if count > MOST:
        raise InputError(
            f"a run may follow {MOST} containers of a loop at most",
            place=f"/loops/{loop.loop}",
            value=f"{mean:.0f} in {end:.6g} days",
            remedy="simulate fewer days, or check the units of demand and container",
        )
    return int(count)


def sample(loop: CardLoop, streams: Sequence[np.random.Generator], rows: int, lasts: int, end: float) -> Any:
    """Draw a loop's variates: how long containers last, first need, delays, phase of the rounds."""
    first = streams[2].random((rows, 2))
    if not loop.lasts.mean:
        gap, begin = np.zeros((rows, 1)), np.full(rows, end + 1)
    elif loop.days:
        gap, begin = day_by_day(loop, streams[0], first[:, 0], end)
    else:
        gap = draw(loop.lasts, streams[0], (rows, lasts))
        begin = first[:, 0] * loop.lasts.mean
    rounds = int(end / loop.interval if loop.interval else end)
    size = rounds + 2 if loop.supply == "shared" else lasts + 1
    delay = draw(loop.delay, streams[1], (rows, size))
    if loop.late and loop.late_by:
        delay = delay + loop.late_by * (streams[3].random((rows, size)) < loop.late)
    return gap, begin, delay, first[:, 1] * loop.interval


def day_by_day(
    loop: CardLoop, stream: np.random.Generator, first: NDArray[np.float64], end: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw how long containers last where the need of days is told: blocks of days that follow each other.

    Within a day the need is even; a container that is used up at a day's end is followed at the next
    need. first: share of the first container that has been used, a replication each.
    """
    told = np.asarray(loop.days, dtype=np.float64)
    block = min(len(told), max(LEAST_BLOCK, math.ceil(2 * (loop.delay.mean + loop.interval))))
    days = math.ceil(end) + 1
    starts = (stream.random((len(first), -(-days // block))) * len(told)).astype(np.int64)
    chosen = (starts[:, :, None] + np.arange(block)) % len(told)
    units = told[chosen.reshape(len(first), -1)[:, :days]]
    used = np.cumsum(units, axis=1)
    begun = loop.quantity * (1 - first)
    count = max(1, int(((used[:, -1] - begun) / loop.quantity).max()) + 2)
    wanted = begun[:, None] + loop.quantity * np.arange(count)
    moments = np.empty((len(first), count))
    for row in range(len(first)):
        day = np.searchsorted(used[row], wanted[row], side="right")
        within = day < days
        day, rest = day[within], wanted[row][within]
        before = used[row][day] - units[row][day]
        moments[row] = end + 1
        moments[row, : len(day)] = day + (rest - before) / units[row][day]
    return np.diff(moments, append=end + 1), moments[:, 0]
