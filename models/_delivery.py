"""What the delivery formulations share: the columns that may be chosen, and the rows they fill.

Part of `delivery_menu_pyomo` and `delivery_menu_cpsat`.
Holds: the sets of stops, columns and limits with the data c_uk, a_ruk and b_r, and the way from x_uk to a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import NotApplicableError
from jitopt.problems.delivery import DeliveryPlan
from jitopt.problems.delivery.columns import columns, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from jitopt.problems.delivery.columns import Column, RuleKey, Shared
    from jitopt.problems.delivery.instance import Delivery

__all__ = ["Data", "Row", "chosen", "plan_of", "prepare"]


@dataclass(frozen=True)
class Row:
    """A shared limit in whole units: sum of `units` over the chosen columns <= limit / grain.

    loads: units by (stop, column). key: the rule. priced: price per unit short, None where the
    rule must be kept.
    """

    shared: Shared
    loads: dict[tuple[int, int], int]
    priced: Fraction | None

    @property
    def most(self) -> int:
        """The largest sum of units, every stop at its worst."""
        worst: dict[int, int] = {}
        for (stop, _), units in self.loads.items():
            worst[stop] = max(worst.get(stop, 0), units)
        return sum(worst.values())

    @property
    def limit(self) -> Fraction:
        """The limit in whole units, not rounded."""
        return self.shared.limit / self.shared.grain


@dataclass(frozen=True)
class Data:
    """The choice: columns of each stop that may be chosen, their costs, and the shared rows.

    cost: of each column; in an elastic model what its own broken rules cost.
    """

    instance: Delivery
    columns: list[list[Column]]
    cost: dict[tuple[int, int], Fraction]
    rows: list[Row]
    elastic: bool
    names: list[dict[str, int]] = field(default_factory=list)


def prepare(instance: Delivery, elastic: Mapping[RuleKey, float] | None) -> Data:
    """Return columns and rows; a column that breaks a rule of its own is left out unless the rule has a price.

    Raises
    ------
    NotApplicableError
        For the strict cyclic form, which has no menu.
    """
    if instance.cyclic:
        raise NotApplicableError("the strict cyclic form has no menu of frequencies: use delivery_cycle")
    prices = {key: Fraction(repr(float(f"{price:.6g}"))) for key, price in (elastic or {}).items()}
    kept = [[c for c in row if all(key in prices for key in c.short)] for row in columns(instance)]
    cost = {}
    for u, row in enumerate(kept):
        for c, found in enumerate(row):
            broken = sum((prices[key] * amount for key, amount in found.short.items()), Fraction(0))
            cost[u, c] = broken if elastic is not None else found.cost
    rows = []
    for limit in shared(instance):
        loads = {
            (u, c): int(found.takes[limit.key] / limit.grain)
            for u, row in enumerate(kept)
            for c, found in enumerate(row)
            if found.takes.get(limit.key)
        }
        found_row = Row(limit, loads, prices.get(limit.key))
        if found_row.most > found_row.limit:
            rows.append(found_row)
    names = [{found.frequency: c for c, found in enumerate(row)} for row in kept]
    return Data(instance, kept, cost, rows, elastic is not None, names)


def plan_of(data: Data, value: Callable[[int, int], Any]) -> DeliveryPlan:
    """Return the plan: of each stop the column with the largest value."""
    rows = []
    for u, stop in enumerate(data.instance.stops):
        best = max(range(len(data.columns[u])), key=lambda c, u=u: value(u, c))  # type: ignore[misc]
        name = data.columns[u][best].frequency
        rows += [{"supplier": supplier, "frequency": name} for supplier in stop.suppliers]
    return DeliveryPlan.model_validate({"deliveries": rows})


def chosen(data: Data, plan: DeliveryPlan) -> set[tuple[int, int]]:
    """Return the columns of a plan."""
    frequency = {row.supplier: row.frequency for row in plan.deliveries}
    picks = ((u, frequency[stop.suppliers[0]]) for u, stop in enumerate(data.instance.stops))
    return {(u, data.names[u][name]) for u, name in picks if name in data.names[u]}
