"""The store of a batch: what it refuses, what it survives, and that every job is held by one and done once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _batches import LIBRARY, answer, desk, incoming, vanish

from jitopt import InputError, JitoptError, Store, batch
from jitopt.batching import desk as desk_module
from jitopt.batching import owner as owner_module
from jitopt.batching import schema
from jitopt.batching.jobs import Setting, content_hash, unreachable
from jitopt.batching.owner import Owner, alive

TINY = str(LIBRARY / "kanban" / "card_formula_11.json")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.sqlite"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "BETWEEN_RECLAIMS", 0.0)


def keys(claims: list[Any]) -> list[str]:
    return [claim.key for claim in claims]


# What is no store, or one no more.


def test_a_store_survives_its_writer_and_is_one_plain_file(path: Path) -> None:
    one = desk(path, "a")
    one.exchange([answer(key) for key in keys(one.exchange([], [], [], 9))], [], [], 0)
    one.leave("done")
    assert [file.name for file in path.parent.iterdir()] == ["results.sqlite"]
    with Store.open(path) as store:
        assert store.counts() == {"optimal": 1}
        assert [run["ending"] for run in store.runs()] == ["done"]
        assert store.runs()[0]["manifest"] == {"told": "by a test"}


def test_what_is_written_is_synced(path: Path) -> None:
    one = desk(path)
    told = [one._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    one.leave("done")
    assert told == ["wal", 2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name,demand\nA,1\n" * 100, "no store of jitopt"),
        (b"SQLite format 3\0" + os.urandom(4080), "damaged|no store|cannot be used"),
        (b"{}", "no store of jitopt"),
    ],
    ids=["csv", "noise", "json"],
)
def test_garbage_is_refused_and_left_alone(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)
    for attempt in (lambda: Store.open(path), lambda: batch(TINY, store=path, resume=True)):
        with pytest.raises(JitoptError, match=told):
            attempt()
    assert path.read_bytes() == content
    assert len(list(path.parent.iterdir())) == 1


def test_another_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    for attempt in (lambda: Store.open(path), lambda: batch(TINY, store=path)):
        with pytest.raises(InputError, match="no store of jitopt"):
            attempt()
    assert path.read_bytes() == before


def test_a_newer_store_is_refused(path: Path) -> None:
    desk(path, "a").leave("done")
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    other.close()
    for attempt in (lambda: Store.open(path), lambda: batch(TINY, store=path, resume=True)):
        with pytest.raises(InputError, match=r"newer jitopt.*upgrade"):
            attempt()


@pytest.mark.parametrize("table", ["jobs", "instances", "results"])
def test_a_missing_table_is_told(path: Path, table: str) -> None:
    desk(path, "a").leave("done")
    with sqlite3.connect(path) as other:
        other.execute(f"DROP TABLE {table}")
    other.close()
    with Store.open(path) as store, pytest.raises(JitoptError, match=rf"damaged.*{table}.*Remedy"):
        store.columns()
    with pytest.raises(JitoptError, match=r"damaged.*Remedy"):
        batch(TINY, store=path, resume=True)


def test_a_truncated_store_is_told(path: Path) -> None:
    desk(path, *(f"job {number}" for number in range(200))).leave("done")
    os.truncate(path, path.stat().st_size // 2)
    before = path.read_bytes()
    with pytest.raises(JitoptError, match="damaged"):
        batch(TINY, store=path, resume=True)
    with pytest.raises(JitoptError, match="damaged"), Store.open(path) as store:
        store.columns()
    assert path.read_bytes() == before


def test_overwritten_pages_are_told(path: Path) -> None:
    desk(path, *(f"job {number}" for number in range(200))).leave("done")
    content = bytearray(path.read_bytes())
    content[8192:20480] = os.urandom(12288)
    path.write_bytes(content)
    with pytest.raises(JitoptError, match="damaged"):
        batch(TINY, store=path, resume=True)


@pytest.mark.parametrize("damage", ["truncate", "garbage"])
def test_a_damaged_journal_costs_what_was_not_committed(path: Path, damage: str) -> None:
    """Killed in the middle of a write, a batch leaves half a journal behind: the store is whole without it."""
    one = desk(path, "a", "b")
    claimed = keys(one.exchange([], [], [], 1))
    checkpointed = path.read_bytes()
    one.exchange([answer(claimed[0])], [], [], 0)
    journal = Path(f"{path}-wal").read_bytes()
    one.leave("done")
    path.write_bytes(checkpointed)
    torn = journal[: len(journal) - 1000] if damage == "truncate" else journal[:-1000] + os.urandom(1000)
    Path(f"{path}-wal").write_bytes(torn)
    two = desk(path)
    two.take_all()
    two.reclaim()
    done = two.counts().get("optimal", 0)
    again = keys(two.exchange([], [], [], 9))
    two.exchange([answer(key) for key in again], [], [], 0)
    assert len(again) + done == 2 and two.counts() == {"optimal": 2}
    two.leave("done")


def test_paths_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        batch(TINY, store=tmp_path)
    with pytest.raises(InputError, match="folder of the store does not exist"):
        batch(TINY, store=tmp_path / "none" / "x.sqlite")
    with pytest.raises(InputError, match="no such store"):
        Store.open(tmp_path / "none.sqlite")
    with pytest.raises(InputError, match="no such store to resume"):
        batch(store=tmp_path / "none.sqlite", resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_store_with_jobs_is_not_overwritten(path: Path) -> None:
    desk(path, "a").leave("done")
    with pytest.raises(InputError, match=r"holds 1 jobs already.*--resume"):
        batch(TINY, store=path)


def test_a_folder_without_permission(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits bind nobody who is root, so the question for them is answered here."""
    desk(path, "a").leave("done")
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    with pytest.raises(InputError, match=r"may not be written.*permissions"):
        batch(TINY, store=path, resume=True)
    with Store.open(path) as store:
        assert len(store) == 1, "it can still be read"


def test_a_file_that_turns_read_only(path: Path) -> None:
    one = desk(path, "a")
    one._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(JitoptError, match=r"may not be written|cannot be used"):
        one.exchange([], [], [], 1)
    vanish(one)


def test_a_full_disk_is_told_and_what_was_committed_stays(path: Path) -> None:
    """SQLite answers SQLITE_FULL when the file may not grow, as when the disk is full."""
    one = desk(path, "a", "b")
    first, second = keys(one.exchange([], [], [], 2))
    one.exchange([answer(first)], [], [], 0)
    pages = one._connection.execute("PRAGMA page_count").fetchone()[0]
    one._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JitoptError, match=r"disk is full.*safe.*--resume"):
        one.exchange([{**answer(second), "message": "x" * 100_000}], [], [], 0)
    one.leave("failed")
    with Store.open(path) as store:
        assert store.counts() == {"optimal": 1, "waiting": 1}
    two = desk(path)
    two.take_all()
    two.reclaim()
    assert keys(two.exchange([], [], [], 9)) == [second], "resumed, with the job whose commit was lost"
    two.leave("done")


SMALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
from jitopt.cli import main
sys.argv = ["jitopt", "batch", *sys.argv[1:]]
sys.exit(main())
"""


def test_the_command_on_a_disk_that_is_full(path: Path) -> None:
    words = [TINY, "-o", str(path), "--methods", "kanban_fill"]
    done = subprocess.run([sys.executable, "-c", SMALL, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert str(path) in done.stderr and "Remedy" in done.stderr


def test_a_store_deleted_under_a_batch_is_told(path: Path) -> None:
    one = desk(path, "a")
    claimed = keys(one.exchange([], [], [], 1))
    path.unlink()
    with pytest.raises(JitoptError, match="deleted, moved or replaced"):
        one.exchange([answer(claimed[0])], [], [], 0)
    one.leave("failed")


# Leases.


def test_two_batches_share_a_store_and_no_job(path: Path) -> None:
    names = [f"job {number}" for number in range(40)]
    taken: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        one = desk(path, *names)
        while claims := keys(one.exchange([], [], [], 3)):
            with lock:
                taken.extend(claims)
            one.exchange([answer(key) for key in claims], [], [], 0)
        one.leave("done")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40
    with Store.open(path) as store:
        assert store.counts() == {"optimal": 40}
        assert set(store.columns()["attempts"]) == {1}


def test_the_jobs_of_a_dead_batch_are_free_at_once_those_of_a_living_one_are_not(path: Path) -> None:
    dead, living = desk(path, "a", "b", "c"), desk(path, "a", "b", "c")
    held = keys(dead.exchange([], [], [], 1)), keys(living.exchange([], [], [], 1))
    third = desk(path, "a", "b", "c")
    vanish(dead)
    assert third.reclaim() == 1
    assert held[0][0] in keys(third.exchange([], [], [], 9))
    assert third.reclaim() == 0 and living.counts()["leased"] == 3
    living.leave("interrupted")
    assert keys(third.exchange([], [], [], 9)) == held[1], "given back by the batch that was interrupted"
    third.leave("done")


def test_a_late_answer_changes_nothing(path: Path) -> None:
    """A batch that was held for dead comes back: its answer is one too many, whoever is first."""
    slow, quick = desk(path, "a", "b"), desk(path, "a", "b")
    first, second = keys(slow.exchange([], [], [], 2))
    slow._owner.end()
    quick.reclaim()
    quick.exchange([], [], [], 2)
    quick.exchange([answer(first, 1.0)], [], [], 0)
    slow.exchange([answer(first, 7.0), answer(second, 7.0)], [], [], 0)
    quick.exchange([answer(second, 1.0)], [], [], 0)
    quick.leave("done")
    vanish(slow)
    with Store.open(path) as store:
        assert store.columns()["objective"] == [1.0, 7.0]


def other(**changes: Any) -> Owner:
    mine = Owner.begin()
    mine.end()
    return replace(mine, id="other", **changes)


def test_who_is_alive() -> None:
    parent = os.getppid()
    born = owner_module._born(parent)
    assert born is not None
    assert alive(other(pid=parent, born=born), 1e9), "seen from here, its silence counts for nothing"
    assert not alive(other(pid=parent, born="0"), 0.0), "another process has its number by now"
    assert not alive(other(), 0.0), "this process, but none of its batches"
    assert not alive(other(boot="another"), 0.0), "the machine was started anew"
    away = other(boot="another", host="another")
    assert alive(away, owner_module.SILENT - 1) and not alive(away, owner_module.SILENT + 1)


def test_an_ended_process_that_nobody_has_buried_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    born = owner_module._born(child.pid) or ""
    until = time.monotonic() + 20
    while alive(other(pid=child.pid, born=born), 0.0) and time.monotonic() < until:
        time.sleep(0.01)
    assert child.returncode is None and not alive(other(pid=child.pid, born=born), 0.0)
    child.wait()


def test_a_clock_that_jumps_frees_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The silence of a batch on another machine is timed here, by a clock that does not jump."""
    away, here = desk(path, "a"), desk(path, "a")
    away.exchange([], [], [], 1)
    owner = away._owner
    away._connection.execute("UPDATE owners SET host='another', boot='another' WHERE id=?", (owner.id,))
    owner.end()
    wall = time.time
    now = time.monotonic()
    passed = [0.0]
    monkeypatch.setattr(time, "time", lambda: wall() + 1e7)
    monkeypatch.setattr(time, "monotonic", lambda: now + passed[0])
    assert here.reclaim() == 0
    passed[0] = owner_module.SILENT - 1
    assert here.reclaim() == 0
    away.exchange([], [], [], 0)
    passed[0] = owner_module.SILENT + 1
    assert here.reclaim() == 0, "its heart has beaten since"
    passed[0] += owner_module.SILENT + 1
    assert here.reclaim() == 1, "silent for long enough"
    here.leave("done")
    vanish(away)


def test_a_lease_without_an_owner_is_freed(path: Path) -> None:
    one = desk(path, "a")
    one._connection.execute("UPDATE jobs SET state=1, owner='nobody'")
    assert one.reclaim() == 1
    one.leave("done")


# Jobs and their keys.


def test_a_job_is_its_content_and_setting(path: Path) -> None:
    same = Setting(method="kanban_fill", time_limit=10)
    assert same.text == Setting(method="kanban_fill", time_limit=10.0).text, "10 s are 10.0 s"
    one = desk(path, "a")
    one.put([(replace(incoming("a"), source="elsewhere/b.json", stem="b"), (Setting(),))])
    assert one.counts() == {"waiting": 1}, "a copy under another name is the same job"
    one.put([(incoming("changed"), (Setting(),)), (incoming("a"), (Setting(seed=1), Setting(gap=0.1)))])
    assert one.counts() == {"waiting": 4}, "other content, another seed and another gap are jobs of their own"
    one.leave("done")


def test_words_for_several_methods_leave_out_what_cannot_express_the_instance(path: Path) -> None:
    cyclic = incoming("cyclic", problem="delivery", size={"suppliers": 0, "cyclic_parts": 3})
    menu = incoming("menu", problem="delivery", size={"suppliers": 3, "cyclic_parts": 0, "columns": 9})
    one = desk(path)
    one.put([(cyclic, (Setting(method="all", start="none"), Setting(method="exact", start="heuristic")))])
    one.put([(menu, (Setting(method="exact", start="heuristic"), Setting(method="heuristic")))])
    one.leave("done")
    with Store.open(path) as store:
        table = store.columns()
    told = list(zip(table["instance"], table["method"], table["start"], strict=True))
    assert told == [
        ("cyclic", "auto", "none"),
        ("cyclic", "delivery_cycle", "none"),
        ("menu", "delivery_menu_cpsat", "delivery_menu"),
        ("menu", "delivery_menu_pyomo", "delivery_menu"),
        ("menu", "delivery_menu", "none"),
    ]


def test_what_could_not_be_fetched_is_a_row_until_it_can(path: Path) -> None:
    gone = replace(incoming("a"), sha256=unreachable("a.json", None), data=b"", problem=None, name=None)
    one = desk(path)
    one.put([(replace(gone, fault="failed", why="timeout"), (Setting(),))])
    assert one.counts() == {"failed": 1}
    one.put([(replace(gone, fault="failed", why="403"), (Setting(),))])
    one.retry()
    assert one.counts() == {"failed": 1}, "nothing to solve in it"
    one.reached("a.json", None)
    one.reached("a.json", None)
    one.put([(incoming("a"), (Setting(),))])
    assert one.counts() == {"waiting": 1}
    one.leave("done")
    with Store.open(path) as store:
        assert store.columns()["instance_sha256"] == [content_hash(b"a", None)]


def test_failed_jobs_wait_again_when_asked(path: Path) -> None:
    one = desk(path, "a", "b", "c")
    claimed = keys(one.exchange([], [], [], 3))
    told = [answer(claimed[0]), answer(claimed[1], status="failed"), answer(claimed[2], status="refused")]
    one.exchange(told, [], [], 0)
    one.retry()
    assert one.counts() == {"optimal": 1, "refused": 1, "waiting": 1}
    assert keys(one.exchange([], [], [], 9)) == [claimed[1]]
    one.leave("done")


def test_a_job_whose_worker_died_waits_behind_the_others(path: Path) -> None:
    one = desk(path, "a", "b", "c")
    first = keys(one.exchange([], [], [], 1))[0]
    again = one.exchange([], [], [first], 3)
    assert keys(again)[-1] == first and [claim.deaths for claim in again] == [0, 0, 1]
    back = keys(one.exchange([], keys(again), [], 3))
    assert len(back) == 3
    one.leave("done")
    with Store.open(path) as store:
        assert store.columns()["attempts"] == [2, 1, 1], "what was never begun was no attempt"


def test_resume_without_files_needs_all_jobs_put_down(path: Path) -> None:
    one = Desk_of(path)
    one.put([(incoming("a"), (Setting(),))])
    vanish(one)
    with pytest.raises(InputError, match=r"not put down all its jobs.*name its files again"):
        batch(store=path, resume=True)
    desk(path, "a", "b").leave("interrupted")
    two = desk_module.Desk(path, {})
    two.open_for(True, reads=False)
    two.take_all()
    assert two.counts() == {"waiting": 2}
    two.leave("done")


def Desk_of(path: Path) -> desk_module.Desk:
    """Return a desk whose run has only begun to put jobs down."""
    one = desk_module.Desk(path, {})
    one.open_for(True, reads=True)
    return one


def test_claims_stay_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "LARGEST_CLAIM", 2500)
    one = desk(path)
    one.put([(replace(incoming(name), data=name.encode() * 1000), (Setting(),)) for name in "abcdef"])
    assert len(one.exchange([], [], [], 6)) == 3
    one.leave("done")


@pytest.mark.parametrize("query", ["claim", "open", "waiting"])
def test_no_question_asked_often_reads_every_job(path: Path, query: str) -> None:
    one = desk(path, "a")
    asked: list[str] = []
    one._connection.set_trace_callback(asked.append)
    {"claim": lambda: one.exchange([], [], [], 1), "open": one.open, "waiting": one.waiting}[query]()
    one._connection.set_trace_callback(None)
    plans = [one._connection.execute(f"EXPLAIN QUERY PLAN {text}") for text in asked if text.startswith("SELECT")]
    told = [row["detail"] for plan in plans for row in plan]
    assert told and not [line for line in told if line.startswith("SCAN")], told
    one.leave("done")
