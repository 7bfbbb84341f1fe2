"""How soon has a kanban instance a checked plan, and how far is it from the bound?

    python benchmarks/quality/kanban.py [--loops 5000] [--limits 3] [--seed 1] [--seconds 10]

A generated instance whose limits bind, solved twice by the heuristic (the second time warm) and once by auto.
"""

from __future__ import annotations

import argparse
import time

from table import show

import jitopt
from jitopt.generators import generate


def main() -> None:
    """Solve and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=5000)
    parser.add_argument("--limits", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    instance = generate("kanban", seed=arguments.seed, loops=arguments.loops, limits=arguments.limits)
    rows: list[dict[str, str]] = []
    for method in ("kanban_fill", "kanban_fill", "auto"):
        began = time.monotonic()
        result = jitopt.solve(instance, method=method, time_limit=arguments.seconds)
        first = next((seconds for seconds, objective, _ in result.trajectory if objective is not None), None)
        gap = "-" if result.gap is None else f"{result.gap:.1e}"
        rows.append(
            {
                "method": method,
                "status": result.status,
                "objective": f"{result.objective:.4f}" if result.objective is not None else "-",
                "gap": gap,
                "first plan [s]": "-" if first is None else f"{first:.2f}",
                "total [s]": f"{time.monotonic() - began:.2f}",
            }
        )
    show(rows)


if __name__ == "__main__":
    main()
