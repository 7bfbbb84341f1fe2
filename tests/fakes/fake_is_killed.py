"""A solver whose process is killed the first time, and which hands over a plan the second."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from _plans import any_plan

HEURISTIC = {
    "name": "heijunka_fake_is_killed",
    "problem": "heijunka",
    "summary": "is killed once",
    "source": "constructed",
}


def run(instance: Any, context: Any) -> None:
    flag = Path(os.environ["JITOPT_FAKE_FLAG"])
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    context.report(any_plan(instance))
