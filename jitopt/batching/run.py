"""The second half of a batch: jobs are claimed, handed out, answered and committed, until none is left."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.batching.pace import GROUP_SECONDS, Pace, fitting, group_size, makespan, most_deaths
from jitopt.batching.pool import Answer, Event, Lost, Pool, Returned
from jitopt.batching.work import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.batching.desk import Claim, Desk

__all__ = ["BatchProgress", "Run"]

WAIT_FOR_OTHERS = 1.0
"""Seconds between two looks at jobs that another batch holds."""

HEARTBEAT = 20.0
"""Seconds after which the store is told that the batch lives, even if there is nothing else to tell."""

TELLING = 0.02
"""Share of the time that counting the jobs for a progress report may take."""


@dataclass(frozen=True)
class BatchProgress:
    """Where a batch stands.

    done, total: its jobs. counts: its jobs by status, "waiting" and "leased" (handed out) among
    them. seconds: since it began. left: seconds it is likely to go on, by the recent pace of each
    method; None while a method has no pace yet. at_most: seconds by the time limits.
    """

    done: int
    total: int
    counts: dict[str, int]
    seconds: float
    left: float | None
    at_most: float


class Run:
    """One batch on one desk and one pool. memory: of a job that sets no limit [MB]; None: its machine decides."""

    def __init__(
        self, desk: Desk, pool: Pool, memory: float | None, tell: Callable[[BatchProgress], None] | None = None
    ) -> None:
        self._desk = desk
        self._pool = pool
        self._memory = memory
        self._tell = tell
        self._began = time.monotonic()
        self._next_report = self._began
        self._pace: dict[str, Pace] = defaultdict(Pace)
        self._claims: dict[str, Claim] = {}
        self._ready: list[Claim] = []
        self._answers: list[dict[str, Any]] = []
        self._returned: list[str] = []
        self._died: list[str] = []
        self._committed = -HEARTBEAT
        self._dry_until = 0.0

    def solve(self) -> None:
        """Work until every job of this batch is done, by this batch or by another one.

        Raises
        ------
        JitoptError
            If the store can no longer be written, or no worker can be started.
        """
        self._desk.reclaim()
        while True:
            self._exchange()
            self._hand_out()
            if self._claims:
                for event in self._pool.poll(0.1):
                    self._hear(event)
            elif not (self._ready or self._answers or self._returned or self._died):
                if not self._desk.open():
                    break
                # What is left is in the hands of another batch.
                time.sleep(0.1)
                self._desk.reclaim()
        self.report(now=True)

    def _exchange(self) -> None:
        """Commit and claim: twice a second, or at once when a worker has nothing to do."""
        now = time.monotonic()
        since = now - self._committed
        wanted = self._wanted() if now >= self._dry_until else 0
        told = self._answers or self._returned or self._died
        idle = len(self._claims) + len(self._ready) < self._pool.workers
        due = (wanted and idle) or ((told or wanted) and since >= GROUP_SECONDS) or (told and not self._claims)
        if not due and since < HEARTBEAT:
            return
        claimed = self._desk.exchange(self._answers, self._returned, self._died, wanted)
        self._answers, self._returned, self._died = [], [], []
        self._ready += claimed
        self._committed = time.monotonic()
        if wanted and not claimed:
            self._dry_until = self._committed + WAIT_FOR_OTHERS
        self.report()

    def save(self) -> None:
        """Commit the answers in hand."""
        if self._answers:
            self._desk.exchange(self._answers, [], [], 0)
            self._answers = []

    def _wanted(self) -> int:
        """Return how many jobs to claim now, so that the workers are busy until the next commit."""
        known = [pace for pace in self._pace.values() if pace.count]
        slowest = max(known, key=lambda pace: pace.mean, default=Pace())
        return max(0, self._pool.room() * group_size(slowest) - len(self._ready))

    def _hand_out(self) -> None:
        while self._ready and self._pool.room():
            pace = self._pace[self._ready[0].setting.method]
            most = 1 if self._ready[0].deaths else group_size(pace)
            group = fitting(self._ready, lambda claim: len(claim.data), most)
            self._claims |= {claim.key: claim for claim in group}
            self._pool.submit([self._task(claim) for claim in group])

    def _task(self, claim: Claim) -> dict[str, Any]:
        return {
            "id": claim.key,
            "kind": "solve",
            "source": claim.source,
            "format": claim.format,
            "sha256": claim.sha256,
            "data": as_text(claim.data),
            "setting": claim.setting.text,
            "memory": claim.setting.memory_limit or self._memory,
            "limit": claim.setting.time_limit * 1.05 + 1.0,
            "expected": self._pace[claim.setting.method].expected,
        }

    def _hear(self, event: Event) -> None:
        if isinstance(event, Returned):
            self._returned += [id for id in event.ids if self._claims.pop(id, None) is not None]
            return
        id = event.answer["id"] if isinstance(event, Answer) else event.id
        claim = self._claims.pop(id, None)
        if claim is None:
            return
        if isinstance(event, Lost):
            self._lost(claim, event)
        elif event.answer["status"] == "interrupted":
            self._returned.append(id)
        elif event.answer.get("killed") and claim.deaths + 1 < most_deaths(killed=True):
            self._died.append(id)
        else:
            self._answers.append(event.answer)
            self._pace[claim.setting.method].add(event.answer["seconds"])

    def _lost(self, claim: Claim, event: Lost) -> None:
        deaths = claim.deaths + 1
        if not event.final and deaths < most_deaths(event.killed):
            self._died.append(claim.key)
            return
        again = "" if event.final else f", {deaths} times"
        told = {"status": "failed", "stopped_by": event.stopped_by, "message": f"{event.why}{again}"}
        self._answers.append({"id": claim.key, **told})

    def report(self, now: bool = False) -> None:
        """Tell where the batch stands: twice a second, less often where counting takes long."""
        if self._tell is None or (not now and time.monotonic() < self._next_report):
            return
        began = time.monotonic()
        progress = self.progress()
        ended = time.monotonic()
        self._next_report = ended + max(GROUP_SECONDS, (ended - began) / TELLING)
        self._tell(progress)

    def progress(self) -> BatchProgress:
        """Return where the batch stands."""
        counts = self._desk.counts()
        open_jobs = self._desk.waiting()
        total = sum(counts.values())
        paces = {method: self._pace[method] for method in open_jobs}
        likely = sum(count * paces[method].mean for method, (count, _limits, _limit) in open_jobs.items())
        longest = max((pace.mean for pace in paces.values()), default=0.0)
        limits = sum(limits for _count, limits, _limit in open_jobs.values())
        limit = max((limit for _count, _limits, limit in open_jobs.values()), default=0.0)
        workers = self._pool.workers
        return BatchProgress(
            done=total - sum(count for count, _limits, _limit in open_jobs.values()),
            total=total,
            counts=counts,
            seconds=time.monotonic() - self._began,
            left=makespan(likely, longest, workers) if all(pace.count for pace in paces.values()) else None,
            at_most=makespan(limits, limit, workers),
        )
