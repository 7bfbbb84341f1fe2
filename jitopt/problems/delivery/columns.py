"""What every stop costs and takes at every frequency of the menu: the columns of the choice.

Once these are known, the decision is linear: one column for each stop, within the docks, the
storages, other limits and the cap on changes. Cards jump with the frequency, so no formula in the frequency
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
    by rule (deliveries per day, containers, changes, units of a limit). short: by how much it breaks a rule of its
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
    return [_stop(instance, stop) for stop in instance.stops]


def shared(instance: Delivery) -> list[Shared]:
    """Return the limits that the stops share."""
    grain = Fraction(1, lcm(*(frequency.days for frequency in instance.menu.values())))
    found = [Shared(("dock", (dock,)), limit, grain) for dock, limit in instance.slots.items()]
    found += [Shared(("storage", (place,)), limit, Fraction(1)) for place, limit in instance.positions.items()]
    found += [Shared(("limit", (name,)), free, _grain(instance, name)) for name, free in instance.free.items()]
    if instance.current and instance.current.at_most is not None:
        found.append(Shared(("change", ()), Fraction(instance.current.at_most), Fraction(1)))
    return found


def _grain(instance: Delivery, name: str) -> Fraction:
    """Return a unit of which every amount that is taken of a limit is a whole multiple."""
    amounts = (amount for rows in instance.takes.values() for limit, amount in rows if limit == name)
    return Fraction(1, lcm(*(amount.denominator for amount in amounts)))


class _Sums(NamedTuple):
    """What a stop costs and carries per day, whatever its frequency.

    stock: sum of h D. safety: sum of h D s. lines: sum of l. weight, cube: sums of D weight, D cube.
    counted: the parts whose cards cost or take something. uneven: those with a statistical safety stock.
    """

    stock: Fraction
    safety: Fraction
    lines: Fraction
    weight: Fraction
    cube: Fraction
    counted: list[Line]
    uneven: list[Line]


def _sums(stop: Stop) -> _Sums:
    lines = stop.lines
    return _Sums(
        stock=sum((line.holding_cost * line.demand for line in lines), ZERO),
        safety=sum((line.holding_cost * line.demand * line.safety for line in lines if line.safety), ZERO),
        lines=sum((line.line_cost for line in lines), ZERO),
        weight=sum((line.demand * line.weight for line in lines if line.weight), ZERO),
        cube=sum((line.demand * line.cube for line in lines if line.cube), ZERO),
        counted=[line for line in lines if line.storage is not None or line.card_cost],
        uneven=[line for line in lines if line.demand_sd and line.service is not None],
    )


def _stop(instance: Delivery, stop: Stop) -> list[Column]:
    sums = _sums(stop)
    return [_column(instance, stop, sums, frequency) for frequency in instance.menu.values()]


def _column(instance: Delivery, stop: Stop, sums: _Sums, frequency: Frequency) -> Column:
    _, days, deliveries = frequency
    rate = frequency.per_day
    cost = (stop.cost + sums.lines) * rate + sums.stock * Fraction(days, 2 * deliveries) + sums.safety
    takes: dict[RuleKey, Fraction] = {("dock", (dock,)): rate for dock in stop.docks}
    covered: dict[str, Fraction] = {}
    for line in stop.lines:
        if line.supplier not in covered:
            later = formulas.cycle(line.lead_time, days, deliveries)
            covered[line.supplier] = formulas.cover(days, deliveries, later)
    uneven = {line.part: formulas.spread(line.demand_sd, line.service, covered[line.supplier]) for line in sums.uneven}
    cost += sum((line.holding_cost * uneven[line.part] for line in sums.uneven), ZERO)
    for line in sums.counted:
        need = covered[line.supplier], line.safety, uneven.get(line.part, ZERO)
        cards = formulas.cards(line.demand, line.pack, *need)
        cost += line.card_cost * cards
        if line.storage is not None:
            key = ("storage", (line.storage,))
            takes[key] = takes.get(key, ZERO) + cards
    for supplier in stop.suppliers:
        for limit, amount in instance.uses_of(supplier, frequency.name):
            key = ("limit", (limit,))
            takes[key] = takes.get(key, ZERO) + amount
    changed = sum(instance.present.get(supplier, frequency.name) != frequency.name for supplier in stop.suppliers)
    if changed and instance.current:
        takes["change", ()] = Fraction(changed)
        cost += exact(instance.current.price) * changed
    return Column(frequency.name, cost, takes, _short(instance, stop, sums, frequency))


def _short(instance: Delivery, stop: Stop, sums: _Sums, frequency: Frequency) -> dict[RuleKey, Fraction]:
    found: dict[RuleKey, Fraction] = {
        ("menu", (supplier,)): Fraction(1)
        for supplier in stop.suppliers
        if supplier in instance.choices and frequency.name not in instance.choices[supplier]
    }
    loads = (("weight", stop.weight, sums.weight), ("cube", stop.cube, sums.cube))
    for name, limit, per_day in loads:
        if limit is not None:
            load = per_day / frequency.per_day
            if load > limit:
                found[f"truck_{name}", (stop.name,)] = load - limit
    return found
