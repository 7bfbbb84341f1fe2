"""Exchanges that make an almost feasible choice of columns fit, without compiled code: many at a time, by vectors.

The weighted sum of what limits are overfull by falls with every round. Columns are exchanged in the order of
relief per priced cost, as many as the sum falls by; where no exchange helps, the limits that are
overfull weigh more (Morris 1993, breakout).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from jitopt.heuristics._kanban_bound import loads_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._kanban_world import World

__all__ = ["relieve"]

Array = Any

ROUNDS = 80
"""Rounds at most."""

CANDIDATES = 60_000
"""Columns that are looked at: those whose priced cost lies least above their loop's."""

AT_ONCE = 64
"""Exchanges in a round, at most."""

HEAVIER = 2.0
"""Factor on the weight of a limit that stays overfull."""

LITTLE = 1e-3
"""Priced cost that an exchange counts as at least, in parts of the average."""


def relieve(world: World, choice: Array, above: Array, stopped: Callable[[], bool]) -> Array | None:
    """Return a choice near to `choice` that fits, None where none was found.

    above: by how much the priced cost of each column lies above the least of its loop.
    """
    over = (loads_of(world, choice) - world.room).astype(float)
    if len(above) > CANDIDATES:
        columns = np.sort(np.argpartition(above, CANDIDATES)[:CANDIDATES])
    else:
        columns = np.arange(len(above))
    shape = (len(world.cost), len(world.room))
    amounts = csr_matrix((world.amount.astype(float), world.limit, world.start), shape=shape)
    mine, loops = amounts[columns], world.loop[columns]
    least = LITTLE * float(above[columns].mean()) + 1e-12
    weight = 1.0 / np.maximum(world.room, 1.0)
    choice = choice.copy()
    for _ in range(ROUNDS):
        if not (over > 0).any():
            return choice if not (loads_of(world, choice) > world.room).any() else None
        if stopped():
            return None
        change = (mine - amounts[choice[loops]]).tocsr()
        gain = _gain(change, over, weight)
        dearer = np.maximum(above[columns] - above[choice[loops]], 0.0) + least
        taken = _best(gain / dearer, loops)
        taken, over = _as_far_as_it_helps(change, taken, over, weight)
        if len(taken):
            choice[loops[taken]] = columns[taken]
        else:
            weight = np.where(over > 0, HEAVIER * weight, weight)
    return None


def _gain(change: Any, over: Array, weight: Array) -> Array:
    """Return by how much the weighted overload falls with each exchange alone."""
    at = over[change.indices]
    falls = weight[change.indices] * (np.maximum(at, 0.0) - np.maximum(at + change.data, 0.0))
    rows = np.repeat(np.arange(change.shape[0]), np.diff(change.indptr))
    return np.bincount(rows, weights=falls, minlength=change.shape[0])


def _best(score: Array, loops: Array) -> Array:
    """Return the exchanges of the highest scores above 0, one of each loop, the best first."""
    good = np.flatnonzero(score > 0)
    if len(good) > 4 * AT_ONCE:
        good = good[np.argpartition(-score[good], 4 * AT_ONCE)[: 4 * AT_ONCE]]
    good = good[np.argsort(-score[good], kind="stable")]
    first = np.sort(np.unique(loops[good], return_index=True)[1])
    found: Array = good[first[:AT_ONCE]]
    return found


def _as_far_as_it_helps(change: Any, taken: Array, over: Array, weight: Array) -> tuple[Array, Array]:
    """Return as many of the exchanges, from the first, as make the weighted overload least, and the overload then."""
    if not len(taken):
        return taken, over
    after = over + np.cumsum(change[taken].toarray(), axis=0)
    sums = np.maximum(after, 0.0) @ weight
    least = int(np.argmin(sums))
    if sums[least] >= np.maximum(over, 0.0) @ weight:
        return taken[:0], over
    return taken[: least + 1], after[least]
