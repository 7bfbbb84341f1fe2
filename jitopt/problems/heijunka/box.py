"""What a heijunka box has beyond buckets and capacity: days, due dates, minutes, changeovers, packs.

A box of S buckets lasts `days` days of S/days buckets each. By the end of day t opening stock and
production cover what is due until then: stock_i + X_is >= sum of the demands of the days 1..t, s the
last bucket of day t. A bucket has so many working minutes: those of its units, and the changeover of
every product that is in it and was not in the bucket before.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["BoxData", "Due", "box_data", "least_gap", "summed_demand"]


@dataclass(frozen=True)
class Due:
    """At least `least` units of product `row` by the end of `day`, whose last bucket is `slot`."""

    row: int
    day: int
    slot: int
    least: int


@dataclass(frozen=True)
class BoxData:
    """The box ready to use.

    days: of the box. per_day: buckets of a day. dues: what must be built by when; days on which nothing
    more is due, and the last one, by which everything is built, are left out. packs: pack-out multiple of
    each product [units]. available: minutes of a bucket, None without limit. minutes: of a unit of each
    product. setups: minutes of each product's changeover. behind: rows of the products that were in the bucket
    before bucket 1; None: unknown, bucket 1 needs no changeover. unknown: what only methods for such boxes
    know, in words; None without any.
    """

    days: int
    per_day: int
    dues: tuple[Due, ...]
    packs: tuple[int, ...]
    available: Fraction | None
    minutes: tuple[Fraction, ...]
    setups: tuple[Fraction, ...]
    behind: frozenset[int] | None
    unknown: str | None

    def day_of(self, slot: int) -> int:
        """Return the day of a bucket, both from 1."""
        return (slot - 1) // self.per_day + 1

    def changes_first(self, row: int) -> bool:
        """Tell whether product `row` in bucket 1 is a changeover."""
        return self.behind is not None and row not in self.behind

    def whole_minutes(self) -> tuple[int, tuple[int, ...], tuple[int, ...], int]:
        """Return available, minutes and setups as whole multiples of a step, and how many steps a minute has.

        The step is the coarsest in which all of them are whole; a minute has a whole number of the finest
        decimal's steps, so that the last value is a whole number too.
        """
        every = [self.available or Fraction(0), *self.minutes, *self.setups]
        steps = lcm(*(value.denominator for value in every))
        whole = [int(value * steps) for value in every]
        shared = gcd(steps, *whole) or 1
        whole = [value // shared for value in whole]
        count = len(self.minutes)
        return whole[0], tuple(whole[1 : count + 1]), tuple(whole[count + 1 :]), steps // shared


def box_data(instance: Heijunka) -> BoxData:
    """Return what the box of an instance has; of a sequence one slot a unit, and nothing else."""
    products, box = instance.products, instance.box
    count = len(products.product)
    days = (box.days if box else None) or 1
    available = exact(box.minutes) if box and box.minutes is not None else None
    return BoxData(
        days=days,
        per_day=max(1, instance.slots // days),
        dues=tuple(_dues(instance, days)),
        packs=tuple(pack or 1 for pack in products.pack) if products.pack else (1,) * count,
        available=available,
        minutes=tuple(map(exact, products.minutes)) if products.minutes else (Fraction(0),) * count,
        setups=tuple(map(exact, products.setup)) if products.setup else (Fraction(0),) * count,
        behind=frozenset(instance.previous_rows) if box and instance.previous is not None else None,
        unknown=_unknown(instance) if box else None,
    )


def summed_demand(instance: Heijunka) -> tuple[int, ...]:
    """Return the demand of each product, summed up over the days of the table `demands`."""
    sums = dict.fromkeys(instance.products.product, 0)
    if instance.demands is not None:
        for product, quantity in zip(instance.demands.product, instance.demands.quantity, strict=False):
            sums[product] = sums.get(product, 0) + quantity
    return tuple(sums[product] for product in instance.products.product)


def _dues(instance: Heijunka, days: int) -> list[Due]:
    table, found = instance.demands, []
    if table is None:
        return []
    asked: list[dict[int, int]] = [{} for _ in instance.products.product]
    for product, day, quantity in zip(table.product, table.day, table.quantity, strict=True):
        asked[instance.index[product]][day] = quantity
    stocks: Sequence[int] = instance.products.stock or (0,) * len(asked)
    for row, (by_day, stock) in enumerate(zip(asked, stocks, strict=True)):
        due = 0
        for day in sorted(by_day):
            due += by_day[day]
            if by_day[day] and due > stock and day < days:  # By the end of the last day everything is built.
                found.append(Due(row, day, day * (instance.slots // days), due - stock))
    return found


def _unknown(instance: Heijunka) -> str | None:
    """Return the first thing that methods without knowledge of days, minutes and packs would get wrong."""
    box, products = instance.box, instance.products
    if instance.demands is not None:
        return "its demand is due by day"
    if box is not None and box.minutes is not None:
        return "the minutes of a bucket are limited"
    if products.pack and any((pack or 1) > 1 for pack in products.pack):
        return "it is built in packs"
    if instance.previous is not None:
        return "it continues what was built before"
    for term in instance.objective:
        if term.term in ("volume", "epei"):
            return f'the term "{term.term}" is priced'
    return None


def least_gap(slots: int, demand: int, pack: int) -> int:
    """Return the least length of the longest stretch of buckets without a product [buckets].

    At most demand/pack buckets hold it; what is left lies in one stretch more than these, at most.
    """
    full = min(slots, demand // pack)
    return -(-(slots - full) // (full + 1))
