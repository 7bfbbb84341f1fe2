"""The first half of a batch: sources are fetched here, read by the workers, and put down as jobs."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import content_hash, unreachable
from jitopt.batching.pace import GROUP_SECONDS, Pace, fitting, group_size, most_deaths
from jitopt.batching.pool import Answer, Event, Lost, Pool, Returned
from jitopt.batching.rows import Incoming
from jitopt.batching.sources import Source, is_instance
from jitopt.batching.work import as_text
from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jitopt.batching.desk import Desk
    from jitopt.batching.jobs import Setting

__all__ = ["Order", "Reading"]

SCAN_LIMIT = 120.0
"""Seconds reading an instance may take."""

BACKLOG = 64
"""Instances that may be fetched before a worker has room for them."""


@dataclass(frozen=True)
class Order:
    """A source and how it is to be solved."""

    source: Source
    settings: tuple[Setting, ...]


@dataclass
class _Scan:
    """An instance that is being read."""

    incoming: Incoming
    settings: tuple[Setting, ...]
    deaths: int = 0


class Reading:
    """Reads sources by a pool, and puts their jobs down at a desk. again: what could not be read is read again."""

    def __init__(self, desk: Desk, pool: Pool, again: bool = False, tell: Callable[[], None] | None = None) -> None:
        self._desk = desk
        self._pool = pool
        self._again = again
        self._tell = tell
        self._pace = Pace()
        self._backlog: list[_Scan] = []
        self._open: dict[str, _Scan] = {}
        self._seen: set[str] = set()
        self._down: list[tuple[Incoming | str, tuple[Setting, ...]]] = []
        self._twice: list[tuple[str, tuple[Setting, ...]]] = []
        self._committed = time.monotonic()
        self.passed_over: list[str] = []
        """Files of a folder that are no instances."""

    def run(self, orders: Iterable[Order]) -> None:
        """Read every source and put its jobs down."""
        scans = self._scans(orders)
        more = True
        while more or self._backlog or self._open:
            while more and len(self._backlog) < BACKLOG and self._pool.room():
                scan = next(scans, None)
                more = scan is not None
                if scan is not None:
                    self._backlog.append(scan)
            self._hand_out()
            wait = 0.1 if self._open and not (more and self._pool.room()) else 0.0
            for event in self._pool.poll(wait):
                self._hear(event)
            self._commit()
        self._down += self._twice
        self._commit(now=True)

    def _scans(self, orders: Iterable[Order]) -> Iterator[_Scan]:
        """Return the instances that have to be read; what is known, or cannot be fetched, is put down as it is."""
        for order in orders:
            source, settings = order.source, order.settings
            try:
                data = source.fetch()
            except InputError as error:
                hash = unreachable(source.label, source.format)
                found = _incoming(source, hash, b"")
                self._down.append((replace(found, fault="failed", why=str(error)), settings))
                self._commit()
                continue
            if source.found and not is_instance(source, data):
                self.passed_over.append(source.label)
                continue
            self._desk.reached(source.label, source.format)
            hash = content_hash(data, source.format)
            if hash in self._seen:
                # The same content under another name, perhaps with other settings: its jobs are put down last.
                self._twice.append((hash, settings))
            elif self._desk.known(hash, self._again):
                self._down.append((hash, settings))
                self._commit()
            else:
                self._seen.add(hash)
                yield _Scan(_incoming(source, hash, zlib.compress(data, 6)), settings)

    def _hand_out(self) -> None:
        while self._backlog and self._pool.room():
            most = 1 if self._backlog[0].deaths else group_size(self._pace)
            group = fitting(self._backlog, lambda scan: len(scan.incoming.data), most)
            self._open |= {scan.incoming.sha256: scan for scan in group}
            self._pool.submit([_task(scan.incoming, self._pace.expected) for scan in group])

    def _hear(self, event: Event) -> None:
        if isinstance(event, Returned):
            self._backlog += [self._open.pop(id) for id in event.ids if id in self._open]
            return
        id = event.answer["id"] if isinstance(event, Answer) else event.id
        scan = self._open.pop(id, None)
        if scan is None:
            return
        if isinstance(event, Answer):
            self._pace.add(event.answer["seconds"])
            self._down.append((_answered(scan.incoming, event.answer), scan.settings))
        elif event.final or scan.deaths + 1 >= most_deaths(event.killed):
            self._down.append((_lost(scan.incoming, event), scan.settings))
        else:
            self._backlog.append(replace(scan, deaths=scan.deaths + 1))

    def _commit(self, now: bool = False) -> None:
        """Put down what was read, if the last time was a while ago."""
        if now or time.monotonic() - self._committed > GROUP_SECONDS:
            if self._down:
                self._desk.put(self._down)
                self._down = []
            self._committed = time.monotonic()
            if self._tell is not None:
                self._tell()


def _incoming(source: Source, sha256: str, data: bytes) -> Incoming:
    return Incoming(sha256, source.label, source.stem, source.format, source.family, data)


def _answered(incoming: Incoming, answer: dict[str, Any]) -> Incoming:
    if answer["status"] != "read":
        return replace(incoming, fault=answer["status"], why=answer["message"])
    names = ("problem", "name", "size", "known_lower", "known_upper")
    return replace(incoming, **{name: answer[name] for name in names})


def _lost(incoming: Incoming, event: Lost) -> Incoming:
    return replace(incoming, fault="failed", why=f"{incoming.source}: reading it did not end well: {event.why}.")


def _task(incoming: Incoming, expected: float | None) -> dict[str, Any]:
    return {
        "id": incoming.sha256,
        "kind": "scan",
        "source": incoming.source,
        "format": incoming.format,
        "sha256": incoming.sha256,
        "data": as_text(incoming.data),
        "limit": SCAN_LIMIT,
        "expected": expected,
    }
