"""Fewest cards of kanban lines: monotone cuts against the sample-path model, and against enumeration.

python benchmarks/simulation/cuts.py [--part growth|model|enumeration] [--time-limit 120] [--json FILE]

growth: lines of 3 to 6 stations (gamma times of cv 0.7, orders at three quarters of the capacity, 95 % served
at once) on 20,000 orders: seconds until the fewest cards are proven. model: the same on samples so small that
the model of the whole path can be solved; seconds and optimum of both. enumeration: every design that costs
less is judged and falls short.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import jitopt
from jitopt.problems.kanban import Kanban

MODELS = ((2, 40), (3, 40), (3, 80), (3, 120))
"""Stations and orders of the lines that the model is given."""


def line(stations: int, orders: int, replications: int, warm_up: int, target: float = 0.95) -> Kanban:
    return Kanban.model_validate(
        {
            "problem": "kanban",
            "version": 1,
            "name": "line",
            "line": {
                "rate": [1.0] * stations,
                "distribution": ["gamma"] * stations,
                "cv": [0.7] * stations,
                "blocking": "kanban",
                "demand": {"rate": 0.75},
                "target": {"fill_rate": target},
                "sample": {"replications": replications, "parts": orders // replications, "warm_up": warm_up},
            },
        }
    )


def solved(instance: Kanban, method: str, seconds: float) -> dict[str, Any]:
    began = time.monotonic()
    result = jitopt.solve(instance, method=method, time_limit=seconds)
    return {
        "status": result.status,
        "cards": list(result.plan.cards or ()) if result.plan else None,
        "objective": result.objective,
        "bound": result.bound,
        "seconds": time.monotonic() - began,
    }


def growth(seconds: float) -> list[dict[str, Any]]:
    return [{"stations": count} | solved(line(count, 20_000, 20, 200), "kanban_line", seconds) for count in range(3, 7)]


def model(seconds: float) -> list[dict[str, Any]]:
    found = []
    for stations, orders in MODELS:
        instance = line(stations, orders, 2, 0, 0.9)
        both = {name: solved(instance, name, seconds) for name in ("kanban_line", "kanban_path_pyomo")}
        found.append({"stations": stations, "orders": orders} | both)
    return found


def enumeration(seconds: float) -> list[dict[str, Any]]:
    found = []
    for stations in (2, 3):
        instance = line(stations, 2000, 4, 100)
        told = solved(instance, "kanban_line", seconds)
        fewer = [
            cards
            for cards in itertools.product(range(1, int(told["objective"])), repeat=stations)
            if sum(cards) < told["objective"]
        ]
        better = sum(jitopt.check(instance, {"cards": list(cards)}).feasible for cards in fewer)
        found.append({"stations": stations, "designs": len(fewer), "better": better} | told)
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--part", choices=("growth", "model", "enumeration"), action="append")
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    parts = options.part or ["growth", "model", "enumeration"]
    work = {"growth": growth, "model": model, "enumeration": enumeration}
    told = {part: work[part](options.time_limit) for part in parts}
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
