"""Levers: what is improved, by how much; and the answers, ranked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.frames import to_frame
from jitopt.problems.figures import amount, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.estimates import Estimate

__all__ = ["KINDS", "Improvement", "Improvements", "Lever"]

KINDS = ("changeover", "uptime", "yield", "lead_time")

WORDS = {
    "changeover": "{amount} minutes less changeover at {subject}",
    "uptime": "{amount} points more uptime of {subject}",
    "yield": "{amount} points more yield of {subject}",
    "lead_time": "{amount} days less lead time of {subject}",
}
SINGLE = {
    "changeover": "one minute less changeover at {subject}",
    "uptime": "one point more uptime of {subject}",
    "yield": "one point more yield of {subject}",
    "lead_time": "one day less lead time of {subject}",
}

RANK = ("cost", "capital", "stock", "cards", "service")
"""Measures by which improvements are ranked: the first that is told; less is better, but for service."""


class Lever(NamedTuple):
    """What is improved.

    kind: one of `KINDS`. subject: machine, step, supplier, process or loop, by name. amount: in the
    unit of the kind (minutes, points of a hundred, days); less than one where there is no more.
    """

    kind: str
    subject: str
    amount: float = 1.0

    @property
    def text(self) -> str:
        """The lever in words."""
        words = SINGLE if self.amount == 1 else WORDS
        return words[self.kind].format(amount=rounded(self.amount, 3), subject=self.subject)


@dataclass(frozen=True)
class Improvement:
    """What a lever changes.

    changes: after - before, by measure, each with its interval: "cards"; "stock" [units: of kanban loops
    the mean on hand, of streams on hand and under way]; "capital" [money: of kanban loops in all containers
    full, of streams in that stock]; "cost" [objective of a day]; of streams also "service" [share], "wip"
    [containers] and "lead_time" [minutes], at the cards of before. cards: loops whose cards change, before
    and after (of streams: of the first group). basis: "exact" (solved anew, proven), "bounded" (solved
    anew, the interval is that of the bounds), "alone" (each loop by itself, not solved anew) or
    "simulated". note: what else is to be said.
    """

    lever: Lever
    changes: dict[str, Estimate]
    cards: dict[str, tuple[int, int]] = field(default_factory=dict)
    basis: str = "exact"
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the improvement as plain data."""
        return {
            "kind": self.lever.kind,
            "subject": self.lever.subject,
            "amount": self.lever.amount,
            "text": self.lever.text,
            "basis": self.basis,
            "changes": {name: found.to_dict() for name, found in self.changes.items()},
            "cards": {loop: list(pair) for loop, pair in self.cards.items()},
            "note": self.note,
        }


@dataclass(frozen=True)
class Improvements:
    """All improvements, the best first.

    subject: its name. base: what is, by measure. rows: the improvements. ranked_by: the measure. notes: what was
    left out, and why. evidence: how it was found out.
    """

    subject: str
    base: dict[str, Estimate]
    rows: tuple[Improvement, ...]
    ranked_by: str
    notes: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def measures(self) -> list[str]:
        """The measures that are told, in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row.changes))

    def to_rows(self) -> dict[str, list[Any]]:
        """Return a row for each improvement as columns; a measure has a second column NAME_half_width."""
        columns: dict[str, list[Any]] = {
            "kind": [row.lever.kind for row in self.rows],
            "subject": [row.lever.subject for row in self.rows],
            "amount": [row.lever.amount for row in self.rows],
        }
        for name in self.measures:
            found = [row.changes.get(name) for row in self.rows]
            columns[name] = [None if one is None else one.mean for one in found]
            columns[f"{name}_half_width"] = [None if one is None else one.half_width for one in found]
        return columns | {"basis": [row.basis for row in self.rows], "note": [row.note for row in self.rows]}

    def to_frame(self, like: object = None) -> Any:
        """Return the improvements as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "subject": self.subject,
            "base": {name: found.to_dict() for name, found in self.base.items()},
            "ranked_by": self.ranked_by,
            "improvements": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
            "evidence": dict(self.evidence),
        }


def ranked(
    subject: str,
    base: dict[str, Estimate],
    rows: list[Improvement],
    notes: list[str] | None = None,
    evidence: dict[str, Any] | None = None,
    rank: Sequence[str] = RANK,
) -> Improvements:
    """Return improvements in order of the measures of `rank`; those of equal worth in the order they came."""
    told = [name for name in rank if any(name in row.changes for row in rows)]

    def worth(row: Improvement) -> tuple[float, ...]:
        found = [row.changes[name].mean if name in row.changes else 0.0 for name in told]
        return tuple(round(-value if name == "service" else value, 9) for name, value in zip(told, found, strict=True))

    by = told[0] if told else ""
    return Improvements(subject, base, tuple(sorted(rows, key=worth)), by, tuple(notes or ()), evidence or {})


def shown(found: Estimate | None) -> str:
    """Return a change as people read it, with its interval."""
    if found is None:
        return "-"
    text = f"{'+' if found.mean > 0 else ''}{amount(float(f'{found.mean:.4g}'))}"
    return text if not found.half_width else f"{text} +- {amount(float(f'{found.half_width:.2g}'))}"
