"""Kernels of the greedy constructions of a level sequence: goal chasing, two steps ahead, nearest whole point.

With y the units built less the ideal, levelling asks for y' G y to be small, where G holds the weights of rates
on its diagonal and what products share in parts. `pull` is G y, kept up to date from slot to slot.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

__all__ = ["FIRST", "SECOND", "TWO_STEPS", "chase", "nearest"]

FIRST, SECOND, TWO_STEPS = 1, 2, 3
"""What a slot is given to: least cost after it; largest lag of its parts; least cost after it and the next."""

ENDLESS = 1e300


@in_place
def chase(
    rule: int, guide: Any, norm: Any, drift: Any, left: Any, pull: Any, then: Any, rows: Any, start: int, count: int
) -> None:
    """Fill `count` slots from `start` on with product rows, each by the rule; ties go to the first row.

    guide: G row by row, empty where it has only its diagonal `norm`. drift: G times the rates. left: units of
    each product that are not built yet. pull: G y after the slots before. then: room, one entry a product.
    """
    n = len(left)
    for slot in range(start, min(start + count, len(rows))):
        chosen = choose(rule, guide, norm, drift, left, pull, then)
        rows[slot] = chosen
        left[chosen] -= 1
        for a in range(n):
            pull[a] -= drift[a]
        if len(guide) == 0:
            pull[chosen] += norm[chosen]
        else:
            for a in range(n):
                pull[a] += guide[chosen * n + a]


@in_place
def choose(rule: int, guide: Any, norm: Any, drift: Any, left: Any, pull: Any, then: Any) -> int:
    """Return the product for the next slot."""
    low, other, lowest = ENDLESS, ENDLESS, -1
    if rule == TWO_STEPS:
        for b in range(len(left)):
            then[b] = 2.0 * (pull[b] - 2.0 * drift[b]) + norm[b]
            if left[b] > 0 and then[b] < low:
                low, other, lowest = then[b], low, b
            elif left[b] > 0 and then[b] < other:
                other = then[b]
    best, chosen = ENDLESS, -1
    for a in range(len(left)):
        if left[a] > 0:
            lag = pull[a] - drift[a]
            score = lag if rule == SECOND else 2.0 * lag + norm[a]
            if rule == TWO_STEPS:
                score += then[a] + follow(guide, norm, left, then, a, other if lowest == a else low)
            if chosen < 0 or score < best - 1e-9 * abs(best):
                best, chosen = score, a
    return chosen


@in_place
def follow(guide: Any, norm: Any, left: Any, then: Any, a: int, apart: float) -> float:
    """Return what the best product after `a` adds.

    apart: the least over the other products, for products that share nothing.
    """
    best = ENDLESS
    if len(guide) == 0:
        best = apart
        if left[a] > 1:
            best = min(best, then[a] + 2.0 * norm[a])
    else:
        n = len(left)
        for b in range(n):
            if left[b] > (1 if a == b else 0):
                best = min(best, then[b] + 2.0 * guide[a * n + b])
    return best if best < ENDLESS else 0.0


@in_place
def nearest(demand: Any, point: Any, built: Any, rest: Any, rows: Any, start: int, count: int) -> int:
    """Follow the whole points nearest to the ideal line from slot `start` on, for about `count` slots.

    The nearest point of slot k has every product's ideal count rounded down, and one more unit for those with the
    largest rests (by row where rests tie). Where it lies below what is built, the next slot is looked at, until a
    point is within reach; the slots up to it go to the products that it asks for, the farthest behind first.
    built: units before `start`, changed on the way. point, rest: room, one entry a product. Returns the next slot.
    """
    n, units = len(demand), len(rows)
    slot = start
    while slot < units and slot < start + count:
        end = slot
        reached = False
        while not reached:
            end += 1
            missing = end
            for a in range(n):
                point[a] = end * demand[a] // units
                rest[a] = end * demand[a] % units
                missing -= point[a]
            for _ in range(missing):
                most = 0
                for a in range(1, n):
                    if rest[a] > rest[most]:
                        most = a
                point[most] += 1
                rest[most] = -1
            reached = True
            for a in range(n):
                reached = reached and point[a] >= built[a]
        while slot < end:
            slot += 1
            best, chosen = 0, -1
            for a in range(n):
                behind = slot * demand[a] - built[a] * units
                if built[a] < point[a] and (chosen < 0 or behind > best):
                    best, chosen = behind, a
            built[chosen] += 1
            rows[slot - 1] = chosen
    return slot
