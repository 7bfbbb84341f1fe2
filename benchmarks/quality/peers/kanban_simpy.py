"""Kanban by simulation in SimPy: the need a card waits for, sampled; cards from the sample; greedy repair of limits.

A simulated service or shortage is an estimate, the judge's is analytic: a plan that is one card short is refused.
So plans are handed over with the cards of the sample itself and with margins of some standard errors. A loop that
asks for a share (alpha) and no service gets the card formula, which leaves nothing to simulate.
"""

from __future__ import annotations

from math import ceil, sqrt
from random import Random
from typing import TYPE_CHECKING, Any

from jitopt.errors import NotApplicableError
from jitopt.problems.kanban import KanbanPlan, LoopCards
from jitopt.problems.kanban.instance import MOST_CARDS
from peers._greedy import Row, repaired

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from jitopt.problems.kanban import Kanban

HEURISTIC = {
    "name": "kanban_simpy",
    "problem": "kanban",
    "summary": "loops simulated in SimPy, the least cards that keep the service in the sample, greedy repair",
    "source": "plain simulation, SimPy",
}

LEFT = 1.0
"""Seconds before the limit at which simulating shall stop: the last plans are still to be made and judged."""

FIRST, MOST = 200, 2000
"""Card cycles of a loop in the first round; most of them between two looks at the clock."""

MARGINS = (3.0, 2.0, 0.0)
"""Standard errors by which the service in the sample shall exceed what is asked."""


class Simulation:
    """One loop: a process that uses parts, and a card that goes round; `needs`: units used while it was away."""

    def __init__(self, instance: Kanban, name: str, seed: int) -> None:
        import simpy

        table = instance.loops
        assert table is not None
        row = instance.names.index(name)
        self._random = Random(f"{seed} {name}")
        self._rate = table.demand[row]
        columns = (table.demand_sd, table.lead_time_sd, table.interval, getattr(table, "yield"))
        told = [(column[row] if column else None) for column in columns]
        self._spread, self._lead_sd, self._interval = (value or 0.0 for value in told[:3])
        self._good, self._lead = told[3] or 1.0, table.lead_time[row]
        self.window = self._lead + self._interval
        self._used, self._looked = 0.0, 0.0
        self.needs: list[float] = []
        self._env = simpy.Environment()
        self._env.process(self._demand())
        self._env.process(self._card())

    def run(self, cycles: int) -> None:
        """Simulate about so many more cycles of the card."""
        self._env.run(until=self._env.now + cycles * self.window)

    def _use(self) -> float:
        """Return what was used until now; the use since the last look is drawn."""
        past = self._env.now - self._looked
        if past > 0:
            self._used += self._random.gauss(self._rate * past, self._spread * sqrt(past)) / self._good
            self._looked = self._env.now
        return self._used

    def _demand(self) -> Generator[Any, Any, None]:
        while True:
            yield self._env.timeout(self.window / 2)
            self._use()

    def _card(self) -> Generator[Any, Any, None]:
        while True:
            before = self._use()
            yield self._env.timeout(self._interval + max(0.0, self._random.gauss(self._lead, self._lead_sd)))
            self.needs.append(self._use() - before)


def run(instance: Kanban, context: Any) -> None:
    if instance.options is not None or instance.current is not None:
        raise NotApplicableError("kanban_simpy plans loops without cards in force")
    simulations = {
        name: Simulation(instance, name, context.seed)
        for name, loop in instance.loop_data.items()
        if loop.variance and (loop.shortage or loop.service > 0.5)
    }
    cycles = FIRST
    while True:
        for done in range(0, cycles, MOST):
            for simulation in simulations.values():
                if context.remaining() > LEFT:
                    simulation.run(min(MOST, cycles - done))
        _report(instance, context, {name: simulation.needs for name, simulation in simulations.items()})
        if not simulations or context.remaining() <= LEFT:
            return
        cycles = sum(len(s.needs) for s in simulations.values()) // len(simulations)


def _report(instance: Kanban, context: Any, needs: dict[str, list[float]]) -> None:
    """Hand over a plan for each margin, unless a loop has no sample yet or no container within its maximum."""
    import numpy as np

    samples = {name: np.sort(np.array(values)) for name, values in needs.items()}
    for margin in MARGINS if any(loop.asked for loop in instance.loop_data.values()) else (0.0,):
        rows = [
            row
            for name, container in instance.pairs
            for row in _rows(instance, name, container, samples.get(name), margin)
        ]
        whole = {row.loop for row in rows} == set(instance.names)
        chosen = repaired(list(instance.capacity.values()), rows, context.stopped) if whole else []
        if chosen:
            found = [LoopCards(loop=row.loop, container=row.container, cards=row.cards) for row in chosen]
            context.report(KanbanPlan(loops=tuple(found)))


def _rows(instance: Kanban, name: str, container: str, sample: Any, margin: float) -> Iterator[Row]:
    """Yield the least cards that do in the sample; where a shortage is priced also more, as long as that is cheaper."""
    loop, pair = instance.loop_data[name], instance.pairs[name, container]
    if sample is not None and not len(sample):
        return
    size, taken, least, last = float(pair.quantity), dict(pair.uses), loop.minimum, float("inf")
    if loop.asked and sample is None:
        least = max(least, ceil(loop.base / pair.quantity) + loop.extra)
    elif loop.asked:
        count, share = len(sample), loop.service
        rank = min(count, ceil(count * share + margin * sqrt(count * share * (1 - share))))
        least = max(least, ceil((float(loop.base - loop.mean) + sample[rank - 1]) / size) + loop.extra)
    for cards in range(least, (MOST_CARDS if loop.maximum is None else loop.maximum) + 1):
        stock = size * (cards - loop.extra)
        cost = float(pair.card_cost) * cards + float(loop.holding) * max(0.0, stock - float(loop.during))
        cost += float(pair.handling_cost * loop.demand) / size
        if loop.shortage:
            short = max(0.0, float(loop.mean) - stock) if sample is None else (sample - stock).clip(0.0).mean()
            cost += float(loop.shortage) * float(short)
        if cost >= last:
            return
        yield Row(name, container, cards, cost, [float(taken.get(limit, 0)) * cards for limit in instance.capacity])
        if not loop.shortage:
            return
        last = cost
