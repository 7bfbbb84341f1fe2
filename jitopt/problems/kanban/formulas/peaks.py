"""Temporary cards for peaks of demand that are known beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from jitopt.problems.kanban.formulas.count import Number, number, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TemporaryCards", "temporary_cards"]


@dataclass(frozen=True)
class TemporaryCards:
    """Cards put in for a peak.

    first: day on whose morning they are put in, counted from 1 (0 or below: before the days that are told).
    last: day on whose evening they are taken out. cards: how many. need: most units asked for during a replenishment.
    """

    first: int
    last: int
    cards: int
    need: Fraction


def temporary_cards(
    demand: Sequence[Number], cards: int, quantity: Number, window: Number, *, stock: Number = 0, normal: Number = 0
) -> list[TemporaryCards]:
    """Return the temporary cards that peaks of a known demand ask for, in the order of the days.

    The cards in the loop must at any time hold what is asked for until a card released now is back: the demand of the
    next W days. Where N Q is less than that (and the safety stock), cards are put in.

    Parameters
    ----------
    demand
        Of each day, from day 1; even within a day [units].
    cards
        N, in the loop all the time.
    quantity
        Q [units per container].
    window
        W = L + R [days].
    stock
        SS, kept on top [units].
    normal
        Demand of a day before and after those that are told [units].

    Raises
    ------
    InputError
        For a value out of its range.

    Source: Monden, Toyota Production System (temporary kanban); own derivation of days and number.

    Examples
    --------
    >>> temporary_cards([100, 100, 100, 180, 180, 100, 100], 11, 20, 2, normal=100)
    [TemporaryCards(first=2, last=5, cards=7, need=Fraction(360, 1))]
    """
    size, wide = number("quantity", quantity, above=True), number("window", window)
    told = [number(f"demand/{day}", value) for day, value in enumerate(demand)]
    usual, kept = number("normal", normal), number("stock", stock)
    before = list(accumulate(told, initial=Fraction(0)))

    def until(time: Fraction) -> Fraction:
        """Return the demand from the start of day 1 until `time` (negative before it)."""
        if time <= 0:
            return usual * time
        day = min(math.floor(time), len(told))
        rate = told[day] if day < len(told) else usual
        return before[day] + rate * (time - day)

    holding = whole("cards", cards) * size
    found: list[TemporaryCards] = []
    for day in range(-math.ceil(wide), len(told)):
        most = _most(until, Fraction(day), wide) + kept
        surplus = math.ceil((most - holding) / size)
        if surplus <= 0:
            continue
        if found and found[-1].last == day:
            joined = found.pop()
            found.append(TemporaryCards(joined.first, day + 1, max(joined.cards, surplus), max(joined.need, most)))
        else:
            found.append(TemporaryCards(day + 1, day + 1, surplus, most))
    return found


def _most(until: Callable[[Fraction], Fraction], start: Fraction, wide: Fraction) -> Fraction:
    """Return the largest demand of a window that begins within a day.

    It is linear between the moments at which either end of the window passes from one day to the next.
    """
    ends = math.ceil(start + wide) - wide
    moments = [start, start + 1, *([ends] if start < ends < start + 1 else [])]
    return max(until(moment + wide) - until(moment) for moment in moments)
