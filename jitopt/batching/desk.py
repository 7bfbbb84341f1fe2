"""The writing side of a store: jobs put down, claimed under a lease, and their answers kept, exactly once each."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import Setting, expand, job_key, unreachable
from jitopt.batching.owner import Owner, alive
from jitopt.batching.schema import connect, telling
from jitopt.batching.work import as_blob
from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Claim", "Desk", "Incoming"]

WAITING, LEASED, DONE = 0, 1, 2

LAST = 1 << 40
"""Added to a job's rank when its worker died: it is tried again when the others are done."""


@dataclass(frozen=True)
class Incoming:
    """An instance to put down: its content, and what reading it found (refused: why it cannot be read)."""

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
    refused: str | None = None


@dataclass(frozen=True)
class Claim:
    """A job that this batch has taken."""

    key: str
    setting: Setting
    deaths: int
    sha256: str
    source: str
    format: str | None
    data: bytes


class Desk:
    """The jobs of one batch in a store that others may share. One thread uses it."""

    def __init__(self, path: str | os.PathLike[str], manifest: dict[str, Any]) -> None:
        self.path: str = os.fspath(path)
        self._connection = connect(path, write=True)
        self._connection.row_factory = sqlite3.Row
        self._owner = Owner.begin()
        self._manifest = manifest
        with self._telling():
            self._connection.execute("CREATE TEMP TABLE mine (number INTEGER PRIMARY KEY)")

    @property
    def run(self) -> str:
        """Id of this run."""
        return self._owner.id

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        with telling(self.path):
            yield

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all of it or nothing."""
        with self._telling():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def open_for(self, resume: bool) -> None:
        """Note that the run begins.

        Raises
        ------
        InputError
            If the store holds jobs and is not to be resumed.
        """
        with self._telling():
            held = self._connection.execute("SELECT count(*) FROM jobs").fetchone()[0]
        if held and not resume:
            raise InputError(
                f"the store holds {held} jobs already",
                source=self.path,
                remedy="add --resume (resume=True) to go on with it, nothing is done twice; or name another file",
            )
        owner = self._owner
        with self._transaction() as to:
            to.execute("INSERT INTO runs VALUES (?, ?, NULL, NULL, ?)", (owner.id, _now(), json.dumps(self._manifest)))
            values = (owner.id, owner.host, owner.boot, owner.space, owner.pid, owner.born, time.time())
            to.execute("INSERT INTO owners VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def known(self, sha256: str) -> bool:
        """Tell whether an instance of this content has been put down."""
        with self._telling():
            return bool(self._connection.execute("SELECT 1 FROM instances WHERE sha256=?", (sha256,)).fetchone())

    def put(self, instances: Iterable[Incoming], again: Iterable[str], settings: Sequence[Setting]) -> None:
        """Put down the jobs of instances, new ones and (by hash) such as were put down before."""
        with self._transaction() as to:
            hashes = list(again)
            for one in instances:
                if one.data:
                    self._forget(to, unreachable(one.source, one.format))
                size = json.dumps(one.size) if one.size is not None else None
                to.execute(
                    "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        one.sha256,
                        one.source,
                        one.stem,
                        one.format,
                        one.family,
                        one.problem,
                        one.name,
                        size,
                        one.known_lower,
                        one.known_upper,
                        one.refused,
                        one.data,
                    ),
                )
                hashes.append(one.sha256)
            for sha256 in hashes:
                self._put_jobs(to, sha256, settings)

    def _put_jobs(self, to: sqlite3.Connection, sha256: str, settings: Sequence[Setting]) -> None:
        row = to.execute("SELECT problem, refused FROM instances WHERE sha256=?", (sha256,)).fetchone()
        for setting in expand(settings, row["problem"]):
            key = job_key(sha256, setting)
            to.execute(
                """INSERT INTO jobs (key, instance, method, setting, rank)
                   VALUES (?, ?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM jobs)) ON CONFLICT DO NOTHING""",
                (key, sha256, setting.method, setting.text),
            )
            to.execute("INSERT OR IGNORE INTO mine SELECT number FROM jobs WHERE key=?", (key,))
            if row["refused"] is not None:
                self._keep(to, {"id": key, "status": "refused", "message": row["refused"]})

    def _forget(self, to: sqlite3.Connection, sha256: str) -> None:
        """Strike out the jobs of a source that could not be fetched and now was."""
        to.execute("DELETE FROM results WHERE key IN (SELECT key FROM jobs WHERE instance=?)", (sha256,))
        to.execute("DELETE FROM jobs WHERE instance=?", (sha256,))
        to.execute("DELETE FROM instances WHERE sha256=?", (sha256,))

    def take_all(self) -> None:
        """Make every job of the store one of this batch."""
        with self._telling():
            self._connection.execute("INSERT OR IGNORE INTO mine SELECT number FROM jobs")

    def retry(self) -> None:
        """Put the failed jobs of this batch back to wait."""
        with self._transaction() as to:
            failed = "SELECT key FROM results WHERE status = 'failed'"
            to.execute(
                f"UPDATE jobs SET state=0, deaths=0 WHERE key IN ({failed}) AND number IN (SELECT number FROM mine)"
            )
            to.execute("DELETE FROM results WHERE key IN (SELECT key FROM jobs WHERE state=0)")

    def counts(self) -> dict[str, int]:
        """Return how many jobs of this batch there are of each status: waiting, leased, or their result's."""
        query = """SELECT CASE j.state WHEN 2 THEN r.status WHEN 1 THEN 'leased' ELSE 'waiting' END AS told, count(*)
                   FROM mine m JOIN jobs j USING (number) LEFT JOIN results r ON r.key = j.key GROUP BY 1"""
        with self._telling():
            return {row[0]: row[1] for row in self._connection.execute(query)}

    def waiting(self) -> dict[str, tuple[int, float]]:
        """Return for each method how many jobs of this batch are not done, and the sum of their limits [s]."""
        query = """SELECT j.method, count(*), sum(json_extract(j.setting, '$.time_limit'))
                   FROM mine m JOIN jobs j USING (number) WHERE j.state < 2 GROUP BY 1"""
        with self._telling():
            return {row[0]: (row[1], row[2]) for row in self._connection.execute(query)}

    def exchange(
        self, answers: Sequence[dict[str, Any]], returned: Sequence[str], died: Sequence[str], wanted: int
    ) -> list[Claim]:
        """Keep answers, give back what was not done, and claim up to `wanted` jobs: one transaction.

        died: jobs whose worker ended while they ran; they wait behind the others.
        """
        owner = self._owner.id
        with self._transaction() as to:
            for answer in answers:
                self._keep(to, answer)
            give_back = "UPDATE jobs SET state=0, owner=NULL WHERE key=? AND owner=? AND state=1"
            to.executemany(give_back, [(key, owner) for key in (*returned, *died)])
            to.executemany(
                "UPDATE jobs SET deaths = deaths + 1, rank = rank % ? + ? WHERE key=? AND state=0",
                [(LAST, LAST, key) for key in died],
            )
            to.execute("UPDATE owners SET beat=? WHERE id=?", (time.time(), owner))
            return self._claim(to, wanted) if wanted else []

    def _keep(self, to: sqlite3.Connection, answer: dict[str, Any]) -> None:
        """Keep an answer, unless the job has one already."""
        found = {"run": self._owner.id, "ended": _now(), **answer}
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

    def _claim(self, to: sqlite3.Connection, wanted: int) -> list[Claim]:
        query = """SELECT j.number, j.key, j.setting, j.deaths, i.sha256, i.source, i.format, i.data
                   FROM jobs j JOIN mine m USING (number) JOIN instances i ON i.sha256 = j.instance
                   WHERE j.state = 0 ORDER BY j.rank LIMIT ?"""
        rows = to.execute(query, (wanted,)).fetchall()
        to.executemany(
            "UPDATE jobs SET state=1, owner=?, attempts=attempts+1 WHERE number=?",
            [(self._owner.id, row["number"]) for row in rows],
        )
        return [
            Claim(row["key"], Setting.parse(row["setting"]), *(row[name] for name in row.keys()[3:])) for row in rows
        ]

    def reclaim(self) -> int:
        """Free the jobs whose batch is gone; return how many."""
        query = "SELECT * FROM owners WHERE id IN (SELECT DISTINCT owner FROM jobs WHERE state=1) AND id <> ?"
        freed = 0
        with self._transaction() as to:
            for row in to.execute(query, (self._owner.id,)).fetchall():
                values = dict(row)
                beat = values.pop("beat")
                if not alive(Owner(**values), beat):
                    done = to.execute("UPDATE jobs SET state=0, owner=NULL WHERE state=1 AND owner=?", (row["id"],))
                    freed += done.rowcount
                    to.execute("DELETE FROM owners WHERE id=?", (row["id"],))
        return freed

    def leave(self, ending: str) -> None:
        """Note how the run ended, give back what it holds, and let go of the file."""
        owner = self._owner.id
        try:
            with self._transaction() as to:
                to.execute("UPDATE jobs SET state=0, owner=NULL WHERE state=1 AND owner=?", (owner,))
                to.execute("UPDATE runs SET ended=?, ending=? WHERE id=?", (_now(), ending, owner))
                to.execute("DELETE FROM owners WHERE id=?", (owner,))
            # Alone on the store, leave it as one plain file that can be copied and read anywhere.
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA journal_mode = DELETE")
        except JitoptError:
            # What stopped the run stops this, too; the leases of a batch that is over count for nothing.
            if ending == "done":
                raise
        finally:
            self._owner.end()
            self._connection.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
