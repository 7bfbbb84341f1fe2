"""Levelling of product rates: the exact algorithms beside scipy's assignment, in one run.

    python benchmarks/heijunka/rates.py [--case NAME ...] [--rounds 3]

Every measurement is a process of its own. For `scipy` the matrix of costs is built by numpy in closed form and
`scipy.optimize.linear_sum_assignment` is called once. For ours: `algorithm` is the method in the process, machine
code loaded; `solve` is a whole `jitopt.solve` with warm workers: hand-over to the worker, search, certificate,
hand-over back, judging. Times are the least of some rounds; memory is the peak above what the process held before.
The optimum of scipy's plan and of ours are compared exactly.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

CASES: dict[str, tuple[str, int, int]] = {
    "10000x20": ("sum_squared", 10_000, 20),
    "10000x100": ("sum_squared", 10_000, 100),
    "1000x100": ("sum_squared", 1_000, 100),
    "10000x20-absolute": ("sum_absolute", 10_000, 20),
    "100000x20": ("sum_squared", 100_000, 20),
    "max-1000000x50": ("max_absolute", 1_000_000, 50),
}
"""Measure, units and products of each case."""

DENSE = 10_000
"""scipy's matrix is built up to so many units."""


def demand(units: int, products: int, seed: int = 1) -> list[int]:
    """Return random demands between about 1 and 20 times the smallest, of greatest common divisor 1."""
    draw = np.random.default_rng(seed).random(products) + 0.05
    found: list[int] = np.maximum(1, (draw / draw.sum() * units).astype(int)).tolist()
    found[0] += units - sum(found)
    return found


def instance(measure: str, units: int, products: int) -> Any:
    """Return the instance of a case."""
    import jitopt

    numbers = demand(units, products)
    names = [f"P{row}" for row in range(products)]
    return jitopt.from_tables(
        "heijunka",
        {"products": {"product": names, "demand": numbers}},
        name="rates",
        objective=[{"term": "rate", "measure": measure}],
    )


def peak() -> int:
    """Return the most memory this process has held [kilobytes]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def by_scipy(measure: str, units: int, products: int, rounds: int) -> dict[str, Any]:
    """Build the matrix and solve it, once."""
    from scipy.optimize import linear_sum_assignment

    numbers = demand(units, products)
    linear_sum_assignment(np.eye(3))
    held, began = peak(), time.perf_counter()
    d = np.repeat(numbers, numbers)
    copy = np.concatenate([np.arange(1, number + 1) for number in numbers])
    ideal = -(-((2 * copy - 1) * units) // (2 * d))
    e = (np.arange(1, units + 1)[None, :] - ideal[:, None]).astype(float)
    tilt = (d * (2 * ideal - 1) - (2 * copy - 1) * units)[:, None].astype(float)
    if measure == "sum_squared":
        cost = e * d[:, None]
        cost += tilt
        cost *= e
    else:
        left = (ideal - 1 - (copy - 1) * units // d)[:, None]
        right = (-(-(copy * units) // d) - ideal)[:, None]
        near = np.clip(e, -left, right)
        cost = near * (tilt + d[:, None] * near) + units * np.abs(e - near)
    built = time.perf_counter() - began
    began = time.perf_counter()
    _, slot = linear_sum_assignment(cost)
    solved = time.perf_counter() - began
    order = np.repeat(np.arange(products), numbers)[np.argsort(slot)]
    return {"build": built, "solve": solved, "memory": peak() - held, "rows": order.tolist()}


def by_algorithm(measure: str, units: int, products: int, rounds: int) -> dict[str, Any]:
    """Run the method in this process, its machine code loaded."""
    import jitopt
    from jitopt.heuristics.context import LocalContext

    name = "heijunka_bottleneck" if measure.startswith("max") else "heijunka_assign"
    run = jitopt.method(name).load().run
    run(instance(measure, 5003, 3), LocalContext(limit=600.0))
    asked, times = instance(measure, units, products), []
    held = peak()
    for _ in range(rounds):
        context = LocalContext(limit=600.0)
        began = time.perf_counter()
        run(asked, context)
        times.append(time.perf_counter() - began)
    return {"solve": min(times), "memory": peak() - held, "bound": context.bounds[-1]}


def by_solve(measure: str, units: int, products: int, rounds: int) -> dict[str, Any]:
    """Run whole solves, the workers warm after a first one."""
    import jitopt

    jitopt.solve(instance(measure, 5003, 3), time_limit=300)
    asked, times = instance(measure, units, products), []
    for _ in range(rounds):
        began = time.perf_counter()
        result = jitopt.solve(asked, time_limit=300)
        times.append(time.perf_counter() - began)
    rows = [asked.index[product] for product in result.plan.sequence or ()] if result.plan else []
    return {"solve": min(times), "objective": result.objective, "proof": result.proof, "rows": rows}


ROADS = {"scipy": by_scipy, "algorithm": by_algorithm, "solve": by_solve}


def measured(road: str, case: str, rounds: int) -> dict[str, Any]:
    """Run a road on a case in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--one", road, "--case", case, "--rounds", str(rounds)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def line(case: str, rounds: int) -> str:
    """Measure a case and return its line of the table."""
    measure, units, products = CASES[case]
    ours, whole = measured("algorithm", case, rounds), measured("solve", case, rounds)
    told = f"{case:18} algorithm {ours['solve']:7.3f} s, {ours['memory'] / 1024:5.0f} MB; solve {whole['solve']:7.3f} s"
    told += f"; objective {whole['objective']!r}, {whole['proof']}"
    if units > DENSE or measure.startswith("max"):
        return told
    other, asked = measured("scipy", case, 1), instance(measure, units, products)
    names = asked.products.product
    values = [
        asked.evaluate({"sequence": [names[row] for row in rows]}).exact for rows in (other["rows"], whole["rows"])
    ]
    same = "the same optimum" if values[0] == values[1] else f"OPTIMA DIFFER: {values}"
    both, indent = other["build"] + other["solve"], " " * 18
    faster = {"algorithm": ours["solve"], "whole solve": whole["solve"]}
    ratios = ", ".join(
        f"{name} {other['solve'] / t:.0f} (with its matrix {both / t:.0f})" for name, t in faster.items()
    )
    seconds = f"scipy build {other['build']:.2f} s, solve {other['solve']:.2f} s, {other['memory'] / 1024:.0f} MB"
    memory = other["memory"] / max(1, ours["memory"])
    return f"{told}\n{indent} {seconds}; {same}\n{indent} scipy's solve / ours: {ratios}; memory {memory:.0f}"


def main() -> None:
    """Measure the cases asked for, or one road of one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="*", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=sorted(ROADS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(ROADS[asked.one](*CASES[asked.case[0]], asked.rounds)))
        return
    for case in asked.case:
        print(line(case, asked.rounds), flush=True)


if __name__ == "__main__":
    main()
