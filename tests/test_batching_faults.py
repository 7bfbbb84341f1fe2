"""Batches whose workers crash, hang, stop, hoard and are killed: every job ends as one row, the rest is unaffected."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import psutil
import pytest
from _batches import LIBRARY, command, heijunka, kanban

import jitopt
from jitopt import JitoptError, Store, batch
from jitopt.batching import pace, pool, reading, seat, work
from jitopt.batching.pool import Answer, LocalPool, Returned

TINY: dict[str, Any] = {"methods": "kanban_fill", "workers": 2}


def by_name(store: Store) -> dict[str, dict[str, Any]]:
    """Return the rows by the name of the instance's file."""
    table = store.columns()
    names = [Path(source).stem for source in table["source"]]
    assert len(names) == len(set(names))
    return {name: {column: table[column][row] for column in table} for row, name in enumerate(names)}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that misbehave by the name of the file, and a batch that waits less long for them."""
    monkeypatch.setattr(seat, "MODULE", "fake_batch_worker")
    monkeypatch.setattr(reading, "SCAN_LIMIT", 1.0)
    monkeypatch.setattr(pace, "MOST_DEATHS", 2)
    monkeypatch.setattr(pace, "MOST_KILLS", 2)
    monkeypatch.setattr(pool, "GRACE", 0.5)
    monkeypatch.setattr(pool, "WATCHED", 0.1)
    monkeypatch.setattr(pool, "SPARE", 100.0)


def test_a_night_with_every_fault(tmp_path: Path, impatient: None) -> None:
    """Corrupt, infeasible, hanging, crashing, hoarding and killed beside healthy jobs: all labelled, none lost."""
    folder, bad = tmp_path / "night", tmp_path / "bad"
    faults = ["reading-aborts", "reading-stops", "solving-killed", "solving-holds", "solving-hoards", "solving-raises"]
    healthy = [f"healthy {number}" for number in range(4)]
    kanban(folder, *healthy)
    kanban(bad, *faults)
    (folder / "corrupt.json").write_text('{"problem": "kanban", "version": 1, "na')
    (folder / "notes.txt").write_text("not an instance")
    jitopt.register("fake_hangs")
    jitopt.register("fake_ends")
    products = {"product": ["A", "B"], "demand": [5, 1], "longest_run": [1, None]}
    heijunka(tmp_path / "other", "infeasible", products=products)
    heijunka(tmp_path / "other", "line")
    began = time.monotonic()
    night = {"instance": [str(bad), str(folder)], "time_limit": [1.0, 30.0]}
    with batch(night, store=tmp_path / "x.sqlite", memory_limit=600.0, **TINY) as store:
        rows = by_name(store)
        assert store.runs()[0]["passed_over"] == [str(folder / "notes.txt")]
    assert time.monotonic() - began < 60
    assert set(rows) == {*faults, *healthy, "corrupt"}
    assert {rows[name]["status"] for name in healthy} == {"optimal"}
    assert len({rows[name]["objective"] for name in healthy}) == 1
    assert rows["corrupt"]["status"] == "refused" and "corrupt.json" in rows["corrupt"]["message"]
    told = {name: (rows[name]["status"], rows[name]["stopped_by"], rows[name]["message"]) for name in faults}
    assert {status for status, _by, _why in told.values()} == {"failed"}
    assert "SIGABRT" in told["reading-aborts"][2] and "reading it did not end well" in told["reading-aborts"][2]
    assert "no answer" in told["reading-stops"][2]
    assert told["solving-killed"][1:] == ("error", "its worker was ended by SIGKILL, 2 times")
    assert told["solving-holds"][1] == "time_limit" and "no answer" in told["solving-holds"][2]
    assert told["solving-hoards"][1] == "memory_limit" and "600 MB" in told["solving-hoards"][2]
    assert told["solving-raises"][1:] == ("error", "RuntimeError: a defect")
    assert rows["solving-killed"]["attempts"] == 2
    lines = [str(tmp_path / "other" / f"{name}.json") for name in ("line", "infeasible")]
    methods = ["heijunka_fake_hangs", "heijunka_fake_ends", "heijunka_order_cpsat"]
    lists: dict[str, Any] = {
        "instance": [line for line in lines for _method in methods],
        "method": methods * 2,
        "time_limit": [1.0, 1.0, 30.0] * 2,
    }
    with batch(lists, store=tmp_path / "y.sqlite", workers=2) as store:
        table = store.columns()
    found = dict(zip(zip(table["instance"], table["method"], strict=True), table["status"], strict=True))
    assert found == {
        ("line", "heijunka_fake_hangs"): "feasible",
        ("line", "heijunka_fake_ends"): "no_plan",
        ("line", "heijunka_order_cpsat"): "optimal",
        ("infeasible", "heijunka_fake_hangs"): "no_plan",
        ("infeasible", "heijunka_fake_ends"): "no_plan",
        ("infeasible", "heijunka_order_cpsat"): "infeasible",
    }


def test_a_solver_killed_from_outside_is_no_answer(tmp_path: Path) -> None:
    """The job is done again, and found as if nobody had killed."""
    jitopt.register("fake_is_killed")
    flag = tmp_path / "flag"
    os.environ["JITOPT_FAKE_FLAG"] = str(flag)
    try:
        file = heijunka(tmp_path / "in", "line")
        with batch(
            file, store=tmp_path / "x.sqlite", methods="heijunka_fake_is_killed", workers=1, time_limit=60
        ) as store:
            table = store.columns()
    finally:
        del os.environ["JITOPT_FAKE_FLAG"]
    assert flag.exists() and table["attempts"] == [2]
    assert table["status"] == ["feasible"] and table["message"] == [None]


def scan(name: str) -> dict[str, Any]:
    """Return a task that reads no instance: its answer is a refusal."""
    data = work.as_text(zlib.compress(b"{}"))
    told = {"kind": "scan", "format": "json", "sha256": name, "data": data, "limit": 5.0, "expected": 0.01}
    return {"id": name, "source": f"{name}.json", **told}


def collect(local: LocalPool, wanted: int, seconds: float = 30.0) -> list[Any]:
    """Poll until so many events came."""
    events: list[Any] = []
    until = time.monotonic() + seconds
    while len(events) < wanted and time.monotonic() < until:
        events += local.poll(0.1)
    return events


def test_a_worker_stopped_while_idle_gives_its_tasks_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has begun nothing: nothing is lost, nothing waits for it for ever."""
    local = LocalPool(1, 1)
    try:
        local.submit([scan("first")])
        assert isinstance(collect(local, 1)[0], Answer)
        frozen = local._seats[0].worker.pid
        os.kill(frozen, signal.SIGSTOP)
        monkeypatch.setattr(pool, "SILENT", 0.5)
        local.submit([scan("second"), scan("third")])
        events = collect(local, 1)
        assert events == [Returned(("second", "third"))]
        assert not psutil.pid_exists(frozen)
        monkeypatch.setattr(pool, "SILENT", 60.0)
        local.submit([scan("second")])
        assert isinstance(collect(local, 1)[0], Answer)
    finally:
        local.close()


def test_workers_that_do_not_start_end_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "MODULE", "fake_batch_worker")
    monkeypatch.setattr(pool, "STILLBORN", 3)
    monkeypatch.setenv("JITOPT_STILLBORN", "1")
    files = kanban(tmp_path, "a", "b")
    with pytest.raises(JitoptError, match=r"end before they are ready.*code 7.*doctor.*--resume"):
        batch(files, store=tmp_path / "x.sqlite", **TINY)
    monkeypatch.delenv("JITOPT_STILLBORN")
    with batch(files, store=tmp_path / "x.sqlite", resume=True, **TINY) as store:
        assert store.counts() == {"optimal": 2}


def test_a_batch_that_was_stopped_itself_blames_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock ran on while nobody listened."""
    monkeypatch.setattr(pool, "GRACE", 0.0)
    monkeypatch.setattr(pool, "LATE", 0.3)
    local = LocalPool(1, 1)
    try:
        local.submit([scan("first")])
        collect(local, 1)
        one = local._seats[0]
        one.tasks["slow"] = seat._Given(0.5, None, None)
        one.groups.append({"slow"})
        one.running = "slow"
        time.sleep(1.0)
        assert local.poll(0.0) == []
        monkeypatch.setattr(pool, "LATE", 60.0)
        lost = collect(local, 1, 5.0)
        assert [event.id for event in lost] == ["slow"] and lost[0].final
    finally:
        local.close()


def test_a_worker_is_replaced_after_many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "RECYCLED", 4)
    local = LocalPool(1, 1)
    pids = set()
    try:
        for group in range(4):
            local.submit([scan(f"{group} {number}") for number in range(3)])
            pids.add(local._seats[0].worker.pid)
            assert len(collect(local, 3)) == 3
    finally:
        local.close()
    assert len(pids) == 2


def test_no_task_waits_behind_a_long_one() -> None:
    one = seat.Seat(1)
    try:
        assert one.room() == 2
        one.give([scan("quick")])
        assert one.room() == 1
        one.give([{**scan("long"), "expected": 30.0}])
        one.forget("quick")
        assert one.room() == 0
        one.forget("long")
        one.give([{**scan("unknown"), "expected": None}])
        assert one.room() == 0
    finally:
        one.end()


# Signals.


def orphans(below: list[psutil.Process]) -> list[psutil.Process]:
    """Return what is left of processes after a moment."""
    return list(psutil.wait_procs(below, timeout=10)[1])


def until_done(process: subprocess.Popen[str], store: Path, least: int) -> list[psutil.Process]:
    """Wait until a batch has answered so many jobs; return the processes below it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if store.exists():
            with contextlib.suppress(JitoptError), Store.open(store) as found:
                if sum(found.counts().values()) - found.counts().get("waiting", 0) >= least:
                    return psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.05)
    raise AssertionError("the batch did nothing")


MANY = 48


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of jobs for seconds, however quick the machine: a batch that can be met in the middle."""
    folder = tmp_path_factory.mktemp("many")
    told = json.loads((LIBRARY / "heijunka" / "level_a_day_of_480.json").read_text(encoding="utf-8"))
    del told["known"]
    for number in range(MANY):
        (folder / f"{number:03}.json").write_text(json.dumps({**told, "name": f"{number:03}"}), encoding="utf-8")
    return folder


WORDS = ["--methods", "kanban_fill,heijunka_level", "--workers", "2", "--deterministic", "--work-limit", "0.05"]


@pytest.fixture(scope="module")
def undisturbed(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the batch finds that nobody disturbs, by another number of workers."""
    store = tmp_path_factory.mktemp("quiet") / "x.sqlite"
    words = [*WORDS[:3], "1", *WORDS[4:]]
    process = command(str(many), "-o", str(store), "--json", *words)
    out, _err = process.communicate(timeout=120)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(out)
    assert found["counts"] == {"optimal": MANY}
    return found


def test_whatever_ends_a_batch_it_is_resumed_and_nothing_is_lost_or_doubled(
    many: Path, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    """The command benchmarks/faults/kill.py does the like at 200 random instants over 300 jobs."""
    store = tmp_path / "x.sqlite"
    chance = random.Random(1)
    done = 0
    for end in ("interrupt", "kill both"):
        process = command(str(many), "-o", str(store), "--resume", *WORDS)
        below = until_done(process, store, done + chance.randrange(1, 3))
        if end == "kill both":
            chance.choice([one for one in below if "jitopt.batching.worker" in " ".join(one.cmdline())]).kill()
        process.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGKILL)
        out, err = process.communicate(timeout=20)
        assert "Traceback" not in err
        assert process.returncode == (130 if end == "interrupt" else -9)
        assert ("go on with --resume" in out) == (end == "interrupt")
        assert len(below) >= 2 and orphans(below) == [], end
        with Store.open(store) as table:
            done = table.counts()["optimal"]
    assert done < MANY
    process = command(str(many), "-o", str(store), "--resume", "--json", *WORDS)
    workers = [one for one in until_done(process, store, done + 1) if "batching.worker" in " ".join(one.cmdline())]
    for one in workers:
        one.kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["counts"] == {"optimal": MANY}
    assert found["objective_hash"] == undisturbed["objective_hash"]
    with Store.open(store) as table:
        assert len(table) == len(set(table.columns()["source"])) == MANY
        assert [run["ending"] for run in table.runs()] == ["interrupted", None, "done"]


def test_terminated_from_outside_it_leaves_no_process(tmp_path: Path) -> None:
    jobs = kanban(tmp_path / "in", *(f"{number}" for number in range(8)))
    process = command(str(tmp_path / "in"), "-o", str(tmp_path / "x.sqlite"), *WORDS)
    below = until_done(process, tmp_path / "x.sqlite", 1)
    process.terminate()
    _out, err = process.communicate(timeout=20)
    assert process.returncode in (-15, 0) and "Traceback" not in err
    assert orphans(below) == []
    with Store.open(tmp_path / "x.sqlite") as store:
        assert len(store) == len(jobs)


def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    """Even where a worker does not hear the first."""
    heijunka(tmp_path / "in", "line")
    script = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import jitopt; jitopt.register('fake_holds_interpreter')\n"
        "from jitopt.cli import main; sys.exit(main())"
    )
    store = tmp_path / "x.sqlite"
    fakes = str(Path(__file__).parent / "fakes")
    words = [str(tmp_path / "in"), "-o", str(store), "--methods", "heijunka_fake_holds_interpreter"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, fakes, "batch", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    below: list[psutil.Process] = []
    while len(below) < 2 and time.monotonic() < until:
        below = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.05)
    time.sleep(1.0)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in err
    assert time.monotonic() - began < 5 and orphans(below) == []


def test_resume_does_nothing_twice(tmp_path: Path) -> None:
    store = tmp_path / "x.sqlite"
    kanban(tmp_path / "in", *(f"{number:03}" for number in range(24)))
    words: dict[str, Any] = {"store": store, "deterministic": True, "work_limit": 0.05, **TINY}
    with batch(sorted((tmp_path / "in").glob("00*")), **words) as first:
        before = first.columns()
    (tmp_path / "in" / "000.json").rename(tmp_path / "in" / "renamed.json")
    file = tmp_path / "in" / "001.json"
    file.write_text(file.read_text().replace('"001"', '"changed"'))
    with batch([*(tmp_path / "in").glob("00*"), tmp_path / "in" / "renamed.json"], resume=True, **words) as second:
        after = second.columns()
    assert len(before["key"]) == 10 and len(after["key"]) == 11
    assert {name: column[:10] for name, column in after.items()} == before, "the old rows stand as they were"
    assert after["instance"][10] == "changed"
    with batch(store=store, resume=True) as third:
        assert third.columns() == after
        assert len(third.runs()) == 3
