"""Lots of different size in a fixed sequence: how long each run lasts, so that the cycle costs least.

The sequence says which product comes after which; a product may stand in it several times. With b_j the time at which
the run of place j starts, and a product made again when its stock is used up, that run covers the time c_j until the
same product runs next and lasts rho c_j. So all follows from the b_j and the cycle T:

    least (sum A_j + sum H_j c_j^2) / T      such that      b_j + rho_j c_j + s_(j+1) <= b_(j+1)

which is convex in (b / T, 1 / T), and any sequence has a solution as long as the load is below 1. How often a product
comes up is taken from the intervals of independent products, rounded to powers of two; where, from filling the
emptiest turns.

Source: Dobson (1987), The economic lot-scheduling problem: achieving feasibility using time-varying lot sizes; Zipkin
(1991), Computing optimal lot sizes in the economic lot scheduling problem.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.levelling.basic_period import Turns
from jitopt.levelling.machine import Machine, Run, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.levelling.multiples import Figures

__all__ = ["sequence_lots", "varying_lots"]

PLACES = 60
"""Longer sequences are not tried: their programs take longer than they gain."""

MOST = (64, 4, 2)
"""Limits of the multiples: sequences of many products would be too long otherwise."""

CANDIDATES = 3
"""Sequences that are tried."""


def varying_lots(
    data: Machine, figures: Figures, multiples: Sequence[tuple[int, ...]], turns: Turns, below: float
) -> tuple[float, Schedule] | None:
    """Return cost and schedule of the best of a few sequences; None where none costs less than `below`.

    multiples: how often products may come up. turns: whose sequence is tried too.
    """
    orders = {_order(turns): turns.every}
    for every, most in itertools.product(multiples, MOST):
        often = tuple(min(most, one) for one in every)
        orders.setdefault(_order(Turns(1.0, often, _spread(figures, often))), often)
    ranked = sorted((_at_least(figures, every), order) for order, every in orders.items() if len(order) <= PLACES)
    best: tuple[float, Schedule] | None = None
    for least, order in ranked[:CANDIDATES]:
        if least < below * (1 - 1e-6):
            found = sequence_lots(data, figures, order)
            if found is not None and found[0] < below:
                best, below = found, found[0]
    return best


def _at_least(figures: Figures, every: Sequence[int]) -> float:
    """Return a bound for any sequence in which products come up so often: as if each came at even distances."""
    worth = figures.multiplier()
    order = sum(cost / often for cost, often in zip(figures.priced(worth), every, strict=True))
    hold = sum(cost * often for cost, often in zip(figures.hold, every, strict=True))
    return 2 * float(order * hold) ** 0.5 - worth * figures.left


def _spread(figures: Figures, every: Sequence[int]) -> tuple[int, ...]:
    """Return remainders: each product, from frequent to rare and long to short, into the turns with most room."""
    count = max(every)
    filled = [0.0] * count
    at = [0] * len(every)
    for row in sorted(range(len(every)), key=lambda row: (every[row], -figures.load[row] * every[row])):
        often = every[row]
        at[row] = min(range(often), key=lambda turn: (max(filled[turn::often]), turn))
        for turn in range(at[row], count, often):
            filled[turn] += figures.load[row] * often
    return tuple(at)


def _order(turns: Turns) -> tuple[int, ...]:
    rows = sorted(range(len(turns.every)), key=lambda row: (turns.every[row], row))
    return tuple(row for turn in range(max(turns.every)) for row in rows if turn % turns.every[row] == turns.at[row])


def sequence_lots(data: Machine, figures: Figures, order: Sequence[int]) -> tuple[float, Schedule] | None:
    """Return cost and schedule of the best lots in a sequence; None where the program fails.

    order: rows of the products, in the order in which they are made; each stands in it at least once.
    """
    from scipy import optimize

    count = len(order)
    cover, gaps = _matrices(order, np.array(figures.load))
    setups = np.array([figures.setup[order[(place + 1) % count]] for place in range(count)])
    hold = np.array([figures.hold[row] for row in order])
    order_cost = sum(figures.order[row] for row in order)
    ones = np.zeros(count)
    ones[-1] = 1.0
    wrap = np.array([1.0 if row not in order[place + 1 :] else 0.0 for place, row in enumerate(order)])
    step = 1 / max(1e-9, setups.sum())
    price = order_cost * step + hold.sum() / step

    # Unknowns: b_j / T, and 1 / T in units of `step`. Constants: what wraps around the end of the cycle.
    def spans(x: Any) -> Any:
        return cover @ x[:-1] + wrap

    def cost(x: Any) -> tuple[float, Any]:
        rate = max(x[-1], 1e-9) * step
        covered = spans(x)
        squares = float(hold @ (covered * covered))
        slope = np.append(2 * cover.T @ (hold * covered) / rate, step * (order_cost - squares / rate**2))
        return (order_cost * rate + squares / rate) / price, slope / price

    loads = np.array([figures.load[row] for row in order])
    fixed = ones - loads * wrap
    matrix = np.hstack([gaps, -(setups * step)[:, None]])
    start = np.append(np.linspace(0, 1, count, endpoint=False), 1e-3)
    minimize: Any = optimize.minimize
    found = minimize(
        cost, start, jac=True, method="SLSQP", options={"maxiter": 200, "ftol": 1e-12},
        bounds=[(0.0, 0.0)] + [(0.0, 1.0)] * (count - 1) + [(1e-6, 1.0)],
        constraints=[{"type": "ineq", "fun": lambda x: matrix @ x + fixed, "jac": lambda _: matrix}],
    )  # fmt: skip
    return _made(data, figures, order, found.x[:-1], spans(found.x), gaps @ found.x[:-1] + fixed)


def _matrices(order: Sequence[int], load: Any) -> tuple[Any, Any]:
    """Return the matrices of c_j and of the room before the next setup, in the b_j."""
    count = len(order)
    cover, gaps = np.zeros((count, count)), np.zeros((count, count))
    for place, row in enumerate(order):
        after = next(other % count for other in range(place + 1, place + count + 1) if order[other % count] == row)
        cover[place, after] += 1
        cover[place, place] -= 1
        gaps[place, (place + 1) % count] += 1
        gaps[place, place] -= 1
    rows = np.array(order)
    return cover, gaps - load[rows][:, None] * cover


def _made(
    data: Machine, figures: Figures, order: Sequence[int], begin: Any, spans: Any, room: Any
) -> tuple[float, Schedule] | None:
    """Return the schedule: the cycle is made as long as the setups need, so that it holds to the last digit."""
    count = len(order)
    setups = np.array([figures.setup[order[(place + 1) % count]] for place in range(count)])
    if (room < -1e-12).any() or (spans <= 0).any() or (room[setups > 0] <= 0).any():
        return None
    needed = float((setups[setups > 0] / room[setups > 0]).max()) if (setups > 0).any() else 0.0
    ordered = sum(figures.order[row] for row in order)
    squares = sum(figures.hold[row] * float(span) ** 2 for row, span in zip(order, spans, strict=True))
    cycle = max(needed, (ordered / squares) ** 0.5)
    first = figures.setup[order[0]]
    runs = []
    for row, at, span in zip(order, begin, spans, strict=True):
        days = float(span) * cycle
        setup = figures.setup[row]
        runs.append(
            Run(row, float(at) * cycle + first - setup, setup, figures.load[row] * days, data.demand[row] * days)
        )
    return ordered / cycle + squares * cycle, Schedule(cycle, tuple(runs))
