"""The rules of a heijunka plan in Pyomo: presence, spacing, runs, frozen and fixed slots, moves.

Every function adds one rule to the model `m`, which has the units `m.x[i, s]`, the slacks
`m.relax`, the bounds `m.reach` and the list `m.derived` of (variable, its value under a plan).
A rule that may be relaxed is written with its slack: the amount by which the plan breaks it.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from jitopt.problems.heijunka.instance import Heijunka

from ._heijunka import Trace, moved

__all__ = ["built", "kept", "longest_run", "moves", "presence", "shortest_run", "spacing"]


def presence(m: Any, instance: Heijunka, changeovers: bool) -> None:
    """Add z_is (slot s builds i) and u_is (a run begins) for the products whose rules or set-ups need them."""
    runs = [i for i in m.I if instance.shortest_run_of(i) > 1]
    rules = [i for i in m.I if instance.spacing_of(i) > 1 or instance.longest_run_of(i) is not None]
    needed = list(m.I) if changeovers else sorted({*rules, *runs})
    m.Z = pyo.Set(initialize=[i for i in needed if m.reach.largest(i) > 1], doc="products whose x is not binary")
    m.z = pyo.Var(m.Z, m.S, domain=pyo.Binary, doc="z_is: slot s builds i")
    m.derived.append((m.z, Trace.present))

    @m.Constraint(m.Z, m.S, doc="units only where i is built")
    def present(m: Any, i: int, s: int) -> Any:
        return m.x[i, s] <= m.reach.largest(i) * m.z[i, s]

    @m.Constraint(m.Z, m.S, doc="i is built only where it has units")
    def absent(m: Any, i: int, s: int) -> Any:
        return m.z[i, s] <= m.x[i, s]

    m.U = pyo.Set(initialize=list(m.I) if changeovers else runs, doc="products whose runs count")
    m.u = pyo.Var(m.U, m.S, bounds=(0, 1), doc="u_is: a run of i begins in slot s")
    m.derived.append((m.u, Trace.begins))

    @m.Constraint(m.U, m.S, doc="a run begins where i was not built before")
    def begins(m: Any, i: int, s: int) -> Any:
        return m.u[i, s] >= built(m, i, s) - (built(m, i, s - 1) if s > 1 else 0)


def built(m: Any, i: int, s: int) -> Any:
    """Return the variable that tells whether slot s builds i."""
    return m.z[i, s] if i in m.Z else m.x[i, s]


def spacing(m: Any, instance: Heijunka) -> None:
    """Keep two slots that build a product at least its spacing apart."""
    slots = instance.slots
    hard, soft = [], []
    for i in m.I:
        least = instance.spacing_of(i)
        key = ("spacing", (instance.products.product[i],))
        if least > 1 and key in m.relax:
            soft += [(i, s, gap) for gap in range(1, min(least, slots)) for s in range(1, slots - gap + 1)]
        elif least > 1:
            hard += [(i, s) for s in range(1, max(1, slots - least + 1) + 1)]

    @m.Constraint(hard, doc="one slot with i in any `spacing` slots")
    def spaced(m: Any, i: int, first: int) -> Any:
        last = min(first + instance.spacing_of(i) - 1, slots)
        return sum(built(m, i, s) for s in range(first, last + 1)) <= 1

    @m.Constraint(soft, doc="a smaller gap is paid")
    def spaced_or_paid(m: Any, i: int, s: int, gap: int) -> Any:
        least = instance.spacing_of(i)
        slack = m.relax.slack(("spacing", (instance.products.product[i],)), least - 1)
        return (least - gap) * (built(m, i, s) + built(m, i, s + gap) - 1) <= slack


def longest_run(m: Any, instance: Heijunka) -> None:
    """Build a product in no more consecutive slots than its longest run."""
    slots = instance.slots
    longest = {i: run for i in m.I if (run := instance.longest_run_of(i)) is not None}
    keys = {i: ("longest_run", (instance.products.product[i],)) for i in longest}
    most = {i: min(slots, instance.products.demand[i]) for i in longest}
    hard = [(i, s) for i, run in longest.items() if keys[i] not in m.relax for s in range(1, slots - run + 1)]

    @m.Constraint(hard, doc="not all of any longest + 1 slots")
    def not_longer(m: Any, i: int, first: int) -> Any:
        return sum(built(m, i, s) for s in range(first, first + longest[i] + 1)) <= longest[i]

    m.R = pyo.Set(initialize=[i for i in longest if keys[i] in m.relax], doc="products whose longest run may be broken")
    m.run = pyo.Var(m.R, m.S, bounds=lambda _, i, s: (0, most[i]), doc="length of the run of i up to slot s")
    m.derived.append((m.run, Trace.run))

    @m.Constraint(m.R, m.S, doc="a run grows slot by slot")
    def grows(m: Any, i: int, s: int) -> Any:
        before = m.run[i, s - 1] if s > 1 else 0
        return m.run[i, s] >= before + 1 - (most[i] + 1) * (1 - built(m, i, s))

    @m.Constraint(m.R, m.S, doc="a longer run is paid")
    def not_longer_or_paid(m: Any, i: int, s: int) -> Any:
        return m.run[i, s] <= longest[i] + m.relax.slack(keys[i], most[i] - longest[i])


def shortest_run(m: Any, instance: Heijunka) -> None:
    """Build a product in no fewer consecutive slots than its shortest run (minimum up time)."""
    slots = instance.slots
    least = {i: run for i in m.I if (run := instance.shortest_run_of(i)) > 1}
    keys = {i: ("shortest_run", (instance.products.product[i],)) for i in least}
    hard = [i for i in least if keys[i] not in m.relax]

    @m.Constraint(hard, m.S, doc="a run that began lately goes on")
    def goes_on(m: Any, i: int, s: int) -> Any:
        return sum(m.u[i, r] for r in range(max(1, s - least[i] + 1), s + 1)) <= built(m, i, s)

    @m.Constraint([(i, s) for i in hard for s in m.S if s + least[i] - 1 > slots], doc="no run begins too late")
    def in_time(m: Any, i: int, s: int) -> Any:
        return m.u[i, s] <= 0

    soft = [i for i in least if keys[i] in m.relax]
    cut = [(i, s, k) for i in soft for s in m.S for k in range(1, min(least[i] - 1, slots + 1 - s) + 1)]

    @m.Constraint(cut, doc="a run that begins in s and is over by s + k is paid")
    def goes_on_or_paid(m: Any, i: int, s: int, k: int) -> Any:
        before = built(m, i, s - 1) if s > 1 else 0
        behind = built(m, i, s + k) if s + k <= slots else 0
        return (least[i] - k) * (built(m, i, s) - before - behind) <= m.relax.slack(keys[i], least[i] - 1)


def kept(m: Any, instance: Heijunka) -> None:
    """Keep the frozen and the fixed slots."""
    current = instance.current_slots or ()
    frozen = [(i, s) for s in range(1, instance.frozen + 1) for i in m.I]
    key = ("frozen", ())
    slack = m.relax.slack(key, instance.frozen)

    @m.Constraint(frozen if key not in m.relax else [], doc="a frozen slot stays as it is")
    def stays(m: Any, i: int, s: int) -> Any:
        return m.x[i, s] == current[s - 1].get(i, 0)

    m.changed = pyo.Var(
        range(1, instance.frozen + 1 if key in m.relax else 1), domain=pyo.Binary, doc="frozen slot s changes"
    )
    m.derived.append((m.changed, lambda trace, s: any(trace.units(i, s) != current[s - 1].get(i, 0) for i in m.I)))

    @m.Constraint(frozen if key in m.relax else [], doc="more units only in a changed slot")
    def more(m: Any, i: int, s: int) -> Any:
        have = current[s - 1].get(i, 0)
        return m.x[i, s] - have <= max(0, m.reach.largest(i) - have) * m.changed[s]

    @m.Constraint(frozen if key in m.relax else [], doc="fewer units only in a changed slot")
    def fewer(m: Any, i: int, s: int) -> Any:
        have = current[s - 1].get(i, 0)
        return have - m.x[i, s] <= have * m.changed[s]

    if key in m.relax and instance.frozen:
        m.changes = pyo.Constraint(expr=sum(m.changed.values()) <= slack, doc="each changed slot is paid")
    table = instance.fixed
    places = list(zip(table.position, table.product, strict=True)) if table else []

    @m.Constraint(range(len(places)), doc="a fixed slot builds its product")
    def fixed(m: Any, row: int) -> Any:
        position, product = places[row]
        return m.x[instance.index[product], position] + m.relax.slack(("fixed", (str(position), product)), 1) >= 1


def moves(m: Any, instance: Heijunka) -> None:
    """Add `m.moves`, the units that stand where the current plan does not have them, and cap it."""
    current = instance.current_slots or ()
    if instance.current is None or not moved(instance):
        return
    largest = m.reach.largest
    old = [(i, s) for s, slot in enumerate(current, 1) for i, have in slot.items() if 0 < have < largest(i)]
    m.added = pyo.Var(old, bounds=lambda _, i, s: (0, largest(i)), doc="units of i in slot s above the current plan")
    m.derived.append((m.added, lambda trace, i, s: max(0, trace.units(i, s) - current[s - 1][i])))

    @m.Constraint(old, doc="above the current plan")
    def above(m: Any, i: int, s: int) -> Any:
        return m.added[i, s] >= m.x[i, s] - current[s - 1][i]

    m.moves = pyo.Var(bounds=(0, instance.units), doc="units moved against the current plan")
    m.derived.append((m.moves, Trace.moves))
    if instance.box is None:
        count = len(current) - sum(m.x[i, s] for s, slot in enumerate(current, 1) for i in slot)
    else:
        new = (m.x[i, s] for s, slot in enumerate(current, 1) for i in m.I if i not in slot)
        count = sum(new) + sum(m.added.values())
    m.count_moves = pyo.Constraint(expr=m.moves >= count, doc="what is moved")
    if instance.current.at_most is not None:
        most = instance.current.at_most
        m.cap_moves = pyo.Constraint(
            expr=m.moves <= most + m.relax.slack(("moves", ()), instance.units - most), doc="at most so many moves"
        )
