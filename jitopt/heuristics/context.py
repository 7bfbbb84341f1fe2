"""What a heuristic is given to run in, and the simplest such context, for tests and notebooks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from jitopt import jit

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Context", "LocalContext"]


class Context(Protocol):
    """The world of a running heuristic.

    seed: of its random numbers. threads: it may use. start: a feasible plan to start from, or
    None. work: iterations it may do in all (deterministic mode), or None for a clock limit.
    """

    seed: int
    threads: int
    start: Any
    work: int | None

    def report(self, plan: Any, value: float | None = None) -> None:
        """Hand over a plan or its plain data (the caller judges it; reporting a worse one is harmless).

        value: its objective, where it is known: of plans that follow each other closely the best is
        then handed over a little later, so that judging them all does not hold up the search.
        """

    def bound(self, value: float) -> None:
        """Tell a lower bound that is proven."""

    def stopped(self) -> bool:
        """Tell whether to return now; to be asked at least every 0.1 s."""

    def remaining(self) -> float:
        """Return the seconds left by the clock; without meaning where `work` is given."""

    def kernels(self, module: str) -> ModuleType:
        """Return the compiled twin of a kernel module (the plain one where compiling is off)."""


class LocalContext:
    """A context in the calling process: keeps what is reported, stops by clock or by work."""

    def __init__(
        self,
        limit: float = 1.0,
        seed: int = 0,
        start: Any = None,
        work: int | None = None,
        compiled: bool = True,
    ) -> None:
        self.seed = seed
        self.threads = 1
        self.start = start
        self.work = work
        self.plans: list[Any] = []
        self.bounds: list[float] = []
        self._compiled = compiled
        self._end = time.monotonic() + limit

    def report(self, plan: Any, value: float | None = None) -> None:
        """Keep the plan."""
        self.plans.append(plan)

    def bound(self, value: float) -> None:
        """Keep the bound."""
        self.bounds.append(value)

    def stopped(self) -> bool:
        """Tell whether the clock limit has passed."""
        return self.work is None and time.monotonic() >= self._end

    def remaining(self) -> float:
        """Return the seconds left of the clock limit, infinitely many where work limits."""
        return float("inf") if self.work is not None else self._end - time.monotonic()

    def kernels(self, module: str) -> ModuleType:
        """Return the compiled or plain twin, as asked for at construction."""
        return jit.compiled(module) if self._compiled else jit.plain(module)
