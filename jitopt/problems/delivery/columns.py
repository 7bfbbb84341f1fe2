"""What every stop costs and takes at every frequency of the menu: the columns of the choice.

Once these are known, the decision is linear: one column for each stop, within the docks, the
storages and the cap on changes. Cards jump with the frequency, so no formula in the frequency
alone would do. The judge does not use these columns; it evaluates a plan by itself.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from jitopt.problems.base import exact
from jitopt.problems.delivery import formulas

if TYPE_CHECKING:
    from jitopt.problems.delivery.instance import Delivery, Frequency, Line, Stop

__all__ = ["Column", "RuleKey", "Shared", "columns", "shared"]

RuleKey = tuple[str, tuple[str, ...]]
ZERO = Fraction(0)


class Column(NamedTuple):
    """A stop at a frequency.

    cost: all it adds to the objective [money per day]. takes: what it takes of the shared limits,
    by rule (deliveries per day, containers, changes). short: by how much it breaks a rule of its
    own (truck, menu), by rule.
    """

    frequency: str
    cost: Fraction
    takes: dict[RuleKey, Fraction]
    short: dict[RuleKey, Fraction]


class Shared(NamedTuple):
    """A limit that the stops share; what they take are whole multiples of `grain`."""

    key: RuleKey
    limit: Fraction
    grain: Fraction


def columns(instance: Delivery) -> list[list[Column]]:
    """Return the columns of every stop, in the order of `instance.stops` and of the menu."""
    return [[_column(instance, stop, frequency) for frequency in instance.menu.values()] for stop in instance.stops]


def shared(instance: Delivery) -> list[Shared]:
    """Return the limits that the stops share."""
    grain = Fraction(1, lcm(*(frequency.days for frequency in instance.menu.values())))
    found = [Shared(("dock", (dock,)), limit, grain) for dock, limit in instance.slots.items()]
    found += [Shared(("storage", (place,)), limit, Fraction(1)) for place, limit in instance.positions.items()]
    if instance.current and instance.current.at_most is not None:
        found.append(Shared(("change", ()), Fraction(instance.current.at_most), Fraction(1)))
    return found


def _column(instance: Delivery, stop: Stop, frequency: Frequency) -> Column:
    rate = frequency.per_day
    cost = stop.cost * rate
    takes: dict[RuleKey, Fraction] = {("dock", (dock,)): rate for dock in stop.docks}
    for line in stop.lines:
        money, cards = _line(line, frequency, rate)
        cost += money
        if line.storage is not None:
            key = ("storage", (line.storage,))
            takes[key] = takes.get(key, ZERO) + cards
    changed = sum(instance.present.get(supplier, frequency.name) != frequency.name for supplier in stop.suppliers)
    if changed and instance.current:
        takes["change", ()] = Fraction(changed)
        cost += exact(instance.current.price) * changed
    return Column(frequency.name, cost, takes, _short(instance, stop, frequency))


def _line(line: Line, frequency: Frequency, rate: Fraction) -> tuple[Fraction, int]:
    """Return the cost of a part at a frequency [money per day], and its cards."""
    _, days, deliveries = frequency
    later = formulas.cycle(line.lead_time, days, deliveries)
    covered = formulas.cover(days, deliveries, later)
    uneven = formulas.spread(line.demand_sd, line.service, covered)
    cards = formulas.cards(line.demand, line.pack, covered, line.safety, uneven)
    cost = line.holding_cost * formulas.mean_stock(line.demand, days, deliveries, line.safety, uneven)
    if line.line_cost:
        cost += line.line_cost * rate
    if line.card_cost:
        cost += line.card_cost * cards
    return cost, cards


def _short(instance: Delivery, stop: Stop, frequency: Frequency) -> dict[RuleKey, Fraction]:
    found: dict[RuleKey, Fraction] = {
        ("menu", (supplier,)): Fraction(1)
        for supplier in stop.suppliers
        if supplier in instance.choices and frequency.name not in instance.choices[supplier]
    }
    for name, limit in (("weight", stop.weight), ("cube", stop.cube)):
        if limit is not None:
            load = sum((line.demand * getattr(line, name) for line in stop.lines), ZERO) / frequency.per_day
            if load > limit:
                found[f"truck_{name}", (stop.name,)] = load - limit
    return found
