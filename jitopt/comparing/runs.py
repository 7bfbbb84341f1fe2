"""The rows that are compared: read strictly from columns, one `Run` each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FINISHED", "STATUSES", "InstanceKey", "Run", "read_runs"]

FINISHED = ("optimal", "feasible", "infeasible", "no_plan", "refused", "failed")
"""Statuses of a job that has ended."""

STATUSES = (*FINISHED, "waiting")

InstanceKey = tuple[str, str, str, str]
"""Problem, family, name and content hash of an instance."""

NUMBERS = (
    "time_limit", "gap_limit", "work_limit", "objective", "bound", "gap", "seconds", "start_seconds", "first_plan",
    "known_lower", "known_upper",
)  # fmt: skip
NOT_NEGATIVE = ("time_limit", "gap_limit", "work_limit", "gap", "seconds", "start_seconds", "first_plan")
WITH_PLAN = ("optimal", "feasible")


@dataclass(frozen=True, eq=False)
class Run:
    """One job: a variant on an instance with a seed. None where nothing is known; seconds are wall seconds."""

    problem: str
    family: str
    instance: str
    sha: str
    variant: str
    method: str
    start: str
    seed: int
    status: str
    threads: int | None = None
    deterministic: bool | None = None
    time_limit: float | None = None
    gap_limit: float | None = None
    work_limit: float | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    seconds: float | None = None
    start_seconds: float | None = None
    first_plan: float | None = None
    known_lower: float | None = None
    known_upper: float | None = None
    trajectory: tuple[tuple[float, float | None, float | None], ...] | None = None
    message: str = ""
    sense: int = 1
    """-1 where the objective is to be large. Then objective, bounds and known values stand here negated, as costs."""

    def shown(self, cost: float | None) -> float | None:
        """Return a cost as the objective or bound it stands for."""
        return None if cost is None else self.sense * cost

    @property
    def key(self) -> InstanceKey:
        """What tells its instance from others."""
        return (self.problem, self.family, self.instance, self.sha)

    @property
    def finished(self) -> bool:
        """Whether the job has ended, however it did."""
        return self.status in FINISHED

    @property
    def has_plan(self) -> bool:
        """Whether it found a plan."""
        return self.objective is not None


def read_runs(table: object, place: str = "the store") -> list[Run]:
    """Return the rows of columns, a frame or a mapping of lists, as runs.

    Raises
    ------
    InputError
        If a column is missing, a value is of a wrong kind, or two rows are the same job: place,
        value, rule and remedy are told.
    """
    columns = columns_of(table, place)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError("all columns must be equally long", place=place, value=lengths, remedy="fill the short ones")
    _need(columns, place)
    size = next(iter(lengths.values()), 0)
    runs = [_run({name: values[row] for name, values in columns.items()}, f"{place}, row {row + 1}", columns)
            for row in range(size)]  # fmt: skip
    _once(runs, place)
    return runs


def _need(columns: Mapping[str, Any], place: str) -> None:
    for wanted in (("variant", "method"), ("instance", "source"), ("status",)):
        if not any(name in columns for name in wanted):
            raise InputError(
                f"a column {' or '.join(wanted)} is needed",
                place=place,
                value=", ".join(list(columns)[:12]) or "no columns",
                remedy="give a batch store, or the columns of one",
            )


def _run(row: Mapping[str, Any], place: str, columns: Mapping[str, Any]) -> Run:
    numbers = {name: _number(row.get(name), name, place) for name in NUMBERS}
    status = _text(row.get("status"))
    if status not in STATUSES:
        raise InputError(
            "the status is unknown",
            place=f"{place}, status",
            value=status,
            remedy=f"use one of {', '.join(STATUSES)}",
        )
    if status in WITH_PLAN and numbers["objective"] is None:
        raise InputError(
            f"{status} needs an objective", place=f"{place}, objective", remedy="give it, or write the status no_plan"
        )
    if status in (*WITH_PLAN, "infeasible") and numbers["seconds"] is None:
        raise InputError(
            f"{status} needs the seconds it took", place=f"{place}, seconds", remedy="give the wall seconds of the job"
        )
    if status not in WITH_PLAN:
        # A plan of a job that failed was never handed over: it does not count as found.
        numbers["objective"] = numbers["gap"] = numbers["first_plan"] = None
    method, start = _text(row.get("method")), _text(row.get("start")) or "none"
    variant = _text(row.get("variant")) or (method if start == "none" else f"{method} + start {start}")
    seed = _number(row.get("seed"), "seed", place)
    trajectory = _trajectory(row.get("trajectory"), place) if "trajectory" in columns else None
    sense = -1 if _number(row.get("sense"), "sense", place) == -1 else 1
    if sense < 0:
        numbers |= {name: _negative(numbers[name]) for name in ("objective", "bound")}
        known = numbers["known_lower"], numbers["known_upper"]
        numbers["known_upper"], numbers["known_lower"] = map(_negative, known)
        trajectory = trajectory and tuple((at, _negative(value), _negative(bound)) for at, value, bound in trajectory)
    threads = _number(row.get("threads"), "threads", place)
    deterministic = row.get("deterministic")
    return Run(
        problem=_text(row.get("problem")),
        family=_text(row.get("family")),
        instance=_text(row.get("instance")) or _text(row.get("source")),
        sha=_text(row.get("instance_sha256")),
        variant=variant,
        method=method or variant,
        start=start,
        seed=int(seed or 0),
        status=status,
        threads=None if threads is None else int(threads),
        deterministic=None if deterministic is None else bool(deterministic),
        trajectory=trajectory,
        sense=sense,
        message=_text(row.get("message")),
        **numbers,
    )


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _text(value: object) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _number(value: Any, name: str, place: str) -> float | None:
    """Return a number, None for null and NaN; an infinite objective or bound says nothing either."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, str) else value
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(
            f"{name} must be a number or null", place=f"{place}, {name}", value=value, remedy="write a number"
        )
    number = float(value)
    if not math.isfinite(number):
        return None
    if name in NOT_NEGATIVE and number < 0:
        raise InputError(f"{name} must be at least 0", place=f"{place}, {name}", value=value, remedy="correct it")
    return number


def _trajectory(points: Any, place: str) -> tuple[tuple[float, float | None, float | None], ...]:
    """Return the points (seconds, objective, bound) in the order of time."""
    if points is None or isinstance(points, float):
        return ()
    found = []
    for point in points:
        if not isinstance(point, Sequence) or isinstance(point, str) or not 2 <= len(point) <= 3:
            raise InputError(
                "a trajectory is a list of (seconds, objective, bound)",
                place=f"{place}, trajectory",
                value=point,
                remedy="give three values for each point, null where nothing is known",
            )
        cells = [_number(value, "trajectory", place) for value in (*point, None)[:3]]
        if cells[0] is not None:
            found.append((cells[0], cells[1], cells[2]))
    return tuple(sorted(found, key=lambda point: point[0]))


def _once(runs: list[Run], place: str) -> None:
    """Refuse a job that stands there twice: it would count twice."""
    seen = Counter((run.key, run.variant, run.seed, run.time_limit) for run in runs)
    for (key, variant, seed, _), count in seen.items():
        if count > 1:
            raise InputError(
                f"each instance, variant, seed and time limit may stand in one row; {count} rows have variant "
                f"{variant!r}, seed {seed}",
                place=place,
                value=key[2],
                remedy="leave out the copies, or tell the variants apart in the column variant",
            )
