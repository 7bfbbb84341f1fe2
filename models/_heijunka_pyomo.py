"""The rules of a heijunka plan in Pyomo: presence, spacing, runs, frozen and fixed slots, moves, changeovers.

Every function adds one rule to the model `m`, which has the units `m.x[i, s]`, the slacks
`m.relax`, the bounds `m.reach` and the list `m.derived` of (variable, its value under a plan).
A rule that may be relaxed is written with its slack: the amount by which the plan breaks it.

Part of `heijunka_cumulative_pyomo`.
Holds: the variables z_is, u_is, g_sab and the constraints of spacing, runs, frozen and fixed slots, moves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

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
    from jitopt.problems.heijunka.instance import Heijunka, Objective

__all__ = ["Terms", "changeovers", "kept", "longest_run", "moves", "presence", "shortest_run", "spacing"]

Terms = list[tuple[Fraction, Any]]
"""Parts of the objective as (exact coefficient, expression)."""


def presence(m: Any, instance: Heijunka, changeovers: bool, gaps: bool = False) -> None:
    """Add z_is (slot s builds i) and u_is (a run begins) for the products whose rules, set-ups or gaps need them."""
    runs = [i for i in m.I if instance.shortest_run_of(i) > 1]
    rules = [i for i in m.I if instance.spacing_of(i) > 1 or instance.longest_run_of(i) is not None]
    needed = list(m.I) if changeovers or gaps else sorted({*rules, *runs})
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
        return m.u[i, s] >= _built(m, i, s) - (_built(m, i, s - 1) if s > 1 else 0)


def _built(m: Any, i: int, s: int) -> Any:
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
        return sum(_built(m, i, s) for s in range(first, last + 1)) <= 1

    @m.Constraint(soft, doc="a smaller gap is paid")
    def spaced_or_paid(m: Any, i: int, s: int, gap: int) -> Any:
        least = instance.spacing_of(i)
        slack = m.relax.slack(("spacing", (instance.products.product[i],)), least - 1)
        return (least - gap) * (_built(m, i, s) + _built(m, i, s + gap) - 1) <= slack


def longest_run(m: Any, instance: Heijunka) -> None:
    """Build a product in no more consecutive slots than its longest run."""
    slots = instance.slots
    longest = {i: run for i in m.I if (run := instance.longest_run_of(i)) is not None}
    keys = {i: ("longest_run", (instance.products.product[i],)) for i in longest}
    most = {i: min(slots, instance.products.demand[i]) for i in longest}
    hard = [(i, s) for i, run in longest.items() if keys[i] not in m.relax for s in range(1, slots - run + 1)]

    @m.Constraint(hard, doc="not all of any longest + 1 slots")
    def not_longer(m: Any, i: int, first: int) -> Any:
        return sum(_built(m, i, s) for s in range(first, first + longest[i] + 1)) <= longest[i]

    m.R = pyo.Set(initialize=[i for i in longest if keys[i] in m.relax], doc="products whose longest run may be broken")
    m.run = pyo.Var(m.R, m.S, bounds=lambda _, i, s: (0, most[i]), doc="length of the run of i up to slot s")
    m.derived.append((m.run, Trace.run))

    @m.Constraint(m.R, m.S, doc="a run grows slot by slot")
    def grows(m: Any, i: int, s: int) -> Any:
        before = m.run[i, s - 1] if s > 1 else 0
        return m.run[i, s] >= before + 1 - (most[i] + 1) * (1 - _built(m, i, s))

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
        return sum(m.u[i, r] for r in range(max(1, s - least[i] + 1), s + 1)) <= _built(m, i, s)

    @m.Constraint([(i, s) for i in hard for s in m.S if s + least[i] - 1 > slots], doc="no run begins too late")
    def in_time(m: Any, i: int, s: int) -> Any:
        return m.u[i, s] <= 0

    soft = [i for i in least if keys[i] in m.relax]
    cut = [(i, s, k) for i in soft for s in m.S for k in range(1, min(least[i] - 1, slots + 1 - s) + 1)]

    @m.Constraint(cut, doc="a run that begins in s and is over by s + k is paid")
    def goes_on_or_paid(m: Any, i: int, s: int, k: int) -> Any:
        before = _built(m, i, s - 1) if s > 1 else 0
        behind = _built(m, i, s + k) if s + k <= slots else 0
        return (least[i] - k) * (_built(m, i, s) - before - behind) <= m.relax.slack(keys[i], least[i] - 1)


def kept(m: Any, instance: Heijunka) -> None:
    """Keep the frozen and the fixed slots."""
    current: Any = instance.current_slots or ()
    frozen = [(i, s) for s in range(1, instance.frozen + 1) for i in m.I]
    key = ("frozen", ())
    slack = m.relax.slack(key, instance.frozen)

    @m.Constraint(frozen if key not in m.relax else [], doc="a frozen slot stays as it is")
    def stays(m: Any, i: int, s: int) -> Any:
        return m.x[i, s] == current[s - 1].get(i, 0)

    loose = range(1, instance.frozen + 1 if key in m.relax else 1)
    m.changed = pyo.Var(loose, domain=pyo.Binary, doc="frozen slot s or one before it changes")
    m.derived.append((m.changed, lambda trace, s: released(instance, trace, s)))

    @m.Constraint(frozen if key in m.relax else [], doc="more units only in a changed slot")
    def more(m: Any, i: int, s: int) -> Any:
        have = current[s - 1].get(i, 0)
        return m.x[i, s] - have <= max(0, m.reach.largest(i) - have) * m.changed[s]

    @m.Constraint(frozen if key in m.relax else [], doc="fewer units only in a changed slot")
    def fewer(m: Any, i: int, s: int) -> Any:
        have = current[s - 1].get(i, 0)
        return have - m.x[i, s] <= have * m.changed[s]

    @m.Constraint(list(loose)[1:], doc="slots are released from one to the end of the prefix")
    def released_behind(m: Any, s: int) -> Any:
        return m.changed[s - 1] <= m.changed[s]

    if key in m.relax and instance.frozen:
        m.changes = pyo.Constraint(expr=sum(m.changed[s] for s in loose) <= slack, doc="each released slot is paid")
    table = instance.fixed
    places = list(zip(table.position, table.product, strict=True)) if table else []

    @m.Constraint(range(len(places)), doc="a fixed slot builds its product")
    def fixed(m: Any, row: int) -> Any:
        position, product = places[row]
        return m.x[instance.index[product], position] + m.relax.slack(("fixed", (str(position), product)), 1) >= 1


def moves(m: Any, instance: Heijunka) -> None:
    """Add `m.moves`, the units that stand where the current plan does not have them, and cap it."""
    current: Any = instance.current_slots or ()
    if instance.current is None or not moved(instance):
        return
    largest = m.reach.largest
    old = [(i, s) for s, slot in enumerate(current, 1) for i, have in slot.items() if 0 < have < largest(i)]
    m.added = pyo.Var(old, bounds=lambda _, i, s: (0, largest(i)), doc="units of i in slot s above the current plan")
    m.derived.append((m.added, lambda trace, i, s: max(0, trace.units(i, s) - current[s - 1][i])))

    @m.Constraint(old, doc="above the current plan")
    def above(m: Any, i: int, s: int) -> Any:
        return m.added[i, s] >= m.x[i, s] - current[s - 1][i]

    units: Any = pyo.Var(bounds=(0, instance.units), doc="units moved against the current plan")
    m.moves = units
    m.derived.append((units, Trace.moves))
    if instance.box is None:
        count = len(current) - sum(m.x[i, s] for s, slot in enumerate(current, 1) for i in slot)
    else:
        new = (m.x[i, s] for s, slot in enumerate(current, 1) for i in m.I if i not in slot)
        count = sum(new) + sum(m.added[place] for place in old)
    m.count_moves = pyo.Constraint(expr=units >= count, doc="what is moved")
    if instance.current.at_most is not None:
        most = instance.current.at_most
        m.cap_moves = pyo.Constraint(
            expr=units <= most + m.relax.slack(("moves", ()), instance.units - most), doc="at most so many moves"
        )


def changeovers(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the cost between neighbouring slots, term number `row`: set-ups, or pairs by the table."""
    if instance.changeover_cost is not None:
        return _pairs(m, instance, row, term)
    later = [(i, s) for i in m.I for s in m.S if s > 1 or changes_first(instance, i)]
    if not term.measure.startswith("max"):
        if m.component("runs") is None:
            m.runs = pyo.Constraint(
                m.I,
                rule=lambda m, i: sum(m.u[i, s] for s in m.S) >= least_runs(instance, i),
                doc="runs that are needed",
            )
        return [(Fraction(1), sum(m.u[i, s] for i, s in later))]
    any_change = pyo.Var(bounds=(0, 1), doc="there is a set-up")
    m.add_component(f"t_{row}", any_change)
    m.derived.append((any_change, lambda trace: max((trace.begins(i, s) for i, s in later), default=0)))
    m.add_component(f"any_{row}", pyo.Constraint(later, rule=lambda m, i, s: any_change >= m.u[i, s], doc="a set-up"))
    return [(Fraction(1), any_change)]


def _pairs(m: Any, instance: Heijunka, row: int, term: Objective) -> Terms:
    """Return the changeovers of a sequence with a table, as a flow between neighbouring slots.

    Products that cost the same before and behind every product are one class. What was built before slot 1
    prices the product in slot 1.
    """
    classes, costs = changeover_classes(instance)
    power = 2 if term.measure.endswith("squared") else 1
    paid = {pair: cost**power for pair, cost in costs.items() if cost and instance.slots > 1}
    first = {i: cost**power for i, cost in first_changeovers(instance).items()}
    if not paid and not first:
        return []
    if paid and m.component("g") is None:
        _arcs(m, instance, classes)
    largest = max([*paid.values(), *first.values()])
    price = {pair: float(cost / largest) for pair, cost in paid.items()}
    begin = {i: float(cost / largest) for i, cost in first.items()}
    steps = range(1, instance.slots if paid else 1)

    def at(s: int) -> Any:
        """Return the changeover behind slot s; behind slot 0 the first."""
        if s == 0:
            return sum(share * m.x[i, 1] for i, share in begin.items())
        return sum(share * m.g[s, a, b] for (a, b), share in price.items())

    places = [0, *steps] if begin else list(steps)
    if not term.measure.startswith("max"):
        return [(largest, sum(at(s) for s in places))]
    t = pyo.Var(bounds=(0, 1), doc="largest changeover")
    m.add_component(f"t_{row}", t)
    of = {i: a for a, members in enumerate(classes) for i in members}

    def reached(trace: Trace) -> float:
        pairs = ((of[trace.at(s)], of[trace.at(s + 1)]) for s in steps)
        return max(begin.get(trace.at(1), 0.0), *(price.get(pair, 0.0) for pair in pairs), 0.0)

    m.derived.append((t, reached))
    dearest = pyo.Constraint(places, rule=lambda _, s: t >= at(s), doc="largest changeover")
    m.add_component(f"dearest_{row}", dearest)
    return [(largest, t)]


def _arcs(m: Any, instance: Heijunka, classes: list[list[int]]) -> None:
    """Add g_sab; a row and a column of them sum up to whether slots s and s + 1 build the class."""
    rows = range(len(classes))
    steps = range(1, instance.slots)
    refuse_beyond(len(steps) * len(classes) ** 2)
    m.g = pyo.Var(steps, rows, rows, bounds=(0, 1), doc="g_sab: class a in slot s, class b in slot s + 1")
    m.derived.append((m.g, lambda trace, s, a, b: trace.at(s) in classes[a] and trace.at(s + 1) in classes[b]))

    @m.Constraint(steps, rows, doc="out of the class in slot s")
    def leave(m: Any, s: int, a: int) -> Any:
        return sum(m.g[s, a, b] for b in rows) == sum(m.x[i, s] for i in classes[a])

    @m.Constraint(steps, rows, doc="into the class in slot s + 1")
    def enter(m: Any, s: int, b: int) -> Any:
        return sum(m.g[s, a, b] for a in rows) == sum(m.x[i, s + 1] for i in classes[b])
