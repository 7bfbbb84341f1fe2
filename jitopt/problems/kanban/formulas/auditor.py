"""The auditor: many formulas on many loops, ranked by how much they disagree, with the reason.

Every count is split into the cards of its terms (`CardCount.ledger`), which add up to it; so the difference of two
formulas is the sum of the differences of their terms, and the largest of these is the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.problems.figures import counted, rounded
from jitopt.problems.kanban.formulas.count import WORDS
from jitopt.problems.kanban.formulas.loops import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jitopt.problems.kanban.formulas.count import CardCount
    from jitopt.problems.kanban.formulas.loops import LoopFigures

__all__ = ["RANKS", "FormulaAudit", "LoopAudit", "audit_loops"]

RANKS = ("cards", "share", "value")
"""What the loops are ranked by: cards between lowest and highest, these as a share of the lowest, or their value."""

SHOWN = 3
"""Terms named in a reason."""

SMALL = 1e-9
"""Differences below this many cards are rounding of floats."""


@dataclass(frozen=True)
class LoopAudit:
    """What the formulas make of a loop.

    figures: of the loop. counts: of every formula that applies, by name. low, high: the formulas with the fewest
    and most cards. causes: cards by which `high` exceeds `low`, by term, largest first; they add up to `spread`.
    floating: the cards that the Toyota formula gives in floating-point numbers, where they are wrong; else None.
    """

    figures: LoopFigures
    counts: Mapping[str, CardCount]
    low: str
    high: str
    causes: Mapping[str, float]
    floating: int | None

    @property
    def spread(self) -> int:
        """Cards between lowest and highest."""
        return self.counts[self.high].cards - self.counts[self.low].cards

    @property
    def share(self) -> Fraction:
        """The spread as a share of the lowest."""
        return Fraction(self.spread, max(1, self.counts[self.low].cards))

    @property
    def value(self) -> Fraction:
        """Value of the containers of the spread [money]."""
        return self.spread * self.figures.quantity * self.figures.value

    @property
    def reason(self) -> str:
        """The term that explains most; "none" where all agree."""
        return next(iter(self.causes), "none") if self.spread else "none"

    def brief(self) -> str:
        """Return the differences of lowest and highest in short: "interval +2, rounding -0.5"."""
        return _brief(self.causes)

    def why(self) -> str:
        """Return in words why lowest and highest differ."""
        if not self.spread:
            return "all formulas agree"
        low, high = self.counts[self.low].ledger(), self.counts[self.high].ledger()
        parts = []
        for term, cards in list(self.causes.items())[:SHOWN]:
            amount = f"{'+' if cards > 0 else '-'}{rounded(abs(cards), 3)}"
            if term == "rounding":
                parts.append(f"rounding ({amount})")
            elif term == "constant":
                parts.append(f"{self.high if cards > 0 else self.low} adds {counted(round(abs(cards)), 'card')}")
            elif term not in low:
                parts.append(f"{self.high} counts {WORDS[term]} ({amount}), {self.low} does not")
            elif term not in high:
                parts.append(f"{self.low} counts {WORDS[term]} ({amount}), {self.high} does not")
            else:
                parts.append(f"{self.high} takes {'more' if cards > 0 else 'less'} for {WORDS[term]} ({amount})")
        text = f"{self.high} asks {counted(self.spread, 'card')} more than {self.low}: " + "; ".join(parts)
        if self.floating is not None:
            text += f"; computed in floating point, toyota gives {self.floating}"
        return text

    def differences(self, name: str, reference: str = "jitopt") -> dict[str, float]:
        """Return the cards by which a formula differs from another, by term, largest first; they add up."""
        return _differences(self.counts[reference], self.counts[name])


@dataclass(frozen=True)
class FormulaAudit:
    """Formulas held against each other on many loops.

    subject: name of what was audited. loops: ranked, the greatest disagreement first. rank: by what. notes:
    what was assumed.
    """

    subject: str
    loops: tuple[LoopAudit, ...]
    rank: str = "cards"
    notes: tuple[str, ...] = ()

    def totals(self) -> dict[str, tuple[int, int]]:
        """Return for each formula the cards of all loops it applies to, and the number of these loops."""
        found = {}
        for name in VARIANTS:
            cards = [audit.counts[name].cards for audit in self.loops if name in audit.counts]
            if cards:
                found[name] = (sum(cards), len(cards))
        return found

    def reasons(self) -> dict[str, int]:
        """Return in how many loops each term is the reason, the most frequent first."""
        found: dict[str, int] = {}
        for audit in self.loops:
            found[audit.reason] = found.get(audit.reason, 0) + 1
        return dict(sorted(found.items(), key=lambda entry: -entry[1]))

    def to_rows(self) -> dict[str, list[Any]]:
        """Return a row for each loop, in their rank: the cards of each formula, the spread, the reason."""
        names = list(self.totals())
        rows: dict[str, list[Any]] = {
            "loop": [audit.figures.loop for audit in self.loops],
            "part": [audit.figures.part for audit in self.loops],
            "quantity": [float(audit.figures.quantity) for audit in self.loops],
        }
        for name in names:
            rows[name] = [audit.counts[name].cards if name in audit.counts else None for audit in self.loops]
        return rows | {
            "spread": [audit.spread for audit in self.loops],
            "share": [float(audit.share) for audit in self.loops],
            "value": [float(audit.value) for audit in self.loops],
            "lowest": [audit.low for audit in self.loops],
            "highest": [audit.high for audit in self.loops],
            "reason": [audit.reason for audit in self.loops],
            "why": [audit.why() for audit in self.loops],
        }

    def term_rows(self) -> dict[str, list[Any]]:
        """Return a row for each loop, formula and term: its units and cards."""
        rows = [
            (audit.figures.loop, name, count.cards, term, _units(count, term), float(cards))
            for audit in self.loops
            for name, count in audit.counts.items()
            for term, cards in count.ledger().items()
        ]
        names = ("loop", "formula", "cards", "term", "units", "cards_of_term")
        return {name: [row[at] for row in rows] for at, name in enumerate(names)}

    def reason_rows(self) -> dict[str, list[Any]]:
        """Return a row for each loop and formula: its cards, the difference from the first formula, and why."""
        rows = []
        for audit in self.loops:
            reference = next(iter(audit.counts))
            base = audit.counts[reference].cards
            for name, count in audit.counts.items():
                why = _brief(audit.differences(name, reference))
                rows.append((audit.figures.loop, name, count.cards, reference, count.cards - base, why))
        names = ("loop", "formula", "cards", "reference", "difference", "why")
        return {name: [row[at] for row in rows] for at, name in enumerate(names)}

    def to_frame(self, like: object = None) -> Any:
        """Return the rows as a data frame; `like` as in `Plan.to_frame`."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain data."""
        return {
            "subject": self.subject,
            "rank": self.rank,
            "notes": list(self.notes),
            "formulas": {
                name: {"title": VARIANTS[name].title, "formula": VARIANTS[name].formula, "cards": cards, "loops": count}
                for name, (cards, count) in self.totals().items()
            },
            "reasons": self.reasons(),
            "loops": [_loop_dict(audit) for audit in self.loops],
        }


def _loop_dict(audit: LoopAudit) -> dict[str, Any]:
    return {
        "loop": audit.figures.loop,
        "part": audit.figures.part,
        "cards": {name: count.cards for name, count in audit.counts.items()},
        "terms": {name: {t: float(c) for t, c in count.ledger().items()} for name, count in audit.counts.items()},
        "spread": audit.spread,
        "lowest": audit.low,
        "highest": audit.high,
        "reason": audit.reason,
        "causes": dict(audit.causes),
        "floating": audit.floating,
        "why": audit.why(),
    }


def _brief(causes: Mapping[str, float]) -> str:
    return ", ".join(f"{term} {'+' if cards > 0 else '-'}{rounded(abs(cards), 3)}" for term, cards in causes.items())


def _units(count: CardCount, term: str) -> float | None:
    return float(count.terms[term]) if term in count.terms else None


def _differences(low: CardCount, high: CardCount) -> dict[str, float]:
    less, more = low.ledger(), high.ledger()
    terms = dict.fromkeys([*more, *less])
    found = {term: float(more.get(term, 0) - less.get(term, 0)) for term in terms}
    kept = {term: cards for term, cards in found.items() if abs(cards) > SMALL}
    return dict(sorted(kept.items(), key=lambda entry: -abs(entry[1])))


def _floating(figures: LoopFigures, exact_cards: int) -> int | None:
    """Return what the Toyota formula gives in floating-point numbers where that is wrong.

    The figures are multiplied in the order in which the formula is written.
    """
    demand, time, share = float(figures.demand), float(figures.lead_time), float(figures.safety)
    found = math.ceil(demand * time * (1 + share) / float(figures.quantity))
    return found if found != exact_cards else None


def _audit(figures: LoopFigures, names: Sequence[str]) -> LoopAudit:
    counts = {name: count for name in names if (count := VARIANTS[name].compute(figures)) is not None}
    if not counts:
        raise InputError(
            "no formula applies to the loop", place="formulas", value=figures.loop,
            remedy="add one that applies to every loop, such as toyota",
        )  # fmt: skip
    low = min(counts, key=lambda name: counts[name].cards)
    high = max(counts, key=lambda name: counts[name].cards)
    causes = _differences(counts[low], counts[high])
    toyota = VARIANTS["toyota"].compute(figures)
    assert toyota is not None
    return LoopAudit(figures, counts, low, high, causes, _floating(figures, toyota.cards))


def audit_loops(
    subject: str,
    loops: Iterable[LoopFigures],
    *,
    formulas: Sequence[str] | None = None,
    rank: str = "cards",
    notes: Sequence[str] = (),
) -> FormulaAudit:
    """Return the audit of loops.

    subject: its name. loops: their figures. formulas: names in `VARIANTS`; None: all. rank: one of `RANKS`. notes: what
    was assumed.

    Raises
    ------
    InputError
        For an unknown formula or rank, or where no formula applies to a loop.
    """
    if rank not in RANKS:
        raise InputError("the rank is unknown", place="rank", value=rank, remedy=f"use one of {', '.join(RANKS)}")
    names = list(VARIANTS) if formulas is None else list(dict.fromkeys(formulas))
    unknown = next((name for name in names if name not in VARIANTS), None)
    if unknown is not None or not names:
        raise InputError(
            "the formula is unknown", place="formulas", value=unknown, remedy=f"use one of {', '.join(VARIANTS)}"
        )
    found = [_audit(figures, names) for figures in loops]
    keys = {
        "cards": lambda audit: (-audit.spread, -audit.share),
        "share": lambda audit: (-audit.share, -audit.spread),
        "value": lambda audit: (-audit.value, -audit.spread),
    }
    return FormulaAudit(subject, tuple(sorted(found, key=keys[rank])), rank, tuple(notes))
