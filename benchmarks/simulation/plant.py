"""The plant kernel beside SimPy: the same five-station kanban line, parts for each CPU-second.

    python benchmarks/simulation/plant.py [--rounds 5] [--parts 2000000]

All are run in turn in one process, so that they share its fate; sampling is included, compiling is
not. The SimPy models only move parts and count them; the kernel also measures what it always does.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

STATIONS, CARDS, INTERVAL = 5, 3, 2.0


class Line:
    """A kanban line in SimPy: cards and supermarkets as stores, customers who wait in a queue."""

    def __init__(self, parts: int, seed: int) -> None:
        import simpy

        self.env, self.chance, self.parts = simpy.Environment(), random.Random(seed), parts
        self.stock, self.cards, self.queue = ([simpy.Store(self.env) for _ in range(STATIONS)] for _ in range(3))
        self.machines = [simpy.Resource(self.env, 1) for _ in range(STATIONS)]
        self.served, self.done = 0, self.env.event()
        for store in self.stock:
            for _ in range(CARDS):
                store.put(0)
        self.env.process(self.customers())

    def take(self, stage: int) -> Any:
        """Take a container, and free its card."""
        yield self.stock[stage].get()
        self.cards[stage].put(0)

    def customers(self) -> Any:
        """Let customers come at random."""
        for _ in range(self.parts):
            yield self.env.timeout(self.chance.expovariate(1 / INTERVAL))
            self.env.process(self.customer())

    def customer(self) -> Any:
        """Serve a customer."""
        yield from self.take(STATIONS - 1)
        self.served += 1
        if self.served == self.parts:
            self.done.succeed()

    def releases(self, stage: int, start: Any) -> Any:
        """Start a container for every card, as soon as there is material."""
        while True:
            yield self.cards[stage].get()
            if stage:
                yield from self.take(stage - 1)
            start(stage)

    def run(self) -> float:
        """Serve all customers; return parts for each CPU-second."""
        began = time.process_time()
        self.env.run(self.done)
        return self.parts / (time.process_time() - began)


def idiomatic(parts: int, seed: int) -> float:
    """Run the line as SimPy's guide teaches: a process for each container, which asks for its machine."""
    line = Line(parts, seed)

    def work(stage: int) -> Any:
        with line.machines[stage].request() as machine:
            yield machine
            yield line.env.timeout(line.chance.expovariate(1.0))
        line.stock[stage].put(0)

    for stage in range(STATIONS):
        line.env.process(line.releases(stage, lambda stage: line.env.process(work(stage))))
    return line.run()


def lean(parts: int, seed: int) -> float:
    """Run the line with the fewest events we could write: a process for each machine, fed by a store."""
    line = Line(parts, seed)

    def server(stage: int) -> Any:
        while True:
            yield line.queue[stage].get()
            yield line.env.timeout(line.chance.expovariate(1.0))
            line.stock[stage].put(0)

    for stage in range(STATIONS):
        line.env.process(line.releases(stage, lambda stage: line.queue[stage].put(0)))
        line.env.process(server(stage))
    return line.run()


def stream() -> Any:
    """Return the line as a value stream."""
    from jitopt.simulation.stream import ValueStream

    loops, stations = [f"L{i}" for i in range(STATIONS)], [f"S{i}" for i in range(STATIONS)]
    many = STATIONS
    return ValueStream.parse(
        {
            "loops": {"loop": loops, "kind": ["production"] * many, "cards": [CARDS] * many, "quantity": [1] * many},
            "stations": {"station": stations},
            "operations": {
                "loop": loops,
                "step": [1] * many,
                "station": stations,
                "time": [1] * many,
                "distribution": ["exponential"] * many,
            },
            "bill": {"loop": loops[1:], "source": loops[:-1], "quantity": [1] * (many - 1)},
            "demand": {
                "demand": ["customer"],
                "loop": loops[-1:],
                "quantity": [1],
                "interval": [INTERVAL],
                "distribution": ["exponential"],
            },
        }
    )


def kernel(layout: Any, parts: int, seed: int) -> float:
    """Serve so many customers with the kernel, sampling included; return parts for each CPU-second."""
    import jitopt.simulation._kernels.plant_fields as f
    from jitopt.simulation.stream_replication import Replication

    began = time.process_time()
    run = Replication(layout, seed, 0)
    run.run(parts * INTERVAL)
    return int(run.n[layout.customers[0], f.DELIVERED]) / (time.process_time() - began)


def main() -> None:
    """Measure in turns, and print the medians and their ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--parts", type=int, default=2_000_000)
    given = arguments.parse_args()
    from jitopt.simulation.stream_layout import Layout

    layout = Layout(stream())
    kernel(layout, 1000, 0)
    found: dict[str, list[float]] = {"kernel": [], "SimPy, idiomatic": [], "SimPy, lean": []}
    for seed in range(given.rounds):
        found["SimPy, idiomatic"].append(idiomatic(10_000, seed))
        found["kernel"].append(kernel(layout, given.parts, seed))
        found["SimPy, lean"].append(lean(10_000, seed))
    print(f"{STATIONS} stations, {CARDS} cards each, Poisson demand at half load; parts for each CPU-second")
    best = statistics.median(found["kernel"])
    for name, rates in found.items():
        middle = statistics.median(rates)
        print(f"{name:18} {middle:12,.0f}   [{min(rates):,.0f}, {max(rates):,.0f}]   kernel / it: {best / middle:,.0f}")


if __name__ == "__main__":
    main()
