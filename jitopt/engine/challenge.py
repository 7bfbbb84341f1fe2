"""A lone solver's proof put to the test: the heuristic looks for a plan that it rules out.

Solvers have called plans optimal that were far from it. No second bound can show that, a better
plan does. So where one method alone has closed the gap, the decision's heuristic searches for a
share of the time that the method took. What it finds counts only if it refutes the bound.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jitopt import registry
from jitopt.engine.ledger import SLACK
from jitopt.engine.process import warm

if TYPE_CHECKING:
    from jitopt.engine.race import Attempt, Race
    from jitopt.registry import Method

__all__ = ["challenge", "prepare"]

SHARE = 0.25
"""Seconds of the search, for each second that the method took to build and to solve."""

LEAST, MOST = 0.05, 5.0
"""Seconds of the search, at least and at most."""

LONGEST_BOOT = 0.1
"""Seconds that are waited on top where the heuristic's process is not ready yet."""

MARGIN = 0.2
"""Seconds that must be left before the deadline when the search is over, or there is none."""

WORK = 0.002
"""Units of work of the search in deterministic mode."""


def prepare(race: Race, method: Method) -> None:
    """Start the heuristic's process early: it is ready when the method has ended."""
    heuristic = _heuristic(race, method)
    if heuristic is not None:
        warm(heuristic.family)


def challenge(race: Race, attempt: Attempt) -> bool:
    """Search for a plan that refutes the proof of a method that has ended; tell whether one was found.

    The search is over as soon as it has reached the value claimed by itself: that speaks for the claim.
    """
    heuristic, settings = _heuristic(race, attempt.method), race.settings
    if heuristic is None or not race.ledger.proven(settings.gap):
        return False
    if settings.work is not None:
        rival = race.launch(heuristic, work_share=min(1.0, WORK / settings.work), challenges=True)
        race.run_until(lambda: False)
    else:
        seconds = min(max(LEAST, SHARE * sum(attempt.seconds.values())), MOST)
        if race.remaining() < seconds + MARGIN:
            return False
        rival = race.launch(heuristic, seconds=seconds + LONGEST_BOOT, challenges=True)
        _search(race, rival, seconds)
    race.dismiss(rival)
    return not race.ledger.proven(settings.gap)


def _search(race: Race, rival: Attempt, seconds: float) -> None:
    """Run the rival until it refutes the claim, has reached it, or its time is over."""
    claimed = race.ledger.instance.sense * (race.ledger.objective or 0.0)
    enough = claimed + SLACK * max(1.0, abs(claimed))
    ready = time.monotonic() + LONGEST_BOOT
    race.run_until(lambda: rival.begun or time.monotonic() > ready)
    end = time.monotonic() + seconds
    race.run_until(lambda: time.monotonic() > end or rival.best <= enough)


def _heuristic(race: Race, method: Method) -> Method | None:
    """Return the heuristic that may speak against a method: ours, and within its size class."""
    if not method.exact:
        return None
    instance = race.ledger.instance
    for other in registry.methods(instance.problem):
        if other.kind == "heuristic" and other.auto and other.module.startswith("jitopt.") and other.suits(instance):
            return other
    return None
