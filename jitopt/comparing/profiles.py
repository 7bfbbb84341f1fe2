"""Performance, data, accuracy and pairwise profiles, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jitopt.comparing.bootstrap import interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jitopt.comparing.groups import Group

    Floats = NDArray[np.float64]

__all__ = ["Curve", "Profile", "accuracy_profile", "data_profile", "performance_profile", "profiles_of"]

POINTS = 120
"""Most points of a curve; of more jumps, evenly many are kept, the first and the last among them."""


@dataclass(frozen=True)
class Curve:
    """A variant's curve: the share of instances at each point, and the band around it (None: too few)."""

    variant: str
    y: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None


@dataclass(frozen=True)
class Profile:
    """Distribution functions over one grid.

    kind: `performance`, `data` or `accuracy`. x: the grid, rising. instances: how many stand behind it.
    """

    kind: str
    x: tuple[float, ...]
    curves: tuple[Curve, ...]
    instances: int
    pairs: int


def profiles_of(group: Group) -> list[Profile]:
    """Return every profile that can be drawn of a group."""
    found = (performance_profile(group), data_profile(group), accuracy_profile(group))
    return [profile for profile in found if profile is not None]


def performance_profile(group: Group) -> Profile | None:
    """Return the share of instances solved within x times the time of the fastest variant (Dolan & Moré 2002).

    Per cell: the ratio of a time to the least time of the same instance and seed; times below the
    floor count as the floor. A curve ends at the share solved.
    """
    times = group.values(lambda mark: mark.time)
    if not np.isfinite(times).any():
        return None
    times = np.maximum(times, max(group.settings.time_floor, 1e-9))
    best = times.min(axis=0)
    with np.errstate(invalid="ignore"):
        ratios = np.where(np.isinf(times), np.inf, times / best)
    return _profile("performance", group, ratios, np.ones(len(group.cells), dtype=bool), 1.0)


def data_profile(group: Group) -> Profile | None:
    """Return the share of instances with a plan within the target of the reference by x seconds.

    After Moré & Wild (2009), with seconds for their count of function evaluations.
    """
    values = group.values(lambda mark: mark.to_target)
    mask = group.everywhere(values)
    return _profile("data", group, np.maximum(values, 1e-3), mask, None)


def accuracy_profile(group: Group) -> Profile | None:
    """Return the share of instances whose last plan lies within a gap of x of the reference.

    Beiranvand, Hare & Lucet (2017); the reference is the best plan known or found.
    """
    values = group.values(lambda mark: mark.gap_reference)
    return _profile("accuracy", group, np.maximum(values, 1e-6), group.everywhere(values), 1e-6)


def _profile(kind: str, group: Group, values: Floats, mask: NDArray[np.bool_], first: float | None) -> Profile | None:
    """Return the distribution functions of a measure over the cells in the mask."""
    inside = values[:, mask]
    jumps = np.unique(inside[np.isfinite(inside)])
    if not jumps.size:
        return None
    if first is not None:
        jumps = np.union1d([first], jumps)
    if jumps.size > POINTS:
        jumps = jumps[np.unique(np.linspace(0, jumps.size - 1, POINTS).round().astype(int))]
    weights, resampled = group.weights(mask)
    curves = []
    for v, variant in enumerate(group.variants):
        reached = (inside[v][:, None] <= jumps[None, :]).astype(np.float64)
        low = high = None
        if resampled is not None:
            low, high = map(_shares, interval(resampled @ reached, group.settings.level))
        curves.append(Curve(variant, _shares(weights @ reached), low, high))
    x = tuple(float(value) for value in jumps)
    return Profile(kind, x, tuple(curves), len(set(group.subset(mask))), int(mask.sum()))


def _shares(values: Floats) -> tuple[float, ...]:
    # A sum of weights may miss 1 by a rounding error.
    return tuple(float(value) for value in np.clip(np.round(values, 12), 0.0, 1.0))
