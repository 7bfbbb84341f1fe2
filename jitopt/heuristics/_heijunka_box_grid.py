"""Which values the objective of a box can have: a base and whole multiples of a step, both rational.

A bound may be raised to the next of them. With x a multiple of k and c a rational, (x - c)^2 is c^2 and a multiple of
gcd(k^2, 2kc), and |x - c| a multiple of gcd(k, c).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.heuristics._heijunka_rounding import MARGIN, volume_step
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["Grid", "grid_of"]


@dataclass(frozen=True)
class Grid:
    """Values base + step, base + 2 step, ... [objective]."""

    base: Fraction
    step: Fraction

    def raised(self, bound: float) -> float:
        """Return the least value that is not below a bound, lowered for rounding."""
        steps = math.ceil((Fraction(bound) - self.base) / self.step)
        return max(bound, float(self.base + steps * self.step) * (1 - MARGIN) - 1e-12)


def grid_of(instance: Heijunka) -> Grid | None:
    """Return the grid of the objective of a box, None where a term is priced whose values are not looked into."""
    base, steps = Fraction(0), []
    for term in instance.objective:
        found = _of_term(instance, term) if term.weight else []
        if found is None:
            return None
        weight = exact(term.weight)
        base += weight * sum((start for start, _ in found), Fraction(0))
        steps += [weight * step for _, step in found]
    if instance.current is not None:
        steps.append(exact(instance.current.price))
    step = _common(steps)
    return Grid(base, step) if step else None


def _of_term(instance: Heijunka, term: Objective) -> list[tuple[Fraction, Fraction]] | None:
    """Return base and step of the parts of a term, None for terms that are not looked into."""
    slots, squared = instance.slots, term.measure.endswith("squared")
    rows = zip(instance.weights, instance.products.demand, instance.box_data.packs, strict=True)
    built = [(weight, demand, pack) for weight, demand, pack in rows if demand]
    if term.term == "changeover":
        return [(Fraction(0), Fraction(1))]
    if term.term == "epei":
        return [(Fraction(0), weight) for weight, _, _ in built]
    if term.measure.startswith("max") or term.term not in ("rate", "volume"):
        return None
    mean = Fraction(instance.units, slots)
    if term.term == "volume":
        step = volume_step(instance)
        if squared:
            return [(slots * mean**2, _common([Fraction(step**2), 2 * step * mean]))]
        return [(Fraction(0), _common([Fraction(step), mean]))]
    found = []
    for weight, demand, pack in built:
        rise = Fraction(demand, slots)
        if squared:
            # The squares of 1..S add up to S (S + 1) (2 S + 1) / 6.
            squares = rise**2 * Fraction(slots * (slots + 1) * (2 * slots + 1), 6)
            found.append((weight * squares, weight * _common([Fraction(pack**2), 2 * pack * rise])))
        else:
            found.append((Fraction(0), weight * _common([Fraction(pack), rise])))
    return found


def _common(values: list[Fraction]) -> Fraction:
    """Return the largest number of which all are whole multiples."""
    denominator = math.lcm(*(value.denominator for value in values))
    return Fraction(math.gcd(*(int(value * denominator) for value in values)), denominator)
