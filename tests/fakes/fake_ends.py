"""A solver that leaves its process without an answer."""

from __future__ import annotations

import os
from typing import Any

HEURISTIC = {"name": "heijunka_fake_ends", "problem": "heijunka", "summary": "exits", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    os._exit(0)
