"""The rules of a heijunka plan in CP-SAT: presence, spacing, runs, frozen and fixed slots, moves.

Every function adds one rule to the model `m`, which has the units `m.x[i, s]`, the slacks
`m.relax`, the bounds `m.reach` and the list `m.derived` of (variables, their value under a plan).
A rule that may be relaxed is written with its slack: the amount by which the plan breaks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._cpsat import clause, negated
from ._heijunka import Trace, moved

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["begun", "kept", "longest_run", "moves", "presence", "shortest_run", "spacing"]


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
    current = instance.current_slots or ()
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
    if changed:
        m.add(sum(changed.values()) <= m.relax.slack(key, instance.frozen))
    m.derived.append((changed, lambda trace, s: any(trace.units(i, s) != current[s - 1].get(i, 0) for i in m.products)))
    table = instance.fixed
    for position, product in zip(table.position, table.product, strict=True) if table else ():
        m.add(m.x[instance.index[product], position] + m.relax.slack(("fixed", (str(position), product)), 1) >= 1)


def moves(m: Any, instance: Heijunka) -> None:
    """Add `m.moves`, the units that stand where the current plan does not have them, and cap it."""
    current = instance.current_slots or ()
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
