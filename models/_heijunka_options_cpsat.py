"""The ratio rules of a heijunka plan in CP-SAT: options counted by literals, windows, and their excess.

A counter has the literals c_sj = [at least j units with the option in positions 1..s]. It sees what
single windows do not: with it, the clauses propagate as much as the rule allows at all.

Artigues, Hebrard, Mayer-Eichberger, Siala and Walsh: SAT and hybrid models of the car sequencing
problem. CPAIOR 2014.

Part of `heijunka_order_cpsat`.
Holds: the variables c_osj and e_owk and the constraints of the ratio rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact

from ._cpsat import Total, clause, negated, squared
from ._heijunka import Cell, Levels
from ._heijunka_cpsat import levels_of, track
from ._heijunka_plan import Trace, windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from jitopt.problems.heijunka.instance import Heijunka, Objective, RatioRule

__all__ = ["one_of", "options", "ratio"]

SCARCE = 0.9
"""A hard option is counted by literals when its units take this share of what its windows leave room for."""

COUNTED = 5000
"""An option that is not hard is counted only if that takes at most so many literals."""

STEPS = 8
"""An excess that can be larger than this is a number instead of a row of literals."""


def options(m: Any, instance: Heijunka, priced: bool) -> None:
    """Find the ratio rules that can be broken, and keep those that are hard."""
    rules = [rule for rule in instance.ratio_rules if m.reach.excess(rule)]
    m.rules = [rule for rule in rules if rule.hard or priced]
    for rule in m.rules:
        if not rule.hard:
            continue
        extra = m.relax.slack(("ratio", (rule.ratio,)), m.reach.excess(rule))
        counted = instance.box is None and ("ratio", (rule.ratio,)) not in m.relax and _counted(m, rule)
        for w in windows(rule, instance.slots):
            m.add(_load(m, instance, rule, w) <= rule.at_most + extra)
            if counted:
                _window(m, rule, w, rule.at_most, False)


def _counted(m: Any, rule: RatioRule) -> bool:
    """Tell whether the option's counter is worth its literals.

    It sees what the windows one by one do not see, which matters where the option is scarce. The
    bounds of an option that is not hard fix few of its literals.
    """
    if rule.hard:
        return bool(m.reach.total(rule) >= SCARCE * m.reach.room(rule, m.reach.slots))
    return bool(sum(high - low for low, high in m.reach.option(rule)) <= COUNTED)


def _load(m: Any, instance: Heijunka, rule: RatioRule, w: int) -> Any:
    """Return the units with the option of `rule` in the window that follows slot w."""
    if instance.box is None:
        return sum(one_of(m, rule.products, s) for s in range(w + 1, w + rule.in_any + 1))
    count = track(m, tuple((i, 1) for i in rule.products), m.reach.option(rule))
    return count[w + rule.in_any] - (count[w] if w else 0)


def _window(m: Any, rule: RatioRule, w: int, most: int, unless: Any) -> None:
    """Ask by clauses for at most `most` units in the window that follows position w, unless a literal holds."""
    at_least, bounds = _counter(m, rule)
    behind = w + rule.in_any
    for j in range(max(1, bounds[behind][0]), bounds[behind][1] + 1):
        clause(m, [negated(at_least(behind, j)), at_least(w, j - most), unless])


def _counter(m: Any, rule: RatioRule) -> tuple[Callable[[int, int], Any], list[tuple[int, int]]]:
    """Return the literals [at least j units with the option of `rule` in positions 1..s], and their bounds."""
    if rule.ratio in m.counters:
        found: tuple[Callable[[int, int], Any], list[tuple[int, int]]] = m.counters[rule.ratio]
        return found
    bounds: list[tuple[int, int]] = m.reach.option(rule)
    literals = {(s, j): m.new_bool_var("") for s, (low, high) in enumerate(bounds) for j in range(low + 1, high + 1)}

    def at_least(s: int, j: int) -> Any:
        low, high = bounds[s]
        return True if j <= low else False if j > high else literals[s, j]

    m.counters[rule.ratio] = at_least, bounds
    users = tuple((i, 1) for i in rule.products)
    m.derived.append((literals, lambda trace, s, j: trace.until(users, s) >= j))
    for s in m.slots:
        built = one_of(m, rule.products, s)
        for j in range(bounds[s - 1][0] + 1, bounds[s][1] + 2):
            now, before, less = at_least(s, j), at_least(s - 1, j), at_least(s - 1, j - 1)
            clause(m, [negated(before), now])
            clause(m, [negated(now), less])
            clause(m, [negated(now), at_least(s, j - 1)])
            clause(m, [~built, negated(less), now])
            clause(m, [negated(now), before, built])
    return at_least, bounds


def one_of(m: Any, rows: tuple[int, ...], s: int) -> Any:
    """Return the literal [position s builds one of the products `rows`]."""
    carriers = [i for i in rows if m.reach.largest(i)]
    if len(carriers) == 1:
        return m.x[carriers[0], s]
    if (rows, s) not in m.ones:
        m.ones[rows, s] = m.new_bool_var("")
        m.add(sum(m.x[i, s] for i in carriers) == m.ones[rows, s])
    return m.ones[rows, s]


def ratio(m: Any, instance: Heijunka, term: Objective, total: Total) -> None:
    """Add the priced excess of the windows of the rules that are not hard."""
    weight = exact(term.weight)
    rules = [rule for rule in m.rules if not rule.hard and rule.weight]
    if not rules or not term.measure.startswith("max"):
        for rule in rules:
            _excess(m, instance, rule, weight * rule.weight, term.measure, total)
        return
    power = 2 if term.measure.endswith("squared") else 1
    most = [m.reach.excess(rule) for rule in rules]
    every = [(Cell(o, 0, 0, most[o], 0, most[o], 0, 1, power), rule.weight) for o, rule in enumerate(rules)]
    levels = Levels(every)

    def reached(trace: Trace) -> Fraction:
        worst = [max(trace.excess(rule, w) for w in windows(rule, instance.slots)) for rule in rules]
        return levels.reached(lambda cell: worst[cell.flow])

    b = levels_of(m, total, weight, levels, reached)
    for o, rule in enumerate(rules):
        edge, opened = levels.way(o, True)
        above = edge + sum(points * b[v] for v, points in opened.items())
        for w in windows(rule, instance.slots):
            m.add(_load(m, instance, rule, w) <= rule.at_most + above)


def _excess(m: Any, instance: Heijunka, rule: RatioRule, weight: Fraction, measure: str, total: Total) -> None:
    """Add the excess of each window of a rule: its literals, whether there is any, or a number."""
    most = m.reach.excess(rule)
    violated = measure == "sum_violated"
    if most > STEPS and not violated:
        _excess_numbers(m, instance, rule, weight, measure, total)
        return
    counted = instance.box is None and _counted(m, rule)
    steps: dict[tuple[int, int], Any] = {}
    for w in windows(rule, instance.slots):
        for k in range(1, 2 if violated else most + 1):
            step = steps[w, k] = m.new_bool_var("")
            total.add(weight * (2 * k - 1 if measure == "sum_squared" else 1), step, 1)
            if k > 1:
                m.add_implication(step, steps[w, k - 1])
            if counted:
                _window(m, rule, w, rule.at_most + k - 1, step)
        above = most * steps[w, 1] if violated else sum(steps[w, k] for k in range(1, most + 1))
        m.add(_load(m, instance, rule, w) <= rule.at_most + above)
    m.derived.append((steps, lambda trace, w, k: trace.excess(rule, w) >= k))


def _excess_numbers(m: Any, instance: Heijunka, rule: RatioRule, weight: Fraction, measure: str, total: Total) -> None:
    most = m.reach.excess(rule)
    excess, squares = {}, {}
    for w in windows(rule, instance.slots):
        excess[w] = m.new_int_var(0, most, "")
        m.add(_load(m, instance, rule, w) <= rule.at_most + excess[w])
        if measure == "sum_squared":
            squares[w] = squared(m, excess[w], most)
            total.add(weight, squares[w], most**2)
        else:
            total.add(weight, excess[w], most)
    m.derived.append((excess, lambda trace, w: trace.excess(rule, w)))
    m.derived.append((squares, lambda trace, w: trace.excess(rule, w) ** 2))
