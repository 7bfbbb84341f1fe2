"""One worker of a pool: its process, the way to it, and the tasks that it was given."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import psutil

from jitopt.engine.process import Worker

__all__ = ["Seat"]

MODULE = "jitopt.batching.worker"

AHEAD = 2
"""Groups of short tasks a worker has: the one it works on and the next, so that it never waits."""

SHORT = 1.0
"""Seconds: behind a group that takes longer, none is queued, for another worker may be free before."""

RECYCLED = 5000
"""A worker is replaced after this many tasks."""


class _Line:
    """The way to a worker: a thread of its own, so that a worker that does not listen keeps nobody waiting."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, **message: Any) -> None:
        """Send a message when those before it are through."""
        self._messages.put(message)

    def close(self) -> None:
        """Send no more; return when the thread has let go of the pipe, whose number may then serve another."""
        self._closed = True
        self._messages.put(None)
        self._thread.join(5.0)

    def _run(self) -> None:
        while (message := self._messages.get()) is not None and not self._closed:
            if not self._worker.send(**message):
                return


@dataclass(frozen=True)
class _Given:
    """What is known of a task that was handed out: seconds it may and is likely to take, memory [MB]."""

    limit: float
    expected: float | None
    memory: float | None


class Seat:
    """A worker and what it has been given.

    running: the task it works on. since: when it was last heard of, or given something while idle.
    """

    def __init__(self, threads: int) -> None:
        self.worker: Worker = Worker("batch", threads, MODULE)
        self._line = _Line(self.worker)
        self.groups: deque[set[str]] = deque()
        self.tasks: dict[str, _Given] = {}
        self.running: str | None = None
        self.since: float = time.monotonic()
        self.ready: bool = False
        self._done = 0

    @property
    def tired(self) -> bool:
        """True when it is given no more, and replaced once it is through."""
        return self._done >= RECYCLED

    def room(self) -> int:
        """Return how many groups it can be given now."""
        if self.tired or len(self.groups) >= AHEAD:
            return 0
        known = all(given.expected is not None for given in self.tasks.values())
        short = known and sum(given.expected or 0.0 for given in self.tasks.values()) <= SHORT
        return AHEAD - len(self.groups) if short else int(not self.groups)

    def give(self, tasks: list[dict[str, Any]]) -> None:
        """Hand it a group."""
        if not self.tasks:
            self.since = time.monotonic()
        self.groups.append({task["id"] for task in tasks})
        for task in tasks:
            self.tasks[task["id"]] = _Given(task["limit"], task.get("expected"), task.get("memory"))
        self._line.send(type="tasks", tasks=tasks)

    def forget(self, id: str) -> None:
        """Strike out a task that is answered."""
        self._done += 1
        self.tasks.pop(id, None)
        for group in self.groups:
            group.discard(id)
        while self.groups and not self.groups[0]:
            self.groups.popleft()
        if self.running == id:
            self.running = None

    def stop(self) -> None:
        """Ask it to interrupt what runs, and to end."""
        self._line.send(type="stop")

    def end(self) -> None:
        """End it and all that it has started."""
        below: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            below = psutil.Process(self.worker.pid).children(recursive=True)
        if self.worker.ended() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.worker.pid, signal.SIGKILL)
        self._line.close()
        self.worker.end()
        # They end with the worker; one that was stopped cannot.
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
