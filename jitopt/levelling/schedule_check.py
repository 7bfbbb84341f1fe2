"""Check of a schedule of lots, from the data alone: the cycle is run through, stock by stock. Shares no code with them.

On hand at the begin of the cycle is the least with which no product ever runs out; what it costs is the cost of the
schedule. So a schedule whose lots do not come at even distances is not refused: it is priced with the stock it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.levelling.machine import Machine, Schedule

__all__ = ["Audit", "check_schedule"]

TOLERANCE = 1e-9
"""Relative: schedules are computed in floating point."""


class Audit(NamedTuple):
    """What a schedule is.

    breaches: what is wrong with it, in words. cost: setups and stock [money per day]. opening, mean, highest: stock of
    each product at the begin of the cycle, on average, at most [units]. work: share of the time that is run or set up.
    """

    breaches: tuple[str, ...]
    cost: float
    opening: tuple[float, ...]
    mean: tuple[float, ...]
    highest: tuple[float, ...]
    work: float


def check_schedule(schedule: Schedule, machine: Machine, changeover: Sequence[Sequence[float]] | None = None) -> Audit:
    """Run through a cycle.

    changeover: minutes from the product of a row to that of a column, where they depend on the sequence; None takes
    `machine.setup`.
    """
    runs, cycle = schedule.runs, schedule.cycle
    slack = TOLERANCE * cycle
    names = machine.products
    breaches: list[str] = []
    for here, lot in enumerate(runs):
        before = runs[here - 1] if here else runs[-1]
        ends = lot.begin + lot.setup + lot.run
        if here + 1 < len(runs) and ends > runs[here + 1].begin + slack:
            breaches.append(f"the lot of {names[lot.product]} at day {lot.begin:.6g} runs into the next one")
        if here + 1 == len(runs) and ends > cycle + runs[0].begin + slack:
            breaches.append(f"the last lot, of {names[lot.product]}, runs beyond the cycle")
        needed = machine.setup[lot.product] if changeover is None else changeover[before.product][lot.product]
        if lot.setup * machine.minutes < needed - slack * machine.minutes:
            breaches.append(f"the setup of {names[lot.product]} at day {lot.begin:.6g} is too short")
        if abs(lot.run * machine.minutes - lot.lot * machine.run[lot.product]) > slack * machine.minutes:
            breaches.append(f"the lot of {names[lot.product]} at day {lot.begin:.6g} does not fit its run time")
    stocks = [_stock(schedule, machine, product) for product in range(len(names))]
    for product, (made, *_) in enumerate(stocks):
        taken = machine.demand[product] * cycle
        if abs(made - taken) > TOLERANCE * taken:
            breaches.append(f"a cycle makes {made:.9g} units of {names[product]} and takes {taken:.9g}")
    _, opening, mean, highest = zip(*stocks, strict=True)
    setups = sum(machine.setup_cost[lot.product] for lot in runs) / cycle
    held = sum(price * stock for price, stock in zip(machine.holding_cost, mean, strict=True))
    work = sum(lot.setup + lot.run for lot in runs) / cycle
    return Audit(tuple(breaches), setups + held, opening, mean, highest, work)


def _stock(schedule: Schedule, machine: Machine, product: int) -> tuple[float, float, float, float]:
    """Return what is made of a product in a cycle, and its opening, mean and highest stock."""
    rate = machine.demand[product]
    now = level = area = made = 0.0
    least = most = 0.0

    def go(until: float, gain: float) -> None:
        nonlocal now, level, area, least, most
        after = level + gain - rate * (until - now)
        area += (level + after) / 2 * (until - now)
        now, level = until, after
        least, most = min(least, level), max(most, level)

    for lot in schedule.runs:
        if lot.product == product:
            starts = lot.begin + lot.setup
            ends = starts + lot.run
            go(min(starts, schedule.cycle), 0.0)
            # A last lot that goes on into the next cycle is seen as if it were made in this one.
            go(ends, lot.lot)
            made += lot.lot
    if now < schedule.cycle:
        go(schedule.cycle, 0.0)
    return made, -least, area / schedule.cycle - least, most - least
