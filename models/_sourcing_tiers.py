"""The tiers of a sourcing instance: the price breaks that a total in reach leaves to be chosen.

A supplier's total above its largest break and the sums of N + X_l + m_l + mu_l + e_l (see
`_sourcing_offers.py`) has a link whose last order can be removed or lowered.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: the sets G and K_g, the bound U_s on a supplier's total, and the prices c_l without tiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

from ._sourcing_offers import ZERO

if TYPE_CHECKING:
    from jitopt.problems.sourcing.instance import Ladder

    from ._sourcing import Data

__all__ = ["Tiers", "add_tiers", "supplier_total_of"]


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


def supplier_total_of(data: Data, supplier: int) -> Fraction:
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


def add_tiers(data: Data) -> None:
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
