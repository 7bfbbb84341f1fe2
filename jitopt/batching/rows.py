"""Rows of a store: instances, jobs and results, written within the transaction of a desk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import expand, job_key
from jitopt.batching.work import as_blob

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from jitopt.batching.jobs import Setting

__all__ = ["Incoming", "forget", "keep", "now", "put_instance", "put_jobs"]


@dataclass(frozen=True)
class Incoming:
    """An instance to put down: its content, and what reading it found.

    fault: "refused" or "failed" where it could not be read, with why.
    """

    sha256: str
    source: str
    stem: str
    format: str | None
    family: str
    data: bytes
    problem: str | None = None
    name: str | None = None
    size: dict[str, int] | None = None
    known_lower: float | None = None
    known_upper: float | None = None
    fault: str | None = None
    why: str | None = None


def put_instance(to: sqlite3.Connection, one: Incoming) -> None:
    """Write an instance, unless it stands there; what could not be read before gives way."""
    if to.execute("SELECT 1 FROM instances WHERE sha256=? AND fault='failed'", (one.sha256,)).fetchone():
        forget(to, one.sha256)
    size = json.dumps(one.size) if one.size is not None else None
    values = (one.sha256, one.source, one.stem, one.format, one.family, one.problem, one.name, size)
    found = (one.known_lower, one.known_upper, one.fault, one.why, one.data)
    to.execute(
        f"INSERT INTO instances VALUES ({', '.join('?' * len((*values, *found)))}) ON CONFLICT DO NOTHING",
        (*values, *found),
    )


def put_jobs(to: sqlite3.Connection, run: str, sha256: str, settings: Sequence[Setting]) -> None:
    """Write the jobs of an instance, unless they stand there, and take them for this batch's own."""
    row = to.execute("SELECT problem, size, fault, why FROM instances WHERE sha256=?", (sha256,)).fetchone()
    size = json.loads(row["size"]) if row["size"] is not None else {}
    for setting in expand(settings, row["problem"], size):
        key = job_key(sha256, setting)
        to.execute(
            """INSERT INTO jobs (key, instance, method, time_limit, setting, rank)
               VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM jobs)) ON CONFLICT DO NOTHING""",
            (key, sha256, setting.method, setting.time_limit, setting.text),
        )
        to.execute("INSERT OR IGNORE INTO mine SELECT number FROM jobs WHERE key=?", (key,))
        if row["fault"] is not None:
            keep(to, run, {"id": key, "status": row["fault"], "message": row["why"]})


def forget(to: sqlite3.Connection, sha256: str) -> None:
    """Strike out the jobs of what could not be fetched or read before."""
    to.execute("DELETE FROM results WHERE key IN (SELECT key FROM jobs WHERE instance=?)", (sha256,))
    to.execute("DELETE FROM jobs WHERE instance=?", (sha256,))
    to.execute("DELETE FROM instances WHERE sha256=?", (sha256,))


def keep(to: sqlite3.Connection, run: str, answer: dict[str, Any]) -> None:
    """Keep an answer, unless the job has one already."""
    found = {"run": run, "ended": now(), **answer}
    result = as_blob(found["result"]) if found.get("result") else None
    names = [
        "status",
        "stopped_by",
        "objective",
        "bound",
        "gap",
        "proof",
        "seconds",
        "start_seconds",
        "first_plan",
        "message",
    ]
    to.execute(
        f"INSERT INTO results VALUES ({', '.join('?' * (len(names) + 4))}) ON CONFLICT DO NOTHING",
        (found["id"], found["run"], found["ended"], *(found.get(name) for name in names), result),
    )
    to.execute("UPDATE jobs SET state=2, owner=NULL WHERE key=?", (found["id"],))


def now() -> str:
    """Return the present as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
