"""Painted sequences in CP-SAT: excess of open windows, colour changes, runs of one colour.

Part of `heijunka_order_cpsat`.
Holds: the variables e_ow and h_s, and the constraints of ratio rules and colours in a painted sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact

from ._heijunka_options_cpsat import one_of
from ._heijunka_paint import COLOUR_RUN, changes, colours, is_counted, price, run_of, windows_of

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka, RatioRule

    from ._cpsat import Total
    from ._heijunka_paint import Window

__all__ = ["paint_costs", "paint_rules"]


def paint_rules(m: Any, instance: Heijunka) -> None:
    """Keep the hard ratio rules and the longest run of a colour."""
    for rule in instance.ratio_rules:
        if rule.hard:
            extra = m.relax.slack(("ratio", (rule.ratio,)), rule.in_any)
            for window in windows_of(instance, rule):
                m.add(_load(m, rule, window) <= rule.at_most + extra)
    longest, slots = instance.longest_colour_run, instance.slots
    if longest is None:
        return
    if COLOUR_RUN in m.relax:
        _paid_runs(m, instance, longest)
        return
    for rows in colours(instance).values():
        for first in range(1, slots - longest + 1):
            m.add_bool_or([~one_of(m, rows, s) for s in range(first, first + longest + 1)])


def paint_costs(m: Any, instance: Heijunka, total: Total) -> None:
    """Add the priced excess of windows and the colour changes to the objective."""
    for rule in instance.ratio_rules:
        if cost := price(instance, rule):
            excess, broken = {}, is_counted(instance, rule)
            every = dict(enumerate(windows_of(instance, rule)))
            for w, window in every.items():
                most = window.before + window.last - window.first + 1 - rule.at_most
                excess[w] = m.new_int_var(0, 1 if broken else most, "")
                m.add(_load(m, rule, window) <= rule.at_most + (most if broken else 1) * excess[w])
                total.add(cost, excess[w], 1 if broken else most)
            m.derived.append((excess, _excess_of(every, rule, 1 if broken else instance.slots)))
    weight = sum(exact(term.weight) for term in instance.objective if term.term == "colour_changes")
    if weight:
        change = _changes(m, instance)
        for literal in change.values():
            total.add(exact(weight), literal, 1)


def _load(m: Any, rule: RatioRule, window: Window) -> Any:
    return window.before + sum(one_of(m, rule.products, s) for s in range(window.first, window.last + 1))


def _excess_of(every: dict[int, Window], rule: RatioRule, most: int) -> Any:
    """Return the rule by which the excesses, at most `most`, follow from a plan."""
    return lambda trace, w: min(most, max(0, every[w].load(trace, rule) - rule.at_most))


def _changes(m: Any, instance: Heijunka) -> dict[int, Any]:
    """Return the literals h_s: the colour changes before slot s."""
    change: dict[int, Any] = {}
    for s in m.slots:
        if s == 1 and not instance.previous:
            continue
        change[s] = m.new_bool_var("")
        for colour, rows in colours(instance).items():
            here = one_of(m, rows, s)
            if s > 1:
                m.add_bool_or([~here, one_of(m, rows, s - 1), change[s]])
            elif instance.colours[instance.previous_rows[-1]] != colour:
                m.add_implication(here, change[s])
    m.derived.append((change, lambda trace, s: changes(instance, trace, s)))
    return change


def _paid_runs(m: Any, instance: Heijunka, longest: int) -> None:
    """Pay for what a run of a colour is too long."""
    slack = m.relax.slack(COLOUR_RUN, instance.slots - longest)
    runs = {}
    for colour, rows in colours(instance).items():
        before: Any = 0
        for s in m.slots:
            runs[colour, s] = m.new_int_var(0, instance.slots, "")
            m.add(runs[colour, s] >= before + 1).only_enforce_if(one_of(m, rows, s))
            m.add(runs[colour, s] <= longest + slack)
            before = runs[colour, s]
    m.derived.append((runs, lambda trace, c, s: run_of(instance, trace, c, s)))
