"""Kanban against known optima, plain HiGHS, plain CP-SAT and a simulation in SimPy.

    python benchmarks/quality/kanban.py [--seconds 10] [--seeds 1] [--family NAME] [-o DIR]

Generated loops: with limits that bind, with an expected shortage, and with loose limits, where the optimum is known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from comparison import Decision, Family

from jitopt.generators import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("auto", "kanban_fill")
PLAIN = ("kanban_plain_highs", "kanban_plain_cpsat", "kanban_simpy")


def made(count: int, prefix: str, **options: Any) -> Iterator[Any]:
    for seed in range(1, count + 1):
        yield generate("kanban", seed=seed, **options).replace(name=f"{prefix}-{seed}")


DECISION = Decision(
    problem="kanban",
    families=(
        Family("known-optimum", partial(made, 2, "loose-500", loops=500, loose=True), OURS + PLAIN),
        Family("three-limits", partial(made, 2, "tight-500", loops=500, limits=3), OURS + PLAIN),
        Family("shortage", partial(made, 2, "shortage-300", loops=300, limits=4, shortage=1.0), OURS + PLAIN),
        Family("large", partial(made, 1, "tight-5000", loops=5000, limits=3), OURS + PLAIN),
    ),
    peers=("kanban_highs", "kanban_cpsat", "kanban_simpy"),
    seconds=10.0,
    absent="stockpyl, which sizes one stage; and no public instance with a shared rack or budget is known.",
)

if __name__ == "__main__":
    DECISION.main(__doc__)
