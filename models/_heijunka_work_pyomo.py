"""Work at the stations of a heijunka line in Pyomo, each station in units of the most that its worker can be away.

Part of `heijunka_cumulative_pyomo`.
Holds: the variables z_ks, w_ks, y_ks and the constraints that move a worker from slot to slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from ._heijunka_work import benches, prices

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

    from ._heijunka_pyomo import Terms

__all__ = ["work"]


def work(m: Any, instance: Heijunka) -> Terms:
    """Add the workers of the priced stations; return what overload and idle time cost."""
    asked = prices(instance)
    bench = {each.number: each for each in benches(instance, asked)}
    if not bench:
        return []
    each = {k: max(1, b.room, b.largest, -b.least) for k, b in bench.items()}
    at = {k: b.traced() for k, b in bench.items()}
    m.K = pyo.Set(initialize=list(bench), doc="stations whose work is priced")
    m.worker = pyo.Var(
        m.K, m.S, bounds=lambda _, k, s: (0, bench[k].room / each[k]), doc="z_ks: where the worker starts after slot s"
    )
    m.undone = pyo.Var(m.K, m.S, bounds=lambda _, k, s: (0, bench[k].largest / each[k]), doc="w_ks: overload in slot s")
    m.derived.append((m.worker, lambda trace, k, s: at[k](trace, s)[0] / each[k]))
    m.derived.append((m.undone, lambda trace, k, s: at[k](trace, s)[1] / each[k]))

    def there(m: Any, k: int, s: int) -> Any:
        moved = sum(move / each[k] * m.x[i, s] for i, move in enumerate(bench[k].moves) if move)
        return moved + (m.worker[k, s - 1] if s > 1 else 0)

    @m.Constraint(m.K, m.S, doc="where the worker starts next")
    def works(m: Any, k: int, s: int) -> Any:
        return m.worker[k, s] >= there(m, k, s) - m.undone[k, s]

    found: Terms = []
    for k, b in bench.items():
        over, idle = (b.weight * price * b.unit for price in (asked.overload, asked.idle))
        constant = over * b.fixed_overload + idle * (b.fixed_idle - b.total)
        found.append(((over + idle) * each[k], sum(m.undone[k, s] for s in m.S)))
        found.append((idle * each[k], m.worker[k, m.S.last()]))
        found.append((abs(constant), 1 if constant > 0 else -1))
    if asked.situation:
        m.overloaded = pyo.Var(m.K, m.S, domain=pyo.Binary, doc="y_ks: the unit of slot s is overloaded")
        m.derived.append((m.overloaded, lambda trace, k, s: at[k](trace, s)[1] > 0))

        @m.Constraint(m.K, m.S, doc="overload is counted")
        def counted(m: Any, k: int, s: int) -> Any:
            return m.undone[k, s] <= bench[k].largest / each[k] * m.overloaded[k, s]

        @m.Constraint(m.K, m.S, doc="who is overloaded works to the right border")
        def to_the_border(m: Any, k: int, s: int) -> Any:
            least, room = bench[k].least / each[k], bench[k].room / each[k]
            return there(m, k, s) - m.undone[k, s] >= least + (room - least) * m.overloaded[k, s]

        found += [(b.weight * asked.situation, sum(m.overloaded[k, s] for s in m.S)) for k, b in bench.items()]
    return [(coefficient, expression) for coefficient, expression in found if coefficient]
