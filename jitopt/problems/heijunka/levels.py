"""How far cumulative output strays from its ideal line: exact sums in one pass over the units.

A product of `total` units in `slots` slots is built in the slots p_1 < p_2 < ... After slot s it lags or leads
by X_s - s total/slots. With N_s = X_s slots - s total the measures are sums and maxima of whole numbers:

    sum N_s^2 = slots^2 sum X_s^2 - 2 slots total sum s X_s + total^2 sum s^2
    sum X_s^2 = sum_j (2j - 1) (slots + 1 - p_j),    sum s X_s = sum_j (slots (slots + 1) - p_j (p_j - 1)) / 2

so that no slot between two units is visited. N falls from unit to unit: its extremes lie at a unit and before it.
"""

from __future__ import annotations

from fractions import Fraction
from operator import mul, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["deviations"]


def deviations(lines: Iterable[tuple[Fraction, int, Sequence[int]]], slots: int, measure: str) -> Iterator[Fraction]:
    """Measure the deviations of products of which single units are built; yield a value for each weight.

    Over the products of a weight the values are summed up, or with a maximum the largest is taken, as whole
    numbers: fractions of a hundred thousand products would take longer than the rest.

    Parameters
    ----------
    lines
        Of each product its weight, the units that its ideal line reaches at the last slot, and the slots that
        build a unit of it: from 1, ascending.
    slots
        Number of slots.
    measure
        "sum_squared", "sum_absolute", "max_squared" or "max_absolute".
    """
    found: dict[Fraction, int] = {}
    for weight, total, positions in lines:
        before = found.get(weight, 0)
        if measure.startswith("max"):
            found[weight] = max(before, _extreme(positions, total, slots))
        else:
            one = _squares if measure == "sum_squared" else _absolutes
            found[weight] = before + one(positions, total, slots)
    for weight, value in found.items():
        whole = value**2 if measure == "max_squared" else value
        yield weight * Fraction(whole, slots**2 if measure.endswith("squared") else slots)


def _squares(positions: Sequence[int], total: int, slots: int) -> int:
    """Return sum N_s^2."""
    built = len(positions)
    sum_p: int = sum(positions)
    sum_pp: int = sum(map(mul, positions, positions))
    sum_jp: int = sum(map(mul, range(1, 2 * built, 2), positions))
    squares = (slots + 1) * built**2 - sum_jp
    mixed = (slots * (slots + 1) * built - sum_pp + sum_p) // 2
    line = slots * (slots + 1) * (2 * slots + 1) // 6
    return slots**2 * squares - 2 * slots * total * mixed + total**2 * line


def _absolutes(positions: Sequence[int], total: int, slots: int) -> int:
    """Return sum |N_s|: each stretch between two units is cut where N changes its sign."""
    value, level, start = 0, 0, 1
    for position in positions:
        if position > start:
            value += _stretch(level, total, start, position - 1)
        level, start = level + slots, position
    return value + _stretch(level, total, start, slots)


def _stretch(level: int, total: int, first: int, last: int) -> int:
    """Return the sum of |level - s total| over s = first..last."""
    turn = level // total if total else last
    turn = min(last, max(first - 1, turn))
    above = (turn - first + 1) * (2 * level - total * (first + turn))
    below = (last - turn) * (2 * level - total * (turn + 1 + last))
    return (above - below) // 2


def _extreme(positions: Sequence[int], total: int, slots: int) -> int:
    """Return max |N_s|."""
    built = len(positions)
    if not built:
        return total * slots
    after: list[int] = list(
        map(sub, range(slots, slots * built + 1, slots), [position * total for position in positions])
    )
    high, low, step = max(after), min(after), slots - total
    # Before a unit N is `step` lower than at it; behind the last one it falls to the end.
    return max(high, -low, high - step, step - low, abs((built - total) * slots))
