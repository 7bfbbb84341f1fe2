"""The doctor: tells what is wrong, raises nothing, keeps its time, imports no solver."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import time

import pytest

from jitopt import doctor, registry
from jitopt.doctor import Check, diagnose
from jitopt.warming import LARGER, _larger, warm


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_all_is_well_here_and_no_solver_is_imported():
    code = """
import json, sys
from jitopt.doctor import diagnose
began = __import__("time").monotonic()
checks = [[check.name, check.ok, check.detail] for check in diagnose(100)]
print(json.dumps([checks, sorted(sys.modules)]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    checks, loaded = json.loads(done.stdout)
    assert [name for name, ok, _ in checks if not ok] == []
    names = " ".join(name for name, _, _ in checks)
    for word in ("python", "highspy", "ortools", "memory", "cache", "methods", "worker highs", "canaries cpsat"):
        assert word in names
    assert not set(loaded) & {"highspy", "ortools", "pyomo", "numba", "scipy"}


@pytest.mark.parametrize(
    ("name", "version", "limits", "ok", "word"),
    [
        ("highspy", "1.14.0", ">=1.9", False, "2957"),
        ("highspy", "1.13.1", ">=1.15.1", False, "range"),
        ("highspy", "1.15.1", ">=1.15.1", True, "5246"),
        ("highspy", "1.15.1.post2", ">=1.15.1,!=1.16.0", True, ""),
        ("highspy", "1.16.0", ">=1.15.1,!=1.16", False, "range"),
        ("ortools", "9.12.4544", ">=9.11", False, "4568"),
        ("ortools", "10.0", ">=9.15,<10", False, "range"),
        ("numpy", "2.4.6", "", True, ""),
        ("numpy", "2.0", "~=1.26", False, "range"),
    ],
)
def test_versions(name, version, limits, ok, word):
    check = doctor._version(name, version, limits)
    assert check.ok is ok and word in check.detail


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["nosuchpackage>=1", 'extra>=2; extra == "x"'])
    (check,) = doctor._packages(0.0)
    assert not check.ok and "not installed" in check.detail


def test_whatever_fails_becomes_a_check(monkeypatch):
    def broken(*_: object, **__: object) -> list[str]:
        raise OSError("disk on fire")

    monkeypatch.setattr(importlib.metadata, "requires", broken)
    monkeypatch.setattr(registry, "methods", broken)
    monkeypatch.setattr(subprocess, "Popen", broken)
    found = by_name(diagnose(5))
    for name in ("packages", "methods", "workers", "canaries"):
        assert not found[name].ok and "disk on fire" in found[name].detail
    assert found["python"].ok and found["memory"].ok


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("JITOPT_CACHE", str(file))
    (check,) = doctor._cache(0.0)
    assert not check.ok and "JITOPT_CACHE" in check.detail


def test_the_time_limit_is_kept(monkeypatch):
    """Canaries that hang are ended with their children, and told as missing."""
    monkeypatch.setattr(doctor, "_workers", lambda deadline: iter(()))
    sleeper = "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    run = doctor._run
    monkeypatch.setattr(doctor, "_run", lambda command, seconds: run([sys.executable, "-c", sleeper], seconds))
    began = time.monotonic()
    found = by_name(diagnose(2.0))
    assert time.monotonic() - began < 4.0
    assert not found["canaries pyomo"].ok and "time limit" in found["canaries pyomo"].detail


def test_a_canary_that_sings_wrong_is_named(monkeypatch):
    record = {
        "canary": "HiGHS#2957", "technology": "pyomo", "options": {}, "ok": False, "fault": "the optimum is 28.2",
    }  # fmt: skip
    code = f"import os; print({json.dumps(record)!r}, flush=True); os.abort()"
    run = doctor._run
    monkeypatch.setattr(doctor, "_run", lambda command, seconds: run([sys.executable, "-c", code], seconds))
    found = by_name(list(doctor._canaries(time.monotonic() + 20)))
    check = found["canaries pyomo"]
    assert not check.ok and "HiGHS#2957" in check.detail and "28.2" in check.detail and "exit code -6" in check.detail


def test_warm_compiles_into_the_cache(tmp_path):
    """In a fresh cache the kernels are noted as compiled afterwards."""
    code = """
from jitopt import registry, warming
from jitopt.doctor import _cache
few = [method for method in registry.methods() if method.name == "delivery_menu"]
warming.registry.methods = lambda problem=None: few
warming._loops = warming._stream = str  # large kernels, which CI makes by the command itself
for check in warming.warm(100):
    print(check.ok, check.name, "" if check.ok else check.detail)
print(next(_cache(0.0)).detail)
"""
    environment = os.environ | {"JITOPT_CACHE": str(tmp_path), "NUMBA_OPT": "0"}
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    *looks, cache = done.stdout.splitlines()
    assert [look.strip() for look in looks] == [
        "True compile delivery_menu",
        "True compile simulation of loops",
        "True compile simulation of a value stream",
        "True compile level volume",
    ]
    assert str(tmp_path) in cache and "delivery_menu" in cache


def test_warm_without_time_raises_nothing():
    assert all(not check.ok for check in warm(0.0))


def test_every_heuristic_works_on_an_instance_too_large_for_its_plain_twin():
    """But for those of a form that is small by its nature."""
    larger = {problem: list(_larger(problem)) for problem in LARGER}
    heuristics = [method for method in registry.methods() if method.kind == "heuristic"]
    small = {m.name for m in heuristics if not any(m.suits(instance) for instance in larger[m.problem])}
    assert small == {"heijunka_box", "heijunka_mixed", "heijunka_paint", "kanban_line"}
