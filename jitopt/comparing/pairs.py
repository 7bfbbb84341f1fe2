"""Two variants side by side: wins, ties and losses with an exact sign test, and the ratio of their times."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.comparing.bootstrap import interval
from jitopt.comparing.claims import above
from jitopt.comparing.groups import make_group
from jitopt.comparing.summary import capped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jitopt.comparing.groups import Group
    from jitopt.comparing.marks import Mark
    from jitopt.comparing.settings import Settings

__all__ = ["MEASURES", "duel", "holm", "mean_difference", "pairs_of", "sign_test", "time_ratio", "two_of"]


def compare_times(a: float, b: float, settings: Settings) -> int:
    """Return -1 if time a is shorter, 1 if b is, 0 if they are a tie or both infinite."""
    if a == b or abs(a - b) <= max(settings.time_floor, settings.time_tie * min(a, b)):
        return 0
    return -1 if a < b else 1


def compare_values(a: float, b: float) -> int:
    """Return -1 if value a is smaller beyond the tolerance, 1 if b is, 0 if neither."""
    if a == b:
        return 0
    if math.isinf(a) or math.isinf(b):
        return -1 if a < b else 1
    return 1 if above(a, b) else -1 if above(b, a) else 0


def _time(a: Mark, b: Mark, settings: Settings) -> int | None:
    return compare_times(a.time, b.time, settings)


def _plan(a: Mark, b: Mark, settings: Settings) -> int | None:
    return None if a.reference.infeasible else compare_values(a.outcome, b.outcome)


def _first(a: Mark, b: Mark, settings: Settings) -> int | None:
    if a.first_plan is None or b.first_plan is None:
        return None
    return compare_times(a.first_plan, b.first_plan, settings)


def _primal(a: Mark, b: Mark, settings: Settings) -> int | None:
    if a.primal_integral is None or b.primal_integral is None:
        return None
    difference = a.primal_integral - b.primal_integral
    return 0 if abs(difference) <= INTEGRAL_TIE else int(math.copysign(1, difference))


INTEGRAL_TIE = 1e-3
MEASURES: dict[str, Callable[[Mark, Mark, Settings], int | None]] = {
    "time": _time,
    "plan": _plan,
    "first_plan": _first,
    "primal_integral": _primal,
}
"""What two runs can be compared by: -1 the first is better, 0 a tie, 1 the second; None: does not apply."""


def sign_test(wins: int, losses: int) -> float:
    """Return the two-sided p-value of the exact sign test; ties say nothing (Dixon & Mood 1946)."""
    if wins + losses == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses, 0.5, alternative="two-sided").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number by Holm's (1979) step-down method."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def duel(group: Group, measure: str) -> dict[str, Any]:
    """Return wins, ties and losses of the first variant of a group of two, by instance, with the sign test.

    An instance is won if more of its seeds are won than lost: seeds are no instances of their own.
    """
    outcomes: dict[Any, list[int]] = {}
    for cell, a, b in zip(group.cells, *group.marks, strict=True):
        outcome = MEASURES[measure](a, b, group.settings)
        if outcome is not None:
            outcomes.setdefault(cell[0], []).append(outcome)
    totals = [sum(seeds) for seeds in outcomes.values()]
    wins, losses = sum(total < 0 for total in totals), sum(total > 0 for total in totals)
    return {
        "instances": len(totals),
        "wins": wins,
        "ties": len(totals) - wins - losses,
        "losses": losses,
        "p": sign_test(wins, losses),
    }


def two_of(group: Group, a: str, b: str) -> Group:
    """Return the group of two variants, on every cell that these two share."""
    if group.variants == (a, b):
        return group
    if (a, b) not in group.twos:
        two = make_group(group.runs, group.table, group.settings, group.key, (a, b))
        group.twos[a, b] = replace(two, weights_of=group.weights_of)
    return group.twos[a, b]


def time_ratio(group: Group) -> dict[str, float | None]:
    """Return the ratio of the shifted geometric means of time, first variant to second, with its interval."""
    found: dict[str, float | None] = dict.fromkeys(("ratio", "ratio_low", "ratio_high"))
    logs = np.log(np.maximum(capped(group) + group.settings.shift, 1e-9))
    if group.cells and np.isfinite(logs).all():
        difference = logs[0] - logs[1]
        weights, resampled = group.weights(np.ones(len(group.cells), dtype=bool))
        found["ratio"] = float(np.exp(difference @ weights))
        if resampled is not None:
            low, high = interval(np.exp(resampled @ difference), group.settings.level)
            found |= {"ratio_low": float(low), "ratio_high": float(high)}
    return found


def mean_difference(group: Group, measure: Callable[[Mark], float | None], name: str) -> dict[str, float | None]:
    """Return the mean difference of a bounded measure, first variant less second, with its interval."""
    found: dict[str, float | None] = dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    values = group.values(measure)
    mask = group.everywhere(values)
    if mask.any():
        difference = values[0][mask] - values[1][mask]
        weights, resampled = group.weights(mask)
        found[name] = float(difference @ weights)
        if resampled is not None:
            low, high = interval(resampled @ difference, group.settings.level)
            found |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def pairs_of(group: Group) -> list[dict[str, Any]]:
    """Return a row for each two variants and each measure; p-values corrected over the pairs of a measure."""
    rows: list[dict[str, Any]] = []
    for a, b in combinations(group.variants, 2):
        two = two_of(group, a, b)
        if not two.cells:
            continue
        ratio = time_ratio(two)
        left_out = len(two.missing)
        for measure in MEASURES:
            found = duel(two, measure)
            if found["instances"]:
                extra = ratio if measure == "time" else dict.fromkeys(ratio)
                rows.append({"measure": measure, "variant": a, "other": b, **found, "left_out": left_out, **extra})
    correct(rows)
    return sorted(rows, key=lambda row: list(MEASURES).index(row["measure"]))


def correct(rows: list[dict[str, Any]]) -> None:
    """Add the corrected p-value to every row, over the rows of the same measure."""
    for measure in MEASURES:
        mine = [row for row in rows if row["measure"] == measure]
        for row, p in zip(mine, holm([row["p"] for row in mine]), strict=True):
            row["p_holm"] = p
