"""A batch from its sources to its rows: files, URLs, frames, starts, labels, the command, and where it is called."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import polars as pl
import pytest
from _batches import LIBRARY, command, desk, heijunka, kanban
from fsspec.implementations.memory import MemoryFileSystem

import jitopt
from jitopt import InputError, Store, UnknownMethodError, batch
from jitopt.batching import pace
from jitopt.batching.jobs import Setting, settings_of
from jitopt.batching.pace import Pace, fitting, group_size, makespan
from jitopt.batching.pool import Answer, Event
from jitopt.batching.run import Run
from jitopt.cli.batching import _seeds

TINY: dict[str, Any] = {"methods": "kanban_fill", "workers": 1}


class Clerk:
    """A pool without processes: it answers every task at once, and reads by telling what the source says."""

    workers = 2

    def __init__(self, **told: Any) -> None:
        self.told = {"status": "optimal", "objective": 1.0, "seconds": 0.1, **told}
        self.read: dict[str, Any] = {
            "status": "read",
            "problem": "kanban",
            "size": {"loops": 1},
            "known_lower": None,
            "known_upper": None,
        }
        self.answers: list[Answer] = []
        self.groups: list[list[str]] = []

    def room(self) -> int:
        return 4 - len(self.answers)

    def submit(self, tasks: list[dict[str, Any]]) -> None:
        self.groups.append([task["id"] for task in tasks])
        for task in tasks:
            told = {**self.read, "name": Path(task["source"]).stem, "seconds": 0.001}
            self.answers.append(Answer({"id": task["id"], **(told if task["kind"] == "scan" else self.told)}))

    def poll(self, seconds: float) -> list[Event]:
        found: list[Event] = [*self.answers]
        self.answers = []
        return found

    def stop(self) -> None:
        self.answers = []

    def close(self) -> None:
        self.answers = []


@pytest.fixture
def clerk(monkeypatch: pytest.MonkeyPatch) -> Clerk:
    """Answer every task at once, without a process."""
    one = Clerk()
    monkeypatch.setattr("jitopt.batching._pool", lambda *_given: one)
    return one


# What instances come from.


def test_files_folders_globs_and_instances(tmp_path: Path, clerk: Clerk) -> None:
    kanban(tmp_path / "shop", "a", "b", "c")
    kanban(tmp_path / "shop" / ".hidden", "d")
    (tmp_path / "shop" / "table.csv").write_text("x,y\n1,2\n")
    (tmp_path / "shop" / "result.json").write_text('{"status": "optimal"}')
    given = [tmp_path / "shop", str(tmp_path / "shop" / "[ab].json"), jitopt.generate("kanban", loops=3, seed=1)]
    with batch(given, store=tmp_path / "x.sqlite") as store:
        table = store.columns()
        passed = {Path(file).name for run in store.runs() for file in run["passed_over"]}
    assert table["instance"][:3] == ["a", "b", "c"] and len(table["instance"]) == 4
    assert table["family"] == ["shop", "shop", "shop", "kanban"]
    assert passed == {"table.csv", "result.json"}
    with batch(iter([tmp_path / "shop" / "a.json"]), store=tmp_path / "y.sqlite") as store:
        assert len(store) == 1


def test_the_same_content_with_other_settings_is_not_lost(tmp_path: Path, clerk: Clerk) -> None:
    """Two rows name files of the same content, each with a seed of its own: two jobs."""
    first = kanban(tmp_path, "a")[0]
    second = Path(shutil.copy(first, tmp_path / "copy.json"))
    table = {"instance": [str(first), str(second), str(second)], "seed": [1, 2, 1]}
    with batch(table, store=tmp_path / "x.sqlite", methods="auto") as store:
        assert store.columns()["seed"] == [1, 2]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_in_and_out(tmp_path: Path, clerk: Clerk, library: Any) -> None:
    files = [str(file) for file in kanban(tmp_path, "a", "b")]
    jobs = library.DataFrame(
        {
            "instance": [*files, files[0]],
            "method": ["kanban_fill", None, "exact"],
            "seed": [3, None, 4],
            "time_limit": [1.5, 2.0, None],
        }
    )
    with batch(jobs, store=tmp_path / "x.sqlite", methods="heuristic", seeds=[7], time_limit=9) as store:
        frame = store.to_frame(jobs)
        table = store.columns()
    assert type(frame) is type(jobs) and list(frame.columns) == list(table)
    rows = sorted(zip(table["instance"], table["method"], table["seed"], table["time_limit"], strict=True))
    assert rows == [
        ("a", "kanban_cards_pyomo", 4, 9.0),
        ("a", "kanban_fill", 3, 1.5),
        ("a", "kanban_options_cpsat", 4, 9.0),
        ("b", "kanban_fill", 7, 2.0),
    ]
    assert set(table["variant"]) >= {"kanban_fill + limit 1.5 s"}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"seed": [1]}, "no column instance"),
        ({"instance": ["x.json"], "colour": ["red"]}, "no such setting.*colour"),
        ({"instance": ["x.json"], "seed": [-1]}, "row 1.*seed must be an integer"),
        ({"instance": ["x.json"], "threads": [1.5]}, "row 1.*threads"),
        ({"instance": ["none.json"]}, "no such file"),
        (7, "data frame in memory or a mapping"),
    ],
)
def test_tables_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Any, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    kanban(tmp_path, "x")
    with pytest.raises(InputError, match=told):
        batch(table, store=tmp_path / "x.sqlite")
    assert not (tmp_path / "x.sqlite").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"time_limit": 0}, "time_limit"),
        ({"time_limit": True}, "time_limit"),
        ({"seeds": [1.5]}, "seed"),
        ({"seeds": []}, "at least one of seeds"),
        ({"workers": 0}, "workers"),
        ({"memory_limit": -1}, "memory_limit"),
        ({"deterministic": 1}, "deterministic"),
        ({"work_limit": 3}, "work_limit belongs to deterministic"),
        ({"solver_options": {"cpsat": {"x": object()}}}, "."),
        ({"methods": "heijunka_level"}, "none of the methods applies"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, clerk: Clerk, words: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        batch(kanban(tmp_path, "x"), store=tmp_path / "x.sqlite", **words)


def test_a_method_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownMethodError, match=r"no method 'simplex'.*kanban_fill"):
        batch(tmp_path, store=tmp_path / "x.sqlite", methods="simplex")
    with pytest.raises(InputError, match="no instance"):
        batch([], store=tmp_path / "x.sqlite")
    with pytest.raises(InputError, match="needs instances"):
        batch(store=tmp_path / "x.sqlite")


# URLs.


asked: list[str] = []
honest = MemoryFileSystem.cat_file


def flaky(system: Any, path: str, *more: Any, **options: Any) -> bytes:
    """Read a remote file, and fail as its name says."""
    asked.append(path)
    times = asked.count(path)
    data: bytes = honest(system, path, *more, **options)
    if "once" in path and times < 3:
        raise TimeoutError("the server did not answer")
    if "always" in path:
        raise ConnectionResetError("the line is dead")
    if "forbidden" in path:
        raise PermissionError("403 Forbidden")
    if "silent" in path:
        time.sleep(1)
    return data[: len(data) // 2] if "partial" in path and times < 2 else data


def test_urls_that_fail_are_tried_again_and_marked(
    tmp_path: Path, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["jitopt.batching.sources"], "PAUSE", 0.001)
    monkeypatch.setattr(sys.modules["jitopt.batching.sources"], "PATIENCE", 0.2)
    monkeypatch.setattr(MemoryFileSystem, "cat_file", flaky)
    asked.clear()
    remote = fsspec.filesystem("memory")
    names = ("always", "forbidden", "once", "partial", "silent", "sound")
    for file in kanban(tmp_path, *names):
        remote.pipe_file(f"/shop/{file.name}", file.read_bytes())
    remote.pipe_file("/shop/notes.txt", b"no instance")
    with batch("memory://shop", store=tmp_path / "x.sqlite") as store:
        table = store.columns()
    rows = {Path(source).stem: row for row, source in enumerate(table["source"])}
    told = {name: (table["status"][row], table["message"][row]) for name, row in rows.items()}
    assert [name for name in sorted(told) if told[name][0] == "optimal"] == ["once", "partial", "sound"]
    assert "the line is dead" in told["always"][1] and "--resume" in told["always"][1]
    assert "403 Forbidden" in told["forbidden"][1]
    assert "no answer within" in told["silent"][1]
    counts = {name: asked.count(f"/shop/{name}.json") for name in names}
    assert counts == {"always": 3, "forbidden": 1, "once": 3, "partial": 2, "silent": 3, "sound": 1}
    monkeypatch.setattr(MemoryFileSystem, "cat_file", honest)
    remote.pipe_file("/shop/forbidden.json", (tmp_path / "sound.json").read_bytes())
    with batch("memory://shop/*.json", store=tmp_path / "x.sqlite", resume=True) as store:
        table = store.columns()
    assert sorted(table["instance"]) == ["always", "once", "partial", "silent", "sound"], "a copy is no job of its own"
    assert set(table["status"]) == {"optimal"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("zip://x.json::file:///tmp/a.zip", "chained URLs"),
        ("nowhere://x/y.json", "cannot be used|one more package"),
        ("memory://none/*.json", "nothing at this URL"),
    ],
)
def test_urls_that_cannot_be(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        batch(url, store=tmp_path / "x.sqlite")


def test_what_could_not_be_read_is_read_again_when_asked(tmp_path: Path, clerk: Clerk) -> None:
    file = kanban(tmp_path, "a")[0]
    sound, clerk.read = clerk.read, {"status": "failed", "message": "out of memory"}
    steps: list[tuple[dict[str, Any], str]] = [
        ({}, "failed"),
        ({"resume": True}, "failed"),
        ({"resume": True, "retry_failed": True}, "optimal"),
    ]
    for words, status in steps:
        with batch(file, store=tmp_path / "x.sqlite", **words) as store:
            assert store.counts() == {status: 1}
        clerk.read = sound


# The estimate, and how jobs are grouped.


def test_a_group_holds_half_a_second() -> None:
    one = Pace()
    assert group_size(one) == 1, "nothing is known yet"
    one.add(0.01)
    assert group_size(one) == 50
    for _ in range(100):
        one.add(2.0)
    assert group_size(one) == 1 and one.mean == pytest.approx(2.0, rel=0.1)
    waiting = [3 << 20, 3 << 20, 1, 5 << 20]
    assert fitting(waiting, int, 9) == [3 << 20] and fitting(waiting, int, 9) == [3 << 20, 1]
    assert fitting(waiting, int, 9) == [5 << 20] and waiting == []
    assert pace.GROUP_SECONDS == 0.5


def test_the_longest_the_rest_can_take() -> None:
    """Graham's bound: one job left is not done in half its limit because there are two workers."""
    assert makespan(60.0, 60.0, 4) == 60.0
    assert makespan(240.0, 60.0, 4) == 105.0
    assert makespan(0.0, 0.0, 4) == 0.0


def test_the_estimate_says_when_it_knows_nothing(tmp_path: Path) -> None:
    one = desk(tmp_path / "x.sqlite", *"abcd", setting=Setting(time_limit=10.0))
    run = Run(one, Clerk(), 100.0)
    moment = run.progress()
    assert (moment.done, moment.total, moment.left, moment.at_most) == (0, 4, None, 25.0)
    run._pace["auto"].add(2.0)
    assert run.progress().left == 5.0
    run.solve()
    assert (run.progress().done, run.progress().left, run.progress().at_most) == (4, 0.0, 0.0)
    one.leave("done")


def test_the_heart_beats_while_jobs_are_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch with nothing to commit for minutes still tells others on the store that it lives."""
    one = desk(tmp_path / "x.sqlite", "a")
    run = Run(one, Clerk(), 100.0)
    run._exchange()
    beat = "SELECT beat FROM owners"
    run._claims = {claim.key: claim for claim in run._ready}
    run._ready = []
    run._exchange()
    before = one._connection.execute(beat).fetchone()[0]
    run._exchange()
    assert one._connection.execute(beat).fetchone()[0] == before
    run._committed -= 21.0
    run._exchange()
    assert one._connection.execute(beat).fetchone()[0] > before
    one.leave("done")


def test_waiting_for_another_batch_writes_nothing(tmp_path: Path) -> None:
    other, one = desk(tmp_path / "x.sqlite", "a"), desk(tmp_path / "x.sqlite", "a")
    claimed = other.exchange([], [], [], 1)
    thread = threading.Thread(target=Run(one, Clerk(), 100.0).solve)
    thread.start()
    time.sleep(0.3)
    written = one._connection.total_changes
    time.sleep(0.5)
    assert one._connection.total_changes == written and thread.is_alive()
    other.exchange([{"id": claimed[0].key, "status": "optimal"}], [], [], 0)
    thread.join(10)
    assert not thread.is_alive()
    one.leave("done")
    other.leave("done")


# Real solves.


def test_starts_labels_and_trajectories(tmp_path: Path) -> None:
    """With and without a start; a method that cannot express an instance is refused, with the reason."""
    cyclic = str(LIBRARY / "delivery" / "jrp_silver_1976.json")
    line = heijunka(tmp_path, "line")
    table = {
        "instance": [cyclic, str(line), str(line), cyclic],
        "method": ["delivery_menu", "heijunka_order_cpsat", "heijunka_order_cpsat", "delivery_cycle"],
        "start": ["none", "none", "heuristic", "none"],
    }
    with batch(table, store=tmp_path / "x.sqlite", time_limit=60, workers=1) as store:
        found = store.columns(trajectories=True)
        results = dict(store.results())
    menu, plain, started, cycle = range(4)
    order = {(m, s): row for row, (m, s) in enumerate(zip(found["method"], found["start"], strict=True))}
    menu, cycle = order["delivery_menu", "none"], order["delivery_cycle", "none"]
    plain = order["heijunka_order_cpsat", "none"]
    started = next(row for row in range(4) if found["start"][row].startswith("heijunka_"))
    assert found["status"][menu] == "refused" and found["objective"][menu] is None
    assert "delivery_menu cannot take this instance" in found["message"][menu]
    assert "use delivery_cycle" in found["message"][menu]
    assert found["status"][cycle] == "optimal" and found["known_upper"][cycle] is not None
    assert found["start_seconds"][plain] == 0.0 < found["start_seconds"][started] < found["seconds"][started]
    for row in (plain, started):
        assert found["status"][row] == "optimal" and found["objective"][row] == pytest.approx(2.9)
        moments = [moment[0] for moment in found["trajectory"][row]]
        assert moments == sorted(moments) and moments[-1] <= found["seconds"][row]
        assert min(objective for _, objective, _ in found["trajectory"][row] if objective) == pytest.approx(2.9)
        assert 0 < found["first_plan"][row] <= found["seconds"][row]
    assert found["first_plan"][started] <= found["start_seconds"][started] + 1e-9
    receipt = results[found["key"][started]].start
    assert receipt is not None and receipt.checked and receipt.source == found["start"][started]
    assert results[found["key"][plain]].start is None
    assert found["variant"][started] == f"heijunka_order_cpsat + start {found['start'][started]}"
    result = results[found["key"][started]]
    assert jitopt.audit(jitopt.read(line), result.to_dict()) == []


def test_from_four_threads_and_an_event_loop(tmp_path: Path) -> None:
    files = kanban(tmp_path, *(f"{number}" for number in range(8)))

    async def all_at_once() -> list[Store]:
        calls = [asyncio.to_thread(batch, files, store=tmp_path / "x.sqlite", resume=True, **TINY) for _ in range(4)]
        return list(await asyncio.gather(*calls))

    before = set(threading.enumerate())
    for store in asyncio.run(all_at_once()):
        with store:
            assert store.counts() == {"optimal": 8}
            assert set(store.columns()["attempts"]) == {1}, "each job was done by one of the four"
            assert len(store.runs()) == 4
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before


SCRIPT = """
import {solver}
import jitopt
store = jitopt.batch({file!r}, store={store!r}, methods="kanban_fill", workers=1)
print(store.counts())
"""


@pytest.mark.parametrize(
    ("way", "solver"), [("standard input", "highspy"), ("unguarded file", "ortools.sat.python.cp_model")]
)
def test_from_a_script_that_has_a_solver_loaded(tmp_path: Path, way: str, solver: str) -> None:
    code = SCRIPT.format(solver=solver, file=str(kanban(tmp_path, "a")[0]), store=str(tmp_path / "x.sqlite"))
    script = tmp_path / "night.py"
    script.write_text(code)
    words = [sys.executable, "-" if way == "standard input" else str(script)]
    given = code if way == "standard input" else ""
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout.strip() == "{'optimal': 1}" and done.stderr == ""


# The command.


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    kanban(tmp_path / "in", "[red]a")
    (tmp_path / "in" / "bad.json").write_text("{")
    store = str(tmp_path / "x.sqlite")
    process = command(str(tmp_path / "in"), "-o", store, "--methods", "kanban_fill", "--json", "--progress")
    out, err = process.communicate(timeout=60)
    found = json.loads(out)
    assert process.returncode == 1, "one was refused"
    assert found["counts"] == {"optimal": 1, "refused": 1} and found["interrupted"] is False
    assert found["store"] == store and len(found["objective_hash"]) == 64
    assert {row["problem"] for row in found["methods"]} == {"kanban", None}
    assert "2 of 2 jobs" in err and "1 refused" in err
    process = command("-o", store, "--resume")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and err == ""
    assert "optimal  refused" in out and f"2 jobs in {store}" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x.json"], "needs a store"),
        (["-o", "x.sqlite"], "needs instances"),
        (["x.json", "-o", "x.sqlite", "--work-limit", "3"], "belongs to --deterministic"),
        (["x.json", "-o", "x.sqlite", "--retry-failed"], "belongs to --resume"),
        (["x.json", "-o", "x.sqlite", "--methods", "a,,b"], "no list of names"),
        (["x.json", "-o", "x.sqlite", "--seeds", "3-1"], "no range of seeds"),
        (["none.json", "-o", "x.sqlite"], "no such file"),
        (["x.json", "-o", "none/x.sqlite"], "folder of the store does not exist"),
    ],
)
def test_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str) -> None:
    from typer.testing import CliRunner

    from jitopt.cli import app

    monkeypatch.chdir(tmp_path)
    kanban(tmp_path, "x")
    done = CliRunner().invoke(app, ["batch", *words])
    assert done.exit_code == 2 and told in " ".join(done.output.replace("│", " ").split())
    assert sorted(os.listdir(tmp_path)) == ["x.json"]


def test_seeds_in_words() -> None:
    assert _seeds("0-2,7") == [0, 1, 2, 7]


def test_seeds_are_outermost() -> None:
    """So that half a night is half of the seeds of every method, not all seeds of half the methods."""
    found = settings_of(["auto", "exact"], ["none"], [0, 1])
    assert [(one.seed, one.method) for one in found] == [(0, "auto"), (0, "exact"), (1, "auto"), (1, "exact")]
