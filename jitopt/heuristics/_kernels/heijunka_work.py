"""Change of overload and idle time by an exchange of two units of a sequence, and its booking.

A worker's start is a walk between two walls: z' = z + a - u + v, 0 <= z' <= r. Behind a changed slot the new walk is
followed beside the old one until they meet again, which walls make them do soon. Whole numbers throughout: the
walks meet exactly.
"""

from __future__ import annotations

from jitopt.heuristics._kernels.heijunka_state import (
    MOVES_OF,
    PRODUCTS,
    ROOM,
    SEQUENCE,
    SLOTS,
    START,
    STATION_PRICE,
    STATIONS,
    Floats,
    Ints,
)
from jitopt.jit import in_place

__all__ = ["work_delta"]


@in_place
def price_of(reals: Floats, price: int, room: int, there: int) -> float:
    """Price a slot after which the worker would start at `there`, were there no walls."""
    if there > room:
        return float(reals[price] * (there - room) + reals[price + 2])
    return float(-reals[price + 1] * there) if there < 0 else 0.0


@in_place
def station_delta(ints: Ints, reals: Floats, k: int, lose: int, gain: int, a: int, b: int, book: bool) -> float:
    """Change at station k when slot a builds `gain` and slot b > a builds `lose`; with `book` also the new starts."""
    slots, room, sequence = ints[SLOTS], ints[ints[ROOM] + k], ints[SEQUENCE]
    moves, start = ints[MOVES_OF] + k * (ints[PRODUCTS] + 1), ints[START] + k * (slots + 1)
    price = ints[STATION_PRICE] + 3 * k
    step = ints[moves + gain] - ints[moves + lose]
    value, s = 0.0, a
    old = new = ints[start + a]
    while s < slots:
        there = old + ints[moves + ints[sequence + s]]
        other = there + new - old
        if s == a:
            other += step
        elif s == b:
            other -= step
        value += price_of(reals, price, room, other) - price_of(reals, price, room, there)
        s += 1
        old, new = ints[start + s], min(max(0, other), room)
        if book:
            ints[start + s] = new
        if old == new:
            if s > b:
                break
            if s < b:
                s = b
                old = new = ints[start + b]
    return value


@in_place
def work_delta(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int, book: bool) -> float:
    """Change of overload and idle time at all stations, or its booking; before the exchange itself is booked."""
    moves, row = ints[MOVES_OF], ints[PRODUCTS] + 1
    value = 0.0
    for k in range(ints[STATIONS]):
        if ints[moves + k * row + lose] != ints[moves + k * row + gain]:
            value += station_delta(ints, reals, k, lose, gain, a, b, book)
    return value
