"""Heuristics: run against a context that streams to the calling process."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from jitopt.heuristics import jit

if TYPE_CHECKING:
    from types import ModuleType

    from jitopt.engine.worker import Job
    from jitopt.registry import Method

__all__ = ["run"]

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
        self.compile_seconds: float = 0.0
        self.used: set[str] = set()

    def report(self, plan: Any) -> None:
        """Hand over a plan."""
        self._job.plan(plan)

    def bound(self, value: float) -> None:
        """Tell a lower bound that is proven."""
        self._job.bound(value)

    def stopped(self) -> bool:
        """Tell whether to return now."""
        return self._job.stopped()

    def remaining(self) -> float:
        """Return the seconds left."""
        return self._job.remaining()

    def kernels(self, module: str) -> ModuleType:
        """Return the compiled twin of a kernel module; tell the caller that loading or compiling begins."""
        if not self._job.message["compile"]:
            return jit.plain(module)
        self._job.phase("compile")
        began = time.perf_counter()
        twin = jit.compiled(module)
        self.compile_seconds += time.perf_counter() - began
        if twin.__name__.endswith(jit.SUFFIX):
            self.used.add(module)
        return twin


def run(method: Method, instance: Any, start: Any, job: Job) -> str:
    """Run the heuristic until it ends or is stopped."""
    context = JobContext(job, start)
    began = time.perf_counter()
    method.load().run(instance, context)
    job.phase("heuristic", time.perf_counter() - began)
    with contextlib.suppress(OSError):
        for module in context.used:
            jit.mark_cached(module)
    return "work_limit" if job.work is not None else "time_limit" if job.stopped() else "finished"
