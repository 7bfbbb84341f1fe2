"""The doctor looks whether everything works here, and whether the installed solvers may be trusted.

Versions, processors and memory, the cache of machine code, the methods, one solve in a worker of
every family, and the canaries: tiny models on which some versions of the solvers are known to
prove wrong answers. Nothing of this imports a solver into the calling process.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.errors import JitoptError
from jitopt.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Check", "diagnose", "example_of", "trial"]

REFUSED = {
    ("highspy", "1.14.0"): "proves wrong optima (ERGO-Code/HiGHS#2957)",
    ("ortools", "9.12.4544"): "finds no solution where there is one (google/or-tools#4568)",
}
"""Versions not to be used, and why."""

LEAST_MEMORY = 1 << 29
"""Memory that should be free [bytes]."""

ONE_SOLVE = 20.0
"""Most seconds for the trial solve of a worker family."""


@dataclass(frozen=True)
class Check:
    """One thing looked at: its name, whether it is well, and what was seen."""

    name: str
    ok: bool
    detail: str


TRIED = 500
"""Random instances among which one of a method's form is looked for."""

PAINTED: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "painted",
    "products": {"product": ["red", "white"], "demand": [4, 4], "colour": ["red", "white"]},
    "ratios": {"ratio": ["red"], "at_most": [1], "in_any": [2], "open": [True]},
    "options": {"product": ["red"], "ratio": ["red"]},
    "objective": [
        {"term": "ratio", "measure": "sum_absolute"},
        {"term": "colour_changes", "measure": "sum_absolute", "weight": 2},
    ],
    "longest_colour_run": 3,
}
"""A small sequence of the form "paint", whose rules and colours pull apart: no start reaches the bound."""


def diagnose(time_limit: float = 60.0) -> list[Check]:
    """Look at everything; never raises.

    Parameters
    ----------
    time_limit
        For all of it [s]. What has no time left is told as not well.

    Returns
    -------
    list of Check
        In a fixed order: Python, packages, machine, cache, methods, workers, canaries.
    """
    deadline = time.monotonic() + time_limit
    looks: tuple[tuple[str, Callable[[float], Iterator[Check]]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("machine", _machine),
        ("cache", _cache),
        ("methods", _methods),
        ("workers", _workers),
        ("canaries", _canaries),
    )
    found: list[Check] = []
    for name, look in looks:
        try:
            found.extend(look(deadline))
        except Exception as error:
            found.append(Check(name, False, f"{type(error).__name__}: {error}"))
    return found


def _python(deadline: float) -> Iterator[Check]:
    told = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    well = sys.version_info >= (3, 11) and os.name == "posix"
    yield Check("python", well, told if well else f"{told}: needs Python 3.11 or later on a POSIX system")


def _packages(deadline: float) -> Iterator[Check]:
    """Compare the installed versions with what jitopt asks for."""
    for requirement in importlib.metadata.requires("jitopt") or ():
        match = re.match(r"([A-Za-z0-9._-]+)\s*([^;]*)(;.*)?$", requirement)
        if match is None or match[3]:
            continue
        name, limits = match[1], match[2].strip()
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, False, f"is not installed; jitopt needs {requirement}")
            continue
        yield _version(name, version, limits)


def _version(name: str, version: str, limits: str) -> Check:
    if (name, version) in REFUSED:
        return Check(name, False, f"{version} {REFUSED[name, version]}: install another version")
    if not all(_within(version, limit) for limit in limits.split(",") if limit.strip()):
        return Check(name, False, f"{version} is out of the range {limits}")
    note = ""
    if name == "highspy" and _numbers(version) >= (1, 15):
        note = "; cannot share a process with ortools (google/or-tools#5246): each has workers of its own"
    return Check(name, True, version + note)


def _within(version: str, limit: str) -> bool:
    """Tell whether a version keeps one limit such as ``>=1.15.1``."""
    match = re.match(r"\s*(>=|<=|!=|==|<|>)\s*([0-9.]+)", limit)
    if match is None:
        return False
    mine, other = _numbers(version), _numbers(match[2])
    width = max(len(mine), len(other))
    mine, other = mine + (0,) * (width - len(mine)), other + (0,) * (width - len(other))
    return {
        ">=": mine >= other,
        "<=": mine <= other,
        "!=": mine != other,
        "==": mine == other,
        "<": mine < other,
        ">": mine > other,
    }[match[1]]


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(int(word) for word in match[0].split(".")) if match else ()


def _machine(deadline: float) -> Iterator[Check]:
    import psutil

    total = os.cpu_count() or 1
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    yield Check("processors", mine >= 1, f"{mine} of {total} may be used")
    memory = psutil.virtual_memory()
    told = f"{memory.available >> 20} MB free of {memory.total >> 20} MB"
    yield Check("memory", memory.available >= LEAST_MEMORY, told)


def _cache(deadline: float) -> Iterator[Check]:
    """Look at the folder for machine code, and at the kernels compiled so far."""
    from jitopt import jit

    folder = jit.cache_folder()
    if folder is None:
        yield Check(
            "cache", False, "no private folder can be written: kernels compile in every process; set JITOPT_CACHE"
        )
        return
    ready = ", ".join(jit.cached("jitopt.heuristics._kernels")) or "none yet"
    yield Check("cache", True, f"{folder}: compiled: {ready}")


def _methods(deadline: float) -> Iterator[Check]:
    found = registry.methods()
    counts = {problem: sum(m.problem == problem for m in found) for problem in PROBLEMS}
    told = ", ".join(f"{count} for {problem}" for problem, count in counts.items())
    yield Check("methods", all(counts.values()), told)


def _workers(deadline: float) -> Iterator[Check]:
    """Solve a tiny instance with a method of each family."""
    own = [method for method in registry.methods() if method.module.startswith("jitopt.")]
    for family in sorted(set(registry.FAMILIES.values())):
        method = next((m for m in own if m.family == family), None)
        if method is None:
            yield Check(f"worker {family}", False, "there is no method of this family")
            continue
        try:
            yield trial(f"worker {family}:", method, min(ONE_SOLVE, deadline - time.monotonic()))
        except Exception as error:
            yield Check(f"worker {family}", False, f"{method.name}: {type(error).__name__}: {error}")


def trial(word: str, method: Any, seconds: float, work: float | None = None, instance: Any = None) -> Check:
    """Solve an instance, a small one of its form if none is given; well if a judged plan comes back.

    word: what the name of the check begins with. seconds: limit [s]. work: limit in deterministic mode.
    """
    name = f"{word} {method.name}"
    if seconds <= 0.5:
        return Check(name, False, "no time was left to try it")
    from jitopt.api import solve

    began = time.monotonic()
    result = solve(
        example_of(method) if instance is None else instance,
        method=method.name,
        time_limit=seconds,
        threads=1,
        deterministic=work is not None,
        work_limit=work,
    )
    told = f"{result.status} in {time.monotonic() - began:.1f} s"
    return Check(name, result.plan is not None, "; ".join((told, *result.warnings)))


def example_of(method: Any) -> Any:
    """Return a small instance that has a plan, of a form that the method is for."""
    for instance in _examples(method.problem):
        if method.suits(instance):
            return instance
    raise JitoptError(f"no small instance has the form that {method.name} is for.")


def _examples(problem: str) -> Iterator[Any]:
    """Yield small instances of a problem, of every form that methods are made for."""
    from jitopt.generators import generate, random_small
    from jitopt.generators.kanban_line import random_small_line
    from jitopt.problems import parse_instance

    yield generate(problem, seed=1, known=False)
    if problem == "kanban":
        yield random_small_line(1)
    if problem == "heijunka":
        yield parse_instance(PAINTED)
        yield parse_instance(PAINTED | {"fixed": {"position": [3], "product": ["white"]}})
        yield generate(problem, seed=1, known=False, buckets=6, days=3, minutes=0.9)
    for seed in range(TRIED):
        yield random_small(problem, seed)


def _canaries(deadline: float) -> Iterator[Check]:
    """Run the canaries of each family in a process of its own, under the time limit."""
    from jitopt.engine import canaries
    from jitopt.engine.canary_models import CANARIES

    for family, technologies in canaries.SETTINGS.items():
        lines, ended = _run([sys.executable, "-P", "-m", canaries.__name__, family], deadline - time.monotonic())
        for technology, settings in technologies.items():
            expected = sum(len(settings) for canary in CANARIES if canaries.fits(canary, technology))
            records = [line for line in lines if line.get("technology") == technology]
            wrong = [f"{r['canary']} {r['options'] or ''}: {r['fault']}" for r in records if not r["ok"]]
            told = f"{len(records) - len(wrong)} of {expected} answers right"
            if len(records) < expected:
                wrong.append(f"{expected - len(records)} are missing ({ended})")
            yield Check(f"canaries {technology}", not wrong, "; ".join((told, *wrong)))


def _run(command: list[str], seconds: float) -> tuple[list[dict[str, Any]], str]:
    """Run a command that prints JSON lines; return them and how it ended. It is ended in time."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(registry.import_path()), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        text=True,
    )
    try:
        text, _ = process.communicate(timeout=max(0.1, seconds))
        ended = f"exit code {process.returncode}"
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
        ended = "ended at the time limit"
    records = []
    for line in text.splitlines():
        with suppress(ValueError):
            records.append(json.loads(line))
    return records, ended
