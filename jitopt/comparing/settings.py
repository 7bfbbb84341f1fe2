"""How a comparison is made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from jitopt.errors import InputError

__all__ = ["BY", "Settings", "settings_of"]

BY = ("problem", "family", "deterministic", "threads", "gap_limit", "work_limit")
"""Columns by which runs can be grouped. Different time limits are always kept apart."""

LEAST_GAP_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Settings:
    """How a comparison is made; every figure states what of it it rests on.

    Attributes
    ----------
    by
        Columns that make the groups, the coarse one first.
    shift
        Shift of the geometric means [s].
    gap_tolerance
        Proven gap at which a run counts as solved.
    target
        Primal gap that `time to target` and the data profile ask for.
    reference
        Variant the ratios refer to; None: the one with the least mean time.
    time_tie, time_floor
        Times that differ by less than this share, or by less than this many seconds, are a tie.
    level
        Level of the confidence intervals.
    resamples, seed
        Number of bootstrap resamples, and the seed of their random numbers.
    """

    by: tuple[str, ...] = ("problem", "family")
    shift: float = 1.0
    gap_tolerance: float = LEAST_GAP_TOLERANCE
    target: float = 0.01
    reference: str | None = None
    time_tie: float = 0.05
    time_floor: float = 0.01
    level: float = 0.95
    resamples: int = 1000
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {**self.__dict__, "by": list(self.by)}


def settings_of(gap_limits: list[float], gap_tolerance: float | None, **given: Any) -> Settings:
    """Return checked settings; without a gap tolerance, the largest gap any run was allowed to stop at.

    Raises
    ------
    InputError
        If one is out of its range.
    """
    if gap_tolerance is None:
        gap_tolerance = max([LEAST_GAP_TOLERANCE, *gap_limits])
    by = given.get("by", Settings.by)
    by = tuple(by.split(",")) if isinstance(by, str) else tuple(by)
    by = tuple(word.strip() for word in by if word.strip())
    for word in by:
        if word not in BY or by.count(word) > 1:
            raise InputError(
                "unknown column to group by" if word not in BY else "a column stands twice",
                place="by",
                value=word,
                remedy=f"name columns of {', '.join(BY)}, each once",
            )
    settings = Settings(**{**given, "by": by, "gap_tolerance": gap_tolerance})
    _range("shift", settings.shift, 0, math.inf)
    _range("gap_tolerance", settings.gap_tolerance, 0, 1)
    _range("target", settings.target, 0, 1)
    _range("time_tie", settings.time_tie, 0, 1)
    _range("time_floor", settings.time_floor, 0, math.inf)
    _range("level", settings.level, 0.5, 1)
    for name, least in (("resamples", 100), ("seed", 0)):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}", place=name, value=value)
    return settings


def _range(name: str, value: Any, least: float, below: float) -> None:
    good = not isinstance(value, bool) and isinstance(value, int | float) and least <= value < below
    if not good:
        rule = f"{name} must be a number of at least {least:g}" + ("" if below == math.inf else f", below {below:g}")
        raise InputError(rule, place=name, value=value)
