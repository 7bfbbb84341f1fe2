"""Heijunka by order literals: a count is a row of literals, each "at least j so far".

Sets
----
i products, s = 1..S slots, j counts, f flows (the count of a product, or the usage of a part),
o ratio rules, w windows.

Data
----
As in `heijunka_cumulative_pyomo`; the objective in whole numbers over a common denominator
(`model.unit`).

Variables
---------
x_is units of i in slot s (a literal in a sequence). Q_fs what flow f has reached after slot s;
y_fsj = [Q_fs >= j], near the ideal. c_osj = [at least j units with option o in slots 1..s].
e_owk = [excess of window w >= k]; with colours or open windows, e_ow the excess and h_s [the colour
changes before slot s]. b_v = [the largest cost reaches its v-th value]. z_is slot s builds i, u_is a
run of i begins. g_sab slot s builds class a, slot s+1 class b. In a box n_is is full packs, L_s units of
bucket s, G_ik = [some k buckets in a row are without i]. z_ks where the worker of station k starts after
slot s, w_ks overload, y_ks whether there is any.

Objective
---------
The terms' sum. A deviation cost F is F(first) + sum_j (F(j) - F(j-1)) y_fsj, prolonged on either
side; a cost of very many points is a square. A measure max_* is the sum of its levels b_v.

Constraints
-----------
sum_s x_is = d_i; one x_is in a position, at most c units in a bucket; Q_fs = Q_f,s-1 + sum a_fi
x_is. Options by clauses: c_s-1,j => c_sj; c_sj => c_s-1,j-1; built and c_s-1,j-1 => c_sj; c_sj and
not c_s-1,j => built; windows c_w+q,j => c_w,j-p or excess. The others as in `_heijunka_cpsat`,
those of a box as in `_heijunka_box_cpsat`. Workers: z_ks >= z_k,s-1 + a_k - w_ks, 0 <= z_ks <= r_k; idle
time is sum_s w_ks + z_kS - sum_i d_i a_ki.

Source
------
Cumulative counters: Artigues, Hebrard, Mayer-Eichberger, Siala and Walsh 2014. Bounds from full
windows: Regin and Puget 1997. Levelled counts: Miltenburg 1989. Overload: Yano and Rachamadugu 1991.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.problems.base import exact

from ._cpsat import Elastic, Total
from ._heijunka import Levels, Reach, cells, cutoff, flows, refuse_beyond
from ._heijunka_box_cpsat import box_rules, epei, volume
from ._heijunka_costs_cpsat import NEAR, convex, peak
from ._heijunka_cpsat import (
    changeovers,
    kept,
    longest_run,
    moves,
    presence,
    shortest_run,
    spacing,
    track,
)
from ._heijunka_options_cpsat import options, ratio
from ._heijunka_paint import WORDS, is_painted, refuse_measures
from ._heijunka_paint_cpsat import paint_costs, paint_rules
from ._heijunka_plan import Trace, plan_of
from ._heijunka_work_cpsat import work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Objective
    from jitopt.registry import RuleKey

FORMULATION: dict[str, Any] = {
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


def build(instance: Heijunka, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the CP-SAT model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        If a whole number of the model would exceed 2**53.
    """
    refuse_measures(instance)
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
    changeover = "changeover" in words and instance.changeover_cost is None
    presence(m, instance, changeovers=changeover or any(instance.box_data.setups) or "epei" in words)
    spacing(m, instance)
    longest_run(m, instance)
    shortest_run(m, instance)
    if is_painted(instance):
        paint_rules(m, instance)
    else:
        options(m, instance, priced="ratio" in words)
    kept(m, instance)
    moves(m, instance)
    box_rules(m, instance)
    total = m.relax.total() if m.relax.active else _total(m, instance)
    total.minimise(m)
    return m


def extract(instance: Heijunka, model: Any, value: Callable[[Any], float]) -> HeijunkaPlan:
    """Return the plan: the product of largest value in each position, or rounded units in each bucket."""
    return plan_of(instance, lambda row, slot: value(model.x[row, slot]))


def start(instance: Heijunka, model: Any, plan: HeijunkaPlan) -> list[tuple[Any, float]]:
    """Return the value of every variable under `plan`."""
    trace = Trace(instance, plan)
    relax = model.relax
    found = [(slack, float(round(trace.short(key) * relax.steps[key]))) for key, (slack, _) in relax.slacks.items()]
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


# --- the objective --------------------------------------------------------------------------


def _total(m: Any, instance: Heijunka) -> Total:
    total = Total()
    limit = cutoff(instance) if any(term.measure != "sum_absolute" for term in instance.objective) else None
    for term in instance.objective:
        if not term.weight:
            continue
        if term.term in ("rate", "usage"):
            _level(m, instance, term, limit, total)
        elif is_painted(instance) and term.term in WORDS:
            continue  # Together, below: a rule may be priced by two of them.
        elif term.term == "ratio":
            ratio(m, instance, term, total)
        elif term.term == "volume":
            volume(m, instance, term, total)
        elif term.term == "epei":
            epei(m, instance, term, total)
        elif term.term == "changeover":
            changeovers(m, instance, term, total)
    work(m, instance, total)
    if is_painted(instance):
        paint_costs(m, instance, total)
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
    reads = [partial(Trace.reached, users=flow.users) for flow in tracked]
    if term.measure.startswith("max"):
        tracks = [track(m, flow.users, span) for flow, span in zip(tracked, bounds, strict=True)]
        every = [(cell, sizes[cell.flow]) for line in table for cell in line]
        if every:
            levels = Levels(every)
            counts = [tracks[cell.flow][cell.slot] for cell, _ in every]
            peak(m, total, weight, levels, counts, lambda trace: levels.reached(lambda c: reads[c.flow](trace, c.slot)))
        return
    refuse_beyond(sum(min(NEAR, cell.last - cell.first) for line in table for cell in line))
    for size, flow, line, span, read in zip(sizes, tracked, table, bounds, reads, strict=True):
        convex(m, total, weight * size, line, track(m, flow.users, span), read)
