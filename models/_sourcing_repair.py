"""Small repairs of a sourcing plan: what a solver's tolerances leave short of the judge's.

Each breach below `SMALL` of its limit is taken for noise and mended by adding to, taking from or
moving between orders that exist already, within the bounds of their links and suppliers. Minimum
orders are kept. Packs are added or taken whole, after everything else, and only from orders of so
many that one more or less is noise too: a solver counts hundreds of millions with an error.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: no constraint: what the solver's tolerances leave short, mended between the orders of a plan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._sourcing import Data

__all__ = ["Cell", "Quantities", "Reading", "repaired"]

ZERO = Fraction(0)
SMALL = Fraction(1, 10**4)
"""A breach below this part of its limit is noise to be repaired; a larger one is meant (relaxed rules)."""

Cell = tuple[int, int]
Quantities = dict[Cell, Fraction]


@dataclass
class Reading:
    """The values of a model's variables that make the plan, in units of the parts."""

    quantity: dict[Cell, float] = field(default_factory=dict)
    packs: dict[Cell, int] = field(default_factory=dict)
    ordered: dict[Cell, bool] = field(default_factory=dict)
    used: dict[int, bool] = field(default_factory=dict)
    active: dict[int, bool] = field(default_factory=dict)
    tier: dict[int, int] = field(default_factory=dict)
    enough: dict[int, bool] = field(default_factory=dict)


def repaired(data: Data, reading: Reading, amounts: Quantities) -> Quantities:
    """Return the quantities with small breaches repaired; `reading`: the tiers and counts chosen."""
    repair = _Repair(data, amounts)
    for (supplier, t), load in list(repair.loads.items()):
        limit = repair.limit(supplier)
        if limit is not None and _small(load - limit, limit):
            cells = [cell for cell in amounts if cell[1] == t and data.offers[cell[0]].supplier == supplier]
            repair.cut(cells, load - limit)
    for part in range(len(data.parts)):
        _store(data, repair, part)
        _cover(data, repair, part)
    for _ in range(2):  # one share may be mended at the cost of another
        _shares(data, repair)
        _averages(data, repair)
    for rows, least in _floors(data, reading):
        cells = [cell for row in rows for cell in repair.of_offer[row]]
        short = least - sum((repair.amounts[cell] for cell in cells), ZERO)
        if _small(short, least):
            repair.add(cells, short)
    return {cell: amount for cell, amount in repair.amounts.items() if amount > 0}


def _small(breach: Fraction, limit: Fraction) -> bool:
    return 0 < breach <= SMALL * max(Fraction(1), limit)


class _Repair:
    """Quantities under repair: what may still be added to or taken from each order."""

    def __init__(self, data: Data, amounts: Quantities) -> None:
        self.data = data
        self.amounts = dict(amounts)
        self.loads: dict[Cell, Fraction] = defaultdict(Fraction)
        self.of_offer: dict[int, list[Cell]] = defaultdict(list)
        for (row, t), amount in amounts.items():
            self.loads[data.offers[row].supplier, t] += amount
            self.of_offer[row].append((row, t))

    def limit(self, supplier: int) -> Fraction | None:
        """Return the capacity of a supplier that must be kept."""
        name = self.data.suppliers[supplier]
        return None if self.data.relaxed("capacity", name) else self.data.instance.capacity[name]

    def total(self, row: int) -> Fraction:
        """Return the total of an offer."""
        return sum((self.amounts[cell] for cell in self.of_offer[row]), ZERO)

    def room(self, cell: Cell) -> Fraction:
        """Return how much may be added to an order."""
        offer = self.data.offers[cell[0]]
        room, limit = offer.upper[cell[1]] - self.amounts[cell], self.limit(offer.supplier)
        if limit is not None:
            room = min(room, limit - self.loads[offer.supplier, cell[1]])
        shelf = self.shelf(offer.part, cell[1])
        return max(ZERO, room if shelf is None else min(room, shelf))

    def shelf(self, part: int, first: int) -> Fraction | None:
        """Return what still fits into the store of a part from period `first` on, None without limit."""
        data, name = self.data, self.data.parts[part]
        limit = data.instance.storage[name]
        if limit is None or data.relaxed("storage", name):
            return None
        stock, found = data.instance.initial[name], limit
        for t, demand in enumerate(data.instance.demand[name]):
            arrived = (self.amounts.get((row, t), ZERO) for row in data.of_part[part])
            stock += sum(arrived, ZERO)
            if t >= first:
                found = min(found, limit - stock)
            stock -= demand
        return found

    def spare(self, cell: Cell) -> Fraction:
        """Return how much may be taken from an order."""
        return max(ZERO, self.amounts[cell] - self.data.offers[cell[0]].least)

    def portion(self, cell: Cell, amount: Fraction, most: Fraction) -> Fraction:
        """Return `amount`, in whole packs where the offer has them, as far as `most` lets."""
        multiple = self.data.offers[cell[0]].link.multiple
        if not multiple:
            return min(amount, most)
        if multiple > SMALL * self.amounts[cell]:
            return ZERO
        return max(ZERO, min(-(-amount // multiple), most // multiple) * multiple)

    def change(self, cell: Cell, amount: Fraction) -> Fraction:
        """Add `amount` to an order, and return it."""
        self.amounts[cell] += amount
        self.loads[self.data.offers[cell[0]].supplier, cell[1]] += amount
        return amount

    def largest(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return the orders, those in packs last, largest first."""
        return sorted(
            cells, key=lambda cell: (self.data.offers[cell[0]].link.multiple is not None, -self.amounts[cell])
        )

    def add(self, cells: Iterable[Cell], amount: Fraction) -> None:
        """Spread `amount` over orders that have room."""
        for cell in self.largest(cells):
            amount -= self.change(cell, self.portion(cell, max(ZERO, amount), self.room(cell)))

    def cut(self, cells: Iterable[Cell], amount: Fraction) -> None:
        """Take `amount` from orders, down to their smallest size."""
        for cell in self.largest(cells):
            amount += self.change(cell, -self.portion(cell, max(ZERO, amount), self.spare(cell)))

    def move(self, givers: list[Cell], takers: list[Cell], amount: Fraction) -> Fraction:
        """Move `amount` between orders of one period; return what cannot be moved."""
        loose = [cell for cell in (*givers, *takers) if not self.data.offers[cell[0]].link.multiple]
        for taker in self.largest(cell for cell in takers if cell in loose):
            for giver in self.largest(cell for cell in givers if cell[1] == taker[1] and cell in loose):
                step = min(amount, self.room(taker), self.spare(giver))
                amount -= self.change(taker, step)
                self.change(giver, -step)
        return amount


def _store(data: Data, repair: _Repair, part: int) -> None:
    """Take from the deliveries of a period what does not fit into the store."""
    name = data.parts[part]
    limit = None if data.relaxed("storage", name) else data.instance.storage[name]
    stock = data.instance.initial[name]
    for t, demand in enumerate(data.instance.demand[name] if limit is not None else ()):
        cells = [cell for row in data.of_part[part] for cell in repair.of_offer[row] if cell[1] == t]
        peak = stock + sum((repair.amounts[cell] for cell in cells), ZERO)
        if limit is not None and _small(peak - limit, limit):
            repair.cut(cells, peak - limit)
        stock += sum((repair.amounts[cell] for cell in cells), ZERO) - demand


def _cover(data: Data, repair: _Repair, part: int) -> None:
    """Put back what dropping noise has left uncovered of a part's demand."""
    name = data.parts[part]
    whole = max(sum(data.instance.demand[name], ZERO), Fraction(data.scale[part]))
    arrivals: dict[int, list[Cell]] = defaultdict(list)
    for row in data.of_part[part]:
        for cell in repair.of_offer[row]:
            arrivals[cell[1]].append(cell)
    stock = data.instance.initial[name]
    so_far: list[Cell] = []
    for t, demand in enumerate(data.instance.demand[name]):
        so_far += arrivals[t]
        stock += sum((repair.amounts[cell] for cell in arrivals[t]), ZERO) - demand
        for cells in (arrivals[t], so_far):
            if 0 < -stock <= SMALL * whole:
                before = sum((repair.amounts[cell] for cell in cells), ZERO)
                repair.add(cells, -stock)
                stock += sum((repair.amounts[cell] for cell in cells), ZERO) - before


def _shares(data: Data, repair: _Repair) -> None:
    """Move what a share is short of, or has too much, between the suppliers of the part.

    What cannot be moved is ordered on top, so much more as it raises the whole.
    """
    for part, supplier, least, most in data.instance.share_rows:
        rows = data.of_part[data.part_row[part]]
        ordered = sum((repair.total(row) for row in rows), ZERO)
        for row in rows:
            total = repair.total(row)
            if supplier not in (None, data.offers[row].link.supplier) or not total:
                continue
            mine = repair.of_offer[row]
            others = [cell for other in rows if other != row for cell in repair.of_offer[other]]
            if least is not None and _small(least * ordered - total, ordered):
                left = repair.move(others, mine, least * ordered - total)
                repair.add(mine, left / (1 - least) if least < 1 else ZERO)
            if most is not None and _small(total - most * ordered, ordered):
                left = repair.move(mine, others, total - most * ordered)
                repair.add(others, left / most if most else ZERO)


def _averages(data: Data, repair: _Repair) -> None:
    """Move from the suppliers with the most defective or late units to those with the fewest."""
    for part, _, _, defects, late in data.instance.part_limit_rows:
        rows = data.of_part[data.part_row[part]]
        for name, limit in (("defects", defects), ("late", late)):
            bad = {row: getattr(data.offers[row].link, name) for row in rows if repair.total(row)}
            if limit is None or len(set(bad.values())) < 2:
                continue
            ordered = sum((repair.total(row) for row in bad), ZERO)
            over = sum((bad[row] * repair.total(row) for row in bad), ZERO) - limit * ordered
            if _small(over, ordered):
                low, high = min(bad.values()), max(bad.values())
                givers = [cell for row in bad if bad[row] == high for cell in repair.of_offer[row]]
                takers = [cell for row in bad if bad[row] == low for cell in repair.of_offer[row]]
                left = repair.move(givers, takers, over / (high - low))
                repair.add(takers, left * (high - low) / (limit - low) if limit > low else ZERO)


def _floors(data: Data, reading: Reading) -> list[tuple[list[int], Fraction]]:
    """Return the totals that must be reached: the tiers chosen, what counts, and the quantities required."""
    tier = reading.tier
    found = [
        (list(data.tiers[row].offers), data.tiers[row].start[k]) for row, k in tier.items() if data.tiers[row].start[k]
    ]
    found += [([row], data.offers[row].token) for row, enough in reading.enough.items() if enough]
    for supplier, part, least in data.instance.required_rows:
        rows = data.of_supplier[data.supplier_row[supplier]]
        found.append(([row for row in rows if part in (None, data.offers[row].link.part)], least))
    return found
