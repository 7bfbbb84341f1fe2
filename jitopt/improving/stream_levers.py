"""The levers of a value stream: each a changed copy of it, under the same random numbers.

A change keeps every source of random numbers where it was: times are scaled or shortened, shares of bad
parts lowered, never a row added or taken away, so that runs with the same seed differ by the lever alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.improving.levers import Lever

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jitopt.simulation.stream import ValueStream

__all__ = ["stream_levers"]

MINUTE = 1.0
POINT = 0.01

Pull = tuple[Lever, "ValueStream"]


def stream_levers(stream: ValueStream, kinds: Sequence[str]) -> list[Pull]:
    """Return every lever a stream has, with the stream it leads to."""
    return [pull for kind in kinds for pull in SOURCES[kind](stream)]


def _changeovers(stream: ValueStream) -> Iterator[Pull]:
    """A minute less for every set-up of a station."""
    steps, pairs = stream.operations, stream.setups
    if stream.stations is None or steps is None:
        return
    for station in stream.stations.station:
        times = [_cell(steps.setup, row) for row, at in enumerate(steps.station) if at == station]
        times += [pairs.time[row] for row, at in enumerate(pairs.station) if at == station] if pairs else []
        most = max(times, default=0.0)
        if not most:
            continue
        changed = {
            "operations": _column(
                steps, "setup", lambda row, v, s=station: _shorter(v) if steps.station[row] == s else v
            )
        }
        if pairs is not None:
            changed["setups"] = _column(
                pairs, "time", lambda row, v, s=station: _shorter(v) if pairs.station[row] == s else v
            )
        yield Lever("changeover", station, min(MINUTE, most)), stream.replace(**changed)


def _uptimes(stream: ValueStream) -> Iterator[Pull]:
    """A point more uptime of a station: as many breakdowns, mended faster."""
    table = stream.stations
    if table is None or table.mtbf is None or table.mttr is None:
        return
    for row, station in enumerate(table.station):
        between, repair = table.mtbf[row], table.mttr[row]
        if not between or not repair:
            continue
        up = between / (between + repair)
        better = min(1.0, up + POINT)
        mttr = _column(table, "mttr", lambda at, v, r=row, u=better, b=between: b * (1 - u) / u if at == r else v)
        yield Lever("uptime", station, _points(better - up)), stream.replace(stations=mttr)


def _yields(stream: ValueStream) -> Iterator[Pull]:
    """A point more good parts of a step, or of what a loop brings."""
    steps = stream.operations
    for row, loop in enumerate(steps.loop if steps else ()):
        assert steps is not None
        bad = _cell(steps.scrap, row)
        if bad:
            scrap = _column(steps, "scrap", lambda at, v, r=row: max(0.0, (v or 0.0) - POINT) if at == r else v)
            name = f"{loop}, step {steps.step[row]} ({steps.station[row]})"
            yield Lever("yield", name, _points(min(POINT, bad))), stream.replace(operations=scrap)
    for row, loop in enumerate(stream.loops.loop):
        bad = _cell(stream.loops.scrap, row)
        if bad:
            scrap = _column(stream.loops, "scrap", lambda at, v, r=row: max(0.0, (v or 0.0) - POINT) if at == r else v)
            yield Lever("yield", f"what {loop} brings", _points(min(POINT, bad))), stream.replace(loops=scrap)


def _lead_times(stream: ValueStream) -> Iterator[Pull]:
    """A day less of a conveyance, or of a supplier's delay: the deliveries of a day fewer, one at least."""
    day, table = stream.day, stream.suppliers
    for row, supplier in enumerate(table.supplier if table else ()):
        assert table is not None
        fewer = max(1, table.deliveries[row] // table.days[row])
        less = min(fewer, table.delay[row] - 1)
        if less > 0:
            delay = _column(table, "delay", lambda at, v, r=row, k=less: v - k if at == r else v)
            days = round(less * table.days[row] / table.deliveries[row], 9)
            yield Lever("lead_time", supplier, days), stream.replace(suppliers=delay)
    for row, loop in enumerate(stream.loops.loop):
        long = _cell(stream.loops.conveyance, row)
        if long:
            shorter = _column(
                stream.loops, "conveyance", lambda at, v, r=row: max(0.0, (v or 0.0) - day) if at == r else v
            )
            yield Lever("lead_time", loop, round(min(day, long) / day, 9)), stream.replace(loops=shorter)


SOURCES: dict[str, Callable[[ValueStream], Iterator[Pull]]] = {
    "changeover": _changeovers,
    "uptime": _uptimes,
    "yield": _yields,
    "lead_time": _lead_times,
}


def _cell(column: Sequence[float | None] | None, row: int) -> float:
    return (column[row] or 0.0) if column else 0.0


def _shorter(value: float | None) -> float | None:
    return None if value is None else max(0.0, value - MINUTE)


def _points(share: float) -> float:
    return round(100 * share, 9)


def _column(table: Any, name: str, value: Callable[..., Any]) -> dict[str, Any]:
    """Return a table as plain columns, one of them changed: value(row, old)."""
    found: dict[str, Any] = table.model_dump()
    old = found[name] or (None,) * table.rows()
    found[name] = tuple(value(row, one) for row, one in enumerate(old))
    return found
