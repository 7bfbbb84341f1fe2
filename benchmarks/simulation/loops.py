"""Thousands of independent kanban loops: containers followed a second, and one such loop in SimPy beside them.

python benchmarks/simulation/loops.py [--loops 1000] [--days 250] [--replications 30] [--threads N] [--json FILE]

The loops have ten containers a day, a demand and a lead time that vary, some a fixed interval or a signal of the
empty container. "wall" is the whole call of `jitopt.simulate`, variates, a run with a card fewer and tables included;
the first call of a process also loads the machine code (or makes it, where it is not cached) and is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import numpy as np
import simpy

import jitopt


def instance(loops: int) -> tuple[jitopt.Kanban, dict[str, Any]]:
    """Return loops of ten containers a day, and the cards that the formula asks for."""
    dice = np.random.default_rng(5)
    quantity = dice.integers(5, 60, loops).tolist()
    names = [f"L{n}" for n in range(loops)]
    data = {
        "problem": "kanban", "version": 1, "name": f"{loops} loops",
        "loops": {
            "loop": names, "demand": [10 * q for q in quantity],
            "demand_sd": (10 * np.array(quantity) * dice.uniform(0.05, 0.4, loops)).tolist(),
            "lead_time": dice.uniform(0.2, 2.0, loops).round(3).tolist(), "lead_time_sd": [0.05] * loops,
            "interval": [(0.0, 0.25, 0.5)[n % 3] for n in range(loops)], "service": [0.95] * loops,
            "signal": [("first_piece", "empty")[n % 4 == 3] for n in range(loops)],
        },
        "containers": {"loop": names, "container": ["box"] * loops, "quantity": quantity},
    }  # fmt: skip
    found = jitopt.Kanban.parse(data)
    return found, {"loops": [{"loop": n, "container": "box", "cards": found.needed(n, "box")} for n in names]}


def in_simpy(containers: int) -> float:
    """Return the containers per second of processor time of one loop in SimPy: a line, cards, a fixed lead time."""
    env = simpy.Environment()
    full = simpy.Store(env)
    full.items.extend(range(16))
    gaps = np.random.default_rng(1).gamma(4.0, 0.025, containers)

    def card() -> Any:
        yield env.timeout(1.0)
        yield full.put(0)

    def line() -> Any:
        for gap in gaps.tolist():
            yield full.get()
            env.process(card())
            yield env.timeout(gap)

    began = time.process_time()
    env.process(line())
    env.run()
    return containers / (time.process_time() - began)


def main() -> None:
    """Measure, print, write."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--loops", type=int, default=1000)
    words.add_argument("--days", type=float, default=250)
    words.add_argument("--replications", type=int, default=30)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--threads", type=int)
    words.add_argument("--json", metavar="FILE")
    told = words.parse_args()
    asked, plan = instance(told.loops)
    settings = {"days": told.days, "replications": told.replications, "threads": told.threads}
    began = time.perf_counter()
    jitopt.simulate(asked, plan, days=1, replications=2)
    first = time.perf_counter() - began
    rows = []
    for _ in range(told.rounds):
        wall, processor = time.perf_counter(), time.process_time()
        found = jitopt.simulate(asked, plan, **settings)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        containers = found.evidence["containers"]
        slow = in_simpy(20_000)
        rows.append(
            {
                "containers": containers, "wall_s": wall, "processor_s": processor, **found.seconds,
                "per_processor_s": containers / processor, "simpy_per_processor_s": slow,
                "ratio": containers / processor / slow,
            }
        )  # fmt: skip
        print(
            f"{containers / 1e6:.1f} million containers in {wall:.2f} s ({processor:.2f} s of processors); "
            f"{containers / processor / 1e6:.1f} million a processor second, SimPy {slow / 1e3:.1f} thousand: "
            f"{rows[-1]['ratio']:.0f} times"
        )
    print(f"first call of the process, a day of it: {first:.2f} s")
    if told.json:
        with open(told.json, "w", encoding="utf-8") as file:
            json.dump({"settings": vars(told), "first_s": first, "processors": os.cpu_count(), "rounds": rows}, file)


if __name__ == "__main__":
    main()
