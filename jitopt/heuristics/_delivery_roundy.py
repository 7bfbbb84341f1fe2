"""Roundy's relaxation of the joint replenishment problem: a lower bound for every policy, and a first plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery

__all__ = ["Items", "items_of", "multiples", "relaxation"]


class Items(NamedTuple):
    """The parts as arrays: minor costs s, H = h D/2, prescribed multiples (0: free); major cost S."""

    major: float
    minor: Any
    half: Any
    fixed: Any

    def own(self) -> float:
        """Return the sum of the free parts' own least costs, 2 sqrt(s H)."""
        free = self.fixed == 0
        return float(2 * np.sqrt(self.minor[free] * self.half[free]).sum())

    def product(self, every: Any) -> tuple[float, float]:
        """Return A = S + sum s/k and B = sum k H."""
        return self.major + float((self.minor / every).sum()), float((self.half * every).sum())


def items_of(instance: Delivery) -> Items:
    """Return the parts of a strict cyclic instance as arrays."""
    parts = instance.parts
    fixed = [value or 0 for value in parts.every or (None,) * parts.rows()]
    return Items(
        major=instance.major_cost,
        minor=np.array(parts.minor_cost, dtype=float),
        half=np.array(parts.holding_cost, dtype=float) * np.array(parts.demand, dtype=float) / 2,
        fixed=np.array(fixed, dtype=np.int64),
    )


def relaxation(items: Items) -> tuple[float, float]:
    """Return the value of the relaxation and its base period T0.

    min S/T0 + sum (s_i/T_i + H_i T_i), T_i >= T0 (T_i = m_i T0 where the multiple is prescribed):
    parts join the base period in the order of s_i/H_i while that is below A/B (Roundy 1985;
    Jackson, Maxwell and Muckstadt 1985).
    """
    set_ = items.fixed > 0
    a = items.major + float((items.minor[set_] / items.fixed[set_]).sum())
    b = float((items.half[set_] * items.fixed[set_]).sum())
    free = np.flatnonzero(~set_)
    order = free[np.argsort(items.minor[free] / items.half[free], kind="stable")]
    alone = 0.0
    for place, i in enumerate(order.tolist()):
        if b and items.minor[i] / items.half[i] >= a / b:
            rest = order[place:]
            alone = float(2 * np.sqrt(items.minor[rest] * items.half[rest]).sum())
            break
        a += items.minor[i]
        b += items.half[i]
    return float(2 * np.sqrt(a * b) + alone), float(np.sqrt(a / b))


def multiples(items: Items, period: float) -> Any:
    """Return the best multiples for a base period: k(k - 1) <= s/(H T^2) <= k(k + 1)."""
    ratio = items.minor / (items.half * period**2)
    free = np.maximum(1, np.ceil(0.5 * np.sqrt(1 + 4 * ratio) - 0.5)).astype(np.int64)
    return np.where(items.fixed > 0, items.fixed, free)
