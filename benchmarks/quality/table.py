"""Shared by the quality tables: running a peer in a process of its own, and printing rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jitopt


def data_folder() -> Path:
    """Return the folder of public instances, or say how to name it."""
    folder = os.environ.get("JITOPT_DATA")
    if not folder:
        sys.exit("Set JITOPT_DATA to the folder of public instances (csplib/, level/, orlib_cap/).")
    return Path(folder)


def ours(instance: Any, method: str, seconds: float, seed: int) -> dict[str, Any]:
    """Solve with jitopt; the plan is judged again here."""
    began = time.monotonic()
    result = jitopt.solve(instance, method=method, time_limit=seconds, seed=seed)
    wall = time.monotonic() - began
    assert jitopt.audit(instance, result.to_dict()) == [], result
    return {"objective": result.objective, "bound": result.bound, "status": result.status, "seconds": wall}


def peer(script: Path, payload: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Run a peer's script with the payload on standard input; it prints one JSON object."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(payload | {"seconds": seconds}),
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
    if done.returncode:
        return {"objective": None, "status": "failed", "seconds": time.monotonic() - began}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer | {"seconds": time.monotonic() - began}


def gap(objective: float | None, best: float) -> str:
    """Return the distance to the best known value: per cent, or units where that is 0."""
    if objective is None:
        return "none"
    if best == 0:
        return f"+{objective:g}"
    return f"{100 * (objective - best) / abs(best):+.2f}%"


def show(rows: list[dict[str, str]]) -> None:
    """Print rows as a Markdown table."""
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(row[column] for column in columns) + " |")
