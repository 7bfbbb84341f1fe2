"""Exact algorithm for the strict cyclic form: enumeration of the base period's breakpoints."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import jit
from jitopt.errors import NotApplicableError
from jitopt.heuristics._delivery_roundy import Items, items_of, multiples, relaxation
from jitopt.problems.base import exact
from jitopt.problems.delivery import DeliveryPlan

if TYPE_CHECKING:
    from jitopt.heuristics.context import Context
    from jitopt.problems.delivery import Delivery

HEURISTIC: dict[str, Any] = {
    "name": "delivery_cycle",
    "problem": "delivery",
    "technology": "numba",
    "proof": "exact_algorithm",
    "summary": "Joint replenishment in the strict cyclic form: every breakpoint of the base period, exactly",
    "source": "Goyal 1974; Wildeman, Frenk & Dekker 1997; Roundy 1985 (lower bound)",
    "page": "docs/methods/delivery_cycle.md",
    "up_to": {"suppliers": 0, "frequencies": 0},
}

KERNELS = "jitopt.heuristics._kernels.delivery_cycle"

MOST = 5_000_000
"""Most breakpoints that are visited; with more the answer is a plan and a bound."""

FEW = 20_000
"""Up to so many breakpoints the plain kernel is quicker than loading the compiled one."""

NEAR = 1e-12
"""Relative error that A B may have in floating point (sums with a carry, renewed every 512 steps)."""

TIES = 64
"""Most intervals whose costs are told apart in exact arithmetic."""


def run(instance: Delivery, context: Context) -> None:
    """Report a first plan and Roundy's bound, then the optimum with itself as bound."""
    if not instance.cyclic:
        raise NotApplicableError("the menu form has frequencies instead of a base period: use delivery_menu")
    if context.start is not None:
        context.report(context.start)
    items = items_of(instance)
    lower, period = relaxation(items)
    every = _settled(items, period)
    context.report(_plan(instance, every))
    context.bound(lower * (1 - 1e-9))
    if context.stopped():
        return
    best, bound = enumerate_breakpoints(instance, items, every, context)
    context.report(_plan(instance, best))
    context.bound(bound)


def _settled(items: Items, period: float) -> Any:
    """Return multiples that are best for the base period that is best for them (Silver 1976, repeated)."""
    every = multiples(items, period)
    for _ in range(100):
        a, b = items.product(every)
        better = multiples(items, float(np.sqrt(a / b)))
        if np.array_equal(better, every):
            break
        every = better
    return every


def enumerate_breakpoints(instance: Delivery, items: Items, every: Any, context: Context) -> tuple[Any, float]:
    """Return the best multiples and a lower bound, which is their cost unless the breakpoints are too many.

    Below T = S/(U - E), with U the cost of a plan and E the sum of the parts' own least costs, no
    plan costs less than U, for S/T + E is a lower bound there.
    """
    a, b = items.product(every)
    upper, own = 2 * float(np.sqrt(a * b)), items.own()
    shortest = items.major / max(upper * (1 + 1e-9) - own, 1e-12 * upper)
    shortest, counts = _reach(items, shortest)
    rows = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    ratio = items.minor[rows] / items.half[rows] / (steps * (steps + 1.0))
    rows = rows[np.argsort(-ratio, kind="stable")]
    found = _walk(items, rows, context)
    first = np.where(items.fixed > 0, items.fixed, 1)
    candidates = [first + np.bincount(rows[:event], minlength=len(first)) for event in found] + [every]
    products = [_product(instance, candidate) for candidate in candidates]
    least = min(products)
    bound = _cost(least) if len(found) < TIES else _cost(least) * (1 - 1e-11)
    beyond = items.major / shortest + own
    return candidates[products.index(least)], bound if beyond >= bound * (1 - 1e-9) else min(bound, beyond * (1 - 1e-9))


def _reach(items: Items, shortest: float) -> tuple[float, Any]:
    """Return the shortest base period to look at and each part's breakpoints above it, at most `MOST` in all."""
    while True:
        ratio = np.where(items.fixed > 0, 0.0, items.minor / items.half / shortest**2)
        counts = np.floor(0.5 * np.sqrt(1 + 4 * ratio) - 0.5 + 1e-9)
        if counts.sum() <= MOST:
            return shortest, counts.astype(np.int64)
        shortest *= 1.5


def _walk(items: Items, rows: Any, context: Context) -> list[int]:
    """Return the intervals whose cost may be the least, by the number of breakpoints before them."""
    quick = len(rows) > FEW
    kernels = context.kernels(KERNELS) if quick else jit.plain(KERNELS)
    if not kernels.__name__.endswith(jit.SUFFIX):
        quick = False
    first = np.where(items.fixed > 0, items.fixed, 1)
    found = np.zeros(TIES, dtype=np.int64)
    best = 0.0
    for limit in (-1.0, None):
        given = [items.minor, items.half, first.copy(), rows]
        minor, half, every, order = given if quick else [column.tolist() for column in given]
        threshold = best * (1 + 4 * NEAR) if limit is None else limit
        best, noted = kernels.walk(items.major, minor, half, every, order, threshold, found)
    return [int(event) for event in found[: int(noted)]]


def _parts(instance: Delivery, every: Any) -> tuple[Fraction, Fraction]:
    """Return A and B exactly."""
    parts = instance.parts
    a, b = exact(instance.major_cost), Fraction(0)
    by_multiple: dict[int, Fraction] = {}
    for row, k in enumerate(every.tolist()):
        by_multiple[k] = by_multiple.get(k, Fraction(0)) + exact((parts.minor_cost or ())[row])
        b += k * exact(parts.holding_cost[row]) * exact(parts.demand[row]) / 2
    return a + sum((value / k for k, value in by_multiple.items()), Fraction(0)), b


def _product(instance: Delivery, every: Any) -> Fraction:
    a, b = _parts(instance, every)
    return a * b


def _cost(product: Fraction) -> float:
    """Return 2 sqrt(A B), rounded down."""
    value = 2 * _root(product)
    number = float(value)
    return number if Decimal(number) <= value else float(np.nextafter(number, 0.0))


def _root(value: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = 50
        return (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()


def _plan(instance: Delivery, every: Any) -> DeliveryPlan:
    """Return the plan with the best base period for these multiples, T = sqrt(A/B)."""
    a, b = _parts(instance, every)
    rows = [{"part": part, "every": k} for part, k in zip(instance.parts.part, every.tolist(), strict=True)]
    return DeliveryPlan.model_validate({"base_period": float(_root(a / b)), "deliveries": rows})
