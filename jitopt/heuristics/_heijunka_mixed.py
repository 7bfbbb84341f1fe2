"""A painted sequence with anything else as arrays for `heijunka_mixed`, and the sequences to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jitopt.errors import NotApplicableError
from jitopt.heuristics._heijunka_locked import locked_rows
from jitopt.heuristics._heijunka_paint import first_order, paint_of
from jitopt.heuristics._kernels import heijunka_mixed as at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["starts", "world_of"]

Ints = NDArray[np.int64]

MOST_CELLS = 3e7
"""Most cells (flows x slots, or products squared) that are kept in memory."""

SAMPLE = 1024
"""Changes of the objective that are looked at to find the temperatures."""


def world_of(instance: Heijunka, seed: int) -> at.World:
    """Return the arrays of an instance; raise `NotApplicableError` where they would be too large."""
    terms = [term for term in instance.objective if term.weight > 0]
    groups = {id(term): g for g, term in enumerate(term for term in terms if term.measure.startswith("max"))}
    n, slots = len(instance.products.product), instance.slots
    before = len(instance.previous_rows)
    count = n + len(instance.usage)
    if max(count * slots, n * n) > MOST_CELLS:
        raise NotApplicableError(f"it has more than {MOST_CELLS:.0f} cells of deviations or of pairs of products")
    flows, flow, flow_kind = _flows(instance, terms, groups)
    rules, price, carry = _rules(instance, terms, groups, before)
    pairs, pair_group = _pairs(instance, terms, groups)
    minutes, station = _stations(instance, terms)
    current = instance.current
    line = before + slots
    entries = [before, line, seed % 2147483646 + 1, 0, 0, 0, -1, -1, 1]
    entries[at.COLOUR_LIMIT] = instance.longest_colour_run or 0
    entries[at.WIDEST] = max(instance.spacing_of(row) for row in range(n))
    levels = [0.0, 0.0, np.inf, np.inf, 0.0, 1.0, 1.0, 0.0]
    told = np.full(line, -1, dtype=np.int64)
    if current is not None and current.sequence is not None:
        rows = [instance.index[product] for product in current.sequence[:slots]]
        told[before : before + len(rows)] = rows
        entries[at.CAP] = -1 if current.at_most is None else current.at_most
        levels[at.MOVE_PRICE] = float(current.price)
    locked = locked_rows(instance)
    open_ones = range(slots) if locked is None else np.flatnonzero(locked < 0)
    start = np.zeros(line, dtype=np.int64)
    start[:before] = instance.previous_rows
    return at.World(
        line=start,
        best=start.copy(),
        free=np.array([before + s for s in open_ones], dtype=np.int64),
        current=told,
        flows=flows,
        flow=flow,
        flow_kind=flow_kind,
        reached=np.zeros((len(flows), slots + 1)),
        rules=rules,
        price=price,
        carry=carry,
        pairs=pairs,
        pair_group=pair_group,
        minutes=minutes,
        station=station,
        spacing=np.array([instance.spacing_of(row) for row in range(n)], dtype=np.int64),
        longest=np.array([[instance.longest_run_of(row) or 0 for row in range(n)], range(n)], dtype=np.int64),
        shortest=np.array([instance.shortest_run_of(row) for row in range(n)], dtype=np.int64),
        colour=np.array(instance.colours, dtype=np.int64),
        top=np.zeros(len(groups)),
        found=np.zeros(2),
        waits=np.random.default_rng(0).exponential(size=4096),
        sample=np.zeros(SAMPLE),
        entry=np.array(entries, dtype=np.int64),
        level=np.array(levels),
    )


def _flows(instance: Heijunka, terms: Sequence[Objective], groups: dict[int, int]) -> tuple[Any, Any, Any]:
    demand = np.array(instance.products.demand, dtype=float)
    rows, worth, kinds = [], [], []
    for term in terms:
        if term.term not in ("rate", "usage"):
            continue
        kind = (2 if term.measure.endswith("squared") else 1, groups.get(id(term), -1))
        used: list[tuple[float, Any]] = []
        if term.term == "rate":
            used = [(float(w), one) for w, one in zip(instance.weights, np.eye(len(demand)), strict=True)]
        else:
            for share, users in instance.usage.values():
                one = np.zeros(len(demand))
                for row, quantity in users:
                    one[row] += float(quantity)
                used.append((float(share), one))
        for worth_of, one in used:
            if worth_of > 0:
                rows.append(one)
                worth.append((worth_of * term.weight, float(one @ demand)))
                kinds.append(kind)
    shape = (len(rows), len(demand))
    return (
        np.array(rows, dtype=float).reshape(shape),
        np.array(worth, dtype=float).reshape(-1, 2),
        np.array(kinds, dtype=np.int64).reshape(-1, 2),
    )


def _rules(instance: Heijunka, terms: Sequence[Objective], groups: dict[int, int], before: int) -> tuple[Any, Any, Any]:
    table, prices, carries = [], [], []
    line = before + instance.slots
    for rule in instance.ratio_rules:
        length = min(rule.in_any, line)
        low = max(0, before - rule.in_any + 1) if rule.open else before
        high = line - 1 if rule.open else line - rule.in_any
        carry = np.zeros(len(instance.products.product), dtype=np.int64)
        carry[list(rule.products)] = 1
        asked = [(-1, -1, 0.0)] if rule.hard else []
        for term in terms:
            if rule.priced_by(term.term):
                power = 0 if term.measure == "sum_violated" else 2 if term.measure.endswith("squared") else 1
                asked.append((power, groups.get(id(term), -1), float(term.weight) * float(rule.weight)))
        for power, group, price in asked:
            table.append([rule.at_most, length, low, high, power, group])
            prices.append(price)
            carries.append(carry)
    many = len(instance.products.product)
    return (
        np.array(table, dtype=np.int64).reshape(-1, 6),
        np.array(prices, dtype=float),
        np.array(carries, dtype=np.int64).reshape(-1, many),
    )


def _pairs(instance: Heijunka, terms: Sequence[Objective], groups: dict[int, int]) -> tuple[Any, Any]:
    many = len(instance.products.product)
    found: dict[int, Any] = {}
    for term in terms:
        if term.term == "colour_changes":
            shade = np.array(instance.colours)
            costs = (shade[:, None] != shade[None, :]).astype(float)
        elif term.term == "changeover":
            costs = 1.0 - np.eye(many)
            if instance.changeover_cost is not None:
                costs = np.zeros((many, many))
                for (a, b), cost in instance.changeover_cost.items():
                    costs[a, b] = float(cost**2 if term.measure.endswith("squared") else cost)
        else:
            continue
        group = groups.get(id(term), -1)
        found[group] = found.get(group, 0.0) + term.weight * costs
    return (
        np.array(list(found.values()), dtype=float).reshape(-1, many, many),
        np.array(list(found), dtype=np.int64),
    )


def _stations(instance: Heijunka, terms: Sequence[Objective]) -> tuple[Any, Any]:
    asked = [0.0, 0.0, 0.0]
    for term in terms:
        if term.term == "idle":
            asked[1] += term.weight
        elif term.term == "overload":
            asked[2 if term.measure == "sum_violated" else 0] += term.weight
    stations = [station for station in instance.line_stations if any(asked) and station.weight]
    many = len(instance.products.product)
    minutes = np.zeros((len(stations), many))
    table = np.zeros((len(stations), 4))
    for k, one in enumerate(stations):
        # In whole numbers of the station: sums of them have no rounding.
        minutes[k] = [float(value - one.takt) for value in one.minutes]
        unit = float(one.weight / one.scale)
        table[k] = float(one.length - one.takt), asked[0] * unit, asked[1] * unit, asked[2] * float(one.weight)
    return minutes, table


# --- the sequences to begin with ------------------------------------------------------------


def starts(instance: Heijunka, given: HeijunkaPlan | None) -> list[Ints]:
    """Return sequences of product rows that meet the demand, with what is frozen or fixed in its place.

    They are the start, the plan in force, what `heijunka_paint` begins with, and all products spread evenly. None
    are returned where frozen and fixed slots contradict each other or the demand.
    """
    locked = locked_rows(instance)
    if locked is None:
        return []
    demand = np.array(instance.products.demand, dtype=np.int64)
    left = demand - np.bincount(locked[locked >= 0], minlength=len(demand))
    return [_fitted(order, locked.copy(), left.copy()) for order in _orders(instance, given)]


def _orders(instance: Heijunka, given: HeijunkaPlan | None) -> Iterator[list[int]]:
    if given is not None and given.sequence is not None:
        yield [instance.index[product] for product in given.sequence]
    if instance.current is not None and instance.current.sequence is not None:
        yield [instance.index[product] for product in instance.current.sequence]
    painted = _painted(instance)
    if painted is not None:
        yield painted
    yield _spread(instance.products.demand)


def _spread(demand: Sequence[int]) -> list[int]:
    """Return the units in the order of the middles of their shares of the sequence."""
    rows = np.repeat(np.arange(len(demand)), demand)
    place = np.concatenate([(np.arange(d) + 0.5) / d for d in demand if d])
    order: list[int] = rows[np.argsort(place, kind="stable")].tolist()
    return order


def _painted(instance: Heijunka) -> list[int] | None:
    """Return runs of a colour as long as they may be; within a class of units the products in turn."""
    try:
        paint = paint_of(instance)
    except NotApplicableError:
        return None
    order = first_order(paint)
    if order is None:
        return None
    units: list[list[int]] = [[] for _ in paint.demand]
    for row in reversed(_spread(instance.products.demand)):
        units[paint.classes[row]].append(row)
    return [units[c].pop() for c in order.tolist()]


def _fitted(order: list[int], found: Ints, left: Ints) -> Ints:
    """Fill the free slots with the units of an order: each stays where it is if it may, the others follow in turn."""
    spare: list[int] = []
    for slot, row in enumerate(order):
        if left[row] > 0 and slot < len(found) and found[slot] < 0:
            found[slot] = row
            left[row] -= 1
        else:
            spare.append(row)
    rest = [row for row in spare if (left[row] > 0 and _take(left, row))]
    rest += np.repeat(np.arange(len(left)), left).tolist()
    found[found < 0] = rest
    return found


def _take(left: Ints, row: int) -> bool:
    left[row] -= 1
    return True
