"""The tables and the state of a sourcing search, as flat arrays for the kernels of `sourcing_assign`.

What stands in a row of each table, and the two makes of a world: numpy records for compiled
kernels, Python lists and objects for plain ones.
"""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["NONE", "World", "objects", "records", "settings"]

NONE = 1 << 60
"""Stands for "no limit"."""


INT, FLOAT = np.int64, np.float64


def _dtype(ints: str, floats: str) -> np.dtype[Any]:
    return np.dtype([(name, INT) for name in ints.split()] + [(name, FLOAT) for name in floats.split()])


LINK = _dtype(
    "supplier part capacity least step ladder required fresh total offer",
    "price extra fixed order_cost least_share used_share most_share defects late",
)
"""fresh: 1 when not in the current award. extra: cost of defects and lateness per grid unit.
least: smallest order. step: orders are whole multiples of it. ladder: its first rung, -1 without.
total: ordered so far (state). offer: the links sorted by supplier; row i is unrelated to link i."""

PART = _dtype(
    "first last storage need least most links ordered stamp seen",
    "holding defects_most late_most scale cost short old_cost old_short",
)
"""first..last: its links. need: demand less initial stock. scale: weight of a missing grid unit."""

SUPPLIER = _dtype(
    "first last capacity ladder required links total goal spread shut stamp seen",
    "fixed charge value cost short old_cost old_short old_value",
)
"""first..last: its rows of link.offer. goal: volume whose price factor a greedy step assumes.
spread: volume over which it spreads the fixed cost `charge`. shut: 1 when not to be used."""

RUNG = _dtype("at last kind", "factor")
"""A price break. last: the end of its ladder. kind: 0 all-units, 1 incremental."""

CELL = _dtype("q best stamp logged old", "")
"""A link in a period (link * periods + period). q: the order. best: in the best plan. logged, old:
the changes of a move, a list of its own."""

SLOT = _dtype("demand stock", "")
"""A part in a period. stock: at the end of it."""

PAD = _dtype("lack room item", "key")
"""Scratch."""

TOP = _dtype(
    "periods parts suppliers links suppliers_least suppliers_most switches_most used switched random "
    "stamp log parts_seen suppliers_seen old_used old_switched breaches new_breaches loose listed shut into "
    "target iteration cycle cycle_start cycle_end cycle_length patience idle fresh given uphill infeasible "
    "saved done",
    "one scale cost short new_cost new_short weight weight_least heat noise best_cost last_cost",
)
"""Counts, limits and the state of the search; one row."""


class World(NamedTuple):
    """The tables and the state of a search. load: units of a supplier in a period."""

    link: Any
    part: Any
    supplier: Any
    rung: Any
    top: Any
    cell: Any
    slot: Any
    load: Any
    pad: Any


def settings(world: World, seed: int, cycle_length: int, patience: int) -> None:
    """Set the seed (any integer), the iterations of a cycle and the cycles in vain before the search ends."""
    top = world.top[0]
    top.random = 1 + (seed * 69621 + 12345) % (2**31 - 2)
    top.cycle_length, top.patience = cycle_length, patience


def objects(world: World) -> World:
    """Return the same world as Python lists and objects, in which the plain kernels run fastest."""

    def convert(table: Any) -> Any:
        names = table.dtype.names
        if names is None:
            return table.tolist()
        row = make_dataclass("Row", names, slots=True)
        return [row(*values) for values in table.tolist()]

    return World(*(convert(table) for table in world))


def records(rows: int, kind: np.dtype[Any]) -> Any:
    """Return an array of records, all 0 (at least one row, so that kernels see the type)."""
    return np.zeros(max(1, rows), kind).view(np.recarray)
