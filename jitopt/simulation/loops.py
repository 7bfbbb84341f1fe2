"""What a plan's cards give: service, stock and shortage of many independent loops of cards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.simulation._kernels import loops as m
from jitopt.simulation.card_loops import CardLoop, card_loops
from jitopt.simulation.loop_runs import LoopRuns, run_loops, settling
from jitopt.simulation.result import Simulation
from jitopt.simulation.statistics import LEVEL, Estimate, ratio, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.kanban import Kanban, KanbanPlan

__all__ = ["DAYS", "REPLICATIONS", "Columns", "simulate_cards", "simulate_loops", "verdict"]

REPLICATIONS = 30
"""Runs of every loop where none are asked for."""

DAYS = 250.0
"""Days of a run that are measured where none are asked for: about a year's work."""

HIGH = 0.95
"""Share of the time up to which `stock_95` reaches."""

LOW = 0.05
"""Share of the time in which stock lies in the red zone."""

Column = list[Any]
Columns = dict[str, Column]


def simulate_loops(
    instance: Kanban,
    plan: KanbanPlan,
    *,
    replications: int | None = None,
    seed: int = 0,
    days: float | None = None,
    warm_up: float | None = None,
    level: float = LEVEL,
    threads: int | None = None,
    time_limit: float | None = None,
) -> Simulation:
    """Simulate every loop of a kanban instance with the cards of a plan; see docs/simulate.md.

    Also run, with the same random numbers, with a card fewer in every loop.
    """
    return simulate_cards(
        card_loops(instance, plan), instance.name, replications=replications, seed=seed, days=days,
        warm_up=warm_up, level=level, threads=threads, time_limit=time_limit,
    )  # fmt: skip


def simulate_cards(
    loops: Sequence[CardLoop],
    subject: str,
    *,
    replications: int | None = None,
    seed: int = 0,
    days: float | None = None,
    warm_up: float | None = None,
    level: float = LEVEL,
    threads: int | None = None,
    compiled: bool | None = None,
    time_limit: float | None = None,
) -> Simulation:
    """Simulate loops of cards, each by itself, and each with a card fewer.

    replications: default 30. days: measured of each, default 250. warm_up: days before them, default
    until full stores at the start are forgotten. time_limit: see `run_loops`.
    """
    replications = REPLICATIONS if replications is None else replications
    days = DAYS if days is None else days
    warm_up = settling(loops) if warm_up is None else warm_up
    runs = run_loops(
        loops, replications=replications, seed=seed, days=days, warm_up=warm_up, steps=(0, -1),
        threads=threads, compiled=compiled, time_limit=time_limit,
    )  # fmt: skip
    evidence = {
        "model": "loops",
        "seed": seed,
        "replications": replications,
        "days": days,
        "warm_up": warm_up,
        "level": level,
        "kernel": "compiled" if runs.compiled else "plain",
        "containers": int(runs.sums[:, 0, :, m.TAKEN].sum()),
    }
    table = loop_table(runs, level)
    tables = {"loops": table, "distributions": distributions(runs)}
    return Simulation(subject, overall(runs, level), tables, _weakest(table), evidence, runs.seconds)


def overall(runs: LoopRuns, level: float) -> dict[str, Estimate]:
    """Return the measures of all loops together, replication by replication.

    service: mean over the loops. fill_rate: share of all containers that were there when wanted.
    short: time without stock, mean over the loops [share]. throughput: containers a day. stock: full
    containers on hand, mean over time. cards: that are in the loops.
    """
    sums = runs.sums[:, 0]
    if not len(sums):
        return {}
    days = sums[:, :, m.TIME].mean(axis=0)
    counted = sums[:, :, m.CYCLES].sum(axis=1) > 0
    part = sums[counted]
    services = part[:, :, m.COVERED] / np.maximum(part[:, :, m.CYCLES], 1.0)
    ones = np.ones(sums.shape[1])
    wanted = sums[:, :, m.TAKEN] + sums[:, :, m.MISSED]
    return {
        "service": ratio(services.mean(axis=0) if len(part) else ones, ones, level),
        "fill_rate": ratio(sums[:, :, m.ON_TIME].sum(axis=0), wanted.sum(axis=0), level),
        "short": ratio((sums[:, :, m.SHORT] / sums[:, :, m.TIME]).mean(axis=0), ones, level),
        "throughput": ratio((sums[:, :, m.TAKEN] / sums[:, :, m.TIME]).sum(axis=0) * days, days, level),
        "stock": ratio((sums[:, :, m.STOCK] / sums[:, :, m.TIME]).sum(axis=0), ones, level),
    }


def loop_table(runs: LoopRuns, level: float) -> Columns:
    """Return what every loop gives, as columns; see docs/simulate.md."""
    sums, loops = runs.sums[:, 0], runs.loops
    service = _service(runs, 0, level)
    wanted = sums[:, :, m.TAKEN] + sums[:, :, m.MISSED]
    time = sums[:, :, m.TIME]
    quantity = np.array([loop.quantity for loop in loops])[:, None]
    table: Columns = {
        "loop": [loop.loop for loop in loops],
        "cards": [loop.cards for loop in loops],
        "target": [loop.target for loop in loops],
    }
    _put(table, "service", *service)
    table["verdict"] = _verdicts(loops, *service)
    _put(table, "fill_rate", *ratios(sums[:, :, m.ON_TIME], wanted, level))
    _put(table, "short", *ratios(sums[:, :, m.SHORT], time, level))
    _put(table, "throughput", *ratios(sums[:, :, m.TAKEN] * quantity, time, level))
    _put(table, "stock", *ratios(sums[:, :, m.STOCK], time, level))
    table["stock_95"] = [_quantile(runs, row, HIGH) for row in range(len(loops))]
    table["stock_most"] = [int(value) for value in sums[:, :, m.MOST].max(axis=1)]
    zones = [_zones(runs, row) for row in range(len(loops))]
    for at, name in enumerate(("red", "yellow", "green")):
        table[name] = [zone[at] for zone in zones]
    fewer = _service(runs, 1, level)
    _put(table, "service_fewer", *fewer)
    table["fewer"] = _verdicts(loops, *fewer)
    return table


def distributions(runs: LoopRuns) -> Columns:
    """Return in which share of the time each number of full containers stands in each loop's store."""
    table: Columns = {"loop": [], "of": [], "containers": [], "share": []}
    for loop, levels, width in zip(runs.loops, runs.levels, runs.widths, strict=True):
        shares = levels / (levels.sum() or 1.0)
        found = np.flatnonzero(shares)
        table["loop"] += [loop.loop] * len(found)
        table["of"] += ["stock"] * len(found)
        table["containers"] += (found * width).tolist()
        table["share"] += shares[found].tolist()
    return table


def ratios(above: Any, below: Any, level: float) -> tuple[Any, Any]:
    """Return the ratios of rows of replications, and their half widths; as `statistics.ratio`, all rows at once."""
    total = below.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = above.sum(axis=1) / total
        count = above.shape[1]
        if count < 2:
            return mean, np.full(len(mean), math.inf)
        rests = above - mean[:, None] * below
        spread = np.sqrt((rests**2).sum(axis=1) / (count - 1) / count)
        return mean, t_quantile(count - 1, level) * spread * count / total


def _service(runs: LoopRuns, step: int, level: float) -> tuple[Any, Any]:
    """Return every loop's service with its half width.

    Where nothing was ever short, the spread tells nothing: the interval is what so many rounds
    without a miss still leave room for.
    """
    sums = runs.sums[:, step]
    covered, cycles = sums[:, :, m.COVERED], sums[:, :, m.CYCLES]
    mean, half = ratios(covered, cycles, level)
    spotless = np.array([loop.is_random for loop in runs.loops], dtype=bool) & (mean == 1.0)
    return mean, np.where(spotless, -math.log(1 - level) / np.maximum(cycles.sum(axis=1), 1.0), half)


def verdict(target: float | None, mean: float, half: float) -> str | None:
    """Say whether a target is "kept" or "missed", beyond the interval, or "open"; None without a target."""
    if target is None or math.isnan(mean):
        return None
    if target == 1.0 and mean < target:
        return "missed"  # Who promises all is refuted by one miss.
    if mean - half >= target or (half == 0.0 and mean >= target):
        return "kept"
    return "missed" if mean + half < target else "open"


def _verdicts(loops: Sequence[CardLoop], mean: Any, half: Any) -> Column:
    rows = zip(loops, mean.tolist(), half.tolist(), strict=True)
    return [verdict(loop.target, value, width) for loop, value, width in rows]


def _put(table: Columns, name: str, mean: Any, half: Any) -> None:
    table[name] = [value if math.isfinite(value) else None for value in mean.tolist()]
    table[f"{name}_half_width"] = [value if math.isfinite(value) else None for value in half.tolist()]


def _quantile(runs: LoopRuns, row: int, share: float) -> int:
    """Return the stock [containers] that is not exceeded in a share of the time."""
    levels = runs.levels[row]
    at = int(np.searchsorted(np.cumsum(levels), share * levels.sum()))
    return min(at, len(levels) - 1) * runs.widths[row]


def _zones(runs: LoopRuns, row: int) -> tuple[int, int, int]:
    """Return the positions of a board: red below the stock of 1 time in 20, yellow up to the median, green above."""
    red = _quantile(runs, row, LOW)
    middle = _quantile(runs, row, 0.5)
    return red, middle - red, max(0, runs.loops[row].cards - middle)


def _weakest(table: Columns) -> str | None:
    """Return the loop whose service falls short of its target most, None where none does beyond its interval."""
    rows = zip(table["target"], table["service"], table["verdict"], table["loop"], strict=True)
    short = [(service - target, loop) for target, service, told, loop in rows if told == "missed"]
    return min(short)[1] if short else None
