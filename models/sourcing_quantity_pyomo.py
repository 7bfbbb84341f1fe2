"""Sourcing by quantities and stocks: a compact mixed-integer programme with aggregated rows of suppliers.

Sets
----
L      offers (links of supplier s(l) and part p(l)); L_p, L_s those of a part, of a supplier
C      cells (l, t): offer l can be ordered in period t
P, T, S   parts, periods 1..T, suppliers
G, K_g ladders of price breaks and their tiers

Data
----
d_pt demand, I_p0 initial stock, h_p holding cost, L_p storage limit, C_s capacity of a supplier,
m_l smallest order, mu_l multiple, U_lt largest order worth placing, U_l the same over the horizon,
c_l price with defects and lateness, a_l order cost, f_l link cost, F_s supplier cost, B_k, E_k and
f_k start, end and factor of a tier. All bounds are drawn from the data (`_sourcing_offers.py`); quantities
are counted in scaled units of their part, money in `unit`.

Variables
---------
q_lt   quantity ordered (continuous); n_lt packs of a multiple (integer)
y_lt   1 if offer l is ordered in t; w_l 1 if it is used; z_s 1 if supplier s is used (binaries,
       each only where an order cost, minimum, fixed cost, count or share needs it)
A_l    total of an offer over the horizon; I_pt stock at the end of a period
v_gk   1 if the total of ladder g lies in tier k (binary); x_gkl part of A_l bought in tier k
u_r    relaxation of rule r (elastic model only)

Objective
---------
min  sum c_l A_l + sum c'_l f_k x_gkl + sum a_l y_lt + sum f_l w_l + sum F_s z_s
     + switching price * sum of w_l over new links + sum h_p I_pt
(or the priced sum of the relaxations u_r)

Constraints
-----------
balance    I_pt = I_p,t-1 + sum over l in L_p of q_lt - d_pt, I_pt >= 0
storage    I_pt + d_pt <= L_p
order      m_l y_lt <= q_lt <= U_lt y_lt, q_lt = mu_l n_lt
links      y_lt <= w_l, or aggregated over periods A_l <= U_l w_l
suppliers  w_l <= z_s, or aggregated over parts sum of q_lt <= min(C_s, sum of U_lt) z_s
capacity   sum over l in L_s of q_lt <= C_s
tiers      sum_k x_gkl = A_l, x_gkl <= min(U_l, E_k) v_gk, B_k v_gk <= sum_l x_gkl <= E_k v_gk,
           sum_k v_gk = 1; incremental ladders are concave: multiple choice, each tier with its own line
counts, shares, averages, switches, required quantities: one linear row each (`_sourcing_rules.py`)

Source
------
Total quantity discounts: Goossens, Maas, Spieksma and van de Klundert, Exact algorithms for
procurement problems under a total quantity discount structure, European Journal of Operational
Research 178 (2007) 603-626. Incremental discounts by multiple choice: Croxton, Gendron and
Magnanti, A comparison of mixed-integer programming models for nonconvex piecewise linear cost
minimization problems, Management Science 49 (2003) 1268-1273. Several periods: Basnet and Leung,
Inventory lot-sizing with supplier selection, Computers & Operations Research 32 (2005) 1-14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from ._sourcing import prepare
from ._sourcing_plan import plan_of, read, states
from ._sourcing_rules import Rows, add_rules, price_of_relaxation, short, slacks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.sourcing.instance import Sourcing, SourcingPlan

    from ._sourcing import Data, RuleKey
    from ._sourcing_plan import States

FORMULATION: dict[str, Any] = {
    "name": "sourcing_quantity_pyomo",
    "problem": "sourcing",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "Quantities and stocks, rows of suppliers aggregated: compact, for many parts or periods.",
    "source": "Goossens, Maas, Spieksma and van de Klundert 2007; Croxton, Gendron and Magnanti 2003",
    "page": "docs/formulations/sourcing_quantity_pyomo.md",
    "up_to": {"cells": 12000, "breaks": 1000},
}


def build(instance: Sourcing, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model; `unit` times its objective is money.

    elastic: price per unit short of each rule that may be relaxed, see `jitopt.registry`.
    """
    data = prepare(instance, elastic)
    m: Any = pyo.ConcreteModel(name="sourcing_quantity_pyomo")
    m.data, m.slacks, m.unit = data, slacks(data), data.unit
    _variables(m, data)
    _stocks(m, data)
    _orders(m, data)
    _suppliers(m, data)
    _tiers(m, data)
    m.rules = pyo.ConstraintList(doc="counts, shares, averages, required quantities")
    if data.short:
        m.rules.add(1 * m.nothing == 1)  # 0 = 1: no solver's tolerance may find a plan
    add_rules(m, Rows(m.rules.add, lambda terms: sum(terms, start=1 * m.nothing)))
    cost = _cost(m, data) if data.priced else sum(price_of_relaxation(m), start=1 * m.nothing)
    m.cost = pyo.Objective(expr=cost, sense=pyo.minimize)
    return m


def extract(instance: Sourcing, model: Any, value: Callable[[Any], float]) -> SourcingPlan:
    """Return the plan of a solution; see `_sourcing_plan.py` for how solver noise is cleaned."""
    return plan_of(model.data, read(model.data, model, value))


def start(instance: Sourcing, model: Any, plan: SourcingPlan) -> list[tuple[Any, float]]:
    """Return the values of the variables that describe `plan`; relaxations are left to the solver."""
    m, data = model, model.data
    found = states(data, plan)
    part = [offer.part for offer in data.offers]
    pairs = [(m.q[cell], data.units(part[cell[0]], found.quantity[cell])) for cell in m.CELLS]
    pairs += [(m.n[cell], found.packs[cell]) for cell in m.PACKED]
    pairs += [(m.y[cell], found.ordered[cell]) for cell in m.ORDERED]
    pairs += [(m.w[row], found.used[row]) for row in m.COUNTED]
    pairs += [(m.z[row], found.active[row]) for row in m.ACTIVE]
    pairs += [(m.k[row], found.enough[row]) for row in m.k] + [(m.c[s], found.counting[s]) for s in m.c]
    pairs += [(m.total[row], data.units(part[row], found.total[row])) for row in m.OFFERS]
    for p in m.ordered:
        pairs.append((m.ordered[p], data.units(p, sum(found.total[row] for row in data.of_part[p]))))
    pairs += _start_stocks(m, found)
    for g, k in m.TIERS:
        pairs.append((m.v[g, k], int(found.tier[g] == k)))
        for row in data.tiers[g].offers:
            pairs.append((m.x[g, k, row], data.units(part[row], found.total[row]) if found.tier[g] == k else 0.0))
    return [(variable, float(amount)) for variable, amount in pairs]


def _start_stocks(m: Any, found: States) -> list[tuple[Any, float]]:
    data, pairs = m.data, []
    for p, name in enumerate(data.parts):
        stock = data.instance.initial[name]
        for t, demand in enumerate(data.instance.demand[name]):
            rows = (row for row in data.of_part[p] if data.offers[row].upper[t])
            stock += sum(found.quantity[row, t] for row in rows) - demand
            pairs.append((m.stock[p, t], max(0.0, data.units(p, stock))))
    return pairs


# --- variables and objective -----------------------------------------------------------------


def _variables(m: Any, data: Data) -> None:
    offers = data.offers
    cells = [(row, t) for row, offer in enumerate(offers) for t in offer.cells]
    m.OFFERS = pyo.Set(initialize=range(len(offers)), doc="L")
    m.PARTS = pyo.Set(initialize=range(len(data.parts)), doc="P")
    m.PERIODS = pyo.Set(initialize=data.periods, doc="T")
    m.CELLS = pyo.Set(initialize=cells, dimen=2, doc="C")
    m.PACKED = pyo.Set(initialize=[c for c in cells if offers[c[0]].link.multiple], dimen=2)
    m.ORDERED = pyo.Set(initialize=[c for c in cells if offers[c[0]].orders], dimen=2)
    m.COUNTED = pyo.Set(initialize=[row for row, offer in enumerate(offers) if offer.counted])
    m.ACTIVE = pyo.Set(initialize=[row for row, asked in enumerate(data.active) if asked])
    m.TIERS = pyo.Set(
        initialize=[(g, k) for g, tiers in enumerate(data.tiers) for k in range(len(tiers.start))], dimen=2, doc="K_g"
    )

    def most(m: Any, row: int, t: int) -> tuple[float, float]:
        return (0, data.units(offers[row].part, offers[row].upper[t]))

    def packs(m: Any, row: int, t: int) -> tuple[int, int]:
        return (0, int(offers[row].upper[t] / (offers[row].link.multiple or 1)))

    def whole(m: Any, row: int) -> tuple[float, float]:
        return (0, data.units(offers[row].part, offers[row].total))

    m.q = pyo.Var(m.CELLS, bounds=most, doc="q_lt")

    def whole_packs(m: Any, row: int, t: int) -> Any:
        return pyo.Integers if offers[row].whole else pyo.Reals

    m.n = pyo.Var(m.PACKED, domain=whole_packs, bounds=packs, doc="n_lt")
    m.y = pyo.Var(m.ORDERED, domain=pyo.Binary, doc="y_lt")
    m.w = pyo.Var(m.COUNTED, domain=pyo.Binary, doc="w_l")
    m.z = pyo.Var(m.ACTIVE, domain=pyo.Binary, doc="z_s")
    m.k = pyo.Var([row for row, offer in enumerate(offers) if offer.token], domain=pyo.Binary, doc="k_l")
    m.c = pyo.Var(data.counting, bounds=(0, 1), doc="c_s")
    m.total = pyo.Var(m.OFFERS, bounds=whole, doc="A_l")
    loose = [p for p, name in enumerate(data.parts) if name in data.ratio_parts and data.of_part[p]]
    reach = {slack.row: slack.most / slack.scale for slack in m.slacks.values()}
    m.ordered = pyo.Var(loose, bounds=lambda m, p: (0, data.units(p, data.most_ordered(p))), doc="R_p")
    m.relaxation = pyo.Var(list(reach), bounds=lambda m, row: (0, reach[row]), doc="u_r")
    m.nothing = pyo.Var(bounds=(0, 0), doc="0, so that no row is empty")


def _cost(m: Any, data: Data) -> Any:
    offers, instance = data.offers, data.instance
    switch = instance.current.price if instance.current else 0.0
    terms = [data.money(price, offers[row].part) * m.total[row] for row, price in enumerate(data.prices)]
    terms += [data.money(offers[row].link.order_cost) * m.y[row, t] for row, t in m.ORDERED]
    terms += [data.money(offers[row].link.fixed_cost + switch * offers[row].switch) * m.w[row] for row in m.COUNTED]
    terms += [data.money(instance.fixed_cost[data.suppliers[row]]) * m.z[row] for row in m.ACTIVE]
    for p, t in m.PARTS * m.PERIODS:
        if instance.holding_cost[data.parts[p]]:
            terms.append(data.money(instance.holding_cost[data.parts[p]], p) * m.stock[p, t])
    return sum(terms) + _tier_cost(m, data) + m.nothing


def _tier_cost(m: Any, data: Data) -> Any:
    """Price of what is bought in each tier; an incremental tier is the line through its start."""
    terms = []
    for g, k in m.TIERS:
        tiers = data.tiers[g]
        for row in tiers.offers:
            price = data.offers[row].link.price
            terms.append(data.money(price * tiers.factor[k], data.offers[row].part) * m.x[g, k, row])
        if tiers.incremental:
            above = sum(tiers.start[j] * (tiers.factor[j - 1] - tiers.factor[j]) for j in range(1, k + 1))
            terms.append(data.money(data.offers[tiers.offers[0]].link.price * above) * m.v[g, k])
    return sum(terms)


# --- stocks and orders -----------------------------------------------------------------------


def _stocks(m: Any, data: Data) -> None:
    instance = data.instance
    peaks = [_largest_stocks(data, p) for p in range(len(data.parts))]

    def level(m: Any, p: int, t: int) -> tuple[float, float]:
        low = m.slacks.get(("demand", (data.parts[p],)))
        return (-low.most / data.scale[p] if low else 0, peaks[p][t])

    m.stock = pyo.Var(m.PARTS, m.PERIODS, bounds=level, doc="I_pt")

    @m.Constraint(m.PARTS, m.PERIODS, doc="balance")
    def balance(m: Any, p: int, t: int) -> Any:
        name = data.parts[p]
        before = m.stock[p, t - 1] if t else data.units(p, instance.initial[name])
        arrivals = sum(m.q[row, t] for row in data.of_part[p] if data.offers[row].upper[t])
        return m.stock[p, t] - before - arrivals == -data.units(p, instance.demand[name][t])

    @m.Constraint(m.PARTS, m.PERIODS, doc="demand: only where the rule may be relaxed")
    def demand(m: Any, p: int, t: int) -> Any:
        relief = short(m, data.scale[p], "demand", data.parts[p])
        return pyo.Constraint.Skip if isinstance(relief, float) else m.stock[p, t] + relief >= 0

    @m.Constraint(m.PARTS, m.PERIODS, doc="storage")
    def storage(m: Any, p: int, t: int) -> Any:
        name = data.parts[p]
        limit = instance.storage[name]
        if limit is None:
            return pyo.Constraint.Skip
        relief = short(m, data.scale[p], "storage", name)
        return m.stock[p, t] - relief <= data.units(p, limit - instance.demand[name][t])

    @m.Constraint(m.OFFERS, doc="total")
    def totals(m: Any, row: int) -> Any:
        return m.total[row] == sum(m.q[row, t] for t in data.offers[row].cells)


def _largest_stocks(data: Data, p: int) -> list[float]:
    """Return the largest stock that can lie at the end of each period."""
    stock, found = data.instance.initial[data.parts[p]], []
    for t, demand in enumerate(data.instance.demand[data.parts[p]]):
        stock += sum(data.offers[row].upper[t] for row in data.of_part[p]) - demand
        found.append(max(0.0, data.units(p, stock)))
    return found


def _orders(m: Any, data: Data) -> None:
    offers = data.offers

    @m.Constraint(m.PACKED, doc="multiple")
    def multiple(m: Any, row: int, t: int) -> Any:
        return m.q[row, t] == data.units(offers[row].part, offers[row].link.multiple or 0) * m.n[row, t]

    @m.Constraint(m.ORDERED, doc="order: at most")
    def order_at_most(m: Any, row: int, t: int) -> Any:
        return m.q[row, t] <= data.units(offers[row].part, offers[row].upper[t]) * m.y[row, t]

    @m.Constraint(m.ORDERED, doc="order: minimum")
    def order_at_least(m: Any, row: int, t: int) -> Any:
        link, p = offers[row].link, offers[row].part
        relief = short(m, data.scale[p], "minimum", link.supplier, link.part)
        least = link.minimum if not isinstance(relief, float) else offers[row].least
        return m.q[row, t] + relief >= data.units(p, least) * m.y[row, t] if least else pyo.Constraint.Skip

    loose = {
        (row, name): limit
        for row, offer in enumerate(offers)
        for name, limit in data.caps(row)
        if data.relaxed(name, offer.link.supplier, offer.link.part)
    }

    @m.Constraint([(row, t, name) for row, name in loose for t in offers[row].cells], doc="caps that may be relaxed")
    def largest_order(m: Any, row: int, t: int, name: str) -> Any:
        link, p = offers[row].link, offers[row].part
        relief = short(m, data.scale[p], name, link.supplier, link.part)
        return m.q[row, t] - relief <= data.units(p, loose[row, name])


def _suppliers(m: Any, data: Data) -> None:
    offers, instance = data.offers, data.instance
    counted = [(row, t) for row, t in m.ORDERED if offers[row].counted]
    loose = [row for row in m.COUNTED if not offers[row].orders]
    m.link_used = pyo.Constraint(counted, rule=lambda m, row, t: m.y[row, t] <= m.w[row], doc="links")
    m.link_bound = pyo.Constraint(
        loose,
        rule=lambda m, row: m.total[row] <= data.units(offers[row].part, offers[row].total) * m.w[row],
        doc="links, aggregated over periods",
    )
    m.supplier_used = pyo.Constraint(
        [row for row in m.COUNTED if data.active[offers[row].supplier]],
        rule=lambda m, row: m.w[row] <= m.z[offers[row].supplier],
        doc="suppliers",
    )

    @m.Constraint(m.ACTIVE, m.PERIODS, doc="suppliers, aggregated over parts")
    def supplier_bound(m: Any, s: int, t: int) -> Any:
        rows = [row for row in data.of_supplier[s] if not offers[row].counted and offers[row].upper[t]]
        limit = instance.capacity[data.suppliers[s]]
        most = sum(offers[row].upper[t] for row in rows)
        if limit is not None and not data.relaxed("capacity", data.suppliers[s]):
            most = min(most, limit)
        load = sum(data.ratio(row) * m.q[row, t] for row in rows)
        return load <= data.units_at(s, most) * m.z[s] if rows else pyo.Constraint.Skip

    @m.Constraint(range(len(data.suppliers)), m.PERIODS, doc="capacity")
    def capacity(m: Any, s: int, t: int) -> Any:
        rows = [row for row in data.of_supplier[s] if offers[row].upper[t]]
        limit = instance.capacity[data.suppliers[s]]
        if limit is None or not rows:
            return pyo.Constraint.Skip
        relief = short(m, data.mix[s], "capacity", data.suppliers[s])
        return sum(data.ratio(row) * m.q[row, t] for row in rows) - relief <= data.units_at(s, limit)


# --- tiers -----------------------------------------------------------------------------------


def _tiers(m: Any, data: Data) -> None:
    offers = data.offers
    triples = [(g, k, row) for g, k in m.TIERS for row in data.tiers[g].offers]

    def most(m: Any, g: int, k: int, row: int) -> tuple[float, float]:
        return (0, data.units(offers[row].part, min(offers[row].total, data.tiers[g].end[k])))

    m.v = pyo.Var(m.TIERS, domain=pyo.Binary, doc="v_gk")
    m.x = pyo.Var(triples, bounds=most, doc="x_gkl")

    def load(m: Any, g: int, k: int) -> Any:
        return sum(data.ratio(row) * m.x[g, k, row] for row in data.tiers[g].offers)

    @m.Constraint(range(len(data.tiers)), doc="one tier")
    def one_tier(m: Any, g: int) -> Any:
        return sum(m.v[g, k] for k in range(len(data.tiers[g].start))) == 1

    @m.Constraint([(g, row) for g, tiers in enumerate(data.tiers) for row in tiers.offers], doc="split over tiers")
    def split(m: Any, g: int, row: int) -> Any:
        return sum(m.x[g, k, row] for k in range(len(data.tiers[g].start))) == m.total[row]

    @m.Constraint(triples, doc="tier: links, one row per offer")
    def tier_link(m: Any, g: int, k: int, row: int) -> Any:
        return m.x[g, k, row] <= m.x[g, k, row].ub * m.v[g, k]

    @m.Constraint(m.TIERS, doc="tier: at most")
    def tier_at_most(m: Any, g: int, k: int) -> Any:
        if len(data.tiers[g].offers) == 1:
            return pyo.Constraint.Skip
        return load(m, g, k) <= data.units_at(data.tiers[g].supplier, data.tiers[g].end[k]) * m.v[g, k]

    @m.Constraint(m.TIERS, doc="tier: at least; an incremental ladder is concave and needs none")
    def tier_at_least(m: Any, g: int, k: int) -> Any:
        if data.tiers[g].incremental or not data.tiers[g].start[k]:
            return pyo.Constraint.Skip
        return load(m, g, k) >= data.units_at(data.tiers[g].supplier, data.tiers[g].start[k]) * m.v[g, k]
