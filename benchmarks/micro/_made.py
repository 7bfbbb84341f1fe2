"""The instances that the microbenchmarks work on, made once: a plant's middle size, the same every time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jitopt.generators import generate

__all__ = ["SIZES", "made"]

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


@lru_cache(maxsize=len(SIZES))
def made(name: str) -> Any:
    """Return the instance of this name."""
    problem, options = SIZES[name]
    return generate(problem, seed=1, **options)
