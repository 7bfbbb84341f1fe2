"""Optima of tiny delivery instances by enumeration; see `jitopt.testing.brute_force`."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product as cartesian
from math import ceil, prod, sqrt
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.delivery import Delivery, DeliveryPlan
from jitopt.testing._optimum import Optimum

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PLANS = 1_000_000
"""No more plans than this are enumerated."""

__all__ = ["count", "plans", "search"]


def search(instance: Delivery) -> Optimum | None:
    """Return the optimum of a tiny instance, None when no plan keeps every rule."""
    if instance.cyclic:
        return _cyclic(instance)
    best: Optimum | None = None
    for plan in plans(instance):
        found = instance.evaluate(plan)
        if not found.violations and found.exact is not None and (best is None or found.exact < best.value):
            best = Optimum(found.exact, plan)
    return best


def count(instance: Delivery) -> int:
    """Return the number of plans that `plans` enumerates."""
    assert instance.frequencies is not None
    return int(len(instance.frequencies.frequency) ** len(_groups(instance)))


def plans(instance: Delivery) -> Iterator[DeliveryPlan]:
    """Enumerate every choice of frequencies, one for each milk run or supplier on its own.

    Raises
    ------
    ValueError
        If there are too many.
    """
    groups = _groups(instance)
    if count(instance) > MOST_PLANS:
        raise ValueError(f"{count(instance)} plans are too many to enumerate.")
    assert instance.frequencies is not None
    for choice in cartesian(instance.frequencies.frequency, repeat=len(groups)):
        rows = [
            {"supplier": supplier, "frequency": frequency}
            for members, frequency in zip(groups, choice, strict=True)
            for supplier in members
        ]
        yield DeliveryPlan.model_validate({"deliveries": rows})


def _groups(instance: Delivery) -> list[list[str]]:
    """Return the suppliers with demand that come together."""
    table = instance.suppliers
    assert table is not None
    assert instance.parts.supplier is not None
    pairs = zip(instance.parts.supplier, instance.parts.demand, strict=True)
    needed = {supplier for supplier, demand in pairs if demand}
    groups: dict[tuple[str, str], list[str]] = {}
    for row, supplier in enumerate(table.supplier):
        if supplier in needed:
            cluster = table.cluster[row] if table.cluster else None
            groups.setdefault(("alone", supplier) if cluster is None else ("together", cluster), []).append(supplier)
    return list(groups.values())


def _cyclic(instance: Delivery) -> Optimum:
    """Try all multiples up to a bound; for given multiples T = sqrt(A/B) is best, at 2 sqrt(A B).

    A plan of cost U bounds the base period: T <= U / sum H from the holding cost, T >= S / (U - E)
    from the rest, where E is the sum of the parts' own least costs. Above T the multiple
    k > 1/2 + sqrt(s/H)/T costs more than k - 1.
    """
    parts = instance.parts
    assert parts.minor_cost is not None
    major = exact(instance.major_cost)
    minor = [exact(value) for value in parts.minor_cost]
    half = [exact(h) * exact(d) / 2 for h, d in zip(parts.holding_cost, parts.demand, strict=True)]
    fixed = parts.every or (None,) * len(minor)
    upper = min(_cost_near(major, minor, half, fixed, 1.1**step) for step in range(-150, 150)) * (1 + 1e-9)
    own = sum(0.0 if asked else 2 * sqrt(s * h) for s, h, asked in zip(minor, half, fixed, strict=True))
    shortest = float(major) / (upper - own)
    most = [
        [asked] if asked else list(range(1, 2 + ceil(0.5 + sqrt(s / h) / shortest)))
        for s, h, asked in zip(minor, half, fixed, strict=True)
    ]
    if prod(map(len, most)) > MOST_PLANS:
        raise ValueError(f"{prod(map(len, most))} multiples are too many to enumerate.")
    best = min(cartesian(*most), key=lambda every: _product(major, minor, half, every))
    plan = DeliveryPlan.model_validate(
        {
            "base_period": _period(major, minor, half, best),
            "deliveries": [{"part": part, "every": m} for part, m in zip(parts.part, best, strict=True)],
        }
    )
    value = instance.evaluate(plan).exact
    assert value is not None
    return Optimum(value, plan)


def _cost_near(
    major: Fraction, minor: list[Fraction], half: list[Fraction], fixed: tuple[int | None, ...], period: float
) -> float:
    """Return the cost of multiples that suit a base period."""
    every = [
        asked or max(1, round(min(sqrt(s / h) / period, 1e6))) for s, h, asked in zip(minor, half, fixed, strict=True)
    ]
    return 2 * sqrt(_product(major, minor, half, every))


def _product(
    major: Fraction, minor: list[Fraction], half: list[Fraction], every: tuple[int, ...] | list[int]
) -> Fraction:
    """Return A B with A = S + sum s/m and B = sum m H."""
    ordering = major + sum((s / m for s, m in zip(minor, every, strict=True)), Fraction(0))
    return ordering * sum((h * m for h, m in zip(half, every, strict=True)), Fraction(0))


def _period(major: Fraction, minor: list[Fraction], half: list[Fraction], every: tuple[int, ...]) -> float:
    with localcontext() as context:
        context.prec = 40
        ordering = major + sum((s / m for s, m in zip(minor, every, strict=True)), Fraction(0))
        ratio = ordering / sum((h * m for h, m in zip(half, every, strict=True)), Fraction(0))
        return float((Decimal(ratio.numerator) / Decimal(ratio.denominator)).sqrt())
