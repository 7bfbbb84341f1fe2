"""How a solve spends its time: which roads, in which order, with which start.

`auto`: the heuristic first, its checked plan handed to the exact roads as a start, whatever time
is left to the heuristic again. A single method: that method alone, and where it claims that no
plan exists a second exact road of another family to confirm or refute it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jitopt import registry
from jitopt.engine.process import acquire, release

if TYPE_CHECKING:
    from jitopt.engine.race import Attempt, Race
    from jitopt.registry import Method

__all__ = ["claims", "confirm", "run_auto", "run_method"]

HEURISTIC_SHARE = 0.3
"""Largest share of the time that the heuristic has before the exact roads start."""

LEAST_PATIENCE = 0.5
"""Seconds without progress after which the exact roads start, at least."""

PATIENCE = 3.0
"""The heuristic searches this many times as long as it took to its last progress."""

FIRST_WORK = 0.25
"""Share of the work budget that the heuristic has in deterministic mode."""


def run_auto(race: Race) -> None:
    """Run every road that suits the instance until a proof, the gap, or the deadline."""
    instance = race.ledger.instance
    size = instance.size()
    known = registry.methods(instance.problem)
    heuristics = [m for m in known if m.kind == "heuristic" and m.module.startswith("jitopt.") and m.fits(size)]
    exact = [m for m in known if m.exact and m.module.startswith("jitopt.") and m.fits(size)]
    for heuristic in heuristics:
        _run_first(race, heuristic, exact)
    if not _done(race):
        _run_exact(race, exact)
    if race.settings.work is None:
        _spend_rest(race, heuristics)


def _run_first(race: Race, heuristic: Method, exact: list[Method]) -> None:
    """Run the heuristic before the exact roads, as long as it makes progress.

    Its clock starts when its process is ready, however long that took, and again when its machine
    code is loaded. While machine code is still being made, the exact roads do not wait for it.
    """
    attempt = race.launch(heuristic, start=race.ledger.plan, work_share=FIRST_WORK)
    race.run_until(lambda: attempt.begun or _done(race))
    if race.settings.work is not None:
        race.run_until(lambda: _done(race))
        return
    _warm(race, exact)
    began = time.monotonic()
    end = began + (HEURISTIC_SHARE if exact else 1.0) * race.remaining()
    race.run_until(lambda: _done(race) or time.monotonic() > (_patience(race, attempt, began, end) if exact else end))
    if attempt.running and attempt.phase != "compile":
        race.stop([attempt])


def _patience(race: Race, attempt: Attempt, began: float, end: float) -> float:
    """Return when the heuristic has searched in vain for long enough."""
    if attempt.phase == "compile":
        return began
    if attempt.phase == "load" or race.ledger.plan is None:
        return end
    since = max(began, attempt.phase_began)
    return min(end, since + max(LEAST_PATIENCE, PATIENCE * (race.ledger.improved - since)))


def _warm(race: Race, exact: list[Method]) -> None:
    """Start the workers of the exact roads early: their imports run while the heuristic searches."""
    threads = _threads(race, exact)
    for family in {method.family for method in exact}:
        release(acquire(family, threads))


def _threads(race: Race, exact: list[Method]) -> int:
    """Share the thread budget among the exact roads."""
    if race.settings.work is not None:
        return 1
    return max(1, race.settings.threads // max(1, len(exact)))


def _run_exact(race: Race, exact: list[Method]) -> None:
    """Run the exact roads: side by side as far as the thread budget goes, else in turn."""
    waiting = list(exact)
    threads = _threads(race, exact)
    in_turn = race.settings.work is not None
    side_by_side = 1 if in_turn else max(1, race.settings.threads // threads)
    retried: set[str] = set()
    under_way: list[Attempt] = []
    while (waiting or under_way) and race.remaining() > 0.05 and not _done(race):
        while waiting and len(under_way) < side_by_side:
            method = waiting.pop(0)
            left = race.remaining() if not waiting or side_by_side > 1 else 0.6 * race.remaining()
            under_way.append(race.launch(method, seconds=left, threads=threads, start=race.ledger.plan))
        race.run_until(lambda: _done(race) or not all(attempt.running for attempt in under_way))
        for attempt in [attempt for attempt in under_way if not attempt.running]:
            under_way.remove(attempt)
            if attempt.outcome == "crashed" and attempt.method.name not in retried and not in_turn:
                retried.add(attempt.method.name)
                waiting.append(attempt.method)
    race.stop()


def _spend_rest(race: Race, heuristics: list[Method]) -> None:
    """Give the time that is left to the heuristic, from the best plan, with a new seed each time."""
    seed = race.settings.seed
    while heuristics and not _done(race) and not _infeasible(race) and race.remaining() > 0.2:
        seed += 1
        began = time.monotonic()
        attempt = race.launch(heuristics[0], start=race.ledger.plan, seed=seed)
        race.run_until(lambda: _done(race))
        if attempt.outcome in ("error", "crashed", "not_applicable"):
            return
        if time.monotonic() - began < 0.05 and race.ledger.plan is None:
            return
    race.stop()


def run_method(race: Race, method: Method) -> None:
    """Run one method; confirm a claim of infeasibility by a second exact road."""
    threads = 1 if race.settings.work is not None else race.settings.threads
    attempt = race.launch(method, threads=threads, start=race.ledger.plan)
    race.run_until(lambda: _done(race))
    race.stop()
    if attempt.outcome == "infeasible" and race.ledger.plan is None:
        confirm(race, method)


def confirm(race: Race, method: Method) -> None:
    """Run the exact roads of other families, until one agrees that no plan exists or finds one."""
    for other in registry.methods(race.ledger.instance.problem):
        if not other.exact or other.solver == method.solver or race.remaining() < 0.1:
            continue
        if not other.module.startswith("jitopt."):
            continue
        race.launch(other, threads=1)
        race.run_until(lambda: _done(race))
        race.stop()
        if race.ledger.plan is not None or _infeasible(race):
            return


def claims(race: Race) -> set[str]:
    """Return the solvers that claim, each from a run of its own, that no plan exists."""
    return {a.method.solver for a in race.attempts if a.outcome == "infeasible"}


def _infeasible(race: Race) -> bool:
    return race.ledger.plan is None and len(claims(race)) > 1


def _done(race: Race) -> bool:
    """Tell whether nothing is left to find: the gap is reached, or two roads say there is no plan."""
    return race.ledger.proven(race.settings.gap) or _infeasible(race)
