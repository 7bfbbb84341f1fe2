"""The audit of a result: the plan keeps every rule, and whatever is stated is true.

What is absent is no claim: only the keys that a result has are compared. A present null is the
claim that there is none (no objective, no bound), except in words, where it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jitopt import registry
from jitopt.engine.result import OPTIMAL_GAP, relative_gap
from jitopt.errors import UnknownMethodError
from jitopt.formats.results import claims
from jitopt.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Evaluation, Instance
    from jitopt.registry import Method

__all__ = ["Audit", "audit", "examine"]

PRECISION = 1e-6
"""Stated values may differ from recomputed ones by this, relative to max(1, |value|)."""

PROOFS = {
    "formulation": frozenset({"none", "single"}),
    "heuristic": frozenset({"none", "single", "cross_checked", "closed_form"}),
}
"""What can stand behind the bound of a plan, by the kind of method; `auto` is as free as a heuristic.

One formulation has one solver. After a heuristic exact roads may have been asked as well.
"""

Claims = dict[str, Any]


@dataclass(frozen=True)
class Audit:
    """What an audit found: breaches (one line each), notes that accuse nobody, and the judge's values."""

    breaches: list[str]
    notes: list[str] = field(default_factory=list)
    evaluation: Evaluation | None = None


def audit(instance: Instance[Any], result: Mapping[str, Any]) -> list[str]:
    """Return every breach of a result, one line each; an empty list when all is well.

    Parameters
    ----------
    instance
        What was asked.
    result
        A result, complete or not, or a bare plan.

    Raises
    ------
    InputError
        If a value has not the type it must have.
    """
    return examine(instance, claims(dict(result), instance)).breaches


def examine(instance: Instance[Any], told: Claims) -> Audit:
    """Compare well-typed claims (see `jitopt.formats.results.claims`) with the truth."""
    evaluation = None
    breaches = _identity(instance, told)
    if told["plan"] is not None:
        evaluation = instance.evaluate(instance.plan_type.model_validate(told["plan"]))
        breaches += [f"{v.rule} {' '.join(v.members)}: {v.message}" for v in evaluation.violations]
    objective = evaluation.objective if evaluation is not None else None
    method, notes = _method(instance.problem, told, breaches)
    breaches += _values(told, evaluation)
    breaches += _status(told)
    breaches += _stop(told)
    breaches += _proof(instance, told, method)
    breaches += _bound(instance, told, objective)
    breaches += _history(told, objective, instance.sense)
    breaches += _reasons(instance, told)
    breaches += _seconds(told)
    return Audit(breaches, notes, evaluation)


def _identity(instance: Instance[Any], told: Claims) -> list[str]:
    """Whose result it is, and with what it was found."""
    found = []
    named = told.get("instance") or {}
    if named.get("sha256") not in (None, instance.sha256()):
        found.append("instance: the result belongs to another instance (its hash differs)")
    if named.get("name") not in (None, instance.name):
        found.append(f"instance: the result is of {named['name']!r}, the instance is {instance.name!r}")
    for key, least in (("threads", 1), ("seed", 0)):
        if told.get(key) is not None and told[key] < least:
            found.append(f"{key}: {told[key]!r} is stated, no solve has less than {least}")
    return found


def _method(problem: str, told: Claims, breaches: list[str]) -> tuple[Method | None, list[str]]:
    """Return the method, if it is known here; one of another problem is a breach, an unknown one a note."""
    name = told.get("method")
    if name in (None, "auto"):
        return None, []
    found = {word: _known_method(name, word) for word in PROBLEMS}
    if found.get(problem):
        return found[problem], []
    other = next((word for word in PROBLEMS if found[word]), None)
    if other is None:
        return None, [f"method: {name!r} is not known here, so what it can prove is not compared"]
    breaches.append(f"method: {name!r} solves {other}, not {problem}")
    return None, []


def _known_method(name: str, problem: str) -> Method | None:
    try:
        return registry.method(name, problem)
    except UnknownMethodError:
        return None


def _slack(value: float) -> float:
    return PRECISION * max(1.0, abs(value))


def _off(stated: float | None, true: float) -> bool:
    return stated is None or abs(stated - true) > _slack(true)


def _values(told: Claims, evaluation: Evaluation | None) -> list[str]:
    """Objective and terms against the recomputed ones."""
    terms = told.get("terms") or {}
    if evaluation is None:
        found = ["objective: a value is stated without a plan"] if told.get("objective") is not None else []
        return found + (["terms: values are stated without a plan"] if terms else [])
    if evaluation.objective is None:
        return []
    found = []
    if "objective" in told and _off(told["objective"], evaluation.objective):
        found.append(f"objective: {told['objective']!r} is stated, {evaluation.objective!r} is true")
    if told.get("terms") is None:
        return found
    for name, value in evaluation.terms.items():
        # A table of terms adds up to the objective: one that is left out is told to be 0.
        if _off(terms.get(name, 0.0), value):
            found.append(f"term {name}: {terms.get(name)!r} is stated, {value!r} is true")
    return found + [f"term {name}: there is no such term" for name in terms if name not in evaluation.terms]


def _status(told: Claims) -> list[str]:
    """The status, and what only an instance without a plan has, against the plan."""
    found = []
    status, planned = told.get("status"), told["plan"] is not None
    if status is not None and planned != (status in ("optimal", "feasible")):
        found.append(f"status: {status!r} does not fit a result {'with' if planned else 'without'} a plan")
    if planned or status in ("optimal", "feasible"):
        found += [
            f"{key}: they say that there is no plan, beside a plan"
            for key in ("reasons", "claims_infeasible")
            if told.get(key)
        ]
    return found


def _stop(told: Claims) -> list[str]:
    """The end of the search against the status: what is proven was ended by its proof."""
    status, stopped = told.get("status"), told.get("stopped_by")
    if stopped is None:
        return []
    found = []
    if status in ("optimal", "infeasible"):
        ends = ("proof", "gap") if status == "optimal" else ("proof",)
        if stopped not in ends:
            found.append(f"stopped_by: {stopped!r} does not fit the status {status!r}, which a proof ended")
    elif stopped == "proof" and status is not None:
        found.append(f"stopped_by: a proof is told, the status is {status!r}")
    if stopped == "gap" and (told["plan"] is None or told.get("bound", 0.0) is None):
        found.append("stopped_by: a gap is told, but it needs a plan and a bound")
    return found


def _proof(instance: Instance[Any], told: Claims, method: Method | None) -> list[str]:
    """The proof against what it proves and against what the method can prove."""
    proof, planned = told.get("proof"), told["plan"] is not None
    if proof is None:
        return []
    found = []
    if told.get("status") == "infeasible":
        if proof in ("none", "single"):
            found.append(f"status: infeasible is told on a proof {proof!r}, which is too weak")
    elif proof == "none" and told.get("bound") is not None:
        found.append(f"proof: 'none' does not fit a bound of {told['bound']!r}")
    elif proof != "none" and told.get("bound", 0.0) is None and (planned or not told.get("claims_infeasible")):
        found.append(f"proof: {proof!r} is told, but of what: there is no bound")
    known = method is not None or told.get("method") == "auto"
    kind = method.kind if method is not None and planned else "heuristic"
    if known and proof not in PROOFS[kind] and not _own_proof(instance, str(proof), method):
        found.append(f"proof: {told['method']!r} cannot give a proof {proof!r}")
    return found


def _own_proof(instance: Instance[Any], proof: str, method: Method | None) -> bool:
    """Tell whether the method says of itself that it gives this proof; with `auto`, one that takes the instance."""
    asked = registry.methods(instance.problem) if method is None else [method]
    return any(one.proof == proof and one.suits(instance) for one in asked)


def _bound(instance: Instance[Any], told: Claims, objective: float | None) -> list[str]:
    """Bound, gap and status against each other, the plan, and what is known of the instance."""
    bound, sense = _claimed_bound(told, objective, instance.sense), instance.sense
    found = [] if bound is None else _refuted(instance, bound)
    if told.get("status") == "infeasible" and _known_values(instance, plans_only=True):
        found.append("status: infeasible is refuted by the known plan")
    if objective is None:
        return found + (["gap: a value is stated without a plan"] if told.get("gap") is not None else [])
    if bound is not None and _beyond(bound, objective, sense):
        found.append(f"bound: {bound!r} lies {_side(sense)} the objective {objective!r}")
    gap, stated = relative_gap(objective, bound), told.get("gap")
    if "gap" in told and ((gap is None) != (stated is None) or (gap is not None and _off(stated, gap))):
        found.append(f"gap: {stated!r} is stated, {gap!r} is true")
    if _called_optimal(told) and (gap is None or gap > OPTIMAL_GAP):
        found.append(f"status: optimal is told with a gap of {gap!r}")
    return found


def _called_optimal(told: Claims) -> bool:
    """Tell whether a plan is called optimal, in so many words or by what ended the search."""
    status = told.get("status")
    return status == "optimal" or (status is None and told.get("stopped_by") == "proof")


def _beyond(value: float, limit: float, sense: int) -> bool:
    """Tell whether a value is worse than another by more than rounding: larger, or smaller where large is good."""
    return sense * (value - limit) > _slack(limit)


def _side(sense: int) -> str:
    return "above" if sense > 0 else "below"


def _claimed_bound(told: Claims, objective: float | None, sense: int) -> float | None:
    """Return the bound a result stands by: stated, or implied by its gap or by calling the plan optimal."""
    if "bound" in told or objective is None:
        return told.get("bound")
    if told.get("gap") is not None:
        return float(objective - sense * told["gap"] * max(abs(objective), 1e-9))
    return objective if _called_optimal(told) else None


def _history(told: Claims, objective: float | None, sense: int) -> list[str]:
    """Start and trajectory: plans only improve, the last is the result's, none is thrown away."""
    rows = told.get("trajectory") or []
    found = _course(rows, sense)
    start = told.get("start") or {}
    seen = [("start", start.get("objective"))] if start.get("checked") else []
    seen += [("trajectory", row[1]) for row in rows]
    in_hand = [(name, value) for name, value in seen if value is not None]
    if told["plan"] is None:
        return found + [f"{name}: a plan of {value!r} was in hand, the result has none" for name, value in in_hand[:1]]
    if objective is None:
        return found
    for name, value in in_hand:
        if _beyond(objective, value, sense):
            found.append(f"{name}: a plan of {value!r} was in hand, the result is worse ({objective!r})")
            break
    if rows and _off(rows[-1][1], objective):
        found.append(f"trajectory: it ends at an objective of {rows[-1][1]!r}, the result's is {objective!r}")
    bound = told.get("bound")
    if rows and bound is not None and rows[-1][2] is not None and _off(rows[-1][2], bound):
        found.append(f"trajectory: it ends at a bound of {rows[-1][2]!r}, the result's is {bound!r}")
    return found


def _reasons(instance: Instance[Any], told: Claims) -> list[str]:
    """The reasons name rules that the instance has ("demand" is what is asked, no rule that is listed)."""
    known = {(rule.name, rule.members) for rule in instance.rules()}
    names = {name for name, _ in known} | {"demand"}
    found = []
    for reason in told.get("reasons") or ():
        key = (reason.get("rule"), tuple(reason.get("members") or ()))
        if key not in known and not (key[0] == "demand" and key[0] in names):
            found.append(f"reasons: the instance has no rule {key[0]!r} of {', '.join(map(str, key[1])) or 'the plan'}")
    return found


def _seconds(told: Claims) -> list[str]:
    """Reading and checking are parts of the whole (roads side by side may take more together)."""
    seconds = told.get("seconds") or {}
    total = seconds.get("total")
    parts = sum(seconds.get(key) or 0.0 for key in ("read", "check"))
    if total is not None and parts > total + 0.01:
        return [f"seconds: reading and checking took {parts:g}, the whole only {total:g}"]
    return []


def _course(rows: list[list[Any]], sense: int) -> list[str]:
    """The moments of a trajectory against each other. A bound may be taken back: a better plan refutes it."""
    found = []
    for number, (seconds, objective, bound) in enumerate(rows):
        before, best, _ = rows[number - 1] if number else (0.0, None, None)
        if seconds < before:
            found.append(f"trajectory: moment {number} lies before the one ahead of it")
        if best is not None and (objective is None or _beyond(objective, best, sense)):
            way = "rises" if sense > 0 else "falls"
            found.append(f"trajectory: the objective {way} to {objective!r} at moment {number}")
        if None not in (objective, bound) and _beyond(bound, objective, sense):
            side = f"lies {_side(sense)} the objective {objective!r}"
            found.append(f"trajectory: the bound {bound!r} {side} at moment {number}")
    return found[:3]


def _refuted(instance: Instance[Any], bound: float) -> list[str]:
    """Hold a bound against what is known of the instance: a plan, or a published value."""
    best = min(_known_values(instance), key=lambda value: instance.sense * value, default=None)
    if best is not None and _beyond(bound, best, instance.sense):
        return [f"bound: {bound!r} is refuted by the known value {best!r}"]
    return []


def _known_values(instance: Instance[Any], plans_only: bool = False) -> list[float]:
    """Return the objectives that are known to be reached."""
    known = instance.known
    if known is None:
        return []
    reached = known.upper if instance.sense > 0 else known.lower
    values = [] if plans_only else [value for value in (known.optimum, reached) if value is not None]
    if known.plan is None:
        return values
    try:
        evaluation = instance.evaluate(instance.plan_type.model_validate(known.plan))
    except ValidationError:
        return values
    return [*values, evaluation.objective] if evaluation.feasible and evaluation.objective is not None else values
