"""Processes of this machine that work on tasks: a crash, a leak or a hang costs the task it befell, no other."""

from __future__ import annotations

import contextlib
import queue
import select
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from jitopt.engine.process import Worker

__all__ = ["Answer", "LocalPool", "Lost", "Pool", "Returned"]

MODULE = "jitopt.batching.worker"

AHEAD = 2
"""Groups of tasks a worker has: the one it works on and the next, so that it never waits."""

GRACE = 30.0
"""Seconds beyond its limit after which a task is ended from outside; the engine keeps limits by itself."""

RECYCLED = 5000
"""A worker is replaced after this many tasks."""

WATCHED = 1.0
"""Seconds between two looks at the memory of the workers."""

SPARE = 512.0
"""Memory of a worker beside that of its solvers [MB]."""


@dataclass(frozen=True)
class Answer:
    """A task was answered."""

    answer: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """A task was being worked on when its worker ended.

    final: it was ended for its own doing, and must not be tried again. killed: by SIGKILL.
    """

    id: str
    why: str
    final: bool = False
    stopped_by: str = "error"
    killed: bool = False


@dataclass(frozen=True)
class Returned:
    """Tasks that were handed out and not begun."""

    ids: tuple[str, ...]


Event = Answer | Lost | Returned


class Pool(Protocol):
    """Where tasks are worked on."""

    @property
    def workers(self) -> int:
        """How many tasks are worked on at a time."""

    def room(self) -> int:
        """Return how many groups can be handed out now."""

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        """Hand out a group of tasks. A task has id, kind, and limit: the seconds it may take."""

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen."""

    def stop(self) -> None:
        """Interrupt what runs; nothing is answered any more."""

    def close(self) -> None:
        """End the workers."""


class _Line:
    """The way to a worker: a thread of its own, so that a worker that does not listen keeps nobody waiting."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def send(self, **message: Any) -> None:
        """Send a message when those before it are through."""
        self._messages.put(message)

    def close(self) -> None:
        """Send no more."""
        self._messages.put(None)

    def _run(self) -> None:
        while (message := self._messages.get()) is not None:
            if not self._worker.send(**message):
                return


@dataclass
class _Seat:
    """A worker and what it has been given."""

    worker: Worker
    line: _Line
    groups: deque[list[str]] = field(default_factory=deque)
    limits: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    running: str | None = None
    since: float = 0.0
    ready: bool = False
    done: int = 0

    def forget(self, id: str) -> None:
        """Strike out a task."""
        self.limits.pop(id, None)
        self.memory.pop(id, None)
        for group in self.groups:
            if id in group:
                group.remove(id)
        while self.groups and not self.groups[0]:
            self.groups.popleft()
        if self.running == id:
            self.running = None


class LocalPool:
    """Worker processes of this machine. threads: of each, for its environment."""

    def __init__(self, workers: int, threads: int) -> None:
        self.workers: int = workers
        self._threads = threads
        self._seats: list[_Seat] = []
        self._watched = time.monotonic()

    def room(self) -> int:
        """Return how many groups can be handed out now."""
        return self.workers * AHEAD - sum(min(AHEAD, len(seat.groups)) for seat in self._seats)

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        """Hand a group to the worker that has least to do."""
        seat = self._seat()
        seat.groups.append([task["id"] for task in tasks])
        for task in tasks:
            seat.limits[task["id"]] = task["limit"]
            if task.get("memory"):
                seat.memory[task["id"]] = task["memory"]
        seat.line.send(type="tasks", tasks=tasks)

    def _seat(self) -> _Seat:
        idle = [seat for seat in self._seats if not seat.groups]
        if not idle and len(self._seats) < self.workers:
            worker = Worker("batch", self._threads, MODULE)
            self._seats.append(_Seat(worker, _Line(worker), since=time.monotonic()))
            return self._seats[-1]
        return min(self._seats, key=lambda seat: len(seat.limits))

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen."""
        seats = {seat.worker.descriptor: seat for seat in self._seats}
        if not seats:
            return []
        events: list[Event] = []
        for descriptor in select.select(list(seats), [], [], seconds)[0]:
            events += self._hear(seats[descriptor])
        events += self._watch()
        return events

    def _hear(self, seat: _Seat) -> list[Event]:
        messages = seat.worker.receive()
        if messages is None:
            return self._bury(seat, None)
        events: list[Event] = []
        for message in messages:
            if message["type"] == "ready":
                seat.ready = True
            elif message["type"] == "begin":
                seat.running, seat.since = message["id"], time.monotonic()
            elif message["type"] == "answer":
                answer = message["answer"]
                seat.forget(answer["id"])
                seat.done += 1
                events.append(Answer(answer))
        if seat.done >= RECYCLED and not seat.groups:
            self._remove(seat)
        return events

    def _bury(self, seat: _Seat, why: str | None, stopped_by: str = "error") -> list[Event]:
        """Part from a worker that has ended or has to; say what was lost with it."""
        running, final = seat.running, why is not None
        told, killed = (why, False) if why is not None else _ending(seat.worker)
        self._remove(seat)
        events: list[Event] = []
        if running is not None:
            events.append(Lost(running, told, final, stopped_by, killed))
        waiting = tuple(id for id in seat.limits if id != running)
        if waiting:
            events.append(Returned(waiting))
        return events

    def _remove(self, seat: _Seat) -> None:
        self._seats.remove(seat)
        seat.line.close()
        seat.worker.end()

    def _watch(self) -> list[Event]:
        """End what has outlived its limit or outgrown its memory."""
        now = time.monotonic()
        events: list[Event] = []
        for seat in list(self._seats):
            if seat.running is None:
                if not seat.ready and now - seat.since > GRACE:
                    events += self._bury(seat, None)
                continue
            limit = seat.limits[seat.running]
            if now - seat.since > limit + GRACE:
                told = f"no answer {GRACE:g} s after its limit of {limit:g} s; ended by the batch"
                events += self._bury(seat, told, "time_limit")
        if now - self._watched >= WATCHED:
            self._watched = now
            for seat in list(self._seats):
                most = seat.memory.get(seat.running or "")
                if most and seat.worker.memory() > (most + SPARE) * 2**20:
                    told = f"it took more than {most:g} MB; ended by the batch"
                    events += self._bury(seat, told, "memory_limit")
        return events

    def stop(self) -> None:
        """Interrupt what runs, and wait a moment for the solvers to end."""
        for seat in self._seats:
            seat.line.send(type="stop")
        end = time.monotonic() + 3.0
        while time.monotonic() < end and any(seat.worker.ended() is None for seat in self._seats):
            time.sleep(0.02)
            for seat in self._seats:
                # Its last words are read, so that it cannot be kept waiting by a full pipe.
                if select.select([seat.worker.descriptor], [], [], 0)[0]:
                    seat.worker.receive()

    def close(self) -> None:
        """End the workers."""
        for seat in list(self._seats):
            self._remove(seat)


def _ending(worker: Worker) -> tuple[str, bool]:
    """Say how a worker ended, and whether by SIGKILL."""
    end = time.monotonic() + 1.0
    while worker.ended() is None and time.monotonic() < end:
        time.sleep(0.01)
    code = worker.ended()
    if code is None:
        return "its worker closed the line", False
    if code >= 0:
        return f"its worker ended with code {code}", False
    name = str(-code)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
    return f"its worker was ended by {name}", -code == signal.SIGKILL
