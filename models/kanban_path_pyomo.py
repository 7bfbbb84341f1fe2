"""Lines of stations on a sample path: every event of every job a variable, late by want of places or cards.

Sets
----
R replications of the sample; N jobs; J stations; P places of the decision (a buffer, the cards of a
stage, or those of the line); E kinds of events (a part leaves or is finished, is released, is
delivered), G the precedences between them.

Data
----
t_rjn time of a job at a station; a_rn moment of an order, w orders not counted at first; l_p, h_p fewest
and most places or cards, c_p cost of one, B in all at most; v_gk how many jobs back precedence g
reaches where k are chosen; X least and largest moments of an event, from all places at their most and
at their least; D late orders allowed, or T the largest sum of the moments of the last parts.

Variables
---------
x_ren  moment of an event
z_pk   1 if place p has k or more (binary)
d_rn   1 if order n is late (binary)

Objective
---------
min  sum_p c_p (l_p + sum_k z_pk)

Constraints
-----------
order      z_p,k+1 <= z_pk
before     x_ren >= x_re'(n-v) + time - M z_p,k+1   with v = v_gk, for each k of g's place; M from X
late       x_re(n-v) <= a_rn + M d_rn + M z_p,k+1
target     sum_rn d_rn <= D, or sum_r x_r,last <= T
total      sum_p (l_p + sum_k z_pk) <= B

Source
------
Matta, Simulation optimization with mathematical programming representation of discrete event systems,
Winter Simulation Conference 2008; Alfieri and Matta, Mathematical programming formulations for approximate
simulation of multistage production systems, European Journal of Operational Research 219 (2012);
Stolletz and Weiss, Buffer allocation using exact linear programming formulations and sampling
approaches, IFAC 2013.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact
from jitopt.problems.kanban.instance import KanbanPlan

from ._kanban_path import World, least_moments, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.kanban.instance import Kanban
    from jitopt.registry import RuleKey

FORMULATION: dict[str, Any] = {
    "name": "kanban_path_pyomo",
    "problem": "kanban",
    "technology": "pyomo",
    "solver": "highs",
    "exact": True,
    "summary": "Lines on a tiny sample: every event of the sample path a variable, rows switched by cards.",
    "source": "Matta 2008; Alfieri and Matta 2012; Stolletz and Weiss 2013",
    "page": "docs/formulations/kanban_path_pyomo.md",
    "up_to": {"loops": 0, "operations": 1500},
}

ROUNDING = 1e-9
"""Time that rounding may leave between two bounds that are equal; as a coefficient it would ruin the matrix."""

LARGEST = 200_000
"""Rows of the largest model that is built."""


def build(instance: Kanban, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the Pyomo model.

    Raises
    ------
    NotApplicableError
        For an instance without a line, one without a target, rules to be relaxed, or a sample that is too large.
    """
    if instance.line is None:
        raise NotApplicableError("kanban_path_pyomo sizes lines; this instance has loops or options")
    if instance.objective == "throughput":
        raise NotApplicableError(
            "kanban_path_pyomo takes targets: a throughput to be large is no linear function of the moments"
        )
    if elastic:
        raise NotApplicableError("kanban_path_pyomo relaxes no rule")
    m: Any = pyo.ConcreteModel(name="kanban_path_pyomo")
    m.world = world = prepare(instance)
    if world.rows() > LARGEST:
        raise NotApplicableError(
            f"the sample path would have {world.rows()} rows, more than {LARGEST}; name fewer parts"
        )
    _variables(m, world)
    _precedences(m, world)
    _asked(m, world, instance)
    return m


def extract(instance: Kanban, model: Any, value: Callable[[Any], float]) -> KanbanPlan:
    """Return the plan: of each place the least and one for each z that is 1."""
    world: World = model.world
    chosen = [
        low + sum(value(model.z[p, k]) > 0.5 for k in range(low + 1, high + 1))
        for p, (low, high) in enumerate(zip(world.low, world.high, strict=True))
    ]
    key = "buffers" if world.line.word == "place" else "cards"
    return KanbanPlan.model_validate({key: chosen})


def start(instance: Kanban, model: Any, plan: KanbanPlan) -> list[tuple[Any, float]]:
    """Return the values of the binaries that describe `plan`: what it has, and the orders it serves late."""
    world: World = model.world
    chosen = (plan.buffers if world.line.word == "place" else plan.cards) or ()
    found = [(model.z[p, k], float(k <= chosen[p])) for p, k in model.MORE]
    within = tuple(min(max(c, low), high) for c, low, high in zip(chosen, world.low, world.high, strict=True))
    moments = [least_moments(world, r, within) for r in range(world.size.replications)]
    for r, n in model.ORDERS:
        found.append((model.d[r, n], float(world.late(r, n, within, moments[r]))))
    return found


def _variables(m: Any, world: World) -> None:
    m.MORE = pyo.Set(
        initialize=[
            (p, k)
            for p, (low, high) in enumerate(zip(world.low, world.high, strict=True))
            for k in range(low + 1, high + 1)
        ],
        dimen=2,
    )
    m.EVENTS = pyo.Set(initialize=list(world.events()), dimen=3)
    m.ORDERS = pyo.Set(initialize=list(world.counted()), dimen=2)
    m.z = pyo.Var(m.MORE, domain=pyo.Binary, doc="z_pk")
    m.x = pyo.Var(m.EVENTS, bounds=lambda m, r, e, n: (world.least[r][e][n], world.most[r][e][n]), doc="x_ren")
    m.d = pyo.Var(m.ORDERS, domain=pyo.Binary, doc="d_rn")
    m.nothing = pyo.Var(bounds=(0, 0), doc="0, so that no row is empty")

    @m.Constraint(m.MORE, doc="order")
    def order(m: Any, p: int, k: int) -> Any:
        return m.z[p, k + 1] <= m.z[p, k] if (p, k + 1) in m.MORE else pyo.Constraint.Skip


def _off(m: Any, place: int | None, count: int) -> Any:
    """Return 1 where more than `count` are chosen at the place, so that the row does not hold."""
    return m.z[place, count + 1] if place is not None and (place, count + 1) in m.MORE else 0


def _precedences(m: Any, world: World) -> None:
    m.before = pyo.ConstraintList(doc="before, late")
    for r in range(world.size.replications):
        for row in world.precedences(r):
            big = world.most[r][row.of][row.job] - world.least[r][row.event][row.n] + row.time
            off = _off(m, row.place, row.most)
            if big <= ROUNDING:
                continue  # it holds whatever is chosen
            m.before.add(m.x[r, row.event, row.n] >= m.x[r, row.of, row.job] + row.time - big * off)
        for n, row in world.deliveries(r):
            big = world.most[r][row.of][row.job] - world.orders[r][n]
            if big > ROUNDING:
                off = _off(m, row.place, row.most)
                m.before.add(m.x[r, row.of, row.job] <= world.orders[r][n] + big * (m.d[r, n] + off))


def _asked(m: Any, world: World, instance: Kanban) -> None:
    line, size = world.line, world.size
    count = sum(world.low) + sum(m.z[key] for key in m.MORE)
    cost = sum(
        price * (low + sum(m.z[p, k] for k in range(low + 1, high + 1)))
        for p, (price, low, high) in enumerate(zip(world.cost, world.low, world.high, strict=True))
    )
    most = sum(world.high) if line.total is None else line.total
    m.total = pyo.Constraint(expr=count + m.nothing <= most, doc="total")
    ends = sum(m.x[r, world.last, size.length - 1] for r in range(size.replications)) + m.nothing
    m.cost = pyo.Objective(expr=cost + m.nothing, sense=pyo.minimize)
    assert line.target is not None
    if line.target.fill_rate is not None:
        orders = size.parts * size.replications
        allowed = int(orders * (1 - exact(line.target.fill_rate)))
        m.target = pyo.Constraint(expr=sum(m.d[key] for key in m.ORDERS) + m.nothing <= allowed, doc="target")
    else:
        assert line.target.throughput is not None
        latest = size.parts * size.replications / line.target.throughput
        m.target = pyo.Constraint(expr=ends <= latest, doc="target")
