"""Work at the stations of a heijunka line in CP-SAT, in whole numbers of each station.

Part of `heijunka_order_cpsat`.
Holds: the variables z_ks, w_ks, y_ks and the constraints that move a worker from slot to slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._cpsat import whole
from ._heijunka_work import benches, prices

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

    from ._cpsat import Total
    from ._heijunka_work import Bench, Prices

__all__ = ["work"]


def work(m: Any, instance: Heijunka, total: Total) -> None:
    """Add the workers of the priced stations, and what overload and idle time cost."""
    asked = prices(instance)
    for bench in benches(instance, asked):
        _worker(m, bench, asked, total)


def _worker(m: Any, bench: Bench, asked: Prices, total: Total) -> None:
    """Add z_s and w_s (and y_s, where overloads are counted) of one station."""
    begins: dict[int, Any] = {}
    undone: dict[int, Any] = {}
    overloaded: dict[int, Any] = {}
    over, idle = bench.weight * asked.overload * bench.unit, bench.weight * asked.idle * bench.unit
    before: Any = 0
    for s in m.slots:
        there = before + sum(move * m.x[i, s] for i, move in enumerate(bench.moves) if move)
        begins[s] = m.new_int_var(0, whole(bench.room), "")
        undone[s] = m.new_int_var(0, whole(bench.largest), "")
        m.add(begins[s] >= there - undone[s])
        if asked.situation:
            overloaded[s] = m.new_bool_var("")
            m.add(undone[s] == 0).only_enforce_if(~overloaded[s])
            m.add(there - undone[s] >= bench.room).only_enforce_if(overloaded[s])
            total.add(bench.weight * asked.situation, overloaded[s], 1)
        total.add(over + idle, undone[s], bench.largest)
        before = begins[s]
    total.add(idle, before, bench.room)
    total.add_constant(over * bench.fixed_overload + idle * (bench.fixed_idle - bench.total))
    at = bench.traced()
    m.derived.append((begins, lambda trace, s: at(trace, s)[0]))
    m.derived.append((undone, lambda trace, s: at(trace, s)[1]))
    m.derived.append((overloaded, lambda trace, s: at(trace, s)[1] > 0))
