"""Runs of a value stream: replications, warm-up, threads, and what they give."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from jitopt import jit
from jitopt.errors import InputError
from jitopt.simulation.statistics import warm_up as end_of_warm_up
from jitopt.simulation.stream_summary import summarise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.simulation.result import Simulation
    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_layout import Layout
    from jitopt.simulation.stream_measures import Figures

__all__ = ["Runs", "run_stream", "simulate_stream"]

PILOTS = 3
"""Runs in which the end of the warm-up is looked for, other than those that are measured."""
PILOT = 1 << 20
"""Number of the first of them."""
LOOKS = 400
"""Moments of a pilot run at which it is looked at."""


@dataclass(frozen=True)
class Runs:
    """What every replication measured, raw: for paired differences between streams under the same seed.

    stream: that was run. totals: of the whole stream, an array of replications for each measure. loops,
    stations, demand: arrays (replications, rows of the table) for each measure. bars: shares of time by number of
    containers, "stock" and "wip", means over the replications, by loop. evidence, seconds: as in `Simulation`.
    """

    stream: ValueStream
    totals: dict[str, NDArray[np.float64]]
    loops: dict[str, NDArray[np.float64]]
    stations: dict[str, NDArray[np.float64]]
    demand: dict[str, NDArray[np.float64]]
    bars: dict[str, list[NDArray[np.float64]]]
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
    from jitopt.simulation.stream_layout import Layout
    from jitopt.simulation.stream_replication import KERNEL

    _check(replications, seed, days, warm_up, threads)
    began = time.perf_counter()
    deadline = None if time_limit is None else began + time_limit
    layout = Layout(stream)
    if time_limit is not None and not jit.is_cached(KERNEL):
        compiled = False  # The plain kernel gives the same numbers while there is no time for a compiler.
    compile_seconds = _warm(layout, seed) if compiled else 0.0
    pool = Pool(layout, seed, compiled, threads or os.cpu_count() or 1, deadline)
    if warm_up is None:
        warm_up = pool.find_warm_up(days, min(PILOTS, replications))
    found, sampling = pool.measure(range(replications), warm_up, days)
    if not found:
        raise InputError(
            "no replication was done within the time limit", value=time_limit, remedy="give more time or fewer days"
        )
    evidence: dict[str, Any] = {"seed": seed, "replications": len(found), "days": days, "warm_up": warm_up}
    evidence |= {
        "kernel": "compiled" if compiled else "plain",
        "events": sum(int(one.totals["events"]) for one in found),
    }
    seconds = {"sample": sampling, "run": time.perf_counter() - began - compile_seconds, "compile": compile_seconds}
    totals, loops, stations, demand, bars = _together(found)
    return Runs(stream, totals, loops, stations, demand, bars, evidence, seconds)


def _check(replications: int, seed: int, days: float, warm_up: float | None, threads: int | None) -> None:
    """Refuse arguments that make no run."""
    rules = (
        ("replications", replications, replications >= 1, "at least 1"),
        ("seed", seed, seed >= 0, "at least 0"),
        ("days", days, 0 < days < 1e7, "above 0"),
        ("warm_up", warm_up, warm_up is None or 0 <= warm_up < 1e7, "at least 0"),
        ("threads", threads, threads is None or threads >= 1, "at least 1"),
    )
    for name, value, kept, words in rules:
        if not kept:
            raise InputError(f"{name} must be {words}", value=value, source="simulate")


def _warm(layout: Layout, seed: int) -> float:
    """Load the machine code, and return how long that took."""
    from jitopt.simulation.stream_replication import KERNEL, Replication

    began = time.perf_counter()
    jit.making(KERNEL)
    Replication(layout, seed, PILOT).run(0.0)
    jit.mark_cached(KERNEL)
    return time.perf_counter() - began


class Pool:
    """Replications of a layout, side by side on threads."""

    layout: Layout
    seed: int
    compiled: bool
    threads: int
    deadline: float | None
    interrupted: Any

    def __init__(self, layout: Layout, seed: int, compiled: bool, threads: int, deadline: float | None) -> None:
        self.layout, self.seed, self.compiled, self.threads, self.deadline = layout, seed, compiled, threads, deadline
        self.interrupted = threading.Event()

    def _over(self) -> bool:
        return self.interrupted.is_set() or (self.deadline is not None and time.perf_counter() > self.deadline)

    def _map(self, work: Any, numbers: range) -> list[Any]:
        """Do the work for each number; what is not done in time is left out."""
        with ThreadPoolExecutor(min(self.threads, len(numbers))) as threads:
            try:
                return [found for found in threads.map(work, numbers) if found is not None]
            except BaseException:
                self.interrupted.set()
                raise

    def find_warm_up(self, days: float, pilots: int) -> float:
        """Return after how many days the runs have settled (MSER-5 on containers under way and backlog)."""
        series = self._map(partial(self._look, days=days), range(PILOT, PILOT + pilots))
        return end_of_warm_up(series) * days / LOOKS if series else 0.0

    def _look(self, number: int, days: float) -> list[float] | None:
        from jitopt.simulation.stream_replication import Replication, TooLate

        run = Replication(self.layout, self.seed, number, self.compiled)
        found = []
        try:
            for look in range(1, LOOKS + 1):
                run.run(look * days * self.layout.stream.day / LOOKS, self._over)
                found.append(run.load())
        except TooLate:
            return None
        return found

    def measure(self, numbers: range, warm_up: float, days: float) -> tuple[list[Figures], float]:
        """Run the replications, and return their figures and the seconds spent on random numbers."""
        found = self._map(partial(self._measure, warm_up=warm_up, days=days), numbers)
        return [figures for figures, _ in found], sum(seconds for _, seconds in found)

    def _measure(self, number: int, warm_up: float, days: float) -> tuple[Figures, float] | None:
        from jitopt.simulation.stream_measures import audit, figures
        from jitopt.simulation.stream_replication import Replication, TooLate

        run = Replication(self.layout, self.seed, number, self.compiled)
        day = self.layout.stream.day
        try:
            run.run(warm_up * day, self._over)
            run.reset()
            run.run((warm_up + days) * day, self._over)
        except TooLate:
            return None
        wrong = audit(run)
        if wrong:  # A defect of the kernel: no number of this run may be told.
            raise AssertionError(f"the simulation does not add up: {'; '.join(wrong[:3])}")
        return figures(run), run.sampling


def _together(found: list[Figures]) -> tuple[Any, ...]:
    """Put the figures of the replications into arrays."""
    import numpy as np

    totals = {name: np.array([one.totals[name] for one in found]) for name in found[0].totals}
    tables = [
        {name: np.array([getattr(one, table)[name] for one in found]) for name in getattr(found[0], table)}
        for table in ("loops", "stations", "demand")
    ]
    kinds = found[0].bars
    bars = {
        kind: [np.mean([one.bars[kind][loop] for one in found], axis=0) for loop in range(len(kinds[kind]))]
        for kind in kinds
    }
    return totals, *tables, bars


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
    [default: one per processor]. time_limit: [seconds]; replications that are not done by then are left out; the
    kernel is not compiled for the first time under a limit. compiled: machine code or plain Python, same numbers.

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
    runs = run_stream(
        stream,
        replications=replications,
        seed=seed,
        days=days,
        warm_up=warm_up,
        threads=threads,
        time_limit=time_limit,
        compiled=compiled,
    )
    return summarise(runs, level)
