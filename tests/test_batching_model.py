"""Two batches on one store, at random, against a plain model: no job lost, none held twice, none answered twice."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _batches import answer, desk, incoming, vanish
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jitopt import Store
from jitopt.batching.jobs import Setting

SETTINGS = (Setting(), Setting(seed=1))
if TYPE_CHECKING:
    from jitopt.batching.desk import Desk

MEMORY = Path("/dev/shm")
SIDES = st.sampled_from((0, 1))
STATUSES = st.sampled_from(("optimal", "no_plan", "failed"))


class Batches(RuleBasedStateMachine):
    """The model: which jobs there are, who holds which, what each was answered first."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where that is possible: what is synced is not what is tested here.
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.path = Path(self.folder.name) / "results.sqlite"
        self.desks: list[Desk] = [desk(self.path), desk(self.path)]
        self.mine: list[set[str]] = [set(), set()]
        self.held: dict[str, int] = {}
        self.stale: list[str] = []
        self.done: dict[str, tuple[str, float]] = {}
        self.counter = 0.0

    def teardown(self) -> None:
        for one in self.desks:
            one.leave("done")
        self.folder.cleanup()

    @property
    def all(self) -> set[str]:
        return self.mine[0] | self.mine[1]

    @rule(side=SIDES, names=st.sets(st.sampled_from("abcdef"), min_size=1))
    def put(self, side: int, names: set[str]) -> None:
        self.desks[side].put([(incoming(name), SETTINGS) for name in sorted(names)])
        found = self.desks[side]._connection.execute("SELECT key FROM jobs JOIN mine USING (number)")
        self.mine[side] = {row["key"] for row in found}

    @rule(side=SIDES, wanted=st.integers(1, 5))
    def claim(self, side: int, wanted: int) -> None:
        free = self.mine[side] - set(self.held) - set(self.done)
        claims = [claim.key for claim in self.desks[side].exchange([], [], [], wanted)]
        assert len(claims) == len(set(claims)) == min(wanted, len(free))
        assert set(claims) <= free
        self.held |= dict.fromkeys(claims, side)

    @rule(side=SIDES, data=st.data(), status=STATUSES, times=st.integers(1, 2))
    def tell(self, side: int, data: st.DataObject, status: str, times: int) -> None:
        """Answer a job that is held, or once was: a late answer counts if it is the first."""
        held = sorted(key for key, holder in self.held.items() if holder == side)
        options = held + [key for key in self.stale if key in self.mine[side]]
        if not options:
            return
        key = data.draw(st.sampled_from(options))
        self.counter += 1
        self.desks[side].exchange([answer(key, self.counter, status)] * times, [], [], 0)
        self.done.setdefault(key, (status, self.counter))
        self.held.pop(key, None)

    @rule(side=SIDES, data=st.data(), died=st.booleans())
    def give_back(self, side: int, data: st.DataObject, died: bool) -> None:
        """What a batch gives back is free, if it is its own; of others' jobs, or done ones, nothing changes."""
        if not self.mine[side]:
            return
        key = data.draw(st.sampled_from(sorted(self.mine[side])))
        self.desks[side].exchange([], [] if died else [key], [key] if died else [], 0)
        if self.held.get(key) == side:
            del self.held[key]

    @rule(side=SIDES, killed=st.booleans())
    def end(self, side: int, killed: bool) -> None:
        """A batch ends, killed or in order; a new one takes its place and resumes."""
        gone = self.desks[side]
        lost = [key for key, holder in self.held.items() if holder == side]
        if killed:
            vanish(gone)
        else:
            gone.leave("interrupted")
        self.stale += lost
        new = desk(self.path)
        new._next_reclaim = 0.0
        assert new.reclaim() == (len(lost) if killed else 0)
        for key in lost:
            del self.held[key]
        new.take_all()
        self.desks[side], self.mine[side] = new, set(self.all)

    @precondition(lambda self: self.done)
    @rule(side=SIDES)
    def retry(self, side: int) -> None:
        self.desks[side].retry()
        for key in [key for key in self.done if key in self.mine[side] and self.done[key][0] == "failed"]:
            del self.done[key]

    @rule(side=SIDES)
    def reclaim(self, side: int) -> None:
        self.desks[side]._next_reclaim = 0.0
        assert self.desks[side].reclaim() == 0, "the other batch lives"

    @invariant()
    def the_store_is_the_model(self) -> None:
        with Store.open(self.path) as store:
            table: dict[str, list[Any]] = store.columns()
        assert len(table["key"]) == len(set(table["key"])) == len(self.all)
        found = dict(zip(table["key"], zip(table["status"], table["objective"], strict=True), strict=True))
        assert found == {key: self.done.get(key, ("waiting", None)) for key in self.all}
        for side, one in enumerate(self.desks):
            counts = one.counts()
            assert counts.get("leased", 0) == len(self.mine[side] & set(self.held))
            assert one.open() == bool(self.mine[side] - set(self.done))


TestBatches = pytest.mark.timeout(120)(Batches.TestCase)
TestBatches.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
