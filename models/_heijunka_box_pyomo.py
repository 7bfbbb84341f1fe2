"""The heijunka box in Pyomo: packs, due dates, minutes, and the terms volume and epei.

As in `_heijunka_pyomo` every function adds one rule or term to the model `m`. Work and changeovers are
held against the minutes of a bucket in whole steps, so that a solver's tolerance is none of the judge's.

Part of `heijunka_cumulative_pyomo`.
Holds: the variables n_is, r_is, G_ik, v_s and the constraints of packs, due dates, minutes and gaps.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from jitopt.problems.heijunka.box import least_gap

from ._heijunka import Cell, Levels, refuse_beyond

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.heijunka.instance import Heijunka, Objective

    from ._heijunka_plan import Trace
    from ._heijunka_pyomo import Terms

__all__ = ["box_rules", "epei", "volume"]


def box_rules(m: Any, instance: Heijunka) -> None:
    """Add packs, due dates and minutes of a box."""
    if instance.box is None:
        return
    _packs(m, instance)
    _due(m, instance)
    _minutes(m, instance)


def _packs(m: Any, instance: Heijunka) -> None:
    """Build whole packs; in an elastic model some units may stand beside them."""
    packs = {i: pack for i, pack in enumerate(instance.box_data.packs) if pack > 1 and m.reach.largest(i)}
    keys = {i: ("pack", (instance.products.product[i],)) for i in packs}
    soft = [i for i in packs if keys[i] in m.relax]
    m.n = pyo.Var(
        list(packs),
        m.S,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, i, s: (0, m.reach.largest(i) // packs[i]),
        doc="n_is: full packs of i in bucket s",
    )
    m.derived.append((m.n, lambda trace, i, s: trace.units(i, s) // packs[i]))
    m.r = pyo.Var(soft, m.S, bounds=lambda _, i, s: (0, packs[i] - 1), doc="r_is: units of i beside full packs")
    m.derived.append((m.r, lambda trace, i, s: trace.units(i, s) % packs[i]))

    @m.Constraint(list(packs), m.S, doc="whole packs")
    def packed(m: Any, i: int, s: int) -> Any:
        return m.x[i, s] == packs[i] * m.n[i, s] + (m.r[i, s] if i in soft else 0)

    @m.Constraint(soft, m.S, doc="units beside full packs are paid")
    def packed_or_paid(m: Any, i: int, s: int) -> Any:
        return m.r[i, s] <= m.relax.slack(keys[i], packs[i] - 1)


def _due(m: Any, instance: Heijunka) -> None:
    """Build by the end of each day what is due."""
    dues = instance.box_data.dues

    @m.Constraint(range(len(dues)), doc="built by the end of the day")
    def due(m: Any, number: int) -> Any:
        i, last, least = dues[number].row, dues[number].slot, dues[number].least
        short = m.relax.slack(("due", (instance.products.product[i],)), instance.products.demand[i])
        return sum(m.x[i, s] for s in range(1, last + 1)) + short >= least


def _minutes(m: Any, instance: Heijunka) -> None:
    """Fit work and changeovers into the minutes of each bucket."""
    data = instance.box_data
    if data.available is None:
        return
    available, work, setups, steps = data.whole_minutes()
    demand = instance.products.demand
    most = sum(data.minutes[i] * demand[i] + data.setups[i] for i in m.I)
    over = m.relax.slack(("minutes", ()), float(max(Fraction(0), most - data.available)), integer=False)

    @m.Constraint(m.S, doc="work and changeovers in a bucket")
    def minutes(m: Any, s: int) -> Any:
        taken = sum(work[i] * m.x[i, s] for i in m.I if work[i])
        # The first bucket needs changeovers only where it is known what was in the bucket before.
        taken += sum(setups[i] * m.u[i, s] for i in m.I if setups[i] and (s > 1 or data.changes_first(i)))
        return pyo.Constraint.Feasible if isinstance(taken, int) else taken <= available + steps * over


# --- the terms -----------------------------------------------------------------------------


def volume(m: Any, instance: Heijunka, row: int, term: Objective, levels: Callable[..., Any]) -> Terms:
    """Return the deviations of the buckets' units from the average D/S, term number `row`."""
    slots, users = instance.slots, tuple((i, 1) for i in m.I)
    power = 2 if term.measure.endswith("squared") else 1
    cell = Cell(0, 0, 0, min(m.reach.capacity, instance.units), 0, 0, instance.units, slots, power)
    size = Fraction(1, slots**power)

    def load(trace: Trace, s: int) -> int:
        return trace.until(users, s) - trace.until(users, s - 1)

    if term.measure.startswith("max"):
        whole = Cell(0, 0, cell.low, cell.high, cell.low, cell.high, cell.origin, slots, power)
        steps = Levels([(whole, size)])
        added, found = levels(
            m, row, steps, lambda trace: size * max(whole.cost(load(trace, s)) for s in range(1, slots + 1))
        )
        ways = {up: steps.way(0, up) for up in (False, True)}

        def within(m: Any, s: int, up: bool) -> Any:
            edge, opened = ways[up]
            units = sum(m.x[i, s] for i in m.I)
            return units <= edge + added(opened, 1) if up else units >= edge - added(opened, 1)

        m.add_component(f"within_{row}", pyo.Constraint(m.S, [False, True], rule=within, doc="as far as levels allow"))
        return list(found)
    near = cell.origin // slots
    chords = range(cell.low, cell.high) if power == 2 else range(min(near, cell.high - 1), min(near + 1, cell.high))
    ends = [cell.low, cell.high - 1] if power == 1 else []
    points = sorted({k for k in (*chords, *ends) if cell.low <= k < cell.high})
    refuse_beyond(len(points) * slots)
    scale = float(slots**power)
    v = pyo.Var(m.S, bounds=(cell.least / scale, cell.largest / scale), doc="v_s: cost of the volume of bucket s")
    m.add_component(f"v_{row}", v)
    m.derived.append((v, lambda trace, s: cell.cost(load(trace, s)) / scale))

    def chord(m: Any, s: int, k: int) -> Any:
        slope, origin = cell.slope(k), cell.cost(k) - cell.slope(k) * k
        return v[s] >= slope / scale * sum(m.x[i, s] for i in m.I) + origin / scale

    m.add_component(f"volume_{row}", pyo.Constraint(m.S, points, rule=chord, doc="above each chord"))
    return [(Fraction(1), sum(v[s] for s in m.S))]


def epei(m: Any, instance: Heijunka, row: int, term: Objective, levels: Callable[..., Any]) -> Terms:
    """Return the longest stretches of buckets without a product, term number `row`."""
    power = 2 if term.measure.endswith("squared") else 1
    gaps = _gaps(m, instance)
    if not gaps:
        return []
    slots = instance.slots
    cells = {i: Cell(i, 0, least, slots - 1, least, slots - 1, 0, 1, power) for i, least in gaps.items()}

    def length(i: int) -> Any:
        return gaps[i] + sum(m.G[i, k] for k in range(gaps[i] + 1, slots))

    if not term.measure.startswith("max"):
        found: Terms = []
        for i, cell in cells.items():
            rises = sum(cell.slope(k - 1) * m.G[i, k] for k in range(cell.low + 1, slots))
            found.append((instance.weights[i], rises + cell.cost(cell.low)))
        return found
    steps = Levels([(cell, instance.weights[i]) for i, cell in cells.items()])

    def reached(trace: Trace) -> Fraction:
        return max(instance.weights[i] * cell.cost(trace.gap(i)) for i, cell in cells.items())

    added, terms = levels(m, row, steps, reached)
    ways = {i: steps.way(at, True) for at, i in enumerate(cells)}

    wide = [i for i, cell in cells.items() if cell.low < cell.high]  # Others are as long in every plan.

    def within(m: Any, i: int) -> Any:
        edge, opened = ways[i]
        return length(i) <= edge + added(opened, 1)

    m.add_component(f"within_{row}", pyo.Constraint(wide, rule=within, doc="as far as the levels allow"))
    return list(terms)


def _gaps(m: Any, instance: Heijunka) -> dict[int, int]:
    """Add G_ik = [the longest stretch without i has k buckets], k above the least; return the least of each product."""
    slots, demand = instance.slots, instance.products.demand
    packs = instance.box_data.packs
    gaps = {i: least_gap(slots, demand[i], packs[i]) for i in m.I if demand[i] and instance.weights[i]}
    if m.component("h") is not None:
        return gaps
    steps = [(i, k) for i, least in gaps.items() for k in range(least + 1, slots)]
    refuse_beyond(sum(slots - k + 1 for _, k in steps))
    m.G = pyo.Var(steps, bounds=(0, 1), doc="G_ik: some k consecutive buckets are without i")
    m.derived.append((m.G, lambda trace, i, k: trace.gap(i) >= k))

    @m.Constraint([(i, k, s) for i, k in steps for s in range(1, slots - k + 2)], doc="i in k buckets, or a gap")
    def gap(m: Any, i: int, k: int, first: int) -> Any:
        built = (m.z[i, s] if i in m.Z else m.x[i, s] for s in range(first, first + k))
        return sum(built) + m.G[i, k] >= 1

    return gaps
