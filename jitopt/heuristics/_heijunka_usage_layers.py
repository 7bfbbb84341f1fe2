"""What the deviations after a slot cost at least: of the counts that may be reached, all that are near enough.

After k slots the counts x are whole and add up to k. The least z' G z over them is a closest-vector problem. It is
searched product by product (Fincke & Pohst 1985), the points of many layers side by side, within the radius that the
best known sequence gives: its own counts are such a point, so that the least that is found is the minimum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_usage import Floats, Ints, Usage

__all__ = ["Form", "least_costs", "mirrored"]

MOST_POINTS = 50_000
"""Most points, whole or in part, that are looked at side by side; with more, what is known so far is the bound."""

TOGETHER = 10
"""Layers that are looked at together."""

FLAT = 1e-5
"""Pivots below this share of the largest bind nothing: branching on them leaves the least cost as it is."""

TILT = 1e-11
"""Share of the largest entry that is added to the diagonal, so that a form without curvature has pivots at all."""


def least_costs(usage: Usage, radius: Floats, stopped: Callable[[], bool] = lambda: False) -> Floats:
    """Return a bound on the cost after every slot 1..S [units of `usage`].

    radius: what some sequence costs there, or more. stopped: when it says so, the layers to come are bounded by their
    parts alone.
    """
    slots = usage.slots
    found = np.zeros(slots)
    if usage.metric.any() and usage.products > 1:
        form = Form(usage)
        last = slots // 2 if mirrored(usage) else slots - 1
        for start in range(1, last + 1, TOGETHER):
            if stopped():
                break
            layers = np.arange(start, min(start + TOGETHER, last + 1))
            found[layers - 1] = form.least(layers, radius[layers - 1])
        if mirrored(usage):
            back = np.arange(last + 1, slots)
            found[back - 1] = found[slots - back - 1]
    least = [_rounded(usage, row) for row in usage.amounts]
    squares = sum((y * y * price for y, price in zip(least, usage.squares, strict=True)), np.zeros(slots))
    lines = sum((y * price for y, price in zip(least, usage.prices, strict=True)), np.zeros(slots))
    return usage.below(1.0) * (np.maximum(found, squares) + lines)


def mirrored(usage: Usage) -> bool:
    """Tell whether a sequence read backwards is one too: every deviation then changes its sign alone."""
    return not (usage.locked >= 0).any()


def _rounded(usage: Usage, amounts: Floats) -> Floats:
    """Return the least |(A z)_l| after every slot: usage is a whole multiple of the greatest common divisor."""
    whole = amounts.astype(np.int64)
    step = int(np.gcd.reduce(whole)) * usage.slots
    total = int(whole @ usage.demand)
    if step <= 0 or total * usage.slots >= 2**62:
        return np.zeros(usage.slots)
    rest = np.arange(1, usage.slots + 1) * total % step
    return np.minimum(rest, step - rest).astype(float)


class Form:
    """The quadratic form with one product eliminated, its triangle, and the order of branching."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        n = usage.products
        self.gone = int(np.argmax(usage.demand))
        kept = np.delete(np.arange(n), self.gone)
        map_: Floats = np.eye(n)[:, kept]
        map_[self.gone] = -1.0
        metric: Floats = (map_.T @ usage.metric @ map_).astype(np.float64)
        tilt = TILT * (float(np.diagonal(metric).max()) or 1.0)
        metric[np.diag_indices(n - 1)] += tilt
        order = _order(metric)
        self.kept: Ints = kept[order]
        self.triangle: Floats = np.asarray(np.linalg.cholesky(metric[np.ix_(order, order)]).T, dtype=np.float64)
        pivots = self.triangle.diagonal()
        self.steep: bool = bool(pivots.min() >= FLAT * pivots.max())
        self.slack: float = tilt * float((usage.demand.astype(float) ** 2).sum())

    def least(self, layers: Ints, radius: Floats) -> Floats:
        """Return the least cost at some layers; what is not searched to the end is bounded by what is."""
        layer, off, cost, whole = self._branch(layers, radius, FLAT)
        if not whole:
            return self._bounded(layers, layer, cost)
        layer, _, exact = self._exact(layers, layer, off)
        found = np.full(len(layers), np.inf)
        np.minimum.at(found, layer, exact)
        return np.where(np.isfinite(found), found, 0.0)

    def points(self, layers: Ints, radius: Floats) -> tuple[Ints, Ints, Floats] | None:
        """Return the place in `layers`, the counts and the cost of all points within the radius; None: too many."""
        layer, off, _, whole = self._branch(layers, radius, 0.0)
        return self._exact(layers, layer, off) if whole else None

    def _branch(self, layers: Ints, radius: Floats, flat: float) -> tuple[Ints, Floats, Floats, bool]:
        """Return place in `layers`, distance from the ideal and cost of the points, and whether they are whole.

        flat: share of the largest pivot below which no more is branched on.
        """
        usage, triangle = self.usage, self.triangle
        share = layers / usage.slots
        ideal = share[:, None] * usage.demand[self.kept]
        scale = float(usage.slots) ** 2
        reach = radius / scale * (1 + 1e-9) + self.slack
        layer = np.arange(len(layers))
        off = np.zeros((len(layers), len(self.kept)))
        cost = np.zeros(len(layers))
        steepest = float(triangle.diagonal().max())
        for i in range(len(self.kept) - 1, -1, -1):
            pivot = triangle[i, i]
            low, most = self._range(i, layers, layer, off, np.sqrt(np.maximum(0.0, reach[layer] - cost)), ideal)
            count = np.maximum(0, most - low + 1)
            if pivot < flat * steepest or int(count.sum()) > MOST_POINTS:
                return layer, off, cost, False
            behind = np.repeat(np.arange(len(layer)), count)
            units = np.arange(len(behind)) - np.repeat(np.cumsum(count) - count, count) + low[behind]
            layer, off, cost = layer[behind], off[behind], cost[behind]
            off[:, i] = units - ideal[layer, i]
            cost = cost + (off[:, i:] @ triangle[i, i:]) ** 2
        return layer, off, cost, True

    def _range(self, i: int, layers: Ints, layer: Ints, off: Floats, room: Floats, ideal: Floats) -> tuple[Ints, Ints]:
        """Return the least and the most units of the i-th product that each point may have."""
        usage, triangle = self.usage, self.triangle
        centre = ideal[layer, i] - off[:, i + 1 :] @ triangle[i, i + 1 :] / triangle[i, i]
        width = np.minimum(room / triangle[i, i], 4.0 * usage.slots)
        product, after = self.kept[i], layers[layer]
        low = np.maximum(np.ceil(centre - width - 1e-9).astype(np.int64), usage.least[after, product])
        most = np.minimum(np.floor(centre + width + 1e-9).astype(np.int64), usage.most[after, product])
        return low, most

    def _bounded(self, layers: Ints, layer: Ints, cost: Floats) -> Floats:
        """Return the least cost of the points in part: the products that are left can only add to it."""
        found = np.full(len(layers), np.inf)
        np.minimum.at(found, layer, cost)
        found = np.maximum(0.0, found * (1 - 1e-9) - self.slack) * float(self.usage.slots) ** 2
        return np.ceil(found - 1e-6) if self.usage.exact else found

    def _exact(self, layers: Ints, layer: Ints, off: Floats) -> tuple[Ints, Ints, Floats]:
        """Return place, counts and cost of the whole points that may be reached."""
        usage = self.usage
        after = layers[layer]
        x = np.zeros((len(layer), usage.products))
        x[:, self.kept] = np.rint(off + (after / usage.slots)[:, None] * usage.demand[self.kept])
        x[:, self.gone] = after - x.sum(axis=1)
        keeps = ((x >= usage.least[after]) & (x <= usage.most[after])).all(axis=1)
        x, after = x[keeps], after[keeps]
        z = usage.slots * x - after[:, None] * usage.demand
        return layer[keeps], x.astype(np.int64), ((z @ usage.metric) * z).sum(axis=1)


def _order(metric: Floats) -> Ints:
    """Return the order in which the last position has the largest pivot, then the last but one, and so on.

    A pivot is what a unit costs at least whatever the products before it do; the large ones cut most.
    """
    left = list(range(len(metric)))
    order: list[int] = []
    while left:
        spread = np.diagonal(np.linalg.inv(metric[np.ix_(left, left)]))
        at = int(np.argmin(np.where(spread > 0, spread, np.inf)))
        order.append(left.pop(at))
    return np.array(order[::-1], dtype=np.int64)
