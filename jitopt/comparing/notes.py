"""What a reader must know before believing a figure: what was left out, and what is not alike."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jitopt.comparing.groups import Group
    from jitopt.comparing.runs import Run
    from jitopt.comparing.settings import Settings

__all__ = ["manifest_of", "notes_of"]

FEW = 10
"""Instances below which intervals and tests say little."""

ALIKE = ("threads", "gap_limit", "deterministic", "work_limit")


def manifest_of(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a store tells of its runs of the batch: when, how they ended, versions, machine, settings."""
    return {
        f"run {number}": {name: run[name] for name in ("started", "ended", "ending") if name in run}
        | dict(run.get("manifest") or {})
        for number, run in enumerate(runs, start=1)
    }


def notes_of(
    runs: Sequence[Run], groups: Sequence[Group], settings: Settings, manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Return the notes, the general ones first."""
    for name, what in (("machine", "machines"), ("versions", "versions")):
        if len({json.dumps(run.get(name), sort_keys=True, default=str) for run in manifest.values()}) > 1:
            yield f"The batch was run with different {what} (see the manifest): its times may not be comparable."
    if not runs:
        yield "There is not a single row to compare."
        return
    waiting = sum(not run.finished for run in runs)
    if waiting:
        yield f"{waiting} of {len(runs)} jobs are waiting: what is shown is preliminary."
    limits = {run.time_limit for run in runs}
    if len(limits) > 1:
        told = ", ".join("none" if limit is None else f"{limit:g} s" for limit in sorted(limits, key=lambda v: v or 0))
        yield f"There are different time limits ({told}): each has groups of its own, and none are mixed."
    if None in limits:
        yield "Runs without a time limit: means of time that hold unsolved runs, PAR-10 and integrals are not defined."
    yield from _unlike(runs)
    yield from _names(runs)
    for group in groups:
        yield from _of_group(group, settings)


def _unlike(runs: Sequence[Run]) -> Iterator[str]:
    """Tell settings that differ between the runs of one variant, or between variants."""
    for name in ALIKE:
        by_variant: dict[str, set[object]] = defaultdict(set)
        for run in runs:
            by_variant[run.variant].add(getattr(run, name))
        mixed = sorted(variant for variant, values in by_variant.items() if len(values) > 1)
        if mixed:
            yield f"Runs of {', '.join(mixed)} differ in {name}: they are averaged all the same."
        elif len(set().union(*by_variant.values())) > 1:
            yield f"Variants differ in {name}: their times compare that setting, too."


def _names(runs: Sequence[Run]) -> Iterator[str]:
    hashes: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for run in runs:
        hashes[run.key[:3]].add(run.sha)
    for (_, family, instance), found in sorted(hashes.items()):
        if len(found) > 1:
            where = f" of {family}" if family else ""
            yield f"{len(found)} different instances{where} are called {instance}: they are kept apart by their hashes."


def _of_group(group: Group, settings: Settings) -> Iterator[str]:
    name = group.label + (f" ({group.time_limit:g} s)" if group.time_limit is not None else "")
    if group.dropped:
        yield f"{name}: {', '.join(group.dropped)} left out: not run in every class of these instances."
    reasons = Counter(missing.why for missing in group.missing)
    total = len(group.cells) + len(group.missing)
    for why, count in sorted(reasons.items()):
        shown = "" if why == "refused by every variant" else " for some variant"
        yield f"{name}: {count} of {total} pairs of instance and seed left out: {why}{shown}."
    if group.cells and group.size < FEW and len(group.variants) > 1:
        yield f"{name}: only {group.size} shared instances: intervals and tests say little."
    if settings.reference is not None and settings.reference not in group.variants:
        yield f"{name}: {settings.reference} was not run on all of it: ratios refer to the fastest variant."
