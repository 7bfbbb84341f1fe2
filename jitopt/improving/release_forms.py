"""A kanban stream released in other ways: the same stations, bill and demand, other authority to work."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from jitopt.improving.search import least_cards
from jitopt.problems.base import exact
from jitopt.problems.figures import amount

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_runs import Runs

__all__ = ["RELEASES", "hindrance", "scaled"]

RELEASES = ("kanban", "conwip", "push")


def hindrance(stream: ValueStream, release: str) -> str:
    """Return why a stream cannot be released so, "" where it can.

    A CONWIP card goes with a container from the first loop to the last, so one of the first must make one of
    the last; where that is not so, and the stream does not tell its own `conwip`, none is made up.
    """
    made = [kind for kind in stream.loops.kind if kind in ("production", "signal", "withdrawal")]
    if release != "kanban" and not made:
        return "nothing is made in this stream"
    if release != "conwip" or stream.conwip is not None:
        return ""
    size = dict(zip(stream.loops.loop, map(exact, stream.loops.quantity), strict=True))
    above = _sources(stream)
    for exit_ in stream.demand.loop if stream.demand else ():
        for way in _ways(above, exit_):
            units = size[exit_]
            for loop, source in itertools.pairwise(way):
                units *= _ratio(stream, loop, source)
            if units != size[way[-1]]:
                return (
                    f"a container of {way[-1]} holds {amount(size[way[-1]])}, one of {exit_} takes {amount(units)}: "
                    "no card goes from one to the other (tell the table conwip)"
                )
    return ""


def _ratio(stream: ValueStream, loop: str, source: str) -> Fraction:
    """Return the units of a source in a unit of a loop."""
    assert stream.bill is not None
    rows = zip(stream.bill.loop, stream.bill.source, stream.bill.quantity, strict=True)
    return next(exact(quantity) for one, two, quantity in rows if (one, two) == (loop, source))


def scaled(stream: ValueStream, release: str, scale: float, base: Runs) -> ValueStream:
    """Return a stream with a release and its control at a multiple of the stream's own.

    base: runs of the stream under kanban, whose lead times an MRP is given. Cards of containers from outside
    stay as they are, so that the releases differ in what is made only.
    """
    if release == "kanban":
        rows = zip(stream.loops.kind, stream.loops.cards, least_cards(stream), strict=True)
        cards = tuple(count if kind == "supplier" else _count(count, scale, least) for kind, count, least in rows)
        return stream.replace(loops={**stream.loops.model_dump(), "cards": cards})
    if release == "conwip":
        told = stream.conwip.model_dump() if stream.conwip is not None else _conwip(stream)
        cards = tuple(_count(count, scale) for count in told["cards"])
        return stream.replace(release="conwip", conwip={**told, "cards": cards})
    planning = stream.planning.model_dump() if stream.planning is not None else _planning(stream, base)
    safety = planning.get("safety") or (None,) * len(planning["loop"])
    changed = {
        **planning,
        "lead_time": tuple(time * scale for time in planning["lead_time"]),
        "safety": tuple(None if stock is None else stock * scale for stock in safety),
    }
    return stream.replace(release="push", planning=changed)


def _count(cards: int, scale: float, least: int = 1) -> int:
    return max(least, round(cards * scale)) if cards else 0


def _conwip(stream: ValueStream) -> dict[str, Any]:
    """Put a CONWIP loop around every way from a first made loop to one that customers take from."""
    above = _sources(stream)
    asked = dict.fromkeys(stream.demand.loop if stream.demand else ())
    cards = dict(zip(stream.loops.loop, stream.loops.cards, strict=True))
    rows: list[tuple[str, str, str, int]] = []
    for exit_ in asked:
        for way in _ways(above, exit_):
            rows.append((f"{way[-1]} to {exit_}", way[-1], exit_, sum(cards[loop] for loop in way)))
    found: dict[str, tuple[str, str, str, int]] = {}
    for row in rows:  # of several ways between the same two loops the one with most cards
        if row[0] not in found or found[row[0]][3] < row[3]:
            found[row[0]] = row
    names = ("conwip", "entry", "exit", "cards")
    return {name: tuple(row[at] for row in found.values()) for at, name in enumerate(names)}


def _sources(stream: ValueStream) -> dict[str, list[str]]:
    """Return the made loops each loop takes from."""
    kinds = dict(zip(stream.loops.loop, stream.loops.kind, strict=True))
    found: dict[str, list[str]] = {loop: [] for loop in stream.loops.loop}
    for loop, source in zip(stream.bill.loop, stream.bill.source, strict=True) if stream.bill else ():
        if kinds[source] != "supplier":
            found[loop].append(source)
    return found


def _ways(above: dict[str, list[str]], loop: str) -> list[list[str]]:
    """Return the ways from a loop up to the first ones, the loop itself first."""
    if not above[loop]:
        return [[loop]]
    return [[loop, *way] for source in above[loop] for way in _ways(above, source)]


def _planning(stream: ValueStream, base: Runs) -> dict[str, Any]:
    """Plan each made loop with the lead time it had under kanban."""
    import numpy as np

    times = np.nanmean(base.loops["lead_time"], axis=0)
    made = [row for row, kind in enumerate(stream.loops.kind) if kind not in ("supplier", "co_product")]
    return {
        "loop": tuple(stream.loops.loop[row] for row in made),
        "lead_time": tuple(float(times[row]) if math.isfinite(times[row]) else 0.0 for row in made),
        "safety": tuple(stream.loops.quantity[row] * stream.loops.cards[row] / 2 for row in made),
    }
