"""What a heijunka plan counts and keeps in CP-SAT: presence, spacing, runs, fixed slots, moves, changeovers.

Every function adds one rule to the model `m`, which has the units `m.x[i, s]`, the slacks
`m.relax`, the bounds `m.reach` and the list `m.derived` of (variables, their value under a plan).
A rule that may be relaxed is written with its slack: the amount by which the plan breaks it.

Part of `heijunka_order_cpsat`.
Holds: the variables Q_fs, z_is, u_is, b_v, g_sab and the constraints of spacing, runs, frozen and fixed slots, moves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact

from ._cpsat import clause, negated, whole
from ._heijunka import refuse_beyond
from ._heijunka_plan import (
    Trace,
    changeover_classes,
    changes_first,
    first_changeovers,
    least_runs,
    moved,
    released,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.heijunka.instance import Heijunka, Objective

    from ._cpsat import Total
    from ._heijunka import Levels

__all__ = [
    "begun",
    "changeovers",
    "kept",
    "levels_of",
    "longest_run",
    "moves",
    "presence",
    "shortest_run",
    "spacing",
    "track",
]


def track(m: Any, users: tuple[tuple[int, int], ...], bounds: list[tuple[int, int]]) -> dict[int, Any]:
    """Return Q_s, s = 1..S, of the flow with these users."""
    found: dict[int, Any] = m.tracks.setdefault(users, {})
    if not found:
        before: Any = 0
        for s in m.slots:
            low, high = bounds[s]
            found[s] = m.new_int_var(low, whole(high), "")
            m.add(found[s] == before + sum(a * m.x[i, s] for i, a in users))
            before = found[s]
        m.derived.append((found, lambda trace, s: trace.until(users, s)))
    return found


def levels_of(
    m: Any, total: Total, weight: Fraction, levels: Levels, reached: Callable[[Trace], Fraction]
) -> dict[int, Any]:
    """Add b_v = [the largest cost reaches its v-th value], and what they cost."""
    total.add_constant(weight * levels.least)
    b = {v: m.new_bool_var("") for v in range(len(levels.values))}
    for v, rise in enumerate(levels.rises):
        total.add(weight * rise, b[v], 1)
        if v:
            m.add_implication(b[v], b[v - 1])
    m.derived.append((b, lambda trace, v: trace.once(reached) >= levels.values[v]))
    return b


def presence(m: Any, instance: Heijunka, changeovers: bool) -> None:
    """Add z_is (slot s builds i) for the products whose rules or set-ups need it; x_is itself where it is 0 or 1."""
    m.z = {}
    made = {}
    for i in m.products:
        rules = instance.spacing_of(i) > 1 or instance.longest_run_of(i) is not None or instance.shortest_run_of(i) > 1
        for s in m.slots if changeovers or rules else ():
            most = m.reach.largest(i)
            if most <= 1:
                m.z[i, s] = m.x[i, s] if most else False
                continue
            z = made[i, s] = m.z[i, s] = m.new_bool_var("")
            m.add(m.x[i, s] <= most * z)
            m.add(m.x[i, s] >= z)
    m.derived.append((made, Trace.present))
    m.u = {}
    m.derived.append((m.u, Trace.begins))


def begun(m: Any, i: int, s: int) -> Any:
    """Return u_is, which is 1 when a run of i begins in slot s (z_is in the first slot)."""
    if s == 1 or m.z[i, s] is False:
        return m.z[i, s]
    if (i, s) not in m.u:
        m.u[i, s] = m.new_bool_var("")
        clause(m, [negated(m.z[i, s]), m.z[i, s - 1], m.u[i, s]])
    return m.u[i, s]


def spacing(m: Any, instance: Heijunka) -> None:
    """Keep two slots that build a product at least its spacing apart."""
    last = instance.slots
    for i in m.products:
        least = instance.spacing_of(i)
        key = ("spacing", (instance.products.product[i],))
        if least <= 1 or not m.reach.largest(i):
            continue
        if key not in m.relax:
            for first in range(1, max(1, last - least + 1) + 1):
                m.add_at_most_one(m.z[i, s] for s in range(first, min(first + least - 1, last) + 1))
            continue
        slack = m.relax.slack(key, least - 1)
        for gap in range(1, min(least, last)):
            for s in range(1, last - gap + 1):
                m.add((least - gap) * (m.z[i, s] + m.z[i, s + gap] - 1) <= slack)


def longest_run(m: Any, instance: Heijunka) -> None:
    """Build a product in no more consecutive slots than its longest run."""
    last = instance.slots
    runs = {}
    for i in m.products:
        longest = instance.longest_run_of(i)
        key = ("longest_run", (instance.products.product[i],))
        if longest is None or not m.reach.largest(i):
            continue
        if key not in m.relax:
            for first in range(1, last - longest + 1):
                m.add_bool_or([~m.z[i, s] for s in range(first, first + longest + 1)])
            continue
        most = min(last, instance.products.demand[i])
        slack = m.relax.slack(key, most - longest)
        before: Any = 0
        for s in m.slots:
            runs[i, s] = m.new_int_var(0, most, "")
            m.add(runs[i, s] >= before + 1).only_enforce_if(m.z[i, s])
            m.add(runs[i, s] <= longest + slack)
            before = runs[i, s]
    m.derived.append((runs, Trace.run))


def shortest_run(m: Any, instance: Heijunka) -> None:
    """Build a product in no fewer consecutive slots than its shortest run."""
    last = instance.slots
    for i in m.products:
        least = instance.shortest_run_of(i)
        key = ("shortest_run", (instance.products.product[i],))
        if least <= 1 or not m.reach.largest(i):
            continue
        if key not in m.relax:
            for s in m.slots:
                late = s + least - 1 > last
                for built in [False] if late else [m.z[i, s + k] for k in range(1, least)]:
                    clause(m, [negated(begun(m, i, s)), built])
            continue
        slack = m.relax.slack(key, least - 1)
        for s in m.slots:
            before = m.z[i, s - 1] if s > 1 else 0
            for k in range(1, min(least - 1, last + 1 - s) + 1):
                behind = m.z[i, s + k] if s + k <= last else 0
                m.add((least - k) * (m.z[i, s] - before - behind) <= slack)


def kept(m: Any, instance: Heijunka) -> None:
    """Keep the frozen and the fixed slots."""
    current: Any = instance.current_slots or ()
    key = ("frozen", ())
    changed = {}
    for s in range(1, instance.frozen + 1):
        if key in m.relax:
            changed[s] = m.new_bool_var("")
        for i in m.products:
            have = current[s - 1].get(i, 0)
            if key not in m.relax:
                m.add(m.x[i, s] == have)
            else:
                m.add(m.x[i, s] - have <= max(0, m.reach.largest(i) - have) * changed[s])
                m.add(have - m.x[i, s] <= have * changed[s])
    for s in range(2, len(changed) + 1):
        m.add_implication(changed[s - 1], changed[s])
    if changed:
        m.add(sum(changed.values()) <= m.relax.slack(key, instance.frozen))
    m.derived.append((changed, lambda trace, s: released(instance, trace, s)))
    table = instance.fixed
    for position, product in zip(table.position, table.product, strict=True) if table else ():
        m.add(m.x[instance.index[product], position] + m.relax.slack(("fixed", (str(position), product)), 1) >= 1)


def moves(m: Any, instance: Heijunka) -> None:
    """Add `m.moves`, the units that stand where the current plan does not have them, and cap it."""
    current: Any = instance.current_slots or ()
    if instance.current is None or not moved(instance):
        return
    added: dict[tuple[int, int], Any] = {}
    count: Any = len(current) if instance.box is None else 0
    for s, slot in enumerate(current, 1):
        if instance.box is None:
            count -= sum(m.x[i, s] for i in slot)
            continue
        count += sum(m.x[i, s] for i in m.products if i not in slot)
        for i, have in slot.items():
            if have < m.reach.largest(i):
                added[i, s] = m.new_int_var(0, m.reach.largest(i), "")
                m.add(added[i, s] >= m.x[i, s] - have)
                count += added[i, s]
    m.derived.append((added, lambda trace, i, s: max(0, trace.units(i, s) - current[s - 1][i])))
    m.moves = m.new_int_var(0, instance.units, "")
    m.derived.append(({(): m.moves}, Trace.moves))
    m.add(m.moves >= count)
    if instance.current.at_most is not None:
        most = instance.current.at_most
        m.add(m.moves <= most + m.relax.slack(("moves", ()), instance.units - most))


def changeovers(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the cost between neighbouring slots to the objective: set-ups, or pairs by the table."""
    if instance.changeover_cost is not None:
        _pairs(m, instance, term, total)
        return
    weight = exact(term.weight)
    built = [i for i in m.products if m.reach.largest(i)]
    places = [(i, s) for i in built for s in m.slots if s > 1 or changes_first(instance, i)]
    later = [begun(m, i, s) for i, s in places]
    if not term.measure.startswith("max"):
        for literal in later:
            total.add(weight, literal, 1)
        for i in built:
            m.add(sum(begun(m, i, s) for s in m.slots) >= least_runs(instance, i))
        return
    any_change = m.new_bool_var("")
    for literal in later:
        m.add_implication(literal, any_change)
    m.derived.append(({(): any_change}, lambda trace: any(trace.begins(i, s) for i, s in places)))
    total.add(weight, any_change, 1)


def _pairs(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the changeovers of a sequence with a table, as a flow between neighbouring positions.

    Products that cost the same before and behind every product are one class. What was built before position 1
    prices the product in position 1.
    """
    classes, costs = changeover_classes(instance)
    power = 2 if term.measure.endswith("squared") else 1
    paid = {pair: cost**power for pair, cost in costs.items() if cost and instance.slots > 1}
    first = {i: cost**power for i, cost in first_changeovers(instance).items()}
    if paid and not m.arcs:
        _arcs(m, instance, classes)
    weight = exact(term.weight)
    prices = [(m.x[i, 1], cost) for i, cost in first.items()]
    prices += [(arc, paid[a, b]) for (_, a, b), arc in m.arcs.items() if (a, b) in paid]
    if not term.measure.startswith("max"):
        for literal, cost in prices:
            total.add(weight * cost, literal, 1)
        return
    levels = sorted({cost for _, cost in prices})
    reached = {k: m.new_bool_var("") for k in range(len(levels))}
    for literal, cost in prices:
        m.add_implication(literal, reached[levels.index(cost)])
    for k, cost in enumerate(levels):
        total.add(weight * (cost - (levels[k - 1] if k else 0)), reached[k], 1)
        if k:
            m.add_implication(reached[k], reached[k - 1])
    of = {i: a for a, members in enumerate(classes) for i in members}

    def dearest(trace: Trace) -> Fraction:
        pairs = ((of[trace.at(s)], of[trace.at(s + 1)]) for s in range(1, instance.slots))
        before = first.get(trace.at(1), Fraction(0))
        return max([before, *(paid.get(pair, Fraction(0)) for pair in pairs)])

    m.derived.append((reached, lambda trace, k: trace.once(dearest) >= levels[k]))


def _arcs(m: Any, instance: Heijunka, classes: list[list[int]]) -> None:
    """Add g_sab: position s builds a product of class a, the next one a product of class b."""
    rows = range(len(classes))
    steps = range(1, instance.slots)
    refuse_beyond(len(steps) * len(classes) ** 2)
    m.arcs = {(s, a, b): m.new_bool_var("") for s in steps for a in rows for b in rows}
    m.derived.append((m.arcs, lambda trace, s, a, b: trace.at(s) in classes[a] and trace.at(s + 1) in classes[b]))
    for s in steps:
        for a in rows:
            m.add(sum(m.arcs[s, a, b] for b in rows) == sum(m.x[i, s] for i in classes[a]))
            m.add(sum(m.arcs[s, b, a] for b in rows) == sum(m.x[i, s + 1] for i in classes[a]))
