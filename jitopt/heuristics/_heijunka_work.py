"""Work at stations in the heijunka search: the arrays, filling them, a bound, and the state of a greedy start."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._kernels import heijunka_state as at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.heuristics._heijunka_flat import Flat
    from jitopt.heuristics._kernels.heijunka_state import Floats, Ints
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.instance import Objective
    from jitopt.problems.heijunka.work import Station

__all__ = ["Workers", "blocks", "fill_work", "work_bound"]

FINEST = 2**52
"""Longest time of a station in the whole numbers of the search; where decimals need more, times are rounded: by less
than a part in 10^15."""


def blocks(instance: Heijunka, weights: Mapping[tuple[str, str], float]) -> tuple[dict[int, Any], dict[int, Any]]:
    """Return the blocks of the stations that are priced."""
    asked = [weights.get(key, 0.0) for key in PRICED]
    stations = [station for station in instance.line_stations if station.weight and any(asked)]
    n, slots = len(instance.products.demand), instance.slots
    rooms, moves, prices = [], np.zeros((len(stations), n + 1)), np.zeros((len(stations), 3))
    for k, station in enumerate(stations):
        largest = max(station.length, *station.minutes)
        grain = Fraction(FINEST, largest) if largest > FINEST else Fraction(1)
        rooms.append(round((station.length - station.takt) * grain))
        moves[k, :n] = [round((minutes - station.takt) * grain) for minutes in station.minutes]
        unit = float(station.weight / (station.scale * grain))
        prices[k] = asked[0] * unit, asked[1] * unit, asked[2] * float(station.weight)
    ints = {at.ROOM: rooms, at.MOVES_OF: moves, at.START: np.zeros((len(stations), slots + 1))}
    return ints, {at.STATION_PRICE: prices}


PRICED = (("overload", "sum_absolute"), ("idle", "sum_absolute"), ("overload", "sum_violated"))
"""Terms and measures in the order of the block STATION_PRICE."""


def fill_work(flat: Flat, plan: Ints) -> float:
    """Let the workers walk through a sequence; return the price of overload and idle time."""
    start, rooms, prices = flat.arrays[at.START], flat.arrays[at.ROOM], flat.arrays[at.STATION_PRICE]
    if not len(rooms):
        return 0.0
    steps = flat.arrays[at.MOVES_OF][:, plan]
    here: Ints = np.zeros(len(rooms), dtype=np.int64)
    for s in range(flat.slots):
        here = np.minimum(np.maximum(here + steps[:, s], 0), rooms)
        start[:, s + 1] = here
    there = start[:, :-1] + steps
    over, idle = np.maximum(0, there - rooms[:, None]), np.maximum(0, -there)
    sums = np.stack([over.sum(axis=1, dtype=float), idle.sum(axis=1, dtype=float), np.sum(over > 0, axis=1)], axis=1)
    return float(np.sum(prices * sums))


# --- the bound ------------------------------------------------------------------------------


def work_bound(instance: Heijunka, term: Objective) -> Fraction:
    """Return a value below which "overload" or "idle" of no sequence goes: station by station, see `_least`."""
    demand = instance.products.demand
    return sum(
        (station.weight * _least(station, demand, term) for station in instance.line_stations), start=Fraction(0)
    )


def _least(station: Station, demand: tuple[int, ...], term: Objective) -> Fraction:
    """Return what the sums alone say of one station.

    With moves a = p - takt between walls at 0 and r: a move above r is overload beyond r, one below -r idle time beyond
    it, wherever it stands. Of the rest, whose sum is A, sum u - sum v = A - z_S: overload is at least A - r, idle
    time at least -A. No unit has more overload than its move.
    """
    room = station.length - station.takt
    moves = [minutes - station.takt for minutes in station.minutes]
    total = sum(units * min(max(-room, move), room) for units, move in zip(demand, moves, strict=True))
    if term.term == "idle":
        beyond = sum(units * max(0, -room - move) for units, move in zip(demand, moves, strict=True))
        return Fraction(beyond + max(0, -total), station.scale)
    beyond = sum(units * max(0, move - room) for units, move in zip(demand, moves, strict=True))
    undone = beyond + max(0, total - room)
    if term.measure == "sum_absolute":
        return Fraction(undone, station.scale)
    largest = max((move for units, move in zip(demand, moves, strict=True) if units), default=0)
    surely = sum(units for units, move in zip(demand, moves, strict=True) if move > room)
    return Fraction(max(surely, -(-undone // largest) if undone else 0))


# --- a greedy start -------------------------------------------------------------------------


EVENNESS = 0.05
"""Price of work that has come a station's room too early or too late, as a share of a room's overload."""


class Workers:
    """Where every worker stands while a sequence is built slot by slot, and what each product would do."""

    def __init__(self, flat: Flat) -> None:
        arrays = flat.arrays
        self.rooms: Ints = arrays[at.ROOM]
        self.moves: Ints = arrays[at.MOVES_OF][:, :-1]
        self.prices: Floats = arrays[at.STATION_PRICE]
        self.here: Ints = np.zeros(len(self.rooms), dtype=np.int64)
        self.off: Floats = np.zeros(len(self.rooms))
        self.mean: Floats = self.moves @ flat.demand / flat.slots
        span = np.maximum(np.maximum(1, self.rooms), np.abs(self.moves - self.mean[:, None]).mean(axis=1))
        weight = (self.prices[:, 0] + self.prices[:, 1] + self.prices[:, 2] / span) / span
        self.pull: Floats = EVENNESS * weight[:, None]

    def cost(self) -> Floats:
        """Return the price of overload and idle time of each product in the next slot, and of uneven work so far.

        Overload alone sees too late which work is left for the end.
        """
        there = self.here[:, None] + self.moves
        over, idle = np.maximum(0, there - self.rooms[:, None]), np.maximum(0, -there)
        price = self.prices[:, :, None]
        off = self.off[:, None] + self.moves - self.mean[:, None]
        at_once = price[:, 0] * over + price[:, 1] * idle + price[:, 2] * (over > 0)
        found: Floats = (at_once + self.pull * off**2).sum(axis=0)
        return found

    def place(self, row: int) -> None:
        """Build product `row` next."""
        self.here = np.minimum(np.maximum(self.here + self.moves[:, row], 0), self.rooms)
        self.off += self.moves[:, row] - self.mean
