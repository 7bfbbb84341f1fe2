"""Statistics of simulated runs: means with intervals over replications, and the end of the warm-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.estimates import LEVEL, Estimate, difference, estimate, ratio, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEVEL", "Estimate", "difference", "estimate", "ratio", "t_quantile", "warm_up"]

BATCH = 5
"""Observations averaged into one before the rule looks at them (MSER-5)."""


def warm_up(series: Sequence[float] | NDArray[np.float64]) -> int:
    """Return how many of the first observations of a run to leave out (MSER-5).

    The cut that minimises the marginal standard error of what is left, looked for in the first half of
    the run: the variance of the means of five, over their number. Rows of a two-dimensional series are
    replications, averaged first. 0 for a run too short to tell.
    """
    import numpy as np

    values = np.asarray(series, dtype=np.float64)
    if values.ndim == 2:
        values = values.mean(axis=0)
    count = len(values) // BATCH
    if count < 4:
        return 0
    batches = values[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    batches = batches - batches.mean()  # The sums of squares below lose no digits to a large mean.
    left = np.arange(count, 0, -1)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum((batches * batches)[::-1])[::-1]
    error = (squares - sums * sums / left) / left**2
    return int(np.argmin(error[: count // 2 + 1])) * BATCH
