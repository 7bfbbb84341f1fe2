"""When the command began: a limit on the command line counts from the start of its process."""

from __future__ import annotations

import os
import time

__all__ = ["began"]

LOADED = time.monotonic()


def began() -> float:
    """Return when this process started (monotonic clock); where that cannot be told, when this was imported."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return LOADED
    # A process that is older by far than this module serves more than this command.
    now = time.monotonic()
    return now - age if 0 <= age <= now - LOADED + 5.0 else LOADED
