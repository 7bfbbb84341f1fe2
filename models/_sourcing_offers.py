"""The offers of a sourcing instance: the quotes, and the largest orders of them worth placing.

Every bound is exact and holds for at least one optimal plan, namely one that orders least in all.
For parts with shares or averages to keep see `jitopt.problems.sourcing.sizes`. For others:

*Single orders.* Let q_lt be above U = max(m_l, e_l, N_t + X_l), rounded up to the multiple, with N_t
the need that is left from t on, X_l the largest price break or required quantity that counts l, m_l
the smallest order and e_l the least total that counts. Lower it to U. What arrives up to any u >= t
still covers the need, for what arrived before t covers the needs before t and U the rest; totals
that count l stay at X_l or more, so each break (factors do not rise with the quantity, so also an
incremental one) and each requirement stays reached; the supplier stays used and counted; minimum
and multiple are kept; capacities, storage, counts at most and switches bind less; holding, purchase,
defects and lateness cost no more.

*Totals.* Let A_l exceed N + X_l + m_l + mu_l + e_l by anything. Remove its last order if N + X_l stays,
else lower it by whole multiples to no less than m_l: what arrives from then on is at least N.

With relaxed rules (elastic) the same holds for D, the whole demand, in place of N_t: what is
lowered breaks no rule further.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: the sets L and C, and the bounds U_lt and U_l, from which the models are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from jitopt.problems.sourcing.rules import FARTHER

if TYPE_CHECKING:
    from jitopt.problems.sourcing.instance import Link

    from ._sourcing import Data

__all__ = ["CAPS", "ZERO", "Offer", "add_offers"]

CAPS = ("quote_capacity", "maximum", "order_size")
"""The rules that limit single orders of a quote."""

MOST_PACKS = 10**6
"""Above this many packs a solver's tolerances make false claims: packs are then rounded afterwards."""

ZERO = Fraction(0)


@dataclass(frozen=True)
class Offer:
    """A quote (link) l with what the data imply for it.

    supplier, part: indices. link: the quote, exact. least: the smallest order [m_l, units; 0: any
    quantity]. upper: the largest order worth placing in each period [U_lt; 0: none]. total: the
    same over the horizon [U_l]. switch: it counts as a switch against the current award. orders:
    each order needs a binary. counted: its use needs a binary. token: least total from which it
    counts for a least number of suppliers, with a binary of its own [e_l; 0: any order does, or
    nobody asks].
    """

    supplier: int
    part: int
    link: Link
    least: Fraction
    upper: tuple[Fraction, ...]
    total: Fraction
    switch: bool
    orders: bool
    counted: bool
    token: Fraction

    @property
    def whole(self) -> bool:
        """Tell whether the packs of an order are few enough (`MOST_PACKS`) for a solver to count."""
        return bool(self.link.multiple) and max(self.upper) <= MOST_PACKS * (self.link.multiple or 0)

    @cached_property
    def cells(self) -> tuple[int, ...]:
        """The periods (from 0) in which something can be ordered."""
        return tuple(t for t, most in enumerate(self.upper) if most > 0)


def add_offers(data: Data) -> None:
    """Make an offer of each quote from which anything can be ordered."""
    data.of_supplier = [[] for _ in data.suppliers]
    data.of_part = [[] for _ in data.parts]
    for link in data.instance.links.values():
        offer = _offer(data, link)
        if any(offer.upper):
            data.of_supplier[offer.supplier].append(len(data.offers))
            data.of_part[offer.part].append(len(data.offers))
            data.offers.append(offer)


def _offer(data: Data, link: Link) -> Offer:
    instance, part = data.instance, data.part_row[link.part]
    multiple = link.multiple or ZERO
    asks = link.minimum > multiple
    least = multiple
    if asks and not data.relaxed("minimum", link.supplier, link.part):
        least = -(-link.minimum // multiple) * multiple if multiple else link.minimum
    free = link.part in data.pulled_parts and not least
    token = instance.smallest_use[link.supplier, link.part] if free else ZERO
    firm = data.priced and link.part not in data.ratio_parts
    extra = max(data.extras.get((link.supplier, other), ZERO) for other in (None, link.part))
    upper = _upper(data, part, link, (least, token), extra if firm else None)
    total = sum(upper, ZERO)
    size = instance.ratio_sizes.get(link.part)
    if size is not None and size.proven:
        total = min(total, size.limit * (_largest_share(data, link) if data.priced else 1))
    if firm:
        total = min(total, sum(data.need[part], ZERO) + extra + least + multiple + token)
    current = instance.current
    new = current is not None and (link.supplier, link.part) not in instance.awarded
    switch = new and current is not None and ((data.priced and current.price > 0) or current.at_most is not None)
    fixed = data.priced and link.fixed_cost > 0
    return Offer(
        supplier=data.supplier_row[link.supplier],
        part=part,
        link=link,
        least=least,
        upper=upper,
        total=total,
        switch=switch,
        orders=asks or (data.priced and link.order_cost > 0),
        counted=link.part in data.counted_parts or switch or fixed,
        token=token,
    )


def _largest(data: Data, link: Link) -> Fraction:
    """Return the largest order of a link that any rule but its own caps leaves to be looked at."""
    instance = data.instance
    size = instance.ratio_sizes.get(link.part)
    if size is None:
        demand = sum(instance.demand[link.part], ZERO)
        return demand + instance.reach(link) + link.minimum + (link.multiple or 0) + 1
    if size.proven:
        return size.limit * (_largest_share(data, link) if data.priced else 1)
    firm = link.maximum is not None and not data.relaxed("maximum", link.supplier, link.part)
    return link.maximum if firm and link.maximum is not None else FARTHER * size.limit


def _largest_share(data: Data, link: Link) -> Fraction:
    """Return the largest share the link may have in what is ordered of its part."""
    rows = data.instance.share_rows
    limits = [most for part, supplier, _, most in rows if part == link.part and supplier in (None, link.supplier)]
    return min((most for most in limits if most is not None), default=Fraction(1))


def _upper(
    data: Data, part: int, link: Link, lowest: tuple[Fraction, Fraction], extra: Fraction | None
) -> tuple[Fraction, ...]:
    """Return the largest order worth placing in each period.

    lowest: the smallest order, and what makes the supplier count. extra: what may be ordered above
    the need (None: anything).
    """
    instance, least = data.instance, lowest[0]
    limits = [_largest(data, link)]
    firm = (link.capacity, link.maximum, instance.order_sizes.get((link.supplier, link.part)))
    for name, cap in zip(CAPS, firm, strict=True):
        if cap is not None and not data.relaxed(name, link.supplier, link.part):
            limits.append(cap)
    shared = instance.capacity[link.supplier]
    if shared is not None and not data.relaxed("capacity", link.supplier):
        limits.append(shared)
    most = min(limits)
    left, stock = sum(data.need[part], ZERO), instance.initial[link.part]
    storage = instance.storage[link.part] if data.priced else None
    found = []
    for need, demand in zip(data.need[part], instance.demand[link.part], strict=True):
        here = most if storage is None else min(most, storage - stock)
        if extra is not None:
            worth = max(*lowest, left + extra)
            here = min(here, -(-worth // link.multiple) * link.multiple if link.multiple else worth)
        if link.multiple:
            here = here // link.multiple * link.multiple
        found.append(here if here >= least else ZERO)
        left -= need
        stock = max(ZERO, stock - demand)
    return tuple(found)
