"""A sourcing instance made ready for a model: its needs, offers and tiers, and the scales of the numbers.

Models count in scaled units: part p in `scale[p]` units and money in `unit`, powers of two, so
that scaling is exact and numbers stay within a few orders of magnitude of each other.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: the needs n_pt, which suppliers need a binary z_s, and the scales; with the offers and their
bounds (`_sourcing_offers.py`) and the tiers (`_sourcing_tiers.py`) in one object.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jitopt.problems.base import within_limit

from ._sourcing_offers import CAPS, ZERO, Offer, add_offers
from ._sourcing_tiers import Tiers, add_tiers, supplier_total_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from jitopt.problems.sourcing.instance import Sourcing

__all__ = ["Data", "RuleKey", "prepare"]


RuleKey = tuple[str, tuple[str, ...]]
"""A rule's name and members, as in `Instance.rules`."""


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
        return supplier_total_of(self, supplier)


def prepare(instance: Sourcing, elastic: Mapping[RuleKey, float] | None = None) -> Data:
    """Return the instance ready for a model; with `elastic`, its rules may be relaxed."""
    data = Data(instance, elastic, tuple(instance.suppliers.supplier), tuple(instance.demand))
    data.need = [_need(instance, part) for part in data.parts]
    add_offers(data)
    add_tiers(data)
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
