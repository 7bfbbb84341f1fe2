"""The judge of kanban plans: every rule and every term, recomputed in exact arithmetic.

Numbers count as the decimals they are written as. Cards are whole, so limits are kept or broken to
the last digit. Only the expected shortage is irrational: see `formulas.loss`. Linear in the loops.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import Evaluation, Violation, evaluation, total, unpriced
from jitopt.problems.figures import counted
from jitopt.problems.kanban import line_judge
from jitopt.problems.kanban.instance import Kanban, KanbanPlan
from jitopt.problems.kanban.normal import loss
from jitopt.problems.kanban.words import called, overfull, too_many_changes

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Loop, Pair

__all__ = ["evaluate", "loads", "loop_terms"]

ZERO = Fraction(0)

MOST_TOLD = 5
"""Overfull limits of which it is told who takes them: that takes a look at every use."""

Choice = dict[str, tuple[str, int]]
"""Container and cards of each loop."""


def evaluate(instance: Kanban, plan: object) -> Evaluation:
    """Judge `plan`: recompute objective and terms, and name every broken rule.

    A plan that leaves a loop out, names it twice, or takes what is not on its menu cannot be
    priced: its objective is None.
    """
    if not isinstance(plan, KanbanPlan):
        plan = KanbanPlan.model_validate(plan)
    if instance.line is not None:
        return line_judge.evaluate(instance, plan)
    choice, violations = _read(instance, plan)
    if violations:
        return unpriced(violations)
    if instance.options is not None:
        cost = total(instance.options.cost[instance.option_row[name, *choice[name]]] for name in instance.names)
        return evaluation({"cost": cost}, _limits(instance, choice), {"arithmetic": "exact"})
    violations += _cards(instance, choice)
    violations += _limits(instance, choice)
    violations += _changes(instance, choice)
    priced = any(loop.shortage is not None for loop in instance.loop_data.values())
    evidence = {"arithmetic": "exact"} | ({"shortage": "analytic"} if priced else {})
    return evaluation(_terms(instance, choice), violations, evidence)


def loads(instance: Kanban, plan: KanbanPlan) -> dict[str, Fraction]:
    """Return what a plan that can be priced takes of each limit."""
    return _loads(instance, _read(instance, plan)[0])


def _read(instance: Kanban, plan: KanbanPlan) -> tuple[Choice, list[Violation]]:
    found: Choice = {}
    wrong = []
    options = instance.option_row
    for row in plan.loops:
        if row.loop not in instance.rows_of:
            wrong.append(Violation("loop", (row.loop,), f"there is no loop {row.loop!r}", 1.0))
        elif row.loop in found:
            wrong.append(Violation("loop", (row.loop,), f"loop {row.loop!r} is decided twice", 1.0))
        elif options and (row.loop, row.container, row.cards) not in options:
            text = f"{counted(row.cards, 'card')} of {row.container!r}: no option of loop {row.loop!r}"
            wrong.append(Violation("menu", (row.loop,), text, 1.0))
        elif not options and (row.loop, row.container) not in instance.pairs:
            text = f"loop {row.loop!r} has no container {row.container!r}"
            wrong.append(Violation("menu", (row.loop,), text, 1.0))
        found[row.loop] = (row.container, row.cards)
    for name in instance.names:
        if name not in found:
            wrong.append(Violation("loop", (name,), f"loop {name!r} is left out", 1.0))
    return found, wrong


# --- the rules -----------------------------------------------------------------------------


def _cards(instance: Kanban, choice: Choice) -> list[Violation]:
    """Compare the cards of each loop with what it needs, its minimum and its maximum."""
    found = []
    for name, (container, cards) in choice.items():
        loop = instance.loop_data[name]
        needed = instance.needed(name, container)
        if cards < needed:
            text = f"{called(instance, name)} has {counted(cards, 'card')} of {container}, its demand needs {needed}"
            found.append(Violation("cards_needed", (name,), text, float(needed - cards)))
        if cards < loop.minimum:
            text = f"{called(instance, name)} has {counted(cards, 'card')}, the least is {loop.minimum}"
            found.append(Violation("minimum", (name,), text, float(loop.minimum - cards)))
        if loop.maximum is not None and cards > loop.maximum:
            text = f"{called(instance, name)} has {counted(cards, 'card')}, the most is {loop.maximum}"
            found.append(Violation("maximum", (name,), text, float(cards - loop.maximum)))
    return found


def _loads(instance: Kanban, choice: Choice) -> dict[str, Fraction]:
    """Return what the cards, or the options, take of each limit."""
    if instance.options is not None:
        chosen = [instance.option_row[name, *choice[name]] for name in instance.names]
        return {limit: total(amounts) for limit, amounts in instance.option_takes(chosen).items()}
    taken: dict[str, Fraction] = defaultdict(Fraction)
    for name, (container, cards) in choice.items():
        for limit, each in instance.pairs[name, container].uses:
            taken[limit] += each * cards
    return taken


def _limits(instance: Kanban, choice: Choice) -> list[Violation]:
    found: list[Violation] = []
    loads = _loads(instance, choice)
    for limit, capacity in instance.capacity.items():
        load = loads.get(limit, ZERO)
        if load > capacity:
            text = overfull(instance, choice, limit, load, told=len(found) < MOST_TOLD)
            found.append(Violation("limit", (limit,), text, float(load - capacity)))
    return found


def _changes(instance: Kanban, choice: Choice) -> list[Violation]:
    if instance.current is None or instance.current.at_most is None:
        return []
    changed, cap = _changed(instance, choice), instance.current.at_most
    if changed <= cap:
        return []
    text = too_many_changes(instance, choice, changed, cap)
    return [Violation("change", (), text, float(changed - cap))]


def _changed(instance: Kanban, choice: Choice) -> int:
    return sum(instance.changed(name, container, cards) for name, (container, cards) in choice.items())


# --- the terms -----------------------------------------------------------------------------


def _terms(instance: Kanban, choice: Choice) -> dict[str, Fraction]:
    """Return the terms of the plant form; they sum up to the objective."""
    terms = {} if instance.serves else dict.fromkeys(("cards", "holding", "handling"), ZERO)
    if any(loop.shortage is not None for loop in instance.loop_data.values()):
        terms["shortage"] = ZERO
    for name, (container, cards) in choice.items():
        for term, value in loop_terms(instance.loop_data[name], instance.pairs[name, container], cards).items():
            terms[term] += value
    if instance.change_price:
        terms["change"] = instance.change_price * _changed(instance, choice)
    return terms


def loop_terms(loop: Loop, pair: Pair, cards: int) -> dict[str, Fraction]:
    """Return what a loop with so many cards of a container adds to each term but that of changes."""
    terms = {}
    if pair.card_cost:
        terms["cards"] = pair.card_cost * cards
    stock = (cards - loop.extra) * pair.quantity
    if loop.holding:
        terms["holding"] = loop.holding * max(ZERO, stock - loop.during)
    if pair.handling_cost:
        terms["handling"] = pair.handling_cost * loop.demand / pair.quantity
    if loop.shortage:
        terms["shortage"] = loop.shortage * loss(stock, loop.mean, loop.variance)
    return terms
