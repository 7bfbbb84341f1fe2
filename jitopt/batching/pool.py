"""Processes of this machine that work on tasks: a crash, a leak or a hang costs the task it befell, no other."""

from __future__ import annotations

import contextlib
import selectors
import signal
import time
from dataclasses import dataclass
from typing import Any, Protocol

from jitopt.batching.seat import Seat
from jitopt.errors import JitoptError

__all__ = ["Answer", "Event", "LocalPool", "Lost", "Pool", "Returned"]

GRACE = 30.0
"""Seconds beyond its limit after which a task is ended from outside; the engine keeps limits by itself."""

SILENT = 60.0
"""Seconds that a worker may take to start, or to begin what it was given."""

STILLBORN = 5
"""So many workers in a row that end before they are ready end the batch."""

LATE = 5.0
"""Seconds between two polls after which the batch itself was held up, and blames no worker for the time."""

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
        """Hand out a group of tasks.

        A task has id, kind, limit (the seconds it may take) and expected (those it is likely to take,
        None if that is not known).
        """

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen."""

    def stop(self) -> None:
        """Interrupt what runs; nothing is answered any more."""

    def close(self) -> None:
        """End the workers."""


class LocalPool:
    """Worker processes of this machine. threads: of each, for its environment."""

    def __init__(self, workers: int, threads: int) -> None:
        self.workers: int = workers
        self._threads = threads
        self._seats: list[Seat] = []
        self._selector = selectors.DefaultSelector()
        self._watched = self._polled = time.monotonic()
        self._stillborn = 0

    def room(self) -> int:
        """Return how many groups can be handed out now."""
        absent = max(0, self.workers - len(self._seats))
        return absent + sum(seat.room() for seat in self._seats)

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        """Hand a group to the worker that has least to do."""
        idle = [seat for seat in self._seats if not seat.groups and not seat.tired]
        if not idle and len(self._seats) < self.workers:
            idle = [self._take_seat()]
        fresh = [seat for seat in self._seats if not seat.tired] or self._seats
        seat = idle[0] if idle else min(fresh, key=lambda seat: (len(seat.groups), len(seat.tasks)))
        seat.give(tasks)

    def _take_seat(self) -> Seat:
        seat = Seat(self._threads)
        self._seats.append(seat)
        self._selector.register(seat.worker.descriptor, selectors.EVENT_READ, seat)
        return seat

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen.

        Raises
        ------
        JitoptError
            If one worker after the other ends before it is ready.
        """
        if not self._seats:
            return []
        late = time.monotonic() - self._polled
        events: list[Event] = []
        for key, _ in self._selector.select(seconds):
            events += self._hear(key.data)
        for seat in self._seats:
            seat.since += late if late > LATE else 0.0
        events += self._watch()
        self._polled = time.monotonic()
        return events

    def _hear(self, seat: Seat) -> list[Event]:
        messages = seat.worker.receive()
        if messages is None:
            return self._bury(seat)
        events: list[Event] = []
        for message in messages:
            seat.since = time.monotonic()
            if message["type"] == "ready":
                seat.ready, self._stillborn = True, 0
            elif message["type"] == "begin" and message["id"] in seat.tasks:
                seat.running = message["id"]
            elif message["type"] == "answer":
                answer = message["answer"]
                seat.forget(answer["id"])
                events.append(Answer(answer))
        if seat.tired and not seat.groups:
            self._remove(seat)
        return events

    def _bury(self, seat: Seat, why: str | None = None, stopped_by: str = "error") -> list[Event]:
        """Part from a worker that has ended or (why) has to; say what was lost with it."""
        running = seat.running
        told, killed = (why, False) if why is not None else _ending(seat)
        self._remove(seat)
        if not seat.ready:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise JitoptError(
                    f"The workers of the batch end before they are ready: {told}. Remedy: run `jitopt doctor`, "
                    "and see that there are memory and processes left; then go on with --resume."
                )
        events: list[Event] = []
        if running is not None:
            events.append(Lost(running, told, why is not None, stopped_by, killed))
        waiting = tuple(id for id in seat.tasks if id != running)
        if waiting:
            events.append(Returned(waiting))
        return events

    def _remove(self, seat: Seat) -> None:
        self._seats.remove(seat)
        self._selector.unregister(seat.worker.descriptor)
        seat.end()

    def _watch(self) -> list[Event]:
        """End what has outlived its limit or outgrown its memory."""
        now = time.monotonic()
        events: list[Event] = []
        for seat in list(self._seats):
            quiet = now - seat.since
            if seat.running is None:
                # It does not start, or does not begin what it has: nothing was lost, another one takes that over.
                if quiet > SILENT and (seat.tasks or not seat.ready):
                    events += self._bury(seat, f"no sign of life for {SILENT:g} s")
                continue
            limit = seat.tasks[seat.running].limit
            if quiet > limit + GRACE:
                told = f"no answer {GRACE:g} s after its limit of {limit:g} s; ended by the batch"
                events += self._bury(seat, told, "time_limit")
        if now - self._watched >= WATCHED:
            self._watched = now
            events += self._watch_memory()
        return events

    def _watch_memory(self) -> list[Event]:
        events: list[Event] = []
        for seat in list(self._seats):
            most = seat.tasks[seat.running].memory if seat.running is not None else None
            if most and seat.worker.memory() > (most + SPARE) * 2**20:
                events += self._bury(seat, f"it took more than {most:g} MB; ended by the batch", "memory_limit")
        return events

    def stop(self) -> None:
        """Interrupt what runs, and wait a moment for the solvers to end."""
        for seat in self._seats:
            seat.stop()
        end = time.monotonic() + 3.0
        while time.monotonic() < end and any(seat.worker.ended() is None for seat in self._seats):
            # Their last words are read, so that no worker is kept waiting by a full pipe.
            for key, _ in self._selector.select(0.02):
                key.data.worker.receive()
            time.sleep(0.01)

    def close(self) -> None:
        """End the workers."""
        for seat in list(self._seats):
            self._remove(seat)
        self._selector.close()


def _ending(seat: Seat) -> tuple[str, bool]:
    """Say how a worker ended, and whether by SIGKILL."""
    code = seat.worker.ended(patience=1.0)
    if code is None:
        return "its worker closed the line", False
    if code >= 0:
        return f"its worker ended with code {code}", False
    name = str(-code)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
    return f"its worker was ended by {name}", -code == signal.SIGKILL
