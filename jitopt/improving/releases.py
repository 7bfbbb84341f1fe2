"""Push, CONWIP and kanban release on the same demand: never at equal parameters.

Each release is run along its own control (cards, CONWIP cards, planned lead times and safety), all with the same
random numbers, which gives a curve of service over stock. The curves are read at equal service, or at
equal stock: between two neighbouring controls, in proportion. The place where a curve is read comes
from the same runs, and so do its errors: to every replication the slope of the curve carries over what its own
service (stock) lies beside the common one, so that the interval of the difference counts both.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.improving.release_forms import RELEASES, hindrance, scaled
from jitopt.improving.streams import inventory
from jitopt.simulation.statistics import Estimate, difference, estimate
from jitopt.simulation.stream import ValueStream
from jitopt.simulation.stream_runs import run_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from jitopt.planning.chain import PlantPlan

__all__ = ["ReleaseComparison", "compare_releases"]

SCALES = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.3, 3.2)
"""Controls at which each release is run, as multiples of the stream's own."""


class Point(NamedTuple):
    """A release at one control: service and stock of every replication."""

    scale: float
    service: NDArray[np.float64]
    stock: NDArray[np.float64]


@dataclass(frozen=True)
class ReleaseComparison:
    """Releases on the same demand, read at equal service or equal stock.

    at: "service" or "stock". level_of: the service (share) or stock (units, or money) at which they
    are read. found: of each release what the other measure is there, None where its curve does not
    reach so far. differences: of each release - the reference, paired. curves: columns release,
    scale, service, stock, each estimate with its NAME_half_width. notes: what could not be read, and why.
    """

    at: str
    level_of: float
    reference: str
    found: dict[str, Estimate | None]
    differences: dict[str, Estimate | None]
    curves: dict[str, list[Any]]
    notes: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """What differs at equal service or stock."""
        return "stock" if self.at == "service" else "service"

    def to_rows(self) -> dict[str, list[Any]]:
        """Return a row for each release: what it needs, and how far from the reference."""
        told = [(self.found[name], self.differences[name]) for name in self.found]
        return {
            "release": list(self.found),
            self.measure: [None if one is None else one.mean for one, _ in told],
            f"{self.measure}_half_width": [None if one is None else one.half_width for one, _ in told],
            "difference": [None if two is None else two.mean for _, two in told],
            "difference_half_width": [None if two is None else two.half_width for _, two in told],
        }

    def to_frame(self, like: object = None) -> Any:
        """Return a row for each release as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""

        def told(found: dict[str, Estimate | None]) -> dict[str, Any]:
            return {name: None if one is None else one.to_dict() for name, one in found.items()}

        return {
            "at": self.at,
            "level_of": self.level_of,
            "reference": self.reference,
            self.measure: told(self.found),
            "differences": told(self.differences),
            "curves": {name: list(column) for name, column in self.curves.items()},
            "notes": list(self.notes),
            "evidence": dict(self.evidence),
        }


def compare_releases(
    stream: ValueStream | PlantPlan,
    *,
    at: Literal["service", "stock"] = "service",
    value: float | None = None,
    releases: Sequence[str] = RELEASES,
    values: Mapping[str, float] | None = None,
    scales: Sequence[float] = SCALES,
    replications: int = 20,
    days: float = 100.0,
    warm_up: float | None = None,
    seed: int = 0,
    level: float = 0.95,
    threads: int | None = None,
    time_limit: float | None = None,
    compiled: bool = True,
) -> ReleaseComparison:
    """Compare push, CONWIP and kanban on the same demand, at equal service or at equal stock.

    Parameters
    ----------
    stream
        A value stream with cards in its loops; or the plan of a plant, whose value stream and values
        are taken. A release whose table it lacks (`conwip`, `planning`) is derived from the kanban
        form: a CONWIP loop around each way from a first to a last loop, planned lead times as they
        were under kanban.
    at
        "service": how much stock each release needs. "stock": what service it gives.
    value
        The service [share], or the stock [units, or money with `values`] at which they are read; None: that of kanban
        as the stream has it.
    releases
        Of "kanban", "conwip", "push"; the first is the reference of the differences.
    values
        Value of a unit by loop [money]; stock is then money, else units.
    scales
        Controls at which each release is run, as multiples of the stream's own cards, or planned lead times.
    replications, days, warm_up, seed, threads, compiled
        Of every run, as in `jitopt.simulate`.
    level
        Of the intervals.
    time_limit
        For all runs [s].

    Raises
    ------
    InputError
        For an unknown release, or a stream in which nobody asks for anything.
    """
    if not isinstance(stream, ValueStream):
        stream, values = _of_plan(stream, values)
    _check(stream, at, releases, scales)
    until = math.inf if time_limit is None else time.monotonic() + time_limit
    settings: dict[str, Any] = {
        "replications": replications, "days": days, "warm_up": warm_up, "seed": seed, "threads": threads,
        "compiled": compiled,
    }  # fmt: skip
    kanban = stream.replace(release="kanban")
    base = run_stream(kanban, **settings)
    settings["warm_up"] = float(base.evidence["warm_up"])
    own = _point(base, 1.0, values)
    asked = float((own.service if at == "service" else own.stock).mean()) if value is None else value
    points: dict[str, list[Point]] = {name: [] for name in releases}
    hindrances = {name: hindrance(stream, name) for name in releases}
    notes = [f"{name}: {why}" for name, why in hindrances.items() if why]
    late = []
    # The stream's own setting first, then outwards: what is near it tells most if the time is short.
    for scale in sorted(scales, key=lambda scale: abs(math.log(scale))):
        for name in releases:
            if hindrances[name]:
                continue
            if time.monotonic() > until:
                late.append(f"{name} at {scale:g}")
                continue
            runs = run_stream(scaled(kanban, name, scale, base), **settings)
            points[name].append(_point(runs, scale, values))
    for own_points in points.values():
        own_points.sort(key=lambda point: point.scale)
    if late:
        notes.append(f"not run, the time was over: {', '.join(late)}")
    found, pseudo = {}, {}
    for name in releases:
        pseudo[name], why = _read(points[name], at, asked)
        found[name] = None if pseudo[name] is None else estimate(pseudo[name], level)
        if why and not hindrances[name]:
            notes.append(f"{name}: {why}")
    first = pseudo[releases[0]]
    differences = {
        name: None if first is None or one is None else difference(one, first, level) for name, one in pseudo.items()
    }
    curves = _curves(points, level)
    return ReleaseComparison(
        at, asked, releases[0], found, differences, curves, tuple(notes), settings | {"level": level}
    )


def _of_plan(plan: Any, values: Mapping[str, float] | None) -> tuple[ValueStream, Mapping[str, float]]:
    from jitopt.improving.plants import stream_of
    from jitopt.planning.chain import PlantPlan

    if not isinstance(plan, PlantPlan):
        remedy = "make one with jitopt.plan, or write a ValueStream"
        raise InputError(
            "releases are compared on a value stream or a plan of a plant", value=type(plan).__name__, remedy=remedy
        )
    stream, worth = stream_of(plan)
    return stream, worth if values is None else values


def _check(stream: ValueStream, at: str, releases: Sequence[str], scales: Sequence[float]) -> None:
    if at not in ("service", "stock"):
        raise InputError("releases are compared at equal service or stock", value=at, remedy="use service or stock")
    unknown = [name for name in releases if name not in RELEASES]
    if unknown or not releases:
        value = unknown[0] if unknown else None
        raise InputError("there is no such release", value=value, remedy=f"use {', '.join(RELEASES)}")
    if len(scales) < 2 or any(not (0 < scale < math.inf) for scale in scales):
        raise InputError("a curve needs two controls above 0", value=tuple(scales), remedy="leave scales out")
    if stream.demand is None:
        raise InputError("nobody asks for anything in this stream", remedy="add the table demand")


def _point(runs: Any, scale: float, values: Mapping[str, float] | None) -> Point:
    """Return service (of the demand that is served worst) and stock of each replication."""
    import numpy as np

    service = runs.demand["service"]
    worst = int(np.argmin(np.nanmean(service, axis=0)))
    units = inventory(runs)
    worth = np.array([1.0 if values is None else values.get(loop, 0.0) for loop in runs.stream.loops.loop])
    return Point(scale, np.nan_to_num(service[:, worst]), units @ worth)


def _read(points: list[Point], at: str, asked: float) -> tuple[Any, str]:
    """Return the other measure of each replication where the curve reaches what is asked; None and why where not."""
    ends = [((p.service, p.stock) if at == "service" else (p.stock, p.service)) for p in points]
    told = [float(given.mean()) for given, _ in ends]
    for one, two in zip(range(len(ends) - 1), range(1, len(ends)), strict=True):
        low, high = told[one], told[two]
        if low < asked <= high or (asked == low and one == 0):
            wide = high - low or math.inf  # A flat curve is read at its first point.
            share = (asked - low) / wide
            given = (1 - share) * ends[one][0] + share * ends[two][0]
            other = (1 - share) * ends[one][1] + share * ends[two][1]
            slope = float(ends[two][1].mean() - ends[one][1].mean()) / wide
            return other - slope * (given - asked), ""
    if not told:
        return None, "it was not run"
    where = "below" if max(told) < asked else "above" if min(told) > asked else "not in order about"
    return None, f"its {at} reaches from {min(told):.4g} to {max(told):.4g}, {where} {asked:.4g}; give other scales"


def _curves(points: Mapping[str, list[Point]], level: float) -> dict[str, list[Any]]:
    names = ("release", "scale", "service", "service_half_width", "stock", "stock_half_width")
    rows = []
    for name, own in points.items():
        for point in own:
            service, stock = estimate(point.service, level), estimate(point.stock, level)
            rows.append((name, point.scale, service.mean, service.half_width, stock.mean, stock.half_width))
    return {column: [row[at] for row in rows] for at, column in enumerate(names)}
