"""The arguments of the public functions: an error in words where their kind is wrong."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.engine.export import ENDINGS
from jitopt.engine.result import Result
from jitopt.errors import InputError, UnknownMethodError
from jitopt.problems import PROBLEMS
from jitopt.problems.base import Instance, Plan, PlanT
from jitopt.problems.wording import explain_validation, near

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "check_instance", "check_prices", "check_progress", "check_simulate", "check_solve", "exportable", "not_a_plan",
    "plan_of",
]  # fmt: skip


def check_instance(call: str, instance: object) -> None:
    """Refuse what is no instance, with what to do about a path."""
    if isinstance(instance, Instance):
        return
    if isinstance(instance, str | os.PathLike):
        remedy = f"write jitopt.{call}(jitopt.read(path), ...)"
        raise InputError(f"{call} takes an instance, not a path", value=os.fspath(instance), remedy=remedy)
    remedy = "read one with jitopt.read(path) or make one with jitopt.from_tables"
    raise InputError(f"{call} takes an instance", value=type(instance).__name__, remedy=remedy)


def check_solve(method: object, start: object, progress: object, deterministic: bool, work_limit: object) -> None:
    """Refuse keywords of a solve that are of another kind."""
    if not isinstance(method, str):
        raise InputError("method is a name", value=method, remedy='write "auto" or a name of jitopt.methods(problem)')
    if start is not None and not isinstance(start, Plan | Mapping | Result):
        raise not_a_plan("start", start)
    check_progress(progress)
    if work_limit is not None and not deterministic:
        raise InputError(
            "work_limit belongs to deterministic=True",
            value=work_limit,
            remedy="set deterministic=True as well, or leave work_limit out and use time_limit",
        )


def check_progress(progress: object) -> None:
    """Refuse what cannot be called."""
    if progress is not None and not callable(progress):
        raise InputError("progress is a function that is called", value=progress, remedy="write progress=print")


def check_simulate(
    replications: object, seed: object, days: object, warm_up: object, level: object, threads: object, limit: object
) -> None:
    """Refuse keywords of a simulation that cannot be."""
    for name, value, least in (("replications", replications, 1), ("seed", seed, 0), ("threads", threads, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise InputError(f"{name} must be a whole number of at least {least}", value=value, remedy="correct it")
    for name, value in (("days", days), ("warm_up", warm_up), ("time_limit", limit), ("level", level)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise InputError(f"{name} must be a number", value=value, remedy="correct it")
        if value < 0 or (value == 0 and name != "warm_up"):
            raise InputError(f"{name} must be above 0", value=value, remedy="correct it")
    if not isinstance(level, int | float) or not level < 1:
        raise InputError("level must lie between 0 and 1", value=level, remedy="write 0.95 for 95 %")


def check_prices(instance: Instance[Any], prices: object) -> None:
    """Refuse prices of rules that the instance does not have."""
    if prices is None:
        return
    if not isinstance(prices, Mapping):
        raise InputError("prices are given by rule", value=prices, remedy='write {"capacity": 2.5}')
    names = rule_names(instance.problem)
    rules = {*names, *((rule.name, rule.members) for rule in instance.rules())}
    for key, price in prices.items():
        if key not in rules:
            meant = near(key, names)
            raise InputError(
                f"there is no such rule in this {instance.problem} instance",
                place="prices",
                value=key,
                remedy=(f"did you mean {meant!r}? " if meant else "")
                + f"The rules are {', '.join(names)}, or one with its members: (name, (member, ...))",
            )
        if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf"):
            raise InputError(
                "a price is a number of at least 0", place=f"prices/{key}", value=price, remedy="correct it"
            )


def rule_names(problem: str) -> tuple[str, ...]:
    """Return the names of the rules that a problem can have."""
    module = importlib.import_module(f"{PROBLEMS[problem][0]}.rules")
    return tuple(module.REMEDIES)


def plan_of(instance: Instance[PlanT], given: object, call: str) -> PlanT:
    """Return the plan in a plan, a result or the data of either."""
    found: Any = given.plan if isinstance(given, Result) else given
    if isinstance(found, Mapping) and "plan" in found:
        found = found["plan"]
    if found is None:
        raise InputError(f"there is no plan to {call}", remedy="hand over a plan or a result that has one")
    kind: type[PlanT] = instance.plan_type
    if isinstance(found, kind):
        return found
    if isinstance(found, Plan):
        raise InputError(
            f"the plan is not one of the instance's problem ({instance.problem})",
            value=type(found).__name__,
            remedy="hand over the instance and the plan that belong together",
        )
    if not isinstance(found, Mapping):
        raise not_a_plan(call, found)
    from pydantic import ValidationError

    try:
        return kind.model_validate(dict(found))
    except ValidationError as wrong:
        error = explain_validation(wrong, kind, "")
        raise InputError(
            error.rule, place=f"/plan{error.place}", value=error.value, remedy="see `jitopt schema result`"
        ) from None


def not_a_plan(call: str, value: object) -> InputError:
    """Return the error of a value that is no plan."""
    if isinstance(value, str | os.PathLike):
        remedy = "read the file with jitopt.read_result(path, instance)"
        return InputError(f"{call} takes a plan or a result, not a path", value=os.fspath(value), remedy=remedy)
    remedy = 'hand over a result, its plan, or a mapping such as {"sequence": [...]} or {"orders": [...]}'
    return InputError(f"{call} takes a plan or a result", value=value, remedy=remedy)


def exportable(instance: Instance[Any], method: str, path: str | Path) -> str:
    """Return the full name of a formulation whose model can be written to `path`."""
    if not isinstance(path, str | os.PathLike):
        raise InputError("a path must be text", value=path, remedy="name a file, e.g. model.lp")
    methods = registry.methods(instance.problem)
    endings = {m.name: ENDINGS.get(m.technology, ()) for m in methods if m.kind == "formulation"}
    known = {name: words for name, words in endings.items() if words}
    listed = "; ".join(f"{name} ({', '.join(words)})" for name, words in known.items())
    name = method if method in known else f"{instance.problem}_{method}"
    if name not in known:
        if method == "auto" or any(method in (m.name, m.short) for m in methods):
            rule = f"only a formulation can be exported: {method!r} has no model of its own"
            raise InputError(rule, remedy=f"name one of these: {listed}")
        raise UnknownMethodError(f"There is no formulation {method!r} for {instance.problem}. There are: {listed}.")
    target, ending = os.fspath(path), os.path.splitext(os.fspath(path))[1]
    if ending not in known[name]:
        rule = f"{name} is written under the ending {' or '.join(known[name])}"
        raise InputError(rule, place=target, value=ending, remedy=f"choose the ending by the formulation: {listed}")
    return name
