"""Many solves: jobs by content, a store that loses nothing, workers that may die, one machine or many."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import Setting, settings_of
from jitopt.batching.reading import Order, Reading
from jitopt.batching.run import BatchProgress, Run
from jitopt.batching.sources import sources
from jitopt.batching.store import Store
from jitopt.errors import InputError, JitoptError
from jitopt.problems.base import Instance

if TYPE_CHECKING:
    from distributed import Client

    from jitopt.batching.desk import Desk
    from jitopt.batching.pool import Pool

__all__ = ["BatchProgress", "Store", "batch"]


def batch(
    given: Any = None,
    *,
    store: str | os.PathLike[str],
    methods: str | Sequence[str] = "auto",
    starts: str | Sequence[str] = "none",
    seeds: int | Sequence[int] = 0,
    time_limit: float = 60.0,
    gap: float = 0.0,
    threads: int = 1,
    workers: int | None = None,
    deterministic: bool = False,
    work_limit: float | None = None,
    memory_limit: float | None = None,
    solver_options: Mapping[str, Any] | None = None,
    format: str | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    cluster: str | Client | None = None,
    progress: Callable[[BatchProgress], None] | None = None,
) -> Store:
    """Solve many instances by many methods and keep every result in a store.

    Parameters
    ----------
    given
        Paths, globs, URLs, folders and instances, one or several; or a data frame (or mapping of
        columns) with the column `instance` and any of `method`, `start`, `seed`, `time_limit`, `gap`,
        `threads`, `deterministic`, `work_limit`, `memory_limit`, a row per job; None with `resume`:
        what the store holds.
    store
        Path of the store; made where there is none.
    methods
        Names of methods, "auto", or "heuristic", "exact", "all"; each applies to its own problem.
    starts
        "none", "heuristic", or methods whose plan is made first and handed over as the start.
    seeds
        A job is made for each.
    time_limit, gap, threads, deterministic, work_limit, solver_options
        Of each job; see `jitopt.solve`.
    workers
        Jobs at a time on this machine; None: its processors over `threads`.
    memory_limit
        Of each job [MB]; None: an even share of what is free.
    format
        Of the files; found by their content if not given.
    resume
        Go on with a store that holds jobs already; what has a result is not done again.
    retry_failed
        With `resume`: do the failed jobs again.
    cluster
        Address of a Dask scheduler, or a connected client: the jobs run there.
    progress
        Called with a `BatchProgress` about twice a second.

    Returns
    -------
    Store
        A row for every job. What cannot be solved is a row, too: infeasible, refused, failed.

    Raises
    ------
    InputError
        For arguments that cannot be, a path that leads nowhere, or a store that holds jobs and is
        not to be resumed.
    JitoptError
        If the store cannot be written (a full disk); what was committed is safe.
    KeyboardInterrupt
        After an interrupt; the store can be resumed.
    """
    from jitopt.batching.desk import Desk
    from jitopt.batching.manifest import manifest

    common = {
        "time_limit": time_limit,
        "gap": gap,
        "threads": threads,
        "deterministic": deterministic,
        "work_limit": work_limit,
        "memory_limit": memory_limit,
        "solver_options": dict(solver_options or {}),
    }
    settings = settings_of(_several(methods), _several(starts), _several(seeds), **common)
    count = _workers(workers, threads)
    orders = None if given is None else list(_orders(given, settings, format))
    if orders is None and not resume:
        raise InputError("a batch needs instances", remedy="name files or folders, or resume a store")
    if orders is not None and not orders:
        raise InputError("there is no instance in what was given", remedy="name files or folders that hold some")
    if orders is None and not os.path.exists(store):
        raise InputError("there is no such store to resume", source=os.fspath(store), remedy="check the path")
    # A cluster that is not there is told before a store is made.
    pool = _pool(cluster, count, threads)
    try:
        desk = Desk(store, manifest(settings, count, cluster))
    except BaseException:
        pool.close()
        raise
    run = None
    ending = "failed"
    try:
        desk.open_for(resume, reads=orders is not None)
        run = Run(desk, pool, _memory(count) if cluster is None else None, progress)
        _put(run, desk, pool, orders, retry_failed)
        run.solve()
        ending = "done"
    except KeyboardInterrupt:
        ending = "interrupted"
        pool.stop()
        if run is not None:
            with contextlib.suppress(JitoptError):
                run.save()
        raise
    finally:
        pool.close()
        desk.leave(ending)
    return Store.open(store)


def _put(run: Run, desk: Desk, pool: Pool, orders: list[Order] | None, retry_failed: bool) -> None:
    """Put down the jobs of this batch."""
    if orders is None:
        desk.take_all()
        if not desk.counts():
            # Written over, or its -wal was deleted after a kill: a night of no jobs would look like one that is done.
            raise InputError("the store holds no jobs to resume", remedy="name the files, or restore a copy")
    else:
        reading = Reading(desk, pool, retry_failed, run.report)
        reading.run(orders)
        desk.listed(reading.passed_over)
        if not desk.counts():
            raise InputError("none of the methods applies to any of the instances", remedy="see `jitopt methods`")
    if retry_failed:
        desk.retry()


def _pool(cluster: str | Client | None, workers: int, threads: int) -> Pool:
    if cluster is not None:
        from jitopt.batching.cluster import ClusterPool

        return ClusterPool(cluster, threads)
    from jitopt.batching.pool import LocalPool

    return LocalPool(workers, threads)


def _several(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else (given,)


def _workers(workers: int | None, threads: int) -> int:
    if workers is None:
        return max(1, _processors() // max(1, threads))
    if not isinstance(workers, int) or isinstance(workers, bool) or not 1 <= workers <= 1024:
        raise InputError("workers must be an integer from 1 to 1024", value=workers, remedy="give a whole number")
    return workers


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory(workers: int) -> float:
    """Return what a job may hold unless its setting says [MB]."""
    import psutil

    return float(0.8 * psutil.virtual_memory().available / workers / 2**20)


def _orders(given: Any, settings: tuple[Setting, ...], format: str | None) -> Any:
    if isinstance(given, str | os.PathLike | Instance):
        given = [given]
    if isinstance(given, list | tuple | set | frozenset | Iterator):
        return (Order(source, settings) for source in sources(given, format))
    from jitopt.batching.frame import orders_of

    return orders_of(given, settings, format)
