"""The check that every formulation passes."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.generators import random_small
from jitopt.generators.kanban_line import random_small_line
from jitopt.generators.small_box import random_small_box
from jitopt.problems.delivery import Delivery
from jitopt.problems.heijunka import Heijunka
from jitopt.testing._inspection import inspect
from jitopt.testing._transformations import permuted, scaled_money
from jitopt.testing.brute_force import optimum, plans
from jitopt.testing.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.problems.base import Instance, Plan
    from jitopt.testing.brute_force import Optimum

__all__ = ["HEADINGS", "TOLERANCE", "cases_of", "check_formulation"]

HEADINGS = ("Sets", "Data", "Variables", "Objective", "Constraints", "Source")
"""What the docstring of a formulation tells, each under its own underlined heading."""

TOLERANCE = 1e-6
"""Values agree when they differ by at most this, relative to max(1, |value|)."""

TIME_LIMIT = 20.0
"""Seconds for one tiny instance; far more than any of them needs."""

MONEY_FACTOR = 3


def check_formulation(name: str, *, count: int = 50, seed: int = 0, problem: str | None = None) -> None:
    """Check that a formulation keeps its promises.

    * Its docstring has the headings Sets, Data, Variables, Objective, Constraints, Source.
    * `build` leaves the instance alone, builds the same model twice, and gives every variable
      finite bounds; `start` has a value within the bounds for every integer variable, and
      `extract` reads the plan back, also from values that miss integers by a solver's tolerance.
    * On `count` tiny instances with a random mixture of all features the solved optimum is that
      of an enumeration; no plan is found exactly where the enumeration finds none; every plan
      passes the judge; no bound lies above the optimum.
    * The model lets an optimal plan pass as a start, at its value and no lower one; a solve with
      a start is never worse.
    * The elastic optimum is above 0 exactly where no plan keeps every rule.
    * Shuffled rows and renamed ids leave the optimum, money times k multiplies it by k.

    An instance that the formulation refuses with `NotApplicableError` is left out.

    Parameters
    ----------
    name
        The formulation's name in the registry.
    count
        Number of tiny instances. Those of `count` 50 have every rule and every term at work.
    seed
        Of the first instance; the others follow.
    problem
        The formulation's problem, where its name needs it.

    Raises
    ------
    ConformanceError
        At the first promise that is broken, with the instance as JSON.
    UnknownMethodError
        If there is no such formulation.
    """
    method = registry.method(name, problem)
    if method.kind != "formulation":
        raise ConformanceError(name, "it is a heuristic, not a formulation: use check_heuristic")
    _check_docstring(method)
    cases = cases_of(method.problem, count, seed)
    findings = inspect(method, [(instance, best.plan if best else None) for instance, best in cases])
    for (instance, _), finding in zip(cases, findings, strict=True):
        if finding["faults"]:
            raise ConformanceError(name, "; ".join(finding["faults"]), instance)
    applicable = [case for case, finding in zip(cases, findings, strict=True) if finding["applicable"]]
    if count and not applicable:
        raise ConformanceError(name, f"it refuses every instance: {findings[0]['reason']}", cases[0][0])
    for row, (instance, best) in enumerate(applicable):
        _check_optimum(method, instance, best)
        if best is not None and row % 3 == 0:
            _check_start(method, instance, best)
        if best is None or row % 4 == 1:
            _check_elastic(method, instance, best)
        if best is not None and row % 5 == 2:
            _check_optimum(method, permuted(instance, row), best, "with shuffled rows and renamed ids")
            scaled = scaled_money(instance, MONEY_FACTOR)
            _check_optimum(method, scaled, best, f"with money times {MONEY_FACTOR}", MONEY_FACTOR)


@lru_cache(maxsize=16)
def cases_of(
    problem: str, count: int, seed: int, lines: bool = False, boxes: bool = False
) -> tuple[tuple[Instance[Any], Optimum | None], ...]:
    """Return tiny instances with their optima; kept, because every method of a problem is held against them.

    lines: of kanban, instances of the line form. boxes: of heijunka, boxes with days, minutes and packs.
    """
    numbers = range(seed, seed + count)
    # A line is judged on the sample of its solve; here it is pinned, so that the enumeration has the same.
    instances: Iterator[Instance[Any]]
    if boxes:
        instances = (random_small_box(k) for k in numbers)
    else:
        instances = (random_small_line(k).sampled(k) if lines else random_small(problem, k) for k in numbers)
    return tuple((instance, optimum(instance)) for instance in instances)


def _check_docstring(method: registry.Method) -> None:
    text = ast.get_docstring(ast.parse(Path(method.file).read_text(encoding="utf-8"))) or ""
    missing = [word for word in HEADINGS if not re.search(rf"^{word}\n-{{{len(word)}}}\n+\S", text, re.MULTILINE)]
    if missing:
        raise ConformanceError(method.name, f"its docstring lacks the underlined headings {', '.join(missing)}")


def _same(value: float | None, wanted: float) -> bool:
    return value is not None and abs(value - wanted) <= TOLERANCE * max(1.0, abs(wanted))


def _solve(method: registry.Method, instance: Instance[Any], start: Plan | None = None) -> Any:
    from jitopt import api

    return api.solve(instance, method=method.name, time_limit=TIME_LIMIT, threads=1, start=start)


def _check_optimum(
    method: registry.Method, instance: Instance[Any], best: Optimum | None, how: str = "", factor: int = 1
) -> None:
    """Solve and compare with the enumeration's optimum times `factor`."""
    result = _solve(method, instance)
    wanted = None if best is None else factor * float(best.value)
    for fault in _faults(method, instance, result, wanted):
        told = "; ".join((f"{fault} {how}".strip(), *result.warnings))
        raise ConformanceError(method.name, told, instance)


def _faults(method: registry.Method, instance: Instance[Any], result: Any, wanted: float | None) -> list[str]:
    """Return what is wrong with a result; `wanted` is the optimum, None when there is no plan."""
    mine = [warning for warning in result.warnings if method.name in warning]
    if mine:
        return ["the engine had to warn of it"]
    if result.plan is not None:
        found = instance.evaluate(result.plan)
        if found.violations:
            return [f"its plan breaks a rule: {found.violations[0].message}"]
        if not _same(result.objective, found.objective or 0.0):
            return [f"it tells {result.objective}, the judge finds {found.objective}"]
    if wanted is None:
        if result.plan is not None:
            return ["it has a plan where the enumeration has none"]
        if method.exact and method.solver not in result.claims_infeasible and result.status != "infeasible":
            return [f"no plan exists, it says {result.status} (stopped by {result.stopped_by})"]
        return []
    if method.solver in result.claims_infeasible or result.status == "infeasible":
        return [f"it claims that no plan exists; the optimum is {wanted}"]
    if result.bound is not None and result.bound > wanted + TOLERANCE * max(1.0, abs(wanted)):
        return [f"its bound is {result.bound}, the optimum is {wanted}"]
    if method.exact and (result.status != "optimal" or not _same(result.objective, wanted)):
        return [f"it finds {result.objective} ({result.status}), the optimum is {wanted}"]
    if result.objective is not None and result.objective < wanted and not _same(result.objective, wanted):
        return [f"it finds {result.objective}, below the optimum {wanted}"]
    return []


def _some_plan(instance: Instance[Any], best: Optimum) -> Plan:
    """Return a feasible plan that need not be the best."""
    found: Plan = best.plan
    if isinstance(instance, Heijunka | Delivery) and not (isinstance(instance, Delivery) and instance.cyclic):
        found = next(plan for plan in plans(instance) if instance.evaluate(plan).feasible)
    return found


def _check_start(method: registry.Method, instance: Instance[Any], best: Optimum) -> None:
    """Hand a plan over as start: the result is as good as without.

    Whether the model takes a start is found without the solver's word for it (`inspection`): a
    solver that solves a tiny model by presolve alone does not say.
    """
    for plan in (_some_plan(instance, best), best.plan):
        given = instance.evaluate(plan).objective
        result = _solve(method, instance, plan)
        for fault in _faults(method, instance, result, float(best.value)):
            raise ConformanceError(method.name, f"{fault}, started from a plan of {given}", instance)
        if result.start is None or not result.start.checked:
            raise ConformanceError(method.name, f"a feasible start of {given} is not told as checked", instance)


def _check_elastic(method: registry.Method, instance: Instance[Any], best: Optimum | None) -> None:
    """Relax every rule at the price of 1: the price paid is above 0 exactly where no plan exists."""
    from jitopt.engine.elastic import solve_elastic

    prices = {(rule.name, rule.members): 1.0 for rule in instance.rules()}
    if not prices:
        return
    result = solve_elastic(instance, prices, method=method.name, time_limit=TIME_LIMIT)
    mine = [warning for warning in result.warnings if method.name in warning]
    if mine or result.plan is None or result.objective is None:
        told = "; ".join((f"with every rule relaxed it finds no plan ({result.status})", *result.warnings))
        raise ConformanceError(method.name, told, instance)
    if (result.objective > TOLERANCE) != (best is None):
        have = "no plan keeps every rule" if best is None else "a plan keeps every rule"
        told = f"the elastic optimum is {result.objective}, though {have}"
        raise ConformanceError(method.name, told, instance)
