"""Ways out of an instance without a plan: rules of one kind relaxed, all others kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jitopt.engine.elastic import solve_elastic
from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.engine.result import Result
    from jitopt.problems.base import Instance, Rule, Way
    from jitopt.registry import RuleKey

    Reasons = tuple[dict[str, Any], ...]
    Tell = Callable[[Result[Any], Mapping[RuleKey, float], Mapping[RuleKey, str]], Reasons]

__all__ = ["LEAST", "ways_out"]

LEAST = 0.2
"""Seconds below which no way is begun."""


def ways_out(
    instance: Instance[Any],
    rules: Mapping[RuleKey, Rule],
    price: Callable[[RuleKey], tuple[float, str]],
    given: Callable[[RuleKey], bool],
    tell: Tell,
    deadline: float,
    threads: int,
) -> tuple[dict[str, Any], ...]:
    """Return each way out that the instance names, as plain data, while there is time.

    price: of a unit short of a rule, and what it is counted in. given: whether the caller has priced a rule, which
    then counts at that price. tell: puts the rules that a plan breaks into words.
    """
    asked = instance.ways()
    if len(asked) < 2:
        return ()  # A single kind of rule: the cheapest repair is the way.
    found = []
    for number, way in enumerate(asked):
        left = (deadline - time.monotonic()) / (len(asked) - number)
        if left < LEAST:
            break
        loose = [key for key in rules if key[0] in way.rules]
        own = bool(way.unit) and not any(map(given, loose))
        counts = _one_each(rules, loose) if own else {}
        each = {key: (counts[key], f"{way.unit}s") if own else price(key) for key in loose}
        prices, units = {key: told[0] for key, told in each.items()}, {key: told[1] for key, told in each.items()}
        answer = solve_elastic(instance, prices, time_limit=left, threads=threads)
        if answer.plan is not None:
            reasons = tell(answer, prices, units)
            total, proven = _counted(reasons, way.unit) if own else (None, True)
            found.append(_way(way, "possible", reasons, total, proven and answer.status == "optimal"))
        elif answer.status == "infeasible":
            found.append(_way(way, "impossible", (), None, False))
    return tuple(found)


def _one_each(rules: Mapping[RuleKey, Rule], loose: list[RuleKey]) -> dict[RuleKey, float]:
    """Return prices of 1 for one rule of each member, that of the highest limit; what breaks both counts once."""
    highest: dict[tuple[str, ...], RuleKey] = {}
    for key in loose:
        other = highest.get(key[1])
        if other is None or (rules[key].limit or 0.0) > (rules[other].limit or 0.0):
            highest[key[1]] = key
    return {key: float(highest[key[1]] == key) for key in loose}


def _counted(reasons: Reasons, unit: str) -> tuple[str, bool]:
    """Return how much gives way in all, a member once, and whether the prices, which are least, counted all of it."""
    most: dict[tuple[str, ...], float] = {}
    for reason in reasons:
        member = tuple(reason["members"])
        most[member] = max(most.get(member, 0.0), float(reason["short_by"]))
    total = sum(most.values())
    return counted(total, unit), total == sum(float(reason["cost"]) for reason in reasons)


def _way(way: Way, status: str, reasons: Reasons, total: str | None, proven: bool) -> dict[str, Any]:
    """Return a way as plain data; that it is impossible, or the least, is the word of one exact method."""
    return {
        "way": way.name, "status": status, "total": total, "proven": proven,
        "reasons": [dict(reason) for reason in reasons],
    }  # fmt: skip
