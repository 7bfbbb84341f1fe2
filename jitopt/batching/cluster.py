"""Tasks on the machines of a Dask cluster; each of its threads keeps a worker of its own, as a local pool does.

So a crash or a hang costs one task there as here. Answers come back to the batch, which alone
writes the store: what Dask runs twice is written once.
"""

from __future__ import annotations

import ipaddress
import queue
import threading
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jitopt.batching.pool import Answer, Event, LocalPool, Lost, Returned
from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterPool", "run_group"]

AHEAD = 2
"""Groups of tasks for each thread of the cluster: what it works on, and what waits for it there."""

PATIENCE = 15.0
"""Seconds to wait for the scheduler."""

FEW = 0.2
"""Seconds between two looks at whether the batch was stopped."""

_free: list[LocalPool] = []
_stopped: set[str] = set()
_lock = threading.Lock()


def run_group(batch: str, tasks: list[dict[str, Any]], threads: int) -> list[dict[str, Any]]:
    """Run tasks on this machine of the cluster; return a message for each that was answered or lost."""
    with _lock:
        pool = _free.pop() if _free else LocalPool(1, threads)
    try:
        found = _work(pool, batch, tasks)
    except BaseException:
        pool.close()
        raise
    with _lock:
        _free.append(pool)
    return found


def _work(pool: LocalPool, batch: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    open_tasks = {task["id"]: task for task in tasks}
    found: list[dict[str, Any]] = []
    pool.submit(tasks)
    while open_tasks:
        if batch in _stopped:
            pool.stop()
            pool.close()
            break
        for event in pool.poll(FEW):
            if isinstance(event, Answer):
                open_tasks.pop(event.answer["id"], None)
                found.append({"answer": event.answer})
            elif isinstance(event, Lost):
                open_tasks.pop(event.id, None)
                found.append({"lost": [event.id, event.why, event.final, event.stopped_by, event.killed]})
            else:
                again = [open_tasks[id] for id in event.ids if id in open_tasks]
                if again:
                    pool.submit(again)
    return found


def _stop(batch: str) -> None:
    """Stop a batch on this machine of the cluster."""
    _stopped.add(batch)


class ClusterPool:
    """A Dask cluster. cluster: the address of its scheduler, or a connected `distributed.Client`.

    Raises
    ------
    InputError
        If Dask is not installed, or the address is not to be trusted.
    JitoptError
        If the scheduler does not answer.
    """

    def __init__(self, cluster: str | Client, threads: int) -> None:
        self._own = isinstance(cluster, str)
        self._client: Any = _connect(cluster) if isinstance(cluster, str) else cluster
        self._threads = threads
        self._batch = uuid.uuid4().hex
        self._groups: dict[str, tuple[Any, list[str]]] = {}
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    @property
    def workers(self) -> int:
        """Threads of the cluster that work now, at least 1."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def room(self) -> int:
        """Return how many groups can be handed out now."""
        return max(0, self.workers * AHEAD - len(self._groups))

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        """Hand out a group of tasks."""
        name = f"jitopt-{self._batch[:8]}-{uuid.uuid4().hex}"
        future = self._client.submit(run_group, self._batch, tasks, self._threads, key=name, pure=False)
        self._groups[name] = (future, [task["id"] for task in tasks])
        future.add_done_callback(lambda _future: self._ended.put(name))

    def poll(self, seconds: float) -> list[Event]:
        """Return what happened, waiting up to `seconds` for something to happen."""
        events: list[Event] = []
        try:
            name = self._ended.get(timeout=max(seconds, 0.001))
            events += self._hear(name)
            while True:
                events += self._hear(self._ended.get_nowait())
        except queue.Empty:
            pass
        if self._client.status in ("closed", "closing"):
            raise JitoptError("The cluster is gone. Remedy: start it again, then run again with --resume.")
        return events

    def _hear(self, name: str) -> list[Event]:
        future, ids = self._groups.pop(name, (None, []))
        if future is None:
            return []
        if future.status == "finished":
            return _events(future.result(), ids)
        if future.status == "cancelled":
            return [Returned(tuple(ids))]
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return [Lost(id, "the workers of the cluster that had it were lost") for id in ids]
        told = f"the cluster could not run it: {type(error).__name__}: {error}"
        return [Lost(id, told, final=True) for id in ids]

    def stop(self) -> None:
        """Interrupt what runs."""
        self._client.cancel([future for future, _ids in self._groups.values()])
        self._client.run(_stop, self._batch)

    def close(self) -> None:
        """Leave the cluster as it was found."""
        if self._own:
            self._client.close()


def _events(messages: list[dict[str, Any]], ids: list[str]) -> list[Event]:
    events: list[Event] = []
    told: set[str] = set()
    for message in messages:
        event = Answer(message["answer"]) if "answer" in message else Lost(*message["lost"])
        told.add(event.answer["id"] if isinstance(event, Answer) else event.id)
        events.append(event)
    left = tuple(id for id in ids if id not in told)
    return [*events, Returned(left)] if left else events


def _connect(address: str) -> Client:
    _check_address(address)
    try:
        import distributed
    except ImportError:
        raise InputError(
            "a cluster needs Dask", value=address, remedy='install it with pip install "jitopt[dask]"'
        ) from None
    try:
        make: Any = distributed.Client
        client: Client = make(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        told = str(error) or type(error).__name__
        raise JitoptError(
            f"{address}: the scheduler does not answer: {told}. Remedy: check address and port."
        ) from None

    return client


def _check_address(address: str) -> None:
    """Refuse an address over which others could run code: only this machine, or an encrypted line."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    host = parts.hostname or ""
    if parts.scheme in ("tls", "inproc") or (parts.scheme == "tcp" and _is_here(host)):
        return
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
