"""Work overload on made lines: the heuristic beside CP-SAT, random orders and greedy ones; every sequence walked anew.

    python benchmarks/heijunka/overload.py [--seconds 10] [--cpsat 60] [--seed 1]

Three lines for each size: two with nearly as much work as time at long and at shorter stations, one of short stations
with less and more uneven work.
"""

from __future__ import annotations

import argparse
import random
import statistics
from typing import Any

import jitopt
from jitopt.generators import generate
from jitopt.heuristics._heijunka_flat import flatten
from jitopt.heuristics._heijunka_start import chase, spread

SIZES = ((100, 10, 10), (150, 15, 15), (200, 20, 20))
"""Units, products and stations."""

LINES = (
    {"station_load": 0.95, "station_room": 0.5, "work_spread": 0.4},
    {"station_load": 0.95, "station_room": 0.3, "work_spread": 0.4},
    {"station_load": 0.9, "station_room": 0.2, "work_spread": 0.5},
)


def overload(data: dict[str, Any], sequence: list[str]) -> float:
    """Return the minutes of work that are not done, by walking along the line once more."""
    work = data["work"]
    times = dict(zip(zip(work["product"], work["station"], strict=True), work["minutes"], strict=True))
    takt, undone = data["takt"], 0.0
    for station, length in zip(data["stations"]["station"], data["stations"]["length"], strict=True):
        position = 0.0
        for product in sequence:
            position += times[product, station]
            undone += max(0.0, position - length)
            position = max(0.0, min(position, length) - takt)
    return undone


def main() -> None:
    """Print a row for each line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for the heuristic")
    parser.add_argument("--cpsat", type=float, default=60.0, help="seconds for CP-SAT, with two workers")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    # Machine code is made before anything is measured.
    small = generate("heijunka", seed=0, products=8, units=40, stations=5, station_room=0.2, objective="overload")
    jitopt.solve(small, method="heijunka_level", time_limit=60)
    print(
        "| units, products, stations | room | random, mean (best of 200) | even | greedy | CP-SAT | heuristic | bound |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for units, products, stations in SIZES:
        for line in LINES:
            settings: dict[str, Any] = {"units": units, "products": products, "stations": stations, **line}
            instance: Any = generate("heijunka", seed=asked.seed, objective="overload", **settings)
            data = instance.to_dict()
            names = data["products"]["product"]
            order = [name for name, d in zip(names, data["products"]["demand"], strict=True) for _ in range(d)]
            dice = random.Random(asked.seed)
            drawn = [overload(data, dice.sample(order, len(order))) for _ in range(200)]
            flat = flatten(instance)
            starts = [spread(flat), chase(flat, False, lambda: False)]
            even, greedy = (overload(data, [names[row] for row in plan]) for plan in starts if plan is not None)
            found: list[float | None] = []
            bounds = []
            for method, seconds in (("heijunka_order_cpsat", asked.cpsat), ("heijunka_level", asked.seconds)):
                result = jitopt.solve(instance, method=method, time_limit=seconds, seed=asked.seed, threads=2)
                bounds.append(result.bound or 0.0)
                if result.plan is None:
                    found.append(None)
                    continue
                value = overload(data, list(getattr(result.plan, "sequence", None) or ()))
                assert abs(value - (result.objective or 0.0)) < 1e-6, (method, value, result.objective)
                found.append(value)
            cells = [f"{statistics.mean(drawn):.0f} ({min(drawn):.0f})", f"{even:.1f}", f"{greedy:.1f}"]
            cells += ["none" if value is None else f"{value:.1f}" for value in found] + [f"{max(bounds):.1f}"]
            print(f"| {units}, {products}, {stations} | {line['station_room']} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
