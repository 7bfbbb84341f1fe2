"""From an instance to a result: budget, start, roads, judged plan, honest status."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from jitopt import registry
from jitopt.engine import strategy
from jitopt.engine.ledger import Ledger
from jitopt.engine.options import check_options
from jitopt.engine.race import Race, Settings
from jitopt.engine.result import OPTIMAL_GAP, Progress, Result, StartReceipt, StoppedBy
from jitopt.engine.versions import versions
from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.problems.base import Instance, PlanT

__all__ = ["Request", "conclude", "solve"]

DEFAULT_WORK = 10.0
"""Units of work of a deterministic solve that names none."""

BY_THE_CLOCK = (
    "the time limit ended this deterministic solve before its work was done: another run may give another plan; "
    "raise time_limit or lower work_limit"
)
"""Warning of a deterministic solve that need not be repeatable."""


@dataclass(frozen=True)
class Request:
    """The keywords of a solve, checked. began: the moment of the call (monotonic clock)."""

    method: str = "auto"
    time_limit: float = 60.0
    gap: float = 0.0
    seed: int = 0
    threads: int | None = None
    start: Any = None
    progress: Callable[[Progress], None] | None = None
    deterministic: bool = False
    work_limit: float | None = None
    solver_options: Mapping[str, Any] | None = None

    def settings(self, began: float) -> Settings:
        """Check the keywords and turn them into the settings of a race.

        Raises
        ------
        InputError
            Naming the keyword, its value and its rule.
        """
        _number("time_limit", self.time_limit, above=0.0)
        _number("gap", self.gap, least=0.0)
        if self.work_limit is not None:
            _number("work_limit", self.work_limit, above=0.0)
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise InputError("seed must be an integer >= 0", value=self.seed, remedy="give a whole number")
        threads = self.threads if self.threads is not None else _processors()
        if not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= 1024:
            raise InputError("threads must be an integer from 1 to 1024", value=threads, remedy="give a whole number")
        if self.work_limit is not None and not self.deterministic:
            raise InputError(
                "work_limit belongs to deterministic=True", value=self.work_limit, remedy="set both or neither"
            )
        options = check_options(self.solver_options)
        memory = options.pop("memory_limit_mb", None)
        return Settings(
            deadline=began + self.time_limit,
            gap=float(self.gap),
            seed=self.seed,
            threads=threads,
            work=(self.work_limit or DEFAULT_WORK) if self.deterministic else None,
            options=options,
            memory_limit=int(memory * 2**20) if memory else _memory_limit(),
        )


def solve(instance: Instance[PlanT], request: Request, began: float) -> Result[PlanT]:
    """Solve an instance as requested. Legal outcomes are statuses; see `jitopt.solve`."""
    settings = request.settings(began)
    method = None if request.method == "auto" else registry.method(request.method, instance.problem)
    # What is random is fixed by the seed: every plan of this solve is judged on the same sample.
    ledger: Ledger[PlanT] = Ledger(instance.sampled(request.seed), began, request.progress)
    start = _take_start(ledger, request.start)
    race = Race(ledger, settings)
    interrupted = False
    try:
        if method is None:
            strategy.run_auto(race)
        else:
            strategy.run_method(race, method)
    except KeyboardInterrupt:
        interrupted = True
        with contextlib.suppress(KeyboardInterrupt):
            race.stop()
    finally:
        race.close()
    found = conclude(race, request, start, interrupted, began)
    if ledger.instance is instance:
        return found
    plan = None if found.plan is None else ledger.instance.signed(found.plan)
    return replace(found, plan=plan, instance_sha256=instance.sha256())


def _take_start(ledger: Ledger[Any], given: Any) -> StartReceipt | None:
    """Judge the start handed in; a feasible one is the first plan in hand."""
    if given is None:
        return None
    plan = getattr(given, "plan", given)
    if isinstance(plan, dict) and isinstance(plan.get("plan"), dict):
        plan = plan["plan"]
    if plan is None:
        raise InputError("the start holds no plan", remedy="hand over a plan or a result that has one")
    checked = ledger.offer(plan, "user")
    return StartReceipt(True, "user", checked, None, ledger.objective)


def conclude(race: Race, request: Request, start: StartReceipt | None, interrupted: bool, began: float) -> Result[Any]:
    """Draw the result of a race: status by proof, objective by the judge, bound if it stands."""
    ledger = race.ledger
    claims = strategy.claims(race)
    if ledger.objective is not None and claims:
        for solver in sorted(claims):
            ledger.warn(f"{solver} claimed that no plan exists; the plan in hand refutes it")
        claims = set()
    objective, bound = ledger.objective, ledger.bound
    gap = ledger.gap
    status: Literal["optimal", "feasible", "infeasible", "no_plan"]
    if objective is not None:
        status = "optimal" if gap is not None and gap <= OPTIMAL_GAP else "feasible"
    else:
        status = "infeasible" if len(claims) > 1 else "no_plan"
    known = registry.methods(ledger.instance.problem)
    exact = {m.name for m in known if m.kind == "formulation"}
    proof = ledger.proof(exact, {m.name for m in known if m.proof == "exact_algorithm"})
    if objective is None:
        bound, gap = (None if claims else bound), None
        proof = "cross_checked" if status == "infeasible" else "single" if claims else proof
    stopped_by = _stopped_by(race, status, gap, interrupted)
    if race.settings.work is not None and stopped_by == "time_limit":
        ledger.warn(BY_THE_CLOCK)
    return Result(
        problem=ledger.instance.problem,
        instance_name=ledger.instance.name,
        instance_sha256=ledger.instance.sha256(),
        method=request.method,
        status=status,
        stopped_by=stopped_by,
        objective=objective,
        bound=bound,
        gap=gap,
        terms=dict(ledger.evaluation.terms) if ledger.evaluation else {},
        proof=proof,
        plan=ledger.plan,
        start=_receipt(race, start),
        trajectory=tuple(ledger.trajectory),
        seconds=_seconds(race, began),
        seed=request.seed,
        threads=race.settings.threads,
        versions=versions(),
        warnings=tuple(ledger.warnings),
        claims_infeasible=tuple(sorted(claims)),
    )


def _stopped_by(race: Race, status: str, gap: float | None, interrupted: bool) -> StoppedBy:
    if status in ("optimal", "infeasible"):
        return "proof"
    if interrupted:
        return "interrupted"
    if gap is not None and gap <= race.settings.gap:
        return "gap"
    outcomes = [attempt.outcome for attempt in race.attempts if not attempt.challenges]
    if race.remaining() <= 0.1 or "killed" in outcomes or "stopped" in outcomes:
        return "time_limit"
    if "memory_limit" in outcomes:
        return "memory_limit"
    if "work_limit" in outcomes:
        return "work_limit"
    if "time_limit" in outcomes:
        return "time_limit"
    if "finished" in outcomes or "infeasible" in outcomes:
        return "work_limit"
    return "error"


def _receipt(race: Race, start: StartReceipt | None) -> StartReceipt | None:
    """Complete the receipt: which roads were given a start, and what they did with it."""
    roads = [a for a in race.attempts if a.with_start and a.method.kind == "formulation"]
    detail = {a.method.name: a.started for a in roads}
    if start is not None:
        accepted = any(detail.values()) if detail else start.checked
        return StartReceipt(True, start.source, start.checked, accepted, start.objective, detail)
    if not roads:
        return None
    source = next((a.method.name for a in race.attempts if a.plans and a.method.kind == "heuristic"), "")
    return StartReceipt(True, source, True, any(detail.values()), race.handed, detail)


def _seconds(race: Race, began: float) -> dict[str, float]:
    found = {"read": 0.0, "heuristic": 0.0, "build": 0.0, "solve": 0.0, "compile": 0.0}
    for attempt in race.attempts:
        for phase, seconds in attempt.seconds.items():
            key = "compile" if phase == "load" else phase
            if key in found:
                found[key] += seconds
    return found | {"check": race.ledger.check_seconds, "total": time.monotonic() - began}


def _number(name: str, value: Any, *, least: float | None = None, above: float | None = None) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    if number and value != float("inf") and (least is None or value >= least) and (above is None or value > above):
        return
    limit = f">= {least:g}" if least is not None else f"> {above:g}"
    raise InputError(f"{name} must be a number {limit}", value=value, remedy="correct it")


def _processors() -> int:
    """Return the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(8, len(os.sched_getaffinity(0))))
    return max(1, min(8, os.cpu_count() or 1))


def _memory_limit() -> int:
    """Return the memory a worker may hold: 60 % of what is free now [bytes]."""
    import psutil

    return int(0.6 * psutil.virtual_memory().available)
