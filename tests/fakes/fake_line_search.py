"""A search of lines that reports a worse, a better and again the worse plan, and an upper bound."""

from __future__ import annotations

from typing import Any

HEURISTIC = {
    "name": "kanban_fake_line_search",
    "problem": "kanban",
    "technology": "numba",
    "summary": "tells two plans and a bound",
    "source": "constructed",
}


def run(instance: Any, context: Any) -> None:
    for buffers in ([0, 2], [1, 1], [0, 2]):
        context.report(instance.plan_type(buffers=tuple(buffers)))
    context.bound(0.9)
    context.bound(0.8)
    context.bound(0.85)
