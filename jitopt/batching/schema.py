"""The file behind a store: tables, pragmas, and every fault of the file told in one clear message."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["connect", "telling"]

APPLICATION = 0x4A495442
"""Marks the file as a store of jitopt (SQLite's application_id)."""

VERSION = 1
"""Of the tables below; older ones are brought up to date, newer ones refused."""

PATIENCE = 60.0
"""Seconds to wait for another batch that is writing."""

BETWEEN = 0.02
"""Seconds between two tries to open a store."""

TABLES = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, started TEXT NOT NULL, ended TEXT, ending TEXT, manifest TEXT NOT NULL,
    listed INTEGER, passed_over TEXT
);
CREATE TABLE owners (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, boot TEXT NOT NULL, space TEXT NOT NULL,
    pid INTEGER NOT NULL, born TEXT NOT NULL, beat REAL NOT NULL
);
CREATE TABLE instances (
    sha256 TEXT PRIMARY KEY, source TEXT NOT NULL, stem TEXT NOT NULL, format TEXT, family TEXT NOT NULL,
    problem TEXT, name TEXT, size TEXT, known_lower REAL, known_upper REAL, fault TEXT, why TEXT,
    data BLOB NOT NULL
);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, instance TEXT NOT NULL REFERENCES instances (sha256),
    method TEXT NOT NULL, time_limit REAL NOT NULL, setting TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL, owner TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_waiting ON jobs (state, rank);
CREATE INDEX jobs_of_instance ON jobs (instance);
CREATE TABLE results (
    key TEXT PRIMARY KEY REFERENCES jobs (key), run TEXT NOT NULL REFERENCES runs (id), ended TEXT NOT NULL,
    status TEXT NOT NULL, stopped_by TEXT, objective REAL, bound REAL, gap REAL, proof TEXT,
    seconds REAL, start_seconds REAL, first_plan REAL, message TEXT, result BLOB
);
"""


def connect(path: str | os.PathLike[str], *, write: bool) -> sqlite3.Connection:
    """Open the store at `path`; with `write`, make it where there is none.

    Raises
    ------
    InputError
        If the path cannot be used, or the file is no store of this version.
    JitoptError
        If the file is damaged.
    """
    file = Path(path)
    _check_path(file, write)
    until = time.monotonic() + PATIENCE
    with telling(file):
        while True:
            connection = _open(file, write)
            try:
                _prepare(connection, file, write)
            except sqlite3.OperationalError as error:
                connection.close()
                # Where another batch changes how the file is written just now, SQLite does not wait by itself.
                if not _is_busy(str(error)) or time.monotonic() > until:
                    raise
                time.sleep(BETWEEN)
            except BaseException:
                connection.close()
                raise
            else:
                return connection


def _check_path(file: Path, write: bool) -> None:
    label = os.fspath(file)
    if file.is_dir():
        raise InputError("the store is a folder", source=label, remedy="name a file, for instance results.sqlite")
    if not file.exists() and not write:
        raise InputError("there is no such store", source=label, remedy="check the path, or run `jitopt batch` first")
    if not write:
        return
    folder = file.absolute().parent
    if not folder.is_dir():
        raise InputError("the folder of the store does not exist", source=label, remedy=f"make the folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK) or (file.exists() and not os.access(file, os.W_OK)):
        raise InputError("the store may not be written", source=label, remedy="check the permissions, or name another")


def _open(file: Path, write: bool) -> sqlite3.Connection:
    address = "file:" + quote(os.fspath(file.absolute()))
    if write:
        mode = "rwc"
    else:
        # A store in a folder that may not be written to is read as it stands: nobody can change it.
        frozen = not os.access(file.absolute().parent, os.W_OK) and not Path(f"{file}-wal").exists()
        mode = "ro&immutable=1" if frozen else "ro"
    return sqlite3.connect(
        f"{address}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )


def _prepare(connection: sqlite3.Connection, file: Path, write: bool) -> None:
    """Know the file for a store, or make it one; set how it is written."""
    mark, empty = _look(connection)
    if write and mark == 0 and empty:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _make(connection)
        mark, _ = _look(connection)
    if mark != APPLICATION:
        raise InputError("the file is no store of jitopt", source=os.fspath(file), remedy="name another file")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise InputError(
            "the store was written by a newer jitopt",
            value=version,
            source=os.fspath(file),
            remedy=f"upgrade jitopt; this one reads up to version {VERSION}",
        )
    if write:
        # Before the first pragma that writes: a damaged file is left as it is.
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages do not fit together")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")


def _look(connection: sqlite3.Connection) -> tuple[int, bool]:
    """Return the file's mark and whether it is empty, both of one moment: another batch may be making it."""
    connection.execute("BEGIN")
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return int(connection.execute("PRAGMA application_id").fetchone()[0]), tables == 0
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def _make(connection: sqlite3.Connection) -> None:
    """Write the tables in one transaction; a second batch that came first has already done it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            for statement in TABLES.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def telling(file: str | os.PathLike[str]) -> Iterator[None]:
    """Turn SQLite's errors into one message with what to do."""
    label = os.fspath(file)
    try:
        yield
    except sqlite3.OperationalError as error:
        raise JitoptError(f"{label}: {_operational(str(error))}") from None
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error):
            raise InputError("the file is no store of jitopt", source=label, remedy="name another file") from None
        raise JitoptError(
            f"{label}: the store is damaged ({error}). Remedy: restore a copy, or save what can be read with "
            "`sqlite3 STORE .recover`, and name another store for the rest."
        ) from None


def _is_busy(text: str) -> bool:
    return "locked" in text or "busy" in text


def _operational(text: str) -> str:
    if "full" in text:
        told = "the disk is full; what was written before is safe. Remedy: make room, then run again with --resume"
    elif _is_busy(text):
        told = f"another process kept the store locked for {PATIENCE:g} s. Remedy: try again with --resume"
    elif "readonly" in text:
        told = "the store may not be written. Remedy: check the permissions"
    elif "no such table" in text or "no such column" in text:
        told = f"the store is damaged ({text}). Remedy: restore a copy, or name another store"
    else:
        told = f"the store cannot be used ({text}). Remedy: check the disk and the permissions, or name another store"
    return f"{told}."
