"""A solver that hands over a plan, then aborts its process."""

from __future__ import annotations

import os
from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_crashes", "problem": "heijunka", "summary": "aborts", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    context.report(any_plan(instance))
    os.abort()
