"""How long tasks take, and how many make a group that is handed out and committed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GROUP_SECONDS", "Pace", "fitting", "group_size", "makespan", "most_deaths"]

GROUP_SECONDS = 0.5
"""What a group of tasks may take, and how long an answer may wait until it is committed."""

LARGEST_GROUP = 256
LARGEST_BYTES = 4 << 20

MOST_DEATHS = 3
MOST_KILLS = 10
"""A job that was running when its worker died is told failed after so many times: by itself, by SIGKILL.

SIGKILL comes from outside: from a person, or from a machine that is out of memory.
"""


class Pace:
    """How long the tasks of a kind take: the mean, of recent ones mostly."""

    def __init__(self) -> None:
        self.mean: float = 0.0
        self.count: int = 0

    def add(self, seconds: float) -> None:
        """Take one more into account."""
        self.count += 1
        self.mean += (seconds - self.mean) / min(self.count, 20)

    @property
    def expected(self) -> float | None:
        """Seconds the next one is likely to take, None if nothing is known."""
        return self.mean if self.count else None


def group_size(pace: Pace) -> int:
    """Return how many tasks make a group: one while nothing is known."""
    if not pace.count:
        return 1
    return max(1, min(LARGEST_GROUP, int(GROUP_SECONDS / max(pace.mean, 1e-6))))


def fitting(waiting: list[Any], weight: Callable[[Any], int], most: int) -> list[Any]:
    """Take from the front what makes a group: not too many, not too large together."""
    count = size = 0
    for one in waiting[:most]:
        size += weight(one)
        if count and size > LARGEST_BYTES:
            break
        count += 1
    group = waiting[:count]
    del waiting[:count]
    return group


def most_deaths(killed: bool) -> int:
    """Return how often a worker may die at a task before that is told failed; killed: by SIGKILL."""
    return MOST_KILLS if killed else MOST_DEATHS


def makespan(total: float, longest: float, workers: int) -> float:
    """Return the seconds within which workers that take one job after the other are through for certain (Graham)."""
    return longest + max(0.0, total - longest) / workers
