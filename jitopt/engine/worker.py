"""A worker process: `python -m jitopt.engine.worker FAMILY`.

It serves one family of solver libraries. Jobs come in on standard input, messages go out on what
was standard output; the solvers' own printing goes to a place where it harms nobody. A second
thread reads the input, so that "stop" is heard during a solve, and ends the process when the
calling process is gone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import pydantic_core

from jitopt.engine.wire import ATTACHED, Sender, read_message
from jitopt.errors import JitoptError, NotApplicableError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Job", "enter", "main"]


SELDOM = (50_000, 20, 50)
"""Thresholds of the collector of cycles: tables of a million rows hold none, and looking through them takes seconds."""


class Job:
    """One solve in a worker: what is asked, and the road back to the calling process."""

    def __init__(self, message: dict[str, Any], sender: Sender) -> None:
        self.id: int = message["id"]
        self.message = message
        self.method: str = message["method"]
        self.seed: int = message["seed"]
        self.threads: int = message["threads"]
        self.gap: float = message["gap"]
        self.work: float | None = message["work"]
        self.options: dict[str, Any] = message["options"]
        self.elastic: dict[tuple[str, tuple[str, ...]], float] = {
            (name, tuple(members)): price for name, members, price in message["elastic"] or ()
        }
        self.stop: threading.Event = threading.Event()
        self._sender = sender
        self._end = time.monotonic() + float(message["limit"])
        self._stoppers: list[Callable[[], None]] = []

    def remaining(self) -> float:
        """Return the seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def stopped(self) -> bool:
        """Tell whether to return now."""
        return self.stop.is_set() or (self.work is None and time.monotonic() >= self._end)

    def on_stop(self, stopper: Callable[[], None]) -> None:
        """Call `stopper` when the caller says stop (from the reading thread)."""
        self._stoppers.append(stopper)
        if self.stop.is_set():
            stopper()

    def halt(self) -> None:
        """Note that the caller says stop."""
        self.stop.set()
        for stopper in self._stoppers:
            stopper()

    def tell(self, type: str, **content: Any) -> None:
        """Send a message about this job."""
        self._sender.send(type=type, id=self.id, **content)

    def plan(self, plan: Any, claimed: float | None = None) -> None:
        """Hand a plan, or its plain data, to the judge."""
        self.tell("plan", plan=plan if isinstance(plan, dict) else plan.to_dict(), claimed=claimed)

    def bound(self, value: float) -> None:
        """Tell a proven lower bound."""
        self.tell("bound", value=float(value))

    def phase(self, name: str) -> None:
        """Tell that a phase begins: build, solve, heuristic, load (machine code) or compile."""
        self.tell("phase", name=name)


def main(family: str) -> None:
    """Serve jobs until the input ends."""
    source, sender = enter()
    jobs: queue.SimpleQueue[Job | bytes] = queue.SimpleQueue()
    held: Any = None
    current: dict[int, Job] = {}
    reader = threading.Thread(target=_listen, args=(source, sender, jobs, current), daemon=True)
    reader.start()
    sender.send(type="ready", pid=os.getpid())
    with contextlib.suppress(Exception):
        _warm(family, jobs)
    while True:
        job = jobs.get()
        if isinstance(job, bytes):
            held = _foreseen(job, family)
            continue
        _alarm(job.remaining() + 30.0)
        try:
            held = _serve(job, held)
        finally:
            current.pop(job.id, None)
            _alarm(0.0)


def enter() -> tuple[int, Sender]:
    """Begin as a worker: return the descriptor of the caller's messages and the road back.

    The standard streams point elsewhere from now on, the process ends with its caller, and knows
    the methods that the caller knows.
    """
    source, target = _take_pipes()
    gc.set_threshold(*SELDOM)
    _die_with_caller()
    first = read_message(source)
    if first is None:
        sys.exit(0)
    from jitopt import registry

    registry.take_over(first)
    return source, Sender(target)


def _take_pipes() -> tuple[int, int]:
    """Keep the pipes to the caller for messages; point the standard streams elsewhere."""
    source, target = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    if os.environ.get("JITOPT_WORKER_LOG") is None:
        os.dup2(nowhere, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return source, target


def _die_with_caller() -> None:
    """Ask the kernel to end this process when the caller's lifeline closes, whatever runs here.

    The reading thread does the same, but a solver that holds the interpreter would keep it waiting.
    """
    lifeline = os.environ.get("JITOPT_LIFELINE")
    if lifeline is None or sys.platform != "linux":
        return
    import fcntl

    descriptor = int(lifeline)
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
        signal.signal(signal.SIGIO, signal.SIG_DFL)


def _alarm(seconds: float) -> None:
    """End this process by the kernel's clock if a job outlives its limit by far."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _listen(source: int, sender: Sender, jobs: queue.SimpleQueue[Job | bytes], current: dict[int, Job]) -> None:
    """Read the caller's messages; leave when it is gone."""
    while True:
        message = read_message(source)
        if message is None:
            os._exit(0)
        if message["type"] == "solve":
            job = Job(message, sender)
            current[job.id] = job
            jobs.put(job)
        elif message["type"] == "text":
            jobs.put(message[ATTACHED])
        elif message["type"] == "stop" and message["id"] in current:
            current[message["id"]].halt()


def _warm(family: str, jobs: queue.SimpleQueue[Job | bytes]) -> None:
    """Import the family's libraries while the first job is still on its way."""
    for module in {
        "highs": ("pyomo.environ", "scipy.sparse", "highspy"),
        "ortools": ("ortools.sat.python.cp_model", "ortools.math_opt.python.mathopt"),
        "heuristic": ("numpy", "scipy.sparse", "numba"),
    }.get(family, ()):
        if family == "heuristic" and not jobs.empty():
            break  # not every heuristic needs all of them, and none for a first plan
        importlib.import_module(module)


def _foreseen(text: bytes, family: str) -> Any:
    """Return the instance in a text that the caller is reading, too; None where it is none, which the caller tells.

    What a heuristic can make ahead of it is made.
    """
    from jitopt import registry
    from jitopt.problems import parse_instance

    try:
        instance = parse_instance(pydantic_core.from_json(text, cache_strings="all"), checked=True)
    except Exception:
        return None
    with contextlib.suppress(Exception):
        for method in registry.methods(instance.problem):
            if method.kind == "heuristic" and method.family == family and method.fits(instance.size()):
                getattr(method.load(), "prepare", lambda _: None)(instance)
    return instance


def _serve(job: Job, held: Any) -> Any:
    """Run one job; whatever happens, tell the end of it. Return the instance it was about, or its data.

    held: the same of the job before, which is meant where the message holds none.
    """
    from jitopt import registry
    from jitopt.problems import parse_instance

    data = job.message.pop("instance")
    held = held if data is None else data
    try:
        job.tell("begin")
        if job.stop.is_set():
            job.tell("done", outcome="stopped", message="")
            return held
        registry.take_over(job.message)
        found = registry.method(job.method)
        if held is None:
            raise JitoptError("the instance was lost on its way")
        instance = held = parse_instance(held, checked=True) if isinstance(held, dict) else held
        start = job.message["start"]
        plan = instance.plan_type.model_validate(start) if start is not None else None
        kind = "heuristic" if found.kind == "heuristic" else found.technology  # one calls a solver's models by itself
        driver = importlib.import_module(f"jitopt.engine.drivers.{kind}_driver")
        outcome = driver.run(found, instance, plan, job)
        job.tell("done", outcome=outcome, message="")
    except NotApplicableError as error:
        job.tell("done", outcome="not_applicable", message=str(error))
    except MemoryError:
        job.tell("done", outcome="memory_limit", message="out of memory")
    except JitoptError as error:
        job.tell("done", outcome="error", message=str(error))
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        job.tell("done", outcome="error", message=text, trace=traceback.format_exc()[-4000:])
    return held


if __name__ == "__main__":
    main(sys.argv[1])
