"""Layout of the two flat arrays, `ints` and `reals`, on which the kernels of the heijunka search work.

Small kernels call each other millions of times a second: two arrays are passed faster, and compile
faster, than fifty. Both begin with single entries; ``ints[BLOCK]`` is where a block begins in `ints`
or `reals`. Blocks are stored row after row.

Symbols: S slots, n products, U units that may move (box), E level items, R ratio rules. Product
row n is "nobody": it stands for the empty side of a move of a single unit, and its entries
are 0, so that such a move needs no case of its own. To the terms sequence and box are the same: a
move takes one unit of `lose` from slot a to a later slot b and one unit of `gain` back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Arrays", "Floats", "Ints"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GROUPS = 8
"""Kinds of maxima: rate, usage, ratio, changeover; each of |v| (even) and of v squared (odd)."""

# --- single entries of `ints` ---
SLOTS, PRODUCTS, BOX, CAPACITY, UNITS, FREES, ITEMS, RULES = range(8)
"""S, n, 1 for a box, most units in a slot, U, slots that may change, E, R."""
SQUARES, KIND, COLUMNS, CAP, PEAKS, REACHES, CHILLS, SAMPLES = range(8, 16)
"""1 if there are sums of squares; changeovers 0 not priced, 1 counted, 2 by pair; columns of COST; most moves,
-1 if neither runs, changeovers nor moves matter; 1 if there are maxima; lengths of the tables."""
HARD, BEST_HARD, MOVED, CHANGE, HOT, STEP, BEST_STEP, PROBE, SEED, SEED_2, PLANE, OUT, BACK = range(16, 29)
"""Amount by which hard rules are broken now and in the best plan; units that differ from the current plan and the
change of it by the move last evaluated; broken windows; steps done, and when the best plan was found; proposals
sampled (-1: none are); random seeds; rows x columns of COST; the
units of a box that a move takes from a to b and back (-1: none)."""
WHERE_ROW, WHERE_SLOT, STALE = range(29, 29 + 3 * GROUPS, GROUPS)
"""For each group: a cell that attains the maximum; 1 if the maximum has to be looked for again."""

# --- blocks of `ints`, entries that say where they begin ---
SEQUENCE, COUNT, LOAD, OPEN, FREE, CURRENT, BEST_PLAN = range(53, 60)
"""Product of each slot (sequence); units n+1 x S (box); units in each slot; 1 where a slot may change; the slots that
may; current plan: product of each slot, -1 beyond it (sequence), or units n+1 x S (box); best SEQUENCE or UNIT_SLOT."""
UNIT_SLOT, UNIT_PRODUCT, AFTER, BEFORE, HEAD = range(60, 65)
"""Of each movable unit of a box: slot, product, neighbours in the linked list of its slot; head of each list."""
FIRST, ITEM, FAMILY = range(65, 68)
"""Items of each product in compressed rows (n+2 starts, ascending items); 0 rate or 1 usage of each item."""
RULE, CARRY, WINDOW, PLACE, HOT_LIST = range(68, 73)
"""R x 3: at_most, in_any, 1 if hard; n+1 x R: 1 if a product carries the option; R x S: units in the window that
starts at a slot; R x S: its place in HOT_LIST, -1 if not broken; broken windows as r*S + s."""
RUN, ROW, COLUMN, REACH = range(73, 77)
"""n+1 x 4: spacing, longest run, shortest run, 1 if any binds; place of a product in COST; distances to draw from."""

# --- blocks of `reals` ---
METRIC, SLOPE, DEVIATION, AMOUNT, PRICE = range(77, 82)
"""n+1 x n+1: G, with which the sum of squares is the sum over s of y'Gy, y_i = X_is - d_i s/S; n+1 x S: G y; E x S: v
of each item with an absolute or maximum measure; quantity beside ITEM; E x 3: price of |v|, scales under maxima."""
RULE_PRICE, COST, CHILL, SAMPLE = range(82, 86)
"""R x 5: price of a broken window, of its excess, of the square; scales under maxima. 3 x rows x columns: price of a
changeover, its raw cost, its power. -log of uniform quantiles. Sizes of changes seen while probing."""
# --- work at stations: a single entry of `ints`, then blocks of `ints`, then one of `reals` ---
STATIONS, ROOM, MOVES_OF, START, STATION_PRICE = range(86, 91)
"""K stations; K: room r of each worker; K x n+1: its move a = p - takt by each product; K x S+1: where it starts, of
0..r. K x 3: price of a whole number of overload, of idle time, and of an overloaded unit."""
PRIOR = 91
"""The product built right before slot 1 of a sequence, the neighbour of slot 1 for changeovers; -1 without any."""
HEADER = 92

# --- single entries of `reals` ---
OBJECTIVE, BEST, WARMTH, COOLING, PENALTY, TARGET, SOFTEST, MOVE = range(8)
"""Objective with stand-ins for maxima, true objective of the best plan, temperature, its factor per 256 steps, price
of a broken unit, value that needs no improvement, least price of a broken unit, price of a move."""
WEIGHT, SCALE, TOTAL, SHIFT, TOP = range(8, 8 + 5 * GROUPS, GROUPS)
"""For each group: weight (0 absent), value at which a power is 1, sum of powers, its change by the move last evaluated,
the maximum."""
REALS_HEADER = 48


class Arrays:
    """The two flat arrays, with their blocks as shaped views."""

    def __init__(self, ints: Mapping[int, Any], reals: Mapping[int, Any]) -> None:
        """Lay out blocks, given by their content."""
        shapes: dict[int, tuple[int, ...]] = {}
        ends = []
        begin: dict[int, int] = {}
        for start, blocks in ((HEADER, ints), (REALS_HEADER, reals)):
            for block, content in blocks.items():
                shapes[block], begin[block] = np.shape(content), start
                start += int(np.size(content))
            ends.append(start)
        self.ints: Ints = np.zeros(ends[0], dtype=np.int64)
        self.reals: Floats = np.zeros(ends[1])
        self._views: dict[int, Any] = {}
        for flat, blocks in ((self.ints, ints), (self.reals, reals)):
            for block, content in blocks.items():
                self.ints[block] = begin[block]
                size = int(np.size(content))
                self._views[block] = flat[begin[block] : begin[block] + size].reshape(shapes[block])
                self._views[block][...] = content

    def __getitem__(self, block: int) -> Any:
        return self._views[block]

    def groups(self, entry: int) -> Any:
        """Return the entries of the eight groups of maxima that begin at `entry`."""
        held = self.ints if entry in (WHERE_ROW, WHERE_SLOT, STALE) else self.reals
        return held[entry : entry + GROUPS]
