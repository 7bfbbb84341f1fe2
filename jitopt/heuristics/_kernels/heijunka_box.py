"""Kernels of `heijunka_box`, the walk: packs move between buckets, alone or in exchange for others.

Symbols as in `heijunka_box_state`. A proposal is made, scored, and taken back where it is not accepted. It is
accepted where it does not cost more, else with probability exp(-change / warmth), by a waiting time drawn from a
table; a broken unit costs `PENALTY`.
"""

from __future__ import annotations

from typing import Any

from jitopt.heuristics._kernels.heijunka_box_state import (
    BEST,
    BEST_BROKEN,
    BEST_PACKS,
    BEST_STEP,
    BROKEN,
    COOLING,
    FROZEN,
    HAS_BEST,
    LEAST,
    MOVABLE,
    OBJECTIVE,
    PACKS,
    PENALTY,
    PROBE,
    PRODUCTS,
    SEED,
    SEED_2,
    SLOTS,
    STEP,
    TARGET,
    WARMTH,
)  # fmt: skip
from jitopt.jit import in_place, inlined, twin

__all__ = ["begin", "improve", "keep"]

_score = twin("jitopt.heuristics._kernels.heijunka_box_score", __name__)
begin, change, rescore, take_back = _score.begin, _score.change, _score.rescore, _score.take_back

NEAR = 6
"""Farthest bucket of a near move."""


@inlined
def draw(box: Any, count: int) -> int:
    """Return a random number in 0..count-1: two multiplicative generators combined (L'Ecuyer 1988)."""
    first = box.entry[SEED] * 40014 % 2147483563
    second = box.entry[SEED_2] * 40692 % 2147483399
    box.entry[SEED], box.entry[SEED_2] = first, second
    return int((first + 2147483562 - second) % 2147483562 % count)


@inlined
def holder(box: Any, i: int) -> int:
    """Return a bucket with packs of product i that may move, from a random one onwards; -1 without any."""
    slots, frozen = box.entry[SLOTS], box.entry[FROZEN]
    s = frozen + draw(box, slots - frozen)
    for _ in range(slots - frozen):
        if box.grid[PACKS, i, s] > box.grid[LEAST, i, s]:
            return int(s)
        s = s + 1 if s + 1 < slots else frozen
    return -1


@inlined
def target(box: Any, s: int) -> int:
    """Return another bucket than s: near it, or any."""
    slots, frozen = box.entry[SLOTS], box.entry[FROZEN]
    if draw(box, 3):
        t = s + (1 + draw(box, NEAR)) * (1 if draw(box, 2) else -1)
        if frozen <= t < slots:
            return int(t)
    return int(frozen + draw(box, slots - frozen))


@inlined
def other(box: Any, i: int, t: int) -> int:
    """Return another product than i with packs in bucket t that may move, -1 if none is found."""
    for _ in range(8):
        j = box.unit[draw(box, box.entry[MOVABLE])]
        if j != i and box.grid[PACKS, j, t] > box.grid[LEAST, j, t]:
            return int(j)
    return -1


@in_place
def keep(box: Any) -> None:
    """Remember the plan as the best one where it is better."""
    if box.entry[HAS_BEST]:
        if box.level[BROKEN] > box.level[BEST_BROKEN]:
            return
        gain = box.level[BEST] - box.level[OBJECTIVE]
        if box.level[BROKEN] == box.level[BEST_BROKEN] and gain <= 1e-9 * (1.0 + abs(box.level[BEST])):
            return
    box.entry[HAS_BEST] = 1
    box.entry[BEST_STEP] = box.entry[STEP]
    box.level[BEST], box.level[BEST_BROKEN] = box.level[OBJECTIVE], box.level[BROKEN]
    for i in range(box.entry[PRODUCTS]):
        for s in range(box.entry[SLOTS]):
            box.grid[BEST_PACKS, i, s] = box.grid[PACKS, i, s]


@inlined
def accepted(box: Any, value: float, broken: float) -> bool:
    """Tell whether the plan is taken after one of this value and broken amount."""
    step = box.level[OBJECTIVE] - value + box.level[PENALTY] * (box.level[BROKEN] - broken)
    probe = box.entry[PROBE]
    if 0 <= probe < len(box.sample) and box.level[BROKEN] == broken:
        box.sample[probe] = abs(box.level[OBJECTIVE] - value)
        box.entry[PROBE] = probe + 1
    if step <= 0.0:
        return True
    return bool(step < box.level[WARMTH] * box.waits[draw(box, len(box.waits))])


@inlined
def propose(box: Any) -> None:
    """Propose one move, and take it back unless it is accepted."""
    i = box.unit[draw(box, box.entry[MOVABLE])]
    s = holder(box, i)
    if s < 0:
        return
    t = target(box, s)
    if s == t:
        return
    kind = draw(box, 8)
    packs = 1 if kind < 5 else box.grid[PACKS, i, s] - box.grid[LEAST, i, s]
    j, back = -1, 0
    if kind % 2:
        j = other(box, i, t)
        if j >= 0:
            back = 1 if kind < 5 else box.grid[PACKS, j, t] - box.grid[LEAST, j, t]
    value, broken = box.level[OBJECTIVE], box.level[BROKEN]
    change(box, i, s, t, packs)
    if j >= 0:
        change(box, j, t, s, back)
    rescore(box, i, j, s, t)
    if accepted(box, value, broken):
        keep(box)
        return
    take_back(box)
    if j >= 0:
        change(box, j, s, t, back)
    change(box, i, t, s, packs)
    box.level[OBJECTIVE], box.level[BROKEN] = value, broken


@in_place
def improve(box: Any, steps: int) -> None:
    """Make so many proposals, or until the target is reached."""
    for _ in range(steps):
        if box.level[BEST_BROKEN] == 0.0 and box.level[BEST] <= box.level[TARGET]:
            return
        box.entry[STEP] += 1
        if box.entry[STEP] % 256 == 0:
            box.level[WARMTH] *= box.level[COOLING]
        propose(box)
