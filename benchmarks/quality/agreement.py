"""Do all exact roads and brute force agree, and does the heuristic stay on its side of the bound?

    python benchmarks/quality/agreement.py [--problem delivery|heijunka|kanban|sourcing] [--count 500] [--seed 0]
    python benchmarks/quality/agreement.py --problem heijunka --term overload --term idle --count 100
    python benchmarks/quality/agreement.py --problem heijunka --boxes [--count 120]

Random small instances with a mixture of all features, feasible and infeasible. For each: every exact
method and `auto` against the enumerated optimum (relative 1e-6), infeasible exactly when enumeration
says so, every plan accepted by the judge, every bound below the optimum, the heuristic never below it.
With --boxes heijunka's instances are boxes with days, due dates, minutes, packs, volume and EPEI.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import jitopt
from jitopt.engine.race import CANNOT
from jitopt.generators import random_small
from jitopt.generators.small_box import random_small_box
from jitopt.testing import optimum as enumerate_optimum

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSE = 1e-6


def judge(instance: Any, method: str, optimum: float | None, seconds: float) -> list[str]:
    """Return what is wrong with the answer of one method."""
    result = jitopt.solve(instance, method=method, time_limit=seconds, threads=2)
    known = jitopt.method(method, instance.problem) if method != "auto" else None
    exact = known is None or known.exact or known.proof == "exact_algorithm"
    wrong = jitopt.audit(instance, result.to_dict())
    told = [warning for warning in result.warnings if CANNOT not in warning]
    if told:
        wrong.append(f"warnings: {told}")
    if optimum is None:
        if result.plan is not None:
            wrong.append("a plan where enumeration finds none")
        if exact and result.status != "infeasible":
            wrong.append(f"status {result.status} where enumeration finds no plan")
        return wrong
    slack = CLOSE * max(1.0, abs(optimum))
    if result.bound is not None and result.bound > optimum + slack:
        wrong.append(f"bound {result.bound} above the optimum {optimum}")
    if result.objective is not None and result.objective < optimum - slack:
        wrong.append(f"objective {result.objective} below the enumerated optimum {optimum}")
    if exact and (result.status != "optimal" or abs((result.objective or 0.0) - optimum) > slack):
        wrong.append(f"{result.status} {result.objective}, the optimum is {optimum}")
    return wrong


def instances(problem: str, count: int, seed: int, terms: list[str] | None, boxes: bool) -> Iterator[tuple[int, Any]]:
    """Yield `count` instances and their seeds; of heijunka those that price one of the terms, or boxes over days."""

    def wanted(made: tuple[int, Any]) -> bool:
        return terms is None or any(term.term in terms for term in made[1].objective)

    draw = random_small_box if boxes else partial(random_small, problem)
    return itertools.islice(filter(wanted, ((number, draw(number)) for number in itertools.count(seed))), count)


def run(
    problem: str,
    count: int,
    seed: int,
    seconds: float,
    only: list[str] | None,
    terms: list[str] | None = None,
    boxes: bool = False,
) -> int:
    """Compare the methods on `count` instances; return the number of disagreements."""
    methods = [name for name in [m.name for m in jitopt.methods(problem)] + ["auto"] if only is None or name in only]
    disagreements, tally = 0, Counter[str]()
    began = time.monotonic()
    for number, instance in instances(problem, count, seed, terms, boxes):
        best = enumerate_optimum(instance)
        optimum = None if best is None else float(best.value)
        tally["infeasible" if optimum is None else "feasible"] += 1
        for method in methods:
            if method != "auto" and not jitopt.method(method, problem).suits(instance):
                continue  # The form of the instance is not the method's.
            for line in judge(instance, method, optimum, seconds):
                disagreements += 1
                print(f"{problem} seed {number} {method}: {line}", flush=True)
    print(
        f"{problem}{' (boxes)' if boxes else ''}: {count} instances ({dict(tally)}), methods {', '.join(methods)}: "
        f"{disagreements} disagreements, {time.monotonic() - began:.0f} s"
    )
    return disagreements


def main() -> None:
    """Run the comparison and exit with 1 when anything disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", choices=["delivery", "heijunka", "kanban", "sourcing"], action="append")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--method", action="append", help="only this method; may be repeated (default: all, and auto)")
    parser.add_argument("--term", action="append", help="only instances of heijunka that price one of these terms")
    parser.add_argument("--boxes", action="store_true", help="only heijunka: boxes with days, minutes, packs")
    arguments = parser.parse_args()
    special = arguments.term or arguments.boxes
    problems = arguments.problem or (["heijunka"] if special else ["delivery", "heijunka", "kanban", "sourcing"])
    if special and problems != ["heijunka"]:
        parser.error("--term and --boxes are for heijunka")
    settings = arguments.count, arguments.seed, arguments.time_limit, arguments.method, arguments.term, arguments.boxes
    wrong = sum(run(problem, *settings) for problem in problems)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
