"""Which links of a sourcing instance an order can fit into, and how far ladders and requirements reach."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jitopt.problems.sourcing import Sourcing
    from jitopt.problems.sourcing.instance import Link

__all__ = [
    "Breaks",
    "LadderKey",
    "Stopped",
    "few",
    "ladders_of",
    "least_order",
    "needs_of",
    "order_limits",
    "reach_of",
    "reach_through",
    "usable",
    "watched",
]

T = TypeVar("T")

FAR = 1000
"""A price break (or least order) above this many times the need it serves is left out."""


class Stopped(Exception):
    """The caller wants no more."""


def watched(items: Iterable[T], stopped: Callable[[], bool]) -> Iterator[T]:
    """Yield the items; raise `Stopped` once `stopped` says so."""
    for number, item in enumerate(items):
        if number % 1000 == 0 and stopped():
            raise Stopped
        yield item


def few(instance: Sourcing, most: int) -> list[Link]:
    """Return links enough for a first plan: of each part the `most` cheapest, and those that rules name."""
    table = instance.quotes
    codes = {part: code for code, part in enumerate(instance.demand)}
    part = np.array([codes[name] for name in table.part])
    order = np.lexsort((np.array(table.price), part))
    sizes = np.bincount(part, minlength=len(codes))
    rank = np.empty(len(part), np.int64)
    rank[order] = np.arange(len(part)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    named: set[tuple[str | None, str | None]] = {(s, p) for s, p, _ in instance.required_rows}
    named |= {(s, p) for p, s, least, _ in instance.share_rows if least}
    whole = {s for s, p in named if p is None}
    links = zip(instance.links.items(), rank.tolist(), strict=True)
    return [link for (key, link), place in links if place < most or key in named or key[0] in whole]


def needs_of(instance: Sourcing) -> dict[str, Fraction]:
    return {
        part: max(Fraction(0), sum(row, Fraction(0)) - instance.initial[part]) for part, row in instance.demand.items()
    }


LadderKey = tuple[str, str | None]

Breaks = dict[LadderKey, tuple[str, list[tuple[Fraction, Fraction]]]]


def ladders_of(instance: Sourcing, needs: dict[str, Fraction]) -> Breaks:
    """Return the ladders without breaks that lie absurdly far above what they serve."""
    if not instance.ladders:
        return {}
    served: dict[str, Fraction] = {}
    for supplier, part in instance.links:
        served[supplier] = served.get(supplier, Fraction(0)) + needs[part]
    for supplier, _, amount in instance.required_rows:
        served[supplier] = served.get(supplier, Fraction(0)) + amount
    return {
        (ladder.supplier, ladder.part): (
            ladder.kind,
            [pair for pair in ladder.breaks if pair[0] <= FAR * (served.get(ladder.supplier) or pair[0])],
        )
        for ladder in instance.ladders
    }


def reach_of(instance: Sourcing, ladders: Breaks) -> dict[LadderKey, Fraction]:
    """Return the largest break or required quantity of each supplier and link."""
    found = {key: breaks[-1][0] for key, (_, breaks) in ladders.items()}
    for supplier, part, amount in instance.required_rows:
        key = (supplier, part)
        found[key] = max(found.get(key, Fraction(0)), amount)
    return found


def usable(
    instance: Sourcing, offered: Iterable[Link], needs: dict[str, Fraction], reach: dict[LadderKey, Fraction]
) -> tuple[list[Link], bool]:
    """Return the links that an order can fit into, by part, and whether one that must be used is not."""
    by_part: dict[str, list[Link]] = {part: [] for part in instance.demand}
    for link in offered:
        by_part[link.part].append(link)
    must = {(s, p) for s, p, amount in instance.required_rows if p is not None and amount}
    must |= {(s, p) for p, s, least, _ in instance.share_rows if s is not None and least and needs[p]}
    found: list[Link] = []
    lost = False
    for part, links in by_part.items():
        demand = sum(instance.demand[part], Fraction(0))
        for link in links:
            least = least_order(link)
            if not least:
                found.append(link)
                continue
            fits = all(least <= limit for limit in order_limits(instance, link))
            useful = demand + reach_through(reach, link)
            forced = (link.supplier, part) in must or len(links) == 1
            if fits and (forced or least <= FAR * (useful or least)):
                found.append(link)
            else:
                lost = lost or (link.supplier, part) in must
    return found, lost


def least_order(link: Link) -> Fraction:
    if link.multiple is None:
        return link.minimum
    return max(1, -(-link.minimum // link.multiple)) * link.multiple


def order_limits(instance: Sourcing, link: Link) -> list[Fraction]:
    """Return the limits on a single order of `link` (stock before a delivery is never below 0)."""
    limits = (
        link.capacity, link.maximum, instance.capacity[link.supplier], instance.storage[link.part],
        instance.order_sizes.get((link.supplier, link.part)),
    )  # fmt: skip
    return [limit for limit in limits if limit is not None]


def reach_through(reach: dict[LadderKey, Fraction], link: Link) -> Fraction:
    zero = Fraction(0)
    return max(reach.get((link.supplier, None), zero), reach.get((link.supplier, link.part), zero))
