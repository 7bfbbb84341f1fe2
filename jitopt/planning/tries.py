"""Stepping back: what is tried next when a decision leaves a later one without a plan.

The delivery hands the kanban step what surely does not fit; what is left is that a loop may take one
of several containers. Then the choice of frequencies is set aside, with all that need no less, and
after a few such tries the delivery counts on one container for each loop, which makes what fits it
fit the cards. Where no frequencies fit the award, quotes that stand in the way are closed, one after
the other. Every try follows from the plant and the tries before it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.steps.decisions import Decisions, SupplierLoop, supplier_loops
from jitopt.planning.steps.kanban import loop_of, menu_of
from jitopt.planning.steps.needs import needs_of
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant

__all__ = ["Try", "next_try"]

SET_ASIDE = 3
"""Choices of frequencies that are set aside for an award before containers are fixed."""

AWARDS = 4
"""Awards that are tried besides the first."""

WHOLE = ("menu", "dock")
"""Rules that only all that a supplier delivers can keep or break."""


@dataclass(frozen=True)
class Try:
    """A try that did not succeed.

    began: what earlier tries left to it. decisions: its own. failed: the step without a plan.
    reasons: of that step. why: what is tried next, in words; empty where nothing is.
    """

    began: Decisions
    decisions: Decisions
    failed: str
    status: str
    reasons: tuple[Mapping[str, Any], ...] = ()
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the try as plain data."""
        return {
            "without_plan": self.failed,
            "status": self.status,
            "frequencies": dict(self.decisions.frequencies),
            "reasons": [dict(reason) for reason in self.reasons],
            "next": self.why or None,
        }


def next_try(plant: Plant, analysis: Analysis, tries: list[Try]) -> tuple[Decisions, str] | None:
    """Return what the next try begins with, and why, in words; None if there is none."""
    last = tries[-1]
    if last.failed == "sourcing":
        return None
    award = [found for found in tries if found.began.closed == last.began.closed]
    if any(found.failed == "kanban" for found in award):
        found = _other_frequencies(plant, analysis, award)
        if found is not None:
            return found
    return _other_award(plant, analysis, tries, award[0])


def _other_frequencies(plant: Plant, analysis: Analysis, award: list[Try]) -> tuple[Decisions, str] | None:
    """Return the next try for the same award."""
    last = award[-1]
    began = Decisions(closed=last.began.closed, avoided=last.began.avoided)
    loops = {loop_of(e): e.part for e in supplier_loops(plant, analysis, last.decisions) if e.loop is not None}
    fixed = sum(bool(found.began.containers) for found in award)
    if not fixed:
        if last.failed == "delivery":
            # What was set aside could not fit: without it nothing is left.
            return None
        choices = len(began.avoided) + 1
        if choices <= SET_ASIDE and loops:
            avoided = (*began.avoided, dict(last.decisions.frequencies))
            return began.with_(avoided=avoided), "the frequencies are set aside, their cards do not fit"
    menus = {loop: menu_of(plant, part) for loop, part in loops.items()}
    if all(len(menu) == 1 for menu in menus.values()):
        return None
    picks = (
        ({loop: menu[0][0] for loop, menu in menus.items()}, "its part's own container"),
        ({loop: min(menu, key=lambda c: c[1])[0] for loop, menu in menus.items()}, "its smallest container"),
        ({loop: max(menu, key=lambda c: c[1])[0] for loop, menu in menus.items()}, "its largest container"),
    )
    if fixed >= len(picks):
        return None
    containers, told = picks[fixed]
    return began.with_(containers=containers), f"the delivery counts on each loop with {told}"


# --- another award ----------------------------------------------------------------------------------


def _other_award(plant: Plant, analysis: Analysis, tries: list[Try], first: Try) -> tuple[Decisions, str] | None:
    """Return a try with quotes closed that stand in the way of the deliveries of an award."""
    if len({found.began.closed for found in tries}) > AWARDS:
        return None
    closed = first.began.closed
    for reason in first.reasons:
        found = _relief(plant, analysis, first.decisions, closed, reason)
        if found:
            told = ", ".join(f"{supplier} for {part}" for supplier, part in sorted(found))
            return Decisions(closed=closed | found), f"the quote of {told} is not used: {reason['remedy']}, or this"
    return None


def _relief(
    plant: Plant,
    analysis: Analysis,
    decisions: Decisions,
    closed: frozenset[tuple[str, str]],
    reason: Mapping[str, Any],
) -> frozenset[tuple[str, str]]:
    """Return the quotes whose closing helps most against a reason; none where none does."""
    entries = supplier_loops(plant, analysis, decisions)
    rule, members = str(reason["rule"]), [str(member) for member in reason["members"]]
    concerned = _concerned(plant, rule, members[0], entries)
    moves = []
    for entry in entries:
        if entry.supplier not in concerned:
            continue
        others = [
            name
            for name in plant.supplier
            if (name, entry.part) in plant.quote and (name, entry.part) not in closed and name != entry.supplier
        ]
        others = [name for name in others if rule == "limit" or name not in concerned]
        gains = [_gain(plant, analysis, rule, members[0], entry, name) for name in others]
        best = max(gains, default=Fraction(0))
        if best > 0:
            moves.append((best, entry))
    if rule in WHOLE:
        return _whole_supplier(entries, moves)
    moves.sort(key=lambda move: -move[0])
    return frozenset({(moves[0][1].supplier, moves[0][1].part)} if moves else ())


def _concerned(plant: Plant, rule: str, member: str, entries: list[SupplierLoop]) -> set[str]:
    """Return the suppliers that a rule is about."""
    names = dict.fromkeys(entry.supplier for entry in entries)
    if rule == "limit":
        return set(names)
    rows = [plant.supplier[name] for name in names]
    if rule == "dock":
        return {row["supplier"] for row in rows if row["dock"] == member}
    return {row["supplier"] for row in rows if member in (row["supplier"], row["cluster"])}


def _gain(plant: Plant, analysis: Analysis, rule: str, member: str, entry: SupplierLoop, other: str) -> Fraction:
    """Return how much less of a rule's unit a part takes from another supplier, each at its best frequency."""
    amount = analysis.need(entry.part) * entry.share
    if rule in ("truck_weight", "truck_cube"):
        return amount * exact(plant.part[entry.part][rule.removeprefix("truck_")] or 0)
    if rule != "limit":
        return amount
    now, then = (_least(plant, analysis, member, entry, name) for name in (entry.supplier, other))
    return now - then


def _least(plant: Plant, analysis: Analysis, limit: str, entry: SupplierLoop, supplier: str) -> Fraction:
    asked = SupplierLoop(entry.name, entry.part, supplier, entry.share, entry.loop)
    needs, _ = needs_of(plant, analysis, [asked])
    found = (needs.get((entry.name, frequency)) for frequency in plant.menu(supplier))
    return min((need.takes.get(limit, Fraction(0)) for need in found if need), default=Fraction(0))


def _whole_supplier(
    entries: list[SupplierLoop], moves: list[tuple[Fraction, SupplierLoop]]
) -> frozenset[tuple[str, str]]:
    """Return all quotes of the supplier that others can replace altogether, of the least units; none without one."""
    found: list[tuple[Fraction, list[SupplierLoop]]] = []
    for supplier in dict.fromkeys(entry.supplier for _, entry in moves):
        own = [entry for entry in entries if entry.supplier == supplier]
        gains = [gain for gain, entry in moves if entry.supplier == supplier]
        if len(gains) == len(own):
            found.append((sum(gains, Fraction(0)), own))
    if not found:
        return frozenset()
    _, own = min(found, key=lambda option: option[0])
    return frozenset((entry.supplier, entry.part) for entry in own)
