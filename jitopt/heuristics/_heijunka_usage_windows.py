"""What several slots in a row cost at least: from any counts within reach, layer after layer, as the sweeps do it.

The least costs of single layers can mostly not be had one after the other. A window of w layers is swept from all
points of its first one that may lead below what the best known sequence costs there. Bounds of shorter windows, laid
end to end, say what the rest of the window costs at least, so that few points are looked at; windows twice as long
follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._heijunka_usage_layers import mirrored

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_usage import Floats, Ints, Usage
    from jitopt.heuristics._heijunka_usage_layers import Form

__all__ = ["Windows"]

MOST_STATES = 20_000
"""Most states of the windows that are swept side by side; with more, what they cost so far is the bound."""

TOGETHER = 10
"""Windows that are swept together."""


class Windows:
    """Bounds of all windows of 1, 2, 4, ... layers."""

    def __init__(self, usage: Usage, form: Form, least: Floats) -> None:
        self.usage: Usage = usage
        self.form: Form = form
        self.levels: dict[int, Floats] = {1: least}
        self.signs: Ints = np.random.default_rng(2).integers(-(2**62), 2**62, usage.products)

    def rest(self) -> Floats:
        """Return what the slots beyond the k-th cost at least (k = 0..S)."""
        slots = self.usage.slots
        return self._tiled(np.zeros(1, dtype=np.int64), slots)[0]

    def _tiled(self, first: Ints, length: int) -> Floats:
        """Return for windows of a length what they cost at least beyond their first 0..length layers."""
        found = np.zeros((len(first), length + 1))
        for at in range(length - 1, -1, -1):
            ways = [bound[first + at] + found[:, at + w] for w, bound in self.levels.items() if at + w <= length]
            found[:, at] = np.max(ways, axis=0)
        return found

    def double(self, costs: Floats, stopped: Callable[[], bool]) -> bool:
        """Bound windows of twice the length, given what the best known sequence costs slot by slot; tell if done."""
        slots, length = self.usage.slots, 2 * max(self.levels)
        if length > slots - 1:
            return False
        bound = np.zeros(slots)  # Of the window whose first layer follows so many slots; 0 where it does not fit.
        count = slots - length
        half = (count + 1) // 2 if mirrored(self.usage) else count
        sums = np.append(0.0, costs.cumsum())
        for start in range(0, half, TOGETHER):
            if stopped():
                return False
            first = np.arange(start, min(half, start + TOGETHER))
            bound[first] = self._swept(first, length, sums[first + length] - sums[first])
        if half < count:
            # The window of the layers f + 1 .. f + w is, read backwards, that of the layers S - f - w .. S - f - 1.
            back = np.arange(half, count)
            bound[back] = bound[slots - back - length - 1]
        self.levels[length] = bound
        return True

    def _swept(self, first: Ints, length: int, limit: Floats) -> Floats:
        """Return what windows cost at least: what a known sequence costs there, or less."""
        usage = self.usage
        tiled = self._tiled(first, length)
        limit = limit + 0.5 if usage.exact else limit * (1 + 1e-9)
        started = self.form.points(first + 1, limit - tiled[:, 1])
        if started is None:
            return tiled[:, 0]
        window, counts, cost = started
        kept = cost + tiled[window, 1] <= limit[window]
        window, counts, cost = window[kept], counts[kept], cost[kept]
        at = 1
        while at < length and len(cost) <= MOST_STATES:
            slot = first[window] + at + 1
            own = self._own_costs(counts, slot) + cost[:, None]
            left = limit[window] - tiled[window, at + 1]
            parent, product = np.nonzero((counts < usage.most[slot]) & (own <= left[:, None]))
            cost, window = own[parent, product], window[parent]
            counts = counts[parent]
            counts[np.arange(len(parent)), product] += 1
            window, counts, cost = self._different(window, counts, cost)
            at += 1
        found = np.full(len(first), np.inf)
        np.minimum.at(found, window, cost + tiled[window, at])
        return np.maximum(tiled[:, 0], usage.below(1.0) * np.minimum(found, limit))

    def _own_costs(self, counts: Ints, slot: Ints) -> Floats:
        usage, slots = self.usage, float(self.usage.slots)
        z = slots * counts - slot[:, None] * usage.demand.astype(float)
        pull = z @ usage.metric
        own: Floats = (z * pull).sum(axis=1)[:, None] + 2 * slots * pull + slots * slots * np.diagonal(usage.metric)
        return own

    def _different(self, window: Ints, counts: Ints, cost: Floats) -> tuple[Ints, Ints, Floats]:
        """Return the cheapest of equal states. Different ones with one hash both stay."""
        code = counts @ self.signs + window
        order = np.lexsort((cost, code))
        window, counts, cost, code = window[order], counts[order], cost[order], code[order]
        same = np.zeros(len(order), dtype=bool)
        same[1:] = (code[1:] == code[:-1]) & (window[1:] == window[:-1]) & (counts[1:] == counts[:-1]).all(axis=1)
        return window[~same], counts[~same], cost[~same]
