"""Machine code made ahead: what a first solve or simulation would otherwise compile while somebody waits.

For the image of a container, a new machine, or after an upgrade: the code lies in the cache
(`JITOPT_CACHE`) and is loaded from there. Every heuristic works on instances of each of its forms,
large enough that it does not do without its kernels, for as little work as it takes to call them.
"""

from __future__ import annotations

import time
from itertools import chain
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.doctor import Check, example_of, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jitopt.registry import Method

__all__ = ["warm"]

WORK = 0.01
"""Work of a trial solve: the kernels are called, no more."""

LARGER: dict[str, tuple[dict[str, Any], ...]] = {
    "delivery": (
        {"suppliers": 100, "parts": 8, "docks": 4, "storages": 6, "clusters": 0.3, "trucks": 0.4, "uneven": 0.3},
        {"policy": "strict_cyclic", "parts": 2000, "major_cost": 500.0},
    ),
    "heijunka": (
        {"products": 20, "units": 3000},
        {"products": 20, "units": 3000, "objective": "rate:max_absolute"},
        {"products": 10, "units": 100, "parts": 20, "objective": "usage:sum_squared"},
        {"products": 30, "units": 200, "ratios": 6, "hard": 0.0, "objective": "ratio:sum_violated"},
    ),
    "kanban": ({"loops": 500, "limits": 3},),
    "sourcing": (
        {"suppliers": 20, "parts": 80, "density": 0.5, "capacity": 0.8, "fixed_cost": 800.0},
        {"suppliers": 8, "parts": 20, "periods": 4, "breaks": "all_units", "minimum": 0.3, "multiple": 0.3},
    ),
}
"""Options of the instances that are too large for the plain twins."""

MANY = 15_000
"""Pairs of periods in which volume is levelled by the compiled kernel."""

STREAM: dict[str, Any] = {
    "loops": {"loop": ["L"], "kind": ["production"], "cards": [3], "quantity": [1]},
    "stations": {"station": ["S"]},
    "operations": {"loop": ["L"], "step": [1], "station": ["S"], "time": [1], "distribution": ["exponential"]},
    "demand": {"demand": ["customer"], "loop": ["L"], "quantity": [1], "interval": [2]},
}


def warm(time_limit: float = 300.0) -> list[Check]:
    """Compile the kernels of every heuristic and simulation ahead, so that later calls find them compiled.

    Parameters
    ----------
    time_limit
        For all of it [s]; what has no time left is told as not well.

    Returns
    -------
    list of Check
        One for each heuristic and each kind of simulation.
    """
    deadline = time.monotonic() + time_limit
    looks: list[tuple[str, Callable[[], str]]] = [
        (method.name, lambda method=method: _solved(method, deadline))  # type: ignore[misc]
        for method in registry.methods()
        if method.kind == "heuristic" and method.module.startswith("jitopt.")
    ]
    looks += [("simulation of loops", _loops), ("simulation of a value stream", _stream), ("level volume", _volume)]
    return [_look(f"compile {name}", look, deadline) for name, look in looks]


def _look(name: str, look: Callable[[], str], deadline: float) -> Check:
    if deadline - time.monotonic() <= 0.5:
        return Check(name, False, "no time was left to try it")
    began = time.monotonic()
    try:
        told = look()
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}")
    return Check(name, not told, told or f"in {time.monotonic() - began:.1f} s")


def _solved(method: Method, deadline: float) -> str:
    """Let a heuristic work; tell what went wrong, "" if nothing did."""
    larger = (instance for instance in _larger(method.problem) if method.suits(instance))
    for instance in chain((example_of(method),), larger):
        found = trial("", method, deadline - time.monotonic(), work=WORK, instance=instance)
        if not found.ok:
            return found.detail
    return ""


def _larger(problem: str) -> Iterator[Any]:
    from jitopt.generators import generate

    for options in LARGER[problem]:
        yield generate(problem, seed=1, known=False, **options)


def _loops() -> str:
    from jitopt.api import simulate
    from jitopt.generators import generate

    instance = generate("kanban", seed=1)
    assert instance.known is not None
    simulate(instance, instance.known.plan, replications=2, days=5.0)
    return ""


def _stream() -> str:
    from jitopt.api import simulate
    from jitopt.simulation.stream import ValueStream

    simulate(ValueStream.parse(STREAM), replications=2, days=5.0)
    return ""


def _volume() -> str:
    from jitopt.levelling import level_volume

    level_volume([1, 2] * MANY)
    return ""
