"""Which multiples: the bound of economic lots, and the powers of two of least cost for turns of equal length."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.levelling.basic_period import Effort, Turns, least_turn, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.levelling.machine import Machine

__all__ = ["Figures", "best_turns", "rounded_multiples"]

LARGEST = 64
"""No multiple is larger: a product that comes up more seldom gains next to nothing."""

TRIED = 3_000
"""Multiples that are tried for the proof that no others are cheaper."""

BRIEF = 300
"""Steps of a search for remainders while multiples are still improved."""

VISITED = 100_000
"""Steps of the search for multiples whose cost is below that of the best schedule in hand."""


@dataclass(frozen=True)
class Figures:
    """What cost and room depend on, a tuple entry for each product.

    order: A [money]. hold: H = h d (1 - rho) / 2 [money per day and day]. setup: s [days]. load: rho. left: 1 less
    all loads.
    """

    order: tuple[float, ...]
    hold: tuple[float, ...]
    setup: tuple[float, ...]
    load: tuple[float, ...]
    left: float

    @classmethod
    def of(cls, data: Machine) -> Figures:
        """Return the figures of a machine.

        Raises
        ------
        InputError
            For a product whose stock costs nothing, or that is set up for nothing.
        """
        for row, (price, cost, time) in enumerate(zip(data.holding_cost, data.setup_cost, data.setup, strict=True)):
            if not price:
                raise InputError(
                    "stock costs something", place=f"holding_cost/{row}", value=price, remedy="write a value above 0"
                )
            if not cost and not time:
                raise InputError(
                    "a setup takes time or money", place=f"setup_cost/{row}", value=cost,
                    remedy="write a setup time or a setup cost above 0",
                )  # fmt: skip
        loads = data.load
        hold = tuple(
            price * need * (1 - load) / 2
            for price, need, load in zip(data.holding_cost, data.demand, loads, strict=True)
        )
        return cls(data.setup_cost, hold, tuple(time / data.minutes for time in data.setup), loads, data.left)

    def cost(self, days: float, every: Sequence[int]) -> float:
        """Return the cost of turns of `days` with the multiples `every` [money per day]."""
        rows = zip(self.order, self.hold, every, strict=True)
        return sum(order / (often * days) + hold * often * days for order, hold, often in rows)

    def priced(self, multiplier: float) -> tuple[float, ...]:
        """Return what a setup costs when a day of the machine is worth `multiplier`."""
        return tuple(order + multiplier * time for order, time in zip(self.order, self.setup, strict=True))

    def multiplier(self) -> float:
        """Return the worth of a day of the machine at which independent products leave just enough of it [money]."""

        def setting_up(worth: float) -> float:
            found = 0.0
            for cost, hold, time in zip(self.priced(worth), self.hold, self.setup, strict=True):
                if time:
                    found += time * math.sqrt(hold / cost) if cost else math.inf
            return found

        if setting_up(0.0) <= self.left:
            return 0.0
        low, high = 0.0, 1.0
        while setting_up(high) > self.left:
            low, high = high, 2 * high
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if setting_up(middle) > self.left else (low, middle)
        return high

    def independent(self) -> tuple[float, list[float]]:
        """Return the bound [money per day], and the days between lots that lead to it.

        For every multiplier y >= 0 the sum of 2 sqrt((A + y s) H), less y times what is left, is a bound (Lagrange).
        """
        worth = self.multiplier()
        rows = list(zip(self.priced(worth), self.hold, strict=True))
        bound = sum(2 * math.sqrt(cost * hold) for cost, hold in rows) - worth * self.left
        return bound * (1 - 1e-12), [math.sqrt(cost / hold) for cost, hold in rows]


def best_turns(figures: Figures, intervals: Sequence[float], start: Turns) -> tuple[Turns, bool]:
    """Return the cheapest turns found, and whether no other multiples up to `LARGEST` can be cheaper.

    intervals: days between lots of independent products, where the search begins. start: turns to be improved.
    """
    best, cost = start, figures.cost(start.days, start.every)
    known: set[tuple[int, ...]] = set()
    effort = Effort(each=BRIEF)
    for every in rounded_multiples(intervals):
        best, cost = _descend(figures, every, best, cost, known, effort)
    return _rest(figures, best, cost, known, Effort())


def rounded_multiples(intervals: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Return the intervals as powers of two of a turn, for every turn within a factor of two that rounds otherwise."""
    seen = set()
    for days in sorted(intervals):
        logs = [math.log2(one / days) for one in intervals]
        for shift in (0.0, 0.25, 0.5, 0.75):
            found = _lowest([round(one + shift) for one in logs])
            if found not in seen:
                seen.add(found)
                yield found


def _lowest(powers: Sequence[int]) -> tuple[int, ...]:
    """Return 2^power, shifted so that the smallest is 1: longer turns with smaller multiples fit at least as well."""
    least = min(powers)
    return tuple(min(LARGEST, 2 ** (power - least)) for power in powers)


def _descend(
    figures: Figures, every: tuple[int, ...], best: Turns, cost: float, known: set[tuple[int, ...]], effort: Effort
) -> tuple[Turns, float]:
    """Double and halve single multiples and pairs, as long as the turns get cheaper."""
    here = every
    while True:
        improved = False
        for other in _near(here):
            if other in known or effort.left <= 0:
                continue
            found, proven = turns_for(figures, other, cost, effort)
            if proven:
                known.add(other)
            if found is not None:
                best, cost, improved = found, figures.cost(found.days, found.every), True
        if not improved:
            return best, cost
        here = best.every


def _near(every: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    yield every
    powers = [often.bit_length() - 1 for often in every]
    moves = [(row, step) for row in range(len(powers)) for step in (1, -1)]
    for chosen in itertools.chain(((move,) for move in moves), itertools.combinations(moves, 2)):
        if len({row for row, _ in chosen}) == len(chosen):
            changed = powers.copy()
            for row, step in chosen:
                changed[row] += step
            yield _lowest(changed)


def _cheapest(figures: Figures, every: Sequence[int]) -> float:
    """Return the days of a turn of least cost, long enough for all setups together."""
    order = sum(cost / often for cost, often in zip(figures.order, every, strict=True))
    hold = sum(cost * often for cost, often in zip(figures.hold, every, strict=True))
    setup = sum(time / often for time, often in zip(figures.setup, every, strict=True))
    return max(math.sqrt(order / hold), setup / figures.left)


def turns_for(figures: Figures, every: tuple[int, ...], below: float, effort: Effort) -> tuple[Turns | None, bool]:
    """Return the cheapest turns of given multiples if they cost less than `below`, and whether that is proven.

    The longer the turns the more fits, so the shortest that fits, from the cheapest on, is found by bisection.
    """
    days = _cheapest(figures, every)
    if (
        figures.cost(days, every) >= below
        or max(load * often for load, often in zip(figures.load, every, strict=True)) >= 1
    ):
        return None, True
    found = pack(figures.setup, figures.load, every, days, effort)
    if found.at is not None:
        return Turns(days, every, found.at), True
    proven = found.complete
    order = sum(cost / often for cost, often in zip(figures.order, every, strict=True))
    hold = sum(cost * often for cost, often in zip(figures.hold, every, strict=True))
    longest = (below + math.sqrt(max(below * below - 4 * order * hold, 0.0))) / (2 * hold)
    found = pack(figures.setup, figures.load, every, longest, effort)
    if found.at is None:
        return None, proven and found.complete
    at, high = found.at, least_turn(figures.setup, figures.load, every, found.at)
    low = days
    while high - low > 1e-9 * high:
        # What was found fits a shorter turn as a rule; just below that one the search goes on.
        middle = max((low + high) / 2, high * (1 - 1e-3)) if high - low > 2e-3 * high else (low + high) / 2
        found = pack(figures.setup, figures.load, every, middle, effort)
        proven = proven and found.complete
        if found.at is None:
            low = middle
            continue
        at, high = found.at, min(middle, least_turn(figures.setup, figures.load, every, found.at))
    made = Turns(max(days, least_turn(figures.setup, figures.load, every, at)), every, at)
    return (made if figures.cost(made.days, every) < below else None), proven


def _rest(
    figures: Figures, best: Turns, cost: float, known: set[tuple[int, ...]], effort: Effort
) -> tuple[Turns, bool]:
    """Try all other multiples whose cost, if everything fitted, is below that of the best turns: the cheapest first."""
    waiting, complete = _promising(figures, cost)
    tried = 0
    while waiting:
        low, every = heapq.heappop(waiting)
        if low >= cost * (1 - 1e-12):
            break
        if every in known:
            continue
        tried += 1
        if tried > TRIED or effort.left <= 0:
            return best, False
        found, proven = turns_for(figures, every, cost, effort)
        complete = complete and proven
        if found is not None:
            best, cost = found, figures.cost(found.days, found.every)
    return best, complete


def _promising(figures: Figures, below: float) -> tuple[list[tuple[float, tuple[int, ...]]], bool]:
    """Return the multiples with a bound below a cost, as a heap of (bound, multiples), and whether these are all.

    Products join one by one; those that have not joined cost at least what they would alone.
    """
    worth = figures.multiplier()
    order, hold = figures.priced(worth), figures.hold
    count = len(order)
    limit = below + worth * figures.left
    alone = [2 * math.sqrt(a * h) for a, h in zip(order, hold, strict=True)]
    rows = sorted(range(count), key=lambda row: -alone[row])
    behind = [0.0] * (count + 1)
    for place in range(count - 1, -1, -1):
        behind[place] = behind[place + 1] + alone[rows[place]]
    powers = [2**power for power in range(LARGEST.bit_length())]
    found: list[tuple[float, tuple[int, ...]]] = []
    stack: list[tuple[int, float, float, tuple[int, ...]]] = [(0, 0.0, 0.0, ())]
    steps = 0
    while stack:
        place, a, h, chosen = stack.pop()
        steps += 1
        if steps > VISITED:
            return found, False
        if place == count:
            if min(chosen) == 1:
                every = [0] * count
                for row, often in zip(rows, chosen, strict=True):
                    every[row] = often
                found.append((2 * math.sqrt(a * h) - worth * figures.left, tuple(every)))
            continue
        row = rows[place]
        for often in powers:
            a2, h2 = a + order[row] / often, h + hold[row] * often
            if 2 * math.sqrt(a2 * h2) + behind[place + 1] < limit:
                stack.append((place + 1, a2, h2, (*chosen, often)))
    heapq.heapify(found)
    return found, True
