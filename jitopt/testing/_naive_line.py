"""Lines run event by event, straight from what happens on the floor; see `jitopt.testing.naive`.

A calendar of the moments at which servers end and orders come; parts, cards and places are counted one
by one. Nothing is known here of recursions or lags. Where stock stands at the start is told by the
sample's definition (`jitopt.problems.kanban.line.lags`), and so are the times.
"""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.problems.kanban.line import lags
from jitopt.problems.kanban.line_sample import SIDE, Streams
from jitopt.testing._definitions import Broken, NaiveEvaluation, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.line import Line

__all__ = ["evaluate", "run"]


def evaluate(instance: Kanban, plan: dict[str, Any]) -> NaiveEvaluation:
    """Evaluate the plan of a line by events."""
    line = instance.line
    assert line is not None
    chosen = plan.get("buffers" if line.blocking == "after_service" else "cards", ())
    size = line.size((plan.get("sample") or {}).get("seed"))
    floors = [run(line, chosen, size.seed, r, size.length) for r in range(size.replications)]
    parts = size.parts * size.replications
    broken: Broken = {}
    data = instance.to_dict()["line"]
    for j, name in enumerate(line.places):
        for rule, sign in (("minimum", 1), ("maximum", -1)):
            short = sign * (data[rule][j] - chosen[j]) if rule in data else 0
            if short > 0:
                broken[rule, (name,)] = Fraction(short)
    over = sum(chosen) - data.get("total_buffer", data.get("total_cards", sum(chosen)))
    if over > 0:
        broken["total", ()] = Fraction(over)
    terms: dict[str, Fraction] = {}
    if line.demand is None:
        reached = Fraction(parts / sum(floor.ended for floor in floors))
    else:
        late = sum(sum(wait > 0 for wait in floor.waits[size.warm_up :]) for floor in floors)
        reached = Fraction(parts - late, parts)
    terms["fill_rate" if line.demand else "throughput"] = reached
    target = data.get("target", {})
    wanted = number(target.get("fill_rate", target.get("throughput", 0)))
    if reached < wanted:
        broken["target", ()] = wanted - reached
    costs = data.get("cost", [1] * len(chosen))
    if instance.objective == "cost":
        terms["cost"] = sum((number(each) * count for each, count in zip(costs, chosen, strict=True)), Fraction(0))
    return NaiveEvaluation(terms, broken)


def run(line: Line, chosen: Sequence[int], seed: int, replication: int, length: int) -> Floor:
    """Run one replication until the last station has done `length` jobs and as many orders are served."""
    streams = Streams(line, seed, replication // SIDE)
    times, between = np.zeros((line.stations, length, SIDE)), np.zeros((length, SIDE))
    streams.service(times)
    streams.between(between)
    lane = replication % SIDE
    orders = between[:, lane].tolist() if line.demand is not None else None
    floor = (_Buffers if line.blocking == "after_service" else _Cards)(line, chosen, times[:, :, lane].tolist(), orders)
    floor.run(length)
    return floor


class Floor:
    """Servers, stock and a calendar. ended: when the last station did its last job. waits: of the orders."""

    def __init__(self, line: Line, chosen: Sequence[int], times: list[list[float]], orders: list[float] | None) -> None:
        self.line, self.times, self.orders = line, times, orders
        self.count = line.stations
        self.lags = lags(line, chosen)
        self.now, self.ended = 0.0, 0.0
        self.calendar: list[tuple[float, int, int]] = []
        self.started = [0] * self.count
        self.busy = [False] * self.count
        self.done = 0
        self.came: list[float] = []
        self.waits: list[float] = []

    def start(self, j: int) -> None:
        """Start the next job of a server."""
        if self.started[j] < len(self.times[j]):
            self.busy[j] = True
            heappush(self.calendar, (self.now + self.times[j][self.started[j]], 1, j))
            self.started[j] += 1

    def run(self, length: int) -> None:
        """Go from event to event."""
        if self.orders is not None:
            heappush(self.calendar, (self.orders[0], 0, 0))
        self.settle()
        while self.done < length or (self.orders is not None and len(self.waits) < length):
            self.now, kind, j = heappop(self.calendar)
            if kind == 0:
                self._order()
            else:
                if j == self.count - 1:
                    self.done += 1
                    self.ended = self.now
                self.end(j)
            self.settle()

    def _order(self) -> None:
        assert self.orders is not None
        self.came.append(self.now)
        if len(self.came) < len(self.orders):
            heappush(self.calendar, (self.now + self.orders[len(self.came)], 0, 0))
        self.ordered()

    def settle(self) -> None:
        """Let everything happen that can happen now."""
        while self.step():
            pass

    def step(self) -> bool:
        raise NotImplementedError

    def end(self, j: int) -> None:
        raise NotImplementedError

    def ordered(self) -> None:
        """Note that an order came."""


class _Buffers(Floor):
    """A part stays in its server until the next server or the buffer before it has room."""

    def __init__(self, line: Line, chosen: Sequence[int], times: list[list[float]], orders: list[float] | None) -> None:
        super().__init__(line, chosen, times, orders)
        # Behind station j: parts in the buffer or the next server, of which there is room for b + 1.
        self.behind = list(self.lags.material[1:])
        self.room = [places + 1 for places in chosen]
        self.ready = [False] * self.count  # Finished, still in its server.
        self.waiting = [10**9, *self.behind]  # In front of each server, not yet begun.

    def end(self, j: int) -> None:
        self.ready[j] = True

    def step(self) -> bool:
        for j in reversed(range(self.count)):
            if self.ready[j] and (j == self.count - 1 or self.behind[j] < self.room[j]):
                self.ready[j] = self.busy[j] = False
                if j < self.count - 1:
                    self.behind[j] += 1
                    self.waiting[j + 1] += 1
                if j:
                    self.behind[j - 1] -= 1
                return True
            if not self.busy[j] and self.waiting[j] and self.started[j] < len(self.times[j]):
                self.waiting[j] -= 1
                self.start(j)
                return True
        return False


class _Cards(Floor):
    """A job is released by its card, its part and, with a base stock, an order; it queues for its server."""

    def __init__(self, line: Line, chosen: Sequence[int], times: list[list[float]], orders: list[float] | None) -> None:
        super().__init__(line, chosen, times, orders)
        self.store = [*self.lags.material[1:]]  # Finished by each stage.
        self.queue = [0] * self.count
        self.open = 0
        # What is at a stage beside finished stock has no card yet: the rest of its cards is free.
        self.free = [10**9] * self.count
        if line.blocking == "conwip":
            self.free[0] = chosen[0] - sum(self.store)
        elif line.blocking == "kanban":
            self.free = [cards - stock for cards, stock in zip(chosen, self.store, strict=True)]
        else:
            self.free = [0] * self.count

    def end(self, j: int) -> None:
        self.busy[j] = False
        self.store[j] += 1

    def ordered(self) -> None:
        self.open += 1
        if self.line.blocking == "base_stock":
            self.free = [each + 1 for each in self.free]

    def step(self) -> bool:
        last = self.count - 1
        if self.store[last] and (self.open or self.orders is None):
            self.store[last] -= 1
            if self.orders is not None:
                self.open -= 1
                self.waits.append(self.now - self.came[len(self.waits)])
            self._returned(last)
            return True
        for j in reversed(range(self.count)):
            if self.free[j] and (j == 0 or self.store[j - 1]):
                self.free[j] -= 1
                if j:
                    self.store[j - 1] -= 1
                    self._returned(j - 1)
                self.queue[j] += 1
                return True
            if self.queue[j] and not self.busy[j] and self.started[j] < len(self.times[j]):
                self.queue[j] -= 1
                self.start(j)
                return True
        return False

    def _returned(self, j: int) -> None:
        """Give back the card of a part that has left the store of a stage."""
        if self.line.blocking == "kanban":
            self.free[j] += 1
        elif self.line.blocking == "conwip" and j == self.count - 1:
            self.free[0] += 1
