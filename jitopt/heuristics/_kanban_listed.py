"""The options of a kanban instance as flat arrays; see `_kanban_world`. Half a million options take half a second."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.problems.kanban import Kanban

__all__ = ["listed", "whole_loads"]

Array = Any

FINE = 2**50
"""Whole units that the loads of a limit add up to, at most."""

MOST_DIGITS = 15
"""Digits up to which a decimal is told apart from all others by its floating-point number."""

ABOVE = 1 + 2.0**-51
"""More than three roundings take away: of a decimal to a float, of a product, and of this one."""


def listed(instance: Kanban) -> dict[str, Any]:
    """Return the arrays of a `World` for the options of an instance, those of a loop beside each other."""
    table, uses = instance.options, instance.uses
    assert table is not None
    loop = _numbers(table.loop, {name: row for row, name in enumerate(instance.names)})
    order = None if (np.diff(loop) >= 0).all() else np.argsort(loop, kind="stable")
    cost = np.array(table.cost, dtype=float)
    container, cards = list(table.container), list(table.cards)
    place = np.arange(len(loop))
    if order is not None:
        loop, cost = loop[order], cost[order]
        container, cards = [container[row] for row in order.tolist()], [cards[row] for row in order.tolist()]
        place[order] = np.arange(len(loop))
    option = place[np.array(uses.option if uses and uses.option else (), dtype=np.int64)]
    limits = {name: row for row, name in enumerate(instance.capacity)}
    limit = _numbers(uses.limit if uses else (), limits)
    taken = np.array(uses.amount if uses else (), dtype=float)
    if not (np.diff(option) >= 0).all():
        by_option = np.argsort(option, kind="stable")
        option, limit, taken = option[by_option], limit[by_option], taken[by_option]
    amount, room = whole_loads(limit, taken, list(instance.capacity.values()))
    return {
        "names": instance.names,
        "container": container,
        "cards": cards,
        "first": np.searchsorted(loop, np.arange(len(instance.names) + 1)),
        "loop": loop,
        "cost": cost,
        "start": np.searchsorted(option, np.arange(len(loop) + 1)).astype(np.int64),
        "limit": limit,
        "amount": amount,
        "room": room,
        "taken": taken,
        "capacity": np.array([float(room) for room in instance.capacity.values()]),
    }


def _numbers(column: Sequence[str], known: Mapping[str, int]) -> Array:
    return np.fromiter(map(known.__getitem__, column), np.int64, len(column))


def whole_loads(limit: Array, taken: Array, capacity: Sequence[Fraction]) -> tuple[Array, Array]:
    """Return the loads and the rooms of the limits in whole units.

    The unit of a limit is the last decimal place of its loads, so that sums are exact; where that
    would take too many units, loads are rounded up and the room down: what fits here fits.
    """
    places = np.zeros(len(capacity), dtype=np.int64)
    np.maximum.at(places, limit, _places(taken))
    most = np.bincount(limit, weights=taken, minlength=len(capacity))
    units = 10.0 ** np.minimum(places, 22)
    rounded = (places > MOST_DIGITS) | (units * most > FINE)
    units = np.where(rounded, FINE / np.maximum(most, 1e-250), units)
    loads = taken * units[limit]
    up = rounded[limit]
    loads = np.where(up, np.ceil(loads * ABOVE), np.rint(loads))
    rooms = []
    for row, room in enumerate(capacity):
        exact = floor(room * Fraction(float(units[row])))
        rooms.append(min(exact, 2 * FINE))
    return loads.astype(np.int64), np.array(rooms, dtype=np.int64)


def _places(values: Array) -> Array:
    """Return the decimal places of each number; more than `MOST_DIGITS` where it has more digits than that."""
    found = np.full(len(values), MOST_DIGITS + 1, dtype=np.int64)
    left = np.arange(len(values))
    for places in range(MOST_DIGITS + 1):
        rest = values[left]
        whole = np.rint(rest * 10.0**places)
        hit = (whole / 10.0**places == rest) & (whole < 10.0**MOST_DIGITS)
        found[left[hit]] = places
        left = left[~hit]
        if not len(left):
            break
    return found
