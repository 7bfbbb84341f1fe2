"""What is not rational in the card formulas: quantiles, square roots, the loss function.

Floats, and decimals of 80 digits where a float could not decide how to round.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ceiling", "ceiling_of", "loss", "quantile", "safety_stock"]

DIGITS = 80
"""Digits of the decimals that decide where floats cannot."""

CLOSE = 1e-9
"""A float this near to a whole number, relative to its parts, is not trusted to tell the side."""

HALF = Fraction(1, 2)
NOTHING = 1e-290
"""An expected shortage below this is none [units]."""

SMALL = 2.0
"""Above this the loss function is computed by a continued fraction, without cancellation."""


def safety_stock(service: float, variance: Fraction) -> float:
    """Return SS = z(service) sqrt(V) [units], V the variance of the demand during the lead time [units^2]."""
    return quantile(service) * math.sqrt(variance)


def ceiling(rational: Fraction, service: float, variance: Fraction, quantity: Fraction) -> int:
    """Return ceil((A + z(service) sqrt(V)) / Q), decided exactly.

    A float decides unless it lies within `CLOSE` of a whole number; then decimals do.

    Parameters
    ----------
    rational
        A [units].
    service
        Probability in [0.5, 1).
    variance
        V [units^2].
    quantity
        Q [units].
    """
    return ceiling_of(rational, service, (variance,), quantity)


def ceiling_of(rational: Fraction, service: float, variances: Sequence[Fraction], quantity: Fraction) -> int:
    """Return ceil((A + z(service) (sqrt(V1) + sqrt(V2) + ...)) / Q), decided exactly; see `ceiling`."""
    if service == 0.5 or not any(variances):
        return math.ceil(rational / quantity)
    spread = sum(map(math.sqrt, variances)) / float(quantity)
    first = float(rational / quantity)
    raw = first + quantile(service) * spread
    if abs(raw - round(raw)) > CLOSE * max(1.0, first, spread):
        return math.ceil(raw)
    with localcontext() as context:
        context.prec = DIGITS
        root = sum(((Decimal(v.numerator) / Decimal(v.denominator)).sqrt() for v in variances), Decimal(0))
        base = Decimal(rational.numerator) / Decimal(rational.denominator)
        size = Decimal(quantity.numerator) / Decimal(quantity.denominator)
        return math.ceil((base + _quantile_digits(service) * root) / size)


@lru_cache(maxsize=1 << 12)
def quantile(service: float) -> float:
    """Return z with P(Z <= z) = service, Z standard normal, for a probability in [0.5, 1).

    Absolute error below 1e-14 (Wichura 1988, AS 241), taken at 1 - service, which is exact.
    """
    tail = 1 - exact(service)
    return 0.0 if tail == HALF else -NormalDist().inv_cdf(float(tail))


@lru_cache(maxsize=1 << 10)
def _quantile_digits(service: float) -> Decimal:
    """Return the quantile to more than 50 digits, by Newton's method."""
    with localcontext() as context:
        context.prec = DIGITS
        written = exact(service)
        goal = Decimal(written.numerator) / Decimal(written.denominator)
        found = Decimal(quantile(service))
        root = (2 * _pi()).sqrt()
        for _ in range(5):
            density = (-found * found / 2).exp() / root
            found -= (Decimal("0.5") + density * _series(found) - goal) / density
        return found


def _series(z: Decimal) -> Decimal:
    """Return z + z^3/3 + z^5/(3 5) + ...: (P(Z <= z) - 1/2) / density(z)."""
    term = total = z
    odd = 1
    while abs(term) > Decimal(10) ** -DIGITS:
        odd += 2
        term = term * z * z / odd
        total += term
    return total


@lru_cache(maxsize=1)
def _pi() -> Decimal:
    """Return pi, by the series of the arc tangent (Machin)."""

    def arc(inverse: int) -> Decimal:
        power, total, odd = Decimal(1) / inverse, Decimal(0), 1
        while abs(power) > Decimal(10) ** -(DIGITS + 5):
            total += power / odd if odd % 4 == 1 else -power / odd
            power /= inverse * inverse
            odd += 2
        return total

    return 4 * (4 * arc(5) - arc(239))


def loss(stock: Fraction, mean: Fraction, variance: Fraction) -> Fraction:
    """Return E[(X - stock)+], X normal of this mean and variance [units]; relative error below 1e-12.

    Less than `NOTHING` is 0. Exact without variance. Otherwise sd G(k), k = (stock - mean) / sd, with the loss function
    G(k) = density(k) - k P(Z > k); for k above `SMALL` from the continued fraction of the repeated
    integral of the error function's complement (Abramowitz & Stegun 7.2), which cancels nothing.
    """
    if not variance:
        return max(Fraction(0), mean - stock)
    sd = math.sqrt(variance)
    found = sd * _standard_loss(float(stock - mean) / sd)
    return Fraction(found) if found > NOTHING else Fraction(0)


def _standard_loss(k: float) -> float:
    """Return G(k) = E[(Z - k)+]."""
    if k <= SMALL:
        return math.exp(-k * k / 2) / math.sqrt(2 * math.pi) - k * math.erfc(k / math.sqrt(2)) / 2
    x = k / math.sqrt(2)
    ratio = 0.0
    first = second = 0.0
    for n in range(100, -1, -1):
        ratio = 1 / (2 * x + 2 * (n + 1) * ratio)
        first, second = ratio, first
    return math.sqrt(2 / math.pi) * math.exp(-x * x) * first * second
