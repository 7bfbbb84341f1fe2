"""Where the time goes in a line: sums of waits and work, station by station, in every replication."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jitopt.simulation._kernels.line import LANES
from jitopt.simulation._line_flat import flatten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from jitopt.simulation._line_flat import Flat
    from jitopt.simulation.line_paths import Paths

    Floats = NDArray[np.float64]

__all__ = ["Tally", "tally"]


class Tally(NamedTuple):
    """Sums of every replication, the last index.

    sums: [station, kind]; see the kernels. ends: moment at which each station has done its last job,
    [station]. window: time in which the counted orders came (0 in a line without orders). replications:
    how many were run before the time was over.
    """

    sums: Floats
    ends: Floats
    window: Floats
    replications: int


def tally(paths: Paths, chosen: Sequence[int], deadline: float | None = None) -> Tally:
    """Run a plan and add up where the time goes. deadline: begin no further replications after it (monotonic)."""
    flat = flatten(paths.line, [chosen], paths.size.length)

    def one(block: int) -> tuple[Floats, Floats, Floats] | None:
        if block and deadline is not None and time.monotonic() > deadline:
            return None
        return _block(paths, flat, block)

    found = paths.each(one)
    done = found.index(None) if None in found else len(found)
    sums, ends, window = (np.concatenate([block[k] for block in found[:done]], axis=-1) for k in range(3))
    count = sum(len(lanes) for lanes in paths.blocks[:done])
    return Tally(sums[..., :count], ends[..., :count], window[..., :count], count)


def _block(paths: Paths, flat: Flat, block: int) -> tuple[Floats, Floats, Floats]:
    line, size = paths.line, paths.size
    ring, (material, room, source, other, order) = flat.rings()[0], (column[0] for column in flat[:5])
    sums = np.zeros((len(order), 4, LANES))
    opened, closed = np.zeros(LANES), np.zeros(LANES)
    counted = size.warm_up if line.demand is not None else 0
    for first, times, ordered in paths.portions(block):
        if line.blocking == "after_service":
            paths.kernels.measure_buffers(times, first, material, room, source, other, order, ring, sums)
            continue
        paths.kernels.measure_cards(times, ordered, first, counted, material, room, source, other, order, ring, sums)
        if first < counted <= first + len(ordered):
            opened = ordered[counted - 1 - first].copy()
        closed = ordered[-1]
    shift = 0 if line.blocking == "after_service" else line.stations
    slot = (size.length - 1) & (flat.width - 1)
    return sums, ring[slot, shift : shift + line.stations].copy(), closed - opened
