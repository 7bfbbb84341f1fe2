"""What is found of a plan: the rules it breaks, and its objective term by term."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Evaluation", "Rule", "Violation", "Way", "evaluation", "remedy", "unpriced"]


@dataclass(frozen=True, order=True)
class Rule:
    """A rule of an instance under its business name, for one member (or the whole plant).

    name: the rule's name ("capacity"). members: what it binds ("S1",), in the user's ids.
    text: one sentence a planner understands. limit: its right-hand side, None when it has none.
    remedy: what to change, with {amount} where the amount goes, or {amount card} where cards are counted.
    """

    name: str
    members: tuple[str, ...] = ()
    text: str = field(default="", compare=False)
    limit: float | None = field(default=None, compare=False)
    remedy: str = field(default="", compare=False)


class Way(NamedTuple):
    """A way out where there is no plan: rules of one kind relaxed, all others kept.

    name: in words. rules: names of those relaxed. unit: what is counted over all of them, each at the same price;
    empty: they have no common unit, and each is priced by its share of its limit.
    """

    name: str
    rules: tuple[str, ...]
    unit: str = ""


def remedy(words: Mapping[str, str], rule: Rule) -> str:
    """Fill a rule's members into its remedy; user text is put in as it is, never read as a format."""
    text = words.get(rule.name, "")
    parts = text.split("{0}")
    if rule.members:
        text = rule.members[0].join(part.replace("{1}", rule.members[-1]) for part in parts)
    return text


@dataclass(frozen=True)
class Violation:
    """A rule that a plan breaks.

    rule, members: as in `Rule`. message: one sentence. short_by: by how much (unit of the rule).
    """

    rule: str
    members: tuple[str, ...]
    message: str
    short_by: float

    def to_dict(self) -> dict[str, Any]:
        """Return the violation as plain data."""
        return {
            "rule": self.rule,
            "members": list(self.members),
            "message": self.message,
            "short_by": self.short_by,
        }


@dataclass(frozen=True)
class Evaluation:
    """What the judge found: objective and terms recomputed from the plan, and every broken rule.

    objective is None when the plan cannot be priced (an unknown id, a wrong shape).
    terms sum up to the objective; of what is measured by simulation they also tell the half width of
    its confidence interval. exact is the objective as a fraction.
    evidence says how values were computed.
    """

    objective: float | None
    terms: dict[str, float]
    violations: tuple[Violation, ...]
    evidence: dict[str, Any] = field(default_factory=dict)
    exact: Fraction | None = None

    @property
    def feasible(self) -> bool:
        """True when the plan keeps every rule."""
        return not self.violations and self.objective is not None


def evaluation(
    terms: Mapping[str, Fraction], violations: Sequence[Violation], evidence: Mapping[str, Any]
) -> Evaluation:
    """Sum exact terms into an `Evaluation`."""
    total = sum(terms.values(), Fraction(0))
    return Evaluation(
        objective=float(total),
        terms={name: float(value) for name, value in terms.items()},
        violations=tuple(violations),
        evidence=dict(evidence),
        exact=total,
    )


def unpriced(violations: Sequence[Violation]) -> Evaluation:
    """Return the evaluation of a plan that cannot be priced."""
    return Evaluation(objective=None, terms={}, violations=tuple(violations), evidence={})
