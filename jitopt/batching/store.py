"""The store of a batch, for reading: a row per job, every result whole, and the manifest of every run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import zlib
from typing import TYPE_CHECKING, Any, Self

from jitopt.batching.jobs import Setting
from jitopt.batching.schema import connect, telling
from jitopt.errors import InputError
from jitopt.frames import to_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance

__all__ = ["COLUMNS", "Store", "variants"]

COLUMNS = (
    "key", "problem", "family", "instance", "source", "instance_sha256", "method", "start", "variant", "seed",
    "threads", "time_limit", "gap_limit", "deterministic", "work_limit", "status", "stopped_by", "objective", "bound",
    "gap", "proof", "seconds", "start_seconds", "first_plan", "message", "known_lower", "known_upper", "sense",
    "attempts", "run",
)  # fmt: skip
"""Columns of `Store.columns`, in this order; docs/batch.md says what each means."""

ROWS = """
SELECT j.key, j.setting, j.attempts, j.state, i.problem, i.family, coalesce(i.name, i.stem) AS instance, i.source,
       i.sha256 AS instance_sha256, i.size, i.known_lower, i.known_upper, r.status, r.stopped_by, r.objective, r.bound,
       r.gap, r.proof, r.seconds, r.start_seconds, r.first_plan, r.message, r.run{more}
FROM jobs j JOIN instances i ON i.sha256 = j.instance LEFT JOIN results r ON r.key = j.key ORDER BY j.number
"""

TOLD = {"time_limit": "limit {:g} s", "gap_limit": "gap {:g}", "threads": "{} threads", "work_limit": "work {:g}"}
"""How a setting is told in a variant's name, where it differs within the store."""


class Store:
    """Results of batches: `Store.open(path)`. Reading only; safe from several threads."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: str = os.fspath(path)
        self._connection = connect(path, write=False)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open a store to read.

        Raises
        ------
        InputError
            If there is none, or the file is no store.
        JitoptError
            If it is damaged.
        """
        return cls(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._ask("SELECT count(*) FROM jobs")[0][0])

    def columns(self, trajectories: bool = False) -> dict[str, list[Any]]:
        """Return the table of jobs, a list per column; with trajectories as one more column."""
        names = (*COLUMNS, "trajectory") if trajectories else COLUMNS
        table: dict[str, list[Any]] = {name: [] for name in names}
        for row in self._rows(trajectories):
            for name in names:
                table[name].append(row[name])
        table["variant"] = variants(table)
        return table

    def to_frame(self, like: object = None) -> Any:
        """Return the table of jobs as a data frame; like: a frame or the name of a library."""
        return to_frame(self.columns(), like)

    def _rows(self, trajectories: bool) -> Iterator[dict[str, Any]]:
        for row in self._ask(ROWS.format(more=", r.result" if trajectories else "")):
            found = dict(row)
            setting = Setting.parse(found.pop("setting"))
            found["gap_limit"] = setting.gap
            found["sense"] = -1 if "maximised" in json.loads(found.pop("size") or "{}") else 1
            for name in ("method", "start", "seed", "threads", "time_limit", "deterministic", "work_limit"):
                found[name] = getattr(setting, name)
            if found["status"] is None:
                found["status"] = "waiting"
            if trajectories:
                result = _unpacked(found.pop("result"))
                found["trajectory"] = [tuple(moment) for moment in result["trajectory"]] if result else []
            found["variant"] = ""
            yield found

    def result(self, key: str) -> Result[Any] | None:
        """Return the whole result of a job, None where it has none (waiting, refused or failed).

        Raises
        ------
        InputError
            If there is no job of this key.
        """
        from jitopt.engine.result import Result

        rows = self._ask("SELECT r.result FROM jobs j LEFT JOIN results r ON r.key = j.key WHERE j.key = ?", key)
        if not rows:
            raise InputError("there is no such job in the store", value=key, source=self.path, remedy="see `columns`")
        data = _unpacked(rows[0][0])
        return Result.from_dict(data, self.instance(key).plan_type) if data is not None else None

    def results(self) -> Iterator[tuple[str, Result[Any]]]:
        """Return the jobs that have a result, one after the other: key and result."""
        for row in self._ask("SELECT key FROM results WHERE result IS NOT NULL ORDER BY key"):
            found = self.result(row[0])
            if found is not None:
                yield row[0], found

    def instance(self, key: str) -> Instance[Any]:
        """Return the instance of a job, as it was when the batch was set up."""
        from jitopt.batching.work import read_instance

        query = "SELECT i.data, i.source, i.format FROM jobs j JOIN instances i ON i.sha256 = j.instance WHERE j.key=?"
        rows = self._ask(query, key)
        if not rows:
            raise InputError("there is no such job in the store", value=key, source=self.path, remedy="see `columns`")
        return read_instance(zlib.decompress(rows[0][0]), rows[0][1], rows[0][2])

    def runs(self) -> list[dict[str, Any]]:
        """Return every run: id, when it started and ended, how, the files it passed over, and its manifest."""
        query = "SELECT id, started, ended, ending, manifest, passed_over FROM runs ORDER BY started, rowid"
        found = []
        for row in self._ask(query):
            passed = json.loads(row["passed_over"]) if row["passed_over"] else []
            found.append({**dict(row), "manifest": json.loads(row["manifest"]), "passed_over": passed})
        return found

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each status."""
        query = """SELECT coalesce(r.status, 'waiting') AS status, count(*) FROM jobs j LEFT JOIN results r
                   ON r.key = j.key GROUP BY 1 ORDER BY 1"""
        return {row[0]: row[1] for row in self._ask(query)}

    def summary(self) -> list[dict[str, Any]]:
        """Return for each problem and method: jobs by status, and the sum of their seconds."""
        query = """SELECT i.problem, j.method, coalesce(r.status, 'waiting') AS status, count(*) AS jobs,
                          coalesce(sum(r.seconds), 0) AS seconds
                   FROM jobs j JOIN instances i ON i.sha256 = j.instance LEFT JOIN results r ON r.key = j.key
                   GROUP BY 1, 2, 3 ORDER BY i.problem IS NULL, 1, 2"""
        found: dict[tuple[Any, Any], dict[str, Any]] = {}
        for problem, method, status, jobs, seconds in self._ask(query):
            row = {"problem": problem, "method": method, "counts": {}, "seconds": 0.0}
            row = found.setdefault((problem, method), row)
            row["counts"][status] = jobs
            row["seconds"] = round(row["seconds"] + seconds, 3)
        return list(found.values())

    def objective_hash(self) -> str:
        """Return a hash of what was found: key, status and objective of every job, to compare two runs."""
        found = hashlib.sha256()
        query = (
            """SELECT j.key, r.status, r.objective FROM jobs j LEFT JOIN results r ON r.key = j.key ORDER BY j.key"""
        )
        for key, status, objective in self._ask(query):
            found.update(f"{key} {status} {objective!r}\n".encode())
        return found.hexdigest()

    def _ask(self, query: str, *values: Any) -> list[Any]:
        import sqlite3

        with telling(self.path), self._lock, contextlib.closing(self._connection.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            return cursor.execute(query, values).fetchall()


def _unpacked(blob: bytes | None) -> dict[str, Any] | None:
    return None if blob is None else dict(json.loads(zlib.decompress(blob)))


def variants(table: dict[str, list[Any]]) -> list[str]:
    """Return what each row is a variant of: method and start, and the settings in which the rows differ."""
    differing = [name for name in TOLD if len(set(table[name])) > 1]
    found = []
    for row, method in enumerate(table["method"]):
        parts = [method]
        if table["start"][row] != "none":
            parts.append(f"start {table['start'][row]}")
        parts += [TOLD[name].format(table[name][row]) for name in differing if table[name][row] is not None]
        if len(set(table["deterministic"])) > 1 and table["deterministic"][row]:
            parts.append("deterministic")
        found.append(" + ".join(parts))
    return found
