"""The judge of lines: what a plan gives on its sample, and the rules of a line.

All replications of a sample are run side by side, a lane of numpy arrays each, job by job. The
kernels of `jitopt.simulation` take the same variates in the same order and only add and compare,
so both find the same numbers to the last digit; they share no line of this file.
"""

from __future__ import annotations

from fractions import Fraction
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.problems.base import Evaluation, Violation, exact, unpriced
from jitopt.problems.estimates import Estimate, estimate, ratio
from jitopt.problems.figures import amount, counted
from jitopt.problems.kanban.line import lags
from jitopt.problems.kanban.line_sample import SIDE, Streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from jitopt.problems.kanban.instance import Kanban, KanbanPlan
    from jitopt.problems.kanban.line import Line, Size

    Lane = NDArray[np.float64]

__all__ = ["Run", "decided", "evaluate", "misfit", "run"]

LANES = 128
"""Replications side by side."""

PORTION = 512
"""Jobs whose times are drawn at once."""


class Run(NamedTuple):
    """What a sample gave, replication by replication.

    ends: time at which the last station has finished the last job. late: orders counted that found no
    finished part.
    """

    ends: list[float]
    late: list[int]


def evaluate(instance: Kanban, plan: KanbanPlan) -> Evaluation:
    """Judge the plan of a line: its places or cards against the rules, and what it gives on the sample."""
    line = instance.line
    assert line is not None
    chosen = decided(line, plan)
    wrong = misfit(line, chosen)
    if wrong is not None:
        return unpriced([wrong])
    size = line.size(plan.sample.seed if plan.sample else None)
    found = run(line, chosen, size)
    terms, target = _measured(line, size, found)
    cost = sum((exact(each) * count for each, count in zip(_costs(line), chosen, strict=True)), Fraction(0))
    if instance.objective == "cost":
        terms = {"cost": float(cost)} | terms
    violations = _rules(line, chosen) + _target(line, size, found, target)
    value = cost if instance.objective == "cost" else Fraction(target.mean)
    evidence = {"arithmetic": "simulated", "sample": size._asdict(), "level": target.level}
    return Evaluation(float(value), terms, tuple(violations), evidence, value)


def _costs(line: Line) -> tuple[float, ...]:
    return line.cost or (1.0,) * line.decided


def decided(line: Line, plan: KanbanPlan) -> tuple[int, ...]:
    """Return the places or cards of a plan, along the flow; nothing where it has none of this line."""
    return (plan.buffers if line.word == "place" else plan.cards) or ()


def misfit(line: Line, chosen: Sequence[int]) -> Violation | None:
    """Tell why a plan cannot be run: it has not the numbers of the line, or a loop without card."""
    if len(chosen) != line.decided:
        word = "buffers" if line.word == "place" else "cards"
        text = f"the plan has {len(chosen) or 'no'} {word}, the line needs {line.decided}"
        return Violation("line", (), text, float(abs(line.decided - len(chosen))))
    if line.word == "card" and line.blocking != "base_stock" and min(chosen) < 1:
        text = f"{counted(0, 'card')} at {line.places[list(chosen).index(0)]}: nothing can ever be made there"
        return Violation("line", (), text, 1.0)
    return None


# --- the rules -----------------------------------------------------------------------------


def _rules(line: Line, chosen: Sequence[int]) -> list[Violation]:
    found = []
    for j, count in enumerate(chosen):
        name = line.places[j]
        if count < line.lows[j]:
            text = f"{name} has {counted(count, line.word)}, the least is {line.lows[j]}"
            found.append(Violation("minimum", (name,), text, float(line.lows[j] - count)))
        if line.maximum is not None and count > line.maximum[j]:
            text = f"{name} has {counted(count, line.word)}, the most is {line.maximum[j]}"
            found.append(Violation("maximum", (name,), text, float(count - line.maximum[j])))
    if line.total is not None and sum(chosen) > line.total:
        text = f"{counted(sum(chosen), line.word)} in all, the most is {line.total}"
        found.append(Violation("total", (), text, float(sum(chosen) - line.total)))
    return found


def _target(line: Line, size: Size, found: Run, reached: Estimate) -> list[Violation]:
    """Hold what the sample gave against the target; orders are counted, so a fill rate is met or not."""
    if line.target is None:
        return []
    if line.target.fill_rate is not None:
        wanted = exact(line.target.fill_rate)
        orders = size.parts * size.replications
        got = Fraction(orders - sum(found.late), orders)
        word = "of the orders served at once"
    else:
        assert line.target.throughput is not None
        wanted, got, word = exact(line.target.throughput), Fraction(reached.mean), "parts per unit of time"
    if got >= wanted:
        return []
    text = f"{float(got):.6g} {word} on the sample, the target is {amount(wanted)}"
    return [Violation("target", (), text, float(wanted - got))]


def _measured(line: Line, size: Size, found: Run) -> tuple[dict[str, float], Estimate]:
    if line.demand is None:
        name, got = "throughput", ratio([size.parts] * size.replications, found.ends)
    else:
        name, got = "fill_rate", estimate([(size.parts - late) / size.parts for late in found.late])
    return {name: got.mean, f"{name}_half_width": got.half_width}, got


# --- the run -------------------------------------------------------------------------------


def run(line: Line, chosen: Sequence[int], size: Size) -> Run:
    """Run every replication of a sample, some of them side by side."""
    ends: list[float] = []
    late: list[int] = []
    for first in range(0, size.replications, LANES):
        lanes = min(LANES, size.replications - first)
        world = _Buffers if line.blocking == "after_service" else _Cards
        one = world(line, chosen, size, lanes)
        blocks = range(first // SIDE, (first + lanes - 1) // SIDE + 1)
        one.run([Streams(line, size.seed, block) for block in blocks])
        ends += one.ends.tolist()
        late += one.late.tolist()
    return Run(ends, late)


class _Events:
    """The moments of one kind of event, in a ring of so many as anybody looks back; before the first: 0."""

    def __init__(self, lanes: int) -> None:
        self.lanes, self.back = lanes, 1
        self.rows: list[Lane] = []

    def seen(self, lag: int) -> None:
        """Note that somebody looks `lag` jobs back."""
        self.back = max(self.back, lag)

    def made(self) -> None:
        import numpy as np

        self.rows = list(np.zeros((self.back + 1, self.lanes)))

    def at(self, job: int) -> Lane:
        """Return the moments of a job, as a place to read and to write."""
        return self.rows[job % len(self.rows)]


class _World:
    """A line under way: its events, and what happens to one job after another."""

    def __init__(self, line: Line, chosen: Sequence[int], size: Size, lanes: int) -> None:
        import numpy as np

        self.line, self.size, self.lanes = line, size, lanes
        self.lags = lags(line, chosen)
        self.ends: Lane = np.zeros(lanes)
        self.late: NDArray[np.int64] = np.zeros(lanes, dtype=np.int64)

    def events(self) -> _Events:
        return _Events(self.lanes)

    def looked(self, events: _Events, lag: int) -> tuple[_Events, int] | None:
        """Return where to look back, None where that is further than the sample goes: it holds nothing up."""
        if lag >= self.size.length:
            return None
        events.seen(lag)
        return events, lag

    def run(self, blocks: list[Streams]) -> None:
        """Run the whole sample of some blocks of replications."""
        import numpy as np

        done = 0
        while done < self.size.length:
            count = min(PORTION, self.size.length - done)
            drawn = np.zeros((len(blocks), self.line.stations, count, SIDE))
            between = np.zeros((len(blocks), count, SIDE))
            for k, streams in enumerate(blocks):
                streams.service(drawn[k])
                streams.between(between[k])
            times = [self._side_by_side(drawn[:, j]) for j in range(self.line.stations)]
            self.portion(done, count, times, self._side_by_side(between) if self.line.demand else [])
            done += count

    def _side_by_side(self, drawn: Lane) -> list[Lane]:
        """Turn [block, job, replication] into a row of all replications for each job."""
        rows = drawn.transpose(1, 0, 2).reshape(drawn.shape[1], -1)
        return list(rows[:, : self.lanes].copy())

    def portion(self, first: int, count: int, times: list[list[Lane]], between: list[Lane]) -> None:
        raise NotImplementedError


class _Buffers(_World):
    """Blocking after service: a finished part stays in its server until there is room behind it."""

    def __init__(self, line: Line, chosen: Sequence[int], size: Size, lanes: int) -> None:
        super().__init__(line, chosen, size, lanes)
        material, room = self.lags
        last = line.stations - 1
        self.left = [self.events() for _ in range(line.stations)]
        self.fed = [self.looked(self.left[j - 1], material[j]) if j else None for j in range(last + 1)]
        self.freed = [self.looked(self.left[j + 1], room[j]) if j < last else None for j in range(last + 1)]
        for events in self.left:
            events.made()
        before: dict[int, set[int]] = {j: set() for j in range(last + 1)}
        for j in range(last):
            if material[j + 1] == 0:
                before[j + 1].add(j)
            if room[j] == 0:
                before[j].add(j + 1)
        self.order = list(TopologicalSorter(before).static_order())

    def portion(self, first: int, count: int, times: list[list[Lane]], between: list[Lane]) -> None:
        """Job n starts when its server is empty and its part is there; it leaves when there is room."""
        import numpy as np

        highest, plus = np.maximum, np.add
        stations = [(times[j], self.left[j].rows, self.fed[j], self.freed[j]) for j in self.order]
        for n in range(first, first + count):
            for worked, left, fed, freed in stations:
                now = left[n % len(left)]
                start = left[(n - 1) % len(left)]
                if fed is not None:
                    events, lag = fed
                    start = highest(start, events.rows[(n - lag) % len(events.rows)], out=now)
                plus(start, worked[n - first], now)
                if freed is not None:
                    events, lag = freed
                    highest(now, events.rows[(n - lag) % len(events.rows)], out=now)
        self.ends = self.left[-1].at(first + count - 1).copy()


class _Cards(_World):
    """Cards: a job is released when its part and a card are there; finished parts wait in the stage's store."""

    def __init__(self, line: Line, chosen: Sequence[int], size: Size, lanes: int) -> None:
        super().__init__(line, chosen, size, lanes)
        material, room = self.lags
        count = line.stations
        self.released = [self.events() for _ in range(count)]
        self.finished = [self.events() for _ in range(count)]
        self.ordered, self.served = self.events(), self.events()
        self.fed = [self.looked(self.finished[j - 1], material[j]) if j else None for j in range(count)]
        self.shipped = self.looked(self.finished[-1], material[count])
        callers = {
            "kanban": [*self.released[1:], self.served],
            "conwip": [self.served],
            "base_stock": [self.ordered] * count,
        }[line.blocking]
        self.called = [self.looked(caller, lag) for caller, lag in zip(callers, room, strict=True)]
        self.called += [None] * (count - len(self.called))
        for events in (*self.released, *self.finished, self.ordered, self.served):
            events.made()
        self.order = self._sorted()

    def _sorted(self) -> list[int]:
        """Return the stations, and the customer as one more: within a job, each after what it waits for."""
        count = self.line.stations
        owner = {id(events): j for j, events in enumerate(self.released)}
        owner |= {id(events): j for j, events in enumerate(self.finished)} | {id(self.served): count}
        before: dict[int, set[int]] = {j: set() for j in range(count + 1)}
        for j, waits in enumerate([*zip(self.fed, self.called, strict=True), (self.shipped, None)]):
            for wait in waits:
                if wait is not None and wait[1] == 0 and id(wait[0]) in owner:
                    before[j].add(owner[id(wait[0])])
        return list(TopologicalSorter(before).static_order())

    def portion(self, first: int, count: int, times: list[list[Lane]], between: list[Lane]) -> None:
        """Order n comes; job n of every stage is released, works, and is finished; order n is served."""
        import numpy as np

        customer = self.line.stations
        for n in range(first, first + count):
            if between:
                np.add(self.ordered.at(n - 1), between[n - first], self.ordered.at(n))
            for j in self.order:
                if j == customer:
                    self._serve(n, bool(between))
                else:
                    self._work(n, j, times[j][n - first])
        self.ends = self.finished[-1].at(first + count - 1).copy()

    def _work(self, n: int, j: int, time: Lane) -> None:
        import numpy as np

        released, finished = self.released[j].at(n), self.finished[j].at(n)
        released.fill(0.0)
        for wait in (self.fed[j], self.called[j]):
            if wait is not None:
                np.maximum(released, wait[0].at(n - wait[1]), out=released)
        np.maximum(released, self.finished[j].at(n - 1), out=finished)
        np.add(finished, time, finished)

    def _serve(self, n: int, orders: bool) -> None:
        import numpy as np

        served = self.served.at(n)
        if self.shipped is None:
            served.fill(0.0)
        else:
            np.copyto(served, self.shipped[0].at(n - self.shipped[1]))
        if orders:
            ordered: Any = self.ordered.at(n)
            if n >= self.size.warm_up:
                self.late += served > ordered
            np.maximum(served, ordered, out=served)
