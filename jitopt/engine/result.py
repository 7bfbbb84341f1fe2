"""What a solve returns: plan, objective, bound, gap, and how each was come by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal

from jitopt.problems.base import PlanT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Progress", "Proof", "Result", "StartReceipt", "Status", "StoppedBy", "relative_gap"]

Status = Literal["optimal", "feasible", "infeasible", "no_plan"]
StoppedBy = Literal["proof", "time_limit", "work_limit", "gap", "memory_limit", "interrupted", "error"]
Proof = Literal["none", "single", "cross_checked", "certificate", "exact_algorithm", "closed_form"]

OPTIMAL_GAP = 1e-6
"""A plan is told optimal when its gap is at most this."""

FORMAT = "jitopt-result/1"


def relative_gap(objective: float | None, bound: float | None) -> float | None:
    """Return |objective - bound| / max(|objective|, 1e-9), None when either is unknown."""
    if objective is None or bound is None:
        return None
    return abs(objective - bound) / max(abs(objective), 1e-9)


@dataclass(frozen=True)
class Progress:
    """A moment of a running solve: seconds since its call, best objective and bound so far."""

    seconds: float
    objective: float | None
    bound: float | None
    message: str = ""


@dataclass(frozen=True)
class StartReceipt:
    """What became of the plan that a solver was given to start from.

    given: a start was handed over. source: "user" or the method it came from. checked: the judge
    found it feasible. accepted: the solver took it up (None when it did not say).
    objective: its value by the judge. detail: one entry per road that was given it.
    """

    given: bool
    source: str
    checked: bool
    accepted: bool | None
    objective: float | None
    detail: Mapping[str, bool | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain data."""
        return {
            "given": self.given,
            "source": self.source,
            "checked": self.checked,
            "accepted": self.accepted,
            "objective": self.objective,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True)
class Result(Generic[PlanT]):
    """The outcome of a solve.

    status, stopped_by: what there is and why the search ended. objective: recomputed from the
    plan by the judge. bound: proven lower bound (of what is to be large: upper), None when nothing is proven. gap:
    relative.
    proof: what stands behind the bound. terms: the objective's parts. plan: typed, None without
    one. start: receipt. trajectory: (seconds, objective, bound) whenever one improved. reasons:
    when infeasible. seconds: read, heuristic, build, solve, check, total, compile. warnings:
    what went wrong on the way (a solver that crashed or told an untruth).
    """

    problem: str
    instance_name: str
    instance_sha256: str
    method: str
    status: Status
    stopped_by: StoppedBy
    objective: float | None
    bound: float | None
    gap: float | None
    terms: dict[str, float]
    proof: Proof
    plan: PlanT | None
    start: StartReceipt | None = None
    trajectory: tuple[tuple[float, float | None, float | None], ...] = ()
    reasons: tuple[dict[str, Any], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    threads: int = 1
    versions: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    claims_infeasible: tuple[str, ...] = ()

    @property
    def instance(self) -> dict[str, str]:
        """Name and hash of the instance."""
        return {"name": self.instance_name, "sha256": self.instance_sha256}

    def to_dict(self) -> dict[str, Any]:
        """Return the result file."""
        return {
            "format": FORMAT,
            "problem": self.problem,
            "instance": self.instance,
            "method": self.method,
            "status": self.status,
            "stopped_by": self.stopped_by,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "terms": dict(self.terms),
            "proof": self.proof,
            "start": self.start.to_dict() if self.start else None,
            "trajectory": [list(moment) for moment in self.trajectory],
            "reasons": [dict(reason) for reason in self.reasons],
            "seconds": {key: round(value, 6) for key, value in self.seconds.items()},
            "seed": self.seed,
            "threads": self.threads,
            "versions": dict(self.versions),
            "warnings": list(self.warnings),
            "claims_infeasible": list(self.claims_infeasible),
            "plan": self.plan.to_dict() if self.plan is not None else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], plan_type: type[PlanT]) -> Result[PlanT]:
        """Read a result file back; `plan_type` is the problem's plan class."""
        start = data.get("start")
        return cls(
            problem=data["problem"],
            instance_name=data["instance"]["name"],
            instance_sha256=data["instance"]["sha256"],
            method=data["method"],
            status=data["status"],
            stopped_by=data["stopped_by"],
            objective=data["objective"],
            bound=data["bound"],
            gap=data["gap"],
            terms=dict(data.get("terms", {})),
            proof=data["proof"],
            plan=plan_type.model_validate(data["plan"]) if data.get("plan") is not None else None,
            start=StartReceipt(**start) if start else None,
            trajectory=tuple((row[0], row[1], row[2]) for row in data.get("trajectory", ())),
            reasons=tuple(data.get("reasons", ())),
            seconds=dict(data.get("seconds", {})),
            seed=data.get("seed", 0),
            threads=data.get("threads", 1),
            versions=dict(data.get("versions", {})),
            warnings=tuple(data.get("warnings", ())),
            claims_infeasible=tuple(data.get("claims_infeasible", ())),
        )
