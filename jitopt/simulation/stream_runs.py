"""Runs of a value stream: replications, warm-up, threads, and what they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.simulation.result import Simulation
    from jitopt.simulation.stream import ValueStream

__all__ = ["Runs", "run_stream", "simulate_stream"]


@dataclass(frozen=True)
class Runs:
    """What every replication measured, raw: for paired differences between streams under the same seed.

    stream: that was run. totals: of the whole stream, an array of replications for each measure. loops, stations,
    demand: arrays (replications, rows of the table) for each measure. evidence, seconds: as in `Simulation`.
    """

    stream: ValueStream
    totals: dict[str, NDArray[np.float64]]
    loops: dict[str, NDArray[np.float64]]
    stations: dict[str, NDArray[np.float64]]
    demand: dict[str, NDArray[np.float64]]
    evidence: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run_stream(
    stream: ValueStream,
    *,
    replications: int = 20,
    seed: int = 0,
    days: float = 250,
    warm_up: float | None = None,
    threads: int | None = None,
    time_limit: float | None = None,
    compiled: bool = True,
) -> Runs:
    """Run a stream and return what each replication measured (arguments as in `simulate_stream`)."""
    raise NotImplementedError


def simulate_stream(
    stream: ValueStream,
    *,
    replications: int = 20,
    seed: int = 0,
    days: float = 250,
    warm_up: float | None = None,
    level: float = 0.95,
    threads: int | None = None,
    time_limit: float | None = None,
    compiled: bool = True,
) -> Simulation:
    """Simulate a value stream.

    replications: independent runs. seed: of every random number. days: measured, of each run. warm_up: days before
    them that are not measured [default: found by MSER-5 on a pilot run]. level: of the intervals. threads: side by side
    [default: one per processor]. time_limit: [seconds]; replications that are not done by then are left out.

    The measures, each an estimate:
    "service" (share of the units asked for that were there at once), "orders_at_once" (share of the orders),
    "stock_out" (minutes of a day in which a customer waits), "backlog" (units), "wait" (mean over the units asked for,
    minutes), "throughput" (units to customers a day), "stock" (units in supermarkets), "wip" (containers
    between release and supermarket), "lead_time" (from a container's release to its supermarket, mean over containers,
    minutes), "utilisation" (of the busiest station: set-up and run over the time it is open).

    Tables, estimates with their NAME_half_width: "loops" (loop, service: withdrawals served at once, stock, stock_p95
    and stock_maximum in positions, wip, wip_p95, lead_time, throughput, scrap, lost), "stations" (station, utilisation,
    run, setup, down, blocked, idle, bottleneck: share of replications in which it is), "demand" (demand, service,
    orders_at_once, stock_out, backlog, wait, throughput, unserved), "distributions" (loop, of "stock" or "wip",
    containers, share of time).
    """
    raise NotImplementedError
