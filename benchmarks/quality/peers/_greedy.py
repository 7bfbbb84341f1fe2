"""Shared limits by hand: start with the cheapest of every loop and change one loop after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

__all__ = ["Row", "repaired"]


class Row(NamedTuple):
    """A loop with cards of a container: what they cost in the sample and take of each limit."""

    loop: str
    container: str
    cards: int
    cost: float
    takes: list[float]


def repaired(capacities: list[Fraction], rows: list[Row], stopped: Callable[[], bool]) -> list[Row]:
    """Return the cheapest row of each loop, changed one by one until the limits hold, then cheapened where they let.

    Each change is the one that relieves most for its money. Empty where no change relieves any more.
    """
    import numpy as np

    owner, cost = np.unique([r.loop for r in rows], return_inverse=True)[1], np.array([r.cost for r in rows])
    capacity = np.array([float(c) for c in capacities])
    takes = np.array([row.takes for row in rows]).reshape(len(rows), len(capacity))
    order = np.lexsort((cost, owner))
    chosen = order[np.unique(owner[order], return_index=True)[1]]
    while not stopped():
        load = takes[chosen].sum(axis=0)
        dearer = cost - cost[chosen][owner]
        after = load - takes[chosen][owner] + takes
        now, over = (((x - capacity).clip(0.0) / capacity.clip(1e-9)).sum(axis=-1) for x in (load, after))
        relief = now - over
        worth = (
            np.where(relief > 1e-12, relief / dearer.clip(1e-9), 0.0) if now > 0 else np.where(over > 0, 0.0, -dearer)
        )
        best = int(worth.argmax())
        if worth[best] <= 1e-12:
            return [] if now > 0 else [rows[number] for number in chosen]
        chosen[owner[best]] = best
    return [rows[number] for number in chosen]
