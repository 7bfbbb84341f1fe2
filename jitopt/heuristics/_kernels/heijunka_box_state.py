"""What the kernels of `heijunka_box` work on: one record of arrays.

Symbols: S buckets, n products, P parts, K ratio rules. Quantities of a product are counted in its packs. Rows
of `row` are what a plan is priced by: the rates of n products, the uses of P parts, the windows of K rules,
changeovers of n products, volumes of S buckets, gaps of n products; then the broken rules of n products, S buckets,
K rules, and the moves of n products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Floats", "Ints"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RATE, USAGE, RATIO, CHANGEOVER, VOLUME, EPEI, HARD_PRODUCT, HARD_BUCKET, HARD_RULE, MOVES = range(10)
"""Families of rows; those from HARD_PRODUCT on have one value each."""
SUM_SQUARED, SUM_ABSOLUTE, MAX_SQUARED, MAX_ABSOLUTE, SUM_VIOLATED = range(5)
"""Columns of a row, as the measures."""

SLOTS, PRODUCTS, PARTS, RULES, FROZEN, CAPACITY, AVAILABLE, UNITS, CAP, MOVABLE, COVERED = range(11)
"""Entries of `entry`: S, n, P, K, frozen buckets, units and steps of time of a bucket (-1: no limit), D, most moves
(-1: no cap), packs that may move, 1 where there is a plan in force."""
PACK, MINUTES, SETUP, SPACING, LONGEST, SHORTEST, FIRST, DEMAND, RULED, DUE = range(10)
"""Columns of `product`: units of a pack, steps of time of a unit and of a changeover, spacing, longest and shortest
run, 1 if it needs a changeover in the first bucket, units to build, 1 if spacing or run lengths bind, 1 if it is due by
day."""
AT_MOST, IN_ANY, HARD, CARRY = range(4)
"""Columns of `rule`; from CARRY on 1 for each product with the option."""
BEGIN, PRICED = 18, 29
"""Entries of `entry`: where each family begins in `row`, with the end of the last; whether each is priced."""
PACKS, LEAST, DUE_BY, CURRENT, BEST_PACKS = range(5)
"""Layers of `grid`: packs of the plan, packs that must stay, units of a product that must be built by the end of a
bucket, units of the plan in force, packs of the best plan."""
LOAD, USED = range(2)
"""Layers of `bucket`: units, steps of time."""
WEIGHT = 5
"""Column of `row`, behind its values: its weight."""
PRICE, TOTAL = 0, 10
"""Where the families' prices and sums begin in `sums`."""
SEED, SEED_2, STEP, BEST_STEP, UNDOS, PROBE, HAS_BEST = range(11, 18)
"""Entries of `entry`: random seeds, steps done and when the best plan was found, rows changed by a move, proposals
sampled (-1: none are), 1 once there is a best plan."""
OBJECTIVE, BROKEN, BEST, BEST_BROKEN, WARMTH, COOLING, PENALTY, TARGET, MOVE_PRICE, MINUTE = range(10)
"""Entries of `level`: value and broken amount of the plan and of the best one, temperature and its factor per 256
steps, price of a broken unit, value that needs no improvement, price of a move, broken units of a step of time."""


class Box(NamedTuple):
    """An instance and a plan of it, in as few arrays as can be: each costs time when kernels call each other.

    entry, product (n x 10), rule (K x 3 + n), grid (5 x n x S), bucket (2 x S), sums (20 x 5), level: see the entries.
    bill (P x n + 1): units of a part in each product, and its use in all. unit (U): product of each pack that may
    move. waits: -log of uniform quantiles. use (P x S), held (K x S): parts used and units with an option in a
    bucket. row (rows x 6): values and weight. undo_row, undo: rows before the last move. sample: sizes of proposals.
    """

    entry: Ints
    product: Ints
    rule: Ints
    grid: Ints
    bucket: Ints
    held: Ints
    unit: Ints
    undo_row: Ints
    level: Floats
    sums: Floats
    bill: Floats
    use: Floats
    row: Floats
    undo: Floats
    waits: Floats
    sample: Floats
