"""A better plan, a better bound or a new instance: checked, recorded with credit, or refused with the reason."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt.collection.entries import Change, Entry
from jitopt.collection.manifest import library
from jitopt.collection.proving import Road, prove, reaches
from jitopt.collection.recording import check_clone, check_words, made_by, newcomer, record
from jitopt.collection.verification import is_below, same
from jitopt.engine.audit import examine
from jitopt.errors import InputError
from jitopt.formats.results import claims
from jitopt.problems.base import Known, exact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from jitopt.problems.base import Instance

__all__ = ["Receipt", "submit"]


@dataclass(frozen=True)
class Receipt:
    """What became of a submission.

    name: of the instance. before, after: what was and what is known (optimum, lower, upper; None:
    new). proof, methods: what stands behind the bound. notes: what else a reader should know.
    recorded: whether it was written.
    """

    name: str
    before: dict[str, float] | None
    after: dict[str, float]
    proof: str
    methods: tuple[str, ...]
    notes: tuple[str, ...] = ()
    recorded: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain data."""
        return {**vars(self), "methods": list(self.methods), "notes": list(self.notes)}


@dataclass(frozen=True)
class _Bound:
    """A lower bound, what stands behind it, the methods that reached it, and both in words."""

    value: float | None = None
    proof: str = "none"
    methods: tuple[str, ...] = ()
    words: str = ""


@dataclass
class _Case:
    """A submission while it is looked at: the question, the best plan in hand, and what is said of it."""

    instance: Instance[Any]
    entry: Entry | None
    plan: dict[str, Any] | None
    value: Fraction
    claimed: float | None
    better: bool
    notes: list[str] = field(default_factory=list)


def submit(
    instance: Instance[Any],
    result: Mapping[str, Any],
    *,
    by: str,
    family: str | None = None,
    generator: Mapping[str, Any] | None = None,
    prove_seconds: float = 60.0,
    dry_run: bool = False,
    folder: str | Path | None = None,
) -> Receipt:
    """Check a result against the library; record what is better, or refuse it with the reason.

    A plan counts by the judge's value. A bound is a claim: it counts when an exact road gets it here
    as well, and it is `cross_checked` when roads of two solvers do.

    Parameters
    ----------
    instance
        The question; found in the library by what it asks. One that is not there is added: it needs
        a name of small letters, digits and underscores, a source, and `family`.
    result
        The data of a result file, complete or not, or a bare plan.
    by
        Who is credited.
    family
        The class of a new instance, in words.
    generator
        For a new instance made by `jitopt.generate`: {"seed": ..., "options": {...}}. One that is too
        large for a file is kept as this recipe.
    prove_seconds
        For each exact road [s].
    dry_run
        Say what would be recorded, and write nothing.
    folder
        The library in a clone; None: the one that comes with jitopt, if it is a clone's.

    Raises
    ------
    InputError
        If the result breaks a rule or states what is untrue, if nothing in it is better than what is
        known, or if the instance cannot be added.
    """
    shelf = library(folder=folder)
    check_words(by=by, family=family)
    if not dry_run:
        check_clone(shelf.folder)
    entry = next((entry for entry in shelf.values() if entry.sha256 == instance.sha256()), None)
    made = None if entry else made_by(instance, generator)
    known = shelf.read(entry.name) if entry else newcomer(shelf, instance, family, made)
    case = _case(known, entry, result)
    bound = _bound(case, prove_seconds)
    known_after = _known(case, by, bound)
    receipt = Receipt(
        name=known.name,
        before=None if entry is None or known.known is None else _values(known.known),
        after=_values(known_after),
        proof=bound.proof,
        methods=bound.methods,
        notes=tuple(case.notes),
        recorded=not dry_run,
    )
    if not dry_run:
        change = Change(date=datetime.date.today().isoformat(), by=by, what=_what(case, known_after))
        own: dict[str, Any] = {"proof": bound.proof, "methods": bound.methods}
        own |= {"family": family or (entry.family if entry else ""), "generator": entry.generator if entry else made}
        record(shelf, entry, known.replace(known=known_after), own, change)
    return receipt


def _case(known: Instance[Any], entry: Entry | None, result: Mapping[str, Any]) -> _Case:
    """Hold a result against the judge and against what is known."""
    told = claims(dict(result), known)
    if isinstance(told.get("instance"), dict):
        # The same question may go by another name: its hash identifies it.
        told["instance"] = {key: value for key, value in told["instance"].items() if key != "name"}
    found = examine(known, told)
    if found.breaches:
        remedy = "correct the result; `jitopt check` shows the same"
        raise InputError("the result is not taken", remedy=remedy, more=[f"- {line}" for line in found.breaches])
    old = known.known
    best = None if old is None else known.evaluate(known.plan_type.model_validate(old.plan)).exact
    value = found.evaluation.exact if found.evaluation else None
    better = value is not None and (best is None or is_below(value, best))
    if value is None and best is None:
        raise InputError("a new instance needs a plan", remedy="submit a result that has one")
    shown = value if better else best
    # In the form of the problem: keys that mean nothing are not kept.
    taken = known.plan_type.model_validate(told["plan"]).to_dict() if better else None
    plan = taken if better else old.plan if old else None
    assert shown is not None
    bound = _claimed(told, float(value) if value is not None else None)
    if not better and not _higher(bound, entry) and not _confirms(bound, entry):
        raise InputError(_not_better(known.name, entry, value, bound), remedy="nothing is recorded")
    return _Case(known, entry, plan, shown, bound, better)


def _claimed(told: Mapping[str, Any], value: float | None) -> float | None:
    """Return the bound that a result claims; one that is called optimal claims its own value."""
    bound = told.get("bound")
    return value if bound is None and told.get("status") == "optimal" else bound


def _higher(bound: float | None, entry: Entry | None) -> bool:
    """Tell whether a claimed bound would be news."""
    if bound is None:
        return False
    if entry is None or entry.bound is None:
        return True
    return not reaches(entry.bound, bound)


def _confirms(bound: float | None, entry: Entry | None) -> bool:
    """Tell whether a claimed bound is the recorded one, which so far one solver alone stands for."""
    if bound is None or entry is None or entry.bound is None:
        return False
    return entry.proof == "single" and reaches(bound, entry.bound)


def _not_better(name: str, entry: Entry | None, value: Fraction | None, bound: float | None) -> str:
    plan = "no plan" if value is None else f"a plan of {float(value):.12g}"
    told = "no bound" if bound is None else f"a bound of {bound:.12g}"
    best, floor = (None, None) if entry is None else (entry.best, entry.bound)
    return f"{name}: {plan} and {told} are not better than what is known, a plan of {best} and a bound of {floor}"


def _bound(case: _Case, seconds: float) -> _Bound:
    """Return the bound that stands after a submission: the recorded one, or a higher one that roads prove here."""
    standing = _standing(case)
    claimed = case.claimed
    higher = claimed is not None and (standing.value is None or not reaches(standing.value, claimed))
    news = higher or (standing.value is not None and _confirms(claimed, case.entry))
    if standing.value is not None and not news:
        return standing
    asked = case.instance.replace(known={"upper": float(case.value), "plan": case.plan})
    roads = prove(asked, seconds, claimed if news else None)
    _better_plan(case, roads)
    found = _agreed(roads)
    if claimed is not None and news and (found.value is None or not reaches(found.value, claimed)):
        told = f"the bound {claimed!r} was not reached by any exact road in {seconds:g} s each"
        if not case.better:
            remedy = "give more time (--prove S), or a proof that people can check: see docs/instances.md"
            raise InputError(f"{case.instance.name}: {told}", remedy=remedy)
        case.notes.append(f"{told}; it is not recorded")
    if found.value is None or standing.value is None or not reaches(standing.value, found.value):
        return found
    if reaches(found.value, standing.value) and standing.proof == "single" != found.proof:
        return found
    if not case.better:
        raise InputError(f"{case.instance.name}: the bound is known, and no second solver reached it in {seconds:g} s")
    return standing


def _standing(case: _Case) -> _Bound:
    """Return the recorded bound, unless the plan in hand refutes it."""
    entry = case.entry
    if entry is None or entry.bound is None:
        return _Bound()
    recorded = exact(entry.bound)
    if recorded > case.value and not same(recorded, case.value):
        case.notes.append(f"the plan refutes the recorded bound {entry.bound!r} ({entry.proof}); it is dropped")
        return _Bound()
    return _Bound(entry.bound, entry.proof, entry.methods)


def _agreed(roads: list[Road]) -> _Bound:
    """Return the best bound of some roads: cross-checked where roads of two solvers reach it."""
    proven = {road.method: (road, float(road.result.bound)) for road in roads if road.result.bound is not None}
    if not proven:
        return _Bound()
    best = max(bound for _, bound in proven.values())
    agreeing = [road for road, bound in proven.values() if reaches(bound, best)]
    own = [road for road in agreeing if road.result.proof in ("exact_algorithm", "closed_form")]
    if own:
        return _Bound(best, own[0].result.proof, (own[0].method,), _words(own[:1]))
    methods = tuple(sorted(road.method for road in agreeing))
    if len({road.solver for road in agreeing}) > 1:
        return _Bound(min(proven[method][1] for method in methods), "cross_checked", methods, _words(agreeing))
    return _Bound(best, "single", methods, _words(agreeing))


def _words(roads: list[Road]) -> str:
    return " and ".join(sorted(f"{road.method} ({road.solver})" for road in roads))


def _better_plan(case: _Case, roads: list[Road]) -> None:
    """Take a better plan that a road has found on the way."""
    for road in roads:
        if road.result.plan is None:
            continue
        judged = case.instance.evaluate(road.result.plan)
        if judged.exact is not None and not judged.violations and is_below(judged.exact, case.value):
            case.notes.append(f"{road.method} found a better plan on the way: {judged.objective!r}")
            case.plan, case.value, case.better = road.result.plan.to_dict(), judged.exact, True


def _known(case: _Case, by: str, bound: _Bound) -> Known:
    """Return what is known: the optimum where the plan meets a bound that more than one program stands for."""
    value = float(case.value)
    old = case.instance.known
    plan = f"plan by {by}" if case.better or old is None else old.reference.partition("; bound by ")[0]
    words = bound.words or (old.reference.partition("; bound by ")[2] if old and bound.value is not None else "")
    reference = f"{plan}; bound by {words}" if words else plan
    if bound.value is None:
        return Known(upper=value, reference=reference, plan=case.plan)
    if bound.proof != "single" and reaches(bound.value, value):
        return Known(optimum=value, reference=reference, plan=case.plan)
    return Known(lower=rounded_down(min(bound.value, value)), upper=value, reference=reference, plan=case.plan)


def rounded_down(value: float, digits: int = 10) -> float:
    """Return a number of few digits that is not above `value`: a bound stays a bound."""
    if value == 0:
        return 0.0
    step = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{value:.{digits - 1}e}"
    short = float(text)
    return short if exact(short) <= exact(value) else float(f"{short - 10.0**-step:.{digits - 1}e}")


def _values(known: Known) -> dict[str, float]:
    return {key: value for key in ("optimum", "lower", "upper") if (value := getattr(known, key)) is not None}


def _what(case: _Case, known: Known) -> str:
    """Say in words what a submission brought."""
    told = ", ".join(f"{key} {value!r}" for key, value in _values(known).items())
    kind = "new instance" if case.entry is None else "better plan" if case.better else "bound"
    return f"{kind}: {told}"
