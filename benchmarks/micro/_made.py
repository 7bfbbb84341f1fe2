"""The instances that the microbenchmarks work on, made once: a plant's middle size, the same every time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jitopt.generators import generate
from jitopt.generators.kanban_line import random_small_line

if TYPE_CHECKING:
    from jitopt.registry import Method

__all__ = ["SIZES", "made", "made_for"]

SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "kanban": ("kanban", {"loops": 500, "limits": 3}),
    "delivery": ("delivery", {"suppliers": 100, "parts": 8, "docks": 4, "storages": 6, "clusters": 0.3,
                              "trucks": 0.4, "uneven": 0.3}),
    "delivery-cyclic": ("delivery", {"policy": "strict_cyclic", "parts": 2000, "major_cost": 500.0}),
    "heijunka": ("heijunka", {"products": 6, "units": 40, "parts": 8, "ratios": 2, "hard": 0.0,
                              "objective": "usage:sum_squared:1,ratio:sum_violated:10"}),
    "sourcing": ("sourcing", {"suppliers": 20, "parts": 80, "density": 0.5, "capacity": 0.8, "fixed_cost": 800.0}),
}  # fmt: skip
"""Problem and options of each, as docs/benchmarks.md lists them; seed 1."""


LINE = 4
"""Seed of a line whose throughput has a target, on a sample small enough for the model of its paths."""


@lru_cache(maxsize=len(SIZES))
def made(name: str) -> Any:
    """Return the instance of this name."""
    problem, options = SIZES[name]
    return generate(problem, seed=1, **options)


def made_for(method: Method) -> Any:
    """Return an instance of the form that this method works on."""
    instance = made(method.problem)
    return instance if method.suits(instance) else random_small_line(LINE, parts=60)
