"""Turns of equal length: product i comes up in every k_i-th of them, k_i a power of two (extended basic period).

A turn takes T days; product i sits in the turns that leave the remainder r_i when divided by k_i. A turn is feasible
when the lots in it fit: sum of s_i + rho_i k_i T <= T. With powers of two, and the products of a
turn in ascending order of k_i, whatever stands before a product is the same in each of its turns: it starts at even
distances, and lots are equal.

Source: Haessler (1979), An improved extended basic period procedure for solving the economic lot scheduling problem;
Bomberger (1966) for the basic period. For given multiples, which remainders fit a given T is decided by search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Effort", "Packing", "Turns", "least_turn", "pack", "shortest_turns"]

NODES = 20_000
"""Steps of a search for remainders; beyond, it says that it does not know."""

EFFORT = 250_000
"""Steps of all searches for one machine together."""


@dataclass(frozen=True)
class Turns:
    """Turns of a machine. days: T. every: k of each product. at: r of each product, 0 <= r < k."""

    days: float
    every: tuple[int, ...]
    at: tuple[int, ...]


@dataclass
class Effort:
    """Steps that searches may still take: in all, and each of them."""

    left: int = EFFORT
    each: int = NODES


@dataclass
class Packing:
    """What a search for remainders found. at: them, or None. complete: None is a proof that there are none."""

    at: tuple[int, ...] | None
    complete: bool


def least_turn(setups: Sequence[float], loads: Sequence[float], every: Sequence[int], at: Sequence[int]) -> float:
    """Return the shortest T that given multiples and remainders allow; infinity where none does.

    setups: s of each product [days]. loads: rho of each.
    """
    longest = 0.0
    for turn in range(max(every)):
        mine = [row for row, often in enumerate(every) if turn % often == at[row]]
        left = 1 - sum(loads[row] * every[row] for row in mine)
        setup = sum(setups[row] for row in mine)
        if left <= 1e-12:
            return math.inf
        longest = max(longest, setup / left)
    return longest


def pack(
    setups: Sequence[float], loads: Sequence[float], every: Sequence[int], days: float, effort: Effort | None = None
) -> Packing:
    """Return remainders with which all turns of `days` fit, found by search; its steps are taken off the effort.

    every: each multiple divides the next larger one. Products go from frequent to rare, long before short: the turns
    then look alike with the period of the last multiple, and of turns with the same room only one is tried.
    """
    count = len(every)
    work = [setups[row] + loads[row] * every[row] * days for row in range(count)]
    order = sorted(range(count), key=lambda row: (every[row], -work[row]))
    behind = [0.0] * (count + 1)
    for place in range(count - 1, -1, -1):
        behind[place] = behind[place + 1] + work[order[place]] / every[order[place]]
    at = [0] * count
    steps, most = 0, NODES if effort is None else min(effort.each, effort.left)
    slack = 1e-12 * days or 1e-300

    def place_from(place: int, room: list[float]) -> bool | None:
        nonlocal steps
        if place == count:
            return True
        if behind[place] > sum(room) / len(room) + slack:
            return False
        row = order[place]
        often, need = every[row], work[row]
        room = room * (often // len(room))
        tried: set[float] = set()
        for turn in sorted(range(often), key=lambda turn: room[turn]):
            if room[turn] + slack < need or round(room[turn] / slack) in tried:
                continue
            steps += 1
            if steps > most:
                return None
            tried.add(round(room[turn] / slack))
            at[row] = turn
            after = room.copy()
            after[turn] -= need
            found = place_from(place + 1, after)
            if found is not False:
                return found
        return False

    found = place_from(0, [days])
    if effort is not None:
        # A search takes as long as a dozen of its steps before it begins.
        effort.left = max(0, effort.left - steps - 12)
    return Packing(tuple(at) if found else None, found is not None)


def shortest_turns(setups: Sequence[float], loads: Sequence[float], every: Sequence[int]) -> tuple[Turns | None, bool]:
    """Return the shortest turns that given multiples allow, and whether that (or that there are none) is proven.

    every: each multiple divides the next larger one.
    """
    long = 1e6 * max(1e-6, sum(setups))
    found = pack(setups, loads, every, long)
    if found.at is None:
        return None, found.complete
    at, high, proven = found.at, min(long, least_turn(setups, loads, every, found.at)), True
    low = 0.0
    while high - low > 1e-9 * high:
        found = pack(setups, loads, every, (low + high) / 2)
        proven = proven and found.complete
        if found.at is None:
            low = (low + high) / 2
        else:
            at, high = found.at, min((low + high) / 2, least_turn(setups, loads, every, found.at))
    return Turns(least_turn(setups, loads, every, at), tuple(every), at), proven
