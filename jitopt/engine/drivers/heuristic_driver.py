"""Heuristics of any technology: run against a context that streams to the calling process."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from jitopt import jit

if TYPE_CHECKING:
    from types import ModuleType

    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["run"]

SPACING = 0.05
"""Least seconds between two plans that are handed over, unless the search ends."""

ITERATIONS_PER_WORK = 1_000_000
"""Iterations of one unit of work (deterministic mode)."""


class JobContext:
    """The world of a heuristic that runs as a job; see `jitopt.heuristics.context.Context`."""

    def __init__(self, job: Job, start: Any) -> None:
        self._job = job
        self.seed: int = job.seed
        self.threads: int = job.threads
        self.start: Any = start
        self.work: int | None = None if job.work is None else int(job.work * ITERATIONS_PER_WORK)
        self._looks = 0
        self.used: set[str] = set()
        self._waiting: tuple[float, Any] | None = None
        self._next_plan = 0.0

    def report(self, plan: Any, value: float | None = None) -> None:
        """Hand over a plan; one whose value is known may wait for a moment in which it is not the next.

        The pipe to the caller holds little: while the caller judges, the next hand-over blocks. At
        most about a fifth of the time goes into that.
        """
        if value is None:
            self._job.plan(plan)
        elif self._waiting is None or value < self._waiting[0]:
            self._waiting = (value, plan)
            if time.monotonic() >= self._next_plan:
                self.flush()

    def flush(self) -> None:
        """Hand over the plan that waits."""
        if self._waiting is None:
            return
        plan, self._waiting = self._waiting[1], None
        began = time.monotonic()
        self._job.plan(plan)
        ended = time.monotonic()
        self._next_plan = ended + max(SPACING, 4 * (ended - began))

    def bound(self, value: float) -> None:
        """Tell a lower bound that is proven."""
        self._job.bound(value)

    def stopped(self) -> bool:
        """Tell whether to return now."""
        if self._waiting is not None and time.monotonic() >= self._next_plan:
            self.flush()
        if self._looks:
            # A kernel compiles at its first call, which lies between the first two looks at the clock.
            self._looks -= 1
            if not self._looks:
                self._mark()
                self._job.phase("heuristic")
        return self._job.stopped()

    def _mark(self) -> None:
        """Note that the kernels in use are compiled: not before one was called, or the next run would wait for it."""
        with contextlib.suppress(OSError):
            for module in self.used:
                jit.mark_cached(module)

    def remaining(self) -> float:
        """Return the seconds left."""
        return self._job.remaining()

    def kernels(self, module: str) -> ModuleType:
        """Return the compiled twin of a kernel module; tell the caller that loading or compiling begins."""
        if not self._job.message["compile"]:
            return jit.plain(module)
        self.flush()
        self._job.phase("load" if jit.is_cached(module) else "compile")
        self._looks = 2
        twin = jit.compiled(module)
        if twin.__name__.endswith(jit.SUFFIX):
            self.used.add(module)
        return twin


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Run the heuristic until it ends or is stopped."""
    context = JobContext(job, start)
    heuristic = method.load()
    job.phase("heuristic")  # from here on it searches; before, its libraries were loaded
    try:
        heuristic.run(instance, context)
    finally:
        context.flush()
    return "work_limit" if job.work is not None else "time_limit" if job.stopped() else "finished"
