"""What would improve a value stream: the fewest cards that hold, before and after, on the same random numbers.

The replications come in groups. Each group looks for the fewest cards before and after a lever on the
same runs; the differences of the groups, paired, give the intervals. Beside it the lever alone is measured: what it
does to service, stock and lead time with the cards of before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.improving.levers import RANK, Improvement, Improvements, ranked
from jitopt.improving.search import Search
from jitopt.improving.stream_levers import stream_levers
from jitopt.simulation.statistics import Estimate, difference, estimate
from jitopt.simulation.stream_runs import run_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.improving.levers import Lever
    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_runs import Runs

__all__ = ["improve_stream", "inventory"]

Cards = tuple[int, ...]

TARGET = 0.98
GROUPS = 5
REPLICATIONS = 2
DAYS = 100.0
RUNS, RUNS_A_LOOP = 10, 4
"""Runs of a search, of any stream and more for each loop, about."""


def improve_stream(
    stream: ValueStream,
    *,
    kinds: Sequence[str],
    values: Mapping[str, float] | None = None,
    target: float = TARGET,
    groups: int = GROUPS,
    replications: int = REPLICATIONS,
    days: float = DAYS,
    warm_up: float | None = None,
    seed: int = 0,
    level: float = 0.95,
    threads: int | None = None,
    time_limit: float = 60.0,
    compiled: bool = True,
) -> Improvements:
    """Rank the improvements of a value stream; see `jitopt.improvements`.

    groups, replications: of the sample, at least 2 groups of so many runs of so many days each.
    """
    if stream.demand is None:
        raise InputError("nobody asks for anything in this stream", remedy="add the table demand")
    if not 0 < target < 1:
        raise InputError("the target is a share between 0 and 1", value=target, remedy="write target=0.98")
    if groups < 2 or replications < 1:
        raise InputError("an interval needs at least two groups of runs", value=groups, remedy="write groups=5")
    until = time.monotonic() + time_limit
    settings: dict[str, Any] = {
        "replications": replications,
        "days": days,
        "warm_up": warm_up,
        "threads": threads,
        "compiled": compiled,
    }
    if warm_up is None:
        # The same for every run, so that all of them measure the same days.
        pilot = run_stream(stream, **{**settings, "seed": seed})
        settings["warm_up"] = float(pilot.evidence["warm_up"])
    began = time.monotonic()
    run_stream(stream, **{**settings, "seed": seed})
    # The search from the start runs about so often; where there is no time for it, cards stay as they are.
    runs = groups * (RUNS + RUNS_A_LOOP * stream.loops.rows())
    searched = began + runs * (time.monotonic() - began) < until - time_limit / 2
    sample = _Sample(stream, target if searched else None, seed, groups, settings, values, level)
    rows: list[Improvement] = []
    late: list[Lever] = []
    for lever, changed in stream_levers(stream, kinds):
        # What took so long so far on average is what the next one takes.
        if time.monotonic() + sample.pace > until:
            late.append(lever)
        else:
            rows.append(sample.improvement(lever, changed))
    notes = [f"not simulated, the time was over: {', '.join(lever.text for lever in late)}"] if late else []
    if not searched:
        notes.append("no time to look for the fewest cards: all is measured with the cards as they are")
    evidence = settings | {
        "seed": seed,
        "groups": groups,
        "target": target,
        "level": level,
        "cards": sample.told_cards(),
    }
    rank = RANK if searched else ("service", *RANK)
    return ranked(stream.name, sample.base(), rows, notes, evidence, rank)


class _Sample:
    """The groups of runs: fewest cards of the stream as it is, in each of them.

    target: None leaves the cards as they are.
    """

    def __init__(
        self,
        stream: ValueStream,
        target: float | None,
        seed: int,
        groups: int,
        settings: dict[str, Any],
        values: Mapping[str, float] | None,
        level: float,
    ) -> None:
        self.stream, self.target, self.level, self.values = stream, target, level, values
        self.settings = [settings | {"seed": seed * groups + group} for group in range(groups)]
        self.order = _dearest_first(stream, values)
        began = time.monotonic()
        self.searches = [Search(stream, self._run(group), target or 0.0, self.order) for group in range(groups)]
        own = tuple(stream.loops.cards)
        self.cards = [own if target is None else search.from_start() for search in self.searches]
        self.spent, self.done = time.monotonic() - began, 1

    @property
    def pace(self) -> float:
        """Seconds an improvement takes, on average so far."""
        return self.spent / self.done

    def _run(self, group: int) -> Any:
        return lambda stream: run_stream(stream, **self.settings[group])

    def told_cards(self) -> dict[str, int]:
        """Return the fewest cards of the first group, by loop."""
        return dict(zip(self.stream.loops.loop, self.cards[0], strict=True))

    def base(self) -> dict[str, Estimate]:
        """Return the measures of the stream with its fewest cards."""
        found = [_figures(s.at(c), c, self.values) for s, c in zip(self.searches, self.cards, strict=True)]
        return {name: estimate([one[name] for one in found], self.level) for name in found[0]}

    def improvement(self, lever: Lever, changed: ValueStream) -> Improvement:
        """Return what a lever changes, paired group by group."""
        began = time.monotonic()
        before, same, after, moved = [], [], [], []
        for group, (search, cards) in enumerate(zip(self.searches, self.cards, strict=True)):
            other = Search(changed, self._run(group), self.target or 0.0, self.order)
            fewer = cards if self.target is None else other.from_cards(cards)
            before.append(_figures(search.at(cards), cards, self.values))
            same.append(_figures(other.at(cards), cards, self.values))
            after.append(_figures(other.at(fewer), fewer, self.values))
            moved.append(fewer)
        at_target = {
            name: difference([one[name] for one in after], [one[name] for one in before], self.level)
            for name in before[0]
            if name in ("cards", "stock", "capital")
        }
        as_is = {
            name: difference([one[name] for one in same], [one[name] for one in before], self.level)
            for name in ("service", "wip", "lead_time")
        }
        loops = zip(self.stream.loops.loop, self.cards[0], moved[0], strict=True)
        told = {loop: (was, now) for loop, was, now in loops if was != now}
        self.spent, self.done = self.spent + time.monotonic() - began, self.done + 1
        return Improvement(lever, at_target | as_is, told, "simulated")


def _figures(runs: Runs, cards: Cards, values: Mapping[str, float] | None) -> dict[str, float]:
    """Return the measures of runs, means over their replications."""
    import numpy as np

    units = inventory(runs)
    found = {
        "cards": float(sum(cards)),
        "stock": float(units.sum(axis=1).mean()),
        "service": float(np.nanmin(np.nanmean(runs.demand["service"], axis=0))),
        "wip": float(np.nanmean(runs.totals["wip"])),
        "lead_time": _lead_time(runs),
    }
    if values is not None:
        worth = np.array([values.get(loop, 0.0) for loop in runs.stream.loops.loop])
        found["capital"] = float((units @ worth).mean())
    return found


def _lead_time(runs: Runs) -> float:
    """Return the mean time from release to supermarket over all containers [minutes]."""
    import numpy as np

    containers = runs.loops["throughput"] / np.array(runs.stream.loops.quantity)
    times = np.nan_to_num(runs.loops["lead_time"])
    return float((times * containers).sum() / max(containers.sum(), 1e-300))


def inventory(runs: Runs) -> Any:
    """Return the units of each loop in its supermarket and on their way to it, by replication and loop."""
    import numpy as np

    quantity = np.array(runs.stream.loops.quantity)
    return np.nan_to_num(runs.loops["stock"]) + np.nan_to_num(runs.loops["wip"]) * quantity


def _dearest_first(stream: ValueStream, values: Mapping[str, float] | None) -> list[int]:
    """Return the rows of the loops by what a container is worth, or holds."""
    loops = stream.loops
    worth = [
        quantity * (1.0 if values is None else values.get(loop, 0.0))
        for loop, quantity in zip(loops.loop, loops.quantity, strict=True)
    ]
    return sorted(range(loops.rows()), key=lambda row: (-worth[row], row))
