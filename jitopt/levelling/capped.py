"""Levelling under a capacity of its own for each period: the string that no period may outrun.

Within a piece all periods run at one level, or at their capacity where that is lower. The level that makes the amount
of the piece is found by filling; where the output leaves the tube most, the plan touches the tube there (the way of
least variation, seen from that level, has its extremes at the ends of the piece or on the tube), and the piece is cut
in two. Without capacities this is another, slower way to the taut string, and is tested as such.

Source: decomposition by the most violated set, Groenevelt (1991), Two algorithms for maximizing a separable concave
function over a polymatroid feasible region; nested limits, Vidal, Gribel and Jaillet (2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Piece", "capped"]

Piece = tuple[int, int, int, int]
"""First and last index of cumulative output, and the level as a fraction p / q of the tube's unit."""


def capped(lower: Any, upper: Any, capacity: Any) -> list[Piece]:
    """Return the pieces of the most level way through a tube that is not empty, in their order."""
    found: list[Piece] = []
    waiting = [(0, len(lower) - 1, int(lower[0]), int(lower[-1]))]
    while waiting:
        first, last, start, end = waiting.pop()
        most = capacity[first:last]
        p, q = _fill(most, end - start)
        way = start * q + np.cumsum(np.minimum(most * q, p))[:-1]
        below, above = lower[first + 1 : last] * q - way, way - upper[first + 1 : last] * q
        cut = _cut(below, above)
        if cut is None:
            found.append((first, last, p, q))
            continue
        at, under = cut
        here = first + 1 + at
        height = int(lower[here] if under else upper[here])
        waiting += [(here, last, height, end), (first, here, start, height)]
    return found


def _fill(most: Any, amount: int) -> tuple[int, int]:
    """Return the level p / q at which sum min(most, level) is the amount."""
    capacities = np.sort(most)
    count = len(capacities)
    before = np.concatenate([capacities[:1] * 0, np.cumsum(capacities)])
    # Filled up to the j-th capacity, all periods hold this much: it rises with j.
    reached = before[:-1] + capacities * np.arange(count, 0, -1)
    full = int(np.searchsorted(reached, amount))
    if full >= count:
        return int(capacities[-1]), 1
    return amount - int(before[full]), count - full


def _cut(below: Any, above: Any) -> tuple[int, bool] | None:
    """Return where the way leaves the tube most, and whether it does below; None where it stays inside."""
    if not len(below):
        return None
    low, high = int(below.argmax()), int(above.argmax())
    if below[low] <= 0 and above[high] <= 0:
        return None
    return (low, True) if below[low] >= above[high] else (high, False)
