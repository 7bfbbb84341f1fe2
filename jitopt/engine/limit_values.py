"""What a shared limit is worth: solved again with one more of it, and with one less.

A price from a linear relaxation would be quicker and wrong: cards and containers are whole. Where a
solve ends without a proof, the worth is told as the interval that plans and bounds leave.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jitopt.engine.result import OPTIMAL_GAP
from jitopt.errors import InputError
from jitopt.problems.base import room
from jitopt.problems.figures import amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance

__all__ = ["LimitValue", "limit_values"]

SAME = 1e-3
"""Ends of an interval that differ by less, relative to it, are told as one number."""


@dataclass(frozen=True)
class LimitValue:
    """What a limit is worth, in the unit of the objective.

    limit: its id. capacity, taken: of it there is, and the plan takes [unit of the limit]. step: by
    which it is changed. saves: what `step` more saves, at least and at most. costs: what `step` less
    costs; None where there is no plan then, or no step less. possible: there is a plan with less of
    it; None: not known. text: all that in words.
    """

    limit: str
    capacity: float
    taken: float
    step: float
    saves: tuple[float, float | None]
    costs: tuple[float, float | None] | None
    possible: bool | None
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the value as plain data."""
        return {
            "limit": self.limit,
            "capacity": self.capacity,
            "taken": self.taken,
            "step": self.step,
            "saves": list(self.saves),
            "costs": None if self.costs is None else list(self.costs),
            "possible": self.possible,
            "text": self.text,
        }


@dataclass
class _Answer:
    """What is known of an optimum: it lies from `least` to `most`."""

    least: float
    most: float
    plan: Any = None
    impossible: bool = False

    def meet(self, result: Result[Any]) -> None:
        """Take what a solve found."""
        self.impossible = result.status == "infeasible"
        if result.objective is not None and result.objective < self.most:
            self.most, self.plan = result.objective, result.plan
        if result.bound is not None:
            self.least = max(self.least, result.bound)


def limit_values(
    instance: Instance[Any],
    plan: Any,
    solve: Callable[[Instance[Any], float, Any], Result[Any]],
    *,
    step: float,
    days: float | None,
    time_limit: float,
) -> list[LimitValue]:
    """Solve again with each limit changed by `step`; see `jitopt.limit_values`. solve: instance, seconds, start."""
    try:
        limits = room(instance, "shared")
    except ModuleNotFoundError:
        limits = None
    found = [] if limits is None else limits.shared(instance)
    if not found:
        if limits is None:
            raise InputError(
                "the worth of limits is computed for kanban instances only",
                value=instance.problem,
                remedy="change the limit in the file and solve again; the difference of the objectives is its worth",
            )
        raise InputError(
            "this instance has no limit that its decisions share",
            remedy="add the table limits, with what is taken; of a line, change its total by one and solve again",
        )
    value = instance.evaluate(plan)
    if not value.feasible or value.objective is None:
        raise InputError(
            "the plan breaks a rule, so that nothing can be said of what a limit is worth to it",
            remedy="solve the instance, or see `jitopt check`",
        )
    end = time.monotonic() + time_limit
    left = 2 * len(found) + 1
    base = _Answer(float("-inf"), value.objective, plan)

    def again(changed: Instance[Any], start: Any) -> Result[Any]:
        nonlocal left
        seconds = max(0.2, (end - time.monotonic()) / max(1, left))
        left -= 1
        return solve(changed, seconds, start)

    base.meet(again(instance, plan))
    answers = []
    for limit in found:
        more, less = limits.moved(instance, limit, step), limits.moved(instance, limit, -step)
        up, down = _Answer(float("-inf"), float("inf")), _Answer(float("-inf"), float("inf"))
        up.meet(again(more, base.plan))
        if up.plan is not None and instance.evaluate(up.plan).feasible and up.most < base.most:
            base.most, base.plan = up.most, up.plan
        if less is not None:
            fits = less.evaluate(base.plan).feasible
            down.meet(again(less, base.plan if fits else None))
        answers.append((limit, up, None if less is None else down))
    return [
        _value(limit, limits.taken(instance, base.plan)[limit.name], base, up, down, step, days, _unit(instance))
        for limit, up, down in answers
    ]


def _unit(instance: Instance[Any]) -> str:
    """Return what the objective counts, as far as it is no money."""
    return " of expected shortage" if getattr(instance, "objective", None) == "service" else ""


def _value(
    limit: Any,
    taken: float,
    base: _Answer,
    up: _Answer,
    down: _Answer | None,
    step: float,
    days: float | None,
    unit: str,
) -> LimitValue:
    """Draw what one limit is worth from what is known: more of it never costs, less never saves."""
    base = replace(base, least=max(base.least, up.least))
    saves = _span(base.least - min(up.most, base.most), base.most - max(up.least, float("-inf")))
    costs, possible = None, None
    if down is not None and not down.impossible:
        possible = True if down.plan is not None else None
        costs = _span(max(down.least, base.least) - base.most, down.most - base.least)
    elif down is not None:
        possible = False
    scale = OPTIMAL_GAP * max(1.0, abs(base.most))
    text = _words(limit, step, saves, costs, down is not None, possible, _Wording(days, unit, scale))
    return LimitValue(limit.name, limit.capacity, taken, step, saves, costs, possible, text)


def _span(low: float, high: float) -> tuple[float, float | None]:
    """Return an interval of at least 0; what is as good as one number becomes one."""
    low = max(0.0, low)
    if high == float("inf"):
        return low, None
    high = max(low, high)
    return low, high


def _words(
    limit: Any,
    step: float,
    saves: tuple[float, float | None],
    costs: tuple[float, float | None] | None,
    can_fall: bool,
    possible: bool | None,
    wording: _Wording,
) -> str:
    count = "one" if step == 1 else amount(step)
    told = f"{count} more of {limit.name} saves {wording.of(saves)}"
    if not can_fall:
        return told
    if possible is False:
        return f"{told}; with {count} less there is no plan"
    if costs is None or (possible is None and costs[1] is None):
        return f"{told}; whether there is a plan with {count} less was not decided"
    return f"{told}; {count} less costs {wording.of(costs)}"


@dataclass(frozen=True)
class _Wording:
    """How amounts are told. days: of a year, None by day. scale: what is as good as nothing."""

    days: float | None
    unit: str
    scale: float

    def of(self, span: tuple[float, float | None]) -> str:
        """Return an interval in words."""
        if span[1] is not None and span[1] <= self.scale:
            return "nothing"
        factor, per = (1.0, "a day") if self.days is None else (self.days, "a year")
        low, high = factor * span[0], None if span[1] is None else factor * span[1]
        if high is None:
            told = f"{_figure(low)} or more"
        elif high - low <= SAME * high:
            told = _figure(high)
        elif span[0] <= self.scale:
            told = f"at most {_figure(high)}"
        else:
            told = f"between {_figure(low)} and {_figure(high)}"
        return f"{told}{self.unit} {per}"


def _figure(value: float) -> str:
    """Return a number with as many digits as people read."""
    return amount(float(f"{value:.6g}"))
