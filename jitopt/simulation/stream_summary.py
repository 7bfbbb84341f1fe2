"""From what the replications of a value stream measured to estimates with intervals, and the bottleneck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.simulation.result import Simulation
from jitopt.simulation.statistics import Estimate, estimate, ratio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.simulation.stream_runs import Runs

__all__ = ["summarise"]

RATIOS = {
    "service": ("at_once", "demanded"),
    "orders_at_once": ("orders_served", "orders"),
    "wait": ("waited", "demanded"),
    "lead_time": ("lead_sum", "left"),
}
"""Measures that are a sum over a sum: the ratio of the sums over all replications."""
MEANS = ("stock_out", "backlog", "throughput", "stock", "wip", "utilisation")
LOOPS = ("service", "stock", "stock_p95", "wip", "wip_p95", "lead_time", "throughput", "scrap", "lost")
STATIONS = ("utilisation", "run", "setup", "down", "blocked", "idle")
DEMAND = ("service", "orders_at_once", "stock_out", "backlog", "wait", "throughput", "unserved")
LEAST_SHARE = 1e-9
"""Shares of time below this are left out of the distributions."""


def summarise(runs: Runs, level: float = 0.95) -> Simulation:
    """Return the estimates over the replications of a stream."""
    measures = {name: ratio(runs.totals[above], runs.totals[below], level) for name, (above, below) in RATIOS.items()}
    measures |= {name: estimate(runs.totals[name], level) for name in MEANS}
    stream = runs.stream
    tables = {"loops": _loops(runs, level)}
    bottleneck = None
    if stream.stations is not None:
        share, bottleneck = _bottleneck(runs)
        tables["stations"] = {"station": list(stream.stations.station)}
        tables["stations"] |= _columns(runs.stations, STATIONS, {}, level)
        tables["stations"]["bottleneck"] = share
    if stream.demand is not None:
        tables["demand"] = {"demand": list(stream.demand.demand)} | _columns(runs.demand, DEMAND, RATIOS, level)
    tables["distributions"] = _distributions(runs)
    order = ("service", "orders_at_once", "stock_out", "backlog", "wait", "throughput", "stock", "wip", "lead_time")
    measures = {name: measures[name] for name in (*order, "utilisation")}
    evidence = runs.evidence | {"level": level}
    return Simulation(stream.name, measures, tables, bottleneck, evidence, runs.seconds)


def _loops(runs: Runs, level: float) -> dict[str, list[Any]]:
    stream = runs.stream
    items = stream.loops.item or (None,) * stream.loops.rows()
    table: dict[str, list[Any]] = {"loop": list(stream.loops.loop)}
    table["item"] = [item or loop for item, loop in zip(items, stream.loops.loop, strict=True)]
    table |= _columns(runs.loops, LOOPS, RATIOS, level)
    table["stock_maximum"] = [float(value) for value in runs.loops["stock_maximum"].max(axis=0)]
    return table


def _columns(
    found: dict[str, NDArray[np.float64]], names: tuple[str, ...], ratios: dict[str, tuple[str, str]], level: float
) -> dict[str, list[Any]]:
    """Return a column for each measure, and one for its half width."""
    table: dict[str, list[Any]] = {}
    for name in names:
        above, below = ratios.get(name, ("", ""))
        if above in found and below in found:
            pairs = zip(found[above].T, found[below].T, strict=True)
            estimates = [ratio(up, down, level) for up, down in pairs]
        else:
            estimates = [_known(values, level) for values in found[name].T]
        table[name] = [value.to_dict()["mean"] for value in estimates]
        table[f"{name}_half_width"] = [value.to_dict()["half_width"] for value in estimates]
    return table


def _known(values: NDArray[np.float64], level: float) -> Estimate:
    """Return the estimate from the replications that have something to tell."""
    return estimate(values[values == values], level)


def _bottleneck(runs: Runs) -> tuple[list[float], str | None]:
    """Return in what share of the replications each station has the highest load, and who most often has."""
    import numpy as np

    stations = runs.stream.stations
    load = runs.stations["load"]
    if stations is None or load.max(initial=0.0) <= 0:
        return [0.0] * load.shape[1], None
    first = np.bincount(load.argmax(axis=1), minlength=load.shape[1]) / len(load)
    best = max(range(load.shape[1]), key=lambda place: (first[place], load[:, place].mean()))
    return [float(value) for value in first], stations.station[best]


def _distributions(runs: Runs) -> dict[str, list[Any]]:
    """Return the shares of time by number of containers."""
    table: dict[str, list[Any]] = {"loop": [], "of": [], "containers": [], "share": []}
    for place, loop in enumerate(runs.stream.loops.loop):
        for kind, bars in runs.bars.items():
            for containers, share in enumerate(bars[place]):
                if share >= LEAST_SHARE:
                    for name, value in zip(table, (loop, kind, containers, float(share)), strict=True):
                        table[name].append(value)
    return table
