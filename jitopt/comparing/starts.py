"""What a warm start brings: the same method, instances, seeds and settings, with a start and without."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.comparing.groups import ALL, make_group
from jitopt.comparing.pairs import MEASURES, correct, duel, mean_difference, time_ratio
from jitopt.comparing.summary import per_instance, quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.comparing.groups import Group
    from jitopt.comparing.marks import Mark
    from jitopt.comparing.runs import Run
    from jitopt.comparing.settings import Settings

__all__ = ["start_groups", "start_pairs", "starts_of"]

WITH, WITHOUT = "with", "without"


def start_groups(runs: Sequence[Run], marks: Mapping[Run, Mark], settings: Settings) -> list[tuple[str, str, Group]]:
    """Return method, start and the group (with, without) of each class in which both were run.

    Everything else that was set is the same on both sides.
    """
    classes: dict[tuple[Any, ...], list[Run]] = defaultdict(list)
    for run in runs:
        setting = (run.time_limit, run.threads, run.gap_limit, run.deterministic, run.work_limit)
        for family in {run.family, ALL}:
            classes[(run.problem, family, run.method, *setting)].append(run)
    families = {p: {run.family for run in runs if run.problem == p} for p in {run.problem for run in runs}}
    found = []
    for name in sorted(classes, key=lambda name: tuple(str(word) for word in name)):
        problem, family, method = name[:3]
        if family == ALL and len(families[problem]) == 1:
            continue
        mine = classes[name]
        plain = sorted({run.variant for run in mine if run.start == "none"})
        started = sorted({(run.start, run.variant) for run in mine if run.start != "none"})
        for (start, one), other in product(started, plain):
            here = [run for run in mine if run.variant in (one, other)]
            key = {"problem": problem, "family": family}
            group = make_group(here, marks, settings, key, (WITH, WITHOUT), _side)
            if group.cells:
                found.append((method if len(plain) == 1 else other, start, group))
    return found


def _side(run: Run) -> str:
    return WITHOUT if run.start == "none" else WITH


def starts_of(groups: Sequence[tuple[str, str, Group]]) -> list[dict[str, Any]]:
    """Return a row for each method, start and measure: wins, ties and losses of starting, and the effect."""
    rows = []
    for method, start, group in groups:
        effects = _effects(group)
        for measure in MEASURES:
            found = duel(group, measure)
            if found["instances"]:
                head = {**group.key, "time_limit": group.time_limit, "method": method, "start": start}
                rows.append({**head, "measure": measure, **found, **_only(effects, measure), "pairs": len(group.cells)})
    correct(rows)
    return sorted(rows, key=lambda row: list(MEASURES).index(row["measure"]))


KEYS = (
    "with", "without", "ratio", "ratio_low", "ratio_high", "difference", "difference_low", "difference_high",
    "start_seconds",
)  # fmt: skip


def _only(effects: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Any]:
    return {key: effects[measure].get(key) for key in KEYS}


def _effects(group: Group) -> dict[str, dict[str, Any]]:
    """Return the effect by each measure: a ratio for times, a difference for integrals, medians with and without."""
    made = [mark.run.start_seconds for mark in group.marks[0] if mark.run.start_seconds is not None]
    return {
        "time": {**time_ratio(group), "start_seconds": quantile(made, 0.5) if made else None}
        | {WITH: _solved(group, 0), WITHOUT: _solved(group, 1)},
        "plan": dict(zip((WITH, WITHOUT), _medians(group, "gap_reference"), strict=True)),
        "first_plan": dict(zip((WITH, WITHOUT), _medians(group, "first_plan"), strict=True)),
        "primal_integral": {
            **mean_difference(group, lambda mark: mark.primal_integral, "difference"),
            **dict(zip((WITH, WITHOUT), _means(group), strict=True)),
        },
    }


def _solved(group: Group, side: int) -> float:
    """Return the share of instances solved on a side."""
    weights, _ = group.weights(np.ones(len(group.cells), dtype=bool))
    return float(np.array([mark.solved for mark in group.marks[side]], dtype=float) @ weights)


def _medians(group: Group, measure: str) -> list[float | None]:
    values = group.values(lambda mark: getattr(mark, measure))
    mask = group.everywhere(values)
    found = [per_instance(group, np.where(mask, row, np.nan)) for row in values]
    return [quantile(middle, 0.5) if middle else None for middle in found]


def _means(group: Group) -> list[float | None]:
    values = group.values(lambda mark: mark.primal_integral)
    mask = group.everywhere(values)
    if not mask.any():
        return [None, None]
    weights, _ = group.weights(mask)
    return [float(row[mask] @ weights) for row in values]


def start_pairs(groups: Sequence[tuple[str, str, Group]]) -> list[dict[str, Any]]:
    """Return a row for each instance and seed: what was measured with the start and without it.

    A change (with less without) is told only where both sides are finite: an unsolved run has no time.
    """
    rows = []
    for method, start, group in groups:
        if group.key["family"] == ALL:
            continue
        for (key, seed), a, b in zip(group.cells, *group.marks, strict=True):
            row: dict[str, Any] = {
                "problem": key[0], "family": key[1], "instance": key[2], "seed": seed, "time_limit": group.time_limit,
                "method": method, "start": start, "status_with": a.run.status, "status_without": b.run.status,
            }  # fmt: skip
            sides = {
                "time": (a.time, b.time),
                "first_plan": (a.first_plan, b.first_plan),
                "primal_integral": (a.primal_integral, b.primal_integral),
                "objective": (a.run.shown(a.outcome), b.run.shown(b.outcome)),
            }
            for name, (left, right) in sides.items():
                row |= {f"{name}_with": left, f"{name}_without": right, f"{name}_change": _change(left, right)}
            rows.append(row)
    return rows


def _change(left: float | None, right: float | None) -> float | None:
    if left is None or right is None or math.isinf(left) or math.isinf(right):
        return None
    return left - right
