"""A worker of a batch that dies, stops or takes too much where the name of a file says so: reading-aborts.json."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

if os.environ.get("JITOPT_STILLBORN"):
    sys.exit(7)

from jitopt.batching import work, worker

hoard: list[bytearray] = []


def misbehave(kind: str, task: dict[str, Any]) -> None:
    said, _, word = Path(task["source"]).stem.partition("-")
    if said != kind:
        return
    if word == "aborts":
        os.abort()
    elif word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "stops":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif word == "holds":
        ctypes.PyDLL(None).sleep(600)
    elif word == "hoards":
        hoard.append(bytearray(b"x") * (900 << 20))
        time.sleep(600)
    elif word == "raises":
        raise RuntimeError("a defect")
    elif word == "memory":
        raise MemoryError


honest_instance, honest_solve = work._instance, work._solve


def read(task: dict[str, Any]) -> Any:
    misbehave("reading" if task["kind"] == "scan" else "", task)
    return honest_instance(task)


def solve(instance: Any, task: dict[str, Any], began: float) -> dict[str, Any]:
    misbehave("solving", task)
    return honest_solve(instance, task, began)


work._instance = read
work._solve = solve

if __name__ == "__main__":
    worker.main()
