"""The writing side of a store: jobs put down, claimed under a lease, and their answers kept, exactly once each."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import Setting, unreachable
from jitopt.batching.owner import Owner, alive
from jitopt.batching.rows import Incoming, forget, keep, now, put_instance, put_jobs
from jitopt.batching.schema import connect, telling
from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Claim", "Desk"]

WAITING, LEASED, DONE = 0, 1, 2

LAST = 1 << 40
"""Added to a job's rank when its worker died: it is tried again when the others are done."""

LARGEST_CLAIM = 16 << 20
"""Bytes of instances that are claimed at once."""

BETWEEN_RECLAIMS = 1.0
"""Seconds between two looks for batches that are gone."""


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
        self._file = _identity(path)
        self._manifest = manifest
        self._beats: dict[str, tuple[float, float]] = {}
        self._next_reclaim = 0.0
        with self._telling():
            self._connection.execute("PRAGMA temp_store = MEMORY")
            self._connection.execute("CREATE TEMP TABLE mine (number INTEGER PRIMARY KEY)")
        self._owner = Owner.begin()

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
        if _identity(self.path) != self._file:
            # SQLite would write on into a file that nobody finds any more.
            raise JitoptError(
                f"{self.path}: the store was deleted, moved or replaced while the batch ran. Remedy: put it back and "
                "run again with --resume."
            )
        with self._telling():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def open_for(self, resume: bool, reads: bool) -> None:
        """Note that the run begins. reads: it was given instances, which are to be put down first.

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
            told = (owner.id, now(), json.dumps(self._manifest), 0 if reads else None)
            to.execute("INSERT INTO runs (id, started, manifest, listed) VALUES (?, ?, ?, ?)", told)
            values = (owner.id, owner.host, owner.boot, owner.space, owner.pid, owner.born, time.time())
            to.execute("INSERT INTO owners VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def known(self, sha256: str, again: bool = False) -> bool:
        """Tell whether an instance of this content has been put down; again: but not one whose reading failed."""
        with self._telling():
            row = self._connection.execute("SELECT fault FROM instances WHERE sha256=?", (sha256,)).fetchone()
        return row is not None and not (again and row["fault"] == "failed")

    def reached(self, source: str, format: str | None) -> None:
        """Note that a source was fetched: a row that says it could not be gives way."""
        sha256 = unreachable(source, format)
        if self.known(sha256):
            with self._transaction() as to:
                forget(to, sha256)

    def put(self, orders: Iterable[tuple[Incoming | str, Sequence[Setting]]]) -> None:
        """Put down the jobs of instances, new ones and (by hash) such as were put down before."""
        with self._transaction() as to:
            for one, settings in orders:
                if isinstance(one, Incoming):
                    put_instance(to, one)
                put_jobs(to, self._owner.id, one if isinstance(one, str) else one.sha256, settings)

    def listed(self, passed_over: Sequence[str]) -> None:
        """Note that every job of this run is put down; passed_over: files of folders that are no instances."""
        with self._transaction() as to:
            told = (json.dumps(list(passed_over)), self._owner.id)
            to.execute("UPDATE runs SET listed=1, passed_over=? WHERE id=?", told)

    def take_all(self) -> None:
        """Make every job of the store one of this batch.

        Raises
        ------
        InputError
            If the last batch that was given instances did not come to put down all of them.
        """
        with self._telling():
            last = "SELECT started, listed FROM runs WHERE listed IS NOT NULL ORDER BY started DESC, rowid DESC LIMIT 1"
            row = self._connection.execute(last).fetchone()
            if row is not None and not row["listed"]:
                raise InputError(
                    f"the batch of {row['started']} has not put down all its jobs: it was ended before, or still reads",
                    source=self.path,
                    remedy="name its files again beside --resume; nothing is done twice",
                )
            self._connection.execute("INSERT OR IGNORE INTO mine SELECT number FROM jobs")

    def retry(self) -> None:
        """Put the failed jobs of this batch back to wait; those whose instance could not be read need it read again."""
        failed = """SELECT j.key FROM mine m JOIN jobs j USING (number) JOIN results r ON r.key = j.key
                    JOIN instances i ON i.sha256 = j.instance WHERE r.status = 'failed' AND i.fault IS NULL"""
        with self._transaction() as to:
            keys = [(row["key"],) for row in to.execute(failed).fetchall()]
            to.executemany("DELETE FROM results WHERE key=?", keys)
            to.executemany("UPDATE jobs SET state=0, deaths=0, rank=number WHERE key=?", keys)

    def open(self) -> bool:
        """Tell whether a job of this batch is not done."""
        query = """SELECT 1 FROM jobs j INDEXED BY jobs_waiting JOIN mine m ON m.number = j.number
                   WHERE j.state IN (0, 1) LIMIT 1"""
        with self._telling():
            return self._connection.execute(query).fetchone() is not None

    def counts(self) -> dict[str, int]:
        """Return how many jobs of this batch there are of each status: waiting, leased, or their result's."""
        query = """SELECT CASE j.state WHEN 2 THEN r.status WHEN 1 THEN 'leased' ELSE 'waiting' END AS told, count(*)
                   FROM mine m JOIN jobs j USING (number) LEFT JOIN results r ON r.key = j.key GROUP BY 1"""
        with self._telling():
            return {row[0]: row[1] for row in self._connection.execute(query)}

    def waiting(self) -> dict[str, tuple[int, float, float]]:
        """Return for each method how many jobs of this batch are not done, their limits in sum, and the largest [s]."""
        query = """SELECT j.method, count(*), sum(j.time_limit), max(j.time_limit)
                   FROM jobs j JOIN mine m ON m.number = j.number WHERE j.state IN (0, 1) GROUP BY 1"""
        with self._telling():
            return {row[0]: (row[1], row[2], row[3]) for row in self._connection.execute(query)}

    def exchange(
        self, answers: Sequence[dict[str, Any]], returned: Sequence[str], died: Sequence[str], wanted: int
    ) -> list[Claim]:
        """Keep answers, give back what was not done, and claim up to `wanted` jobs: one transaction.

        died: jobs whose worker ended while they ran; they wait behind the others.
        """
        owner = self._owner.id
        with self._transaction() as to:
            for answer in answers:
                keep(to, self._owner.id, answer)
            held = "owner=NULL, state=0 WHERE key=? AND owner=? AND state=1"
            to.executemany(f"UPDATE jobs SET attempts=attempts-1, {held}", [(key, owner) for key in returned])
            to.executemany(f"UPDATE jobs SET deaths=deaths+1, rank=number+{LAST}, {held}", [(k, owner) for k in died])
            to.execute("UPDATE owners SET beat=? WHERE id=?", (time.time(), owner))
            return self._claim(to, wanted) if wanted else []

    def _claim(self, to: sqlite3.Connection, wanted: int) -> list[Claim]:
        query = """SELECT j.number, j.key, j.setting, j.deaths, i.sha256, i.source, i.format, i.data
                   FROM jobs j INDEXED BY jobs_waiting JOIN mine m ON m.number = j.number
                   JOIN instances i ON i.sha256 = j.instance WHERE j.state = 0 ORDER BY j.rank LIMIT ?"""
        claims: list[Claim] = []
        numbers: list[int] = []
        size = 0
        for row in to.execute(query, (wanted,)):
            claims.append(Claim(row["key"], Setting.parse(row["setting"]), *(row[name] for name in row.keys()[3:])))
            numbers.append(row["number"])
            size += len(row["data"])
            if size > LARGEST_CLAIM:
                break
        owner = self._owner.id
        taken = "UPDATE jobs SET state=1, owner=?, attempts=attempts+1 WHERE number=?"
        to.executemany(taken, [(owner, number) for number in numbers])
        return claims

    def reclaim(self) -> int:
        """Free the jobs whose batch is gone; return how many. Looks once a second at most."""
        now = time.monotonic()
        if now < self._next_reclaim:
            return 0
        self._next_reclaim = now + BETWEEN_RECLAIMS
        with self._telling():
            query = "SELECT * FROM owners WHERE id IN (SELECT DISTINCT owner FROM jobs WHERE state=1) AND id <> ?"
            rows = [dict(row) for row in self._connection.execute(query, (self._owner.id,))]
            lost = "SELECT 1 FROM jobs WHERE state=1 AND owner NOT IN (SELECT id FROM owners) LIMIT 1"
            stray = self._connection.execute(lost).fetchone() is not None
        dead = [row["id"] for row in rows if not self._lives(row)]
        if not dead and not stray:
            return 0
        with self._transaction() as to:
            to.executemany("DELETE FROM owners WHERE id=?", [(id,) for id in dead])
            free = "UPDATE jobs SET state=0, owner=NULL WHERE state=1 AND owner NOT IN (SELECT id FROM owners)"
            return int(to.execute(free).rowcount)

    def _lives(self, row: dict[str, Any]) -> bool:
        """Tell whether a batch lives; the silence of one that cannot be seen is timed by the own clock."""
        beat = row.pop("beat")
        owner = Owner(**row)
        seen, since = self._beats.get(owner.id, (None, 0.0))
        if seen != beat:
            since = time.monotonic()
            self._beats[owner.id] = (beat, since)
        return alive(owner, time.monotonic() - since)

    def leave(self, ending: str) -> None:
        """Note how the run ended, give back what it holds, and let go of the file."""
        owner = self._owner.id
        try:
            with self._transaction() as to:
                to.execute("UPDATE jobs SET state=0, owner=NULL WHERE state=1 AND owner=?", (owner,))
                to.execute("UPDATE runs SET ended=?, ending=? WHERE id=?", (now(), ending, owner))
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


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Return what tells a file from every other, None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
