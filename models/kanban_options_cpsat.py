"""Kanban by options: one literal for every loop, container and number of cards, in exact integers.

Sets
----
L loops; J options, each a container of a loop with a number of cards, J_l those of a loop; M limits.
Of a container only the numbers of cards that can be useful are options (`_kanban.py`).

Data
----
f_j cost of an option (cards, holding, handling, expected shortage, changes); l_jm its load of a
limit, C_m the capacity, both in whole units of the limit; v_j cards changed, B most changes; cards
short of the need, below the minimum and above the maximum (elastic model). Costs are whole
multiples of `unit`; where an expected shortage is in them they are rounded down to it, so that
bounds hold.

Variables
---------
x_j    1 if the option is chosen (literal)
slack  relaxation of a rule (elastic model only)

Objective
---------
min  sum_j f_j x_j   (or the priced sum of the relaxations)

Constraints
-----------
one      exactly one x_j of J_l
limit    sum_j l_jm x_j <= C_m
change   sum_j v_j x_j <= B
needed, minimum, maximum (elastic): sum over J_l of (cards short) x_j <= slack, and so on

Source
------
Multiple-choice knapsack: Sinha and Zoltners, The multiple-choice knapsack problem, Operations
Research 27 (1979) 503-515; Kellerer, Pferschy and Pisinger, Knapsack Problems (2004), chapter 11.
Card formulas: Monden, Toyota Production System.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.errors import NotApplicableError

from ._cpsat import LARGEST, Elastic, Total, whole
from ._kanban import Data, plan_of, prepare, read_plan, scale_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jitopt.problems.kanban.instance import Kanban, KanbanPlan
    from jitopt.registry import RuleKey

FORMULATION: dict[str, Any] = {
    "name": "kanban_options_cpsat",
    "problem": "kanban",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": True,
    "summary": "A literal for every loop, container and number of cards, in exact whole numbers (CP-SAT).",
    "source": "Sinha and Zoltners 1979; Kellerer, Pferschy and Pisinger 2004",
    "page": "docs/formulations/kanban_options_cpsat.md",
    "up_to": {"options": 40000, "stations": 0},
}

FINE = 2**50
"""Units the largest objective is told in, where costs are rounded."""


def build(instance: Kanban, elastic: Mapping[RuleKey, float] | None = None) -> Any:
    """Return the CP-SAT model; with `elastic`, the listed rules may be broken at their price.

    Raises
    ------
    NotApplicableError
        If a whole number of the model would exceed 2**53.
    """
    m: Any = cp_model.CpModel()
    m.data = data = prepare(instance, elastic)
    m.relax = Elastic(m, elastic)
    m.choices = [(row, cards) for row, e in enumerate(data.entries) for cards in range(e.low, e.high + 1)]
    m.x = [m.new_bool_var("") for _ in m.choices]
    m.of_loop = [[] for _ in data.names]
    for j, (row, _) in enumerate(m.choices):
        m.of_loop[data.entries[row].loop].append(j)
    for mine in m.of_loop:
        m.add_exactly_one(m.x[j] for j in mine)
    _limits(m, data)
    if data.cap is not None:
        _at_most(m, ("change", ()), [data.entries[row].changed(cards) for row, cards in m.choices], data.cap)
    if m.relax.active:
        _relaxed(m, data)
        total = m.relax.total()
    else:
        total = _cost(m, data)
    total.minimise(m)
    return m


def extract(instance: Kanban, model: Any, value: Callable[[Any], float]) -> KanbanPlan:
    """Return the plan: of each loop the option of largest value."""
    chosen = (max(mine, key=lambda j: value(model.x[j])) for mine in model.of_loop)
    return plan_of(model.data, [model.choices[j] for j in chosen])


def start(instance: Kanban, model: Any, plan: KanbanPlan) -> list[tuple[Any, float]]:
    """Return the value of every literal under `plan`; there are no relaxations in a model with a start."""
    chosen = set(read_plan(model.data, plan).values())
    return [(x, float(choice in chosen)) for x, choice in zip(model.x, model.choices, strict=True)]


def _cost(m: Any, data: Data) -> Total:
    """Return the objective; costs of very fine or no common denominator are rounded down."""
    costs = [data.entries[row].cost[cards - data.entries[row].low] for row, cards in m.choices]
    most = sum((max((costs[j] for j in mine), default=Fraction(0)) for mine in m.of_loop), Fraction(0))
    common = lcm(*{cost.denominator for cost in costs}) if all(c.denominator <= FINE for c in costs) else 0
    if most and (not common or common * sum(costs) > LARGEST):
        # Total counts every literal at its largest, so the unit is drawn from the sum of all costs.
        unit = _power_of_two(sum(costs, Fraction(0)) / FINE)
        costs = [unit * (cost // unit) for cost in costs]
    total = Total()
    for x, cost in zip(m.x, costs, strict=True):
        total.add(cost, x, 1)
    return total


def _power_of_two(value: Fraction) -> Fraction:
    """Return the least power of two that is not below `value`."""
    unit = Fraction(1)
    while unit < value:
        unit *= 2
    while unit / 2 >= value:
        unit /= 2
    return unit


def _limits(m: Any, data: Data) -> None:
    for k, (name, capacity) in enumerate(data.limits):
        loads = [data.entries[row].load(k, cards) for row, cards in m.choices]
        scale = scale_of([*loads, capacity] if m.relax.active else loads, LARGEST)
        if any((scale * load).denominator != 1 for load in loads):
            raise NotApplicableError(f"the loads of a limit have no common unit of which {LARGEST} are enough")
        room = scale * capacity
        _at_most(
            m, ("limit", (name,)), [int(scale * load) for load in loads], room.numerator // room.denominator, scale
        )


def _at_most(m: Any, key: RuleKey, amounts: list[int], room: int, scale: Fraction = Fraction(1)) -> None:
    """Keep the sum of the amounts of the chosen options within `room`, in units of 1 / scale."""
    most = sum(max((amounts[j] for j in mine), default=0) for mine in m.of_loop)
    if most <= room:
        return
    whole(sum(amounts) + abs(room))
    slack = m.relax.slack(key, most - room)
    if key in m.relax:
        m.relax.prices[key] /= scale
    m.add(_sum(m, amounts) <= room + slack)


def _sum(m: Any, amounts: Iterable[int]) -> Any:
    kept = [(x, amount) for x, amount in zip(m.x, amounts, strict=True) if amount]
    return cp_model.LinearExpr.weighted_sum([x for x, _ in kept], [amount for _, amount in kept])


def _relaxed(m: Any, data: Data) -> None:
    """Add the rules of single loops that are relaxed; the others are in the choice of options."""
    for loop, name in enumerate(data.names):
        mine = m.of_loop[loop]
        choices = [(m.x[j], data.entries[m.choices[j][0]], m.choices[j][1]) for j in mine]
        for rule in ("cards_needed", "minimum", "maximum"):
            short = []
            for x, entry, cards in choices:
                over = 0 if entry.most is None else cards - entry.most
                amount = {"cards_needed": entry.needed - cards, "minimum": entry.least - cards, "maximum": over}[rule]
                short.append((x, max(0, amount)))
            worst = max((amount for _, amount in short), default=0)
            if worst and (rule, (name,)) in m.relax:
                slack = m.relax.slack((rule, (name,)), worst)
                m.add(sum(amount * x for x, amount in short if amount) <= slack)
