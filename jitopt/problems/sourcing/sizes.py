"""How large an order can be worth placing.

Where nothing but the need speaks for ordering, a larger order can always be cut down
(`models/_sourcing.py` has the proof). Share limits and average quality or lateness can ask for
more: 2 packs of one supplier may need 5 of another. For such a part p let

    D  its demand over all periods,
    L  the least common multiple of the pack multiples of its quotes, 0 without any,
    E  what an order may be wanted for beyond the need: the largest price break or required quantity,
       and the smallest order of a quote (with several periods: D more, and a smallest order each),
    K  a number such that in every extreme ray of the cone of its ratio rules, scaled to sum 1, each
       entry is a whole multiple of 1/K: the common denominator of the shares, times, for a limit on
       an average, the spread of the quotes' values in units of their common divisor,
    n  the number of its quotes.

Claim: some best plan orders no more than R = n K (L + E) of p, one period: or max(D + K L, that).
Proof: take the best plan with the least quantity in all, its totals A as a sum of at most n rays
(Caratheodory). If A adds up to more than R, one ray r has a weight above K (L + E). Take K L times
it away (any small amount of it if L = 0): whole multiples of L of every quote in r, of which each
keeps more than E. So breaks and required quantities stay reached and the suppliers stay used; taken
from each quote's latest orders, down to their smallest size, all that arrives before the cut
covers D, or nothing was cut before; the other ratios stay in the cone. It costs no more and orders
less: a contradiction.

R is often far above any real order. Beyond `FAR` times D + L + E that multiple itself is the limit,
and as it is not proven to be harmless, no bound and no claim that there is no plan may rest on it
(`Sourcing.unsearched`). `explain` relaxes it as "order_size"; a `quotes.maximum` takes its place.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.sourcing.instance import Size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.problems.sourcing.instance import Link, Sourcing

__all__ = ["FAR", "Size", "ratio_sizes", "smallest_use"]

ZERO = Fraction(0)

FAR = 100
"""Largest order that is looked at, in multiples of demand, packs and breaks together."""

SHARE_OF_DEMAND = Fraction(1, 10)
"""Part of the demand over the horizon that makes a supplier count, where it is less than a unit."""


def smallest_use(instance: Sourcing, link: Link) -> Fraction:
    """Return the total of a link from which its supplier counts for a least number [e_l, units; 0: any].

    Any pack counts. Otherwise 1 unit or a tenth of the part's demand, whichever is less, and no
    more than a single order can or need be.
    """
    if link.multiple:
        return ZERO
    limits = (
        SHARE_OF_DEMAND * sum(instance.demand[link.part], ZERO), link.minimum, link.capacity, link.maximum,
        instance.capacity[link.supplier], instance.storage[link.part],
    )  # fmt: skip
    return min((Fraction(1), *(limit for limit in limits if limit)))


def ratio_sizes(instance: Sourcing) -> dict[str, Size]:
    """Return the size of each part with share limits, or limits on average defects or lateness."""
    ratios: dict[str, list[Fraction]] = {}
    for part, _, least, most in instance.share_rows:
        if least is not None or most is not None:
            ratios.setdefault(part, []).extend(value for value in (least, most) if value is not None)
    averages = {row[0]: row[3:] for row in instance.part_limit_rows if row[3] is not None or row[4] is not None}
    links: dict[str, list[Link]] = {part: [] for part in (*ratios, *averages)}
    for link in instance.links.values():
        if link.part in links:
            links[link.part].append(link)
    return {
        part: _size(instance, part, mine, ratios.get(part, []), averages.get(part, (None, None)))
        for part, mine in links.items()
        if mine
    }


def _size(
    instance: Sourcing,
    part: str,
    links: list[Link],
    ratios: list[Fraction],
    averages: tuple[Fraction | None, Fraction | None],
) -> Size:
    demand, periods = sum(instance.demand[part], ZERO), len(instance.periods)
    packs = _multiple((link.multiple for link in links if link.multiple), ZERO)
    single = [(instance.reach(link), _least(instance, link)) for link in links]
    if periods == 1:
        extra = max(max(pair) for pair in single)
    else:
        extra = demand + max(reach + periods * least for reach, least in single)
    grain = math.lcm(*(ratio.denominator for ratio in ratios))
    for name, limit in zip(("defects", "late"), averages, strict=True):
        if limit is not None:
            grain *= _spread([getattr(link, name) - limit for link in links])
    proven = len(links) * grain * (packs + extra)
    if periods == 1:
        proven = max(demand + grain * packs, proven)
    generous = FAR * (demand + packs + extra)
    return Size(proven, True) if proven <= generous else Size(generous, False)


def _least(instance: Sourcing, link: Link) -> Fraction:
    """Return the smallest order of a link, or the smallest that counts."""
    if link.multiple:
        return max(1, -(-link.minimum // link.multiple)) * link.multiple
    return max(link.minimum, smallest_use(instance, link))


def _multiple(values: Iterable[Fraction], start: Fraction) -> Fraction:
    """Return the least common multiple of fractions."""
    found = start
    for value in values:
        if not found:
            found = value
            continue
        bottom = math.lcm(found.denominator, value.denominator)
        found = Fraction(math.lcm(int(found * bottom), int(value * bottom)), bottom)
    return found


def _spread(values: list[Fraction]) -> int:
    """Return how far the values lie apart, in units of their greatest common divisor; at least 1."""
    bottom = math.lcm(*(value.denominator for value in values))
    whole = [int(value * bottom) for value in values]
    return max(1, (max(whole) - min(whole)) // (math.gcd(*whole) or 1))


def reachable(instance: Sourcing, link: Link) -> Fraction | None:
    """Return the most that a link's largest share lets it ship in all, None where the others are not bounded [units].

    q_l <= a (q_l + rest) and rest <= the horizon's capacities and largest orders of the other links,
    so q_l <= a / (1 - a) rest.
    """
    shares = [
        most
        for part, supplier, _, most in instance.share_rows
        if part == link.part and supplier in (None, link.supplier)
    ]
    share = min((most for most in shares if most is not None), default=Fraction(1))
    if share >= 1:
        return None
    rest = ZERO
    for other in instance.links.values():
        if other.part == link.part and other.supplier != link.supplier:
            caps = [
                cap for cap in (other.maximum, other.capacity, instance.capacity[other.supplier]) if cap is not None
            ]
            if not caps:
                return None
            rest += min(caps) * len(instance.periods)
    return share / (1 - share) * rest
