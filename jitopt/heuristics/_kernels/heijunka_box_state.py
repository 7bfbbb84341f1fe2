"""What the kernels of `heijunka_box` work on: one record of arrays.

Symbols: S buckets, n products, P parts, K ratio rules. Quantities of a product are counted in its packs. Rows
of `val` are what a plan is priced by: the rates of n products, the uses of P parts, the windows of K rules,
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

SLOTS, PRODUCTS, PARTS, RULES, FROZEN, CAPACITY, AVAILABLE, UNITS, CAP, MOVABLE = range(10)
"""Entries of `size`: S, n, P, K, frozen buckets, units and steps of time of a bucket (-1: no limit), D, most moves
(-1: no cap), packs that may move."""
PACK, MINUTES, SETUP, SPACING, LONGEST, SHORTEST, FIRST, DEMAND, RULED, DUE = range(10)
"""Columns of `product`: units of a pack, steps of time of a unit and of a changeover, spacing, longest and shortest
run, 1 if it needs a changeover in the first bucket, units to build, 1 if spacing or run lengths bind, 1 if it is due by
day."""
AT_MOST, IN_ANY, HARD = range(3)
"""Columns of `rule`."""
SEED, SEED_2, STEP, BEST_STEP, UNDOS, PROBE, HAS_BEST = range(7)
"""Entries of `state`: random seeds, steps done and when the best plan was found, rows changed by a move, proposals
sampled (-1: none are), 1 once there is a best plan."""
OBJECTIVE, BROKEN, BEST, BEST_BROKEN, WARMTH, COOLING, PENALTY, TARGET, MOVE_PRICE, MINUTE = range(10)
"""Entries of `level`: value and broken amount of the plan and of the best one, temperature and its factor per 256
steps, price of a broken unit, value that needs no improvement, price of a move, broken units of a step of time."""


class Box(NamedTuple):
    """An instance and a plan of it.

    size, product (n x 10), rule (K x 3): see the entries. due (n x S): units of a product that must be built by the
    end of a bucket. least (n x S): packs that must stay. carry (K x n): 1 where a product has the option of a rule.
    bill (P x n): units of a part. ideal (P): use of a part in all. current (n x S): units of the plan in force,
    first entry -1 without one. first (11): where the families begin in `val`. weight: of each row. price (6 x 5),
    priced (6): of the families' measures, and whether there is any. unit (U): product of each pack that may move.
    waits: -log of uniform quantiles. packs (n x S): the plan. load, used (S): units and steps of time in a bucket.
    use (P x S), held (K x S): parts used and units with an option in a bucket. val (rows x 5), total (10 x 5):
    values, and their sums by family. undo_row, undo: rows before the last move. best (n x S): packs of the best
    plan. sample: sizes of proposals.
    """

    size: Ints
    product: Ints
    rule: Ints
    due: Ints
    least: Ints
    carry: Ints
    bill: Floats
    ideal: Floats
    current: Ints
    first: Ints
    weight: Floats
    price: Floats
    priced: Ints
    unit: Ints
    waits: Floats
    state: Ints
    level: Floats
    packs: Ints
    load: Ints
    used: Ints
    use: Floats
    held: Ints
    val: Floats
    total: Floats
    undo_row: Ints
    undo: Floats
    best: Ints
    sample: Floats
