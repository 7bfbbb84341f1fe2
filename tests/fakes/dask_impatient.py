"""Preloaded by a worker of Dask: it waits less long for a job that hangs."""

from __future__ import annotations

from jitopt.batching import pool


def dask_setup(worker: object) -> None:
    pool.GRACE = 4.0
