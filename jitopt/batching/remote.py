"""What runs on the machines of a cluster: a group of tasks, each in a worker process as of a local pool.

So a crash or a hang costs one task there as here. The processes are kept for the next group and
end when they are idle, when the batch says so, or with the process of Dask that started them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Any

from jitopt import registry
from jitopt.batching.pool import Answer, LocalPool, Lost
from jitopt.engine.versions import versions

__all__ = ["release", "run_group", "running", "stop_batch"]

LONGEST = 2.0
"""Seconds after which a group that takes longer than expected is cut: what is answered goes back at once."""

IDLE = 60.0
"""Seconds after which worker processes without work are ended."""

FEW = 0.2
"""Seconds between two looks at whether the batch still wants the group."""

TRIES = 3
"""Worker processes that may end before they begin, until the machine counts as unfit."""

_change = threading.Condition()
_idle: list[tuple[int, float, LocalPool]] = []
_stopped: set[str] = set()
_running: list[dict[str, Any]] = []


def run_group(group: dict[str, Any]) -> dict[str, Any]:
    """Run a group of tasks on this machine.

    group: batch and name (its key at Dask), threads (of a task), registered (modules with methods), tasks.
    Returns versions (of what an answer depends on, here), messages (an answer or a loss each; tasks
    without one were not begun), and fault: why no task can be run on this machine, or None.
    """
    messages: list[dict[str, Any]] = []
    try:
        fault = _run(group, messages)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    return {"versions": versions(), "messages": messages, "fault": fault, "machine": _address()}


def stop_batch(batch: str) -> None:
    """Interrupt what runs of a batch on this machine."""
    _stopped.add(batch)


def release() -> None:
    """End the worker processes of this machine that have no work."""
    with _change:
        pools = [pool for _threads, _since, pool in _idle]
        _idle.clear()
    for pool in pools:
        pool.close()


def running(batch: str) -> int:
    """Return how many groups of a batch run on this machine."""
    with _change:
        return sum(group["batch"] == batch for group in _running)


def _run(group: dict[str, Any], messages: list[dict[str, Any]]) -> str | None:
    if not _enter(group):
        return None
    pool = None
    try:
        _register(group["registered"])
        pool = _take(group["threads"])
        fault, usable = _work(pool, group, messages)
        if usable:
            _keep(group["threads"], pool)
            pool = None
        return fault
    finally:
        if pool is not None:
            pool.close()
        with _change:
            _running.remove(group)
            _change.notify_all()


def _enter(group: dict[str, Any]) -> bool:
    """Wait until the processor threads that a task needs are free; False if nobody wants the group any more."""
    most = _threads()
    with _change:
        while _running and sum(other["threads"] for other in _running) + group["threads"] > most:
            if _unwanted(group):
                return False
            _change.wait(FEW)
        _running.append(group)
    return True


def _register(modules: list[str]) -> None:
    for module in modules:
        # A method that this machine does not have is told job by job.
        if module not in registry.registered():
            with contextlib.suppress(Exception):
                registry.register(module)


def _take(threads: int) -> LocalPool:
    with _change:
        for place, (count, _since, pool) in enumerate(_idle):
            if count == threads:
                del _idle[place]
                return pool
    return LocalPool(1, threads)


def _keep(threads: int, pool: LocalPool) -> None:
    with _change:
        _idle.append((threads, time.monotonic(), pool))
    sweeper = threading.Timer(IDLE + 1.0, _sweep)
    sweeper.daemon = True
    sweeper.start()


def _sweep() -> None:
    now = time.monotonic()
    with _change:
        old = [entry for entry in _idle if now - entry[1] >= IDLE]
        for entry in old:
            _idle.remove(entry)
    for _threads, _since, pool in old:
        pool.close()


def _work(pool: LocalPool, group: dict[str, Any], messages: list[dict[str, Any]]) -> tuple[str | None, bool]:
    """Work on the tasks; return why the machine is unfit, if it is, and whether the pool can be used again."""
    waiting = deque(_with_memory(group["tasks"], group["threads"]))
    running: dict[str, dict[str, Any]] = {}
    end = time.monotonic() + LONGEST
    tries = 0
    while running or (waiting and (not messages or time.monotonic() < end)):
        if _unwanted(group):
            pool.stop()
            return None, False
        while waiting and pool.room() and (not messages or time.monotonic() < end):
            task = waiting.popleft()
            running[task["id"]] = task
            pool.submit([task])
        for event in pool.poll(FEW):
            if isinstance(event, Answer):
                running.pop(event.answer["id"], None)
                messages.append({"answer": event.answer})
                tries = 0
            elif isinstance(event, Lost):
                running.pop(event.id, None)
                messages.append({"lost": [event.id, event.why, event.final, event.stopped_by, event.killed]})
                tries = 0
            else:
                waiting.extendleft(running.pop(id) for id in reversed(event.ids) if id in running)
                tries += 1
        if tries >= TRIES:
            return "its worker processes end before they begin", False
    return None, True


def _with_memory(tasks: list[dict[str, Any]], threads: int) -> list[dict[str, Any]]:
    """Give a task whose memory the batch left open a share of this machine's."""
    if all(task.get("memory") is not None or task["kind"] != "solve" for task in tasks):
        return tasks
    import psutil

    worker = _worker()
    most = psutil.virtual_memory().available / 2**20
    # Of several processes of Dask on one machine each has its share; it says which.
    granted = getattr(getattr(worker, "memory_manager", None), "memory_limit", None)
    if granted:
        most = min(most, granted / 2**20)
    share = 0.8 * most / max(1, _threads() // threads)
    return [{**task, "memory": task.get("memory") or share} for task in tasks]


def _worker() -> Any:
    """Return Dask's worker that runs this thread, None outside Dask."""
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None


def _threads() -> int:
    worker = _worker()
    return 1 if worker is None else int(worker.state.nthreads)


def _address() -> str:
    worker = _worker()
    return "" if worker is None else str(worker.address)


def _unwanted(group: dict[str, Any]) -> bool:
    """Tell whether the batch was stopped, or is gone: then Dask has cancelled the group."""
    if group["batch"] in _stopped:
        return True
    worker = _worker()
    task = None if worker is None else worker.state.tasks.get(group["name"])
    return task is not None and task.state == "cancelled"
