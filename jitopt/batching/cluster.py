"""Tasks on the machines of a Dask cluster; they are worked on there as in a local pool.

Answers come back to the batch, which alone writes the store: what Dask runs twice is written once.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import threading
import time
import uuid
import warnings
from asyncio import CancelledError as LoopCancelledError
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jitopt import registry
from jitopt.batching.machines import Machines
from jitopt.batching.pool import Answer, Event, Lost, Returned
from jitopt.batching.remote import release, run_group, running, stop_batch
from jitopt.engine.versions import versions
from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

__all__ = ["ClusterPool", "ClusterWarning"]

AHEAD = 2
"""Groups of tasks for each place of the cluster: what it works on, and what waits for it there."""

PATIENCE = 8.0
"""Seconds to wait for the scheduler, at the start and when it is lost."""

SPARE = 2.0
"""Seconds beyond that, until what keeps silent is given up."""

SILENT = 60.0
"""Seconds without a word from the scheduler after which it counts as gone."""

NOBODY = 600.0
"""Seconds to wait for a machine that can run jobs."""

FETCH = 10.0
"""Seconds to wait for the answers of a group that has ended; its machine may be gone, then it runs again."""

LAST_WORDS = 5.0
"""Seconds that parting from the cluster may take."""

TRIES = 3
"""Groups that may fail at Dask, one after the other, until the cluster counts as unfit."""

RESUME = "what was answered is in the store. Remedy: start it again, then run again with --resume"


class ClusterWarning(UserWarning):
    """A machine of the cluster cannot run jobs, or has other versions than the batch."""


class ClusterPool:
    """A Dask cluster. cluster: the address of its scheduler, or a connected `distributed.Client`.

    threads: of a task; a process of Dask runs as many tasks at a time as its threads hold.

    Raises
    ------
    InputError
        If Dask is not installed, or the address is not to be trusted.
    JitoptError
        If the scheduler does not answer, or no machine can run jobs.
    """

    def __init__(self, cluster: str | Client, threads: int) -> None:
        self._own = isinstance(cluster, str)
        self._client: Any = _connect(cluster) if isinstance(cluster, str) else _connected(cluster)
        self._threads = threads
        self._batch = uuid.uuid4().hex
        self._groups: dict[str, tuple[Any, list[str], frozenset[str] | None]] = {}
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._told: set[str] = set()
        self._failures = 0
        self._machines = Machines(self._client, threads)
        try:
            self._machines.start(PATIENCE)
            self._check()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        """Tasks that can be worked on at a time, at least 1."""
        return self._machines.places

    def room(self) -> int:
        """Return how many groups can be handed out now."""
        self._check()
        if self._client.status != "running":
            return 0
        return max(0, self.workers * AHEAD - len(self._groups))

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        """Hand out a group of tasks."""
        name = f"jitopt-{self._batch[:8]}-{uuid.uuid4().hex}"
        group = {
            "batch": self._batch,
            "name": name,
            "threads": self._threads,
            "registered": list(registry.registered()),
            "tasks": tasks,
        }
        only = self._machines.only()
        future = self._client.submit(run_group, group, key=name, pure=False, workers=sorted(only) if only else None)
        self._groups[name] = (future, [task["id"] for task in tasks], only)
        self._listen(name, future)

    def _listen(self, name: str, future: Any) -> None:
        future.add_done_callback(lambda _future: self._ended.put(name))

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen."""
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            events += self._hear(self._ended.get(timeout=max(seconds, 0.001)))
            while True:
                events += self._hear(self._ended.get_nowait())
        if not events:
            self._check()
            events = self._stranded()
        return events

    def _hear(self, name: str) -> list[Event]:
        future, ids, _only = self._groups.get(name, (None, [], None))
        if future is None:
            return []
        try:
            found = future.result(timeout=FETCH)
        except TimeoutError:
            self._listen(name, future)
            return []
        except (CancelledError, LoopCancelledError):
            del self._groups[name]
            return [Returned(tuple(ids))]
        except Exception as error:
            del self._groups[name]
            return self._failed(error, ids)
        del self._groups[name]
        self._failures = 0
        if found["fault"]:
            self._machines.reject(found["machine"], found["fault"])
        return _events(found, ids)

    def _failed(self, error: Exception, ids: list[str]) -> list[Event]:
        """Say what becomes of a group that Dask could not run."""
        if type(error).__name__ == "KilledWorker":
            return [Lost(id, "the processes of Dask that had it were lost") for id in ids]
        self._failures += 1
        if self._failures >= TRIES:
            raise JitoptError(
                f"The cluster cannot run the jobs: {_short(error)}. Remedy: install the same jitopt on the scheduler "
                "and on every machine, start them again, then run again with --resume."
            )
        return [Returned(tuple(ids))]

    def _stranded(self) -> list[Event]:
        """Take back the groups whose every machine is gone: Dask would wait for them."""
        present = self._machines.present()
        gone = [name for name, (_future, _ids, only) in self._groups.items() if only and not only & present]
        events: list[Event] = []
        for name in gone:
            future, ids, _only = self._groups.pop(name)
            future.cancel()
            events.append(Returned(tuple(ids)))
        return events

    def _check(self) -> None:
        """Tell what is new about the machines.

        Raises
        ------
        JitoptError
            If the cluster is gone, or nobody there can run jobs.
        """
        for address, why in self._machines.unfit().items():
            self._tell(f"{address}: this machine of the cluster runs no jobs: {why}")
        if self._client.status in ("closed", "closing") or self._machines.silent > SILENT:
            raise JitoptError(f"The cluster is gone; {RESUME}.")
        if self._machines.hopeless():
            why = "; ".join(f"{address}: {why}" for address, why in sorted(self._machines.unfit().items())[:3])
            raise JitoptError(
                f"No machine of the cluster can run jobs: {why}. Remedy: install jitopt {versions()['jitopt']} there, "
                "start its workers again, then run again with --resume."
            )
        if self._machines.empty > NOBODY:
            raise JitoptError(f"The cluster had no workers for {NOBODY:g} s; {RESUME}.")

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            warnings.warn(text, ClusterWarning, stacklevel=2)

    def stop(self) -> None:
        """Interrupt what runs, and wait a moment for it to end."""
        futures = [future for future, _ids, _only in self._groups.values()]
        self._part(lambda: self._client.cancel(futures, force=True))
        self._part(self._stop)

    def _stop(self) -> None:
        self._client.run(stop_batch, self._batch, on_error="ignore")
        end = time.monotonic() + LAST_WORDS
        while time.monotonic() < end and any(self._client.run(running, self._batch, on_error="ignore").values()):
            time.sleep(0.05)

    def close(self) -> None:
        """Leave the cluster as it was found."""
        self._machines.close()
        if self._client.status == "running":
            self._part(lambda: self._client.cancel([future for future, _ids, _only in self._groups.values()]))
            self._part(lambda: self._client.run(release, on_error="ignore"))
        if self._own:
            self._part(lambda: self._client.close(timeout=LAST_WORDS))

    def _part(self, act: Callable[[], Any]) -> None:
        """Do what need not succeed and must not keep the batch waiting: the cluster may be gone."""

        def run() -> None:
            with contextlib.suppress(Exception):
                act()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(LAST_WORDS)


def _events(found: dict[str, Any], ids: list[str]) -> list[Event]:
    """Return what a machine told of a group; another version than here is told with every answer."""
    note = _difference(found["versions"])
    events: list[Event] = []
    told: set[str] = set()
    for message in found["messages"]:
        event = Answer(message["answer"]) if "answer" in message else Lost(*message["lost"])
        told.add(event.answer["id"] if isinstance(event, Answer) else event.id)
        if isinstance(event, Answer) and note and event.answer["kind"] == "solve":
            event.answer["message"] = "; ".join(part for part in (event.answer.get("message"), note) if part)
        events.append(event)
    left = tuple(id for id in ids if id not in told)
    return [*events, Returned(left)] if left else events


def _difference(there: dict[str, str]) -> str:
    here = versions()
    names = [name for name in sorted(here | there) if here.get(name) != there.get(name)]
    if not names:
        return ""
    told = ", ".join(f"{name} {there.get(name, 'absent')} ({here.get(name, 'absent')} here)" for name in names)
    return f"solved with other versions than the batch has: {told}"


def _connected(client: Any) -> Any:
    """Check a client that the caller has connected."""
    status = getattr(client, "status", None)
    if status is None or not hasattr(client, "submit"):
        raise InputError(
            "a cluster is given by the address of its scheduler, or as a distributed.Client",
            value=type(client).__name__,
            remedy="give one of them",
        )
    if client.asynchronous:
        raise InputError("the client of a cluster must not be asynchronous", remedy="make it without asynchronous=True")
    if status != "running":
        raise InputError("the client is not connected to its cluster", value=status, remedy="connect it first")
    return client


def _connect(address: str) -> Client:
    _check_address(address)
    try:
        import distributed
    except ImportError:
        raise InputError(
            "a cluster needs Dask", value=address, remedy='install it with pip install "jitopt[dask]"'
        ) from None
    made: list[Any] = []
    late = threading.Event()

    def make() -> None:
        try:
            build: Any = distributed.Client
            made.append(build(address, timeout=PATIENCE, set_as_default=False))
        except Exception as error:
            made.append(error)
        if late.is_set() and not isinstance(made[0], Exception):
            made[0].close()

    # Dask waits for ever where something listens that is no scheduler.
    thread = threading.Thread(target=make, name="jitopt-connect", daemon=True)
    thread.start()
    thread.join(PATIENCE + SPARE)
    late.set()
    found = made[0] if made else TimeoutError(f"no answer within {PATIENCE + SPARE:g} s")
    if isinstance(found, Exception):
        raise JitoptError(
            f"{address}: the scheduler does not answer: {_short(found)}. Remedy: check that it runs, its address and "
            "port, and for tls:// the certificates in Dask's configuration (distributed.comm.tls)."
        )
    client: Client = found
    return client


def _check_address(address: str) -> None:
    """Refuse an address over which others could run code: only this machine, or an encrypted line."""
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or not port or parts.scheme not in ("tcp", "tls"):
        raise InputError(
            "the address of a scheduler is a host and a port",
            value=address,
            remedy="write it as tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine",
        )
    if parts.scheme == "tcp" and not _is_here(host):
        raise InputError(
            "who reaches the port of a cluster can run code on it: beyond this machine it must be encrypted",
            value=address,
            remedy="use a tls:// address, with the certificates in Dask's configuration (distributed.comm.tls)",
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _short(error: BaseException) -> str:
    """Return the first line of what an error says."""
    lines = str(error).strip().splitlines()
    return (lines[0][:300] if lines else type(error).__name__).rstrip(".")
