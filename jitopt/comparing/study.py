"""The comparison itself: groups, their rows, what was left out, as tables of plain columns."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

from jitopt.comparing.claims import Contradiction, find_contradictions, references
from jitopt.comparing.groups import ALL, Group, make_groups
from jitopt.comparing.marks import Mark, mark_all
from jitopt.comparing.notes import manifest_of, notes_of
from jitopt.comparing.pairs import pairs_of, two_of
from jitopt.comparing.profiles import Profile, performance_profile, profiles_of
from jitopt.comparing.runs import Run, read_runs
from jitopt.comparing.settings import Settings, settings_of
from jitopt.comparing.starts import start_groups, start_pairs, starts_of
from jitopt.comparing.summary import counts_of, plans_of, times_of
from jitopt.errors import InputError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["FORMAT", "VariantComparison", "compare"]

FORMAT = "jitopt-compare/1"


@dataclass(frozen=True, eq=False)
class VariantComparison:
    """Variants held against each other, like with like.

    Attributes
    ----------
    settings
        How the comparison was made.
    runs
        Every row of the store.
    marks
        The measures of every finished run.
    groups
        A group for each class of instances and time limit.
    contradictions
        Claims that cannot both be true. Look at them before anything else.
    notes
        What was left out, and what to beware of, in words.
    manifest
        Versions, machine and settings with which the runs were made, as the store tells them.
    """

    settings: Settings
    runs: tuple[Run, ...]
    marks: Mapping[Run, Mark]
    groups: tuple[Group, ...]
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]
    manifest: Mapping[str, Any]

    @cached_property
    def tables(self) -> dict[str, dict[str, list[Any]]]:
        """The tables by name, each a mapping of equally long columns; docs/compare.md explains every column.

        Infinity stands for what was never reached (no plan, no proof), None for what does not apply.
        """
        rows: dict[str, list[dict[str, Any]]] = {
            "counts": self._rows(counts_of),
            "times": self._rows(times_of),
            "plans": self._rows(plans_of),
            "pairs": self._rows(pairs_of),
            "starts": starts_of(self._starts),
            "start_pairs": start_pairs(self._starts),
            "profiles": list(_profile_rows(self)),
            "contradictions": [contradiction.__dict__ for contradiction in self.contradictions],
            "left_out": list(_left_out(self.groups)),
            "runs": [_run_row(run, self.marks.get(run)) for run in sorted(self.runs, key=_order)],
        }
        return {name: _columns(found) for name, found in rows.items()}

    @cached_property
    def _starts(self) -> list[tuple[str, str, Group]]:
        return start_groups(self.runs, self.marks, self.settings)

    def _rows(self, make: Callable[[Group], Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
        return [{**group.key, "time_limit": group.time_limit, **row} for group in self.groups for row in make(group)]

    @cached_property
    def _drawn(self) -> dict[Group, tuple[list[Profile], list[Profile]]]:
        return {group: (_profiles(group), _pairwise(group)) for group in self.groups}

    def profiles(self, group: Group) -> list[Profile]:
        """Return the profiles of a group: performance, data and accuracy, as far as they can be drawn."""
        return self._drawn[group][0]

    def pairwise_profiles(self, group: Group) -> list[Profile]:
        """Return the performance profile of each two variants alone (Gould & Scott 2016)."""
        return self._drawn[group][1]

    def to_frame(self, table: str = "times", like: object = None) -> Any:
        """Return a table as a data frame of the kind of `like` (see `jitopt.Result`).

        Raises
        ------
        InputError
            If there is no such table.
        """
        from jitopt.frames import to_frame

        if table not in self.tables:
            raise InputError("there is no such table", value=table, remedy=f"use one of {', '.join(self.tables)}")
        return to_frame(self.tables[table], like)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but profiles and single runs as plain data; infinity is the text "inf"."""
        tables = {name: _rows_of(table) for name, table in self.tables.items() if name not in ("profiles", "runs")}
        return {
            "format": FORMAT,
            "settings": self.settings.to_dict(),
            "manifest": json.loads(json.dumps(dict(self.manifest), default=str)),
            "notes": list(self.notes),
            **{name: plain_data(rows) for name, rows in tables.items()},
        }

    def write_csv(self, folder: str | os.PathLike[str]) -> tuple[str, ...]:
        """Write every table as a CSV file into a folder, made if need be; return the paths."""
        from jitopt.comparing.csv_files import write_csv

        return write_csv(self, folder)

    def write_html(self, path: str | os.PathLike[str]) -> None:
        """Write the report: one HTML file that needs no network."""
        from jitopt.comparing.report import write_html

        write_html(self, path)


def compare(
    source: Any,
    *,
    by: str | Sequence[str] = ("problem", "family"),
    variants: Sequence[str] | None = None,
    reference: str | None = None,
    shift: float = 1.0,
    gap_tolerance: float | None = None,
    target: float = 0.01,
    time_tie: float = 0.05,
    time_floor: float = 0.01,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> VariantComparison:
    """Compare the variants of a batch.

    Parameters
    ----------
    source
        A batch store, its path, a data frame, or a mapping of columns.
    by
        Columns that make the groups, the coarse one first.
    variants
        The variants to compare; None: all. The best plan found is that of all runs all the same.
    reference
        Variant that ratios of times refer to; None: the one with the least mean time.
    shift
        Shift of the geometric means [s].
    gap_tolerance
        Proven gap at which a run counts as solved; None: 1e-4, or the largest gap limit of the runs.
    target
        Primal gap asked for by the time to target and the data profile.
    time_tie, time_floor
        Times that differ by at most this share, or by this many seconds, are a tie.
    level, resamples, seed
        Level of the confidence intervals, and the bootstrap they come from.

    Raises
    ------
    InputError
        If the source or an argument cannot be used: what, where, and what to do.
    """
    table, manifest = _table_of(source)
    runs = read_runs(table)
    settings = settings_of(
        [run.gap_limit for run in runs if run.gap_limit is not None],
        gap_tolerance,
        by=by, reference=reference, shift=shift, target=target, time_tie=time_tie, time_floor=time_floor,
        level=level, resamples=resamples, seed=seed,
    )  # fmt: skip
    there = sorted({run.variant for run in runs})
    for name in (*(variants or ()), *((reference,) if reference is not None else ())):
        if name not in there:
            raise InputError(
                "there is no such variant", value=name, remedy=f"use one of {', '.join(there) or '(none)'}"
            )
    marks = mark_all(runs, references(runs), settings)
    chosen = [run for run in runs if variants is None or run.variant in variants]
    groups = make_groups(chosen, marks, settings)
    return VariantComparison(
        settings=settings,
        runs=tuple(chosen),
        marks=marks,
        groups=tuple(groups),
        contradictions=tuple(find_contradictions(runs)),
        notes=tuple(notes_of(chosen, groups, settings, manifest)),
        manifest=manifest,
    )


def _table_of(source: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return the columns behind a source, and the manifest that comes with them."""
    import os

    if isinstance(source, str | os.PathLike):
        from jitopt.batching.store import Store

        with Store.open(source) as store:
            return _table_of(store)
    columns = getattr(source, "columns", None)
    if callable(columns):
        runs = getattr(source, "runs", None)
        return columns(trajectories=True), manifest_of(runs() if callable(runs) else [])
    return source, {}


def _profiles(group: Group) -> list[Profile]:
    return profiles_of(group) if group.cells else []


def _pairwise(group: Group) -> list[Profile]:
    twos = (two_of(group, a, b) for a, b in combinations(group.variants, 2))
    found = (performance_profile(two) for two in twos if two.cells)
    return [profile for profile in found if profile is not None]


def _order(run: Run) -> tuple[Any, ...]:
    return (*run.key, run.variant, run.time_limit or 0.0, run.seed)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _rows_of(table: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def plain_data(value: Any) -> Any:
    """Return data that JSON can hold: infinity as the text "inf", NaN as null."""
    if isinstance(value, dict):
        return {name: plain_data(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _profile_rows(study: VariantComparison) -> Iterable[dict[str, Any]]:
    for group in study.groups:
        drawn = [(profile, profile.kind) for profile in study.profiles(group)]
        if len(group.variants) > 2:
            drawn += [(profile, "pairwise") for profile in study.pairwise_profiles(group)]
        for profile, kind in drawn:
            others = [curve.variant for curve in profile.curves]
            for curve in profile.curves:
                against = next((name for name in others if name != curve.variant), None) if kind == "pairwise" else None
                for i, x in enumerate(profile.x):
                    yield {
                        **group.key, "time_limit": group.time_limit, "kind": kind, "variant": curve.variant,
                        "against": against, "x": x, "share": curve.y[i],
                        "share_low": curve.low[i] if curve.low else None,
                        "share_high": curve.high[i] if curve.high else None, "instances": profile.instances,
                    }  # fmt: skip


def _left_out(groups: Sequence[Group]) -> Iterable[dict[str, Any]]:
    """Return each cell that a finest group leaves out; the coarser ones leave out the same."""
    seen: dict[Any, set[str]] = defaultdict(set)
    for group in groups:
        if ALL in group.key.values():
            continue
        for missing in group.missing:
            key, seed = missing.cell
            name = (key, seed, group.time_limit, missing.why)
            if seen[name] >= set(missing.variants):
                continue
            seen[name] |= set(missing.variants)
            yield {
                "problem": key[0], "family": key[1], "instance": key[2], "seed": seed, "time_limit": group.time_limit,
                "why": missing.why, "variants": ", ".join(missing.variants),
            }  # fmt: skip


def _run_row(run: Run, mark: Mark | None) -> dict[str, Any]:
    told = {
        name: getattr(run, name)
        for name in (
            "problem", "family", "instance", "sha", "variant", "method", "start", "seed", "time_limit", "status",
            "objective", "bound", "gap", "seconds", "start_seconds",
        )
    }  # fmt: skip
    told |= {name: run.shown(told[name]) for name in ("objective", "bound")}
    measured = (
        "solved", "refuted", "gap_known", "gap_found", "gap_bound", "gap_own", "first_plan", "to_target",
        "primal_integral", "primal_dual_integral",
    )  # fmt: skip
    return {**told, **{name: getattr(mark, name, None) for name in measured}, "message": run.message}
