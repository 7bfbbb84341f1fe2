"""Like with like: the cells (instance, seed) that every variant of a group has run, under one time limit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.comparing.bootstrap import cell_weights, resampled_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from jitopt.comparing.marks import Mark
    from jitopt.comparing.runs import InstanceKey, Run
    from jitopt.comparing.settings import Settings

    Floats = NDArray[np.float64]

__all__ = ["Cell", "Group", "Missing", "make_group", "make_groups"]

ALL = "(all)"
Cell = tuple["InstanceKey", int]
"""An instance and a seed."""


@dataclass(frozen=True)
class Missing:
    """A cell left out of a comparison, and the variants that lack it."""

    cell: Cell
    variants: tuple[str, ...]
    why: str


@dataclass(frozen=True, eq=False)
class Group:
    """The runs of some variants on the cells they share.

    Attributes
    ----------
    key
        Value of each column of `by`; `(all)` where it is not told apart.
    time_limit
        Of every run [s]; None if there was none.
    marks
        A row per variant, a column per cell.
    own
        Every finished run of each variant, shared cell or not.
    missing
        Cells that some variant lacks.
    """

    key: Mapping[str, str]
    time_limit: float | None
    variants: tuple[str, ...]
    cells: tuple[Cell, ...]
    marks: tuple[tuple[Mark, ...], ...]
    own: Mapping[str, tuple[Mark, ...]]
    missing: tuple[Missing, ...]
    settings: Settings
    dropped: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    table: Mapping[Run, Mark] = field(default_factory=dict)
    weights_of: dict[Any, Any] = field(default_factory=dict, repr=False)
    """Weights made so far, by the instances of the cells; groups of the same runs share them."""
    twos: dict[tuple[str, str], Group] = field(default_factory=dict, repr=False)
    """Groups of two variants made so far."""

    @property
    def label(self) -> str:
        """The key in words."""
        words = [value for value in self.key.values() if value != ALL]
        return " / ".join(words) or "all"

    @cached_property
    def instances(self) -> tuple[InstanceKey, ...]:
        """The instance of each cell."""
        return tuple(cell[0] for cell in self.cells)

    @property
    def size(self) -> int:
        """Number of shared instances."""
        return len(set(self.instances))

    def values(self, measure: Callable[[Mark], float | None]) -> Floats:
        """Return a measure of every mark; NaN where it does not apply."""
        rows = [[np.nan if (value := measure(mark)) is None else value for mark in row] for row in self.marks]
        return np.array(rows, dtype=np.float64).reshape(len(self.variants), len(self.cells))

    def subset(self, mask: NDArray[np.bool_]) -> tuple[InstanceKey, ...]:
        """Return the instances of the cells in the mask."""
        return tuple(key for key, inside in zip(self.instances, mask, strict=True) if inside)

    def weights(self, mask: NDArray[np.bool_]) -> tuple[Floats, Floats | None]:
        """Return the weights of the cells in the mask, and those of every resample of them."""
        instances = self.subset(mask)
        if instances not in self.weights_of:
            resampled = resampled_weights(instances, self.settings.resamples, self.settings.seed)
            self.weights_of[instances] = (cell_weights(instances), resampled)
        found: tuple[Floats, Floats | None] = self.weights_of[instances]
        return found

    def everywhere(self, values: Floats) -> NDArray[np.bool_]:
        """Return the cells in which the measure applies to every variant."""
        return np.asarray(~np.isnan(values).any(axis=0), dtype=np.bool_)


def make_group(
    runs: Sequence[Run],
    marks: Mapping[Run, Mark],
    settings: Settings,
    key: Mapping[str, str],
    variants: Sequence[str],
    name: Callable[[Run], str] = lambda run: run.variant,
) -> Group:
    """Return the group of the variants over the cells that all of them have finished.

    The runs must have one time limit. An instance that no variant could read is no cell.
    """
    found: dict[Cell, dict[str, Run]] = defaultdict(dict)
    for run in runs:
        if name(run) in variants:
            found[run.key, run.seed][name(run)] = run
    cells, missing = [], []
    for cell in sorted(found):
        here = found[cell]
        lacking = tuple(v for v in variants if v not in here or not here[v].finished)
        if lacking:
            why = "waiting" if all(v in here for v in lacking) else "not run"
            missing.append(Missing(cell, lacking, why))
        elif all(run.status == "refused" for run in here.values()):
            missing.append(Missing(cell, tuple(variants), "refused by every variant"))
        else:
            cells.append(cell)
    return Group(
        key=dict(key),
        time_limit=next((run.time_limit for run in runs), None),
        variants=tuple(variants),
        cells=tuple(cells),
        marks=tuple(tuple(marks[found[cell][v]] for cell in cells) for v in variants),
        own={
            v: tuple(marks[found[cell][v]] for cell in sorted(found) if v in found[cell] and found[cell][v].finished)
            for v in variants
        },
        missing=tuple(missing),
        settings=settings,
        runs=tuple(runs),
        table=marks,
    )


def make_groups(runs: Sequence[Run], marks: Mapping[Run, Mark], settings: Settings) -> list[Group]:
    """Return the groups: each value of the columns of `by`, then coarser and coarser, per time limit.

    A coarser group compares only those variants that were run in every group it is made of.
    """
    by = settings.by
    groups: list[Group] = []
    for limit in sorted({run.time_limit for run in runs}, key=lambda value: (value is None, value or 0.0)):
        mine = [run for run in runs if run.time_limit == limit]
        for depth in range(len(by) + 1):
            classes: dict[tuple[str, ...], list[Run]] = defaultdict(list)
            for run in mine:
                classes[tuple(_word(run, column) for column in by[:depth])].append(run)
            for words in sorted(classes):
                group = _of_class(words, classes[words], by, marks, settings)
                if group is not None:
                    groups.append(group)
    return groups


def _of_class(
    words: tuple[str, ...], runs: list[Run], by: tuple[str, ...], marks: Mapping[Run, Mark], settings: Settings
) -> Group | None:
    """Return the group of a class; None where it would only repeat its single part, or holds nothing."""
    depth = len(words)
    parts: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for run in runs:
        if run.finished and not _unread(run):
            parts[tuple(_word(run, column) for column in by)].add(run.variant)
    if depth < len(by) and len({part[: depth + 1] for part in parts}) <= 1:
        return None
    everyone = {run.variant for run in runs}
    shared = set.intersection(*parts.values()) if parts else everyone
    if not shared:
        return None
    key = {column: words[i] if i < depth else ALL for i, column in enumerate(by)}
    group = make_group(runs, marks, settings, key, sorted(shared))
    return replace(group, dropped=tuple(sorted(everyone - shared)))


def _unread(run: Run) -> bool:
    """Tell whether the file could not be read: then nobody knows what problem it holds."""
    return run.status == "refused" and not run.problem


def _word(run: Run, column: str) -> str:
    value = getattr(run, column)
    if value is None or value == "":
        return "(not told)"
    return f"{value:g}" if isinstance(value, float) else str(value)
