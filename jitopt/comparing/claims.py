"""What the runs claim of an instance, held against each other: best values, and contradictions.

A plan was recomputed by the judge, so it outweighs every bound and every claim that there is none.
A claim that a plan refutes is told, and its run does not count as solved.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jitopt.comparing.runs import InstanceKey, Run

__all__ = ["TOLERANCE", "Contradiction", "Reference", "above", "find_contradictions", "references"]

TOLERANCE = 1e-6
"""Relative difference below which two values are one: |a - b| <= 1e-6 max(1, |a|, |b|)."""

OPTIMAL_GAP = 1e-6
"""Gap with which `optimal` may be said."""


def above(a: float, b: float, tolerance: float = TOLERANCE) -> bool:
    """Tell whether a lies above b by more than the tolerance."""
    return a - b > tolerance * max(1.0, abs(a), abs(b))


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both be true.

    kind: `refuted optimum`, `refuted bound`, `refuted infeasibility` (the run is wrong), or `refuted
    known bound`, `known values clash` (the instance's `known` is wrong, or the judge).
    """

    kind: str
    problem: str
    family: str
    instance: str
    variant: str
    seed: int | None
    claim: str
    against: str


@dataclass(frozen=True)
class Reference:
    """The best that is known of an instance.

    Attributes
    ----------
    known
        Objective of the best plan that the instance's `known` tells; all values here are costs (see `Run.sense`).
    found
        Smallest objective of all runs, whatever their variant.
    plan
        The smaller of the two: what gaps and integrals refer to.
    bound
        The largest bound that nothing refutes, of the runs and of `known`.
    infeasible
        Whether a run proved that there is no plan, and there is none.
    """

    known: float | None
    found: float | None
    plan: float | None
    bound: float | None
    infeasible: bool


def by_instance(runs: Iterable[Run]) -> dict[InstanceKey, list[Run]]:
    """Return the finished runs of each instance."""
    found: dict[InstanceKey, list[Run]] = defaultdict(list)
    for run in runs:
        if run.finished:
            found[run.key].append(run)
    return dict(found)


def references(runs: Sequence[Run]) -> dict[InstanceKey, Reference]:
    """Return what is known of each instance, from all its runs."""
    return {key: _reference(rows) for key, rows in by_instance(runs).items()}


def _reference(rows: Sequence[Run]) -> Reference:
    known = min((run.known_upper for run in rows if run.known_upper is not None), default=None)
    found = min((run.objective for run in rows if run.objective is not None), default=None)
    plan = min((value for value in (known, found) if value is not None), default=None)
    bounds = [value for run in rows for value in (run.bound, run.known_lower) if value is not None]
    return Reference(
        known=known,
        found=found,
        plan=plan,
        bound=max((value for value in bounds if plan is None or not above(value, plan)), default=None),
        infeasible=plan is None and any(run.status == "infeasible" for run in rows),
    )


def refuted(run: Run, reference: Reference) -> Contradiction | None:
    """Return why a run's claim is wrong, or None: at most one reason, the gravest."""
    plan, whose = reference.plan, "the known plan"
    if plan is None:
        return None
    if reference.found == plan:
        whose = "a plan found"
    if run.status == "infeasible":
        return _told("refuted infeasibility", run, "there is no plan", f"{whose} {_priced(run, plan)}")
    if run.status == "optimal" and run.objective is not None and above(run.objective, plan, TOLERANCE + OPTIMAL_GAP):
        return _told(
            "refuted optimum", run, f"{_number(run, run.objective)} is optimal", f"{whose} {_priced(run, plan)}"
        )
    if run.bound is not None and above(run.bound, plan):
        return _told("refuted bound", run, _none_beyond(run, run.bound), f"{whose} {_priced(run, plan)}")
    return None


def _number(run: Run, cost: float) -> str:
    return f"{run.sense * cost:.10g}"


def _priced(run: Run, cost: float) -> str:
    """Say what a plan costs, or yields where the objective is to be large."""
    return f"{'costs' if run.sense > 0 else 'yields'} {_number(run, cost)}"


def _none_beyond(run: Run, cost: float) -> str:
    return f"no plan {'below' if run.sense > 0 else 'above'} {_number(run, cost)}"


def _told(kind: str, run: Run, claim: str, against: str) -> Contradiction:
    return Contradiction(kind, run.problem, run.family, run.instance, run.variant, run.seed, claim, against)


def find_contradictions(runs: Sequence[Run]) -> list[Contradiction]:
    """Return every contradiction of the runs, in a fixed order."""
    found: list[Contradiction] = []
    known = references(runs)
    for key, rows in by_instance(runs).items():
        found += [told for run in rows if (told := refuted(run, known[key])) is not None]
        found += _of_known(key, rows)
    return sorted(found, key=lambda c: (c.kind, c.problem, c.family, c.instance, c.variant, c.seed or 0, c.claim))


def _of_known(key: InstanceKey, rows: Sequence[Run]) -> Iterator[Contradiction]:
    """Hold the instance's `known` against the plans and against itself."""
    lower = {run.known_lower for run in rows if run.known_lower is not None}
    upper = {run.known_upper for run in rows if run.known_upper is not None}
    problem, family, instance, _ = key
    if lower and upper and above(max(lower), min(upper)):
        claim, against = _none_beyond(rows[0], max(lower)), f"a plan of {_number(rows[0], min(upper))}"
        yield Contradiction("known values clash", problem, family, instance, "", None, claim, against)
    if not lower:
        return
    below = [run for run in rows if run.objective is not None and above(max(lower), run.objective)]
    if below:
        best = min(below, key=lambda run: (run.objective or 0.0, run.variant, run.seed))
        claim = f"known: {_none_beyond(best, max(lower))}"
        yield _told("refuted known bound", best, claim, f"a plan found {_priced(best, best.objective or 0.0)}")
