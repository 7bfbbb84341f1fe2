"""Volume levelling and economic lots: seconds, and how far from the bound.

    python benchmarks/heijunka/lots.py [--part volume|lots ...] [--seeds 5]

`volume`: a million periods of random demand, stored in little and in much room, compiled (second call; the first one
compiles, or reads machine code) and as plain Python on a tenth of them; the certificate is the checker that shares no
code. `lots`: Bomberger's press, and random machines; each schedule is run through by the checker, and its cost over the
bound is told for each method. "none" counts machines on which the method found nothing cheaper than those before it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from fractions import Fraction
from typing import Any

import numpy as np

from jitopt.jit import plain
from jitopt.levelling import check_schedule, check_volume, economic_lots, level_volume
from jitopt.levelling.volume import KERNEL

MACHINES = ((5, 0.7), (5, 0.95), (10, 0.7), (10, 0.95), (20, 0.7), (20, 0.95))
"""Products and load of random machines."""


def timed(call: Any, *args: Any, **options: Any) -> tuple[Any, float]:
    """Return what a call gives, and its seconds."""
    start = time.perf_counter()
    found = call(*args, **options)
    return found, time.perf_counter() - start


def volume() -> None:
    """Print the seconds of a million periods."""
    demand = np.random.default_rng(1).integers(0, 1000, 1_000_000)
    _, first = timed(level_volume, demand, storage=3000)
    print(f"first call {first:.2f} s")
    for storage in (300, 3_000, 300_000):
        found, seconds = timed(lambda room=storage: level_volume(demand, storage=room, whole=True).quantities)
        breaches, checked = timed(check_volume, found.tolist(), demand.tolist(), storage=storage, whole=True)
        levels = len(level_volume(demand, storage=storage).pieces[0])
        print(f"storage {storage}: {seconds:.3f} s, {levels} levels, checked in {checked:.1f} s: {breaches or 'sound'}")
    tube = level_volume(demand[:100_000], storage=3000).tube
    room = [[0] * (tube.periods + 1) for _ in range(4)]
    _, seconds = timed(plain(KERNEL).taut, tube.lower.tolist(), tube.upper.tolist(), *room)
    print(f"plain Python, 100,000 periods: {seconds:.2f} s")
    limits = np.random.default_rng(2).integers(450, 700, 20_000)
    found, seconds = timed(level_volume, demand[:20_000], storage=30_000, capacity=limits, opening=20_000)
    print(f"20,000 periods, a capacity for each: {seconds:.2f} s, {found.status}")


def bomberger() -> dict[str, Any]:
    """Return the ten stampings of Bomberger (1966)."""
    rates = (30000, 8000, 9500, 7500, 2000, 6000, 2400, 1300, 2000, 15000)
    prices = ("0.0065", "0.1775", "0.1275", "0.1", "2.785", "0.2675", "1.5", "5.9", "0.9", "0.04")
    return {
        "available": 480,
        "demand": [400, 400, 800, 1600, 80, 80, 24, 340, 340, 400],
        "run": [Fraction(480, rate) for rate in rates],
        "setup": [60 * hours for hours in (1, 1, 2, 1, 4, 2, 8, 4, 6, 1)],
        "setup_cost": [15, 20, 30, 10, 110, 50, 310, 130, 200, 5],
        "holding_cost": [Fraction(price) / 2400 for price in prices],
    }


def made(seed: int, count: int, load: float) -> dict[str, Any]:
    """Return a random machine."""
    rng = random.Random(seed)
    weights = [rng.uniform(0.2, 1) for _ in range(count)]
    demand = [rng.randint(20, 2000) for _ in range(count)]
    return {
        "available": 480,
        "demand": demand,
        "run": [load * 480 * weight / sum(weights) / need for weight, need in zip(weights, demand, strict=True)],
        "setup": [rng.uniform(10, 240) for _ in range(count)],
        "setup_cost": [rng.uniform(5, 300) for _ in range(count)],
        "holding_cost": [rng.uniform(0.0001, 0.01) for _ in range(count)],
    }


def lots(seeds: int) -> None:
    """Print cost over bound of each method."""
    found, seconds = timed(economic_lots, **bomberger())
    costs = {name: round(240 * cost, 2) for name, cost in found.costs.items()}
    print(f"Bomberger: bound {240 * found.bound:.2f}, {costs}, proven {found.turns_proven}, {seconds:.2f} s")
    for count, load in MACHINES:
        over: dict[str, list[float]] = {"common cycle": [], "basic period": [], "sequence": [], "best": []}
        times, proven, broken = [], 0, 0
        for seed in range(seeds):
            found, seconds = timed(economic_lots, **made(seed, count, load))
            times.append(seconds)
            proven += found.turns_proven
            broken += bool(check_schedule(found.schedule, found.machine).breaches)
            for name, cost in {**found.costs, "best": found.cost}.items():
                over[name].append(100 * (cost / found.bound - 1))
        told = ", ".join(
            f"{name} +{statistics.mean(values):.1f} %"
            + (f" ({seeds - len(values)} none)" if len(values) < seeds else "")
            for name, values in over.items()
            if values
        )
        print(
            f"{count} products, load {load}: {told}; powers of two proven {proven} of {seeds}, "
            f"broken {broken}, median {statistics.median(times):.2f} s, longest {max(times):.2f} s"
        )


def main() -> None:
    """Run the parts that are asked for."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--part", nargs="*", default=["volume", "lots"], choices=["volume", "lots"])
    words.add_argument("--seeds", type=int, default=5)
    asked = words.parse_args()
    if "volume" in asked.part:
        volume()
    if "lots" in asked.part:
        lots(asked.seeds)


if __name__ == "__main__":
    main()
