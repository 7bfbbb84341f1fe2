"""How much a wrong setting costs: push by its release rate, CONWIP by its cards, on the same line.

A balanced line of M exponential stations of rate 1 earns `price` for a part and pays `holding` for a part
in the line per unit of time. Push releases at a rate r: throughput r, WIP M r / (1 - r). CONWIP keeps w parts in the
line: throughput w / (w + M - 1) (product form, exact). Each is set to its best, and then set wrong by some share. A
rate that is too high lets the queues grow without end; a number of cards that is too high costs these
cards only (Spearman and Zazanis 1992; Hopp and Spearman).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.simulation.statistics import difference, estimate
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_runs import run_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ERRORS", "Line", "losses", "simulated_losses"]

ERRORS = (-0.5, -0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.5)
"""Shares by which the settings are wrong."""


@dataclass(frozen=True)
class Line:
    """A balanced line of exponential stations of rate 1.

    stations: M. price: of a part made. holding: of a part in the line, per unit of time.
    """

    stations: int = 4
    price: float = 1.0
    holding: float = 0.01

    def push(self, rate: float) -> float:
        """Return the profit per unit of time of releasing at a rate; without end negative from 1 on."""
        if rate >= 1:
            return -math.inf
        return self.price * rate - self.holding * self.stations * rate / (1 - rate)

    def conwip(self, cards: float) -> float:
        """Return the profit per unit of time of so many cards, those between whole numbers by the formula."""
        if cards <= 0:
            return 0.0
        return self.price * cards / (cards + self.stations - 1) - self.holding * cards

    @property
    def best_rate(self) -> float:
        """The best rate of push: p = h M / (1 - r)^2."""
        return max(0.0, 1 - math.sqrt(self.holding * self.stations / self.price))

    @property
    def best_cards(self) -> int:
        """The best whole number of cards of CONWIP."""
        peak = math.sqrt(self.price * (self.stations - 1) / self.holding) - (self.stations - 1)
        around = range(max(1, math.floor(peak)), max(1, math.ceil(peak)) + 1)
        return max(around, key=self.conwip)


def losses(line: Line, errors: Sequence[float] = ERRORS) -> dict[str, list[float]]:
    """Return the share of the best profit that each error costs, exactly: columns error, push, conwip."""
    _check(line)
    best_push, best_conwip = line.push(line.best_rate), line.conwip(line.best_cards)
    return {
        "error": list(errors),
        "push": [1 - line.push(line.best_rate * (1 + error)) / best_push for error in errors],
        "conwip": [1 - line.conwip(line.best_cards * (1 + error)) / best_conwip for error in errors],
    }


def simulated_losses(
    line: Line,
    errors: Sequence[float] = (-0.1, 0.1),
    *,
    replications: int = 20,
    days: float = 50.0,
    seed: int = 0,
    level: float = 0.95,
    threads: int | None = None,
    compiled: bool = True,
) -> dict[str, list[Any]]:
    """Return the same from simulated lines, each an estimate, with the difference push - CONWIP, paired.

    Cards are rounded to whole ones. A day is 1,000 units of time; the first tenth is not measured.
    """
    _check(line)
    settings: dict[str, Any] = {
        "replications": replications, "days": days, "warm_up": days / 10, "seed": seed, "threads": threads,
        "compiled": compiled,
    }  # fmt: skip

    def profit(release: str, control: float) -> Any:
        runs = run_stream(_stream(line, release, control), **settings)
        made = runs.totals["throughput"] / runs.stream.day
        return line.price * made - line.holding * (runs.loops["stock"] + runs.loops["wip"]).sum(axis=1)

    best = {"push": profit("push", line.best_rate), "conwip": profit("conwip", line.best_cards)}
    found: dict[str, list[Any]] = {"error": list(errors), "push": [], "conwip": [], "difference": []}
    for error in errors:
        wrong = {
            "push": profit("push", line.best_rate * (1 + error)),
            "conwip": profit("conwip", round(line.best_cards * (1 + error))),
        }
        shares = {name: 1 - wrong[name] / best[name].mean() for name in wrong}
        for name, share in shares.items():
            # The loss at the best is 0 but for noise; its pairing takes the common noise out.
            shares[name] = share - (1 - best[name] / best[name].mean())
            found[name].append(estimate(shares[name], level))
        found["difference"].append(difference(shares["push"], shares["conwip"], level))
    return found


def _check(line: Line) -> None:
    if line.stations < 2 or not 0 < line.holding * line.stations < line.price:
        raise InputError(
            "the line needs two stations, and a part must earn more than it costs to hold in an empty line",
            value=(line.stations, line.price, line.holding),
            remedy="write for instance Line(stations=4, price=1, holding=0.01)",
        )


def _stream(line: Line, release: str, control: float) -> ValueStream:
    """Return the line as a value stream; customers take whatever comes."""
    names = [f"stage {number + 1}" for number in range(line.stations)]
    data: dict[str, Any] = {
        "name": f"{release} line",
        "day": 1000.0,
        "release": release,
        "stations": {"station": names},
        "loops": {
            "loop": names, "kind": ["production"] * len(names), "cards": [1] * len(names), "quantity": [1] * len(names),
            "initial": [0] * len(names),
        },
        "operations": {
            "loop": names, "step": [1] * len(names), "station": names, "time": [1.0] * len(names),
            "distribution": ["exponential"] * len(names),
        },
        "bill": {"loop": names[1:], "source": names[:-1], "quantity": [1] * (len(names) - 1)},
        "demand": {"demand": ["customer"], "loop": [names[-1]], "quantity": [1], "interval": [0]},
    }  # fmt: skip
    if release == "push":
        data["schedule"] = {"loop": [names[0]], "interval": [1 / control], "distribution": ["exponential"]}
    else:
        data["conwip"] = {"conwip": ["line"], "entry": [names[0]], "exit": [names[-1]], "cards": [int(control)]}
    return ValueStream.parse(data)
