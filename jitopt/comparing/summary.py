"""What is told of each variant of a group: counts, times, plans. The formulas stand in docs/compare.md."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.comparing.bootstrap import interval
from jitopt.comparing.runs import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from jitopt.comparing.groups import Group
    from jitopt.comparing.marks import Mark

    Floats = NDArray[np.float64]

__all__ = ["VIRTUAL_BEST", "counts_of", "plans_of", "quantile", "reference_of", "times_of"]

VIRTUAL_BEST = "(virtual best)"
PENALTY = 10.0
HIGH = 0.9


def quantile(values: Sequence[float] | Floats, q: float) -> float:
    """Return a quantile of values that may be infinite: at a jump, the middle of both sides.

    Hyndman & Fan (1996), definition 2; NaN without values.
    """
    ordered = sorted(float(value) for value in values)
    if not ordered:
        return math.nan
    place = q * len(ordered)
    upper = min(int(place), len(ordered) - 1)
    # The product is rounded: 0.9 * 10 must count as a whole 9.
    if abs(place - round(place)) < 1e-9 and 0 < round(place) < len(ordered):
        low, high = ordered[round(place) - 1], ordered[round(place)]
        return low if low == high else (low + high) / 2
    return ordered[upper]


def counts_of(group: Group) -> list[dict[str, Any]]:
    """Return for each variant how its runs ended: all its own finished runs, shared or not."""
    rows = []
    for variant in group.variants:
        own = group.own[variant]
        counts = {status: sum(mark.run.status == status for mark in own) for status in FINISHED}
        rows.append(
            {
                "variant": variant,
                "runs": len(own),
                "instances": len({mark.run.key for mark in own}),
                "solved": sum(mark.solved for mark in own),
                **counts,
                "refuted": sum(mark.refuted for mark in own),
                "unfinished": sum(run.variant == variant and not run.finished for run in group.runs),
            }
        )
    return rows


def capped(group: Group) -> Floats:
    """Return the time of each mark, an unsolved one at the limit; infinity if there was no limit."""
    times = group.values(lambda mark: mark.time)
    limit = math.inf if group.time_limit is None else group.time_limit
    return np.where(np.isinf(times), limit, times)


def reference_of(group: Group) -> str:
    """Return the variant that ratios refer to: the one asked for, else the one with the least mean time."""
    if group.settings.reference in group.variants:
        return str(group.settings.reference)
    weights, _ = group.weights(np.ones(len(group.cells), dtype=bool))
    means = np.log(np.maximum(capped(group) + group.settings.shift, 1e-9)) @ weights
    return group.variants[int(np.argmin(means))]


def times_of(group: Group) -> list[dict[str, Any]]:
    """Return the means of time of each variant, and of the virtual best, over the shared cells."""
    if not group.cells:
        return []
    every = np.ones(len(group.cells), dtype=bool)
    weights, resampled = group.weights(every)
    times, shift = group.values(lambda mark: mark.time), group.settings.shift
    at_limit = capped(group)
    par = np.where(np.isinf(times), PENALTY * at_limit, times)
    logs = np.log(np.maximum(at_limit + shift, 1e-9))
    by_all = _solved_by_all(group, times)
    basis = group.variants.index(reference_of(group))
    # Without a limit an unsolved run has no time, and so no ratio.
    both = np.isfinite(logs) & np.isfinite(logs[basis])
    against = np.subtract(logs, logs[basis], where=both, out=np.full_like(logs, np.inf))
    rows = []
    for v, variant in enumerate(group.variants):
        row = {
            "variant": variant,
            "instances": group.size,
            "pairs": len(group.cells),
            "solved_share": float(np.isfinite(times[v]) @ weights),
            "at_limit": int(np.isinf(times[v]).sum()),
            **_with_interval("sgm", logs[v], weights, resampled, group, lambda m: np.exp(m) - shift),
            **_with_interval("ratio", against[v], weights, resampled, group, np.exp),
            **_with_interval("par10", par[v], weights, resampled, group, lambda m: m),
            "sgm_all_solved": _mean_where(group, by_all, logs[v], shift),
            "instances_all_solved": len(set(group.subset(by_all))),
        }
        rows.append(row)
    return [*rows, _virtual_best(group, logs, par, weights, shift)] if len(rows) > 1 else rows


def _with_interval(
    name: str, cells: Floats, weights: Floats, resampled: Floats | None, group: Group, shape: Callable[[Any], Any]
) -> dict[str, float | None]:
    """Return a mean and its interval; None where unsolved runs without a time limit leave it undefined."""
    if not np.isfinite(cells).all():
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    found: dict[str, float | None] = {name: float(shape(cells @ weights)), f"{name}_low": None, f"{name}_high": None}
    if resampled is not None:
        low, high = interval(shape(resampled @ cells), group.settings.level)
        found |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def _solved_by_all(group: Group, times: Floats) -> NDArray[np.bool_]:
    """Return the cells of those instances that every variant solved with every seed."""
    solved = [bool(good) for good in np.atleast_1d(np.isfinite(times).all(axis=0))]
    unsolved = {key for key, good in zip(group.instances, solved, strict=True) if not good}
    return np.array([key not in unsolved for key in group.instances], dtype=bool)


def _mean_where(group: Group, mask: NDArray[np.bool_], logs: Floats, shift: float) -> float | None:
    if not mask.any():
        return None
    weights, _ = group.weights(mask)
    return float(np.exp(logs[mask] @ weights) - shift)


def _virtual_best(group: Group, logs: Floats, par: Floats, weights: Floats, shift: float) -> dict[str, Any]:
    """Return the means of taking, for each instance, the variant that is best over its seeds.

    Choosing after averaging the seeds: the best of single runs would be rewarded for luck.
    """
    return {
        "variant": VIRTUAL_BEST,
        "instances": group.size,
        "pairs": len(group.cells),
        "sgm": _least(group.instances, logs, weights, lambda m: float(np.exp(m) - shift)),
        "par10": _least(group.instances, par, weights, float),
    }


def _least(
    instances: Sequence[Hashable], cells: Floats, weights: Floats, shape: Callable[[Any], float]
) -> float | None:
    if not np.isfinite(cells).all():
        return None
    place = {key: number for number, key in enumerate(dict.fromkeys(instances))}
    number = [place[key] for key in instances]
    sums = np.zeros((len(cells), len(place)))
    for v in range(len(cells)):
        np.add.at(sums[v], number, cells[v] * weights)
    return shape(sums.min(axis=0).sum())


def per_instance(group: Group, values: Floats) -> list[float]:
    """Return the median over the seeds of every instance the measure applies to."""
    found: dict[Hashable, list[float]] = {}
    for key, value in zip(group.instances, values, strict=True):
        if not np.isnan(value):
            found.setdefault(key, []).append(float(value))
    return [quantile(seeds, 0.5) for seeds in found.values()]


QUANTILES: tuple[tuple[str, Callable[[Mark], float | None]], ...] = (
    ("gap_known", lambda mark: mark.gap_known),
    ("gap_found", lambda mark: mark.gap_found),
    ("gap_bound", lambda mark: mark.gap_bound),
    ("gap_own", lambda mark: mark.gap_own),
    ("first_plan", lambda mark: mark.first_plan),
    ("to_target", lambda mark: mark.to_target),
)


def plans_of(group: Group) -> list[dict[str, Any]]:
    """Return quantiles of gaps and times of each variant, and the mean integrals, over the shared cells."""
    if not group.cells:
        return []
    rows: list[dict[str, Any]] = [
        {"variant": variant, "instances": group.size, "pairs": len(group.cells)} for variant in group.variants
    ]
    for v, row in enumerate(rows):
        row["no_plan_pairs"] = sum(
            mark.run.objective is None and not mark.reference.infeasible for mark in group.marks[v]
        )
    for name, measure in QUANTILES:
        values = group.values(measure)
        mask = group.everywhere(values)
        count = len(set(group.subset(mask)))
        for v, row in enumerate(rows):
            middle = per_instance(group, np.where(mask, values[v], np.nan))
            row[f"{name}_instances"] = count
            row[f"{name}_median"] = quantile(middle, 0.5) if middle else None
            row[f"{name}_high"] = quantile(middle, HIGH) if middle else None
            if name == "gap_known":
                row["improved"] = sum(value < -1e-6 for value in middle)
    _integrals(group, rows)
    return rows


def _integrals(group: Group, rows: list[dict[str, Any]]) -> None:
    measures: tuple[tuple[str, Callable[[Mark], float | None]], ...] = (
        ("primal_integral", lambda mark: mark.primal_integral),
        ("primal_dual_integral", lambda mark: mark.primal_dual_integral),
    )
    for name, measure in measures:
        values = group.values(measure)
        mask = group.everywhere(values)
        for v, row in enumerate(rows):
            row[f"{name}_instances"] = len(set(group.subset(mask)))
            bounded = any(mark.run.bound is not None for mark in group.marks[v])
            if not mask.any() or (name == "primal_dual_integral" and not bounded):
                row |= dict.fromkeys((name, f"{name}_low", f"{name}_high"))
                continue
            weights, resampled = group.weights(mask)
            row |= _with_interval(name, values[v][mask], weights, resampled, group, lambda m: m)
