"""Economic lots on one machine (ELSP): setups against stock, where products wait for each other's lots.

With load rho_i = d_i c_i / M and holding H_i = h_i d_i (1 - rho_i) / 2, a product made every T_i days costs

    A_i / T_i + H_i T_i        and takes s_i / T_i of the share 1 - sum rho_i that is left for setting up.

* Bound: every T_i by itself under that one shared limit; its multiplier is found by bisection, and any multiplier gives
  a bound. No schedule costs less.
* Common cycle: all T_i = T = max(sqrt(sum A / sum H), sum s / (1 - sum rho)).
* Basic period: T_i = k_i T with powers of two (`jitopt.levelling.basic_period`), T as cheap as the lots allow.
* Sequence: lots of a product may differ (`jitopt.levelling.lot_sequence`).

The problem is NP-hard (Hsu 1983); what is returned is the cheapest schedule found, with the bound.
Source: Bomberger (1966), A dynamic programming approach to a lot size scheduling problem; Haessler (1979); Dobson
(1987), The economic lot-scheduling problem: achieving feasibility using time-varying lot sizes; Zipkin (1991).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jitopt.levelling.basic_period import Turns
from jitopt.levelling.lot_sequence import varying_lots
from jitopt.levelling.machine import Machine, Run, Schedule, machine
from jitopt.levelling.multiples import Figures, best_turns, rounded_multiples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

__all__ = ["EconomicLots", "economic_lots", "schedule_of"]


@dataclass(frozen=True)
class EconomicLots:
    """The cheapest schedule found, with the bound.

    status: "optimal" (cost and bound meet), "feasible", or "infeasible" with `reason`. cost: of the schedule, bound: no
    schedule costs less [money per day]. method: "common cycle", "basic period" or "sequence". costs: of each method (of
    sequences only if one is cheaper).
    independent: days between two lots of each product, if no product waited for another. turns: of the basic period.
    turns_proven: no powers of two up to 64 give a cheaper basic period.
    """

    status: Literal["optimal", "feasible", "infeasible"]
    machine: Machine
    reason: str = ""
    cost: float | None = None
    bound: float | None = None
    method: str = ""
    costs: dict[str, float] = field(default_factory=dict)
    independent: tuple[float, ...] = ()
    turns: Turns | None = None
    turns_proven: bool = False
    schedule: Schedule | None = None

    @property
    def gap(self) -> float | None:
        """(cost - bound) / cost; None where there is no schedule."""
        return None if self.cost is None or self.bound is None else (self.cost - self.bound) / self.cost

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the lots of a cycle as columns: product, begin [days], setup [minutes], run [minutes], lot [units]."""
        runs = () if self.schedule is None else self.schedule.runs
        return {
            "product": [self.machine.products[run.product] for run in runs],
            "begin": [run.begin for run in runs],
            "setup": [run.setup * self.machine.minutes for run in runs],
            "run": [run.run * self.machine.minutes for run in runs],
            "lot": [run.lot for run in runs],
        }

    def to_frame(self, like: object = None) -> Any:
        """Return the lots as a data frame; `like` as in `Plan.to_frame`."""
        from jitopt.frames import to_frame

        return to_frame(self.to_rows(), like)


def economic_lots(
    available: float | Fraction,
    demand: Sequence[float | Fraction],
    run: Sequence[float | Fraction],
    setup: Sequence[float | Fraction],
    setup_cost: Sequence[float | Fraction],
    holding_cost: Sequence[float | Fraction],
    *,
    products: Sequence[str] | None = None,
    uptime: float | Fraction = 1,
) -> EconomicLots:
    """Return lots of least cost on a machine that makes one product at a time.

    Parameters
    ----------
    available
        Minutes of a day.
    demand
        Of each product [units per day], above 0.
    run
        Of a unit [minutes].
    setup
        For each product, whatever was made before [minutes].
    setup_cost
        Of a setup [money]; setup or its cost is above 0.
    holding_cost
        Of a unit in stock [money per day], above 0.
    products
        Names; None: 1, 2, 3 ...
    uptime
        Share of the available minutes that the machine runs.

    Returns
    -------
    EconomicLots
        With status "infeasible" where the run time leaves no minutes to set up.

    Raises
    ------
    InputError
        For a number out of its range, or a column of another length.
    """
    data = machine(available, demand, run, setup, setup_cost, holding_cost, products=products, uptime=uptime)
    return lots_of(data)


def lots_of(data: Machine) -> EconomicLots:
    """Return lots of least cost for the data of a machine; see `economic_lots`."""
    figures = Figures.of(data)
    if data.overload:
        return EconomicLots("infeasible", data, data.overload)
    bound, intervals = figures.independent()
    together = max(math.sqrt(sum(figures.order) / sum(figures.hold)), sum(figures.setup) / data.left)
    once = Turns(together, (1,) * len(data.products), (0,) * len(data.products))
    found = {"common cycle": (figures.cost(once.days, once.every), schedule_of(data, once))}
    turns, proven = best_turns(figures, intervals, once)
    found["basic period"] = (figures.cost(turns.days, turns.every), schedule_of(data, turns))
    varying = varying_lots(
        data, figures, list(rounded_multiples(intervals)), turns, figures.cost(turns.days, turns.every)
    )
    if varying is not None:
        found["sequence"] = varying
    # Of equal costs the plainest schedule.
    method = min(found, key=lambda name: found[name][0] * (1 + 1e-9 * list(found).index(name)))
    cost, schedule = found[method]
    bound = min(bound, cost)
    status: Literal["optimal", "feasible"] = "optimal" if cost <= bound * (1 + 1e-9) else "feasible"
    costs = {name: value for name, (value, _) in found.items()}
    return EconomicLots(status, data, "", cost, bound, method, costs, tuple(intervals), turns, proven, schedule)


def schedule_of(data: Machine, turns: Turns) -> Schedule:
    """Return turns as a schedule: in each, its products from frequent to rare, one right after the other."""
    order = sorted(range(len(data.products)), key=lambda row: (turns.every[row], row))
    runs = []
    loads = data.load
    for turn in range(max(turns.every)):
        now = turn * turns.days
        for row in order:
            often = turns.every[row]
            if turn % often == turns.at[row]:
                setup, days = data.setup[row] / data.minutes, loads[row] * often * turns.days
                runs.append(Run(row, now, setup, days, data.demand[row] * often * turns.days))
                now += setup + days
    return Schedule(max(turns.every) * turns.days, tuple(runs))
