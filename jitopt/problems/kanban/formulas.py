"""Card formulas in exact arithmetic: every number counts as the decimal it is written as.

All are base-stock levels divided by the quantity of a container (Monden, Toyota Production System).
Rational parts are fractions; square roots and normal quantiles are floats, and decimals of 80
digits where a float could not decide how to round: 100 x 2 x 1.1 / 20 is 11 cards, not 12.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CardCount",
    "Signal",
    "basic",
    "ceiling",
    "constant_cycle",
    "constant_quantity",
    "loss",
    "quantile",
    "safety_stock",
    "signal",
    "supplier_cycle",
]

Number = float | Fraction
"""A float counts as the decimal it is written as; a fraction as itself."""

DIGITS = 80
"""Digits of the decimals that decide where floats cannot."""

CLOSE = 1e-9
"""A float this near to a whole number, relative to its parts, is not trusted to tell the side."""

HALF = Fraction(1, 2)
NOTHING = 1e-290
"""An expected shortage below this is none [units]."""

SMALL = 2.0
"""Above this the loss function is computed by a continued fraction, without cancellation."""


@dataclass(frozen=True)
class CardCount:
    """A number of cards and where it comes from.

    cards: N. raw: what was rounded up (a float where a square root is in it). terms: units of each
    part of the need, by name.
    """

    cards: int
    raw: Fraction | float
    terms: Mapping[str, Fraction | float]


@dataclass(frozen=True)
class Signal:
    """A signal (triangle) kanban. trigger: containers left when the lot is asked for. most: largest stock [units]."""

    trigger: int
    most: Fraction


def _number(value: Number) -> Fraction:
    return value if isinstance(value, Fraction) else exact(value)


# --- the formulas ------------------------------------------------------------------------------


def basic(demand: Number, lead_time: Number, quantity: Number, safety: Number = 0) -> CardCount:
    """Return N = ceil(D L (1 + alpha) / Q), the Toyota formula.

    Parameters
    ----------
    demand
        D [units per time].
    lead_time
        L, time of a card to come back with a full container [the same time]. A demand per hour
        with a lead time in minutes gives sixty times too many cards.
    quantity
        Q [units per container].
    safety
        alpha, share of the demand during the lead time.

    Source: Monden, Toyota Production System, number of kanban.

    Examples
    --------
    >>> basic(100, 2, 20, 0.1).cards
    11
    """
    during = _number(demand) * _number(lead_time)
    return _count({"lead_time": during, "safety": during * _number(safety)}, quantity)


def constant_quantity(demand: Number, lead_time: Number, quantity: Number, stock: Number = 0) -> CardCount:
    """Return N = ceil((D L + SS) / Q): a card leaves with every container that is used.

    stock: safety stock SS [units], see `safety_stock`. The others as in `basic`.
    """
    return _count({"lead_time": _number(demand) * _number(lead_time), "safety": _number(stock)}, quantity)


def constant_cycle(
    demand: Number, lead_time: Number, interval: Number, quantity: Number, stock: Number = 0
) -> CardCount:
    """Return N = ceil((D (R + L) + SS) / Q): cards are collected at a fixed interval R.

    Monden: daily demand x (order interval + production lead time) + safety stock. With R the
    interval at which every part comes up, it is the lot-forming board (EPEI).
    """
    terms = {
        "interval": _number(demand) * _number(interval),
        "lead_time": _number(demand) * _number(lead_time),
        "safety": _number(stock),
    }
    return _count(terms, quantity)


def supplier_cycle(
    demand: Number, days: int, deliveries: int, later: int, quantity: Number, safety: Number = 0
) -> CardCount:
    """Return N = ceil(D (A (1 + C) / B + s) / Q), the supplier kanban of a delivery cycle A-B-C.

    Parameters
    ----------
    demand
        D [units per day].
    days, deliveries
        A and B: B deliveries every A days.
    later
        C: a card handed over at one delivery comes back with a full container C deliveries later.
    quantity
        Q [units per container].
    safety
        s [days].

    Source: Monden, Toyota Production System; it is `constant_cycle` with R = A / B and L = C R.
    """
    interval = Fraction(days, deliveries)
    need = _number(demand)
    terms = {"interval": need * interval, "lead_time": need * later * interval, "safety": need * _number(safety)}
    return _count(terms, quantity)


def signal(demand: Number, lead_time: Number, quantity: Number, lot: int, stock: Number = 0) -> Signal:
    """Return trigger r = ceil((D L + SS) / Q) and largest stock r Q + lot Q of a signal kanban.

    lot: containers made at once.
    """
    trigger = constant_quantity(demand, lead_time, quantity, stock).cards
    return Signal(trigger, (trigger + lot) * _number(quantity))


def safety_stock(service: float, variance: Fraction) -> float:
    """Return SS = z(service) sqrt(V) [units], V the variance of the demand during the lead time [units^2]."""
    return quantile(service) * math.sqrt(variance)


def _count(terms: Mapping[str, Fraction], quantity: Number) -> CardCount:
    raw = sum(terms.values(), Fraction(0)) / _number(quantity)
    return CardCount(math.ceil(raw), raw, terms)


# --- what is not rational ------------------------------------------------------------------------


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
    if not variance or service == 0.5:
        return math.ceil(rational / quantity)
    spread = math.sqrt(variance) / float(quantity)
    first = float(rational / quantity)
    raw = first + quantile(service) * spread
    if abs(raw - round(raw)) > CLOSE * max(1.0, first, spread):
        return math.ceil(raw)
    with localcontext() as context:
        context.prec = DIGITS
        root = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
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
