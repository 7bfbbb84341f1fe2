"""Product wheels: a fixed order of products, gone through turn after turn, some of them in every second or fourth.

A turn has a fixed length T. Product i comes up in every k_i-th turn, for k_i T days of its demand. What fits decides T:

    sum of changeovers + sum of d_i k_i T c_i <= T M      for the products of each turn

and EPEI, with the changeovers averaged over the turns, is what T would be if all turns were equally full. What is left
of a turn is slack: time for maintenance, trials, or for being late.

Source: King, Lean for the Process Industries; Smalley, Creating Level Pull; EPEI as in `jitopt.epei`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from jitopt.errors import InputError
from jitopt.levelling.basic_period import Turns, shortest_turns
from jitopt.levelling.changeovers import Order, best_order, changeovers, visits
from jitopt.levelling.lots import EconomicLots, lots_of
from jitopt.levelling.machine import Machine, Run, Schedule, machine
from jitopt.levelling.multiples import Figures
from jitopt.levelling.schedule_check import Audit, check_schedule
from jitopt.problems.epei import epei, figure, figures, karmarkar_interval
from jitopt.problems.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

__all__ = ["Turn", "Wheel", "product_wheel"]

Table = tuple[tuple[float, ...], ...]


class Turn(NamedTuple):
    """What a turn holds. turn: counted from 1. products: how many. changeover, run, slack: minutes."""

    turn: int
    products: int
    changeover: float
    run: float
    slack: float


@dataclass(frozen=True)
class Wheel:
    """A product wheel, or why there is none.

    status: "feasible", or "infeasible" with `reason`. order: of the products, with its bound. turns: length, multiples.
    least_days: the shortest turn with this order. epei: of equally full turns [days]. lots: economic lots, where costs
    are told. schedule, audit: the lots of a cycle, and what they take of stock.
    """

    status: Literal["feasible", "infeasible"]
    machine: Machine
    reason: str = ""
    order: Order | None = None
    turns: Turns | None = None
    least_days: float | None = None
    epei: float | None = None
    changeover: Table = ()
    lots: EconomicLots | None = None
    schedule: Schedule | None = None
    audit: Audit | None = None

    @property
    def cost(self) -> float | None:
        """Setups and stock [money per day], where both are told."""
        return None if self.lots is None or self.audit is None else self.audit.cost

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the time table as columns: turn, product; begin, changeover, run, end [minutes]; lot [units]."""
        found: dict[str, list[Any]] = {
            name: [] for name in ("turn", "product", "begin", "changeover", "run", "end", "lot")
        }
        if self.schedule is None or self.turns is None:
            return found
        minutes = self.machine.minutes
        for run, turn in zip(self.schedule.runs, self._turn_of(), strict=True):
            begin = (run.begin - turn * self.turns.days) * minutes
            setup, work = run.setup * minutes, run.run * minutes
            row = (turn + 1, self.machine.products[run.product], begin, setup, work, begin + setup + work, run.lot)
            for name, value in zip(found, row, strict=True):
                found[name].append(value)
        return found

    def _turn_of(self) -> list[int]:
        if self.order is None or self.turns is None:
            return []
        return [turn for turn, _ in visits(self.order.rows, self.turns.every, self.turns.at)]

    @property
    def calm_days(self) -> float | None:
        """The turn of shortest lead time [days] when times vary, by `jitopt.problems.epei.karmarkar_interval`.

        None where products come up at different intervals, or nothing is set up.
        """
        if self.turns is None or max(self.turns.every) > 1 or not any(self.machine.setup):
            return None
        data = self.machine
        return karmarkar_interval(data.minutes, data.demand, data.run, data.setup)[0]

    def per_turn(self) -> list[Turn]:
        """Return what each turn of a cycle holds."""
        if self.schedule is None or self.turns is None:
            return []
        minutes = self.machine.minutes
        found = []
        of = self._turn_of()
        for turn in range(max(self.turns.every)):
            mine = [run for run, at in zip(self.schedule.runs, of, strict=True) if at == turn]
            setup, work = (sum(values) * minutes for values in ([run.setup for run in mine], [run.run for run in mine]))
            found.append(Turn(turn + 1, len(mine), setup, work, max(0.0, self.turns.days * minutes - setup - work)))
        return found

    def per_product(self) -> dict[str, list[Any]]:
        """Return columns: product, every [turns], lot [units], days it lasts; opening, mean, highest stock [units]."""
        if self.turns is None or self.audit is None:
            return {}
        rows = self.order.rows if self.order else ()
        days = [self.turns.every[row] * self.turns.days for row in rows]
        return {
            "product": [self.machine.products[row] for row in rows],
            "every": [self.turns.every[row] for row in rows],
            "lot": [self.machine.demand[row] * lasts for row, lasts in zip(rows, days, strict=True)],
            "days": days,
            "opening": [self.audit.opening[row] for row in rows],
            "mean": [self.audit.mean[row] for row in rows],
            "highest": [self.audit.highest[row] for row in rows],
        }

    def to_frame(self, like: object = None) -> Any:
        """Return the time table as a data frame; `like` as in `Plan.to_frame`."""
        from jitopt.frames import to_frame

        return to_frame(self.to_rows(), like)


def product_wheel(
    available: float | Fraction,
    demand: Sequence[float | Fraction],
    run: Sequence[float | Fraction],
    setup: Sequence[float | Fraction] | None = None,
    *,
    changeover: Sequence[Sequence[float | Fraction]] | None = None,
    setup_cost: Sequence[float | Fraction] | None = None,
    holding_cost: Sequence[float | Fraction] | None = None,
    every: Sequence[int] | None = None,
    days: float | Fraction | None = None,
    products: Sequence[str] | None = None,
    uptime: float | Fraction = 1,
) -> Wheel:
    """Return a product wheel: how long a turn is, which product comes up how often, in which order, with which lots.

    Parameters
    ----------
    available
        Minutes of a day.
    demand
        Of each product [units per day], above 0.
    run
        Of a unit [minutes].
    setup
        For each product, whatever was made before [minutes]; or `changeover`.
    changeover
        Minutes from the product of a row to that of a column.
    setup_cost, holding_cost
        Of a setup [money], of a unit in stock [money per day]; both, or neither. With them, multiples and turn are
        those of least cost (`economic_lots`, with the least changeover into each product as its setup), as far
        as they fit.
    every
        k of each product: it comes up in every k-th turn. Each divides the next larger one (1, 2, 4). None: those of
        least cost, or 1 for all.
    days
        Length of a turn; None: that of least cost, or the shortest.
    products
        Names; None: 1, 2, 3 ...
    uptime
        Share of the available minutes that the machine runs.

    Returns
    -------
    Wheel
        With status "infeasible" and the reason where the minutes do not suffice.

    Raises
    ------
    InputError
        For a number out of its range, or a column of another length.

    Examples
    --------
    >>> found = product_wheel(900, [120, 150, 60, 80], [1.2, 0.8, 2, 0.5], [30, 20, 45, 25], uptime=0.85)
    >>> round(found.turns.days, 6), [round(lot, 2) for lot in found.to_rows()["lot"]]
    (0.351906, [42.23, 52.79, 21.11, 28.15])
    """
    if not len(demand):
        raise InputError("there is no product", place="demand", remedy="give the demand of at least one product")
    table = _changeovers(setup, changeover, len(demand))
    least = _least(table) if setup is None else list(setup)
    told = setup_cost is not None and holding_cost is not None
    if not told and (setup_cost is not None or holding_cost is not None):
        raise InputError(
            "setup and stock are weighed against each other",
            place="setup_cost" if setup_cost is None else "holding_cost",
            remedy="give setup_cost and holding_cost, or neither",
        )  # fmt: skip
    data = machine(available, demand, run, least, setup_cost, holding_cost, products=products, uptime=uptime)
    lots = lots_of(data) if told else None
    if data.overload:
        return Wheel("infeasible", data, data.overload, lots=lots)
    often = _every(every, lots, len(data.demand))
    turns, proven = shortest_turns([time / data.minutes for time in data.setup], data.load, often)
    if turns is None:
        text = (
            f"{'there is no way' if proven else 'no way was found'} to spread the products over the turns that leaves "
        )
        text += "time to set up in each; lower the multiples of the largest products"
        return Wheel("infeasible", data, text, lots=lots)
    order = _ordered(setup is None, table, turns)
    return _timed(data, table, turns, order, lots, days)


def _changeovers(setup: Any, changeover: Any, count: int) -> Table:
    if (setup is None) == (changeover is None):
        raise InputError(
            "changeovers are told once",
            place="setup",
            remedy="give setup (of each product) or changeover (of each pair)",
        )
    if changeover is None:
        row = tuple(float(value) for value in figures("setup", setup, count))
        return (row,) * count
    if len(changeover) != count:
        raise InputError(
            f"changeover has a row for each product ({count})", place="changeover", value=len(changeover),
            remedy="give one for each",
        )  # fmt: skip
    return tuple(
        tuple(float(value) for value in figures(f"changeover/{row}", column, count))
        for row, column in enumerate(changeover)
    )


def _least(table: Table) -> list[float]:
    """Return the least changeover into each product."""
    rows = range(len(table))
    return [min((table[other][row] for other in rows if other != row), default=table[row][row]) for row in rows]


def _every(every: Sequence[int] | None, lots: EconomicLots | None, count: int) -> tuple[int, ...]:
    if every is None:
        return lots.turns.every if lots is not None and lots.turns is not None else (1,) * count
    values = figures("every", every, count, above=True)
    row = next((row for row, value in enumerate(values) if value.denominator != 1 or value > 1000), None)
    if row is not None:
        raise InputError(
            "a product comes up in every k-th turn, k a whole number from 1 to 1000", place=f"every/{row}",
            value=every[row], remedy="write 1, 2 or 4",
        )  # fmt: skip
    found = tuple(int(value) for value in values)
    for small, large in zip(sorted(found), sorted(found)[1:], strict=False):
        if large % small:
            raise InputError(
                "each multiple divides the next larger one", place=f"every/{found.index(large)}", value=large,
                remedy=f"{large} is no multiple of {small}: write 1, 2, 4 ...",
            )  # fmt: skip
    return found


def _ordered(dependent: bool, table: Table, turns: Turns) -> Order:
    """Return the order of least changeovers; where none matters, from frequent to rare, so that lots are even."""
    if dependent:
        return best_order(table, turns.every, turns.at)
    rows = tuple(sorted(range(len(turns.every)), key=lambda row: (turns.every[row], row)))
    minutes = sum(changeovers(visits(rows, turns.every, turns.at), table))
    return Order(rows, minutes, minutes, True)


def _timed(data: Machine, table: Table, turns: Turns, order: Order, lots: EconomicLots | None, days: Any) -> Wheel:
    """Return the wheel: as long a turn as is asked for, or costs least, or the shortest."""
    lot = visits(order.rows, turns.every, turns.at)
    minutes = changeovers(lot, table)
    least = 0.0
    for turn in range(max(turns.every)):
        mine = [(row, time) for (at, row), time in zip(lot, minutes, strict=True) if at == turn]
        left = data.minutes * (1 - sum(data.load[row] * turns.every[row] for row, _ in mine))
        least = max(least, sum(time for _, time in mine) / left)
    into = [0.0] * len(data.products)
    for (_, row), time in zip(lot, minutes, strict=True):
        into[row] += time * turns.every[row] / max(turns.every)
    data = replace(data, setup=tuple(into))
    shortest = epei(data.minutes, data.demand, data.run, into, every=turns.every).days
    length = least
    if days is not None:
        length = float(figure("days", days, above=True))
        if length < least * (1 - 1e-9):
            text = f"a turn of {rounded(length, 6)} days is too short: the fullest one takes {rounded(least, 6)} days"
            return Wheel("infeasible", data, text, order, turns, least, float(shortest), table, lots)
    elif lots is not None:
        parts = Figures.of(data)
        setups = sum(cost / often for cost, often in zip(parts.order, turns.every, strict=True))
        length = max(least, math.sqrt(setups / sum(h * k for h, k in zip(parts.hold, turns.every, strict=True))))
    if not length:
        raise InputError("nothing is set up, so that any turn fits", place="days", remedy="give the length of a turn")
    turns = Turns(length, turns.every, turns.at)
    schedule = _schedule(data, turns, lot, minutes)
    audit = check_schedule(schedule, data, table)
    return Wheel("feasible", data, "", order, turns, least, float(shortest), table, lots, schedule, audit)


def _schedule(data: Machine, turns: Turns, lots: Sequence[tuple[int, int]], minutes: Sequence[float]) -> Schedule:
    runs: list[Run] = []
    now, current = 0.0, -1
    for (turn, row), time in zip(lots, minutes, strict=True):
        if turn != current:
            now, current = turn * turns.days, turn
        often = turns.every[row]
        setup, days = time / data.minutes, data.load[row] * often * turns.days
        runs.append(Run(row, now, setup, days, data.demand[row] * often * turns.days))
        now += setup + days
    return Schedule(max(turns.every) * turns.days, tuple(runs))
