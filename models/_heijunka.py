"""What the heijunka formulations share: the instance in whole numbers, and what can be reached.

Rate and usage are one idea, a *flow*: a cumulative quantity Q_s = sum_i a_i X_is on the lattice of
the whole numbers, whose ideal is N s/S. A rate has one user with a = 1; a part has as lattice unit
g the greatest common divisor of its quantities. The deviation of Q_s is m g/S with the integer
m = Q_s S - N s.

Part of `heijunka_cumulative_pyomo` and `heijunka_order_cpsat`.
Holds: flows Q_fs and their cells, the costs F(k) of a deviation, the levels b_v, and bounds on every count.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import gcd, lcm
from typing import TYPE_CHECKING

from jitopt.errors import NotApplicableError

from ._heijunka_plan import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from jitopt.problems.heijunka.instance import Heijunka, Objective, RatioRule
    from jitopt.registry import RuleKey

__all__ = ["Cell", "Flow", "Levels", "Reach", "cells", "cutoff", "flows", "refuse_beyond"]

POINTS = 500_000
"""A model whose costs need more points than this would not be built within some seconds."""

MARGIN = 1.01
"""How far above the objective of a known plan a cost may be told too cheap: beyond any solver's gap."""


def refuse_beyond(points: int) -> None:
    """Raise `NotApplicableError` if the costs need more than `POINTS` points."""
    if points > POINTS:
        raise NotApplicableError(f"the deviation costs need {points} points, more than {POINTS}")


@dataclass(frozen=True)
class Flow:
    """A cumulative quantity that a term levels.

    users: (product row, a_i) with a_i > 0. total: N, its value once everything is built.
    unit: g, units of the part in one step of the lattice. weight: w of its deviation.
    """

    users: tuple[tuple[int, int], ...]
    total: int
    unit: Fraction
    weight: Fraction

    @property
    def largest(self) -> int:
        """Largest a_i: the most one unit adds."""
        return max(a for _, a in self.users)


def flows(instance: Heijunka, term: str) -> list[Flow]:
    """Return the flows of the term "rate" or "usage" that can cost anything."""
    demand = instance.products.demand
    if term == "rate":
        return [
            Flow(((row, 1),), demand[row], Fraction(1), weight)
            for row, weight in enumerate(instance.weights)
            if weight and demand[row]
        ]
    found = []
    for weight, rows in instance.usage.values():
        used = [(row, quantity) for row, quantity in rows if quantity and demand[row]]
        if not used or not weight:
            continue
        unit = _common_unit([q for _, q in used])
        users = tuple((row, int(quantity / unit)) for row, quantity in used)
        found.append(Flow(users, sum(a * demand[row] for row, a in users), unit, weight))
    return found


def _common_unit(quantities: list[Fraction]) -> Fraction:
    """Return the largest g of which every quantity is a whole multiple."""
    denominator = lcm(*(q.denominator for q in quantities))
    return Fraction(gcd(*(int(q * denominator) for q in quantities)), denominator)


class Reach:
    """What can be reached at most and at least by the end of each slot, from the rules that are kept.

    Parameters
    ----------
    instance
        The instance.
    relaxed
        Keys (name, members) of the rules that may be broken: they bound nothing.
    """

    def __init__(self, instance: Heijunka, relaxed: Container[RuleKey] = ()) -> None:
        self.instance = instance
        self.relaxed = relaxed
        self.slots = instance.slots
        self.demand = instance.products.demand
        self.capacity = instance.units if ("capacity", ()) in relaxed else instance.capacity

    def largest(self, row: int) -> int:
        """Most units of product `row` in one slot."""
        return min(self.capacity, self.demand[row])

    def most(self, rule: RatioRule, count: int) -> int:
        """Most units with the option of `rule` in `count` consecutive slots."""
        whole = min(count * self.capacity, self.total(rule))
        if not rule.hard or rule.in_any > self.slots or ("ratio", (rule.ratio,)) in self.relaxed:
            return whole
        return min(whole, self.room(rule, count))

    def room(self, rule: RatioRule, count: int) -> int:
        """Most units with the option in `count` consecutive slots of which no window breaks `rule`."""
        windows, rest = divmod(count, rule.in_any)
        return windows * rule.at_most + min(rest * self.capacity, rule.at_most)

    def total(self, rule: RatioRule) -> int:
        """Units with the option of `rule` in the whole demand."""
        return sum(self.demand[row] for row in rule.products)

    def excess(self, rule: RatioRule) -> int:
        """Largest excess of a window over the limit of `rule`, 0 when it cannot be broken."""
        if rule.in_any > self.slots:
            return 0
        return max(0, min(rule.in_any * self.capacity, self.total(rule)) - rule.at_most)

    def option(self, rule: RatioRule) -> list[tuple[int, int]]:
        """Bounds of the units with the option of `rule` in the first s slots, s = 0..S."""
        most = [self.most(rule, count) for count in range(self.slots + 1)]
        return self._both_ends(most, self.total(rule))

    @cached_property
    def product(self) -> list[list[tuple[int, int]]]:
        """Bounds of X_is, for each product row and s = 0..S."""
        found = []
        for row, demand in enumerate(self.demand):
            most = [min(demand, self.capacity * self._places(row, count)) for count in range(self.slots + 1)]
            for rule in self.instance.ratio_rules:
                if rule.hard and row in rule.products:
                    most = [min(value, self.most(rule, count)) for count, value in enumerate(most)]
            found.append(self._both_ends(most, demand))
        return found

    def _places(self, row: int, count: int) -> int:
        """Most slots among `count` consecutive ones that the spacing lets build product `row`."""
        spacing = self.instance.spacing_of(row)
        if ("spacing", (self.instance.products.product[row],)) in self.relaxed:
            spacing = 1
        return -(-count // spacing)

    def _both_ends(self, most: list[int], total: int) -> list[tuple[int, int]]:
        """Bound from the start (at most `most` so far) and from the end (at most `most` still to come)."""
        # Where the two contradict each other no plan exists; the rules themselves show it.
        return [(min(max(0, total - after), until), until) for until, after in zip(most, reversed(most), strict=True)]

    def flow(self, flow: Flow) -> list[tuple[int, int]]:
        """Bounds of Q_s, s = 0..S: the slots filled with the users of most, or of least, quantity."""
        if flow.users == ((flow.users[0][0], 1),):
            return self.product[flow.users[0][0]]
        order = sorted(flow.users, key=lambda user: -user[1])
        return [self._flow_at(slot, order) for slot in range(self.slots + 1)]

    @cached_property
    def _free(self) -> list[tuple[list[int], list[int], int, int]]:
        """For s = 0..S: lower bounds and ranges of the X_is, least and most units left to choose."""
        found = []
        for slot, bounds in enumerate(zip(*self.product, strict=True)):
            lows, gaps = [low for low, _ in bounds], [high - low for low, high in bounds]
            need = self.instance.units - self.capacity * (self.slots - slot) - sum(lows)
            room = min(self.instance.units, self.capacity * slot) - sum(lows)
            found.append((lows, gaps, need, room))
        return found

    def _flow_at(self, slot: int, order: list[tuple[int, int]]) -> tuple[int, int]:
        lows, gaps, need, room = self._free[slot]
        need = need - sum(gaps) + sum(gaps[row] for row, _ in order)
        least = most = sum(a * lows[row] for row, a in order)
        for row, a in order:
            added = max(0, min(room, gaps[row]))
            most, room = most + a * added, room - added
        for row, a in reversed(order):
            added = max(0, min(need, gaps[row]))
            least, need = least + a * added, need - added
        return min(least, most), most


@dataclass(frozen=True)
class Cell:
    """One deviation of a term: flow `flow` at the end of slot `slot` (1..S-1; at S it is 0).

    low, high: bounds of Q. first, last: between these two the cost is exact at every whole Q;
    outside, its outermost chords are prolonged (see `cells`). origin: N s. power: 1 or 2.
    """

    flow: int
    slot: int
    low: int
    high: int
    first: int
    last: int
    origin: int
    slots: int
    power: int

    def cost(self, count: int) -> int:
        """Cost |Q S - N s|^p of Q = count."""
        return int(abs(count * self.slots - self.origin) ** self.power)

    def slope(self, count: int) -> int:
        """Rise of the cost from `count` to `count` + 1."""
        return self.cost(count + 1) - self.cost(count)

    @cached_property
    def least(self) -> int:
        """Least cost of a whole Q within the bounds."""
        near = self.origin // self.slots
        return min(self.cost(min(max(count, self.low), self.high)) for count in (near, near + 1))

    @property
    def largest(self) -> int:
        """Largest cost of a whole Q within the bounds."""
        return max(self.cost(self.low), self.cost(self.high))


def cells(
    reach: Reach, term: Objective, tracked: list[Flow], bounds: list[list[tuple[int, int]]], limit: Fraction | None
) -> list[list[Cell]]:
    """Return the cells of a rate or usage term, flow by flow.

    A sum of absolute deviations is linear on either side of the ideal, so four points describe a
    cell. The other measures need every whole point, but only as far as a plan can still be the
    best: where the term alone would cost more than `limit`, the objective of a known plan, it may
    be told too cheap as long as it stays above `limit`. No plan is cut off.
    """
    power = 2 if term.measure.endswith("squared") else 1
    slots = reach.slots
    radii: list[int] | None = None
    if term.measure == "sum_absolute":
        radii = [slots] * len(tracked)
    elif limit is not None:
        radii = _radii(reach, term, tracked, bounds, limit)
    found = []
    for index, flow in enumerate(tracked):
        row = []
        for slot in range(1, slots):
            low, high = bounds[index][slot]
            origin = flow.total * slot
            first, last = low, high
            if radii is not None:
                # At least two points, where there are two: the prolonged chord needs them.
                first = min(max((origin - radii[index]) // slots, low), max(low, high - 1))
                last = max(min(-(-(origin + radii[index]) // slots), high), min(high, low + 1))
            row.append(Cell(index, slot, low, high, first, last, origin, slots, power))
        found.append(row)
    return found


def _radii(
    reach: Reach, term: Objective, tracked: list[Flow], bounds: list[list[tuple[int, int]]], limit: Fraction
) -> list[int]:
    """Return for each flow a |m| from which on the term alone costs more than `limit`."""
    slots = reach.slots
    power = 2 if term.measure.endswith("squared") else 1
    scale = [float(flow.weight * flow.unit**power) * term.weight / slots**power for flow in tracked]
    budget = MARGIN * float(limit) + 1e-9
    if term.measure.startswith("max"):
        return [int((budget / each) ** (1 / power)) + 1 for each in scale]
    least = [
        each * sum(Cell(0, s, *bounds[index][s], 0, 0, flow.total * s, slots, 2).least for s in range(1, slots))
        for index, (flow, each) in enumerate(zip(tracked, scale, strict=True))
    ]
    rest = budget - sum(least)
    radii = []
    for flow, each, own in zip(tracked, scale, least, strict=True):
        step = max(flow.total, reach.capacity * flow.largest * slots - flow.total)
        radii.append(_radius(max(0.0, rest + own) / each, step))
    return radii


def _radius(budget: float, step: int) -> int:
    """Return the least r whose peak costs more than `budget`.

    A deviation of r in one slot is at least r - k step in the k-th slot before and behind it, so
    the flow costs at least r^2 + 2 sum_k (r - k step)^2.
    """

    def peak(r: int) -> int:
        k = r // step
        return r * r + 2 * (k * r * r - r * step * k * (k + 1) + step * step * k * (k + 1) * (2 * k + 1) // 6)

    high = 1
    while peak(high) <= budget:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if peak(middle) <= budget else (low, middle)
    return high


class Levels:
    """The values that the largest cost of a term's cells can take, in ascending order.

    Level v lets every count go as far as costs at most `values[v]`; without any level it may go as
    far as costs at most `least`, which no plan can undercut. The last level opens every range.

    Parameters
    ----------
    every
        The cells, each with what one unit of its cost weighs.
    """

    def __init__(self, every: list[tuple[Cell, Fraction]]) -> None:
        refuse_beyond(sum(cell.last - cell.first for cell, _ in every))
        self.every = every
        self.least = max(part * cell.least for cell, part in every)
        inside = {part * cell.cost(k) for cell, part in every for k in range(cell.first, cell.last + 1)}
        outside = [part * cell.cost(k) for cell, part in every for k in _next_to(cell)]
        top = min(outside, default=max(inside))
        self.values = sorted(value for value in inside | {top} if self.least < value <= top)
        self._level = {value: level for level, value in enumerate(self.values)}

    @property
    def rises(self) -> list[Fraction]:
        """What each level adds to the largest cost."""
        return [value - before for before, value in zip([self.least, *self.values], self.values, strict=False)]

    def way(self, row: int, up: bool) -> tuple[int, dict[int, int]]:
        """Return how far the count of cell `row` may go without any level, and how many points each level adds.

        up: upwards, else downwards.
        """
        cell, part = self.every[row]
        kept = [k for k in range(cell.first, cell.last + 1) if part * cell.cost(k) <= self.least]
        points = range(kept[-1] + 1, cell.last + 1) if up else range(cell.first, kept[0])
        far = cell.high - cell.last if up else cell.first - cell.low
        last = len(self.values) - 1
        opened: dict[int, int] = {last: far} if far else {}
        for k in points:
            level = self._level.get(part * cell.cost(k), last)
            opened[level] = opened.get(level, 0) + 1
        return kept[-1] if up else kept[0], opened

    def reached(self, counts: Callable[[Cell], int]) -> Fraction:
        """Return the largest cost under the counts of a plan."""
        return max(part * cell.cost(counts(cell)) for cell, part in self.every)


def _next_to(cell: Cell) -> list[int]:
    """Return the points next to the range in which the cell is exact."""
    below = [cell.first - 1] if cell.low < cell.first else []
    return below + ([cell.last + 1] if cell.last < cell.high else [])


def cutoff(instance: Heijunka) -> Fraction | None:
    """Return the objective of the plan that builds each unit nearest to its ideal place, if it keeps every rule.

    The j-th of d_i units has its ideal place at (2 j - 1) D/(2 d_i) (Inman and Bulfin 1991).
    """
    demands = enumerate(instance.products.demand)
    units = sorted(((2 * copy + 1) / demand, row) for row, demand in demands for copy in range(demand))
    order = [row for _, row in units]
    filled = [instance.units * slot // instance.slots for slot in range(instance.slots + 1)]
    chunks = [order[start:end] for start, end in pairwise(filled)]
    found = instance.evaluate(plan_of(instance, lambda row, slot: chunks[slot - 1].count(row)))
    return found.exact if found.feasible else None
