"""Score a sequence or a box, whoever made it: every term, every rule, and where it hurts.

Independent of every model, as the judge is; a plan that the judge cannot price (unknown products, wrong numbers of
units) is scored as far as meaning allows, against the ideal lines of the instance's own demand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.frames import to_frame
from jitopt.problems.heijunka import judge
from jitopt.problems.heijunka.contributions import Contributions, Looker, Place, Reading, read_plan
from jitopt.problems.heijunka.exchange import Exchange, best_exchange
from jitopt.problems.heijunka.score_box import look_epei, look_volume
from jitopt.problems.heijunka.score_lines import look_rate, look_usage
from jitopt.problems.heijunka.score_pairs import look_changeover, look_colours, look_moves, look_ratio
from jitopt.problems.heijunka.score_rules import RuleScore, rule_scores
from jitopt.problems.heijunka.score_work import look_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan

__all__ = ["LOOKERS", "Exchange", "Score", "TermScore", "score"]

LOOKERS: dict[str, Looker] = {
    "rate": look_rate,
    "usage": look_usage,
    "ratio": look_ratio,
    "high_ratio": look_ratio,
    "low_ratio": look_ratio,
    "changeover": look_changeover,
    "colour_changes": look_colours,
    "overload": look_work,
    "idle": look_work,
    "volume": look_volume,
    "epei": look_epei,
}
"""What looks at each term; a new term joins by an entry."""


@dataclass(frozen=True)
class TermScore:
    """A term of the objective.

    term: its name in results. value: of the objective. share: of the objective [1]. who: the products, parts,
    rules or pairs that cause it; where: the slots in which it arises; both by value, the largest first.
    """

    term: str
    value: float
    share: float
    who: tuple[Place, ...]
    where: tuple[Place, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the term as plain data."""
        return {
            "term": self.term,
            "value": self.value,
            "share": self.share,
            "who": [place.to_dict() for place in self.who],
            "where": [place.to_dict() for place in self.where],
        }


@dataclass(frozen=True)
class Score:
    """What a plan is worth, and where it hurts.

    objective: the sum of the terms as scored. priced: whether the judge prices the plan too; then the two objectives
    are one. terms, rules: every one of them. notes: what could not be read as it stands. profile: what each term has
    on each slot, by the name of the term. builds: what each slot builds, in words. exchange: of two slots, that lowers
    the objective most and breaks no rule further; None for a box, a plan that is not priced, or too long a sequence.
    """

    objective: float
    priced: bool
    terms: tuple[TermScore, ...]
    rules: tuple[RuleScore, ...]
    notes: tuple[str, ...]
    profile: Mapping[str, Sequence[float]] = field(repr=False)
    builds: Sequence[str] = field(repr=False)
    exchange: Exchange | None = None

    @property
    def feasible(self) -> bool:
        """Whether every rule is kept."""
        return self.priced and all(rule.kept for rule in self.rules)

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the profile as columns: slot, what it builds, and what each term has there."""
        slots = list(range(1, len(self.builds) + 1))
        return {"slot": slots, "builds": list(self.builds), **{name: list(part) for name, part in self.profile.items()}}

    def to_frame(self, like: object = None) -> Any:
        """Return the profile as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as plain data, without the profile."""
        return {
            "objective": self.objective,
            "priced": self.priced,
            "feasible": self.feasible,
            "notes": list(self.notes),
            "terms": [term.to_dict() for term in self.terms],
            "rules": [rule.to_dict() for rule in self.rules],
            "exchange": self.exchange.to_dict() if self.exchange else None,
        }


def score(instance: Heijunka, plan: HeijunkaPlan, most: int = 5) -> Score:
    """Score a plan of any quality.

    most: places told of each term and rule, the worst first.
    """
    judged = judge.evaluate(instance, plan)
    reading = read_plan(instance, plan)
    found: dict[str, Contributions] = {}
    for term in instance.objective:
        name = judge.term_name(instance, term.term, term.measure)
        looker = LOOKERS.get(term.term)
        value = Fraction(repr(judged.terms.get(name, 0.0)))
        found[name] = looker(reading, term) if looker else Contributions(value)
    if instance.current is not None and instance.current.price:
        found["moves"] = look_moves(reading)
    total = sum((told.value for told in found.values()), Fraction(0))
    terms = tuple(
        TermScore(name, float(told.value), float(told.value / total) if total else 0.0, _worst(told.who, most),
                  _worst(told.where, most))
        for name, told in found.items()
    )  # fmt: skip
    priced = judged.objective is not None
    return Score(
        objective=float(total),
        priced=priced,
        terms=terms,
        rules=rule_scores(reading, judged.violations if priced else (), most),
        notes=reading.notes,
        profile={name: told.profile for name, told in found.items() if told.profile},
        builds=reading.builds(),
        exchange=best_exchange(instance, plan.sequence, judged, _burden(reading, found.values()))
        if priced and plan.sequence is not None
        else None,
    )


def _burden(reading: Reading, found: Iterable[Contributions]) -> list[float]:
    """Return how much of the objective lies on each slot."""
    profiles = [told.profile for told in found if told.profile]
    return list(map(sum, zip(*profiles, strict=True))) if profiles else [0.0] * len(reading.slots)


def _worst(places: Sequence[Place], most: int) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda place: (-place.value, place.first, place.members))[:most])
