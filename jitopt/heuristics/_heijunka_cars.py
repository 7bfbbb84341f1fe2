"""An instance that prices ratio rules alone as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_locked import locked_rows
from jitopt.heuristics._kernels.heijunka_cars import EXCESS, LENGTH, MOST, PRICE
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import RatioRule

__all__ = ["Cars", "Walk", "cars_of", "products_of", "walk_of"]

Ints = NDArray[np.int64]

LARGEST = 1 << 40
"""Largest price of a window, in whole multiples of the unit."""

STRICT = 10
"""Price of a breach of a hard rule, in multiples of the dearest soft one."""

WAITS = 1 << 12
"""Exponential waiting times to draw from."""


class Walk(NamedTuple):
    """A search's own arrays: see the kernels. sequence, best: rows of classes."""

    held: Any
    turn: Any
    hot: Any
    place: Any
    row: Any
    few: Any
    sequence: Any
    best: Any
    state: Any

    def tables(self) -> tuple[Any, ...]:
        """Return what is carried along with the sequence."""
        return self.held, self.turn, self.hot, self.place


@dataclass(frozen=True)
class Cars:
    """The arrays of an instance.

    rules, carry, free, last, waits, bar: for the kernels. kinds: class of each product, one for all that the rules
    do not tell apart. unit: what a cost of 1 stands for [objective]. hard: rows of the rules that must be kept.
    locked: product row that a slot must build, -1 for none.
    """

    rules: Any
    carry: Any
    free: Any
    last: Any
    waits: Any
    bar: Any
    kinds: Ints
    unit: Fraction
    hard: tuple[int, ...]
    locked: Ints


def cars_of(instance: Heijunka) -> Cars | None:
    """Return the arrays, None where two locks contradict each other."""
    rules = [rule for rule in instance.ratio_rules if _binds(instance, rule)]
    locked = locked_rows(instance)
    if locked is None:
        return None
    prices, unit = _prices(instance, rules)
    counts = np.zeros((len(instance.products.product), len(rules)), dtype=np.int64)
    for r, rule in enumerate(rules):
        counts[list(rule.products), r] = 1
    carry, kinds = np.unique(counts, axis=0, return_inverse=True)
    measure = next((term.measure for term in instance.objective if term.term == "ratio"), "sum_violated")
    table = np.zeros((len(rules), 4), dtype=np.int64)
    for r, rule in enumerate(rules):
        table[r, MOST], table[r, LENGTH], table[r, PRICE] = rule.at_most, rule.in_any, prices[r]
    table[:, EXCESS] = measure != "sum_violated"
    far = _far(table)
    return Cars(
        rules=table,
        carry=carry,
        free=np.flatnonzero(locked < 0),
        last=_blocks(locked),
        waits=np.random.default_rng(0).exponential(size=WAITS),
        bar=np.where(locked < 0, 0, far),
        kinds=kinds.reshape(-1),
        unit=unit,
        hard=tuple(r for r, rule in enumerate(rules) if rule.hard),
        locked=locked,
    )


def _binds(instance: Heijunka, rule: RatioRule) -> bool:
    """Tell whether a rule can cost anything: its window is full and short enough, and it has a price."""
    return rule.at_most < rule.in_any <= instance.slots and bool(rule.products) and (rule.hard or rule.weight > 0)


def _prices(instance: Heijunka, rules: list[RatioRule]) -> tuple[list[int], Fraction]:
    """Return the price of each rule in whole multiples of a unit, and the unit."""
    factor = next((exact(term.weight) for term in instance.objective if term.term == "ratio"), Fraction(1)) or Fraction(
        1
    )
    soft = [rule.weight * factor for rule in rules if not rule.hard]
    strict = STRICT * max(soft, default=Fraction(1, STRICT))
    prices = [strict if rule.hard else rule.weight * factor for rule in rules]
    unit = Fraction(1, lcm(*(price.denominator for price in prices))) if prices else Fraction(1)
    whole = [int(price / unit) for price in prices]
    if max(whole, default=0) > LARGEST:
        raise NotApplicableError("the weights of its ratio rules have no common unit that is coarse enough")
    return whole, unit


def _blocks(locked: Ints) -> Ints:
    """Return the last slot of the block of free slots that each slot lies in; -1 for locked ones."""
    last = np.full(len(locked), -1, dtype=np.int64)
    end = -1
    for t in range(len(locked) - 1, -1, -1):
        if locked[t] >= 0:
            end = -1
        else:
            end = t if end < 0 else end
            last[t] = end
    return last


def _far(table: Ints) -> Any:
    """Return a cost beyond that of every exchange, in the narrowest whole numbers that hold a few of it."""
    most = 2 * int((table[:, PRICE] * table[:, LENGTH]).sum()) + 1
    return np.int32(1 << 28) if most < 1 << 27 else np.int64(1 << 60)


def walk_of(cars: Cars, sequence: Ints, seed: int, target: int) -> Walk:
    """Return a walk that begins at a sequence of products."""
    kind, rules, slots = cars.bar.dtype, len(cars.rules), len(sequence)
    classes = cars.kinds[sequence].astype(kind)
    return Walk(
        held=np.zeros((4, rules, slots), dtype=kind),
        turn=np.zeros((rules, 2, slots), dtype=kind),
        hot=np.zeros(1 + rules * slots, dtype=np.int64),
        place=np.zeros((rules, slots), dtype=np.int64),
        row=np.zeros(slots, dtype=kind),
        few=np.array([_far(cars.rules), 0], dtype=kind),
        sequence=classes,
        best=classes.copy(),
        state=np.array([0, 0, seed % 0xFFFFFFFF + 1, 0, target], dtype=np.int64),
    )


def products_of(cars: Cars, classes: Ints, demand: Any) -> Ints:
    """Return a sequence of products of these classes; what is locked stays, of a class products follow in order."""
    found, left = (
        cars.locked.copy(),
        np.array(demand) - np.bincount(cars.locked[cars.locked >= 0], minlength=len(cars.kinds)),
    )
    for kind in range(len(cars.carry)):
        rows = np.flatnonzero(cars.kinds == kind)
        found[(classes == kind) & (cars.locked < 0)] = np.repeat(rows, left[rows])
    return found
