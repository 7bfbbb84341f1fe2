"""The judge of delivery plans: every rule and every term, recomputed in exact arithmetic.

Numbers count as the decimals they are written as; limits are kept to the last digit. Irrational
safety stocks have a relative error below 1e-40. Linear in the parts.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.problems.base import Evaluation, Violation, evaluation, exact, unpriced
from jitopt.problems.delivery import formulas
from jitopt.problems.delivery.instance import Delivery, DeliveryPlan
from jitopt.problems.figures import amount, counted

if TYPE_CHECKING:
    from jitopt.problems.delivery.instance import Frequency, Line, Stop

__all__ = ["Row", "evaluate", "read", "table"]

ZERO = Fraction(0)


class Row(NamedTuple):
    """What a plan means for a part: cycle A-B-C, cards N, mean stock [units], units per delivery."""

    line: Line
    days: int
    deliveries: int
    later: int
    cards: int
    stock: Fraction
    quantity: Fraction

    @property
    def cycle(self) -> str:
        """The cycle in Monden's notation."""
        return f"{self.days}-{self.deliveries}-{self.later}"


def evaluate(instance: Delivery, plan: object) -> Evaluation:
    """Judge `plan`: recompute objective and terms, and name every broken rule.

    A plan that misses a supplier or part, or names one there is not, cannot be priced: its
    objective is None.
    """
    if not isinstance(plan, DeliveryPlan):
        plan = DeliveryPlan.model_validate(plan)
    if instance.cyclic:
        return _cyclic(instance, plan)
    chosen, violations = read(instance, plan)
    if violations:
        return unpriced(violations)
    rows = table(instance, chosen)
    violations = _menu(instance, chosen) + _trucks(instance, chosen)
    violations += _docks(instance, chosen) + _storage(instance, rows)
    violations += _limits(instance, chosen) + _changes(instance, chosen)
    return evaluation(_terms(instance, chosen, rows), violations, _evidence(instance, rows))


def read(instance: Delivery, plan: DeliveryPlan) -> tuple[dict[str, Frequency], list[Violation]]:
    """Return the frequency of each supplier with demand, or what is wrong with the plan's shape."""
    needed = {supplier for stop in instance.stops for supplier in stop.suppliers}
    chosen: dict[str, Frequency] = {}
    for row in plan.deliveries:
        if row.supplier is None or row.frequency is None or row.supplier not in needed:
            text = f"{row.supplier!r} is not a supplier of parts with demand"
            return {}, [Violation("shape", (str(row.supplier),), text, 1.0)]
        if row.frequency not in instance.menu:
            text = f"{row.frequency!r} is not a frequency of the menu"
            return {}, [Violation("shape", (row.supplier,), text, 1.0)]
        if row.supplier in chosen:
            return {}, [Violation("shape", (row.supplier,), f"{row.supplier} has two frequencies", 1.0)]
        chosen[row.supplier] = instance.menu[row.frequency]
    wrong = [
        Violation("supplier", (supplier,), f"{supplier} has no frequency", 1.0)
        for stop in instance.stops
        for supplier in stop.suppliers
        if supplier not in chosen
    ]
    for stop in instance.stops:
        if len({chosen.get(supplier) for supplier in stop.suppliers}) > 1:
            text = f"the suppliers of the milk run {stop.name} have different frequencies"
            wrong.append(Violation("cluster", (stop.name,), text, 1.0))
    return chosen, wrong


def table(instance: Delivery, chosen: dict[str, Frequency]) -> list[Row]:
    """Return cycle, cards, stock and quantity of each part with demand."""
    found = []
    for line in instance.lines:
        _, days, deliveries = chosen[line.supplier]
        later = formulas.cycle(line.lead_time, days, deliveries)
        covered = formulas.cover(days, deliveries, later)
        uneven = formulas.spread(line.demand_sd, line.service, covered)
        cards = formulas.cards(line.demand, line.pack, covered, line.safety, uneven)
        stock = formulas.mean_stock(line.demand, days, deliveries, line.safety, uneven)
        found.append(Row(line, days, deliveries, later, cards, stock, line.demand * Fraction(days, deliveries)))
    return found


# --- the rules -----------------------------------------------------------------------------


def _menu(instance: Delivery, chosen: dict[str, Frequency]) -> list[Violation]:
    return [
        Violation("menu", (supplier,), f"{supplier} may not deliver at {frequency.name!r}", 1.0)
        for supplier, frequency in chosen.items()
        if supplier in instance.choices and frequency.name not in instance.choices[supplier]
    ]


def _trucks(instance: Delivery, chosen: dict[str, Frequency]) -> list[Violation]:
    found = []
    for stop in instance.stops:
        frequency = chosen[stop.suppliers[0]]
        for name, unit, limit in (("weight", "kg", stop.weight), ("cube", "m3", stop.cube)):
            if limit is None:
                continue
            load = sum((line.demand * getattr(line, name) for line in stop.lines), ZERO) / frequency.per_day
            if load > limit:
                text = f"a delivery of {stop.name} carries {amount(load)} {unit}, its truck takes {amount(limit)}"
                found.append(Violation(f"truck_{name}", (stop.name,), text, float(load - limit)))
    return found


def _docks(instance: Delivery, chosen: dict[str, Frequency]) -> list[Violation]:
    loads: dict[str, Fraction] = defaultdict(Fraction)
    for stop in instance.stops:
        for dock in stop.docks:
            loads[dock] += chosen[stop.suppliers[0]].per_day
    return [
        Violation(
            "dock",
            (dock,),
            f"deliveries a day at {dock}: {amount(loads[dock])}, it takes {amount(limit)}",
            float(loads[dock] - limit),
        )
        for dock, limit in instance.slots.items()
        if loads.get(dock, ZERO) > limit
    ]


def _storage(instance: Delivery, rows: list[Row]) -> list[Violation]:
    taken: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.line.storage is not None:
            taken[row.line.storage] += row.cards
    return [
        Violation(
            "storage",
            (place,),
            f"{counted(taken[place], 'container')} for {place}, it has room for {amount(limit)}",
            float(taken[place] - limit),
        )
        for place, limit in instance.positions.items()
        if taken.get(place, 0) > limit
    ]


def _limits(instance: Delivery, chosen: dict[str, Frequency]) -> list[Violation]:
    loads: dict[str, Fraction] = defaultdict(Fraction)
    for supplier, frequency in chosen.items():
        for limit, part in instance.uses_of(supplier, frequency.name):
            loads[limit] += part
    return [
        Violation(
            "limit",
            (limit,),
            f"the suppliers take {amount(loads[limit])} of {limit}, {amount(free)} is left to them",
            float(loads[limit] - free),
        )
        for limit, free in instance.free.items()
        if loads[limit] > free
    ]


def _changes(instance: Delivery, chosen: dict[str, Frequency]) -> list[Violation]:
    if instance.current is None or instance.current.at_most is None:
        return []
    changed, most = _changed(instance, chosen), instance.current.at_most
    if changed <= most:
        return []
    text = f"the frequency of {counted(changed, 'supplier')} changes, the most is {most}"
    return [Violation("change", (), text, changed - most)]


def _changed(instance: Delivery, chosen: dict[str, Frequency]) -> int:
    return sum(supplier in chosen and chosen[supplier].name != name for supplier, name in instance.present.items())


# --- the terms -----------------------------------------------------------------------------


def _terms(instance: Delivery, chosen: dict[str, Frequency], rows: list[Row]) -> dict[str, Fraction]:
    """Return the terms that this instance can have; they sum up to the objective."""
    stops = ((stop, chosen[stop.suppliers[0]]) for stop in instance.stops)
    terms = {
        "delivery": sum((stop.cost * frequency.per_day for stop, frequency in stops), ZERO),
        "holding": sum((row.line.holding_cost * row.stock for row in rows), ZERO),
    }
    if any(row.line.line_cost for row in rows):
        terms["lines"] = sum((row.line.line_cost * Fraction(row.deliveries, row.days) for row in rows), ZERO)
    if any(row.line.card_cost for row in rows):
        terms["cards"] = sum((row.line.card_cost * row.cards for row in rows), ZERO)
    if instance.current and instance.current.price:
        terms["change"] = exact(instance.current.price) * _changed(instance, chosen)
    return terms


def _evidence(instance: Delivery, rows: list[Row]) -> dict[str, Any]:
    """Tell the cycle and the fill of the truck of each stop, the cards and the delivery of each part."""
    by_supplier = {row.line.supplier: row for row in rows}
    found: dict[str, Any] = {
        "arithmetic": "exact",
        "cycles": {supplier: row.cycle for supplier, row in by_supplier.items()},
        "cards": {row.line.part: row.cards for row in rows},
        "quantity_per_delivery": {row.line.part: float(row.quantity) for row in rows},
        "truck_fill": {stop.name: fill for stop in instance.stops if (fill := _fill(stop, by_supplier)) is not None},
    }
    if any(line.demand_sd and line.service is not None for line in instance.lines):
        found["evaluator"] = "analytic"
    return found


def _fill(stop: Stop, rows: dict[str, Row]) -> float | None:
    """Return the larger share of the truck's weight and cube that a delivery takes, None without a limit."""
    row = rows[stop.suppliers[0]]
    shares = []
    for name, limit in (("weight", stop.weight), ("cube", stop.cube)):
        if limit:
            load = sum((line.demand * getattr(line, name) for line in stop.lines), ZERO)
            shares.append(float(load * row.days / row.deliveries / limit))
    return max(shares, default=None)


# --- the strict cyclic form ------------------------------------------------------------------


def _cyclic(instance: Delivery, plan: DeliveryPlan) -> Evaluation:
    """Judge a base period and multiples: (S + sum s_i/m_i)/T + T/2 sum m_i h_i D_i."""
    parts = instance.parts
    rows = {part: row for row, part in enumerate(parts.part)}
    wrong = _cyclic_shape(plan, rows)
    if wrong:
        return unpriced(wrong)
    every = {row.part: row.every or 1 for row in plan.deliveries}
    fixed = parts.every or (None,) * parts.rows()
    violations = [
        Violation("every", (part,), f"{part} comes every {every[part]} periods, not {asked}", abs(every[part] - asked))
        for part, asked in zip(parts.part, fixed, strict=True)
        if asked is not None and every[part] != asked
    ]  # fmt: skip
    period = exact(plan.base_period or 1.0)
    ordering, holding = exact(instance.major_cost), ZERO
    for row, (part, minor) in enumerate(zip(parts.part, parts.minor_cost or (), strict=True)):
        ordering += exact(minor) / every[part]
        holding += every[part] * exact(parts.holding_cost[row]) * exact(parts.demand[row])
    terms = {"ordering": ordering / period, "holding": holding * period / 2}
    return evaluation(terms, violations, {"arithmetic": "exact"})


def _cyclic_shape(plan: DeliveryPlan, rows: dict[str, int]) -> list[Violation]:
    if plan.base_period is None:
        return [Violation("shape", (), 'the plan has no "base_period"', 1.0)]
    seen: set[str] = set()
    for row in plan.deliveries:
        if row.part is None or row.every is None or row.part not in rows:
            return [Violation("shape", (str(row.part),), f"{row.part!r} is not a part with a multiple", 1.0)]
        if row.part in seen:
            return [Violation("shape", (row.part,), f"{row.part} has two multiples", 1.0)]
        seen.add(row.part)
    return [Violation("part", (part,), f"{part} is never replenished", 1.0) for part in rows if part not in seen]
