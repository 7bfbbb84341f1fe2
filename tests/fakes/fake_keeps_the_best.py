"""A search that tells a plan at once, keeps a better one back until it is told to stop, and tells that."""

from __future__ import annotations

import time
from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_keeps_the_best", "problem": "heijunka", "summary": "late", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    blocks = any_plan(instance)
    context.report(blocks)
    while not context.stopped():
        time.sleep(0.01)
    first, *rest = blocks.sequence
    context.report(instance.plan_type(sequence=(*rest[:-1], first, rest[-1])))
