"""Positions of a supermarket, from the largest stock that its cards allow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from jitopt.problems.kanban.formulas.count import Number, number, whole

__all__ = ["Market", "positions", "signal_positions"]


@dataclass(frozen=True)
class Market:
    """The supermarket of a loop.

    containers: most that stand in it at once. positions: places they take. lanes: first-in-first-out lanes of
    these. red, yellow, green: zones of the board, in containers: safety, demand until the cards are back, the rest.
    """

    containers: int
    positions: int
    lanes: int
    red: int
    yellow: int
    green: int


def positions(
    cards: int,
    quantity: Number,
    *,
    demand: Number = 0,
    lead_time: Number = 0,
    safety_stock: Number = 0,
    least_demand: Number = 0,
    least_time: Number = 0,
    stacked: int = 1,
    depth: int | None = None,
) -> Market:
    """Return the supermarket for the cards of a loop.

    Every card may come back full before one is taken, so that all N stand there at once. Where demand never falls
    below a rate d and a container never comes back before a time t, ceil(d t / Q) - 1 of them are always under way: one
    that returns may meet the next that leaves.

    Parameters
    ----------
    cards
        N, temporary ones included.
    quantity
        Q [units per container].
    demand, lead_time, safety_stock
        D [units per time], L + R [time] and SS [units], for the zones.
    least_demand, least_time
        d [units per time] and t [time]; 0: nothing is sure.
    stacked
        Containers on top of one another in a position.
    depth
        Positions of a lane, one behind the other; None: one lane.

    Source: largest possible stock of a base-stock system; zones as on a kanban board (Smalley, Creating Level Pull).

    Examples
    --------
    >>> positions(11, 20, demand=100, lead_time=2, safety_stock=20, stacked=2, depth=3)
    Market(containers=11, positions=6, lanes=2, red=1, yellow=10, green=0)
    """
    size = number("quantity", quantity, above=True)
    leaving = number("least_demand", least_demand) * number("least_time", least_time) / size
    under_way = max(0, math.ceil(leaving) - 1)
    most = max(0, whole("cards", cards, 0) - under_way)
    stock = number("safety_stock", safety_stock)
    covered = math.ceil((number("demand", demand) * number("lead_time", lead_time) + stock) / size)
    red = min(cards, math.ceil(stock / size))
    yellow = min(cards, covered) - red
    return _market(most, stacked, depth, red, yellow, cards - red - yellow)


def signal_positions(
    trigger: int,
    lot: int,
    *,
    safety_stock: Number = 0,
    quantity: Number = 1,
    stacked: int = 1,
    depth: int | None = None,
) -> Market:
    """Return the supermarket of a signal kanban: r + lot containers, where no unit is taken while the lot is made.

    trigger: r, containers left when the lot is asked for. lot: containers made at once. The others as in `positions`.

    Source: Monden, Toyota Production System, signal kanban.
    """
    size = number("quantity", quantity, above=True)
    left = whole("trigger", trigger, 0)
    red = min(left, math.ceil(number("safety_stock", safety_stock) / size))
    return _market(left + whole("lot", lot, 1), stacked, depth, red, left - red, lot)


def _market(most: int, stacked: int, depth: int | None, red: int, yellow: int, green: int) -> Market:
    places = math.ceil(Fraction(most, whole("stacked", stacked, 1)))
    lanes = 1 if depth is None else math.ceil(Fraction(places, whole("depth", depth, 1)))
    return Market(most, places, lanes if places else 0, red, yellow, green)
