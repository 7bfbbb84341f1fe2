"""Buffer allocations of exponential lines held against exact optima, and what long lines come to.

python benchmarks/simulation/allocation.py [--part tables|unseen|large] [--time-limit 10] [--json FILE]  # JITOPT_DATA

tables: every line of JITOPT_DATA/exponential_lines/bap_optimal.csv solved by `jitopt.solve`; the exact
throughput of what comes back, by the Markov chain, against the optimum. unseen: lines of 3 to 6 stations with
drawn rates, against enumeration of all allocations by the chain. large: lines of 7 to 20 stations and many
places, with the bound that is told.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import jitopt
from jitopt.problems.kanban import Kanban
from jitopt.queueing.blocking import LARGEST, state_count, throughput

CLOSE = 5e-4
"""Relative loss of throughput that counts as close."""

SAME = 1e-9
"""Relative difference of exact throughputs that counts as none."""


def solved(rates: list[float], places: int, seconds: float, seed: int = 0) -> tuple[Any, float]:
    """Solve a line in the minimal form; return the result and the seconds it took."""
    document = {"problem": "kanban", "version": 1, "name": "line", "objective": "throughput",
                "line": {"rate": rates, "blocking": "after_service", "total_buffer": places}}  # fmt: skip
    began = time.monotonic()
    result = jitopt.solve(Kanban.model_validate(document), time_limit=seconds, seed=seed)
    return result, time.monotonic() - began


def held(cases: list[tuple[list[float], int, float]], seconds: float) -> dict[str, Any]:
    """Solve lines whose optimum is known; tell how many are met."""
    losses, took, statuses, missed = [], [], [], []
    for rates, places, best in cases:
        result, spent = solved(rates, places, seconds)
        loss = 1 - throughput(rates, result.plan.buffers) / best
        if loss > SAME:
            missed.append({"rates": rates, "places": places, "buffers": list(result.plan.buffers), "loss": loss})
        losses.append(loss)
        took.append(spent)
        statuses.append(result.status)
    count = len(losses)
    return {
        "lines": count,
        "equal": sum(loss <= SAME for loss in losses) / count,
        "within_0.05_percent": sum(loss <= CLOSE for loss in losses) / count,
        "largest_loss": max(losses),
        "optimal_on_the_sample_too": statuses.count("optimal") / count,
        "median_seconds": sorted(took)[count // 2],
        "longest_seconds": max(took),
        "missed": missed,
    }


def tables(folder: Path, seconds: float) -> dict[str, Any]:
    """Solve the lines of the table."""
    with (folder / "bap_optimal.csv").open(encoding="utf-8") as file:
        cases = [
            ([float(rate) for rate in row["rates"].split()], int(row["total_buffer"]), float(row["optimal_throughput"]))
            for row in csv.DictReader(file)
        ]
    return held(cases, seconds)


def unseen(count: int, seconds: float) -> dict[str, Any]:
    """Solve drawn lines, against enumeration."""
    dice = random.Random(20)
    most = {3: 24, 4: 14, 5: 8, 6: 6}
    cases = []
    for number in range(count):
        stations = 3 + number % 4
        rates = [1.0] * stations if number % 3 == 0 else [round(dice.uniform(0.7, 1.4), 2) for _ in range(stations)]
        places = dice.randint(1, most[stations])
        every = (
            buffers for buffers in itertools.product(range(places + 1), repeat=stations - 1) if sum(buffers) == places
        )
        cases.append((rates, places, max(throughput(rates, buffers) for buffers in every)))
    return held(cases, seconds)


LARGE = ((7, 14), (8, 40), (10, 20), (12, 60), (15, 150), (20, 60), (20, 400))
"""Stations and places of long lines."""


def large(seconds: float) -> list[dict[str, Any]]:
    """Solve long lines; tell objective, bound and how an even allocation does."""
    found = []
    for stations, places in LARGE:
        rates = [(1.0, 1.1, 0.95)[j % 3] for j in range(stations)]
        result, spent = solved(rates, places, seconds)
        count = stations - 1
        even = [places // count + (j < places % count) for j in range(count)]
        instance = Kanban.model_validate(
            {"problem": "kanban", "version": 1, "name": "line", "objective": "throughput",
             "line": {"rate": rates, "total_buffer": places}}
        )  # fmt: skip
        buffers = list(result.plan.buffers)
        exact = throughput(rates, buffers) if state_count(buffers) <= LARGEST else None
        found.append(
            {
                "stations": stations,
                "places": places,
                "throughput": result.objective,
                "bound": result.bound,
                "gap": result.gap,
                "even": jitopt.check(instance, {"buffers": even}).objective,
                "exact": exact,
                "seconds": spent,
                "buffers": buffers,
            }
        )
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--part", choices=("tables", "unseen", "large"), action="append")
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    parts = options.part or ["tables", "unseen", "large"]
    told: dict[str, Any] = {}
    if "tables" in parts and "JITOPT_DATA" in os.environ:
        told["tables"] = tables(Path(os.environ["JITOPT_DATA"]) / "exponential_lines", options.time_limit)
    if "unseen" in parts:
        told["unseen"] = unseen(options.lines, options.time_limit)
    if "large" in parts:
        told["large"] = large(options.time_limit)
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
