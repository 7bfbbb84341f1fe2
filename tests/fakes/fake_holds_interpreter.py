"""A solver that hangs inside a C call without ever releasing the interpreter."""

from __future__ import annotations

import ctypes
import signal
from typing import Any

from _plans import any_plan

HEURISTIC = {
    "name": "heijunka_fake_holds_interpreter",
    "problem": "heijunka",
    "summary": "hangs in C, signals blocked",
    "source": "constructed",
}


def run(instance: Any, context: Any) -> None:
    context.report(any_plan(instance))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    library = ctypes.PyDLL(None)
    while True:
        library.sleep(600)
