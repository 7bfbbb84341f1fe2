"""Cards that are lost, containers that are not full, containers that wait for a decision."""

from __future__ import annotations

import math
from fractions import Fraction

from jitopt.errors import InputError
from jitopt.problems.kanban.formulas.count import CardCount, Number, number, share, whole

__all__ = ["circulating"]


def circulating(
    count: CardCount,
    *,
    demand: Number = 0,
    fill: Number = 1,
    quarantine: Number = 0,
    hold: Number = 0,
    lost: Number = 0,
    audit: Number = 0,
    open_containers: int = 0,
) -> CardCount:
    """Return the cards to put into a loop so that those of a count keep working.

    With the need S of the count (all its units), N = ceil((S / (f Q) + D q h / (f Q) + o) / (1 - l a)) + C.

    Parameters
    ----------
    count
        The cards of any formula.
    demand
        D, of the loop; needed for quarantine [units per time].
    fill
        f, mean share of Q that is in a container (partial containers).
    quarantine, hold
        q, share of what is supplied that is held back for a decision, and h, how long [time]; D q h units wait
        at any time (Little's law).
    lost, audit
        l, share of the cards that get lost in a unit of time, and a, time between two counts at which the lost
        ones are replaced. Just before a count l a of the cards are missing.
    open_containers
        o, containers from which is taken at the points of use and which have not called yet, beyond those that
        the count has (its constant).

    Raises
    ------
    InputError
        For a value out of its range, or if every card would be lost before a count.

    Exact, except that a float decides where the count has a square root.

    Source: own derivation; Little's law.

    Examples
    --------
    >>> from jitopt.problems.kanban.formulas import basic
    >>> circulating(basic(100, 2, 20, 0.1), lost=0.001, audit=60).cards
    12
    """
    filled, missing = share("fill", fill), number("lost", lost) * number("audit", audit)
    if missing >= 1:
        raise InputError(
            "every card would be lost before the next count", place="audit", value=audit,
            remedy=f"count the cards before {float(1 / number('lost', lost)):g} units of time are over",
        )  # fmt: skip
    opened = whole("open_containers", open_containers)
    size = count.quantity
    held = number("demand", demand) * number("quarantine", quarantine, most=1) * number("hold", hold)
    base = count.raw - count.constant
    more = held / (filled * size) + opened
    kept = 1 - missing
    # A float is in the raw value only where the count has a square root; its own ceiling is exact.
    exact_raw = isinstance(base, Fraction)
    raw = (base / filled + more) / kept if exact_raw else (float(base) / float(filled) + float(more)) / float(kept)
    unchanged = filled == 1 and kept == 1 and not held
    cards = count.cards + opened if unchanged else math.ceil(raw) + count.constant
    terms = dict(count.terms)
    terms["partial"] = size * (base if exact_raw else Fraction(base)) * (1 / filled - 1)
    terms["quarantine"] = held / filled
    terms["open"] = size * Fraction(opened)
    working = Fraction(base) / filled + more
    terms["lost"] = size * working * (1 / kept - 1)
    told = {name: units for name, units in terms.items() if units}
    formula = "ceil((S / (f Q) + D q h / (f Q) + o) / (1 - l a)) + C"
    return CardCount(cards, raw + count.constant, told, size, count.constant, f"{count.name}, circulating", formula)
