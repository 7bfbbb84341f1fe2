"""Sourcing by quantities and the demands they serve: an extended, disaggregated mixed-integer programme.

Sets
----
L      offers (links of supplier s(l) and part p(l)); L_p, L_s those of a part, of a supplier
C      cells (l, t): offer l can be ordered in period t
P, T, S   parts, periods 1..T, suppliers
G, K_g ladders of price breaks and their tiers

Data
----
As in `sourcing_quantity_pyomo`, with the same bounds U_lt on an order and U_l on an offer's total,
and n_pt, what the initial stock leaves of the demand d_pt. Quantities are counted in scaled units
of their part, money in `unit`.

Variables
---------
q_lt   quantity ordered (continuous); n_lt packs of a multiple (integer); R_pt cumulative receipts
g_ltu  part of q_lt that serves the demand of period u >= t (offers with a binary per order);
g_lu   part of all that offer l delivers that serves u (offers with a binary for their use only)
y_lt   1 if offer l is ordered in t; w_l 1 if it is used; z_s 1 if supplier s is used (binaries,
       each only where an order cost, minimum, fixed cost, count or share needs it)
k_l    1 if A_l is enough to count for a least number of suppliers (binary); c_s: supplier s counts
A_l    total of an offer over the horizon; x_gkl part of it bought in tier k
v_gk   1 if the total of ladder g lies in tier k (incremental: reaches tier k)
u_r    relaxation of rule r (elastic model only)

Objective
---------
min  sum c_l A_l + sum c'_l f_k x_gkl + sum a_l y_lt + sum f_l w_l + sum F_s z_s
     + switching price * sum of w_l over new links + sum h_p (T - t + 1) q_lt + constant
(or the priced sum of the relaxations u_r)

Constraints
-----------
service    sum of g over L_p = n_pu; sum_u g_ltu <= q_lt; sum_{u <= t} g_lu <= sum_{i <= t} q_li
links      g_ltu <= n_pu y_lt, g_lu <= n_pu w_l (or z_s), q_lt <= U_lt y_lt (or w_l, z_s), one row each
count      A_l >= e_l k_l, c_s <= sum of k_l (or w_l, y_lt, n_lt)
order      q_lt >= m_l y_lt, q_lt = mu_l n_lt, y_lt <= w_l <= z_s
capacity   sum over l in L_s of q_lt <= C_s z_s
storage    I_p0 + R_pt - d_p1 - .. - d_p,t-1 <= L_p
tiers      sum_k x_gkl = A_l, x_gkl <= min(U_l, E_k) v_gk, B_k v_gk <= sum_l x_gkl <= E_k v_gk,
           sum_k v_gk = z_s (or w_l, 1); incremental ladders fill tier after tier
counts, shares, averages, switches, required quantities: one linear row each (`_sourcing_rules.py`)
In the elastic model demand may stay short, so it is covered by R_pt alone, without g.

Source
------
Service variables: Krarup and Bilde, Plant location, set covering and economic lot size (1977);
strong links: Cornuejols, Sridharan and Thizy, European Journal of Operational Research 50 (1991);
total quantity discounts: Goossens, Maas, Spieksma and van de Klundert, ibid. 178 (2007) 603-626;
incremental discounts: Croxton, Gendron and Magnanti, Management Science 49 (2003) 1268-1273.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ortools.math_opt.python import mathopt

from ._sourcing import prepare
from ._sourcing_mathopt import SourcingModel, link_row
from ._sourcing_plan import plan_of, read, states
from ._sourcing_rules import Rows, add_rules, price_of_relaxation, short, slacks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.sourcing.instance import Sourcing, SourcingPlan

    from ._sourcing import RuleKey
    from ._sourcing_plan import States

FORMULATION: dict[str, Any] = {
    "name": "sourcing_quantity_mathopt",
    "problem": "sourcing",
    "technology": "mathopt",
    "solver": "gscip",
    "exact": True,
    "summary": "Quantities and the demands they serve, one row per link: larger, with the tighter bound.",
    "source": "Krarup and Bilde 1977; Goossens, Maas, Spieksma and van de Klundert 2007",
    "page": "docs/formulations/sourcing_quantity_mathopt.md",
    "up_to": {"cells": 3000, "periods": 24, "breaks": 500},
}

LONG = 60
"""Above this many periods the service of a demand is not told by the period of the order."""


def build(instance: Sourcing, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the MathOpt model; `unit` times its objective is money.

    elastic: price per unit short of each rule that may be relaxed, see `jitopt.registry`.
    """
    data = prepare(instance, elastic)
    m = SourcingModel(name="sourcing_quantity_mathopt")
    m.attach(data, slacks(data))
    _variables(m)
    _receipts(m)
    if data.priced:
        _service(m)
    _orders(m)
    _suppliers(m)
    for g, tiers in enumerate(data.tiers):
        (_incremental if tiers.incremental else _all_units)(m, g)
    if data.short:
        m.add_linear_constraint(lb=1, ub=1)  # 0 = 1: no solver's tolerance may find a plan
    add_rules(m, Rows(m.add_linear_constraint, mathopt.LinearSum))
    m.minimize(_cost(m) if data.priced else mathopt.LinearSum(price_of_relaxation(m)))
    return m


def extract(instance: Sourcing, model: Any, value: Callable[[Any], float]) -> SourcingPlan:
    """Return the plan of a solution; see `_sourcing_plan.py` for how solver noise is cleaned."""
    return plan_of(model.data, read(model.data, model, value))


def start(instance: Sourcing, model: Any, plan: SourcingPlan) -> list[tuple[Any, float]]:
    """Return the values of the variables that describe `plan`; relaxations are left to the solver."""
    m, data = model, model.data
    found = states(data, plan)
    part = [offer.part for offer in data.offers]
    pairs = [(variable, data.units(part[cell[0]], found.quantity[cell])) for cell, variable in m.q.items()]
    for variables, values in (
        (m.n, found.packs),
        (m.y, found.ordered),
        (m.w, found.used),
        (m.z, found.active),
        (m.k, found.enough),
        (m.c, found.counting),
    ):
        pairs += [(variable, values[key]) for key, variable in variables.items()]
    pairs += [(variable, data.units(part[row], found.total[row])) for row, variable in m.total.items()]
    for p, variable in m.ordered.items():
        pairs.append((variable, data.units(p, sum(found.total[row] for row in data.of_part[p]))))
    pairs += _start_tiers(m, found)
    if data.priced:
        pairs += _start_flows(m, found)
    return [(variable, float(amount)) for variable, amount in pairs]


def _start_tiers(m: Any, found: States) -> list[tuple[Any, float]]:
    data, pairs = m.data, list[tuple[Any, float]]()
    for (g, k), variable in m.v.items():
        if data.tiers[g].incremental:
            pairs.append((variable, int(found.tier[g] >= k)))
            continue
        name, row = _holder(m, g)
        used = {"w": found.used, "z": found.active}.get(name, {row: 1})[row]
        pairs.append((variable, int(found.tier[g] == k and used)))
    for (g, k, row), variable in m.x.items():
        tiers, total = data.tiers[g], found.total[row]
        amount = total if found.tier[g] == k else 0 * total
        if tiers.incremental:
            amount = min(max(total - tiers.start[k], 0 * total), tiers.end[k] - tiers.start[k])
        pairs.append((variable, data.units(data.offers[row].part, amount)))
    return pairs


def _start_flows(m: Any, found: States) -> list[tuple[Any, float]]:
    """Serve each demand from the oldest order that is left."""
    data, pairs = m.data, []
    served = dict.fromkeys(m.served, 0.0)
    for p, rows in enumerate(data.of_part):
        cells = sorted(((t, row) for row in rows for t in data.offers[row].cells), key=lambda pair: pair[0])
        left = {cell: found.quantity[cell[1], cell[0]] for cell in cells}
        for t in data.periods:
            arrived = sum(found.quantity[row, i] for i, row in cells if i <= t)
            pairs.append((m.received[p, t], data.units(p, arrived)))
            need = data.need[p][t]
            for i, row in cells:
                step = min(need, left[i, row]) if i <= t else 0
                left[i, row] -= step
                need -= step
                for key in ((row, i, t), (row, -1, t), (~p, -1, t)):
                    if key in served and step:
                        served[key] += data.units(p, step)
                        break
    return pairs + [(m.served[key], amount) for key, amount in served.items()]


# --- variables and objective -----------------------------------------------------------------


def _variables(m: Any) -> None:
    data = m.data
    for row, offer in enumerate(data.offers):
        m.total[row] = m.add_variable(lb=0, ub=data.units(offer.part, offer.total))
        if offer.counted:
            m.w[row] = m.add_binary_variable()
        if offer.token:
            m.k[row] = m.add_binary_variable()
        for t in offer.cells:
            m.q[row, t] = m.add_variable(lb=0, ub=data.units(offer.part, offer.upper[t]))
            if offer.link.multiple:
                most = int(offer.upper[t] / offer.link.multiple)
                m.n[row, t] = m.add_variable(lb=0, ub=most, is_integer=offer.whole)
            if offer.orders:
                m.y[row, t] = m.add_binary_variable()
        m.add_linear_constraint(mathopt.LinearSum(m.q[row, t] for t in offer.cells) == m.total[row])
    for s, asked in enumerate(data.active):
        if asked:
            m.z[s] = m.add_binary_variable()
    for s in data.counting:
        m.c[s] = m.add_variable(lb=0, ub=1)
    for p, name in enumerate(data.parts):
        if name in data.ratio_parts and data.of_part[p]:
            m.ordered[p] = m.add_variable(lb=0, ub=data.units(p, data.most_ordered(p)))
    m.relaxation = [m.add_variable(lb=0, ub=slack.most / slack.scale) for slack in m.slacks.values()]


def _cost(m: Any) -> Any:
    data, offers, instance = m.data, m.data.offers, m.data.instance
    switch = instance.current.price if instance.current else 0.0
    last = len(data.periods)
    terms = [data.money(price, offers[row].part) * m.total[row] for row, price in enumerate(data.prices)]
    terms += [data.money(offers[row].link.order_cost) * y for (row, _), y in m.y.items()]
    terms += [data.money(offers[row].link.fixed_cost + switch * offers[row].switch) * w for row, w in m.w.items()]
    terms += [data.money(instance.fixed_cost[data.suppliers[s]]) * z for s, z in m.z.items()]
    constant = 0.0
    for p, name in enumerate(data.parts):
        price = instance.holding_cost[name]
        if price:
            terms += [data.money(price * (last - t), p) * m.q[r, t] for r in data.of_part[p] for t in offers[r].cells]
            used = sum(demand * (last - t) for t, demand in enumerate(instance.demand[name]))
            constant += data.money(price * (last * instance.initial[name] - used))
    for (g, k, row), x in m.x.items():
        terms.append(data.money(offers[row].link.price * data.tiers[g].factor[k], offers[row].part) * x)
    return mathopt.LinearSum(terms) + constant


# --- receipts and service --------------------------------------------------------------------


def _receipts(m: Any) -> None:
    """Cumulative receipts: at least what is needed so far, at most what fits into the store."""
    data, instance = m.data, m.data.instance
    for p, name in enumerate(data.parts):
        need = room = used = 0 * instance.initial[name]
        storage = instance.storage[name]
        under = short(m, data.scale[p], "demand", name)
        over = short(m, data.scale[p], "storage", name)
        for t, demand in enumerate(instance.demand[name]):
            fits = None if storage is None else storage - instance.initial[name] + used
            need, used = need + data.need[p][t], used + demand
            room += sum(data.offers[row].upper[t] for row in data.of_part[p])
            hard = isinstance(under, float)
            here = m.received[p, t] = m.add_variable(
                lb=data.units(p, need) if hard else 0, ub=data.units(p, max(need, room) if hard else room)
            )
            arrivals = mathopt.LinearSum(m.q[row, t] for row in data.of_part[p] if (row, t) in m.q)
            m.add_linear_constraint(here - (m.received[p, t - 1] if t else 0) == arrivals)
            if not hard:
                m.add_linear_constraint(here + under >= data.units(p, used - instance.initial[name]))
            if fits is not None:
                m.add_linear_constraint(here - over <= data.units(p, fits))


def _service(m: Any) -> None:
    """Tell which order (or offer) serves which demand, as far as a binary governs it."""
    data, last = m.data, len(m.data.periods)
    for p, rows in enumerate(data.of_part):
        pool = [row for row in rows if not _by_order(m, row) and _governor(m, row) is None]
        whole = sum(data.need[p])
        # In one period an order that cannot exceed the need serves with all it has: its link row is strong.
        plain = last == 1 and all(data.offers[row].upper[0] <= whole for row in rows)
        if plain or not whole or len(pool) == len(rows):
            continue
        terms: list[list[Any]] = [[] for _ in data.periods]
        for row in rows:
            if _by_order(m, row):
                _serve_by_order(m, row, terms)
            elif row not in pool:
                _serve_by_offers(m, row, [row], _governor(m, row), terms)
        if pool:
            _serve_by_offers(m, ~p, pool, None, terms)
        for t in data.periods:
            if data.need[p][t]:
                m.add_linear_constraint(mathopt.LinearSum(terms[t]) == data.units(p, data.need[p][t]))


def _by_order(m: Any, row: int) -> bool:
    """Tell whether the service of an offer is told order by order."""
    return bool(m.data.offers[row].orders) and len(m.data.periods) <= LONG


def _governor(m: Any, row: int) -> Any:
    """Return the binary without which an offer cannot be used: of its use or of its supplier; None if it has none."""
    return m.w.get(row, m.z.get(m.data.offers[row].supplier))


def _serve_by_order(m: Any, row: int, terms: list[list[Any]]) -> None:
    data, offer = m.data, m.data.offers[row]
    for t in offer.cells:
        mine = []
        for u in range(t, len(data.periods)):
            need = min(data.need[offer.part][u], offer.upper[t])
            if need:
                most = data.units(offer.part, need)
                here = m.served[row, t, u] = m.add_variable(lb=0, ub=most)
                link_row(m, here, most, m.y[row, t])
                mine.append(here)
                terms[u].append(here)
        if mine:
            m.add_linear_constraint(mathopt.LinearSum(mine) <= m.q[row, t])


def _serve_by_offers(m: Any, key: int, rows: list[int], governor: Any, terms: list[list[Any]]) -> None:
    data, p = m.data, m.data.offers[rows[0]].part
    so_far: list[Any] = []
    room = 0 * data.need[p][0]
    for u in data.periods:
        room += sum(data.offers[row].upper[u] for row in rows)
        need = min(data.need[p][u], room)
        if not need:
            continue
        most = data.units(p, need)
        here = m.served[key, -1, u] = m.add_variable(lb=0, ub=most)
        if governor is not None:
            link_row(m, here, most, governor)
        terms[u].append(here)
        so_far.append(here)
        delivered = [m.q[row, t] for row in rows for t in data.offers[row].cells if t <= u]
        m.add_linear_constraint(mathopt.LinearSum(so_far) <= mathopt.LinearSum(delivered))


# --- orders, links, suppliers ----------------------------------------------------------------


def _orders(m: Any) -> None:
    data = m.data
    for (row, t), q in m.q.items():
        offer, p = data.offers[row], data.offers[row].part
        link, most = offer.link, data.units(offer.part, offer.upper[t])
        if offer.link.multiple:
            m.add_linear_constraint(q == data.units(p, offer.link.multiple) * m.n[row, t])
        if offer.orders:
            y = m.y[row, t]
            link_row(m, q, most, y)
            relief = short(m, data.scale[p], "minimum", link.supplier, link.part)
            least = offer.least if isinstance(relief, float) else link.minimum
            if least:  # a relaxed minimum is shorter by its relaxation, so the row asks for the whole of it
                m.add_linear_constraint(q + relief >= data.units(p, least) * y)
        switch = _governor(m, row)
        if switch is not None:
            link_row(m, m.y[row, t] if offer.orders else q, 1.0 if offer.orders else most, switch)
        for name, limit in data.caps(row):
            relief = short(m, data.scale[p], name, link.supplier, link.part)
            if not isinstance(relief, float):
                m.add_linear_constraint(q - relief <= data.units(p, limit))


def _suppliers(m: Any) -> None:
    data, offers, instance = m.data, m.data.offers, m.data.instance
    for row, w in m.w.items():
        p = offers[row].part
        if offers[row].total < sum(offers[row].upper):
            link_row(m, m.total[row], data.units(p, offers[row].total), w)
        if offers[row].supplier in m.z:
            link_row(m, w, 1.0, m.z[offers[row].supplier])
    for s, rows in enumerate(data.of_supplier):
        name = data.suppliers[s]
        limit = instance.capacity[name]
        if limit is None or not rows:
            continue
        relief = short(m, data.mix[s], "capacity", name)
        most = data.units_at(s, limit)
        for t in data.periods:
            load = mathopt.LinearSum(data.ratio(row) * m.q[row, t] for row in rows if (row, t) in m.q)
            hard = isinstance(relief, float) and s in m.z
            m.add_linear_constraint(load <= most * m.z[s] if hard else load - relief <= most)


# --- tiers -----------------------------------------------------------------------------------


def _all_units(m: Any, g: int) -> None:
    """One tier holds the total; what is bought of an offer is in that tier."""
    data, tiers = m.data, m.data.tiers[g]
    depth = range(len(tiers.start))
    for k in depth:
        v = m.v[g, k] = m.add_binary_variable()
        for row in tiers.offers:
            most = data.units(data.offers[row].part, min(data.offers[row].total, tiers.end[k]))
            m.x[g, k, row] = m.add_variable(lb=0, ub=most)
            link_row(m, m.x[g, k, row], most, v)
        load = mathopt.LinearSum(data.ratio(row) * m.x[g, k, row] for row in tiers.offers)
        if tiers.start[k]:
            m.add_linear_constraint(load >= data.units_at(tiers.supplier, tiers.start[k]) * v)
        if len(tiers.offers) > 1:
            m.add_linear_constraint(load <= data.units_at(tiers.supplier, tiers.end[k]) * v)
    for row in tiers.offers:
        m.add_linear_constraint(mathopt.LinearSum(m.x[g, k, row] for k in depth) == m.total[row])
    name, row = _holder(m, g)
    held = {"w": m.w, "z": m.z}.get(name, {row: 1})[row]
    m.add_linear_constraint(mathopt.LinearSum(m.v[g, k] for k in depth) == held)


def _holder(m: Any, g: int) -> tuple[str, int]:
    """Return the binary that holds an all-units ladder in one tier, by its letter and row; "" for none."""
    tiers = m.data.tiers[g]
    if len(tiers.offers) == 1 and tiers.offers[0] in m.w:
        return "w", tiers.offers[0]
    return ("z", tiers.supplier) if tiers.supplier in m.z else ("", 0)


def _incremental(m: Any, g: int) -> None:
    """Each tier is filled before the next is begun."""
    data, tiers, row = m.data, m.data.tiers[g], m.data.tiers[g].offers[0]
    p = data.offers[row].part
    for k, (begin, end) in enumerate(zip(tiers.start, tiers.end, strict=True)):
        length = data.units(p, end - begin)
        here = m.x[g, k, row] = m.add_variable(lb=0, ub=length)
        if k:
            v = m.v[g, k] = m.add_binary_variable()
            link_row(m, here, length, v)
            m.add_linear_constraint(m.x[g, k - 1, row] >= data.units(p, begin - tiers.start[k - 1]) * v)
    m.add_linear_constraint(mathopt.LinearSum(m.x[g, k, row] for k in range(len(tiers.start))) == m.total[row])
