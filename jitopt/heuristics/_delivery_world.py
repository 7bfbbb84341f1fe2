"""A delivery menu as flat tables, for the kernels of `delivery_menu`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.problems.delivery import DeliveryPlan
from jitopt.problems.delivery.columns import columns, shared

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery
    from jitopt.problems.delivery.columns import Column, Shared

__all__ = ["World", "flatten"]

LARGEST = 2**50
"""Largest sum of whole amounts."""

ZERO = Fraction(0)


@dataclass(frozen=True)
class World:
    """The tables; see the kernels. names: frequency of each column. suppliers: of each stop.

    Limits that cannot bind are left out.
    """

    first: Any
    entry: Any
    row: Any
    amount: Any
    size: Any
    cost: Any
    limit: Any
    names: list[str]
    suppliers: list[tuple[str, ...]]

    @property
    def tables(self) -> tuple[Any, ...]:
        """The tables that every kernel takes first."""
        return (self.first, self.entry, self.row, self.amount, self.size, self.cost)

    def plain(self) -> World:
        """Return the same tables as lists, on which plain Python is much quicker."""
        lists = {name: getattr(self, name).tolist() for name in FIELDS}
        return World(**lists, names=self.names, suppliers=self.suppliers)

    def plan(self, pick: Any) -> DeliveryPlan:
        """Return the plan of the picked columns."""
        rows = [
            {"supplier": supplier, "frequency": self.names[int(column)]}
            for members, column in zip(self.suppliers, pick, strict=True)
            for supplier in members
        ]
        return DeliveryPlan.model_validate({"deliveries": rows})


FIELDS = ("first", "entry", "row", "amount", "size", "cost", "limit")


def flatten(instance: Delivery) -> World | None:
    """Return the tables, None when a stop has no frequency that its truck and menu allow.

    Raises
    ------
    NotApplicableError
        If a limit would need whole numbers above `LARGEST` (cycles of very many different days).
    """
    kept = [[column for column in row if not column.short] for row in columns(instance)]
    if not all(kept):
        return None
    every = [column for row in kept for column in row]
    binding = [limit for limit in shared(instance) if _most(kept, limit) > limit.limit]
    entry, row, amount = [0], [], []
    for column in every:
        for r, limit in enumerate(binding):
            if column.takes.get(limit.key):
                row.append(r)
                amount.append(int(column.takes[limit.key] / limit.grain))
        entry.append(len(row))
    for limit in binding:
        if _most(kept, limit) / limit.grain > LARGEST:
            raise NotApplicableError(
                "the days of the frequencies, or the amounts of a limit, have no common unit of usable size"
            )
    caps = [floor(limit.limit / limit.grain) for limit in binding]
    return World(
        first=np.cumsum([0, *(len(row) for row in kept)]),
        entry=np.array(entry, dtype=np.int64),
        row=np.array(row, dtype=np.int64),
        amount=np.array(amount, dtype=np.int64),
        size=np.array([float(max(1, cap)) for cap in caps]),
        cost=np.array([float(column.cost) for column in every]),
        limit=np.array(caps, dtype=np.int64),
        names=[column.frequency for column in every],
        suppliers=[stop.suppliers for stop in instance.stops],
    )


def _most(kept: list[list[Column]], limit: Shared) -> Fraction:
    """Return what the stops take of a limit, each at its worst."""
    worst = (max((column.takes.get(limit.key, ZERO) for column in row), default=ZERO) for row in kept)
    return sum(worst, ZERO)
