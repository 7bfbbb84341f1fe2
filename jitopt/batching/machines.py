"""The machines of a cluster as they come and go: which can run jobs, how many at a time, and why others cannot."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Machines"]

PACKAGE = "jitopt"
"""What a machine has to have."""

LOOK = 1.0
"""Seconds between two looks at the cluster."""


@dataclass(frozen=True)
class _Machine:
    """A process of Dask. fit: it can run jobs (None: not known yet); why: it cannot."""

    threads: int
    fit: bool | None = None
    why: str = ""


class Machines:
    """Watches a cluster from a thread of its own, so that a machine that hangs keeps nobody waiting.

    threads: that a job needs.
    """

    def __init__(self, client: Any, threads: int) -> None:
        self._client = client
        self._threads = threads
        self._found: dict[str, _Machine] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._known = threading.Event()
        self._heard = self._fit_seen = time.monotonic()
        self._thread = threading.Thread(target=self._watch, name="jitopt-cluster", daemon=True)

    def start(self, patience: float) -> None:
        """Begin to watch; wait up to `patience` seconds until the machines of now are known."""
        self._thread.start()
        self._known.wait(patience)

    def close(self) -> None:
        """Watch no longer."""
        self._end.set()
        self._thread.join(2.0)

    @property
    def places(self) -> int:
        """Jobs that can run at a time, at least 1: a cluster may grow when there is work."""
        with self._lock:
            machines = [machine for machine in self._found.values() if machine.fit]
        return max(1, sum(max(1, machine.threads // self._threads) for machine in machines))

    @property
    def silent(self) -> float:
        """Seconds since the scheduler was last heard."""
        return time.monotonic() - self._heard

    @property
    def empty(self) -> float:
        """Seconds since a machine that can run jobs was last seen."""
        with self._lock:
            fit = any(machine.fit for machine in self._found.values())
        return 0.0 if fit else time.monotonic() - self._fit_seen

    def only(self) -> frozenset[str] | None:
        """Return where jobs have to run, None if any machine will do."""
        with self._lock:
            if all(machine.fit for machine in self._found.values()):
                return None
            return frozenset(address for address, machine in self._found.items() if machine.fit) or None

    def present(self) -> frozenset[str]:
        """Return the machines that are there."""
        with self._lock:
            return frozenset(self._found)

    def unfit(self) -> dict[str, str]:
        """Return the machines that cannot run jobs, and why."""
        with self._lock:
            return {address: machine.why for address, machine in self._found.items() if machine.fit is False}

    def hopeless(self) -> bool:
        """Tell whether there are machines, and none can run jobs."""
        with self._lock:
            return bool(self._found) and all(machine.fit is False for machine in self._found.values())

    def reject(self, address: str, why: str) -> None:
        """Note that a machine cannot run jobs."""
        with self._lock:
            if address in self._found:
                self._found[address] = replace(self._found[address], fit=False, why=why)

    def _watch(self) -> None:
        while True:
            # The scheduler may be away for a while; `silent` tells for how long.
            with contextlib.suppress(Exception):
                self._look()
            if self._end.wait(LOOK):
                return

    def _look(self) -> None:
        threads: dict[str, int] = self._client.nthreads()
        self._heard = time.monotonic()
        with self._lock:
            for address in set(self._found) - set(threads):
                del self._found[address]
            new = [address for address in threads if address not in self._found]
            self._found |= {address: _Machine(threads[address]) for address in new}
            if any(machine.fit for machine in self._found.values()):
                self._fit_seen = self._heard
        if new:
            threading.Thread(target=self._ask, args=(new,), name="jitopt-ask", daemon=True).start()
        else:
            self._known.set()

    def _ask(self, addresses: list[str]) -> None:
        """Ask machines whether jitopt is there; by a function of the standard library, which every machine has."""
        try:
            told = self._client.run(version, PACKAGE, workers=addresses, on_error="return")
        except Exception:
            told = {}
        with self._lock:
            for address in set(addresses) & set(self._found):
                answer = told.get(address)
                if isinstance(answer, str):
                    self._found[address] = replace(self._found[address], fit=True)
                elif isinstance(answer, PackageNotFoundError):
                    self._found[address] = replace(self._found[address], fit=False, why="jitopt is not installed there")
                else:  # out of reach: asked again at the next look, if it is still there
                    del self._found[address]
        self._known.set()
