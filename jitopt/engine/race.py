"""Roads run side by side in worker processes, under one deadline that is kept.

The ladder at the end of the time: a stop message, then SIGTERM, then SIGKILL to the worker's
process group. Nothing a worker does can hold the caller longer than that.
"""

from __future__ import annotations

import os
import selectors
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.engine.process import Worker, acquire, release

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.engine.ledger import Ledger
    from jitopt.registry import Method, RuleKey

__all__ = ["CANNOT", "ENDED", "Attempt", "Race", "Settings"]

CANNOT = "cannot take this instance"
"""How a warning tells of a method that is not applicable."""

ENDED = "its process ended unexpectedly"
"""How a warning tells of a crash, with the exit code behind it; -9 is a SIGKILL that did not come from here."""

STOP_PATIENCE = 0.35
"""Seconds a worker has between the stop message and the signals."""

TERM_PATIENCE = 0.1
"""Seconds a worker has between SIGTERM and SIGKILL."""

MEMORY_EVERY = 0.25
"""Seconds between two looks at the workers' memory."""

LATENESS = 0.05
"""Seconds before the limit at which workers are told to stop."""


@dataclass(frozen=True)
class Settings:
    """What all roads of a solve share."""

    deadline: float
    gap: float
    seed: int
    threads: int
    work: float | None
    options: Mapping[str, Any]
    memory_limit: int


@dataclass
class Attempt:
    """One road under way.

    outcome: None while it runs, then what the worker said ("optimal", "infeasible", "time_limit",
    "work_limit", "finished", "not_applicable", "error") or what befell it ("crashed",
    "memory_limit", "stopped", "killed").
    """

    id: int
    method: Method
    worker: Worker
    end: float
    threads: int
    with_start: bool
    challenges: bool = False
    """It is asked for a plan that refutes a bound; what else it finds does not count."""
    outcome: str | None = None
    message: str = ""
    started: bool | None = None
    begun: bool = False
    phase: str = ""
    phase_began: float = 0.0
    stop_sent: float | None = None
    bound: float | None = None
    claimed: float | None = None
    plans: int = 0
    best: float = float("inf")
    """Cost of its best plan by the judge; noted where it challenges a bound."""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """True until the road has ended."""
        return self.outcome is None

    @property
    def compiling(self) -> bool:
        """True while it loads or makes machine code."""
        return self.phase in ("load", "compile")

    def enter(self, phase: str) -> None:
        """Note that a phase begins, or with "" that the last one ends."""
        now = time.monotonic()
        if self.phase:
            self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + now - self.phase_began
        self.phase, self.phase_began = phase, now


class Race:
    """The roads of one solve. `pump` moves time on; `finish` ends everything that still runs."""

    def __init__(self, ledger: Ledger[Any], settings: Settings) -> None:
        self.ledger: Ledger[Any] = ledger
        self.settings: Settings = settings
        self.attempts: list[Attempt] = []
        self._selector = selectors.DefaultSelector()
        self._next_memory = time.monotonic() + MEMORY_EVERY
        self._bounds_count = True
        self._instance_data: dict[str, Any] | None = None
        self.handed: float | None = None
        """Objective of the first plan handed to an exact road as a start."""

    def remaining(self) -> float:
        """Return the seconds until the deadline."""
        return self.settings.deadline - time.monotonic()

    def running(self) -> list[Attempt]:
        """Return the roads under way."""
        return [attempt for attempt in self.attempts if attempt.running]

    def launch(
        self,
        method: Method,
        *,
        seconds: float | None = None,
        threads: int = 1,
        start: Any = None,
        elastic: Mapping[RuleKey, float] | None = None,
        work_share: float = 1.0,
        seed: int | None = None,
        challenges: bool = False,
    ) -> Attempt:
        """Start a road. seconds: its own limit within the deadline. start: a checked plan.

        work_share: share of the work budget (deterministic mode). challenges: only a plan that
        refutes a bound counts, and no machine code is made.
        """
        if start is not None and method.kind == "formulation" and self.handed is None:
            self.handed = self.ledger.objective
        worker = acquire(method.family, threads)
        limit = min(self.remaining(), seconds if seconds is not None else float("inf"))
        limit = max(0.01, limit - LATENESS)
        attempt = Attempt(
            id=len(self.attempts) + 1 + (os.getpid() << 8) + (time.monotonic_ns() << 24),
            method=method,
            worker=worker,
            end=time.monotonic() + limit,
            threads=threads,
            with_start=start is not None,
            challenges=challenges,
        )
        held = worker.holds(self.ledger.instance)
        if self._instance_data is None and not held:
            self._instance_data = self.ledger.instance.to_dict()
        worker.give(
            {
                "type": "solve",
                "id": attempt.id,
                "method": method.name,
                "instance": None if held else self._instance_data,
                "start": start.to_dict() if start is not None else None,
                "limit": limit,
                "gap": self.settings.gap,
                "seed": self.settings.seed if seed is None else seed,
                "threads": threads,
                "work": None if self.settings.work is None else self.settings.work * work_share,
                "options": _options_of(self.settings.options, method),
                "elastic": [[name, list(key), price] for (name, key), price in elastic.items()] if elastic else None,
                **registry.handed_on(),
                "compile": not challenges and os.environ.get("JITOPT_NO_COMPILE") != "1",
            }
        )
        worker.hold(self.ledger.instance)
        self.ledger.instance.prepare()  # while the worker reads the instance
        self.attempts.append(attempt)
        self._selector.register(worker.descriptor, selectors.EVENT_READ, attempt)
        if elastic:
            self._bounds_count = False
        return attempt

    def pump(self, seconds: float = 0.1) -> None:
        """Wait up to `seconds` for messages and deal with them; keep limits and memory in view."""
        wait = max(0.0, min(seconds, self.remaining(), 0.1))
        if not self.running():
            return
        for key, _ in self._selector.select(wait):
            attempt: Attempt = key.data
            messages = attempt.worker.receive()
            if messages is None:
                self._crashed(attempt)
                continue
            for message in messages:
                self._handle(attempt, message)
        self._keep_limits()

    def run_until(self, done: Callable[[], bool]) -> None:
        """Pump until `done`, the deadline, or the end of every road."""
        while self.running() and self.remaining() > 0 and not done():
            self.pump()

    def stop(self, attempts: list[Attempt] | None = None) -> None:
        """Ask roads to end now and wait the ladder out; what they still tell counts."""
        waiting = [a for a in (self.attempts if attempts is None else attempts) if a.running]
        for attempt in waiting:
            self._ask_to_stop(attempt)
            if self._harmless(attempt):
                self._abandon(attempt)
        until = time.monotonic() + STOP_PATIENCE
        while any(a.running for a in waiting) and time.monotonic() < until:
            for key, _ in self._selector.select(max(0.0, min(0.05, until - time.monotonic()))):
                messages = key.data.worker.receive()
                if messages is None:
                    self._crashed(key.data)
                    continue
                for message in messages:
                    self._handle(key.data, message)
        for attempt in waiting:
            if attempt.running and self._harmless(attempt):
                self._abandon(attempt)
            elif attempt.running:
                self._kill(attempt, "killed", TERM_PATIENCE)

    def dismiss(self, attempt: Attempt) -> None:
        """Tell a road of ours to stop and wait no longer for it; what it still tells does not count."""
        if attempt.running:
            self._ask_to_stop(attempt)
            self._abandon(attempt)

    def close(self) -> None:
        """End what still runs and let go of everything."""
        for attempt in self.running():
            if self._harmless(attempt):
                self._ask_to_stop(attempt)
                self._abandon(attempt)
            else:
                self._kill(attempt, "killed", 0.0)
        self._selector.close()

    # --- what the workers say ----------------------------------------------------------------

    def _handle(self, attempt: Attempt, message: dict[str, Any]) -> None:
        if message.get("id") != attempt.id:
            return
        kind, name = message["type"], attempt.method.name
        if kind == "plan":
            self._take_plan(attempt, message)
        elif kind == "bound" and isinstance(message.get("value"), int | float):
            attempt.bound = message["value"]
            if self._bounds_count and not attempt.challenges:
                # A formulation minimises: of what is to be large, the negative.
                turned = self.ledger.instance.sense if attempt.method.kind == "formulation" else 1
                self.ledger.tell_bound(turned * float(message["value"]), name)
        elif kind == "begin":
            attempt.enter("heuristic" if attempt.method.kind == "heuristic" else "build")
        elif kind == "start":
            attempt.started = bool(message["accepted"])
        elif kind == "phase":
            attempt.begun = attempt.begun or message["name"] != "build"
            attempt.enter(str(message["name"]))
        elif kind == "done":
            attempt.outcome = str(message["outcome"])
            attempt.worker.busy = None
            attempt.message = str(message["message"])
            if attempt.outcome in ("error", "memory_limit"):
                attempt.worker.hold(None)
            self._let_go(attempt)
            if attempt.outcome == "not_applicable" and not attempt.challenges:
                self.ledger.warn(f"{name} {CANNOT}: {attempt.message}")
            elif attempt.outcome in ("error", "memory_limit"):
                self.ledger.warn(f"{name}: {attempt.message}")

    def _take_plan(self, attempt: Attempt, message: dict[str, Any]) -> None:
        attempt.plans += 1
        if attempt.challenges:
            attempt.best = min(attempt.best, self.ledger.challenge(message["plan"], attempt.method.name))
        else:
            attempt.claimed = message.get("claimed")
            self.ledger.offer(message["plan"], attempt.method.name)

    def _let_go(self, attempt: Attempt) -> None:
        self._selector.unregister(attempt.worker.descriptor)
        attempt.enter("")
        if attempt.outcome == "memory_limit":
            attempt.worker.end()
        else:
            release(attempt.worker)

    def _crashed(self, attempt: Attempt) -> None:
        self._selector.unregister(attempt.worker.descriptor)
        attempt.enter("")
        code = attempt.worker.ended(patience=0.2)
        attempt.worker.end()
        attempt.outcome = "crashed"
        attempt.message = f"{ENDED} (exit code {code})" if code is not None else "it said what is no message"
        self.ledger.warn(f"{attempt.method.name}: {attempt.message}")

    # --- limits ------------------------------------------------------------------------------

    def _keep_limits(self) -> None:
        now = time.monotonic()
        # The last plan of a road has to be checked within the limit, too.
        late = now + self.ledger.longest_check
        for attempt in self.running():
            if late > attempt.end and attempt.stop_sent is None and self.settings.work is None:
                self._ask_to_stop(attempt)
            elif attempt.stop_sent is None or self._harmless(attempt):
                continue
            elif now > attempt.stop_sent + max(1.0, STOP_PATIENCE):
                self._kill(attempt, "killed", TERM_PATIENCE)
        if now >= self._next_memory:
            self._next_memory = now + MEMORY_EVERY
            for attempt in self.running():
                if attempt.worker.memory() > self.settings.memory_limit:
                    self._kill(attempt, "memory_limit", 0.0)

    @staticmethod
    def _harmless(attempt: Attempt) -> bool:
        """Tell whether a road of ours is merely starting, building or compiling: worth keeping for the next call."""
        return attempt.method.module.startswith("jitopt.") and (attempt.compiling or not attempt.begun)

    def _abandon(self, attempt: Attempt) -> None:
        """Let a road go that was told to stop; its worker is warm when it is needed next."""
        self._selector.unregister(attempt.worker.descriptor)
        attempt.enter("")
        attempt.outcome = "stopped"
        release(attempt.worker)

    def _ask_to_stop(self, attempt: Attempt) -> None:
        if attempt.stop_sent is None:
            attempt.stop_sent = time.monotonic()
            attempt.worker.send(type="stop", id=attempt.id)

    def _kill(self, attempt: Attempt, outcome: str, patience: float) -> None:
        self._selector.unregister(attempt.worker.descriptor)
        attempt.enter("")
        attempt.worker.end(patience)
        attempt.outcome = outcome
        if outcome == "memory_limit":
            attempt.message = f"it held more than {self.settings.memory_limit >> 20} MB"
            self.ledger.warn(f"{attempt.method.name}: {attempt.message}")
        elif not self.ledger.proven(self.settings.gap):
            # Where the answer is proven, the end of a road that lost is no news.
            self.ledger.warn(f"{attempt.method.name}: it did not stop when asked and was ended; what it told counts")


def _options_of(options: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """Return the options for this method's solver: `solver_options` is keyed by solver name."""
    return dict(options.get(method.solver, {}))
