"""Formulas of delivery cycles and their cards, in exact arithmetic.

A supplier that brings B deliveries every A days, each replenishing the cards collected C
deliveries before, has the cycle A-B-C (Monden, Toyota Production System, supplier kanban). A card
must cover the demand until its containers are back: A (1 + C)/B days. What is irrational (the
quantile of the normal distribution, a square root) is computed with 50 digits, so that rounding up
is decided beyond any doubt of floating point.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil
from statistics import NormalDist

__all__ = ["cards", "cover", "cycle", "mean_stock", "quantile", "spread"]

DIGITS = 50
"""Digits of the irrational values; their relative error is below 1e-40."""

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def cycle(lead_time: Fraction, days: int, deliveries: int) -> int:
    """Return C = ceil(L B/A): how many deliveries after its card a container arrives.

    lead_time: L, from the card's collection to the truck's arrival [days]. days: A. deliveries: B.
    """
    return ceil(lead_time * deliveries / days)


def cover(days: int, deliveries: int, later: int) -> Fraction:
    """Return A (1 + C)/B, the days that the cards must cover [days]."""
    return Fraction(days * (1 + later), deliveries)


@lru_cache(maxsize=256)
def quantile(service: Fraction) -> Decimal:
    """Return z with P(Z <= z) = service for a standard normal Z; service from 0.5 to below 1.

    Newton's method from the double-precision value, on the series
    P(Z <= z) = 1/2 + phi(z) (z + z^3/3 + z^5/(3 5) + ...), Abramowitz and Stegun (1964) 26.2.11.
    """
    if service == Fraction(1, 2):
        return Decimal(0)
    with localcontext() as context:
        context.prec = 2 * DIGITS
        wanted = Decimal(service.numerator) / Decimal(service.denominator)
        z = Decimal(NormalDist().inv_cdf(float(service)))
        for _ in range(4):
            density = (-z * z / 2).exp() / (2 * PI).sqrt()
            term = total = z
            odd = 1
            while term > total.scaleb(-DIGITS - 5):
                odd += 2
                term *= z * z / odd
                total += term
            z -= (Decimal("0.5") + density * total - wanted) / density
        return z


def spread(demand_sd: Fraction, service: Fraction | None, covered: Fraction) -> Fraction:
    """Return the safety stock against uneven demand, z sigma sqrt(P) [units].

    demand_sd: sigma [units per square root of a day]. service: the probability that stock lasts
    until the next containers; None: no such stock. covered: P, the days to cover.
    """
    if service is None or not demand_sd or service == Fraction(1, 2):
        return Fraction(0)
    with localcontext() as context:
        context.prec = DIGITS
        variance = demand_sd * demand_sd * covered
        root = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        return Fraction(quantile(service) * root)


def cards(demand: Fraction, pack: Fraction, covered: Fraction, safety: Fraction, uneven: Fraction) -> int:
    """Return N = ceil((D (P + s) + z sigma sqrt(P))/Q), the cards of a part.

    demand: D [units/day]. pack: Q [units per container]. covered: P [days]. safety: s [days].
    uneven: the value of `spread` [units].
    """
    return ceil((demand * (covered + safety) + uneven) / pack)


def mean_stock(demand: Fraction, days: int, deliveries: int, safety: Fraction, uneven: Fraction) -> Fraction:
    """Return D A/(2 B) + D s + z sigma sqrt(P): half a delivery and the safety stock [units]."""
    return demand * (Fraction(days, 2 * deliveries) + safety) + uneven
