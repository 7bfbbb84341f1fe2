"""What is measured of a single run. Infinity: not reached; None: the measure does not apply."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitopt.comparing.claims import TOLERANCE, Reference, refuted
from jitopt.comparing.integrals import first_within, primal_dual_integral, primal_gap, primal_integral, steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.comparing.integrals import Point
    from jitopt.comparing.runs import InstanceKey, Run
    from jitopt.comparing.settings import Settings

__all__ = ["Mark", "mark_all"]

INF = math.inf


@dataclass(frozen=True)
class Mark:
    """The measures of a run, as docs/compare.md defines them.

    Attributes
    ----------
    refuted
        Whether another plan refutes what the run claims.
    time
        Seconds to the proof; infinity if not solved.
    gap_known, gap_found, gap_bound, gap_reference
        Primal gap to the best known plan, to the best plan found, to the best bound, and to the
        better one of the two plans.
    gap_own
        The proven gap of the run itself.
    first_plan, to_target
        Seconds to the first plan, and to a plan within the target of the reference.
    points
        The steps of the trajectory.
    """

    run: Run
    reference: Reference
    refuted: bool
    solved: bool
    time: float
    gap_known: float | None
    gap_found: float | None
    gap_bound: float | None
    gap_reference: float | None
    gap_own: float | None
    first_plan: float | None
    to_target: float | None
    primal_integral: float | None
    primal_dual_integral: float | None
    points: tuple[Point, ...] = ()

    @property
    def outcome(self) -> float:
        """The objective; infinity without a plan."""
        return INF if self.run.objective is None else self.run.objective


def mark_all(runs: Sequence[Run], references: Mapping[InstanceKey, Reference], settings: Settings) -> dict[Run, Mark]:
    """Return the marks of every finished run."""
    return {run: _mark(run, references[run.key], settings) for run in runs if run.finished}


def _mark(run: Run, reference: Reference, settings: Settings) -> Mark:
    wrong = refuted(run, reference) is not None
    solved = not wrong and _solved(run, settings.gap_tolerance)
    asked = not reference.infeasible
    points = _points(run)
    plan = reference.plan
    integral = dual = target = None
    if points is not None and plan is not None:
        target = first_within(points, plan, settings.target)
        if run.time_limit:
            integral = primal_integral(points, plan, run.time_limit)
            # A refuted bound proves nothing: as if there were none.
            dual = 1.0 if wrong else primal_dual_integral(points, run.time_limit)
    return Mark(
        run=run,
        reference=reference,
        refuted=wrong,
        solved=solved,
        time=run.seconds if solved and run.seconds is not None else INF,
        gap_known=_gap(run, reference.known) if asked else None,
        gap_found=_gap(run, reference.found) if asked else None,
        gap_bound=_gap(run, reference.bound) if asked else None,
        gap_reference=_gap(run, plan) if asked else None,
        gap_own=_own(run, wrong) if asked else None,
        first_plan=_first(run, points) if asked else None,
        to_target=target,
        primal_integral=integral,
        primal_dual_integral=dual,
        points=tuple(points or ()),
    )


def _solved(run: Run, tolerance: float) -> bool:
    if run.status in ("optimal", "infeasible"):
        return True
    gap = _own(run, False)
    return run.status == "feasible" and gap is not None and gap <= max(tolerance, TOLERANCE)


def _own(run: Run, wrong: bool) -> float:
    """Return the proven gap; infinity without a plan, without a bound, or if the bound is refuted."""
    if wrong or run.objective is None:
        return INF
    if run.bound is not None:
        return abs(run.objective - run.bound) / max(abs(run.objective), 1e-9)
    if run.gap is not None:
        return run.gap
    return 0.0 if run.status == "optimal" else INF


def _gap(run: Run, reference: float | None) -> float | None:
    if reference is None:
        return None
    return INF if run.objective is None else primal_gap(run.objective, reference)


def _points(run: Run) -> list[Point] | None:
    """Return the steps of the trajectory, the result its last; None if the table has no trajectories."""
    if run.trajectory is None:
        return None
    last = max((point[0] for point in run.trajectory), default=0.0)
    return steps(run.trajectory, (max(last, run.seconds or 0.0), run.objective, run.bound)) if run.has_plan else []


def _first(run: Run, points: Sequence[Point] | None) -> float | None:
    if run.objective is None:
        return INF
    if run.first_plan is not None:
        return run.first_plan
    return next((point[0] for point in points if point[1] is not None), None) if points is not None else None
