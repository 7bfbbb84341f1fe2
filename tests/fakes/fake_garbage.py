"""A solver that writes garbage into the pipe to the caller."""

from __future__ import annotations

import os
from typing import Any

HEURISTIC = {"name": "heijunka_fake_garbage", "problem": "heijunka", "summary": "garbage", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\xff" * 4096)
        except OSError:
            continue
