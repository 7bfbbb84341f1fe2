"""Contributions to the deviations from ideal lines: products (rate) and parts (usage), in time linear in the units.

Between two steps of a line its deviation v_s = (level S - N s)/S falls evenly, so its square is a polynomial in s,
and so is its absolute value on either side of the sign's change. Each stretch adds three coefficients where it begins
and takes them away where it ends; running sums over the slots give what lies on each slot, of all lines together.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.figures import rounded
from jitopt.problems.heijunka.contributions import Contributions, Place, positions, stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.problems.heijunka.contributions import Reading
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["Line", "look_rate", "look_usage", "part_lines", "product_lines"]

DENSE = 10**8
"""Up to so many lines times slots a maximum is told for every slot; beyond, where a line steps and right before it."""


@dataclass(frozen=True)
class Line:
    """A product or part.

    steps: (slot, amount) of what is built or used, in whole multiples of 1/scale. total: at the last slot of the
    ideal line, in the same unit.
    """

    name: str
    weight: Fraction
    steps: Sequence[tuple[int, int]]
    total: int
    scale: int


def look_rate(reading: Reading, term: Objective) -> Contributions:
    """Tell which products stray from their ideal lines, and where."""
    return _look(reading, term, product_lines(reading), "")


def look_usage(reading: Reading, term: Objective) -> Contributions:
    """Tell which parts are used unevenly, and where."""
    return _look(reading, term, part_lines(reading), "part ")


def product_lines(reading: Reading) -> list[Line]:
    """Return what is built of each product, against its ideal line."""
    instance = reading.instance
    rows = zip(instance.products.product, instance.weights, positions(reading), instance.products.demand, strict=True)
    return [Line(name, weight, steps, total, 1) for name, weight, steps, total in rows]


def part_lines(reading: Reading) -> list[Line]:
    """Return what is used of each part, against its ideal line."""
    instance = reading.instance
    used_by: dict[int, list[tuple[int, int]]] = {}
    scales, totals = [], []
    for part, (_, users) in enumerate(instance.usage.values()):
        scale = lcm(*(quantity.denominator for _, quantity in users))
        scales.append(scale)
        totals.append(sum(int(quantity * scale) * instance.products.demand[row] for row, quantity in users))
        for row, quantity in users:
            used_by.setdefault(row, []).append((part, int(quantity * scale)))
    steps: list[list[tuple[int, int]]] = [[] for _ in scales]
    for position, slot in enumerate(reading.slots, 1):
        for row, units in slot.items():
            for part, used in used_by.get(row, ()):
                steps[part].append((position, units * used))
    return [
        Line(name, weight, steps[part], totals[part], scales[part])
        for part, (name, (weight, _)) in enumerate(instance.usage.items())
    ]


def _look(reading: Reading, term: Objective, lines: Sequence[Line], kind: str) -> Contributions:
    squared, largest = term.measure.endswith("squared"), term.measure.startswith("max")
    length, slots, factor = len(reading.slots), reading.instance.slots, exact(term.weight)
    power = 2 if squared else 1
    below = lcm(*(line.weight.denominator * line.scale**power for line in lines)) if lines else 1
    unit = factor / (below * slots**power)
    sums = _Sums(length)
    values, who = [], []
    for line in lines:
        price = int(line.weight * below / line.scale**power)
        value, worst, at = 0, 0, 0
        for level, first, last in _segments(line, length):
            start, end = level * slots - line.total * first, level * slots - line.total * last
            for numerator, slot in ((start, first), (end, last)):
                if abs(numerator) > abs(worst):
                    worst, at = numerator, slot
            if not largest:
                value += sums.add(price, level * slots, line.total, first, last, squared)
        found = unit * (price * abs(worst) ** power if largest else value)
        values.append(found)
        if found:
            who.append(_place(line, Fraction(worst, slots * line.scale), at, found, kind))
    if largest:
        profile = _largest(lines, length, slots, power, factor)
        return Contributions(max(values, default=Fraction(0)), who, stretches(profile, False), profile)
    profile = _floats(sums.slots(), unit)
    return Contributions(sum(values, Fraction(0)), who, stretches(profile, True), profile)


def _floats(numbers: Iterator[int], unit: Fraction) -> list[float]:
    top, below = unit.numerator, unit.denominator
    return [number * top / below for number in numbers]


def _place(line: Line, worst: Fraction, at: int, value: Fraction, kind: str) -> Place:
    side = "over" if worst > 0 else "under"
    text = f"{kind}{line.name} is {rounded(abs(worst), 3)} {side} its ideal at slot {at}"
    return Place((line.name,), at, at, float(value), text)


def _segments(line: Line, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, first and last slot of each stretch without a step."""
    level, start = 0, 1
    for position, amount in itertools.chain(line.steps, ((length + 1, 0),)):
        if position > start:
            yield level, start, position - 1
        level, start = level + amount, position


class _Sums:
    """Polynomials in the slot s over stretches of slots, added up."""

    def __init__(self, length: int) -> None:
        self._ones: list[int] = [0] * (length + 2)
        self._lines: list[int] = [0] * (length + 2)
        self._squares: list[int] = [0] * (length + 2)

    def add(self, price: int, level: int, total: int, first: int, last: int, squared: bool) -> int:
        """Add price (level - total s)^2, or its absolute value, for s = first..last; return its sum."""
        if not squared:
            turn = min(last, max(first - 1, level // total if total else last))
            above = self._falling(price * level, price * total, first, turn)
            return above + self._falling(-price * level, -price * total, turn + 1, last)
        one, line, square = price * level * level, -2 * price * level * total, price * total * total
        self._ones[first] += one
        self._ones[last + 1] -= one
        self._lines[first] += line
        self._lines[last + 1] -= line
        self._squares[first] += square
        self._squares[last + 1] -= square
        count, before = last - first + 1, first - 1
        squares = (last * (last + 1) * (2 * last + 1) - before * first * (2 * first - 1)) // 6
        return one * count + line * ((first + last) * count // 2) + square * squares

    def _falling(self, one: int, line: int, first: int, last: int) -> int:
        """Add one - line s for s = first..last."""
        if last < first:
            return 0
        self._ones[first] += one
        self._ones[last + 1] -= one
        self._lines[first] -= line
        self._lines[last + 1] += line
        count = last - first + 1
        return one * count - line * ((first + last) * count // 2)

    def slots(self) -> Iterator[int]:
        """Yield what lies on slot 1, 2, ..."""
        columns = zip(*map(itertools.accumulate, (self._ones, self._lines, self._squares)), strict=True)
        for slot, (one, line, square) in enumerate(itertools.islice(columns, 1, len(self._ones) - 1), 1):
            yield one + slot * (line + slot * square)


def _largest(lines: Sequence[Line], length: int, slots: int, power: int, factor: Fraction) -> list[float]:
    """Return the largest weighted deviation on each slot."""
    import numpy as np

    found = np.zeros(length)
    at = np.arange(1, length + 1)
    for line in lines:
        if not line.weight:
            continue
        scale = float(factor * line.weight / line.scale**power)
        if length * len(lines) > DENSE:
            ends = {slot: level for level, first, last in _segments(line, length) for slot in (first, last)}
            where = np.fromiter(ends, np.int64, len(ends)) - 1
            level = np.array([float(level) for level in ends.values()])
        else:
            where = at - 1
            steps = np.zeros(length)
            for position, amount in line.steps:
                steps[position - 1] += amount
            level = np.cumsum(steps)
        found[where] = np.maximum(found[where], scale * np.abs(level - line.total * at[where] / slots) ** power)
    return [float(value) for value in found]
