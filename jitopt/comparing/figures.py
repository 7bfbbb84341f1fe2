"""The figures of the report, as data that plotly.js draws."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from jitopt.comparing.wording import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.comparing.profiles import Profile
    from jitopt.comparing.runs import Run
    from jitopt.comparing.study import VariantComparison

__all__ = ["COLOURS", "figure_data", "label", "profile_figure"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#4D4D4D", "#8C6D31")
"""Okabe & Ito: told apart by colour-blind people; the dashes tell them apart without colour."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LONGEST = 60
MOST_POINTS = 80
"""Most points of a run's trajectory in the report."""

MOST_NUMBERS = 300_000
"""Most numbers of all trajectories in the report: 10,000 runs are megabytes otherwise."""

AXES = {
    "performance": ("time / time of the fastest variant", "log"),
    "data": ("seconds", "log"),
    "accuracy": ("gap of the last plan (0 at the left edge)", "log"),
}


def label(text: str) -> str:
    """Return a user's text for plotly, which reads tags and entities in every text it draws."""
    shown = visible(text)
    return escape(shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…", quote=False)


def figure_data(study: VariantComparison) -> dict[str, Any]:
    """Return everything the report's script draws: profiles of every group, trajectories of every instance."""
    variants = sorted({run.variant for run in study.runs})
    groups = []
    for group in study.groups:
        profiles = {profile.kind: profile_figure(profile, variants) for profile in study.profiles(group)}
        if profiles:
            pairs = study.pairwise_profiles(group) if len(group.variants) > 2 else []
            groups.append({
                "profiles": profiles,
                "pairs": [{**profile_figure(profile, variants), "title": pair_title(profile)} for profile in pairs],
            })  # fmt: skip
    return {
        "groups": groups,
        "variants": [{"name": label(name), "colour": colour(i), "dash": dash(i)} for i, name in enumerate(variants)],
        "trajectories": _trajectories(study, variants),
    }


def pair_title(profile: Profile) -> str:
    """Return the names of both variants, as text."""
    return " against ".join(visible(curve.variant) for curve in profile.curves)


def colour(i: int) -> str:
    """Return the colour of the i-th variant."""
    return COLOURS[i % len(COLOURS)]


def pale(i: int) -> str:
    """Return the colour of the i-th variant's band, through which the others are seen."""
    red, green, blue = bytes.fromhex(colour(i)[1:])
    return f"rgba({red},{green},{blue},0.13)"


def dash(i: int) -> str:
    """Return the dashes of the i-th variant."""
    return DASHES[i % len(DASHES)]


def profile_figure(profile: Profile, variants: Sequence[str]) -> dict[str, Any]:
    """Return traces and layout of a profile: a step for each variant, within its band."""
    x = list(profile.x)
    traces: list[dict[str, Any]] = []
    for curve in profile.curves:
        i = variants.index(curve.variant)
        if curve.low is not None and curve.high is not None:
            edge = {"type": "scatter", "x": x, "mode": "lines", "hoverinfo": "skip", "showlegend": False,
                    "legendgroup": str(i), "line": {"shape": "hv", "width": 0, "color": colour(i)}}  # fmt: skip
            traces.append({**edge, "y": _short(curve.low)})
            traces.append({**edge, "y": _short(curve.high), "fill": "tonexty", "fillcolor": pale(i)})
    for curve in profile.curves:
        i = variants.index(curve.variant)
        traces.append({
            # A single abscissa (one variant is its own fastest) is no line: it would not be seen.
            "type": "scatter", "x": x, "y": _short(curve.y), "mode": "lines" if len(x) > 1 else "markers",
            "name": label(curve.variant),
            "legendgroup": str(i), "line": {"shape": "hv", "width": 2, "color": colour(i), "dash": dash(i)},
            "hovertemplate": "%{y:.1%} at %{x:.4g}<extra>%{fullData.name}</extra>",
        })  # fmt: skip
    title, scale = AXES[profile.kind]
    return {
        "data": traces,
        "layout": {
            "xaxis": {
                "title": {"text": title},
                "type": scale,
                **({"tickformat": ".4~%"} if title.startswith("gap") else {}),
            },
            "yaxis": {"title": {"text": "share of instances"}, "range": [-0.02, 1.02], "tickformat": ".0%"},
        },
        "instances": profile.instances,
        "pairs": profile.pairs,
    }


def _short(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]


def _trajectories(study: VariantComparison, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Return the steps of every run with a plan, by instance and time limit, until there are too many."""
    by_instance: dict[tuple[Any, ...], list[Run]] = {}
    for run in sorted(study.runs, key=lambda run: (run.key, run.time_limit or 0.0, run.variant, run.seed)):
        mark = study.marks.get(run)
        if mark is not None and mark.points:
            by_instance.setdefault((run.key, run.time_limit), []).append(run)
    found: list[dict[str, Any]] = []
    numbers = 0
    for (key, limit), runs in by_instance.items():
        reference = study.marks[runs[0]].reference
        drawn = [_steps(study, run, variants.index(run.variant)) for run in runs]
        numbers += sum(3 * len(run["t"]) for run in drawn)
        if numbers > MOST_NUMBERS:
            break
        words = [word for word in key[:3] if word]
        found.append({
            "label": visible(" / ".join(words)) + ("" if limit is None else f" ({limit:g} s)"),
            "limit": limit, "known": runs[0].shown(reference.known), "bound": runs[0].shown(reference.bound),
            "runs": drawn,
        })  # fmt: skip
    return found


def _steps(study: VariantComparison, run: Run, variant: int) -> dict[str, Any]:
    points = study.marks[run].points
    if len(points) > MOST_POINTS:
        kept = {round(i * (len(points) - 1) / (MOST_POINTS - 1)) for i in range(MOST_POINTS)}
        points = tuple(points[i] for i in sorted(kept))
    end = max(run.time_limit or 0.0, points[-1][0])
    points = (*points, (end, *points[-1][1:]))
    return {
        "variant": variant,
        "seed": run.seed,
        "t": [_digits(point[0]) for point in points],
        "objective": [_digits(run.shown(point[1])) for point in points],
        "bound": [_digits(run.shown(point[2])) for point in points],
    }


def _digits(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")
