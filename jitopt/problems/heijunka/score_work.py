"""Contributions to overload and idle time: which stations, and in which slots."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.figures import counted, rounded
from jitopt.problems.heijunka.contributions import Contributions, Place, slots_text
from jitopt.problems.heijunka.work import walk

if TYPE_CHECKING:
    from jitopt.problems.heijunka.contributions import Reading
    from jitopt.problems.heijunka.instance import Objective

__all__ = ["look_work"]


def look_work(reading: Reading, term: Objective) -> Contributions:
    """Tell which stations are overloaded, or idle, and in which stretches of slots; unknown products take no work."""
    factor = exact(term.weight)
    profile: list[Fraction | int] = [0] * len(reading.slots)
    rows = [max(-1, next(iter(slot))) for slot in reading.slots]
    who, where, total = [], [], Fraction(0)
    for station in reading.instance.line_stations:
        price = factor * station.weight
        steps = walk(station._replace(minutes=(*station.minutes, 0)), rows)
        whole = [step.overload if term.term == "overload" else step.idle for step in steps]
        values = [price * (amount > 0 if term.measure == "sum_violated" else Fraction(amount, station.scale))
                  for amount in whole]  # fmt: skip
        value = sum(values, Fraction(0))
        if not value:
            continue
        total += value
        profile = [before + now for before, now in zip(profile, values, strict=True)]
        minutes = rounded(Fraction(sum(whole), station.scale), 4)
        count = counted(sum(amount > 0 for amount in whole), "slot")
        first = next(slot for slot, amount in enumerate(whole, 1) if amount)
        word = "overload" if term.term == "overload" else "idle"
        text = f"station {station.station}: {minutes} minutes {word} in {count}"
        who.append(Place((station.station,), first, len(whole), float(value), text))
        for high, run in itertools.groupby(range(len(whole)), key=lambda at: whole[at] > 0):
            if high:
                at = list(run)
                told = rounded(Fraction(sum(whole[slot] for slot in at), station.scale), 4)
                text = f"{slots_text(at[0] + 1, at[-1] + 1)}: {told} minutes {word} at {station.station}"
                cost = sum((values[slot] for slot in at), Fraction(0))
                where.append(Place((station.station,), at[0] + 1, at[-1] + 1, float(cost), text))
    return Contributions(total, who, where, [float(one) for one in profile])
