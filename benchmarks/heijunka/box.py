"""How good are plans of the heijunka box, and how soon? Made boxes, from three days to 20 products x 240 buckets.

    python benchmarks/heijunka/box.py [--seconds 10] [--seeds 3]

For each size, on average over seeds: the value of the hidden plan that the box was made around, of the first plan
(construction, told before anything is compiled), of `heijunka_box` after some seconds, and of `auto` in the
same time with its bound and the proof. Values are divided by that of `auto`; 1 is best. Every plan is judged.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import jitopt
from jitopt.generators import generate
from jitopt.heuristics import heijunka_box
from jitopt.heuristics._heijunka_box import box_of, constructed, shape

OBJECTIVE = "rate:sum_squared, volume:sum_squared, epei:max_absolute:5, changeover:sum_absolute:0.5"

SIZES: dict[str, dict[str, Any]] = {
    "4 products, 3 days x 4": {"products": 4, "units": 72, "buckets": 12, "days": 3},
    "6 products, 5 days x 8": {"products": 6, "units": 240, "buckets": 40, "days": 5},
    "10 products, 5 days x 16": {"products": 10, "units": 640, "buckets": 80, "days": 5},
    "20 products, 10 days x 24": {"products": 20, "units": 2400, "buckets": 240, "days": 10},
}
"""Options of the generator; the rest is the same for all."""

COMMON = {"pack": 2, "minutes": 0.9, "setup": 1.0, "stock": 6, "headroom": 4, "mix": "skewed", "objective": OBJECTIVE}


def first_plan(instance: Any) -> tuple[float | None, float]:
    """Return the value of the better construction that keeps every rule, and the seconds it takes."""
    began = time.perf_counter()
    box = box_of(instance)
    assert box is not None
    found = [instance.evaluate(shape(instance, box, constructed(box, dues))) for dues in (False, True)]
    values = [value.objective for value in found if value.feasible and value.objective is not None]
    return min(values, default=None), time.perf_counter() - began


def measure(options: dict[str, Any], seed: int, seconds: float) -> dict[str, float | None]:
    """Return the figures of one box."""
    instance: Any = generate("heijunka", seed=seed, **COMMON, **options)
    first, took = first_plan(instance)
    heuristic = jitopt.solve(instance, method=heijunka_box.HEURISTIC["name"], time_limit=seconds, threads=2)
    auto = jitopt.solve(instance, time_limit=seconds, threads=2)
    for result in (heuristic, auto):
        assert result.plan is None or instance.evaluate(result.plan).feasible
    best, known = auto.objective, instance.known.upper
    assert best, "no plan in this time"
    assert known is not None
    return {
        "hidden": known / best,
        "first": None if first is None else first / best,
        "first_s": took,
        "heuristic": None if heuristic.objective is None else heuristic.objective / best,
        "bound": None if auto.bound is None else auto.bound / best,
        "proven": float(auto.status == "optimal"),
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    print("| box | hidden plan | first plan (s) | heijunka_box | auto | bound | proven |")
    print("|---|---|---|---|---|---|---|")
    for name, options in SIZES.items():
        rows = [measure(options, seed, arguments.seconds) for seed in range(arguments.seeds)]

        def mean(key: str, rows: list[dict[str, float | None]] = rows) -> str:
            values = [row[key] for row in rows]
            known = [value for value in values if value is not None]
            return f"{statistics.fmean(known):.3f}" if len(known) == len(values) else f"- ({len(known)})"

        proven = sum(bool(row["proven"]) for row in rows)
        print(
            f"| {name} | {mean('hidden')} | {mean('first')} ({mean('first_s')}) | {mean('heuristic')} | 1 "
            f"| {mean('bound')} | {proven} of {len(rows)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
