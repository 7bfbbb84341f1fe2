"""Painted sequences in Pyomo: excess of open windows, colour changes, runs of one colour.

Part of `heijunka_cumulative_pyomo`.
Holds: the variables e_ow and h_s, and the constraints of ratio rules and colours in a painted sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from jitopt.problems.base import exact

from ._heijunka_paint import COLOUR_RUN, changes, colours, is_counted, price, run_of, windows_of

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

    from ._heijunka_paint import Window
    from ._heijunka_pyomo import Terms

__all__ = ["painted"]


def painted(m: Any, instance: Heijunka) -> Terms:
    """Add ratio rules and colours; return what they cost, nothing where the model is elastic."""
    m.paint_colours = colours(instance)
    _runs(m, instance)
    found = _windows(m, instance)
    return [] if m.relax.active else found + _changes(m, instance)


def _load(m: Any, rows: tuple[int, ...], window: Window) -> Any:
    return window.before + sum(m.x[i, s] for i in rows for s in range(window.first, window.last + 1))


def _windows(m: Any, instance: Heijunka) -> Terms:
    """Keep the hard rules; return the priced excess of the others."""
    rules = dict(enumerate(instance.ratio_rules))
    prices = {o: price(instance, rule) for o, rule in rules.items()}
    told = {o for o, rule in rules.items() if rule.hard or (prices[o] and not m.relax.active)}
    every = {(o, w): window for o in sorted(told) for w, window in enumerate(windows_of(instance, rules[o]))}
    soft = [key for key in every if not rules[key[0]].hard]

    broken = {o for o in told if is_counted(instance, rules[o])}

    def most(o: int, w: int) -> int:
        window = every[o, w]
        return max(0, window.before + window.last - window.first + 1 - rules[o].at_most)

    def room(_: Any, o: int, w: int) -> tuple[int, int]:
        return 0, 1 if o in broken else most(o, w)

    def domain(_: Any, o: int, w: int) -> Any:
        return pyo.Binary if o in broken else pyo.Reals

    def follow(trace: Any, o: int, w: int) -> int:
        return min(room(m, o, w)[1], max(0, every[o, w].load(trace, rules[o]) - rules[o].at_most))

    m.e = pyo.Var(soft, bounds=room, domain=domain, doc="e_ow: excess of window w, or 1 for any if windows are counted")
    m.derived.append((m.e, follow))

    @m.Constraint(list(every), doc="at most p_o in a window, but for its excess")
    def window(m: Any, o: int, w: int) -> Any:
        rule = rules[o]
        if rule.hard:
            extra = m.relax.slack(("ratio", (rule.ratio,)), rule.in_any)
        else:
            extra = m.e[o, w] * (most(o, w) if o in broken else 1)
        return _load(m, rule.products, every[o, w]) <= rule.at_most + extra

    return [(prices[o], m.e[o, w]) for o, w in soft]


def _changes(m: Any, instance: Heijunka) -> Terms:
    """Return the priced colour changes."""
    weight = sum(exact(term.weight) for term in instance.objective if term.term == "colour_changes")
    if not weight:
        return []
    first = 1 if instance.previous else 2
    m.h = pyo.Var(range(first, instance.slots + 1), bounds=(0, 1), doc="h_s: the colour changes before slot s")
    m.derived.append((m.h, lambda trace, s: changes(instance, trace, s)))

    @m.Constraint(list(m.paint_colours), range(first, instance.slots + 1), doc="a colour that begins is a change")
    def change(m: Any, c: int, s: int) -> Any:
        rows = m.paint_colours[c]
        ours = int(instance.colours[instance.previous_rows[-1]] == c) if s == 1 else sum(m.x[i, s - 1] for i in rows)
        return m.h[s] >= sum(m.x[i, s] for i in rows) - ours

    return [(weight, sum(m.h[s] for s in m.h))]


def _runs(m: Any, instance: Heijunka) -> None:
    """Build a colour in no more consecutive slots than its longest run."""
    longest, slots = instance.longest_colour_run, instance.slots
    if longest is None:
        return
    every = range(1, slots - longest + 1) if COLOUR_RUN not in m.relax else ()

    @m.Constraint(list(m.paint_colours), every, doc="not all of any longest + 1 slots in one colour")
    def colour_run(m: Any, c: int, first: int) -> Any:
        return sum(m.x[i, s] for i in m.paint_colours[c] for s in range(first, first + longest + 1)) <= longest

    if COLOUR_RUN not in m.relax:
        return
    m.colour_length = pyo.Var(
        list(m.paint_colours), m.S, bounds=(0, slots), doc="length of the run of a colour up to slot s"
    )
    m.derived.append((m.colour_length, lambda trace, c, s: run_of(instance, trace, c, s)))

    @m.Constraint(list(m.paint_colours), m.S, doc="a run of a colour grows slot by slot")
    def colour_grows(m: Any, c: int, s: int) -> Any:
        before = m.colour_length[c, s - 1] if s > 1 else 0
        return m.colour_length[c, s] >= before + 1 - (slots + 1) * (1 - sum(m.x[i, s] for i in m.paint_colours[c]))

    @m.Constraint(list(m.paint_colours), m.S, doc="a longer run of a colour is paid")
    def colour_paid(m: Any, c: int, s: int) -> Any:
        return m.colour_length[c, s] <= longest + m.relax.slack(COLOUR_RUN, slots - longest)
