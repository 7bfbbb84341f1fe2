"""Confidence intervals: the bootstrap over instances, and over the seeds within each.

A resample draws as many instances as there are, with replacement; for each draw as many of its
seeds as it has, with replacement (Davison & Hinkley 1997, section 3.8). Every statistic here is a
weighted mean over cells (instance, seed), or a function of such means, so a resample is a row of
weights, and all of them are one product of matrices.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["cell_weights", "interval", "resampled_weights"]

LARGEST = 20_000_000
"""Most numbers in the matrix of weights; beyond it there are fewer resamples."""

LEAST = 200


def _blocks(instances: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the first and the behind-last cell of each instance; cells of an instance stand together."""
    edges = [i for i in range(len(instances)) if i == 0 or instances[i] != instances[i - 1]]
    return list(pairwise([*edges, len(instances)]))


def cell_weights(instances: Sequence[Hashable]) -> Floats:
    """Return the weight of each cell: every instance weighs the same, and so does every seed within it."""
    blocks = _blocks(instances)
    weights = np.zeros(len(instances))
    for first, end in blocks:
        weights[first:end] = 1.0 / (len(blocks) * (end - first))
    return weights


def resampled_weights(instances: Sequence[Hashable], resamples: int, seed: int) -> Floats | None:
    """Return a row of cell weights for each resample; None for fewer than two instances."""
    blocks = _blocks(instances)
    if len(blocks) < 2:
        return None
    rows = max(min(resamples, LARGEST // len(instances)), min(LEAST, resamples))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(blocks), np.full(len(blocks), 1.0 / len(blocks)), size=rows)
    weights = np.empty((rows, len(instances)))
    for number, (first, end) in enumerate(blocks):
        seeds = end - first
        if seeds == 1:
            weights[:, first] = drawn[:, number]
        else:
            picked = rng.multinomial(drawn[:, number] * seeds, np.full(seeds, 1.0 / seeds))
            weights[:, first:end] = picked / seeds
    return weights / len(blocks)


def interval(samples: Any, level: float) -> tuple[Any, Any]:
    """Return the percentile interval of resampled statistics, along the first axis."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(np.asarray(samples), [tail, 1.0 - tail], axis=0)
    return low, high
