"""The tube of a volume plan: between which two curves cumulative output must stay, and why it may be empty.

With demand d, opening stock I, least stock s_t and room for S_t units at the end of period t, cumulative output X keeps

    L_t = d_1 + ... + d_t - I + s_t  <=  X_t  <=  d_1 + ... + d_t - I + S_t = U_t,      X_0 = 0

and it never falls and never rises by more than the capacity c_t. Output of a later period cannot be undone, so L may be
replaced by its largest value so far and U by its least value yet to come; between them nothing falls of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.levelling.whole import Column, column, together
from jitopt.problems.figures import counted, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Shortage", "Tube", "shortage", "tube"]

Number = float | Fraction


@dataclass(frozen=True)
class Shortage:
    """Why no plan exists, as a sum that anyone can check.

    first, last: the periods concerned, counted from 1. needed: units that must be made (by the end of `last`, or in
    the periods). possible: units that can or may be made. short_by: the difference. text: the same in a sentence.
    """

    first: int
    last: int
    needed: Fraction
    possible: Fraction
    text: str

    @property
    def short_by(self) -> Fraction:
        """Units by which what is needed exceeds what is possible."""
        return self.needed - self.possible


@dataclass(frozen=True)
class Tube:
    """The curves, as whole numbers.

    demand: cumulative, and opening: stock, both in 1 / `data_per` units. lower, upper: for cumulative output, neither
    ever falling; index 0 stands before the first period. capacity: of each period, or None; these in 1 / `per` units.
    shortage: why the tube is empty, or None.
    """

    demand: Any
    opening: int
    data_per: int
    lower: Any
    upper: Any
    capacity: Any
    per: int
    shortage: Shortage | None

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.lower) - 1


def tube(
    demand: Sequence[Number] | NDArray[Any],
    opening: Number,
    least: Number | Sequence[Number] | NDArray[Any],
    storage: Number | Sequence[Number | None] | NDArray[Any] | None,
    final: Number | None,
    capacity: Number | Sequence[Number | None] | NDArray[Any] | None,
    whole: bool,
) -> Tube:
    """Return the tube of `jitopt.levelling.level_volume`, whose arguments these are.

    Raises
    ------
    InputError
        For a column of another length than the demand, or a number out of its range.
    """
    wanted = column("demand", demand)
    count = len(wanted[0])
    if not count:
        raise InputError("there is no period", place="demand", remedy="give the demand of at least one period")
    limited, room = _limits("storage", storage, count)
    capped, rates = _limits("capacity", capacity, count)
    columns = [
        wanted, column("opening", [opening]), _spread("least", least, count), room,
        column("final", [0 if final is None else final]), rates,
    ]  # fmt: skip
    (needs, start, floor, roof, end, most), data_per = together(columns, count)
    needs, stock = np.cumsum(needs), start[0]
    lower, upper, total = needs - stock + floor, needs - stock + roof, needs[-1] - stock + end[0]
    per = data_per
    if whole:
        # Whole units keep the tube if and only if they keep the whole numbers within it.
        lower, upper, most, total, per = -(-lower // per), upper // per, most // per, -(-total // per), 1
    if final is None:
        total = max(0, int(lower.max()))
    elif not lower[-1] <= total or (limited[-1] and total > upper[-1]):
        raise InputError(
            "the final stock lies between least stock and storage of the last period", place="final", value=final,
            remedy="correct it, or leave it out: then it is the least there can be",
        )  # fmt: skip
    upper = np.where(limited, upper, max(int(total), int(lower.max())))
    if final is not None:
        lower[-1] = upper[-1] = total
    zero = lower[:1] * 0
    lower, upper = np.concatenate([zero, lower]), np.concatenate([zero, upper])
    rate = np.where(capped, most, upper[-1]) if capped.any() else None
    found = shortage(lower, upper, rate, per)
    lower[-1] = upper[-1] = total
    risen, fallen = np.maximum.accumulate(lower), np.minimum.accumulate(upper[::-1])[::-1]
    return Tube(needs, int(stock), data_per, risen, fallen, rate, per, found)


def _spread(name: str, values: Number | Sequence[Number] | NDArray[Any], count: int) -> Column:
    if isinstance(values, int | float | Fraction):
        found, per = column(name, [values])
        return np.repeat(found, count), per
    made = column(name, values)
    if len(made[0]) != count:
        raise InputError(
            f"{name} is one number, or one for each period ({counted(count, 'period')})", place=name,
            value=len(made[0]), remedy="give one for each period of the demand",
        )  # fmt: skip
    return made


def _limits(name: str, values: Any, count: int) -> tuple[Any, Column]:
    """Return which periods have a limit, and the limits."""
    if values is None:
        return np.zeros(count, dtype=bool), (np.zeros(count, dtype=np.int64), 1)
    if isinstance(values, int | float | Fraction | np.ndarray):
        return np.ones(count, dtype=bool), _spread(name, values, count)
    told = list(values)
    return np.array([value is not None for value in told], dtype=bool), _spread(
        name, [0 if value is None else value for value in told], count
    )


def shortage(lower: Any, upper: Any, rate: Any, per: int) -> Shortage | None:
    """Return the largest shortage, None where a plan exists.

    Two sums decide, for these are the shortest ways in the graph of differences: what is needed by a is no more than
    what is allowed by a later b, and what is needed by b is no more than what is allowed by an earlier a and the
    capacity between them.
    """
    highest = np.maximum.accumulate(lower)
    over = highest - upper
    worst = int(over.argmax())
    found: Shortage | None = None
    if over[worst] > 0:
        first = int((lower[: worst + 1] == highest[worst]).argmax())
        found = _too_full(first, worst, Fraction(int(lower[first]), per), Fraction(int(upper[worst]), per))
    if rate is not None:
        made = np.concatenate([lower[:1] * 0, np.cumsum(rate)])
        spare = np.minimum.accumulate(upper - made)
        lack = lower - made - spare
        late = int(lack.argmax())
        if lack[late] > 0 and (found is None or Fraction(int(lack[late]), per) > found.short_by):
            first = int((upper[: late + 1] - made[: late + 1] == spare[late]).argmax())
            allowed, needed, can = (
                Fraction(int(value), per) for value in (upper[first], lower[late], made[late] - made[first])
            )
            found = _too_slow(first, late, allowed, needed - allowed, can)
    return found


def _units(value: Fraction) -> str:
    return f"{rounded(value, 12)} {'unit' if value == 1 else 'units'}"


def _too_full(first: int, last: int, needed: Fraction, possible: Fraction) -> Shortage:
    short = _units(needed - possible)
    if not first:
        text = f"the opening stock is more than can be used and stored by the end of period {last}: {short} too many"
    elif first == last:
        text = f"at the end of period {last} the least stock is more than the storage holds: {short} too many"
    else:
        text = (
            f"by the end of period {first} {_units(needed)} must be made, by the end of period {last} at most "
            f"{_units(possible)} may be, for the storage holds no more: {short} too many"
        )
    return Shortage(max(first, 1), last, needed, possible, text)


def _too_slow(first: int, last: int, allowed: Fraction, needed: Fraction, possible: Fraction) -> Shortage:
    before = f" (storage lets at most {_units(allowed)} be made before)" if first else ""
    where = f"in period {last}" if first + 1 == last else f"in the periods {first + 1} to {last}"
    text = (
        f"{where} {_units(needed)} must be made{before}, the capacity is "
        f"{_units(possible)}: short by {_units(needed - possible)}"
    )
    return Shortage(first + 1, last, needed, possible, text)
