"""A heijunka box as arrays for `heijunka_box`, and the plan to begin with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._heijunka_flat import ENDLESS, bill_of, weights_of
from jitopt.heuristics._kernels import heijunka_box_state as at
from jitopt.heuristics._kernels.heijunka_box_state import Box, Ints
from jitopt.problems.heijunka import HeijunkaPlan

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.box import BoxData
    from jitopt.problems.heijunka.instance import RatioRule

__all__ = ["box_of", "constructed", "read", "shape"]

MEASURES = ("sum_squared", "sum_absolute", "max_squared", "max_absolute", "sum_violated")
TERMS = ("rate", "usage", "ratio", "changeover", "volume", "epei")


def box_of(instance: Heijunka) -> Box | None:
    """Return the arrays of an instance, with no plan in them yet; None where locks leave no plan."""
    data, slots, count = instance.box_data, instance.slots, len(instance.products.product)
    least = _least(instance, data)
    if least is None:
        return None
    packs = np.array(data.packs, dtype=np.int64)
    loose = np.array(instance.products.demand, dtype=np.int64) // packs - least.sum(axis=1)
    if (loose < 0).any():
        return None
    used = weights_of(instance)
    rules = _rules(instance, any(term == "ratio" for term, _ in used))
    bill, parts = bill_of(instance) if any(term == "usage" for term, _ in used) else (np.zeros((0, count)), np.zeros(0))
    price = np.array([[used.get((term, measure), 0.0) for measure in MEASURES] for term in TERMS])
    weights = [float(weight) for weight in instance.weights]
    gaps = [weight if demand else 0.0 for weight, demand in zip(weights, instance.products.demand, strict=True)]
    families: list[Any] = [
        weights,
        parts,
        [float(rule.weight) for rule in rules],
        np.ones(count),
        np.ones(slots),
        gaps,
    ]
    families += [np.ones(count), np.ones(slots), np.ones(len(rules)), np.ones(count)]
    available, minutes, setups, steps = data.whole_minutes()
    current = instance.current
    cap = -1 if current is None or current.at_most is None else current.at_most
    rows = sum(len(family) for family in families)
    due = _due(instance, data)
    product = [
        (
            data.packs[row],
            minutes[row],
            setups[row],
            instance.spacing_of(row),
            instance.longest_run_of(row) or ENDLESS,
            instance.shortest_run_of(row),
            int(data.changes_first(row)),
            instance.products.demand[row],
            _ruled(instance, row),
            due[row].any(),
        )
        for row in range(count)
    ]
    limit = -1 if data.available is None else available
    level = np.zeros(10)
    level[at.MOVE_PRICE] = current.price if current else 0.0
    level[at.MINUTE] = 2.0 ** round(-math.log2(max(1, *minutes, steps // 60)))
    size = (slots, count, len(bill), len(rules), instance.frozen, instance.capacity, limit, instance.units, cap)
    starts = np.cumsum([0, *(len(family) for family in families)])
    entries = [*size, loose.sum(), current is not None, *[0] * 7, *starts, *(bool(line.any()) for line in price)]
    grid = np.zeros((5, count, slots), dtype=np.int64)
    grid[at.LEAST], grid[at.DUE_BY], grid[at.CURRENT] = least, due, _current(instance)
    row = np.zeros((rows, 6))
    row[:, at.WEIGHT] = np.concatenate([np.asarray(family, dtype=float) for family in families])
    used_in_all = bill @ np.array(instance.products.demand, dtype=float)
    return Box(
        entry=np.array(entries, dtype=np.int64),
        product=np.array(product, dtype=np.int64).reshape(-1, 10),
        rule=np.array([_rule(rule, count) for rule in rules], dtype=np.int64).reshape(-1, at.CARRY + count),
        grid=grid,
        bucket=np.zeros((2, slots), dtype=np.int64),
        held=np.zeros((len(rules), slots), dtype=np.int64),
        unit=np.repeat(np.arange(count), loose),
        undo_row=np.zeros((rows + 10, 2), dtype=np.int64),
        level=level,
        sums=np.vstack((price, np.zeros((at.TOTAL - len(price), 5)), np.zeros((len(families), 5)))),
        bill=np.column_stack((bill, used_in_all)),
        use=np.zeros((len(bill), slots)),
        row=row,
        undo=np.zeros((rows + 10, 5)),
        waits=-np.log((np.arange(4096) + 0.5) / 4096),
        sample=np.zeros(1024),
    )


def _rule(rule: RatioRule, count: int) -> list[int]:
    return [rule.at_most, rule.in_any, int(rule.hard), *(int(row in rule.products) for row in range(count))]


def _rules(instance: Heijunka, priced: bool) -> list[RatioRule]:
    """Return the ratio rules that bind or are priced; a longer window than the horizon never fills."""
    return [
        rule
        for rule in instance.ratio_rules
        if rule.in_any <= instance.slots and (rule.hard or (priced and rule.weight)) and rule.products
    ]


def _least(instance: Heijunka, data: BoxData) -> Ints | None:
    """Return the packs that must be in each bucket; None where two locks, or a lock and a pack, contradict."""
    least = np.zeros((len(data.packs), instance.slots), dtype=np.int64)
    for s in range(instance.frozen):
        for row, units in (instance.current_slots or ())[s].items():
            if units % data.packs[row]:
                return None
            least[row, s] = units // data.packs[row]
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            row = instance.index[product]
            if position <= instance.frozen and not least[row, position - 1]:
                return None
            least[row, position - 1] = max(1, least[row, position - 1])
    return least


def _ruled(instance: Heijunka, row: int) -> bool:
    bounded = instance.longest_run_of(row) is not None
    return bounded or instance.spacing_of(row) > 1 or instance.shortest_run_of(row) > 1


def _due(instance: Heijunka, data: BoxData) -> Ints:
    due = np.zeros((len(data.packs), instance.slots), dtype=np.int64)
    for entry in data.dues:
        due[entry.row, entry.slot - 1] = entry.least
    return due


def _current(instance: Heijunka) -> Ints:
    current = np.zeros((len(instance.products.product), instance.slots), dtype=np.int64)
    for s, slot in enumerate(instance.current_slots or ()):
        for row, units in slot.items():
            current[row, s] = units
    return current


# --- the plan to begin with -----------------------------------------------------------------


def constructed(box: Box, dues_first: bool) -> Ints:
    """Build a plan bucket by bucket: volumes level, products in the order of their ideal places and due dates.

    Pack j of k has its ideal place at (2j - 1) S / 2k (Inman and Bulfin 1991), or earlier where it is due. A
    bucket takes packs in this order until it has its share of the units, or what the due dates ahead ask
    for, as far as capacity and minutes reach. What finds no place stands where most room is left.
    dues_first: the order is that of the due dates, ideal places where they are equal.
    """
    slots = int(box.entry[at.SLOTS])
    order = _order(box, dues_first)
    count = box.grid[at.LEAST].copy()
    pack, taken = box.product[:, at.PACK], np.zeros(len(order), dtype=bool)
    built = 0
    for s in range(int(box.entry[at.FROZEN]), slots):
        built += int((count[:, s] * pack).sum())
        waiting = np.flatnonzero(~taken)
        goal = _goal(box, order, waiting, s, built, count)
        for number in waiting:
            if built >= goal:
                break
            row = int(order[number, 0])
            if _fits(box, count, row, s):
                count[row, s] += 1
                taken[number] = True
                built += int(pack[row])
    for number in np.flatnonzero(~taken):
        row = int(order[number, 0])
        load = (count * pack[:, None]).sum(axis=0)
        load[: box.entry[at.FROZEN]] = np.iinfo(np.int64).max
        count[row, np.argmin(load)] += 1
    return count


def _order(box: Box, dues_first: bool) -> Ints:
    """Return product and last bucket (from 1) of each pack that may move, in the order in which to build them."""
    slots = int(box.entry[at.SLOTS])
    rows: list[tuple[tuple[float, float], int, int]] = []
    for row, (pack, demand) in enumerate(box.product[:, [at.PACK, at.DEMAND]].tolist()):
        packs, fixed = demand // pack, int(box.grid[at.LEAST, row].sum())
        needed = np.maximum.accumulate(box.grid[at.DUE_BY, row])
        for j in range(fixed + 1, packs + 1):
            late = np.flatnonzero(needed >= (j - 1) * pack + 1)
            last = int(late[0]) + 1 if len(late) else slots
            ideal = (2 * j - 1) * slots / (2 * packs)
            rows.append(((last, ideal) if dues_first else (min(ideal, last), ideal), row, last))
    rows.sort()
    return np.array([(row, last) for _, row, last in rows], dtype=np.int64).reshape(-1, 2)


def _goal(box: Box, order: Ints, waiting: Ints, s: int, built: int, count: Ints) -> float:
    """Return the units to have in the buckets up to s: those of a level line, or what is due ahead."""
    slots, units = int(box.entry[at.SLOTS]), int(box.entry[at.UNITS])
    frozen = int(box.entry[at.FROZEN])
    before = int((count[:, :frozen] * box.product[:, [at.PACK]]).sum())
    level = before + (units - before) * (s + 1 - frozen) / (slots - frozen) - 0.5
    goal, last = level, order[waiting, 1]
    sizes = box.product[order[waiting, 0], at.PACK]
    for end in np.unique(last[last < slots]).tolist():
        ahead = int(sizes[last <= end].sum())
        if end > s:
            goal = max(goal, built + ahead / (end - s))
    return float(goal)


def _fits(box: Box, count: Ints, row: int, s: int) -> bool:
    """Tell whether a pack of a product finds room and time in a bucket."""
    product = box.product
    load = int((count[:, s] * product[:, at.PACK]).sum()) + int(product[row, at.PACK])
    if load > box.entry[at.CAPACITY]:
        return False
    if box.entry[at.AVAILABLE] < 0:
        return True
    there = count[:, s] > 0
    there[row] = True
    new = there & (count[:, s - 1] == 0) if s else there & (product[:, at.FIRST] == 1)
    work = int((count[:, s] * product[:, at.PACK] * product[:, at.MINUTES]).sum())
    work += int(product[row, at.PACK] * product[row, at.MINUTES]) + int(product[new, at.SETUP].sum())
    return work <= int(box.entry[at.AVAILABLE])


def read(instance: Heijunka, box: Box, plan: HeijunkaPlan) -> Ints | None:
    """Return a plan as packs, None where it is not made of whole packs or leaves a lock."""
    units: Any = np.zeros(box.grid[at.PACKS].shape, dtype=np.int64)
    for row in plan.buckets or ():
        units[instance.index[row.product], row.bucket - 1] += int(row.quantity)
    pack = box.product[:, [at.PACK]]
    frozen, least = int(box.entry[at.FROZEN]), box.grid[at.LEAST]
    count: Ints = units // pack
    whole = (units % pack == 0).all() and (units.sum(axis=1) == box.product[:, at.DEMAND]).all()
    kept = (count >= least).all() and (count[:, :frozen] == least[:, :frozen]).all()
    return count if whole and kept else None


def shape(instance: Heijunka, box: Box, count: Ints) -> HeijunkaPlan:
    """Return packs as the plan they stand for."""
    ids, units = instance.products.product, count * box.product[:, [at.PACK]]
    slots, rows = np.nonzero(units.T)
    return HeijunkaPlan.model_validate(
        {
            "buckets": tuple(
                {"bucket": s + 1, "product": ids[row], "quantity": float(units[row, s])}
                for s, row in zip(slots.tolist(), rows.tolist(), strict=True)
            )
        }
    )
