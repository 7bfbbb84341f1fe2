"""Preloaded by a worker of Dask: it acts as a machine on which jitopt is not installed."""

from __future__ import annotations

import importlib.metadata
import sys


def dask_setup(worker: object) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "jitopt"]:
        del sys.modules[name]
    sys.modules["jitopt"] = None  # type: ignore[assignment]
    found = importlib.metadata.distribution

    def distribution(distribution_name: str) -> importlib.metadata.Distribution:
        if distribution_name == "jitopt":
            raise importlib.metadata.PackageNotFoundError(distribution_name)
        return found(distribution_name)

    importlib.metadata.distribution = distribution
