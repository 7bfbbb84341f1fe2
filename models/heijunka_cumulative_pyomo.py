"""Heijunka by cumulative counts: a mixed-integer programme whose level part is integral by itself.

Sets
----
i products, s = 1..S slots, f flows (the count of a product, or the usage of a part), o ratio
rules, w windows.

Data
----
d_i demand, c units that fit in a slot (1 in a sequence), a_fi what a unit of i adds to flow f,
N_f = sum_i a_fi d_i, w_f weight, p_o of any q_o slots; the other rules and prices of `Heijunka`.

Variables
---------
x_is units of i in slot s (binary in a sequence). Q_fs = sum_i a_fi X_is what flow f has reached
after slot s. t_fs cost of its deviation. C_os units with option o so far. e_ow excess of window w.
z_is slot s builds i. u_is a run of i begins in s. g_sab slot s builds class a, slot s+1 class b.

Objective
---------
The terms' sum. A square or absolute deviation F is the largest of its chords between whole
neighbours, t >= F(k) + (F(k+1) - F(k)) (Q - k); a measure max_* has one t for all cells.

Constraints
-----------
sum_s x_is = d_i; sum_i x_is = 1 (<= c in a box); C_o,w+q - C_ow <= p_o in each window; spacing,
runs, frozen and fixed slots and moves as in `_heijunka_pyomo`. An elastic model has one slack a rule.

Source
------
Cumulative counts with convex costs: Miltenburg 1989, Kubiak and Sethi 1991. Least runs as minimum
up times: Rajan and Takriti 2005. Changeovers as a flow between neighbouring slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from math import log10
from typing import Any

import pyomo.environ as pyo

from jitopt.errors import NotApplicableError
from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Objective, RatioRule

from ._heijunka import (
    Cell,
    Flow,
    Levels,
    Reach,
    Trace,
    cells,
    changeover_classes,
    cutoff,
    flows,
    least_runs,
    plan_of,
    windows,
)
from ._heijunka_pyomo import built, kept, longest_run, moves, presence, shortest_run, spacing
from ._pyomo import Elastic, RuleKey

FORMULATION = {
    "name": "heijunka_cumulative_pyomo",
    "problem": "heijunka",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "cumulative counts, convex deviation costs as chords between whole neighbours (mixed-integer programme)",
    "source": "Miltenburg 1989; Kubiak and Sethi 1991; Rajan and Takriti 2005",
    "page": "docs/formulations/heijunka_cumulative_pyomo.md",
    "up_to": {"cells": 20000},
}

CHORDS = 500_000
"""A model with more chords is refused: it would not be built within some seconds."""

Terms = list[tuple[Fraction, Any]]
"""The objective as (exact coefficient, expression)."""


def build(instance: Heijunka, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        If the squares need more than `CHORDS` chords.
    """
    m = pyo.ConcreteModel(name="heijunka_cumulative")
    m.derived = []  # (variable, its value under a plan), in the order of their making
    m.relax = Elastic(m, elastic)
    m.reach = Reach(instance, m.relax.prices)
    m.I = pyo.RangeSet(0, len(instance.products.product) - 1)
    m.S = pyo.RangeSet(1, instance.slots)
    words = {term.term for term in instance.objective} if not m.relax.active else set()
    _units(m, instance)
    presence(m, instance, changeovers="changeover" in words and instance.changeover_cost is None)
    spacing(m, instance)
    longest_run(m, instance)
    shortest_run(m, instance)
    _options(m, instance, priced="ratio" in words)
    kept(m, instance)
    moves(m, instance)
    _minimise(m, [(Fraction(1), m.relax.objective())] if m.relax.active else _terms(m, instance))
    return m


def extract(instance: Heijunka, model: Any, value: Callable[[Any], float]) -> HeijunkaPlan:
    """Return the plan: the product of largest value in each position, or rounded units in each bucket."""
    return plan_of(instance, lambda row, slot: value(model.x[row, slot]))


def start(instance: Heijunka, model: Any, plan: HeijunkaPlan) -> list[tuple[Any, float]]:
    """Return the value of every variable under `plan`."""
    trace = Trace(instance, plan)
    found = [(model.slack[row], float(trace.short(key))) for row, key in enumerate(model.relax.prices)]
    for component, rule in model.derived:
        for index, variable in component.items():
            place = () if index is None else index if isinstance(index, tuple) else (index,)
            found.append((variable, float(rule(trace, *place))))
    return found


def _units(m: Any, instance: Heijunka) -> None:
    domain = pyo.NonNegativeIntegers if instance.box else pyo.Binary
    largest = [m.reach.largest(i) for i in m.I]
    m.x = pyo.Var(m.I, m.S, domain=domain, bounds=lambda _, i, s: (0, largest[i]), doc="x_is: units of i in slot s")
    m.derived.append((m.x, Trace.units))
    extra = m.relax.slack(("capacity", ()), instance.units - instance.capacity)

    @m.Constraint(m.I, doc="each unit is built")
    def demand(m: Any, i: int) -> Any:
        return sum(m.x[i, s] for s in m.S) == instance.products.demand[i]

    @m.Constraint(m.S, doc="one unit in each position, at most c in each bucket")
    def capacity(m: Any, s: int) -> Any:
        units = sum(m.x[i, s] for i in m.I)
        return units <= instance.capacity + extra if instance.box else units == 1


def _options(m: Any, instance: Heijunka, priced: bool) -> None:
    """Add C_os for the ratio rules that can be broken, and keep those that are hard."""
    rules = {o: rule for o, rule in enumerate(instance.ratio_rules) if m.reach.excess(rule)}
    m.O = pyo.Set(initialize=[o for o, rule in rules.items() if rule.hard or priced], doc="ratio rules")
    bounds = {o: m.reach.option(rules[o]) for o in m.O}
    m.C = pyo.Var(m.O, m.S, bounds=lambda _, o, s: bounds[o][s], doc="C_os: units with option o in slots 1..s")
    m.derived.append((m.C, lambda trace, o, s: trace.until(tuple((i, 1) for i in rules[o].products), s)))

    @m.Constraint(m.O, m.S, doc="counting option o")
    def options(m: Any, o: int, s: int) -> Any:
        before = m.C[o, s - 1] if s > 1 else 0
        return m.C[o, s] == before + sum(m.x[i, s] for i in rules[o].products)

    hard = [(o, w) for o in m.O if rules[o].hard for w in windows(rules[o], instance.slots)]

    @m.Constraint(hard, doc="at most p_o in any q_o slots")
    def ratio(m: Any, o: int, w: int) -> Any:
        extra = m.relax.slack(("ratio", (rules[o].ratio,)), m.reach.excess(rules[o]))
        return _load(m, rules[o], o, w) <= rules[o].at_most + extra


def _load(m: Any, rule: RatioRule, o: int, w: int) -> Any:
    """Return the units with option o in the window that follows slot w."""
    return m.C[o, w + rule.in_any] - (m.C[o, w] if w else 0)


# --- the objective --------------------------------------------------------------------------


def _terms(m: Any, instance: Heijunka) -> Terms:
    found: Terms = []
    limit = cutoff(instance) if any(term.measure != "sum_absolute" for term in instance.objective) else None
    for row, term in enumerate(instance.objective):
        if not term.weight:
            continue
        if term.term in ("rate", "usage"):
            made = _level(m, instance, row, term, limit)
        elif term.term == "ratio":
            made = _ratio(m, instance, row, term)
        else:
            made = _changeover(m, instance, row, term)
        found += [(Fraction(repr(term.weight)) * coefficient, expression) for coefficient, expression in made]
    if instance.current and instance.current.price:
        found.append((Fraction(repr(instance.current.price)), m.moves))
    return found


def _minimise(m: Any, terms: Terms) -> None:
    """Set the objective, in a unit that keeps its coefficients moderate."""
    largest = max((coefficient for coefficient, _ in terms), default=Fraction(1))
    m.unit = Fraction(1)
    if largest and not Fraction(1, 1000) <= largest <= 10**5:
        m.unit = Fraction(10) ** round(log10(largest))
    m.cost = pyo.Objective(expr=sum(float(coefficient / m.unit) * expression for coefficient, expression in terms))


def _level(m: Any, instance: Heijunka, row: int, term: Objective, limit: Fraction | None) -> Terms:
    """Return a rate or usage term. Q and t are in units of the flow's largest a_fi."""
    tracked = flows(instance, term.term)
    bounds = [m.reach.flow(flow) for flow in tracked]
    table = cells(m.reach, term, tracked, bounds, limit)
    chords = sum(cell.last - cell.first for line in table for cell in line)
    if chords > CHORDS:
        raise NotApplicableError(f"the term {term.term!r} needs {chords} chords, more than {CHORDS}")
    if not chords and not any(table):
        return []
    q = _track(m, term.term, tracked, bounds)
    power = 2 if term.measure.endswith("squared") else 1
    sizes = [flow.weight * (flow.unit * flow.largest) ** power for flow in tracked]
    scales = [(instance.slots * flow.largest) ** power for flow in tracked]
    if term.measure.startswith("max"):
        largest = max(sizes)
        parts = [(size / largest / scale) for size, scale in zip(sizes, scales, strict=True)]
        return [(largest, _peak(m, row, tracked, table, parts, q))]
    return _sum(m, row, tracked, table, sizes, scales, q)


def _track(m: Any, word: str, tracked: list[Flow], bounds: list[list[tuple[int, int]]]) -> Any:
    """Return the variables Q_fs of all terms of this word."""
    name = f"Q_{word}"
    if m.component(name) is not None:
        return m.component(name)
    each = [flow.largest for flow in tracked]
    q = pyo.Var(
        range(len(tracked)),
        m.S,
        bounds=lambda _, f, s: (bounds[f][s][0] / each[f], bounds[f][s][1] / each[f]),
        doc="Q_fs: what flow f has reached after slot s",
    )
    m.add_component(name, q)
    m.derived.append((q, lambda trace, f, s: trace.until(tracked[f].users, s) / each[f]))

    def count(m: Any, f: int, s: int) -> Any:
        before = q[f, s - 1] if s > 1 else 0
        return q[f, s] == before + sum(a / each[f] * m.x[i, s] for i, a in tracked[f].users)

    m.add_component(f"count_{word}", pyo.Constraint(range(len(tracked)), m.S, rule=count, doc="counting flow f"))
    return q


def _chord(cell: Cell, k: int, each: int, scale: Fraction | int, q: Any) -> Any:
    """Return the chord of the cell's cost from k to k + 1, divided by `scale`, at Q = q."""
    slope = cell.slope(k)
    return float(Fraction(slope * each) / scale) * q + float(Fraction(cell.cost(k) - slope * k) / scale)


def _sum(
    m: Any, row: int, tracked: list[Flow], table: list[list[Cell]], sizes: list[Fraction], scales: list[int], q: Any
) -> Terms:
    """Return the sum of the cells' costs, one t_fs for each cell that is open."""
    cell = {(c.flow, c.slot): c for line in table for c in line if c.low < c.high}
    t = pyo.Var(
        list(cell),
        bounds=lambda _, f, s: (cell[f, s].least / scales[f], cell[f, s].largest / scales[f]),
        doc="t_fs: cost of the deviation of flow f after slot s",
    )
    m.add_component(f"t_{row}", t)
    m.derived.append((t, lambda trace, f, s: cell[f, s].cost(trace.until(tracked[f].users, s)) / scales[f]))

    def chord(m: Any, f: int, s: int, k: int) -> Any:
        return t[f, s] >= _chord(cell[f, s], k, tracked[f].largest, scales[f], q[f, s])

    index = [(*place, k) for place, c in cell.items() for k in range(c.first, c.last)]
    m.add_component(f"chord_{row}", pyo.Constraint(index, rule=chord, doc="above each chord"))
    closed = [sum(c.least for c in line if c.low >= c.high) for line in table]
    open_sum = [sum(t[c.flow, c.slot] for c in line if c.low < c.high) for line in table]
    return [
        (size, expression + float(Fraction(fixed, scale)))
        for size, scale, fixed, expression in zip(sizes, scales, closed, open_sum, strict=True)
    ]


def _peak(m: Any, row: int, tracked: list[Flow], table: list[list[Cell]], parts: list[Fraction], q: Any) -> Any:
    """Return the largest of the cells' costs, in units of the heaviest flow.

    The literals b_v = [the largest cost reaches its v-th value] open each count's range step by
    step: once they are fixed, what is left are whole bounds on the counts.
    """
    levels = Levels([(cell, parts[cell.flow]) for line in table for cell in line])
    b = pyo.Var(range(len(levels.values)), domain=pyo.Binary, doc="b_v: the largest cost reaches its v-th value")
    m.add_component(f"b_{row}", b)

    def reached(trace: Trace) -> Fraction:
        return levels.reached(lambda cell: trace.until(tracked[cell.flow].users, cell.slot))

    m.derived.append((b, lambda trace, v: trace.once(reached) >= levels.values[v]))
    m.add_component(
        f"order_{row}",
        pyo.Constraint(range(1, len(levels.values)), rule=lambda m, v: b[v] <= b[v - 1], doc="levels in order"),
    )
    open_rows = [at for at, (cell, _) in enumerate(levels.every) if cell.low < cell.high]

    def up(m: Any, at: int) -> Any:
        cell, _ = levels.every[at]
        edge, opened = levels.upwards(at)
        added = sum(count * b[v] for v, count in opened.items())
        return tracked[cell.flow].largest * q[cell.flow, cell.slot] <= edge + added

    def down(m: Any, at: int) -> Any:
        cell, _ = levels.every[at]
        edge, opened = levels.downwards(at)
        added = sum(count * b[v] for v, count in opened.items())
        return tracked[cell.flow].largest * q[cell.flow, cell.slot] >= edge - added

    m.add_component(f"up_{row}", pyo.Constraint(open_rows, rule=up, doc="no higher than the levels allow"))
    m.add_component(f"down_{row}", pyo.Constraint(open_rows, rule=down, doc="no lower than the levels allow"))
    return float(levels.least) + sum(float(rise) * b[v] for v, rise in enumerate(levels.rises))


def _ratio(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the priced excess of the windows of the rules that are not hard."""
    rules = {o: r for o, r in enumerate(instance.ratio_rules) if o in m.O and not r.hard and r.weight}
    index = [(o, w) for o, rule in rules.items() for w in windows(rule, instance.slots)]
    if not index:
        return []
    excess = {o: m.reach.excess(rule) for o, rule in rules.items()}
    violated = term.measure == "sum_violated"
    power = 0 if violated else 2 if term.measure.endswith("squared") else 1
    largest = max(rule.weight for rule in rules.values())
    if term.measure.startswith("max"):
        part = {o: rule.weight / largest for o, rule in rules.items()}
        e = pyo.Var(bounds=(0, float(max(part[o] * excess[o] ** power for o in rules))), doc="largest excess")
        m.derived.append((e, lambda trace: max(part[o] * trace.excess(rules[o], w) ** power for o, w in index)))
    else:
        part = dict.fromkeys(rules, Fraction(1))
        domain = pyo.Binary if violated else pyo.Reals
        e = pyo.Var(
            index, domain=domain, bounds=lambda _, o, w: (0, excess[o] ** power), doc="e_ow: excess of window w"
        )
        m.derived.append(
            (e, lambda trace, o, w: trace.excess(rules[o], w) ** power if trace.excess(rules[o], w) else 0)
        )
    m.add_component(f"e_{row}", e)
    levels = {o: range(excess[o] if power == 2 else 1) for o in rules}

    def chord(m: Any, o: int, w: int, k: int) -> Any:
        over = _load(m, rules[o], o, w) - rules[o].at_most
        cost = excess[o] * e[o, w] if violated else e[o, w] if e.is_indexed() else e
        return cost >= over if violated else cost >= float(part[o]) * ((2 * k + 1) * over - k * (k + 1))

    rows = [(o, w, k) for o, w in index for k in levels[o]]
    m.add_component(f"excess_{row}", pyo.Constraint(rows, rule=chord, doc="excess of window w, by chords"))
    if not e.is_indexed():
        return [(largest, e)]
    return [(rule.weight, sum(e[o, w] for w in windows(rule, instance.slots))) for o, rule in rules.items()]


def _changeover(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the cost between neighbouring slots: set-ups, or pairs by the table."""
    if instance.changeover_cost is not None:
        return _pairs(m, instance, row, term)
    later = [(i, s) for i in m.I for s in m.S if s > 1]
    if not term.measure.startswith("max"):
        if m.component("runs") is None:
            m.runs = pyo.Constraint(
                m.I,
                rule=lambda m, i: sum(m.u[i, s] for s in m.S) >= least_runs(instance, i),
                doc="runs that are needed",
            )
        return [(Fraction(1), sum(m.u[i, s] for i, s in later))]
    any_change = pyo.Var(bounds=(0, 1), doc="there is a set-up behind the first slot")
    m.add_component(f"t_{row}", any_change)
    m.derived.append((any_change, lambda trace: max((trace.begins(i, s) for i, s in later), default=0)))
    m.add_component(f"any_{row}", pyo.Constraint(later, rule=lambda m, i, s: any_change >= m.u[i, s], doc="a set-up"))
    return [(Fraction(1), any_change)]


def _pairs(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the changeovers of a sequence with a table, as a flow between neighbouring slots.

    Products that cost the same before and behind every product are one class.
    """
    classes, costs = changeover_classes(instance)
    power = 2 if term.measure.endswith("squared") else 1
    paid = {pair: cost**power for pair, cost in costs.items() if cost}
    if not paid or instance.slots < 2:
        return []
    if m.component("g") is None:
        _arcs(m, instance, classes)
    largest = max(paid.values())
    price = {pair: float(cost / largest) for pair, cost in paid.items()}
    steps = range(1, instance.slots)
    if not term.measure.startswith("max"):
        return [(largest, sum(share * m.g[s, a, b] for s in steps for (a, b), share in price.items()))]
    t = pyo.Var(bounds=(0, 1), doc="largest changeover")
    m.add_component(f"t_{row}", t)
    of = {i: a for a, members in enumerate(classes) for i in members}
    m.derived.append((t, lambda trace: max(price.get((of[trace.at(s)], of[trace.at(s + 1)]), 0) for s in steps)))

    def dearest(m: Any, s: int) -> Any:
        return t >= sum(share * m.g[s, a, b] for (a, b), share in price.items())

    m.add_component(f"dearest_{row}", pyo.Constraint(list(steps), rule=dearest, doc="largest changeover"))
    return [(largest, t)]


def _arcs(m: Any, instance: Heijunka, classes: list[list[int]]) -> None:
    rows = range(len(classes))
    steps = range(1, instance.slots)
    m.g = pyo.Var(steps, rows, rows, bounds=(0, 1), doc="g_sab: class a in slot s, class b in slot s + 1")
    both = lambda trace, s, a, b: trace.at(s) in classes[a] and trace.at(s + 1) in classes[b]  # noqa: E731
    m.derived.append((m.g, both))

    @m.Constraint(steps, rows, doc="out of the class in slot s")
    def leave(m: Any, s: int, a: int) -> Any:
        return sum(m.g[s, a, b] for b in rows) == sum(m.x[i, s] for i in classes[a])

    @m.Constraint(steps, rows, doc="into the class in slot s + 1")
    def enter(m: Any, s: int, b: int) -> Any:
        return sum(m.g[s, a, b] for a in rows) == sum(m.x[i, s + 1] for i in classes[b])
