"""Estimates from independent replications: a mean with the interval it lies in.

One value (or one numerator and one denominator) for each replication goes in; intervals are those of
Student's t. Sums are exact (`math.fsum`), so that the order of threads changes no digit.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LEVEL", "Estimate", "difference", "estimate", "ratio", "t_quantile"]

LEVEL = 0.95
"""Confidence level where none is asked for."""

SERIES = 1000
"""Up to so many degrees of freedom Student's t is summed exactly; above, its expansion about the normal
distribution is exact to 1e-11."""


class Estimate(NamedTuple):
    """A mean and its confidence interval, mean - half_width to mean + half_width.

    half_width is infinite where fewer than two replications tell nothing of the spread.
    """

    mean: float
    half_width: float
    level: float = LEVEL

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width

    def to_dict(self) -> dict[str, Any]:
        """Return mean, half_width and level; what is not a finite number is None."""
        return {name: value if math.isfinite(value) else None for name, value in self._asdict().items()}


def estimate(values: Iterable[float], level: float = LEVEL) -> Estimate:
    """Return the mean of one value for each replication, with its interval."""
    found = [float(value) for value in values]
    if not found:
        return Estimate(math.nan, math.inf, level)
    mean = math.fsum(found) / len(found)
    return Estimate(mean, _half_width((value - mean for value in found), len(found), level), level)


def ratio(numerators: Iterable[float], denominators: Iterable[float], level: float = LEVEL) -> Estimate:
    """Return the ratio of two means (parts over time, late over all), with its interval.

    Sum of the numerators over sum of the denominators; the interval is that of numerator - ratio x
    denominator over the replications, divided by the mean denominator (delta method).
    """
    above, below = [float(value) for value in numerators], [float(value) for value in denominators]
    total = math.fsum(below)
    if not above or total == 0:
        return Estimate(math.nan, math.inf, level)
    found = math.fsum(above) / total
    rests = [up - found * down for up, down in zip(above, below, strict=True)]
    return Estimate(found, _half_width(rests, len(rests), level) * len(rests) / abs(total), level)


def difference(first: Iterable[float], second: Iterable[float], level: float = LEVEL) -> Estimate:
    """Return the mean of first - second, replication by replication (common random numbers)."""
    return estimate([a - b for a, b in zip(first, second, strict=True)], level)


def _half_width(rests: Iterable[float], count: int, level: float) -> float:
    """Return the half width of the interval of a mean, from the differences to it."""
    if count < 2:
        return math.inf
    variance = math.fsum(rest * rest for rest in rests) / (count - 1)
    return t_quantile(count - 1, level) * math.sqrt(variance / count)


@lru_cache(maxsize=256)
def t_quantile(freedom: int, level: float) -> float:
    """Return t with P(|T| <= t) = level, T of Student's distribution; relative error below 1e-11.

    freedom: degrees of freedom, at least 1. level: above 0, below 1.
    """
    if not (freedom >= 1 and 0 < level < 1):
        raise ValueError("Student's t needs at least 1 degree of freedom and a level between 0 and 1")
    if freedom > SERIES:
        return _expanded(freedom, NormalDist().inv_cdf((1 + level) / 2))
    low, high = 0.0, math.pi / 2  # The angle whose tangent is t / sqrt(freedom).
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(freedom, middle) < level else (low, middle)
    return math.tan((low + high) / 2) * math.sqrt(freedom)


def _within(freedom: int, angle: float) -> float:
    """Return P(|T| <= t) for tan(angle) = t / sqrt(freedom): a finite sum for whole degrees of freedom."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * cosine * cosine
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _expanded(freedom: int, z: float) -> float:
    """Expand the quantile in powers of 1 / freedom (Cornish and Fisher), z being the normal one."""
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / freedom + g2 / freedom**2 + g3 / freedom**3 + g4 / freedom**4
