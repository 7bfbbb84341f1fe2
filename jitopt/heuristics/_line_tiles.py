"""What the parts of a line need at least, put together: a bound of what the whole line needs.

A window is a row of places (or cards), all others being as many as can be. By monotony, what the window
needs to reach a level the line needs there, too; and what disjoint windows need adds up. Windows grow from
one place to many: each starts from what the shorter ones in it need, and from the cuts found in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jitopt.heuristics._line_world import Design

__all__ = ["GaveUp", "Tiles"]

NODES = 20_000
"""Nodes of one search in a window."""

SMALL = 1e-9
"""Difference of costs, relative to them, that counts as none."""


class GaveUp(Exception):
    """A window was left with the bound it has: its share of looks or nodes is used up."""


class Tiles:
    """Least cost of the designs of a line that reach a level, bounded window by window.

    low, cap: fewest and most of each place. cost: of one. short(first, last, design, sure): whether the line
    falls short of the level with this design in the window and as many as can be elsewhere; where not `sure`,
    a guess will do.
    dice: for the orders in which designs are raised.
    """

    def __init__(
        self,
        low: Design,
        cap: Design,
        cost: Sequence[float],
        short: Callable[[int, int, Design, bool], bool],
        dice: np.random.Generator,
    ) -> None:
        self.low, self.cap, self.cost, self.short, self.dice = low, cap, [float(c) for c in cost], short, dice
        count = len(low)
        self.need = [[0.0] * count for _ in range(count)]
        self.cuts: list[list[tuple[int, Design]]] = [[] for _ in range(count)]
        self.looks = 0

    # --- bounds ------------------------------------------------------------------------------

    def tiled(self, first: int, last: int) -> float:
        """Return what the windows in places `first` to `last` need at least together."""
        return self._rests(first, last)[0]

    def _rests(self, first: int, last: int) -> list[float]:
        """Return, for each place from `first` on, what it and the places up to `last` need; 0 at the end."""
        rests = [0.0] * (last - first + 2)
        for p in range(last, first - 1, -1):
            rests[p - first] = max(self.need[p][q] + rests[q + 1 - first] for q in range(p, last + 1))
        return rests

    # --- cuts --------------------------------------------------------------------------------

    def cut(self, first: int, design: Design) -> None:
        """Exclude designs with no more than this in the window that starts at `first`; places at their cap drop out."""
        inside = [p for p, number in enumerate(design) if number < self.cap[first + p]]
        if not inside:
            # Nothing in the whole line reaches the level.
            self.need[0][len(self.low) - 1] = float("inf")
            return
        start, end = inside[0], inside[-1]
        self.cuts[first + end].append((first + start, design[start : end + 1]))

    def raised(self, first: int, last: int, design: Design) -> Design:
        """Raise a design that falls short as far as it still does: the ends of the window first, mostly."""
        here, middle = list(design), self.dice.uniform(0, last - first)
        for p in sorted(range(len(here)), key=lambda p: -abs(p - middle)):
            step, top, least = 1, self.cap[first + p], here[p]
            missed = top + 1
            # From below: mostly one or two more are enough.
            while least < min(top, missed - 1):
                trial = min(least + step, missed - 1, top)
                here[p] = trial
                if self._short(first, last, tuple(here)):
                    least, step = trial, step * 2
                else:
                    missed, step = trial, max(1, (trial - least) // 2)
            here[p] = least
        return tuple(here)

    def _short(self, first: int, last: int, design: Design, sure: bool = False) -> bool:
        self.looks += 1
        return self.short(first, last, design, sure)

    # --- windows -----------------------------------------------------------------------------

    def cover(self, looks: int, enough: float, told: Callable[[float], None] | None = None) -> bool:
        """Grow all windows, the short ones first; tell whether the whole line needs more than `enough`.

        looks: at designs of one window, at most. told: is told what the whole line needs, as that rises.
        """
        last = 0.0
        count = len(self.low)
        for length in range(count):
            for first in range(count - length):
                outside = self.tiled(0, first - 1) + self.tiled(first + length + 1, count - 1)
                self.grow(first, first + length, looks, enough - outside)
                whole = self.tiled(0, count - 1)
                if whole > enough + SMALL * max(1.0, enough):
                    return True
                if told is not None and whole > last:
                    last = whole
                    told(whole)
        return False

    def grow(self, first: int, last: int, looks: int, enough: float = float("inf")) -> Design | None:
        """Raise what a window needs, until it is exact, above `enough`, or so many looks are used.

        Return a design of the window of least cost that is not known to fall short, where there is one.
        """
        need, end = max(self.need[first][last], self.tiled(first, last)), self.looks + looks
        while True:
            self.need[first][last] = need
            if need > enough:
                return None
            try:
                found, rises = self._cheapest(first, last, need)
            except GaveUp:
                return None
            if found is None:
                need = rises
                if need == float("inf"):
                    self.need[first][last] = need
                    return None
                continue
            if not self._short(first, last, found, sure=True):
                return found
            if self.looks > end:
                return None
            more = self.raised(first, last, found)
            self.cut(first, more if self._short(first, last, more, sure=True) else found)

    def _cheapest(self, first: int, last: int, level: float) -> tuple[Design | None, float]:
        """Return a design of the window of cost `level` at most that nothing excludes, or the next cost to try."""
        rests = self._rests(first, last)
        rests[0] = 0.0
        limit, rises, nodes = level + SMALL * max(1.0, level), float("inf"), 0
        here: list[int] = []
        spent = [0.0]
        ranges = [self._least(first, here, spent)]
        while ranges:
            p = len(ranges) - 1
            number = ranges[p]
            place = first + p
            nodes += 1
            if nodes > NODES:
                raise GaveUp
            cost = spent[p] + self.cost[place] * number
            total = cost + rests[p + 1]
            if number > self.cap[place] or total > limit:
                if number <= self.cap[place]:
                    rises = min(rises, total)
                ranges.pop()
                if here:
                    here.pop()
                    spent.pop()
                    ranges[-1] += 1
                continue
            if place == last:
                return (*here, number), level
            here.append(number)
            spent.append(cost)
            ranges.append(self._least(first, here, spent))
        return None, rises

    def _least(self, first: int, here: list[int], spent: list[float]) -> int:
        """Return how many the next place needs at least after these: by the windows and cuts that end at it."""
        place = first + len(here)
        price, top = self.cost[place], self.cap[place]
        if price <= 0:
            return top
        least = self.low[place]
        for start in range(first, place + 1):
            missing = self.need[start][place] - (spent[-1] - spent[start - first])
            if start == first and place + 1 > first:
                missing = min(missing, self.need[start][place] - spent[-1])
            if missing > least * price:
                if missing == float("inf"):
                    return top + 1
                least = max(least, int(np.ceil(missing / price - 1e-9)))
        for start, design in self.cuts[place]:
            if start < first or design[-1] < least:
                continue
            offset = start - first
            if all(here[offset + i] <= number for i, number in enumerate(design[:-1])):
                least = design[-1] + 1
        return least
