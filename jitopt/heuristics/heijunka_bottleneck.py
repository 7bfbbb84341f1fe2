"""Exact algorithm for the largest rate deviation: bisection, and earliest due date within windows."""

from __future__ import annotations

from math import gcd, isqrt, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.heuristics._heijunka_rates import below, chain_of, rates_of, require
from jitopt.problems.base import exact
from jitopt.problems.heijunka import HeijunkaPlan
from jitopt.problems.heijunka.form import RATE_MAX

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from jitopt.heuristics._heijunka_rates import Ints, Rates
    from jitopt.heuristics.context import Context
    from jitopt.problems.heijunka import Heijunka

HEURISTIC: dict[str, Any] = {
    "name": "heijunka_bottleneck",
    "problem": "heijunka",
    "technology": "numba",
    "proof": "exact_algorithm",
    "form": "rate_max",
    "summary": "Product rates, the largest deviation: bisection and earliest due date, exactly",
    "source": "Steiner & Yeomans 1993",
    "page": "docs/methods/heijunka_bottleneck.md",
}

KERNELS = "jitopt.heuristics._kernels.heijunka_bottleneck"

FEW = 3000
"""Up to so many units in a cycle the plain kernel is quicker than loading the compiled one."""


def run(instance: Heijunka, context: Context) -> None:
    """Report the optimum and its value as the bound."""
    require(instance, RATE_MAX)
    if context.start is not None:
        context.report(context.start)
    rates = rates_of(instance)
    if rates is None:
        return
    levels = _Levels(instance, rates)
    found = _Search(rates, levels, context).bisect()
    if found is None:
        return
    low, rows = found
    context.report(HeijunkaPlan.model_construct(sequence=chain_of(instance, rows, rates.cycles)))
    context.bound(below(levels.value(low)))


class _Levels:
    """The values that the objective can take, as whole numbers t: level t is t times a unit.

    With whole weights W_i the weighted deviation of product i is W_i m/D or W_i m^2/D^2 for a whole m, so that
    every value is a whole multiple of one unit. At level t a product may deviate by m_i(t)/D, the largest m
    with W_i m <= t or W_i m^2 <= t.
    """

    def __init__(self, instance: Heijunka, rates: Rates) -> None:
        term = next(term for term in instance.objective if term.weight > 0)
        self.square = term.measure == "max_squared"
        self.demand, self.units = rates.demand, rates.units
        rows = [row for row, demand in enumerate(rates.demand) if demand]
        weights = [instance.weights[row] for row in rows]
        common = lcm(*(weight.denominator for weight in weights))
        shared = gcd(*(int(weight * common) for weight in weights)) or 1
        self.weights = [int(weight * common / shared) for weight in instance.weights]
        self.heaviest = max(self.weights[row] for row in rows)
        power = 2 if self.square else 1
        self.unit = exact(term.weight) * shared / common / self.units**power

    def value(self, level: int) -> Fraction:
        """Return the objective at a level."""
        return level * self.unit

    def level(self, row: int, deviation: int) -> int:
        """Return the level of a deviation of m/D of a product."""
        return self.weights[row] * (deviation**2 if self.square else deviation)

    def most(self, level: int) -> list[int]:
        """Return m_i at a level; what no plan reaches stands for no limit."""
        limit = self.units**2
        by_weight = {
            weight: limit if not weight else self._most(level // weight, limit) for weight in set(self.weights)
        }
        return [by_weight[weight] for weight in self.weights]

    def _most(self, quotient: int, limit: int) -> int:
        return min(limit, isqrt(quotient) if self.square else quotient)

    def least(self) -> int:
        """Return a level below which no plan lies: multiples of d_i/D are that far from whole numbers."""
        steps = ((row, gcd(demand, self.units)) for row, demand in enumerate(self.demand) if demand)
        return max(self.level(row, step * (self.units // step // 2)) for row, step in steps)

    def enough(self) -> int:
        """Return a level that a plan without frozen slots always reaches: deviations of 1 - 1/D (Brauner & Crama)."""
        deviation = self.units - 1
        return self.heaviest * (deviation**2 if self.square else deviation)


class _Search:
    """Trials of levels by the kernel."""

    def __init__(self, rates: Rates, levels: _Levels, context: Context) -> None:
        self.rates, self.levels, self.context = rates, levels, context
        units, products = rates.units, len(rates.demand)
        compiled = units > FEW or jit.is_loaded(KERNELS)
        self.kernels: Any = context.kernels(KERNELS) if compiled else jit.plain(KERNELS)
        listed = not self.kernels.__name__.endswith(jit.SUFFIX)
        self.shaped: Callable[[Ints], Any] = (lambda column: column.tolist()) if listed else (lambda column: column)
        self.demand = self.shaped(np.array(rates.demand, dtype=np.int64))
        self.built = np.bincount(np.array(rates.frozen, dtype=np.int64), minlength=products)
        sizes = (units, units + 1, products, products, products)
        self.rows, *self.room = (self.shaped(np.zeros(size, dtype=np.int64)) for size in sizes)

    def bisect(self) -> tuple[int, Ints] | None:
        """Return a level below which there is no plan, and the best plan: at that level, if the time was enough.

        None where the time is over before there is a plan.
        """
        low, high = max(self.levels.least(), self._frozen()), self.levels.enough()
        while high < low or not self._reaches(high):
            # Only frozen slots can ask for more than a plan from nothing does.
            low, high = max(low, high + 1), 2 * max(low, high, 1)
            if self.context.stopped():
                return None
        best = self._plan()
        while low < high:
            if self.context.stopped():
                break
            middle = (low + high) // 2
            if self._reaches(middle):
                high, best = middle, self._plan()
            else:
                low = middle + 1
        return low, best

    def _reaches(self, level: int) -> bool:
        most = self.shaped(np.array(self.levels.most(level), dtype=np.int64))
        built = self.shaped(self.built.copy())
        begin = len(self.rates.frozen)
        return bool(self.kernels.place(self.demand, most, begin, built, self.rows, *self.room) == self.rates.units)

    def _plan(self) -> Ints:
        rows = np.array(self.rows, dtype=np.int64)
        rows[: len(self.rates.frozen)] = self.rates.frozen
        return rows

    def _frozen(self) -> int:
        """Return the level of the largest deviation in the frozen slots."""
        worst, built, units = 0, [0] * len(self.rates.demand), self.rates.units
        for slot, row in enumerate(self.rates.frozen, 1):
            before = abs(built[row] * units - (slot - 1) * self.rates.demand[row])
            built[row] += 1
            after = abs(built[row] * units - slot * self.rates.demand[row])
            worst = max(worst, self.levels.level(row, after), self.levels.level(row, before))
        end = len(self.rates.frozen)
        for row, demand in enumerate(self.rates.demand):
            worst = max(worst, self.levels.level(row, abs(built[row] * units - end * demand)))
        return worst
