"""One task of a batch, wherever it runs: read an instance, or solve it as a setting says; plain data in and out.

Whatever happens becomes an answer. Only the end of the process itself does not, and that is seen
from outside.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitopt.batching.jobs import NO_START, Setting
from jitopt.engine import solve as engine
from jitopt.engine.race import CANNOT, ENDED
from jitopt.errors import InputError, JitoptError, NotApplicableError, UnknownMethodError
from jitopt.formats import read

if TYPE_CHECKING:
    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance

__all__ = ["as_blob", "as_text", "read_instance", "run_task"]

START_SHARE = 0.2
"""Share of a job's time or work that making its start may take."""

LONGEST = 2000
"""Characters kept of a message."""


class _Named(io.BytesIO):
    """Bytes that know where they came from."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


_last: tuple[str, Instance[Any]] | None = None
_lock = threading.Lock()


def as_text(blob: bytes) -> str:
    """Return bytes as text that fits into a message."""
    return base64.b64encode(blob).decode("ascii")


def as_blob(text: str) -> bytes:
    """Return the bytes behind `as_text`."""
    return base64.b64decode(text)


def run_task(task: dict[str, Any]) -> dict[str, Any]:
    """Run a task and return its answer.

    task: kind ("scan" or "solve"), id, source (label), format, sha256, data (compressed, as text), and for a
    solve setting (its text) and memory [MB]. The answer holds id and kind, and what was found.
    """
    known = {"id": task["id"], "kind": task["kind"]}
    began = time.monotonic()
    try:
        instance = _instance(task)
        found = _facts(instance) if task["kind"] == "scan" else _solve(instance, task, began)
    except (InputError, NotApplicableError, UnknownMethodError) as error:
        found = {"status": "refused", "message": str(error)[:LONGEST]}
    except JitoptError as error:
        found = {"status": "failed", "message": str(error)[:LONGEST], "stopped_by": "error"}
    except MemoryError:
        found = {"status": "failed", "message": "out of memory", "stopped_by": "memory_limit"}
    except Exception as error:
        found = {"status": "failed", "message": f"{type(error).__name__}: {error}"[:LONGEST], "stopped_by": "error"}
    return {"seconds": time.monotonic() - began, **known, **found}


def _instance(task: dict[str, Any]) -> Instance[Any]:
    """Read the instance of a task; the last one is kept, for its next method."""
    global _last
    with _lock:
        if _last is not None and _last[0] == task["sha256"]:
            return _last[1]
    instance = read_instance(zlib.decompress(as_blob(task["data"])), task["source"], task["format"])
    with _lock:
        _last = (task["sha256"], instance)
    return instance


def read_instance(data: bytes, source: str, format: str | None) -> Instance[Any]:
    """Read an instance from its content; source: how messages name it."""
    return read(_Named(data, source), format)


def _facts(instance: Instance[Any]) -> dict[str, Any]:
    known = instance.known
    exact = known.optimum if known is not None else None
    return {
        "status": "read",
        "problem": instance.problem,
        "name": instance.name,
        # The sense travels with the size, so that stores keep their version.
        "size": instance.size() | ({"maximised": 1} if instance.sense < 0 else {}),
        "known_lower": exact if exact is not None else known.lower if known else None,
        "known_upper": exact if exact is not None else known.upper if known else None,
    }


def _solve(instance: Instance[Any], task: dict[str, Any], began: float) -> dict[str, Any]:
    setting = Setting.parse(task["setting"])
    read_seconds = time.monotonic() - began
    first = None
    if setting.start != NO_START:
        first = _applied(engine.solve(instance, _request(_share(setting), task, None), began))
        if first.stopped_by == "interrupted":
            return {"status": "interrupted"}
    start_seconds = time.monotonic() - began - read_seconds if first else 0.0
    start = first.plan if first else None
    result = _applied(engine.solve(instance, _request(setting, task, start), began))
    if result.stopped_by == "interrupted":
        return {"status": "interrupted"}
    if first is not None:
        result = _joined(first, result)
    result = replace(result, seconds=result.seconds | {"read": read_seconds, "total": time.monotonic() - began})
    return _row(result, start_seconds) | {"killed": _killed(result, first)}


def _killed(*results: Result[Any] | None) -> bool:
    """Tell whether a solver was ended by SIGKILL from outside: the result is not what it would have been."""
    return any(f"{ENDED} (exit code -9)" in text for found in results if found for text in found.warnings)


def _share(setting: Setting) -> Setting:
    """Return how the start of a job is made."""
    work = None if setting.work_limit is None else setting.work_limit * START_SHARE
    return replace(setting, method=setting.start, time_limit=setting.time_limit * START_SHARE, work_limit=work)


def _applied(result: Result[Any]) -> Result[Any]:
    """Refuse the result of a method that cannot express the instance: it is no answer of that method."""
    for warning in result.warnings:
        if result.method != "auto" and warning.startswith(f"{result.method} {CANNOT}"):
            raise NotApplicableError(warning)
    return result


def _request(setting: Setting, task: dict[str, Any], start: Any) -> engine.Request:
    return engine.Request(
        method=setting.method,
        time_limit=setting.time_limit,
        gap=setting.gap,
        seed=setting.seed,
        threads=setting.threads,
        start=start,
        deterministic=setting.deterministic,
        work_limit=setting.work_limit,
        solver_options={**setting.solver_options, "memory_limit_mb": task["memory"]},
    )


def _joined(first: Result[Any], result: Result[Any]) -> Result[Any]:
    """Put the way to the start before the way from it; a bound of the start's method is not the method's own."""
    before = [(seconds, objective, None) for seconds, objective, _bound in first.trajectory if objective is not None]
    receipt = replace(result.start, source=first.method) if result.start and first.plan is not None else result.start
    told = (f"no start: {first.method} found no plan",) if first.plan is None else ()
    return replace(result, trajectory=(*before, *result.trajectory), start=receipt, warnings=(*told, *result.warnings))


def _row(result: Result[Any], start_seconds: float) -> dict[str, Any]:
    first = next((seconds for seconds, objective, _bound in result.trajectory if objective is not None), None)
    text = json.dumps(result.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return {
        "status": result.status,
        "stopped_by": result.stopped_by,
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "proof": result.proof,
        "seconds": result.seconds["total"],
        "start_seconds": start_seconds,
        "first_plan": first,
        "message": "; ".join(result.warnings)[:LONGEST] or None,
        "result": as_text(zlib.compress(text.encode(), 6)),
    }
