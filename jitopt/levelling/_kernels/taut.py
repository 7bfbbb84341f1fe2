"""Kernel of the taut string: the shortest way between two curves, in one walk through the periods.

From the last bend the string sees, of each curve, a chain: the part of its hull that a straight way could still touch.
A point that one chain cannot reach without crossing the other bends the string there. Every point enters each chain
once and leaves it once, so the walk is linear. Only whole numbers are compared, by products: nothing is rounded.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import kernel


@kernel
def turn(first: int, low: Any, second: int, high: Any, third: int, end: Any) -> Any:
    """Return above 0 where the way (first, low), (second, high), (third, end) turns up, below 0 where it turns down."""
    return (end - high) * (second - first) - (high - low) * (third - second)


@kernel
def taut(lower: Any, upper: Any, low: Any, high: Any, bends: Any, heights: Any) -> int:
    """Pull the string from lower[0] = upper[0] to the common end; return how many bends there are, both ends counted.

    lower, upper: whole numbers, lower <= upper. low, high: room for the chains, as long as the curves. bends, heights:
    take the periods in which the string bends, and its height there.
    """
    last = len(lower) - 1
    knot, at = 0, lower[0]
    bends[0], heights[0] = knot, at
    count = 1
    low_first = low_end = high_first = high_end = 0
    for t in range(1, last + 1):
        below, above = lower[t], upper[t]
        while low_end > low_first:
            mid = low[low_end - 1]
            back, start = knot, at
            if low_end - 1 > low_first:
                back = low[low_end - 2]
                start = lower[back]
            if turn(back, start, mid, lower[mid], t, below) < 0:
                break
            low_end -= 1
        if low_end == low_first:
            while high_end > high_first and turn(knot, at, high[high_first], upper[high[high_first]], t, below) > 0:
                knot = high[high_first]
                at = upper[knot]
                high_first += 1
                bends[count], heights[count] = knot, at
                count += 1
        low[low_end] = t
        low_end += 1
        while high_end > high_first:
            mid = high[high_end - 1]
            back, start = knot, at
            if high_end - 1 > high_first:
                back = high[high_end - 2]
                start = upper[back]
            if turn(back, start, mid, upper[mid], t, above) > 0:
                break
            high_end -= 1
        if high_end == high_first:
            while low_end > low_first and turn(knot, at, low[low_first], lower[low[low_first]], t, above) < 0:
                knot = low[low_first]
                at = lower[knot]
                low_first += 1
                bends[count], heights[count] = knot, at
                count += 1
        high[high_end] = t
        high_end += 1
    bends[count], heights[count] = last, lower[last]
    return count + 1
