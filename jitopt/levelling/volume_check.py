"""Check of a volume plan, from the demand alone: limits kept, and no other plan more level. Shares no code with it.

The plan is walked through period by period. It is the most level one if and only if no unit can be moved from one
period to another that makes less. A unit can be made earlier unless the store is full somewhere on the way, and later
unless the stock is at its least; so, from one such period to the next, no quantity may be larger than an earlier
(later) one that has capacity left. In whole units, moving one helps only where the quantities differ by two.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_volume"]

Number = int | Fraction

BREACHES = (
    "makes less than nothing",
    "makes more than its capacity",
    "makes no whole units",
    "ends below its least stock",
    "ends with more than the storage",
)


def check_volume(
    quantities: Sequence[Any],
    demand: Sequence[Any],
    *,
    opening: Any = 0,
    least: Any = 0,
    storage: Any = None,
    final: Any = None,
    capacity: Any = None,
    whole: bool = False,
) -> tuple[str, ...]:
    """Return what is wrong with a plan: limits that it breaks, and periods between which units should be moved.

    quantities: exact (`VolumePlan.fractions`, or whole numbers). The limits: as in `level_volume`; None as final stock
    takes the plan's own. An empty tuple says that the plan is feasible and that none is more level.
    """
    given = _each(quantities)
    needs = _each(demand)
    if len(given) != len(needs):
        return (f"{len(given)} quantities for {len(needs)} periods",)
    room = [_per_period(limit, len(needs)) for limit in (least, storage, capacity)]
    breaches: list[str] = []
    stock = _exact(opening)
    full, empty = [], []
    for t, (made, taken) in enumerate(zip(given, needs, strict=True)):
        low, high, most = (limit[t] for limit in room)
        stock += made - taken
        broken = (
            made < 0,
            most is not None and made > most,
            whole and made.denominator != 1,
            low is not None and stock < low,
            high is not None and stock > high,
        )
        if any(broken):
            breaches += [f"period {t + 1} {words}" for words, found in zip(BREACHES, broken, strict=True) if found]
        step = 1 if whole else 0
        full.append(high is not None and (stock == high or stock + step > high))
        empty.append(low is not None and (stock == low or stock - step < low))
    if final is not None and not whole and stock != _exact(final):
        breaches.append(f"the final stock is {stock}")
    if not breaches:
        breaches += _better(given, room[2], full, empty, 2 if whole else 0)
    return tuple(breaches)


def _exact(value: Any) -> Number:
    return value if isinstance(value, int | Fraction) else Fraction(str(value))


def _each(values: Sequence[Any]) -> list[Number]:
    return [_exact(value) for value in values]


def _per_period(limit: Any, count: int) -> list[Number | None]:
    values = [limit] * count if limit is None or isinstance(limit, int | float | Fraction) else list(limit)
    return [None if value is None else _exact(value) for value in values]


def _better(
    made: list[Number], most: list[Number | None], full: list[bool], empty: list[bool], least: int
) -> list[str]:
    """Return pairs of periods between which moving units makes the plan more level."""
    found = []
    earlier = _scan(made, most, full, least)
    if earlier:
        found.append(f"units of period {earlier[1]} could be made in period {earlier[0]}")
    # Later is earlier in a mirror: the stock between two periods is that at the end of the first of them.
    later = _scan(made[::-1], most[::-1], [*reversed(empty[:-1]), True], least)
    if later:
        count = len(made) + 1
        found.append(f"units of period {count - later[1]} could be made in period {count - later[0]}")
    return found


def _scan(made: list[Number], most: list[Number | None], barred: list[bool], least: int) -> tuple[int, int] | None:
    """Return the first pair (i, j), i before j, where moving from j to i is free and helps; counted from 1."""
    small: Number | None = None
    where = 0
    for t, here in enumerate(made):
        if small is not None and here > small and here - small >= least:
            return where, t + 1
        limit = most[t]
        if (limit is None or here < limit) and (small is None or here < small):
            small, where = here, t + 1
        if barred[t]:
            small = None
    return None
