"""Prices of many limits at once: Newton's method on the Lagrangian bound, smoothed.

Each loop's least priced cost is replaced by a soft minimum of temperature T, which has a second
derivative (Nesterov 2005); the temperature falls step by step. Steps along the excess need hundreds
of rounds where there are hundreds of limits, one for each rack zone; these need a few dozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, diags

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._kanban_bound import Relaxation

__all__ = ["sharpen"]

Array = Any

MOST_LIMITS = 2500
"""Limits up to which second derivatives are a matrix; beyond, only its diagonal is used."""

HOTTEST, COLDEST, COOLER = 0.2, 2e-4, 0.35
"""Temperatures, in parts of what the costs of a loop are apart on average; and the factor from one to the next."""

ROUNDS = 8
"""Newton steps at a temperature, at most."""

CLEAR = 1e-7
"""Weight that the other columns of a loop must have together for it to count in the second derivative."""

NEAR = 1e-3
"""Excess of all limits, in parts of their capacities, at which a temperature is done."""


def sharpen(
    relaxation: Relaxation, stopped: Callable[[], bool], seen: Callable[[Array, Array], object] = lambda *_: None
) -> None:
    """Raise the bound by Newton steps from the best prices, until `stopped` or the coldest temperature is done.

    seen: is told the prices of every temperature and the columns taken at them. At high temperatures they
    lie well within the limits, or as far as they can.
    """
    soft = _Soft(relaxation)
    spread = soft.spread
    if not spread or not len(relaxation.goal):
        return
    prices = relaxation.best_prices
    # Where little fits, the prices are far above the costs, and so must be the temperature.
    heat = HOTTEST * max(1.0, soft.apart(relaxation.reduced(prices)) / spread)
    while heat >= COLDEST and not stopped():
        prices = _climb(soft, prices, heat * spread, stopped)
        relaxation.prices = prices
        relaxation.choice = relaxation.evaluate()
        seen(prices, relaxation.choice)
        heat *= COOLER
    relaxation.prices = relaxation.best_prices
    relaxation.theta = min(relaxation.theta, 0.1)


def _climb(soft: _Soft, prices: Array, heat: float, stopped: Callable[[], bool]) -> Array:
    """Return the prices after Newton steps at one temperature."""
    value, excess, weight = soft.at(prices, heat)
    for _ in range(ROUNDS):
        free = (prices > 0) | (excess > 0)
        if stopped() or not free.any() or float(np.abs(excess[free]).max()) < NEAR:
            break
        step = np.zeros(len(prices))
        step[free] = soft.newton(weight, heat, excess, free)
        length = 1.0
        while length > 1e-3:
            tried = np.maximum(0.0, prices + length * step)
            found = soft.at(tried, heat)
            if found[0] > value + 1e-4 * float(excess @ (tried - prices)) > value - 1e-9 * abs(value):
                break
            length *= 0.4
        if found[0] <= value:
            break
        prices, (value, excess, weight) = tried, found
    return prices


class _Soft:
    """The smoothed bound with its derivatives."""

    def __init__(self, relaxation: Relaxation) -> None:
        self.relaxation, self.goal = relaxation, relaxation.goal
        world = relaxation.world
        self.loop, self.first, self.count = world.loop, world.first[:-1], len(world.first) - 1
        self.spread = self.apart(world.cost)
        self.shares = relaxation.shares
        self.turned = relaxation.shares.T.tocsr()
        rows = np.arange(len(world.loop))
        self.member = csr_matrix((np.ones(len(rows)), (world.loop, rows)), shape=(self.count, len(rows)))

    def apart(self, costs: Array) -> float:
        """Return what the columns of a loop are apart by some cost, on average."""
        return float((np.maximum.reduceat(costs, self.first) - np.minimum.reduceat(costs, self.first)).mean())

    def at(self, prices: Array, heat: float) -> tuple[float, Array, Array]:
        """Return the smoothed bound, the excess of the limits, and the weight of each column in its loop."""
        reduced = self.relaxation.reduced(prices)
        least = np.minimum.reduceat(reduced, self.first)
        weight = np.exp((least[self.loop] - reduced) / heat)
        sums = np.add.reduceat(weight, self.first)
        value = float((least - heat * np.log(sums)).sum() - prices @ self.goal)
        weight /= sums[self.loop]
        return value, self.turned @ weight - self.goal, weight

    def newton(self, weight: Array, heat: float, excess: Array, free: Array) -> Array:
        """Return the step of the free prices: the excess through the covariance of what the loops take."""
        open_loops = np.maximum.reduceat(weight, self.first) < 1.0 - CLEAR
        columns = np.flatnonzero(open_loops[self.loop] & (weight > CLEAR))
        shares = self.shares[columns]
        mine = weight[columns]
        mean = self.member[:, columns] @ diags(mine) @ shares
        if len(free) > MOST_LIMITS:
            square = np.asarray(shares.multiply(shares).T @ mine) - np.asarray(mean.multiply(mean).sum(axis=0)).ravel()
            diagonal = np.maximum(square, 0.0)[free] / heat
            return 0.5 * excess[free] / (diagonal + 1e-6 * max(float(diagonal.max(initial=0.0)), 1e-12))
        second = (shares.T @ diags(mine) @ shares - mean.T @ mean).toarray() / heat
        second = second[np.ix_(free, free)]
        damp = 1e-6 * max(float(np.trace(second)) / max(1, len(second)), 1e-12)
        second[np.diag_indices_from(second)] += damp
        found: Array = np.linalg.solve(second, excess[free])
        return found
