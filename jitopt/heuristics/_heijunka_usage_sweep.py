"""Bounded dynamic programming over the counts of units built: layer by layer the best states, a proof if none is lost.

A state after k slots is the vector of units built; two partial sequences with the same counts have the same future,
and the cheaper one stays. States that cannot lead below a limit are left out, for what the slots still to come cost at
least is known. Beyond a width only the most promising states stay; where none had to go, nothing below the limit was
missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_usage import Floats, Ints, Usage

__all__ = ["Span", "Swept", "sweep"]

CHUNK = 400_000
"""Cells (states x products) that are looked at together."""

MOST_STATES = 30_000_000
"""States that may be kept in all; beyond it the width is the least."""

NARROW = 30
"""The least width."""

AHEAD = 3.0
"""A state that deviates costs more in the slots to come: how many times its own cost is counted in the ranking."""


class Swept(NamedTuple):
    """What a sweep found: product rows, None without any below the limit; least: bound on what it left out for width.

    states: how many were kept in all. complete: it was not told to stop.
    """

    rows: Ints | None
    cost: float
    least: float
    states: int
    complete: bool


class _Layer(NamedTuple):
    """States after a slot: counts, cost so far, hash, and where they came from."""

    counts: Ints
    cost: Floats
    code: Ints
    parent: Ints
    product: Ints


class Span(NamedTuple):
    """Slots first + 1 to last, with the counts of units built before and after them."""

    first: int
    last: int
    before: Ints
    after: Ints


def sweep(
    usage: Usage, width: int, rest: Floats, limit: float, stopped: Callable[[], bool], span: Span | None = None
) -> Swept:
    """Return the best sequence that costs at most `limit`, as far as the width lets it be seen.

    rest[k]: bound on the cost after all slots beyond the k-th (k = 0..S). span: a part of the sequence instead of all.
    """
    n = usage.products
    span = span or Span(0, usage.slots, np.zeros(n, np.int64), usage.demand)
    signs = np.random.default_rng(1).integers(-(2**62), 2**62, n)
    layer = _Layer(span.before[None].astype(np.int32), *(np.zeros(1, kind) for kind in (float, np.int64, int, int)))
    trail: list[tuple[Ints, Ints]] = []
    states, least = 0, np.inf
    for slot in range(span.first + 1, span.last + 1):
        most = np.minimum(usage.most[slot], span.after)
        children = _children(usage, layer, slot, most, limit - rest[slot], stopped)
        if children is None:
            return Swept(None, np.inf, 0.0, states, complete=False)
        parent, product, cost, rank = children
        wide = width if states < MOST_STATES else NARROW
        # Copies of one state go first, so that the width holds different ones; a few times as many hold enough.
        if len(cost) > 8 * wide:
            kept = np.argpartition(rank, 4 * wide)
            least = min(least, float(cost[kept[4 * wide :]].min()) + rest[slot])
            kept = kept[: 4 * wide]
            parent, product, cost, rank = parent[kept], product[kept], cost[kept], rank[kept]
        kept = _different(layer, parent, product, cost, layer.code[parent] + signs[product])
        if len(kept) > wide:
            inner = np.argpartition(rank[kept], wide)
            least = min(least, float(cost[kept[inner[wide:]]].min()) + rest[slot])
            kept = np.sort(kept[inner[:wide]])
        if not len(kept):
            return Swept(None, np.inf, least, states, complete=True)
        parent, product = parent[kept], product[kept]
        counts = layer.counts[parent]
        counts[np.arange(len(kept)), product] += 1
        layer = _Layer(counts, cost[kept], layer.code[parent] + signs[product], parent, product)
        states += len(kept)
        trail.append((parent.astype(np.int32), product.astype(np.int16)))
    rows = np.empty(len(trail), dtype=np.int64)
    at = 0
    for place in range(len(trail) - 1, -1, -1):
        rows[place] = trail[place][1][at]
        at = int(trail[place][0][at])
    return Swept(rows, float(layer.cost[0]), least, states, complete=True)


def _children(
    usage: Usage, layer: _Layer, slot: int, most: Ints, limit: float, stopped: Callable[[], bool]
) -> tuple[Ints, Ints, Floats, Floats] | None:
    """Return parent, product, cost and rank of what may follow at a slot within the limit; None when told to stop."""
    n = usage.products
    size = max(1, CHUNK // n)
    found: list[tuple[Ints, Ints, Floats, Floats]] = []
    locked = int(usage.locked[slot - 1])
    for start in range(0, len(layer.cost), size):
        if stopped():
            return None
        counts = layer.counts[start : start + size]
        own = _own_costs(usage, counts, slot)
        cost = own + layer.cost[start : start + size, None]
        allowed = (counts < most) & (cost <= limit)
        if locked >= 0:
            allowed[:, :locked] = allowed[:, locked + 1 :] = False
        parent, product = np.nonzero(allowed)
        total = cost[parent, product]
        found.append((parent + start, product, total, total + AHEAD * own[parent, product]))
    if len(found) == 1:
        return found[0]
    parents, products, costs, ranks = zip(*found, strict=True)
    return np.concatenate(parents), np.concatenate(products), np.concatenate(costs), np.concatenate(ranks)


def _own_costs(usage: Usage, counts: Ints, slot: int) -> Floats:
    """Return what the deviations after a slot cost, for each state before it and each product it may build."""
    slots = float(usage.slots)
    z = slots * counts - slot * usage.demand.astype(float)
    pull = z @ usage.metric
    own: Floats = (z * pull).sum(axis=1)[:, None] + 2 * slots * pull + slots * slots * np.diagonal(usage.metric)
    if usage.prices.any():
        y = z @ usage.amounts.T
        for product in range(usage.products):
            own[:, product] += np.abs(y + slots * usage.amounts[:, product]) @ usage.prices
    return own


def _different(layer: _Layer, parent: Ints, product: Ints, cost: Floats, code: Ints) -> Ints:
    """Return the cheapest of the children that are the same state, in the order of their hashes."""
    order = np.lexsort((cost, code))
    same = np.zeros(len(order), dtype=bool)
    same[1:] = code[order[1:]] == code[order[:-1]]
    at = np.flatnonzero(same)
    if len(at):  # Equal hashes are looked at: different states may have the same.
        one, other = order[at], order[at - 1]
        first, second = layer.counts[parent[one]], layer.counts[parent[other]]
        first[np.arange(len(at)), product[one]] += 1
        second[np.arange(len(at)), product[other]] += 1
        same[at] = (first == second).all(axis=1)
    return order[~same]
