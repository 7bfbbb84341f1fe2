"""Product rates made ready for exact algorithms: one cycle of the demand, products that are alike, whole costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm, nextafter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact
from jitopt.problems.heijunka.form import reason_against

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka

__all__ = ["Ints", "Rates", "below", "chain_of", "rates_of", "require", "whole"]

Ints = NDArray[np.int64]

LOCKED = -2
"""A site of a slot that must build product p is LOCKED - p; p alone is what the plan in force builds there."""


@dataclass(frozen=True)
class Rates:
    """One cycle of a pure rate instance.

    demand: of each product in the cycle [units]. units: slots of the cycle. cycles: how many follow each other.
    squared, absolute: price of a product's sum of squared and absolute deviations, times the term's weight.
    move: price of a unit that the plan in force does not have there. current: product row of each slot in the
    plan in force, where moves are priced. sites: see `LOCKED`, -1 for none; empty where nothing is said.
    frozen: product rows of the leading slots.
    """

    demand: tuple[int, ...]
    units: int
    cycles: int
    squared: tuple[Fraction, ...]
    absolute: tuple[Fraction, ...]
    move: Fraction
    current: Ints
    sites: Ints
    frozen: tuple[int, ...]


def require(instance: Heijunka, form: str) -> None:
    """Raise `NotApplicableError` where the instance has not this pure form."""
    reason = reason_against(instance, form)
    if reason is not None:
        raise NotApplicableError(f"it levels product rates alone, and {reason}")


def rates_of(instance: Heijunka) -> Rates | None:
    """Return the rates of a pure rate instance, None where its locks leave no plan.

    Where nothing ties the plan to slots, demands with a greatest common divisor g are levelled best by g
    equal cycles (docs/methods/heijunka_assign.md has the proof).
    """
    sites = _sites(instance)
    if sites is None:
        return None
    current = instance.current_slots or ()
    frozen = tuple(row for slot in current[: instance.frozen] for row in slot)
    if any(count > instance.products.demand[row] for row, count in Counter(frozen).items()):
        return None
    tied = len(sites) > 0 or len(frozen) > 0
    cycles = 1 if tied else gcd(*instance.products.demand)
    move = exact(instance.current.price) if instance.current else Fraction(0)
    rows = [row for slot in current for row in slot] if move else []
    return Rates(
        demand=tuple(demand // cycles for demand in instance.products.demand),
        units=instance.units // cycles,
        cycles=cycles,
        squared=_prices(instance, "sum_squared"),
        absolute=_prices(instance, "sum_absolute"),
        move=move,
        current=np.array(rows, dtype=np.int64),
        sites=sites,
        frozen=frozen,
    )


def _prices(instance: Heijunka, measure: str) -> tuple[Fraction, ...]:
    told = [exact(term.weight) for term in instance.objective if (term.term, term.measure) == ("rate", measure)]
    factor = sum(told, Fraction(0))
    priced = {weight: factor * weight for weight in set(instance.weights)}
    return tuple(priced[weight] for weight in instance.weights)


def _sites(instance: Heijunka) -> Ints | None:
    """Return what is said of each slot, empty where nothing is said, None where two locks clash."""
    current = instance.current_slots or ()
    priced = instance.current is not None and instance.current.price > 0
    fixed = zip(instance.fixed.position, instance.fixed.product, strict=True) if instance.fixed else ()
    locks = [(position - 1, instance.index[product]) for position, product in fixed]
    if not priced and not locks:
        return np.empty(0, dtype=np.int64)
    sites = np.full(instance.units, -1, dtype=np.int64)
    if priced:
        rows = [row for slot in current for row in slot]
        sites[: len(rows)] = rows
    wanted: dict[int, int] = {}
    for slot, row in locks:
        before = next(iter(current[slot])) if slot < instance.frozen else row
        if before != row or wanted.setdefault(slot, row) != row:
            return None
        sites[slot] = LOCKED - row
    built = Counter([*wanted.values(), *(row for s, slot in enumerate(current[: instance.frozen]) if s not in wanted
                                         for row in slot)])  # fmt: skip
    return None if any(count > instance.products.demand[row] for row, count in built.items()) else sites


def whole(values: list[Fraction], most: int, rounded: int) -> tuple[list[int], Fraction]:
    """Return the values as whole multiples of a unit, and the unit; none of them above `most`.

    Where their common denominator asks for larger numbers they are rounded down to numbers up to `rounded`,
    so that what is computed from them is never above the truth.
    """
    different = set(values)
    unit, largest = Fraction(1, lcm(*(value.denominator for value in different))), max(different)
    if largest:
        unit *= gcd(*(int(value / unit) for value in different))
        unit = unit if largest / unit <= most else largest / rounded
    counted = {value: int(value / unit) for value in different}
    return [counted[value] for value in values], unit


def chain_of(instance: Heijunka, rows: Any, cycles: int) -> tuple[str, ...]:
    """Return the sequence that repeats a cycle of product rows."""
    names = np.array(instance.products.product, dtype=object)
    return tuple(names[rows].tolist()) * cycles


def below(bound: Fraction) -> float:
    """Return the largest float that is not above the bound."""
    number = float(bound)
    return number if Fraction(number) <= bound else nextafter(number, float("-inf"))
