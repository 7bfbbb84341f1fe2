"""Delivery at plant size: seconds to the first checked plan, gap after the limit, and what the exact roads prove.

    python benchmarks/quality/delivery.py [--suppliers 500] [--seconds 5] [--seeds 3]

Menu instances with docks and storages filled to the last slot by a hidden plan, and joint replenishment.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jitopt
from jitopt.generators import generate

KINDS: dict[str, dict[str, Any]] = {
    "few limits": {"docks": 4, "storages": 6, "lines": 1.0, "card_cost": 0.05},
    "many limits": {
        "docks": 10, "storages": 20, "clusters": 0.3, "trucks": 0.4, "current": True, "change_price": 5.0,
        "change_cap": True, "uneven": 0.3,
    },
}  # fmt: skip


def show(name: str, instance: Any, method: str, seconds: float) -> None:
    began = time.perf_counter()
    result = jitopt.solve(instance, method=method, time_limit=seconds, threads=2)
    took = time.perf_counter() - began
    first = next((when for when, objective, _ in result.trajectory if objective is not None), None)
    gap = "-" if result.gap is None else f"{result.gap:.2e}"
    when = "-" if first is None else f"{first:.2f}"
    found = f"{result.objective:.4f}" if result.objective is not None else "-"
    print(
        f"| {name} | {method} | {when} | {found} | {gap} | {result.status}, {result.proof} | {took:.2f} |", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suppliers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    print("| instance | method | first plan s | objective | gap | status, proof | seconds |")
    print("|---|---|---|---|---|---|---|")
    jitopt.solve(generate("delivery", seed=0, docks=1, storages=1), method="delivery_menu", time_limit=10)
    for seed in range(arguments.seeds):
        for kind, options in KINDS.items():
            instance = generate("delivery", seed=seed, suppliers=arguments.suppliers, parts=8, **options)
            name = f"{arguments.suppliers} suppliers, {kind}, seed {seed}"
            for method in ("delivery_menu", "delivery_menu_pyomo", "delivery_menu_cpsat", "auto"):
                show(name, instance, method, arguments.seconds if method == "delivery_menu" else 4 * arguments.seconds)
    for parts in (1000, 20_000):
        instance = generate("delivery", seed=1, policy="strict_cyclic", parts=parts, major_cost=500.0)
        show(f"joint replenishment, {parts} parts", instance, "auto", 60.0)


if __name__ == "__main__":
    main()
