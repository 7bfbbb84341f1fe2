"""Bounds of a saturated line from its windows: the most throughput, and what a throughput costs at least."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from jitopt.heuristics._line_tiles import SMALL, Tiles
from jitopt.heuristics._line_world import Stopped
from jitopt.simulation.line_windows import Windows, started

if TYPE_CHECKING:
    from jitopt.heuristics._line_cost import Oracle
    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.kanban_line import Search

__all__ = ["Looker", "Spent", "needed", "proven", "windowed"]

FEWEST, MOST_CAP = 3, 2_000
"""Places from which windows are looked at, and the largest number of one that they are for."""

PILOT = 2
"""Blocks of replications on which designs are raised; what is excluded is looked at on all."""

LOOKS = 24
"""Looks at designs of one window in the first round; each round twice as many."""

ROUNDS, SHARE = 8, 0.7
"""Rounds in which the windows of a least cost grow, and share of the time left that they may take."""

CLOSE = 1e-3
"""Relative distance of two levels between which none is tried."""


Short = Callable[[int, int, "Design", bool], bool]


class Spent(Exception):
    """An attempt has used up its share of operations."""


def windowed(search: Search, high: Design) -> bool:
    """Tell whether windows are of use: a saturated line of some places, not too many in one."""
    line = search.line
    coupled = line.demand is None and line.blocking in {"after_service", "kanban"}
    return coupled and line.decided >= FEWEST and max(high) <= MOST_CAP


class Looker:
    """Looks at windows on the sample, and remembers what was proven.

    limit: operations after which `Spent` is raised.
    """

    def __init__(self, search: Search, low: Design, cap: Design, cost: list[float], spare: float) -> None:
        self.search, self.limit = search, float("inf")
        paths = search.paths.side_by_side
        self.windows = Windows(paths, started(paths, low, cap, cost, spare))
        self.known: list[tuple[int, Design, float]] = []
        self._values: dict[tuple[int, Design, int | None], float] = {}
        self._factor: dict[tuple[int, int], float] = {}

    def value(self, first: int, last: int, design: Design, blocks: int | None = None) -> float:
        """Return the throughput of a design of a window, on all of the sample or its first blocks."""
        key = (first, design, blocks)
        if key not in self._values:
            paths = self.search.paths
            if paths.steps > self.limit:
                raise Spent
            share = 1.0 if blocks is None else min(1.0, blocks / len(paths.side_by_side.blocks))
            paths.ask(
                int(paths.size.length * paths.size.replications * share * (last - first + 2) / paths.line.stations)
            )
            try:
                self._values[key] = self.windows.throughput(first, last, design, blocks)
            except InterruptedError:
                raise Stopped from None
            if blocks is None:
                self.known.append((first, design, self._values[key]))
        return self._values[key]

    def short(self, level: float) -> Short:
        """Return a function that tells whether a design of a window makes `level` at most; if sure, proven."""

        def told(first: int, last: int, design: Design, sure: bool) -> bool:
            pilot = self.value(first, last, design, PILOT)
            if not sure or pilot * self._factor.get((first, last), 1.0) > level * (1 + CLOSE):
                return pilot * self._factor.get((first, last), 1.0) <= level
            whole = self.value(first, last, design)
            self._factor[first, last] = whole / pilot
            return whole <= level

        return told


def proven(search: Search, reached: float, bound: float, low: Design, high: Design, total: int, share: float) -> float:
    """Lower the bound of the most throughput: levels between are tried, and proven where the windows need more.

    share: of the time that is left, which is used at most. Returns the bound, which was told.
    """
    looker = Looker(search, low, high, [1.0] * len(low), float(total - sum(low)))
    until, looks = search.context.remaining() * (1 - share), LOOKS
    while search.context.work is not None or search.context.remaining() > until:
        least, before = reached, bound
        while bound - least > CLOSE * bound:
            level = (bound + least) / 2
            looker.limit = search.paths.steps + looks * STEPS
            if _attempt(search, looker, level, low, high, total, looks):
                bound = level
                search.context.bound(bound)
            else:
                least = level
            if search.context.work is None and search.context.remaining() < until:
                return bound
        if bound - reached <= CLOSE * bound or (looks > LOOKS * MOST_ROUNDS and bound == before):
            return bound
        looks *= 2
    return bound


STEPS = 10_000_000
"""Operations of one attempt for each look that a window may have."""

MOST_ROUNDS = 16


def _attempt(search: Search, looker: Looker, level: float, low: Design, high: Design, total: int, looks: int) -> bool:
    """Tell whether the windows prove that no design within the total makes more than `level`."""
    count = len(low)
    tiles = Tiles(low, high, [1.0] * count, looker.short(level), search.dice)
    for first, design, value in looker.known:
        if value <= level:
            tiles.cut(first, design)
    try:
        return tiles.cover(looks, float(total))
    except Spent:
        return tiles.tiled(0, count - 1) > total


# --- least cost ---------------------------------------------------------------------------------


def needed(search: Search, oracle: Oracle, low: Design, cap: Design, cost: list[float], worth: float) -> Tiles:
    """Raise the lower bound of the least cost for the target by windows; return them, with their cuts.

    worth: cost of the best design known. The bound is told as it rises.
    """
    spare = worth - sum(price * least for price, least in zip(cost, low, strict=True))
    tiles = Tiles(low, cap, cost, _falls_short(search, oracle, low, cap, cost, spare), search.dice)
    if len(low) < FEWEST or not math.isfinite(worth):
        return tiles

    def told(need: float) -> None:
        search.context.bound(min(need, worth) * (1 - SMALL))

    looks, until = LOOKS, search.context.remaining() * (1 - SHARE)
    enough = worth - 3 * SMALL * max(1.0, worth)
    for _ in range(ROUNDS):
        before = tiles.looks
        if tiles.cover(looks, enough, told) or tiles.looks == before:
            break
        if search.context.work is None and search.context.remaining() < until:
            break
        looks *= 2
    return tiles


def _falls_short(search: Search, oracle: Oracle, low: Design, cap: Design, cost: list[float], spare: float) -> Short:
    """Return how it is told that a window falls short of the target: on its own where that can be, else in the line."""
    target = search.line.target
    assert target is not None
    if target.throughput is not None and windowed(search, cap):
        looker = Looker(search, low, cap, cost, spare)
        return looker.short(math.nextafter(target.throughput, 0.0))

    def told(first: int, last: int, design: Design, sure: bool) -> bool:
        return not oracle((*cap[:first], *design, *cap[last + 1 :]))

    return told
