"""Delivery frequencies from a menu in whole numbers: a clause for each stop, integer rows.

Sets
----
u  stops: suppliers on their own and milk runs; K_u the frequencies u may have (truck and menu kept)
r  shared limits that can bind: docks, storages, other limits, the cap on changes

Data
----
c_uk  cost of stop u at frequency k in whole units of `model.unit`, exact or rounded down
a_ruk, b_r  as in `delivery_menu_pyomo`; in an elastic model refined so that b_r is whole

Variables
---------
x_uk  stop u delivers at frequency k (literal)
v_r   relaxation of limit r (elastic model only)

Objective
---------
min  sum c_uk x_uk; what rounding down leaves out is below one unit for each stop, so the bound
holds (or the priced sum of relaxations and of what the chosen columns break by themselves)

Constraints
-----------
choice     exactly one of the literals x_uk of a stop
limit      sum a_ruk x_uk <= b_r (+ v_r)
dominance  a column that costs more and takes no less than another of its stop is left out

Source
------
Multiple-choice knapsack with several rows: Sinha and Zoltners, The multiple-choice knapsack
problem, Operations Research 27 (1979) 503-515, with its dominance rule.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.errors import NotApplicableError

from ._delivery import chosen, plan_of, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.delivery.instance import Delivery, DeliveryPlan
    from jitopt.registry import RuleKey

from ._delivery import Data, Row

FORMULATION: dict[str, Any] = {
    "name": "delivery_menu_cpsat",
    "problem": "delivery",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "One literal for each supplier or milk run and frequency, in whole numbers (CP-SAT).",
    "source": "Sinha and Zoltners 1979",
    "page": "docs/formulations/delivery_menu_cpsat.md",
    "up_to": {"columns": 50_000, "cyclic_parts": 0},
}

FINEST = 2**48
"""The objective is told in at most so many units: small enough for sums, fine enough for 1e-9 of a plan's cost."""

LARGEST = 2**53
"""No whole number of the model may be larger."""

FACTOR = 10**6
"""A relaxed limit is told in at most so many parts of a unit."""


def build(instance: Delivery, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the CP-SAT model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        For the strict cyclic form, or if a whole number of the model would exceed 2**53.
    """
    data = prepare(instance, elastic)
    m: Any = cp_model.CpModel()
    m.data, m.x, m.slacks = data, {}, {}
    left_out = set() if data.elastic else _dominated(data)
    for key in data.cost:
        m.x[key] = m.new_bool_var("") if key not in left_out else None
    for u, row in enumerate(data.columns):
        m.add_exactly_one(m.x[u, c] for c in range(len(row)) if m.x[u, c] is not None)
    for r, limit in enumerate(data.rows):
        _limit(m, r, limit)
    _objective(m, data)
    return m


def extract(instance: Delivery, model: Any, value: Callable[[Any], float]) -> DeliveryPlan:
    """Return the plan: of each stop the frequency of largest value."""
    return plan_of(model.data, lambda u, c: -1.0 if model.x[u, c] is None else value(model.x[u, c]))


def start(instance: Delivery, model: Any, plan: DeliveryPlan) -> list[tuple[Any, float]]:
    """Return the value of every variable under `plan`, with a column left out replaced by one that beats it."""
    data = model.data
    picked = {_kept(model, key) for key in chosen(data, plan)}
    pairs = [(variable, float(key in picked)) for key, variable in model.x.items() if variable is not None]
    for r, (slack, factor) in model.slacks.items():
        row = data.rows[r]
        load = sum(units for key, units in row.loads.items() if key in picked)
        pairs.append((slack, float(max(0, load * factor - ceil(row.limit * factor)))))
    return pairs


# --- columns -------------------------------------------------------------------------------------


def _dominated(data: Data) -> set[tuple[int, int]]:
    """Return the columns that another of the same stop replaces at no more cost and load."""
    found = set()
    for u, row in enumerate(data.columns):
        kept: list[int] = []
        for c in sorted(range(len(row)), key=lambda c, u=u: (data.cost[u, c], _takes(data, u, c))):  # type: ignore[misc]
            if any(_beats(data, u, other, c) for other in kept):
                found.add((u, c))
            else:
                kept.append(c)
    return found


def _takes(data: Data, u: int, c: int) -> list[int]:
    return [row.loads.get((u, c), 0) for row in data.rows]


def _beats(data: Data, u: int, one: int, other: int) -> bool:
    """Tell whether column `one` costs and takes no more than the `other`."""
    loads = zip(_takes(data, u, one), _takes(data, u, other), strict=True)
    return data.cost[u, one] <= data.cost[u, other] and all(a <= b for a, b in loads)


def _kept(m: Any, key: tuple[int, int]) -> tuple[int, int]:
    """Return the column, or one that beats it where it was left out."""
    u, c = key
    if m.x[key] is not None:
        return key
    return next((u, o) for o in range(len(m.data.columns[u])) if m.x[u, o] is not None and _beats(m.data, u, o, c))


# --- rows and objective --------------------------------------------------------------------------


def _limit(m: Any, r: int, row: Row) -> None:
    loads = {key: units for key, units in row.loads.items() if m.x[key] is not None}
    if row.priced is None:
        m.add(_sum(m, loads, 1) <= floor(row.limit))
        return
    # A limit with more digits is rounded up: what is short is then told too low by at most 1/FACTOR.
    factor = min(row.limit.denominator, FACTOR)
    most = ceil((row.most - row.limit) * factor)
    slack = m.new_int_var(0, _whole(most), "")
    m.slacks[r] = (slack, factor)
    m.add(_sum(m, loads, factor) - slack <= ceil(row.limit * factor))


def _whole(value: int) -> int:
    """Return `value`, which must be a whole number that sums of a model can hold."""
    if value > LARGEST:
        raise NotApplicableError(f"a whole number of the model would be {float(value):.3g}, more than 2**53")
    return value


def _sum(m: Any, loads: Mapping[tuple[int, int], int], factor: int) -> Any:
    keys = list(loads)
    _whole(sum(loads.values()) * factor)
    return cp_model.LinearExpr.weighted_sum([m.x[key] for key in keys], [loads[key] * factor for key in keys])


def _objective(m: Any, data: Data) -> None:
    """Set the objective in whole units: exact where they are few enough, else rounded down to `FINEST` units.

    In an elastic model costs are rounded up instead: what breaks a rule must cost something.
    """
    terms = [(data.cost[key], variable, 1) for key, variable in m.x.items() if variable is not None]
    for r, (slack, factor) in m.slacks.items():
        price = (data.rows[r].priced or Fraction(0)) * data.rows[r].shared.grain / factor
        terms.append((price, slack, int((data.rows[r].most - data.rows[r].limit) * factor) + 1))
    terms = [term for term in terms if term[0]]
    m.unit = Fraction(1, lcm(*(cost.denominator for cost, _, _ in terms)))
    largest = sum((cost * size for cost, _, size in terms), Fraction(0))
    if largest / m.unit > FINEST:
        m.unit = largest / FINEST
    numbers = [(ceil if data.elastic else floor)(cost / m.unit) for cost, _, _ in terms]
    m.minimize(cp_model.LinearExpr.weighted_sum([variable for _, variable, _ in terms], numbers))
