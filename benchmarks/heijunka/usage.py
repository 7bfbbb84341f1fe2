"""Part usage: `auto` within a limit, beside Monden's goal chasing and beside known values, recounted from the data.

    [JITOPT_DATA=/path/to/data] python benchmarks/heijunka/usage.py [--seeds 10] [--seconds 1]

Cases of 100 units x 10 products x 20 parts: demands drawn evenly or skewed, quantities 0..2 or, in sparse bills, 0 for
seven in ten. `below` is the share by which the sequence lies below that of goal chasing (which takes the first of equal
products). With the data, the files of the folder `level` follow beside their best known values. A call before them
starts the processes and loads machine code.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

import jitopt


def case(seed: int, units: int = 100, products: int = 10, parts: int = 20) -> tuple[Any, Any]:
    """Return demands, and the units of each part in each product."""
    dice = np.random.default_rng(seed)
    if seed % 2:
        demand = 1 + dice.multinomial(units - products, np.full(products, 1 / products))
    else:
        share = dice.random(products) + 0.05
        demand = 1 + dice.multinomial(units - products, share / share.sum())
    bill = dice.integers(0, 3, (products, parts))
    return demand, bill * (dice.random((products, parts)) < 0.3) if seed % 4 > 1 else bill


def instance(demand: Any, bill: Any, name: str) -> Any:
    """Return the instance that prices the squared deviations of every part."""
    rows = [(f"M{i}", f"part{part}", float(bill[i, part])) for i, part in zip(*np.nonzero(bill), strict=True)]
    tables = {
        "products": {"product": [f"M{i}" for i in range(len(demand))], "demand": demand.tolist()},
        "bill": dict(zip(("product", "part", "quantity"), map(list, zip(*rows, strict=True)), strict=True)),
    }
    return jitopt.from_tables("heijunka", tables, name=name, objective=[{"term": "usage", "measure": "sum_squared"}])


def counted(demand: Any, bill: Any, rows: list[int]) -> float:
    """Sum the squared deviations of a sequence of product rows from the data themselves."""
    used = np.asarray(bill)[rows].cumsum(axis=0)
    ideal = np.outer(np.arange(1, len(rows) + 1), np.asarray(demand) @ bill) / len(rows)
    return float(((used - ideal) ** 2).sum())


def goal_chasing(demand: Any, bill: Any) -> float:
    """Return what goal chasing I costs, the first of equal products taken."""
    left, rows = np.array(demand), []
    used, total, slots = np.zeros(bill.shape[1]), demand @ bill, int(sum(demand))
    for slot in range(1, slots + 1):
        cost = ((used + bill - slot * total / slots) ** 2).sum(axis=1)
        cost[left == 0] = np.inf
        row = int(np.flatnonzero(cost <= cost.min() + 1e-9)[0])
        rows.append(row)
        left[row] -= 1
        used = used + bill[row]
    return counted(demand, bill, rows)


def solved(one: Any, demand: Any, bill: Any, seconds: float, seed: int) -> tuple[float, Any, float]:
    """Return the recounted value of the sequence that `auto` finds, its result, and the seconds it took."""
    began = time.perf_counter()
    result: Any = jitopt.solve(one, time_limit=seconds, seed=seed, threads=2)
    wall = time.perf_counter() - began
    value = counted(demand, bill, [one.index[product] for product in result.plan.sequence])
    assert abs(value - result.objective) <= 1e-6 * max(1.0, value), (one.name, value, result.objective)
    return value, result, wall


def random_cases(seeds: int, seconds: float) -> None:
    """Print a row for each seed, and the means."""
    print("| case | goal chasing | found | below | bound | status | wall [s] |\n|---|---|---|---|---|---|---|")
    below, proven, longest = [], 0, 0.0
    for seed in range(seeds):
        demand, bill = case(seed)
        greedy = goal_chasing(demand, bill)
        value, result, wall = solved(instance(demand, bill, f"seed {seed}"), demand, bill, seconds, seed)
        below.append(1 - value / greedy)
        proven += result.status == "optimal"
        longest = max(longest, wall)
        row = f"{greedy:.2f} | {value:.2f} | {below[-1]:.1%} | {result.bound:.2f} | {result.status} | {wall:.2f}"
        print(f"| {seed} | {row} |", flush=True)
    print(
        f"\nmean {statistics.mean(below):.1%} below goal chasing; proven {proven} of {seeds}; longest {longest:.2f} s\n"
    )


def known_cases(folder: Path, seconds: float) -> None:
    """Print a row for each file with a known value."""
    with (folder / "orv_best_known.csv").open() as file:
        known = {row["instance"]: row for row in csv.DictReader(file)}
    print("| file | goal chasing | best known | found | bound | status | wall [s] |\n|---|---|---|---|---|---|---|")
    behind = 0
    for name, row in sorted(known.items(), key=lambda item: int(item[1]["T_units"])):
        one: Any = jitopt.read(folder / f"{name}.txt")
        numbers = [line.split() for line in (folder / f"{name}.txt").read_text().splitlines()]
        demand = np.array(numbers[1], dtype=int)
        bill = np.array(numbers[2 : 2 + int(row["P_parts"])], dtype=int).T
        value, result, wall = solved(one, demand, bill, seconds, 0)
        best = float(row["best_J"] or "inf")
        behind += value > best + 1e-4
        told = f"{row['goal_chasing_J']} | {row['best_J'] or '-'} | {value:.3f} | {result.bound:.3f} | {result.status}"
        print(f"| {name} | {told} | {wall:.2f} |", flush=True)
    print(f"\nbehind the best known value: {behind} of {len(known)}")


def main() -> None:
    """Solve and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    # Processes are started and machine code is made before anything is measured.
    for shape in ((150, 25, 15), (30, 5, 5)):
        demand, bill = case(99, *shape)
        jitopt.solve(instance(demand, bill, "first"), method="heijunka_usage", time_limit=8, threads=2)
    random_cases(asked.seeds, asked.seconds)
    if os.environ.get("JITOPT_DATA"):
        known_cases(Path(os.environ["JITOPT_DATA"]) / "level", asked.seconds)


if __name__ == "__main__":
    main()
