"""What the sourcing formulations share: the bounds, tiers and scales that the data imply.

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
A supplier's total above its largest break and the sums of N + X_l + m_l + mu_l + e_l has a link of
which the same can be done.

With relaxed rules (elastic) the same holds for D, the whole demand, in place of N_t: what is
lowered breaks no rule further.

Models count in scaled units: part p in `scale[p]` units and money in `unit`, powers of two, so
that scaling is exact and numbers stay within a few orders of magnitude of each other.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: the sets L, C, G and K_g, and the bounds U_lt and U_l, from which the models are written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from jitopt.problems.base import exact, within_limit
from jitopt.problems.sourcing.rules import FARTHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jitopt.problems.sourcing.instance import Ladder, Link, Sourcing

__all__ = ["CAPS", "Data", "Offer", "RuleKey", "Tiers", "prepare"]

CAPS = ("quote_capacity", "maximum", "order_size")
"""The rules that limit single orders of a quote."""

MOST_PACKS = 10**6
"""Above this many packs a solver's tolerances make false claims: packs are then rounded afterwards."""

RuleKey = tuple[str, tuple[str, ...]]
"""A rule's name and members, as in `Instance.rules`."""

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


@dataclass(frozen=True)
class Tiers:
    """A ladder of price breaks with at least two tiers in reach.

    offers: those whose quantities count and are cheapened. start, end: total at which each tier
    begins [B_k] and above which it need not be used [E_k]. factor: on the price [f_k].
    """

    supplier: int
    offers: tuple[int, ...]
    incremental: bool
    start: tuple[Fraction, ...]
    end: tuple[Fraction, ...]
    factor: tuple[Fraction, ...]


@dataclass
class Data:
    """A sourcing instance made ready for a model; names are replaced by indices from 0.

    need: what is left of each demand after the initial stock [n_pt]. prices: of an offer, without
    its tiers [c_l, money per unit]. tiers: the ladders with a choice. tiered: the tiers of an
    offer. active: suppliers that need a binary. scale, mix: units per model unit of a part, and
    of a supplier's total. unit: money per model unit.
    """

    instance: Sourcing
    elastic: Mapping[RuleKey, float] | None
    suppliers: tuple[str, ...]
    parts: tuple[str, ...]
    need: list[tuple[Fraction, ...]] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    of_part: list[list[int]] = field(default_factory=list)
    of_supplier: list[list[int]] = field(default_factory=list)
    tiers: list[Tiers] = field(default_factory=list)
    tiered: dict[int, int] = field(default_factory=dict)
    prices: list[Fraction] = field(default_factory=list)
    active: list[bool] = field(default_factory=list)
    scale: list[float] = field(default_factory=list)
    mix: list[float] = field(default_factory=list)
    unit: float = 1.0

    @property
    def priced(self) -> bool:
        """True when the objective is the money of the instance, not the price of relaxation."""
        return self.elastic is None

    @property
    def periods(self) -> range:
        """The periods, from 0."""
        return range(len(self.instance.periods))

    @cached_property
    def part_row(self) -> dict[str, int]:
        """Index of each part."""
        return {name: row for row, name in enumerate(self.parts)}

    @cached_property
    def supplier_row(self) -> dict[str, int]:
        """Index of each supplier."""
        return {name: row for row, name in enumerate(self.suppliers)}

    @cached_property
    def offer_row(self) -> dict[tuple[str, str], int]:
        """Index of each offer by the names of its supplier and part."""
        return {(offer.link.supplier, offer.link.part): row for row, offer in enumerate(self.offers)}

    def relaxed(self, name: str, *members: str) -> bool:
        """Tell whether a rule may be relaxed."""
        return self.elastic is not None and (name, members) in self.elastic

    def rule_scale(self, key: RuleKey) -> float:
        """Return the units of a rule per unit of its relaxation in the model."""
        name, members = key
        if name in ("demand", "storage"):
            return self.scale[self.part_row[members[0]]]
        if name in (*CAPS, "minimum") or (name == "required" and len(members) > 1):
            return self.scale[self.part_row[members[1]]]
        if name in ("capacity", "required"):
            return self.mix[self.supplier_row[members[0]]]
        return 1.0

    def units(self, part: int, quantity: Fraction | int) -> float:
        """Return a quantity of a part in the model's units."""
        return float(quantity) / self.scale[part]

    def units_at(self, supplier: int, quantity: Fraction | int) -> float:
        """Return a quantity over all parts of a supplier in the model's units."""
        return float(quantity) / self.mix[supplier]

    def ratio(self, offer: int) -> float:
        """Return the weight of an offer's scaled quantity in its supplier's scaled total."""
        return self.scale[self.offers[offer].part] / self.mix[self.offers[offer].supplier]

    def money(self, amount: Fraction | float, part: int | None = None) -> float:
        """Return an amount of money (or a price per unit of `part`) in the model's units."""
        return float(amount) * (1.0 if part is None else self.scale[part]) / self.unit

    @cached_property
    def ratio_parts(self) -> frozenset[str]:
        """The parts with share limits, or limits on average defects or lateness."""
        instance = self.instance
        shares = (part for part, _, least, most in instance.share_rows if least is not None or most is not None)
        averages = (row[0] for row in instance.part_limit_rows if row[3] is not None or row[4] is not None)
        return frozenset((*shares, *averages))

    @cached_property
    def counted_parts(self) -> frozenset[str]:
        """The parts for which it matters how many or which suppliers are used."""
        instance = self.instance
        counts = (row[0] for row in instance.part_limit_rows if row[1] or row[2] is not None)
        shares = (part for part, supplier, least, _ in instance.share_rows if supplier is None and least)
        return frozenset((*counts, *shares))

    @cached_property
    def pulled_parts(self) -> frozenset[str]:
        """The parts of which a least number of suppliers may ask for an order nothing else asks for."""
        if self.instance.suppliers_at_least:
            return frozenset(self.parts)
        return frozenset(row[0] for row in self.instance.part_limit_rows if row[1])

    @cached_property
    def short(self) -> bool:
        """True when the orders of some part together cannot cover its demand: told exactly, not by a solver."""
        for part, needs in enumerate(self.need):
            room = ZERO
            for t, need in enumerate(needs if not self.relaxed("demand", self.parts[part]) else ()):
                room += sum((self.offers[row].upper[t] for row in self.of_part[part]), ZERO) - need
                if not within_limit(-room, ZERO):
                    return True
        return False

    @cached_property
    def counting(self) -> tuple[int, ...]:
        """The suppliers that can count for a least number of suppliers over all parts."""
        rows = enumerate(self.of_supplier) if self.instance.suppliers_at_least else ()
        return tuple(s for s, mine in rows if mine)

    @cached_property
    def extras(self) -> dict[tuple[str, str | None], Fraction]:
        """The largest break or required quantity by supplier and part (None: its total)."""
        found: dict[tuple[str, str | None], Fraction] = {}
        for ladder in self.instance.ladders:
            key = (ladder.supplier, ladder.part)
            found[key] = max(found.get(key, ZERO), ladder.breaks[-1][0])
        for supplier, part, least in self.instance.required_rows:
            found[supplier, part] = max(found.get((supplier, part), ZERO), least)
        return found

    def norm(self, part: int) -> Fraction:
        """Return the quantity a relaxed share or average of `part` is told in: its need, if it has any [N_p]."""
        return sum(self.need[part], ZERO) or max((self.offers[row].total for row in self.of_part[part]), default=ZERO)

    def most_ordered(self, part: int) -> Fraction:
        """Return the most that may be ordered of `part` over the horizon [R_p]."""
        most = sum((self.offers[row].total for row in self.of_part[part]), ZERO)
        size = self.instance.ratio_sizes.get(self.parts[part])
        return min(most, size.limit) if size is not None and size.proven else most

    def caps(self, offer: int) -> list[tuple[str, Fraction]]:
        """Return the rules that limit single orders of an offer, and their limits."""
        link = self.offers[offer].link
        largest = self.instance.order_sizes.get((link.supplier, link.part))
        pairs = zip(CAPS, (link.capacity, link.maximum, largest), strict=True)
        return [(name, limit) for name, limit in pairs if limit is not None]

    def supplier_total(self, supplier: int) -> Fraction:
        """Return the largest total of a supplier over the horizon that is worth ordering [U_s]."""
        return _supplier_total(self, supplier)


def prepare(instance: Sourcing, elastic: Mapping[RuleKey, float] | None = None) -> Data:
    """Return the instance ready for a model; with `elastic`, its rules may be relaxed."""
    data = Data(instance, elastic, tuple(instance.suppliers.supplier), tuple(instance.demand))
    data.need = [_need(instance, part) for part in data.parts]
    _add_offers(data)
    _add_tiers(data)
    data.active = _active(data)
    data.scale = [_power(max((max(data.offers[row].upper) for row in rows), default=ZERO)) for rows in data.of_part]
    data.mix = [max((data.scale[data.offers[row].part] for row in rows), default=1.0) for rows in data.of_supplier]
    data.unit = _power(max(_amounts(data), default=0.0), 64.0, 65536.0)
    return data


def _power(largest: Fraction | float, low: float = 64.0, high: float = 8192.0) -> float:
    """Return 1 if `largest` lies between `low` and `high`, else the power of two that brings it near `high`."""
    if largest <= 0 or low <= largest <= high:
        return 1.0
    return float(2.0 ** (math.frexp(float(largest))[1] - math.frexp(high)[1] + 1))


def _need(instance: Sourcing, part: str) -> tuple[Fraction, ...]:
    """Return the demand of each period that the initial stock does not meet, first needs first."""
    left = instance.initial[part]
    found = []
    for demand in instance.demand[part]:
        found.append(max(ZERO, demand - left))
        left = max(ZERO, left - demand)
    return tuple(found)


# --- offers ----------------------------------------------------------------------------------


def _add_offers(data: Data) -> None:
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


# --- tiers -----------------------------------------------------------------------------------


def _supplier_total(data: Data, supplier: int) -> Fraction:
    name = data.suppliers[supplier]
    offers = [data.offers[row] for row in data.of_supplier[supplier]]
    total = sum((offer.total for offer in offers), ZERO)
    capacity = data.instance.capacity[name]
    if capacity is not None and not data.relaxed("capacity", name):
        ship = (sum((offer.upper[t] for offer in offers), ZERO) for t in data.periods)
        total = min(total, sum((min(capacity, most) for most in ship), ZERO))
    if not data.priced:
        return total
    worth = data.extras.get((name, None), ZERO)
    for offer in offers:
        own = offer.total
        if offer.link.part not in data.ratio_parts:
            asked = sum(data.need[offer.part], ZERO) + data.extras.get((name, offer.link.part), ZERO)
            own = min(own, asked + offer.least + (offer.link.multiple or 0) + offer.token)
        worth += own
    return min(total, worth)


def _add_tiers(data: Data) -> None:
    """Find the ladders that leave a choice; the factor of one that does not goes into the price."""
    instance = data.instance
    factor = [Fraction(1)] * len(data.offers)
    for ladder in instance.ladders if data.priced else ():
        supplier = data.supplier_row[ladder.supplier]
        rows = tuple(r for r in data.of_supplier[supplier] if ladder.part in (None, data.offers[r].link.part))
        if not any(data.offers[row].link.price for row in rows):
            continue
        reach = data.supplier_total(supplier) if ladder.part is None else data.offers[rows[0]].total
        found = _tiers(ladder, supplier, rows, reach)
        if len(found.start) > 1:
            data.tiered.update(dict.fromkeys(rows, len(data.tiers)))
            data.tiers.append(found)
            continue
        for row in rows:
            factor[row] = found.factor[0]
    for row, offer in enumerate(data.offers):
        price = ZERO if row in data.tiered else offer.link.price * factor[row]
        price += exact(instance.defect_cost) * offer.link.defects + exact(instance.late_cost) * offer.link.late
        data.prices.append(price)


def _tiers(ladder: Ladder, supplier: int, rows: tuple[int, ...], reach: Fraction) -> Tiers:
    """Return the tiers in reach; neighbours with the same factor are one tier."""
    kept: list[tuple[Fraction, Fraction]] = []
    for start, factor in ladder.breaks:
        if start <= reach and (not kept or factor != kept[-1][1]):
            kept.append((start, factor))
    starts = tuple(start for start, _ in kept)
    factors = tuple(factor for _, factor in kept)
    return Tiers(supplier, rows, ladder.kind == "incremental", starts, (*starts[1:], reach), factors)


# --- binaries and scales ----------------------------------------------------------------


def _active(data: Data) -> list[bool]:
    """Tell of each supplier whether the model must know if it is used."""
    instance = data.instance
    everyone = bool(instance.suppliers_at_least) or instance.suppliers_at_most is not None
    return [
        bool(rows) and (everyone or (data.priced and instance.fixed_cost[name] > 0))
        for name, rows in zip(data.suppliers, data.of_supplier, strict=True)
    ]


def _amounts(data: Data) -> Iterator[float]:
    """Yield the coefficients that the objective will have, in money."""
    if not data.priced:
        yield from (price * data.rule_scale(key) for key, price in (data.elastic or {}).items())
        return
    instance = data.instance
    yield instance.current.price if instance.current else 0.0
    yield from map(float, instance.fixed_cost.values())
    for row, part in enumerate(data.parts):
        yield float(instance.holding_cost[part]) * data.scale[row]
    for row, offer in enumerate(data.offers):
        link = offer.link
        price = data.prices[row] + (link.price * data.tiers[data.tiered[row]].factor[0] if row in data.tiered else 0)
        yield max(float(link.fixed_cost), float(link.order_cost), float(price) * data.scale[offer.part])
