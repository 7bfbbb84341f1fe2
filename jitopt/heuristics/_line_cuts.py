"""The least cost on a sample, proven by monotone cuts over the sample path.

More cards never make an order later. So what does not reach the target with these cards does not with
fewer, and each design that falls short, raised until one more card anywhere would do, excludes all
below it: some place must have more. A master over these cuts gives a lower bound, and a design to try.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jitopt.heuristics._line_cost import Oracle
    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.kanban_line import Search

__all__ = ["prove"]

ORDERS = 3
"""Orders of the places in which a design that falls short is raised, each for a cut."""

SECONDS = 0.5
"""Longest run of the master."""

MARGIN = 1e-9
"""Part of a bound that is taken off for rounding, where it does not meet the plan."""


class Master:
    """Least cost of designs between limits that every cut allows, with places in all at most."""

    def __init__(self, low: Design, cap: Design, cost: np.ndarray, total: int | None) -> None:
        self.low, self.cap, self.cost, self.total = low, cap, cost, total
        self.first = np.concatenate([[0], np.cumsum([c - least for least, c in zip(low, cap, strict=True)])])
        self.cuts: list[list[int]] = []

    def cut(self, design: Design) -> None:
        """Exclude everything that has no more anywhere than this design."""
        self.cuts.append(
            [int(self.first[p]) + count - self.low[p] for p, count in enumerate(design) if count < self.cap[p]]
        )

    def solve(self) -> tuple[float, Design | None]:
        """Return a lower bound of the cost and the design found (None: no design is left)."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        size = int(self.first[-1])
        base = float(self.cost @ np.array(self.low))
        if size == 0:
            return (base, self.low) if not self.cuts else (float("inf"), None)
        rows: list[tuple[list[int], list[float], float]] = [(cut, [1.0] * len(cut), 1.0) for cut in self.cuts]
        for p in range(len(self.low)):  # the k-th more before the (k + 1)-th
            rows += [([k, k + 1], [1.0, -1.0], 0.0) for k in range(int(self.first[p]), int(self.first[p + 1]) - 1)]
        if self.total is not None:
            rows.append((list(range(size)), [-1.0] * size, float(sum(self.low) - self.total)))
        if any(not columns for columns, _, _ in rows):
            return float("inf"), None
        ends = np.cumsum([0, *(len(columns) for columns, _, _ in rows)])
        matrix = csr_array(
            (
                np.concatenate([values for _, values, _ in rows] or [[]]),
                np.concatenate([columns for columns, _, _ in rows] or [[]]).astype(np.int64),
                ends,
            ),
            shape=(len(rows), size),
        )
        least = np.array([right for _, _, right in rows])
        price = np.repeat(self.cost, np.diff(self.first))
        found: Any = milp(
            price,
            integrality=np.ones(size, dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, least, np.inf) if rows else (),
            options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
        )
        if found.status == 2:
            return float("inf"), None
        bound = base + float(found.mip_dual_bound if found.mip_dual_bound is not None else 0.0)
        if found.x is None:
            return bound, None
        taken = np.add.reduceat(np.append(np.round(found.x), 0.0), self.first[:-1])
        taken = np.where(np.diff(self.first) > 0, taken, 0.0)
        return bound, tuple(int(least + more) for least, more in zip(self.low, taken, strict=True))


def prove(search: Search, oracle: Oracle, best: Design | None, low: Design, high: Design, cost: np.ndarray) -> None:
    """Raise the lower bound by cuts until it meets the cost of a design that reaches the target."""
    worth = float("inf") if best is None else float(cost @ np.array(best))
    low = _needed(oracle, low, _cap(low, high, cost, worth))
    cap = _cap(low, high, cost, worth)
    search.context.bound(float(cost @ np.array(low)) * (1 - MARGIN))
    master = Master(low, cap, cost, search.line.total)
    for design in oracle.short:
        # What fell short before excludes as well, as far as it lies within the limits.
        if all(count >= least for count, least in zip(design, low, strict=True)):
            master.cut(
                _raised(oracle, tuple(min(pair) for pair in zip(design, cap, strict=True)), cap, range(len(cap)))
            )
    dice = np.random.Generator(np.random.SFC64(search.context.seed))
    while not search.stopped():
        bound, found = master.solve()
        if bound >= worth - 1e-9 * max(1.0, abs(worth)):
            search.context.bound(worth)
            return
        search.context.bound(bound - MARGIN * max(1.0, abs(bound)))
        if found is None:
            return
        if oracle(found):
            value = float(cost @ np.array(found))
            if value < worth:
                worth = value
                search.report(found)
            continue
        for _ in range(ORDERS):
            master.cut(_raised(oracle, found, cap, dice.permutation(len(cap))))


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
