"""The least cost of a line that reaches a target on its sample: critical places first, then exchanges, then cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._line_cuts import prove
from jitopt.heuristics._line_throughput import limits

if TYPE_CHECKING:
    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.kanban_line import Search

__all__ = ["Oracle", "least_cost"]

PILOT = 4
"""Replications on which cards are first raised."""


class Oracle:
    """Tells whether a design reaches the target, asking the sample only where monotony leaves it open."""

    def __init__(self, search: Search) -> None:
        self.paths = search.paths
        count = search.line.decided
        self._enough = np.zeros((0, count), dtype=np.int64)
        self._short = np.zeros((0, count), dtype=np.int64)

    @property
    def short(self) -> list[Design]:
        """The designs that were asked for and fell short."""
        return [tuple(int(each) for each in row) for row in self._short]

    def __call__(self, design: Design) -> bool:
        """Tell whether the design reaches the target on the sample."""
        row = np.array(design)
        if (self._enough <= row).all(axis=1).any():
            return True
        if (self._short >= row).all(axis=1).any():
            return False
        reached = self.paths.reaches(design)
        if reached:
            self._enough = np.vstack([self._enough[~(self._enough >= row).all(axis=1)], row])
        else:
            self._short = np.vstack([self._short[~(self._short <= row).all(axis=1)], row])
        return reached


def least_cost(search: Search) -> None:
    """Find a cheap design, then prove or improve it by cuts."""
    line = search.line
    low, high = limits(search)
    oracle = Oracle(search)
    cost = np.array(line.cost or (1.0,) * line.decided)
    search.context.bound(float(cost @ np.array(low)))
    best = _first(search, oracle, low, high, cost)
    if best is None:
        return
    if line.total is None or sum(best) <= line.total:
        search.report(best)
    best = _exchange(search, oracle, _reduce(oracle, best, low, cost), low, high, cost)
    if line.total is not None and sum(best) > line.total:
        best = _reduce(oracle, best, low, np.ones(line.decided))
    within = line.total is None or sum(best) <= line.total
    if within:
        search.report(best)
    prove(search, oracle, best if within else None, low, high, cost)


def _first(search: Search, oracle: Oracle, low: Design, high: Design, cost: np.ndarray) -> Design | None:
    """Raise what holds up most for its cost until the target is reached, on a part of the sample, then on all."""
    line, paths = search.line, search.paths
    given = search.given()
    if given is not None and oracle(given):
        return given
    here = list(low)
    pilots = min(PILOT, paths.size.replications)
    for replications in (pilots, paths.size.replications):
        while True:
            held = np.zeros(line.decided)
            if _reached(search, tuple(here), replications, held):
                break
            room = [place for place in range(line.decided) if here[place] < high[place]]
            if not room:
                return None
            weight = np.maximum(held, 1e-9) / np.maximum(cost, 1e-9)
            place = max(room, key=lambda p: weight[p])
            step = max(1, here[place] // 6) if replications == pilots else 1
            here[place] = min(high[place], here[place] + step)
    return tuple(here) if oracle(tuple(here)) else None


def _reached(search: Search, design: Design, replications: int, held: np.ndarray) -> bool:
    """Tell whether a design reaches the target on the first replications; note what held it up."""
    line, paths = search.line, search.paths
    assert line.target is not None
    if line.target.fill_rate is None:
        assert line.target.throughput is not None
        return paths.throughput(design, replications, held) >= line.target.throughput
    late = paths.late(design, replications=replications, held=held)
    return late.orders <= paths.allowed * replications / paths.size.replications


def _reduce(oracle: Oracle, design: Design, low: Design, cost: np.ndarray) -> Design:
    """Take away what is not needed, from the dearest: each place or loop as far as it goes alone."""
    here = list(design)
    for place in sorted(range(len(here)), key=lambda p: -cost[p]):
        least, most = low[place], here[place]
        while least < most:
            middle = (least + most) // 2 if most - least > 3 or here[place] != most else most - 1
            here[place] = middle
            if oracle(tuple(here)):
                most = middle
            else:
                least = middle + 1
            here[place] = most
    return tuple(here)


def _exchange(search: Search, oracle: Oracle, design: Design, low: Design, high: Design, cost: np.ndarray) -> Design:
    """Add one at a place and take away elsewhere what that frees, while it saves cost."""
    here, gained = design, True
    while gained:
        gained = False
        for taker in range(len(here)):
            if here[taker] >= high[taker]:
                continue
            more = tuple(count + (p == taker) for p, count in enumerate(here))
            fixed = tuple(more[p] if p == taker else low[p] for p in range(len(here)))
            found = _reduce(oracle, more, fixed, cost)
            if cost @ np.array(found) < cost @ np.array(here) - 1e-9:
                here, gained = found, True
                if search.line.total is None or sum(here) <= search.line.total:
                    search.report(here)
                break
    return here
