"""Random variates: distributions by name, and streams of numbers that a seed and a place fix.

Every stream of random numbers belongs to one source (a station, a demand, a delivery) in one
replication: `source(seed, 3, 7)` gives the same numbers whatever else is drawn, so that two
designs meet the same fate (common random numbers) and threads change nothing. Variates are drawn
here, never inside a kernel: so plain and compiled kernels see the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DISTRIBUTIONS", "LARGEST_CV", "Distribution", "draw", "fill", "source"]

DISTRIBUTIONS = ("deterministic", "exponential", "gamma", "lognormal", "uniform", "normal", "poisson")
"""Kinds of distributions. "normal" is cut at 0 (what falls below counts as 0, so its mean is a little
larger than asked for: by 0.4 % at cv 0.5, the largest it may have); "poisson" gives counts."""

LARGEST_CV = {"uniform": 3**-0.5, "normal": 0.5}
"""Coefficients of variation that a kind cannot have more of: a uniform time would be negative, a normal
one cut too often to keep its mean."""

SPREAD_GIVEN = ("deterministic", "exponential", "poisson")
"""Kinds whose spread follows from their mean; cv is not read."""


class Distribution(NamedTuple):
    """A distribution of times or quantities.

    kind: one of DISTRIBUTIONS. mean: in the unit of what is drawn, at least 0. cv: coefficient of
    variation, standard deviation over mean; not read for "deterministic" (0), "exponential" (1) and
    "poisson" (1 / sqrt(mean)).
    """

    kind: str
    mean: float
    cv: float = 1.0

    def variance(self) -> float:
        """Return the variance (that of "normal" before it is cut at 0)."""
        if self.kind == "deterministic":
            return 0.0
        if self.kind == "poisson":
            return self.mean
        return (self.mean * (1.0 if self.kind == "exponential" else self.cv)) ** 2


def source(seed: int, *path: int) -> np.random.Generator:
    """Return the stream of random numbers of one place.

    seed: of the whole sample, at least 0. path: numbers that name the place, such as (station,
    replication); streams of different paths are independent.
    """
    from numpy.random import SFC64, Generator, SeedSequence

    return Generator(SFC64(SeedSequence(entropy=seed, spawn_key=path)))


def fill(distribution: Distribution, generator: np.random.Generator, out: NDArray[np.float64]) -> None:
    """Draw variates into an array: the same as `draw` gives, without making one where that can be spared."""
    if distribution.kind == "exponential":
        generator.standard_exponential(out=out)
        if distribution.mean != 1.0:
            out *= distribution.mean
    else:
        out[...] = draw(distribution, generator, out.shape)


def draw(
    distribution: Distribution, generator: np.random.Generator, shape: int | tuple[int, ...]
) -> NDArray[np.float64]:
    """Draw variates as an array of floats of a shape.

    Raises
    ------
    InputError
        For a kind that is not in DISTRIBUTIONS, a negative mean or cv, or a cv above LARGEST_CV.
    """
    import numpy as np

    kind, mean, cv = distribution
    _check(distribution)
    if mean == 0 or kind == "deterministic" or (cv == 0 and kind not in SPREAD_GIVEN):
        return np.full(shape, mean)
    return np.asarray(_DRAWN[kind](generator, mean, cv, shape), dtype=np.float64)


def _check(distribution: Distribution) -> None:
    kind, mean, cv = distribution
    if kind not in DISTRIBUTIONS:
        raise InputError(f"a distribution must be one of {', '.join(DISTRIBUTIONS)}", value=kind)
    if not mean >= 0 or not cv >= 0:
        raise InputError("mean and cv of a distribution must be at least 0", value=f"mean {mean}, cv {cv}")
    if cv > LARGEST_CV.get(kind, cv):
        raise InputError(
            f"the cv of a {kind} distribution may be at most {LARGEST_CV[kind]:.4g}",
            value=cv,
            remedy="lower it, or take gamma or lognormal",
        )


def _exponential(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    drawn = generator.standard_exponential(shape)
    if mean != 1.0:
        drawn *= mean
    return drawn


def _gamma(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    drawn = generator.standard_gamma(cv**-2, shape)
    drawn *= mean * cv**2
    return drawn


def _lognormal(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    from math import log, sqrt

    spread = log(1 + cv**2)
    return generator.lognormal(log(mean) - spread / 2, sqrt(spread), shape)


def _uniform(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    reach = mean * cv * 3**0.5
    return generator.uniform(max(0.0, mean - reach), mean + reach, shape)


def _normal(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    drawn = generator.normal(mean, mean * cv, shape)
    return drawn.clip(0.0, None)


def _poisson(generator: np.random.Generator, mean: float, cv: float, shape: Any) -> Any:
    return generator.poisson(mean, shape)


_DRAWN: dict[str, Callable[[np.random.Generator, float, float, Any], Any]] = {
    "exponential": _exponential,
    "gamma": _gamma,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "normal": _normal,
    "poisson": _poisson,
}
