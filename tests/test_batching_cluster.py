"""Batches on a Dask cluster of several processes: the same rows as here, whatever ends in the middle."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

import jitopt
from jitopt import batching
from jitopt.batching import cluster, machines, pace, run
from jitopt.batching.store import Store
from jitopt.cli import app
from jitopt.errors import InputError, JitoptError

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

FAKES = Path(__file__).parent / "fakes"
SHORT: dict[str, Any] = {"methods": "heijunka_level", "deterministic": True, "work_limit": 0.05}


class Site:
    """A scheduler and workers of Dask, each a process of its own."""

    def __init__(self, folder, tls=None):
        self.file = folder / f"scheduler{'-tls' if tls else ''}.json"
        self.tls = tls
        self.processes = []
        self.start("scheduler", "--port", "0")

    def start(self, role, *more):
        options = ["--no-dashboard", "--host", f"{'tls' if self.tls else 'tcp'}://127.0.0.1"]
        if role == "scheduler":
            options = [options[0], "--host", "127.0.0.1", *(["--protocol", "tls"] if self.tls else [])]
        for name, file in (self.tls or {}).items():
            options += [f"--tls-{name}-file" if name == "ca" else f"--tls-{name}", str(file)]
        command = [sys.executable, "-m", "dask", role, *options, "--scheduler-file", str(self.file), *more]
        environment = os.environ | {"PYTHONPATH": str(FAKES)}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.processes.append(process)
        return process

    def worker(self, *more):
        preloads = [part for name in more for part in ("--preload", str(FAKES / f"{name}.py"))]
        return self.start("worker", "--nthreads", "1", "--no-nanny", *preloads)

    def staff(self):
        for _ in range(2):
            self.worker()

    def settings(self):
        """Return the environment of a client."""
        names = {"CA_FILE": "ca", "CLIENT__CERT": "cert", "CLIENT__KEY": "key"} if self.tls else {}
        return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(self.tls[file]) for name, file in names.items()}

    @property
    def address(self):
        until(self.file.exists)
        with contextlib.suppress(ValueError):
            return json.loads(self.file.read_text())["address"]
        time.sleep(0.5)
        return json.loads(self.file.read_text())["address"]

    def end(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "not within its time"
        time.sleep(0.05)


def working(processes):
    """Return the processes of jitopt below those of Dask."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found += [
                child
                for child in psutil.Process(process.pid).children(recursive=True)
                if "jitopt" in str(child.cmdline())
            ]
    return found


def certificate(folder):
    """Make a key and a certificate that signs itself."""
    files = {"ca": folder / "it.crt", "cert": folder / "it.crt", "key": folder / "it.key"}
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-keyout", str(files["key"]), "-out", str(files["cert"])]
    subprocess.run(command, check=True, capture_output=True)
    return files


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A cluster over an encrypted line; its workers are started by the first test."""
    folder = tmp_path_factory.mktemp("site")
    tls = certificate(folder) if shutil.which("openssl") else None
    found = Site(folder, tls)
    settings = {}
    if tls:
        settings = {
            "distributed.comm.tls.ca-file": str(tls["ca"]),
            "distributed.comm.tls.client.cert": str(tls["cert"]),
            "distributed.comm.tls.client.key": str(tls["key"]),
        }
    try:
        with dask.config.set(settings):
            yield found
    finally:
        found.end()


@pytest.fixture
def staffed(site):
    """The same cluster with its workers, whichever test comes first."""
    if len(site.processes) == 1:
        site.staff()
    return site


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A cluster of a machine without jitopt and one with another HiGHS; no test needs it afterwards."""
    found = Site(tmp_path_factory.mktemp("mixed"))
    found.worker("dask_without_jitopt")
    found.worker("dask_elsewhere")
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve small instances."""
    made = tmp_path_factory.mktemp("instances")
    for number in range(12):
        made.joinpath(f"{number:02}.json").write_text(instance(number, 4, 6))
    return made


def instance(number, products, most):
    chance = random.Random(number)
    table = {
        "product": [f"P{product}" for product in range(products)],
        "demand": [chance.randint(1, most) for _ in range(products)],
    }
    told = {"problem": "heijunka", "version": 1, "name": f"i{number}", "products": table}
    return json.dumps(told | {"objective": [{"term": "rate", "measure": "sum_squared"}]})


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    """The same batch on this machine."""
    with batching.batch(folder, store=tmp_path_factory.mktemp("here") / "s.sqlite", workers=2, **SHORT) as store:
        assert store.counts() == {"feasible": 12} or store.counts().get("waiting") is None
        yield store


def same(store, undisturbed):
    """Every job has one row, with the result of the undisturbed batch."""
    assert store.objective_hash() == undisturbed.objective_hash()
    assert sorted(store.columns()["key"]) == sorted(undisturbed.columns()["key"])
    assert len(set(store.columns()["key"])) == 12


def test_same_results_as_here_though_the_workers_come_later(site, mixed, folder, undisturbed, tmp_path):
    address = site.address
    assert address.startswith("tls://") or not site.tls
    with distributed.Client(address, set_as_default=False) as client:
        assert client.nthreads() == {}
    threading.Timer(0.2, site.staff).start()
    with batching.batch(folder, store=tmp_path / "s.sqlite", cluster=address, **SHORT) as store:
        same(store, undisturbed)
        assert set(store.columns()["message"]) == {None}
        key = store.columns()["key"][0]
        found, expected = store.result(key), undisturbed.result(key)
        assert found is not None and expected is not None and found.versions == expected.versions
        assert store.runs()[0]["manifest"]["cluster"] is True
    until(lambda: not working(site.processes))


def test_crashes_and_hangs_cost_one_job_and_are_labelled(staffed, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "MOST_DEATHS", 1)
    methods = [jitopt.register(name).name for name in ("fake_hangs", "fake_ends_caller", "fake_crashes")]
    given: dict[str, Any] = {"methods": methods, "time_limit": 4, "cluster": staffed.address}
    with batching.batch(folder / "00.json", store=tmp_path / "s.sqlite", **given) as store:
        table = store.columns()
    hangs, ends, crashes = range(3)
    assert [table["status"][row] for row in (hangs, ends, crashes)] == ["feasible", "failed", "feasible"]
    assert [table["stopped_by"][row] for row in (hangs, ends, crashes)] == ["time_limit", "error", "error"]
    assert "its worker was ended by SIGABRT" in table["message"][ends]


def test_a_worker_of_dask_is_killed(staffed, folder, undisturbed, tmp_path):
    killed: list[Any] = []
    below: list[psutil.Process] = []

    def kill(moment):
        if moment.done >= 2 and not killed:
            killed.append(staffed.processes[1])
            below.extend(working(killed))
            os.killpg(killed[0].pid, signal.SIGKILL)
            staffed.worker()

    with batching.batch(folder, store=tmp_path / "s.sqlite", cluster=staffed.address, progress=kill, **SHORT) as store:
        assert killed and below
        until(lambda: not any(process.is_running() for process in below))
        same(store, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_batch_ends_and_is_resumed(staffed, folder, undisturbed, tmp_path, number):
    """What runs on the cluster for a batch that is over comes to an end; the next one does the rest."""
    path = tmp_path / "s.sqlite"
    big = tmp_path / "big.json"
    big.write_text(instance(7, 30, 20))
    files = [str(big), *map(str, sorted(folder.iterdir()))]
    table = {"instance": files, "work_limit": [500.0, *itertools.repeat(SHORT["work_limit"], 12)]}
    script = f"from jitopt import batching; batching.batch({table}, cluster={staffed.address!r}, store={str(path)!r}, "
    script += f"methods={SHORT['methods']!r}, deterministic=True)"
    batch = subprocess.Popen(
        [sys.executable, "-c", script], env=os.environ | staffed.settings(), stderr=subprocess.PIPE
    )
    try:
        until(lambda: rows(path) > 1 or batch.poll() is not None)
        batch.send_signal(number)
        told = batch.communicate(timeout=60)[1].decode()
    finally:
        batch.kill()
    assert batch.returncode == -number, told
    with distributed.Client(staffed.address, set_as_default=False) as client:

        def groups() -> int:
            """How many groups run in a process of Dask. Defined here it travels whole: the machines know no tests."""
            from jitopt.batching import remote

            return len(remote._running)

        until(lambda: not any(client.run(groups).values()))
    if number == signal.SIGINT:
        until(lambda: not working(staffed.processes))
        return
    with batching.batch(folder, store=path, resume=True, cluster=staffed.address, **SHORT) as store:
        found, expected = by_key(store), by_key(undisturbed)
        long = [key for key in found if key not in expected]
        assert [found.pop(key) for key in long] == [("waiting", None)]
        assert found == expected


def by_key(store):
    """Return status and objective of each job."""
    table = store.columns()
    return dict(zip(table["key"], zip(table["status"], table["objective"], strict=True), strict=True))


def test_machines_that_differ_and_a_scheduler_that_goes_away(mixed, folder, undisturbed, tmp_path, monkeypatch):
    """A machine without jitopt is left out, other versions are told, and what was answered outlives the scheduler."""
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    # Answers are committed one by one, so that the end comes in the middle.
    monkeypatch.setattr(run, "GROUP_SECONDS", 0.01)
    monkeypatch.setattr(pace, "GROUP_SECONDS", 0.01)
    path = tmp_path / "s.sqlite"
    address = mixed.address

    def kill(moment):
        if moment.done >= 3:
            os.killpg(mixed.processes[0].pid, signal.SIGKILL)

    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=20)
    with (
        pytest.warns(cluster.ClusterWarning, match="runs no jobs: jitopt is not installed there"),
        pytest.raises(JitoptError, match=r"The cluster is gone; .* run again with --resume"),
    ):
        batching.batch(folder, store=path, cluster=address, progress=kill, **SHORT)
    with Store.open(path) as store:
        assert 3 <= store.counts()["feasible"] < 12
        assert store.runs()[0]["ending"] == "failed"
        told = {message for message in store.columns()["message"] if message}
        assert [message for message in told if "highspy 0.9 (" in message] == list(told) != []
    with batching.batch(folder, store=path, resume=True, workers=2, **SHORT) as store:
        same(store, undisturbed)


def test_nobody_can_run_the_jobs(staffed, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "PACKAGE", "no-such-package")
    with (
        pytest.warns(cluster.ClusterWarning),
        pytest.raises(JitoptError, match=r"No machine of the cluster can run jobs: .*jitopt is not installed there"),
    ):
        batching.batch(folder, store=tmp_path / "s.sqlite", cluster=staffed.address)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("192.168.1.7:8786", "must be encrypted"),
        ("tcp://0.0.0.0:8786", "must be encrypted"),
        ("tcp://[::]:8786", "must be encrypted"),
        ("tcp://head.example:8786", "must be encrypted"),
        ("tcp://127.0.0.1.example:8786", "must be encrypted"),
        ("tcp://127.0.0.1@head.example:8786", "must be encrypted"),
        ("http://127.0.0.1:8786", "a host and a port"),
        ("127.0.0.1", "a host and a port"),
        ("tcp://[::1", "a host and a port"),
        ("tcp://127.0.0.1:99999", "a host and a port"),
        ("", "a host and a port"),
        (7, "or as a distributed.Client"),
    ],
)
def test_addresses_that_are_refused(address, rule, folder, tmp_path):
    with pytest.raises(InputError, match=rule):
        batching.batch(folder, store=tmp_path / "s.sqlite", cluster=address)
    assert not (tmp_path / "s.sqlite").exists()


def test_dask_is_not_installed(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = invoke(folder, tmp_path, "127.0.0.1:8786")
    assert told.exit_code == 2
    assert 'pip install "jitopt[dask]"' in told.stderr


@pytest.mark.parametrize("kind", ["nobody", "mute", "tls"])
def test_no_scheduler_at_the_address(kind, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    monkeypatch.setattr(cluster, "SPARE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if kind == "nobody":
            server.close()
        told = invoke(folder, tmp_path, f"{'tls' if kind == 'tls' else 'tcp'}://127.0.0.1:{port}")
    assert told.exit_code == 1
    assert "the scheduler does not answer" in told.stderr
    assert not (tmp_path / "s.sqlite").exists()


def invoke(folder, tmp_path, address):
    command = ["batch", str(folder), "-o", str(tmp_path / "s.sqlite"), "--cluster", address]
    return CliRunner().invoke(app, command)


def rows(path):
    with contextlib.suppress(JitoptError), Store.open(path) as store:
        return sum(count for status, count in store.counts().items() if status != "waiting")
    return 0
