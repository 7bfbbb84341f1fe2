"""The check that every heuristic passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.testing.errors import ConformanceError
from jitopt.testing.formulations import TOLERANCE, cases_of

if TYPE_CHECKING:
    from jitopt.problems.base import Instance
    from jitopt.testing.brute_force import Optimum

__all__ = ["check_heuristic"]

LONGEST = 150.0
"""Seconds for one tiny instance: the work ends it, unless its kernels must first be compiled on a slow machine."""

WORK = 0.05
"""Units of work for one tiny instance."""


def check_heuristic(name: str, *, count: int = 50, seed: int = 0, problem: str | None = None) -> None:
    """Check that a heuristic keeps its promises.

    * Every plan it reports keeps every rule, so none is reported where none exists.
    * No plan is better than the optimum of an enumeration, and no bound it tells lies above it.
    * Deterministic, the same seed and work give the same plan.
    * It finds a plan for at least one instance in four that has one; where its dictionary says that it
      proves an optimum ("proof"), it proves every one.

    Instances beyond its `up_to` (of another form of the problem) are left out.

    Parameters
    ----------
    name
        The heuristic's name in the registry.
    count
        Number of tiny instances with a random mixture of all features.
    seed
        Of the first instance; the others follow.
    problem
        The heuristic's problem, where its name needs it.

    Raises
    ------
    ConformanceError
        At the first promise that is broken, with the instance as JSON.
    UnknownMethodError
        If there is no such heuristic.
    """
    method = registry.method(name, problem)
    if method.kind != "heuristic":
        raise ConformanceError(name, "it is a formulation, not a heuristic: use check_formulation")
    solvable = solved = 0
    lines = method.problem == "kanban" and method.up_to.get("loops") == 0
    for number, (instance, best) in enumerate(cases_of(method.problem, count, seed, lines, method.form == "box")):
        if not method.suits(instance):
            continue
        result = _solve(method, instance, seed=number)
        for fault in _faults(method, instance, result, best):
            raise ConformanceError(name, "; ".join((fault, *result.warnings)), instance)
        if number % 4 == 0:
            again = _solve(method, instance, seed=number)
            if again.plan != result.plan:
                told = f"the same seed and work give two plans: {result.plan} and {again.plan}"
                raise ConformanceError(name, told, instance)
        solvable += best is not None
        solved += best is not None and result.plan is not None
    if solved * 4 < solvable:
        raise ConformanceError(name, f"it finds a plan for {solved} of {solvable} tiny instances that have one")


def _solve(method: registry.Method, instance: Instance[Any], seed: int) -> Any:
    from jitopt import api

    return api.solve(
        instance,
        method=method.name,
        time_limit=LONGEST,
        threads=1,
        seed=seed,
        deterministic=True,
        work_limit=WORK,
    )


def _faults(method: registry.Method, instance: Instance[Any], result: Any, best: Optimum | None) -> list[str]:
    """Return what is wrong with a result."""
    if any(method.name in warning for warning in result.warnings):
        return ["the engine had to warn of it"]
    if result.plan is not None:
        found = instance.evaluate(result.plan)
        if found.violations:
            return [f"its plan breaks a rule: {found.violations[0].message}"]
    if best is None:
        return ["it has a plan where the enumeration has none"] if result.plan is not None else []
    wanted = float(best.value)
    slack = TOLERANCE * max(1.0, abs(wanted))
    sense = instance.sense
    if result.objective is not None and sense * (wanted - result.objective) > slack:
        return [f"it finds {result.objective}, better than the optimum {wanted}"]
    if result.bound is not None and sense * (result.bound - wanted) > slack:
        return [f"its bound is {result.bound}, the optimum is {wanted}"]
    proven = result.proof == "exact_algorithm" or (result.bound is not None and abs(result.bound - wanted) <= slack)
    if method.proof == "exact_algorithm" and not proven:
        return [f"it finds {result.objective} ({result.status}, proof {result.proof}), the optimum is {wanted}"]
    return []
