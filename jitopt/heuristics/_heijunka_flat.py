"""A heijunka instance as flat arrays, the ground of the local search.

The blocks are explained in `kernels/heijunka_state.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitopt.heuristics import _heijunka_work as work
from jitopt.heuristics._kernels import heijunka_state as at
from jitopt.heuristics._kernels.heijunka_state import Arrays, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.heijunka import Heijunka

__all__ = ["ENDLESS", "Flat", "Weights", "bill_of", "flatten", "locks_of", "weights_of"]

ENDLESS = 10**9
"""A run length or a cap that binds nothing."""

Weights = dict[tuple[str, str], float]
"""Weight of each (term, measure) of the objective that counts."""


class Flat(NamedTuple):
    """An instance with n products and S slots as arrays.

    demand (n). slots S, capacity c, box, frozen: as in the instance. locked (S): product row that a
    slot of a sequence must build, -1 free. fixed (n, S): units that must be in a bucket. rows (E, n):
    units of each level item in each product. guide (n, n): metric of all level terms taken as
    squares, for construction. arrays: what the kernels work on.
    """

    demand: Ints
    slots: int
    capacity: int
    box: bool
    frozen: int
    locked: Ints
    fixed: Ints
    rows: Floats
    guide: Floats
    arrays: Arrays

    @property
    def products(self) -> int:
        """Number of products n."""
        return len(self.demand)


def flatten(instance: Heijunka) -> Flat:
    """Bring an instance into arrays.

    Raises
    ------
    ValueError
        If a lock contradicts another, so that there is no plan.
    """
    locked, fixed = locks_of(instance)
    weights = weights_of(instance)
    level, rows, guide = _level(instance, weights)
    arrays = _layout(instance, weights, level, _open(instance, locked), int(fixed.sum()))
    return Flat(
        demand=np.array(instance.products.demand, dtype=np.int64),
        slots=instance.slots,
        capacity=instance.capacity,
        box=instance.box is not None,
        frozen=instance.frozen,
        locked=locked,
        fixed=fixed,
        rows=rows,
        guide=guide,
        arrays=arrays,
    )


def weights_of(instance: Heijunka) -> Weights:
    """Return the weight of each term and measure that counts."""
    return {(term.term, term.measure): float(term.weight) for term in instance.objective if term.weight > 0}


def locks_of(instance: Heijunka) -> tuple[Ints, Ints]:
    """Return what must be built where: product row of each position, or units in each bucket."""
    n, slots = len(instance.products.demand), instance.slots
    known = instance.current_slots or ()
    places = list(zip(instance.fixed.position, instance.fixed.product, strict=True)) if instance.fixed else []
    rows = [(position - 1, instance.index[product]) for position, product in places]
    locked = np.full(slots, -1, dtype=np.int64)
    if instance.box is None:
        frozen = [(s, next(iter(known[s]))) for s in range(instance.frozen)]
        for s, row in frozen + rows:
            if locked[s] not in (-1, row):
                raise ValueError("two products are locked into one slot")
            locked[s] = row
        return locked, np.zeros((0, 0), dtype=np.int64)
    fixed = np.zeros((n, slots), dtype=np.int64)
    for s in range(instance.frozen):
        for row, quantity in known[s].items():
            fixed[row, s] = quantity
    for s, row in rows:
        if s < instance.frozen and fixed[row, s] == 0:
            raise ValueError("a product is fixed in a frozen bucket that does not build it")
        fixed[row, s] = max(1, fixed[row, s])
    return locked, fixed


def _open(instance: Heijunka, locked: Ints) -> Ints:
    """Return 1 for each slot that may change."""
    openness = (locked < 0).astype(np.int64)
    openness[: instance.frozen] = 0
    return openness


def _layout(
    instance: Heijunka, weights: Weights, level: tuple[dict[int, Any], dict[int, Any]], openness: Ints, fixed: int
) -> Arrays:
    """Put all blocks together and set the single entries that never change."""
    n, slots, box = len(instance.products.demand), instance.slots, instance.box is not None
    units = instance.units - fixed if box else 0
    free = np.flatnonzero(openness)
    ratio_ints, ratio_reals = _ratio(instance, weights)
    line_ints, line_reals, kind = _line(instance, weights)
    work_ints, work_reals = work.blocks(instance, weights)
    per_unit, per_slot = np.zeros(units), np.zeros(slots)
    ints: dict[int, Any] = {
        at.SEQUENCE: per_slot if not box else per_slot[:0],
        at.COUNT: np.zeros((n + 1, slots if box else 0)),
        at.LOAD: per_slot,
        at.OPEN: openness,
        at.FREE: free,
        at.BEST_PLAN: per_unit if box else per_slot,
        at.UNIT_SLOT: per_unit,
        at.UNIT_PRODUCT: per_unit,
        at.AFTER: per_unit - 1,
        at.BEFORE: per_unit - 1,
        at.HEAD: per_slot - 1,
        at.REACH: _reach(instance),
    }
    reals: dict[int, Any] = {at.CHILL: -np.log((np.arange(4096) + 0.5) / 4096), at.SAMPLE: np.zeros(1024)}
    ints |= level[0] | ratio_ints | line_ints | work_ints
    arrays = Arrays(ints, reals | level[1] | ratio_reals | line_reals | work_reals)
    entries = arrays.ints
    entries[: at.FREES + 1] = slots, n, box, instance.capacity, units, len(free)
    entries[at.ITEMS], entries[at.RULES] = len(arrays[at.FAMILY]), len(arrays[at.RULE])
    entries[at.STATIONS] = len(arrays[at.ROOM])
    entries[at.SQUARES] = int(arrays[at.SLOPE].size > 0)
    entries[at.KIND], entries[at.COLUMNS] = kind, arrays[at.COST].shape[2]
    entries[at.PRIOR] = instance.previous_rows[-1] if instance.previous and not box else -1
    entries[at.PLANE] = arrays[at.COST][0].size
    entries[at.REACHES], entries[at.CHILLS], entries[at.SAMPLES] = (
        len(arrays[block]) for block in (at.REACH, at.CHILL, at.SAMPLE)
    )
    _single(instance, weights, arrays)
    return arrays


def _single(instance: Heijunka, weights: Weights, arrays: Arrays) -> None:
    """Set cap and price of moves, and the weights of the maxima."""
    current = instance.current
    arrays.ints[at.CAP] = -1
    if arrays[at.RUN][:, 3].any() or arrays.ints[at.KIND] or current is not None:
        arrays.ints[at.CAP] = ENDLESS if current is None or current.at_most is None else current.at_most
    arrays.reals[at.MOVE] = float(current.price) if current else 0.0
    names = [(term, odd) for term in ("rate", "usage", "ratio", "changeover") for odd in ("absolute", "squared")]
    arrays.groups(at.WEIGHT)[:] = [weights.get((term, f"max_{odd}"), 0.0) for term, odd in names]
    arrays.groups(at.SCALE)[:] = 1.0
    arrays.ints[at.PEAKS] = int(arrays.groups(at.WEIGHT).any())
    arrays.ints[at.PROBE] = -1


def bill_of(instance: Heijunka) -> tuple[Floats, Floats]:
    """Return quantities b (parts, n) and weights of the parts."""
    parts = list(instance.usage.values())
    bill = np.zeros((len(parts), len(instance.products.demand)))
    for part, (_, users) in enumerate(parts):
        for row, quantity in users:
            bill[part, row] = float(quantity)
    return bill, np.array([float(weight) for weight, _ in parts])


def _level(instance: Heijunka, weights: Weights) -> tuple[tuple[dict[int, Any], dict[int, Any]], Floats, Floats]:
    """Return the blocks of the rate and usage terms, the items and the guide; see `Flat`."""
    n, slots = len(instance.products.demand), instance.slots
    metric, guide = np.zeros((n + 1, n + 1)), np.zeros((n, n))
    rows, price, family = [np.zeros((0, n))], [np.zeros((0, 3))], [np.zeros(0)]
    tables = {
        "rate": (np.eye(n), np.array([float(weight) for weight in instance.weights])),
        "usage": bill_of(instance),
    }
    for number, (term, (bill, importance)) in enumerate(tables.items()):
        squares = weights.get((term, "sum_squared"), 0.0)
        others = [weights.get((term, kind), 0.0) for kind in ("sum_absolute", "max_absolute", "max_squared")]
        if squares or any(others):
            norm = np.diag(importance) if term == "rate" else (bill.T * importance) @ bill
            metric[:n, :n] += squares * norm
            guide += (squares + sum(others)) * norm
        if any(others):
            rows.append(bill)
            price.append(np.column_stack((others[0] * importance, importance, np.sqrt(importance))))
            family.append(np.full(len(bill), number))
    items = np.concatenate(rows)
    product, item = np.nonzero(items.T)
    starts = np.cumsum(np.bincount(product, minlength=n + 1))
    ints = {at.FIRST: np.append(0, starts), at.ITEM: item, at.FAMILY: np.concatenate(family)}
    reals = {
        at.METRIC: metric,
        at.SLOPE: np.zeros((n + 1 if metric.any() else 0, slots)),
        at.DEVIATION: np.zeros((len(items), slots)),
        at.AMOUNT: items[item, product],
        at.PRICE: np.concatenate(price),
    }
    return (ints, reals), items, guide


def _ratio(instance: Heijunka, weights: Weights) -> tuple[dict[int, Any], dict[int, Any]]:
    """Return the blocks of the ratio rules that bind or are priced; a longer window than the horizon never fills."""
    sums = [weights.get(("ratio", f"sum_{kind}"), 0.0) for kind in ("violated", "absolute", "squared")]
    priced = any(sums) or any(("ratio", kind) in weights for kind in ("max_absolute", "max_squared"))
    slots = instance.slots
    rules = [
        rule
        for rule in instance.ratio_rules
        if rule.in_any <= slots and rule.products and (rule.hard or (priced and rule.weight))
    ]
    carry = np.zeros((len(instance.products.demand) + 1, len(rules)))
    for r, rule in enumerate(rules):
        carry[list(rule.products), r] = 1
    weight = np.array([float(rule.weight) for rule in rules]).reshape(-1, 1)
    ints = {
        at.RULE: np.array([(rule.at_most, rule.in_any, int(rule.hard)) for rule in rules]).reshape(-1, 3),
        at.CARRY: carry,
        at.WINDOW: np.zeros((len(rules), slots)),
        at.PLACE: np.full((len(rules), slots), -1),
        at.HOT_LIST: np.zeros(len(rules) * slots),
    }
    return ints, {at.RULE_PRICE: np.hstack((weight * np.array(sums), weight, np.sqrt(weight)))}


def _line(instance: Heijunka, weights: Weights) -> tuple[dict[int, Any], dict[int, Any], int]:
    """Return the blocks of runs, changeovers and current plan, and the kind of changeovers."""
    n = len(instance.products.demand)
    run = np.tile((1, ENDLESS, 1, 0), (n + 1, 1))
    for row in range(n):
        spacing, shortest = instance.spacing_of(row), instance.shortest_run_of(row)
        longest = instance.longest_run_of(row)
        binds = spacing > 1 or longest is not None or shortest > 1
        run[row] = min(spacing, instance.slots + 1), longest or ENDLESS, shortest, binds
    kind, places, cost = _changeover(instance, weights)
    ints = {at.RUN: run, at.ROW: places[0], at.COLUMN: places[1], at.CURRENT: _current(instance)}
    return ints, {at.COST: cost}, kind


def _changeover(instance: Heijunka, weights: Weights) -> tuple[int, Ints, Floats]:
    """Return kind, places (2, n+1) and costs of changeovers; products without a listed cost share place 0."""
    places = np.zeros((2, len(instance.products.demand) + 1), dtype=np.int64)
    linear, square = (weights.get(("changeover", f"sum_{kind}"), 0.0) for kind in ("absolute", "squared"))
    if not any(term == "changeover" for term, _ in weights):
        return 0, places, np.zeros((3, 1, 1))
    costs: Mapping[tuple[int, int], Any] | None = instance.changeover_cost
    if costs is None:
        return 1, places, np.array([linear + square, 1.0, 1.0]).reshape(3, 1, 1)
    for side in range(2):
        products = sorted({key[side] for key in costs})
        places[side, products] = np.arange(1, len(products) + 1)
    cost = np.zeros((3, places[0].max() + 1, places[1].max() + 1))
    for (before, after), value in costs.items():
        raw = float(value)
        cost[:2, places[0, before], places[1, after]] = linear * raw + square * raw * raw, raw
    return 2, places, cost


def _current(instance: Heijunka) -> Ints:
    """Return the current plan: product rows (S), -1 not covered; or for a box units (n+1, S)."""
    known = instance.current_slots or ()
    if instance.box is None:
        covered = [next(iter(content)) for content in known]
        return np.array(covered + [-1] * (instance.slots - len(covered)), dtype=np.int64)
    current = np.zeros((len(instance.products.demand) + 1, instance.slots), dtype=np.int64)
    for s, content in enumerate(known):
        for row, quantity in content.items():
            current[row, s] = quantity
    return current


def _reach(instance: Heijunka) -> Ints:
    """Return the table of distances between exchanged slots, 0 for any slot.

    Level terms want near slots, at distances that are equally likely on a logarithmic scale; all
    else looks at any two slots, and now and then at neighbours.
    """
    size, terms = 4096, {term for term, _ in weights_of(instance)}
    if not terms & {"rate", "usage"}:
        every_eighth: Ints = (np.arange(size) % 8 == 0).astype(np.int64)
        return every_eighth
    farthest = max(1, min(instance.slots - 1, 500))
    gaps = np.exp(np.linspace(0, np.log(farthest + 1), size, endpoint=False)).astype(np.int64)
    gaps[:: 64 if terms <= {"rate", "usage"} else 8] = 0
    return gaps
