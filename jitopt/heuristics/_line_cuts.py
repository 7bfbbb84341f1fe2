"""The least cost on a sample, proven by monotone cuts over the sample path.

More cards never make an order later. So what does not reach the target with these cards does not with
fewer, and each design that falls short, raised until one more card anywhere would do, excludes all
below it: some place must have more. A master over these cuts gives a lower bound, and a design to try.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._kernels.line_master import FOUND, NEVER, UNDER_WAY
from jitopt.heuristics._line_bounds import needed
from jitopt.heuristics._line_world import Stopped
from jitopt.jit import SUFFIX

if TYPE_CHECKING:
    from jitopt.heuristics._line_cost import Oracle
    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.kanban_line import Search

__all__ = ["prove"]

ORDERS = 3
"""Orders of the places in which a design that falls short is raised, each for a cut."""

NODES, PLAIN_NODES = 20_000, 100
"""Nodes of the master between two looks at the clock, compiled and in plain Python."""

MARGIN = 1e-9
"""Part of a bound that is taken off for rounding, where it does not meet the plan."""

MASTER = "jitopt.heuristics._kernels.line_master"


class Master:
    """Least cost of designs between limits that every cut allows, with places in all at most.

    A search in depth below a level of cost, which rises to the least cost that was turned away once no
    design is left below it (Korf 1985). It branches on the cut that costs most to keep.
    """

    def __init__(self, search: Search, low: Design, cap: Design, cost: np.ndarray) -> None:
        self.search, self.cost = search, np.asarray(cost, dtype=np.float64)
        self.low, self.cap = np.array(low, dtype=np.int64), np.array(cap, dtype=np.int64)
        self.total = 1 << 60 if search.line.total is None else search.line.total
        self.kernels = search.context.kernels(MASTER)
        self.nodes = NODES if self.kernels.__name__.endswith(SUFFIX) else PLAIN_NODES
        self.level = float(self.cost @ self.low)
        self.count = 0
        self.cuts = np.zeros((64, len(low)), dtype=np.int64)

    def cut(self, design: Design) -> None:
        """Exclude everything that has no more anywhere than this design."""
        if self.count == len(self.cuts):
            self.cuts = np.concatenate([self.cuts, np.zeros_like(self.cuts)])
        self.cuts[self.count] = design
        self.count += 1

    def solve(self, worth: float) -> tuple[float, Design | None]:
        """Return a lower bound of the cost and a design of that cost; None where nothing is below `worth`."""
        while self.level < worth - MARGIN * max(1.0, abs(worth)):
            stack = self._stack()
            low, high, _, branch = stack
            low[0], high[0], branch[0] = self.low, self.cap, -1
            state = np.array([self.level + MARGIN * max(1.0, abs(self.level)), NEVER, 0.0, 0.0])
            if self._descend(stack, state) == FOUND:
                return self.level, tuple(int(each) for each in low[int(state[3])])
            if state[1] >= NEVER:
                return float("inf"), None
            self.level = float(state[1])
        return self.level, None

    def _stack(self) -> tuple[Any, ...]:
        """Return room for the nodes on a way down: each keeps one cut more, by one place more at least."""
        depth, places = min(int((self.cap - self.low).sum()), self.count) + 2, len(self.low)
        shapes: tuple[Any, ...] = ((depth, places), (depth, places), depth, depth)
        return tuple(np.zeros(shape, dtype=np.int64) for shape in shapes)

    def _descend(self, stack: tuple[Any, ...], state: np.ndarray) -> int:
        found = UNDER_WAY
        while found == UNDER_WAY:
            if self.search.stopped():
                raise Stopped
            more = (*stack, self.cuts, self.count, self.cost, self.total, state, self.nodes)
            found = self.kernels.descend(*more)
        return int(found)


def prove(search: Search, oracle: Oracle, best: Design | None, low: Design, high: Design, cost: np.ndarray) -> None:
    """Raise the lower bound by cuts until it meets the cost of a design that reaches the target."""
    worth = float("inf") if best is None else float(cost @ np.array(best))
    low = _needed(oracle, low, _cap(low, high, cost, worth))
    cap = _cap(low, high, cost, worth)
    search.context.bound(float(cost @ np.array(low)) * (1 - MARGIN))
    tiles = needed(search, oracle, low, cap, [float(price) for price in cost], worth)
    least = tiles.tiled(0, len(low) - 1)
    if least >= worth - 3 * MARGIN * max(1.0, worth):
        search.context.bound(worth)
        return
    master = Master(search, low, cap, cost)
    master.level = max(master.level, least)
    for last, cuts in enumerate(tiles.cuts):
        for first, design in cuts:
            master.cut((*cap[:first], *design, *cap[last + 1 :]))
    for design in oracle.short:
        # What fell short before excludes as well, as far as it lies within the limits.
        if all(count >= least for count, least in zip(design, low, strict=True)):
            master.cut(
                _raised(oracle, tuple(min(pair) for pair in zip(design, cap, strict=True)), cap, range(len(cap)))
            )
    while True:
        bound, found = master.solve(worth)
        if found is None:
            if min(bound, worth) < float("inf"):
                search.context.bound(min(bound, worth))
            return
        search.context.bound(bound - MARGIN * max(1.0, abs(bound)))
        if oracle(found):
            value = float(cost @ np.array(found))
            if value < worth:
                worth = value
                search.report(found)
            continue
        for _ in range(ORDERS):
            master.cut(_raised(oracle, found, cap, search.dice.permutation(len(cap))))


def _cap(low: Design, high: Design, cost: np.ndarray, worth: float) -> Design:
    """Return the most of each place that a design can have which costs no more than `worth`."""
    spare = worth - float(cost @ np.array(low))
    return tuple(
        most if price <= 0 or spare == float("inf") else min(most, least + int(spare / price + 1e-9))
        for least, most, price in zip(low, high, cost, strict=True)
    )


def _needed(oracle: Oracle, low: Design, cap: Design) -> Design:
    """Return what every place needs even where all others have the most they can have."""
    found = []
    for place in range(len(low)):
        least, most = low[place], cap[place]
        while least < most:
            middle = (least + most) // 2
            if oracle(tuple(middle if p == place else count for p, count in enumerate(cap))):
                most = middle
            else:
                least = middle + 1
        found.append(least)
    return tuple(found)


def _raised(oracle: Oracle, design: Design, cap: Design, order: Any) -> Design:
    """Raise a design that falls short, place by place, as far as it still does."""
    here = list(design)
    for place in (int(p) for p in order):
        least, most = here[place], cap[place]
        while least < most:
            middle = (least + most + 1) // 2
            here[place] = middle
            if oracle(tuple(here)):
                most = middle - 1
            else:
                least = middle
        here[place] = least
    return tuple(here)
