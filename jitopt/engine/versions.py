"""Versions of what an answer depends on, read without importing any of it."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions"]


@lru_cache(maxsize=1)
def _read() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("jitopt", "pyomo", "highspy", "ortools", "numba", "numpy", "scipy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def versions() -> dict[str, str]:
    """Return the version of Python and of each package an answer depends on."""
    return dict(_read())
