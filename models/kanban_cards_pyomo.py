"""Kanban by cards: a whole number of cards for each loop and container, one container for each loop.

Sets
----
L loops; E entries, each a container of a loop, an option, whose cards are fixed, or one number of
cards of a container, where every card has a slope of its own; E_l those of a loop; F entries with a
range of cards; K_e pieces of the cost of an entry; M limits.

Data
----
a_e, b_e least and most cards of an entry that can be useful, drawn from the rules, the cards in
force and the shortage cost (`_kanban.py`); f_e(n) cost of n cards, convex in n: cards, holding,
handling, expected shortage, changes; s_ek, w_ek slope and width of its k-th piece (secants between
whole numbers); g_em, r_em load of a limit by the entry and by each of its cards; C_m capacity;
h_e cards in force of the same container, o_e of another; B most changes; q_e cards needed,
p_l and P_l least and most cards.

Variables
---------
y_e    1 if the entry is chosen (binary)
n_e    cards (integer, only for F; a_e y_e otherwise)
d_ek   cards within a piece (continuous, 0 to w_ek)
u_e    changes where cards may rise or fall (continuous)
slack  relaxation of a rule (elastic model only)

Objective
---------
min  sum_e f_e(a_e) y_e + sum_ek s_ek d_ek
(or the priced sum of the relaxations)

Constraints
-----------
one        sum over E_l of y_e = 1
cards      n_e = a_e y_e + sum_k d_ek, d_ek <= w_ek y_e; without cost a_e y_e <= n_e <= b_e y_e
limit      sum_e g_em y_e + r_em n_e <= C_m
change     sum of |n_e - h_e y_e| + o_e y_e <= B, with u_e >= n_e - h_e y_e and u_e >= h_e y_e - n_e
needed, minimum, maximum (elastic): sum over E_l of (q_e y_e - n_e) <= slack, and so on

Source
------
Multiple-choice knapsack: Sinha and Zoltners, The multiple-choice knapsack problem, Operations
Research 27 (1979) 503-515. Convex costs by their pieces: Dantzig, On the significance of solving
linear programming problems with some integer variables, Econometrica 28 (1960) 30-44. Card
formulas: Monden, Toyota Production System.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from ._kanban import Data, Entry, plan_of, prepare, read_plan, scale_of
from ._pyomo import Elastic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.kanban.instance import Kanban, KanbanPlan
    from jitopt.registry import RuleKey

FORMULATION: dict[str, Any] = {
    "name": "kanban_cards_pyomo",
    "problem": "kanban",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "Whole cards for each loop and container, convex costs by their pieces.",
    "source": "Sinha and Zoltners 1979; Dantzig 1960; Monden",
    "page": "docs/formulations/kanban_cards_pyomo.md",
    "up_to": {"options": 40000, "stations": 0},
}

SAME = 1e-11
"""Slopes that differ by less, relative to their size, are one."""

SEVERAL = 2
"""Pieces from which an entry is split into its numbers of cards."""

MOST_SINGLE = 100
"""Pieces up to which it is: beyond, the binaries would be too many."""

WHOLE = 10**6
"""Loads of a limit are made whole numbers where this denominator is enough, so that tolerances cut nothing off."""


def build(instance: Kanban, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model; with `elastic`, the listed rules may be broken at their price."""
    m: Any = pyo.ConcreteModel(name="kanban_cards_pyomo")
    m.data = data = _split(prepare(instance, elastic))
    m.relax = Elastic(m, elastic)
    m.pieces = [_pieces(entry) for entry in data.entries]
    _variables(m, data)
    _choices(m, data)
    _limits(m, data)
    _changes(m, data)
    if m.relax.active:
        _relaxed(m, data)
    cost = m.relax.objective() if m.relax.active else _cost(m, data)
    m.cost = pyo.Objective(expr=cost + m.nothing, sense=pyo.minimize)
    return m


def extract(instance: Kanban, model: Any, value: Callable[[Any], float]) -> KanbanPlan:
    """Return the plan: of each loop the entry of largest y, its cards rounded within its range."""
    data: Data = model.data
    chosen = []
    for rows in data.of_loop():
        row = max(rows, key=lambda row: value(model.y[row]))
        entry = data.entries[row]
        cards = round(value(model.n[row])) if row in model.RANGED else entry.low
        chosen.append((row, min(max(cards, entry.low), entry.high)))
    return plan_of(data, chosen)


def start(instance: Kanban, model: Any, plan: KanbanPlan) -> list[tuple[Any, float]]:
    """Return the values of the variables that describe `plan`; relaxations are left to the solver."""
    found: list[tuple[Any, float]] = []
    chosen = dict(read_plan(model.data, plan).values())
    for row in model.ENTRIES:
        found.append((model.y[row], float(row in chosen)))
    for row in model.RANGED:
        cards = chosen.get(row, 0)
        found.append((model.n[row], float(cards)))
        above = cards - model.data.entries[row].low
        for k, (_, width) in enumerate(model.pieces[row]):
            inside = min(width, max(0, above)) if row in chosen else 0
            found.append((model.d[row, k], float(inside)))
            above -= width
    for row in model.BOTH:
        moved = abs(chosen[row] - model.data.entries[row].have) if row in chosen else 0
        found.append((model.u[row], float(moved)))
    return found


# --- variables and objective -----------------------------------------------------------------


def _pieces(entry: Entry) -> list[tuple[float, int]]:
    """Return slope and width of the pieces of an entry's cost; neighbours as good as equal are one piece.

    Far from the mean need the expected shortage is a line but for rounding.
    """
    found: list[tuple[float, int]] = []
    begun = 0
    for at in range(1, len(entry.cost)):
        slope = float(entry.cost[at] - entry.cost[at - 1])
        if found and abs(slope - found[-1][0]) <= SAME * max(abs(slope), abs(found[-1][0])):
            found[-1] = (float(entry.cost[at] - entry.cost[begun]) / (at - begun), at - begun)
        else:
            begun = at - 1
            found.append((slope, 1))
    return found


def _split(data: Data) -> Data:
    """Make an entry of every number of cards where each card has a slope of its own.

    The relaxation is the same; branching on a number of cards, and fixing it by its reduced cost, is not.
    """
    entries = []
    for entry in data.entries:
        pieces = _pieces(entry)
        if not SEVERAL <= len(pieces) <= MOST_SINGLE or any(width > 1 for _, width in pieces):
            entries.append(entry)
            continue
        for cards, cost in zip(range(entry.low, entry.high + 1), entry.cost, strict=True):
            fixed = {limit: entry.load(limit, cards) for limit in {*entry.fixed, *entry.each}}
            one = replace(entry, low=cards, high=cards, cost=[cost], fixed=fixed, each={}, single=True)
            entries.append(one)
    return replace(data, entries=entries)


def _variables(m: Any, data: Data) -> None:
    entries = data.entries
    m.ENTRIES = pyo.RangeSet(0, len(entries) - 1)
    m.RANGED = pyo.Set(initialize=[row for row, e in enumerate(entries) if e.low < e.high], doc="F")
    both = [
        row for row in m.RANGED if data.cap is not None and entries[row].low < entries[row].have < entries[row].high
    ]
    m.BOTH = pyo.Set(initialize=both)
    m.PIECES = pyo.Set(initialize=[(row, k) for row in m.RANGED for k in range(len(m.pieces[row]))], dimen=2)
    m.y = pyo.Var(m.ENTRIES, domain=pyo.Binary, doc="y_e")
    m.n = pyo.Var(m.RANGED, domain=pyo.Integers, bounds=lambda m, row: (0, entries[row].high), doc="n_e")
    m.d = pyo.Var(m.PIECES, bounds=lambda m, row, k: (0, m.pieces[row][k][1]), doc="d_ek")
    m.u = pyo.Var(m.BOTH, bounds=lambda m, row: (0, max(entries[row].have, entries[row].high)), doc="u_e")
    m.nothing = pyo.Var(bounds=(0, 0), doc="0, so that no row is empty")


def _cards(m: Any, row: int) -> Any:
    """Return the cards of an entry, 0 where it is not chosen."""
    return m.n[row] if row in m.RANGED else m.data.entries[row].low * m.y[row]


def _cost(m: Any, data: Data) -> Any:
    cost = sum(float(entry.cost[0]) * m.y[row] for row, entry in enumerate(data.entries) if entry.cost[0])
    return cost + sum(m.pieces[row][k][0] * m.d[row, k] for row, k in m.PIECES)


# --- constraints -----------------------------------------------------------------------------


def _choices(m: Any, data: Data) -> None:
    of_loop = data.of_loop()

    @m.Constraint(range(len(data.names)), doc="one")
    def one(m: Any, loop: int) -> Any:
        return sum((m.y[row] for row in of_loop[loop]), start=m.nothing) == 1

    @m.Constraint(m.RANGED, doc="cards")
    def cards(m: Any, row: int) -> Any:
        pieces = range(len(m.pieces[row]))
        entry = data.entries[row]
        if not pieces:
            return m.n[row] <= entry.high * m.y[row]
        return m.n[row] == entry.low * m.y[row] + sum(m.d[row, k] for k in pieces)

    @m.Constraint(m.RANGED, doc="cards: at least, where they cost nothing")
    def cards_at_least(m: Any, row: int) -> Any:
        entry = data.entries[row]
        return m.n[row] >= entry.low * m.y[row] if entry.low and not m.pieces[row] else pyo.Constraint.Skip

    @m.Constraint(m.PIECES, doc="cards: pieces")
    def piece(m: Any, row: int, k: int) -> Any:
        return m.d[row, k] <= m.pieces[row][k][1] * m.y[row]


def _limits(m: Any, data: Data) -> None:
    loads: list[list[int]] = [[] for _ in data.limits]
    for row, entry in enumerate(data.entries):
        for limit in {*entry.fixed, *entry.each}:
            loads[limit].append(row)

    @m.Constraint(range(len(data.limits)), doc="limit")
    def within(m: Any, k: int) -> Any:
        name, capacity = data.limits[k]
        rows = loads[k]
        amounts = [amount for row in rows for part in (data.entries[row].fixed, data.entries[row].each)
                   if (amount := part.get(k))]  # fmt: skip
        if not amounts:
            return pyo.Constraint.Skip
        scale = scale_of(amounts, WHOLE)
        room = scale * capacity if m.relax.active else _floor(scale * capacity, scale, amounts)
        load = sum(_load(m, data.entries[row], row, k, scale) for row in rows)
        most = sum((data.entries[row].load(k, data.entries[row].high) for row in rows), Fraction(0))
        slack = m.relax.slack(("limit", (name,)), float(max(Fraction(0), most - capacity)), integer=False)
        return load - float(scale) * slack <= float(room)


def _floor(capacity: Fraction, scale: Fraction, amounts: list[Fraction]) -> Fraction:
    """Round the capacity down where every load is whole."""
    whole = all((scale * amount).denominator == 1 for amount in amounts)
    return Fraction(capacity.numerator // capacity.denominator) if whole else capacity


def _load(m: Any, entry: Entry, row: int, limit: int, scale: Fraction) -> Any:
    fixed, each = entry.fixed.get(limit), entry.each.get(limit)
    found = float(scale * fixed) * m.y[row] if fixed else 0
    return found + float(scale * each) * _cards(m, row) if each else found


def _changes(m: Any, data: Data) -> None:
    if data.cap is None:
        return
    entries = data.entries
    m.risen = pyo.Constraint(
        m.BOTH, rule=lambda m, row: m.u[row] >= m.n[row] - entries[row].have * m.y[row], doc="change: up"
    )
    m.fallen = pyo.Constraint(
        m.BOTH, rule=lambda m, row: m.u[row] >= entries[row].have * m.y[row] - m.n[row], doc="change: down"
    )
    terms = []
    for row, entry in enumerate(entries):
        if row in m.BOTH:
            terms.append(m.u[row])
        elif entry.high <= entry.have:
            terms.append(entry.have * m.y[row] - _cards(m, row))
        else:
            terms.append(_cards(m, row) - entry.have * m.y[row])
        if entry.gone:
            terms.append(entry.gone * m.y[row])
    most = max((entry.changed(cards) for entry in entries for cards in (entry.low, entry.high)), default=0)
    slack = m.relax.slack(("change", ()), max(0, most * len(data.names) - data.cap))
    m.change = pyo.Constraint(expr=sum(terms, start=1 * m.nothing) - slack <= data.cap, doc="change")


def _relaxed(m: Any, data: Data) -> None:
    """Add the rules of single loops that are relaxed; the others are in the ranges of the entries."""
    of_loop = data.of_loop()
    m.rules = pyo.ConstraintList(doc="needed, minimum, maximum")
    for loop, name in enumerate(data.names):
        rows = of_loop[loop]
        if not rows:
            continue
        cards = sum(_cards(m, row) for row in rows)
        needed = max(data.entries[row].needed for row in rows)
        slack = m.relax.slack(("cards_needed", (name,)), needed)
        if ("cards_needed", (name,)) in m.relax and needed:
            m.rules.add(sum(data.entries[row].needed * m.y[row] for row in rows) - cards - slack <= 0)
        first = data.entries[rows[0]]
        if ("minimum", (name,)) in m.relax and first.least:
            m.rules.add(cards + m.relax.slack(("minimum", (name,)), first.least) >= first.least)
        if ("maximum", (name,)) in m.relax and first.most is not None:
            over = max(data.entries[row].high for row in rows) - first.most
            if over > 0:
                m.rules.add(cards - m.relax.slack(("maximum", (name,)), over) <= first.most)
