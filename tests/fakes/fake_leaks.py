"""A solver that hands over a plan, then takes 2 GB and sits on them."""

from __future__ import annotations

import time
from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_leaks", "problem": "heijunka", "summary": "leaks 2 GB", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    context.report(any_plan(instance))
    hoard = []
    for _ in range(2048):
        hoard.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.0002)
    while True:
        time.sleep(10)
