"""A solver that hands over a plan, then ends the process that called for it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_ends_caller", "problem": "heijunka", "summary": "kills", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    context.report(any_plan(instance))
    os.kill(os.getppid(), signal.SIGABRT)
    time.sleep(60)
