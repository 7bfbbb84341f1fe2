"""A few slots of a sequence of cars sequenced anew by CP-SAT, all others as they are.

A model holds the free slots and the windows that contain one, nothing else. The units of a rule are counted over
the free slots alone, c_kj = [at least j units among the first k free slots] (Artigues and others 2014): what stands
between them is a constant of the window. Windows with the same free slots and the same room for them are one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from ortools.sat.python import cp_model

from jitopt.heuristics._heijunka_cars_count import so_far
from jitopt.heuristics._kernels.heijunka_cars import EXCESS, LENGTH, MOST, PRICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_cars import Cars, Ints

__all__ = ["INFEASIBLE", "OPTIMAL", "Region"]

INFEASIBLE, OPTIMAL = cp_model.INFEASIBLE, cp_model.OPTIMAL


class Region:
    """The model of some free slots (rising) of a sequence of classes: the cheapest other one that costs no more.

    over: whether nobody waits for it any more: it is left unfinished then. cells: literals [slot builds class], which
    measure its size. now: cost of the windows that it prices.
    """

    def __init__(self, cars: Cars, classes: Ints, slots: Ints, over: Callable[[], bool]) -> None:
        self.cars: Cars = cars
        self.classes: Ints = classes
        self.slots: Ints = slots
        kinds, counts = np.unique(classes[slots], return_counts=True)
        self.kinds: list[int] = kinds.tolist()
        self.counts: list[int] = counts.tolist()
        self.cells: int = len(slots) * len(kinds)
        self.now: int = 0
        self._before = so_far(cars, classes)
        self._model: Any = cp_model.CpModel()
        self._costs: list[tuple[int, Any]] = []
        self._x = self._units()
        for rule in range(len(cars.rules)):
            if not over():
                self._rule(rule)
        self._model.minimize(sum(price * literal for price, literal in self._costs))
        self._model.add(sum(price * literal for price, literal in self._costs) <= self.now)
        self._begin_from_now()

    def solve(self, solver: Any) -> tuple[Any, Ints | None]:
        """Ask for the cheapest other sequence that costs no more than now; return status and sequence, if any."""
        status = solver.solve(self._model)
        if status not in (OPTIMAL, cp_model.FEASIBLE):
            return status, None
        found = self.classes.copy()
        for slot, row in zip(self.slots.tolist(), self._x, strict=True):
            found[slot] = next(kind for kind, x in zip(self.kinds, row, strict=True) if solver.boolean_value(x))
        return status, found

    def _units(self) -> list[list[Any]]:
        """Return [slot builds class]: each slot builds one, of each class as many are built as before."""
        model = self._model
        x = [[model.new_bool_var("") for _ in self.kinds] for _ in self.slots]
        for row in x:
            model.add_exactly_one(row)
        for column, count in zip(zip(*x, strict=True), self.counts, strict=True):
            model.add(sum(column) == count)
        return x

    def _begin_from_now(self) -> None:
        """Have the solver try first what is built now, and end with something else."""
        kept = []
        for now, row in zip(self.classes[self.slots].tolist(), self._x, strict=True):
            for kind, literal in zip(self.kinds, row, strict=True):
                self._model.add_hint(literal, int(kind == now))
            kept.append(row[self.kinds.index(now)])
        self._model.add(sum(kept) <= len(kept) - 2)

    def _rule(self, rule: int) -> None:
        """Price the windows of a rule, or keep them where it is hard and kept now."""
        carriers = [k for k, kind in enumerate(self.kinds) if self.cars.carry[kind, rule]]
        units = sum(self.counts[k] for k in carriers)
        windows = Counter(
            (first, behind, room)
            for first, behind, room in self._windows(rule).tolist()
            if min(units, behind - first) > room
        )
        if units in (0, len(self.slots)) or not windows:
            return  # whatever stands where, no window changes
        held = np.concatenate([[0], np.cumsum(self.cars.carry[self.classes[self.slots], rule])]).tolist()
        at_least = self._counter(carriers, units)
        price, excess = int(self.cars.rules[rule, PRICE]), bool(self.cars.rules[rule, EXCESS])
        kept = rule in self.cars.hard and all(held[b] - held[a] <= room for a, b, room in windows)
        for (first, behind, room), times in windows.items():
            most = min(units, behind - first) - room
            for k in range(most if excess and not kept else 1):
                step: Any = False
                if not kept:
                    step = self._model.new_bool_var("")
                    self._costs.append((price * times, step))
                    self.now += price * times * (held[behind] - held[first] > room + k)
                for j in range(max(0, room + k + 1), min(behind, units) + 1):
                    self._clause(_not(at_least(behind, j)), at_least(first, j - room - k), step)

    def _windows(self, rule: int) -> Any:
        """Return for each window with a free slot: free slots before it, before its end, room for units in them."""
        slots, length = self.slots, int(self.cars.rules[rule, LENGTH])
        starts = np.unique(slots[:, None] - np.arange(length))
        starts = starts[(starts >= 0) & (starts + length <= len(self.classes))]
        first, behind = np.searchsorted(slots, starts), np.searchsorted(slots, starts + length)
        carried = np.concatenate([[0], np.cumsum(self.cars.carry[self.classes[slots], rule])])
        load = self._before[rule, starts + length] - self._before[rule, starts]
        room = self.cars.rules[rule, MOST] - (load - (carried[behind] - carried[first]))
        return np.stack([first, behind, room], axis=1)

    def _counter(self, carriers: list[int], units: int) -> Callable[[int, int], Any]:
        """Return the literals [at least j units of a rule among the first k free slots]."""
        slots = len(self.slots)
        literals = {
            (k, j): self._model.new_bool_var("")
            for k in range(1, slots)
            for j in range(max(0, units - slots + k) + 1, min(k, units) + 1)
        }

        def at_least(k: int, j: int) -> Any:
            return j <= max(0, units - slots + k) or literals.get((k, j), False)

        for k in range(1, slots + 1):
            built = self._one_of(k - 1, carriers)
            for j in range(max(0, units - slots + k - 1) + 1, min(k, units) + 1):
                now, before, less = at_least(k, j), at_least(k - 1, j), at_least(k - 1, j - 1)
                self._clause(_not(before), now)
                self._clause(_not(now), less)
                self._clause(~built, _not(less), now)
                self._clause(_not(now), before, built)
        return at_least

    def _one_of(self, row: int, carriers: list[int]) -> Any:
        """Return the literal [free slot builds one of some classes]."""
        if len(carriers) == 1:
            return self._x[row][carriers[0]]
        built = self._model.new_bool_var("")
        self._model.add_exactly_one([*(self._x[row][k] for k in carriers), ~built])
        return built

    def _clause(self, *literals: Any) -> None:
        """Ask that one of the literals holds; True and False stand for constants."""
        if True not in [literal for literal in literals if isinstance(literal, bool)]:
            self._model.add_bool_or([literal for literal in literals if not isinstance(literal, bool)])


def _not(literal: Any) -> Any:
    """Return the negation of a literal, which may be True or False."""
    return not literal if isinstance(literal, bool) else ~literal
