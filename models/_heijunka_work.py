"""Work at the stations of a heijunka line, as both formulations see it: a walk between two walls.

In whole numbers of a station, with a_i = p_ik - takt and room r = length - takt, the worker's start moves by
z_s = z_s-1 + a - u_s + v_s between 0 and r, with overload u and idle time v. So sum v = sum u + z_S - sum_i d_i a_i:
idle time needs no variable of its own. Less than -r in an a_i is idle time whatever comes before, more than r
overload: both are told as a constant.

A plan that lets more work undone than it must, by D, saves at most D of overload and of z_S later: what is
made small is what the worker does.

Part of `heijunka_cumulative_pyomo` and `heijunka_order_cpsat`.
Holds: the moves a_i of a worker, the constants, and the values of z_ks and w_ks under a plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact

from ._heijunka import refuse_beyond

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.heijunka.instance import Heijunka

    from ._heijunka_plan import Trace

__all__ = ["Bench", "Prices", "benches", "prices"]


@dataclass(frozen=True)
class Prices:
    """What a minute of overload, a minute of idle time, and an overloaded unit cost, at weight 1."""

    overload: Fraction
    idle: Fraction
    situation: Fraction


@dataclass(frozen=True)
class Bench:
    """A station whose worker can be overloaded or idle.

    number: k. weight: w_k. unit: minutes in one whole number. room: r. moves: a_i of each product row, after the
    constants are taken off. fixed_overload, fixed_idle: these constants, over the whole demand. total: sum_i d_i a_i.
    """

    number: int
    weight: Fraction
    unit: Fraction
    room: int
    moves: tuple[int, ...]
    fixed_overload: int
    fixed_idle: int
    total: int

    @property
    def largest(self) -> int:
        """Most overload in one slot: a worker that starts at r."""
        return max(0, *self.moves)

    @property
    def least(self) -> int:
        """Where the worker would be at least, could it walk beyond the left border."""
        return min(0, *self.moves)

    def steps(self, trace: Trace) -> list[tuple[int, int]]:
        """Return (where the worker starts next, overload) of every slot of a plan."""
        found, start = [], 0
        for slot in range(1, trace.slots + 1):
            there = start + self.moves[trace.at(slot)]
            start = min(max(0, there), self.room)
            found.append((start, max(0, there - self.room)))
        return found

    def traced(self) -> Callable[[Trace, int], tuple[int, int]]:
        """Return what gives (next start, overload) of a slot of a plan; a plan is walked once."""
        known: dict[int, list[tuple[int, int]]] = {}

        def at(trace: Trace, slot: int) -> tuple[int, int]:
            if id(trace) not in known:
                known.clear()
                known[id(trace)] = self.steps(trace)
            return known[id(trace)][slot - 1]

        return at


def prices(instance: Heijunka) -> Prices:
    """Return what the objective says of overload and idle time."""
    found = {(term.term, term.measure): exact(term.weight) for term in instance.objective}
    return Prices(
        found.get(("overload", "sum_absolute"), Fraction(0)),
        found.get(("idle", "sum_absolute"), Fraction(0)),
        found.get(("overload", "sum_violated"), Fraction(0)),
    )


def benches(instance: Heijunka, asked: Prices) -> list[Bench]:
    """Return the stations that can cost anything.

    Raises
    ------
    NotApplicableError
        If there are too many starts of workers.
    """
    found = []
    if not (asked.overload or asked.idle or asked.situation):
        return []
    demand = instance.products.demand
    for number, station in enumerate(instance.line_stations):
        if not station.weight:
            continue
        room = station.length - station.takt
        # A number of overloads sees which units were overloaded: nothing is taken off above.
        high = None if asked.situation else room
        moves, over, idle = [], 0, 0
        for units, minutes in zip(demand, station.minutes, strict=True):
            whole = minutes - station.takt
            move = max(-room, whole if high is None else min(whole, high))
            over += units * max(0, whole - move)
            idle += units * max(0, move - whole)
            moves.append(move if units else 0)
        total = sum(units * move for units, move in zip(demand, moves, strict=True))
        unit = Fraction(1, station.scale)
        found.append(Bench(number, station.weight, unit, room, tuple(moves), over, idle, total))
    refuse_beyond(len(found) * instance.slots)
    return found
