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
h_s the colour changes before slot s.
z_is slot s builds i. u_is a run of i begins in s. g_sab slot s builds class a, slot s+1 class b.
z_ks where the worker of station k starts after slot s, w_ks overload, y_ks whether there is any.
In a box n_is full packs, v_s cost of the volume of bucket s, G_ik some k buckets in a row are without i.

Objective
---------
The terms' sum. A square or absolute deviation F is the largest of its chords between whole
neighbours, t >= F(k) + (F(k+1) - F(k)) (Q - k); a measure max_* has one t for all cells.

Constraints
-----------
sum_s x_is = d_i; sum_i x_is = 1 (<= c in a box); C_o,w+q - C_ow <= p_o in each window; spacing,
runs, frozen and fixed slots and moves as in `_heijunka_pyomo`; due dates, minutes and packs of a box as in
`_heijunka_box_pyomo`. Workers: z_ks >= z_k,s-1 + a_k - w_ks, 0 <= z_ks <= r_k; idle time is
sum_s w_ks + z_kS - sum_i d_i a_ki. An elastic model has one slack a rule.

Source
------
Cumulative counts with convex costs: Miltenburg 1989, Kubiak and Sethi 1991. Least runs as minimum
up times: Rajan and Takriti 2005. Changeovers as a flow between neighbouring slots. Overload: Yano and
Rachamadugu 1991.
"""

from __future__ import annotations

from fractions import Fraction
from math import log10
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from jitopt.problems.base import exact

from ._heijunka import Cell, Flow, Levels, Reach, cells, cutoff, flows, refuse_beyond
from ._heijunka_box_pyomo import box_rules, epei, volume
from ._heijunka_paint import WORDS, is_painted, refuse_measures
from ._heijunka_paint_pyomo import painted
from ._heijunka_plan import Trace, plan_of, windows
from ._heijunka_pyomo import Terms, changeovers, kept, longest_run, moves, presence, shortest_run, spacing
from ._heijunka_work_pyomo import work
from ._pyomo import Elastic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Objective, RatioRule
    from jitopt.registry import RuleKey

FORMULATION: dict[str, Any] = {
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


def build(instance: Heijunka, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        If the deviation costs need too many points, as those of a very fine lattice of quantities do.
    """
    refuse_measures(instance)
    m = pyo.ConcreteModel(name="heijunka_cumulative")
    m.derived = []  # (variable, its value under a plan), in the order of their making
    m.relax = Elastic(m, elastic)
    m.reach = Reach(instance, m.relax.prices)
    m.I = pyo.RangeSet(0, len(instance.products.product) - 1)
    m.S = pyo.RangeSet(1, instance.slots)
    words = {term.term for term in instance.objective} if not m.relax.active else set()
    _units(m, instance)
    changeovers = "changeover" in words and instance.changeover_cost is None
    presence(m, instance, changeovers=changeovers or any(instance.box_data.setups), gaps="epei" in words)
    spacing(m, instance)
    longest_run(m, instance)
    shortest_run(m, instance)
    paint: Terms = []
    if is_painted(instance):
        paint = painted(m, instance)
    else:
        _options(m, instance, priced="ratio" in words)
    kept(m, instance)
    moves(m, instance)
    box_rules(m, instance)
    _minimise(m, [(Fraction(1), m.relax.objective())] if m.relax.active else paint + _terms(m, instance))
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
    able = {o: rule for o, rule in enumerate(instance.ratio_rules) if m.reach.excess(rule)}
    rules = {o: rule for o, rule in able.items() if rule.hard or priced}
    bounds = {o: m.reach.option(rule) for o, rule in rules.items()}
    users = {o: tuple((i, 1) for i in rule.products) for o, rule in rules.items()}
    m.O = pyo.Set(initialize=list(rules), doc="ratio rules")
    m.C = pyo.Var(m.O, m.S, bounds=lambda _, o, s: bounds[o][s], doc="C_os: units with option o in slots 1..s")
    m.derived.append((m.C, lambda trace, o, s: trace.until(users[o], s)))

    @m.Constraint(m.O, m.S, doc="counting option o")
    def options(m: Any, o: int, s: int) -> Any:
        before = m.C[o, s - 1] if s > 1 else 0
        return m.C[o, s] == before + sum(m.x[i, s] for i in rules[o].products)

    hard = [(o, w) for o, rule in rules.items() if rule.hard for w in windows(rule, instance.slots)]

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
        elif is_painted(instance) and term.term in WORDS:
            continue  # Told by `painted`, together: a rule may be priced by two of them.
        elif term.term == "ratio":
            made = _ratio(m, instance, row, term)
        elif term.term == "volume":
            made = volume(m, instance, row, term, _levels)
        elif term.term == "epei":
            made = epei(m, instance, row, term, _levels)
        elif term.term == "changeover":
            made = changeovers(m, instance, row, term)
        else:
            continue
        found += [(exact(term.weight) * coefficient, expression) for coefficient, expression in made]
    found += work(m, instance)
    if instance.current and instance.current.price:
        found.append((exact(instance.current.price), m.moves))
    return found


def _minimise(m: Any, terms: Terms) -> None:
    """Set the objective, in a unit that keeps its coefficients moderate."""
    largest = max((coefficient for coefficient, _ in terms), default=Fraction(1))
    m.unit = Fraction(1)
    if largest and not Fraction(1, 1000) <= largest <= 10**5:
        m.unit = Fraction(10) ** round(log10(largest))
    m.cost = pyo.Objective(expr=sum(float(coefficient / m.unit) * expression for coefficient, expression in terms))


def _level(m: Any, instance: Heijunka, row: int, term: Objective, limit: Fraction | None) -> Terms:
    """Return a rate or usage term."""
    tracked = flows(instance, term.term)
    bounds = [m.reach.flow(flow) for flow in tracked]
    table = cells(m.reach, term, tracked, bounds, limit)
    if not any(table):
        return []
    q = _track(m, term.term, tracked, bounds)
    power = 2 if term.measure.endswith("squared") else 1
    if term.measure.startswith("max"):
        sizes = [flow.weight * (flow.unit / instance.slots) ** power for flow in tracked]
        levels = Levels([(cell, sizes[cell.flow]) for line in table for cell in line])
        return _peak(m, row, levels, tracked, q)
    return _sum(m, row, tracked, table, power, q)


def _track(m: Any, word: str, tracked: list[Flow], bounds: list[list[tuple[int, int]]]) -> Any:
    """Return Q_fs for all terms of this word, in units of the flow's largest a_fi."""
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


def _sum(m: Any, row: int, tracked: list[Flow], table: list[list[Cell]], power: int, q: Any) -> Terms:
    """Return the sum of the cells' costs: one t_fs, above each chord, for each cell that is open."""
    refuse_beyond(sum(cell.last - cell.first for line in table for cell in line))
    cell = {(c.flow, c.slot): c for line in table for c in line if c.low < c.high}
    scales = [(line[0].slots * flow.largest) ** power for flow, line in zip(tracked, table, strict=True)]
    t = pyo.Var(
        list(cell),
        bounds=lambda _, f, s: (cell[f, s].least / scales[f], cell[f, s].largest / scales[f]),
        doc="t_fs: cost of the deviation of flow f after slot s",
    )
    m.add_component(f"t_{row}", t)
    m.derived.append((t, lambda trace, f, s: cell[f, s].cost(trace.until(tracked[f].users, s)) / scales[f]))

    def chord(m: Any, f: int, s: int, k: int) -> Any:
        c = cell[f, s]
        slope, origin = c.slope(k), c.cost(k) - c.slope(k) * k
        return t[f, s] >= slope * tracked[f].largest / scales[f] * q[f, s] + origin / scales[f]

    index = [(*place, k) for place, c in cell.items() for k in range(c.first, c.last)]
    m.add_component(f"chord_{row}", pyo.Constraint(index, rule=chord, doc="above each chord"))
    found: Terms = []
    for f, (flow, line) in enumerate(zip(tracked, table, strict=True)):
        fixed = sum(c.least for c in line if c.low >= c.high) / scales[f]
        varying = sum(t[f, c.slot] for c in line if c.low < c.high)
        found.append((flow.weight * (flow.unit * flow.largest) ** power, varying + fixed))
    return found


def _peak(m: Any, row: int, levels: Levels, tracked: list[Flow], q: Any) -> Terms:
    """Return the largest of the cells' costs; the levels open each count's range step by step."""

    def reached(trace: Trace) -> Fraction:
        return levels.reached(lambda cell: trace.until(tracked[cell.flow].users, cell.slot))

    added, found = _levels(m, row, levels, reached)
    ways = {(at, up): levels.way(at, up) for at in range(len(levels.every)) for up in (False, True)}

    def within(m: Any, at: int, up: bool) -> Any:
        cell, _ = levels.every[at]
        each = tracked[cell.flow].largest
        edge, opened = ways[at, up]
        count = q[cell.flow, cell.slot]
        return count <= edge / each + added(opened, each) if up else count >= edge / each - added(opened, each)

    index = [key for key, (_, opened) in ways.items() if opened]
    m.add_component(f"within_{row}", pyo.Constraint(index, rule=within, doc="as far as the levels allow"))
    return found


def _levels(
    m: Any, row: int, levels: Levels, reached: Callable[[Trace], Fraction]
) -> tuple[Callable[[dict[int, int], int], Any], Terms]:
    """Add b_v: the largest cost reaches its v-th value. Return what they open (over `each`), and what they cost.

    Once the b_v are fixed, all that is left of a largest cost are whole bounds on the counts.
    """
    b = pyo.Var(range(len(levels.values)), domain=pyo.Binary, doc="b_v: the largest cost reaches its v-th value")
    m.add_component(f"b_{row}", b)
    m.derived.append((b, lambda trace, v: trace.once(reached) >= levels.values[v]))
    steps = range(1, len(levels.values))
    m.add_component(f"order_{row}", pyo.Constraint(steps, rule=lambda m, v: b[v] <= b[v - 1], doc="levels in order"))

    def added(opened: dict[int, int], each: int) -> Any:
        return sum(points / each * b[v] for v, points in opened.items())

    size = levels.values[-1] if levels.values else Fraction(1)
    cost = sum(float(rise / size) * b[v] for v, rise in enumerate(levels.rises))
    return added, [(size, cost + float(levels.least / size))]


def _ratio(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the priced excess of the windows of the rules that are not hard."""
    rules = {o: rule for o, rule in enumerate(instance.ratio_rules) if o in m.O and not rule.hard and rule.weight}
    index = [(o, w) for o, rule in rules.items() for w in windows(rule, instance.slots)]
    if not index:
        return []
    power = 2 if term.measure.endswith("squared") else 1
    excess = {o: m.reach.excess(rule) for o, rule in rules.items()}
    if term.measure.startswith("max"):
        return _worst(m, row, rules, index, power)
    violated = term.measure == "sum_violated"
    e = pyo.Var(
        index,
        domain=pyo.Binary if violated else pyo.Reals,
        bounds=lambda _, o, w: (0, 1 if violated else excess[o] ** power),
        doc="e_ow: excess of window w, its square, or whether there is any",
    )
    m.add_component(f"e_{row}", e)
    m.derived.append((e, lambda trace, o, w: _cost(trace.excess(rules[o], w), violated, power)))
    chords = {o: range(excess[o] if power == 2 else 1) for o in rules}
    refuse_beyond(sum(len(chords[o]) for o, _ in index))

    def chord(m: Any, o: int, w: int, k: int) -> Any:
        over = _load(m, rules[o], o, w) - rules[o].at_most
        return excess[o] * e[o, w] >= over if violated else e[o, w] >= (2 * k + 1) * over - k * (k + 1)

    rows = [(o, w, k) for o, w in index for k in chords[o]]
    m.add_component(f"excess_{row}", pyo.Constraint(rows, rule=chord, doc="above each chord of the excess"))
    return [(rule.weight, sum(e[o, w] for w in windows(rule, instance.slots))) for o, rule in rules.items()]


def _cost(excess: int, violated: bool, power: int) -> int:
    return int(excess > 0) if violated else int(excess**power)


def _worst(m: Any, row: int, rules: dict[int, RatioRule], index: list[tuple[int, int]], power: int) -> Terms:
    """Return the largest priced excess over all windows."""
    most = {o: m.reach.excess(rule) for o, rule in rules.items()}
    every = [(Cell(o, 0, 0, most[o], 0, most[o], 0, 1, power), rule.weight) for o, rule in rules.items()]
    levels = Levels(every)

    def reached(trace: Trace) -> Fraction:
        return max(rules[o].weight * _cost(trace.excess(rules[o], w), False, power) for o, w in index)

    added, found = _levels(m, row, levels, reached)
    ways = {o: levels.way(at, True) for at, o in enumerate(rules)}

    def within(m: Any, o: int, w: int) -> Any:
        edge, opened = ways[o]
        return _load(m, rules[o], o, w) <= rules[o].at_most + edge + added(opened, 1)

    m.add_component(f"within_{row}", pyo.Constraint(index, rule=within, doc="as far as the levels allow"))
    return found
