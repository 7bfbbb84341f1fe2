"""The audit of a result file: the plan keeps every rule, and the file tells the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from jitopt.engine.result import FORMAT, OPTIMAL_GAP, Proof, Status, StoppedBy, relative_gap

if TYPE_CHECKING:
    from jitopt.problems.base import Evaluation, Instance

__all__ = ["audit"]

PRECISION = 1e-6
"""Stated values may differ from recomputed ones by this, relative to max(1, |value|)."""


def audit(instance: Instance[Any], result: Mapping[str, Any]) -> list[str]:
    """Return every breach of a result, one line each; an empty list when all is well.

    A bare plan (without the result's other keys) is judged by its rules alone.
    """
    if "plan" not in result:
        return _judge_plan(instance, result)[1]
    breaches = _head(instance, result)
    evaluation: Evaluation | None = None
    if result["plan"] is not None:
        evaluation, broken = _judge_plan(instance, result["plan"])
        breaches += broken
    breaches += _words(result)
    if breaches and evaluation is None and result["plan"] is not None:
        return breaches
    breaches += _numbers(result, evaluation)
    breaches += _claims(instance, result, evaluation)
    return breaches


def _judge_plan(instance: Instance[Any], plan: Any) -> tuple[Evaluation | None, list[str]]:
    try:
        parsed = instance.plan_type.model_validate(plan)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        return None, [f"plan/{place}: {first['msg']}"]
    evaluation = instance.evaluate(parsed)
    return evaluation, [f"{v.rule} {' '.join(v.members)}: {v.message}" for v in evaluation.violations]


def _head(instance: Instance[Any], result: Mapping[str, Any]) -> list[str]:
    found = []
    if result.get("format") != FORMAT:
        found.append(f"format: {result.get('format')!r} is not {FORMAT!r}")
    if result.get("problem") != instance.problem:
        found.append(f"problem: the result is of {result.get('problem')!r}, the instance of {instance.problem!r}")
    told = result.get("instance")
    if not isinstance(told, Mapping) or told.get("sha256") != instance.sha256():
        found.append("instance: the result belongs to another instance (its hash differs)")
    return found


def _words(result: Mapping[str, Any]) -> list[str]:
    found = []
    for key, words in (("status", Status), ("stopped_by", StoppedBy), ("proof", Proof)):
        if result.get(key) not in get_args(words):
            found.append(f"{key}: {result.get(key)!r} is none of {', '.join(get_args(words))}")
    for key in ("objective", "bound", "gap"):
        value = result.get(key)
        if value is not None and not _is_number(value):
            found.append(f"{key}: {value!r} is not a number")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _off(stated: object, true: float) -> bool:
    if not isinstance(stated, int | float) or isinstance(stated, bool) or not math.isfinite(stated):
        return True
    return abs(stated - true) > PRECISION * max(1.0, abs(true))


def _numbers(result: Mapping[str, Any], evaluation: Evaluation | None) -> list[str]:
    """Objective and terms against the recomputed ones."""
    if evaluation is None:
        return ["objective: a value is stated without a plan"] if result.get("objective") is not None else []
    if evaluation.objective is None:
        return []
    found = []
    if _off(result.get("objective"), evaluation.objective):
        found.append(f"objective: {result.get('objective')!r} is stated, {evaluation.objective!r} is true")
    terms = result.get("terms")
    terms = terms if isinstance(terms, Mapping) else {}
    for name, value in evaluation.terms.items():
        if name not in terms or _off(terms[name], value):
            found.append(f"term {name}: {terms.get(name)!r} is stated, {value!r} is true")
    found += [f"term {name}: there is no such term" for name in terms if name not in evaluation.terms]
    return found


def _claims(instance: Instance[Any], result: Mapping[str, Any], evaluation: Evaluation | None) -> list[str]:
    """Bound, gap, status and proof against each other and against the plan."""
    found = []
    status, proof = result.get("status"), result.get("proof")
    bound = result.get("bound") if _is_number(result.get("bound")) else None
    objective = evaluation.objective if evaluation is not None else None
    if (evaluation is not None) != (status in ("optimal", "feasible")):
        found.append(f"status: {status!r} does not fit a result {'with' if evaluation else 'without'} a plan")
    if status == "infeasible" and proof in ("none", "single"):
        found.append(f"status: infeasible is told on a proof {proof!r}, which is too weak")
    if (bound is None) != (proof == "none") and status in ("optimal", "feasible"):
        found.append(f"proof: {proof!r} does not fit a bound of {bound!r}")
    if objective is not None:
        found += _bound_claims(result, bound, objective)
    if bound is not None:
        found += _refuted(instance, bound)
    return found


def _bound_claims(result: Mapping[str, Any], bound: float | None, objective: float) -> list[str]:
    found = []
    if bound is not None and bound > objective + PRECISION * max(1.0, abs(objective)):
        found.append(f"bound: {bound!r} lies above the objective {objective!r}")
    gap = relative_gap(objective, bound)
    stated = result.get("gap")
    if (gap is None) != (stated is None) or (gap is not None and _off(stated, gap)):
        found.append(f"gap: {stated!r} is stated, {gap!r} is true")
    if result.get("status") == "optimal" and (gap is None or gap > OPTIMAL_GAP):
        found.append(f"status: optimal is told with a gap of {gap!r}")
    for name, value in _seen(result):
        if value < objective - PRECISION * max(1.0, abs(objective)):
            found.append(f"{name}: a plan of {value!r} was in hand, the result is worse ({objective!r})")
            break
    return found


def _seen(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Objectives of plans that were in hand before the result: the start and the trajectory."""
    found = []
    start = result.get("start")
    if isinstance(start, Mapping) and start.get("checked") and _is_number(start.get("objective")):
        found.append(("start", float(start["objective"])))
    trajectory = result.get("trajectory")
    for row in trajectory if isinstance(trajectory, list) else []:
        if isinstance(row, list) and len(row) == 3 and _is_number(row[1]):
            found.append(("trajectory", float(row[1])))
    return found


def _refuted(instance: Instance[Any], bound: float) -> list[str]:
    """Hold the bound against what is known of the instance: a plan, or a published value."""
    known = instance.known
    if known is None:
        return []
    values = [value for value in (known.optimum, known.upper) if value is not None]
    if known.plan is not None:
        evaluation, _ = _judge_plan(instance, known.plan)
        if evaluation is not None and evaluation.feasible and evaluation.objective is not None:
            values.append(evaluation.objective)
    best = min(values, default=None)
    if best is not None and bound > best + PRECISION * max(1.0, abs(best)):
        return [f"bound: {bound!r} is refuted by the known value {best!r}"]
    return []
