"""The most throughput of a line with so many places or cards: the chain where there is one, else sample paths.

Where the Markov chain of the line can be solved, it alone ranks allocations: on a sample, close ones
change places by chance. Of allocations that the chain holds to be equal the sample takes its best.
"""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._line_bounds import proven, windowed
from jitopt.queueing.allocation import Allocator
from jitopt.queueing.blocking import state_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.kanban_line import Search

__all__ = ["most_throughput"]

MOST_STATES = 30_000
"""States up to which a chain is solved: some tenths of a second."""

SOON = 2.0
"""Seconds after which a search by chains hands over what it has."""

PILOT = 8
"""Replications on which a long line is searched before the whole sample is used."""

SHORT = 8
"""Part of the jobs of a replication that are looked at first."""

CLIMB = 0.5
"""Share of the time left that the search on paths may take before the proof."""

WINDOWS = 0.8
"""Share of the time left for the proof that windows may take before boxes."""

CANDIDATES = 6
"""Places that may give, and that may take, in one step."""


def most_throughput(search: Search) -> None:
    """Find the best allocation, then prove what can be proven on the sample."""
    line = search.line
    low, high = limits(search)
    total = sum(high) if line.total is None else min(line.total, sum(high))
    allocator = Allocator(tuple(1.0 / time for time in line.times), total, low, high)
    start = allocator.even()
    given = search.given()
    if sum(high) <= total or len(low) == 1:
        _only(search, start)
        return
    chain = _chain_suits(search, start)
    if chain:
        best = _by_chain(search, allocator)
    else:
        search.report(start)
        search.context.bound(search.paths.throughput(high))
        best = _by_paths(search, start if given is None or sum(given) != total else given, low, high)
    _prove(search, best, low, high, total, told=not chain)


def limits(search: Search) -> tuple[Design, Design]:
    """Return the fewest and the most places or cards that a plan within the total can have."""
    line = search.line
    low = line.lows
    total = line.total
    most = line.maximum or (10**6,) * line.decided
    if total is None:
        return low, most
    spare = total - sum(low)
    return low, tuple(min(m, least + spare) for m, least in zip(most, low, strict=True))


def _only(search: Search, design: Design) -> None:
    """Report the largest design: no other makes more."""
    search.report(design)
    search.context.bound(search.paths.throughput(design))


def _chain_suits(search: Search, design: Design) -> bool:
    line = search.line
    exponential = all(law.kind == "exponential" for law in line.service) and not any(line.breakdowns)
    return line.word == "place" and exponential and state_count(design) <= MOST_STATES


def _by_chain(search: Search, allocator: Allocator) -> Design:
    """Climb by exact throughput, enumerate where that is quick, and take the best on the sample among equals."""
    start, told = allocator.even(), False

    def stop() -> bool:
        nonlocal told
        if search.context.work is None and not told and time.monotonic() > search.began + SOON:
            search.report(allocator.best)
            told = True
        return search.stopped() or search.closing()

    if not allocator.enumerable():
        # Chains take long here: a look at paths first saves most of them.
        search.context.bound(search.paths.throughput(allocator.high))
        few, size = np.zeros(search.line.decided), search.paths.size
        short = (min(PILOT, size.replications), -(-size.length // SHORT))
        start, _ = _climb(search, start, few, allocator.low, allocator.high, *short)
    if allocator.climb(start, stop) and allocator.enumerable():
        allocator.enumerate(stop)
    if not stop():
        ties = allocator.ties()
        if len(ties) > 1:
            allocator.best = max(ties, key=search.paths.throughput)
    search.report(allocator.best)
    return allocator.best


# --- search on sample paths ---------------------------------------------------------------------


def _by_paths(search: Search, start: Design, low: Design, high: Design) -> Design:
    """Move places from where they hold little up to where they hold much: on a part of the sample, then on all."""
    size = search.paths.size
    here, crossed = start, np.zeros(search.line.decided)
    few = min(PILOT, size.replications)
    until = search.context.remaining() * (1 - CLIMB)
    stages: list[tuple[int | None, int | None]] = [(few, -(-size.length // SHORT)), (few, None), (None, None)]
    for replications, jobs in stages:
        here, crossed = _climb(search, here, crossed, low, high, replications, jobs, until)
        if search.closing(until):
            break
    search.report(here)
    return here


def _climb(
    search: Search,
    here: Design,
    crossed: np.ndarray,
    low: Design,
    high: Design,
    replications: int | None,
    jobs: int | None,
    until: float = 0.0,
) -> tuple[Design, np.ndarray]:
    """Move places as long as that gains on what is looked at of the sample; of all of it no path is traced.

    until: seconds left at which to end.
    """

    def looked(design: Design) -> tuple[float, np.ndarray]:
        found = np.zeros(search.line.decided) if replications else None
        value = search.paths.throughput(design, replications, found, jobs)
        return value, crossed if found is None else found

    value, crossed = looked(here)
    step = 1 if replications is None else max(1, max(here) // 4)
    while step and not search.closing(until):
        moved = False
        for there in _moves(here, crossed, low, high, step):
            gained, found = looked(there)
            if gained > value:
                here, value, crossed, moved = there, gained, found, True
            if moved or search.closing(until):
                break
        if not moved:
            step //= 2
    return here, crossed


def _moves(here: Design, crossed: np.ndarray, low: Design, high: Design, step: int) -> Iterator[Design]:
    """Yield designs with `step` places moved, from the least critical to the most critical first."""
    ranked = [int(place) for place in np.argsort(crossed, kind="stable")]
    takers = [place for place in reversed(ranked) if here[place] + step <= high[place]][:CANDIDATES]
    givers = [place for place in ranked if here[place] - step >= low[place]][:CANDIDATES]
    for taker, giver in sorted(
        ((taker, giver) for taker in takers for giver in givers if taker != giver),
        key=lambda pair: crossed[pair[1]] - crossed[pair[0]],
    ):
        if crossed[giver] > crossed[taker]:
            continue
        found = list(here)
        found[giver] -= step
        found[taker] += step
        yield tuple(found)


# --- the proof on the sample --------------------------------------------------------------------


def _prove(search: Search, best: Design, low: Design, high: Design, total: int, told: bool) -> None:
    """Enclose the best throughput on the sample: boxes of designs, bounded by all they may have at once.

    More places never hold up a part, so a box makes at most what its upper corner does. The box with the
    largest bound is split at the best design until none can hold more. told: whether a better design on
    the way is handed over.
    """
    paths = search.paths
    reached = paths.throughput(best)
    boxes: list[tuple[float, Design, Design]] = []

    def add(lower: Design, upper: Design) -> None:
        spare = total - sum(lower)
        if spare < 0:
            return
        upper = tuple(min(most, least + spare) for least, most in zip(lower, upper, strict=True))
        if any(most < least for least, most in zip(lower, upper, strict=True)):
            return
        heapq.heappush(boxes, (-paths.throughput(upper), lower, upper))

    add(low, high)
    last = -boxes[0][0] if boxes else float("inf")
    search.context.bound(max(last, reached))
    if boxes and windowed(search, high):
        last = proven(search, reached, last, low, high, total, WINDOWS)
    while boxes:
        bound = max(-boxes[0][0], reached)
        if bound < last:
            last = bound
            search.context.bound(bound)
        if -boxes[0][0] <= reached:
            return
        _, lower, upper = heapq.heappop(boxes)
        if sum(upper) <= total:
            value = paths.throughput(upper)
            if value > reached:
                reached, best = value, upper
                if told:
                    search.report(best)
            continue
        place = max(range(len(upper)), key=lambda p: upper[p] - lower[p])
        # Where the best design lies within, it stays at a corner of one half; else the middle.
        cut = best[place] if lower[place] <= best[place] < upper[place] else (lower[place] + upper[place]) // 2
        add(lower, tuple(cut if p == place else most for p, most in enumerate(upper)))
        add(tuple(cut + 1 if p == place else least for p, least in enumerate(lower)), upper)
    search.context.bound(reached)
