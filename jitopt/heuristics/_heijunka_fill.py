"""Fill a plan into the arrays of the heijunka search: everything derived is computed from scratch.

A plan is held as one integer array: the product row of each slot (sequence, shape S), or the
units of each product in each bucket (box, shape n x S).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitopt.heuristics._heijunka_work import fill_work
from jitopt.heuristics._kernels import heijunka_state as at

if TYPE_CHECKING:
    from jitopt.heuristics._heijunka_flat import Flat
    from jitopt.heuristics._kernels.heijunka_state import Floats, Ints

__all__ = ["best_plan", "fill", "keep", "measure"]


def fill(flat: Flat, plan: Ints) -> None:
    """Put a plan on the board and compute every derived array, the broken amount and the objective."""
    ints, reals = flat.arrays.ints, flat.arrays.reals
    _place(flat, plan)
    counts = _counts(flat, plan)
    ints[at.CHANGE] = 0
    objective = _fill_level(flat, counts)
    hard, priced = _fill_ratio(flat, counts)
    broken, line = _fill_line(flat, counts, plan)
    ints[at.HARD] = hard + broken
    reals[at.OBJECTIVE] = objective + priced + line + fill_work(flat, plan) + _price_of(flat, _norms(flat))


def measure(flat: Flat, plan: Ints) -> tuple[int, float]:
    """Fill in a plan; return the amount by which it breaks hard rules and its true objective."""
    fill(flat, plan)
    ints, reals = flat.arrays.ints, flat.arrays.reals
    tops = _price_of(flat, flat.arrays.groups(at.TOP)) - _price_of(flat, _norms(flat))
    return int(ints[at.HARD]), float(reals[at.OBJECTIVE] + tops)


def keep(flat: Flat, plan: Ints) -> None:
    """Fill in a plan and make it the best so far."""
    ints, reals = flat.arrays.ints, flat.arrays.reals
    ints[at.BEST_HARD], reals[at.BEST] = measure(flat, plan)
    ints[at.BEST_STEP] = ints[at.STEP]
    flat.arrays[at.BEST_PLAN][:] = flat.arrays[at.UNIT_SLOT if flat.box else at.SEQUENCE]


def best_plan(flat: Flat) -> Ints:
    """Return the best plan so far."""
    best: Ints = flat.arrays[at.BEST_PLAN]
    if not flat.box:
        return best.copy()
    plan = flat.fixed.copy()
    np.add.at(plan, (flat.arrays[at.UNIT_PRODUCT], best), 1)
    return plan


def _place(flat: Flat, plan: Ints) -> None:
    """Put a plan on the board; chain the movable units of each bucket."""
    arrays = flat.arrays
    if not flat.box:
        arrays[at.SEQUENCE][:] = plan
        arrays[at.LOAD][:] = 1
        return
    arrays[at.COUNT][:-1] = plan
    arrays[at.LOAD][:] = plan.sum(axis=0)
    slot, product = np.nonzero((plan > flat.fixed).T)
    spare = (plan - flat.fixed)[product, slot]
    # Units come out in the order of their slots, so that a slot's units are a range.
    arrays[at.UNIT_PRODUCT][:] = np.repeat(product, spare)
    arrays[at.UNIT_SLOT][:] = slots = np.repeat(slot, spare)
    unit = np.arange(len(slots))
    first, last = (
        np.append(True, slots[1:] != slots[:-1])[: len(unit)],
        np.append(slots[1:] != slots[:-1], True)[: len(unit)],
    )
    arrays[at.BEFORE][:] = np.where(first, -1, unit - 1)
    arrays[at.AFTER][:] = np.where(last, -1, unit + 1)
    arrays[at.HEAD][:] = -1
    arrays[at.HEAD][slots[first]] = unit[first]


def _counts(flat: Flat, plan: Ints) -> Ints:
    """Return the units of each product in each slot."""
    if flat.box:
        return plan
    counts = np.zeros((flat.products, flat.slots), dtype=np.int64)
    counts[plan, np.arange(flat.slots)] = 1
    return counts


def _fill_level(flat: Flat, counts: Ints) -> float:
    """Compute slopes and deviations; return the price of sums."""
    arrays, n, slots = flat.arrays, flat.products, flat.slots
    slope, deviation = arrays[at.SLOPE], arrays[at.DEVIATION]
    if not slope.size and not deviation.size:
        return 0.0
    ideal = np.outer(flat.demand, np.arange(1, slots + 1))
    off: Floats = (np.cumsum(counts, axis=1) * slots - ideal) / slots
    objective = 0.0
    if slope.size:
        metric = arrays[at.METRIC][:n, :n]
        diagonal = np.diagonal(metric)
        alone = np.count_nonzero(metric) == np.count_nonzero(diagonal)
        slope[:n] = diagonal[:, None] * off if alone else metric @ off
        objective += float(np.sum(off * slope[:n]))
    if deviation.size:
        deviation[:] = flat.rows @ off
        size, price = np.abs(deviation), arrays[at.PRICE]
        objective += float(price[:, 0] @ size.sum(axis=1))
        for group in range(4):
            member = arrays[at.FAMILY] == group // 2
            _fill_peak(flat, group, size * (price[:, 1 + group % 2] * member)[:, None])
    return objective


def _fill_peak(flat: Flat, group: int, cells: Floats) -> None:
    """Set a maximum, where it is attained, scale and sum of powers of a group from its cells."""
    arrays = flat.arrays
    if arrays.groups(at.WEIGHT)[group] == 0:
        return
    where = int(np.argmax(cells)) if cells.size else 0
    top = float(cells.flat[where]) if cells.size else 0.0
    arrays.groups(at.TOP)[group] = top
    arrays.groups(at.WHERE_ROW)[group], arrays.groups(at.WHERE_SLOT)[group] = divmod(where, max(1, cells.shape[-1]))
    arrays.groups(at.STALE)[group] = 0
    scale = top if top > 0 else 1.0
    arrays.groups(at.SCALE)[group] = scale
    arrays.groups(at.TOTAL)[group] = float(np.sum((cells / scale) ** 16))


def _fill_ratio(flat: Flat, counts: Ints) -> tuple[int, float]:
    """Compute the windows and the list of broken ones; return (excess of hard rules, price of sums)."""
    arrays = flat.arrays
    window, place, rule = arrays[at.WINDOW], arrays[at.PLACE], arrays[at.RULE]
    arrays.ints[at.HOT] = 0
    if not len(rule):
        return 0, 0.0
    window[:] = 0
    place[:] = -1
    units = np.rint(arrays[at.CARRY][:-1].T.astype(float) @ counts).astype(np.int64)
    total = np.pad(np.cumsum(units, axis=1), ((0, 0), (1, 0)))
    for r, span in enumerate(rule[:, 1]):
        window[r, : flat.slots - span + 1] = total[r, span:] - total[r, : flat.slots - span + 1]
    excess = np.maximum(0, window - rule[:, :1])
    hot = np.flatnonzero(excess)
    arrays[at.HOT_LIST][: len(hot)] = hot
    place.reshape(-1)[hot] = np.arange(len(hot))
    arrays.ints[at.HOT] = len(hot)
    hard = rule[:, 2] == 1
    price = arrays[at.RULE_PRICE]
    sums = np.stack([np.sum(excess > 0, axis=1), excess.sum(axis=1), (excess**2).sum(axis=1)], axis=1)
    for group in (4, 5):
        # The scale under a maximum of squares is the root, so that the cell itself is squared.
        _fill_peak(flat, group, (price[:, group - 1] * ~hard)[:, None] * excess)
    return int(excess[hard].sum()), float(np.sum((price[:, :3] * sums)[~hard]))


def _fill_line(flat: Flat, counts: Ints, plan: Ints) -> tuple[int, float]:
    """Count breaches of runs and moves; return (broken amount, price of changeovers and moves)."""
    arrays = flat.arrays
    run, current, cap = arrays[at.RUN], arrays[at.CURRENT], arrays.ints[at.CAP]
    if cap < 0:
        return 0, 0.0
    broken = sum(_breaches(np.flatnonzero(counts[row]), run[row]) for row in np.flatnonzero(run[:-1, 3]))
    if flat.box:
        moved = int(np.maximum(0, plan - current[:-1]).sum())
    else:
        moved = int(np.sum((current >= 0) & (current != plan)))
    arrays.ints[at.MOVED] = moved
    price = float(arrays.reals[at.MOVE]) * moved
    if arrays.ints[at.KIND]:
        raw = _changes(flat, counts, plan, 1)
        for group in (6, 7):
            if arrays.groups(at.WEIGHT)[group]:
                _fill_peak(flat, group, raw)
                arrays[at.COST][2] = (arrays[at.COST][1] / arrays.groups(at.SCALE)[group]) ** 16
        price += float(_changes(flat, counts, plan, 0).sum())
    return broken + max(0, moved - int(cap)), price


def _changes(flat: Flat, counts: Ints, plan: Ints, plane: int) -> Floats:
    """Return the cost of each changeover, the one from what was built before slot 1 among them."""
    arrays = flat.arrays
    cost: Floats = arrays[at.COST][plane]
    if flat.box:
        there = counts > 0
        return np.full(int(np.sum(there[:, 1:] & ~there[:, :-1])), cost[0, 0])
    prior = arrays.ints[at.PRIOR]
    chain = np.append(prior, plan) if prior >= 0 else plan
    if arrays.ints[at.KIND] == 2:
        return cost[arrays[at.ROW][chain[:-1]], arrays[at.COLUMN][chain[1:]]]
    return np.full(int(np.sum(chain[1:] != chain[:-1])), cost[0, 0])


def _breaches(slots: Ints, run: Ints) -> int:
    """Return by how much a product's slots break its spacing and run lengths."""
    if not len(slots):
        return 0
    gaps = np.diff(slots)
    ends = np.flatnonzero(np.append(gaps != 1, True))
    runs = np.diff(np.append(-1, ends))
    spacing, longest, shortest = run[:3]
    found = np.maximum(0, spacing - gaps).sum() + np.maximum(0, runs - longest).sum()
    return int(found + np.maximum(0, shortest - runs).sum())


def _norms(flat: Flat) -> Floats:
    """Return the stand-in of each maximum, the 16-norm of its cells."""
    norms: Floats = np.maximum(0.0, flat.arrays.groups(at.TOTAL)) ** (1 / 16) * flat.arrays.groups(at.SCALE)
    return norms


def _price_of(flat: Flat, tops: Floats) -> float:
    """Return the price of maxima, or of what stands for them."""
    return float(np.sum(flat.arrays.groups(at.WEIGHT) * np.where(np.arange(at.GROUPS) % 2, tops**2, tops)))
