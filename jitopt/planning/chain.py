"""The chain: demand analysis, sourcing, delivery, kanban, heijunka of every line.

Every step is an ordinary solve in deterministic mode, so that the same plant gives the same plan,
whatever was planned before. A step runs only if what it depends on has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jitopt import api, registry
from jitopt.engine.versions import versions
from jitopt.errors import InputError
from jitopt.planning import steps as s
from jitopt.planning.analysis import Analysis, analyse
from jitopt.planning.steps.decisions import Decisions
from jitopt.planning.store import Store

if TYPE_CHECKING:
    from jitopt.engine.result import Progress, Result
    from jitopt.planning.findings import Finding
    from jitopt.planning.plant import Plant
    from jitopt.problems.base import Evaluation, Instance

__all__ = ["Outcome", "PlantPlan", "Step", "run_chain"]

WORK = 5.0
"""Work of each method of a step (about seconds of one processor)."""

FIRST = 0.6
"""Share of a step's time that its exact road has alone."""

LEAST = 0.5
"""Seconds that every step has, as long as there are any left."""

Tell = Callable[[str, str], None]
"""Called with the name of a step and what is to be said about it."""


@dataclass(frozen=True)
class Step:
    """A step to take: name, problem, how its instance is made and what it hands on (None: nothing)."""

    name: str
    problem: str
    make: Callable[[Plant, Analysis, Decisions], Any]
    take: Callable[[Plant, Analysis, Decisions, Any], Decisions] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a step. reused: taken from an earlier run. seconds: of this run."""

    name: str
    problem: str
    instance: Instance[Any]
    result: Result[Any]
    reused: bool
    seconds: float


@dataclass(frozen=True)
class PlantPlan:
    """The plan of a plant.

    status: "planned", "infeasible" (a step has no plan; its reasons say why), "no_plan" (a step
    found none in time), "interrupted". outcomes: the steps that were taken, in order. decisions:
    what they decided. analysis: demand. not_run: steps that could not be taken. warnings, left_out: about the
    tables. day: that is levelled.
    """

    plant: Plant
    analysis: Analysis
    decisions: Decisions
    status: str
    outcomes: tuple[Outcome, ...] = ()
    not_run: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    left_out: tuple[Finding, ...] = ()
    day: int = 1
    seconds: float = 0.0

    def outcome(self, name: str) -> Outcome | None:
        """Return a step's outcome, None where it was not taken."""
        return next((outcome for outcome in self.outcomes if outcome.name == name), None)

    @cached_property
    def judged(self) -> dict[str, Evaluation]:
        """What the judge says of each step's plan."""
        return {o.name: o.instance.evaluate(o.result.plan) for o in self.outcomes if o.result.plan is not None}

    def result(self, name: str) -> Result[Any] | None:
        """Return a step's result, None where it was not taken."""
        found = self.outcome(name)
        return found.result if found else None


def steps_of(plant: Plant, day: int) -> list[Step]:
    """Return the steps of a plant."""
    found = [
        Step("sourcing", "sourcing", s.sourcing_instance, s.take_sourcing),
        Step("delivery", "delivery", s.delivery_instance, s.take_delivery),
        Step("kanban", "kanban", s.kanban_instance, s.take_kanban),
    ]
    for line in dict.fromkeys(row["line"] for row in plant.rows("products")):
        found.append(Step(f"heijunka {line}", "heijunka", _leveller(line, day)))
    return found


def _leveller(line: str, day: int) -> Callable[[Plant, Analysis, Decisions], Any]:
    return lambda plant, analysis, _decisions: s.heijunka_instance(plant, analysis, line, day)


def run_chain(
    plant: Plant,
    *,
    store: Store | None = None,
    time_limit: float = 60.0,
    work_limit: float = WORK,
    seed: int = 0,
    threads: int | None = None,
    day: int | None = None,
    tell: Tell | None = None,
    progress: Callable[[Progress], None] | None = None,
    began: float | None = None,
) -> PlantPlan:
    """Plan a plant; see `jitopt.plan`. store: where results are kept, and used again from."""
    began = time.monotonic() if began is None else began
    chosen = _day(plant, day)
    say = tell or (lambda _name, _told: None)
    opened = time.monotonic()
    analysis = analyse(plant)
    # What takes long to analyse takes about as long to report.
    reserve = time.monotonic() - opened
    say("demand", _told_demand(analysis))
    store = store or Store(None)
    settings = {"method": "auto", "deterministic": True, "work_limit": work_limit, "seed": seed, "gap": 0.0}
    waiting = steps_of(plant, chosen)
    decisions, outcomes, status = Decisions(), [], "planned"
    blocked: list[str] = []
    while waiting:
        step = waiting.pop(0)
        if status != "planned" and (step.problem != "heijunka" or status == "interrupted"):
            blocked.append(step.name)
            continue
        left = began + time_limit - reserve - time.monotonic()
        if left <= 0:
            status = "no_plan"
            blocked.append(step.name)
            continue
        instance = step.make(plant, analysis, decisions)
        if instance is None:
            continue
        share = _share(left, step.problem, 1 + len(waiting))
        outcome = _run(step, instance, store, settings, share, threads, progress)
        outcomes.append(outcome)
        say(step.name, told_of(outcome))
        if outcome.result.plan is None:
            status = "infeasible" if outcome.result.status == "infeasible" else "no_plan"
        elif step.take is not None:
            decisions = step.take(plant, analysis, decisions, outcome.result.plan)
        if outcome.result.stopped_by == "interrupted":
            status = "interrupted"
    return PlantPlan(
        plant=plant,
        analysis=analysis,
        decisions=decisions,
        status=status,
        outcomes=tuple(outcomes),
        not_run=tuple(blocked),
        day=chosen,
        seconds=time.monotonic() - began,
    )


def _day(plant: Plant, day: int | None) -> int:
    if day is None:
        return plant.days[0]
    if day not in plant.days:
        raise InputError(
            "the day must be one of the demand table", value=day, remedy=f"use {plant.days[0]} to {plant.days[-1]}"
        )
    return day


def _share(left: float, problem: str, steps: int) -> float:
    """Return the seconds a step may take: half of what is left, a line its even share."""
    return max(min(LEAST, left), left / steps if problem == "heijunka" else left / 2)


def _told_demand(analysis: Analysis) -> str:
    pull = sum(item.pull for item in analysis.items.values())
    over = [f"{load.line} ({100 * float(load.load):.0f} %)" for load in analysis.lines.values() if load.load > 1]
    told = f"{len(analysis.items)} items, {pull} suit pull"
    return f"{told}; more work than minutes on line {', '.join(over)}" if over else told


def _run(
    step: Step,
    instance: Instance[Any],
    store: Store,
    settings: dict[str, Any],
    seconds: float,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
) -> Outcome:
    """Take a step, or what an earlier run found for the same inputs."""
    began = time.monotonic()
    key = store.key(instance, settings, versions())
    known = store.recall(step.name, key, instance)
    if known is not None:
        store.keep_known(step.name, key, instance)
        return Outcome(step.name, step.problem, instance, known, True, time.monotonic() - began)
    result = _solve(instance, began + seconds, threads, progress, settings)
    store.keep(step.name, key, instance, result)
    return Outcome(step.name, step.problem, instance, result, False, time.monotonic() - began)


def _solve(
    instance: Instance[Any],
    deadline: float,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
    settings: dict[str, Any],
) -> Result[Any]:
    """Ask an exact road first, which proves most plants' questions at once; then every road, from its plan."""
    size = instance.size()
    exact = [m for m in registry.methods(instance.problem) if m.exact and m.technology == "pyomo" and m.fits(size)]
    common = settings | {"threads": threads, "progress": progress}
    start = None
    if exact and instance.problem != "heijunka":
        limit = max(LEAST, FIRST * (deadline - time.monotonic()))
        result = api.solve(instance, time_limit=limit, **common | {"method": exact[0].name})
        if result.status in ("optimal", "infeasible") or result.stopped_by == "interrupted":
            return result
        start = result.plan
    return api.solve(instance, time_limit=max(LEAST, deadline - time.monotonic()), start=start, **common)


def told_of(outcome: Outcome) -> str:
    """Say in a line what became of a step."""
    result = outcome.result
    if result.plan is None:
        return f"{result.status} (stopped by {result.stopped_by})"
    gap = "no bound" if result.gap is None else f"gap {100 * result.gap:.2g} %"
    how = "unchanged, taken from the last run" if outcome.reused else f"{outcome.seconds:.1f} s"
    return f"{result.status}, cost {result.objective:.10g}, {gap}, {how}"
