"""Lines simulated by recursion: speed beside SimPy, exact throughputs, and how often intervals hold the truth.

python benchmarks/simulation/lines.py [--part speed|tables|coverage] [--rounds 5] [--json FILE]     # JITOPT_DATA

speed: the same line of five stations (three cards each, orders at half the capacity) in SimPy, as its
manual would have it, and in jitopt; parts per second of the processor, one after another in every round, with
the same mean wait of an order as a check. tables: every throughput of JITOPT_DATA/exponential_lines against
its exact value, in standard errors. coverage: intervals of 200 seeds that hold the exact value.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import simpy

from jitopt.problems.kanban.line import Demand, Line, Size
from jitopt.problems.variates import source
from jitopt.simulation.line_paths import Paths

STATIONS, CARDS, RATE = 5, 3, 0.5

SEEDS = 200

COVERED: tuple[tuple[str, list[float], list[int], float], ...] = (
    ("2 stations, 20 places", [1.0] * 2, [20], 22 / 23),
    ("3 stations, no place", [1.0] * 3, [0, 0], 22 / 39),
    ("3 stations, 2 + 3 places", [1.0] * 3, [2, 3], 0.7543448226089335),
    ("3 stations, 11 + 11 places", [1.0] * 3, [11, 11], 0.901798742801381),
    ("4 stations of 1.2, 1, 0.9, 1.1, 2 + 4 + 3 places", [1.2, 1.0, 0.9, 1.1], [2, 4, 3], 0.7539831359610437),
    ("5 stations, a place each", [1.0] * 5, [1] * 4, 0.607583286106277),
    ("7 stations, a place each", [1.0] * 7, [1] * 6, 0.5805252005190605),
)
"""Lines with their exact throughput."""


def cpu(work: Any) -> tuple[float, Any]:
    """Return the processor's seconds of a piece of work, and what it returned."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def kanban_in_simpy(parts: int, seed: int) -> float:
    """Run a kanban line in SimPy; return the mean wait of an order.

    A job is released when a card and a part are there, which frees the card of the stage before; it waits
    for the server, works, and its part and card wait in the store.
    """
    world, dice = simpy.Environment(), source(seed)
    free, queue, full = ([simpy.Container(world, init=n) for _ in range(STATIONS)] for n in (0, 0, CARDS))
    waited = 0.0

    def release(j: int) -> Any:
        while True:
            yield free[j].get(1)
            if j:
                yield full[j - 1].get(1)
                yield free[j - 1].put(1)
            yield queue[j].put(1)

    def server(j: int) -> Any:
        while True:
            yield queue[j].get(1)
            yield world.timeout(dice.standard_exponential())
            yield full[j].put(1)

    def customer(came: float) -> Any:
        nonlocal waited
        yield full[-1].get(1)
        yield free[-1].put(1)
        waited += world.now - came

    def orders() -> Any:
        for _ in range(parts):
            yield world.timeout(dice.standard_exponential() / RATE)
            last = world.process(customer(world.now))
        yield last

    for j in range(STATIONS):
        world.process(release(j))
        world.process(server(j))
    world.run(until=world.process(orders()))
    return waited / parts


def speed(rounds: int) -> dict[str, Any]:
    """Parts per second of the processor, SimPy and jitopt in turn."""
    line = Line(rate=(1.0,) * STATIONS, blocking="kanban", demand=Demand(rate=RATE))
    size = Size(0, 64, 8192, 1024)
    saturated = Line(rate=(1.0,) * STATIONS)
    for one, plan in ((line, [CARDS] * STATIONS), (saturated, [1] * (STATIONS - 1))):
        Paths(one, Size(0, 8, 600, 0)).run([plan])  # The compiler runs before the clock.
    rows: dict[str, list[float]] = {}
    many = [[CARDS + (j == k) for j in range(STATIONS)] for k in range(STATIONS)]
    for seed in range(rounds):
        parts = 20_000
        seconds, _ = cpu(lambda parts=parts, seed=seed: kanban_in_simpy(parts, seed))
        rows.setdefault("SimPy", []).append(parts / seconds)
        for name, one, plans, each in (
            ("kanban", line, many, size._replace(seed=seed)),
            ("buffers", saturated, [[1, 1, 1, 1], [2, 0, 1, 1], [0, 2, 1, 1]], Size(seed, 64, 8192, 0)),
        ):
            fresh, jobs = Paths(one, each, keep=False), each.length * each.replications
            seconds, _ = cpu(lambda paths=fresh, plans=plans: paths.run(plans[:1]))
            rows.setdefault(f"{name}, with sampling", []).append(jobs / seconds)
            paths = Paths(one, each)
            paths.run(plans[:1])
            seconds, _ = cpu(lambda paths=paths, plans=plans: paths.run(plans))
            rows.setdefault(f"{name}, on the same times", []).append(jobs * len(plans) / seconds)
    base = median(rows["SimPy"])
    return {
        name: {
            "parts_per_cpu_second": median(found),
            "lowest": min(found),
            "highest": max(found),
            "ratio": median(found) / base,
        }
        for name, found in rows.items()
    }


def tables(folder: Path) -> dict[str, Any]:
    """Hold every exact throughput of the tables against the sample of the judge."""
    cases: list[tuple[str, list[float], list[int], float]] = []
    with (folder / "balanced_lines.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            count = int(row["stations"])
            places = [int(row["buffer_between_each_pair"])] * (count - 1)
            cases.append((f"{count} x {places[0]}", [1.0] * count, places, float(row["throughput"])))
    with (folder / "bap_optimal.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for text in row["optimal_allocation(s)"].split(" | "):
                rates = [float(each) for each in row["rates"].split()]
                places = [int(each) for each in text.split("-")]
                cases.append((f"{row['rates']}: {text}", rates, places, float(row["optimal_throughput"])))
    worst, spread, outside = 0.0, 0.0, 0
    for _, rates, places, truth in cases:
        line = Line(rate=tuple(rates), total_buffer=sum(places))
        paths = Paths(line, line.size())
        found = paths.throughput([places])[0]
        error = found.half_width / 1.979  # Student's t for 128 replications.
        worst, spread = max(worst, abs(found.mean - truth) / error), max(spread, error / truth)
        outside += not found.low <= truth <= found.high
    return {"lines": len(cases), "largest_standard_errors": worst, "largest_relative_error": spread, "outside": outside}


def coverage(seeds: int) -> dict[str, Any]:
    """Count the 95 % intervals that hold the exact throughput."""
    found = {}
    for name, rates, places, truth in COVERED:
        line = Line(rate=tuple(rates), total_buffer=sum(places))
        held, means = 0, []
        for seed in range(seeds):
            one = Paths(line, line.size(seed)).throughput([places])[0]
            held += one.low <= truth <= one.high
            means.append(one.mean)
        found[name] = {"seeds": seeds, "held": held, "bias": sum(means) / len(means) / truth - 1}
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--part", choices=("speed", "tables", "coverage"), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    parts = options.part or ["speed", "tables", "coverage"]
    told: dict[str, Any] = {}
    if "speed" in parts:
        told["speed"] = speed(options.rounds)
    if "tables" in parts and "JITOPT_DATA" in os.environ:
        told["tables"] = tables(Path(os.environ["JITOPT_DATA"]) / "exponential_lines")
    if "coverage" in parts:
        told["coverage"] = coverage(options.seeds)
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
