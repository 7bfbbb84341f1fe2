"""What a run stands on: versions, machine, settings. Kept with its results."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.engine.versions import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.batching.jobs import Setting

__all__ = ["manifest"]


def manifest(settings: Sequence[Setting], workers: int, cluster: object) -> dict[str, Any]:
    """Return the manifest of a run that begins now."""
    import json

    return {
        "versions": versions(),
        "machine": _machine(),
        "workers": None if cluster is not None else workers,
        "cluster": cluster is not None,
        "settings": [json.loads(setting.text) for setting in settings],
    }


def _machine() -> dict[str, Any]:
    import psutil

    return {
        "system": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 2**20),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
