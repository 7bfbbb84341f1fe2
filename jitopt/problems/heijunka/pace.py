"""Takt, pitch and EPEI of a line that is levelled in a box: derived, never decided.

Takt and pitch are those of `jitopt.problems.takt`; a product's pitch is the time its pack-out quantity takes. Working
minutes are those of the buckets (`box.minutes`, else the pitch of the box). The EPEI that the time allows is that of
`jitopt.problems.epei`; the one reached is the longest stretch of buckets from one build of a product to the next, the
edges of the box counting as builds just outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.base import LARGEST, exact
from jitopt.problems.epei import epei
from jitopt.problems.heijunka.box_judge import longest_gaps
from jitopt.problems.heijunka.judge import read_slots
from jitopt.problems.takt import pitch, takt

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan

__all__ = ["Pace", "pace", "reached"]


@dataclass(frozen=True)
class Pace:
    """The pace of a line.

    minutes: working minutes of the box. takt: minutes of a unit. pitches: takt x pack of each product [minutes].
    epei: shortest interval in which the line can be changed over to each product once [days], None where it
    has no changeover minutes; endless: the work leaves no minutes to change over.
    """

    minutes: Fraction
    takt: Fraction
    pitches: tuple[Fraction, ...]
    epei: Fraction | None
    endless: bool = False


def pace(instance: Heijunka) -> Pace | None:
    """Return takt and pitches of a box, None where no minutes are given."""
    box, data = instance.box, instance.box_data
    if box is None:
        return None
    bucket = data.available if data.available is not None else exact(box.pitch or 0)
    minutes = bucket * instance.slots
    if not 0 < minutes <= LARGEST or not instance.units:
        return None
    beat = takt(minutes, instance.units)
    pitches = tuple(pitch(beat, pack) for pack in data.packs)
    if not any(data.setups):
        return Pace(minutes, beat, pitches, None)
    rows = [row for row, demand in enumerate(instance.products.demand) if demand]
    try:
        found = epei(
            minutes / data.days,
            [Fraction(instance.products.demand[row], data.days) for row in rows],
            [data.minutes[row] for row in rows],
            [data.setups[row] for row in rows],
        )
    except InputError:
        return Pace(minutes, beat, pitches, None, endless=True)
    return Pace(minutes, beat, pitches, found.days)


def reached(instance: Heijunka, plan: HeijunkaPlan) -> int | None:
    """Return the interval in which the plan builds every product [buckets], None for a plan of another shape."""
    slots, _ = read_slots(instance, plan)
    if slots is None or instance.box is None:
        return None
    return max(longest_gaps(instance, slots).values()) + 1
