"""Improvements of what a file holds, and the files they are written to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.csv_text import guarded_csv
from jitopt.formats.strict_json import layout
from jitopt.improving.levers import KINDS, Improvements, shown
from jitopt.improving.releases import ReleaseComparison, compare_releases
from jitopt.planning.summary import plain
from jitopt.planning.writing import write_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.planning.chain import PlantPlan
    from jitopt.simulation.stream import ValueStream

__all__ = ["compare_file", "improve_file", "write_improvements", "write_releases"]

PLANNING = 0.4
"""Share of the time limit that a plant's plan may take."""


def improve_file(
    path: str,
    *,
    kinds: Sequence[str] | None = None,
    simulate: bool = False,
    target: float = 0.98,
    skip_bad: bool = False,
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
) -> Improvements:
    """Rank the improvements of a plant (which is planned first), a kanban instance, or a value stream."""
    from jitopt.improving import improvements

    settings: dict[str, Any] = {"kinds": KINDS if kinds is None else kinds, "seed": seed, "threads": threads}
    kind = _kind(path)
    if kind == "kanban":
        from jitopt.formats import read

        return improvements(read(path), time_limit=time_limit, **settings)
    if kind == "stream":
        return improvements(_stream(path), target=target, time_limit=time_limit, **settings)
    planned = _planned(path, skip_bad, time_limit, seed, threads)
    if simulate:
        settings |= {"simulate": True, "target": target}
    return improvements(planned, time_limit=(1 - PLANNING) * time_limit, **settings)


def compare_file(
    path: str,
    *,
    skip_bad: bool = False,
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
    **settings: Any,
) -> ReleaseComparison:
    """Compare push, CONWIP and kanban in a plant (which is planned first) or a value stream."""
    how: dict[str, Any] = {"seed": seed, "threads": threads, **settings}
    kind = _kind(path)
    if kind == "kanban":
        remedy = "give a plant, or a value stream"
        raise InputError("the loops of an instance tell no machines to release work to", source=path, remedy=remedy)
    if kind == "stream":
        return compare_releases(_stream(path), time_limit=time_limit, **how)
    planned = _planned(path, skip_bad, time_limit, seed, threads)
    return compare_releases(planned, time_limit=(1 - PLANNING) * time_limit, **how)


def _stream(path: str) -> ValueStream:
    from jitopt.formats.strict_json import loads
    from jitopt.simulation.stream import ValueStream

    return ValueStream.parse(loads(Path(path).read_text(encoding="utf-8"), path), path)


def _planned(path: str, skip_bad: bool, time_limit: float, seed: int, threads: int | None) -> PlantPlan:
    from jitopt.planning import plan, read_plant

    reading = read_plant(path, skip_bad=skip_bad)
    return plan(reading, time_limit=PLANNING * time_limit, work_limit=1.0, seed=seed, threads=threads)


def _kind(path: str) -> str:
    """Return what a file holds: "kanban", "stream", or "plant" for everything else."""
    if not path.lower().endswith(".json"):
        return "plant"
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "plant"  # Whoever reads plants says what is wrong with the file.
    if not isinstance(data, dict) or data.get("problem") == "plant":
        return "plant"
    if "problem" in data:
        return "kanban"
    return "stream" if "loops" in data else "plant"


def write_improvements(found: Improvements, folder: str) -> tuple[str, ...]:
    """Write improvements.md, improvements.csv and improvements.json into a folder; return their names.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    texts = {
        "improvements.md": _summary(found),
        "improvements.csv": guarded_csv(found.to_rows()),
        "improvements.json": layout(found.to_dict()) + "\n",
    }
    return _write(texts, folder)


def write_releases(found: ReleaseComparison, folder: str) -> tuple[str, ...]:
    """Write releases.csv, release_curves.csv and releases.json into a folder; return their names.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    texts = {
        "releases.csv": guarded_csv(found.to_rows()),
        "release_curves.csv": guarded_csv(found.curves),
        "releases.json": layout(found.to_dict()) + "\n",
    }
    return _write(texts, folder)


def _write(texts: Mapping[str, str], folder: str) -> tuple[str, ...]:
    return tuple(write_tables(texts, folder))


def _summary(found: Improvements) -> str:
    """Return the improvements as Markdown, the best first."""
    lines = [f"# What would improve {plain(found.subject)}", "", "What is:", "", "| measure | value |", "|---|---|"]
    lines += [f"| {name} | {shown(value).removeprefix('+')} |" for name, value in found.base.items()]
    lines += ["", f"Ranked by {found.ranked_by or 'nothing'}; changes after - before, with their intervals:", ""]
    head = ["improvement", *found.measures, "basis", "note"]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in found.rows:
        cells = [row.lever.text, *(shown(row.changes.get(name)) for name in found.measures), row.basis, row.note or "-"]
        lines.append("| " + " | ".join(plain(cell) for cell in cells) + " |")
    if not found.rows:
        lines.append("Nothing that can be improved is told.")
    if found.notes:
        lines += ["", *(f"* {plain(note)}" for note in found.notes)]
    return "\n".join(lines) + "\n"
