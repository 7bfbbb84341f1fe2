"""The plant kernel beside SimPy: the same five-station kanban line, parts for each CPU-second.

    python benchmarks/simulation/plant.py [--rounds 5] [--parts 2000000]

Both are run in turn in one process, so that they share its fate; sampling is included, compiling is
not. Two SimPy models: "bare" only moves parts and counts them; "measuring" also keeps what the kernel
always measures (stock and containers under way with their distributions, lead times, waits, use of the stations).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from typing import Any

STATIONS, CARDS, INTERVAL = 5, 3, 2.0


def simpy_line(parts: int, seed: int, measuring: bool) -> float:  # noqa: C901 - one model, one function
    """Serve so many customers in SimPy; return parts for each CPU-second."""
    import simpy

    chance = random.Random(seed)
    env = simpy.Environment()
    stock, cards, queue = ([simpy.Store(env) for _ in range(STATIONS)] for _ in range(3))
    waiting, done = simpy.Store(env), env.event()
    levels = [Level(env, CARDS) for _ in range(STATIONS)] if measuring else []
    under_way = [Level(env, 0) for _ in range(STATIONS)] if measuring else []
    busy, lead, wait, at_once = [0.0] * STATIONS, [0.0] * STATIONS, [0.0], [0]
    for store in stock:
        for _ in range(CARDS):
            store.put(0.0)

    def take(stage: int) -> Any:
        yield stock[stage].get()
        if measuring:
            levels[stage].change(-1)
        cards[stage].put(0)

    def releases(stage: int) -> Any:
        while True:
            yield cards[stage].get()
            if stage:
                yield from take(stage - 1)
            if measuring:
                under_way[stage].change(1)
            queue[stage].put(env.now)

    def server(stage: int) -> Any:
        while True:
            born = yield queue[stage].get()
            work = chance.expovariate(1.0)
            yield env.timeout(work)
            if measuring:
                busy[stage] += work
                lead[stage] += env.now - born
                under_way[stage].change(-1)
                levels[stage].change(1)
            stock[stage].put(env.now)

    def customers() -> Any:
        for _ in range(parts):
            yield env.timeout(chance.expovariate(1 / INTERVAL))
            waiting.put(env.now)

    def deliveries() -> Any:
        for _ in range(parts):
            asked = yield waiting.get()
            yield from take(STATIONS - 1)
            if measuring:
                wait[0] += env.now - asked
                at_once[0] += env.now == asked
        done.succeed()

    for stage in range(STATIONS):
        env.process(releases(stage))
        env.process(server(stage))
    env.process(customers())
    env.process(deliveries())
    began = time.process_time()
    env.run(done)
    return parts / (time.process_time() - began)


class Level:
    """A number that changes, its integral over time and its distribution."""

    def __init__(self, env: Any, level: int) -> None:
        self.env, self.level, self.since, self.area = env, level, 0.0, 0.0
        self.bars: defaultdict[int, float] = defaultdict(float)

    def change(self, by: int) -> None:
        """Count the time at the old level, and change it."""
        passed = self.env.now - self.since
        self.area += passed * self.level
        self.bars[self.level] += passed
        self.level += by
        self.since = self.env.now


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
    found: dict[str, list[float]] = {"kernel": [], "SimPy, bare": [], "SimPy, measuring": []}
    for seed in range(given.rounds):
        found["SimPy, bare"].append(simpy_line(10_000, seed, False))
        found["kernel"].append(kernel(layout, given.parts, seed))
        found["SimPy, measuring"].append(simpy_line(10_000, seed, True))
    print(f"{STATIONS} stations, {CARDS} cards each, Poisson demand at half load; parts for each CPU-second")
    best = statistics.median(found["kernel"])
    for name, rates in found.items():
        middle = statistics.median(rates)
        print(f"{name:18} {middle:12,.0f}   [{min(rates):,.0f}, {max(rates):,.0f}]   kernel / it: {best / middle:,.0f}")


if __name__ == "__main__":
    main()
