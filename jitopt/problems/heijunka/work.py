"""Work overload on the line: stations, minutes of work, and what a sequence asks of the workers.

A station is a stretch of a line that moves steadily; the position of its worker is told in the minutes that
the line takes to come there from the station's left border. With the takt c between two launches, length l
of the station, and minutes p of work on the unit of slot s, where the worker begins at z:

    overload u = max(0, z + p - l)          work that is not done before the unit leaves
    end      e = min(z + p, l)
    idle     i = max(0, c - e)              the next unit has not come yet
    next     z' = max(0, e - c)             both borders are closed, walking back takes no time

Before slot 1 every worker stands at 0. Overload: Yano and Rachamadugu 1991.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from jitopt.errors import InputError
from jitopt.problems.base import Identifiers, Numbers, Table, exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.problems.heijunka.instance import Heijunka, Objective

__all__ = ["MEASURES", "Station", "Stations", "Step", "Work", "check_work", "measure_work", "stations_of", "walk"]

MEASURES: dict[str, tuple[str, ...]] = {"overload": ("sum_absolute", "sum_violated"), "idle": ("sum_absolute",)}
"""The measures of each term of work."""


class Stations(Table):
    """The stations of the line.

    station: id. length: how long a unit is within the station [l_k, minutes, at least the takt].
    weight: of the station's overload and idle time [w_k, default 1].
    """

    KEY: ClassVar[tuple[str, ...]] = ("station",)
    station: Identifiers
    length: Numbers
    weight: Numbers | None = None


class Work(Table):
    """Minutes of work on one unit of a product at a station [p_ik, minutes]; what is not listed is 0."""

    KEY: ClassVar[tuple[str, ...]] = ("product", "station")
    product: Identifiers
    station: Identifiers
    minutes: Numbers


class Station(NamedTuple):
    """A station in whole numbers, of which `scale` are a minute.

    station: id. weight: of its terms. takt, length: as in the instance. minutes: of each product row.
    """

    station: str
    weight: Fraction
    scale: int
    takt: int
    length: int
    minutes: tuple[int, ...]


class Step(NamedTuple):
    """What a worker does in one slot: where it begins, overload and idle time, in the station's whole numbers."""

    start: int
    overload: int
    idle: int


def stations_of(instance: Heijunka) -> tuple[Station, ...]:
    """Return the stations of an instance, each with the minutes of every product."""
    table, takt = instance.stations, exact(instance.takt or 0)
    if table is None:
        return ()
    minutes = {station: [Fraction(0)] * len(instance.index) for station in table.station}
    if instance.work:
        for product, station, value in zip(
            instance.work.product, instance.work.station, instance.work.minutes, strict=True
        ):
            minutes[station][instance.index[product]] = exact(value)
    found = []
    for row, station in enumerate(table.station):
        length = exact(table.length[row])
        scale = lcm(takt.denominator, length.denominator, *(value.denominator for value in minutes[station]))
        weight = exact(table.weight[row]) if table.weight else Fraction(1)
        whole = tuple(int(value * scale) for value in minutes[station])
        found.append(Station(station, weight, scale, int(takt * scale), int(length * scale), whole))
    return tuple(found)


def walk(station: Station, rows: Sequence[int]) -> Iterator[Step]:
    """Yield what the worker of a station does in each slot of a sequence of product rows."""
    minutes, length, takt = station.minutes, station.length, station.takt
    start = 0
    for row in rows:
        whole = start + minutes[row]
        end = min(whole, length)
        yield Step(start, whole - end, max(0, takt - end))
        start = max(0, end - takt)


def measure_work(instance: Heijunka, rows: Sequence[int], term: Objective) -> Fraction:
    """Return the value of the term "overload" or "idle" of a sequence [minutes, or number of overloads]."""
    value = Fraction(0)
    for station in instance.line_stations:
        steps = walk(station, rows)
        if term.measure == "sum_violated":
            value += station.weight * sum(step.overload > 0 for step in steps)
        elif term.term == "overload":
            value += station.weight * Fraction(sum(step.overload for step in steps), station.scale)
        else:
            value += station.weight * Fraction(sum(step.idle for step in steps), station.scale)
    return value


def check_work(instance: Heijunka) -> None:
    """Refuse stations and work that do not fit together, or that have no sequence; raise `InputError`."""
    for place, given in (("/stations", instance.stations), ("/work", instance.work), ("/takt", instance.takt)):
        if given is not None and instance.box is not None:
            raise InputError(
                "work overload needs a sequence: the units of a bucket have no order",
                place=place,
                remedy="remove it, or the box",
            )
    names = instance.stations.station if instance.stations else ()
    known = {name: row for row, name in reversed(list(enumerate(names)))}
    if instance.work:
        instance.work.check_reference("/work", "product", instance.index, "products", "/products/product")
        instance.work.check_reference("/work", "station", known, "stations", "/stations/station")
    _check_stations(instance)
    for row, term in enumerate(instance.objective):
        if term.term not in MEASURES:
            continue
        if instance.stations is None:
            raise InputError(
                f'the term "{term.term}" needs the table "stations"',
                place=f"/objective/{row}",
                remedy='give the stations, the minutes of "work" and the "takt", or remove the term',
            )
        allowed = MEASURES[term.term]
        if term.measure not in allowed:
            raise InputError(
                f'the term "{term.term}" is measured by {" or ".join(allowed)}',
                place=f"/objective/{row}/measure",
                value=term.measure,
                remedy="use sum_absolute, the minutes" if len(allowed) == 1 else "use one of these",
            )


def _check_stations(instance: Heijunka) -> None:
    """Refuse stations without a takt, or shorter than it."""
    if instance.stations is None:
        return
    if instance.takt is None:
        raise InputError(
            'stations need the "takt", the minutes between two launches', place="/stations", remedy='give "takt"'
        )
    for row, length in enumerate(instance.stations.length):
        if length < instance.takt:
            raise InputError(
                f"a station is at least one takt long ({instance.takt:g} minutes), or units would be between stations",
                place=f"/stations/length/{row}",
                value=length,
                remedy="give the minutes that a unit is within the station, or correct the takt",
            )
