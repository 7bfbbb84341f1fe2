"""When the command began: a limit on the command line counts from the start of its process."""

from __future__ import annotations

import os
import time

__all__ = ["began"]

LOADED = time.monotonic()

LONGEST_START = 5.0
"""Seconds from the start of a process to the import of this module, at most, if it serves a command line."""

_commands = 0


def began() -> float:
    """Return when this process started; from its second command on, the present (monotonic clock)."""
    global _commands
    _commands += 1
    now = time.monotonic()
    if _commands > 1:
        return now
    age = _age()
    return now - age if age is not None and 0 <= age <= now - LOADED + LONGEST_START else now


def _age() -> float | None:
    """Return the seconds since this process started, None where the system does not tell."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
