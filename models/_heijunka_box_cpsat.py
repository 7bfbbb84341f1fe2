"""The heijunka box in CP-SAT: packs, due dates, minutes, and the terms volume and epei.

As in `_heijunka_cpsat` every function adds one rule or term to the model `m`. Minutes are whole numbers of
the finest step in which all of them are whole.

Part of `heijunka_order_cpsat`.
Holds: the variables n_is, r_is, L_s, G_ik and the constraints of packs, due dates, minutes and gaps.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact
from jitopt.problems.heijunka.box import least_gap

from ._cpsat import whole
from ._heijunka import Cell, Levels, refuse_beyond
from ._heijunka_costs_cpsat import NEAR, convex, peak
from ._heijunka_cpsat import begun, levels_of

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka, Objective

    from ._cpsat import Total
    from ._heijunka_plan import Trace

__all__ = ["box_rules", "epei", "volume"]


def box_rules(m: Any, instance: Heijunka) -> None:
    """Add packs, due dates and minutes of a box."""
    m.loads, m.gaps = {}, {}
    if instance.box is None:
        return
    _packs(m, instance)
    _due(m, instance)
    _minutes(m, instance)


def _packs(m: Any, instance: Heijunka) -> None:
    """Build whole packs; in an elastic model some units may stand beside them."""
    full, beside, data = {}, {}, instance.box_data
    for i, pack in enumerate(data.packs):
        if pack == 1 or not m.reach.largest(i):
            continue
        key = ("pack", (instance.products.product[i],))
        for s in m.slots:
            full[i, s] = m.new_int_var(0, m.reach.largest(i) // pack, "")
            units = pack * full[i, s]
            if key in m.relax:
                beside[i, s] = m.new_int_var(0, pack - 1, "")
                m.add(beside[i, s] <= m.relax.slack(key, pack - 1))
                units += beside[i, s]
            m.add(m.x[i, s] == units)
    m.derived.append((full, lambda trace, i, s: trace.units(i, s) // data.packs[i]))
    m.derived.append((beside, lambda trace, i, s: trace.units(i, s) % data.packs[i]))


def _due(m: Any, instance: Heijunka) -> None:
    """Build by the end of each day what is due."""
    for due in instance.box_data.dues:
        key = ("due", (instance.products.product[due.row],))
        short = m.relax.slack(key, instance.products.demand[due.row])
        m.add(sum(m.x[due.row, s] for s in range(1, due.slot + 1)) + short >= due.least)


def _minutes(m: Any, instance: Heijunka) -> None:
    """Fit work and changeovers into the minutes of each bucket."""
    data = instance.box_data
    if data.available is None:
        return
    available, work, setups, steps = data.whole_minutes()
    built = [i for i in m.products if m.reach.largest(i)]
    most = whole(sum(work[i] * instance.products.demand[i] + setups[i] for i in built))
    over = m.relax.slack(("minutes", ()), most - available, steps)
    for s in m.slots:
        taken = sum(work[i] * m.x[i, s] for i in built)
        # The first bucket needs changeovers only where it is known what was in the bucket before.
        changed = [i for i in built if setups[i] and (s > 1 or data.changes_first(i))]
        m.add(taken + sum(setups[i] * begun(m, i, s) for i in changed) <= whole(available) + over)


# --- the terms -----------------------------------------------------------------------------


def volume(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the deviations of the buckets' units from the average D/S."""
    slots, users = instance.slots, tuple((i, 1) for i in m.products)
    power = 2 if term.measure.endswith("squared") else 1
    most = min(m.reach.capacity, instance.units)
    size, weight = Fraction(1, slots**power), exact(term.weight)
    if not m.loads:
        for s in m.slots:
            m.loads[s] = m.new_int_var(0, most, "")
            m.add(m.loads[s] == sum(m.x[i, s] for i in m.products))
        m.derived.append((m.loads, lambda trace, s: load(trace, s)))

    def load(trace: Trace, s: int) -> int:
        return trace.until(users, s) - trace.until(users, s - 1)

    # Absolute values are linear from the points on either side of the average on.
    absolute, near = term.measure == "sum_absolute", instance.units // slots
    first = min(max(near - 1, 0), max(most - 1, 0)) if absolute else 0
    last = max(min(near + 2, most), min(1, most)) if absolute else most
    cells = [Cell(0, s, 0, most, first, last, instance.units, slots, power) for s in m.slots]
    if not term.measure.startswith("max"):
        refuse_beyond(sum(min(NEAR, cell.last - cell.first) for cell in cells))
        for cell in cells:
            # One by one: the volume of a bucket says nothing on that of the next.
            convex(m, total, weight * size, [cell], {cell.slot: m.loads[cell.slot]}, load)
        return
    levels = Levels([(cell, size) for cell in cells])
    peak(m, total, weight, levels, list(m.loads.values()), lambda trace: levels.reached(lambda c: load(trace, c.slot)))


def epei(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the longest stretches of buckets without a product."""
    power = 2 if term.measure.endswith("squared") else 1
    weight, last = exact(term.weight), instance.slots - 1
    least = _gaps(m, instance)
    cells = {i: Cell(i, 0, low, last, low, last, 0, 1, power) for i, low in least.items()}
    if not term.measure.startswith("max"):
        for i, cell in cells.items():
            total.add_constant(weight * instance.weights[i] * cell.cost(cell.low))
            for k in range(cell.low + 1, last + 1):
                total.add(weight * instance.weights[i] * cell.slope(k - 1), m.gaps[i, k], 1)
        return
    if not cells:
        return
    levels = Levels([(cell, instance.weights[i]) for i, cell in cells.items()])

    def reached(trace: Trace) -> Fraction:
        return levels.reached(lambda cell: trace.gap(cell.flow))

    b = levels_of(m, total, weight, levels, reached)
    level = {value: v for v, value in enumerate(levels.values)}
    for i, cell in cells.items():
        for k in range(cell.low + 1, last + 1):
            value = instance.weights[i] * cell.cost(k)
            if value in level:
                m.add_implication(m.gaps[i, k], b[level[value]])


def _gaps(m: Any, instance: Heijunka) -> dict[int, int]:
    """Add G_ik = [the longest stretch without i has k buckets], k above the least; return the least of each product."""
    slots, demand, packs = instance.slots, instance.products.demand, instance.box_data.packs
    least = {i: least_gap(slots, demand[i], packs[i]) for i in m.products if demand[i] and instance.weights[i]}
    if m.gaps:
        return least
    refuse_beyond(sum((slots - k + 1) * k for low in least.values() for k in range(low + 1, slots)) // 4)
    for i, low in least.items():
        for k in range(low + 1, slots):
            m.gaps[i, k] = m.new_bool_var("")
            if k > low + 1:
                m.add_implication(m.gaps[i, k], m.gaps[i, k - 1])
            for first in range(1, slots - k + 2):
                m.add_bool_or([m.gaps[i, k], *(m.z[i, s] for s in range(first, first + k))])
    m.derived.append((m.gaps, lambda trace, i, k: trace.gap(i) >= k))
    return least
