"""What each supplier feels of a sequence or box: the use of its parts, period by period."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.problems.base import exact
from jitopt.problems.heijunka.contributions import read_plan
from jitopt.problems.wording import near

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan

__all__ = ["SupplierUsage", "Suppliers", "supplier_usage", "usage_of"]

Suppliers = Mapping[str, str | Mapping[str, float]]

SLACK = Fraction(1, 10**6)
"""Shares may be rounded so far."""
"""Who delivers a part: a supplier, or suppliers with their shares."""

COLUMNS = (
    "supplier", "part", "period", "first_slot", "last_slot", "quantity", "average", "deviation", "cumulative", "ahead",
)  # fmt: skip

PART_COLUMNS = ("supplier", "part", "quantity", "average", "peak", "peak_period", "peak_over_average", "most_ahead",
                "most_behind")  # fmt: skip


@dataclass(frozen=True)
class SupplierUsage:
    """The use of parts by supplier and period.

    period: slots in a period; the last one may be shorter. rows: by supplier, part and period its first and last slot,
    the quantity used, the average of so many slots, their difference (deviation), what was used up to its end
    (cumulative), and by how much that is ahead of an even use. parts: by supplier and part the quantity of all slots,
    the average of a whole period, the largest quantity of a period (peak) and which it was, their ratio, and how far
    the use is ahead of and behind an even one at the ends of the periods, at most. Quantities are in units of the part.
    """

    period: int
    rows: Mapping[str, Sequence[Any]] = field(repr=False)
    parts: Mapping[str, Sequence[Any]] = field(repr=False)

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the table by period as columns."""
        return {name: list(column) for name, column in self.rows.items()}

    def to_frame(self, like: object = None) -> Any:
        """Return the table by period as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return both tables as plain data, as columns."""
        parts = {name: list(column) for name, column in self.parts.items()}
        return {"period": self.period, "rows": self.to_rows(), "parts": parts}


def supplier_usage(
    instance: Heijunka, plan: HeijunkaPlan, period: int | None = None, suppliers: Suppliers | None = None
) -> SupplierUsage:
    """Return what each supplier feels of a plan.

    Parameters
    ----------
    period
        Slots in a period; None: a day of a box that has days, else a tenth of the slots.
    suppliers
        Who delivers each part; parts without one are told under None.

    Raises
    ------
    InputError
        If the instance has no bill of material, nobody in `suppliers` delivers a part of it, a part is misspelt, or
        shares of a part do not add up to 1.
    """
    if instance.bill is None:
        raise InputError("parts are used by the bill of material", place="/bill", remedy='add the table "bill"')
    if suppliers and not set(suppliers) & set(instance.usage):
        raise InputError(
            "no supplier delivers a part of the bill of material",
            place="suppliers",
            value=next(iter(suppliers)),
            remedy=f"name suppliers of its parts, such as {next(iter(instance.usage))!r}",
        )
    _check_suppliers(instance, suppliers or {})
    reading = read_plan(instance, plan)
    slots = [{reading.name(row): units for row, units in slot.items()} for slot in reading.slots]
    if period is None:
        period = _usual(instance)
    bill = zip(instance.bill.product, instance.bill.part, map(exact, instance.bill.quantity), strict=True)
    return usage_of(slots, bill, suppliers or {}, period)


def _check_suppliers(instance: Heijunka, suppliers: Suppliers) -> None:
    """Refuse shares that do not add up, and a part that is not of the bill where one like it has no supplier.

    Suppliers may be told of parts that this line does not use.
    """
    without = [part for part in instance.usage if part not in suppliers]
    for part, told in suppliers.items():
        if part not in instance.usage:
            meant = near(part, without)
            if meant:
                raise InputError(
                    "the bill of material has no such part, and nobody delivers one that is called much like it",
                    place="suppliers",
                    value=part,
                    remedy=f"did you mean {meant!r}? Correct it, or name a supplier of that one too",
                )
        elif not isinstance(told, str):
            total = sum(map(exact, told.values()), Fraction(0))
            if abs(total - 1) > SLACK:
                raise InputError(
                    f"the suppliers' shares of {part} add up to 1",
                    place=f"suppliers/{part}",
                    value=float(total),
                    remedy="correct them, or name a supplier of the rest",
                )


def _usual(instance: Heijunka) -> int:
    return instance.box_data.per_day if instance.box and instance.box.days else math.ceil(instance.slots / 10)


def usage_of(
    slots: Sequence[Mapping[str, int]],
    bill: Iterable[tuple[str, str, Fraction]],
    suppliers: Suppliers,
    period: int,
) -> SupplierUsage:
    """Return the use of parts by products in slots; bill: (product, part, quantity in one unit of the product)."""
    if isinstance(period, bool) or not isinstance(period, int) or period < 1:
        raise InputError(
            "a period has a whole number of slots, from 1", place="period", value=period, remedy="correct it"
        )
    periods = max(1, -(-len(slots) // period))
    built: list[dict[str, int]] = [defaultdict(int) for _ in range(periods)]
    for at, slot in enumerate(slots):
        for product, units in slot.items():
            built[at // period][product] += units
    users: dict[str, dict[str, Fraction]] = {}
    for product, part, quantity in bill:
        users.setdefault(part, {})[product] = quantity
    rows: list[tuple[Any, ...]] = []
    parts: list[tuple[Any, ...]] = []
    for supplier, part, share in _delivered(users, suppliers):
        takes = users[part]
        used = [
            share * sum((takes[product] * units for product, units in now.items() if product in takes), Fraction(0))
            for now in built
        ]
        _tell(rows, parts, (supplier, part), used, len(slots), period)
    return SupplierUsage(
        period,
        {name: [row[column] for row in rows] for column, name in enumerate(COLUMNS)},
        {name: [row[column] for row in parts] for column, name in enumerate(PART_COLUMNS)},
    )


def _delivered(users: Mapping[str, object], suppliers: Suppliers) -> list[tuple[str | None, str, Fraction]]:
    """Return supplier, part and share, supplier by supplier, those without one last."""
    found: list[tuple[str | None, str, Fraction]] = []
    for part in users:
        told = suppliers.get(part)
        if told is None or isinstance(told, str):
            found.append((told, part, Fraction(1)))
        else:
            found += [(supplier, part, exact(share)) for supplier, share in told.items()]
    return sorted(found, key=lambda row: (row[0] is None, row[0] or "", row[1]))


def _tell(
    rows: list[tuple[Any, ...]],
    parts: list[tuple[Any, ...]],
    key: tuple[str | None, str],
    used: Sequence[Fraction],
    slots: int,
    period: int,
) -> None:
    """Add the rows of a part by period, and its row in the summary."""
    total, cumulative, ahead = sum(used, Fraction(0)), Fraction(0), []
    even = total / slots if slots else Fraction(0)
    for number, quantity in enumerate(used, 1):
        first, last = (number - 1) * period + 1, min(number * period, slots)
        average = even * (last - first + 1)
        cumulative += quantity
        ahead.append(cumulative - even * last)
        amounts = (quantity, average, quantity - average, cumulative, ahead[-1])
        rows.append((*key, number, first, last, *map(float, amounts)))
    peak = max(used)
    whole = even * min(period, slots)
    over = float(peak / whole) if whole else 0.0
    parts.append((*key, float(total), float(whole), float(peak), used.index(peak) + 1, over,
                  float(max(Fraction(0), *ahead)), float(max(Fraction(0), *(-one for one in ahead)))))  # fmt: skip
