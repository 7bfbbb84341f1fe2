"""A batch from its sources to its last answer: read, hand out, commit, wait for others, end."""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jitopt.batching.desk import Claim, Desk, Incoming
from jitopt.batching.jobs import Setting, content_hash, unreachable
from jitopt.batching.pool import Answer, Event, Lost, Pool, Returned
from jitopt.batching.sources import Source, is_instance
from jitopt.batching.work import as_text
from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["BatchProgress", "Order", "Run"]

GROUP_SECONDS = 0.5
"""What a group of tasks may take, and how long an answer may wait until it is committed."""

LARGEST_GROUP = 64
LARGEST_BYTES = 4 << 20

SCAN_LIMIT = 120.0
"""Seconds reading an instance may take."""

MOST_DEATHS = 3
MOST_KILLS = 10
"""A job that was running when its worker died is told failed after so many times: by itself, by SIGKILL.

SIGKILL comes from outside: from a person, or from a machine that is out of memory.
"""

WAIT_FOR_OTHERS = 1.0
"""Seconds between two looks at jobs that another batch holds."""


@dataclass(frozen=True)
class BatchProgress:
    """Where a batch stands. counts: jobs by status. left: seconds to go (None: unknown), at_most: by the limits."""

    done: int
    total: int
    counts: dict[str, int]
    seconds: float
    left: float | None
    at_most: float


@dataclass(frozen=True)
class Order:
    """A source and how it is to be solved."""

    source: Source
    settings: tuple[Setting, ...]


@dataclass
class _Pace:
    """How long the jobs of a method take: of the recent ones most."""

    mean: float = 0.0
    count: int = 0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.mean += (seconds - self.mean) / min(self.count, 20)


@dataclass
class _Scan:
    """An instance that is being read."""

    incoming: Incoming
    settings: tuple[Setting, ...]
    deaths: int = 0


@dataclass
class Run:
    """One batch on one desk and one pool."""

    desk: Desk
    pool: Pool
    memory: float | None
    """What a job may hold unless its setting says [MB]; None: the machine that runs it decides."""
    tell: Callable[[BatchProgress], None] | None = None
    skipped: list[str] = field(default_factory=list)
    """Files of a folder that are no instances."""

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._pace: dict[str, _Pace] = defaultdict(_Pace)
        self._claims: dict[str, Claim] = {}
        self._scans: dict[str, _Scan] = {}

    # Reading the instances.

    def put(self, orders: Iterable[Order]) -> None:
        """Read every source in the workers and put its jobs down."""
        incoming = self._incoming(orders)
        more = True
        backlog: list[_Scan] = []
        read: list[tuple[Incoming, tuple[Setting, ...]]] = []
        committed = time.monotonic()
        while more or backlog or self._scans:
            while more and len(backlog) < LARGEST_GROUP and self.pool.room():
                scan = next(incoming, None)
                if scan is None:
                    more = False
                else:
                    backlog.append(scan)
            while backlog and self.pool.room():
                group = _fitting(backlog, lambda scan: len(scan.incoming.data))
                self._scans |= {scan.incoming.sha256: scan for scan in group}
                self.pool.submit([_scan_task(scan.incoming) for scan in group])
            for event in self.pool.poll(0.1):
                self._heard_scan(event, read, backlog)
            if read and (time.monotonic() - committed > GROUP_SECONDS or not (more or backlog or self._scans)):
                self._put_down(read)
                read, committed = [], time.monotonic()
        if read:
            self._put_down(read)

    def _incoming(self, orders: Iterable[Order]) -> Iterator[_Scan]:
        """Return the instances that have to be read; put down at once what is known, or cannot be fetched."""
        seen: set[str] = set()
        for order in orders:
            source = order.source
            try:
                data = source.fetch()
            except InputError as error:
                hash = unreachable(source.label, source.format)
                found = Incoming(hash, source.label, source.stem, source.format, source.family, b"", refused=str(error))
                self.desk.put([found], [], order.settings)
                continue
            if source.found and not is_instance(source, data):
                self.skipped.append(source.label)
                continue
            hash = content_hash(data, source.format)
            if self.desk.known(hash):
                self.desk.put([], [hash], order.settings)
            elif hash not in seen:
                seen.add(hash)
                packed = zlib.compress(data, 6)
                yield _Scan(
                    Incoming(hash, source.label, source.stem, source.format, source.family, packed), order.settings
                )

    def _heard_scan(self, event: Event, read: list[tuple[Incoming, tuple[Setting, ...]]], backlog: list[_Scan]) -> None:
        if isinstance(event, Returned):
            backlog += [self._scans.pop(id) for id in event.ids if id in self._scans]
            return
        id = event.answer["id"] if isinstance(event, Answer) else event.id
        scan = self._scans.pop(id, None)
        if scan is None:
            return
        if isinstance(event, Lost):
            scan.deaths += 1
            if event.final or scan.deaths >= _most(event):
                told = f"{scan.incoming.source}: reading it did not end well: {event.why}."
                read.append((replace(scan.incoming, refused=told), scan.settings))
            else:
                backlog.append(scan)
            return
        answer = event.answer
        if answer["status"] == "read":
            names = ("problem", "name", "size", "known_lower", "known_upper")
            found = replace(scan.incoming, **{name: answer[name] for name in names})
        else:
            found = replace(scan.incoming, refused=answer["message"])
        read.append((found, scan.settings))

    def _put_down(self, read: Sequence[tuple[Incoming, tuple[Setting, ...]]]) -> None:
        groups: dict[tuple[int, ...], tuple[tuple[Setting, ...], list[Incoming]]] = {}
        for incoming, settings in read:
            groups.setdefault((id(settings),), (settings, []))[1].append(incoming)
        for settings, instances in groups.values():
            self.desk.put(instances, [], settings)

    # Solving.

    def solve(self) -> None:
        """Work until every job of this batch is done, by this batch or by another one."""
        answers: list[dict[str, Any]] = []
        returned: list[str] = []
        died: list[str] = []
        committed = looked = 0.0
        ready: list[Claim] = []
        self.desk.reclaim()
        while True:
            now = time.monotonic()
            wanted = self._wanted(len(ready))
            due = now - committed >= GROUP_SECONDS or (wanted and not self._claims)
            if due and (answers or returned or died or wanted):
                ready += self.desk.exchange(answers, returned, died, wanted)
                answers, returned, died, committed = [], [], [], time.monotonic()
                self._report()
            self._hand_out(ready)
            if not (self._claims or ready or answers or returned or died):
                if self._ended():
                    return
                if now - looked >= WAIT_FOR_OTHERS:
                    looked = now
                    self.desk.reclaim()
                time.sleep(0.05)
                continue
            for event in self.pool.poll(0.1 if self._claims else 0.0):
                self._heard(event, answers, returned, died)

    def _wanted(self, ready: int) -> int:
        """Return how many jobs to claim now, so that the workers are busy until the next commit."""
        pace = max((pace.mean for pace in self._pace.values() if pace.count), default=GROUP_SECONDS)
        groups = self.pool.room()
        return max(0, groups * _group_size(pace) - ready)

    def _hand_out(self, ready: list[Claim]) -> None:
        while ready and self.pool.room():
            pace = self._pace[ready[0].setting.method]
            most = 1 if ready[0].deaths else _group_size(pace.mean) if pace.count else 1
            group = _fitting(ready, lambda claim: len(claim.data), most)
            self._claims |= {claim.key: claim for claim in group}
            self.pool.submit([self._solve_task(claim) for claim in group])

    def _solve_task(self, claim: Claim) -> dict[str, Any]:
        memory = claim.setting.memory_limit or self.memory
        return {
            "id": claim.key,
            "kind": "solve",
            "source": claim.source,
            "format": claim.format,
            "sha256": claim.sha256,
            "data": as_text(claim.data),
            "setting": claim.setting.text,
            "memory": memory,
            "limit": claim.setting.time_limit * 1.05 + 1.0,
        }

    def _heard(self, event: Event, answers: list[dict[str, Any]], returned: list[str], died: list[str]) -> None:
        if isinstance(event, Returned):
            for id in event.ids:
                if self._claims.pop(id, None) is not None:
                    returned.append(id)
            return
        id = event.answer["id"] if isinstance(event, Answer) else event.id
        claim = self._claims.pop(id, None)
        if claim is None:
            return
        if isinstance(event, Lost):
            if event.final or claim.deaths + 1 >= _most(event):
                again = "" if event.final else f", {claim.deaths + 1} times"
                told = {"status": "failed", "stopped_by": event.stopped_by, "message": f"{event.why}{again}"}
                answers.append({"id": id, **told})
            else:
                died.append(id)
        elif event.answer["status"] == "interrupted":
            returned.append(id)
        else:
            answers.append(event.answer)
            self._pace[claim.setting.method].add(event.answer["seconds"])

    def _ended(self) -> bool:
        counts = self.desk.counts()
        return not counts.get("waiting") and not counts.get("leased")

    def _report(self) -> None:
        if self.tell is None:
            return
        self.tell(self.progress())

    def progress(self) -> BatchProgress:
        """Return where the batch stands."""
        counts = self.desk.counts()
        open_jobs = self.desk.waiting()
        total = sum(counts.values())
        left, known = 0.0, True
        at_most = 0.0
        for method, (count, limits) in open_jobs.items():
            pace = self._pace.get(method)
            known = known and pace is not None and pace.count > 0
            left += count * pace.mean if pace else 0.0
            at_most += limits
        return BatchProgress(
            done=total - sum(count for count, _limits in open_jobs.values()),
            total=total,
            counts=counts,
            seconds=time.monotonic() - self._began,
            left=left / self.pool.workers if known else None,
            at_most=at_most / self.pool.workers,
        )


def _most(event: Lost) -> int:
    return MOST_KILLS if event.killed else MOST_DEATHS


def _group_size(mean: float) -> int:
    return max(1, min(LARGEST_GROUP, int(GROUP_SECONDS / max(mean, 1e-6))))


def _fitting(waiting: list[Any], weight: Callable[[Any], int], most: int = LARGEST_GROUP) -> list[Any]:
    """Take from the front what makes a group: not too many, not too large together."""
    group: list[Any] = []
    size = 0
    while waiting and len(group) < most and (not group or size + weight(waiting[0]) <= LARGEST_BYTES):
        size += weight(waiting[0])
        group.append(waiting.pop(0))
    return group


def _scan_task(incoming: Incoming) -> dict[str, Any]:
    return {
        "id": incoming.sha256,
        "kind": "scan",
        "source": incoming.source,
        "format": incoming.format,
        "sha256": incoming.sha256,
        "data": as_text(incoming.data),
        "limit": SCAN_LIMIT,
    }
