"""A worker process seen from the calling process: started, spoken to, and ended for certain."""

from __future__ import annotations

import atexit
import contextlib
import glob
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.engine.wire import Sender, Splitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.base import Instance

__all__ = ["Worker", "acquire", "foretell", "release", "shut_down", "warm"]

MOST_JOBS = 1000
"""A worker is replaced after this many jobs: solver libraries grow over many solves."""

LONGEST_ABANDONED = 120.0
"""Seconds after which a worker that was let go while starting or compiling is ended."""

MOST_IDLE_MEMORY = 2 << 30
"""A worker that holds more than this while idle is replaced [bytes]."""


class Worker:
    """One worker process of a family. `descriptor` is readable when a message has come.

    module: what it runs, with the family as its argument.
    """

    def __init__(self, family: str, threads: int, module: str = "jitopt.engine.worker") -> None:
        self.family: str = family
        self.threads: int = threads
        self.jobs: int = 0
        self.closed: bool = False
        self.busy: int | None = None
        """Id of the job it has been given and has not ended, None while idle."""
        self._busy_since = 0.0
        self._sending: threading.Thread | None = None
        self._held: Callable[[], object] = lambda: None
        self._splitter = Splitter()
        lifeline_read, self._lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, family],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get("JITOPT_WORKER_LOG") else subprocess.DEVNULL,
                env=_environment(threads, lifeline_read),
                pass_fds=(lifeline_read,),
                start_new_session=True,
                bufsize=0,
            )
        finally:
            os.close(lifeline_read)
        assert self._process.stdin is not None and self._process.stdout is not None
        self.descriptor: int = self._process.stdout.fileno()
        self._sender = Sender(self._process.stdin.fileno())
        self.send(type="hello", **registry.handed_on())

    @property
    def pid(self) -> int:
        """Process id; also the id of the worker's process group."""
        return self._process.pid

    def give(self, message: dict[str, Any]) -> None:
        """Give a job."""
        if self._sending is not None:
            self._sending.join()  # the job is about what it sends
        self.busy, self._busy_since = message["id"], time.monotonic()
        self.send(**message)

    def hold(self, instance: Instance[Any] | None) -> None:
        """Note which instance the worker has read, so that it need not be sent again; None: it may have none."""
        self._held = (lambda: None) if instance is None else weakref.ref(instance)

    def holds(self, instance: Instance[Any]) -> bool:
        """Tell whether the worker has read this very instance."""
        return self._held() is instance

    def foretell(self, text: str) -> None:
        """Send the text of an instance while the caller reads it, too; `hold` says when it was sound."""

        def send() -> None:
            with contextlib.suppress(OSError):
                self._sender.attach(text.encode(), type="text")

        self._sending = threading.Thread(target=send, daemon=True)
        self._sending.start()

    def idle(self) -> bool:
        """Read what an abandoned job still says; tell whether the worker is free for another."""
        while self.busy is not None and select.select([self.descriptor], [], [], 0)[0]:
            messages = self.receive()
            if messages is None:
                return False
            if any(message["type"] == "done" and message.get("id") == self.busy for message in messages):
                self.busy = None
        return self.busy is None

    def abandoned(self) -> bool:
        """Tell whether a job that was let go has still not ended after a long time."""
        return self.busy is not None and time.monotonic() - self._busy_since > LONGEST_ABANDONED

    def send(self, **message: Any) -> bool:
        """Send a message; False when the worker is gone."""
        try:
            self._sender.send(**message)
        except OSError:
            return False
        return True

    def receive(self) -> list[dict[str, Any]] | None:
        """Read what has come; None when the worker has closed or writes garbage."""
        try:
            data = os.read(self.descriptor, 1 << 20)
            return self._splitter.feed(data) if data else None
        except (OSError, ValueError):
            return None

    def memory(self) -> int:
        """Return the resident memory of the worker and its children [bytes]."""
        import psutil

        total = 0
        for pid in (self.pid, *_below(self.pid)):
            with contextlib.suppress(psutil.Error):
                total += psutil.Process(pid).memory_info().rss
        return total

    def ended(self, patience: float = 0.0) -> int | None:
        """Return the exit code; None if it still runs after `patience` seconds."""
        if patience > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(patience)
        return self._process.poll()

    def end(self, patience: float = 0.0) -> None:
        """End the process and its children: ask by signal, wait `patience` seconds, then kill."""
        if self.closed:
            return
        self.closed = True
        if patience > 0 and self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(OSError):
            os.close(self._lifeline)

    def _signal(self, number: int) -> None:
        """Signal the whole process group; the leader alone once the group is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _below(pid: int) -> list[int]:
    """Return the processes below one; by the kernel's list where there is one, for psutil looks at all there are."""
    lists = glob.glob(f"/proc/{pid}/task/*/children")
    if not lists:
        import psutil

        with contextlib.suppress(psutil.Error):
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        return []
    found: list[int] = []
    for one in lists:
        with contextlib.suppress(OSError), open(one, encoding="ascii") as file:
            for word in file.read().split():
                found += [int(word), *_below(int(word))]
    return found


def _environment(threads: int, lifeline: int) -> dict[str, str]:
    environment = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        environment[name] = str(threads)
    # No solver uses it for much, and its threads wait for each other by spinning: on busy processors
    # short vectors take a hundred times as long.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = "1"
    environment["JITOPT_LIFELINE"] = str(lifeline)
    environment["PYTHONPATH"] = os.pathsep.join(registry.import_path())
    environment["PYTHONHASHSEED"] = "0"
    return environment


_idle: dict[tuple[str, int], list[Worker]] = {}
_lock = threading.Lock()
_owner = os.getpid()


def acquire(family: str, threads: int) -> Worker:
    """Take a warm worker of the family, or start one. Thread counts are fixed for a worker's life."""
    _forget_after_fork()
    with _lock:
        stack = _idle.get((family, threads), [])
        for worker in list(reversed(stack)):
            if worker.ended() is not None or worker.abandoned():
                stack.remove(worker)
                worker.end()
            elif worker.idle():
                stack.remove(worker)
                return worker
    return Worker(family, threads)


def release(worker: Worker) -> None:
    """Give a worker back for a later call: idle, or still busy starting or compiling."""
    worker.jobs += 1
    if worker.jobs >= MOST_JOBS or worker.ended() is not None or worker.memory() > MOST_IDLE_MEMORY:
        worker.end()
        return
    with _lock:
        _idle.setdefault((worker.family, worker.threads), []).append(worker)


def warm(family: str, threads: int = 1) -> None:
    """Start a worker of the family early: its imports run while the caller does something else."""
    release(acquire(family, threads))


def foretell(family: str, text: str) -> Worker:
    """Start a worker of the family early, and send it the text of the instance it will be asked about."""
    worker = acquire(family, 1)
    worker.foretell(text)
    release(worker)
    return worker


def shut_down() -> None:
    """End every idle worker (done at exit; safe to call at any time)."""
    _forget_after_fork()
    with _lock:
        workers = [worker for stack in _idle.values() for worker in stack]
        _idle.clear()
    for worker in workers:
        worker.end()


def _forget_after_fork() -> None:
    """In a forked child the idle workers are the parent's: leave them alone."""
    global _owner, _lock
    if os.getpid() != _owner:
        _owner = os.getpid()
        _lock = threading.Lock()
        _idle.clear()


atexit.register(shut_down)
