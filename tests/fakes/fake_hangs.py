"""A solver that hands over a plan, then hangs and ignores every signal it may ignore."""

from __future__ import annotations

import time
from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_hangs", "problem": "heijunka", "summary": "hangs", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    context.report(any_plan(instance))
    while True:
        time.sleep(10)
