"""Heijunka by order literals: a count is the row of literals "at least j so far".

Sets
----
i products, s = 1..S slots, j counts, f flows (the count of a product, or the usage of a part),
o ratio rules, w windows.

Data
----
As in `heijunka_cumulative_pyomo`, in whole numbers over a common denominator (`model.unit`).

Variables
---------
x_is units of i in slot s (a literal in a sequence). y_isj = [X_is >= j] and c_osj = [C_os >= j],
order literals of what is built so far, fixed outside the bounds that can be reached. Q_fs what a
flow has reached. e_owk = [excess of window w >= k]. z_is slot s builds i, u_is a run of i begins.

Objective
---------
A deviation cost F is F(first) + sum_j (F(j) - F(j-1)) y_j, exact as y_j+1 implies y_j; a measure
max_* bounds the largest deviation of each flow. All terms are whole numbers.

Constraints
-----------
Counting, in clauses: y_s-1,j => y_sj; y_sj => y_s-1,j-1; x_s and y_s-1,j-1 => y_sj;
y_sj and not y_s-1,j => x_s. Windows: c_w+q,j => c_w,j-p. The other rules as in `_heijunka_cpsat`.

Source
------
Cumulative counters for car sequencing: Artigues, Hebrard, Mayer-Eichberger, Siala and Walsh 2014;
bounds from full windows: Regin and Puget 1997.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.problems.base import exact

from ._cpsat import Elastic, RuleKey, Total, clause, negated, squared, whole
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
from ._heijunka_cpsat import begun, kept, longest_run, moves, presence, shortest_run, spacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Objective, RatioRule

FORMULATION = {
    "name": "heijunka_order_cpsat",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "order literals of cumulative counts and option counters, in exact whole numbers (CP-SAT)",
    "source": "Artigues et al. 2014; Regin and Puget 1997; Miltenburg 1989",
    "page": "docs/formulations/heijunka_order_cpsat.md",
    "up_to": {"cells": 20000},
}

LITERALS = 64
"""A cost of more points than this in one cell is told by a product instead of by literals."""


def build(instance: Heijunka, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the CP-SAT model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        If a whole number of the model would exceed 2**53.
    """
    m: Any = cp_model.CpModel()
    m.derived = []  # (variables by index, their value under a plan)
    m.relax = Elastic(m, elastic)
    m.reach = Reach(instance, m.relax.prices)
    m.products = range(len(instance.products.product))
    m.slots = range(1, instance.slots + 1)
    m.counters, m.ones, m.tracks, m.arcs = {}, {}, {}, {}
    m.derived.append((m.ones, lambda trace, rows, s: any(trace.units(i, s) for i in rows)))
    words = {term.term for term in instance.objective} if not m.relax.active else set()
    _units(m, instance)
    presence(m, instance, changeovers="changeover" in words and instance.changeover_cost is None)
    spacing(m, instance)
    longest_run(m, instance)
    shortest_run(m, instance)
    _options(m, instance, priced="ratio" in words)
    kept(m, instance)
    moves(m, instance)
    total = m.relax.total() if m.relax.active else _total(m, instance)
    total.minimise(m)
    return m


def extract(instance: Heijunka, model: Any, value: Callable[[Any], float]) -> HeijunkaPlan:
    """Return the plan: the product of largest value in each position, or rounded units in each bucket."""
    return plan_of(instance, lambda row, slot: value(model.x[row, slot]))


def start(instance: Heijunka, model: Any, plan: HeijunkaPlan) -> list[tuple[Any, float]]:
    """Return the value of every variable under `plan`."""
    trace = Trace(instance, plan)
    found = [(slack, float(trace.short(key))) for key, (slack, _) in model.relax.slacks.items()]
    for variables, rule in model.derived:
        for index, variable in variables.items():
            place = index if isinstance(index, tuple) else (index,)
            found.append((variable, float(rule(trace, *place))))
    return found


def _units(m: Any, instance: Heijunka) -> None:
    m.x = {}
    for i in m.products:
        most = m.reach.largest(i)
        binary = most == 1
        for s in m.slots:
            m.x[i, s] = m.new_bool_var("") if binary else m.new_int_var(0, most, "")
        m.add(sum(m.x[i, s] for s in m.slots) == instance.products.demand[i])
    m.derived.append((m.x, Trace.units))
    extra = m.relax.slack(("capacity", ()), instance.units - instance.capacity)
    for s in m.slots:
        if instance.box is None:
            m.add_exactly_one(m.x[i, s] for i in m.products if m.reach.largest(i))
        else:
            m.add(sum(m.x[i, s] for i in m.products) <= instance.capacity + extra)


# --- counting -------------------------------------------------------------------------------


def _counter(m: Any, rows: tuple[int, ...], bounds: list[tuple[int, int]]) -> Callable[[int, int], Any]:
    """Return the order literals of a sequence: [at least j units of the products `rows` in slots 1..s]."""
    if rows in m.counters:
        return m.counters[rows]
    literals = {(s, j): m.new_bool_var("") for s, (low, high) in enumerate(bounds) for j in range(low + 1, high + 1)}

    def at_least(s: int, j: int) -> Any:
        low, high = bounds[s]
        return True if j <= low else False if j > high else literals[s, j]

    m.counters[rows] = at_least
    users = tuple((i, 1) for i in rows)
    m.derived.append((literals, lambda trace, s, j: trace.until(users, s) >= j))
    for s in m.slots:
        built = _one_of(m, rows, s)
        for j in range(bounds[s - 1][0] + 1, bounds[s][1] + 2):
            now, before, less = at_least(s, j), at_least(s - 1, j), at_least(s - 1, j - 1)
            clause(m, [negated(before), now])
            clause(m, [negated(now), less])
            clause(m, [negated(now), at_least(s, j - 1)])
            clause(m, [~built, negated(less), now])
            clause(m, [negated(now), before, built])
    return at_least


def _one_of(m: Any, rows: tuple[int, ...], s: int) -> Any:
    """Return the literal [position s builds one of the products `rows`]."""
    carriers = [i for i in rows if m.reach.largest(i)]
    if len(carriers) == 1:
        return m.x[carriers[0], s]
    if (rows, s) not in m.ones:
        m.ones[rows, s] = m.new_bool_var("")
        m.add(sum(m.x[i, s] for i in carriers) == m.ones[rows, s])
    return m.ones[rows, s]


def _track(m: Any, users: tuple[tuple[int, int], ...], bounds: list[tuple[int, int]]) -> dict[int, Any]:
    """Return Q_s, s = 1..S, of the flow with these users."""
    if users not in m.tracks:
        before: Any = 0
        track = m.tracks[users] = {}
        for s in m.slots:
            low, high = bounds[s]
            track[s] = m.new_int_var(low, whole(high), "")
            m.add(track[s] == before + sum(a * m.x[i, s] for i, a in users))
            before = track[s]
        m.derived.append((track, lambda trace, s: trace.until(users, s)))
    return m.tracks[users]


def _options(m: Any, instance: Heijunka, priced: bool) -> None:
    """Count the options of the ratio rules that can be broken, and keep those that are hard."""
    m.rules = {o: rule for o, rule in enumerate(instance.ratio_rules) if m.reach.excess(rule) and (rule.hard or priced)}
    for rule in m.rules.values():
        if not rule.hard:
            continue
        extra = m.relax.slack(("ratio", (rule.ratio,)), m.reach.excess(rule))
        for w in windows(rule, instance.slots):
            m.add(_load(m, instance, rule, w) <= rule.at_most + extra)
            if instance.box is None and isinstance(extra, int):
                _window(m, rule, w, rule.at_most, False)


def _load(m: Any, instance: Heijunka, rule: RatioRule, w: int) -> Any:
    """Return the units with the option of `rule` in the window that follows slot w."""
    if instance.box is None:
        return sum(_one_of(m, rule.products, s) for s in range(w + 1, w + rule.in_any + 1))
    track = _track(m, tuple((i, 1) for i in rule.products), m.reach.option(rule))
    return track[w + rule.in_any] - (track[w] if w else 0)


def _window(m: Any, rule: RatioRule, w: int, most: int, unless: Any) -> None:
    """Ask by clauses for at most `most` units in the window that follows position w, unless a literal holds."""
    bounds = m.reach.option(rule)
    at_least = _counter(m, rule.products, bounds)
    behind = w + rule.in_any
    for j in range(max(1, bounds[behind][0]), bounds[behind][1] + 1):
        clause(m, [negated(at_least(behind, j)), at_least(w, j - most), unless])


# --- the objective --------------------------------------------------------------------------


def _total(m: Any, instance: Heijunka) -> Total:
    total = Total()
    limit = cutoff(instance) if any(term.measure != "sum_absolute" for term in instance.objective) else None
    for term in instance.objective:
        if not term.weight:
            continue
        if term.term in ("rate", "usage"):
            _level(m, instance, term, limit, total)
        elif term.term == "ratio":
            _ratio(m, instance, term, total)
        else:
            _changeover(m, instance, term, total)
    if instance.current and instance.current.price:
        total.add(exact(instance.current.price), m.moves, instance.units)
    return total


def _level(m: Any, instance: Heijunka, term: Objective, limit: Fraction | None, total: Total) -> None:
    """Add a rate or usage term."""
    tracked = flows(instance, term.term)
    bounds = [m.reach.flow(flow) for flow in tracked]
    table = cells(m.reach, term, tracked, bounds, limit)
    power = 2 if term.measure.endswith("squared") else 1
    sizes = [flow.weight * (flow.unit / instance.slots) ** power for flow in tracked]
    weight = exact(term.weight)
    if term.measure.startswith("max"):
        tracks = [_track(m, flow.users, span) for flow, span in zip(tracked, bounds, strict=True)]
        every = [(cell, sizes[cell.flow]) for line in table for cell in line]
        if every:
            _peak(m, total, weight, Levels(every), tracked, tracks)
        return
    for size, flow, line, span in zip(sizes, tracked, table, bounds, strict=True):
        _convex(m, total, weight * size, flow, line, _track(m, flow.users, span))


def _convex(m: Any, total: Total, weight: Fraction, flow: Flow, line: list[Cell], track: dict[int, Any]) -> None:
    """Add the costs of a flow as increments near its ideal, prolonged below and above; or as products."""
    near: dict[tuple[int, int], Any] = {}
    below: dict[tuple[int], Any] = {}
    above: dict[tuple[int], Any] = {}
    for cell in line:
        s = cell.slot
        if cell.power == 2 and cell.last - cell.first > LITERALS:
            _product(m, total, weight, flow, cell, track[s])
            continue
        total.add_constant(weight * cell.cost(cell.first))
        literals = [m.new_bool_var("") for _ in range(cell.first, cell.last)]
        for j, literal in enumerate(literals, cell.first + 1):
            near[s, j] = literal
            m.add(track[s] >= j).only_enforce_if(literal)
            m.add(track[s] < j).only_enforce_if(~literal)
            total.add(weight * cell.slope(j - 1), literal, 1)
            if j > cell.first + 1:
                m.add_implication(literal, near[s, j - 1])
            if (s - 1, j) in near:
                m.add_implication(near[s - 1, j], literal)
        value = cell.first + sum(literals)
        if cell.low < cell.first:
            below[s,] = m.new_int_var(0, cell.first - cell.low, "")
            total.add(-weight * cell.slope(cell.first), below[s,], cell.first - cell.low)
            value -= below[s,]
        if cell.last < cell.high:
            above[s,] = m.new_int_var(0, cell.high - cell.last, "")
            total.add(weight * cell.slope(cell.last - 1), above[s,], cell.high - cell.last)
            value += above[s,]
        m.add(track[s] == value)
    at = {cell.slot: cell for cell in line}
    m.derived.append((near, lambda trace, s, j: trace.until(flow.users, s) >= j))
    m.derived.append((below, lambda trace, s: max(0, at[s].first - trace.until(flow.users, s))))
    m.derived.append((above, lambda trace, s: max(0, trace.until(flow.users, s) - at[s].last)))


def _product(m: Any, total: Total, weight: Fraction, flow: Flow, cell: Cell, q: Any) -> None:
    """Add (Q S - N s)^2 with the square of Q's distance from the whole number next to its ideal."""
    centre = min(max(cell.origin // cell.slots, cell.low), cell.high)
    far = max(cell.high - centre, centre - cell.low)
    distance = m.new_int_var(cell.low - centre, cell.high - centre, "")
    m.add(distance == q - centre)
    square = squared(m, distance, far)
    rest = centre * cell.slots - cell.origin
    total.add(weight * cell.slots**2, square, far**2)
    total.add(weight * 2 * cell.slots * rest, distance, far)
    total.add_constant(weight * rest**2)
    users, s = flow.users, cell.slot
    m.derived.append(({(): distance}, lambda trace: trace.until(users, s) - centre))
    m.derived.append(({(): square}, lambda trace: (trace.until(users, s) - centre) ** 2))


def _peak(
    m: Any, total: Total, weight: Fraction, levels: Levels, tracked: list[Flow], tracks: list[dict[int, Any]]
) -> None:
    """Add the largest of the cells' costs: literals [it reaches its v-th value] open each count's range."""
    total.add_constant(weight * levels.least)
    b = {v: m.new_bool_var("") for v in range(len(levels.values))}
    for v, rise in enumerate(levels.rises):
        total.add(weight * rise, b[v], 1)
        if v:
            m.add_implication(b[v], b[v - 1])

    def reached(trace: Trace) -> Fraction:
        return levels.reached(lambda cell: trace.until(tracked[cell.flow].users, cell.slot))

    m.derived.append((b, lambda trace, v: trace.once(reached) >= levels.values[v]))
    for at, (cell, _) in enumerate(levels.every):
        count = tracks[cell.flow][cell.slot]
        edge, opened = levels.upwards(at)
        if opened:
            m.add(count <= edge + sum(points * b[v] for v, points in opened.items()))
            import os
            if "h" in os.environ.get("MODE",""):
              e=edge
              for v in sorted(opened):
                m.add(count<=e).only_enforce_if(~b[v]); e+=opened[v]
        edge, opened = levels.downwards(at)
        if opened:
            m.add(count >= edge - sum(points * b[v] for v, points in opened.items()))
            if "h" in os.environ.get("MODE",""):
              e=edge
              for v in sorted(opened):
                m.add(count>=e).only_enforce_if(~b[v]); e-=opened[v]


def _largest(
    m: Any,
    total: Total,
    weight: Fraction,
    peaks: list[tuple[Fraction, Any, int, Callable[[Trace], int]]],
    power: int,
) -> None:
    """Add weight x the largest of size x peak^power."""
    if not peaks:
        return
    denominator = lcm(*(size.denominator for size, _, _, _ in peaks))
    shared = gcd(*(int(size * denominator) for size, _, _, _ in peaks))
    unit = Fraction(shared, denominator)
    numbers = [int(size / unit) for size, _, _, _ in peaks]
    upper = max(number * high**power for number, (_, _, high, _) in zip(numbers, peaks, strict=True))
    top = m.new_int_var(0, whole(upper), "")
    for number, (_, peak, high, value) in zip(numbers, peaks, strict=True):
        if power == 1:
            m.add(top >= number * peak)
            continue
        square = squared(m, peak, high)
        m.derived.append(({(): square}, lambda trace, value=value: value(trace) ** 2))
        m.add(top >= number * square)

    def largest(trace: Trace) -> int:
        return max(number * value(trace) ** power for number, (_, _, _, value) in zip(numbers, peaks, strict=True))

    m.derived.append(({(): top}, largest))
    total.add(weight * unit, top, upper)


def _ratio(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the priced excess of the windows of the rules that are not hard."""
    weight = exact(term.weight)
    rules = [rule for rule in m.rules.values() if not rule.hard and rule.weight]
    power = 2 if term.measure.endswith("squared") else 1
    if not term.measure.startswith("max"):
        for rule in rules:
            _excess(m, instance, rule, weight * rule.weight, term.measure, total)
        return
    peaks = []
    for rule in rules:
        high = m.reach.excess(rule)
        peak = m.new_int_var(0, high, "")
        for w in windows(rule, instance.slots):
            m.add(peak >= _load(m, instance, rule, w) - rule.at_most)

        def value(trace: Trace, rule: RatioRule = rule) -> int:
            return max(trace.excess(rule, w) for w in windows(rule, instance.slots))

        m.derived.append(({(): peak}, value))
        peaks.append((rule.weight, peak, high, value))
    _largest(m, total, weight, peaks, power)


def _excess(m: Any, instance: Heijunka, rule: RatioRule, weight: Fraction, measure: str, total: Total) -> None:
    """Add the excess of each window of a rule, level by level: [excess >= k] for k = 1..most."""
    most = m.reach.excess(rule)
    violated = measure == "sum_violated"
    levels: dict[tuple[int, int], Any] = {}
    for w in windows(rule, instance.slots):
        for k in range(1, 2 if violated else most + 1):
            level = levels[w, k] = m.new_bool_var("")
            total.add(weight * (2 * k - 1 if measure == "sum_squared" else 1), level, 1)
            if k > 1:
                m.add_implication(level, levels[w, k - 1])
            if instance.box is None:
                _window(m, rule, w, rule.at_most + k - 1, level)
        above = most * levels[w, 1] if violated else sum(levels[w, k] for k in range(1, most + 1))
        m.add(_load(m, instance, rule, w) <= rule.at_most + above)
    m.derived.append((levels, lambda trace, w, k: trace.excess(rule, w) >= k))


def _changeover(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the cost between neighbouring slots: set-ups, or pairs by the table."""
    weight = exact(term.weight)
    if instance.changeover_cost is not None:
        _pairs(m, instance, term, total)
        return
    later = [begun(m, i, s) for i in m.products for s in m.slots if s > 1 and m.reach.largest(i)]
    if not term.measure.startswith("max"):
        for literal in later:
            total.add(weight, literal, 1)
        for i in (i for i in m.products if m.reach.largest(i)):
            m.add(sum(begun(m, i, s) for s in m.slots) >= least_runs(instance, i))
        return
    any_change = m.new_bool_var("")
    for literal in later:
        m.add_implication(literal, any_change)
    m.derived.append(
        ({(): any_change}, lambda trace: any(trace.begins(i, s) for i in m.products for s in m.slots if s > 1))
    )
    total.add(weight, any_change, 1)


def _pairs(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the changeovers of a sequence with a table, as a flow between neighbouring positions."""
    classes, costs = changeover_classes(instance)
    power = 2 if term.measure.endswith("squared") else 1
    paid = {pair: cost**power for pair, cost in costs.items() if cost}
    if not paid or instance.slots < 2:
        return
    if not m.arcs:
        _arcs(m, instance, classes)
    weight = exact(term.weight)
    if not term.measure.startswith("max"):
        for (_, a, b), arc in m.arcs.items():
            total.add(weight * paid.get((a, b), Fraction(0)), arc, 1)
        return
    levels = sorted(set(paid.values()))
    reached = {(k,): m.new_bool_var("") for k in range(len(levels))}
    for (_, a, b), arc in m.arcs.items():
        if (a, b) in paid:
            m.add_implication(arc, reached[levels.index(paid[a, b]),])
    for k, cost in enumerate(levels):
        total.add(weight * (cost - (levels[k - 1] if k else 0)), reached[k,], 1)
        if k:
            m.add_implication(reached[k,], reached[k - 1,])
    of = {i: a for a, members in enumerate(classes) for i in members}

    def worst(trace: Trace, k: int) -> bool:
        pairs = ((of[trace.at(s)], of[trace.at(s + 1)]) for s in range(1, instance.slots))
        return any(paid.get(pair, 0) >= levels[k] for pair in pairs)

    m.derived.append((reached, worst))


def _arcs(m: Any, instance: Heijunka, classes: list[list[int]]) -> None:
    """Add g_sab: position s builds a product of class a, the next one of class b."""
    rows = range(len(classes))
    steps = range(1, instance.slots)
    m.arcs = {(s, a, b): m.new_bool_var("") for s in steps for a in rows for b in rows}
    m.derived.append((m.arcs, lambda trace, s, a, b: trace.at(s) in classes[a] and trace.at(s + 1) in classes[b]))
    for s in steps:
        for a in rows:
            m.add(sum(m.arcs[s, a, b] for b in rows) == sum(m.x[i, s] for i in classes[a]))
            m.add(sum(m.arcs[s, b, a] for b in rows) == sum(m.x[i, s + 1] for i in classes[a]))
