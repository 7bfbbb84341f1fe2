"""The sources of random numbers of a value stream: one stream of numbers for each, in each replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.problems.variates import Distribution, draw
from jitopt.simulation.stream_network import column

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Sampler = Callable[[np.random.Generator, int], NDArray[np.float64]]

__all__ = ["Source", "bad_units", "chances", "counts", "lateness", "times_of"]


class Source(NamedTuple):
    """A source of random numbers.

    path: what it is for and in which row, the place of its stream. sample: draws so many numbers.
    """

    path: tuple[int, ...]
    sample: Sampler


def times_of(table: Any, place: int, name: str, mean: float, default: str = "deterministic") -> Sampler | None:
    """Return what draws the times whose shape stands in a row of a table; None where they are always their mean."""
    before = "" if name == "" else name + "_"
    kind = column(table, before + "distribution", default)[place]
    cv = column(table, before + "cv", 1.0)[place]
    if kind == "deterministic" or mean == 0 or (cv == 0 and kind not in ("exponential", "poisson")):
        return None
    distribution = Distribution(kind, mean, cv)
    return lambda generator, count: draw(distribution, generator, count)


def counts(distribution: Distribution) -> Sampler:
    """Quantities of a distribution, in whole units."""

    def sample(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        import numpy as np

        return np.rint(draw(distribution, generator, count))

    return sample


def chances() -> Sampler:
    """Numbers between 0 and 1, to be compared with a share."""
    return lambda generator, count: generator.random(count)


def lateness(share: float, distribution: Distribution) -> Sampler:
    """Times of which only a share is not 0."""

    def sample(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        import numpy as np

        # Pair by pair, so that the numbers do not depend on how many are drawn at once.
        pairs = [(generator.random(), draw(distribution, generator, 1)[0]) for _ in range(count)]
        return np.array([time if chance < share else 0.0 for chance, time in pairs], dtype=np.float64)

    return sample


def bad_units(units: int, share: float) -> Sampler:
    """Bad units among those of a container; a larger share never gives fewer from the same numbers."""

    def sample(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        import numpy as np
        from scipy.special import bdtr

        most = min(units, int(units * share + 12 * (units * share * (1 - share)) ** 0.5) + 12)
        ladder = bdtr(np.arange(most), units, share)
        return np.searchsorted(ladder, generator.random(count), side="right").astype(np.float64)

    return sample
