"""How a solve spends its time: which roads, in which order, with which start.

`auto`: an exact algorithm of ours first, where one suits the form of the instance; it ends with the
proof. Else the heuristic first (one that is made for the form takes the place of the general one), its
checked plan handed to the exact roads as a start, whatever time is left to the heuristic again. A
single method: that method alone. Its proof of an optimum is put to the test by the heuristic; where
that fails, or where it claims that no plan exists, a second exact road of another family follows, to
confirm or refute it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jitopt import registry
from jitopt.engine.challenge import challenge, prepare
from jitopt.engine.process import warm

if TYPE_CHECKING:
    from jitopt.engine.race import Attempt, Race
    from jitopt.registry import Method

__all__ = ["claims", "confirm", "run_auto", "run_method"]

SHARE_ALONE, SHARE_BESIDE = 0.3, 0.6
"""Largest share of the time that the heuristic has before the exact roads start, and beside them."""

LEAST_PATIENCE = 0.5
"""Seconds without progress after which the first exact road starts, and the heuristic may end, at least."""

PATIENCE_ALONE, PATIENCE_BESIDE = 3.0, 10.0
"""The heuristic searches this many times as long as it took to its last progress: alone, or beside exact roads."""

LONGEST_LOAD = 3.0
"""Seconds that machine code in the cache may take to be loaded; what takes longer is being compiled after all."""

FIRST_WORK = 0.25
"""Share of the work budget that the heuristic has in deterministic mode."""


def run_auto(race: Race) -> None:
    """Run every road that suits the instance until a proof, the gap, or the deadline."""
    instance = race.ledger.instance
    known = [m for m in registry.methods(instance.problem) if m.auto and m.module.startswith("jitopt.")]
    fitting = [m for m in known if m.suits(instance)]
    for algorithm in [m for m in fitting if m.form and m.proof and not m.endless]:
        _run_algorithm(race, algorithm)
        if _done(race):
            return
    general = [m for m in fitting if m.kind == "heuristic" and not m.form]
    special = [m for m in fitting if m.kind == "heuristic" and m.form and (m.endless or not m.proof)]
    exact = [m for m in fitting if m.exact]
    heuristics = [method for method in special if _run_special(race, method, exact)] or general
    first = [_run_first(race, heuristic, exact) for heuristic in heuristics if heuristic not in special]
    if not _done(race):
        _run_exact(race, exact, first)
    if race.settings.work is None:
        _spend_rest(race, heuristics)


def _run_algorithm(race: Race, algorithm: Method) -> None:
    """Run an exact algorithm to its end; while its machine code is being made, the other roads do not wait for it."""
    attempt = race.launch(algorithm, start=race.ledger.plan)
    alone = race.settings.work is not None
    race.run_until(lambda: _done(race) or not attempt.running or (attempt.phase == "compile" and not alone))


def _run_special(race: Race, heuristic: Method, exact: list[Method]) -> bool:
    """Run a heuristic made for the form of the instance on all threads; tell whether it could express it.

    Where no exact road waits, it has all the time.
    """
    alone = race.settings.work is not None
    threads = 1 if alone else race.settings.threads
    attempt = race.launch(heuristic, threads=threads, start=race.ledger.plan, work_share=FIRST_WORK)
    search = _Search(race, attempt)

    def over() -> bool:
        # Without any plan the exact roads are asked as early as ever whether there is one.
        share = SHARE_ALONE if race.ledger.plan is None else heuristic.share
        return not attempt.running or (not alone and bool(exact) and search.over(heuristic.patience, share))

    race.run_until(lambda: _done(race) or over())
    search.stop()
    return attempt.outcome != "not_applicable"


class _Search:
    """The heuristic's own time: it starts when its process is ready, and again when its machine code is loaded."""

    def __init__(self, race: Race, attempt: Attempt) -> None:
        self._race, self._attempt = race, attempt
        self._began, self._left = time.monotonic(), race.remaining()

    def over(self, factor: float, share: float) -> bool:
        """Tell whether it has searched in vain for long enough, `factor` times as long as to its last progress.

        Or for a `share` of the time there was.
        """
        attempt, now = self._attempt, time.monotonic()
        if not attempt.running or now > self._began + share * self._left:
            return True
        if attempt.phase == "load" and now < attempt.phase_began + LONGEST_LOAD:
            return False
        if self._race.ledger.plan is None:
            return False
        since = max(self._began, attempt.phase_began)
        return now > since + max(LEAST_PATIENCE, factor * (self._race.ledger.improved - since))

    def holds_thread(self) -> bool:
        """Tell whether it searches; the making of machine code goes on beside all else."""
        return self._attempt.running and self._attempt.phase != "compile"

    def stop(self) -> None:
        """End it, unless it makes machine code: that is worth finishing."""
        if self.holds_thread():
            self._race.stop([self._attempt])


def _run_first(race: Race, heuristic: Method, exact: list[Method]) -> _Search:
    """Run the heuristic before the exact roads, as long as it makes quick progress.

    While machine code is still being made, the exact roads do not wait for it.
    """
    attempt = race.launch(heuristic, start=race.ledger.plan, work_share=FIRST_WORK)
    race.run_until(lambda: attempt.phase != "" or _done(race))
    if race.settings.work is not None:
        race.run_until(lambda: _done(race))
        return _Search(race, attempt)
    _warm(race, exact)
    search = _Search(race, attempt)
    if exact:
        race.run_until(lambda: _done(race) or search.over(PATIENCE_ALONE, SHARE_ALONE) or attempt.phase == "compile")
    else:
        race.run_until(lambda: _done(race))
    if race.settings.threads < 2 or not exact:
        search.stop()
    return search


def _warm(race: Race, exact: list[Method]) -> None:
    """Start the workers of the exact roads early: their imports run while the heuristic searches."""
    threads = _threads(race, exact)
    for family in {method.family for method in exact}:
        warm(family, threads)


def _threads(race: Race, exact: list[Method]) -> int:
    """Share the thread budget among the exact roads."""
    if race.settings.work is not None:
        return 1
    return max(1, race.settings.threads // max(1, len(exact)))


def _run_exact(race: Race, exact: list[Method], beside: list[_Search]) -> None:
    """Run the exact roads: side by side as far as the thread budget goes, else in turn.

    A heuristic that still makes progress keeps its thread; the second exact road takes it over.
    """
    waiting = list(exact)
    threads = _threads(race, exact)
    in_turn = race.settings.work is not None
    side_by_side = 1 if in_turn else max(1, race.settings.threads // threads)
    retried: set[str] = set()
    under_way: list[Attempt] = []
    while (waiting or under_way) and race.remaining() > 0.05 and not _done(race):
        searching = [search for search in beside if search.holds_thread()]
        while waiting and len(under_way) + len(searching) < max(side_by_side, len(searching) + 1):
            method = waiting.pop(0)
            left = race.remaining() if not waiting or side_by_side > 1 else 0.6 * race.remaining()
            under_way.append(race.launch(method, seconds=left, threads=threads, start=race.ledger.plan))
        race.run_until(
            lambda now=searching: (  # type: ignore[misc]
                _done(race)
                or not all(attempt.running for attempt in under_way)
                or any(search.over(PATIENCE_BESIDE, SHARE_BESIDE) for search in now)
            )
        )
        for search in searching:
            if search.over(PATIENCE_BESIDE, SHARE_BESIDE):
                search.stop()
        for attempt in [attempt for attempt in under_way if not attempt.running]:
            under_way.remove(attempt)
            if attempt.outcome == "crashed" and attempt.method.name not in retried and not in_turn:
                retried.add(attempt.method.name)
                waiting.append(attempt.method)
    race.stop()


def _spend_rest(race: Race, heuristics: list[Method]) -> None:
    """Give the time that is left to the heuristic, from the best plan, with a new seed each time."""
    seed = race.settings.seed
    ended = {attempt.method.name for attempt in race.attempts if attempt.outcome == "finished"}
    heuristics = [method for method in heuristics if not (method.once and method.name in ended)]
    while heuristics and not _done(race) and not _infeasible(race) and race.remaining() > 0.2:
        seed += 1
        began = time.monotonic()
        threads = race.settings.threads if heuristics[0].form else 1
        attempt = race.launch(heuristics[0], threads=threads, start=race.ledger.plan, seed=seed)
        race.run_until(lambda: _done(race))
        if attempt.outcome in ("error", "crashed", "not_applicable"):
            return
        if time.monotonic() - began < 0.05 and race.ledger.plan is None:
            return
    race.stop()


def run_method(race: Race, method: Method) -> None:
    """Run one method; put its proof to the test, confirm a claim of infeasibility by a second exact road."""
    threads = 1 if race.settings.work is not None else race.settings.threads
    prepare(race, method)
    attempt = race.launch(method, threads=threads, start=race.ledger.plan)
    race.run_until(lambda: _done(race))
    race.stop()
    if attempt.outcome == "infeasible" and race.ledger.plan is None:
        confirm(race, method)
    elif challenge(race, attempt) or (method.exact and race.ledger.refuted(method.name)):
        confirm(race, method, threads)


def confirm(race: Race, method: Method, threads: int = 1) -> None:
    """Run the exact roads of other solvers, until one has proven what the first claimed, or the contrary."""
    for other in registry.methods(race.ledger.instance.problem):
        if not other.exact or other.solver == method.solver or race.remaining() < 0.1:
            continue
        if not other.module.startswith("jitopt."):
            continue
        plan = race.ledger.plan
        race.launch(other, threads=threads, start=plan)
        race.run_until(lambda: _done(race))
        race.stop()
        if race.ledger.plan is not plan or _done(race):
            return


def claims(race: Race) -> set[str]:
    """Return the solvers that claim, each from a run of its own, that no plan exists.

    None where they do not look at every plan that the rules allow.
    """
    found = {a.method.solver for a in race.attempts if a.outcome == "infeasible"}
    if found and race.ledger.instance.unsearched() is not None:
        race.ledger.warn(
            "no plan was found; very large orders were not looked at, so this is no proof that none exists"
        )
        return set()
    return found


def _infeasible(race: Race) -> bool:
    return race.ledger.plan is None and len(claims(race)) > 1


def _done(race: Race) -> bool:
    """Tell whether nothing is left to find: the gap is reached, or two roads say there is no plan."""
    return race.ledger.proven(race.settings.gap) or _infeasible(race)
