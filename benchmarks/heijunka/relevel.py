"""Levelling anew after a change on a day of 1,000 units and 20 products: seconds of the whole call, and how good.

    python benchmarks/heijunka/relevel.py [--units 1000] [--products 20] [--rounds 5] [--reference 20]

For each kind of line: a day is solved, then some units are withdrawn, some more are asked, the first tenth is frozen
and moves are priced. `call` is a whole `jitopt.relevel` (instance made, solved, judged, changes told) with warm
workers, median and largest over rounds; `gain` is how much of the way from the plan made to fit down to a long solve's
objective it has come.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

import jitopt

KINDS: dict[str, tuple[str, ...]] = {
    "rates": (),
    "usage of 20 parts": ("usage",),
    "changeovers by pair": ("changeover",),
    "spacing and run length": ("spacing", "runs"),
    "all of these": ("usage", "changeover", "spacing", "runs"),
}


def line(units: int, products: int, kinds: tuple[str, ...], seed: int = 1) -> jitopt.Heijunka:
    """Return a line with random demands."""
    dice = random.Random(seed)
    names = [f"P{row:02d}" for row in range(products)]
    demand = [1] * products
    for _ in range(units - products):
        demand[dice.randrange(products)] += 1
    table: dict[str, Any] = {"product": names, "demand": demand}
    data: dict[str, Any] = {"problem": "heijunka", "version": 1, "name": "day", "objective": [{"term": "rate"}]}
    if "usage" in kinds:
        rows = [(name, f"part {part}", dice.randint(1, 3)) for name in names for part in dice.sample(range(20), 6)]
        data["bill"] = dict(zip(("product", "part", "quantity"), map(list, zip(*rows, strict=True)), strict=True))
        data["objective"].append({"term": "usage"})
    if "changeover" in kinds:
        pairs = [(a, b, dice.randint(0, 9)) for a in names for b in names if a != b]
        data["changeovers"] = dict(zip(("before", "after", "cost"), map(list, zip(*pairs, strict=True)), strict=True))
        data["objective"].append({"term": "changeover", "weight": 0.5})
    if "spacing" in kinds:
        table["spacing"] = [2 + row % 2 for row in range(products)]
    if "runs" in kinds:
        table["longest_run"] = [2] * products
    instance = jitopt.Heijunka.parse(data | {"products": table})
    assert isinstance(instance, jitopt.Heijunka)
    return instance


def measure(name: str, asked: argparse.Namespace) -> None:
    """Print the row of a kind of line."""
    instance = line(asked.units, asked.products, KINDS[name])
    day = jitopt.solve(instance, time_limit=10)
    seconds, gains, found = [], [], None
    for turn in range(asked.rounds):
        order: dict[str, Any] = {"change": {"P03": 3, "P05": -2}, "withdrawn": [asked.units // 2 + turn]}
        began = time.perf_counter()
        found = jitopt.relevel(instance, day, **order, frozen=asked.units // 10, price=5.0)
        seconds.append(time.perf_counter() - began)
        start = found.instance.evaluate(found.start).objective
        best = jitopt.solve(found.instance, time_limit=asked.reference, start=found.result)
        assert found.result.objective is not None and start is not None and best.objective is not None
        way = start - best.objective
        gains.append((start - found.result.objective) / way if way else 1.0)
    assert found is not None
    print(
        f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {found.result.status} | "
        f"{found.result.proof} | {min(gains):.0%} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--units", type=int, default=1000)
    words.add_argument("--products", type=int, default=20)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--reference", type=float, default=20.0, help="seconds of the long solve")
    asked = words.parse_args()
    print("| line | call [s], median | largest | status | proof | gain, least |\n|---|---|---|---|---|---|")
    for name in KINDS:
        measure(name, asked)


if __name__ == "__main__":
    main()
