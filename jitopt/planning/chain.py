"""The chain: demand analysis, sourcing, delivery, kanban, heijunka of every line.

Every step is an ordinary solve in deterministic mode, so that the same plant gives the same plan,
whatever was planned before. A step runs only if what it depends on has changed. Where a decision
leaves a later one without a plan, the chain steps back: see `tries`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jitopt.engine.versions import versions
from jitopt.errors import InputError
from jitopt.planning import steps as s
from jitopt.planning.analysis import Analysis, analyse
from jitopt.planning.solving import LEAST, PROVEN, solve_step
from jitopt.planning.steps.decisions import Decisions
from jitopt.planning.store import Store
from jitopt.planning.tries import Try, next_try
from jitopt.planning.words import in_words

if TYPE_CHECKING:
    from jitopt.engine.result import Progress, Result
    from jitopt.planning.findings import Finding
    from jitopt.planning.plant import Plant
    from jitopt.planning.service import Service
    from jitopt.problems.base import Evaluation, Instance
    from jitopt.simulation.stream import ValueStream

__all__ = ["Outcome", "PlantPlan", "Step", "run_chain"]

WORK = 5.0
"""Work of each method of a step (about seconds of one processor)."""

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
    """What became of a step. reused: taken from an earlier run. seconds: of this run. key: hash of its inputs."""

    name: str
    problem: str
    instance: Instance[Any]
    result: Result[Any]
    reused: bool
    seconds: float
    key: str = ""


@dataclass(frozen=True)
class PlantPlan:
    """The plan of a plant.

    status: "planned", "infeasible" (a step has no plan; its reasons say why), "no_plan" (a step
    found none in time), "interrupted". outcomes: the steps that were taken, in order. decisions:
    what they decided. analysis: demand. not_run: steps that could not be taken. tries: that
    were taken back. warnings, left_out: about the
    tables. day: that is levelled. service: what the cards give when they are simulated, None where
    there are none, or the time was over.
    """

    plant: Plant
    analysis: Analysis
    decisions: Decisions
    status: str
    outcomes: tuple[Outcome, ...] = ()
    not_run: tuple[str, ...] = ()
    tries: tuple[Try, ...] = ()
    warnings: tuple[Finding, ...] = ()
    left_out: tuple[Finding, ...] = ()
    day: int = 1
    seconds: float = 0.0
    service: Service | None = None

    def outcome(self, name: str) -> Outcome | None:
        """Return a step's outcome, None where it was not taken."""
        return next((outcome for outcome in self.outcomes if outcome.name == name), None)

    @cached_property
    def judged(self) -> dict[str, Evaluation]:
        """What the judge says of each step's plan."""
        return {o.name: o.instance.evaluate(o.result.plan) for o in self.outcomes if o.result.plan is not None}

    def value_stream(self, plan: object = None) -> ValueStream:
        """Return the plant with what was decided as a value stream, to be simulated; see docs/simulate.md."""
        return self.plant.value_stream(self.decisions)

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
    until = began + time_limit - reserve
    walk = _Walk(plant, analysis, store, settings, until, threads, say, progress)
    waiting = steps_of(plant, chosen)
    common = [step for step in waiting if step.problem != "heijunka"]
    lines = [step for step in waiting if step.problem == "heijunka"]
    found, tries = walk.with_tries(common, len(lines))
    found = walk.through(lines, found)
    return PlantPlan(
        plant=plant,
        analysis=analysis,
        decisions=found.decisions,
        status=found.status,
        outcomes=found.outcomes,
        not_run=found.blocked,
        tries=tries,
        day=chosen,
        seconds=time.monotonic() - began,
    )


@dataclass(frozen=True)
class _Reached:
    """How far a walk along the steps came."""

    decisions: Decisions
    status: str = "planned"
    outcomes: tuple[Outcome, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass
class _Walk:
    """What a walk along the steps needs. until: when its time is over (monotonic clock)."""

    plant: Plant
    analysis: Analysis
    store: Store
    settings: dict[str, Any]
    until: float
    threads: int | None
    say: Tell
    progress: Callable[[Progress], None] | None
    known: dict[str, Outcome] = field(default_factory=dict)
    untold: list[Outcome] = field(default_factory=list)

    def through(self, steps: list[Step], found: _Reached, more: int = 0) -> _Reached:
        """Take steps one after the other; those after a failure are blocked. more: steps that follow."""
        for number, step in enumerate(steps):
            stopped = found.status != "planned" and (step.problem != "heijunka" or found.status == "interrupted")
            left = self.until - time.monotonic()
            if stopped or left <= 0:
                status = found.status if stopped else "no_plan"
                found = replace(found, status=status, blocked=(*found.blocked, step.name))
                continue
            taken = len(found.outcomes)
            try:
                found = self._step(step, found, _share(left, step.problem, len(steps) - number + more))
                self._tell_new()
            except KeyboardInterrupt:
                # Between two solves, too, what was decided so far is told and kept.
                blocked = (step.name,) if len(found.outcomes) == taken else ()
                found = replace(found, status="interrupted", blocked=(*found.blocked, *blocked))
        return found

    def _step(self, step: Step, found: _Reached, seconds: float) -> _Reached:
        """Take one step; without an instance there is nothing to decide."""
        instance = step.make(self.plant, self.analysis, found.decisions)
        if instance is None:
            return found
        return _after(found, step, self._take(step, instance, seconds), self.plant, self.analysis)

    def with_tries(self, steps: list[Step], more: int) -> tuple[_Reached, tuple[Try, ...]]:
        """Take steps that depend on one another, stepping back where one is left without a plan.

        Where no try succeeds, the first counts: its reasons are those of the plant as it stands.
        """
        first = found = self.through(steps, _Reached(Decisions()), more)
        reached, tries = [found], []
        while _may_step_back(found):
            last = found.outcomes[-1].result
            began = replace(found.decisions, awards={}, frequencies={}, cards={})
            tries.append(Try(began, found.decisions, found.outcomes[-1].name, last.status, last.reasons))
            asked = next_try(self.plant, self.analysis, tries)
            if asked is None or self.until <= time.monotonic():
                break
            began, why = asked
            tries[-1] = replace(tries[-1], why=why)
            self.say("stepping back", f"{tries[-1].failed} has no plan; {why}")
            found = self.through(steps, _Reached(began), more)
            reached.append(found)
        won = found if found.status in ("planned", "interrupted") else first
        for number, other in enumerate(reached):
            for outcome in other.outcomes if other is not won else ():
                self.store.keep(f"{outcome.name} try-{number + 1}", outcome.key, outcome.instance, outcome.result)
        if len(reached) > 1:
            for outcome in won.outcomes:
                self.store.keep(outcome.name, outcome.key, outcome.instance, outcome.result)
        return won, tuple(tries)

    def _take(self, step: Step, instance: Instance[Any], seconds: float) -> Outcome:
        """Take a step, or what this run or an earlier one found for the same inputs."""
        key = self.store.key(instance, self.settings, versions())
        if key not in self.known:
            outcome = _run(step, instance, key, self.store, self.settings, seconds, self.threads, self.progress)
            self.known[key] = outcome
            self.untold.append(outcome)
        return self.known[key]

    def _tell_new(self) -> None:
        """Tell of the steps taken since the last time."""
        while self.untold:
            outcome = self.untold.pop(0)
            self.say(outcome.name, told_of(outcome))


def _after(found: _Reached, step: Step, outcome: Outcome, plant: Plant, analysis: Analysis) -> _Reached:
    """Return how far the walk is after a step."""
    result, status, decisions = outcome.result, found.status, found.decisions
    if result.plan is None:
        status = "infeasible" if result.status == "infeasible" else "no_plan"
    elif step.take is not None:
        decisions = step.take(plant, analysis, decisions, result.plan)
    if result.stopped_by == "interrupted":
        status = "interrupted"
    return _Reached(decisions, status, (*found.outcomes, outcome), found.blocked)


def _may_step_back(found: _Reached) -> bool:
    """Tell whether a step was left without a plan by what was decided before, not by the clock."""
    if not found.outcomes or found.outcomes[-1].result.plan is not None:
        return False
    return found.outcomes[-1].result.stopped_by in ("proof", "work_limit", "gap")


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
    key: str,
    store: Store,
    settings: dict[str, Any],
    seconds: float,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
) -> Outcome:
    """Take a step, or what an earlier run found for the same inputs."""
    began = time.monotonic()
    known = store.recall(key, instance)
    reused = known is not None
    result = known if known is not None else solve_step(instance, began + seconds, threads, progress, settings)
    result = replace(result, reasons=in_words(result.reasons))
    store.keep(step.name, key, instance, result)
    return Outcome(step.name, step.problem, instance, result, reused, time.monotonic() - began, key)


def told_of(outcome: Outcome) -> str:
    """Say in a line what became of a step."""
    result = outcome.result
    if result.plan is None:
        told = "proven" if result.stopped_by == "proof" else f"stopped by {result.stopped_by}"
        return f"{result.status} ({told})"
    gap = "no bound" if result.gap is None else "gap 0 %" if result.gap <= PROVEN else f"gap {100 * result.gap:.2g} %"
    how = "unchanged, taken from the last run" if outcome.reused else f"{outcome.seconds:.1f} s"
    return f"{result.status}, objective {result.objective:.10g}, {gap}, {how}"
